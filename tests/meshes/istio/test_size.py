"""How many tenants one VirtualService holds (rule R-I17b)."""

from __future__ import annotations

import json

import pytest

from sandlane.k8s.limits import LARGEST_OBJECT
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid, show
from tests.build import Object, app, inputs, sandbox


def tenants(number: int, *workloads: str) -> list[Object]:
    return [sandbox(f"tenant-{n:04}", *workloads) for n in range(number)]


@pytest.mark.slow
def test_a_thousand_tenants_of_one_service_fit() -> None:
    found = render(inputs([*app("checkout")], *tenants(1000, "checkout")))
    (vs,) = (o for o in found.objects if o.id.kind == "VirtualService")
    size = len(json.dumps(vs.manifest, separators=(",", ":")).encode())
    assert (len(vs.manifest["spec"]["http"]), size < LARGEST_OBJECT // 2) == (1001, True)


@pytest.mark.slow
def test_too_many_are_refused_with_numbers_and_a_way_out() -> None:
    with pytest.raises(Invalid) as found:
        render(inputs([*app("checkout")], *tenants(3200, "checkout")))
    (problem,) = found.value.problems
    assert show(problem) == (
        "sandlane.yaml: SL404 'VirtualService/shop/checkout-sandlane' would be 1,146,018 bytes, "
        "more than the 1,048,576 that the API server stores\n"
        "  hint: about 2,928 of its 3,201 entries fit: let fewer sandboxes clone what it serves, carry the tenantID in one header alone "
        "('spec.carriers'), or delegate some of its routes to VirtualServices of their own"
    )


def test_one_header_alone_takes_much_less() -> None:
    sizes = []
    for carriers in ([{"header": "tenantID"}, {"baggage": "tenantID"}], [{"header": "tenantID"}]):
        found = render(inputs([*app("checkout")], *tenants(20, "checkout"), carriers=carriers))
        (vs,) = (o for o in found.objects if o.id.kind == "VirtualService")
        sizes.append(len(json.dumps(vs.manifest, separators=(",", ":"))))
    assert sizes[1] * 1.6 < sizes[0]
