from __future__ import annotations

from typing import Any

import pytest

from sandlane.base.base import read_base
from sandlane.k8s.resource import ResourceId
from sandlane.reports.calls import CallGraph, call_graph
from sandlane.specs.model import DeclaredCall
from tests.build import app, deployment, meta, service
from tests.rim import record, tree


def graph(*objects: Any, **environment: Any) -> CallGraph:
    files = {f"base/{number}.yaml": found for number, found in enumerate(objects)}
    base = read_base(tree(files), sorted(files), "shop")
    return call_graph(base, record(default_namespace="shop", **environment))


def calls(container: dict[str, Any], *objects: Any, **pod: Any) -> list[tuple[str, str]]:
    found = graph(
        deployment("web", containers=[{"name": "app", "image": "a:1", **container}], **pod), *app("cart"), *objects
    )
    return [
        (f"{call.service.namespace}/{call.service.name}", call.by) for call in found.calls if call.caller.name == "web"
    ]


@pytest.mark.parametrize(
    ("name", "value", "is_call"),
    [
        pytest.param("ANY", "http://cart/items", True, id="url"),
        pytest.param("ANY", "redis://user:secret@cart", True, id="behind-credentials"),
        pytest.param("ANY", "cart:8080", True, id="with-a-port"),
        pytest.param("ANY", "a=1,cart:8080", True, id="in-a-list"),
        pytest.param("ANY", "cart.shop", True, id="with-its-namespace"),
        pytest.param("ANY", "cart.shop.svc", True, id="svc"),
        pytest.param("ANY", "cart.shop.svc.cluster.local.", True, id="full"),
        pytest.param("CART_HOST", "cart", True, id="named-like-an-address"),
        pytest.param("CART_SERVICE", "cart", True, id="named-like-a-service"),
        pytest.param("FEATURE", "cart", False, id="a-word"),
        pytest.param("CART_HOST", "the cart", False, id="a-word-in-a-sentence"),
        pytest.param("OTEL_SERVICE_NAME", "cart", False, id="its-own-name"),
        pytest.param("ANY", "http://my-cart/", False, id="another-host"),
        pytest.param("ANY", "http://cart.example.com/", False, id="a-host-elsewhere"),
        pytest.param("ANY", "http://cart.other/", False, id="another-namespace"),
        pytest.param("ANY", "registry/cart:v1", False, id="an-image"),
    ],
)
def test_what_is_a_call(name: str, value: str, is_call: bool) -> None:
    found = calls({"env": [{"name": name, "value": value}]})
    assert found == ([("shop/cart", f"variable {name}")] if is_call else [])


@pytest.mark.parametrize(
    ("role", "found"),
    [
        pytest.param("router", [], id="a gateway"),
        pytest.param("sidecar", [("shop/cart", "variable ANY")], id="an application with a sidecar of its own"),
    ],
)
def test_a_gateway_of_istio_calls_nothing_by_itself(role: str, found: list[tuple[str, str]]) -> None:
    assert calls({"args": ["proxy", role], "env": [{"name": "ANY", "value": "http://cart"}]}) == found


def test_arguments_and_config_maps_are_read() -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta("settings"),
        "data": {"app.ini": "u = http://cart\n"},
    }
    assert calls({"args": ["--cart-addr=cart"]}) == [("shop/cart", "args")]
    assert calls({"command": ["run", "http://cart"]}) == [("shop/cart", "command")]
    said = [("shop/cart", "ConfigMap settings, key app.ini")]
    assert calls({"envFrom": [{"configMapRef": {"name": "settings"}}]}, config) == said
    assert calls({}, config, volumes=[{"name": "c", "configMap": {"name": "settings"}}]) == said
    assert calls({}, config) == []


def test_a_workload_does_not_call_itself() -> None:
    found = graph(
        deployment("cart", containers=[{"name": "app", "env": [{"name": "SELF", "value": "http://cart"}]}]),
        service("cart"),
    )
    assert found.calls == ()


def test_callers_from_further_away() -> None:
    def calling(name: str, other: str) -> Any:
        return deployment(name, containers=[{"name": "app", "env": [{"name": "U", "value": f"http://{other}"}]}])

    declared = DeclaredCall(
        caller=ResourceId("apps", "Deployment", "shop", "job"), services=(ResourceId("", "Service", "shop", "web"),)
    )
    found = graph(
        calling("web", "cart"), service("web"), calling("cart", "db"), service("cart"), *app("db"), *app("job"), *app("other"),
        calls=(declared,),
    )  # fmt: skip
    wanted = frozenset({ResourceId("", "Service", "shop", "cart")})
    assert [(c.caller.name, c.service.name, c.by) for c in found.callers(wanted)] == [
        ("job", "web", "'calls' of the environment"),
        ("web", "cart", "variable U"),
    ]
