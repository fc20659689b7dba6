from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sandlane.cli.main import group
from sandlane.reports.setup.integrations import INTEGRATIONS, SANDBOXES_README
from tests.rim import snapshot
from tests.starts import install

APP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  selector: {matchLabels: {app: checkout}}
  template:
    metadata: {labels: {app: checkout}}
    spec:
      containers:
      - {name: server, image: "registry.example/shop/checkout:1"}
---
apiVersion: v1
kind: Service
metadata: {name: checkout}
spec:
  selector: {app: checkout}
  ports:
  - {name: NAME, port: 80}
"""
UNNAMED = APP.replace("{name: NAME, port: 80}", "{port: 80}")
ROUTED = (
    APP.replace("NAME", "http")
    + """\
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: checkout}
spec:
  hosts: [checkout]
  http:
  - route: [{destination: {host: checkout}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["*"]
"""
)
ENVIRONMENT = """\
# The shared environment. 'sandlane explain environment.spec' tells every field, 'sandlane check' whether all is well.
# +argocd:skip-file-rendering
# yaml-language-server: $schema=https://sandlane.dev/schemas/environment.json
apiVersion: sandlane.dev/v1alpha1
kind: Environment
metadata:
  name: staging
  annotations: {config.kubernetes.io/local-config: "true"}  # for tools, not for the cluster
spec:
  # What everybody shares: files of manifests, directories of them, or directories of kustomizations.
  base: [app]
  # Where objects and workloads that name no namespace are. Guessed: 4 objects name none, and nothing says which they are applied to.
  defaultNamespace: default
  # istio, istio-ambient, linkerd, or gateway-api for any other mesh. Found: 'Gateway/default/front' is of group 'networking.istio.io', and 1 more like it.
  mesh: istio
  # A request belongs to a sandbox by this header, or by this member of W3C baggage.
  carriers: [{header: tenantID}, {baggage: tenantID}]
  # Where the specs of sandboxes lie; 'sandlane set' writes them.
  sandboxes: [sandboxes]
  routes:
    # Base route objects that tenants' rules are written into: the output holds them from now on, and whoever applied
    # them lets go of them. 'sandlane adopt' tells in which steps.
    adopt:
    - {kind: VirtualService, name: checkout}  # sends to 'Service/default/checkout'
    # At these gateways carriers can be removed from what comes from outside:
    # strip: [default/front]
  # A host for each sandbox at a gateway, where a browser needs no header:
  # preview: {host: "{tenantID}.preview.example.com", gateway: default/front}
  # What specs may ask for:
  # policy:
  #   images: ["registry.example/shop/*"]
  #   require: [owner, expires]
  #   maxPerOwner: 3
  # Where 'sandlane render' writes, beside this file; Argo CD or Flux applies it.
  output: {path: rendered}
"""  # noqa: E501
SAID = """\
wrote    sandlane.yaml
wrote    sandboxes/README.md
wrote    rendered/ (4 files, no sandboxes yet)
base     app: 4 objects
clones   1 workload can be cloned; requests to 1 of them can be routed
mesh     istio (found: 'Gateway/default/front' is of group 'networking.istio.io', and 1 more like it)
in       default (a guess: 4 objects name none, and nothing says which they are applied to)
adopts   VirtualService/default/checkout of app/all.yaml, which sends to 'Service/default/checkout'
gateway  Gateway/default/front
next:
  sandlane set dev1 checkout=IMAGE   # a first sandbox; 'sandlane list workloads' says what else can be cloned
  sandlane adopt                # how the output takes the adopted objects over, before it is applied
  sandlane check                # what CI runs
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory `staging` of a repository, where the user stands."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "staging").mkdir()
    monkeypatch.chdir(tmp_path / "staging")
    return tmp_path / "staging"


def run(*arguments: str, stream: str | None = None) -> tuple[int, str, str]:
    result: Result = CliRunner().invoke(group, list(arguments), prog_name="sandlane", input=stream)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def write(directory: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)


def told(stderr: str) -> str:
    """Returns what a usage error says."""
    return stderr.partition("Error: ")[2]


def test_init_writes_an_environment_that_passes_check(here: Path) -> None:
    write(here, {"app/all.yaml": ROUTED})
    status, out, err = run("init")
    assert (status, out, "".join(line for line in err.splitlines(True) if "SL" not in line and "hint" not in line)) == (
        0,
        "",
        SAID,
    )
    assert (here / "sandlane.yaml").read_text() == ENVIRONMENT
    assert (here / "sandboxes" / "README.md").read_text() == SANDBOXES_README
    assert run("check")[0] == 0
    assert run("set", "dev1", "checkout=registry.example/shop/checkout:2")[0] == 0
    assert run("check")[0] == 0


def test_init_proposes_previews_at_gateways_that_the_mesh_reads(here: Path) -> None:
    gateway = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: public, namespace: in}\n"
    write(here, {"app/all.yaml": f"{ROUTED}{gateway}spec: {{gatewayClassName: envoy, listeners: []}}\n"})
    for mesh, proposed in (("linkerd", "in/public"), ("gateway-api", "in/public"), ("istio", "default/front")):
        assert run("init", "--mesh", mesh, "--namespace", "default", "--no-render")[0] == 0
        text = (here / "sandlane.yaml").read_text()
        assert f'  # preview: {{host: "{{tenantID}}.preview.example.com", gateway: {proposed}}}\n' in text
        (here / "sandlane.yaml").unlink()


def test_init_overwrites_nothing(here: Path) -> None:
    write(here, {"app/all.yaml": ROUTED, "sandlane.yaml": "mine\n"})
    before = snapshot(here)
    status, out, err = run("init", "app")
    assert (status, out, told(err)) == (
        2,
        "",
        "'sandlane.yaml' is here already, and init overwrites nothing: edit it, or go to another directory\n",
    )
    assert snapshot(here) == before


def test_init_writes_nothing_where_the_base_is_wrong(here: Path) -> None:
    write(here, {"app/all.yaml": ROUTED + "---\nkind: Service\n"})
    before = snapshot(here)
    assert run("init") == (
        2,
        "",
        "app/all.yaml:37:1: SL123 no Kubernetes object: apiVersion and metadata missing or no string\n"
        "  hint: a manifest needs apiVersion, kind and metadata.name; mark other files with a comment "
        "'# +argocd:skip-file-rendering'\n1 problem, nothing was written\n",
    )
    assert snapshot(here) == before


KUSTOMIZATION = "resources: [{}]\n"


@pytest.mark.parametrize(
    ("files", "base"),
    [
        pytest.param({"shop.yaml": UNNAMED}, "[shop.yaml]", id="a-file"),
        pytest.param({"b/a.yaml": UNNAMED, "b/c/b.yml": UNNAMED.replace("checkout", "cart")}, "[b]", id="a-directory"),
        pytest.param({"b/a.yaml": UNNAMED, "b/values.yaml": "x: 1\n"}, "[b/a.yaml]", id="beside-other-files"),
        pytest.param(
            {"b/kustomization.yaml": KUSTOMIZATION.format("../c"), "c/kustomization.yaml": "resources: [a.yaml]\n"}
            | {"c/a.yaml": UNNAMED},
            "[b]",
            id="the-kustomization-that-no-other-one-names",
        ),
        pytest.param(
            {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": UNNAMED}, "[kustomization.yaml]", id="one-here"
        ),
        pytest.param({".github/x.yaml": "apiVersion: v1\n", "a.yaml": UNNAMED}, "[a.yaml]", id="nothing-hidden"),
        pytest.param({"d e/a.yaml": UNNAMED}, '["d e"]', id="a-name-to-quote"),
    ],
)
def test_init_finds_the_base(here: Path, files: dict[str, str], base: str) -> None:
    write(here, files)
    status, _, err = run("init")
    assert status == 0, err
    assert f"\n  base: {base}\n" in (here / "sandlane.yaml").read_text()
    assert run("check")[0] == 0


@pytest.mark.parametrize(
    ("files", "arguments", "says"),
    [
        pytest.param(
            {f"{n}/kustomization.yaml": "resources: [a.yaml]\n" for n in ("dev", "prod")},
            [],
            "several kustomizations could be the base; name one, or those that are its parts:\n"
            "  sandlane init dev\n  sandlane init prod\n",
            id="several",
        ),
        pytest.param(
            {},
            [],
            "there are no manifests below: name the base: sandlane init PATH, or pipe it in: … | sandlane init -\n",
            id="none",
        ),
        pytest.param(
            {"chart/Chart.yaml": "name: x\n", "chart/templates/a.yaml": "apiVersion: {{ .x }}\n"},
            [],
            "there are no manifests below, but a Helm chart: pipe it in: helm template NAME chart | sandlane init -\n",
            id="a-chart",
        ),
        pytest.param(
            {"a.yaml": UNNAMED},
            ["."],
            "this directory would hold its own output: name the manifests in it, or leave BASE out and all of them are found\n",
            id="this-directory",
        ),
        pytest.param(
            {"a.yaml": UNNAMED},
            ["a.yaml", "--with", "jenkins"],
            "no integration 'jenkins': expected some of pre-commit, github, gitlab, merge-driver, argocd, flux\n",
            id="an-integration",
        ),
    ],
)
def test_init_says_what_to_do(here: Path, files: dict[str, str], arguments: list[str], says: str) -> None:
    write(here, files)
    before = snapshot(here)
    status, out, err = run("init", *arguments)
    assert (status, out, told(err)) == (2, "", says)
    assert snapshot(here) == before


def test_init_keeps_a_stream_as_files_without_secrets(here: Path) -> None:
    secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: token}\n"
    assert run("init", "-", stream=UNNAMED + secret)[0] == 0
    assert [p for p, kind in snapshot(here / "base").items() if kind != "/"] == [
        "default/deployment-checkout.yaml",
        "default/service-checkout.yaml",
    ]
    assert run("check")[0] == 0


@pytest.mark.parametrize(
    ("object", "mesh"),
    [
        pytest.param("{metadata: {labels: {istio-injection: enabled}}}", "istio", id="istio-injection"),
        pytest.param("{metadata: {labels: {istio.io/rev: stable}}}", "istio", id="istio-revision"),
        pytest.param("{metadata: {labels: {istio.io/dataplane-mode: ambient}}}", "istio-ambient", id="ambient"),
        pytest.param("{metadata: {annotations: {linkerd.io/inject: enabled}}}", "linkerd", id="linkerd"),
        pytest.param("{metadata: {annotations: {linkerd.io/inject: disabled}}}", "istio", id="not-linkerd"),
    ],
)
def test_init_reads_the_mesh_from_a_namespace(here: Path, object: str, mesh: str) -> None:
    name = object.replace("{metadata: {", "{name: shop, ").removesuffix("}")
    write(here, {"a.yaml": UNNAMED + f"---\napiVersion: v1\nkind: Namespace\nmetadata: {name}\n"})
    assert run("init")[0] == 0
    text = (here / "sandlane.yaml").read_text()
    assert f"\n  mesh: {mesh}\n" in text
    assert "\n  defaultNamespace: shop\n" in text


@pytest.mark.parametrize(
    ("kind", "mesh"),
    [
        pytest.param("apiVersion: policy.linkerd.io/v1beta3\nkind: HTTPRoute", "linkerd", id="linkerd-route"),
        pytest.param(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute", "gateway-api", id="route-of-a-service"
        ),
    ],
)
def test_init_reads_the_mesh_from_routes(here: Path, kind: str, mesh: str) -> None:
    route = (
        f"---\n{kind}\nmetadata: {{name: r}}\nspec:\n"
        '  parentRefs: [{group: "", kind: Service, name: checkout, port: 80}]\n'
        "  rules: [{backendRefs: [{name: checkout, port: 80}]}]\n"
    )
    write(here, {"a.yaml": UNNAMED + route})
    status, _, err = run("init")
    assert status == 0, err
    assert f"\n  mesh: {mesh}\n" in (here / "sandlane.yaml").read_text()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        pytest.param(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: eg}\n"
            "spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}\n",
            "gateway-api (a guess: 'GatewayClass/eg' has 'controllerName: gateway.envoyproxy.io/gatewayclass-controller', "
            "which is not Istio's)",
            id="a class of Envoy Gateway",
        ),
        pytest.param(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: in}\nspec: {gatewayClassName: cilium}\n",
            "gateway-api (a guess: 'Gateway/default/in' has 'gatewayClassName: cilium', which is not Istio's)",
            id="a Gateway of Cilium",
        ),
        pytest.param(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: own}\n"
            "spec: {controllerName: istio.io/gateway-controller}\n",
            "istio (a guess: no object of the base shows a mesh)",
            id="a class of Istio",
        ),
    ],
)
def test_a_gateway_of_another_speaks_against_istio(here: Path, more: str, says: str) -> None:
    write(here, {"a.yaml": f"{UNNAMED}---\n{more}"})
    status, _, err = run("init")
    assert (status, [line for line in err.splitlines() if line.startswith("mesh")]) == (0, [f"mesh     {says}"])


ADDRESSED = """\
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: in}
spec: {hosts: [shop.example.com], gateways: [front], http: [{route: [{destination: {host: checkout.HOME.svc.cluster.local}}]}]}
"""


@pytest.mark.parametrize(
    ("homes", "says"),
    [
        pytest.param(
            ("shop",),
            "shop (a guess: routes call a Service of the base by 'checkout.shop.svc.cluster.local')",
            id="one",
        ),
        pytest.param(
            ("shop", "other"),
            "default (a guess: 4 objects name none, and nothing says which they are applied to)",
            id="two",
        ),
    ],
)
def test_routes_name_the_namespace(here: Path, homes: tuple[str, ...], says: str) -> None:
    routes = (ADDRESSED.replace("HOME", home).replace("name: in", f"name: in-{home}") for home in homes)
    write(here, {"a.yaml": UNNAMED + "".join(routes)})
    status, _, err = run("init")
    assert (status, [line for line in err.splitlines() if line.startswith("in ")]) == (0, [f"in       {says}"])


def test_a_waypoint_is_no_gateway_and_a_placeholder_no_registry(here: Path) -> None:
    waypoint = (
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: waypoint}\n"
        "spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}\n"
    )
    write(here, {"a.yaml": UNNAMED.replace("registry.example/", "${REGISTRY}/") + waypoint})
    status, _, err = run("init")
    assert (status, "gateway " in err) == (0, False)
    text = (here / "sandlane.yaml").read_text()
    assert ("waypoint" in text.partition("routes:")[2], "REGISTRY" in text) == (False, False)


def test_the_first_sandbox_is_of_the_default_namespace(here: Path) -> None:
    other = UNNAMED.replace("{name: checkout}", "{name: agent, namespace: kube-system}")
    write(here, {"a.yaml": UNNAMED + "---\n" + other})
    status, _, err = run("init", "--namespace", "shop")
    assert (status, [line for line in err.splitlines() if " set dev1 " in line]) == (
        0,
        [
            "  sandlane set dev1 checkout=IMAGE   # a first sandbox; 'sandlane list workloads' says what else can be cloned"
        ],
    )


def test_init_where_there_are_sandboxes(here: Path) -> None:
    spec = (
        "apiVersion: sandlane.dev/v1alpha1\nkind: DevelopmentSandbox\nmetadata: {name: dev1}\n"
        "spec: {workloads: [{name: checkout, image: x:2}]}\n"
    )
    write(here, {"base/a.yaml": UNNAMED, "sandboxes/dev1.yaml": spec})
    status, _, err = run("init", "base", "--namespace", "shop", "--mesh", "istio")
    assert (status, err) == (
        0,
        "wrote    sandlane.yaml\n"
        "wrote    sandboxes/README.md\n"
        "wrote    rendered/ (6 files, 1 sandbox)\n"
        "base     base: 2 objects\n"
        "clones   1 workload can be cloned; requests to 1 of them can be routed\n"
        "mesh     istio (found: by --mesh)\n"
        "in       shop (found: by --namespace)\n"
        "next:\n"
        "  sandlane check                # what CI runs\n",
    )


def test_what_has_to_be_piped_in_is_all_that_init_was_asked_to_read(here: Path) -> None:
    write(
        here,
        {
            "staging/kustomization.yaml": "resources: [../part]\n",
            "part/kustomization.yaml": "resources: ['https://example.com/shop//base']\nvars: [{name: A}]\n",
        },
    )
    status, _, err = run("init", "staging")
    assert (status, [line for line in err.splitlines() if "hint" in line]) == (
        2,
        [
            "  hint: keep a copy in the repository, or build it with kustomize and pipe it in: "
            "kustomize build staging/staging | sandlane init -",
            "  hint: build it with kustomize and pipe it in: kustomize build staging/staging | sandlane init -",
        ],
    )


def test_a_base_of_what_flux_builds_has_no_workloads(here: Path) -> None:
    flux = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: podinfo, namespace: web}\n"
    )
    write(here, {"base/a.yaml": flux})
    status, _, err = run("init", "base", "--mesh", "linkerd", "--no-render")
    assert (status, err) == (
        0,
        "wrote    sandlane.yaml\n"
        "wrote    sandboxes/README.md\n"
        "base     base: 1 object\n"
        "clones   0 workloads can be cloned; requests to 0 of them can be routed\n"
        "mesh     linkerd (found: by --mesh)\n"
        "in       default (a guess: the base has no workloads and Services)\n"
        "next:\n"
        "  … | sandlane init -           # elsewhere, with what 'Kustomization/web/podinfo' stands for: "
        "the base has no workloads itself\n"
        "  sandlane check                # what CI runs\n",
    )


def test_init_does_as_it_is_told(here: Path) -> None:
    write(here, {"a.yaml": UNNAMED})
    assert run("init", "--mesh", "linkerd", "--namespace", "shop", "--name", "prod", "--no-render")[0] == 0
    text = (here / "sandlane.yaml").read_text()
    assert "\n  name: prod\n" in text
    assert "Found: by --namespace.\n  defaultNamespace: shop\n" in text
    assert "Found: by --mesh.\n  mesh: linkerd\n" in text
    assert not (here / "rendered").exists()


def test_init_writes_files_for_other_tools(here: Path) -> None:
    write(here, {"a.yaml": UNNAMED, "../.gitlab-ci.yml": "mine\n"})
    status, out, err = run("init", "--with", ",".join(INTEGRATIONS))
    assert status == 0
    assert set(err.partition("# what CI runs\n")[2].splitlines()) == {
        "  git config merge.sandlane.driver 'sandlane merge-driver %O %A %B %P'   # in each clone; without it git merges text",
        "  pre-commit install            # in each clone; without it nothing is rendered before a commit",
        "  put the repository's address in the place of REPOSITORY in gitops/argocd.yaml: there is no git remote 'origin'",
    }
    found = {path for path, kind in snapshot(here.parent).items() if kind != "/" and not path.startswith(".git/")}
    assert {
        ".pre-commit-config.yaml",
        ".github/workflows/sandlane.yaml",
        ".gitlab-ci.yml",
        "staging/gitops/argocd.yaml",
        "staging/gitops/flux.yaml",
    } <= found
    assert (here.parent / ".gitlab-ci.yml").read_text() == "mine\n"
    assert out == (
        "# Fails a merge request whose output is stale, or does not keep sandlane's promises.\nsandlane:\n"
        "  image: python:3.12\n  script:\n  - pip install git+https://github.com/sandlane/sandlane@v0.1.0\n  - sandlane check staging\n"
        "  - sandlane verify staging\n"
    )
    for tool in ("argocd", "flux"):
        assert (here / "gitops" / f"{tool}.yaml").read_text() == run("gitops", tool)[1]
    assert (
        "\n  output: {path: rendered, flux: {sourceRef: {name: staging-sandboxes}}}\n"
        in (here / "sandlane.yaml").read_text()
    )


def talk(directory: Path, *arguments: str, answers: dict[str, str]) -> tuple[int, str]:
    """Runs sandlane on a pseudo-terminal, and answers what it asks."""
    ours, theirs = pty.openpty()
    command = [str(install(directory / "bin")), *arguments]
    with subprocess.Popen(command, cwd=directory, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        text, waiting, end = "", dict(answers), time.monotonic() + 300
        while time.monotonic() < end:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                text += os.read(ours, 4096).decode()
            except OSError:  # the other end is closed
                break
            for question in [q for q in waiting if q in text]:
                os.write(ours, f"{waiting.pop(question)}\n".encode())
        os.close(ours)
        return process.wait(timeout=300), text


def test_init_asks_on_a_terminal(here: Path) -> None:
    write(here, {"dev/kustomization.yaml": "resources: [a.yaml]\n", "dev/a.yaml": UNNAMED})
    write(here, {"prod/kustomization.yaml": "resources: [a.yaml]\n", "prod/a.yaml": UNNAMED})
    answers = {"Which of these is the base?": "prod", "Which mesh?": "linkerd", "Namespace of objects": "shop"}
    status, said = talk(here, "init", answers=answers)
    assert status == 0, said
    text = (here / "sandlane.yaml").read_text()
    assert "\n  base: [prod]\n" in text
    assert "Found: by your answer.\n  mesh: linkerd\n" in text
    assert "Found: by your answer.\n  defaultNamespace: shop\n" in text


def test_init_asks_nothing_with_yes(here: Path) -> None:
    write(here, {"a.yaml": UNNAMED})
    status, said = talk(here, "init", "--yes", answers={})
    assert status == 0, said
    assert "?" not in said


@pytest.mark.parametrize(
    ("file", "arguments", "says"),
    [
        pytest.param(
            "rendered/foo.yaml",
            [],
            "SL501 'rendered/foo.yaml' is a manifest that sandlane did not write\n"
            "  hint: move it out of the output directory: Argo CD and Flux would apply it as part of the sandboxes\n",
            id="foreign-output",
        ),
        pytest.param(
            "rendered", [], "SL502 the output directory 'rendered' cannot be used: it is no directory\n", id="output"
        ),
        pytest.param(
            "sandboxes",
            [],
            "SL260 'sandboxes/README.md' cannot be written: 'sandboxes' is no directory\n"
            "  hint: move 'sandboxes' away, or remove it\n",
            id="sandboxes",
        ),
        pytest.param(
            "../.github",
            ["--with", "github"],
            "SL260 '../.github/workflows/sandlane.yaml' cannot be written: '../.github' is no directory\n"
            "  hint: move '../.github' away, or remove it\n",
            id="integration",
        ),
        pytest.param(
            "../.gitlab-ci.yml/x",
            ["--with", "gitlab"],
            "SL260 '../.gitlab-ci.yml' cannot be written: it is a directory\n"
            "  hint: move '../.gitlab-ci.yml' away, or remove it\n",
            id="directory",
        ),
    ],
)
@pytest.mark.parametrize("stream", [None, ROUTED], ids=["base", "stream"])
def test_init_writes_nothing_where_something_stands_in_the_way(
    here: Path, file: str, arguments: list[str], says: str, stream: str | None
) -> None:
    write(here, {"app/all.yaml": ROUTED, file: "kind: X\n"})
    before = snapshot(here.parent)
    status, _, err = run("init", "app" if stream is None else "-", *arguments, stream=stream)
    assert (status, err.removeprefix("base: 4 objects, 0 unchanged\n")) == (
        2,
        f"{says}1 problem, nothing was written\n",
    )
    assert snapshot(here.parent) == before


def test_init_makes_nothing_of_an_empty_stream(here: Path) -> None:
    status, out, err = run("init", "-", stream="")
    assert (status, out, told(err)) == (2, "", "no object came in: did the command before the pipe fail?\n")
    assert list(here.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_init_writes_nothing_where_one_directory_is_read_only(here: Path) -> None:
    write(here, {"app/all.yaml": ROUTED, "../.github/keep": ""})
    (here.parent / ".github").chmod(0o555)
    before = snapshot(here.parent)
    assert run("init", "app", "--with", "github") == (
        2,
        "",
        "SL260 '../.github/workflows/sandlane.yaml' cannot be written: you may not write in '../.github'\n"
        "  hint: see that there is room, and that you may write there\n1 problem, nothing was written\n",
    )
    assert snapshot(here.parent) == before


def test_the_next_step_is_one_that_works(here: Path) -> None:
    pair = ROUTED.replace("      - {name: server,", "      - {name: other, image: x}\n      - {name: server,")
    write(here, {"app/all.yaml": pair})
    assert "  sandlane set dev1 CONTAINER@checkout=IMAGE   # a first sandbox" in run("init", "app")[2]
    (here / "sandlane.yaml").unlink()
    write(here, {"app/web.yaml": APP.replace("NAME", "http").replace("checkout", "web")})
    assert "  sandlane set dev1 web=IMAGE   # a first sandbox" in run("init", "app")[2]


def test_parts_of_a_base_above_are_named_as_seen_from_here(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, {f"apps/{n}/kustomization.yaml": "resources: [a.yaml]\n" for n in "ab"})
    (here / "env").mkdir()
    monkeypatch.chdir(here / "env")
    status, _, err = run("init", "../../elsewhere", "../apps")
    assert (status, err.splitlines()[-3:]) == (
        2,
        [
            "../apps/a/kustomization.yaml:1:1: SL122 'staging/apps/a' is a kustomization in a directory of plain manifests",
            "  hint: name those of its parts that are meant: sandlane init ../apps/a ../apps/b",
            "2 problems, nothing was written",
        ],
    )
