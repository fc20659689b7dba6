"""KRM functions: a ResourceList in, and one out (kubernetes-sigs/kustomize: Configuration Functions Specification)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandlane.base.base import is_own
from sandlane.files.tree import is_within
from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, annotations_of, at
from sandlane.meshes.istio.erasure import without_tenants
from sandlane.output.layout import Placed, path_of
from sandlane.output.passthrough import passed_through
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem, Source, dotted
from sandlane.specs.model import Carrier

KIND = "ResourceList"
PATH, INDEX = "internal.config.kubernetes.io/path", "internal.config.kubernetes.io/index"
_SPECS = ("DevelopmentSandbox", "RouteGroup")
_SEVERITIES: Mapping[str, str] = {"error": "error", "notice": "info"}


@frozen(kw_only=True)
class Call:
    """A call of a function: its version, the items, and what of them and of the functionConfig are an environment and specs.

    `specs` are these with the paths that they come from; with a sandbox as functionConfig it is the only one.
    """

    version: str
    config: Any
    items: tuple[Manifest, ...]
    environment: Manifest | None
    specs: tuple[tuple[str, Manifest], ...]


def parse(data: Any, source: Source) -> Call:
    """Returns a call. Raises Invalid (SL227)."""
    items = at(data, ("items",)) or []
    is_one = isinstance(data, dict) and data.get("kind") == KIND and isinstance(items, list)
    if not is_one or not all(isinstance(item, dict) and isinstance(item.get("metadata"), dict) for item in items):
        found = data.get("kind") if isinstance(data, dict) else None
        raise Invalid([report("SL227", source=source, found=f"kind '{found}'" if found else "no object of a kind")])
    config = data.get("functionConfig")
    given = [config] if is_own(config) else []
    own = [*given, *(item for item in items if is_own(item))]
    environment = next((each for each in own if each.get("kind") == "Environment"), None)
    alone = [each for each in given if each.get("kind") in _SPECS]
    specs = alone or [each for each in own if each.get("kind") in _SPECS]
    return Call(
        version=str(data.get("apiVersion")),
        config=config,
        items=tuple(items),
        environment=environment,
        specs=tuple((_path(spec, number), spec) for number, spec in enumerate(specs)),
    )


def _path(spec: Manifest, number: int) -> str:
    notes = annotations_of(spec)
    return notes.get(PATH) or notes.get("config.kubernetes.io/path") or f"functionConfig-{number}.json"


def base_items(call: Call, output: str, carriers: Sequence[Carrier]) -> list[Manifest]:
    """Returns the items as they were before an earlier call: without what it wrote to the output's path and into VirtualServices."""
    given = (item for item in call.items if not is_within(annotations_of(item).get(PATH, "/"), output))
    return [without_tenants(item, carriers) if _is_virtual_service(item) else item for item in given]


def _is_virtual_service(item: Manifest) -> bool:
    group = str(item.get("apiVersion")).partition("/")[0]
    return (group, item.get("kind")) == ("networking.istio.io", "VirtualService")


def answer(
    call: Call, items: Sequence[Manifest], placed: Iterable[Placed], output: str, results: list[dict[str, Any]]
) -> dict[str, Any]:
    """Returns the ResourceList of a call that has succeeded: `items` with what sandboxes add, each at a path of its own."""
    read = [(Source(file="-", prefix=("items", number)), item) for number, item in enumerate(items)]
    found = [manifest if place is None else _placed(place, output) for place, manifest in passed_through(read, placed)]
    return resource_list(call, found, results)


def _placed(placed: Placed, output: str) -> Manifest:
    notes = {**annotations_of(placed.manifest), PATH: f"{output}/{path_of(placed)}", INDEX: "0"}
    return {**placed.manifest, "metadata": {**placed.manifest["metadata"], "annotations": notes}}


def resource_list(call: Call, items: Iterable[Manifest], results: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns a ResourceList as a function writes it."""
    return {
        "apiVersion": call.version,
        "kind": KIND,
        **({"functionConfig": call.config} if call.config is not None else {}),
        "items": list(items),
        **({"results": results} if results else {}),
    }


def result(problem: Problem) -> dict[str, Any]:
    """Returns a problem as a result: severity, message, the file that it is in, and the field."""
    hint = f" (hint: {problem.hint})" if problem.hint else ""
    return {
        "message": f"{problem.code} {problem.text}{hint}",
        "severity": _SEVERITIES[problem.level],
        **({"file": {"path": problem.source.file}} if problem.source and problem.source.file != "-" else {}),
        **({"field": {"path": dotted(problem.path)}} if problem.path else {}),
        "tags": {"code": problem.code},
    }
