"""Real applications: a sandbox for every workload in turn renders to valid objects, or is refused for the right reason."""

from __future__ import annotations

import pytest

from sandlane.pipeline import render, render_valid
from sandlane.problems.problem import Invalid
from sandlane.yamlio import read as yamlio
from tests.applications import application, environment, inputs_over, route_objects, sandbox, workloads_of
from tests.shared import SHARED, needs_shared
from tests.validity import complaints

pytestmark = needs_shared

STORES = [f"{name}-mongo" for name in (
    "assurance", "auth", "config", "consign", "consign-price", "contacts", "food", "food-map", "inside-payment", "order",
    "order-other", "payment", "price", "route", "security", "station", "ticket-office", "train", "travel", "travel2", "user",
)] + ["voucher-mysql"]  # fmt: skip

REFUSED: dict[str, dict[str, list[str]]] = {
    "bookinfo": {},
    "bookinfo+istio": {},
    "boutique-base": {"Deployment/loadgenerator": ["SL310"], "Deployment/redis-cart": ["SL411"]},
    "hotrod-base": {
        "Deployment/driver": ["SL310"],
        "Deployment/redis": ["SL411"],
        "StatefulSet/kafka": ["SL411"],
        "StatefulSet/mysql": ["SL411"],
    },
    "hotrod-istio": {
        "Deployment/driver": ["SL310"],
        "Deployment/redis": ["SL411"],
        "StatefulSet/kafka": ["SL411"],
        "StatefulSet/mysql": ["SL411"],
    },
    "train-ticket-istio": {f"Deployment/ts-{store}": ["SL411"] for store in STORES},
}
"""Base -> workload -> the codes with which it is refused; every other workload renders."""


@pytest.mark.parametrize("name", [application(name) for name in sorted(REFUSED)])
def test_every_workload_alone(name: str) -> None:
    base = SHARED / "bases" / f"{name}.yaml"
    probe = inputs_over(base, environment())
    routes = {"adopt": route_objects(probe)}
    refused: dict[str, list[str]] = {}
    for workload in workloads_of(probe):
        try:
            files = render(inputs_over(base, environment(routes=routes), [sandbox("dev1", [workload])])).files
        except Invalid as invalid:
            refused[f"{workload['kind']}/{workload['name']}"] = [problem.code for problem in invalid.problems]
            continue
        assert not [complaint for text in files.values() for complaint in _complaints(text)]
    assert refused == REFUSED[name]


@pytest.mark.parametrize("name", [application(name) for name in sorted(REFUSED)])
def test_every_workload_by_three_tenants(name: str) -> None:
    base = SHARED / "bases" / f"{name}.yaml"
    probe = inputs_over(base, environment())
    specs = [
        sandbox(tenant, [w for w in workloads_of(probe) if f"{w['kind']}/{w['name']}" not in REFUSED[name]])
        for tenant in ("dev1", "dev10", "xdev1")
    ]
    rendered = render_valid(inputs_over(base, environment(routes={"adopt": route_objects(probe)}), specs))
    assert rendered.left_out == ()
    assert not [complaint for text in rendered.files.values() for complaint in _complaints(text)]


def _complaints(text: str) -> list[str]:
    return (
        [c for document in yamlio.read(text.encode(), "output") for c in complaints(document.data)]
        if "kind:" in text
        else []
    )
