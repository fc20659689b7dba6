"""Proof's own reading of what pods may do (Pod Security Standards, https://kubernetes.io/docs/concepts/security/pod-security-standards/).

A check compares a field, or what follows from several, of a container and its pod before and after: it yields a class, as in
the environment's `policy.privileges`, and a text for what was gained. It shares nothing with the renderer's guard on purpose.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandlane.k8s.resource import Manifest, at
from sandlane.k8s.workload_kinds import SIDECARS
from sandlane.proof.alignment import same

Gained = Iterator[tuple[str, str]]


_OF_PODS = frozenset(
    [
        "appArmorProfile",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "seLinuxOptions",
        "seccompProfile",
        "sysctls",
        "windowsOptions",
    ]
)
"""Fields of a pod's security context that say something about its containers (PodSecurityContext of Kubernetes' API)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A container in its pod; security settings of the pod hold where the container has none of its own."""

    pod: Manifest
    container: Manifest

    def setting(self, *path: str) -> Any:
        """Returns a security setting as it takes effect; None where there is none."""
        # What stands at the pod and is none of its fields is dropped by the API server, and takes no effect.
        holders = (self.container, self.pod) if path[0] in _OF_PODS else (self.container,)
        for holder in holders:
            context = holder.get("securityContext")
            if isinstance(context, Mapping) and context.get(path[0]) is not None:
                return at(context, path)
        return None


_LISTS = ("containers", "initContainers", "ephemeralContainers")
_GIVEN = frozenset((
    "audit_write", "chown", "dac_override", "fowner", "fsetid", "kill", "mknod", "net_bind_service", "net_raw", "setfcap",
    "setgid", "setpcap", "setuid", "sys_chroot",
))  # fmt: skip
"""Capabilities that containers have unless they drop them."""

_PLAIN_VOLUMES = {"configMap", "secret", "emptyDir", "downwardAPI", "projected", "ephemeral", "persistentVolumeClaim"}
_PLAIN_SOURCES = {"configMap", "secret", "downwardAPI", "clusterTrustBundle"}
_SETTINGS = {
    "mesh": ("istio.io/", "linkerd.io/", "cni.cncf.io/"),
    "security": ("apparmor.security", "seccomp.security", "cri-o.", "katacontainers."),
    "serviceAccount": ("iam.amazonaws.com",),
    "volumes": ("cdi.k8s.io",),
}
_PROXY_SIZES = ("proxy-cpu", "proxy-memory", "proxy-log", "proxyCPU", "proxyMemory", "ogLevel", "statsInclusion")


def more(before: Manifest, after: Manifest, own_claims: frozenset[str]) -> Gained:
    """Yields what the pods of one template may do and those of another may not; claims of the sandbox's own are nobody's."""
    old, new = before.get("spec") or {}, after.get("spec") or {}
    yield from _pods(old, new, own_claims)
    yield from around(before, after)
    known = {c["name"]: Place(old, c) for field in _LISTS for c in old.get(field) or ()}
    for field in _LISTS:
        for container in new.get(field) or ():
            name = container["name"]
            # What the origin has no container for may do what every one of its containers may, and no more.
            models = [known[name]] if name in known else list(known.values())
            for check in _CHECKS:
                found = [set(check(model, Place(new, container))) for model in models]
                yield from ((kind, f"{what} ('{name}')") for kind, what in sorted(set().union(*found)))
            if name in SIDECARS and name not in known:
                yield "mesh", f"a proxy of its own ('{name}')"


def ordinary(template: Manifest, own_claims: frozenset[str]) -> Gained:
    """Yields what pods of a template may do and pods without any settings may not."""
    names = [{"name": c["name"]} for field in _LISTS for c in at(template, ("spec", field)) or ()]
    return more({"spec": {"containers": names}}, template, own_claims)


def data_of_others(claims: Any) -> Gained:
    """Yields what claims made for pods take from elsewhere."""
    for claim in claims or ():
        for field in ("volumeName", "selector", "dataSource", "dataSourceRef"):
            if at(claim, ("spec", field)):
                yield "claims", f"{field} of a claim: {json.dumps(at(claim, ('spec', field)), sort_keys=True)}"


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
    priority = new.get("priorityClassName") or ""
    if priority.startswith("system-") and priority != old.get("priorityClassName"):
        yield "priority", priority
    before, after = old.get("securityContext") or {}, new.get("securityContext") or {}
    if set(after.get("supplementalGroups") or ()) - set(before.get("supplementalGroups") or ()):
        yield "groups", "more groups"
    if after.get("fsGroup") is not None and after.get("fsGroup") != before.get("fsGroup"):
        yield "groups", "another fsGroup"
    for field, kind in (("resourceClaims", "volumes"),):
        if any(item not in (old.get(field) or ()) for item in new.get(field) or ()):
            yield kind, field
    yield from _volumes(old.get("volumes") or (), new.get("volumes") or (), own_claims)


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
        yield from data_of_others([at(volume, ("ephemeral", "volumeClaimTemplate"))])
        for kind in sorted(volume.keys() - _PLAIN_VOLUMES - {"name", "hostPath"}):
            if not any(same(volume[kind], other.get(kind)) for other in old):
                yield "volumes", f"{kind} volume"
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


def around(before: Manifest, after: Manifest) -> Gained:
    """Yields annotations by which a proxy or a profile would be left out, replaced or set up otherwise."""
    old, new = (at(template, ("metadata", "annotations")) or {} for template in (before, after))
    for key in sorted({*old, *new}):
        if old.get(key) == new.get(key) or any(part in key for part in _PROXY_SIZES):
            continue
        for kind, parts in _SETTINGS.items():
            if any(part in key for part in parts):
                yield kind, f"annotation '{key}'"


def _privileged(old: Place, new: Place) -> Gained:
    if new.setting("privileged") and not old.setting("privileged"):
        yield "privileged", "privileged"
    before, after = (p.setting("allowPrivilegeEscalation") is not False or p.setting("privileged") for p in (old, new))
    if after and not before:
        yield "privileged", "escalation"


def _capabilities(old: Place, new: Place) -> Gained:
    sets = []
    for place in (old, new):
        words = place.setting("capabilities") or {}
        less, plus = ({str(w).lower().removeprefix("cap_") for w in words.get(key) or ()} for key in ("drop", "add"))
        sets.append(plus | (set() if "all" in less else _GIVEN - less))
    if sets[1] - sets[0] and "all" not in sets[0]:
        yield "capabilities", ", ".join(sorted(sets[1] - sets[0]))


def _user(old: Place, new: Place) -> Gained:
    def rank(place: Place) -> int:
        user = place.setting("runAsUser")
        return 2 if user == 0 else 1 if user is None and not place.setting("runAsNonRoot") else 0

    if rank(new) > rank(old):
        yield "root", "running as root"
    if new.setting("runAsGroup") == 0 and old.setting("runAsGroup") != 0:
        yield "groups", "group 0"
    for field in ("runAsUser", "runAsGroup"):
        if new.setting(field) in (1337, 2102) and new.setting(field) != old.setting(field):
            yield "mesh", f"{field} of the proxy"


def _confinement(old: Place, new: Place) -> Gained:
    if old.setting("readOnlyRootFilesystem") and not new.setting("readOnlyRootFilesystem"):
        yield "security", "a root file system that can be written to"
    if new.setting("procMount") == "Unmasked" and old.setting("procMount") != "Unmasked":
        yield "security", "unmasked /proc"
    # Nothing said is no seccomp at all, and the runtime's own AppArmor profile.
    for field, unsaid in (("seccompProfile", "Unconfined"), ("appArmorProfile", "RuntimeDefault")):
        before, after = (place.setting(field) or {"type": unsaid} for place in (old, new))
        if after.get("type") != "RuntimeDefault" and not same(before, after):
            yield "security", field
    for field in ("seLinuxOptions", "windowsOptions"):
        if new.setting(field) and not same(old.setting(field), new.setting(field)):
            yield "security", field


def _sysctls(old: Place, new: Place) -> Gained:
    known = [(s.get("name"), s.get("value")) for s in old.setting("sysctls") or ()]
    for sysctl in new.setting("sysctls") or ():
        name = str(sysctl.get("name"))
        is_safe = name in _SAFE or name.startswith("net.ipv4.tcp_keepalive_")
        if not is_safe and (sysctl.get("name"), sysctl.get("value")) not in known:
            yield "sysctls", name


_SAFE = (
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_syncookies",
)  # fmt: skip


def _mounts(old: Place, new: Place) -> Gained:
    mounted = dict(_host_mounts(old))
    for (path, below), is_writable in _host_mounts(new):
        if (path, below) not in mounted or (is_writable and not any(w for (p, _), w in mounted.items() if p == path)):
            yield "hostPath", f"'{path}' {below}".rstrip()
    modes = [m.get("mountPropagation") for m in old.container.get("volumeMounts") or ()]
    for mount in new.container.get("volumeMounts") or ():
        if mount.get("mountPropagation") not in (None, "None", *modes):
            yield "hostPath", "mount propagation"
    devices = [d.get("name") for d in old.container.get("volumeDevices") or ()]
    if any(d.get("name") not in devices for d in new.container.get("volumeDevices") or ()):
        yield "claims", "a device"


def _host_mounts(place: Place) -> Iterator[tuple[tuple[str, str], bool]]:
    paths = {v.get("name"): at(v, ("hostPath", "path")) for v in place.pod.get("volumes") or ()}
    for mount in place.container.get("volumeMounts") or ():
        path = paths.get(mount.get("name"))
        if path is not None:
            yield (path, str(mount.get("subPath") or mount.get("subPathExpr") or "")), not mount.get("readOnly")


_CHECKS: tuple[Callable[[Place, Place], Gained], ...] = (
    _privileged,
    _capabilities,
    _user,
    _confinement,
    _sysctls,
    _mounts,
)
