"""Clients whose proxy does not see the requests that they send: these are not routed, and stay with the base.

Linkerd: https://linkerd.io/2/reference/proxy-configuration/ · Istio: https://istio.io/latest/docs/reference/config/annotations/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from sandlane.frozen import frozen
from sandlane.k8s.resource import annotations_of, at, spec_of
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


@frozen(kw_only=True)
class _Bypass:
    """Annotations of pods by which requests pass their proxy by: of its absence (`without`: name -> value), and of ports.

    With `by_namespace` a pod that does not say it takes the annotation of its Namespace.
    """

    without: Mapping[str, str]
    ports: str
    by_namespace: bool = False


_BYPASSES: Mapping[str, _Bypass] = {
    "linkerd": _Bypass(
        without={"linkerd.io/inject": "disabled"}, ports="config.linkerd.io/skip-outbound-ports", by_namespace=True
    ),
    "istio": _Bypass(without={}, ports="traffic.sidecar.istio.io/excludeOutboundPorts"),
}
"""Mesh -> how requests pass its proxies by; `sidecar.istio.io/inject` is told with Istio's routes."""


def unrouted_clients(plan: Plan) -> Iterator[Problem]:
    """Yields a notice for each workload whose requests to cloned Services pass its proxy by."""
    bypass = _BYPASSES.get(plan.environment.mesh)
    numbers = {p.get("port") for clone in plan.services for p in spec_of(clone.origin.manifest).get("ports") or ()}
    if bypass is None or not numbers:
        return
    for row in WORKLOADS.values():
        for workload in plan.base.of(row.group, row.kind):
            own = at(workload.manifest, (*row.template, "metadata", "annotations")) or {}
            above = annotations_of(plan.base.namespace(workload.id.namespace)) if bypass.by_namespace else {}
            found = {**above, **own}
            for why_not, where in _passing(bypass, found, sorted(numbers)):
                told = partial(report, "SL417", source=workload.source, path=row.template)
                yield told(object=str(workload.id), why_not=why_not, where=where)


def _passing(bypass: _Bypass, found: Mapping[str, str], numbers: list[int]) -> Iterator[tuple[str, str]]:
    """Yields why requests of pods with some annotations pass their proxy by, and which, if not all."""
    for name, value in bypass.without.items():
        if found.get(name) == value:
            yield f"has no proxy of the mesh ({name}: {value})", ""
    passed = [str(number) for number in numbers if _holds(str(found.get(bypass.ports) or ""), number)]
    if passed:
        where = f" to port{'s' if len(passed) > 1 else ''} {', '.join(passed)}"
        yield f"leads requests past its proxy ({bypass.ports}: '{found[bypass.ports]}')", where


def _holds(ports: str, number: int) -> bool:
    """Tells whether a list of ports and ranges of ports, such as `25,4190-4200`, has a port."""
    for part in ports.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal() and (last or first).isdecimal() and int(first) <= number <= int(last or first):
            return True
    return False
