"""EnvoyFilters that name what a clone has under another name."""

from __future__ import annotations

import pytest

from tests.build import Object, app, object_of, sandbox, to, virtual_service
from tests.meshes.gateway_api.test_attached_routes import shown

END = "shop.svc.cluster.local"
HINT = "\n  hint: select by port or context in it, or add an EnvoyFilter to the sandbox for what its clones have"


def told(what: str, instead: str) -> str:
    return f"base.yaml: SL468 notice: 'EnvoyFilter/shop/f' changes {what} in proxies, and not {instead}{HINT}"


CLUSTER = told("the cluster of 'Service/shop/a'", "those of its clones")
HOST = told("the virtual host of 'Service/shop/a'", "those of its clones")
ROUTE = told("route 'front'", "tenants' copies of it")


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        pytest.param({"cluster": {"service": f"a.{END}"}}, [CLUSTER], id="cluster-by-service"),
        pytest.param({"cluster": {"name": f"outbound|80||a.{END}"}}, [CLUSTER], id="cluster-by-name"),
        pytest.param({"cluster": {"service": f"b.{END}"}}, [], id="cluster-of-another-service"),
        pytest.param({"routeConfiguration": {"vhost": {"name": f"a.{END}:80"}}}, [HOST], id="virtual-host"),
        pytest.param({"routeConfiguration": {"vhost": {"route": {"name": "front"}}}}, [ROUTE], id="route"),
        pytest.param({"routeConfiguration": {"vhost": {"route": {"name": "back"}}}}, [], id="route-to-another-service"),
        pytest.param({"context": "SIDECAR_OUTBOUND", "cluster": {"portNumber": 80}}, [], id="no-name"),
        pytest.param(None, [], id="no-match"),
    ],
)
@pytest.mark.parametrize("mesh", ["istio", "gateway-api"])
def test_what_is_not_applied_to_clones(match: Object | None, expected: list[str], mesh: str) -> None:
    patch = {"applyTo": "CLUSTER", "patch": {"operation": "MERGE"}, **({} if match is None else {"match": match})}
    each = object_of("networking.istio.io/v1alpha3", "EnvoyFilter", "f", configPatches=[patch])
    routes = [{"name": "front", "route": [to("a")]}, {"name": "back", "route": [to("b")]}]
    base = [*app("a", 80), *app("b", 80), each, virtual_service("v", *routes, hosts=["x.test"], gateways=["gate"])]
    said = shown(base, sandbox("dev1", "a"), mesh=mesh, output={"base": "full"})
    assert [text for text in said if "SL468" in text] == expected
