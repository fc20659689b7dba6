"""The world that obligations look at: base, output and claims, with what is found in them once and asked often.

Building it and every obligation is linear in the objects and entries of base and output.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sandlane.base.base import Base
from sandlane.base.pod_templates import with_template
from sandlane.frozen import frozen
from sandlane.k8s.hosts import service_of
from sandlane.k8s.resource import Resource, ResourceId, annotations_of, at, labels_of, spec_of
from sandlane.k8s.selectors import Index, Selector, from_label_selector, from_map
from sandlane.k8s.workload_kinds import WORKLOADS, WorkloadKind, pod_labels
from sandlane.proof.claims import Claim, Claims, GroupClaim
from sandlane.proof.differences import IsNote
from sandlane.proof.literals import ORIGIN, RESOURCE, TENANT, CloneKey, clone_key, copied_origin, is_disabled
from sandlane.proof.marks import has_references
from sandlane.proof.readers import READERS, Reader
from sandlane.proof.triggers import note_of
from sandlane.semantics.network import Network, make_network


@frozen
class Text:
    """What the text of an object tells: how many bytes it has at most, and whether it holds `${`, which Flux may replace."""

    length: int
    has_references: bool


def text_of(resource: Resource) -> Text:
    """Returns what the text of an object tells.

    Python's own format is much quicker to write than JSON. It has the same texts, of which JSON needs at most six bytes for one.
    """
    manifest: Any = resource.manifest
    try:
        data = marshal.dumps(manifest, 2)
    except ValueError:  # a type that this format does not know
        data = json.dumps(manifest, default=str).encode()
    return Text(6 * len(data), b"${" in data and has_references(manifest))


@frozen(kw_only=True)
class Pods:
    """The pods of a workload: their labels, and the workload's selector (None: it has none)."""

    resource: Resource
    labels: Mapping[str, str]
    selector: Selector | None


@frozen(kw_only=True)
class Clones:
    """Who claims what, and which clones there are.

    `reach`: tenantID -> tenantIDs whose clones its requests may meet (of a route group: its members'). `cloned`: tenantID -> base
    Services that select what it claims. `pods`: kind, namespace, tenantID and origin label -> pods. `services`: (base Service,
    tenantID) -> added Service with an address. `services_of`: base workload -> the base Services that select its pods.
    """

    reach: Mapping[str, frozenset[str]]
    cloned: Mapping[str, frozenset[ResourceId]]
    pods: Mapping[CloneKey, Pods]
    services: Mapping[tuple[ResourceId, str], Resource]
    services_of: Callable[[ResourceId], Sequence[Resource]]


@frozen(kw_only=True)
class World:
    """What is proved about, and its indexes.

    `holders`: directory -> sandbox or route group. `added`: output that is not in the base; `resources`: what of it
    comes from a sandbox's own files, by its name; `pods`: those of added workloads. `network`: the base as proxies see it;
    `reader`: how the mesh reads routes. `is_note`: labels and annotations on which nobody acts. `text_of`: object of the
    output -> what its text tells. `copied_as`: group and kind -> the base's objects by the origin label of their copies.
    """

    base: Base
    output: Base
    claims: Claims
    holders: Mapping[str, Claim | GroupClaim]
    added: tuple[Resource, ...]
    resources: Mapping[str, Sequence[Resource]]
    pods: tuple[Pods, ...]
    clones: Clones
    network: Network
    reader: Reader
    is_note: IsNote
    text_of: Callable[[Resource], Text]
    copied_as: Callable[[str, str], Mapping[str, Sequence[Resource]]]

    def services_of(self, origin: ResourceId) -> Sequence[Resource]:
        """Returns the base Services that select the pods of a base workload, or the one of that id."""
        return self.clones.services_of(origin)

    def service(self, host: str, namespace: str) -> ResourceId | None:
        """Returns the id of the Service that a host means in an object of a namespace."""
        found = service_of(host, namespace, self.claims.environment.cluster.domain)
        return ResourceId("", "Service", found.namespace, found.name) if found else None

    def owner(self, resource: Resource) -> Claim | None:
        """Returns the active sandbox in whose directory an object of the output lies."""
        holder = self.holders.get(_directory(resource.source.file))
        return holder if isinstance(holder, Claim) else None

    def may_select(self, service: Resource) -> frozenset[ResourceId]:
        """Returns the base workloads whose pods an added Service may select, by a `use` of its sandbox."""
        owner, origin = self.owner(service), labels_of(service.manifest).get(ORIGIN, "")
        uses = owner.uses.items() if owner else ()
        return frozenset(used for id, used in uses if any(s.id.name == origin for s in self.services_of(id)))

    def is_brought(self, resource: Resource) -> bool:
        """Tells whether an object of the output says that it comes from a file which its sandbox names."""
        return bool(self.resources) and _is_brought(resource, self.owner(resource))

    def clone_of(self, origin: ResourceId, tenant: str) -> Pods | None:
        """Returns the pods of a tenant's clone of a base workload."""
        return self.clones.pods.get(clone_key(origin.kind, origin.namespace, origin.name, tenant))

    def added_by_id(self, id: ResourceId | None) -> Resource | None:
        """Returns an object of the output that the base has not."""
        return self.output.by_id.get(id) if id and id not in self.base.by_id else None

    def originals(self, copy: Resource) -> tuple[Resource, ...]:
        """Returns the base's objects of which one may be a copy by its label: of its namespace, or of Istio's root one.

        From there objects act on all namespaces; those of others have a copy beside the clone.
        """
        homes = (copy.id.namespace, self.claims.environment.cluster.root_namespace)
        found = self.copied_as(copy.id.group, copy.id.kind).get(labels_of(copy.manifest).get(ORIGIN, ""), ())
        return tuple(original for original in found if original.id.namespace in homes)


def make_world(base: Base, output: Base, claims: Claims) -> World:
    """Indexes base, output and claims."""
    added = tuple(resource for resource in output.resources if resource.id not in base.by_id)
    rows = ((WORKLOADS.get((resource.id.group, resource.id.kind)), resource) for resource in added)
    pods = tuple(pods_of(row, resource) for row, resource in rows if row)
    selecting = Index(services(base.resources))
    services_of = cache(lambda origin: _services_of(base, selecting, origin))
    owners = {f"sandboxes/{claim.name}": claim for claim in claims.sandboxes}
    groups = {f"sandboxes/{group.name}": group for group in claims.groups}
    brought: dict[str, list[Resource]] = {}
    clones: dict[tuple[ResourceId, str], Resource] = {}
    for resource, owner in ((resource, owners.get(directory(resource))) for resource in added):
        if owner and _is_brought(resource, owner):
            brought.setdefault(owner.name, []).append(resource)
        elif owner and (resource.id.group, resource.id.kind) == ("", "Service") and not is_headless(resource):
            origin = ResourceId("", "Service", resource.id.namespace, labels_of(resource.manifest).get(ORIGIN, ""))
            clones[(origin, owner.tenant)] = resource
    cluster, mesh = claims.environment.cluster, claims.environment.mesh
    return World(
        base=base,
        output=output,
        claims=claims,
        holders={**groups, **owners},
        added=added,
        resources=brought,
        pods=pods,
        clones=Clones(
            reach=_reach(claims),
            cloned=_cloned(base, services_of, claims),
            pods={(p.resource.id.kind, p.resource.id.namespace, *clone_marks(p.resource)): p for p in pods},
            services=clones,
            services_of=services_of,
        ),
        network=make_network(base, mesh=mesh, domain=cluster.domain, root=cluster.root_namespace, has_waypoints=True),
        reader=READERS[mesh],
        is_note=note_of(base, claims.environment.tenant_label),
        text_of=cache(text_of),
        copied_as=cache(lambda group, kind: _copied_as(base, group, kind)),
    )


def _copied_as(base: Base, group: str, kind: str) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for resource in base.of(group, kind):
        found.setdefault(copied_origin(kind, resource.id.name), []).append(resource)
    return found


def _is_brought(resource: Resource, owner: Claim | None) -> bool:
    if owner is None or not owner.resources:
        return False
    return annotations_of(resource.manifest).get(RESOURCE) in owner.resources


def directory(resource: Resource) -> str:
    """Returns the directory of an object of the output: `shared`, `base` or `sandboxes/<name>`."""
    return _directory(resource.source.file)


@lru_cache(maxsize=1 << 16)
def _directory(file: str) -> str:
    first, _, rest = file.partition("/")
    return f"{first}/{rest.partition('/')[0]}" if first == "sandboxes" else first


def services(resources: Iterable[Resource]) -> Iterator[tuple[str, Selector, Resource]]:
    """Yields the Services that select pods: one without a selector, or of type ExternalName, selects none."""
    for resource in resources:
        spec = spec_of(resource.manifest)
        if (
            (resource.id.group, resource.id.kind) == ("", "Service")
            and spec.get("selector")
            and spec.get("type") != "ExternalName"
        ):
            yield resource.id.namespace, from_map(spec["selector"]), resource


def pods_of(row: WorkloadKind, resource: Resource) -> Pods:
    """Returns the pods of a workload."""
    selector = at(resource.manifest, row.selector) if row.selector else None
    parse = from_map if row.kind == "ReplicationController" else from_label_selector
    return Pods(
        resource=resource, labels=pod_labels(row, resource.manifest), selector=parse(selector) if selector else None
    )


def base_pods(base: Base) -> Iterator[Pods]:
    """Yields the pods of the base: those of its workloads, and single ones."""
    for row in WORKLOADS.values():
        yield from (pods_of(row, resource) for resource in base.of(row.group, row.kind))
    yield from (Pods(resource=pod, labels=labels_of(pod.manifest), selector=None) for pod in base.of("", "Pod"))


def is_headless(service: Resource) -> bool:
    """Tells whether a Service has no address of its own."""
    return spec_of(service.manifest).get("clusterIP") == "None"


def clone_marks(resource: Resource) -> tuple[str, str]:
    """Returns the tenantID and the origin that the labels of an object name."""
    labels = labels_of(resource.manifest)
    return labels.get(TENANT, ""), labels.get(ORIGIN, "")


def _reach(claims: Claims) -> dict[str, frozenset[str]]:
    by_name = {claim.name: claim.tenant for claim in claims.sandboxes}
    own = {claim.tenant: frozenset((claim.tenant,)) for claim in claims.sandboxes}
    return own | {
        group.tenant: frozenset(by_name[name] for name in group.members if name in by_name) for group in claims.groups
    }


def _cloned(
    base: Base, services_of: Callable[[ResourceId], Sequence[Resource]], claims: Claims
) -> dict[str, frozenset[ResourceId]]:
    cloned: dict[str, frozenset[ResourceId]] = {}
    for claim in claims.sandboxes:
        found = {service.id for origin in (*claim.origins, *claim.uses) for service in services_of(origin)}
        cloned[claim.tenant] = frozenset(id for id in found if not is_disabled(base.by_id[id]))
    joined = {
        tenant: frozenset(id for member in members for id in cloned[member])
        for tenant, members in _reach(claims).items()
    }
    return cloned | joined


def _services_of(base: Base, selecting: Index[Resource], origin: ResourceId) -> tuple[Resource, ...]:
    """Returns the base Services that select the pods of a base workload; without ports there is nothing to send to.

    A Service stands for itself.
    """
    row, resource = WORKLOADS.get((origin.group, origin.kind)), base.by_id.get(origin)
    labels = pod_labels(row, with_template(base, resource).manifest) if row and resource else {}
    found = selecting.matching(origin.namespace, labels) if labels else []
    if resource and (origin.group, origin.kind) == ("", "Service"):
        found = [resource]
    return tuple(service for service in found if spec_of(service.manifest).get("ports"))
