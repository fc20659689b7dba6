"""Routes of the base that do not do what their author meant: misspelt fields, and hosts that nothing is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.hosts import ServiceHost, covers, service_of
from sandlane.k8s.known_fields import way_out
from sandlane.k8s.resource import Resource, spec_of
from sandlane.k8s.route_fields import KINDS, unknown_route_fields
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, did_you_mean, dotted

_SENDING = frozenset({"backendRef", "backendRefs", "destination", "mirror"})
"""Fields of routes that hold to whom requests, or copies of them, are sent."""


def doubtful_routes(plan: Plan) -> Iterator[Problem]:
    """Yields notices on the base's route objects: fields that their kinds do not have, and destinations that nothing is."""
    known = _known(plan)
    for kind in KINDS:
        for route in plan.base.of(*kind):
            for path, siblings in unknown_route_fields(kind, route.manifest):
                told = partial(report, "SL482", source=route.source, path=path, at_key=True)
                yield told(object=str(route.id), field=dotted(path), hint=way_out(path, siblings))
            for path, host in _sent(spec_of(route.manifest), ("spec",)):
                hint = _missing(known, route, host)
                if hint is not None:
                    yield report("SL483", source=route.source, path=path, object=str(route.id), host=host, hint=hint)


def _sent(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yields where hosts and names of Services stand to which a route sends requests."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        place = (*path, key)
        for number, each in enumerate(inner if isinstance(inner, list) else [inner]) if key in _SENDING else ():
            steps = (*place, number) if isinstance(inner, list) else place
            field = "name" if str(key).startswith("backendRef") else "host"
            if isinstance(each, dict) and isinstance(each.get(field), str) and _is_service(each, field):
                home = each.get("namespace")
                full = f"{each[field]}.{home}" if field == "name" and home else each[field]
                yield (*steps, field), str(full)
        yield from _sent(inner, place)


def _is_service(reference: Mapping[str, Any], field: str) -> bool:
    return field == "host" or (not reference.get("group") and reference.get("kind") in (None, "Service"))


@frozen(kw_only=True)
class _Known:
    """The names that are in a base: of its Services by namespace, and hosts of ServiceEntries."""

    domain: str
    services: Mapping[str, frozenset[str]]
    hosts: tuple[str, ...]


def _known(plan: Plan) -> _Known:
    services: dict[str, set[str]] = {}
    for service in plan.base.of("", "Service"):
        services.setdefault(service.id.namespace, set()).add(service.id.name)
    entries = plan.base.of("networking.istio.io", "ServiceEntry")
    return _Known(
        domain=plan.environment.cluster.domain,
        services={namespace: frozenset(names) for namespace, names in services.items()},
        hosts=tuple(str(host) for entry in entries for host in spec_of(entry.manifest).get("hosts") or ()),
    )


def _missing(known: _Known, route: Resource, host: str) -> str | None:
    """Returns a hint where a host means a Service of a namespace of the base that is not there, else None.

    What other namespaces hold, and names outside of the cluster, nothing in the base tells.
    """
    meant: ServiceHost | None
    if route.id.kind == "VirtualService":
        meant = service_of(host, route.id.namespace, known.domain)
        full = [host, meant.fqdn(known.domain)] if meant else []
        if any(covers(pattern, name) for pattern in known.hosts for name in full):
            return None
    else:
        name, _, namespace = host.partition(".")
        meant = ServiceHost(namespace or route.id.namespace, name)
    names = known.services.get(meant.namespace) if meant else None
    if meant is None or names is None or meant.name in names:
        return None
    return did_you_mean(meant.name, names, otherwise="put it into the base, or correct the name")
