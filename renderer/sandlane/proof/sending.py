"""Where a tenant's rule of a route may send: what the base's rule sends to, with clones in place of cloned Services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sandlane.k8s.resource import Manifest, ResourceId, spec_of
from sandlane.proof.additional import AddedRoute
from sandlane.proof.alignment import same
from sandlane.proof.clones import origin_of, unfit_clone
from sandlane.proof.routes import Parent, backend, homes, redirects
from sandlane.proof.spelling import spelled_filter, spelled_reference
from sandlane.proof.world import World

OTHER_FILTERS = "has other filters than the base's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A backend of the base's rule: the Service that it means, what its reference says, and its filters."""

    service: ResourceId | None
    said: dict[str, Any]
    filters: Sequence[Manifest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A base rule's backends, as a tenant's copy of the rule has to have them.

    `cloned`: those with requests and a clone. `standing`: cloned parents, to which a rule without a cloned backend may lead instead
    (it must, where `is_falling`: without a backend of its own it would lead to the parent). `is_ambiguous`: a backend
    means another Service at each of the copy's parents.
    """

    world: World
    tenant: str
    home: str
    base: tuple[Backend, ...]
    cloned: tuple[Backend, ...]
    standing: tuple[Backend, ...]
    is_falling: bool
    is_ambiguous: bool

    def origins(self, references: Sequence[Manifest]) -> list[ResourceId]:
        """Returns the base Services to whose clones backendRefs lead."""
        found = (self.world.added_service(backend(reference, "")) for reference in references)
        return [origin_of(service) for service in found if service]

    def backends(self, references: Sequence[Manifest]) -> Iterator[str]:
        """Yields what is wrong with the backendRefs of a tenant's rule."""
        if self.is_ambiguous:
            yield "has a backendRef that means another Service at each of its parents"
            return
        wrong = [what for reference in references if (what := self._unfit(reference))]
        yield from wrong
        reached = self.origins(references)
        if wrong or (not self.cloned and self.standing and reached):
            return
        if self.is_falling and self.standing:
            yield f"sends to '{self.standing[0].service}', of which it has a clone"
        elif not self.cloned and not self._is_base(references):
            yield "has other backendRefs than the base's"
        for service in dict.fromkeys(b.service for b in self.cloned if b.service not in reached):
            yield f"sends nothing to a clone of '{service}'"

    def filters(self, mine: Sequence[Manifest], base: Sequence[Manifest]) -> Iterator[str]:
        """Yields what is wrong with filters, whose defaults are written out."""
        if len(mine) != len(base):
            yield OTHER_FILTERS
            return
        for item, ours in zip(mine, base, strict=True):
            what = self._mirror(item, ours) if "requestMirror" in ours else None if same(item, ours) else OTHER_FILTERS
            if what:
                yield what

    def _is_base(self, references: Sequence[Manifest]) -> bool:
        found = [spelled_reference(reference, "") for reference in references]
        return same(found, [b.said for b in self.base])

    def _unfit(self, reference: Manifest) -> str | None:
        """Returns why a rule must not have a backendRef, or None."""
        said, service = spelled_reference(reference, ""), backend(reference, "")
        if service and not service.namespace:
            return f"names no namespace for backend '{service.name}'"
        if service in self.world.cloned[self.tenant] and said["weight"] != 0:
            return f"sends to '{service}', of which it has a clone"
        filters = reference.get("filters") or ()
        if any(same(said, b.said) and self._are_filters(filters, b) for b in self.base if b.service == service):
            return None
        clone = self.world.added_service(service)
        if clone is None:
            name = service or f"{said['kind']}/{said.get('name')}"
            return f"sends to '{name}', neither a backend of the base's rule nor a clone"
        return unfit_clone(self.world, clone, self.tenant) or self._unlike(said, filters, clone.id, origin_of(clone))

    def _unlike(self, said: Manifest, filters: Sequence[Manifest], clone: ResourceId, origin: ResourceId) -> str | None:
        """Returns how a backendRef to a clone differs from the base's to its origin, or None."""
        meant = [b for b in self.cloned or self.standing if b.service == origin]
        if not meant:
            return f"sends to '{clone}', the clone of '{origin}', not of the base's backend"
        ports = dict.fromkeys(b.said.get("port") for b in meant)
        if said.get("port") not in ports:
            return f"sends to port {said.get('port')} of '{clone}', expected {' or '.join(map(str, ports))}"
        bare = {**said, "name": origin.name}
        alike = [b for b in meant if same({**b.said, "weight": said["weight"]}, bare) and self._are_filters(filters, b)]
        if not alike:
            return f"sends to '{clone}' otherwise than the base to '{origin}'"
        share = sum(b.said["weight"] for b in alike)
        # A weight is a share: one clone that gets all has weight 1, whatever those that are gone had.
        expected = (share if len(alike) < len(self.cloned) else min(share, 1)) if self.cloned else said["weight"] or 1
        if said["weight"] != expected:
            return f"sends to '{clone}' with weight {said['weight']}, expected {expected}"
        return None

    def _are_filters(self, filters: Sequence[Manifest], base: Backend) -> bool:
        if not filters and not base.filters:
            return True
        mine, ours = ([spelled_filter(item) for item in items] for items in (filters, base.filters))
        return not any(self.filters(mine, ours))

    def _mirror(self, item: Manifest, ours: Manifest) -> str | None:
        """Returns what is wrong with a mirror: it has to lead to the clone of a cloned Service, else to the base's."""
        mine, base = item.get("requestMirror") or {}, ours["requestMirror"]
        rests = [{**f, "requestMirror": {**m, "backendRef": None}} for f, m in ((item, mine), (ours, base))]
        found, meant = mine.get("backendRef") or {}, base.get("backendRef") or {}
        service = backend(meant, self.home, self.world.reader)
        if not same(*rests):
            return OTHER_FILTERS
        if service not in self.world.cloned[self.tenant] or service is None:
            is_same = same(spelled_reference(found, self.home), spelled_reference(_plain(meant, service), self.home))
            return None if is_same else OTHER_FILTERS
        clone = self.world.added_service(backend(found, ""))
        if clone is None or origin_of(clone) != service or found.get("port") != meant.get("port"):
            return f"mirrors to no clone of '{service}'"
        unfit = unfit_clone(self.world, clone, self.tenant)
        return unfit.replace("sends", "mirrors", 1) if unfit else None


def make_sending(world: World, added: AddedRoute, ours: Manifest) -> Sending:
    """Returns where a copy of a base rule has to send."""
    namespaces = homes(world.reader, added.resource.id.namespace, added.parents)
    references: Sequence[Manifest] = ours.get("backendRefs") or ()
    base = tuple(_backend(world, reference, namespaces[0]) for reference in references)
    cloned_services = world.cloned[added.holder.tenant]
    cloned = tuple(b for b in _live(base) if b.service in cloned_services)
    is_falling = world.reader.is_linkerd and not references and not redirects(ours)
    parents = [parent for parent in added.parents if parent.target in cloned_services]
    standing = (
        tuple(_standing(world, parent) for parent in parents) if is_falling or (references and not cloned) else ()
    )
    return Sending(
        world=world,
        tenant=added.holder.tenant,
        home=namespaces[0],
        base=base,
        cloned=cloned,
        standing=standing,
        is_falling=is_falling,
        is_ambiguous=len(namespaces) > 1
        and any(b.service and not r.get("namespace") for b, r in zip(base, references, strict=True)),
    )


def _backend(world: World, reference: Manifest, home: str) -> Backend:
    service = backend(reference, home, world.reader)
    return Backend(
        service=service,
        said=spelled_reference(_plain(reference, service), home),
        filters=reference.get("filters") or (),
    )


def _plain(reference: Manifest, service: ResourceId | None) -> Manifest:
    """Returns a reference to a Service with its group and kind as they are written: Linkerd ignores their case (rule R-L6)."""
    return {**reference, "group": "", "kind": "Service"} if service else reference


def _standing(world: World, parent: Parent) -> Backend:
    """Returns a cloned parent Service as a backend: at the port of its parentRef, or at its only one."""
    service = world.base.by_id.get(parent.target) if parent.target else None
    ports = spec_of(service.manifest).get("ports") or [] if service else []
    port = parent.port or (ports[0]["port"] if len(ports) == 1 else None)
    name, namespace = (parent.target.name, parent.target.namespace) if parent.target else ("", "")
    said = spelled_reference({"name": name, "namespace": namespace, "port": port}, namespace)
    return Backend(service=parent.target, said=said, filters=())


def _live(backends: Sequence[Backend]) -> Sequence[Backend]:
    """Returns the backends that get any request: not those of weight 0 beside others."""
    return [b for b in backends if b.said["weight"] != 0] or backends
