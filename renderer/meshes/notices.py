"""What cannot be routed in any mesh: said each time, so that nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.catalogue import report
from renderer.kinds import at
from renderer.meshes.base import Unroutable
from renderer.model import ResourceId
from renderer.plan import Plan
from renderer.ports import number_and_protocol
from renderer.problems import Problem


def notices(plan: Plan, unroutable: Unroutable) -> Iterator[Problem]:
    """Yields the ports of cloned Services that cannot be routed, and the Ingresses that enter them past the mesh."""
    cloned = sorted({service for tenant in plan.tenants for service in tenant.services})
    for id in cloned:
        service = plan.base.by_id[id]
        for number, port in enumerate((service.manifest.get("spec") or {}).get("ports") or ()):
            reason = unroutable.get((id, number_and_protocol(port)))
            if reason:
                path = ("spec", "ports", number)
                yield report("SL410", source=service.source, path=path, port=port["port"], service=id, reason=reason)
    yield from _ingresses(plan, frozenset(cloned))


def _ingresses(plan: Plan, cloned: frozenset[ResourceId]) -> Iterator[Problem]:
    for ingress in plan.base.of("networking.k8s.io", "Ingress"):
        spec = ingress.manifest.get("spec") or {}
        paths = (path for rule in spec.get("rules") or () for path in at(rule, ("http", "paths")) or ())
        backends = [spec.get("defaultBackend"), *(path.get("backend") for path in paths)]
        names = dict.fromkeys(at(backend, ("service", "name")) or "" for backend in backends)
        for name in names:
            id = ResourceId("", "Service", ingress.id.namespace, name)
            if id in cloned:
                yield report("SL415", source=ingress.source, object=str(ingress.id), service=id)
