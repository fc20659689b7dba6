"""Who must pass the carrier on for a request to come to a tenant's clones, and whether their manifests show that they do."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.base.base import Base
from sandlane.base.pod_templates import with_template
from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, ResourceId, annotations_of, at
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.reports.calls import Call, CallGraph
from sandlane.specs.model import Carrier, Environment

SETTING = "OTEL_PROPAGATORS=tracecontext,baggage"
_INJECTED = "instrumentation.opentelemetry.io/inject-"


@frozen(kw_only=True)
class Passing:
    """A workload that must pass the carrier on, the call for which it must, and what its manifest shows."""

    call: Call
    shows: str
    is_shown: bool


def passed_on(environment: Environment) -> Carrier:
    """Returns the carrier that workloads are asked to pass on: baggage where there is one, which libraries for tracing pass on."""
    return next((carrier for carrier in environment.carriers if carrier.baggage), environment.carriers[0])


def passing(base: Base, graph: CallGraph, services: frozenset[ResourceId], carrier: Carrier) -> tuple[Passing, ...]:
    """Returns the workloads by which requests come to Services, one for each, sorted."""
    found: dict[ResourceId, Passing] = {}
    for call in graph.callers(services):
        if call.caller not in found:
            is_shown, shows = _shown(base.by_id[call.caller], base, carrier)
            found[call.caller] = Passing(call=call, shows=shows, is_shown=is_shown)
    return tuple(found[id] for id in sorted(found))


def _shown(workload: Resource, base: Base, carrier: Carrier) -> tuple[bool, str]:
    if not carrier.baggage:
        return False, f"it must copy the header '{carrier.header}' from what it receives to what it sends"
    variables = dict(_variables(workload, base))
    propagators = variables.get("OTEL_PROPAGATORS")
    if propagators is not None and "baggage" in propagators.split(","):
        return True, f"OTEL_PROPAGATORS={propagators} does that"
    if propagators is not None:
        return False, f"OTEL_PROPAGATORS={propagators} leaves baggage out: set {SETTING}"
    if any(name.startswith("OTEL_") for name in variables) or _is_injected(workload):
        return True, "OpenTelemetry is set up, and passes baggage on unless its code says otherwise"
    return False, f"nothing in its manifest shows that it does: with an OpenTelemetry SDK {SETTING} does"


def _variables(workload: Resource, base: Base) -> Iterator[tuple[str, str]]:
    row = WORKLOADS[(workload.id.group, workload.id.kind)]
    containers = at(with_template(base, workload).manifest, (*row.template, "spec", "containers")) or ()
    for container in containers:
        yield from ((str(v.get("name")), str(v.get("value") or "")) for v in container.get("env") or ())


def _is_injected(workload: Resource) -> bool:
    row = WORKLOADS[(workload.id.group, workload.id.kind)]
    template = at(workload.manifest, row.template) or {}
    return any(key.startswith(_INJECTED) and value != "false" for key, value in annotations_of(template).items())
