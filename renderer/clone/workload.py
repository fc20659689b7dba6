"""The clone of a workload: its origin with other names, labels, containers' images and environment.

What differs is what the plan and the spec say; all else is shared with the base, value by value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.catalogue import report
from renderer.clone.metadata import clone_labels, kept_annotations, tenant_metadata, without_owners
from renderer.clone.placement import placed_like
from renderer.kinds import SIDECARS, at, pod_labels
from renderer.model import Container, Environment, Manifest, Variable
from renderer.names import VARIABLES
from renderer.patch.put import put, remove
from renderer.plan import WorkloadClone
from renderer.problems import Path, Problem, did_you_mean


def clone_workload(environment: Environment, clone: WorkloadClone) -> dict[str, Any]:
    """Returns the manifest of a clone. Raises nothing: `container_problems` has been asked before."""
    origin = clone.origin.manifest
    manifest: Any = {key: value for key, value in origin.items() if key != "status"}
    manifest = {
        **manifest,
        "metadata": tenant_metadata(
            environment,
            clone.sandbox,
            name=clone.id.name,
            namespace=clone.id.namespace,
            origin=clone.selector["sandlane.dev/origin"],
            labels=clone_labels(origin, clone.pods.rewritten),
            annotations=kept_annotations(origin),
        ),
    }
    for path in clone.row.drop:
        manifest = remove(manifest, path)
    spec = manifest["spec"]
    manifest = {**manifest, "spec": {**({} if "replicas" in spec else {"replicas": 1}), **spec}}
    manifest = put(manifest, ("spec", "replicas"), clone.workload.replicas)
    if clone.row.selector:
        manifest = put(manifest, clone.row.selector, {"matchLabels": dict(clone.selector)})
    if clone.headless:
        manifest = _governed(manifest, clone.headless.name)
    return put(manifest, clone.row.template, _template(clone))  # type: ignore[no-any-return]


def _governed(manifest: Any, headless: str) -> Any:
    """Gives a StatefulSet its own headless Service, and lets its claims go with it."""
    manifest = put(manifest, ("spec", "serviceName"), headless)
    if at(manifest, ("spec", "volumeClaimTemplates")):
        # The default, Retain, would leave the claims of every sandbox behind for ever.
        manifest = put(manifest, ("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"), "Delete", create=True)
    return manifest


def _template(clone: WorkloadClone) -> dict[str, Any]:
    template = at(clone.origin.manifest, clone.row.template)
    annotations = without_owners((template.get("metadata") or {}).get("annotations") or {})
    metadata = {
        "labels": dict(clone.pods.labels),
        **({"annotations": annotations} if annotations else {}),
    }
    origin = pod_labels(clone.row, clone.origin.manifest)
    spec = placed_like(template["spec"], origin, clone.selector)
    spec["containers"] = [_container(clone, container) for container in spec["containers"]]
    return {"metadata": metadata, "spec": spec}


def app_containers(manifest: Manifest, clone: WorkloadClone) -> list[Manifest]:
    """Returns the containers of a workload's pods, without those that a mesh injects."""
    containers = at(manifest, (*clone.row.template, "spec", "containers")) or ()
    return [container for container in containers if container.get("name") not in SIDECARS]


def _container(clone: WorkloadClone, container: Manifest) -> Manifest:
    name = container.get("name")
    if name in SIDECARS:
        return container
    change = next(
        (c for c in clone.workload.containers if c.name == name), Container(name=str(name), image=None, env=())
    )
    image = change.image or clone.workload.image  # which is given for a single app container only
    if image:
        container = put(container, ("image",), image)
    values = (clone.sandbox.tenant, clone.sandbox.name, clone.origin.id.name)
    ours = [{"name": variable, "value": value} for variable, value in zip(VARIABLES, values, strict=True)]
    # Ours stand first, so that $(SANDLANE_TENANT_ID) can be used in every other variable.
    return put(container, ("env",), [*ours, *_environment(container.get("env") or [], change.env)])  # type: ignore[no-any-return]


def _environment(base: list[Manifest], changes: tuple[Variable, ...]) -> list[Manifest]:
    """Returns a container's variables with changed ones in place, removed ones gone and new ones at the end."""
    changed = {change.name: change for change in changes}
    result: list[Manifest] = []
    for variable in base:
        change = changed.get(variable["name"])
        if change is None:
            result.append(variable)
        elif change.body is not None and not any(v["name"] == change.name for v in result):
            result.append({"name": change.name, **change.body})
    present = {variable["name"] for variable in base}
    return [*result, *({"name": c.name, **c.body} for c in changes if c.body is not None and c.name not in present)]


def container_problems(clone: WorkloadClone) -> Iterator[Problem]:
    """Yields the mistakes in what a spec says of a workload's containers."""
    workload, source = clone.workload, clone.sandbox.source
    apps = app_containers(clone.origin.manifest, clone)
    names = [str(container.get("name")) for container in apps]
    for container in apps:
        for variable in container.get("env") or ():
            if variable.get("name") in VARIABLES:
                yield report(
                    "SL214",
                    source=clone.origin.source,
                    sandbox=source,
                    variable=variable["name"],
                    path=(*clone.row.template, "spec", "containers"),
                    where=f"'{clone.origin.id}' in the base",
                )
    if workload.image and len(apps) != 1:
        yield report(
            "SL213",
            source=source,
            path=(*workload.path, "image"),
            sandbox=source,
            workload=workload,
            containers=", ".join(names),
            first=names[0] if names else "",
            image=workload.image,
        )
    for number, change in enumerate(workload.containers):
        path: Path = (*workload.path, "containers", number)
        if change.name not in names:
            yield report(
                "SL211",
                source=source,
                path=(*path, "name"),
                sandbox=source,
                container=change.name,
                workload=workload,
                hint=did_you_mean(change.name, names, otherwise=f"known: {', '.join(sorted(names))}"),
            )
            continue
        if workload.image and change.image:
            yield report(
                "SL207", source=source, path=(*path, "image"), sandbox=source, what="image", where=str(workload)
            )
        yield from _variable_problems(clone, change, path)


def _variable_problems(clone: WorkloadClone, change: Container, path: Path) -> Iterator[Problem]:
    apps = app_containers(clone.origin.manifest, clone)
    present = {
        v["name"] for container in apps if container.get("name") == change.name for v in container.get("env") or ()
    }
    source = clone.sandbox.source
    for number, variable in enumerate(change.env):
        place: Path = (*path, "env", number, "name")
        if variable.name in VARIABLES:
            yield report("SL214", source=source, path=place, sandbox=source, variable=variable.name, where="this spec")
        elif variable.body is None and variable.name not in present:
            yield report(
                "SL215",
                source=source,
                path=place,
                sandbox=source,
                variable=variable.name,
                container=change.name,
                hint=did_you_mean(variable.name, present, otherwise=f"known: {', '.join(sorted(present)) or 'none'}"),
            )
