"""Defects of text that no request can tell: each is asked for by all requests that conditions tell apart, and not by proof alone."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.alike import FOR_REQUESTS, answered_alike
from sandlane.base.base import Base, make_base
from sandlane.proof.claims import Claims
from tests.proof import test_erasure, test_proof, test_routes
from tests.proof.recorded import UNSEEN

Judged = tuple[Base, Base, Claims]
TABLES = (test_erasure.ERASURE, test_erasure.ADDITIONS, test_erasure.DEFAULTS, test_routes.DEFECTS)
pytestmark = pytest.mark.uncounted

EVERY = 12
"""Every how many of the rows `make test` asks too: each is asked for by thousands of requests."""
ROWS: dict[str, Any] = {str(row.id): row.values[0] for table in TABLES for row in table}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (number % EVERY > 0)) for number, name in enumerate(UNSEEN)]
)
def test_no_request_tells_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[Judged] = []

    def keep(base: Base, output: Base, claims: Claims) -> list[str]:
        judged.append((base, output, claims))
        return []

    for module in (test_proof, test_routes):
        monkeypatch.setattr(module, "single", keep)
    defect = ROWS[name]
    defect()
    ((base, output, claims),) = judged
    test_routes.said(claims.environment.mesh) if defect.__module__ == test_routes.__name__ else test_proof.said()
    right = judged[1]
    tenants = sorted([*(claim.tenant for claim in claims.sandboxes), *(group.tenant for group in claims.groups)])
    route = next(r for r in output.resources if r.id.kind in ("HTTPRoute", "VirtualService"))
    if {r.id: r.manifest for r in base.resources} == {r.id: r.manifest for r in right[0].resources}:
        assert answered_alike(claims.environment, base, right[1], output, route, tenants) == FOR_REQUESTS
    nobodys = answered_alike(claims.environment, base, make_base([]), output, route, tenants, is_for_nobody=True)
    assert nobodys == FOR_REQUESTS
