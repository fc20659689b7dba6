"""Proof's own reading of what pods may do (Pod Security Standards, https://kubernetes.io/docs/concepts/security/pod-security-standards/).

What is gained has a class of `policy.privileges`, and a text. It shares nothing with the renderer's guard on purpose.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, ResourceId, at
from sandlane.k8s.workload_kinds import INJECTED, containers_of
from sandlane.proof.differences import same
from sandlane.proof.facts import Gained, Place, capabilities_gained, gained, of_container, of_pod
from sandlane.proof.triggers import of_objects

_OLD_TOKEN = re.compile(r".+-token-[bcdfghjklmnpqrstvwxz2456789]{5}")
Secrets = Mapping[str, bool]
"""The Secrets of a pod spec; True: what runs in it, or a driver for it, reads their data."""


def more(before: Manifest, after: Manifest, own_claims: frozenset[str]) -> Gained:
    """Yields what the pods of one template may do and those of another may not, Secrets, labels and annotations aside.

    Claims of the sandbox's own are nobody's. No image or variable of a container is looked at.
    """
    old, new = before.get("spec") or {}, after.get("spec") or {}
    yield from gained([of_pod(old)], of_pod(new))
    grace = [pod.get("terminationGracePeriodSeconds") or 0 for pod in (old, new)]
    if grace[1] > max(grace[0], 60 * 60):
        yield "priority", f"{grace[1]} seconds until its end"
    yield from _claims_gained(old, new, own_claims)
    known = {container["name"]: Place(old, container) for container in containers_of(old)}
    for container in containers_of(new):
        name, place = container["name"], Place(new, container)
        # What the origin has no container for may do what every one of its containers may, and no more.
        models = [known[name]] if name in known else list(known.values())
        found = [*gained([[*of_container(model)] for model in models], of_container(place))]
        found += capabilities_gained(models, place)
        yield from ((kind, f"{what} ('{name}')") for kind, what in found)
        if name in INJECTED and name not in known:
            yield "mesh", f"a proxy of its own ('{name}')"
        elif name in INJECTED and not same(_without_size(known[name].container), _without_size(container)):
            yield "mesh", f"a proxy that is not its origin's ('{name}')"


def _without_size(container: Manifest) -> Manifest:
    return {field: value for field, value in container.items() if field != "resources"}


def ordinary(template: Manifest) -> Manifest:
    """Returns a template of pods without any settings, with the containers of another."""
    names = [container["name"] for container in containers_of(template.get("spec") or {})]
    return {"spec": {"containers": [{"name": name} for name in names if name not in INJECTED]}}


def data_gained(before: Any, after: Any) -> Gained:
    """Yields what claims made for pods take from elsewhere, and others do not."""
    known = set(data_of_others(before))
    yield from (found for found in data_of_others(after) if found not in known)


def data_of_others(claims: Any) -> Gained:
    """Yields what claims made for pods take from elsewhere."""
    for claim in claims or ():
        for field in ("volumeName", "selector", "dataSource", "dataSourceRef"):
            if at(claim, ("spec", field)):
                yield "claims", f"{field} of a claim: {json.dumps(at(claim, ('spec', field)), sort_keys=True)}"
        for field in ("finalizers", "ownerReferences"):
            if at(claim, ("metadata", field)):
                yield "claims", f"a claim with {field}"
        yield from of_objects({}, claim or {})


def _claims_gained(old: Manifest, new: Manifest, own: frozenset[str]) -> Gained:
    volumes = [pod.get("volumes") or () for pod in (old, new)]
    had, has = (
        {(c["claimName"], bool(c.get("readOnly"))) for v in each if (c := v.get("persistentVolumeClaim"))}
        for each in volumes
    )
    for name, _ in sorted(has - had):
        if name not in own and (name, False) not in had:
            yield "claims", f"writing to claim '{name}'" if (name, True) in had else f"claim '{name}'"
    yield from data_gained(*([at(v, ("ephemeral", "volumeClaimTemplate")) for v in each] for each in volumes))


def secrets_gained(had: Secrets, has: Secrets) -> Iterator[tuple[str, str]]:
    """Yields Secrets that pods get at and did not."""
    for name, is_read in sorted(has.items()):
        if name not in had or (is_read and not had[name]):
            yield "secrets", f"Secret '{name}'"


def tokens(base: Base, namespace: str, had: Secrets, has: Secrets) -> Iterator[str]:
    """Yields Secrets that pods get at, did not, and that are the token of a service account: by type, or by its old name."""
    for name in sorted(has.keys() - had.keys()):
        secret = base.by_id.get(ResourceId("", "Secret", namespace, name))
        kind = str((secret.manifest if secret else {}).get("type"))
        if kind == "kubernetes.io/service-account-token" or (secret is None and _OLD_TOKEN.fullmatch(name)):
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
                is_object = type(inner) is dict
                name = inner if field == "secretName" else _referred(field, inner) if is_object else None
                if name:
                    found[str(name)] = True
                elif is_object or type(inner) is list:
                    todo.append(inner)
    return found


def _referred(field: str, value: Manifest) -> Any:
    """Returns the name of the Secret to which a field refers: `secretRef` and fields that end so, of variables and projections."""
    is_reference = field in ("secret", "secretKeyRef") or field[-9:].lower() == "secretref"
    return value.get("name") if is_reference else None
