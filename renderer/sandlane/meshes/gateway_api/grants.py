"""ReferenceGrants of clones (rule R-G8): a Gateway's route may send to another namespace only where one of it lets it.

Service parents need none (GEP-1294, 'mesh backendRefs'). A grant to all Services of a namespace covers clones as well; one that
names a cloned Service is copied for the clone, to the routes that need it and to nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.limits import OBJECT_NAME_LIMIT
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.meshes.gateway_api.attached_routes import Route, backend, references_of
from sandlane.meshes.gateway_api.copies import Copying
from sandlane.meshes.gateway_api.dialects import GATEWAY
from sandlane.meshes.gateway_api.tenant_errors import tenant_error
from sandlane.output.layout import SANDBOXES, Placed
from sandlane.plan.metadata import copied_labels, kept_annotations, tenant_metadata
from sandlane.plan.model import ServiceClone
from sandlane.plan.names import clone_name
from sandlane.problems.problem import Problem
from sandlane.specs.model import Environment

From = tuple[str, str, str]
"""Group, kind and namespace of routes."""


@frozen(kw_only=True)
class Crossing:
    """A route of a Gateway that names a Service of another namespace, to send to or to mirror to."""

    route: Route
    service: ResourceId

    @property
    def source(self) -> From:
        """What a ReferenceGrant has to name."""
        id = self.route.resource.id
        return id.group, id.kind, id.namespace


def crossings(routes: Iterable[Route]) -> Iterator[Crossing]:
    """Yields what routes of Gateways name in other namespaces; a Service's routes need no grants."""
    for route in routes:
        home = route.resource.id.namespace
        if all(attached.is_service for attached in route.parents):
            continue
        found = (backend(reference, home) for rule in route.rules for reference in references_of(rule))
        for service in dict.fromkeys(found):
            if service and service.namespace != home:
                yield Crossing(route=route, service=service)


def ungranted(base: Base, copying: Copying) -> Iterator[Problem]:
    """Yields a problem where the base shows no grant: its own requests fail, or the grant lies elsewhere and may name names."""
    is_at_gateway = any(not attached.is_service for attached in copying.parents)
    for crossing in crossings([copying.route]) if is_at_gateway else ():
        is_cloned = crossing.service in copying.tenant.services
        if is_cloned and not any(_lets(grant, crossing) for grant in base.of(GATEWAY, "ReferenceGrant")):
            yield tenant_error("SL440", copying.route, copying.tenant, service=crossing.service)


def grants(
    environment: Environment, base: Base, routes: Sequence[Route], clones: Sequence[ServiceClone]
) -> Iterator[Placed]:
    """Yields the copies of grants that clones need, each in the directory of the clone's sandbox.

    They depend on the base and on the clone alone, and not on what its sandbox copies: a route group may copy a route
    that mirrors to it.
    """
    to: dict[ResourceId, list[Crossing]] = {}
    for crossing in crossings(routes):
        to.setdefault(crossing.service, []).append(crossing)
    needed: dict[tuple[str, ResourceId], tuple[Resource, list[tuple[From, ServiceClone]]]] = {}
    for clone in clones:
        for crossing in to.get(clone.origin.id, ()):
            letting = [grant for grant in base.of(GATEWAY, "ReferenceGrant") if _lets(grant, crossing)]
            if letting and not any(_is_to_all(grant) for grant in letting):
                key = clone.sandbox.name, letting[0].id
                needed.setdefault(key, (letting[0], []))[1].append((crossing.source, clone))
    for _, (grant, given) in sorted(needed.items(), key=lambda item: item[0]):
        yield _copy(environment, grant, given)


def _copy(environment: Environment, grant: Resource, given: Sequence[tuple[From, ServiceClone]]) -> Placed:
    sandbox = given[0][1].sandbox
    name = clone_name(grant.id.name, sandbox.tenant, OBJECT_NAME_LIMIT)
    sources = sorted({source for source, _ in given})
    metadata = tenant_metadata(
        environment,
        sandbox,
        name=name,
        namespace=grant.id.namespace,
        origin=grant.id.name,
        labels=copied_labels(grant.manifest),
        annotations=kept_annotations(grant.manifest),
    )
    spec = {
        "from": [{"group": group, "kind": kind, "namespace": namespace} for group, kind, namespace in sources],
        "to": [
            {"group": "", "kind": "Service", "name": clone} for clone in sorted({clone.id.name for _, clone in given})
        ],
    }
    manifest = {"apiVersion": grant.manifest["apiVersion"], "kind": grant.id.kind, "metadata": metadata, "spec": spec}
    id = ResourceId(grant.id.group, grant.id.kind, grant.id.namespace, name)
    return Placed(directory=f"{SANDBOXES}/{sandbox.name}", id=id, manifest=manifest)


def _lets(grant: Resource, crossing: Crossing) -> bool:
    """Tells whether a grant of the base lets a route name the cloned Service."""
    if grant.id.namespace != crossing.service.namespace:
        return False
    is_from = any(_source(given) == crossing.source for given in spec_of(grant.manifest).get("from") or ())
    return is_from and any(to.get("name") in (None, "", crossing.service.name) for to in _services(grant))


def _is_to_all(grant: Resource) -> bool:
    return any(not to.get("name") for to in _services(grant))


def _services(grant: Resource) -> list[Manifest]:
    """Returns what a grant lets name of Services."""
    to = spec_of(grant.manifest).get("to") or ()
    return [t for t in to if (t.get("group") or "", t.get("kind")) == ("", "Service")]


def _source(given: Mapping[str, object]) -> tuple[object, ...]:
    return given.get("group"), given.get("kind"), given.get("namespace")
