"""Names of generated ConfigMaps: specs name them as the kustomization does, without the hash of their data.

kustomize appends `-` and ten characters of an alphabet without vowels (api/hasher/hasher.go), so that every change of the data is another
name; a spec that named it so would have to follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import ResourceId, at
from sandlane.overrides.changes import Changes
from sandlane.overrides.config_maps import CONFIG_MAPS
from sandlane.overrides.containers import CONTAINERS
from sandlane.overrides.env import ENV, Variable
from sandlane.patch.put import put
from sandlane.problems.problem import Problem

_HASH = re.compile(r"-[bcdfghkmt2456789]{10}")
_REFERENCE = ("valueFrom", "configMapKeyRef", "name")


def with_generated_names(base: Base, namespace: str, changes: Changes) -> Changes:
    """Returns changes in which names of ConfigMaps without their hash are those of the one object that has it."""
    maps = tuple(replace(change, name=_actual(base, namespace, change.name)) for change in CONFIG_MAPS.of(changes))
    env = tuple(_variable(base, namespace, variable) for variable in ENV.of(changes))
    containers = tuple(
        replace(container, env=tuple(_variable(base, namespace, variable) for variable in container.env))
        for container in CONTAINERS.of(changes)
    )
    named = {CONFIG_MAPS.name: maps, ENV.name: env, CONTAINERS.name: containers}
    return replace(changes, values={name: named.get(name, value) for name, value in changes.values.items()})


def without_hash(name: str) -> str:
    """Returns a name without what may be the hash of a generated ConfigMap."""
    found = _HASH.search(name)
    return name[: found.start()] if found and found.end() == len(name) else name


def hashed_names(base: Base, namespace: str, changes: Changes) -> Iterator[Problem]:
    """Yields notices on ConfigMaps that an entry names with the hash of their data."""
    for change in CONFIG_MAPS.of(changes):
        stem = without_hash(change.name)
        if stem != change.name and _actual(base, namespace, stem) == change.name:
            yield changes.problem("SL254", *change.steps, "name", name=change.name, stem=stem)


def _variable(base: Base, namespace: str, variable: Variable) -> Variable:
    name: Any = at(variable.body, _REFERENCE)
    if variable.body is None or not isinstance(name, str):
        return variable
    return replace(variable, body=put(variable.body, _REFERENCE, _actual(base, namespace, name)))


def _actual(base: Base, namespace: str, name: str) -> str:
    """Returns the name of the ConfigMap that is meant; the name itself where there is none, or more than one."""
    if ResourceId("", "ConfigMap", namespace, name) in base.by_id:
        return name
    ids = (resource.id for resource in base.of("", "ConfigMap") if resource.id.namespace == namespace)
    found = [id.name for id in ids if id.name.startswith(name) and _HASH.fullmatch(id.name[len(name) :])]
    return found[0] if len(found) == 1 else name
