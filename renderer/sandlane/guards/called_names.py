"""Names that the base calls and has not: where a sandbox brings a Service or a pod of that name, it answers for everybody.

A text of the base calls a Service by its name with its namespace (`legacy.shop`, and all that follows in DNS), anywhere; and by
its bare name as a host: after `//` or `@`, before a port, or as all that an address-like field, variable or line says. A pod
with a host name and a subdomain is found as `<hostname>.<subdomain>`, before the Service of that name in that namespace
(https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.guards.clashes import named_by_routes
from sandlane.guards.owners import file_of, owners_of
from sandlane.k8s.resource import Resource, ResourceId, at
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.output.layout import Placed
from sandlane.patch.references import named
from sandlane.plan.model import Plan
from sandlane.problems.problem import Path, Problem, dotted

_SERVICE = ("", "Service")
_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_HOST = re.compile(rf"(?<![\w.-]){_LABEL}(?:\.{_LABEL})*\.?(?![\w-])")
_WORD = re.compile(r"[a-z0-9][-a-z0-9]*")
_PORT = re.compile(r":\d{1,5}(?!\w)")
_ADDRESS = re.compile(
    r"host|addr|ur[il]\b|_ur[il]|endpoint|server|upstream|backend|target|svc|service|domain", re.IGNORECASE
)
_OF_ITSELF = re.compile(
    r"OTEL_SERVICE_NAME|(?:SERVICE|APP|APPLICATION)_?NAME|hostname|serviceAccountName|serviceAccount", re.IGNORECASE
)

Name = tuple[str, str]
"""Namespace, and a name in it: that of a Service, or `<hostname>.<subdomain>` of a pod."""


def called_names(plan: Plan, objects: Iterable[Placed]) -> Iterator[Problem]:
    """Yields the Services, and pods with names of their own, that would answer where the base calls nobody of its own."""
    added: dict[Name, Placed] = {}
    told = {*plan.base.by_id, *(id for id, _ in named_by_routes(plan))}
    objects = tuple(objects)
    services = {(p.id.namespace, p.id.name) for p in objects if not p.base and (p.id.group, p.id.kind) == _SERVICE}
    for placed in objects:
        for name in _names(placed, services) if not placed.base and placed.id not in told else ():
            added.setdefault(name, placed)
    found = {**_shadowed(plan.base, added), **_called(plan.base, plan.environment.cluster.domain, added)}
    owners = owners_of(plan)
    for name, who in sorted(found.items()):
        placed = added[name]
        file = file_of(placed)
        way = f"give it another name in '{file}'" if file else "names are <origin>-<tenantID>: choose another tenantID"
        values = {"object": str(placed.id), "name": name[1], "who": who, "way": way}
        yield (owners.get(placed.directory) or plan.environment).problem("SL246", "spec", **values)


def _names(placed: Placed, services: Collection[Name]) -> Iterator[Name]:
    """Yields the names for which an object answers; a pod does where a Service has its subdomain's name."""
    home = placed.id.namespace
    if (placed.id.group, placed.id.kind) == _SERVICE:
        yield home, placed.id.name
    row = WORKLOADS.get((placed.id.group, placed.id.kind))
    if row:
        spec = at(placed.manifest, (*row.template, "spec")) or {}
        is_brought = file_of(placed) is not None
        if spec.get("subdomain") and (is_brought or (home, spec["subdomain"]) in services):
            yield home, f"{spec.get('hostname') or placed.id.name}.{spec['subdomain']}"
        if is_brought and row.is_governed and at(placed.manifest, ("spec", "serviceName")):
            yield from ((home, f"{placed.id.name}-{n}.{placed.manifest['spec']['serviceName']}") for n in range(_SETS))


_SETS = 10
"""Pods of a StatefulSet whose names are looked for."""


def _shadowed(base: Base, added: Mapping[Name, Placed]) -> dict[Name, str]:
    """Returns the pods' names by which Services of other namespaces are called: `redis.cache` for `redis` in `cache`."""
    found = {}
    for home, name in added:
        first, _, rest = name.partition(".")
        id = ResourceId(*_SERVICE, rest, first)
        if rest and id in base.by_id:
            found[(home, name)] = f"'{id}' of the base is called by"
    return found


def _called(base: Base, domain: str, added: Mapping[Name, Placed]) -> dict[Name, str]:
    words = {name.partition(".")[0] for _, name in added}
    found: dict[Name, str] = {}
    for resource in base.resources if added else ():
        if resource.id.kind == "CustomResourceDefinition":
            continue
        home = resource.id.namespace
        for id in named(resource.manifest, _SERVICE, home):
            if (id.namespace, id.name) in added:
                found.setdefault((id.namespace, id.name), f"'{resource.id}' of the base names")
        for path, key, text in _texts(resource):
            if not words.isdisjoint(_WORD.findall(text)):
                for name in _in_text(text, key, home, domain, added):
                    found.setdefault(name, f"'{resource.id}' of the base calls in '{dotted(path)}'")
    return found


def _texts(resource: Resource) -> Iterator[tuple[Path, str, str]]:
    """Yields the texts of an object, but for its metadata: each with its path, and the name of what holds it."""
    todo: list[tuple[Path, str, Any]] = [((k,), k, v) for k, v in resource.manifest.items() if k not in _NOT_CALLS]
    while todo:
        path, key, value = todo.pop()
        if isinstance(value, str):
            yield path, key, value
        elif isinstance(value, Mapping):
            variable = str(value["name"]) if isinstance(value.get("name"), str) and "value" in value else ""
            todo += (((*path, k), variable if k == "value" and variable else str(k), v) for k, v in value.items())
        elif isinstance(value, list):
            todo += (((*path, number), key, item) for number, item in enumerate(value))


_NOT_CALLS = ("apiVersion", "kind", "metadata", "status")


def _in_text(text: str, key: str, home: str, domain: str, added: Collection[Name]) -> Iterator[Name]:
    for line in text.splitlines():
        for match in _HOST.finditer(line):
            host = match[0].removesuffix(".")
            for suffix in (f".svc.{domain}", ".svc"):
                host = host.removesuffix(suffix)
            name, _, namespace = host.partition(".")
            if (namespace, name) in added:
                yield namespace, name
            # A pod's name, and whatever is below the namespace's own domain: found from within the namespace.
            if "." in host and (home, host) in added:
                yield home, host
            inner, _, last = host.rpartition(".")
            if "." in inner and (last, inner) in added:
                yield last, inner
            if (home, host) in added and "." not in host and _is_host(line, match, key):
                yield home, host


def _is_host(line: str, match: re.Match[str], key: str) -> bool:
    """Tells whether a bare name in a line is a host."""
    before, after = line[: match.start()], line[match.end() :]
    if before.endswith(("//", "@")) or _PORT.match(after):
        return True
    left, right = before.rstrip(" \t'\""), after.strip(" \t'\",;")
    holder = left[:-1] if left.endswith(("=", ":")) else key if not left else ""
    return not right and bool(_ADDRESS.search(holder)) and not _OF_ITSELF.search(holder.strip(" \t'\"-"))
