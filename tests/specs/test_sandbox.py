from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.overrides.changes import Changes
from sandlane.overrides.containers import Container
from sandlane.overrides.env import Variable
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid, Source
from sandlane.specs.forms import ACCEPTABLE
from sandlane.specs.inputs import read_inputs
from sandlane.specs.model import Acceptance, RouteGroup, Sandbox, Workload
from sandlane.specs.sandbox import Specs, read_specs
from tests.rim import deployment, environment, group, inputs, record, sandbox, service, shown, text, tree


def read(files: dict[str, Any]) -> Specs:
    return read_specs(tree(files), sorted(files), record(default_namespace="shop"))


def said(files: dict[str, Any]) -> list[str]:
    return shown(read(files).problems, tree(files))


def test_sandbox_with_defaults() -> None:
    assert read({"a.yaml": sandbox("dev1")}) == Specs(
        sandboxes=(
            Sandbox(
                name="dev1",
                labels={},
                source=Source(file="a.yaml"),
                tenant="dev1",
                tenant_path=("metadata", "name"),
                owner=None,
                expires=None,
                suspend=False,
                workloads=(
                    Workload(
                        path=("spec", "workloads", 0),
                        kind="Deployment",
                        namespace="shop",
                        name="web",
                        changes=Changes(source=Source(file="a.yaml"), path=("spec", "workloads", 0)),
                        replicas=1,
                        accept=(),
                    ),
                ),
            ),
        ),
        groups=(),
        problems=(),
        rejected=frozenset(),
    )


def test_sandbox_in_full() -> None:
    spec = {
        **sandbox(
            "dev1",
            {
                "name": "db",
                "kind": "StatefulSet",
                "namespace": "data",
                "image": "a:1",
                "replicas": 0,
                "containers": [
                    {
                        "name": "app",
                        "image": "b:2",
                        "env": [
                            {"name": "A", "value": ""},
                            {"name": "B", "remove": True},
                            {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "x"}}},
                        ],
                    }
                ],
                "accept": [{"code": "SL310", "object": "StatefulSet/data/db", "reason": "mine"}],
            },
            tenantID="t",
            owner="dana",
            expires="2028-02-29",
            suspend=True,
        ),
        "metadata": {"name": "dev1", "labels": {"a": "b"}},
    }
    specs = read({"a.yaml": spec})
    (found,) = specs.sandboxes
    assert specs == Specs(sandboxes=(found,), groups=(), problems=(), rejected=frozenset())
    assert (found.tenant, found.tenant_path) == ("t", ("spec", "tenantID"))
    assert (found.owner, found.expires, found.suspend) == ("dana", "2028-02-29", True)
    assert found.labels == {"a": "b"}
    assert found.workloads == (
        Workload(
            path=("spec", "workloads", 0),
            kind="StatefulSet",
            namespace="data",
            name="db",
            changes=Changes(
                source=Source(file="a.yaml"),
                path=("spec", "workloads", 0),
                values={
                    "image": "a:1",
                    "containers": (
                        Container(
                            name="app",
                            image="b:2",
                            env=(
                                Variable(name="A", body={"value": ""}),
                                Variable(name="B", body=None),
                                Variable(name="C", body={"valueFrom": {"fieldRef": {"fieldPath": "x"}}}),
                            ),
                        ),
                    ),
                },
            ),
            replicas=0,
            accept=(Acceptance(code="SL310", object="StatefulSet/data/db", reason="mine"),),
        ),
    )
    assert str(found.workloads[0]) == "StatefulSet/data/db"


@pytest.mark.parametrize(
    ("spec", "sandboxes", "labels"),
    [
        pytest.param({"sandboxes": ["b", "a"]}, ("b", "a"), None, id="by-name"),
        pytest.param({"selector": {"matchLabels": {"a": "b"}}}, (), {"a": "b"}, id="by-label"),
        pytest.param({"sandboxes": [], "selector": {"matchLabels": {"a": "b"}}}, (), {"a": "b"}, id="both"),
    ],
)
def test_route_group(spec: dict[str, Any], sandboxes: tuple[str, ...], labels: dict[str, str] | None) -> None:
    assert read({"a.yaml": group("rel", **spec)}) == Specs(
        sandboxes=(),
        groups=(
            RouteGroup(
                name="rel",
                source=Source(file="a.yaml"),
                tenant="rel",
                tenant_path=("metadata", "name"),
                owner=None,
                expires=None,
                sandboxes=sandboxes,
                match_labels=labels,
            ),
        ),
        problems=(),
        rejected=frozenset(),
    )


def test_a_route_group_with_a_tenant_of_its_own() -> None:
    (found,) = read({"a.yaml": group("rel", tenantID="t", sandboxes=["a"])}).groups
    assert (found.name, found.tenant, found.tenant_path) == ("rel", "t", ("spec", "tenantID"))


def test_records_are_sorted_by_name_and_know_their_documents() -> None:
    files = {
        "a.yaml": [sandbox("c"), None, group("z", sandboxes=["c"])],
        "b.yaml": [group("y", sandboxes=["c"]), sandbox("b")],
    }
    found = read(files)
    assert [(s.name, s.source) for s in found.sandboxes] == [
        ("b", Source(file="b.yaml", document=1)),
        ("c", Source(file="a.yaml")),
    ]
    assert [(g.name, g.source) for g in found.groups] == [
        ("y", Source(file="b.yaml")),
        ("z", Source(file="a.yaml", document=2)),
    ]
    assert (found.problems, found.rejected) == ((), frozenset())


START = "\n  hint: start the file with 'apiVersion: sandlane.dev/v1alpha1' and 'kind: DevelopmentSandbox'"
MANIFEST = "\n  hint: manifests belong to the base, or into a directory that is none of specs, named by 'resources' of a sandbox"
OWN_TENANT = "\n  hint: give each sandbox and each route group a tenantID of its own"
OWN_NAME = "\n  hint: give each sandbox and each route group a name of its own"
MERGE = "\n  hint: merge the two entries"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"a.yaml": "", "b.yaml": "---\nnull\n", "c.yaml": sandbox("c", resources=["d.yaml"]), "d.yaml": "# none\n"},
            ["a.yaml: SL261 'a.yaml' is empty: the sandbox that it had would be taken away\n  hint: restore it, write a spec into it "
             "('sandlane set a WORKLOAD=IMAGE' does), or remove it",
             "b.yaml:2:1: SL255 notice: 'b.yaml' holds no spec: it has nothing but comments\n  hint: write a spec into it "
             "('sandlane set b WORKLOAD=IMAGE' does), or remove it"],
            id="empty-file",
        ),
        pytest.param(
            {"a.yaml": service()},
            [f"a.yaml:3:10: SL204 expected a DevelopmentSandbox or a RouteGroup, found kind 'Service' of apiVersion 'v1'{MANIFEST}"],
            id="manifest",
        ),
        pytest.param(
            {"a.yaml": {**sandbox("a"), "apiVersion": "example.com/v1"}},
            [
                "a.yaml:2:16: SL204 expected a DevelopmentSandbox or a RouteGroup, found apiVersion 'example.com/v1'\n"
                "  hint: write 'apiVersion: sandlane.dev/v1alpha1'"
            ],
            id="another-group",
        ),
        pytest.param(
            {"a.yaml": "text"}, [f"a.yaml:1:1: SL204 expected a DevelopmentSandbox or a RouteGroup, found no mapping{START}"], id="text"
        ),
        pytest.param(
            {"a.yaml": [[1]]}, [f"a.yaml:1:1: SL204 expected a DevelopmentSandbox or a RouteGroup, found no mapping{START}"], id="list"
        ),
        pytest.param(
            {"a.yaml": {**sandbox("a"), "apiVersion": "sandlane.dev/v2"}},
            ["a.yaml:2:16: SL201 expected sandlane.dev/v1alpha1, found 'sandlane.dev/v2' in 'apiVersion'\n"
             "  hint: write 'apiVersion: sandlane.dev/v1alpha1'"],
            id="another-version",
        ),
        pytest.param(
            {"a.yaml": "a: b: c\n", "b.yaml": sandbox("b")},
            ["a.yaml:1:5: SL101 not valid YAML: ': ' stands in a value that has no quotes\n  hint: quote the value: 'a: \"b: c\"'"],
            id="syntax",
        ),
        pytest.param(
            {"\udcff.yaml": sandbox("a")},
            ["\\udcff.yaml:1:1: SL128 cannot be read: '\\udcff.yaml' has a name that is not UTF-8"],
            id="file-name-of-no-text",
        ),
        pytest.param(
            {"a.yaml": sandbox("a", resources=["x.yaml", "./x.yaml"]), "x.yaml": "a: 1\n"},
            [f"a.yaml:15:4: SL207 'x.yaml' stands twice in 'resources'{MERGE}"],
            id="resource-twice",
        ),
        pytest.param(
            {"a.yaml": sandbox("a"), "b.yaml": sandbox("a", tenantID="other")},
            [
                f"a.yaml:5:11: SL206 name 'a' is also claimed by sandbox 'a' in b.yaml{OWN_NAME}",
                f"b.yaml:5:11: SL206 name 'a' is also claimed by sandbox 'a' in a.yaml{OWN_NAME}",
            ],
            id="name-twice",
        ),
        pytest.param(
            {"a.yaml": sandbox("a"), "b.yaml": group("a", tenantID="other", sandboxes=["a"])},
            [
                f"a.yaml:5:11: SL206 name 'a' is also claimed by route group 'a' in b.yaml{OWN_NAME}",
                f"b.yaml:5:11: SL206 name 'a' is also claimed by sandbox 'a' in a.yaml{OWN_NAME}",
            ],
            id="name-of-a-group",
        ),
        pytest.param(
            {"a.yaml": sandbox("a", tenantID="t"), "b.yaml": sandbox("b", tenantID="t")},
            [
                f"a.yaml:13:15: SL205 tenantID 't' is also claimed by sandbox 'b' in b.yaml{OWN_TENANT}",
                f"b.yaml:13:15: SL205 tenantID 't' is also claimed by sandbox 'a' in a.yaml{OWN_TENANT}",
            ],
            id="tenant-twice",
        ),
        pytest.param(
            {"a.yaml": group("g", tenantID="t", sandboxes=["b"]), "b.yaml": sandbox("b", tenantID="t")},
            [
                f"a.yaml:8:15: SL205 tenantID 't' is also claimed by sandbox 'b' in b.yaml{OWN_TENANT}",
                f"b.yaml:13:15: SL205 tenantID 't' is also claimed by route group 'g' in a.yaml{OWN_TENANT}",
            ],
            id="tenant-of-a-group",
        ),
        pytest.param(
            {"a.yaml": sandbox("b", tenantID="a"), "b.yaml": sandbox("a")},
            [
                f"a.yaml:13:15: SL205 tenantID 'a' is also claimed by sandbox 'a' in b.yaml{OWN_TENANT}",
                f"b.yaml:5:11: SL205 tenantID 'a' is also claimed by sandbox 'b' in a.yaml{OWN_TENANT}",
            ],
            id="tenant-that-is-the-name",
        ),
        pytest.param(
            {"a.yaml": sandbox("a"), "b.yaml": group("g", tenantID="a", sandboxes=["a"])},
            [
                f"a.yaml:5:11: SL205 tenantID 'a' is also claimed by route group 'g' in b.yaml{OWN_TENANT}",
                f"b.yaml:8:15: SL205 tenantID 'a' is also claimed by sandbox 'a' in a.yaml{OWN_TENANT}",
            ],
            id="tenant-of-a-sandbox",
        ),
        pytest.param(
            {"a.yaml": sandbox("a", suspend=True), "b.yaml": sandbox("b", tenantID="a")},
            [
                f"a.yaml:5:11: SL205 tenantID 'a' is also claimed by sandbox 'b' in b.yaml{OWN_TENANT}",
                f"b.yaml:13:15: SL205 tenantID 'a' is also claimed by sandbox 'a' in a.yaml{OWN_TENANT}",
            ],
            id="suspended-sandboxes-keep-their-tenant",
        ),
        pytest.param(
            {"a.yaml": sandbox("a", {"name": "web"}, {"name": "web", "kind": "StatefulSet"}, {"name": "web"})},
            [f"a.yaml:17:13: SL207 'Deployment/shop/web' stands twice in 'workloads'{MERGE}"],
            id="workload-twice",
        ),
        pytest.param(
            {"a.yaml": sandbox("a", {"name": "web"}, {"name": "web", "namespace": "shop"})},
            [f"a.yaml:13:13: SL207 'Deployment/shop/web' stands twice in 'workloads'{MERGE}"],
            id="workload-twice-in-the-default-namespace",
        ),
        pytest.param(
            {"a.yaml": sandbox("a", {"name": "web", "containers": [{"name": "x"}, {"name": "x"}]})},
            [f"a.yaml:16:15: SL207 'x' stands twice in 'containers'{MERGE}"],
            id="container-twice",
        ),
        pytest.param(
            {"a.yaml": sandbox("a", {"name": "web", "containers": [{"name": "x", "env": [{"name": "A", "value": v} for v in "ab"]}]})},
            [f"a.yaml:20:17: SL207 'A' stands twice in 'env'{MERGE}"],
            id="variable-twice",
        ),
        pytest.param(
            {"a.yaml": group("g", sandboxes=["a", "b", "a"])},
            [f"a.yaml:11:4: SL207 'a' stands twice in 'sandboxes'{MERGE}"],
            id="member-twice",
        ),
        pytest.param(
            {"a.yaml": sandbox("a", expires="2026-02-30")},
            ["a.yaml:13:14: SL201 '2026-02-30' is no day of the calendar in 'spec.expires'\n"
             "  hint: write 'expires: 2026-02-28', the last day of that month"],
            id="day-that-does-not-exist",
        ),
        pytest.param(
            {"a.yaml": sandbox("a", expires="2026-02-30", owner=["a", "b"])},
            [
                "a.yaml:13:14: SL201 '2026-02-30' is no day of the calendar in 'spec.expires'\n"
                "  hint: write 'expires: 2026-02-28', the last day of that month",
                "a.yaml:14:12: SL201 expected a string, found a list in 'spec.owner'\n"
                "  hint: Who answers for the sandbox; an annotation on its objects: 'owner: dana'",
            ],
            id="day-that-does-not-exist-beside-another-mistake",
        ),
        pytest.param(
            {"a.yaml": group("a", expires="2026-04-31", sandboxes=[1])},
            [
                "a.yaml:8:14: SL201 '2026-04-31' is no day of the calendar in 'spec.expires'\n"
                "  hint: write 'expires: 2026-04-30', the last day of that month",
                "a.yaml:10:4: SL201 expected a string, found the number 1 in 'spec.sandboxes[0]'\n  hint: quote it: \"1\"",
            ],
            id="day-of-a-group-that-does-not-exist",
        ),
        pytest.param(
            {"a.yaml": {"apiVersion": "sandlane.dev/v1alpha1"}},
            [
                "a.yaml:1:1: SL203 field 'kind' is missing\n  hint: write 'kind: DevelopmentSandbox'"
            ],
            id="no-kind",
        ),
        pytest.param(
            {"a.yaml": sandbox("a", {"name": "web", "accept": [{"code": "SL210", "object": "x", "reason": "y"}]})},
            [f"a.yaml:13:15: SL219 'SL210' cannot be accepted\n  hint: codes that can: {', '.join(ACCEPTABLE)}"],
            id="not-acceptable",
        ),
        pytest.param(
            {"a.yaml": sandbox("a", {"name": "web", "accept": [{"code": "SL999", "object": "x", "reason": "y"}]})},
            [f"a.yaml:13:15: SL219 'SL999' cannot be accepted\n  hint: codes that can: {', '.join(ACCEPTABLE)}"],
            id="no-code",
        ),
    ],
)  # fmt: skip
def test_problems(files: dict[str, Any], expected: list[str]) -> None:
    assert said(files) == expected


KEYS = (
    "  hint: write a name of at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends, and before it, if at "
    "all, a DNS name and a slash: 'example.com/team'"
)


@pytest.mark.parametrize(
    "key", ["my team", "", "-a", "a/", "/a", "a/b/c", "Example.com/a", "x" * 64, "a..b/c", f"{'x' * 254}/a"]
)
def test_keys_of_labels_that_no_object_may_have(key: str) -> None:
    spec = sandbox("a")
    spec["metadata"]["labels"] = {"feature": "x", "example.com/team": "y", key: "z"}
    told = said({"a.yaml": spec})
    assert [text.partition("SL256 ")[2] for text in told] == [f"'{key}' cannot be a key of labels\n{KEYS}"]


def test_keys_of_annotations_and_selectors() -> None:
    spec = sandbox("a")
    spec["metadata"]["annotations"] = {"Example.com/Note": "x", "a b": "y"}
    chosen = {"apiVersion": spec["apiVersion"], "kind": "RouteGroup", "metadata": {"name": "g"}, "spec": {
        "sandboxes": ["a"], "selector": {"matchLabels": {"of_": "x"}}}}  # fmt: skip
    told = said({"a.yaml": spec, "g.yaml": chosen})
    assert [text.partition("SL256 ")[2].partition("\n")[0] for text in told] == [
        "'a b' cannot be a key of annotations", "'of_' cannot be a key of labels",
    ]  # fmt: skip


def test_a_bad_spec_is_left_out_and_others_stay() -> None:
    files = {"a.yaml": "a: b: c\n", "b.yaml": sandbox("b"), "c.yaml": sandbox("c", zzz=1), "d.yaml": sandbox("d")}
    files |= {"e.yaml": sandbox("d"), "\udcff.yaml": sandbox("f")}
    found = read(files)
    assert [s.name for s in found.sandboxes] == ["b"]
    assert [(p.code, p.sandbox) for p in found.problems] == [
        ("SL101", Source(file="a.yaml")),
        ("SL202", Source(file="c.yaml")),
        ("SL128", Source(file="\udcff.yaml")),
        ("SL206", Source(file="d.yaml")),
        ("SL206", Source(file="e.yaml")),
    ]
    # The name of a file that is no YAML is not known: by custom it is the file's. Of two with one name none is kept.
    assert found.rejected == frozenset({"a", "c", "d", "\udcff"})


def test_texts_name_files_as_problems_do() -> None:
    files = {f"envs/x/sandboxes/{name}.yaml": sandbox(name, tenantID="t") for name in "ab"}
    found = read_specs(tree(files), sorted(files), record(directory="envs/x"))
    assert shown(found.problems, tree(files)) == [
        f"envs/x/sandboxes/a.yaml:13:15: SL205 tenantID 't' is also claimed by sandbox 'b' in envs/x/sandboxes/b.yaml{OWN_TENANT}",
        f"envs/x/sandboxes/b.yaml:13:15: SL205 tenantID 't' is also claimed by sandbox 'a' in envs/x/sandboxes/a.yaml{OWN_TENANT}",
    ]


def test_plain_dates_are_strings_in_specs() -> None:
    content = text(sandbox("a")).rstrip().removesuffix("}").rstrip().removesuffix("}") + ', "expires": 2026-12-01}}\n'
    assert [s.expires for s in read({"a.yaml": content}).sandboxes] == ["2026-12-01"]


@pytest.mark.parametrize(
    ("specs", "codes"),
    [
        pytest.param([sandbox("dev1", zzz=1)], ["SL202"], id="unknown-field"),
        pytest.param([sandbox("dev1", expires="2026-02-30")], ["SL201"], id="no-day"),
        pytest.param([sandbox("dev0"), sandbox("dev1", tenantID="dev0")], ["SL205", "SL205"], id="tenant-twice"),
        pytest.param([], ["SL216"], id="no-spec-at-all"),
    ],
)
def test_a_group_is_not_blamed_for_a_member_whose_spec_is_wrong(specs: list[dict[str, Any]], codes: list[str]) -> None:
    found = inputs([service(), deployment()], *specs, group("rel", sandboxes=["dev1"]))
    with pytest.raises(Invalid) as caught:
        render(found)
    assert [p.code for p in caught.value.problems] == codes


def test_a_group_is_not_blamed_for_a_member_whose_file_is_no_yaml() -> None:
    held = tree(
        {
            "sandlane.yaml": environment(),
            "base/all.yaml": [service(), deployment()],
            "sandboxes/dev1.yaml": "a: b: c\n",
            "sandboxes/rel.yaml": group("rel", sandboxes=["dev1"]),
        }
    )
    with pytest.raises(Invalid) as caught:
        render(read_inputs(held, "sandlane.yaml"))
    assert shown(caught.value.problems, held) == [
        "sandboxes/dev1.yaml:1:5: SL101 not valid YAML: ': ' stands in a value that has no quotes\n  hint: quote the value: 'a: \"b: c\"'"
    ]


MIXED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "kind", "spec", "workloads", "tenantID", "metadata", "env"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from(["DevelopmentSandbox", "RouteGroup", "Environment", ""]), MIXED, MIXED)
def test_any_document_is_read_or_told(kind: str, metadata: Any, spec: Any) -> None:
    document = {"apiVersion": "sandlane.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
    found = read({"a.yaml": document})
    assert (len(found.sandboxes) + len(found.groups) == 1) != bool(found.problems)
    assert {p.sandbox for p in found.problems} <= {Source(file="a.yaml")}
    assert bool(found.problems) or not found.rejected
