"""`sandlane gitops`: what it prints, that it is valid, and that the tools would apply each object of an output once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from sandlane.cli.main import group
from sandlane.files.disk import DiskTree
from sandlane.pipeline import render
from sandlane.reports.gitops.argocd import argocd_objects
from sandlane.reports.gitops.delivery import make_delivery
from sandlane.reports.gitops.flux import flux_objects
from sandlane.specs.inputs import Inputs, read_inputs
from tests.build import app, inputs, object_of, sandbox
from tests.shared import REPOSITORY, load_all, needs_shared
from tests.validity import complaints

CASES = REPOSITORY / "tests" / "cases" / "gitops"
REPO = "https://git.example/shop/staging.git"
BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example/web:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
"""
ENVIRONMENT = """\
apiVersion: sandlane.dev/v1alpha1
kind: Environment
metadata: {name: staging}
spec:
  base: [base]
  defaultNamespace: shop
  mesh: MESH
  policy: {resourceKinds: [ConfigMap, Widget.example.com]}
"""
UNITS = "  output: {flux: {sourceRef: {name: platform}, interval: 5m}}\n"
SPEC = """\
apiVersion: sandlane.dev/v1alpha1
kind: DevelopmentSandbox
metadata: {name: NAME}
spec: {workloads: [{name: web}]}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with an environment in `envs/staging`, where the user stands."""
    home = tmp_path / "envs" / "staging"
    (tmp_path / ".git").mkdir()
    (home / "base").mkdir(parents=True)
    (home / "sandboxes").mkdir()
    (home / "base" / "web.yaml").write_text(BASE)
    for name in ("dev1", "dev10"):
        (home / "sandboxes" / f"{name}.yaml").write_text(SPEC.replace("NAME", name))
    monkeypatch.chdir(home)
    return home


def run(here: Path, *arguments: str, mesh: str = "istio", more: str = "") -> tuple[int, str, str]:
    (here / "sandlane.yaml").write_text(ENVIRONMENT.replace("MESH", mesh) + more)
    result = CliRunner().invoke(group, list(arguments), prog_name="sandlane")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("case", "arguments", "more"),
    [
        pytest.param("argocd", ["argocd"], "", id="argocd"),
        pytest.param("argocd-single", ["argocd", "--single", "--revision", "rendered"], "", id="argocd-single"),
        pytest.param("argocd-full", ["argocd"], "  output: {base: full}\n", id="argocd-full"),
        pytest.param("flux", ["flux"], UNITS, id="flux"),
        pytest.param("flux-single", ["flux", "--single", "--revision", "rendered"], "", id="flux-single"),
    ],
)
def test_what_is_printed(
    here: Path, case: str, arguments: list[str], more: str, request: pytest.FixtureRequest
) -> None:
    found = run(here, "gitops", *arguments, "--repo", REPO, mesh="linkerd" if "full" in case else "istio", more=more)
    expected = CASES / f"{case}.yaml"
    if request.config.getoption("--update-golden"):
        expected.write_text(found[1])
    assert found == (0, expected.read_text(), "")


@pytest.mark.parametrize(
    ("arguments", "more", "told"),
    [
        pytest.param(
            ["flux"],
            "",
            "Flux applies all of a Kustomization or nothing of it: let the output hold one for each sandbox, with\n"
            "  output: {flux: {sourceRef: {name: staging-sandboxes}}}\n"
            "in sandlane.yaml, or ask for one for all of them with --single\n",
            id="no-units",
        ),
        pytest.param(
            ["argocd", "--single"],
            UNITS,
            "--single applies everything at once, and 'output.flux' makes a Kustomization for each sandbox: leave one of them out\n",
            id="both",
        ),
    ],
)
def test_what_cannot_be(here: Path, arguments: list[str], more: str, told: str) -> None:
    status, out, err = run(here, "gitops", *arguments, "--repo", REPO, more=more)
    assert (status, out, err.partition("Error: ")[2]) == (2, "", told)


def test_where_the_output_lies_in_a_branch_of_its_own(here: Path) -> None:
    argocd = list(load_all(run(here, "gitops", "argocd", "--repo", REPO, "--revision", "rendered", "--path", ".")[1]))
    assert argocd[1]["spec"]["source"]["path"] == "shared"
    assert argocd[2]["spec"]["generators"][0]["git"]["directories"] == [{"path": "sandboxes/*"}]
    units = UNITS.replace("interval: 5m", 'interval: 5m, path: "."')
    for arguments in ([], ["--path", "."]):
        flux = load_all(run(here, "gitops", "flux", "--repo", REPO, *arguments, more=units)[1])
        assert [o["spec"]["path"] for o in flux if o["kind"] == "Kustomization"] == ["./shared", "./flux"]
    single = load_all(run(here, "gitops", "flux", "--repo", REPO, "--single", "--path", "a/b")[1])
    assert [o["spec"]["path"] for o in single if o["kind"] == "Kustomization"] == ["./a/b"]


def test_the_repository_is_that_of_the_remote(here: Path) -> None:
    shutil.rmtree(here.parent.parent / ".git")
    git = ["git", "-C", str(here.parent.parent)]
    subprocess.run([*git, "init", "-q"], check=True)
    status, out, err = run(here, "gitops", "argocd")
    assert (status, "    repoURL: REPOSITORY\n" in out, err) == (
        0,
        True,
        "there is no git remote 'origin': put the repository's address in the place of REPOSITORY, or give --repo\n",
    )
    subprocess.run([*git, "remote", "add", "origin", REPO], check=True)
    status, out, err = run(here, "gitops", "argocd")
    assert (status, f"    repoURL: {REPO}\n" in out, err) == (0, True, "")


OVERLAYS = [
    pytest.param(path.relative_to(REPOSITORY).as_posix(), id=path.relative_to(REPOSITORY / "overlays").as_posix())
    for path in sorted((REPOSITORY / "overlays").glob("*/*.yaml"))
    if path.parent.name in ("shop", "policies", "overrides", "kustomized") and "kind: Environment" in path.read_text()
]


def full() -> Inputs:
    cluster = [
        object_of("v1", "Namespace", "shop"),
        object_of("v1", "Secret", "key"),
        object_of("example.com/v1", "Widget", "w"),
    ]
    return inputs([*app("a"), *cluster], sandbox("dev1", "a"), output={"base": "full", "customResources": True})


def environments() -> list[Inputs]:
    return [full(), *(read_inputs(DiskTree(REPOSITORY), str(param.values[0])) for param in OVERLAYS)]


def test_the_project_lets_pass_what_is_rendered() -> None:
    for found in environments():
        delivery = make_delivery(found, REPO, "HEAD")
        for placed in render(found).objects:
            key = (placed.id.group, placed.id.kind)
            assert key in (delivery.kinds if placed.id.namespace else delivery.cluster_kinds), placed.id
            assert placed.id.namespace in ("", *delivery.namespaces)


def test_the_project_lets_no_secret_pass_and_nothing_for_the_cluster() -> None:
    made = make_delivery(full(), REPO, "HEAD")
    assert (("", "Secret") in made.kinds, made.cluster_kinds) == (False, (("", "Namespace"),))
    made = make_delivery(inputs(app("a"), sandbox("dev1", "a"), output={"base": "none"}), REPO, "HEAD")
    assert (made.cluster_kinds, made.namespaces) == ((), ("shop",))


@needs_shared
@pytest.mark.parametrize("is_single", [True, False])
def test_what_is_printed_is_valid(is_single: bool) -> None:
    units = {"base": "none", "flux": {"sourceRef": {"name": "platform"}}}
    for output in ({"base": "none"}, {"base": "full"}, units):
        delivery = make_delivery(inputs(app("a"), output=output), REPO, "main")
        objects = list(argocd_objects(delivery, is_single=is_single))
        if is_single or output is units:
            objects += flux_objects(delivery, is_single=is_single)
        assert [complaints(found) for found in objects if found["kind"] != "Receiver"] == [[]] * (
            len(objects) - sum(found["kind"] == "Receiver" for found in objects)
        )


def parts(printed: str, written: Path) -> dict[str, str]:
    """Returns what each Application or Kustomization applies: its name -> the directory, with one for each sandbox."""
    found: dict[str, str] = {}
    documents = list(load_all(printed))
    for document in documents:
        name = document["metadata"]["name"]
        if document["kind"] == "Application":
            found[name] = document["spec"]["source"]["path"]
        elif document["kind"] == "Kustomization":
            found[name] = document["spec"]["path"]
        elif document["kind"] == "ApplicationSet":
            (directory,) = document["spec"]["generators"][0]["git"]["directories"]
            for path in sorted(written.glob(directory["path"])):
                if path.is_dir():
                    template = document["spec"]["template"]["metadata"]["name"]
                    found[template.replace("{{.path.basename}}", path.name)] = path.relative_to(written).as_posix()
    return found


def applied_by_argocd(directory: Path) -> list[Any]:
    """Returns what Argo CD reads of a directory: every document of every file with one of these suffixes."""
    files = (path for path in sorted(directory.rglob("*")) if path.suffix in (".yaml", ".yml", ".json", ".jsonnet"))
    return [document for path in files for document in load_all(path.read_text())]


def names(objects: list[Any]) -> list[str]:
    return sorted(f"{o['kind']}/{o['metadata'].get('namespace')}/{o['metadata']['name']}" for o in objects)


def test_argocd_applies_each_object_once(here: Path) -> None:
    assert run(here, "render")[0] == 0
    printed = run(here, "gitops", "argocd", "--repo", REPO)[1]
    root = here.parent.parent
    found = parts(printed, root)
    assert list(found) == ["staging-shared", "staging-sandbox-dev1", "staging-sandbox-dev10"]
    applied = [names(applied_by_argocd(root / path)) for path in found.values()]
    assert applied[1] == ["Deployment/shop/web-dev1", "Service/shop/web-dev1"]
    assert sorted(name for names_ in applied for name in names_) == names(applied_by_argocd(here / "rendered"))


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl")
def test_flux_applies_each_object_once(here: Path, tmp_path: Path) -> None:
    """Flux makes a kustomization of every manifest below a path, where there is none, and builds it."""
    assert run(here, "render", more=UNITS)[0] == 0
    printed = run(here, "gitops", "flux", "--repo", REPO, more=UNITS)[1]
    root = here.parent.parent
    top = parts(printed, root)
    assert top == {"staging-shared": "./envs/staging/rendered/shared", "staging-flux": "./envs/staging/rendered/flux"}
    built = {name: built_by_flux(root / path, tmp_path / name) for name, path in top.items()}
    for unit in built["staging-flux"]:
        built[unit["metadata"]["name"]] = built_by_flux(
            root / unit["spec"]["path"], tmp_path / unit["metadata"]["name"]
        )
    assert list(built) == ["staging-shared", "staging-flux", "staging-dev1", "staging-dev10"]
    everything = applied_by_argocd(here / "rendered")
    assert names([o for objects in built.values() for o in objects]) == names(everything)
    by_name = {name: found for found, name in ((o, names([o])[0]) for o in everything)}
    assert all(o == by_name[names([o])[0]] for objects in built.values() for o in objects)


def built_by_flux(directory: Path, scratch: Path) -> list[Any]:
    shutil.copytree(directory, scratch)
    files = sorted(p.relative_to(scratch).as_posix() for p in scratch.rglob("*") if p.suffix in (".yaml", ".yml"))
    (scratch / "kustomization.yaml").write_text(yaml.safe_dump({"resources": files}))
    found = subprocess.run(["kubectl", "kustomize", str(scratch)], capture_output=True, text=True, check=True)
    return [document for document in load_all(found.stdout) if document]


ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: "registry.example/api:1"}]}
  strategy:
    canary:
      trafficRouting:
        managedRoutes: [{name: canary-header}]
        istio:
          virtualService: {name: api, routes: [primary]}
          virtualServices: [{name: foreign}, {name: tunnel, tlsRoutes: [{port: 443}]}]
          destinationRule: {name: api, canarySubsetName: canary, stableSubsetName: stable}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api}
spec:
  hosts: [api.example.com]
  http:
  - name: primary
    route:
    - {destination: {host: web, subset: stable}, weight: 100}
    - {destination: {host: web, subset: canary}, weight: 0}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: tunnel}
spec: {hosts: [web], tls: [{match: [{port: 443, sniHosts: [web]}], route: [{destination: {host: web}}]}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api}
spec: {host: web, subsets: [{name: stable, labels: {app: web}}, {name: canary, labels: {app: web}}]}
"""
ADOPTED = "  routes: {adopt: [{kind: VirtualService, name: api}]}\n"
WEIGHTS = {
    "group": "networking.istio.io",
    "kind": "VirtualService",
    "namespace": "shop",
    "name": "api",
    "jqPathExpressions": [
        '.spec.http[]? | select(.name == "primary") | .route[]?.weight',
        '.spec.http[]? | select(.name == "canary-header")',
    ],
}
TUNNEL = {
    **WEIGHTS,
    "name": "tunnel",
    "jqPathExpressions": [".spec.tls[]?.route[]?.weight", '.spec.http[]? | select(.name == "canary-header")'],
}
HASHES = {
    **WEIGHTS,
    "kind": "DestinationRule",
    "jqPathExpressions": [
        '.spec.subsets[]? | select(.name == "canary" or .name == "stable") | .labels["rollouts-pod-template-hash"]'
    ],
}


@pytest.mark.parametrize(
    ("more", "arguments", "ignored"),
    [
        pytest.param("", [], {"staging-shared": None}, id="the output holds none of them"),
        pytest.param(ADOPTED, [], {"staging-shared": [WEIGHTS]}, id="adopted"),
        pytest.param(
            "  output: {base: full}\n",
            [],
            {"staging-shared": [WEIGHTS, TUNNEL], "staging-base": [HASHES]},
            id="the whole base",
        ),
        pytest.param(
            "  output: {base: full}\n",
            ["--single"],
            {"staging-sandboxes": [HASHES, WEIGHTS, TUNNEL]},
            id="in one Application",
        ),
    ],
)
def test_argocd_leaves_alone_what_argo_rollouts_writes(
    here: Path, more: str, arguments: list[str], ignored: dict[str, Any]
) -> None:
    (here / "base" / "api.yaml").write_text(ROLLOUT)
    printed = load_all(run(here, "gitops", "argocd", "--repo", REPO, *arguments, more=more)[1])
    found = {o["metadata"]["name"]: o["spec"] for o in printed if o["kind"] == "Application"}
    assert {name: spec.get("ignoreDifferences") for name, spec in found.items()} == ignored
    assert all(spec["syncPolicy"]["syncOptions"] == ["ServerSideApply=true"] for spec in found.values())


def test_flux_says_what_it_sets_back(here: Path) -> None:
    (here / "base" / "api.yaml").write_text(ROLLOUT)
    assert run(here, "gitops", "flux", "--repo", REPO, "--single", more=ADOPTED)[2] == (
        "Argo Rollouts writes into 'VirtualService/shop/api' too: Flux sets it back at each interval, until the Rollout writes it again\n"
    )
