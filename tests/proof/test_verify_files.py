"""`sandlane verify`: files by which Argo CD or Flux apply something else than the manifests of an output."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from sandlane.cli.main import group
from tests.shared import REPOSITORY

PROVED = "out: the promises hold for 3 tenants, 5 combinations of tenant, Service and port, 16 objects\n"
HINT = "  hint: take it out of the output directory, or run 'sandlane render'\n"
ONE = "out: 1 problem; looked at 3 tenants, 5 combinations of tenant, Service and port, 16 objects\n"

Change = Callable[[Path], object]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(REPOSITORY / "overlays" / "shop", tmp_path / "shop")
    shutil.copytree(REPOSITORY / "golden" / "shop", tmp_path / "out")
    for file in (tmp_path / "out").rglob("*.yaml"):
        file.write_text(file.read_text().replace("overlays/shop/", ""))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str = "verify") -> tuple[int, str, str]:
    result = CliRunner().invoke(group, [command, "shop", "--output", "out"], prog_name="sandlane")
    return result.exit_code, result.stdout, result.stderr


def added(path: str, text: str) -> Change:
    def change(directory: Path) -> None:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)

    return change


def linked(path: str, target: str) -> Change:
    return lambda directory: (directory / path).symlink_to(target)


def skipped(directory: Path) -> None:
    file = directory / "shared" / "shop" / "virtualservice-checkout.yaml"
    file.write_text("# +argocd:skip-file-rendering\n" + file.read_text())


def kustomized(directory: Path, **fields: str) -> None:
    """Writes a kustomization that names every manifest, with other fields beside."""
    files = sorted(p.relative_to(directory).as_posix() for p in directory.rglob("*.yaml"))
    more = "".join(f"{field}: {value}\n" for field, value in fields.items())
    (directory / "kustomization.yaml").write_text("resources:\n" + "".join(f"- {f}\n" for f in files) + more)


def without_one(directory: Path) -> None:
    kustomized(directory)
    file = directory / "kustomization.yaml"
    file.write_text(file.read_text().replace("- shared/shop/virtualservice-checkout.yaml\n", ""))


VIRTUAL_SERVICE = "shared/shop/virtualservice-checkout.yaml"


def named_twice(directory: Path) -> None:
    kustomized(directory)
    file = directory / "kustomization.yaml"
    file.write_text(f"{file.read_text()}- {VIRTUAL_SERVICE}\n")


def built(file: str, what: str, line: int = 1) -> str:
    text = f"SL620 what Argo CD or Flux make of '{file}' is not what was proved: {what}"
    return f"out/{file}:{line}:1: {text}\n{HINT}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            added("Kustomization", "resources: [shared]\nnamePrefix: x-\n"),
            built("Kustomization", "it builds what lies beside it, with 'namePrefix'"),
            id="kustomization-by-its-other-name",
        ),
        pytest.param(
            lambda d: kustomized(d, images="[{name: x, newName: z}]", patches="[]"),
            built("kustomization.yaml", "it builds what lies beside it, with 'images', 'patches'"),
            id="kustomization-with-images-and-patches",
        ),
        pytest.param(
            lambda d: kustomized(d, configMapGenerator="[]"),
            built("kustomization.yaml", "it builds what lies beside it, with 'configMapGenerator'"),
            id="kustomization-with-a-generator",
        ),
        pytest.param(
            lambda d: kustomized(d, kind="Component"),
            built("kustomization.yaml", "it is a Component, of which kustomize builds nothing"),
            id="component",
        ),
        pytest.param(
            named_twice,
            built("kustomization.yaml", f"it names '{VIRTUAL_SERVICE}' twice, which kustomize refuses"),
            id="kustomization-of-one-file-twice",
        ),
        pytest.param(
            without_one,
            built("kustomization.yaml", "it leaves out 'shared/shop/virtualservice-checkout.yaml'"),
            id="kustomization-without-one-file",
        ),
        pytest.param(
            added("sandboxes/kustomization.yml", "resources: [https://example.com/x]\n"),
            built("sandboxes/kustomization.yml", "it leaves out 'sandboxes/dev1/shop/deployment-cart-dev1.yaml'"),
            id="kustomization-of-another-place",
        ),
        pytest.param(
            added("shared/kustomization.yaml", "- a\n"),
            built("shared/kustomization.yaml", "it is no kustomization that can be read"),
            id="kustomization-that-is-none",
        ),
        pytest.param(
            added(".sourceignore", "shared/\n"),
            built(".sourceignore", "Flux leaves out what it names"),
            id="sourceignore",
        ),
        pytest.param(
            added(".argocd-source-shop.yaml", "kustomize: {namePrefix: x-}\n"),
            built(".argocd-source-shop.yaml", "Argo CD takes parameters of the application from it"),
            id="parameters-of-an-application",
        ),
        pytest.param(
            linked("shared/shop/link.yaml", "../../../shop/base/apps.yaml"),
            built("shared/shop/link.yaml", "it is a link, which Argo CD follows and Flux leaves out"),
            id="link-to-a-file",
        ),
        pytest.param(
            linked("more", "../shop/base"),
            built("more", "it is a link, which Argo CD follows and Flux leaves out"),
            id="link-to-a-directory",
        ),
        pytest.param(
            skipped,
            built(
                "shared/shop/virtualservice-checkout.yaml",
                "Argo CD skips a file with '+argocd:skip-file-rendering', and removes what it applied before",
                3,
            ),
            id="skipped-file",
        ),
    ],
)
def test_what_changes_or_hides_manifests_is_a_finding(here: Path, change: Change, said: str) -> None:
    change(here / "out")
    assert run() == (3, "", said + ONE)


@pytest.mark.parametrize(
    ("change", "file", "what"),
    [
        pytest.param(added("x.jsonnet", "{}"), "x.jsonnet", "Argo CD applies what Jsonnet makes of it", id="jsonnet"),
        pytest.param(
            added("shared/Chart.yaml", "name: x\n"),
            "shared/Chart.yaml",
            "Argo CD renders its directory as a Helm chart",
            id="chart",
        ),
        pytest.param(lambda d: os.mkfifo(d / "x.yaml"), "x.yaml", "it is no regular file", id="pipe"),
    ],
)
def test_what_cannot_be_judged_is_said_and_exits_2(here: Path, change: Change, file: str, what: str) -> None:
    change(here / "out")
    said = f"out/{file}:1:1: SL621 '{file}' cannot be judged: {what}\n  hint: take it out of the output directory\n"
    assert run() == (2, "", said + ONE)


def test_a_broken_promise_is_graver_than_what_cannot_be_judged(here: Path) -> None:
    added("x.jsonnet", "{}")(here / "out")
    added(".sourceignore", "")(here / "out")
    assert run()[0] == 3


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(kustomized, id="kustomization-of-every-file"),
        pytest.param(linked("notes.md", "README.md"), id="link-that-nobody-applies"),
        pytest.param(added("shared/values.txt", "x"), id="file-that-nobody-applies"),
    ],
)
def test_files_that_change_nothing_are_no_alarm(here: Path, change: Change) -> None:
    change(here / "out")
    assert run() == (0, PROVED, "")


OTHER = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other, namespace: shop"
EVERYWHERE = [
    pytest.param("shared/other.yml", f"{OTHER}}}\n", id="yml"),
    pytest.param(
        "deeper/and/deeper/other.json",
        '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other", "namespace": "shop"}}',
        id="json-in-nested-directories",
    ),
    pytest.param("shared/.other.yaml", f"{OTHER}}}\n", id="hidden"),
    pytest.param("shared/other.yaml", f"---\n# nothing\n---\n{OTHER}}}\n...\n", id="second-document-of-a-stream"),
    pytest.param(
        "shared/other.yaml",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMapList\n  items:\n  - apiVersion: v1\n"
        "    kind: ConfigMap\n    metadata: {name: other, namespace: shop}\n",
        id="list-in-a-list",
    ),
    pytest.param(
        "shared/other.yaml",
        f'{OTHER}, annotations: {{config.kubernetes.io/local-config: "true"}}}}\n',
        id="what-kustomize-leaves-out-and-argo-cd-applies",
    ),
]


@pytest.mark.parametrize(("path", "text"), EVERYWHERE)
def test_every_object_that_a_syncer_applies_is_judged(here: Path, path: str, text: str) -> None:
    added(path, text)(here / "out")
    code, out, err = run()
    where = path.rpartition("/")[0].split("/")[0]
    first = err.splitlines()[0].partition(": ")[2]
    assert (code, out, first) == (
        3,
        "",
        "SL601 promise 1 does not hold: 'ConfigMap/shop/other': no ConfigMap that the base has not may lie in "
        f"'{where}'",
    )


def test_a_document_of_sandlane_in_the_output_is_judged(here: Path) -> None:
    shutil.copy(here / "shop" / "sandboxes" / "dev1.yaml", here / "out" / "sandboxes" / "dev1" / "spec.yaml")
    code, _, err = run()
    assert (code, err.splitlines()[0]) == (
        3,
        "out/sandboxes/dev1/spec.yaml:5:1: SL601 promise 1 does not hold: 'DevelopmentSandbox/shop/dev1': no "
        "DevelopmentSandbox that the base has not may lie in 'sandboxes/dev1'",
    )


@pytest.mark.parametrize("name", ["Kustomization", ".sourceignore", "link.yaml"])
def test_check_and_render_refuse_such_files(here: Path, name: str) -> None:
    shutil.rmtree(here / "out")
    CliRunner().invoke(group, ["render", "shop", "--output", "out"])
    if name == "link.yaml":
        (here / "out" / name).symlink_to(here / "shop" / "sandlane.yaml")
    else:
        (here / "out" / name).write_text("resources: []\n")
    code, _, err = run("render")
    said = f"SL501 'out/{name}' is a manifest that sandlane did not write"
    refused = [line for line in err.splitlines() if "notice" not in line and not line.startswith("  hint")]
    assert (code, refused[0], run("check")[0]) == (2, said, 1)


@pytest.mark.parametrize(("path", "change"), [
    ("sandboxes/dev1/more", lambda out: (out / "sandboxes/dev1/more").mkdir()),
    ("shared/sub/.git", added("shared/sub/.git", "gitdir: ../../../.git/modules/sub\n")),
])  # fmt: skip
def test_submodules(path: str, change: Change, here: Path) -> None:
    change(here / "out")
    what = (
        "it is a git submodule, or would be one: git keeps no empty directory, and Argo CD applies what submodules hold"
    )
    text = f"out/{path}:1:1: SL620 what Argo CD or Flux make of '{path}' is not what was proved: {what}"
    status, _, told = run()
    assert (status, told.split("\n")[0]) == (3, text)
