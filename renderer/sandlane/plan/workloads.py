"""Planning of a sandbox's clones: their names, labels, selectors, overrides and addresses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sandlane.base.base import Base
from sandlane.base.pod_templates import in_form_of_clones
from sandlane.frozen import frozen
from sandlane.k8s.limits import SERVICE_NAME_LIMIT, fit, sha256
from sandlane.k8s.resource import Resource, ResourceId, at
from sandlane.k8s.workload_kinds import WORKLOADS, WorkloadKind, pod_labels
from sandlane.overrides.addresses import Addresses, address_of
from sandlane.overrides.apply import override
from sandlane.overrides.changes import Changes
from sandlane.overrides.config_maps import CONFIG_MAPS
from sandlane.overrides.generated_names import hashed_names, with_generated_names
from sandlane.overrides.preserve_labels import PRESERVE_LABELS
from sandlane.overrides.subject import Subject
from sandlane.plan.config_maps import digest, plan_config_maps
from sandlane.plan.metadata import tenant_marks
from sandlane.plan.model import ConfigMapClone, WorkloadClone
from sandlane.plan.names import ORIGIN, SERVICE, TENANT, clone_name, origin_label
from sandlane.plan.origins import find_origin
from sandlane.plan.relabel import Labels, Selectors, relabel
from sandlane.problems.problem import Problem
from sandlane.specs.model import Environment, Sandbox, Workload
from sandlane.specs.standing_rules import rules_for

MeshLabels = Callable[[WorkloadKind, Resource, str], Labels]
"""From a workload's row, its manifest and a tenantID to the labels that its clone's pods carry for the mesh's sake."""


@frozen(kw_only=True)
class Ground:
    """Input of planning shared by all sandboxes: the environment, its base, the base's selectors, and the mesh's pod labels."""

    environment: Environment
    base: Base
    selectors: Selectors
    mesh_labels: MeshLabels


@frozen(kw_only=True)
class Planned:
    """The clones of a sandbox, its copies of ConfigMaps, the addresses of its clones, and all that is wrong."""

    clones: tuple[WorkloadClone, ...]
    config_maps: tuple[ConfigMapClone, ...]
    addresses: Addresses
    problems: tuple[Problem, ...]


@frozen(kw_only=True)
class _Draft:
    """A workload to clone: its row, its origin, the Services that select it, and its changes in order."""

    workload: Workload
    row: WorkloadKind
    origin: Resource
    services: tuple[Resource, ...]
    changes: tuple[Changes, ...]


def plan_clones(ground: Ground, sandbox: Sandbox) -> Planned:
    """Plans all clones of a sandbox."""
    environment, base, selectors = ground.environment, ground.base, ground.selectors
    problems: list[Problem] = []
    drafts: list[_Draft] = []
    for workload in (w for w in sandbox.workloads if w.use is None):
        found = find_origin(base, sandbox, workload)
        if isinstance(found, Problem):
            problems.append(found)
            continue
        row = WORKLOADS[(found.id.group, found.id.kind)]
        services = tuple(selectors.services.matching(found.id.namespace, pod_labels(row, found.manifest)))
        asked = (*rules_for(environment, found), workload.changes)
        problems += hashed_names(base, found.id.namespace, workload.changes)
        changes = tuple(with_generated_names(base, found.id.namespace, each) for each in asked)
        drafts.append(_Draft(workload=workload, row=row, origin=found, services=services, changes=changes))
    addresses = _addresses(environment, sandbox, drafts)
    copies, wrong = plan_config_maps(base, sandbox, [(d.origin.id.namespace, d.changes) for d in drafts])
    problems += wrong
    clones = []
    for draft in drafts:
        clone, wrong = _clone(ground, sandbox, draft, addresses, copies)
        problems += wrong
        clones.append(clone)
    return Planned(
        clones=tuple(clones),
        config_maps=tuple(copies[id] for id in sorted(copies)),
        addresses=addresses,
        problems=tuple(problems),
    )


def _addresses(environment: Environment, sandbox: Sandbox, drafts: list[_Draft]) -> Addresses:
    found: dict[str, dict[str, Any]] = {}
    for draft in drafts:
        named = found.setdefault(draft.workload.name, {})
        for service in draft.services:
            name = clone_name(service.id.name, sandbox.tenant, SERVICE_NAME_LIMIT)
            domain = environment.cluster.domain
            address = address_of(service.manifest, name, service.id.namespace, domain)
            known = named.setdefault(service.id.name, address)
            if known.host != address.host:
                named[service.id.name] = replace(known, is_one=False)
    return found


def _clone(
    ground: Ground,
    sandbox: Sandbox,
    draft: _Draft,
    addresses: Addresses,
    copies: Mapping[ResourceId, ConfigMapClone],
) -> tuple[WorkloadClone, list[Problem]]:
    row, origin, tenant = draft.row, draft.origin, sandbox.tenant
    namespace, label = origin.id.namespace, origin_label(row, origin.id.name)
    marks = tenant_marks(ground.environment, sandbox, label)
    subject = Subject(
        base=ground.base,
        spec=sandbox.source,
        origin=replace(origin, manifest=in_form_of_clones(row, origin.manifest)),
        row=row,
        addresses=addresses,
        marks=marks,
        copies={id.name: copy.id.name for id, copy in copies.items() if id.namespace == namespace},
    )
    manifest, problems = override(subject, draft.changes)
    pinned = frozenset(key for changes in draft.changes for key in PRESERVE_LABELS.of(changes))
    labels = pod_labels(row, origin.manifest)
    telemetry = ground.mesh_labels(row, origin, tenant)
    own = {**marks, **{f"{SERVICE}{service.id.name}": tenant for service in draft.services}}
    name = clone_name(origin.id.name, tenant, row.name_limit)
    changed = {c.name for changes in draft.changes for c in CONFIG_MAPS.of(changes)}
    clone = WorkloadClone(
        sandbox=sandbox,
        workload=draft.workload,
        row=row,
        origin=origin,
        id=ResourceId(*row.clone, namespace, name),
        pods=relabel(namespace, {**labels, **telemetry}, own, tenant, ground.selectors, pinned),
        selector={TENANT: tenant, ORIGIN: label},
        services=draft.services,
        headless=ResourceId("", "Service", namespace, fit(f"{name}-headless", SERVICE_NAME_LIMIT))
        if row.is_governed
        else None,
        manifest=manifest,
        changes=draft.changes,
        config=digest(copy for id, copy in copies.items() if id.namespace == namespace and id.name in changed),
    )
    return (_named_by_content(clone) if row.immutable else clone), problems


def _named_by_content(clone: WorkloadClone) -> WorkloadClone:
    """Returns a clone whose name ends in a hash of its immutable fields (rule R-O4); for a Job that is the whole spec."""
    template = clone.row.template
    made_of = [at(clone.manifest, path) for path in clone.row.immutable]
    if any(template[: len(path)] == path for path in clone.row.immutable):
        made_of += [clone.pods.labels, clone.config]
    content = sha256(json.dumps(made_of, sort_keys=True))[:8]
    stem = clone_name(clone.origin.id.name, clone.sandbox.tenant, clone.row.name_limit - len(content) - 1)
    return replace(clone, id=replace(clone.id, name=f"{stem}-{content}"))
