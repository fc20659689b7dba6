"""What a container may do beyond an ordinary one: its security context, its mounts, its devices, and whom its probes call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandlane.k8s.resource import Manifest, at

Privilege = tuple[str, str]
"""Class, as in the environment's `policy.privileges`, and what it is in words."""

CAPABILITY = "capability "
"""How the words of a capability begin."""

_DEFAULT_CAPABILITIES = frozenset((
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
))  # fmt: skip
"""What container runtimes give every container (containerd: oci/spec.go, defaultUnixCaps)."""

_INHERITED = (
    "appArmorProfile", "runAsGroup", "runAsNonRoot", "runAsUser", "seLinuxOptions", "seccompProfile", "windowsOptions",
)  # fmt: skip
"""Fields of a pod's security context that hold for containers; all others of a container's it has not, and they are dropped."""

_PROXY_USERS = (1337, 2102)
"""Of Istio (https://istio.io/latest/docs/ops/deployment/application-requirements/) and of Linkerd (its proxy.uid)."""

_ORDINARY_RESOURCES = ("cpu", "ephemeral-storage", "memory")
_CALLS = (
    *((probe, action) for probe in ("livenessProbe", "readinessProbe", "startupProbe") for action in ("httpGet", "tcpSocket")),
    *(("lifecycle", hook, action) for hook in ("postStart", "preStop") for action in ("httpGet", "tcpSocket")),
)  # fmt: skip
"""Where a container names a host that the kubelet calls for it, from the node (Pod Security Standards, Host Probes)."""


UNPRIVILEGING = frozenset(
    ["args", "command", "env", "envFrom", "image", "imagePullPolicy", "name", "ports", "workingDir"]
)
"""Fields of a container that `of_container` does not look at."""
PRIVILEGING = frozenset(["securityContext", "volumes"])
"""Fields of a pod's spec that `of_container` looks at."""


def of_container(spec: Manifest, container: Manifest) -> Iterator[Privilege]:
    """Yields what a container may do; fields of its security context win over those of the pod's, nulls do not."""
    own, pod = container.get("securityContext") or {}, spec.get("securityContext") or {}
    context = {field: pod[field] for field in _INHERITED if field in pod}
    context |= {field: value for field, value in own.items() if value is not None}
    capabilities = context.get("capabilities") or {}
    if context.get("privileged"):
        yield "privileged", "privileged"
    if context.get("privileged") or context.get("allowPrivilegeEscalation") is not False:
        yield "privileged", "privilege escalation"
    yield from (("capabilities", f"{CAPABILITY}{name}") for name in _capabilities(capabilities))
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
            yield "security", f"{field} {text_of(context[field])}"
    yield from _of_mounts(spec, container)
    yield from _of_calls(container)
    yield from _of_devices(container)


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


def _of_calls(container: Manifest) -> Iterator[Privilege]:
    """Yields the hosts that the kubelet would call, which no policy for pods keeps it from."""
    for path in _CALLS:
        host = at(container, (*path, "host"))
        if host:
            yield "network", f"the kubelet calling host '{host}'"


def _of_devices(container: Manifest) -> Iterator[Privilege]:
    for kind in ("limits", "requests"):
        for name in at(container, ("resources", kind)) or ():
            if name not in _ORDINARY_RESOURCES and not str(name).startswith("hugepages-"):
                yield "volumes", f"resource '{name}' of the node"


def text_of(value: Any) -> str:
    """Returns a value of a manifest on one line."""
    return json.dumps(value, sort_keys=True)
