"""`sandlane build`, and `--base`: what is read in the place of an environment's base."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from sandlane.cli.main import group
from sandlane.output.layout import MARK
from sandlane.yamlio.read import read
from tests.rim import snapshot
from tests.shared import REPOSITORY

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  a: b\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: password\ndata:\n  k: djE=\n"
WEB = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "web:1"}]}
"""
HOOK = """\
---
apiVersion: batch/v1
kind: Job
metadata: {name: web-test, annotations: {helm.sh/hook: test}}
spec: {template: {spec: {containers: [{name: main, image: "test:1"}], restartPolicy: Never}}}
"""
ENVIRONMENT = """\
apiVersion: sandlane.dev/v1alpha1
kind: Environment
metadata: {name: staging}
spec: {base: [gone], mesh: linkerd, defaultNamespace: shop}
"""
SANDBOX = """\
apiVersion: sandlane.dev/v1alpha1
kind: DevelopmentSandbox
metadata: {name: dev1}
spec: {tenantID: dev1, workloads: [{name: web, image: "web:2"}]}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path, text in {
        "app/kustomization.yaml": "resources: [settings.yaml, ../secret.yaml]\nnamePrefix: p-\n",
        "app/settings.yaml": CONFIG_MAP,
        "secret.yaml": SECRET,
        "web.yaml": WEB,
        "env/sandlane.yaml": ENVIRONMENT,
        "env/sandboxes/dev1.yaml": SANDBOX,
        "env/overlay/kustomization.yaml": "resources: [../../web.yaml]\nimages: [{name: web, newTag: '9'}]\n",
        "broken/kustomization.yaml": "resources: [gone.yaml]\nvars: [{name: x}]\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(group, arguments, input=stdin)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("app",), id="directory"),
        pytest.param(("app/kustomization.yaml",), id="its-file"),
        pytest.param(("--root", ".", "app"), id="root"),
    ],
)
def test_a_kustomization(here: Path, arguments: tuple[str, ...]) -> None:
    result = run("build", *arguments)
    built = CONFIG_MAP.replace("settings", "p-settings"), SECRET.replace("password", "p-password")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"---\n{built[0]}---\n{built[1]}", "")


def test_a_file_and_a_stream(here: Path) -> None:
    expected = f"---\n{CONFIG_MAP}"
    for result in (run("build", "app/settings.yaml"), run("build", "-", stdin=CONFIG_MAP)):
        assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")


def test_one_object_a_file_without_secrets(here: Path) -> None:
    first, second = run("build", "app", "-o", "out"), run("build", "app", "-o", "out")
    left = "left out: 'Secret/default/p-password', so that its data lies in no file\n"
    assert (first.exit_code, first.stdout, first.stderr) == (0, "", f"{left}out: 1 object, 0 unchanged\n")
    assert (second.exit_code, second.stderr) == (0, f"{left}out: 1 object, 1 unchanged\n")
    files = {path.relative_to(here / "out").as_posix(): path.read_text() for path in (here / "out").rglob("*.yaml")}
    assert files == {"default/configmap-p-settings.yaml": f"{MARK}\n{CONFIG_MAP.replace('settings', 'p-settings')}"}


def test_foreign_files_are_left_alone(here: Path) -> None:
    before = snapshot(here / "app")
    result = run("build", "web.yaml", "-o", "app")
    assert (result.exit_code, result.stderr.count("SL501"), snapshot(here / "app")) == (2, 2, before)


def test_what_is_wrong_is_told_with_places(here: Path) -> None:
    result = run("build", "broken")
    assert (result.exit_code, result.stdout, result.stderr) == (
        2,
        "",
        "broken/kustomization.yaml:1:13: SL120 file or directory 'gone.yaml' does not exist\n"
        "broken/kustomization.yaml:2:1: SL140 'vars' of a kustomization is not supported\n"
        "  hint: build it with kustomize and pipe it in: kustomize build broken | sandlane render --base -\n"
        "2 problems\n",
    )


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        pytest.param(
            ("web.yml",),
            None,
            "SL120 file or directory 'web.yml' does not exist\n  hint: did you mean 'web.yaml'?\n",
            id="gone",
        ),
        pytest.param(
            ("-",),
            "a: b: c\n",
            "<stdin>:1:5: SL101 not valid YAML: ': ' stands in a value that has no quotes\n  hint: quote the value: 'a: \"b: c\"'\n",
            id="stream",
        ),
    ],
)
def test_what_cannot_be_read(here: Path, arguments: tuple[str, ...], stdin: str | None, said: str) -> None:
    result = run("build", *arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (2, f"{said}1 problem\n")


def test_what_the_api_server_would_refuse_is_printed(here: Path) -> None:
    """kustomize and kubectl print it too; written to files, or rendered, it stays an error."""
    odd = CONFIG_MAP.replace("a: b", "a: 1")
    said = "<stdin>:6:6: SL129 notice: field 'data.a' of 'ConfigMap/settings' is a number, expected a string\n"
    result = run("build", "-", stdin=odd)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"---\n{odd}", said)
    refused = run("build", "-", "-o", "out", stdin=odd)
    error = said.replace("notice: ", "") + "1 problem, nothing was written\n"
    assert (refused.exit_code, refused.stderr, (here / "out").exists()) == (2, error, False)


def test_charts_and_texts_are_no_manifests(here: Path) -> None:
    for path in ("charts/shop/Chart.yaml", "charts/shop/templates/web.yaml", "notes.txt", "shop-1.tgz"):
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        (here / path).write_bytes(
            b"name: shop\n" if "Chart" in path else b"\x1f\x8b" if path.endswith("z") else b"a: b: c\n"
        )
    chart = "is a Helm chart, and no manifests\n  hint: pipe in what Helm makes of it: helm template NAME {} | sandlane render --base -"
    for path, said in (
        ("charts", f"charts/shop/Chart.yaml:1:1: SL146 'charts/shop' {chart.format('charts/shop')}"),
        ("shop-1.tgz", f"shop-1.tgz: SL146 'shop-1.tgz' {chart.format('shop-1.tgz')}"),
        ("notes.txt", "notes.txt:1:5: SL135 'notes.txt' holds no manifests: it is neither YAML nor JSON (not valid YAML: ': ' stands in "
         "a value that has no quotes)\n  hint: name files that end in .json, .yaml, .yml, or directories that hold such"),
    ):  # fmt: skip
        result = run("build", path)
        assert (result.exit_code, result.stderr) == (2, f"{said}\n1 problem\n")
    (here / "plain.txt").write_text(CONFIG_MAP)
    assert run("build", "plain.txt").stdout == f"---\n{CONFIG_MAP}"


@pytest.mark.parametrize(
    ("base", "stdin", "image"),
    [
        pytest.param(("web.yaml",), None, "web:2", id="file"),
        pytest.param(("env/overlay",), None, "web:2", id="kustomization"),
        pytest.param(("-",), WEB + HOOK, "web:2", id="stream"),
        pytest.param(("-", "app"), WEB, "web:2", id="several"),
    ],
)
def test_another_base(here: Path, base: tuple[str, ...], stdin: str | None, image: str) -> None:
    options = [word for entry in base for word in ("--base", entry)]
    rendered = run("render", "env", *options, stdin=stdin)
    assert (rendered.exit_code, rendered.stderr) == (0, "env/rendered: 7 created, 0 updated, 0 deleted, 0 unchanged\n")
    clone = (here / "env/rendered/sandboxes/dev1/shop/deployment-web-dev1.yaml").read_text()
    assert f"image: {image}\n" in clone
    for command in ("check", "verify"):
        assert run(command, "env", *options, stdin=stdin).exit_code == 0


def test_a_base_of_another_name_is_missing(here: Path) -> None:
    result = run("render", "env", "--base", "gone.yaml")
    assert (result.exit_code, result.stderr) == (
        2,
        "SL120 file or directory 'gone.yaml' does not exist\n  hint: did you mean 'web.yaml'?\n1 problem, nothing was written\n",
    )


def test_the_environments_own_base_is_not_read(here: Path) -> None:
    result = run("render", "env")
    assert (result.exit_code, result.stderr) == (
        2,
        "env/sandlane.yaml:4:15: SL120 file or directory 'gone' does not exist\n1 problem, nothing was written\n",
    )


def test_hooks_are_no_workloads(here: Path) -> None:
    (here / "env/gone").mkdir()
    (here / "env/gone/all.yaml").write_text(WEB + HOOK)
    for result in (
        run("list", "workloads", "env", "--format", "json"),
        run("list", "workloads", "env", "--format", "json", "--base", "-", stdin=WEB + HOOK),
    ):
        assert (result.exit_code, result.stdout.count('"workload"'), "web-test" in result.stdout) == (0, 1, False)


@pytest.mark.parametrize(
    ("arguments", "is_imported"),
    [
        pytest.param(("overlays/shop", "--output", "golden/shop"), False, id="files"),
        pytest.param(("overlays/kustomized", "--output", "golden/kustomized"), True, id="kustomization"),
    ],
)
def test_a_render_without_a_kustomization_does_not_import_the_build(
    arguments: tuple[str, ...], is_imported: bool
) -> None:
    program = (
        f"import sys, runpy; sys.argv = ['sandlane', 'check', *{list(arguments)!r}, '--root', '.']\n"
        "try: runpy.run_module('sandlane', run_name='__main__')\n"
        "except SystemExit as stop: assert stop.code == 0, stop.code\n"
        f"assert ('sandlane.base.kustomize' in sys.modules) is {is_imported}"
    )
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)


def test_objects_stand_in_the_order_of_their_files_and_a_base_may_lie_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlay, base = tmp_path / "one" / "overlay", tmp_path / "two" / "base"
    for directory, text in (
        (overlay, "resources: [../../two/base]\nsortOptions: {order: fifo}\n"),
        (base, "resources: [z.yaml, a.yaml]\n"),
    ):
        directory.mkdir(parents=True)
        (directory / "kustomization.yaml").write_text(text)
    (base / "z.yaml").write_text(CONFIG_MAP.replace("settings", "z"))
    (base / "a.yaml").write_text(CONFIG_MAP.replace("settings", "a"))
    monkeypatch.chdir(overlay)
    result = run("build", ".")
    built = [CONFIG_MAP.replace("settings", name) for name in ("z", "a")]
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"---\n{built[0]}---\n{built[1]}", "")


FED = """\
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec: {containers: [{image: "web:1", name: main, env: [{value: "1", name: A}]}], nodeSelector: {}}
    metadata: {labels: {tier: front, app: web}, annotations: {}}
  selector: {matchLabels: {app: web}}
metadata: {name: web}
---
kind: HTTPRoute
apiVersion: gateway.networking.k8s.io/v1
metadata: {name: web, labels: {z: "1", b: "2"}, annotations: {"on": "x"}}
spec: {parentRefs: [{name: web, kind: Service, group: ""}], rules: [{backendRefs: [{port: 80, name: web}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80, name: http}], selector: {app: web}}
"""


def test_every_way_of_feeding_a_base_writes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kustomization, what its build prints, the same objects one a file, and the files of another author's order."""
    for path, text in {
        "k/kustomization.yaml": "resources: [a.yaml]\nnamespace: shop\ncommonAnnotations: {team: a}\n"
        "images: [{name: web, newTag: '3'}]\n",
        "k/a.yaml": FED,
        "sandlane.yaml": ENVIRONMENT.replace("[gone]", "[k]")
        .replace("}\n", ", output: {base: full}}\n", 2)
        .replace("staging, output: {base: full}", "staging"),
        "sandboxes/dev1.yaml": SANDBOX,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    built = run("build", "k").stdout
    turned = "---\n".join(reversed(built.removeprefix("---\n").split("---\n")))
    as_json = json.dumps({"kind": "List", "apiVersion": "v1", "items": [d.data for d in read(turned.encode(), "x")]})
    (tmp_path / "other").mkdir()
    (tmp_path / "other/b.json").write_text(as_json)
    assert run("build", "k", "-o", "files").exit_code == 0
    found: list[dict[str, str]] = []
    for base, stdin in (("k", None), ("-", built), ("files", None), ("other", None)):
        result = run("render", "--base", base, "--output", f"out-{len(found)}", stdin=stdin)
        assert (result.exit_code, result.stderr.splitlines()[1:]) == (0, [])
        found.append(snapshot(tmp_path / f"out-{len(found)}"))
    assert len(found[0]) == 16
    assert [one == found[0] for one in found] == [True] * 4


def test_own_kinds_are_printed_as_kustomize_prints_them(here: Path) -> None:
    """A tree that delivers sandboxes as CustomResources, or a base beside its specs: what is printed is what there is."""
    (here / "env" / "kustomization.yaml").write_text("resources: [../web.yaml, sandboxes/dev1.yaml]\nnamespace: shop\n")
    done = run("build", "env")
    kinds = [document["kind"] for document in yaml.safe_load_all(done.stdout)]
    assert (done.exit_code, kinds.count("DevelopmentSandbox"), len(kinds) > 1) == (0, 1, True)
    assert "DevelopmentSandbox" in run("build", "env/sandboxes").stdout
    run("build", "env", "-o", "out")
    assert not list((here / "out").rglob("*sandbox*"))
