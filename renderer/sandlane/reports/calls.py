"""Who calls whom: names of Services in the variables, arguments and ConfigMaps of the base's workloads, and what the environment says.

A text names a Service where it holds its name with its namespace (`cart.shop`, and all that follows in DNS), or its bare name as a
host: after `//` or `@`, before a port, or as the whole value of something that is named like an address. A workload does not call
itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.base.pod_templates import with_template
from sandlane.frozen import frozen
from sandlane.k8s.proxies import own_proxy
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.plan.relabel import make_selectors
from sandlane.problems.problem import Path, Source
from sandlane.specs.model import Environment

_CONTAINERS = ("containers", "initContainers")
_NAME = re.compile(r"(?<![\w.-])[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\.?(?![\w-])")
_PORT = re.compile(r":\d{1,5}(?!\w)")
_ADDRESS = re.compile(
    r"host|addr|ur[il]\b|_ur[il]|endpoint|server|upstream|backend|target|svc|service|domain", re.IGNORECASE
)
_OF_ITSELF = re.compile(r"^OTEL_SERVICE_NAME$|^(?:SERVICE|APP|APPLICATION)_?NAME$", re.IGNORECASE)


@frozen(kw_only=True)
class Call:
    """A workload that calls a Service, what shows it, and where that stands."""

    caller: ResourceId
    service: ResourceId
    by: str
    source: Source
    path: Path


@frozen(kw_only=True)
class CallGraph:
    """The calls of a base, one for each workload and Service, sorted; `behind` are the workloads behind each Service."""

    calls: tuple[Call, ...]
    behind: Mapping[ResourceId, tuple[ResourceId, ...]]

    def callers(self, services: frozenset[ResourceId]) -> tuple[Call, ...]:
        """Returns the calls by which requests come to Services, directly and from further away."""
        wanted, found = set(services), dict[tuple[ResourceId, ResourceId], Call]()
        while True:
            new = [c for c in self.calls if c.service in wanted and (c.caller, c.service) not in found]
            if not new:
                return tuple(sorted(found.values(), key=lambda call: (call.caller, call.service)))
            found |= {(call.caller, call.service): call for call in new}
            callers = {call.caller for call in new}
            wanted |= {service for service, behind in self.behind.items() if callers & set(behind)}


@frozen
class _Text:
    """A text of a manifest, the name of what holds it, and its place."""

    value: str
    name: str
    by: str
    source: Source
    path: Path


def call_graph(base: Base, environment: Environment) -> CallGraph:
    """Returns who calls whom in a base, by its manifests and by `calls` of the environment."""
    domain = environment.cluster.domain
    selectors = make_selectors(base, environment.cluster.root_namespace).services
    workloads = [workload for key in WORKLOADS for workload in base.of(*key)]
    behind: dict[ResourceId, list[ResourceId]] = {}
    found: dict[tuple[ResourceId, ResourceId], Call] = {}
    for workload in workloads:
        row = WORKLOADS[(workload.id.group, workload.id.kind)]
        labels = pod_labels(row, with_template(base, workload).manifest)
        for service in selectors.matching(workload.id.namespace, labels):
            behind.setdefault(service.id, []).append(workload.id)
    for number, declared in enumerate(environment.calls):
        for place, id in enumerate(declared.services):
            path = ("spec", "calls", number, "to", place)
            found[(declared.caller, id)] = Call(
                caller=declared.caller,
                service=id,
                by="'calls' of the environment",
                source=environment.source,
                path=path,
            )
    for workload in workloads:
        for text in _texts(base, workload):
            for id in _services(base, workload.id.namespace, domain, text):
                if workload.id not in behind.get(id, ()):
                    call = Call(caller=workload.id, service=id, by=text.by, source=text.source, path=text.path)
                    found.setdefault((workload.id, id), call)
    calls = tuple(found[key] for key in sorted(found))
    return CallGraph(calls=calls, behind={id: tuple(sorted(ids)) for id, ids in sorted(behind.items())})


def _texts(base: Base, workload: Resource) -> Iterator[_Text]:
    row = WORKLOADS[(workload.id.group, workload.id.kind)]
    where = (*row.template, "spec")
    pod = at(workload.manifest, where)
    if not isinstance(pod, Mapping) or own_proxy(pod) == "router":
        return  # a gateway passes all headers on; what its proxy reads are settings of the mesh
    for field in _CONTAINERS:
        for number, container in enumerate(pod.get(field) or ()):
            place = (*where, field, number)
            for index, variable in enumerate(container.get("env") or ()):
                name, value = str(variable.get("name")), variable.get("value")
                if isinstance(value, str):
                    yield _Text(value, name, f"variable {name}", workload.source, (*place, "env", index, "value"))
            for part in ("command", "args"):
                for index, value in enumerate(container.get(part) or ()):
                    name = str(value).partition("=")[0] if "=" in str(value) else ""
                    yield _Text(str(value), name, part, workload.source, (*place, part, index))
    for name in sorted(set(_config_maps(pod))):
        config = base.by_id.get(ResourceId("", "ConfigMap", workload.id.namespace, name))
        data = (config.manifest.get("data") or {}) if config else {}
        for key, value in data.items():
            assert config is not None
            yield _Text(str(value), key, f"ConfigMap {name}, key {key}", config.source, ("data", key))


def _config_maps(pod: Manifest) -> Iterator[str]:
    """Yields the names of the ConfigMaps that a pod reads."""
    for field in _CONTAINERS:
        for container in pod.get(field) or ():
            references = [at(v, ("valueFrom", "configMapKeyRef", "name")) for v in container.get("env") or ()]
            references += [at(source, ("configMapRef", "name")) for source in container.get("envFrom") or ()]
            yield from (name for name in references if isinstance(name, str))
    for volume in pod.get("volumes") or ():
        sources: list[Any] = [volume, *(at(volume, ("projected", "sources")) or ())]
        yield from (name for source in sources if isinstance(name := at(source, ("configMap", "name")), str))


def _services(base: Base, namespace: str, domain: str, text: _Text) -> Iterator[ResourceId]:
    """Yields the Services that a text names."""
    for found in _NAME.finditer(text.value):
        name, _, rest = found[0].removesuffix(".").partition(".")
        home, _, suffix = rest.partition(".")
        id = ResourceId("", "Service", home or namespace, name)
        if id not in base.by_id or suffix not in ("", "svc", f"svc.{domain}"):
            continue
        if home or _is_host(text, found):
            yield id


def _is_host(text: _Text, found: re.Match[str]) -> bool:
    """Tells whether a bare name in a text is a host."""
    before, after = text.value[: found.start()], text.value[found.end() :]
    if before.endswith(("//", "@")) or _PORT.match(after):
        return True
    is_all = not after.strip() and (not before.strip() or before.endswith("="))
    return is_all and bool(_ADDRESS.search(text.name)) and not _OF_ITSELF.search(text.name)
