from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.patch.errors import PatchError
from sandlane.patch.strategic import strategic_merge
from sandlane.problems.problem import Path
from sandlane.yamlio import read as yamlio
from tests.shared import SHARED, needs_shared


def data(text: str) -> Any:
    documents = yamlio.read(text.encode(), "test.yaml")
    return documents[0].data if documents else None


def deployment(spec: str) -> Any:
    return data(f"apiVersion: apps/v1\nkind: Deployment\nspec: {{template: {{spec: {{{spec}}}}}}}")


def service(ports: str) -> Any:
    return data(f"apiVersion: v1\nkind: Service\nspec: {{ports: {ports}}}")


def custom(spec: str) -> Any:
    return data(f"apiVersion: example.com/v1\nkind: Thing\nspec: {spec}")


def merged(manifest: Any, patch: Any) -> Any:
    group = manifest.get("apiVersion", "").rpartition("/")[0]
    return strategic_merge(manifest, patch, group=group, kind=manifest["kind"])


@pytest.mark.parametrize(
    ("manifest", "patch", "expected"),
    [
        pytest.param(custom("{a: 1, b: 2}"), {"spec": {"b": 3, "c": 4}}, custom("{a: 1, b: 3, c: 4}"), id="mapping"),
        pytest.param(custom("{a: 1, b: 2}"), {"spec": {"a": None}}, custom("{b: 2}"), id="null-removes"),
        pytest.param(
            custom("{a: null}"),
            {"spec": {"b": {"c": None, "d": 1}}},
            custom("{a: null, b: {d: 1}}"),
            id="null-in-what-is-added",
        ),
        pytest.param(custom("[1, 2]"), {"spec": [2, 3]}, custom("[2, 3]"), id="unknown-list-is-replaced"),
        pytest.param(
            custom("{containers: [{name: a, x: 1}]}"),
            {"spec": {"containers": [{"name": "b"}]}},
            custom("{containers: [{name: b}]}"),
            id="lists-of-custom-kinds-are-replaced",
        ),
        pytest.param(
            custom("{pod: {apiVersion: v1, kind: Pod, spec: {containers: [{name: a, x: 1}]}}}"),
            {"spec": {"pod": {"spec": {"containers": [{"name": "a", "w": 2}]}}}},
            custom("{pod: {apiVersion: v1, kind: Pod, spec: {containers: [{name: a, x: 1, w: 2}]}}}"),
            id="an-object-inside",
        ),
        pytest.param(
            deployment("containers: [{name: a, image: x}, {name: b, image: v}]"),
            deployment("containers: [{name: c, image: z}, {name: b, command: [run]}]"),
            deployment("containers: [{name: c, image: z}, {name: b, image: v, command: [run]}, {name: a, image: x}]"),
            id="elements-of-the-patch-go-first",
        ),
        pytest.param(
            deployment("containers: [{name: a}, {name: b}]"),
            deployment("containers: [{name: a, $patch: delete}, {name: z, $patch: delete}]"),
            deployment("containers: [{name: b}]"),
            id="delete-an-element",
        ),
        pytest.param(
            deployment("containers: [{name: a, image: x}, {name: b}]"),
            deployment("containers: [{name: a, $patch: replace, args: [q]}]"),
            deployment("containers: [{name: a, args: [q]}, {name: b}]"),
            id="replace-an-element",
        ),
        pytest.param(
            deployment("containers: [{name: a}]"),
            deployment("containers: [{$patch: replace}, {name: b, $patch: merge}]"),
            deployment("containers: [{name: b}]"),
            id="replace-a-list",
        ),
        pytest.param(
            deployment("containers: [{name: a}]"),
            deployment("containers: [{$patch: delete}]"),
            deployment(""),
            id="delete-a-list",
        ),
        pytest.param(
            deployment("tolerations: [{key: a}]"),
            deployment("tolerations: [{key: b}, {$patch: replace}]"),
            deployment("tolerations: [{key: b}]"),
            id="replace-directive-in-an-atomic-list",
        ),
        pytest.param(
            custom("{a: {x: 1}}"), custom("{a: {$patch: replace, w: 2}}"), custom("{a: {w: 2}}"), id="replace-a-mapping"
        ),
        pytest.param(
            custom("{a: 1}"), custom("{a: {$patch: replace, w: 2}}"), custom("{a: {w: 2}}"), id="replace-a-scalar"
        ),
        pytest.param(
            custom("{a: {x: 1}, b: 1}"), custom("{a: {$patch: delete}}"), custom("{b: 1}"), id="delete-a-mapping"
        ),
        pytest.param(
            custom("{b: 1}"),
            custom("{a: {$patch: delete, x: 1}}"),
            custom("{b: 1}"),
            id="delete-a-mapping-that-is-not-there",
        ),
        pytest.param(custom("{b: 1}"), {"$patch": "delete"}, None, id="delete-the-object"),
        pytest.param(
            deployment("containers: [{name: a, env: [{name: X, value: '1'}, {name: Z, value: '2'}]}]"),
            deployment("containers: [{name: a, env: [{name: Z, value: null, valueFrom: {fieldRef: {fieldPath: p}}}]}]"),
            deployment(
                "containers: [{name: a, env: [{name: Z, valueFrom: {fieldRef: {fieldPath: p}}}, {name: X, value: '1'}]}]"
            ),
            id="null-in-an-element",
        ),
        pytest.param(
            deployment("containers: [{name: a, env: [{name: X, value: '1'}, {name: X, value: '2'}]}]"),
            deployment("containers: [{name: a, env: [{name: Z, value: '3'}], image: i}]"),
            deployment(
                "containers: [{name: a, env: [{name: Z, value: '3'}, {name: X, value: '1'}, {name: X, value: '2'}], image: i}]"
            ),
            id="duplicates-that-the-patch-does-not-name-survive",
        ),
        pytest.param(
            data("apiVersion: v1\nkind: Service\nspec: {ports: [{port: 80, name: a}, {port: 80, name: b}]}"),
            data("metadata: {labels: {x: z}}"),
            data(
                "apiVersion: v1\nkind: Service\nspec: {ports: [{port: 80, name: a}, {port: 80, name: b}]}\nmetadata: {labels: {x: z}}"
            ),
            id="lists-that-the-patch-does-not-mention-survive",
        ),
        pytest.param(
            service("[{port: 80, name: http}]"),
            service("[{port: 80, protocol: TCP, targetPort: 8080}]"),
            service("[{port: 80, name: http, protocol: TCP, targetPort: 8080}]"),
            id="a-missing-protocol-is-tcp-in-the-base",
        ),
        pytest.param(
            service("[{port: 80, name: udp, protocol: UDP}, {port: 80, name: tcp, protocol: TCP}]"),
            service("[{port: 80, targetPort: 1}]"),
            service("[{port: 80, name: udp, protocol: UDP}, {port: 80, name: tcp, protocol: TCP, targetPort: 1}]"),
            id="a-missing-protocol-is-tcp-in-the-patch",
        ),
        pytest.param(
            service("[{port: 80, protocol: TCP}, {port: 81, protocol: TCP}]"),
            service("[{port: 81, protocol: TCP, targetPort: 1}, {port: 82, protocol: UDP}]"),
            service("[{port: 82, protocol: UDP}, {port: 80, protocol: TCP}, {port: 81, protocol: TCP, targetPort: 1}]"),
            id="with-several-keys-only-new-elements-go-first",
        ),
        pytest.param(
            custom("{a: '1', b: 'true', c: text, d: 1, e: '', f: '2'}"),
            custom("{a: 2, b: false, c: 3, d: '4', e: 1.5, f: null}"),
            custom("{a: '2', b: 'false', c: 3, d: '4', e: '1.5'}"),
            id="a-number-for-a-text-that-is-quoted",
        ),
        pytest.param(
            service("[{port: '80', name: http}]"),
            service("[{port: 80, targetPort: 1}]"),
            service("[{port: '80', name: http, targetPort: 1}]"),
            id="keys-are-compared-as-text",
        ),
        pytest.param(
            deployment("topologySpreadConstraints: [{topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]"),
            deployment("topologySpreadConstraints: [{topologyKey: zone, maxSkew: 2}]"),
            deployment(
                "topologySpreadConstraints: [{topologyKey: zone, whenUnsatisfiable: DoNotSchedule, maxSkew: 2}]"
            ),
            id="a-second-key-that-is-missing",
        ),
        pytest.param(
            deployment("volumes: [{name: v, configMap: {name: c}}]"),
            deployment("volumes: [{name: v, secret: {secretName: s}}]"),
            deployment("volumes: [{name: v, secret: {secretName: s}}]"),
            id="another-source-of-a-volume",
        ),
        pytest.param(
            deployment("volumes: [{name: v, configMap: {name: c}}]"),
            deployment("volumes: [{name: v, configMap: {defaultMode: 1}}]"),
            deployment("volumes: [{name: v, configMap: {name: c, defaultMode: 1}}]"),
            id="the-same-source-of-a-volume",
        ),
        pytest.param(
            deployment("volumes: [{name: v, configMap: {name: c}, emptyDir: {}}]"),
            deployment("volumes: [{name: v, $retainKeys: [name, emptyDir], emptyDir: {medium: Memory}}]"),
            deployment("volumes: [{name: v, emptyDir: {medium: Memory}}]"),
            id="retain-keys",
        ),
        pytest.param(
            data("apiVersion: apps/v1\nkind: Deployment\nspec: {strategy: {rollingUpdate: {maxSurge: 1}}}"),
            {"spec": {"strategy": {"type": "Recreate"}}},
            data("apiVersion: apps/v1\nkind: Deployment\nspec: {strategy: {type: Recreate}}"),
            id="another-strategy",
        ),
        pytest.param(
            data("apiVersion: apps/v1\nkind: Deployment\nspec: {strategy: {rollingUpdate: {maxSurge: 1}}}"),
            {"spec": {"strategy": {"type": "RollingUpdate"}}},
            data(
                "apiVersion: apps/v1\nkind: Deployment\nspec: {strategy: {rollingUpdate: {maxSurge: 1}, type: RollingUpdate}}"
            ),
            id="the-same-strategy",
        ),
        pytest.param(
            data("apiVersion: v1\nkind: Secret\nmetadata: {finalizers: [a, b]}"),
            data("metadata: {finalizers: [c, b]}"),
            data("apiVersion: v1\nkind: Secret\nmetadata: {finalizers: [c, b, a]}"),
            id="set-of-strings",
        ),
        pytest.param(
            data("apiVersion: v1\nkind: Secret\nmetadata: {finalizers: [a, b]}"),
            data("metadata: {$deleteFromPrimitiveList/finalizers: [a, x], $deleteFromPrimitiveList/other: [z]}"),
            data("apiVersion: v1\nkind: Secret\nmetadata: {finalizers: [b]}"),
            id="delete-from-a-set",
        ),
        pytest.param(
            data("apiVersion: v1\nkind: Secret\nmetadata: {finalizers: [a, b]}"),
            data("metadata: {finalizers: [c], $setElementOrder/finalizers: [a, b, c]}"),
            data("apiVersion: v1\nkind: Secret\nmetadata: {finalizers: [a, b, c]}"),
            id="order-of-a-set",
        ),
        pytest.param(
            deployment("containers: [{name: a}, {name: b}, {name: c}, {name: d}]"),
            deployment(
                "$setElementOrder/containers: [{name: d}, {name: m}, {name: a}], containers: [{name: m}, {name: a, x: 1}]"
            ),
            deployment("containers: [{name: b}, {name: c}, {name: d}, {name: m}, {name: a, x: 1}]"),
            id="order-of-elements",
        ),
        pytest.param(
            deployment("containers: [{name: a}, {name: b}]"),
            deployment("$setElementOrder/containers: [{name: b}, {name: a}]"),
            deployment("containers: [{name: b}, {name: a}]"),
            id="order-alone",
        ),
        pytest.param(
            deployment("containers: [{name: a}, x, {name: b}, {name: d}]"),
            deployment(
                "$setElementOrder/containers: [{name: a}, {name: m}, {name: d}], containers: [{name: m}, {name: d}]"
            ),
            deployment("containers: [{name: a}, x, {name: b}, {name: m}, {name: d}]"),
            id="others-keep-their-place-in-an-order",
        ),
    ],
)
def test_strategic_merge(manifest: Any, patch: Any, expected: Any) -> None:
    before = copy.deepcopy((manifest, patch))
    assert json.dumps(merged(manifest, patch)) == json.dumps(expected)
    assert (manifest, patch) == before


@pytest.mark.parametrize(
    ("manifest", "patch", "message", "path"),
    [
        pytest.param(
            deployment("containers: [{name: a}]"),
            deployment("containers: [{image: x}]"),
            "'name' is missing, by which the elements of this list are told apart",
            ("spec", "template", "spec", "containers", 0),
            id="no-key",
        ),
        pytest.param(
            deployment("containers: [{name: a}]"),
            deployment("containers: [x]"),
            "expected a mapping with 'name', not a string",
            ("spec", "template", "spec", "containers", 0),
            id="no-mapping",
        ),
        pytest.param(
            deployment("containers: [{name: a}, {name: a}]"),
            deployment("containers: [{name: a, x: 1}]"),
            "2 elements of this list have name 'a': it is not clear which one is meant",
            ("spec", "template", "spec", "containers", 0),
            id="several-elements",
        ),
        pytest.param(
            service("[]"),
            service("[{port: 80}, {port: 80, protocol: TCP}]"),
            "a second element with port '80' and protocol 'TCP'",
            ("spec", "ports", 1),
            id="twice-in-the-patch",
        ),
        pytest.param(
            custom("{a: 1}"),
            custom("{$patch: remove}"),
            "unknown directive 'remove', expected one of merge, replace, delete",
            ("spec", "$patch"),
            id="unknown-directive",
        ),
        pytest.param(
            custom("{a: {b: 1}}"),
            custom("{a: [1]}"),
            "a list cannot be merged into a mapping: expected a mapping, or null to remove it",
            ("spec", "a"),
            id="another-type",
        ),
        pytest.param(
            custom("{a: 1}"),
            custom("{a: {b: 1}}"),
            "a mapping cannot be merged into a number: expected a number, or null to remove it",
            ("spec", "a"),
            id="mapping-into-scalar",
        ),
        pytest.param(
            deployment("tolerations: []"),
            deployment("tolerations: [{key: a, $patch: delete}]"),
            "'$patch' has no meaning here: this list has no merge key and is replaced as a whole",
            ("spec", "template", "spec", "tolerations", 0, "$patch"),
            id="directive-in-an-atomic-list",
        ),
        pytest.param(
            data("apiVersion: v1\nkind: Secret\nmetadata: {finalizers: [a]}"),
            data("metadata: {finalizers: [{a: b}]}"),
            "expected a string, not a mapping",
            ("metadata", "finalizers", 0),
            id="mapping-in-a-set",
        ),
        pytest.param(
            custom("{a: 1, b: 2}"),
            custom("{$retainKeys: [a], b: 3}"),
            "'b' is set here and missing in '$retainKeys'",
            ("spec", "b"),
            id="retain-keys-without-a-key",
        ),
        pytest.param(
            custom("{a: 1}"),
            custom("{$retainKeys: a}"),
            "expected a list of field names, not a string",
            ("spec", "$retainKeys"),
            id="retain-keys-is-no-list",
        ),
        pytest.param(
            custom("{a: [1]}"),
            custom("{$setElementOrder/a: 1}"),
            "expected a list, not a number",
            ("spec", "$setElementOrder/a"),
            id="order-is-no-list",
        ),
        pytest.param(
            deployment("containers: [{name: a}]"),
            deployment("$setElementOrder/containers: [{name: a}], containers: [{name: b}]"),
            "the element with name 'b' is missing in this order",
            ("spec", "template", "spec", "$setElementOrder/containers"),
            id="order-without-an-element",
        ),
    ],
)
def test_what_cannot_be_merged(manifest: Any, patch: Any, message: str, path: Path) -> None:
    with pytest.raises(PatchError) as error:
        merged(manifest, patch)
    assert (error.value.message, error.value.path) == (message, path)


def test_too_deep_ends_quickly() -> None:
    patch: Any = {}
    for _ in range(5000):
        patch = {"a": patch}
    before = time.process_time()
    with pytest.raises(PatchError) as error:
        merged(custom("{}"), patch)
    assert error.value.message == "the patch is nested deeper than 100 levels"
    listed: Any = []
    for _ in range(5000):
        listed = [listed]
    with pytest.raises(PatchError) as error:
        merged(custom("{}"), {"spec": {"a": listed}})
    assert error.value.message == "the patch is nested deeper than 100 levels"
    assert time.process_time() - before < 10


def test_a_long_list_costs_its_length() -> None:
    items = [{"name": f"v{n}", "value": "x"} for n in range(20_000)]
    manifest = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a", "env": items}]}}
    before = time.process_time()
    found = merged(manifest, {"spec": {"containers": [{"name": "a", "env": list(reversed(items))}]}})
    assert [e["name"] for e in found["spec"]["containers"][0]["env"]] == [f"v{n}" for n in reversed(range(20_000))]
    assert time.process_time() - before < 10


def test_what_does_not_change_is_shared() -> None:
    manifest = deployment(
        "containers: [{name: a, env: [{name: X, value: '1'}], ports: [{containerPort: 1}]}], volumes: [{name: v}]"
    )
    same = merged(manifest, deployment("containers: [{name: a, env: [{name: X, value: '1'}]}]"))
    assert same is manifest
    found = merged(manifest, deployment("containers: [{name: a, env: [{name: X, value: '2'}]}]"))
    old, new = manifest["spec"]["template"]["spec"], found["spec"]["template"]["spec"]
    assert (new["volumes"] is old["volumes"], new["containers"][0]["ports"] is old["containers"][0]["ports"]) == (
        True,
        True,
    )


keys = st.sampled_from(["name", "spec", "containers", "env", "x"])
values = st.recursive(
    st.one_of(st.none(), st.integers(0, 2), st.sampled_from(["a", "b"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=10,
)
pods = st.fixed_dictionaries(
    {
        "apiVersion": st.just("v1"),
        "kind": st.just("Pod"),
        "spec": st.dictionaries(keys, values, max_size=3),
    }
)


@given(pods, st.dictionaries(keys, values, max_size=3))
def test_merging_leaves_both_alone_and_is_idempotent(manifest: Any, patch: Any) -> None:
    before = copy.deepcopy((manifest, patch))
    try:
        once = merged(manifest, patch)
    except PatchError:
        once = None
    assert (manifest, patch) == before
    if once is not None:
        assert merged(once, patch) == once


APPENDED = {
    "elementTestCases/merge_primitive_finalizers",
    "listTestCases/merge k8s deployment volumes - append",
    "mapTestCases/port patch has no protocol and different port number",
}
"""Cases of a mode of kyaml that kustomize's builds never use: new elements go last."""


@needs_shared
def test_cases_of_kustomize() -> None:
    cases = json.loads((SHARED / "cases" / "strategic-merge.json").read_text())["cases"]
    differ = {
        case["name"] for case in cases if merged(data(case["dest"]), data(case["patch"])) != data(case["expected"])
    }
    assert (len(cases), differ) == (36, APPENDED)
