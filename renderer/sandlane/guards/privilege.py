"""Privilege: what a pod may do beyond an ordinary one, as a set, so that a clone's can be compared with its origin's.

The classes are those of Kubernetes' Pod Security Standards (https://kubernetes.io/docs/concepts/security/pod-security-standards/)
and what lies next to them: identities, volumes of nodes and of others, and ways around the mesh.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sandlane.guards.containers import (
    CAPABILITY,
    PRIVILEGING,
    UNPRIVILEGING,
    Privilege,
    of_container,
    text_of,
)
from sandlane.guards.object_metadata import acted_on
from sandlane.guards.pod_metadata import differing
from sandlane.guards.pods_of_others import of_others
from sandlane.guards.secrets import more_secrets
from sandlane.k8s.resource import Manifest, at
from sandlane.k8s.workload_kinds import INJECTED, containers_of

_ORDINARY_VOLUMES = frozenset((
    "configMap", "downwardAPI", "emptyDir", "ephemeral", "hostPath", "name", "persistentVolumeClaim", "projected", "secret",
))  # fmt: skip
_PROJECTED = frozenset(["clusterTrustBundle", "configMap", "downwardAPI", "secret", "serviceAccountToken"])
_SAFE_SYSCTLS = frozenset((
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_syncookies",
))  # fmt: skip

Gain = tuple[str, str, str]
"""Class, what it is in words, and the container that gains it: empty for the pod as a whole."""


def gained(origin: Manifest, clone: Manifest, own_claims: frozenset[str] = frozenset()) -> list[Gain]:
    """Returns what a pod template lets its pods do that another does not let its own, sorted.

    A container that the origin has not is compared with what all of the origin's containers may do. `own_claims` are
    claims of volumes that the clone's sandbox brings itself.
    """
    before, after = _spec(origin), _spec(clone)
    of_pod = {*differing(origin, clone), *more_secrets(before, after), *of_others(before, after)}
    changed = _changed(before, after)
    if changed - _CONTAINERS:
        of_pod |= set(_of_pod(after, own_claims)) - set(_of_pod(before))
    found = set(of_whole_pods(of_pod))
    named = {container["name"]: container for container in containers_of(before)}
    had: dict[str, set[Privilege]] | None = None
    for container in containers_of(after):
        name = container["name"]
        if name in INJECTED and not _is_alike(named.get(name), container):
            what = "another container than its origin's" if name in named else "a container"
            found.add(("mesh", f"{what} in the place of the proxy, '{name}'", ""))
        if name in named and not (changed & PRIVILEGING | _changed(named[name], container) - UNPRIVILEGING):
            continue
        if had is None:
            had = {each["name"]: set(of_container(before, each)) for each in containers_of(before)}
        common = set.intersection(*had.values()) if had else set()
        own = set(of_container(after, container)) - had.get(name, common)
        found |= {(kind, what, name) for kind, what in own}
    return sorted(found)


def of_whole_pods(privileges: Iterable[Privilege]) -> list[Gain]:
    """Returns privileges that no single container has, sorted."""
    return sorted((kind, what, "") for kind, what in privileges)


def told(gains: Iterable[Gain], allowed: Collection[str]) -> Iterator[Gain]:
    """Yields classes, words and container of what is gained, but for classes that are allowed: once for each container."""
    by_container: dict[str, list[Privilege]] = {}
    for kind, what, container in gains:
        if kind in allowed:
            continue
        if container:
            by_container.setdefault(container, []).append((kind, what))
        else:
            yield kind, what, ""
    for container, found in by_container.items():
        names = [what.removeprefix(CAPABILITY) for _, what in found if what.startswith(CAPABILITY)]
        listed = [f"capabilit{'ies' if len(names) > 1 else 'y'} {', '.join(names)}"] if names else []
        listed += [what for _, what in found if not what.startswith(CAPABILITY)]
        kinds = "', '".join(dict.fromkeys(kind for kind, _ in found))
        yield kinds, f"{'; '.join(listed)} in container '{container}'", container


def _is_alike(before: Manifest | None, after: Manifest) -> bool:
    """Tells whether containers that a mesh puts into pods differ in what they may use up alone."""
    if before is None:
        return False
    return before is after or all(before.get(f) == after.get(f) for f in {*before, *after} - {"resources"})


_CONTAINERS = frozenset(["containers", "initContainers"])
"""Fields of a pod's spec that `_of_pod` does not look at."""


def _changed(before: Manifest, after: Manifest) -> set[str]:
    """Returns the fields that are not the very same objects: a clone shares with its origin what it leaves as it is."""
    return {field for field in {*before, *after} if before.get(field) is not after.get(field)}


def beyond_ordinary(template: Manifest, own_claims: frozenset[str]) -> list[Gain]:
    """Returns what a pod template lets its pods do that pods without any setting may not, sorted."""
    names = [container["name"] for container in containers_of(_spec(template))]
    plain = [{"name": name} for name in names if name not in INJECTED]
    return gained({"spec": {"containers": plain}}, template, own_claims)


def of_claim_templates(templates: Iterable[Manifest]) -> set[Privilege]:
    """Returns what claims that are made for pods bring along: the data, or the very volume, of others."""
    templates = tuple(templates)
    return {
        ("claims", f"{field} {text_of(at(claim, ('spec', field)))}")
        for claim in templates
        for field in ("dataSource", "dataSourceRef", "selector", "volumeName")
        if at(claim, ("spec", field))
    } | {found for claim in templates for found in (*acted_on({}, claim or {}), *_never_gone(claim or {}))}


def _never_gone(claim: Manifest) -> Iterator[Privilege]:
    for field in ("finalizers", "ownerReferences"):
        if at(claim, ("metadata", field)):
            yield "claims", f"{field} {text_of(at(claim, ('metadata', field)))}"


def _spec(template: Manifest) -> Manifest:
    return template.get("spec") or {}


def _of_pod(spec: Manifest, own_claims: frozenset[str] = frozenset()) -> Iterator[Privilege]:
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    yield "serviceAccount", f"service account '{account}'"
    if spec.get("automountServiceAccountToken") is not False:
        yield "tokens", "the service account's token"
    for field in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
        if spec.get(field):
            yield "hostNamespaces", field
    if spec.get("hostUsers") is not False:
        yield "hostNamespaces", "the host's users (hostUsers)"
    yield "priority", f"priority class '{spec.get('priorityClassName') or 'of the cluster'}'"
    if spec.get("preemptionPolicy") != "Never":
        yield "priority", "taking the place of pods of lower priority (preemptionPolicy)"
    yield "runtime", f"runtime class '{spec.get('runtimeClassName') or 'of the cluster'}'"
    yield from _of_nodes(spec)
    yield from _of_names(spec)
    for container in spec.get("ephemeralContainers") or ():
        yield "security", f"ephemeral container '{container.get('name')}'"
    yield from _of_groups(spec.get("securityContext") or {})
    for volume in spec.get("volumes") or ():
        yield from _of_volume(volume, own_claims)
    for claim in spec.get("resourceClaims") or ():
        yield "volumes", f"device claim {text_of(claim)}"


def _of_nodes(spec: Manifest) -> Iterator[Privilege]:
    """Yields which nodes a pod may run on: a node pool is a border between tenants, as a namespace is."""
    if spec.get("nodeName"):
        yield "nodes", f"node '{spec['nodeName']}'"
    selector, affinity = spec.get("nodeSelector"), at(spec, ("affinity", "nodeAffinity"))
    yield "nodes", f"nodes selected by {text_of(selector)}" if selector else "nodes that no nodeSelector narrows"
    yield "nodes", f"node affinity {text_of(affinity)}" if affinity else "nodes that no affinity narrows"
    yield "nodes", f"scheduler '{spec.get('schedulerName') or 'default-scheduler'}'"
    for toleration in spec.get("tolerations") or ():
        yield "nodes", f"toleration {text_of(toleration)}"


def _of_names(spec: Manifest) -> Iterator[Privilege]:
    """Yields whom a pod finds under a name: what it says of hosts and resolvers wins over the cluster's DNS."""
    for alias in spec.get("hostAliases") or ():
        yield "network", f"host alias {text_of(alias)}"
    if spec.get("dnsConfig"):
        yield "network", f"dnsConfig {text_of(spec['dnsConfig'])}"
    yield "network", f"DNS policy {spec.get('dnsPolicy') or 'ClusterFirst'}"


def _of_groups(context: Mapping[str, Any]) -> Iterator[Privilege]:
    for group in context.get("supplementalGroups") or ():
        yield "groups", f"group {group}"
    if context.get("supplementalGroupsPolicy") != "Strict":
        yield "groups", "groups of its image (supplementalGroupsPolicy)"
    if context.get("fsGroup") is not None:
        yield "groups", f"fsGroup {context['fsGroup']}"
    for sysctl in context.get("sysctls") or ():
        if sysctl.get("name") not in _SAFE_SYSCTLS:
            yield "sysctls", f"sysctl {sysctl.get('name')}={sysctl.get('value')}"


def _of_volume(volume: Mapping[str, Any], own_claims: frozenset[str]) -> Iterator[Privilege]:
    path = at(volume, ("hostPath", "path"))
    if path is not None:
        yield "hostPath", f"hostPath '{path}'"
    claim = at(volume, ("persistentVolumeClaim", "claimName"))
    if claim is not None and claim not in own_claims:
        yield "claims", f"claim '{claim}'"
        if not at(volume, ("persistentVolumeClaim", "readOnly")):
            yield "claims", f"writing to claim '{claim}'"
    yield from of_claim_templates([at(volume, ("ephemeral", "volumeClaimTemplate"))])
    for source in at(volume, ("projected", "sources")) or ():
        if source.get("serviceAccountToken") is not None:
            audience = source["serviceAccountToken"].get("audience") or "the API server"
            yield "tokens", f"a token for {audience}"
        for kind in source.keys() - _PROJECTED:
            yield "volumes", f"projected {kind} {text_of(source[kind])}"
    for kind in volume.keys() - _ORDINARY_VOLUMES:
        yield "volumes", f"{kind} volume {text_of(volume[kind])}"
