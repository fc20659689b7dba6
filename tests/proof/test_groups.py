"""P1 and P2 where VirtualServices share a host at gateways: what a tenant's entry there has to have before it, and for which ports."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sandlane.pipeline import render
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.inputs import Inputs
from tests.build import Object, app, inputs, object_of, sandbox, to, virtual_service
from tests.proof.recorded import assert_recorded
from tests.proof.test_proof import Edit, drop, make, put
from tests.proof.test_routes import written

GATE = object_of("networking.istio.io/v1", "Gateway", "gw", selector={"istio": "in"}, servers=[
    {"port": {"number": n, "name": f"http-{n}", "protocol": "HTTP"}, "hosts": ["*"]} for n in (80, 8080)])  # fmt: skip
REDIRECT: Object = {"match": [{"port": 80}], "redirect": {"scheme": "https"}}
TO_A: Object = {"route": [to("a")]}
API: Object = {"match": [{"uri": {"prefix": "/api"}}], "route": [to("b")]}
ONE, TWO = "shared/shop/virtualservice-one.yaml", "shared/shop/virtualservice-two.yaml"


def found(one: list[Object], two: list[Object], **more: Any) -> Inputs:
    routes = [
        virtual_service(name, *http, hosts=["x.test"], gateways=["gw"], **(more if name == "one" else {}))
        for name, http in (("one", one), ("two", two))
    ]
    adopted = [{"kind": "VirtualService", "name": name} for name in ("one", "two")]
    base = [*app("a", 80, 8080), *app("b", 80, 8080), GATE, *routes]
    return inputs(base, sandbox("dev1", "a"), output={"base": "none"}, routes={"adopt": adopted})


def said(made: Inputs, edit: Edit) -> list[str]:
    files = copy.deepcopy(written(made))
    edit(files)
    problems = prove(made.base, make(files), claims_of(made))
    return [f"{problem.code} {problem.text.partition(' does not hold: ')[2]}" for problem in problems]


def at(number: int, *rest: str | int) -> tuple[str | int, ...]:
    return ("spec", "http", number, *rest)


@pytest.mark.parametrize(
    ("made", "edit"),
    [
        pytest.param(
            found([REDIRECT], [TO_A]), drop(TWO, at(0, "match", 0, "port")), id="for-a-port-at-which-another-is-met"
        ),
        pytest.param(found([REDIRECT], [TO_A]), drop(TWO, at(0)), id="missing-where-the-other-is-for-another-port"),
        pytest.param(found([REDIRECT, TO_A], [API]), drop(ONE, at(1)), id="without-what-goes-before-it"),
        pytest.param(
            found([API], [TO_A], exportTo=["other"]), drop(TWO, at(0)), id="beside-one-that-the-gateway-does-not-see"
        ),
        pytest.param(found([REDIRECT], [TO_A]), put(TWO, at(0, "match", 0, "port"), 80), id="for-the-other-port"),
    ],
)
def test_defects(made: Inputs, edit: Edit, request: pytest.FixtureRequest) -> None:
    assert render(made).objects
    assert_recorded(request, said(made, edit))
