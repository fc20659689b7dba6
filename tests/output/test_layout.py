from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.k8s.resource import Resource, ResourceId
from sandlane.output.layout import MARK, READMES, Placed, collisions, emit, escaped, path_of, readme
from sandlane.problems.problem import Source, show
from sandlane.yamlio.read import read


def placed(
    group: str, kind: str, namespace: str, name: str, directory: str = "shared", body: dict[str, Any] | None = None
) -> Placed:
    manifest = body or {"kind": kind, "metadata": {"name": name}}
    return Placed(directory=directory, id=ResourceId(group, kind, namespace, name), manifest=manifest)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            placed("networking.istio.io", "VirtualService", "shop", "cart"),
            "shared/shop/virtualservice-cart.yaml",
            id="well-known",
        ),
        pytest.param(
            placed("apps", "Deployment", "shop", "cart-dev1", "sandboxes/dev1"),
            "sandboxes/dev1/shop/deployment-cart-dev1.yaml",
            id="sandbox",
        ),
        pytest.param(
            placed("serving.knative.dev", "Service", "shop", "cart"),
            "shared/shop/service.serving.knative.dev-cart.yaml",
            id="same-kind-of-another-group",
        ),
        pytest.param(placed("", "Secret", "shop", "s"), "shared/shop/secret-s.yaml", id="core-has-no-group"),
        pytest.param(
            placed("", "Namespace", "", "shop", "base"), "base/_cluster/namespace-shop.yaml", id="cluster-scoped"
        ),
        pytest.param(
            placed("rbac.authorization.k8s.io", "ClusterRole", "", "system:admin", "base"),
            "base/_cluster/clusterrole-system%3Aadmin.yaml",
            id="escaped",
        ),
        pytest.param(placed("", "ConfigMap", "a/b", "c/../d"), "shared/a%2Fb/configmap-c%2F..%2Fd.yaml", id="slashes"),
        pytest.param(placed("", "ConfigMap", "..", "a"), "shared/%2E%2E/configmap-a.yaml", id="namespace-that-climbs"),
        pytest.param(placed("", "ConfigMap", ".", "a"), "shared/%2E/configmap-a.yaml", id="namespace-dot"),
    ],
)
def test_path_of(given: Placed, expected: str) -> None:
    assert path_of(given) == expected


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, id=kind) for kind in ("ConfigMap", "Deployment", "VirtualService")],
)
def test_the_longest_name_of_kubernetes_fits_into_a_file_name(kind: str) -> None:
    longest = [path_of(placed("", kind, "shop", "a" * 252 + end)) for end in "ab"]
    assert [len(path.rpartition("/")[2].encode()) <= 255 for path in longest] == [True, True]
    assert longest[0] != longest[1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("a-b_c.D9", "a-b_c.D9", id="plain"),
        pytest.param("%2F", "%252F", id="percent"),
        pytest.param("é", "%C3%A9", id="bytes-of-utf-8"),
        pytest.param("a b\n\0", "a%20b%0A%00", id="control"),
        pytest.param('\\:*?"<>|', "%5C%3A%2A%3F%22%3C%3E%7C", id="windows"),
    ],
)
def test_escaped(name: str, expected: str) -> None:
    assert escaped(name) == expected


@given(st.text(max_size=8), st.text(max_size=8))
def test_escaping_keeps_names_apart(one: str, two: str) -> None:
    assert (escaped(one) == escaped(two)) == (one == two)
    assert "/" not in escaped(one)


DIFFER = "\n  hint: rename one: their names are generated, or differ in upper and lower case only"


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param([placed("", "Secret", "a", "b"), placed("", "Secret", "b", "b")], [], id="none"),
        pytest.param(
            [placed("", "ConfigMap", "a", "Config"), placed("", "ConfigMap", "a", "config")],
            [
                "SL503 two objects would be written to 'shared/a/configmap-config.yaml': 'ConfigMap/a/Config' and "
                "'ConfigMap/a/config'" + DIFFER
            ],
            id="case-of-the-name",
        ),
        pytest.param(
            [placed("", "ConfigMap", "A", "x"), placed("", "ConfigMap", "a", "x")],
            [
                "SL503 two objects would be written to 'shared/a/configmap-x.yaml': 'ConfigMap/A/x' and "
                "'ConfigMap/a/x'" + DIFFER
            ],
            id="case-of-the-namespace",
        ),
        pytest.param(
            [placed("", "ConfigMap", "a", n) for n in ("x", "X", "x2")],
            [
                "SL503 two objects would be written to 'shared/a/configmap-X.yaml': 'ConfigMap/a/x' and "
                "'ConfigMap/a/X'" + DIFFER
            ],
            id="one-of-three",
        ),
        pytest.param(
            [placed("g", "Foo", "a", "x"), placed("g", "FOO", "a", "x")],
            [
                "SL503 two objects would be written to 'shared/a/foo.g-x.yaml': 'Foo/a/x' and 'FOO/a/x'" + DIFFER
            ],
            id="case-of-the-kind",
        ),
    ],
)  # fmt: skip
def test_collisions(objects: list[Placed], expected: list[str]) -> None:
    assert [show(p) for p in collisions(objects)] == expected


def test_an_output_without_objects_holds_the_fixed_files_alone() -> None:
    assert emit([], [], "shop/sandlane.yaml") == {**READMES, "README.md": readme("shop/sandlane.yaml")}
    assert readme("shop/a\nb.yaml") == f"{READMES['README.md']}\nEnvironment: shop/a\\nb.yaml\n"
    assert list(emit([], [], "e")) == ["README.md", "sandboxes/README.md", "shared/README.md"]


def test_fixed_files_begin_with_the_mark() -> None:
    assert [text.split("\n")[0] for text in READMES.values()] == [MARK] * 3


def test_emit_writes_one_object_a_file_sorted_by_path() -> None:
    body = {"metadata": {"name": "b"}, "kind": "ConfigMap", "apiVersion": "v1", "data": {"on": "yes"}}
    files = emit([placed("", "ConfigMap", "z", "b", body=body), placed("", "ConfigMap", "a", "a", "base")], [], "e")
    assert {path: text for path, text in files.items() if path not in READMES} == {
        "base/a/configmap-a.yaml": f"{MARK}\nkind: ConfigMap\nmetadata:\n  name: a\n",
        "shared/z/configmap-b.yaml": f'{MARK}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\ndata:\n  "on": "yes"\n',
    }
    assert list(files) == sorted(files)


def test_the_order_of_objects_does_not_matter() -> None:
    objects = [placed("", "ConfigMap", namespace, name) for namespace in "ba" for name in "dc"]
    one, two = emit(objects, [], "e"), emit(reversed(objects), [], "e")
    assert list(one.items()) == list(two.items())


def test_the_base_is_written_as_it_is_and_not_changed() -> None:
    shared = {"image": "a", "args": ["x", "y"]}
    manifests = [{"kind": "A", "spec": {"c": shared, "n": number}} for number in range(3)]
    before = [dict(m) for m in manifests]
    objects = [placed("", "A", "n", str(n), body=m) for n, m in enumerate(manifests)]
    with_base, without = emit(objects, manifests, "e"), emit(objects, [], "e")
    assert with_base == without
    assert manifests == before
    text = with_base["shared/n/a-2.yaml"]
    assert [d.data for d in read(text.encode(), "f")] == [manifests[2]]


def test_resources_are_hashable_by_their_ids() -> None:
    id = ResourceId("", "A", "n", "x")
    one = Resource(id=id, manifest={}, source=Source(file="a"))
    assert {one: 1}[Resource(id=id, manifest={}, source=Source(file="a"))] == 1
