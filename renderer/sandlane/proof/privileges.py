"""Proof's own reading of what pods may do (Pod Security Standards, https://kubernetes.io/docs/concepts/security/pod-security-standards/).

What two pod templates let their pods do is compared field by field: it yields a class, as in the environment's
`policy.privileges`, and a text for what was gained. It shares nothing with the renderer's guard on purpose.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, ResourceId, at
from sandlane.k8s.workload_kinds import INJECTED
from sandlane.proof.containers import CHECKS, Gained, Place
from sandlane.proof.differences import same
from sandlane.proof.triggers import of_objects

_ALPHABET = frozenset("bcdfghjklmnpqrstvwxz2456789")

Secrets = Mapping[str, bool]
"""The Secrets of a pod spec; True: what runs in it, or a driver for it, reads their data."""

_LISTS = ("containers", "initContainers", "ephemeralContainers")

_PLAIN_VOLUMES = {"configMap", "secret", "emptyDir", "downwardAPI", "projected", "ephemeral", "persistentVolumeClaim"}
_PLAIN_SOURCES = {"configMap", "secret", "downwardAPI", "clusterTrustBundle"}


def more(before: Manifest, after: Manifest, own_claims: frozenset[str]) -> Gained:
    """Yields what the pods of one template may do and those of another may not, Secrets, labels and annotations aside.

    Claims of the sandbox's own are nobody's. No image or variable of a container is looked at.
    """
    old, new = before.get("spec") or {}, after.get("spec") or {}
    yield from _pods(old, new, own_claims)
    known = {c["name"]: Place(old, c) for field in _LISTS for c in old.get(field) or ()}
    for field in _LISTS:
        for container in new.get(field) or ():
            name = container["name"]
            # What the origin has no container for may do what every one of its containers may, and no more.
            models = [known[name]] if name in known else list(known.values())
            for check in CHECKS:
                found = [set(check(model, Place(new, container))) for model in models]
                yield from ((kind, f"{what} ('{name}')") for kind, what in sorted(set().union(*found)))
            if name in INJECTED and name not in known:
                yield "mesh", f"a proxy of its own ('{name}')"
            elif name in INJECTED and not same(_without_size(known[name].container), _without_size(container)):
                yield "mesh", f"a proxy that is not its origin's ('{name}')"


def _without_size(container: Manifest) -> Manifest:
    return {field: value for field, value in container.items() if field != "resources"}


def ordinary(template: Manifest) -> Manifest:
    """Returns a template of pods without any settings, with the containers of another."""
    names = [c["name"] for field in _LISTS for c in at(template, ("spec", field)) or ()]
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


def _pods(old: Manifest, new: Manifest, own_claims: frozenset[str]) -> Gained:
    account = [pod.get("serviceAccountName") or pod.get("serviceAccount") or "default" for pod in (old, new)]
    if account[0] != account[1]:
        yield "serviceAccount", f"service account '{account[1]}'"
    if old.get("automountServiceAccountToken") is False and new.get("automountServiceAccountToken") is not False:
        yield "tokens", "a mounted token"
    for field in ("hostPID", "hostIPC", "hostNetwork", "shareProcessNamespace"):
        if new.get(field) and not old.get(field):
            yield "hostNamespaces", field
    if old.get("hostUsers") is False and new.get("hostUsers") is not False:
        yield "hostNamespaces", "hostUsers"
    if (old.get("runtimeClassName") or "") != (new.get("runtimeClassName") or ""):
        yield "runtime", "another runtime class"
    yield from _priority(old, new)
    yield from _nodes(old, new)
    yield from _resolved(old, new)
    names = [{c["name"] for c in pod.get("ephemeralContainers") or ()} for pod in (old, new)]
    if names[1] - names[0]:
        yield "security", "ephemeral containers"
    yield from _groups(old.get("securityContext") or {}, new.get("securityContext") or {})
    if any(item not in (old.get("resourceClaims") or ()) for item in new.get("resourceClaims") or ()):
        yield "volumes", "resourceClaims"
    yield from _volumes(old.get("volumes") or (), new.get("volumes") or (), own_claims)


def _priority(old: Manifest, new: Manifest) -> Gained:
    grace = [pod.get("terminationGracePeriodSeconds") or 0 for pod in (old, new)]
    if grace[1] > grace[0] and grace[1] > 60 * 60:
        yield "priority", f"{grace[1]} seconds until its end"
    if (old.get("priorityClassName") or "") != (new.get("priorityClassName") or ""):
        yield "priority", "another priority class"
    if old.get("preemptionPolicy") == "Never" and new.get("preemptionPolicy") != "Never":
        yield "priority", "preemption"


def _groups(before: Mapping[str, Any], after: Mapping[str, Any]) -> Gained:
    if set(after.get("supplementalGroups") or ()) - set(before.get("supplementalGroups") or ()):
        yield "groups", "more groups"
    if before.get("supplementalGroupsPolicy") == "Strict" != after.get("supplementalGroupsPolicy"):
        yield "groups", "groups of its image"
    if after.get("fsGroup") is not None and after.get("fsGroup") != before.get("fsGroup"):
        yield "groups", "another fsGroup"


_PLACED = (("nodeSelector", None), ("schedulerName", "default-scheduler"))


def _nodes(old: Manifest, new: Manifest) -> Gained:
    """Yields nodes on which pods may run now and might not before, or that they choose otherwise."""
    if new.get("nodeName") and new["nodeName"] != old.get("nodeName"):
        yield "nodes", f"node '{new['nodeName']}'"
    for field, unsaid in _PLACED:
        if not same(old.get(field) or unsaid, new.get(field) or unsaid):
            yield "nodes", f"another {field}"
    if not same(*((at(pod, ("affinity", "nodeAffinity")) or None) for pod in (old, new))):
        yield "nodes", "another node affinity"
    if any(not any(same(t, known) for known in old.get("tolerations") or ()) for t in new.get("tolerations") or ()):
        yield "nodes", "another toleration"


def _resolved(old: Manifest, new: Manifest) -> Gained:
    """Yields names of hosts that pods find elsewhere than before."""
    for alias in new.get("hostAliases") or ():
        if not any(same(alias, known) for known in old.get("hostAliases") or ()):
            yield "network", f"an alias of {alias.get('ip')}"
    if new.get("dnsConfig") and not same(old.get("dnsConfig"), new["dnsConfig"]):
        yield "network", "another dnsConfig"
    if (old.get("dnsPolicy") or "ClusterFirst") != (new.get("dnsPolicy") or "ClusterFirst"):
        yield "network", "another dnsPolicy"


def _volumes(old: Any, new: Any, own_claims: frozenset[str]) -> Gained:
    paths = {at(volume, ("hostPath", "path")) for volume in old}
    claims: dict[str, bool] = {}
    for volume in old:
        claim = volume.get("persistentVolumeClaim") or {}
        claims[claim.get("claimName", "")] = claims.get(claim.get("claimName", ""), True) and bool(
            claim.get("readOnly")
        )
    for volume in new:
        if "hostPath" in volume and at(volume, ("hostPath", "path")) not in paths:
            yield "hostPath", f"'{at(volume, ('hostPath', 'path'))}'"
        claim = volume.get("persistentVolumeClaim")
        if claim and claim["claimName"] not in own_claims:
            if claim["claimName"] not in claims:
                yield "claims", f"claim '{claim['claimName']}'"
            elif claims[claim["claimName"]] and not claim.get("readOnly"):
                yield "claims", f"writing to claim '{claim['claimName']}'"
        for kind in sorted(volume.keys() - _PLAIN_VOLUMES - {"name", "hostPath"}):
            if not any(same(volume[kind], other.get(kind)) for other in old):
                yield "volumes", f"{kind} volume"
    made = ([at(volume, ("ephemeral", "volumeClaimTemplate")) for volume in volumes] for volumes in (old, new))
    yield from data_gained(*made)
    yield from _projected(
        *([s for v in volumes for s in at(v, ("projected", "sources")) or ()] for volumes in (old, new))
    )


def _projected(old: list[Manifest], new: list[Manifest]) -> Gained:
    tokens = {_audience(source) for source in old if source.get("serviceAccountToken") is not None}
    for source in new:
        if source.get("serviceAccountToken") is not None and _audience(source) not in tokens:
            yield "tokens", "a projected token"
        for kind in sorted(source.keys() - _PLAIN_SOURCES - {"serviceAccountToken"}):
            if not any(same(source[kind], other.get(kind)) for other in old):
                yield "volumes", f"projected {kind}"


def _audience(source: Manifest) -> str:
    """Returns for whom a projected token is: where it stands in the pod and how long it lasts gives nothing more."""
    return at(source, ("serviceAccountToken", "audience")) or ""


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
