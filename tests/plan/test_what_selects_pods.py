"""What finds pods by labels or annotations and is in no table of policies is said, and other controllers are asked on every mesh."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.k8s.calico import BadExpression, parse
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from sandlane.reports import listing
from tests.build import Object, app, deployment, inputs, object_of, sandbox, service, texts

ACCEPT = "accept it at the workload: accept: [{{code: {0}, object: {1}, reason: ...}}]"


def said(base: list[Object], *specs: Object, mesh: str = "istio") -> list[str]:
    """Returns the errors of a render, each as one text."""
    try:
        render(inputs(base, *(specs or (sandbox("dev1", "a"),)), mesh=mesh))
    except Invalid as invalid:
        return texts(list(invalid.problems))
    return []


def lost(kind: str, field: str) -> str:
    return (
        f"sandboxes/dev1.yaml: SL320 '{kind}/shop/p' applies to 'Deployment/shop/a' and cannot follow to its clone: its '{field}' "
        f"selects no pod of the clone, and nobody can say what a copy of a {kind} would do\n"
        f"  hint: let it select by a label that clones keep, or {ACCEPT.format('SL320', f'{kind}/shop/p')}"
    )


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        pytest.param(
            object_of("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy", "p", podSelector={"matchLabels": {"app": "a"}}),
            "spec.podSelector",
            id="pod-selector",
        ),
        pytest.param(
            object_of("projectcalico.org/v3", "NetworkPolicy", "p", selector="app == 'a' && !has(old)"),
            "spec.selector",
            id="calico",
        ),
        pytest.param(
            object_of("projectcalico.org/v3", "NetworkPolicy", "p", ingress=[{"source": {"selector": "app in {'a'}"}}]),
            "spec.ingress[0].source.selector",
            id="calico-peer",
        ),
        pytest.param(
            object_of("x.example/v1", "Watch", "p", inner={"workloadSelectors": [{"app": "a"}]}),
            "spec.inner.workloadSelectors[0]",
            id="plain-map-in-a-list",
        ),
        pytest.param(
            object_of(
                "cilium.io/v2", "CiliumNetworkPolicy", "p", endpointSelector={},
                ingress=[{"fromEndpoints": [{"matchLabels": {"k8s:app": "a"}}]}],
            ),
            "spec.ingress[0].fromEndpoints[0]",
            id="cilium-peer",
        ),
    ],
)  # fmt: skip
def test_kinds_that_no_table_knows(policy: Object, field: str) -> None:
    assert said([*app("a"), policy]) == [lost(policy["kind"], field)]


@pytest.mark.parametrize(
    "other",
    [
        object_of("monitoring.coreos.com/v1", "ServiceMonitor", "p", selector={"matchLabels": {"app": "a"}}),
        object_of("x.example/v1", "Watch", "p", namespaceSelector={"matchLabels": {"app": "a"}}),
        object_of("x.example/v1", "Watch", "p", podSelector={"matchLabels": {"app": "b"}}),
        object_of("x.example/v1", "Watch", "p", namespace="other", podSelector={"matchLabels": {"app": "a"}}),
        object_of("x.example/v1", "Watch", "p", template={"spec": {"podSelector": {"matchLabels": {"app": "a"}}}}),
    ],
)
def test_what_selects_no_pod_of_the_origin(other: Object) -> None:
    assert said([*app("a"), other]) == []


def test_selectors_that_gain_the_clone() -> None:
    expression = {"key": "app", "operator": "NotIn", "values": ["a"]}
    policy = object_of("x.example/v1", "Watch", "p", podSelector={"matchExpressions": [expression]})
    assert said([*app("a"), policy]) == [
        "sandboxes/dev1.yaml: SL322 'Watch/shop/p' applies by 'spec.podSelector' to the clone of 'Deployment/shop/a' and not to "
        "'Deployment/shop/a' itself\n"
        f"  hint: let it select by a label that clones keep, or {ACCEPT.format('SL322', 'Watch/shop/p')}"
    ]


def test_cilium_policies_are_copied() -> None:
    rules = [{"fromEndpoints": [{"matchLabels": {"app": "client"}}]}]
    selector = {"matchLabels": {"k8s:app": "a"}}
    policy = object_of("cilium.io/v2", "CiliumNetworkPolicy", "p", endpointSelector=selector, ingress=rules)
    found = render(inputs([*app("a"), policy], sandbox("dev1", "a"), mesh="istio")).objects
    own = {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "a"}
    made = [o for o in found if o.id.kind == "CiliumNetworkPolicy" and not o.directory.startswith("base")]
    assert {o.id.name: o.manifest["spec"] for o in made} == {
        "p-a-dev1": {"endpointSelector": {"matchLabels": own}, "ingress": rules}
    }


def test_clones_are_no_endpoints_of_service_entries() -> None:
    entry = object_of(
        "networking.istio.io/v1",
        "ServiceEntry",
        "e",
        hosts=["x.example"],
        workloadSelector={"labels": {"tier": "front"}},
    )
    base = [deployment("a", {"app": "a", "tier": "front"}), service("a"), entry]
    found = render(inputs(base, sandbox("dev1", "a"), mesh="istio")).objects
    labels = next(o for o in found if o.id.name == "a-dev1").manifest["spec"]["template"]["metadata"]["labels"]
    assert (labels["app"], labels["tier"]) == ("a-dev1", "front-dev1")


def identified(annotations: Object) -> Object:
    found = deployment("a")
    found["spec"]["template"]["metadata"]["annotations"] = annotations
    return found


def test_identity_by_annotation() -> None:
    base = [identified({"dapr.io/app-id": "a"}), service("a")]
    workload = {"name": "a", "containers": [{"name": "app", "env": [{"name": "QUEUE", "value": "x"}]}]}
    assert said(base, sandbox("dev1", workload)) == [
        "sandboxes/dev1.yaml: SL326 others find the pods of 'Deployment/shop/a' by the annotation 'dapr.io/app-id: a', which those of "
        "its clone have too: whoever calls or publishes by that name reaches the clone as well as its origin\n"
        "  hint: give the clone another value by a patch at '/spec/template/metadata/annotations/dapr.io~1app-id', or "
        + ACCEPT.format("SL326", "Deployment/shop/a")
    ]


@pytest.mark.parametrize(
    ("mesh", "provider", "routes"),
    [
        ("istio", None, " and a VirtualService"),
        ("linkerd", None, " and a TrafficSplit"),
        ("linkerd", "gatewayapi:v1", " and an HTTPRoute"),
        ("gateway-api", "kubernetes", ""),
    ],
)
def test_flagger_on_every_mesh(mesh: str, provider: str | None, routes: str) -> None:
    more: dict[str, Any] = {"provider": provider} if provider else {}
    canary = object_of("flagger.app/v1beta1", "Canary", "c", targetRef={"kind": "Deployment", "name": "a"}, **more)
    assert said([deployment("a"), canary], mesh=mesh) == [
        f"base.yaml: SL446 'Canary/shop/c' makes Services{routes} for 'Deployment/shop/a' by itself, and sends its requests to pods of "
        "its own choice\n  hint: leave its workload and Service out of sandboxes"
    ]


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("", {}, True),
        ("all()", {}, True),
        ("global()", {}, False),
        ("a == 'x' || b != 'y'", {"b": "y"}, False),
        ("a in {'x', 'y'} && has(b)", {"a": "y", "b": ""}, True),
        ("a not in {'x'}", {}, True),
        ("!(a starts with 'x')", {"a": "xy"}, False),
        ("a contains 'y' && a ends with 'z'", {"a": "xyz"}, True),
    ],
)
def test_expressions_of_calico(text: str, labels: dict[str, str], expected: bool) -> None:
    assert parse(text)(labels) is expected


@pytest.mark.parametrize("text", ["a ==", "plain", "a in {'x'", "(a == 'x'", "a == 'x' b"])
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(BadExpression):
        parse(text)


def test_old_api_groups() -> None:
    old = {**deployment("a"), "apiVersion": "extensions/v1beta1"}
    assert said([old]) == [
        "sandboxes/dev1.yaml: SL210 workload 'Deployment/shop/a' is not in the base\n"
        "  hint: the API server no longer serves 'Deployment/shop/a' of apiVersion extensions/v1beta1: change it to apps/v1"
    ]


def test_workloads_of_old_api_groups_are_listed() -> None:
    old = {**deployment("a"), "apiVersion": "extensions/v1beta1"}
    (row,) = listing.workloads(inputs([old]))
    assert row == {
        "workload": "Deployment/shop/a",
        "clonable": False,
        "reason": "the API server no longer serves 'Deployment/shop/a' of apiVersion extensions/v1beta1: change it to apps/v1",
        "services": [],
        "file": "base.yaml",
    }
