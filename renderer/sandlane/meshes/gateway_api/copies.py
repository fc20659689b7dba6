"""Tenants' copies of base routes (rules R-G4, R-G5 and R-G9): one object a carrier, beside the base's own.

A copy has all rules of its route, each match with the carrier's header added, and clones in place of cloned Services. One
more header ranks a rule above the one that it is a copy of and above nothing else, whatever order a mesh gives to paths,
methods, headers and queries; so a tenant's request meets the copy of the rule that it would have met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.limits import OBJECT_NAME_LIMIT, fit
from sandlane.k8s.resource import Manifest, ResourceId
from sandlane.meshes.carriers import baggage_regex, header_of
from sandlane.meshes.gateway_api.attached_routes import Attached, Route, backend, homes, live
from sandlane.meshes.gateway_api.dialects import GATEWAY, Dialect
from sandlane.output.layout import SANDBOXES, Placed
from sandlane.plan.metadata import copied_labels, kept_annotations, tenant_metadata
from sandlane.plan.model import ServiceClone, Tenant
from sandlane.plan.names import origin_of_copy
from sandlane.plan.other_controllers import route_labels
from sandlane.specs.model import Carrier, Environment

MOST_HEADERS = 16
MOST_FILTERS = 16
Rule = dict[str, Any]
Resolve = Callable[[Manifest], ResourceId | None]
Services = Mapping[ResourceId, ServiceClone]


@frozen
class Substitute:
    """A cloned base Service and the port of its clone that takes over what was sent to it."""

    service: ResourceId
    port: int


@frozen(kw_only=True)
class Copying:
    """A route that is copied for a tenant: the parents of its copy, and how its rules change.

    `parent` takes the place of the parent Service where a rule has no backendRefs of its own (Linkerd), `everything` that
    of all backends, where only the parent is cloned.
    """

    route: Route
    tenant: Tenant
    parents: tuple[Attached, ...]
    parent: Substitute | None = None
    everything: Substitute | None = None


def carrier_suffix(carriers: Sequence[Carrier], number: int) -> str:
    """Returns the end of the name of a carrier's object: `h` for a header, `b` for baggage, `h2` for a second header."""
    kind = "h" if carriers[number].header else "b"
    before = sum(bool(c.header) == bool(carriers[number].header) for c in carriers[:number])
    return f"{kind}{before + 1}" if before else kind


def carrier_header(carrier: Carrier, tenant: str) -> dict[str, str]:
    """Returns a carrier as a header match, with every default of the CRD written out."""
    if carrier.header:
        return {"type": "Exact", "name": header_of(carrier), "value": tenant}
    return {
        "type": "RegularExpression",
        "name": header_of(carrier),
        "value": baggage_regex(carrier.baggage or "", tenant),
    }


def copies(environment: Environment, base: Base, dialect: Dialect, copying: Copying) -> Iterator[Placed]:
    """Yields the objects of a route for a tenant, one for each carrier."""
    tenant = copying.tenant.id
    for number, carrier in enumerate(environment.carriers):
        header = carrier_header(carrier, tenant)
        rules = [_rule(environment, dialect, copying, rule, header) for rule in copying.route.rules]
        end = f"{tenant}-{carrier_suffix(environment.carriers, number)}"
        yield copied_route(environment, base, copying, rules, end)


def copied_route(environment: Environment, base: Base, copying: Copying, rules: Sequence[Rule], end: str) -> Placed:
    """Returns a tenant's object beside a route, with rules of its own; `end` is the end of its name."""
    original, tenant = copying.route.resource, copying.tenant
    name = fit(f"{original.id.name}-{end}", OBJECT_NAME_LIMIT)
    metadata = tenant_metadata(
        environment,
        tenant.spec,
        name=name,
        namespace=original.id.namespace,
        origin=origin_of_copy(original.id),
        labels=route_labels(base, original, copied_labels(original.manifest)),
        annotations=kept_annotations(original.manifest),
    )
    written = {"parentRefs": [_parent_reference(a) for a in copying.parents], "rules": list(rules)}
    spec = {**original.manifest["spec"], "rules": rules}
    manifest = {
        "apiVersion": original.manifest["apiVersion"],
        "kind": original.id.kind,
        "metadata": metadata,
        "spec": {key: written.get(key, value) for key, value in spec.items()},
    }
    id = ResourceId(original.id.group, original.id.kind, original.id.namespace, name)
    return Placed(directory=f"{SANDBOXES}/{tenant.name}", id=id, manifest=manifest)


def _parent_reference(attached: Attached) -> Manifest:
    """Returns a parentRef with its defaults written out; its form, such as a missing port, stays."""
    return {"group": GATEWAY, "kind": "Gateway", **_said(attached.reference)}


def _rule(environment: Environment, dialect: Dialect, copying: Copying, rule: Rule, header: Manifest) -> Rule:
    """Returns a tenant's rule for requests with a carrier."""
    made = tenant_rule(environment, dialect, copying, rule)
    return {**made, "matches": [_with_header(match, header) for match in made["matches"]]}


def tenant_rule(environment: Environment, dialect: Dialect, copying: Copying, rule: Rule) -> Rule:
    """Returns a rule with clones in place of cloned Services, and the defaults of the CRD written out."""
    tenant = copying.tenant
    is_http = copying.route.resource.id.kind == "HTTPRoute"
    matches = [with_defaults(match, is_http) for match in rule.get("matches") or [{}]]
    changed: Rule = {"matches": matches, **{key: value for key, value in _said(rule).items() if key != "matches"}}

    home = homes(copying.route, copying.parents, dialect)[0]

    def resolve(reference: Manifest) -> ResourceId | None:
        return backend(reference, home, dialect)

    if rule.get("filters"):
        changed["filters"] = [_filter(item, tenant.services, resolve) for item in rule["filters"]]
    given = rule.get("backendRefs") or []
    is_sending = any(_weight(reference) for reference in given)  # else the base answers 500, and tenants get no other
    substitute = copying.everything if is_sending else None if given or redirects(rule) else copying.parent
    if substitute:
        clone = tenant.services[substitute.service].id
        changed["backendRefs"] = [{**reference_to(clone, substitute.port), "weight": 1}]
    elif given:
        changed["backendRefs"] = _backends(given, tenant.services, resolve)
    cloned = [substitute.service] if substitute else [s for r in live(given) if (s := resolve(r)) in tenant.services]
    # Linkerd's own HTTPRoutes would set it on the request (linkerd2: outbound/index/http.rs).
    header = environment.routes.answer_header if copying.route.resource.id.group == GATEWAY else None
    if header and cloned and cloned[0]:
        changed["filters"] = answering(changed.get("filters") or [], header, f"{tenant.id}/{cloned[0].name}")
    return changed


def redirects(rule: Manifest) -> bool:
    """Tells whether a rule answers by itself."""
    return any(item.get("type") == "RequestRedirect" for item in rule.get("filters") or ())


def with_defaults(match: Manifest, is_http: bool) -> Rule:
    """Returns a match with the defaults of the CRD written out."""
    written: Rule = {"path": {"type": "PathPrefix", "value": "/", **_said(match.get("path") or {})}} if is_http else {}
    written.update((key, value) for key, value in _said(match).items() if key != "path")
    for field in ("headers", "queryParams"):
        if match.get(field):
            written[field] = [{"type": "Exact", **_said(given)} for given in match[field]]
    if not is_http and match.get("method"):
        written["method"] = {"type": "Exact", **_said(match["method"])}
    return written


def _said(value: Manifest) -> Rule:
    """Returns a mapping without nulls, which stand for absence: a default takes their place."""
    return {key: part for key, part in value.items() if part is not None}


def _with_header(match: Rule, header: Manifest) -> Rule:
    """Returns a match with a carrier's header added at its end."""
    rest = {key: value for key, value in match.items() if key != "headers"}
    return {**rest, "headers": [*(match.get("headers") or ()), header]}


def reference_to(service: ResourceId, port: int) -> Rule:
    """Returns a backendRef to a Service with its namespace and every default but the weight written out."""
    return {"group": "", "kind": "Service", "name": service.name, "namespace": service.namespace, "port": port}


def _backends(references: Sequence[Manifest], services: Services, resolve: Resolve) -> list[Rule]:
    """Returns backendRefs with clones in place of cloned Services, alone where there are any, and equal ones as one."""
    cloned = [r for r in live(references) if resolve(r) in services]
    result: list[Rule] = []
    for reference in cloned or references:
        # Where none of them gets a request that was cloned, those of weight 0 are left to the base as well.
        written = _written(reference, resolve(reference), services if cloned else {})
        if written.get("filters"):
            written["filters"] = [_filter(item, services, resolve) for item in written["filters"]]
        same = next((r for r in result if {**r, "weight": 0} == {**written, "weight": 0}), None)
        if same is None or not cloned:
            result.append(written)
        else:
            same["weight"] += written["weight"]
    if cloned and len(result) == 1 and result[0]["weight"]:
        result[0]["weight"] = 1  # a weight is a share; the sum of several can be more than the API allows
    return result


def _written(reference: Manifest, service: ResourceId | None, services: Services) -> Rule:
    """Returns a backendRef to a Service or its clone with its namespace and every default of the CRD written out."""
    said = _said(reference)
    if service is None:
        return {"group": "", "kind": "Service", **said, "weight": _weight(reference)}
    id = services[service].id if service in services else service
    rest = {key: value for key, value in said.items() if key not in ("group", "kind", "name", "namespace", "weight")}
    head = {"group": "", "kind": "Service", "name": id.name, "namespace": id.namespace}
    return {**head, **rest, "weight": _weight(reference)}


def _weight(reference: Manifest) -> int:
    weight = reference.get("weight")
    return 1 if weight is None else int(weight)


def _filter(item: Manifest, services: Services, resolve: Resolve) -> Manifest:
    """Returns a filter with the defaults of the CRD written out, and a mirror that leads to a clone where there is one."""
    if item.get("requestRedirect"):
        return {**item, "requestRedirect": {"statusCode": 302, **_said(item["requestRedirect"])}}
    mirrored = (item.get("requestMirror") or {}).get("backendRef")
    if mirrored is None:
        return item
    reference = _written(mirrored, resolve(mirrored), services)
    del reference["weight"]
    return {**item, "requestMirror": {**item["requestMirror"], "backendRef": reference}}


def answering(filters: Sequence[Manifest], header: str, value: str) -> list[Manifest]:
    """Returns filters that set a response header; a rule may have one ResponseHeaderModifier only."""
    new = {"name": header, "value": value}
    for number, item in enumerate(filters):
        if item.get("type") == "ResponseHeaderModifier":
            modifier = item.get("responseHeaderModifier") or {}
            kept = [h for h in modifier.get("set") or () if h.get("name", "").lower() != header.lower()]
            changed = {**item, "responseHeaderModifier": {**modifier, "set": [*kept, new]}}
            return [*filters[:number], changed, *filters[number + 1 :]]
    if len(filters) >= MOST_FILTERS:
        return list(filters)  # the tenant's outcome matters more than its label
    return [*filters, {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [new]}}]
