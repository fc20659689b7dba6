"""Tables with an index choose what they choose without it."""

from __future__ import annotations

from itertools import product

import pytest

from sandlane.k8s.resource import Resource, ResourceId
from sandlane.problems.problem import Source
from sandlane.semantics.outcomes import Destination, Forward, NotFound, Origin
from sandlane.semantics.predicates import MODES, Atom, Predicate, Text
from sandlane.semantics.request import Client, Request
from sandlane.semantics.tables import Rule, Table, choose, indexed, rules_for

ID = ResourceId("networking.istio.io", "VirtualService", "shop", "web")
ORIGIN = Origin(resource=Resource(id=ID, manifest={}, source=Source(file="web.yaml")), path=())


def header(name: str, kind: str, value: str = "", *, is_negated: bool = False, ignores_case: bool = False) -> Atom:
    return Atom("header", Text(kind, value, ignores_case), name, is_negated=is_negated)  # type: ignore[arg-type]


PREDICATES: list[Predicate] = [
    (header("tenantid", "exact", "dev1"),),
    (Atom("path", Text("prefix", "/a")), header("tenantid", "exact", "dev2")),
    (header("baggage", "regex", ".*tenantID=dev1.*"), header("tenantid", "present", is_negated=True)),
    (header("tenantid", "exact", "DEV3", ignores_case=True),),
    (header("tenantid", "exact", "dev1,dev2"),),
    (header("x", "present"), header("tenantid", "exact", "dev2")),
    (header("tenantid", "exact", "dev2", is_negated=True), Atom("path", Text("exact", "/b"))),
    (),
]
LINES = [(), *((("tenantid", value),) for value in ("dev1", "dev2", "dev3", "x")), (("baggage", "tenantID=dev1"),),
         (("tenantid", "dev1"), ("tenantid", "dev2")), (("x", "1"), ("tenantid", "dev2"))]  # fmt: skip


def rule(number: int, predicate: Predicate) -> Rule:
    return Rule(
        predicate=predicate, outcome=Forward(destinations=(Destination(host=f"h{number}", port=80),)), origin=ORIGIN
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("start", range(len(PREDICATES)))
def test_an_index_changes_no_choice(mode: str, start: int) -> None:
    rules = tuple(rule(number, predicate) for number, predicate in enumerate(PREDICATES[start:]))
    table = Table(rules=rules, otherwise=NotFound())
    for headers, path in product(LINES, ("/", "/a", "/b")):
        request = Request(
            client=Client(kind="sidecar", namespace="shop"), host="web", port=80, path=path, headers=headers
        )
        assert choose(indexed(table), request, mode) == choose(table, request, mode)  # type: ignore[arg-type]


def test_an_index_passes_over_the_rules_of_others() -> None:
    rules = tuple(rule(number, (header("tenantid", "exact", f"dev{number}"),)) for number in range(1000))
    table = indexed(Table(rules=(*rules, rule(1000, ())), otherwise=NotFound()))
    request = Request(
        client=Client(kind="sidecar", namespace="shop"), host="web", port=80, headers=(("tenantid", "dev7"),)
    )
    assert rules_for(table, request) == [table.rules[7], table.rules[1000]]
