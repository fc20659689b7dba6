"""The clone that a workload of the base has to have: its origin, as its spec changes it, and what every clone gets.

`overrides`, which the renderer uses as well, applies the changes; all else is written here once more. Where the renderer has a choice,
it is read from the output: which pod labels have another value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from sandlane.base.pod_templates import in_form_of_clones, with_template
from sandlane.frozen import frozen
from sandlane.k8s.limits import LABEL_VALUE_LIMIT, OBJECT_NAME_LIMIT, SERVICE_NAME_LIMIT, fit, sha256
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at, spec_of
from sandlane.k8s.workload_kinds import SIDECARS, WORKLOADS, GroupKind, WorkloadKind, pod_labels
from sandlane.overrides.addresses import Address, Addresses, address_of
from sandlane.overrides.apply import override
from sandlane.overrides.config_maps import CONFIG_MAPS
from sandlane.overrides.env import VARIABLES
from sandlane.overrides.preserve_labels import PRESERVE_LABELS
from sandlane.overrides.subject import Subject
from sandlane.patch.put import put, remove
from sandlane.proof.claims import Asked, Claim
from sandlane.proof.expected_services import ports_of
from sandlane.proof.literals import CONFIG, ORIGIN, OWNED_PREFIXES, SERVICE, TENANT, origin_value
from sandlane.proof.marks import kept_metadata, marks_of, metadata_of
from sandlane.proof.placement import Placement
from sandlane.proof.world import World

_CANONICAL = ("service.istio.io/canonical-name", "app.kubernetes.io/name", "app")
"""Labels from which Istio takes the name under which it reports a workload, the first first."""

KINDS: frozenset[GroupKind] = frozenset({*WORKLOADS, ("", "ConfigMap"), ("", "Service"), ("", "Pod")})
"""Kinds of which a sandbox has what is expected of it, or brings in files of its own."""


Copied = Mapping[ResourceId, Mapping[str, str | None]]
"""The ConfigMaps of which a sandbox has copies -> the keys that it sets, or with None removes."""


@frozen(kw_only=True)
class _Draft:
    """What is known of a clone before it is written out. `pods` are the labels that its pods have to have."""

    world: World
    claim: Claim
    origin: Resource
    row: WorkloadKind
    asked: Asked
    copies: Copied
    addresses: Addresses
    name: str
    changed: Any = None
    pods: Mapping[str, str] = field(default_factory=dict)
    digest: str | None = None

    @property
    def label(self) -> str:
        """The value of its origin label."""
        return origin_value(self.row.kind, self.origin.id.name)

    @property
    def marks(self) -> dict[str, str]:
        """The labels that its objects and pods have in any case."""
        return marks_of(self.world.claims.environment, self.claim, self.label)

    @property
    def selector(self) -> dict[str, str]:
        """The labels by which the clone's pods are selected."""
        return {TENANT: self.claim.tenant, ORIGIN: self.label}

    def metadata(self, id: ResourceId, kept: Manifest | None = None) -> dict[str, Any]:
        """Returns the metadata of an object of the clone's."""
        return metadata_of(self.world.claims.environment, self.claim, id, self.label, kept)


def expected_workloads(world: World, claim: Claim) -> dict[ResourceId, Manifest]:
    """Returns the clones that a sandbox has to have of workloads that the base has, and their headless Services."""
    copies, addresses = changed_config_maps(world, claim), _addresses(world, claim)
    found: dict[ResourceId, Manifest] = {}
    for id in claim.origins:
        if id in world.base.by_id:
            found |= _expected(_draft(world, claim, id, copies, addresses))
    return found


def changed_config_maps(world: World, claim: Claim) -> Copied:
    """Returns the ConfigMaps of which a sandbox has copies, as it changes them."""
    found: dict[ResourceId, dict[str, str | None]] = {}
    for id, asked in claim.asked.items():
        for change in (change for changes in asked.changes for change in CONFIG_MAPS.of(changes)):
            found.setdefault(ResourceId("", "ConfigMap", id.namespace, change.name), {}).update(change.data)
    return {id: data for id, data in found.items() if id in world.base.by_id}


def data_of(origin: Manifest, changes: Mapping[str, str | None]) -> dict[str, Any]:
    """Returns the data of a ConfigMap's copy."""
    data = {**(origin.get("data") or {}), **changes}
    binary = {key: value for key, value in (origin.get("binaryData") or {}).items() if key not in changes}
    kept = {key: value for key, value in data.items() if value is not None}
    return {"data": kept, **({"binaryData": binary} if binary else {})}


def _addresses(world: World, claim: Claim) -> Addresses:
    domain = world.claims.environment.cluster.domain
    found: dict[str, dict[str, Address]] = {}
    for id in claim.origins:
        named = found.setdefault(id.name, {})
        for service in world.services_of(id):
            name = fit(f"{service.id.name}-{claim.tenant}", SERVICE_NAME_LIMIT)
            address = address_of(service.manifest, name, service.id.namespace, domain)
            known = named.setdefault(service.id.name, address)
            if known.host != address.host:
                named[service.id.name] = replace(known, is_one=False)
    return found


def _draft(world: World, claim: Claim, id: ResourceId, copies: Copied, addresses: Addresses) -> _Draft:
    origin, row = with_template(world.base, world.base.by_id[id]), WORKLOADS[(id.group, id.kind)]
    asked, name = claim.asked.get(id, Asked()), fit(f"{id.name}-{claim.tenant}", row.name_limit)
    draft = _Draft(
        world=world, claim=claim, origin=origin, row=row, asked=asked, copies=copies, addresses=addresses, name=name,
    )  # fmt: skip
    return replace(draft, changed=_changed(draft), pods=_pod_labels(draft), digest=_digest(draft))


def _expected(draft: _Draft) -> dict[ResourceId, Manifest]:
    row, namespace, found = draft.row, draft.origin.id.namespace, {}
    # Its name stays when the clone's changes: the pods' host names, and `serviceName`, which is immutable too.
    headless = fit(f"{draft.name}-headless", SERVICE_NAME_LIMIT) if row.is_governed else None
    if headless:
        id = ResourceId("", "Service", namespace, headless)
        found[id] = _headless(draft, id)
    if row.immutable:
        draft = replace(draft, name=_named_by_content(draft))
    id = ResourceId(*row.clone, namespace, draft.name)
    return {**found, id: _manifest(draft, id, headless)}


def _headless(draft: _Draft, id: ResourceId) -> Manifest:
    """Returns the headless Service from which the pods of a StatefulSet's clone take their names."""
    governing = str(spec_of(draft.origin.manifest).get("serviceName") or "")
    found = draft.world.base.by_id.get(replace(id, name=governing))
    ports = ports_of(spec_of(found.manifest)) if found else []
    spec = {"clusterIP": "None", "selector": draft.selector, "publishNotReadyAddresses": True}
    spec |= {"ports": ports} if ports else {}
    return {"apiVersion": "v1", "kind": "Service", "metadata": draft.metadata(id), "spec": spec}


def _changed(draft: _Draft) -> Manifest:
    """Returns an origin, in the form of its clones, with all that is asked of its clone."""
    world, claim = draft.world, draft.claim
    origin = replace(draft.origin, manifest=in_form_of_clones(draft.row, draft.origin.manifest))
    changes = tuple(changes for changes in draft.asked.changes if changes.values)
    if not changes:
        return origin.manifest
    names = [copied.name for copied in draft.copies if copied.namespace == origin.id.namespace]
    copies = {name: fit(f"{name}-{claim.tenant}", OBJECT_NAME_LIMIT) for name in names}
    subject = Subject(
        base=world.base, spec=claim.source, origin=origin, row=draft.row, addresses=draft.addresses,
        marks=draft.marks, copies=copies,
    )  # fmt: skip
    return override(subject, changes)[0]  # type: ignore[no-any-return]


def _named_by_content(draft: _Draft) -> str:
    """Returns the name of a clone of which some fields cannot be changed once it runs: other fields, another name (rule R-O4)."""
    template, immutable = draft.row.template, draft.row.immutable
    content = [at(draft.changed, path) for path in immutable]
    if any(template[: len(path)] == path for path in immutable):
        content += [dict(draft.pods), draft.digest]
    digest = sha256(json.dumps(content, sort_keys=True))[:8]
    stem = fit(f"{draft.origin.id.name}-{draft.claim.tenant}", draft.row.name_limit - len(digest) - 1)
    return f"{stem}-{digest}"


def _digest(draft: _Draft) -> str | None:
    """Returns the digest of the data of the ConfigMap copies that a clone reads, None without one."""
    names = {change.name for changes in draft.asked.changes for change in CONFIG_MAPS.of(changes)}
    contents = {
        fit(f"{copied.name}-{draft.claim.tenant}", OBJECT_NAME_LIMIT): data_of(draft.world.base.by_id[copied].manifest, data)
        for copied, data in draft.copies.items()
        if copied.namespace == draft.origin.id.namespace and copied.name in names
    }  # fmt: skip
    return sha256(json.dumps(contents, sort_keys=True))[:10] if contents else None


def _pod_labels(draft: _Draft) -> dict[str, str]:
    """Returns the labels of a clone's pods; a label of the origin's may have the tenantID behind its value."""
    world, origin, tenant = draft.world, draft.origin, draft.claim.tenant
    clone = world.clone_of(origin.id, tenant)
    actual = clone.labels if clone else {}
    given = pod_labels(draft.row, origin.manifest)
    labels = {**given, **(_canonical(given, origin.id.name, tenant) if world.reader.reads_virtual_services else {})}
    pinned = {key for changes in draft.asked.changes for key in PRESERVE_LABELS.of(changes)}
    for key, value in labels.items():
        rewritten = fit(f"{value}-{tenant}" if value else tenant, LABEL_VALUE_LIMIT)
        if key not in pinned and actual.get(key) == rewritten:
            labels[key] = rewritten
    return {**labels, **draft.marks, **{f"{SERVICE}{s.id.name}": tenant for s in world.services_of(origin.id)}}


def _canonical(labels: Mapping[str, str], name: str, tenant: str) -> dict[str, str]:
    """Returns the labels under which Istio's telemetry reports a clone as a revision of its origin."""
    known = next((labels[key] for key in _CANONICAL if labels.get(key)), fit(name, LABEL_VALUE_LIMIT))
    return {"service.istio.io/canonical-name": known, "service.istio.io/canonical-revision": tenant}


def _manifest(draft: _Draft, id: ResourceId, headless: str | None) -> Manifest:
    row, changed = draft.row, draft.changed
    before, kept = pod_labels(row, draft.origin.manifest), kept_metadata(changed)
    rewritten = {key: value for key, value in draft.pods.items() if key in before and before[key] != value}
    kept["labels"] = {key: rewritten.get(key, value) for key, value in kept["labels"].items()}
    manifest: Any = {**changed, "metadata": draft.metadata(id, kept)}
    if row.has_replicas:
        manifest = put(manifest, ("spec", "replicas"), draft.asked.replicas, create=True)
    for path in row.drop:
        manifest = remove(manifest, path)
    if row.made:
        manifest = put(manifest, (*row.made, "metadata"), _metadata_of_made(draft, at(changed, row.made)), create=True)
    for path, value in row.sets:
        manifest = put(manifest, path, value, create=True)
    if row.selector:
        manifest = put(manifest, row.selector, {"matchLabels": draft.selector}, create=True)
    if headless:
        manifest = put(manifest, ("spec", "serviceName"), headless, create=True)
        if at(manifest, ("spec", "volumeClaimTemplates")):
            path = ("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")
            manifest = put(manifest, path, "Delete", create=True)
    return put(manifest, row.template, _template(draft))  # type: ignore[no-any-return]


def _metadata_of_made(draft: _Draft, made: Any) -> dict[str, Any]:
    """Returns the metadata of the Jobs that a CronJob's clone makes."""
    kept = kept_metadata(made)
    return {field: given for field, given in {**kept, "labels": {**kept["labels"], **draft.marks}}.items() if given}


def _template(draft: _Draft) -> dict[str, Any]:
    template: Any = at(draft.changed, draft.row.template) or {}
    given = at(template, ("metadata", "annotations")) or {}
    annotations = {key: value for key, value in given.items() if not key.startswith(OWNED_PREFIXES)}
    if draft.digest:
        annotations[CONFIG] = draft.digest
    metadata = {"labels": dict(draft.pods), **({"annotations": annotations} if annotations else {})}
    spec = {key: value for key, value in (template.get("spec") or {}).items() if key != "nodeName"}
    for listed in ("containers", "initContainers"):
        if spec.get(listed):
            spec[listed] = [_container(draft, listed, container) for container in spec[listed]]
    before = pod_labels(draft.row, draft.origin.manifest)
    return {"metadata": metadata, "spec": Placement(before=before, after=draft.pods, selector=draft.selector).of(spec)}


def _container(draft: _Draft, field: str, container: Manifest) -> Manifest:
    """Returns a container with the variables that every clone has, and without ports of its node."""
    result: dict[str, Any] = dict(container)
    if field == "containers" and container.get("name") not in SIDECARS:
        values = (draft.claim.tenant, draft.claim.name, draft.origin.id.name)
        ours = [{"name": name, "value": value} for name, value in zip(VARIABLES, values, strict=True)]
        result["env"] = [*ours, *(container.get("env") or ())]
    if result.get("ports"):
        result["ports"] = [
            {k: v for k, v in port.items() if k not in ("hostPort", "hostIP")} for port in result["ports"]
        ]
    return result
