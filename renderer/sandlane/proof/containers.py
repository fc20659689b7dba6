"""Proof's own reading of what a container may do, and what another, before it, might not.

A check compares a field, or what follows from several, of a container and its pod before and after: it yields a class, as in
the environment's `policy.privileges`, and a text for what was gained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, at
from sandlane.proof.differences import same

Gained = Iterator[tuple[str, str]]

_OF_PODS = frozenset({
    "appArmorProfile", "runAsGroup", "runAsNonRoot", "runAsUser", "seLinuxOptions", "seccompProfile", "sysctls", "windowsOptions",
})  # fmt: skip
"""Fields of a pod's security context that say something about its containers (PodSecurityContext of Kubernetes' API)."""


@frozen
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


_GIVEN = frozenset((
    "audit_write", "chown", "dac_override", "fowner", "fsetid", "kill", "mknod", "net_bind_service", "net_raw", "setfcap",
    "setgid", "setpcap", "setuid", "sys_chroot",
))  # fmt: skip
"""Capabilities that containers have unless they drop them."""


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


_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")


def _callees(old: Place, new: Place) -> Gained:
    known = set(_hosts(old.container))
    for host in _hosts(new.container):
        if host not in known:
            yield "network", f"the node calling '{host}'"


def _hosts(container: Manifest) -> Iterator[str]:
    """Yields hosts other than the pod itself that probes and hooks are sent to."""
    actions = [container.get(probe) for probe in _PROBES]
    actions += [at(container, ("lifecycle", hook)) for hook in _HOOKS]
    for action in actions:
        for kind in ("httpGet", "tcpSocket"):
            host = at(action, (kind, "host"))
            if host:
                yield str(host)


def _devices(old: Place, new: Place) -> Gained:
    wanted, had = ({*(at(p.container, ("resources", "limits")) or ()), *(at(p.container, ("resources", "requests")) or ())}
                   for p in (new, old))  # fmt: skip
    for name in sorted(wanted - had - {"cpu", "memory", "ephemeral-storage"}):
        if not name.startswith("hugepages-"):
            yield "volumes", f"'{name}' of the node"


CHECKS: tuple[Callable[[Place, Place], Gained], ...] = (
    _privileged,
    _capabilities,
    _user,
    _confinement,
    _sysctls,
    _mounts,
    _callees,
    _devices,
)
