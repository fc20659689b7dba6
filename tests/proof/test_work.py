"""How the work of proof grows: twice the sandboxes are twice the work, counted in calls of functions and not by a clock."""

from __future__ import annotations

from cProfile import Profile
from typing import Any

import pytest

from sandlane.pipeline import render, written
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from tests.build import Object, app, destination_rule, group, inputs, object_of, sandbox, to, virtual_service

FEW = 8
STEEPER = 1.01
"""How much more the second half of sandboxes may cost than the first."""

GATE = object_of("networking.istio.io/v1", "Gateway", "gw", selector={"istio": "in"}, servers=[
    {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}])  # fmt: skip
GATEWAY = object_of("gateway.networking.k8s.io/v1", "Gateway", "gw", gatewayClassName="any", listeners=[
    {"name": "http", "port": 80, "protocol": "HTTP"}])  # fmt: skip
NETWORK_POLICY = object_of("networking.k8s.io/v1", "NetworkPolicy", "web", podSelector={"matchLabels": {"app": "web"}},
                           ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "api"}}}]}])  # fmt: skip
PREVIEW = {"preview": {"host": "{tenantID}.shop.example.com", "of": "shop.example.com", "gateway": "shop/gw"}}


def http_route(name: str, parent: Object, *rules: Object, **spec: Any) -> Object:
    return object_of("gateway.networking.k8s.io/v1", "HTTPRoute", name, parentRefs=[parent], rules=list(rules), **spec)


def by_path(path: str, *services: str) -> Object:
    return {"matches": [{"path": {"value": path}}], "backendRefs": [{"name": name, "port": 80} for name in services]}


APPS = [*app("web"), *app("api"), *app("cart")]
ISTIO = [
    *APPS, GATE, NETWORK_POLICY, destination_rule("api", "api", trafficPolicy={"tls": {"mode": "DISABLE"}}),
    virtual_service("web", {"match": [{"uri": {"prefix": "/api"}}], "route": [to("api")]}, {"route": [to("web")]}),
    virtual_service("shop", {"route": [to("web")]}, hosts=["shop.example.com"], gateways=["gw"]),
]  # fmt: skip
ROUTES = [
    *APPS, GATEWAY, NETWORK_POLICY,
    http_route("web", {"group": "", "kind": "Service", "name": "web", "port": 80}, by_path("/api", "api"), by_path("/", "web")),
    http_route("shop", {"name": "gw"}, by_path("/", "web"), hostnames=["shop.example.com"]),
]  # fmt: skip
ADOPTED = {
    "output": {"base": "none"},
    "routes": {"adopt": [{"kind": "VirtualService", "name": n} for n in ("shop", "web")]},
}


def calls(
    base: list[Object], count: int, cloned: tuple[tuple[str, ...], ...], *, is_grouped: bool, **environment: Any
) -> int:
    """Returns how many calls of Python's functions a proof takes; sandboxes clone one of some sets of workloads after the other."""
    specs = [sandbox(f"dev{n}", *cloned[n % len(cloned)]) for n in range(count)]
    if is_grouped:
        specs += [group(f"team{n}", sandboxes=[f"dev{n}", f"dev{n + 1}"]) for n in range(0, count, 2)]
    found = inputs(base, *specs, **environment)
    output, claims = written(render(found, is_proved=False).objects), claims_of(found)
    prove(found.base, output, claims)  # expressions and the like are compiled once for all
    profile = Profile()
    problems = profile.runcall(prove, found.base, output, claims)
    assert problems == []
    return sum(entry.callcount for entry in profile.getstats())


ALL, ONE, IN_TURN = (("web", "api", "cart"),), (("web",),), (("web",), ("api",))


@pytest.mark.parametrize(
    ("base", "cloned", "environment"),
    [
        pytest.param(ISTIO, ALL, ADOPTED, id="istio"),
        pytest.param(ISTIO, ONE, ADOPTED, id="istio-one-service", marks=pytest.mark.slow),
        pytest.param(ISTIO, IN_TURN, ADOPTED, id="istio-groups", marks=pytest.mark.slow),
        pytest.param(ISTIO, ALL, {**ADOPTED, **PREVIEW}, id="istio-previews", marks=pytest.mark.slow),
        pytest.param(ROUTES, ALL, {"mesh": "linkerd"}, id="linkerd", marks=pytest.mark.slow),
        pytest.param(ROUTES, ONE, {"mesh": "linkerd"}, id="linkerd-one-service", marks=pytest.mark.slow),
        pytest.param(ROUTES, IN_TURN, {"mesh": "linkerd"}, id="linkerd-groups"),
        pytest.param(ROUTES, ALL, {"mesh": "linkerd", **PREVIEW}, id="linkerd-previews", marks=pytest.mark.slow),
        pytest.param(ROUTES, ALL, {"mesh": "gateway-api"}, id="gateway-api", marks=pytest.mark.slow),
    ],
)
def test_twice_the_sandboxes_are_twice_the_work(
    base: list[Object], cloned: tuple[tuple[str, ...], ...], environment: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    is_grouped = request.node.callspec.id.endswith("groups")
    few, twice, more = (
        calls(base, count, cloned, is_grouped=is_grouped, **environment) for count in (FEW, 2 * FEW, 4 * FEW)
    )
    assert (more - twice) / (2 * (twice - few)) < STEEPER, (few, twice, more)
