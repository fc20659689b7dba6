"""Secrets that pods read, or pull their images with; and which of them is the token of a service account (rule R-C7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sandlane.base.base import Base
from sandlane.guards.containers import Privilege
from sandlane.k8s.resource import Manifest, ResourceId, annotations_of

_TOKEN = "kubernetes.io/service-account-token"
_ACCOUNT = "kubernetes.io/service-account.name"
_GENERATED = re.compile(r"(?P<account>.+)-token-[bcdfghjklmnpqrstvwxz2456789]{5}")
"""How Kubernetes before 1.24 named the token that it made for a service account: it may still be in the cluster."""


def more_secrets(before: Manifest, after: Manifest) -> Iterator[Privilege]:
    """Yields the Secrets that pods of one spec get at and those of another do not; who reads one may pull with it as well."""
    read, pulled = set(secrets_read(after, before)), _pulls(after) - _pulls(before)
    if not read and not pulled:
        return
    known = set(secrets_read(before))
    for name in sorted(read - known):
        yield "secrets", f"Secret '{name}'"
    for name in sorted(pulled - known):
        yield "secrets", f"pulling images with Secret '{name}'"


def secrets_read(value: Any, known: Any = None) -> Iterator[str]:
    """Yields the Secrets that a pod spec reads by volumes and variables, or gives a driver of volumes to read.

    What it shares with `known`, the very same object at the same place, is passed over: `known` reads the same there.
    """
    if value is known:
        return
    if isinstance(value, list):
        beside = known if isinstance(known, list) else []
        for number, item in enumerate(value):
            yield from secrets_read(item, beside[number] if number < len(beside) else None)
    elif isinstance(value, dict):
        others = known if isinstance(known, dict) else {}
        for field, inner in value.items():
            other = others.get(field)
            if inner is other:
                continue
            if field == "secretName" and inner:
                yield str(inner)
            elif _is_reference(field, inner):
                yield str(inner["name"])
            elif isinstance(inner, dict | list):
                yield from secrets_read(inner, None if _is_reference(field, other) else other)


def _is_reference(field: str, inner: Any) -> bool:
    """Tells whether a field refers to a Secret: secretKeyRef, secretRef, nodePublishSecretRef, or `secret` in a projection."""
    if not isinstance(inner, dict) or not inner.get("name"):
        return False
    return field in ("secretKeyRef", "secret") or field.lower().endswith("secretref")


def _pulls(spec: Manifest) -> set[str]:
    return {str(reference.get("name")) for reference in spec.get("imagePullSecrets") or () if reference.get("name")}


def new_tokens(base: Base, namespace: str, before: Manifest, after: Manifest) -> Iterator[tuple[str, str]]:
    """Yields the Secrets that pods get at for the first time and that are tokens, each with its service account."""
    added = {*secrets_read(after, before), *(_pulls(after) - _pulls(before))}
    for name in sorted(added - {*secrets_read(before), *_pulls(before)}) if added else ():
        account = _account(base, namespace, name)
        if account:
            yield name, account


def _account(base: Base, namespace: str, name: str) -> str | None:
    found = base.by_id.get(ResourceId("", "Secret", namespace, name))
    if found and found.manifest.get("type") == _TOKEN:
        return annotations_of(found.manifest).get(_ACCOUNT) or "unknown"
    generated = _GENERATED.fullmatch(name)
    return generated["account"] if generated and not found else None
