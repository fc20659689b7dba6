"""Privilege: what a pod may do beyond an ordinary one, as a set, so that a clone's can be compared with its origin's.

The classes are those of Kubernetes' Pod Security Standards (https://kubernetes.io/docs/concepts/security/pod-security-standards/)
and what lies next to them: identities, volumes of nodes and of others, and ways around the mesh.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandlane.k8s.resource import Manifest, at
from sandlane.k8s.workload_kinds import SIDECARS

Privilege = tuple[str, str]
"""Class, as in the environment's `policy.privileges`, and what it is in words."""

_DEFAULT_CAPABILITIES = frozenset((
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
))  # fmt: skip
"""What container runtimes give every container (containerd: oci/spec.go, defaultUnixCaps)."""

_ORDINARY_VOLUMES = frozenset(
    [
        "configMap",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "hostPath",
        "name",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)
_PROJECTED = frozenset(["clusterTrustBundle", "configMap", "downwardAPI", "secret", "serviceAccountToken"])
_SAFE_SYSCTLS = frozenset((
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_syncookies",
))  # fmt: skip
_ANNOTATIONS: Mapping[str, str] = {
    "istio.io/": "mesh",
    "linkerd.io/": "mesh",
    "apparmor.security.beta.kubernetes.io/": "security",
    "cdi.k8s.io/": "volumes",
    "iam.amazonaws.com/": "serviceAccount",
    "io.katacontainers.": "security",
    "io.kubernetes.cri-o.": "security",
    "k8s.v1.cni.cncf.io/": "mesh",
    "seccomp.security.alpha.kubernetes.io/": "security",
}
"""Part of the key of a pod's annotation -> class, where it sets up a proxy or a profile, or gives a device, a role or a network."""

_INHERITED = (
    "appArmorProfile", "runAsGroup", "runAsNonRoot", "runAsUser", "seLinuxOptions", "seccompProfile", "windowsOptions",
)  # fmt: skip
"""Fields of a pod's security context that hold for containers; all others of a container's it has not, and they are dropped."""

_PROXY_USERS = (1337, 2102)
"""Of Istio (https://istio.io/latest/docs/ops/deployment/application-requirements/) and of Linkerd (its proxy.uid)."""

_HARMLESS = (
    "config.linkerd.io/proxy-cpu-",
    "config.linkerd.io/proxy-log-",
    "config.linkerd.io/proxy-memory-",
    "sidecar.istio.io/componentLogLevel",
    "sidecar.istio.io/logLevel",
    "sidecar.istio.io/proxyCPU",
    "sidecar.istio.io/proxyMemory",
    "sidecar.istio.io/statsInclusion",
)


def gained(origin: Manifest, clone: Manifest, own_claims: frozenset[str] = frozenset()) -> list[Privilege]:
    """Returns what a pod template lets its pods do that another does not let its own, sorted.

    A container that the origin has not is compared with what all of the origin's containers may do. `own_claims` are
    claims of volumes that the clone's sandbox brings itself.
    """
    before, after = _spec(origin), _spec(clone)
    found = set(_of_pod(after, own_claims)) - set(_of_pod(before))
    found |= {(kind, f"annotation '{key}' other than its origin's") for kind, key in _differing(origin, clone)}
    had = {container["name"]: set(_of_container(before, container)) for container in _containers(before)}
    common = set.intersection(*had.values()) if had else set()
    for container in _containers(after):
        name = container["name"]
        own = set(_of_container(after, container)) - had.get(name, common)
        found |= {(kind, f"{what} in container '{name}'") for kind, what in own}
        if name in SIDECARS and name not in had:
            found.add(("mesh", f"a container in the place of the proxy, '{name}'"))
    return sorted(found)


def _differing(origin: Manifest, clone: Manifest) -> set[tuple[str, str]]:
    """Returns the annotations of the table that differ, with their classes; one that is gone can be a way around as well."""
    before, after = (at(template, ("metadata", "annotations")) or {} for template in (origin, clone))
    keys = {key for key in (*before, *after) if before.get(key) != after.get(key) and not key.startswith(_HARMLESS)}
    return {(kind, key) for key in keys for part, kind in _ANNOTATIONS.items() if part in key}


def beyond_ordinary(template: Manifest, own_claims: frozenset[str] = frozenset()) -> list[Privilege]:
    """Returns what a pod template lets its pods do that pods without any setting may not, sorted."""
    plain = [{"name": container["name"]} for container in _containers(_spec(template))]
    return gained({"spec": {"containers": plain}}, template, own_claims)


def of_claim_templates(templates: Iterable[Manifest]) -> set[Privilege]:
    """Returns what claims that are made for pods bring along: the data, or the very volume, of others."""
    return {
        ("claims", f"{field} {_text(at(claim, ('spec', field)))}")
        for claim in templates
        for field in ("dataSource", "dataSourceRef", "selector", "volumeName")
        if at(claim, ("spec", field))
    }


def _spec(template: Manifest) -> Manifest:
    return template.get("spec") or {}


def _containers(spec: Manifest) -> list[Manifest]:
    return [c for field in ("containers", "initContainers", "ephemeralContainers") for c in spec.get(field) or ()]


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
    if str(spec.get("priorityClassName") or "").startswith("system-"):
        yield "priority", f"priority class '{spec['priorityClassName']}'"
    yield "runtime", f"runtime class '{spec.get('runtimeClassName') or 'of the cluster'}'"
    yield from _of_groups(spec.get("securityContext") or {})
    for volume in spec.get("volumes") or ():
        yield from _of_volume(volume, own_claims)
    for claim in spec.get("resourceClaims") or ():
        yield "volumes", f"device claim {_text(claim)}"


def _of_groups(context: Mapping[str, Any]) -> Iterator[Privilege]:
    for group in context.get("supplementalGroups") or ():
        yield "groups", f"group {group}"
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
            yield "volumes", f"projected {kind} {_text(source[kind])}"
    for kind in volume.keys() - _ORDINARY_VOLUMES:
        yield "volumes", f"{kind} volume {_text(volume[kind])}"


def _of_container(spec: Manifest, container: Manifest) -> Iterator[Privilege]:
    """Yields what a container may do; fields of its security context win over those of the pod's, nulls do not."""
    own, pod = container.get("securityContext") or {}, spec.get("securityContext") or {}
    context = {field: pod[field] for field in _INHERITED if field in pod}
    context |= {field: value for field, value in own.items() if value is not None}
    capabilities = context.get("capabilities") or {}
    if context.get("privileged"):
        yield "privileged", "privileged"
    if context.get("privileged") or context.get("allowPrivilegeEscalation") is not False:
        yield "privileged", "privilege escalation"
    yield from (("capabilities", f"capability {name}") for name in _capabilities(capabilities))
    yield from _of_users(context)
    if not context.get("readOnlyRootFilesystem"):
        yield "security", "writing to its root file system"
    if context.get("procMount") == "Unmasked":
        yield "security", "an unmasked /proc"
    seccomp = context.get("seccompProfile") or {"type": "Unconfined"}
    if seccomp.get("type") != "RuntimeDefault":
        yield "security", f"seccomp profile {seccomp.get('localhostProfile') or seccomp.get('type')}"
    armor = context.get("appArmorProfile") or {}
    if armor.get("type", "RuntimeDefault") != "RuntimeDefault":
        yield "security", f"AppArmor profile {armor.get('localhostProfile') or armor.get('type')}"
    for field in ("seLinuxOptions", "windowsOptions"):
        if context.get(field):
            yield "security", f"{field} {_text(context[field])}"
    yield from _of_mounts(spec, container)


def _of_users(context: Mapping[str, Any]) -> Iterator[Privilege]:
    """Yields as whom a container runs; the proxies' own users are those whose traffic is not redirected to them."""
    user = context.get("runAsUser")
    if user == 0:
        yield "root", "running as user 0"
    if user == 0 or (user is None and not context.get("runAsNonRoot")):
        yield "root", "running as the user of its image"
    if context.get("runAsGroup") == 0:
        yield "groups", "group 0"
    for field in ("runAsUser", "runAsGroup"):
        if context.get(field) in _PROXY_USERS:
            yield "mesh", f"{field} {context[field]}, the proxy's own"


def _capabilities(capabilities: Mapping[str, Any]) -> Iterable[str]:
    """Returns the capabilities of a container: what runtimes give, less what it drops, and what it adds."""
    drop = {str(name).upper().removeprefix("CAP_") for name in capabilities.get("drop") or ()}
    add = {str(name).upper().removeprefix("CAP_") for name in capabilities.get("add") or ()}
    return (set() if "ALL" in drop else _DEFAULT_CAPABILITIES - drop) | add


def _of_mounts(spec: Manifest, container: Manifest) -> Iterator[Privilege]:
    """Yields what of the node, and which devices, a container sees, and where it may write."""
    paths = {v.get("name"): at(v, ("hostPath", "path")) for v in spec.get("volumes") or ()}
    for mount in container.get("volumeMounts") or ():
        path = paths.get(mount.get("name"))
        if path is not None:
            below = mount.get("subPath") or mount.get("subPathExpr") or ""
            yield "hostPath", f"mounting hostPath '{path}' {below}".rstrip()
            if not mount.get("readOnly"):
                yield "hostPath", f"writing to hostPath '{path}'"
        if mount.get("mountPropagation") not in (None, "None"):
            yield "hostPath", f"mount propagation {mount['mountPropagation']}"
    for device in container.get("volumeDevices") or ():
        yield "claims", f"device '{device.get('name')}'"


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
