"""Routes of the base that no API server takes: told as mistakes, since their copies would be refused too (SL480)."""

from __future__ import annotations

import pytest

from tests.build import Object, app, sandbox
from tests.meshes.gateway_api.test_attached_routes import route, rule, shown, to_service

REWRITE = [{"type": "URLRewrite"}]
TWICE = [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": n, "value": "1"}]}} for n in "xy"]
MIRROR = [{"type": "Mirrors", "requestMirror": {"backendRef": {"name": "b"}}}]


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        pytest.param([rule("a", filters=REWRITE)], "has a filter of type 'URLRewrite' without 'urlRewrite'", id="filter-without-field"),
        pytest.param([rule("a", filters=TWICE)], "has 2 filters of type 'RequestHeaderModifier', expected at most one", id="twice"),
        pytest.param(
            [rule("a", filters=MIRROR)],
            "has a filter of type 'Mirrors', expected one of CORS, ExternalAuth, ExtensionRef, RequestHeaderModifier, RequestMirror, "
            "RequestRedirect, ResponseHeaderModifier, URLRewrite", id="no-filter",
        ),
        pytest.param([rule("a", match={"path": {"value": "a"}})], "has path 'a', expected one that begins with '/'", id="path"),
        pytest.param([rule("a", match={"path": {"type": "Prefix", "value": "/"}})],
                     "has type 'Prefix', expected one of Exact, PathPrefix, RegularExpression", id="type"),
        pytest.param([rule("a", match={"path": {"value": f"/{n}"}}) for n in range(17)], "has 17 rules, expected at most 16", id="rules"),
    ],
)  # fmt: skip
def test_a_route_that_no_api_server_takes(rules: list[Object], what: str) -> None:
    base = [*app("a"), *app("b"), route("r", *rules, parents=[to_service("a", 80)])]
    found = [text for text in shown(base, sandbox("dev1", "a"), mesh="gateway-api") if "SL480" in text]
    assert found == [
        f"base.yaml: SL480 'HTTPRoute/shop/r' {what}: the API server would refuse a tenant's copy of it, as it refuses the route itself\n"
        "  hint: correct the base's route; 'kubectl apply --dry-run=server' tells whether the cluster's CRDs take it"
    ]


def test_a_route_of_nothing_cloned_is_left_alone() -> None:
    base = [*app("a"), *app("b"), route("r", rule("b", filters=REWRITE), parents=[to_service("b", 80)])]
    assert [text for text in shown(base, sandbox("dev1", "a"), mesh="gateway-api") if "SL480" in text] == []
