"""Proof's own reading of the Secrets of pods: by volumes, variables and drivers, and those that images are pulled with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, ResourceId

_ALPHABET = frozenset("bcdfghjklmnpqrstvwxz2456789")


def secrets_gained(old: Manifest, new: Manifest) -> Iterator[tuple[str, str]]:
    """Yields Secrets that pods get at and did not."""
    had = _used(old)
    for name, is_read in sorted(_used(new).items()):
        if name not in had or (is_read and not had[name]):
            yield "secrets", f"Secret '{name}'"


def tokens(base: Base, namespace: str, old: Manifest, new: Manifest) -> Iterator[str]:
    """Yields Secrets that pods get at, did not, and that are the token of a service account: by type, or by its old name."""
    for name in sorted(_used(new).keys() - _used(old).keys()):
        secret = base.by_id.get(ResourceId("", "Secret", namespace, name))
        stem, _, tail = name.rpartition("-")
        is_named_so = (
            len(stem) > len("-token") and stem.endswith("-token") and len(tail) == 5 and set(tail) <= _ALPHABET
        )
        kind = str((secret.manifest if secret else {}).get("type"))
        if kind == "kubernetes.io/service-account-token" or (secret is None and is_named_so):
            yield name


def _used(spec: Manifest) -> dict[str, bool]:
    """Returns the Secrets of a pod spec; True: what runs in it, or a driver for it, reads their data."""
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
                else:
                    todo.append(inner)
    return found


def _referred(field: str, value: Any) -> Any:
    """Returns the name of the Secret to which a field refers: `secretRef` and fields that end so, of variables and projections."""
    is_reference = field in ("secret", "secretKeyRef") or field[-9:].lower() == "secretref"
    return value.get("name") if is_reference and isinstance(value, dict) else None
