"""Proof's own reading of the Secrets of pods: by volumes, variables and drivers, and those that images are pulled with (R-C7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, ResourceId

_ALPHABET = frozenset("bcdfghjklmnpqrstvwxz2456789")


Secrets = Mapping[str, bool]
"""The Secrets of a pod spec; True: what runs in it, or a driver for it, reads their data."""


def secrets_gained(had: Secrets, has: Secrets) -> Iterator[tuple[str, str]]:
    """Yields Secrets that pods get at and did not."""
    for name, is_read in sorted(has.items()):
        if name not in had or (is_read and not had[name]):
            yield "secrets", f"Secret '{name}'"


def tokens(base: Base, namespace: str, had: Secrets, has: Secrets) -> Iterator[str]:
    """Yields Secrets that pods get at, did not, and that are the token of a service account: by type, or by its old name."""
    for name in sorted(has.keys() - had.keys()):
        secret = base.by_id.get(ResourceId("", "Secret", namespace, name))
        stem, _, tail = name.rpartition("-")
        is_named_so = (
            len(stem) > len("-token") and stem.endswith("-token") and len(tail) == 5 and set(tail) <= _ALPHABET
        )
        kind = str((secret.manifest if secret else {}).get("type"))
        if kind == "kubernetes.io/service-account-token" or (secret is None and is_named_so):
            yield name


def secrets_of(spec: Manifest) -> Secrets:
    """Returns the Secrets of a pod spec."""
    found = {str(pull["name"]): False for pull in spec.get("imagePullSecrets") or () if pull.get("name")}
    todo: list[Any] = [spec]
    while todo:
        value = todo.pop()
        if isinstance(value, list):
            todo += value
        elif isinstance(value, dict):
            for field, inner in value.items():
                name = inner if field == "secretName" else _referred(field, inner)
                if name:
                    found[str(name)] = True
                elif isinstance(inner, dict | list):
                    todo.append(inner)
    return found


def _referred(field: str, value: Any) -> Any:
    """Returns the name of the Secret to which a field refers: `secretRef` and fields that end so, of variables and projections."""
    if not isinstance(value, dict):
        return None
    is_reference = field in ("secret", "secretKeyRef") or field[-9:].lower() == "secretref"
    return value.get("name") if is_reference else None
