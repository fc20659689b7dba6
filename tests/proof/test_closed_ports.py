"""Ports that a mesh leaves no way to route by tenant, or only one: what is rendered for them is no false alarm."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from tests import build

pytestmark = pytest.mark.uncounted

MESHES = ("istio", "istio-ambient", "linkerd", "gateway-api")
PORTS: dict[str, Any] = {
    "plain": {"port": 80},
    "http": {"port": 80, "appProtocol": "http"},
    "h2c": {"port": 80, "appProtocol": "kubernetes.io/h2c"},
    "tcp": {"port": 80, "name": "tcp-x"},
    "postgresql": {"port": 5432, "name": "postgresql"},
    "sidecars-own": {"port": 15090, "name": "http"},
}


def _route(kind: str, version: str = "v1alpha2", **parent: Any) -> build.Object:
    spec: dict[str, Any] = {
        "parentRefs": [{"group": "", "kind": "Service", "name": "web", **parent}],
        "rules": [{"backendRefs": [{"name": "other", "port": 80}]}],
    }
    return build.object_of(f"gateway.networking.k8s.io/{version}", kind, "r", **spec)


BESIDE: dict[str, list[build.Object]] = {
    "nothing": [],
    "split": [build.object_of("split.smi-spec.io/v1alpha1", "TrafficSplit", "s", service="web", backends=[])],
    "profile": [
        build.object_of("linkerd.io/v1alpha2", "ServiceProfile", "web.shop.svc.cluster.local", routes=[{"name": "a"}])
    ],
    "tcp-route": [_route("TCPRoute")],
    "tcp-route-of-a-port": [_route("TCPRoute", port=80)],
    "tls-route": [_route("TLSRoute")],
    "both": [_route("TCPRoute"), _route("HTTPRoute", "v1")],
}


EVERY = 5
"""Every how many of the cases `make test` has: no divisor of the number of any part's values, so that all of these come up."""


@pytest.mark.parametrize(
    ("mesh", "port", "beside", "address"),
    [
        pytest.param(*case, id="-".join(filter(None, case)), marks=[pytest.mark.slow] * (number % EVERY > 0))
        for number, case in enumerate(product(MESHES, PORTS, BESIDE, ("", "None")))
    ],
)
def test_no_false_alarm(mesh: str, port: str, beside: str, address: str) -> None:
    service = build.service("web", PORTS[port])
    service["spec"] |= {"clusterIP": address} if address else {}
    base = [build.WAYPOINT, *build.app("other"), build.deployment("web"), service, *BESIDE[beside]]

    def rendered(accept: list[build.Object]) -> list[build.Object]:
        """Returns what has to be accepted."""
        try:
            # `render` proves what it returns.
            render(build.inputs(base, build.sandbox("dev1", {"name": "web", "accept": accept}), mesh=mesh))
        except Invalid as invalid:
            found = {(problem.code, str(problem.object)) for problem in invalid.problems}
            return [{"code": code, "object": name, "reason": "a test"} for code, name in sorted(found)]
        return []

    accept = rendered([])
    assert not accept or not rendered(accept)
