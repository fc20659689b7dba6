"""Gateways that the base does not hold, as where others apply them: what requests meet there is judged all the same."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.inputs import Inputs
from tests import build
from tests.proof.test_proof import make
from tests.proof.test_routes import written

Spec = dict[str, Any]
VS = "shared/shop/virtualservice-shop.yaml"
ROUTE = "sandboxes/dev1/shop/httproute-shop-dev1-h.yaml"


def istio(match: Spec | None = None, to: Spec | None = None) -> Inputs:
    entry = {**({"match": [match]} if match else {}), "route": [to or build.to("web")]}
    vs = build.virtual_service("shop", entry, hosts=["shop.example.com"], gateways=["edge/gw"])
    adopt = {"adopt": [{"kind": "VirtualService", "name": "shop"}]}
    return build.inputs([*build.app("web"), vs], *SPECS, output={"base": "none"}, routes=adopt)


def routed(**parent: Any) -> Inputs:
    route = build.object_of(
        "gateway.networking.k8s.io/v1", "HTTPRoute", "shop", hostnames=["shop.example.com"],
        parentRefs=[{"name": "gw", "namespace": "edge", **parent}], rules=[{"backendRefs": [{"name": "web", "port": 80}]}],
    )  # fmt: skip
    return build.inputs([*build.app("web"), route], *SPECS, mesh="linkerd", output={"base": "none"})


SPECS = (build.sandbox("dev1", "web"), build.sandbox("dev2", "web"))


def for_everybody(spec: Spec) -> None:
    if "http" in spec:
        matches = [{k: v for k, v in m.items() if "eaders" not in k} for m in spec["http"][0]["match"]]
        spec["http"][0]["match"] = [match for match in matches if match] or [{}]
    else:
        spec["rules"][0].pop("matches")


def to_another(spec: Spec) -> None:
    if "http" in spec:
        spec["http"][0]["route"][0]["destination"]["host"] = "web-dev2"
    else:
        spec["rules"][0]["backendRefs"][0]["name"] = "web-dev2"


@pytest.mark.parametrize(
    ("inputs", "file", "port"),
    [
        pytest.param(istio(), VS, 80, id="istio"),
        pytest.param(istio({"port": 8443}), VS, 8443, id="istio-port"),
        pytest.param(routed(), ROUTE, 80, id="route"),
        pytest.param(routed(port=8443), ROUTE, 8443, id="route-port"),
        pytest.param(routed(sectionName="https"), ROUTE, 80, id="route-section"),
        pytest.param(routed(sectionName="https", port=443), ROUTE, 443, id="route-section-port"),
    ],
)
@pytest.mark.parametrize(
    ("edit", "carriers"),
    [
        pytest.param(for_everybody, (), id="for-everybody"),
        pytest.param(to_another, (("tenantid", "dev1"),), id="to-another"),
    ],
)
def test_what_enters_at_a_gateway_of_others(
    inputs: Inputs, file: str, port: int, edit: Callable[[Spec], None], carriers: tuple[tuple[str, str], ...]
) -> None:
    files, claims = written(inputs), claims_of(inputs)
    assert prove(inputs.base, make(files), claims) == []
    changed = copy.deepcopy(files)
    edit(changed[file]["spec"])
    found = [(p.code, p.request) for p in prove(inputs.base, make(changed), claims)]
    said = {(code, r.url, r.client, r.carriers) for code, r in found if r}
    assert ("SL603", f"http://shop.example.com:{port}/", "gateway edge/gw", carriers) in said
