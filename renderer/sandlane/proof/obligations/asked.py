"""P4, what is asked: a clone's pods have what its spec and the standing rules ask for.

`whole` compares a clone with its origin as `overrides` changes it, for the renderer as well: a change that is not made, or made
at another container, would be in both. Here each is looked for in the clone itself; patches may undo any, so a clone with some is
left to `whole`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.pod_templates import spec_of_pods, with_template
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at
from sandlane.k8s.workload_kinds import SIDECARS
from sandlane.overrides.config_maps import CONFIG_MAPS
from sandlane.overrides.containers import CONTAINERS
from sandlane.overrides.env import ENV, VARIABLES
from sandlane.overrides.image import IMAGE
from sandlane.overrides.init_containers import INIT_CONTAINERS
from sandlane.overrides.patches import PATCHES
from sandlane.overrides.volumes import VOLUMES
from sandlane.patch.references import rename
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.claims import Asked
from sandlane.proof.world import World

_LISTS = ("containers", "initContainers")
_VOLUMES: Mapping[str, tuple[str, ...]] = {
    "emptyDir": ("emptyDir",), "ephemeral": ("ephemeral", "volumeClaimTemplate", "spec"),
    "share": ("persistentVolumeClaim", "claimName"), "share-readonly": ("persistentVolumeClaim", "readOnly"),
}  # fmt: skip
"""What becomes of a volume -> what it then has."""


def check(world: World) -> Iterator[Problem]:
    """Yields clones that lack what is asked of them."""
    for claim in world.claims.sandboxes:
        for id, asked in claim.asked.items():
            origin, pods = world.base.by_id.get(id), world.clone_of(id, claim.tenant)
            if origin and pods and asked.changes and not any(PATCHES.of(changes) for changes in asked.changes):
                for what in _lacks(spec_of_pods(with_template(world.base, origin)), pods.resource, id, asked):
                    yield report("SL622", source=pods.resource.source, what=f"'{pods.resource.id}' {what}")


def _lacks(origin: Manifest, clone: Resource, id: ResourceId, asked: Asked) -> Iterator[str]:
    pod = spec_of_pods(clone)
    made = {c["name"]: c for field in _LISTS for c in pod.get(field) or ()}
    images, variables = _asked(origin, asked)
    dropped = {name for changes in asked.changes for name in INIT_CONTAINERS.of(changes)}
    for container in (c for field in _LISTS for c in origin.get(field) or () if c["name"] not in SIDECARS):
        name = container["name"]
        if (name in made) is (name in dropped and container in (origin.get("initContainers") or ())):
            yield f"{'has' if name in made else 'lacks'} container '{name}'"
        elif name in made:
            image = images.get(name, container.get("image"))
            if made[name].get("image") != image:
                yield f"has image '{made[name].get('image')}' in container '{name}', asked is '{image}'"
            yield from _variables(name, container, made[name], variables.get(name, {}))
    for number, changes in enumerate(asked.changes):
        is_last = not any(ENV.of(later) or CONTAINERS.of(later) for later in asked.changes[number + 1 :])
        for change in CONFIG_MAPS.of(changes) if is_last else ():  # later changes may name it again
            old = ResourceId("", "ConfigMap", id.namespace, change.name)
            if rename(clone.manifest, old, "", namespace=id.namespace) is not clone.manifest:
                yield f"still reads ConfigMap '{change.name}', which is changed for it"
    choices = {name: choice for changes in asked.changes for name, choice in VOLUMES.of(changes).items()}
    for volume in pod.get("volumes") or ():
        choice = choices.get(volume.get("name"))
        if choice and at(volume, _VOLUMES[choice]) in (None, False):
            yield f"has volume '{volume['name']}' otherwise than as '{choice}'"


def _asked(origin: Manifest, asked: Asked) -> tuple[dict[str, str], dict[str, dict[str, Manifest | None]]]:
    """Returns the images and variables that are asked for, by container; the last change of one counts."""
    apps = [c["name"] for c in origin.get("containers") or () if c["name"] not in SIDECARS]
    images: dict[str, str] = {}
    variables: dict[str, dict[str, Manifest | None]] = {}
    for changes in asked.changes:
        if image := IMAGE.of(changes):
            images |= dict.fromkeys(apps, image)
        for app in apps:
            variables.setdefault(app, {}).update((v.name, v.body) for v in ENV.of(changes))
        for given in CONTAINERS.of(changes):
            images |= {given.name: given.image} if given.image else {}
            variables.setdefault(given.name, {}).update((v.name, v.body) for v in given.env)
    return images, variables


def _variables(name: str, origin: Manifest, made: Manifest, asked: Mapping[str, Manifest | None]) -> Iterator[str]:
    found: dict[str, list[Any]] = {}
    known = {v["name"] for v in origin.get("env") or ()} | {*VARIABLES}
    for variable in (v for v in made.get("env") or () if v["name"] in asked or v["name"] not in known):
        found.setdefault(variable["name"], []).append(_source({k: v for k, v in variable.items() if k != "name"}))
    for variable, body in asked.items():
        wanted = [] if body is None else [_source(body)]
        if found.get(variable, []) != wanted and not (wanted == ["value"] and _is_value(found.get(variable))):
            yield f"has variable '{variable}' of container '{name}' otherwise than it is asked"
    for variable in sorted(found.keys() - asked.keys()):
        yield f"has variable '{variable}' in container '{name}', which nobody asks for"


def _is_value(found: list[Any] | None) -> bool:
    return found is not None and len(found) == 1 and set(found[0]) == {"value"}


def _source(body: Manifest) -> Any:
    """Returns where the value of a variable is from: a clone's address is a value, and a ConfigMap may have been copied."""
    given = body.get("valueFrom") or {}
    if "cloneRef" in given:
        return "value"
    return "configMapKeyRef" if "configMapKeyRef" in given else dict(body)
