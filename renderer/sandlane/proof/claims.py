"""Claims: what the specs say that output has to contain, read without any decision of the renderer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, ResourceId
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.overrides.changes import Changes
from sandlane.overrides.generated_names import with_generated_names
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


@frozen(kw_only=True)
class Asked:
    """What is asked of one clone: the standing rules' changes and its spec's, in order, and how many replicas it has."""

    changes: tuple[Changes, ...] = ()
    replicas: int = 1


@frozen(kw_only=True)
class Claim:
    """An active sandbox: its tenantID, its name (the directory of its objects), and the base workloads that it changes.

    `uses`: the workload, or else the Service, that is replaced -> the base workload that takes its place.
    `asked` is what is asked of the clones of origins that the base has. `accepted` are the problems that its spec accepts, by code
    and object. `changed` are origins of which the spec or a standing rule changes more than images, environment and replicas.
    `resources` are files of further manifests, and `brought` is what they render to, where that is known.
    """

    tenant: str
    name: str
    source: Source
    origins: tuple[ResourceId, ...]
    uses: Mapping[ResourceId, ResourceId] = field(default_factory=dict)
    accepted: frozenset[tuple[str, str]] = frozenset()
    changed: frozenset[ResourceId] = frozenset()
    resources: frozenset[str] = frozenset()
    asked: Mapping[ResourceId, Asked] = field(default_factory=dict)
    owner: str | None = None
    expires: str | None = None
    brought: Mapping[ResourceId, Manifest] | None = None


@frozen(kw_only=True)
class GroupClaim:
    """A route group: its tenantID and the names of its members; a member without a claim of its own is suspended."""

    tenant: str
    name: str
    source: Source
    members: tuple[str, ...]
    owner: str | None = None
    expires: str | None = None


@frozen(kw_only=True)
class Claims:
    """All that is claimed in an environment."""

    environment: Environment
    sandboxes: tuple[Claim, ...]
    groups: tuple[GroupClaim, ...]


def claims_of(inputs: Inputs, brought: Mapping[str, Mapping[ResourceId, Manifest]] | None = None) -> Claims:
    """Returns the claims of an environment's specs: suspended sandboxes have none.

    `brought` are the objects that files of sandboxes render to, by the sandboxes' names.
    """
    return Claims(
        environment=inputs.environment,
        sandboxes=tuple(
            _claim(inputs, sandbox, brought.get(sandbox.name) if brought is not None else None)
            for sandbox in inputs.sandboxes
            if not sandbox.suspend
        ),
        groups=tuple(_group(group, inputs.sandboxes) for group in inputs.groups),
    )


def _claim(inputs: Inputs, sandbox: Sandbox, brought: Mapping[ResourceId, Manifest] | None) -> Claim:
    asked = dict(_asked(inputs, sandbox))
    return Claim(
        tenant=sandbox.tenant,
        name=sandbox.name,
        source=sandbox.source,
        origins=tuple(_named(w, w.kind, w.name) for w in sandbox.workloads if w.use is None),
        uses=dict(_use(inputs, w, w.use) for w in sandbox.workloads if w.use is not None),
        changed=frozenset(id for id, each in asked.items() if _is_free(each)),
        accepted=frozenset((a.code, a.object) for w in sandbox.workloads for a in w.accept),
        resources=frozenset(resource.file for resource in sandbox.resources),
        asked=asked,
        owner=sandbox.owner,
        expires=sandbox.expires,
        brought=brought,
    )


def _asked(inputs: Inputs, sandbox: Sandbox) -> Iterator[tuple[ResourceId, Asked]]:
    for workload in (w for w in sandbox.workloads if w.use is None):
        id = _named(workload, workload.kind, workload.name)
        origin = inputs.base.by_id.get(id)
        if origin:
            listed = (*rules_for(inputs.environment, origin), workload.changes)
            changes = tuple(with_generated_names(inputs.base, id.namespace, each) for each in listed)
            yield id, Asked(changes=changes, replicas=workload.replicas)


def _is_free(asked: Asked) -> bool:
    given = {name for changes in asked.changes for name in changes.values}
    return any(known.is_free for known in FIELDS if known.name in given)


def _use(inputs: Inputs, workload: Workload, used: str) -> tuple[ResourceId, ResourceId]:
    kind, _, name = used.partition("/")
    replaced = _named(workload, workload.kind, workload.name)
    if replaced not in inputs.base.by_id:
        replaced = ResourceId("", "Service", workload.namespace, workload.name)
    return replaced, _named(workload, kind, name)


def _named(workload: Workload, kind: str, name: str) -> ResourceId:
    group = next((group for group, known in WORKLOADS if known == kind), "")
    return ResourceId(group, kind, workload.namespace, name)


def _group(group: RouteGroup, sandboxes: tuple[Sandbox, ...]) -> GroupClaim:
    labels = group.match_labels
    chosen = sandboxes if labels is not None else ()
    selected = (s.name for s in chosen if all(s.labels.get(k) == v for k, v in (labels or {}).items()))
    return GroupClaim(
        tenant=group.tenant,
        name=group.name,
        source=group.source,
        members=tuple(sorted({*selected, *group.sandboxes})),
        owner=group.owner,
        expires=group.expires,
    )
