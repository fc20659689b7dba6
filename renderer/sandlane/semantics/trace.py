"""Tracing: what becomes of one request, by which rule, and whose pods answer it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

from sandlane.base.pod_templates import labels_of_pods, with_pods
from sandlane.frozen import frozen
from sandlane.k8s.hosts import service_of
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at, spec_of
from sandlane.k8s.selectors import from_map, matches
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.semantics import compile_address
from sandlane.semantics.network import Network
from sandlane.semantics.outcomes import L4, Destination, Forward, Outcome
from sandlane.semantics.request import Client, ClientKind, Request
from sandlane.semantics.tables import Choice, Table, decide, indexed

_NOT_INJECTED = {"linkerd.io/inject": "disabled", "sidecar.istio.io/inject": "false"}


@frozen(kw_only=True)
class Target:
    """A destination with its Service, and the workloads (or single pods) whose pods it selects."""

    destination: Destination
    service: Resource | None
    workloads: tuple[Resource, ...]


@frozen(kw_only=True)
class Answer(Choice):
    """One thing that may become of a request, and who answers."""

    targets: tuple[Target, ...]

    @property
    def is_rule(self) -> bool:
        """Whether `origin` is the place of a rule; else it is that of the object that leaves the request without one."""
        return self.rule is not None


@frozen(kw_only=True)
class Traced:
    """What becomes of a request: the first of the possible answers, the others, and what else is to be said."""

    request: Request
    answer: Answer
    others: tuple[Answer, ...]
    notes: tuple[str, ...]


@frozen(kw_only=True)
class Tracer:
    """A network, and the workloads (or single pods) in it by namespace, label and value of their pods: what many requests share."""

    network: Network
    pods: Mapping[tuple[str, str, str], Sequence[Resource]] = field(repr=False)

    def compiled(self, request: Request) -> tuple[Table, ...]:
        """Returns the rules for a request's client, host and port: they serve all requests that have these."""
        return tuple(indexed(table) for table in compile_address(self.network, request.address))

    def compiled_plain(self, request: Request) -> tuple[Table, ...]:
        """Returns the same for requests that repeat no header: all the ways to look at repeated ones come to the same for these."""
        return tuple(replace(table, modes=table.modes[:1]) for table in self.compiled(request))

    def trace(self, request: Request, tables: Sequence[Table]) -> Traced:
        """Follows one request by the rules for its address to the pods that answer it."""
        answer, *others = (self._answer(choice) for choice in decide(tables, request))
        doubts = [
            f"'{target.destination.host}': {target.destination.policy.doubt} decides which DestinationRule applies"
            for each in (answer, *others)
            for target in each.targets
            if target.destination.policy and target.destination.policy.doubt
        ]
        notes = tuple(dict.fromkeys((*(note for table in tables for note in table.notes), *doubts)))
        return Traced(request=request, answer=answer, others=tuple(others), notes=notes)

    def _answer(self, choice: Choice) -> Answer:
        rule, outcome = choice.rule, choice.outcome
        targets = tuple(self._targets(outcome))
        return Answer(rule=rule, origin=choice.origin, outcome=outcome, when=choice.when, targets=targets)

    def _targets(self, outcome: Outcome) -> Iterator[Target]:
        if isinstance(outcome, L4):
            outcome = Forward(destinations=(Destination(host=outcome.host, port=outcome.port),))
        for destination in outcome.destinations if isinstance(outcome, Forward) else ():
            named = service_of(destination.host, "", self.network.domain)
            id = ResourceId("", "Service", named.namespace, named.name) if named else None
            service = self.network.base.by_id.get(id) if id else None
            labels = destination.policy.labels if destination.policy else {}
            found = tuple(self._selected(service, labels)) if service and not destination.failure else ()
            yield Target(destination=destination, service=service, workloads=found)

    def _selected(self, service: Resource, subset: Manifest) -> Iterator[Resource]:
        spec = spec_of(service.manifest)
        if not spec.get("selector") or spec.get("type") == "ExternalName":
            return
        home = service.id.namespace
        selector = (*from_map(spec["selector"]), *from_map(subset))
        having = (self.pods.get((home, str(key), str(value)), ()) for key, value in spec["selector"].items())
        yield from (resource for resource in min(having, key=len) if matches(selector, labels_of_pods(resource)))


def make_tracer(network: Network) -> Tracer:
    """Indexes the workloads of a network."""
    pods: dict[tuple[str, str, str], list[Resource]] = {}
    for resource in with_pods(network.base):
        for key, value in labels_of_pods(resource).items():
            pods.setdefault((resource.id.namespace, str(key), str(value)), []).append(resource)
    return Tracer(network=network, pods=pods)


def trace(network: Network, request: Request) -> Traced:
    """Follows one request to the pods that answer it."""
    tracer = make_tracer(network)
    return tracer.trace(request, tracer.compiled(request))


def client_of(network: Network, workload: Resource | None, namespace: str) -> Client:
    """Returns the client that a workload's pods are, or without one any meshed pod of a namespace without labels."""
    kind: ClientKind = "linkerd" if network.mesh == "linkerd" else "sidecar"
    if workload is None:
        return Client(kind=kind, namespace=namespace)
    row, labels = WORKLOADS.get((workload.id.group, workload.id.kind)), labels_of_pods(workload)
    annotations = at(workload.manifest, (*(row.template if row else ()), "metadata", "annotations")) or {}
    marks = {**annotations, **labels}
    if network.mesh != "istio-ambient" and any(marks.get(key) == value for key, value in _NOT_INJECTED.items()):
        kind = "unmeshed"
    return Client(kind=kind, namespace=workload.id.namespace, labels=labels, name=workload.id.name)
