"""Streams: `render --passthrough` loses nothing, and `fn` is a KRM function, also of the real kustomize and kpt."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from sandlane.cli.main import group
from sandlane.meshes.istio.erasure import without_tenants
from sandlane.specs.model import Carrier
from tests.shared import SHARED, load, load_all, needs_shared
from tests.starts import install

ENVIRONMENT: Any = {
    "apiVersion": "sandlane.dev/v1alpha1", "kind": "Environment", "metadata": {"name": "staging"},
    "spec": {"base": ["-"], "defaultNamespace": "shop", "mesh": "istio"},
}  # fmt: skip
SANDBOX: Any = {
    "apiVersion": "sandlane.dev/v1alpha1", "kind": "DevelopmentSandbox", "metadata": {"name": "dev1"},
    "spec": {"workloads": [{"name": "web", "image": "registry.example/web:2"}]},
}  # fmt: skip
WEB: list[Any] = [
    {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
            },
        },
    },
    {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}]},
    },
    {
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "web"},
        "spec": {"hosts": ["web"], "http": [{"route": [{"destination": {"host": "web"}}]}]},
    },
]  # fmt: skip
OTHERS: list[Any] = [
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "data": {"a": "Yg=="}},
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "test", "annotations": {"helm.sh/hook": "test"}},
     "spec": {"containers": [{"name": "c", "image": "c:1"}]}},
    {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.com"},
     "spec": {"group": "example.com", "names": {"kind": "Widget", "plural": "widgets"}, "scope": "Namespaced", "versions": []}},
    {"apiVersion": "v1", "kind": "ConfigMap",
     "metadata": {"name": "local", "annotations": {"config.kubernetes.io/local-config": "true"}}, "data": {}},
    {"apiVersion": "sandlane.dev/v1alpha1", "kind": "DevelopmentSandbox", "metadata": {"name": "of-the-chart"},
     "spec": {"workloads": [{"name": "x"}]}, "status": {}},
    {"apiVersion": "v1", "kind": "ConfigMap",
     "metadata": {"name": "owned", "labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": {
         "meta.helm.sh/release-name": "shop", "argocd.argoproj.io/tracking-id": "x"}}, "data": {"a": "${B}"}, "status": {"x": 1}},
]  # fmt: skip
ADDED = ["Deployment/web-dev1", "Service/web-dev1"]


def names(objects: list[Any]) -> list[str]:
    return [f"{o['kind']}/{o['metadata']['name']}" for o in objects]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with an environment and a sandbox, where the user stands."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "sandboxes").mkdir()
    (tmp_path / "sandlane.yaml").write_text(json.dumps(ENVIRONMENT))
    (tmp_path / "sandboxes" / "dev1.yaml").write_text(json.dumps(SANDBOX))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, stream: str = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(group, list(arguments), prog_name="sandlane", input=stream)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


PASSTHROUGH = ("render", "--base", "-", "--stdout", "--passthrough")


def test_what_is_piped_through_loses_nothing(here: Path) -> None:
    status, out, err = run(*PASSTHROUGH, stream=yaml.safe_dump_all([*OTHERS, *WEB]))
    found = list(load_all(out))
    assert (status, err) == (0, "")
    assert names(found) == [*names([*OTHERS, *WEB]), *ADDED]
    assert found[: len(OTHERS)] == OTHERS
    route = next(o for o in found if o["kind"] == "VirtualService")
    assert (found[len(OTHERS) : -3], found.index(route)) == (WEB[:2], len(found) - 3)
    assert [entry.get("name") for entry in route["spec"]["http"]] == ["tenant-dev1", None]


def test_what_is_piped_through_with_nothing_to_add_is_the_same(here: Path) -> None:
    (here / "sandboxes" / "dev1.yaml").write_text(json.dumps({**SANDBOX, "spec": {**SANDBOX["spec"], "suspend": True}}))
    found = list(load_all(run(*PASSTHROUGH, stream=yaml.safe_dump_all([*OTHERS, *WEB[:2]]))[1]))
    assert found == [*OTHERS, *WEB[:2]]


@pytest.mark.parametrize(
    "arguments", [["--passthrough"], [*PASSTHROUGH[1:], "--only", "shared"], ["--passthrough", "--stdout"]]
)
def test_when_to_pass_through(here: Path, arguments: list[str]) -> None:
    status, out, err = run("render", *arguments)
    said = "--passthrough goes with '--base - --stdout', one environment and without --only\n"
    assert (status, out, err.partition("Error: ")[2]) == (2, "", said)


@needs_shared
def test_found_failure_1(here: Path) -> None:
    case = SHARED / "cases/found/gitops/1"
    shutil.copytree(case, here / "1", copy_function=shutil.copyfile)
    given = [o for o in load_all((case / "stream.yaml").read_text()) if o]
    status, out, _ = run("render", "1", *PASSTHROUGH[1:], stream=(case / "stream.yaml").read_text())
    found = list(load_all(out))
    assert (status, found[: len(given)]) == (0, given)
    assert {o["kind"] for o in given} >= {"Secret", "Pod"}
    status, out, err = run("render", "1", "--base", "-", "--stdout", stream=(case / "stream.yaml").read_text())
    assert (status, err.count("SL340")) == (0, sum(o["kind"] == "Secret" for o in given))
    assert "helm.sh/hook: test" in out


def backwards(value: Any) -> Any:
    """Returns data with the fields of every mapping in another order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in sorted(value, reverse=True)}
    return [backwards(item) for item in value] if isinstance(value, list) else value


def test_whatever_feeds_the_base_the_bytes_are_the_same(here: Path) -> None:
    environment = {**ENVIRONMENT, "spec": {**ENVIRONMENT["spec"], "base": ["base"], "output": {"base": "full"}}}
    (here / "sandlane.yaml").write_text(json.dumps(environment))
    (here / "base").mkdir()
    (here / "built").mkdir()
    for number, manifest in enumerate([*WEB, *OTHERS]):
        (here / "base" / f"{number}.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))
        (here / "built" / f"{9 - number}.yaml").write_text(yaml.safe_dump(backwards(manifest), sort_keys=False))
    (here / "built" / "kustomization.yaml").write_text(
        f"resources: {[f'{9 - n}.yaml' for n in range(9) if n not in (6, 7)]}\n"
    )
    listed = json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [backwards(o) for o in reversed([*WEB, *OTHERS])]}
    )
    outputs = [
        run("render", "--stdout")[:2],
        run("render", "--stdout", "--base", "-", stream=yaml.safe_dump_all([*OTHERS, *WEB]))[:2],
        run("render", "--stdout", "--base", "-", stream=listed)[:2],
        run("render", "--stdout", "--base", "built")[:2],
    ]
    assert outputs == [outputs[0]] * 4
    assert outputs[0][0] == 0


def call(*items: Any, config: Any = None, **more: Any) -> str:
    given = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": list(items), **more}
    return json.dumps({**given, **({"functionConfig": config} if config else {})})


@pytest.mark.parametrize(
    ("items", "config", "is_on_disk"),
    [
        pytest.param([ENVIRONMENT, SANDBOX, *WEB], None, False, id="all-are-items"),
        pytest.param([SANDBOX, *WEB], ENVIRONMENT, False, id="environment-is-the-config"),
        pytest.param(WEB, SANDBOX, True, id="sandbox-is-the-config"),
        pytest.param(WEB, None, True, id="all-on-disk"),
    ],
)
def test_a_call(here: Path, items: list[Any], config: Any, is_on_disk: bool) -> None:
    if not is_on_disk:
        (here / "sandlane.yaml").unlink()
        shutil.rmtree(here / "sandboxes")
    status, out, err = run("fn", stream=call(*items, *OTHERS[:4], config=config))
    found = load(out)
    assert (status, err) == (0, "")
    assert names(found["items"]) == [*names([*items, *OTHERS[:4]]), *ADDED]
    assert (found["kind"], found.get("functionConfig")) == ("ResourceList", config)
    paths = [o["metadata"]["annotations"]["internal.config.kubernetes.io/path"] for o in found["items"][-2:]]
    assert paths == [f"rendered/sandboxes/dev1/shop/{kind}-web-dev1.yaml" for kind in ("deployment", "service")]


def test_what_an_earlier_call_has_written_is_no_base(here: Path) -> None:
    status, first, _ = run("fn", stream=call(*WEB))
    added = load(first)["items"][-2:]
    assert (status, names(added)) == (0, ADDED)
    assert run("fn", stream=call(*WEB, *added)) == (0, first, "")


def test_a_call_on_what_the_last_one_wrote_gives_the_same(here: Path) -> None:
    """`kpt fn eval` works in place: entries of tenants that the last call made are known, and made anew."""
    first = run("fn", stream=call(*WEB))
    assert run("fn", stream=call(*load(first[1])["items"])) == first


def test_what_the_last_call_wrote_goes_with_its_sandbox(here: Path) -> None:
    base = [*WEB[:2], {**WEB[2], "metadata": {"name": "web", "namespace": "shop"}}]
    changed = load(run("fn", stream=call(*base))[1])["items"]
    (here / "sandboxes" / "dev1.yaml").write_text(json.dumps({**SANDBOX, "spec": {**SANDBOX["spec"], "suspend": True}}))
    status, out, _ = run("fn", stream=call(*changed))
    assert (status, load(out)["items"]) == (0, base)


CALLED: dict[str, Any] = {
    "caller": [{"sourceLabels": {"app": "web"}}],
    "named": [{"uri": {"prefix": "/a"}, "headers": {"x-kind": {"exact": "y"}}}],
}
"""Entries of the base with conditions on clients, and with a name: names of tenants' copies follow."""


@pytest.mark.parametrize("carriers", [[{"header": "tenantID"}], [{"baggage": "tenantID"}, {"header": "x-tenant"}]])
def test_entries_of_tenants_are_known_whatever_they_are_copies_of(here: Path, carriers: Any) -> None:
    http = [{"name": n, "match": m, **WEB[2]["spec"]["http"][0]} for n, m in CALLED.items()]
    route = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"hosts": ["web"], "http": [*http, *WEB[2]["spec"]["http"]]},
    }
    base = [*WEB[:2], {**WEB[2], **route}]
    environment = {**ENVIRONMENT, "spec": {**ENVIRONMENT["spec"], "carriers": carriers}}
    (here / "sandlane.yaml").write_text(json.dumps(environment))
    first = run("fn", stream=call(*base))
    entries = load(first[1])["items"][2]["spec"]["http"]
    assert (first[0], [e.get("name") for e in entries]) == (
        0, ["caller.dev1", "caller", "named.dev1", "named", "tenant-dev1", None],
    )  # fmt: skip
    assert run("fn", stream=call(*load(first[1])["items"])) == first
    (here / "sandboxes" / "dev1.yaml").unlink()
    assert load(run("fn", stream=call(*load(first[1])["items"]))[1])["items"] == base


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "tenant-dev1", "match": [{"headers": {"other": {"exact": "dev1"}}}]},
        {"name": "tenant-dev1", "match": [{"headers": {"tenantid": {"exact": "dev1"}}}, {"uri": {"prefix": "/"}}]},
        {"name": "tenant-dev1"},
        {"name": "tenant-dev1", "match": "x"},
        {"name": "own", "match": [{"headers": {"tenantid": {"exact": "dev1"}}}]},
        {"match": [{"headers": {"tenantid": {"exact": "dev1"}}}]},
        {"name": "a.strip", "match": [{"headers": {"tenantid": {"exact": "dev1"}}}]},
    ],
)
def test_other_entries_stay(entry: Any) -> None:
    manifest = {**WEB[2], "spec": {"hosts": ["web"], "http": [{**entry, "route": WEB[2]["spec"]["http"][0]["route"]}]}}
    carriers = [Carrier(header="tenantID"), Carrier(baggage="tenantID")]
    assert without_tenants(manifest, carriers) is manifest


def test_items_keep_their_places(here: Path) -> None:
    place = {"internal.config.kubernetes.io/path": "app/route.yaml", "internal.config.kubernetes.io/index": "1"}
    route = {**WEB[2], "metadata": {"name": "web", "annotations": {**place, "note": "x"}}}
    found = load(run("fn", stream=call(*WEB[:2], route))[1])["items"][2]
    assert (found["metadata"]["annotations"], len(found["spec"]["http"])) == ({**place, "note": "x"}, 2)


def test_problems_are_results(here: Path) -> None:
    wrong = {**SANDBOX, "spec": {"workloads": [{"name": "wbe"}]}}
    (here / "sandboxes" / "dev1.yaml").write_text(json.dumps(wrong))
    status, out, err = run("fn", stream=call(*WEB))
    found = load(out)
    text = "SL210 workload 'Deployment/shop/wbe' is not in the base"
    assert (status, found["items"], err.startswith("sandboxes/dev1.yaml:1:")) == (2, WEB, True)
    assert found["results"] == [
        {
            "message": f"{text} (hint: did you mean 'web'?)",
            "severity": "error",
            "file": {"path": "sandboxes/dev1.yaml"},
            "field": {"path": "spec.workloads[0].name"},
            "tags": {"code": "SL210"},
        }
    ]


@pytest.mark.parametrize("stream", ["kind: List\n", "", "[]", "kind: ResourceList\nitems: [1]\n"])
def test_what_is_no_call(here: Path, stream: str) -> None:
    status, out, err = run("fn", stream=stream)
    assert (status, out, err.partition(" expected")[0]) == (2, "", "<stdin>:1:1: SL227" if stream else "<stdin>: SL227")


def test_a_call_without_an_environment(here: Path) -> None:
    (here / "sandlane.yaml").unlink()
    status, out, err = run("fn", stream=call(*WEB))
    assert (status, load(out)["results"][0]["tags"], "SL228" in err) == (2, {"code": "SL228"}, True)


@pytest.mark.skipif(shutil.which("kpt") is None, reason="there is no kpt")
def test_kpt_calls_it(here: Path) -> None:
    package = here / "package"
    package.mkdir()
    for name, data in {"web.yaml": WEB, "spec.yaml": [{**o, "metadata": {**o["metadata"], "annotations": {
            "config.kubernetes.io/local-config": "true"}}} for o in (ENVIRONMENT, SANDBOX)]}.items():  # fmt: skip
        (package / name).write_text(yaml.safe_dump_all(data))
    command = [
        "kpt",
        "fn",
        "eval",
        str(package),
        "--exec",
        f"{install(here / 'bin')} fn",
        "--truncate-output=false",
        "-o",
        str(here / "out"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=here)
    assert done.returncode == 0, done.stderr
    written = sorted(path.relative_to(here / "out").as_posix() for path in (here / "out").rglob("*.yaml"))
    assert written == [
        "rendered/sandboxes/dev1/shop/deployment-web-dev1.yaml",
        "rendered/sandboxes/dev1/shop/service-web-dev1.yaml",
        "spec.yaml",
        "web.yaml",
    ]
    route = next(o for o in load_all((here / "out" / "web.yaml").read_text()) if o["kind"] == "VirtualService")
    assert [entry.get("name") for entry in route["spec"]["http"]] == ["tenant-dev1", None]


@pytest.mark.skipif(shutil.which("kpt") is None, reason="there is no kpt")
def test_kpt_calls_it_in_place_twice(here: Path) -> None:
    package = here / "package"
    package.mkdir()
    local = {"config.kubernetes.io/local-config": "true"}
    specs = [{**o, "metadata": {**o["metadata"], "annotations": local}} for o in (ENVIRONMENT, SANDBOX)]
    (package / "web.yaml").write_text(yaml.safe_dump_all(WEB))
    (package / "spec.yaml").write_text(yaml.safe_dump_all(specs))
    command = ["kpt", "fn", "eval", str(package), "--exec", f"{install(here / 'bin')} fn"]
    states = []
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=here)
        assert done.returncode == 0, done.stderr
        states.append({p.relative_to(package).as_posix(): p.read_text() for p in package.rglob("*.yaml")})
    assert states[0] == states[1]
    assert "rendered/sandboxes/dev1/shop/deployment-web-dev1.yaml" in states[0]


KUSTOMIZE = os.environ.get("KUSTOMIZE") or shutil.which("kustomize")


@pytest.mark.skipif(KUSTOMIZE is None, reason="there is no kustomize")
def test_kustomize_calls_it(here: Path) -> None:
    (here / "fn").write_text(f"#!/bin/sh\nexec {install(here / 'bin')} fn\n")  # kustomize gives a function no arguments
    (here / "fn").chmod(0o755)
    function = "exec: {path: ./fn}\n"
    config = {**SANDBOX, "metadata": {"name": "dev1", "annotations": {"config.kubernetes.io/function": function}}}
    (here / "web.yaml").write_text(yaml.safe_dump_all(WEB))
    (here / "dev1.yaml").write_text(yaml.safe_dump(config))
    (here / "kustomization.yaml").write_text("resources: [web.yaml]\ntransformers: [dev1.yaml]\n")
    command = [str(KUSTOMIZE), "build", "--enable-alpha-plugins", "--enable-exec", str(here)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=here)
    assert done.returncode == 0, done.stderr
    assert sorted(names(list(load_all(done.stdout)))) == sorted([*names(WEB), *ADDED])
