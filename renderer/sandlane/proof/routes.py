"""Routes of the Gateway API as proof reads them: the Services and Gateways that are their parents, and what their rules name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.linkerd_routes import is_service
from sandlane.k8s.resource import Manifest, ResourceId, spec_of
from sandlane.proof.readers import GATEWAY_API, Reader

Form = tuple[tuple[str, Any], ...]


@frozen(kw_only=True)
class Parent:
    """A parentRef: what it says with its defaults written out, and the Service or Gateway that it means, if it is one."""

    form: Form
    target: ResourceId | None
    port: int | None
    section: str | None

    @property
    def is_service(self) -> bool:
        """Tells whether the parent is a Service."""
        return self.target is not None and self.target.kind == "Service"


def parents_of(reader: Reader, manifest: Manifest, namespace: str) -> tuple[Parent, ...]:
    """Returns the parents of a route in a namespace."""
    return tuple(_parent(reader, reference, namespace) for reference in spec_of(manifest).get("parentRefs") or ())


def rules_of(manifest: Manifest) -> Sequence[Manifest]:
    """Returns the rules of a route: the CRD of HTTPRoutes has a default for one that says nothing of them (rule R-L12)."""
    rules: Sequence[Manifest] | None = spec_of(manifest).get("rules")
    return ({},) if rules is None and manifest.get("kind") == "HTTPRoute" else rules or ()


def is_service_group(reference: Manifest) -> bool:
    """Tells whether a reference's group is that of Services, in any of its spellings; a backendRef need not have one."""
    return (reference.get("group") or "") in ("", "core")


def backend(reference: Manifest, home: str, reader: Reader | None = None) -> ResourceId | None:
    """Returns the Service that a backendRef means in a namespace, or None for any other kind; Gateways have no reader."""
    kind = reference.get("kind") or "Service"
    is_meant = is_service_group(reference) and kind == "Service"
    if not (is_service(reference.get("group") or "", kind) if reader and reader.is_linkerd else is_meant):
        return None
    return ResourceId("", "Service", reference.get("namespace") or home, reference.get("name") or "")


def homes(reader: Reader, namespace: str, parents: Sequence[Parent]) -> list[str]:
    """Returns the namespaces that a backendRef without one means: the route's, but on Linkerd a parent Service's."""
    found = (
        parent.target.namespace if parent.target and parent.is_service and reader.is_linkerd else namespace
        for parent in parents
    )
    return list(dict.fromkeys(found)) or [namespace]


def named_by(rule: Manifest) -> Iterator[Manifest]:
    """Yields the references of a rule to backends, whatever their weights, and to what it mirrors to."""
    yield from rule.get("backendRefs") or ()
    for place in (rule, *(rule.get("backendRefs") or ())):
        mirrors = (f.get("requestMirror") or {} for f in place.get("filters") or ())
        yield from (mirror["backendRef"] for mirror in mirrors if mirror.get("backendRef"))


def _parent(reader: Reader, reference: Manifest, namespace: str) -> Parent:
    said = {key: value for key, value in reference.items() if value is not None}
    full = {"group": GATEWAY_API, "kind": "Gateway", "namespace": namespace, **said}
    name = str(full.get("name") or "")
    target = None
    # The CRD's default group is the Gateway API's own, which has no Services.
    is_meant = full["kind"] == "Service" and is_service_group(full)
    if is_service(full["group"], full["kind"]) if reader.is_linkerd else is_meant:
        target = ResourceId("", "Service", full["namespace"], name)
    elif full["kind"] == "Gateway" and full["group"] == GATEWAY_API:
        target = ResourceId(GATEWAY_API, "Gateway", full["namespace"], name)
    form = tuple(sorted(full.items()))
    return Parent(form=form, target=target, port=full.get("port"), section=full.get("sectionName"))
