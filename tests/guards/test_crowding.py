"""From 200 tenants on one Service on, a notice says what their rules are together."""

from __future__ import annotations

import json

import pytest

from sandlane.guards.crowding import MANY, crowded
from sandlane.pipeline import render
from sandlane.problems.problem import show
from tests.build import app, group, inputs, plan, sandbox

WAY_OUT = "\n  hint: remove sandboxes that nobody uses ('sandlane prune'), or carry the tenantID in one header alone ('spec.carriers')"


def said(count: int, mesh: str = "istio", **settings: object) -> list[str]:
    made = inputs(
        [*app("a"), *app("b")],
        *(sandbox(f"t{number:03}", "a", *(["b"] if number == 0 else [])) for number in range(count)),
        mesh=mesh,
        **settings,
    )
    return [show(notice) for notice in render(made, is_proved=False).notices if notice.code == "SL490"]


def test_fewer_are_not_told() -> None:
    assert said(MANY - 1) == []


@pytest.mark.parametrize(
    ("mesh", "matches", "size", "each"),
    [
        pytest.param("istio", "400", "64,400", "322", id="istio"),
        pytest.param("linkerd", "400", "103,400", "517", id="linkerd"),
    ],
)
def test_rules_of_all_tenants_are_counted(mesh: str, matches: str, size: str, each: str) -> None:
    assert said(MANY, mesh) == [
        f"base.yaml: SL490 notice: 'Service/shop/a' has 200 tenants, whose rules are {matches} matches of {size} bytes ({each} bytes "
        f"a tenant): a request without a tenant passes all of them{WAY_OUT}"
    ]


def test_one_header_alone_takes_half_the_matches() -> None:
    (notice,) = said(MANY, carriers=[{"header": "tenantID"}])
    assert notice.startswith(
        "base.yaml: SL490 notice: 'Service/shop/a' has 200 tenants, whose rules are 200 matches of "
    )


def test_groups_are_tenants_too() -> None:
    members = [sandbox(f"t{number:03}", "a") for number in range(MANY - 1)]
    made = plan([*app("a")], *members, group("team", sandboxes=["t000"]))
    routes = render(inputs([*app("a")], *members, group("team", sandboxes=["t000"])), is_proved=False).objects
    (notice,) = crowded(made, routes)
    rules = [
        rule
        for placed in routes
        if placed.id.kind == "VirtualService"
        for rule in placed.manifest["spec"]["http"]
        if rule["name"].startswith("tenant-")
    ]
    size = sum(len(json.dumps(rule, separators=(",", ":"))) for rule in rules)
    assert (len(rules), f"matches of {size:,} bytes" in notice.text) == (MANY, True)
