"""Policies follow to clones: what is copied under which names, what is let through, and what cannot follow."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from tests.build import (
    Object,
    app,
    deployment,
    destination_rule,
    inputs,
    object_of,
    sandbox,
    texts,
    to,
    virtual_service,
)

OWN = {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "a"}
ISTIO, LINKERD, GATEWAY = "security.istio.io/v1", "policy.linkerd.io/v1beta1", "gateway.networking.k8s.io"
AB = [*app("a"), *app("b")]


def policy(name: str, namespace: str = "", **spec: Any) -> Object:
    return object_of("networking.k8s.io/v1", "NetworkPolicy", name, namespace, **spec)


def labelled(name: str) -> Object:
    return {"matchLabels": {"app": name}}


def only(name: str, **more: Any) -> Object:
    return {"podSelector": labelled(name), **more}


def clones(*names: str, **more: Any) -> Object:
    marked = {"key": "sandlane.dev/tenant", "operator": "Exists"}
    if len(names) == 1:
        selector = {"matchLabels": {"sandlane.dev/origin": names[0]}, "matchExpressions": [marked]}
    else:
        named = {"key": "sandlane.dev/origin", "operator": "In", "values": list(names)}
        selector = {"matchExpressions": [named, marked]}
    return {"podSelector": selector, **more}


def written(base: list[Object], *specs: Object, **environment: Any) -> dict[str, Object]:
    """Returns what is written beside clones and routes: directory, kind and name -> spec."""
    environment = {"mesh": "gateway-api", "output": {"base": "none"}, **environment}
    rendered = render(inputs(base, *(specs or (sandbox("dev1", "a"),)), **environment))
    return {
        f"{o.directory.removeprefix('sandboxes/')}: {o.id.kind}/{o.id.namespace}/{o.id.name}": dict(o.manifest["spec"])
        for o in rendered.objects
        if o.id.kind not in ("Deployment", "Service") and (o.id.group, o.id.kind) != (GATEWAY, "HTTPRoute")
    }


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param([policy("p", podSelector={})], {}, id="everything"),
        pytest.param([policy("p", "other", **only("a"))], {}, id="another-namespace"),
        pytest.param([policy("p", **only("b"))], {}, id="another-workload"),
        pytest.param(
            [policy("p", **only("a"))],
            {"dev1: NetworkPolicy/shop/p-a-dev1": {"podSelector": {"matchLabels": OWN}, "policyTypes": ["Ingress"]}},
            id="selected",
        ),
        pytest.param(
            [policy("p", podSelector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]}, egress=[{}])],
            {"dev1: NetworkPolicy/shop/p-a-dev1": {
                "podSelector": {"matchLabels": OWN}, "egress": [{}], "policyTypes": ["Ingress", "Egress"]}},
            id="types-as-the-api-server-sets-them",
        ),
        pytest.param(
            [policy("p", **only("a"), ingress=[{"from": [only("b"), {"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 80}]}, {}],
                    policyTypes=["Ingress"])],
            {"dev1: NetworkPolicy/shop/p-a-dev1": {
                "podSelector": {"matchLabels": OWN},
                "ingress": [{"from": [only("b"), {"ipBlock": {"cidr": "10.0.0.0/8"}}, clones("b")], "ports": [{"port": 80}]}, {}],
                "policyTypes": ["Ingress"]}},
            id="a-copy-lets-clones-through",
        ),
        pytest.param(
            [policy("p", podSelector={}, ingress=[{"from": [only("a")], "ports": [{"port": 80}]}, {"from": [only("b")]}])],
            {"shared: NetworkPolicy/shop/p-clones-of-a": {
                "podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [clones("a")], "ports": [{"port": 80}]}]}},
            id="ingress-peer",
        ),
        pytest.param(
            [policy("p", podSelector=labelled("b"), ingress=[{"from": [only("a")]}], egress=[{"to": [only("a")]}])],
            {"shared: NetworkPolicy/shop/p-clones-of-a": {
                "podSelector": labelled("b"), "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": [clones("a")]}], "egress": [{"to": [clones("a")]}]}},
            id="both-directions",
        ),
        pytest.param(
            [policy("p", podSelector={}, ingress=[{"from": [only("a")]}], policyTypes=["Egress"])], {}, id="a-direction-that-is-off",
        ),
        pytest.param([policy("p", podSelector={}, ingress=[{"from": [{"podSelector": {}}]}])], {}, id="every-peer"),
        pytest.param([policy("p", podSelector={}, ingress=[{"from": [only("a"), {"podSelector": {}}]}])], {}, id="let-through-anyhow"),
        pytest.param([policy("p", "other", podSelector={}, ingress=[{"from": [only("a")]}])], {}, id="peers-of-another-namespace"),
        pytest.param(
            [policy("p", "other", podSelector={}, ingress=[{"from": [only("a", namespaceSelector={})]}])],
            {"shared: NetworkPolicy/other/p-clones-of-a": {
                "podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [clones("a", namespaceSelector={})]}]}},
            id="peer-from-another-namespace",
        ),
        pytest.param(
            [deployment("a", {"app": "x"}, "other"), policy("p", podSelector={}, ingress=[{"from": [only("a", namespaceSelector={})]}])],
            {"shared: NetworkPolicy/shop/p-clones-of-a": {
                "podSelector": {}, "policyTypes": ["Ingress"],
                "ingress": [{"from": [clones("a", namespaceSelector={"matchExpressions": [
                    {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}]})]}]}},
            id="a-workload-of-that-name-elsewhere",
        ),
    ],
)  # fmt: skip
def test_network_policies(policies: list[Object], expected: dict[str, Object]) -> None:
    assert written([*AB, *policies]) == expected


def test_a_copy_lets_the_clones_of_several_workloads_through() -> None:
    some = {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["b", "c"]}]}}
    found = written([*AB, *app("c"), policy("p", **only("a"), ingress=[{"from": [some]}])])
    assert found["dev1: NetworkPolicy/shop/p-a-dev1"]["ingress"] == [{"from": [some, clones("b", "c")]}]


def test_what_is_shared_does_not_change_with_tenants() -> None:
    base = [*AB, policy("p", podSelector=labelled("b"), ingress=[{"from": [only("a")]}])]
    shared = {key: spec for key, spec in written(base).items() if key.startswith("shared")}
    several = written(base, *(sandbox(tenant, "a", "b") for tenant in ("dev1", "dev10", "xdev1")))
    assert {key: spec for key, spec in several.items() if key.startswith("shared")} == shared
    assert sorted(shared) == ["shared: NetworkPolicy/shop/p-clones-of-a"]
    assert sorted(written(base, sandbox("dev1", "b"))) == ["dev1: NetworkPolicy/shop/p-b-dev1"]


def test_two_clones_of_one_policy() -> None:
    both = {
        "matchExpressions": [
            {"key": "app", "operator": "Exists"},
            {"key": "app", "operator": "In", "values": ["a", "b"]},
        ]
    }
    found = written([*AB, policy("p", podSelector=both)], sandbox("dev1", "a", "b"))
    assert sorted(found) == ["dev1: NetworkPolicy/shop/p-a-dev1", "dev1: NetworkPolicy/shop/p-b-dev1"]


def test_a_copy_is_its_sandboxs_and_says_no_order_of_syncing() -> None:
    base = [
        *AB,
        {
            **policy("p", **only("a")),
            "metadata": {
                "name": "p", "labels": {"team": "x"}, "annotations": {"note": "y", "argocd.argoproj.io/sync-wave": "-1"},
            },
        },
    ]  # fmt: skip
    rendered = render(inputs(base, sandbox("dev1", "a", owner="dana"), mesh="gateway-api"))
    (found,) = [o.manifest["metadata"] for o in rendered.objects if o.id.name == "p-a-dev1"]
    assert found == {
        "name": "p-a-dev1",
        "namespace": "shop",
        "labels": {"team": "x", "app.kubernetes.io/managed-by": "sandlane", "tenantID": "dev1", "sandlane.dev/tenant": "dev1",
                   "sandlane.dev/sandbox": "dev1", "sandlane.dev/origin": "p"},
        "annotations": {"note": "y", "sandlane.dev/owner": "dana", "sandlane.dev/spec": "sandboxes/dev1.yaml"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param(
            object_of(ISTIO, "AuthorizationPolicy", "p", selector=labelled("a"), rules=[{}]),
            {"dev1: AuthorizationPolicy/shop/p-a-dev1": {"selector": {"matchLabels": OWN}, "rules": [{}]}}, id="authorization",
        ),
        pytest.param(
            object_of(ISTIO, "AuthorizationPolicy", "p", "istio-system", selector=labelled("a")),
            {"dev1: AuthorizationPolicy/shop/istio-system-p-a-dev1": {"selector": {"matchLabels": OWN}}}, id="root-namespace",
        ),
        pytest.param(object_of(ISTIO, "AuthorizationPolicy", "p", rules=[]), {}, id="the-whole-namespace"),
        pytest.param(
            object_of(ISTIO, "PeerAuthentication", "p", "istio-system", selector=labelled("a")), {}, id="ignored-in-the-root-namespace",
        ),
        pytest.param(
            object_of(ISTIO, "PeerAuthentication", "p", selector=labelled("a"), mtls={"mode": "STRICT"}),
            {"dev1: PeerAuthentication/shop/p-a-dev1": {"selector": {"matchLabels": OWN}, "mtls": {"mode": "STRICT"}}},
            id="peer-authentication",
        ),
        pytest.param(
            object_of("networking.istio.io/v1", "Sidecar", "p", workloadSelector={"labels": {"app": "a"}}),
            {"dev1: Sidecar/shop/p-a-dev1": {"workloadSelector": {"labels": OWN}}}, id="sidecar",
        ),
        pytest.param(
            object_of("networking.istio.io/v1alpha3", "EnvoyFilter", "p", workloadSelector={"labels": {"app": "a"}}),
            {"dev1: EnvoyFilter/shop/p-a-dev1": {"workloadSelector": {"labels": OWN}}}, id="envoy-filter",
        ),
        pytest.param(
            object_of("monitoring.coreos.com/v1", "PodMonitor", "p", selector=labelled("a")), {}, id="a-clone-pages-nobody",
        ),
    ],
)  # fmt: skip
def test_mesh_policies(base: Object, expected: dict[str, Object]) -> None:
    assert written([*AB, base]) == expected


def server(name: str, **labels: str) -> Object:
    made = object_of(LINKERD, "Server", name, podSelector=labelled("a"), port="http")
    return {**made, "metadata": {"name": name, "labels": labels}}


def linkerd(kind: str, name: str, **spec: Any) -> Object:
    return object_of("policy.linkerd.io/v1alpha1", kind, name, **spec)


UNSAID = {"kind": "Server", "name": "s"}
TO_SERVER = {"group": "policy.linkerd.io", "kind": "Server", "name": "s"}
COPY = {**TO_SERVER, "name": "s-a-dev1"}
SERVER = {"dev1: Server/shop/s-a-dev1": {"podSelector": {"matchLabels": OWN}, "port": "http"}}
OF_ROUTE = {"group": "policy.linkerd.io", "kind": "HTTPRoute", "name": "r"}


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param(
            [linkerd("AuthorizationPolicy", "p", targetRef=TO_SERVER, requiredAuthenticationRefs=[])],
            {"dev1: AuthorizationPolicy/shop/p-s-a-dev1": {"targetRef": COPY, "requiredAuthenticationRefs": []}}, id="server",
        ),
        pytest.param(
            [linkerd("HTTPLocalRateLimitPolicy", "p", targetRef=TO_SERVER, total={"requestsPerSecond": 9})],
            {"dev1: HTTPLocalRateLimitPolicy/shop/p-s-a-dev1": {"targetRef": COPY, "total": {"requestsPerSecond": 9}}},
            id="rate-limit",
        ),
        pytest.param(
            [linkerd("ServerAuthorization", "p", server={"name": "s"}, client={})],
            {"dev1: ServerAuthorization/shop/p-s-a-dev1": {"server": {"name": "s-a-dev1"}, "client": {}}}, id="by-name",
        ),
        pytest.param(
            [linkerd("ServerAuthorization", "p", server={"selector": {"matchLabels": {"x": "y"}}})], {}, id="by-a-kept-label",
        ),
        pytest.param(
            [linkerd("ServerAuthorization", "p", server={"selector": {"matchLabels": {"app.kubernetes.io/managed-by": "z"}}})],
            {"dev1: ServerAuthorization/shop/p-s-a-dev1": {"server": {"name": "s-a-dev1"}}}, id="by-a-lost-label",
        ),
        pytest.param(
            [object_of("policy.linkerd.io/v1beta3", "HTTPRoute", "r", parentRefs=[TO_SERVER], rules=[{}]),
             linkerd("AuthorizationPolicy", "p", targetRef=OF_ROUTE)],
            {"dev1: HTTPRoute/shop/r-s-a-dev1": {"parentRefs": [COPY], "rules": [{}]},
             "dev1: AuthorizationPolicy/shop/p-r-s-a-dev1": {"targetRef": {**OF_ROUTE, "name": "r-s-a-dev1"}}},
            id="route-of-a-server",
        ),
        pytest.param(
            [object_of("policy.linkerd.io/v1beta3", "HTTPRoute", "r", parentRefs=[UNSAID], rules=[{}])],
            {"dev1: HTTPRoute/shop/r-s-a-dev1": {"parentRefs": [{**UNSAID, "name": "s-a-dev1"}], "rules": [{}]}},
            id="route-of-a-server-by-the-default-group",
        ),
        pytest.param(
            [object_of("policy.linkerd.io/v1", "HTTPRoute", "r", parentRefs=[UNSAID], rules=[{}])], {},
            id="version-with-another-default-group",
        ),
    ],
)  # fmt: skip
def test_what_names_a_server(base: list[Object], expected: dict[str, Object]) -> None:
    marked = server("s", x="y", **{"app.kubernetes.io/managed-by": "z"})
    assert written([*AB, marked, *base], mesh="linkerd") == {**SERVER, **expected}


def to_service(name: str, **more: Any) -> Object:
    return {"group": "", "kind": "Service", "name": name, **more}


def test_what_names_a_service_names_its_copy() -> None:
    tls = object_of(
        f"{GATEWAY}/v1alpha3", "BackendTLSPolicy", "p", validation={"hostname": "a"},
        targetRefs=[to_service("a", sectionName="x"), to_service("b"), to_service("a", sectionName="y")],
    )  # fmt: skip
    assert written([*AB, tls]) == {
        "dev1: BackendTLSPolicy/shop/p-a-dev1": {
            "validation": {"hostname": "a"},
            "targetRefs": [to_service("a-dev1", sectionName="x"), to_service("a-dev1", sectionName="y")],
        }
    }
    used = sandbox("dev1", {"name": "b", "use": "Deployment/a"})
    assert sorted(written([*AB, tls], used)) == ["dev1: BackendTLSPolicy/shop/p-b-dev1"]


def test_what_names_a_route_names_the_copies_of_every_tenant() -> None:
    route = object_of(
        f"{GATEWAY}/v1", "HTTPRoute", "r", parentRefs=[{**to_service("a"), "port": 80}],
        rules=[{"backendRefs": [{"name": "a", "port": 80}]}],
    )  # fmt: skip
    name = {"group": GATEWAY, "kind": "HTTPRoute", "name": "r"}
    guard = object_of("gateway.envoyproxy.io/v1alpha1", "SecurityPolicy", "p", targetRef=name, jwt={})
    group = {"apiVersion": "sandlane.dev/v1alpha1", "kind": "RouteGroup", "metadata": {"name": "rel"},
             "spec": {"sandboxes": ["dev1"]}}  # fmt: skip
    rendered = render(inputs([*AB, route, guard], sandbox("dev1", "a"), group, mesh="gateway-api"))
    made = {o.id.name: o for o in rendered.objects if o.id.kind == "SecurityPolicy" and not o.base}
    assert {name: (o.directory, o.manifest["spec"]) for name, o in made.items()} == {
        f"p-r-{tenant}-{end}": (f"sandboxes/{tenant}", {"targetRef": {**name, "name": f"r-{tenant}-{end}"}, "jwt": {}})
        for tenant in ("dev1", "rel")
        for end in ("h", "b")
    }


def test_what_selects_a_route_by_a_label_that_its_copies_lose_cannot_follow() -> None:
    made = object_of(f"{GATEWAY}/v1", "HTTPRoute", "r", parentRefs=[{**to_service("a"), "port": 80}], rules=[{}])
    route = {**made, "metadata": {"name": "r", "labels": {"app.kubernetes.io/instance": "shop", "team": "x"}}}
    for label, is_lost in (({"team": "x"}, False), ({"app.kubernetes.io/instance": "shop"}, True)):
        selectors = [{"kind": "HTTPRoute", "matchLabels": label}]
        guard = object_of("gateway.envoyproxy.io/v1alpha1", "SecurityPolicy", "p", targetSelectors=selectors)
        base = [*app("a"), route, guard]
        said = (
            "sandboxes/dev1.yaml: SL323 'SecurityPolicy/shop/p' names 'HTTPRoute/shop/r' and cannot follow to its copy for the "
            "tenant: it selects by labels that copies do not keep"
        )
        assert (problems(base, mesh="linkerd") if is_lost else written(base, mesh="linkerd")) == (
            [said] if is_lost else {}
        )


def problems(base: list[Object], **environment: Any) -> list[str]:
    with pytest.raises(Invalid) as found:
        written(base, **environment)
    return [text.splitlines()[0] for text in texts(found.value.problems)]


LEFT = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a"]}]}


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param(
            [object_of(ISTIO, "PeerAuthentication", name, selector=labelled("a")) for name in ("p", "q")],
            [f"SL320 'PeerAuthentication/shop/{one}' applies to 'Deployment/shop/a' and cannot follow to its clone: "
             f"'PeerAuthentication/shop/{other}' selects it too, and only the older of them counts" for one, other in ("pq", "qp")],
            id="one-alone-counts",
        ),
        pytest.param(
            [object_of(LINKERD, "Server", name, podSelector=labelled("a"), port=8080) for name in ("p", "q")],
            [f"SL320 'Server/shop/{one}' applies to 'Deployment/shop/a' and cannot follow to its clone: "
             f"'Server/shop/{other}' selects it too, and only the older of them counts" for one, other in ("pq", "qp")],
            id="r-l3-servers-of-one-port",
        ),
        pytest.param(
            [object_of(LINKERD, "Server", "p", podSelector=labelled("a"), port=8080),
             object_of(LINKERD, "Server", "q", podSelector={}, port=8080)],
            ["SL320 'Server/shop/p' applies to 'Deployment/shop/a' and cannot follow to its clone: "
             "'Server/shop/q' selects it too, and only the older of them counts"],
            id="r-l2-a-server-for-all-pods",
        ),
        pytest.param(
            [object_of(LINKERD, "Server", "s", podSelector=labelled("a"), port=8080),
             *(object_of("policy.linkerd.io/v1beta3", "HTTPRoute", name, parentRefs=[TO_SERVER], rules=[{}]) for name in ("p", "q"))],
            [f"SL323 'HTTPRoute/shop/{one}' names 'Server/shop/s' and cannot follow to its copy for the tenant: 'HTTPRoute/shop/{other}' "
             "names it too and may answer the same requests, for which only the older of them counts" for one, other in ("pq", "qp")],
            id="r-l4-routes-of-a-server-that-tie",
        ),
        pytest.param(
            [object_of("extensions.istio.io/v1alpha1", "WasmPlugin", "p", "istio-system", selector=labelled("a"), imagePullSecret="s")],
            ["SL320 'WasmPlugin/istio-system/p' applies to 'Deployment/shop/a' and cannot follow to its clone: "
             "its 'imagePullSecret' is in namespace 'istio-system'"],
            id="secret-of-the-root-namespace",
        ),
        pytest.param(
            [policy("p", podSelector=LEFT)],
            ["SL322 'NetworkPolicy/shop/p' applies to the clone of 'Deployment/shop/a' and not to 'Deployment/shop/a' itself"],
            id="the-clone-alone",
        ),
        pytest.param(
            [policy("p", podSelector={}, ingress=[{"from": [{"podSelector": LEFT}]}])],
            ["SL325 'NetworkPolicy/shop/p' lets the clone of 'Deployment/shop/a' in or through, and not 'Deployment/shop/a' itself"],
            id="lets-the-clone-alone-through",
        ),
        pytest.param(
            [object_of("example.org/v1", "Quota", "p", targetRef=to_service("a"))],
            ["SL323 'Quota/shop/p' names 'Service/shop/a' and cannot follow to its copy for the tenant: "
             "nobody can say what a copy of a Quota would do"],
            id="unknown-kind",
        ),
        pytest.param(
            [object_of(f"{GATEWAY}/v1alpha3", "BackendTLSPolicy", name, targetRefs=[to_service("a")]) for name in ("p", "q")],
            [f"SL323 'BackendTLSPolicy/shop/{one}' names 'Service/shop/a' and cannot follow to its copy for the tenant: "
             f"'BackendTLSPolicy/shop/{other}' names it too, and only the older of them counts" for one, other in ("pq", "qp")],
            id="one-alone-counts-for-a-target",
        ),
        pytest.param(
            [virtual_service("v", {"match": [{"sourceLabels": {"app": "a"}}], "route": [to("b")]}, hosts=["b"])],
            ["SL324 'VirtualService/shop/v' has rules for requests of 'Deployment/shop/a' (sourceLabels), which are not for those "
             "of its clone"],
            id="a-mesh-without-virtual-services",
        ),
        pytest.param(
            [policy("p", **only("a")), policy("p-a-dev1", **only("b"))],
            ["SL302 'NetworkPolicy/shop/p-a-dev1' is taken by the base, so it cannot be written for sandbox 'dev1'"], id="taken",
        ),
    ],
)  # fmt: skip
def test_what_cannot_follow(base: list[Object], expected: list[str]) -> None:
    assert [text.partition(": ")[2] for text in problems([*AB, *base])] == expected


def test_servers_of_other_ports_follow() -> None:
    base = [*AB, *(object_of(LINKERD, "Server", f"p{n}", podSelector=labelled("a"), port=n) for n in (80, 90)),
            object_of(LINKERD, "Server", "wide", podSelector={}, port=100)]  # fmt: skip
    assert sorted(written(base, mesh="linkerd")) == ["dev1: Server/shop/p80-a-dev1", "dev1: Server/shop/p90-a-dev1"]


def test_routes_of_a_server_that_do_not_tie_follow() -> None:
    routes = [object_of("policy.linkerd.io/v1beta3", "HTTPRoute", name, parentRefs=[TO_SERVER],
                        rules=[{"matches": [{"path": {"type": "PathPrefix", "value": f"/{name}"}}]}]) for name in ("p", "q")]  # fmt: skip
    assert sorted(written([*AB, server("s"), *routes], mesh="linkerd")) == [
        "dev1: HTTPRoute/shop/p-s-a-dev1", "dev1: HTTPRoute/shop/q-s-a-dev1", "dev1: Server/shop/s-a-dev1"
    ]  # fmt: skip


def test_what_cannot_follow_may_be_accepted() -> None:
    base = [*AB, object_of("example.org/v1", "Quota", "p", targetRef=to_service("a")), policy("p", podSelector=LEFT)]
    accept = [{"code": code, "object": f"{kind}/shop/p", "reason": "fine"} for code, kind in
              (("SL323", "Quota"), ("SL322", "NetworkPolicy"))]  # fmt: skip
    assert written(base, sandbox("dev1", {"name": "a", "accept": accept})) == {}


FROM_A = {"sourceLabels": {"app": "a"}, "uri": {"prefix": "/x"}}
CLIENT = {**FROM_A, "sourceLabels": OWN}


def test_rules_for_requests_of_an_origin_hold_for_its_clones() -> None:
    entry = {"match": [FROM_A, {"port": 80}], "route": [to("c")]}
    tls = {"match": [{"sniHosts": ["b"], **FROM_A}], "route": [to("c")]}
    vs = virtual_service("b", entry, {"route": [to("b")]}, tls=[tls])
    found = written([*AB, *app("c"), vs], mesh="istio", routes={"adopt": [{"kind": "VirtualService", "name": "b"}]})
    assert found["shared: VirtualService/shop/b"] == {
        "hosts": ["b"],
        "tls": [{"match": [{"sniHosts": ["b"], **FROM_A}, {"sniHosts": ["b"], **CLIENT}], "route": [to("c")]}],
        "http": [{"match": [FROM_A, CLIENT, {"port": 80}], "route": [to("c")]}, {"route": [to("b")]}],
    }


def test_tenants_rules_hold_for_clones_as_clients() -> None:
    vs = virtual_service("b", {"match": [FROM_A], "route": [to("b")]}, {"route": [to("b")]})
    adopt = {"adopt": [{"kind": "VirtualService", "name": "b"}]}
    group = {"apiVersion": "sandlane.dev/v1alpha1", "kind": "RouteGroup", "metadata": {"name": "rel"},
             "spec": {"sandboxes": ["dev1", "dev2"]}}  # fmt: skip
    specs = (sandbox("dev1", "b"), sandbox("dev2", "a"), sandbox("dev3", "a", "b"), group)
    http = written([*AB, vs], *specs, mesh="istio", routes=adopt)["shared: VirtualService/shop/b"]["http"]
    base, two, three = {"app": "a"}, {**OWN, "sandlane.dev/tenant": "dev2"}, {**OWN, "sandlane.dev/tenant": "dev3"}
    assert [(e.get("name"), [m.get("sourceLabels") for m in e.get("match", [])]) for e in http[:4]] == [
        ("tenant-dev1", [base] * 2), ("tenant-dev3", [base, three] * 2), ("tenant-rel", [base, two] * 2), (None, [base, two, three]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"match": [{**FROM_A, "sourceLabels": {"app": "b"}}]}, id="another-workload"),
        pytest.param({"match": [{**FROM_A, "sourceNamespace": "other"}]}, id="another-namespace"),
        pytest.param({"match": [{**FROM_A, "gateways": ["mesh"]}]}, id="gateways-disable-source-labels"),
    ],
)
def test_rules_that_do_not_mean_the_origin(spec: Object) -> None:
    vs = virtual_service("c", {**spec, "route": [to("b")]}, hosts=["c.example.org"])
    assert "shared: VirtualService/shop/c" not in written([*AB, vs], mesh="istio")


def test_rules_for_requests_of_an_origin_need_a_virtual_service_of_the_outputs_own() -> None:
    vs = virtual_service("c", {"match": [FROM_A], "route": [to("b")]}, hosts=["c.example.org"])
    assert problems([*AB, vs], mesh="istio") == [
        "sandboxes/dev1.yaml: SL401 cloning 'Deployment/shop/a' changes 'VirtualService/shop/c' (base.yaml), which the output "
        "does not own"
    ]


def test_destination_rules_for_certain_clients() -> None:
    selected: Object = {"workloadSelector": labelled("a"), "trafficPolicy": {"tls": {"mode": "SIMPLE"}}}
    own = {**selected, "workloadSelector": {"matchLabels": OWN}}
    found = written([*AB, destination_rule("d", "b", **selected)], sandbox("dev1", "a", "b"), mesh="istio")
    assert {key: spec for key, spec in found.items() if "DestinationRule" in key} == {
        "dev1: DestinationRule/shop/d-dev1": {**selected, "host": "b-dev1"},
        "dev1: DestinationRule/shop/d-dev1-a-dev1": {**own, "host": "b-dev1"},
        "dev1: DestinationRule/shop/d-a-dev1": {**own, "host": "b"},
    }
