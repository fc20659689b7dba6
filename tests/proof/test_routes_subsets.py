"""P9: what any part of the output leaves of promise 1, by running its obligations on every subset of the sync units."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from itertools import combinations

import pytest

from sandlane.problems.problem import show
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.inputs import Inputs
from tests import build
from tests.proof.recorded import assert_recorded
from tests.proof.test_proof import Edit, Files, add, make, put
from tests.proof.test_routes import backend, moved, route, service_parent, written

SPECS = (
    build.sandbox("dev1", "web", "cart"),
    build.sandbox("dev10", "cart"),
    build.sandbox("xdev1", "web"),
    build.group("release", tenantID="rel", sandboxes=["dev1"]),
)
VS = build.virtual_service("cart", {"route": [build.to("cart")]})
RULE = build.destination_rule("cart", "cart")
ROUTES = [
    route("HTTPRoute", "cart", [service_parent("cart")], [{"backendRefs": [backend("cart", 80)]}]),
    route("HTTPRoute", "other", [service_parent("cart", 80)],
          [{"matches": [{"path": {"value": "/a"}}], "backendRefs": [backend("web", 80)]}]),
]  # fmt: skip
SHOPS = [
    pytest.param("linkerd", ROUTES, {}, id="linkerd"),
    pytest.param("gateway-api", ROUTES, {}, id="gateway-api", marks=pytest.mark.slow),
    pytest.param("istio-ambient", [RULE, *ROUTES], {}, id="istio-ambient"),
    pytest.param(
        "istio-ambient", [VS, RULE], {"adopt": [{"kind": "VirtualService", "name": "cart"}]}, id="ambient-with-vs"
    ),
    pytest.param("istio", [VS, RULE], {"adopt": [{"kind": "VirtualService", "name": "cart"}]}, id="istio"),
    pytest.param("istio", ROUTES, {}, id="istio-with-routes", marks=pytest.mark.slow),
]


def shop(mesh: str, extra: list[build.Object], routes: build.Object) -> Inputs:
    base = [build.WAYPOINT, *build.app("web"), *build.app("cart"), *extra]
    return build.inputs(base, *SPECS, mesh=mesh, output={"base": "none"}, routes=routes)


def unit(file: str) -> str:
    """Returns the sync unit in which a file lies."""
    return "/".join(file.split("/")[:2]) if file.startswith("sandboxes/") else file.split("/")[0]


def subsets(files: Files) -> Iterator[frozenset[str]]:
    """Yields every set of sync units."""
    units = sorted({unit(file) for file in files})
    for size in range(len(units) + 1):
        yield from (frozenset(chosen) for chosen in combinations(units, size))


def applied(inputs: Inputs, files: Files, units: frozenset[str]) -> list[str]:
    """Returns what the obligations of promise 1 say of some units applied to the base."""
    present = {file: manifest for file, manifest in files.items() if unit(file) in units}
    for manifest in () if "shared" in units else inputs.base.of("networking.istio.io", "VirtualService"):
        # What has not arrived is not gone: the base's own object is still in force.
        present[f"shared/{manifest.id.name}.yaml"] = copy.deepcopy(dict(manifest.manifest)) | {
            "metadata": {**manifest.manifest["metadata"], "namespace": manifest.id.namespace}
        }
    problems = prove(inputs.base, make(present), claims_of(inputs))
    return [show(problem) for problem in problems if problem.code in ("SL601", "SL609")]


@pytest.mark.parametrize(("mesh", "extra", "routes"), SHOPS)
def test_every_subset_of_what_is_rendered_keeps_promise_1(
    mesh: str, extra: list[build.Object], routes: build.Object
) -> None:
    inputs = shop(mesh, extra, routes)
    files = written(inputs)
    assert [show(p) for p in prove(inputs.base, make(files), claims_of(inputs))] == []
    chosen = list(subsets(files))
    assert len(chosen) >= 2**4
    assert {units: applied(inputs, files, units) for units in chosen} == {units: [] for units in chosen}


WEB_DEV1 = "sandboxes/dev1/shop/httproute-web-80-dev1-h.yaml"
WEB_XDEV1 = "sandboxes/xdev1/shop/httproute-web-80-xdev1-h.yaml"
RULE_DEV1 = "sandboxes/dev1/shop/destinationrule-cart-dev1.yaml"
RULE_DEV10 = "sandboxes/dev10/shop/destinationrule-cart-dev1.yaml"


def _is_dev10s(files: Files) -> None:
    """Marks a rule as another sandbox's, so that its place is the only thing that is wrong with it."""
    files[RULE_DEV10]["metadata"]["labels"] |= dict.fromkeys(
        ("tenantID", "sandlane.dev/tenant", "sandlane.dev/sandbox"), "dev10"
    )


LEANING = [
    pytest.param(
        tuple(
            put(file, ("spec", "rules"), lambda rules: rules[:1]) for file in (WEB_DEV1, WEB_DEV1.replace("-h.", "-b."))
        ),
        id="a-default-in-another-unit",
    ),
    pytest.param((moved(RULE_DEV1, RULE_DEV10), _is_dev10s), id="a-rule-for-another-units-service"),
]


@pytest.mark.parametrize("edits", LEANING)
def test_an_object_that_leans_on_another_unit(edits: tuple[Edit, ...], request: pytest.FixtureRequest) -> None:
    inputs = shop("istio-ambient", [RULE, *ROUTES], {})
    files = written(inputs)
    for edit in edits:
        edit(files)
    assert_recorded(request, [show(p) for p in prove(inputs.base, make(files), claims_of(inputs))])
    assert any(applied(inputs, files, units) for units in subsets(files))


BROKEN: list[Callable[[], Edit]] = [
    lambda: put(WEB_XDEV1, ("spec", "rules"), lambda rules: rules[1:]),
    lambda: put(WEB_XDEV1, ("spec", "rules", 1, "backendRefs", 0, "name"), "web-dev1"),
    lambda: moved(WEB_XDEV1, "sandboxes/dev10/shop/x.yaml"),
    lambda: add("sandboxes/dev10/shop/x.yaml", {**ROUTES[0], "metadata": {"name": "x", "namespace": "shop"}}),
    lambda: moved(RULE_DEV1, "sandboxes/xdev1/shop/x.yaml"),
    lambda: put(WEB_DEV1, ("spec", "rules", 0, "backendRefs", 0, "name"), "web-xdev1"),
    lambda: put(WEB_DEV1, ("spec", "rules", 0, "matches", 0, "headers", 0, "value"), "xdev1"),
]


@pytest.mark.parametrize(
    "number", [pytest.param(number, marks=[pytest.mark.slow] * (number % 2)) for number in range(len(BROKEN))]
)
def test_the_local_conditions_are_as_strong_as_all_subsets(number: int) -> None:
    """A defect is seen in the whole output (SL601, SL609) exactly if some subset of it breaks promise 1."""
    inputs = shop("istio-ambient", [RULE, *ROUTES], {})
    files = written(inputs)
    BROKEN[number]()(files)
    codes = {problem.code for problem in prove(inputs.base, make(files), claims_of(inputs))}
    is_broken = any(applied(inputs, files, units) for units in subsets(files))
    assert bool(codes & {"SL601", "SL609"}) == is_broken
