"""Claims: what the specs say that output has to contain, read without any decision of the renderer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sandlane.k8s.resource import ResourceId
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.overrides.registry import FIELDS
from sandlane.problems.problem import Source
from sandlane.semantics.istio_matches import MESH
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import Environment, RouteGroup, Sandbox, Workload
from sandlane.specs.standing_rules import rules_for


def may_choose(environment: Environment, gateway: str) -> bool:
    """Tells whether tenants may be chosen by requests that enter at a gateway, or in the mesh (rule R-G14)."""
    routes = environment.routes
    return gateway == MESH or (routes.entry == "any" and gateway not in routes.strip)


def is_patched(environment: Environment, id: ResourceId) -> bool:
    """Tells whether the environment has a patch for an object: then the patch says what becomes of tenants' requests there."""
    return any(
        patch.kind == id.kind and patch.name in (None, id.name) and patch.namespace in (None, id.namespace)
        for patch in environment.routes.patches
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A `use`: the workload, or else the Service, that is replaced, and the base workload that takes its place."""

    replaced: ResourceId
    service: ResourceId
    used: ResourceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An active sandbox: its tenantID, its name (the directory of its objects), and the base workloads that it changes.

    `accepted` are the problems that its spec accepts, by code and object. `changed` are origins of which the spec or a
    standing rule changes more than images, environment and replicas. `resources` are files of further manifests.
    """

    tenant: str
    name: str
    source: Source
    origins: tuple[ResourceId, ...]
    uses: tuple[Use, ...] = ()
    accepted: frozenset[tuple[str, str]] = frozenset()
    changed: frozenset[ResourceId] = frozenset()
    resources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupClaim:
    """A route group: its tenantID and the names of its members; a member without a claim of its own is suspended."""

    tenant: str
    name: str
    source: Source
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """All that is claimed in an environment."""

    environment: Environment
    sandboxes: tuple[Claim, ...]
    groups: tuple[GroupClaim, ...]


def claims_of(inputs: Inputs) -> Claims:
    """Returns the claims of an environment's specs: suspended sandboxes have none."""
    return Claims(
        environment=inputs.environment,
        sandboxes=tuple(_claim(inputs, sandbox) for sandbox in inputs.sandboxes if not sandbox.suspend),
        groups=tuple(_group(group, inputs.sandboxes) for group in inputs.groups),
    )


def _claim(inputs: Inputs, sandbox: Sandbox) -> Claim:
    return Claim(
        tenant=sandbox.tenant,
        name=sandbox.name,
        source=sandbox.source,
        origins=tuple(_named(w, w.kind, w.name) for w in sandbox.workloads if w.use is None),
        uses=tuple(_use(w, w.use) for w in sandbox.workloads if w.use is not None),
        accepted=frozenset((a.code, a.object) for w in sandbox.workloads for a in w.accept),
        changed=frozenset(_changed(inputs, sandbox)),
        resources=frozenset(resource.file for resource in sandbox.resources),
    )


def _changed(inputs: Inputs, sandbox: Sandbox) -> Iterator[ResourceId]:
    for workload in (w for w in sandbox.workloads if w.use is None):
        id = _named(workload, workload.kind, workload.name)
        origin = inputs.base.by_id.get(id)
        rules = rules_for(inputs.environment, origin) if origin else ()
        given = {name for changes in (*rules, workload.changes) for name in changes.values}
        if any(field.is_free for field in FIELDS if field.name in given):
            yield id


def _use(workload: Workload, used: str) -> Use:
    kind, _, name = used.partition("/")
    return Use(
        replaced=_named(workload, workload.kind, workload.name),
        service=ResourceId("", "Service", workload.namespace, workload.name),
        used=_named(workload, kind, name),
    )


def _named(workload: Workload, kind: str, name: str) -> ResourceId:
    group = next((group for group, known in WORKLOADS if known == kind), "")
    return ResourceId(group, kind, workload.namespace, name)


def _group(group: RouteGroup, sandboxes: tuple[Sandbox, ...]) -> GroupClaim:
    labels = group.match_labels
    selected = (
        s.name for s in sandboxes if labels is not None and all(s.labels.get(k) == v for k, v in labels.items())
    )
    return GroupClaim(
        tenant=group.tenant, name=group.name, source=group.source, members=tuple(sorted({*selected, *group.sandboxes}))
    )
