"""Gateways behind which Linkerd may choose a tenant, though none is chosen at them (rule R-G14)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import Object, app, sandbox
from tests.meshes.gateway_api.test_attached_routes import gateway, route, rule, shown

GATE = {"name": "gate"}
TOLD = (
    "base.yaml: SL479 notice: 'Gateway/shop/gate' passes tenantid, baggage on: where its pods are meshed and call Services by their "
    "addresses, Linkerd chooses a tenant behind it, for requests from outside too\n"
    "  hint: add to each rule of its routes the filter {type: RequestHeaderModifier, requestHeaderModifier: {remove: "
    "[tenantid, baggage]}}"
)


def removing(*names: str) -> list[Object]:
    return [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": list(names)}}]


@pytest.mark.parametrize(
    ("rules", "env", "expected"),
    [
        pytest.param([rule("a")], {}, [TOLD], id="passes-both"),
        pytest.param([rule("a", filters=removing("tenantid"))], {}, [TOLD], id="passes-one"),
        pytest.param([rule("a", filters=removing("TenantID", "baggage"))], {}, [], id="removes-both"),
        pytest.param([rule("a", filters=removing("tenantid", "baggage")), rule("a", match={"path": {"value": "/x"}})], {}, [TOLD],
                     id="one-rule-passes"),
        pytest.param([rule("b")], {}, [], id="nothing-cloned"),
        pytest.param([rule("a")], {"routes": {"entry": "any"}}, [], id="chosen-at-the-gateway"),
        pytest.param([rule("a")], {"mesh": "gateway-api"}, [], id="not-linkerd"),
    ],
)  # fmt: skip
def test_carriers_that_gateways_pass_on(rules: list[Object], env: dict[str, Any], expected: list[str]) -> None:
    base = [*app("a"), *app("b"), gateway("gate"), route("r", *rules, parents=[GATE])]
    found = shown(base, sandbox("dev1", "a"), **{"mesh": "linkerd", "routes": {"entry": "mesh"}, **env})
    assert [text for text in found if "SL479" in text] == expected
