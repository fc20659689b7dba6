"""Overrides as typed records: what a clone gets otherwise than its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandlane.k8s.resource import Manifest
from sandlane.problems.problem import Path, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A change of one environment variable: `body` holds its value or valueFrom; it is None where it is removed."""

    name: str
    body: Manifest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A sandbox's changes to one container of a workload."""

    name: str
    image: str | None
    env: tuple[Variable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigMapChange:
    """Keys of a ConfigMap that a clone's copy of it has with other values, or with None not at all."""

    path: Path
    name: str
    data: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A patch: a strategic merge (a mapping) or JSON 6902 operations (a list). `path` leads to its entry in the document."""

    path: Path
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a clone gets otherwise than its origin: of a workload of a sandbox, or of a standing rule of the environment.

    `source` and `path` say where. `env` is for every app container, `drop` names init containers, `volumes` is name ->
    what becomes of it, `preserve` are keys of pod labels.
    """

    source: Source
    path: Path
    is_standing: bool = False
    image: str | None = None
    containers: tuple[Container, ...] = ()
    env: tuple[Variable, ...] = ()
    drop: tuple[str, ...] = ()
    volumes: Mapping[str, str] = field(default_factory=dict)
    preserve: tuple[str, ...] = ()
    config_maps: tuple[ConfigMapChange, ...] = ()
    patches: tuple[Patch, ...] = ()
