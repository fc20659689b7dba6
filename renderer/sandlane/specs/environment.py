"""The environment's `routes`, `preview`, `calls` and `output`: from checked data to records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import ResourceId
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.patch.errors import PatchError
from sandlane.patch.patches import parse_patch
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, Source, did_you_mean
from sandlane.specs.model import DeclaredCall, Environment, FluxUnits, ObjectName, Output, Preview, RoutePatch, Routes


def routes_of(spec: Mapping[str, Any], source: Source) -> tuple[Routes, list[Problem]]:
    """Returns the options of routes, and the mistakes in their patches."""
    routes, namespace = spec["routes"], spec["defaultNamespace"]
    patches, problems = [], []
    for number, entry in enumerate(routes["patches"]):
        try:
            patches.append(_patch(entry))
        except PatchError as error:
            path = ("spec", "routes", "patches", number, "patch")
            problems.append(report("SL452", source=source, path=path, what=error.message))
    found = Routes(
        adopt=tuple(
            ObjectName(kind=o["kind"], name=o["name"], namespace=o.get("namespace", namespace)) for o in routes["adopt"]
        ),
        answer_header=routes["answerHeader"],
        entry=routes["entry"],
        strip=tuple(_full(name, namespace) for name in routes["strip"]),
        patches=tuple(patches),
    )
    return found, problems


def preview_of(spec: Mapping[str, Any]) -> Preview | None:
    """Returns the option `preview`, if it is given."""
    given = spec["preview"]
    if given is None:
        return None
    gateway = _full(given["gateway"], spec["defaultNamespace"])
    return Preview(host=given["host"], gateway=gateway, of=given.get("of"))


def output_of(given: Mapping[str, Any]) -> Output:
    """Returns the option `output`."""
    flux = given["flux"]
    units = flux and FluxUnits(**flux["sourceRef"], interval=flux["interval"], path=flux["path"])
    return Output(path=given["path"], base=given["base"], custom_resources=given["customResources"], flux=units)


def calls_of(spec: Mapping[str, Any]) -> tuple[DeclaredCall, ...]:
    """Returns the option `calls`."""
    namespace = spec["defaultNamespace"]
    return tuple(
        DeclaredCall(
            caller=_workload(entry["from"], namespace),
            services=tuple(_service(name, namespace) for name in entry["to"]),
        )
        for entry in spec["calls"]
    )


def _workload(text: str, namespace: str) -> ResourceId:
    steps = text.split("/", 2)
    kind = steps[0] if len(steps) > 1 else "Deployment"
    group = next((group for group, known in WORKLOADS if known == kind), "apps")
    return ResourceId(group, kind, steps[1] if len(steps) == 3 else namespace, steps[-1])


def _service(text: str, namespace: str) -> ResourceId:
    home, slash, name = text.rpartition("/")
    return ResourceId("", "Service", home if slash else namespace, name)


def call_problems(environment: Environment, base: Base) -> Iterator[Problem]:
    """Yields workloads and Services of `calls` that the base does not have."""
    for number, call in enumerate(environment.calls):
        path = ("spec", "calls", number)
        if call.caller not in base.by_id:
            names = [r.id.name for r in base.of(call.caller.group, call.caller.kind)]
            hint = did_you_mean(call.caller.name, names)
            at_caller = (*path, "from")
            yield report("SL210", source=environment.source, path=at_caller, workload=str(call.caller), hint=hint)
        for place, service in enumerate(call.services):
            if service not in base.by_id:
                hint = did_you_mean(service.name, [r.id.name for r in base.of("", "Service")])
                at_service = (*path, "to", place)
                yield report("SL237", source=environment.source, path=at_service, object=str(service), hint=hint)


def _full(gateway: str, namespace: str) -> str:
    return gateway if "/" in gateway else f"{namespace}/{gateway}"


def _patch(entry: Mapping[str, Any]) -> RoutePatch:
    found = parse_patch(entry["patch"])
    if len(found) != 1 or not isinstance(found[0], list):
        raise PatchError("expected one list of operations (JSON patch, RFC 6902)")
    target = entry["target"]
    return RoutePatch(
        kind=target["kind"], name=target.get("name"), namespace=target.get("namespace"), operations=tuple(found[0])
    )
