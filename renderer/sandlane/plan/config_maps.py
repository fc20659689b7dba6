"""Planning of ConfigMap copies: one per sandbox for each ConfigMap that any of its workloads changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.limits import sha256
from sandlane.k8s.resource import ResourceId
from sandlane.overrides.changes import Changes
from sandlane.overrides.config_maps import CONFIG_MAPS, ConfigMapChange
from sandlane.overrides.generated_names import without_hash
from sandlane.plan.model import ConfigMapClone
from sandlane.plan.names import clone_name
from sandlane.problems.problem import Problem, did_you_mean
from sandlane.specs.model import Sandbox


def plan_config_maps(
    base: Base, sandbox: Sandbox, wanted: list[tuple[str, tuple[Changes, ...]]]
) -> tuple[dict[ResourceId, ConfigMapClone], list[Problem]]:
    """Returns a sandbox's copies of ConfigMaps by the ids of the originals; `wanted` are namespaces and changes of its clones.

    Where a standing rule and the spec change one ConfigMap, the spec's keys come last. Two clones cannot have two copies.
    """
    copies: dict[ResourceId, ConfigMapClone] = {}
    problems: list[Problem] = []
    for namespace, listed in wanted:
        for id, changes in _by_config_map(namespace, listed).items():
            owner, change = changes[-1]
            origin = base.by_id.get(id)
            if origin is None:
                names = [r.id.name for r in base.of("", "ConfigMap") if r.id.namespace == namespace]
                stems = {without_hash(name) for name in names} - {change.name}
                known = f"known: {', '.join(sorted(names)[:12])}" if names else f"the base has none in '{namespace}'"
                hint = did_you_mean(change.name, stems, otherwise=known)
                problems.append(owner.problem("SL237", *change.steps, "name", object=str(id), hint=hint))
                continue
            data = {key: value for _, each in changes for key, value in each.data.items()}
            name = clone_name(id.name, sandbox.tenant)
            copy = ConfigMapClone(
                sandbox=sandbox, origin=origin, id=ResourceId("", "ConfigMap", namespace, name), data=data
            )
            if copies.setdefault(id, copy).data != data:
                problems.append(owner.problem("SL238", *change.steps, "data", object=str(id)))
    return copies, problems


def _by_config_map(
    namespace: str, listed: tuple[Changes, ...]
) -> Mapping[ResourceId, list[tuple[Changes, ConfigMapChange]]]:
    found: dict[ResourceId, list[tuple[Changes, ConfigMapChange]]] = {}
    for changes in listed:
        for change in CONFIG_MAPS.of(changes):
            found.setdefault(ResourceId("", "ConfigMap", namespace, change.name), []).append((changes, change))
    return found


def data_of(copy: ConfigMapClone) -> dict[str, Any]:
    """Returns `data` and `binaryData` of a copy: the origin's, with keys set and removed."""
    old, binary = copy.origin.manifest.get("data") or {}, copy.origin.manifest.get("binaryData") or {}
    data = {**old, **copy.data}
    kept = {key: value for key, value in binary.items() if key not in copy.data}
    return {
        "data": {key: value for key, value in data.items() if value is not None},
        **({"binaryData": kept} if kept else {}),
    }


def digest(copies: Iterable[ConfigMapClone]) -> str | None:
    """Returns 10 hex digits that change with the data of copies; None without one."""
    contents = {copy.id.name: data_of(copy) for copy in copies}
    text = json.dumps(contents, sort_keys=True)
    return sha256(text)[:10] if contents else None
