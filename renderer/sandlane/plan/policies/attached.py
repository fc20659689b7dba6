"""Policies that are attached by reference (targetRef, parentRef): they do not apply to a copy of their target (rule R-G13).

The form is that of the Gateway API's policy attachment (GEP-713), `targetRef` or `targetRefs`; Istio, Linkerd, Envoy Gateway and
others use it for their own kinds. Linkerd's routes name Servers as parents, and its ServerAuthorizations name them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.limits import OBJECT_NAME_LIMIT, fit
from sandlane.k8s.resource import Resource, ResourceId, at
from sandlane.k8s.selectors import Selector, from_label_selector, matches
from sandlane.k8s.workload_kinds import GroupKind
from sandlane.problems.problem import Path

SERVER: GroupKind = ("policy.linkerd.io", "Server")
_ROUTES: tuple[GroupKind, ...] = (
    ("gateway.networking.k8s.io", "GRPCRoute"),
    ("gateway.networking.k8s.io", "HTTPRoute"),
    ("policy.linkerd.io", "HTTPRoute"),
)


_REFERENCES = ("targetRef", "targetRefs", "targetSelectors")


def _never(_: Resource, __: Resource) -> bool:
    return False


def _tie(one: Resource, other: Resource) -> bool:
    from sandlane.semantics.inbound import tie  # what bases without Linkerd's policies do without

    return tie(one, other)


@frozen(kw_only=True)
class Attaching:
    """A kind of policy whose references are known; `is_alone`: of several for one target only the oldest counts.

    `tie` tells of two of a kind for one target whether the older counts for some requests.
    """

    is_alone: bool = False
    tie: Callable[[Resource, Resource], bool] = _never


ATTACHING: dict[GroupKind, Attaching] = {
    ("extensions.istio.io", "WasmPlugin"): Attaching(),
    ("gateway.envoyproxy.io", "BackendTrafficPolicy"): Attaching(is_alone=True),
    ("gateway.envoyproxy.io", "EnvoyExtensionPolicy"): Attaching(is_alone=True),
    ("gateway.envoyproxy.io", "SecurityPolicy"): Attaching(is_alone=True),
    ("gateway.networking.k8s.io", "BackendLBPolicy"): Attaching(is_alone=True),
    ("gateway.networking.k8s.io", "BackendTLSPolicy"): Attaching(is_alone=True),
    ("gateway.networking.x-k8s.io", "XBackendTrafficPolicy"): Attaching(is_alone=True),
    ("networking.gke.io", "GCPBackendPolicy"): Attaching(is_alone=True),
    ("networking.gke.io", "HealthCheckPolicy"): Attaching(is_alone=True),
    ("networking.istio.io", "EnvoyFilter"): Attaching(),
    ("policy.linkerd.io", "AuthorizationPolicy"): Attaching(),
    ("policy.linkerd.io", "HTTPLocalRateLimitPolicy"): Attaching(is_alone=True),
    ("policy.linkerd.io", "ServerAuthorization"): Attaching(),
    ("security.istio.io", "AuthorizationPolicy"): Attaching(),
    ("security.istio.io", "RequestAuthentication"): Attaching(),
    ("telemetry.istio.io", "Telemetry"): Attaching(is_alone=True),
    **{route: Attaching(tie=_tie) for route in _ROUTES},  # of Servers (rule R-L4)
}
"""(group, kind) -> row. Policies of other kinds are never copied: what a copy would do is unknown."""


@frozen(kw_only=True)
class Attachment:
    """A policy with the paths of its references to one target."""

    policy: Resource
    paths: tuple[Path, ...]


@frozen(kw_only=True)
class LabelSelection:
    """A policy that selects its targets by labels (targetSelectors): objects of one kind in its own namespace."""

    policy: Resource
    kind: GroupKind
    selector: Selector


@frozen(kw_only=True)
class Attached:
    """The attached policies of a base: by the target that they reference, or by the kind and namespace that they select in."""

    by_target: Mapping[ResourceId, tuple[Attachment, ...]]
    selecting: Mapping[tuple[GroupKind, str], tuple[LabelSelection, ...]]

    def of(self, target: ResourceId) -> tuple[Attachment, ...]:
        """Returns the policies that reference a target."""
        return self.by_target.get(target, ())


@frozen(kw_only=True)
class AttachedCopy:
    """A copy of a policy for the copy of its target; `why_not` tells why it cannot be made."""

    attachment: Attachment
    target: ResourceId
    copy: ResourceId
    id: ResourceId
    why_not: str | None = None


def attached_policies(base: Base) -> Attached:
    """Indexes the policies of a base by their targets."""
    found: dict[ResourceId, dict[ResourceId, tuple[Resource, list[Path]]]] = {}
    for resource in base.resources:
        for target, path in _targets(resource):
            found.setdefault(target, {}).setdefault(resource.id, (resource, []))[1].append(path)
    selecting: dict[tuple[GroupKind, str], list[LabelSelection]] = {}
    for resource in base.resources:
        for selection in _selections(resource):
            selecting.setdefault((selection.kind, resource.id.namespace), []).append(selection)
    return Attached(
        by_target={
            target: tuple(Attachment(policy=policy, paths=tuple(paths)) for policy, paths in policies.values())
            for target, policies in found.items()
        },
        selecting={place: tuple(entries) for place, entries in selecting.items()},
    )


def _selections(resource: Resource) -> Iterator[LabelSelection]:
    selector = at(resource.manifest, ("spec", "server", "selector"))
    if (resource.id.group, resource.id.kind) == ("policy.linkerd.io", "ServerAuthorization") and selector is not None:
        yield LabelSelection(policy=resource, kind=SERVER, selector=from_label_selector(selector))
    if resource.id.group == "gateway.envoyproxy.io":
        for entry in at(resource.manifest, ("spec", "targetSelectors")) or ():
            kind = (entry.get("group") or "gateway.networking.k8s.io", entry.get("kind") or "")
            yield LabelSelection(policy=resource, kind=kind, selector=from_label_selector(entry))


def _targets(resource: Resource) -> Iterator[tuple[ResourceId, Path]]:
    key, spec = (resource.id.group, resource.id.kind), resource.manifest.get("spec")
    yield from _named(resource, at(spec, ("targetRef",)), ("spec", "targetRef"))
    yield from _listed(resource, "targetRefs")
    if key in _ROUTES:
        parents = _listed(resource, "parentRefs", _group_of_parents(resource))
        yield from ((id, path) for id, path in parents if (id.group, id.kind) == SERVER)
    if key == ("policy.linkerd.io", "ServerAuthorization"):
        name = at(spec, ("server", "name"))
        reference = {"group": SERVER[0], "kind": SERVER[1], "name": name}
        yield from _named(resource, reference, ("spec", "server"))


def _group_of_parents(route: Resource) -> str:
    """Returns the default group of a parentRef: `policy.linkerd.io` for Linkerd's own routes before v1, else that of the Gateway API."""
    is_linkerds = route.id.group == "policy.linkerd.io" and route.manifest.get("apiVersion") != "policy.linkerd.io/v1"
    return "policy.linkerd.io" if is_linkerds else "gateway.networking.k8s.io"


def _listed(resource: Resource, field: str, group: str = "") -> Iterator[tuple[ResourceId, Path]]:
    several = at(resource.manifest.get("spec"), (field,))
    for number, reference in enumerate(several if isinstance(several, list) else ()):
        yield from _named(resource, reference, ("spec", field, number), group)


def _named(resource: Resource, reference: Any, path: Path, default: str = "") -> Iterator[tuple[ResourceId, Path]]:
    if isinstance(reference, Mapping) and isinstance(reference.get("name"), str):
        given = reference.get("group")
        group = default if given is None else str(given).removeprefix("core")
        namespace = str(reference.get("namespace") or resource.id.namespace)
        yield ResourceId(group, str(reference.get("kind") or ""), namespace, reference["name"]), path


def attached_copies(
    attached: Attached, target: ResourceId, copy: ResourceId, seen: frozenset[ResourceId] = frozenset()
) -> Iterator[AttachedCopy]:
    """Yields copies of the policies that reference a target, for the target's copy, and copies of the policies that reference those."""
    for attachment in attached.of(target):
        policy = attachment.policy
        if policy.id in seen:
            continue
        made = AttachedCopy(
            attachment=attachment,
            target=target,
            copy=copy,
            id=copy_id(policy.id, copy.name),
            why_not=_why_not(attached, attachment, target),
        )
        yield made
        if not made.why_not:
            yield from attached_copies(attached, policy.id, made.id, seen | {policy.id})


def selected_copies(
    attached: Attached, target: ResourceId, copy: ResourceId, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[AttachedCopy]:
    """Yields copies of policies whose target selector matches the original but not its copy, if a copy can reference it instead."""
    for entry in attached.selecting.get(((target.group, target.kind), target.namespace), ()):
        if matches(entry.selector, before) and not matches(entry.selector, after):
            is_named = entry.kind == SERVER
            yield AttachedCopy(
                attachment=Attachment(policy=entry.policy, paths=(("spec", "server"),) if is_named else ()),
                target=target,
                copy=copy,
                id=copy_id(entry.policy.id, copy.name),
                why_not=None if is_named else "it selects by labels that copies do not keep",
            )


def copy_id(policy: ResourceId, name: str) -> ResourceId:
    """Returns the id of a policy's copy, which is named after the copied target."""
    return ResourceId(policy.group, policy.kind, policy.namespace, fit(f"{policy.name}-{name}", OBJECT_NAME_LIMIT))


def _why_not(attached: Attached, attachment: Attachment, target: ResourceId) -> str | None:
    id = attachment.policy.id
    row = ATTACHING.get((id.group, id.kind))
    if row is None:
        return f"nobody can say what a copy of a {id.kind} would do"
    sections = _sections(attachment)
    others = (
        o
        for o in attached.of(target)
        if o.policy.id != id
        and o.policy.id.kind == id.kind
        and (o.policy.id.group == id.group or id.kind == "HTTPRoute")
    )
    for other in others:
        if row.is_alone and sections & _sections(other):
            return f"'{other.policy.id}' names it too, and only the older of them counts"
        if row.tie(attachment.policy, other.policy):
            return f"'{other.policy.id}' names it too and may answer the same requests, for which only the older of them counts"
    return None


def _sections(attachment: Attachment) -> set[Any]:
    found: set[Any] = set()
    for path in attachment.paths:
        value: Any = attachment.policy.manifest
        for step in path:
            value = value[step]
        found.add(value.get("sectionName"))
    return found


def renamed(attachment: Attachment, name: str) -> dict[str, Any]:
    """Returns the spec of a policy's copy: its only target is the copy of the original target."""
    spec = attachment.policy.manifest["spec"]
    first = attachment.paths[0]
    field, reference = str(first[1]), spec[first[1]]
    if first == ("spec", "server"):
        written: Any = {"name": name}
    elif isinstance(reference, list):
        written = [{**reference[int(path[2])], "name": name} for path in attachment.paths if path[1] == field]
    else:
        written = {**reference, "name": name}
    return {
        key: written if key == field else value for key, value in spec.items() if key == field or key not in _REFERENCES
    }
