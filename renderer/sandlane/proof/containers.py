"""Proof's own reading of what a container may do: facts, of which those that another container has as well are nothing new.

A fact has a class, as in the environment's `policy.privileges`, and a text. Rows of a table name the values of a field that are facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, at
from sandlane.proof.differences import canonical, same

Gained = Iterator[tuple[str, str]]
Fact = tuple[str, str, object]
"""A class, a text, and what the fact is about, by which two are the same."""
Row = tuple[str, tuple[str, ...], Callable[[Any], Any], str]
"""A class, a field, what of its value is a fact (None: nothing; a list: each item), and the text, with `{}` for the value."""


def gained(models: Sequence[Iterable[Fact]], facts: Iterable[Fact]) -> Gained:
    """Yields what is a fact and is none of every model."""
    known = [{about for *_, about in model} for model in models]
    yield from dict.fromkeys((kind, text) for kind, text, about in facts if any(about not in each for each in known))


def facts_of(rows: Iterable[Row], value_at: Callable[[tuple[str, ...]], Any]) -> Iterator[Fact]:
    """Yields the facts that a table tells of something."""
    for kind, path, telling, text in rows:
        told = telling(value_at(path))
        for value in told if isinstance(told, list) else (told,):
            if value is not None:
                yield kind, text.format(value), (kind, text, canonical(value))


def if_set(value: Any) -> Any:
    """Tells a value that says anything."""
    return value or None


def instead_of(unsaid: str) -> Callable[[Any], Any]:
    """Returns what tells any value; where none is said, it is the one that is meant."""
    return lambda value: value or unsaid


def unless(harmless: Any) -> Callable[[Any], Any]:
    """Returns what tells every value but one, and all as the same."""
    return lambda value: None if same(value, harmless) else True


def only(*values: Any) -> Callable[[Any], Any]:
    """Returns what tells some values."""
    return lambda value: value if value in values else None


def each(field: str) -> Callable[[Any], Any]:
    """Returns what tells a field of every item."""
    return lambda items: [item.get(field) for item in items or ()]


def _profile(unsaid: str) -> Callable[[Any], Any]:
    """Returns what tells a profile that is not the runtime's own."""

    def told(value: Any) -> Any:
        profile = value or {"type": unsaid}
        return None if profile.get("type") == "RuntimeDefault" else profile

    return told


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


_SAFE = (
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_syncookies",
)  # fmt: skip

_SETTINGS: tuple[Row, ...] = (
    ("privileged", ("privileged",), if_set, "privileged"),
    ("groups", ("runAsGroup",), only(0), "group 0"),
    *(("mesh", (field,), only(1337, 2102), f"{field} of the proxy") for field in ("runAsUser", "runAsGroup")),
    ("security", ("readOnlyRootFilesystem",), lambda value: not value or None, "a root file system that can be written to"),
    ("security", ("procMount",), only("Unmasked"), "unmasked /proc"),
    # Nothing said is no seccomp at all, and the runtime's own AppArmor profile.
    ("security", ("seccompProfile",), _profile("Unconfined"), "seccompProfile"),
    ("security", ("appArmorProfile",), _profile("RuntimeDefault"), "appArmorProfile"),
    *(("security", (field,), if_set, field) for field in ("seLinuxOptions", "windowsOptions")),
)  # fmt: skip
_PROBES, _HOOKS = ("livenessProbe", "readinessProbe", "startupProbe"), ("postStart", "preStop")
_FIELDS: tuple[Row, ...] = (
    ("hostPath", ("volumeMounts",), lambda items: [m for m in each("mountPropagation")(items) if m != "None"], "mount propagation"),
    ("claims", ("volumeDevices",), each("name"), "a device"),
    *(
        ("network", (*action, kind, "host"), if_set, "the node calling '{}'")
        for action in (*((probe,) for probe in _PROBES), *(("lifecycle", hook) for hook in _HOOKS))
        for kind in ("httpGet", "tcpSocket")
    ),
    *(("volumes", ("resources", field), lambda given: _of_node(given or ()), "'{}' of the node") for field in ("limits", "requests")),
)  # fmt: skip


def _of_node(resources: Iterable[str]) -> list[str]:
    ordinary = ("cpu", "memory", "ephemeral-storage")
    return [name for name in resources if name not in ordinary and not name.startswith("hugepages-")]


def of_container(place: Place) -> Iterator[Fact]:
    """Yields what a container may do, capabilities aside."""
    yield from facts_of(_SETTINGS, lambda path: place.setting(*path))
    yield from facts_of(_FIELDS, partial(at, place.container))
    if place.setting("allowPrivilegeEscalation") is not False or place.setting("privileged"):
        yield "privileged", "escalation", "escalation"
    user = place.setting("runAsUser")
    if user == 0:
        yield "root", "running as root", "root by number"
    if user == 0 or (user is None and not place.setting("runAsNonRoot")):
        yield "root", "running as root", "root by image"
    for sysctl in place.setting("sysctls") or ():
        name = str(sysctl.get("name"))
        if name not in _SAFE and not name.startswith("net.ipv4.tcp_keepalive_"):
            yield "sysctls", name, ("sysctl", name, sysctl.get("value"))
    paths = {v.get("name"): at(v, ("hostPath", "path")) for v in place.pod.get("volumes") or ()}
    for mount in place.container.get("volumeMounts") or ():
        path, below = paths.get(mount.get("name")), str(mount.get("subPath") or mount.get("subPathExpr") or "")
        if path is not None:
            yield "hostPath", f"'{path}' {below}".rstrip(), ("mount", path, below)
        if path is not None and not mount.get("readOnly"):
            yield "hostPath", f"'{path}' {below}".rstrip(), ("writable", path)


def capabilities_gained(models: Iterable[Place], place: Place) -> Gained:
    """Yields the capabilities of a container that some model has not."""
    has = _capabilities(place)
    lacking = set[str]().union(*(has - had for had in map(_capabilities, models) if "all" not in had))
    if lacking:
        yield "capabilities", ", ".join(sorted(lacking))


def _capabilities(place: Place) -> set[str]:
    words = place.setting("capabilities") or {}
    less, plus = ({str(w).lower().removeprefix("cap_") for w in words.get(key) or ()} for key in ("drop", "add"))
    return plus | (set() if "all" in less else _GIVEN - less)
