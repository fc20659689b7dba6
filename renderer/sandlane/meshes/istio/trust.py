"""At which gateways tenants may be chosen, and where carriers are removed from requests (rule R-G14).

With `routes.entry: mesh` tenants' entries are for the mesh alone. At gateways in `routes.strip` there are none either, and before each
base entry that sends requests on stands one for requests with a carrier, which does the same and removes the carriers' headers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.hosts import gateway_name
from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.meshes.carriers import header_of
from sandlane.meshes.istio.delegates import Root, bound, copied_matches, is_delegate
from sandlane.meshes.istio.matches import carrying_matches
from sandlane.meshes.istio.route_index import RouteIndex
from sandlane.meshes.istio.virtual_service_fields import MESH, NETWORKING, entries, gateways, live
from sandlane.plan.model import Plan
from sandlane.plan.optout import is_opted_out
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, did_you_mean
from sandlane.specs.model import Environment

Gateway = tuple[str, str]
"""A gateway as a match names it, and its full name."""


class Indistinct(Exception):
    """Raised where a match tells clients apart by labels, which Istio ignores in a match that names gateways."""


@frozen(kw_only=True)
class Bound:
    """The gateways of a VirtualService: those for whose clients tenants may be chosen, those with carriers removed, and all."""

    chosen: frozenset[str]
    stripped: frozenset[str]
    gateways: tuple[Gateway, ...]
    is_fixed: bool

    @property
    def is_open(self) -> bool:
        """Whether tenants may be chosen at all of them."""
        return all(full in self.chosen for _, full in self.gateways)


def bound_of(environment: Environment, vs: Resource, roots: Sequence[Root]) -> Bound:
    """Returns the gateways of a VirtualService, of a delegate those of its roots; `is_fixed` where a root's match names some."""
    named = [(gateway, gateway_name(gateway, namespace)) for gateway, namespace in bound(roots, vs)]
    named = named or [(MESH, MESH)]  # a delegate that nobody delegates to
    gateways = tuple(dict.fromkeys((full if is_delegate(vs) else written, full) for written, full in named))
    routes = environment.routes
    stripped = frozenset(full for _, full in gateways if full in routes.strip)
    chosen = frozenset(
        full for _, full in gateways if full == MESH or (routes.entry == "any" and full not in routes.strip)
    )
    is_fixed = is_delegate(vs) and any(m.get("gateways") for _, entry in roots for m in entry.get("match") or [])
    return Bound(chosen=chosen, stripped=stripped, gateways=gateways, is_fixed=is_fixed)


def confined(
    bound: Bound, namespace: str, matches: Sequence[Manifest], allowed: frozenset[str]
) -> list[Manifest] | None:
    """Returns matches for allowed gateways alone, as they are where all are; None where nothing is left. Raises Indistinct."""
    if all(full in allowed for _, full in bound.gateways):
        return list(matches)
    everything: Sequence[Manifest] = ({},)
    found: list[Manifest] = []
    for match in matches or everything:
        written = match.get("gateways")
        own = [(g, gateway_name(g, namespace)) for g in written] if written else bound.gateways
        kept = [name for name, full in own if full in allowed]
        if kept and (bound.is_fixed or (not written and (match.get("sourceLabels") or match.get("sourceNamespace")))):
            raise Indistinct
        if kept:
            found.append(match if written and len(kept) == len(own) else {**match, "gateways": kept})
    return found or None


def stripping(
    environment: Environment, bound: Bound, vs: Resource, roots: Sequence[Root], entry: Manifest
) -> list[dict[str, Any]]:
    """Returns the entries that remove carriers before one of the base: one, or as many as a delegate's copies are.

    Raises Indistinct, Entangled, and what `carrying_matches` raises.
    """
    if not bound.stripped or not entry.get("route"):
        return []
    written: list[Sequence[Manifest]] = [entry.get("match") or ()]
    if is_delegate(vs):
        above = [(root, delegating) for root, delegating in roots if _is_bound(root, bound.stripped)]
        written = copied_matches(above, entry, environment.carriers, hider="routes.strip")
    found = [b for base in written if (b := confined(bound, vs.id.namespace, base, bound.stripped)) is not None]
    carrying = [matches for base in found if (matches := carrying_matches(base, environment.carriers))]
    return [_removing(environment, entry, matches) for matches in carrying]


def _is_bound(vs: Resource, names: frozenset[str]) -> bool:
    return any(gateway_name(name, vs.id.namespace) in names for name in gateways(vs.manifest))


def _removing(environment: Environment, entry: Manifest, matches: Sequence[Manifest]) -> dict[str, Any]:
    """Returns an entry that does the same under other matches and removes the headers of carriers."""
    headers = entry.get("headers") or {}
    request: Mapping[str, Any] = headers.get("request") or {}
    removed = list(request.get("remove") or ())
    known = {name.lower() for name in removed}
    removed += [h for h in dict.fromkeys(header_of(c) for c in environment.carriers) if h not in known]
    return {
        "name": f"{entry['name']}.strip" if entry.get("name") else "strip",
        "match": list(matches),
        **{key: value for key, value in entry.items() if key not in ("name", "match", "headers")},
        "headers": {**headers, "request": {**request, "remove": removed}},
    }


def entered(environment: Environment, view: RouteIndex) -> frozenset[ResourceId]:
    """Returns the Services to which VirtualServices send tenants who come in by gateways, whatever the mesh does at their ports."""
    found = (
        view.service(destination["destination"]["host"], vs.id.namespace)
        for vs in view.virtual_services
        if not is_opted_out(vs) and bound_of(environment, vs, view.roots.get(vs.id, ())).chosen - {MESH}
        for entry in entries(vs.manifest)
        for destination in live(entry)
    )
    return frozenset(service for service in found if service)


def unknown_gateways(plan: Plan) -> Iterator[Problem]:
    """Yields gateways in the environment that are none of Istio's in the base."""
    environment = plan.environment
    for number, name in enumerate(environment.routes.strip):
        if _gateway(plan, name) is None:
            path = ("spec", "routes", "strip", number)
            kind, field = "Gateway of Istio", "routes.strip"
            known = [f"{g.id.namespace}/{g.id.name}" for g in plan.base.of(NETWORKING, "Gateway")]
            hint = did_you_mean(name, known) or None
            yield report("SL454", source=environment.source, path=path, gateway=name, field=field, kind=kind, hint=hint)


def _gateway(plan: Plan, name: str) -> Resource | None:
    namespace, _, own = name.partition("/")
    return plan.base.by_id.get(ResourceId(NETWORKING, "Gateway", namespace, own))


def open_gateways(plan: Plan, found: Mapping[str, Resource]) -> Iterator[Problem]:
    """Yields the gateways at which tenants can be chosen; `found` are their names, and VirtualServices that say so."""
    for name, vs in sorted(found.items()):
        gateway = _gateway(plan, name)
        yield report("SL441", source=(gateway or vs).source, path=("spec",), object=f"Gateway/{name}")
