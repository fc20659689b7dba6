"""Which routes are copied for whom, to where, and what stands in the way."""

from __future__ import annotations

import pytest

from sandlane.pipeline import render
from tests.build import Object, app, deployment, inputs, meta, sandbox, service
from tests.meshes.gateway_api.test_attached_routes import (
    GATEWAY,
    gateway,
    public,
    route,
    rule,
    shown,
    specs_of,
    to_service,
)

ABC = [*app("a"), *app("b"), *app("c")]
TWO_PORTS = [*app("a", 80, 8080), *app("b", 80, 8080)]
REDIRECT = {"type": "RequestRedirect", "requestRedirect": {"hostname": "x", "statusCode": 301}}
POLICY = "policy.linkerd.io/v1beta3"
DEV1 = sandbox("dev1", "a")


def sent(spec: Object) -> list[list[str]]:
    """Returns the destinations of each rule of a route: `namespace/name:port*weight`."""
    return [
        [f"{b['namespace']}/{b['name']}:{b['port']}*{b['weight']}" for b in r.get("backendRefs", [])]
        for r in spec["rules"]
    ]


@pytest.mark.parametrize(
    ("mesh", "objects", "cloned", "expected"),
    [
        pytest.param(
            "linkerd", [*ABC, route("r", rule("a"), parents=[to_service("a", 80)])], ["a"],
            {"r": [["shop/a-dev1:80*1"]]}, id="itself",
        ),
        pytest.param(
            "linkerd", [*ABC, route("r", rule(), parents=[to_service("a", 80)])], ["a"],
            {"r": [["shop/a-dev1:80*1"]]}, id="linkerd-rule-without-backends",
        ),
        pytest.param(
            "gateway-api", [*ABC, route("r", rule(), parents=[to_service("a", 80)])], ["a"],
            {"r": [[]]}, id="rule-without-backends-is-500-elsewhere",
        ),
        pytest.param(
            "linkerd", [*ABC, route("r", rule(), parents=[to_service("b", 80)])], ["a"],
            {"a-80": [["shop/a-dev1:80*1"], []]}, id="rule-without-backends-of-another-parent",
        ),
        pytest.param(
            "linkerd",
            [*ABC, route("r", rule("b", match={"path": {"value": "/b"}}), rule("c"), parents=[to_service("a", 80)])], ["b"],
            {"r": [["shop/b-dev1:80*1"], ["shop/c:80*1"]], "b-80": [["shop/b-dev1:80*1"], []]}, id="all-rules-are-copied",
        ),
        pytest.param(
            "linkerd",
            [*ABC, route("r1", rule("b"), parents=[to_service("a", 80)]),
             route("r2", rule("c", match={"headers": [{"name": "x", "value": "1"}]}), parents=[to_service("a", 80)])],
            ["b"],
            {"b-80": [["shop/b-dev1:80*1"], []], "r1": [["shop/b-dev1:80*1"]], "r2": [["shop/c:80*1"]]},
            id="all-routes-of-a-parent-are-copied",
        ),
        pytest.param(
            "linkerd", [*ABC, route("r", rule("b"), parents=[to_service("a", 80)])], ["a"],
            {"r": [["shop/a-dev1:80*1"]]}, id="parent-cloned-and-no-backend",
        ),
        pytest.param(
            "linkerd", [*ABC, route("r", rule("b"), parents=[to_service("a", 80)])], ["a", "b"],
            {"b-80": [["shop/b-dev1:80*1"], []], "r": [["shop/b-dev1:80*1"]]}, id="parent-and-backend-cloned",
        ),
        pytest.param(
            "gateway-api",
            [*ABC, route("r", {"matches": [{"path": {"value": "/old"}}], "filters": [REDIRECT]}, rule("b"),
                         parents=[to_service("a", 80)])],
            ["a"], {"r": [[], ["shop/a-dev1:80*1"]]}, id="parent-cloned-beside-a-redirect",
        ),
        pytest.param(
            "linkerd",
            [*ABC, route("r", {"matches": [{"path": {"value": "/old"}}], "filters": [REDIRECT]}, rule("b"),
                         parents=[to_service("a", 80)])],
            ["a"], {"r": [[], ["shop/a-dev1:80*1"]]}, id="linkerd-parent-cloned-beside-a-redirect",
        ),
        pytest.param(
            "linkerd",
            [*ABC, route("r", {"filters": [REDIRECT]}, parents=[to_service("a", 80)])],
            ["a"], {"r": [[]]}, id="linkerd-a-redirect-stays",
        ),
        pytest.param(
            "linkerd",
            [*TWO_PORTS, route("r", rule("b"), parents=[to_service("a", 80)], api=POLICY),
             route("r2", rule("a", match={"path": {"value": "/x"}}), parents=[to_service("a", 8080)], api=POLICY)],
            ["a"], {"r": [["shop/a-dev1:80*1"]], "r2": [["shop/a-dev1:80*1"]]}, id="ports-apart",
        ),
        pytest.param(
            "linkerd",
            [*TWO_PORTS, route("r", rule("b"), parents=[to_service("a", 80), to_service("a", 8080)], api=POLICY),
             route("r2", rule("a", match={"path": {"value": "/x"}}), parents=[to_service("a", 80)], api=POLICY)],
            ["b"],
            {"b-80": [["shop/b-dev1:80*1"], []], "b-8080": [["shop/b-dev1:8080*1"], []], "r": [["shop/b-dev1:80*1"]],
             "r2": [["shop/a:80*1"]]},
            id="two-ports-of-one-parent",
        ),
    ],
)  # fmt: skip
def test_destinations(
    mesh: str, objects: list[Object], cloned: list[str], expected: dict[str, list[list[str]]]
) -> None:
    assert {name: sent(spec) for name, spec in sorted(specs_of(objects, *cloned, mesh=mesh).items())} == expected


def test_a_copy_has_the_affected_parents_only() -> None:
    base = [*ABC, gateway(), route("r", rule("b"), parents=[{"name": "gate"}, to_service("a", 80), to_service("c", 80)]),
            route("c", rule("c"), parents=[to_service("c", 80)])]  # fmt: skip
    assert specs_of(base, "b")["r"]["parentRefs"] == [
        {"group": GATEWAY, "kind": "Gateway", "name": "gate"}, to_service("a", 80), to_service("c", 80),
    ]  # fmt: skip
    assert [spec["parentRefs"] for name, spec in specs_of(base, "c").items() if name == "r"] == [[to_service("c", 80)]]


NOTICE = (
    "base.yaml: SL412 notice: 'HTTPRoute/shop/r' routes to other Services than 'Service/shop/a': tenants that clone "
    "'Service/shop/a' are sent to their clone"
)


NOWHERE = (
    "base.yaml: SL463 notice: 'HTTPRoute/shop/r' answers requests to 'Service/shop/a' by itself and sends them nowhere: tenants "
    "that clone 'Service/shop/a' get the base's answers\n"
    "  hint: give the route a rule that sends to the Service, if tenants are to reach their clones there"
)
REDIRECT = {"type": "RequestRedirect", "requestRedirect": {"hostname": "x.test"}}


def beyond(route: str, what: str, way: str) -> str:
    return f"base.yaml: SL402 '{route}' {what}: sandlane cannot route that yet\n  hint: {way}"


SEVERAL = beyond(
    "HTTPRoute/shop/r",
    "serves several Services or ports of which some are cloned",
    "give each a route of its own",
)
GRANT = (
    "base.yaml: SL440 'HTTPRoute/infra/r' sends to 'Service/shop/a' in another namespace, and no ReferenceGrant of the base lets "
    "it\n  hint: put the ReferenceGrant into the base: if it names the Service, the clone needs one too"
)
PUBLIC = public("Gateway/infra/gate")
CROSSING = route(
    "r", rule({"name": "a", "namespace": "shop", "port": 80}), parents=[{"name": "gate"}], namespace="infra"
)


def grant(source: str = "infra", kind: str = "HTTPRoute", **to: str) -> Object:
    spec = {"from": [{"group": GATEWAY, "kind": kind, "namespace": source}],
            "to": [{"group": "", "kind": "Service", **to}]}  # fmt: skip
    return {"apiVersion": f"{GATEWAY}/v1beta1", "kind": "ReferenceGrant", "metadata": meta("g"), "spec": spec}


@pytest.mark.parametrize(
    ("mesh", "objects", "specs", "expected"),
    [
        pytest.param("linkerd", [*ABC, route("r", rule("b"), parents=[to_service("a")])], [DEV1], [NOTICE], id="SL412"),
        pytest.param("linkerd", [*ABC, route("r", rule(filters=[REDIRECT]), parents=[to_service("a")])], [DEV1], [NOWHERE],
                     id="redirects"),
        pytest.param("gateway-api", [*ABC, route("r", rule(), parents=[to_service("a")])], [DEV1], [NOWHERE], id="nowhere"),
        pytest.param("linkerd", [*ABC, route("r", rule(filters=[REDIRECT]), rule("b"), parents=[to_service("a")])], [DEV1], [NOTICE],
                     id="redirects-some"),
        pytest.param(
            "linkerd", [*TWO_PORTS, route("r", rule("b"), parents=[to_service("a")])], [DEV1],
            [beyond("HTTPRoute/shop/r", "names no port of a Service with several", "give its parentRef a port"), NOTICE],
            id="no-port-of-several",
        ),
        pytest.param(
            "linkerd",
            [*TWO_PORTS, route("r", rule("b"), parents=[to_service("a", 80), to_service("a", 8080)], api=POLICY)], [DEV1],
            [SEVERAL, NOTICE], id="several-ports-by-host",
        ),
        pytest.param(
            "linkerd", [*TWO_PORTS, route("r", rule(), parents=[to_service("a")])], [DEV1],
            [beyond("HTTPRoute/shop/r", "has a rule without backendRefs for several parents or ports",
                    "give each parent and port a route of its own")],
            id="no-backends-of-several-ports",
        ),
        pytest.param(
            "linkerd", [*ABC, route("r", rule(), parents=[to_service("a", 80), to_service("b", 80)])], [DEV1],
            [beyond("HTTPRoute/shop/r", "has a rule without backendRefs for several parents or ports",
                    "give each parent and port a route of its own")],
            id="no-backends-of-several-services",
        ),
        pytest.param(
            "linkerd", [*ABC, gateway(), route("r", rule(match={"path": {"value": "/x"}}), rule("a"),
                                               parents=[{"name": "gate"}, to_service("a", 80)])], [DEV1],
            [beyond("HTTPRoute/shop/r", "has a rule without backendRefs for several parents or ports",
                    "give each parent and port a route of its own")],
            id="no-backends-at-a-gateway",
        ),
        pytest.param(
            "linkerd", [*ABC, route("r", rule("c"), parents=[to_service("a", 80), to_service("b", 80)])], [DEV1],
            [NOTICE], id="of-two-parents-one-is-cloned",
        ),
        pytest.param("gateway-api", [*ABC, CROSSING], [DEV1], [GRANT, PUBLIC], id="no-grant"),
        pytest.param("gateway-api", [*ABC, grant("other"), CROSSING], [DEV1], [GRANT, PUBLIC], id="grant-from-elsewhere"),
        pytest.param("gateway-api", [*ABC, grant(kind="GRPCRoute"), CROSSING], [DEV1], [GRANT, PUBLIC], id="grant-for-grpc"),
        pytest.param("gateway-api", [*ABC, grant(), CROSSING], [DEV1], [PUBLIC], id="grant-to-all"),
        pytest.param("gateway-api", [*ABC, grant(name="b"), CROSSING], [DEV1], [GRANT, PUBLIC], id="grant-of-another-name"),
        pytest.param("linkerd", [*ABC, grant(), CROSSING], [DEV1], [PUBLIC], id="grant-to-all-linkerd"),
        pytest.param(
            "linkerd",
            [*ABC, gateway(), route("r", rule("a"), namespace="client", parents=[
                {"name": "gate", "namespace": "shop"}, to_service("c", 80, namespace="shop")])], [DEV1],
            [beyond("HTTPRoute/client/r",
                    "has a backendRef without a namespace, which means another Service at each of its parents",
                    "write the backendRef's namespace out")],
            id="a-backend-of-two-meanings",
        ),
        pytest.param(
            "gateway-api", [*ABC, grant(name="a"), CROSSING], [DEV1], [PUBLIC], id="grant-by-name",
        ),
        pytest.param(
            "gateway-api",
            [*ABC, grant(name="a"), deployment("u", namespace="infra"), service("u", namespace="infra"),
             route("r", rule("u", filters=[{"type": "RequestMirror", "requestMirror": {
                 "backendRef": {"name": "a", "namespace": "shop", "port": 80}}}]), parents=[{"name": "gate"}],
                 namespace="infra")],
            [sandbox("dev1", "a", {"name": "u", "namespace": "infra"})], [PUBLIC], id="grant-of-a-mirror",
        ),
        pytest.param(
            "linkerd",
            [*ABC, route("r", rule({"name": "a", "port": 80}, match={"path": {"value": "/x"}}), rule("a"),
                         parents=[to_service("a", 80, namespace="shop")], namespace="client"),
             route("p", rule("a"), parents=[to_service("a", 80)])], [DEV1],
            ["base.yaml: SL426 notice: 'HTTPRoute/shop/p' and 'HTTPRoute/client/r' may both answer a request to "
             "'Service/shop/a', and rank alike: the older route wins, for a tenant the older copy\n"
             "  hint: merge the two routes, or set one apart by a header more"],
            id="service-parents-need-no-grant",
        ),
        pytest.param(
            "linkerd",
            [*ABC, route("r", rule("a", match={"headers": [{"name": "tenantID", "value": "beta"}]}),
                         parents=[to_service("a", 80)])], [DEV1],
            ["base.yaml: SL421 a match of 'HTTPRoute/shop/r' names the header 'tenantid', which carries the tenantID\n"
             "  hint: use another carrier in 'spec.carriers', or take the header out of the base route"],
            id="SL421-header",
        ),
        pytest.param(
            "linkerd",
            [*ABC, route("r", rule("a", match={"headers": [{"name": "Baggage", "value": ".*", "type": "RegularExpression"}]}),
                         parents=[to_service("a", 80)])], [DEV1],
            ["base.yaml: SL421 a match of 'HTTPRoute/shop/r' names the header 'baggage', which carries the tenantID\n"
             "  hint: use another carrier in 'spec.carriers', or take the header out of the base route"],
            id="SL421-baggage",
        ),
        pytest.param(
            "linkerd",
            [*ABC, route("r", rule("a", match={"headers": [{"name": f"x{n}", "value": "1"} for n in range(16)]}),
                         parents=[to_service("a", 80)])], [DEV1],
            ["base.yaml: SL422 a match of 'HTTPRoute/shop/r' has 16 headers already, as many as the Gateway API allows\n"
             "  hint: take a header out of the match"],
            id="SL422",
        ),
        pytest.param(
            "linkerd",
            [*ABC, route("r", rule("a", match={"headers": [{"name": f"x{n}", "value": "1"} for n in range(15)]}),
                         parents=[to_service("a", 80)])], [DEV1], [], id="fifteen-headers",
        ),
        pytest.param(
            "linkerd",
            [*ABC, route("r", rule("b", match={"headers": [{"name": "tenantID", "value": "beta"}]}),
                         parents=[to_service("c", 80)])], [DEV1], [], id="header-of-a-route-that-is-not-copied",
        ),
        pytest.param(
            "linkerd", [*ABC, route("r", rule("a"), parents=[to_service("a", 80)], kind="GRPCRoute")], [DEV1],
            ["base.yaml: SL423 a match of 'GRPCRoute/shop/r' has no 'method': for its copy, which would match by headers alone, "
             "Linkerd's proxies before 2.21 refuse every route of the Service, and fail everybody's requests\n"
             "  hint: name the service in the match's 'method', or say 'cluster.linkerd.grpcMatchesWithoutMethod: true' if the "
             "proxies are newer"],
            id="SL423",
        ),
    ],
)  # fmt: skip
def test_problems(mesh: str, objects: list[Object], specs: list[Object], expected: list[str]) -> None:
    assert shown(objects, *specs, mesh=mesh) == expected


WEIGHTLESS = rule({"name": "a", "port": 80, "weight": 0}, "b", match={"path": {"value": "/x"}})


def test_backends_without_requests_stay_the_bases() -> None:
    """Nothing is sent there, so there is nothing to send elsewhere; the route is copied for what its other rule sends."""
    base = [*ABC, route("r", WEIGHTLESS, rule("a"), parents=[to_service("c", 80)])]
    assert sent(specs_of(base, "a", mesh="gateway-api")["r"]) == [["shop/a:80*0", "shop/b:80*1"], ["shop/a-dev1:80*1"]]


BOTH = [route("h", rule("b"), parents=[to_service("a", 80)]), route("g", rule("c", match={"method": {"service": "s"}}),
                                                                    parents=[to_service("a", 80)], kind="GRPCRoute")]  # fmt: skip
SWITCHED_OFF = (
    "base.yaml: SL443 notice: 'HTTPRoute/shop/h' has no effect on 'Service/shop/a', where 'GRPCRoute/shop/g' has the same "
    "parentRef: so it has none for tenants\n  hint: give one of the two another port, or write one route for both protocols"
)


@pytest.mark.parametrize(
    ("mesh", "cloned", "expected"),
    [
        pytest.param("linkerd", "b", ["b-80"], id="linkerd-of-the-one-that-is-off"),
        pytest.param("linkerd", "c", ["c-80", "g"], id="linkerd-of-the-other"),
        pytest.param("gateway-api", "b", ["b-80", "g", "h"], id="elsewhere-all-are-copied"),
    ],
)
def test_a_grpc_route_switches_an_http_route_off(mesh: str, cloned: str, expected: list[str]) -> None:
    assert sorted(specs_of([*ABC, *BOTH], cloned, mesh=mesh)) == expected
    assert [text for text in shown([*ABC, *BOTH], sandbox("dev1", cloned), mesh=mesh) if "SL443" in text] == (
        [SWITCHED_OFF] if mesh == "linkerd" else []
    )
    assert render(inputs([*ABC, *BOTH], sandbox("dev1", cloned), mesh=mesh)).left_out == ()


def test_a_port_that_is_reached_keeps_its_rules_where_another_is_sent_to_the_clone() -> None:
    base = [*TWO_PORTS, route("r", rule("b"), parents=[to_service("a", 80)], api=POLICY),
            route("r2", rule("a", match={"path": {"value": "/x"}}), parents=[to_service("a", 80)], api=POLICY)]  # fmt: skip
    assert {name: sent(spec) for name, spec in specs_of(base, "a").items()} == {
        "a-8080": [["shop/a-dev1:8080*1"], []],
        "r": [["shop/b:80*1"]],
        "r2": [["shop/a-dev1:80*1"]],
    }


def test_a_route_of_two_ports_of_which_one_is_reached() -> None:
    base = [*TWO_PORTS, route("r", rule("b"), parents=[to_service("a", 80), to_service("a", 8080)], api=POLICY),
            route("r2", rule("a", match={"path": {"value": "/x"}}), parents=[to_service("a", 80)], api=POLICY)]  # fmt: skip
    assert shown(base, DEV1) == [SEVERAL, NOTICE]
