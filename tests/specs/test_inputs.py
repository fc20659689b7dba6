from __future__ import annotations

from typing import Any

import pytest

from sandlane.files.tree import Kind, MemoryTree, OutsideRoot, Unreadable
from sandlane.problems.problem import Invalid
from sandlane.specs.inputs import Inputs, read_inputs
from sandlane.specs.model import Carrier, Cluster, ObjectName, Output, Routes
from tests.rim import ENVIRONMENT, OWN, deployment, environment, manifest, sandbox, service, shown, text, tree

BASE = {"base/app.yaml": [service(), deployment()], "sandboxes/dev1.yaml": sandbox("dev1")}


def read(files: dict[str, Any], path: str = ENVIRONMENT) -> Inputs:
    return read_inputs(tree(files), path)


def said(files: dict[str, Any], path: str = ENVIRONMENT) -> list[str]:
    """Returns everything that is told of files, whether it stops all or not."""
    held = tree(files)
    try:
        return shown(read_inputs(held, path).problems, held)
    except Invalid as invalid:
        return shown(invalid.problems, held)


def test_environment_with_defaults() -> None:
    found = read({ENVIRONMENT: environment(), **BASE}).environment
    assert (found.name, found.directory, found.base, found.sandboxes) == ("environment", "", ("base",), ("sandboxes",))
    assert (found.default_namespace, found.mesh, found.tenant_label) == ("default", "istio", "tenantID")
    assert found.carriers == (Carrier(header="tenantID"), Carrier(baggage="tenantID"))
    assert found.routes == Routes(adopt=())
    assert found.cluster == Cluster(domain="cluster.local", root_namespace="istio-system")
    assert found.output == Output(path="rendered", base="none")


def test_environment_in_a_directory_reads_beside_itself() -> None:
    files = {f"envs/a/{path}": content for path, content in {ENVIRONMENT: environment(), **BASE}.items()}
    found = read(files, f"envs/a/{ENVIRONMENT}")
    assert found.environment.directory == "envs/a"
    assert [(str(r.id), r.source.file) for r in found.base.resources] == [
        ("Service/default/web", "envs/a/base/app.yaml"),
        ("Deployment/default/web", "envs/a/base/app.yaml"),
    ]
    assert [s.source.file for s in found.sandboxes] == ["envs/a/sandboxes/dev1.yaml"]


def test_adopted_objects_lie_in_the_default_namespace() -> None:
    adopt = [{"kind": "VirtualService", "name": "a"}, {"kind": "VirtualService", "name": "b", "namespace": "c"}]
    found = read({ENVIRONMENT: environment(defaultNamespace="shop", routes={"adopt": adopt}), **BASE})
    assert found.environment.routes.adopt == (
        ObjectName(kind="VirtualService", name="a", namespace="shop"),
        ObjectName(kind="VirtualService", name="b", namespace="c"),
    )


START = "\n  hint: start the file with 'apiVersion: sandlane.dev/v1alpha1' and 'kind: Environment'"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("", f"sandlane.yaml: SL204 expected one document of kind Environment, found nothing{START}", id="empty"),
        pytest.param("# x\n", f"sandlane.yaml: SL204 expected one document of kind Environment, found nothing{START}", id="comment"),
        pytest.param("text\n", f"sandlane.yaml:1:1: SL204 expected one document of kind Environment, found no mapping{START}", id="text"),
        pytest.param(
            [environment(), environment()],
            "sandlane.yaml:1:1: SL204 expected one document of kind Environment, found 2 documents\n"
            "  hint: give each environment a file of its own",
            id="two",
        ),
        pytest.param(
            service(),
            "sandlane.yaml:3:10: SL204 expected one document of kind Environment, found kind 'Service' of apiVersion 'v1'\n"
            "  hint: see 'sandlane explain environment'",
            id="another-kind",
        ),
        pytest.param(
            {"apiVersion": OWN, "kind": ["Environment"]},
            "sandlane.yaml:3:10: SL204 expected one document of kind Environment, found kind ['Environment'] of apiVersion "
            f"'{OWN}'\n  hint: see 'sandlane explain environment'",
            id="kind-is-a-list",
        ),
        pytest.param(
            {"apiVersion": OWN, "kind": "Environment"},
            "sandlane.yaml:1:1: SL203 field 'spec' is missing\n  hint: What the environment consists of: "
            "'spec: {base: [base], defaultNamespace: shop, mesh: istio, sandboxes: [sandboxes]}'",
            id="no-spec",
        ),
        pytest.param(
            "a: b: c\n", "sandlane.yaml:1:5: SL101 not valid YAML: ': ' stands in a value that has no quotes\n"
            "  hint: quote the value: 'a: \"b: c\"'", id="syntax"
        ),
        pytest.param(
            b"\xff\n",
            "sandlane.yaml:1:1: SL107 not UTF-8 text: byte 0xff does not belong there\n  hint: save the file as UTF-8",
            id="bytes",
        ),
    ],
)  # fmt: skip
def test_environment_is_refused(content: Any, expected: str) -> None:
    assert said({ENVIRONMENT: content, **BASE}) == [expected]


def test_environment_after_an_empty_document_keeps_its_places() -> None:
    content = "# license\n---\n" + text(environment(defaultNamespace=""))
    assert said({ENVIRONMENT: content, **BASE}) == [
        "sandlane.yaml:11:23: SL201 must not be empty in 'spec.defaultNamespace'\n"
        "  hint: lower-case letters, digits and '-', with a letter or digit at both ends, such as 'defaultNamespace: shop'"
    ]


def test_missing_environment() -> None:
    with pytest.raises(FileNotFoundError):
        read(BASE)


OVERLAP = "\n  hint: choose another output.path, or name the input's directories one by one"
ROOT = "\n  hint: keep inputs and output inside the repository, or give another root with --root DIR"


@pytest.mark.parametrize(
    ("files", "spec", "expected"),
    [
        pytest.param(BASE, {}, [], id="fine"),
        pytest.param(
            BASE,
            {"base": ["bsae"]},
            ["sandlane.yaml:6:4: SL120 file or directory 'bsae' does not exist\n  hint: did you mean 'base'?"],
            id="missing",
        ),
        pytest.param(
            BASE,
            {"base": ["base", "base/ap.yaml", "zzz"]},
            [
                "sandlane.yaml:7:4: SL120 file or directory 'base/ap.yaml' does not exist\n  hint: did you mean 'app.yaml'?",
                "sandlane.yaml:8:4: SL120 file or directory 'zzz' does not exist",
            ],
            id="two-are-missing",
        ),
        pytest.param(
            BASE,
            {"base": ["../base"]},
            [f"sandlane.yaml:6:4: SL121 '../base' lies outside of the repository, the root of what may be read{ROOT}"],
            id="outside",
        ),
        pytest.param(
            BASE,
            {"base": ["base", "/etc"], "sandboxes": ["sandboxes", "a/../../b"]},
            [
                f"sandlane.yaml:7:4: SL121 '/etc' lies outside of the repository, the root of what may be read{ROOT}",
                f"sandlane.yaml:12:4: SL121 'a/../../b' lies outside of the repository, the root of what may be read{ROOT}",
            ],
            id="absolute",
        ),
        pytest.param(
            BASE,
            {"output": {"path": "../out"}},
            [f"sandlane.yaml:10:12: SL121 '../out' lies outside of the repository, the root of what may be read{ROOT}"],
            id="output-outside",
        ),
        pytest.param(
            BASE,
            {"sandboxes": ["sandboxes", "sandbxes"]},
            [
                "sandlane.yaml:11:4: SL127 notice: directory 'sandbxes' does not exist, so there are no sandboxes in it"
            ],
            id="missing-sandboxes",
        ),
        pytest.param(
            BASE,
            {"base": ["base", "https://example.com/shop//base"]},
            [
                "sandlane.yaml:7:4: SL120 file or directory 'https://example.com/shop//base' does not exist\n  hint: what needs the "
                "network is built before, and piped in: kustomize build https://example.com/shop//base | sandlane render --base -"
            ],
            id="an-address",
        ),
        pytest.param(
            BASE,
            {"sandboxes": ["sandbxes"]},
            [
                "sandlane.yaml:10:4: SL127 directory 'sandbxes' does not exist, so there are no sandboxes in it"
                "\n  hint: did you mean 'sandboxes'?"
            ],
            id="misspelt-sandboxes",
        ),
        pytest.param(
            BASE,
            {"sandboxes": ["sandboxes/dev2.yaml"]},
            ["sandlane.yaml:10:4: SL120 file or directory 'sandboxes/dev2.yaml' does not exist\n  hint: did you mean 'dev1.yaml'?"],
            id="missing-spec",
        ),
        pytest.param(
            {**BASE, "base/sub/kustomization.yaml": "resources: []\n"},
            {},
            [
                "base/sub/kustomization.yaml:1:1: SL122 'base/sub' is a kustomization in a directory of plain manifests"
                "\n  hint: name it in 'base' itself to have it built, or keep it elsewhere"
            ],
            id="kustomization",
        ),
        pytest.param(
            BASE,
            {"base": ["base", "."], "output": {"path": "rendered"}},
            [
                "sandlane.yaml:7:4: SL126 base '.' overlaps the output directory 'rendered'"
                "\n  hint: name the input's directories, such as 'base: [base]', or choose another output.path"
            ],
            id="output-below-the-base",
        ),
        pytest.param(
            {**BASE, "rendered/x.yaml": [manifest("ConfigMap", "c")]},
            {"base": ["base", "rendered/x.yaml"]},
            [f"sandlane.yaml:7:4: SL126 base 'rendered/x.yaml' overlaps the output directory 'rendered'{OVERLAP}"],
            id="base-below-the-output",
        ),
        pytest.param(
            BASE,
            {"output": {"path": "sandboxes"}, "sandboxes": ["sandboxes/."]},
            [f"sandlane.yaml:13:4: SL126 sandboxes 'sandboxes/.' overlaps the output directory 'sandboxes'{OVERLAP}"],
            id="sandboxes-are-the-output",
        ),
    ],
)  # fmt: skip
def test_entries(files: dict[str, Any], spec: dict[str, Any], expected: list[str]) -> None:
    assert said({ENVIRONMENT: environment(**spec), **files}) == expected


def test_mistakes_of_environment_and_base_come_together() -> None:
    files = {
        ENVIRONMENT: environment(base=["base", "zzz"]),
        **BASE,
        "base/b.yaml": "x: 1\n",
        "base/c.yaml": "a: b: c\n",
    }
    assert said(files) == [
        "base/b.yaml:1:1: SL123 no Kubernetes object: apiVersion and kind and metadata missing or no string\n  hint: a manifest "
        "needs apiVersion, kind and metadata.name; mark other files with a comment '# +argocd:skip-file-rendering'",
        "base/c.yaml:1:5: SL101 not valid YAML: ': ' stands in a value that has no quotes\n"
        "  hint: quote the value: 'a: \"b: c\"'",
        "sandlane.yaml:7:4: SL120 file or directory 'zzz' does not exist",
    ]


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        pytest.param("base/a.yml", manifest("ConfigMap", "x"), True, id="yml"),
        pytest.param("base/a.json", manifest("ConfigMap", "x"), True, id="json"),
        pytest.param("base/deep/er/a.yaml", manifest("ConfigMap", "x"), True, id="below"),
        pytest.param("base/a.txt", "not: [yaml", False, id="other-suffix"),
        pytest.param("base/.hidden.yaml", "not: [yaml", False, id="hidden"),
        pytest.param("base/.git/a.yaml", "not: [yaml", False, id="hidden-directory"),
        pytest.param("base/a.yaml", "# +argocd:skip-file-rendering\nnot: [yaml\n", False, id="skip-mark"),
        pytest.param("base/a.yaml", "# x\n#+argocd:skip-file-rendering\nnot: [yaml\n", False, id="skip-mark-below"),
        pytest.param("base/a.yaml", sandbox("dev2"), False, id="own-kind"),
    ],
)
def test_which_files_of_a_directory_are_the_base(path: str, content: Any, expected: bool) -> None:
    found = read({ENVIRONMENT: environment(), **BASE, path: content})
    assert ("ConfigMap/default/x" in [str(r.id) for r in found.base.resources]) is expected


def test_specs_with_the_skip_mark_are_read() -> None:
    content = "# +argocd:skip-file-rendering\n" + text(sandbox("dev1"))
    found = read({ENVIRONMENT: environment(), **BASE, "sandboxes/dev1.yaml": content})
    assert [s.name for s in found.sandboxes] == ["dev1"]


def test_each_file_is_read_once() -> None:
    found = read({ENVIRONMENT: environment(base=["base", "base/app.yaml", "./base"]), **BASE})
    assert [str(r.id) for r in found.base.resources] == ["Service/default/web", "Deployment/default/web"]


def test_the_environment_may_lie_among_the_specs() -> None:
    files = {
        f"sandboxes/{ENVIRONMENT}": environment(base=["../base"], sandboxes=["."], output={"path": "../out"}),
        **BASE,
    }
    assert said(files, f"sandboxes/{ENVIRONMENT}") == []


def test_the_order_of_entries_does_not_matter() -> None:
    files = {**BASE, "b.yaml": manifest("ConfigMap", "b"), "a.yaml": manifest("ConfigMap", "a")}
    one, two = (
        read({ENVIRONMENT: environment(base=base), **files}).base.resources
        for base in (["base", "a.yaml", "b.yaml"], ["b.yaml", "a.yaml", "base"])
    )
    assert one == two


class OddTree(MemoryTree):
    """A tree with a linked directory, an unreadable file and a link that leaves the root."""

    def kind(self, path: str) -> Kind | None:
        """Tells what a path is; raises OutsideRoot for the link that leaves the root."""
        if path == "base/outside":
            raise OutsideRoot(path)
        return "link" if path == "base/link" else super().kind(path)

    def read(self, path: str) -> bytes:
        """Returns the bytes of a file; raises Unreadable for one."""
        if path.endswith("secret.yaml"):
            raise Unreadable(f"'{path}': Permission denied")
        return super().read(path)


def odd(files: dict[str, Any]) -> list[str]:
    held = OddTree({p: t if isinstance(t, str) else text(t) for p, t in files.items()})
    try:
        return shown(read_inputs(held, ENVIRONMENT).problems, held)
    except Invalid as invalid:
        return shown(invalid.problems, held)


@pytest.mark.parametrize(
    ("extra", "spec", "expected"),
    [
        pytest.param(
            {"base/link/a.yaml": "x"},
            {},
            ["sandlane.yaml:6:4: SL128 cannot be read: 'base/link' is a link to a directory: name that directory itself"],
            id="link",
        ),
        pytest.param(
            {"base/link/a.yaml": text(manifest("ConfigMap", "x"))}, {"base": ["base/link"]}, [], id="link-by-name"
        ),
        pytest.param(
            {"base/outside": "x"},
            {},
            [f"sandlane.yaml:6:4: SL121 'base/outside' lies outside of the repository, the root of what may be read{ROOT}"],
            id="link-that-leaves-the-root",
        ),
        pytest.param(
            {"base/secret.yaml": "x"},
            {},
            ["sandlane.yaml:6:4: SL128 cannot be read: 'base/secret.yaml': Permission denied"],
            id="unreadable-manifest",
        ),
        pytest.param(
            {"base/secret.yaml": "x"},
            {"base": ["base/secret.yaml"]},
            ["base/secret.yaml: SL128 cannot be read: 'base/secret.yaml': Permission denied"],
            id="unreadable-manifest-by-name",
        ),
        pytest.param(
            {"sandboxes/secret.yaml": "x"},
            {},
            ["sandboxes/secret.yaml: SL128 cannot be read: 'sandboxes/secret.yaml': Permission denied"],
            id="unreadable-spec",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read(extra: dict[str, str], spec: dict[str, Any], expected: list[str]) -> None:
    files = {ENVIRONMENT: environment(**spec), "base/app.yaml": text(service(), deployment())}
    assert odd({**files, "sandboxes/dev1.yaml": sandbox("dev1"), **extra}) == expected


def test_directories_have_a_bound() -> None:
    deep = "base/" + "d/" * 65 + "a.yaml"
    assert said({ENVIRONMENT: environment(), **BASE, deep: "x: 1\n"}) == [
        f"sandlane.yaml:6:4: SL128 cannot be read: '{deep.rpartition('/')[0]}' is nested deeper than 64 directories"
    ]


def test_a_chart_among_manifests_is_told_as_one() -> None:
    chart = {
        "base/chart/Chart.yaml": "apiVersion: v2\n",
        "base/chart/templates/a.yaml": "a: {{ .b }}\n",
        "base/chart/values.yaml": "a: 1\n",
    }
    assert said({ENVIRONMENT: text(environment()), **BASE, **chart}) == [
        "base/chart/Chart.yaml:1:1: SL146 'base/chart' is a Helm chart, and no manifests\n"
        "  hint: pipe in what Helm makes of it: helm template NAME base/chart | sandlane render --base -"
    ]
