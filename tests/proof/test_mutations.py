"""A small part of `benchmarks/mutations.py`: changes of nodes of the goldens, drawn with a fixed seed, and the harmless ones."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.harmless import REASONS, harmless
from benchmarks.mutations import ESCAPED, EXAMPLES, load, mutations, outcome, sampled
from tests.profiles import quick_or
from tests.project.test_golden import GOLDEN

pytestmark = pytest.mark.uncounted

SAMPLE = quick_or(8, 40)


def test_every_golden_output_is_an_example() -> None:
    assert set(EXAMPLES) == {path.name for path in GOLDEN.iterdir() if list(path.rglob("*.yaml"))}


@pytest.mark.parametrize("name", ["kustomized", "overrides", "policies", "previews", "shop", "shop-linkerd"])
def test_no_change_of_a_node_escapes(name: str) -> None:
    example = load(name)
    drawn = sampled(example, SAMPLE)
    assert len(drawn) == SAMPLE
    assert [str(mutation) for mutation in drawn if outcome(example, mutation) == ESCAPED] == []


def test_every_way_of_every_type_is_tried() -> None:
    """Each node has the ways of its type, and each of a list's items more."""
    found = {mutation.how for mutation in mutations(load("kustomized"))}
    assert found == {"added", "removed", "duplicated", "reordered", "other", "shortened", "emptied", "null"}


def route(*rules: Any) -> dict[str, Any]:
    return {"kind": "HTTPRoute", "spec": {"parentRefs": [{"name": "web"}], "rules": list(rules)}}


def network_policy(*rules: Any) -> dict[str, Any]:
    return {"kind": "NetworkPolicy", "spec": {"ingress": list(rules)}}


def virtual_service(*ports: int | None) -> dict[str, Any]:
    http: list[dict[str, Any]] = [
        {"timeout": f"{number}s", **({"match": [{"port": port}]} if port else {})} for number, port in enumerate(ports)
    ]
    return {"kind": "VirtualService", "spec": {"http": http}}


def swapped(manifest: dict[str, Any]) -> dict[str, Any]:
    http = manifest["spec"]["http"]
    return {**manifest, "spec": {"http": [http[1], http[0], *http[2:]]}}


WEB = {"name": "web", "port": 80}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        pytest.param(route({}), route({"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}), 1, id="default"),
        pytest.param(route({"backendRefs": [WEB]}), route({"backendRefs": [WEB, WEB]}), 1, id="only-backend-twice"),
        pytest.param(
            route({"backendRefs": [WEB]}), route({"backendRefs": [WEB, {**WEB, "port": 81}]}), None, id="two-backends"
        ),
        pytest.param(route({}), route({"matches": [{"path": {"value": "/x"}}]}), None, id="another-path"),
        pytest.param(network_policy({"from": [1, 2]}), network_policy({"from": [2, 1, 1]}), 2, id="alternatives"),
        pytest.param(network_policy({"from": [1, 2]}), network_policy({"from": [1]}), None, id="one-less"),
        pytest.param(virtual_service(80, 81), swapped(virtual_service(80, 81)), 3, id="other-ports"),
        pytest.param(virtual_service(80, 80), swapped(virtual_service(80, 80)), None, id="same-port"),
        pytest.param(virtual_service(80, None), swapped(virtual_service(80, None)), None, id="any-port"),
        pytest.param({"kind": "Service", "spec": {}}, {"kind": "Service", "spec": {"type": None}}, 0, id="null"),
    ],
)
def test_what_is_harmless_has_a_reason(before: dict[str, Any], after: dict[str, Any], reason: int | None) -> None:
    assert harmless(before, after) == (None if reason is None else REASONS[reason][0])
