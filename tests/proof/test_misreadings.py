"""Shared misreadings: an output that leaves one rule out is found by what requests meet, though nothing in proof knows the rule.

Proof has no rule of routing by name but those of `sandlane.proof.requests`: substitution (R-I5) and carriers (R-H1). So what
a renderer writes that misreads a rule is judged by the evaluator alone, as here by the obligation `requests` and no other.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from sandlane.proof.claims import claims_of
from sandlane.proof.obligations import requests
from sandlane.proof.world import make_world
from sandlane.specs.inputs import Inputs
from tests import build
from tests.proof import test_binding, test_groups
from tests.proof.test_defects import CART, DEFAULT, FRONT, RULE, SERVICE, WEB, B, H, at, correct, inputs_of, moved, rule
from tests.proof.test_proof import Edit, Files, add, drop, gone, make, put
from tests.proof.test_routes import written

BASE_RIVAL = [
    *build.app("web"),
    *(
        build.object_of(
            "gateway.networking.k8s.io/v1", "HTTPRoute", name,
            parentRefs=[{"group": "", "kind": "Service", "name": "web", "port": 80}],
            rules=[{"matches": matches, "backendRefs": [{"name": to, "port": 80}]}],
        )
        for name, matches, to in (("web", [{}], "web"), ("rival", [{"headers": [{"name": "x", "value": "1"}]}], "other"))
    ),
    *build.app("other"),
]  # fmt: skip


def rivals() -> Inputs:
    return build.inputs(BASE_RIVAL, build.sandbox("dev1", "web"), mesh="linkerd", output={"base": "none"})


def closed() -> Inputs:
    gate = build.object_of("networking.istio.io/v1", "Gateway", "gw", selector={"istio": "in"}, servers=[
        {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}])  # fmt: skip
    vs = build.virtual_service("web", {"route": [build.to("web")]}, hosts=["shop.example.com"], gateways=["gw"])
    adopt = [{"kind": "VirtualService", "name": "web"}]
    routes = {"adopt": adopt, "strip": ["shop/gw"]}
    return build.inputs(
        [*build.app("web"), gate, vs], build.sandbox("dev1", "web"), output={"base": "none"}, routes=routes
    )


def without_any(kind: str, name: str) -> Edit:
    """Takes all objects of a kind away whose file has a name in it."""

    def edit(files: Files) -> None:
        for file in [f for f, m in files.items() if m["kind"] == kind and name in f]:
            del files[file]

    return edit


def each(name: str, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Edit:
    def edit(files: Files) -> None:
        for file in [f for f in files if name in f]:
            put(file, path, change)(files)

    return edit


def istio() -> tuple[Inputs, Files]:
    return inputs_of("istio"), copy.deepcopy(correct("istio"))


def linkerd() -> tuple[Inputs, Files]:
    return inputs_of("linkerd"), copy.deepcopy(correct("linkerd"))


def made(inputs: Inputs) -> tuple[Inputs, Files]:
    return inputs, written(inputs)


def with_labels() -> tuple[Inputs, Files]:
    return test_binding.found(), copy.deepcopy(test_binding.correct())


def grouped() -> tuple[Inputs, Files]:
    return made(test_groups.found([test_groups.REDIRECT, test_groups.TO_A], [test_groups.API]))


FIRST = "headers", "tenantid"
WITHOUT = "match", 1, "withoutHeaders"
STRIPPED = "shared/shop/virtualservice-web.yaml"
MISREADINGS: list[tuple[str, Callable[[], tuple[Inputs, Files]], Edit]] = [
    ("R-I1: hosts are short names of the namespace", istio, put(WEB, at(5, "route", 0, "destination", "host"), "web-dev1.other")),
    ("R-I2: routes by their destinations are affected", istio, drop(FRONT, at(0))),
    ("R-I3: a copy stands before its entry", istio, moved(WEB, 0, 1, 2, 3, 4, 6, 7, 5)),
    ("R-I3: a copy stands before its own entry", istio, moved(WEB, 1, 2, 3, 4, 0, 5, 6, 7)),
    ("R-I4: every carrier has a match", istio, drop(WEB, at(5, "match", 1))),
    ("R-I4: a later carrier excludes the earlier", istio, drop(WEB, at(5, *WITHOUT))),
    ("R-I4: a header is compared whole", istio, put(WEB, at(5, "match", 0, *FIRST), {"prefix": "dev1"})),
    ("R-I4: all else is the entry's", istio, drop(WEB, at(0, "retries"))),
    ("R-I5: only clones are left beside a clone", istio, put(WEB, at(0, "route"), lambda r: [*r, build.to("billing", weight=10)])),
    ("R-I5: subsets with a policy are kept", istio, drop(WEB, at(0, "route", 0, "destination", "subset"))),
    ("R-I5: subsets without a policy are not", istio, put(WEB, at(0, "route", 1, "destination", "subset"), "v2")),
    ("R-I5: weights are shares", istio, put(WEB, at(0, "route", 0, "weight"), 1)),
    ("R-I5: mirrors go to clones", istio, put(WEB, at(0, "mirror", "host"), "web")),
    ("R-I8: a first VirtualService has tenants' entries", istio, gone(CART)),
    ("R-I8: a first VirtualService has the default", istio, drop(CART, at(1))),
    ("R-I8: each port has its own", istio, drop(CART, at(2))),
    ("R-I10: DestinationRules are copied", istio, gone(RULE)),
    ("R-I10: subsets are copied without labels", istio, put(RULE, ("spec", "subsets", 0, "labels"), {"version": "v1"})),
    ("R-I10: copies are seen by the same clients", istio, drop(RULE, ("spec", "exportTo"))),
    ("R-I11: one VirtualService for a host", istio, add(
        "shared/shop/x.yaml", build.virtual_service("x", {"route": [build.to("billing")]}, hosts=["web"], namespace="shop"))),
    ("R-I12: copies of the others' entries go before a catch-all's", grouped, drop(test_groups.ONE, test_groups.at(1))),
    ("R-I17: a clone has the ports of its origin", istio, put(SERVICE, ("spec", "ports", 0, "port"), 81)),
    ("R-I19: matches for clients hold for their clones", with_labels, drop(test_binding.VS, ("spec", "http", 1, "match", 1))),
    ("R-G3: rivals are copied together", lambda: made(rivals()), without_any("HTTPRoute", "httproute-rival-dev1")),
    ("R-G4: all rules are copied", linkerd, each("httproute-web-dev1", ("spec", "rules"), lambda rules: rules[1:])),
    ("R-G4: backends are clones", linkerd, put(H, rule(1, "backendRefs", 0, "name"), "web")),
    ("R-G4: timeouts are copied", linkerd, drop(H, rule(0, "timeouts"))),
    ("R-G5: an object for each carrier", linkerd, gone(B)),
    ("R-G6: a first route has a default", linkerd, each("httproute-cart-80-", ("spec", "rules"), lambda rules: rules[:1])),
    ("R-G6: the default is the Service's", linkerd, put(DEFAULT, rule(1, "backendRefs"), [{"name": "cart-dev1", "port": 80}])),
    ("R-G4: a port is named as the route names it", linkerd, put(H, ("spec", "parentRefs", 0, "port"), 81)),
    ("R-G14: carriers are removed where the environment says so", lambda: made(closed()), drop(STRIPPED, at(0))),
]  # fmt: skip


def found(inputs: Inputs, files: Files) -> list[str]:
    return [problem.text for problem in requests.check(make_world(inputs.base, make(files), claims_of(inputs)))]


@pytest.mark.parametrize(("case", "edit"), [pytest.param(*row[1:], id=row[0].replace(" ", "-")) for row in MISREADINGS])
def test_requests_find_what_leaves_a_rule_out(case: Callable[[], tuple[Inputs, Files]], edit: Edit) -> None:
    inputs, files = case()
    assert found(inputs, files) == []
    edit(files)
    assert found(inputs, files) != []
