"""Proof's own reading of the Secrets of pods: by volumes, variables and drivers, and those that images are pulled with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, ResourceId, annotations_of, at

_LISTS = ("containers", "initContainers", "ephemeralContainers")
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
        is_named_so = stem.endswith("-token") and len(tail) == 5 and set(tail) <= _ALPHABET
        kind = str((secret.manifest if secret else {}).get("type"))
        is_marked = secret is not None and "kubernetes.io/service-account.name" in annotations_of(secret.manifest)
        if kind == "kubernetes.io/service-account-token" or is_marked or (secret is None and is_named_so):
            yield name


def _used(spec: Manifest) -> dict[str, bool]:
    """Returns the Secrets of a pod spec; True: what runs in it, or a driver for it, reads their data."""
    found = {str(pull["name"]): False for pull in spec.get("imagePullSecrets") or () if pull.get("name")}
    for volume in spec.get("volumes") or ():
        found |= dict.fromkeys(_of_volume(volume), True)
    for container in (c for field in _LISTS for c in spec.get(field) or ()):
        references = [at(variable, ("valueFrom", "secretKeyRef", "name")) for variable in container.get("env") or ()]
        references += [at(source, ("secretRef", "name")) for source in container.get("envFrom") or ()]
        found |= {str(name): True for name in references if name}
    return found


def _of_volume(volume: Manifest) -> Iterator[str]:
    for kind, source in volume.items():
        if not isinstance(source, dict):
            continue
        yield from (str(source[key]) for key in ("secretName",) if source.get(key))
        for reference in ("secretRef", "nodePublishSecretRef"):
            yield from (str(name) for name in [at(source, (reference, "name"))] if name)
        attributes: Any = source.get("volumeAttributes") or {}
        yield from (str(attributes[key]) for key in ("secretName",) if kind == "csi" and attributes.get(key))
        for projected in source.get("sources") or () if kind == "projected" else ():
            yield from (str(name) for name in [at(projected, ("secret", "name"))] if name)
