"""Problems of clones that could be written: most of them a spec may accept, with a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.guards.identities import IDENTITIES
from sandlane.guards.images import foreign_images
from sandlane.guards.object_metadata import acted_on
from sandlane.guards.privilege import gained, of_claim_templates, of_whole_pods, told
from sandlane.guards.secrets import new_tokens
from sandlane.k8s.ports import named_targets, port_names
from sandlane.k8s.resource import Manifest, ResourceId, at
from sandlane.k8s.workload_kinds import containers_of, images_of
from sandlane.overrides.containers import CONTAINERS
from sandlane.overrides.image import IMAGE
from sandlane.overrides.patches import PATCHES
from sandlane.overrides.subject import app_containers
from sandlane.overrides.volumes import VOLUMES
from sandlane.patch.put import is_same
from sandlane.plan.model import Plan, WorkloadClone
from sandlane.plan.other_controllers import is_canary_target
from sandlane.plan.problem_at import problem_at
from sandlane.problems.problem import Path, Problem, did_you_mean, mention
from sandlane.specs.model import Environment

_SHELL = re.compile(r"(/usr)?(/bin/)?(ba|da|a)?sh")
_KEYWORDS = frozenset(["!", "do", "done", "until", "while"])
_COPYING = frozenset(["chmod", "chown", "cp", "echo", "ln", "mkdir", "nc", "set", "sleep", "true"])
_MIGRATION = re.compile(r"migrat|flyway|liquibase|alembic|db-?init|schema-?init", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\$(\{[^}]*\}|\([^)]*\)|\w+)")
_SHARED = {"ReadWriteMany", "ReadOnlyMany"}


def guard(plan: Plan, clone: WorkloadClone, own_claims: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """Yields the problems of one clone; `own_claims` are claims that its sandbox brings."""
    found = [
        *([] if is_canary_target(plan.base, clone.origin.id) else _consumer(clone)),
        *_claims(plan.base, clone, own_claims),
        *_migrations(clone),
        *_empty_volumes(clone),
        *_host_ports(clone),
        *_host_network(plan.environment, clone),
        *_lost_ports(clone),
        *_peers_by_name(clone),
        *_labels_read(clone),
        *_identities(clone),
        *_privileges(plan.environment, clone, own_claims),
        *_tokens(plan.base, clone),
        *_images(plan.environment, clone),
        *_placeholders(clone),
    ]
    for code, object, values in found:
        yield problem_at(clone, code, object=object, **values)


Finding = tuple[str, str, Mapping[str, Any]]
"""Code, the object that `accept` names, and the values of the text."""


def _privileges(environment: Environment, clone: WorkloadClone, own_claims: frozenset[str]) -> Iterator[Finding]:
    """Yields what the clone's pods could do and its origin's cannot: a notice where the environment's policy allows it."""
    before, after = (at(manifest, clone.row.template) or {} for manifest in (clone.origin.manifest, clone.manifest))
    # As its pods have them, so that a label by which a mesh goes is not rewritten either.
    after = {**after, "metadata": {**(after.get("metadata") or {}), "labels": clone.pods.labels}}
    claims = [at(m, ("spec", "volumeClaimTemplates")) or () for m in (clone.origin.manifest, clone.manifest)]
    more_claims = of_whole_pods(of_claim_templates(claims[1]) - of_claim_templates(claims[0]))
    of_its_own = of_whole_pods(acted_on(clone.origin.manifest, clone.manifest))
    names = {str(container["name"]) for container in containers_of(before.get("spec") or {})}
    gains = [*gained(before, after, own_claims), *more_claims, *of_its_own]
    used = (gain for gain in gains if gain[0] in environment.policy.privileges)
    for kind, what, _ in told(used, ()):
        values = {"what": what, "than": f"'{clone.origin.id}'", "kind": kind, "field": _patches_of(clone)}
        rule = mention(environment.source, ("spec", "policy", "privileges"))
        yield "SL331", str(clone.id), {**values, "rule": rule}
    for kind, what, container in told(gains, environment.policy.privileges):
        near = did_you_mean(container, names) if container and container not in names else ""
        values = {"what": what, "than": f"'{clone.origin.id}'", "kind": kind, "near": f"{near} Else " if near else ""}
        yield "SL330", str(clone.id), {**values, "field": _patches_of(clone)}


def _tokens(base: Base, clone: WorkloadClone) -> Iterator[Finding]:
    """Yields tokens of service accounts that the clone's pods would get at: no policy allows that."""
    path = (*clone.row.template, "spec")
    before, after = (at(manifest, path) or {} for manifest in (clone.origin.manifest, clone.manifest))
    for secret, account in new_tokens(base, clone.id.namespace, before, after):
        yield "SL333", str(clone.id), {"secret": secret, "account": account}


def _images(environment: Environment, clone: WorkloadClone) -> Iterator[Finding]:
    policy = environment.policy
    for image in foreign_images(policy, clone):
        values = {"image": image, "patterns": ", ".join(policy.images) or "none", "field": _place_of(clone, image)}
        yield "SL241", str(clone.id), {**values, "rule": mention(environment.source, ("spec", "policy", "images"))}


def _placeholders(clone: WorkloadClone) -> Iterator[Finding]:
    """Yields images that something has yet to write; who applies a clone does not know its values."""
    for image in sorted(images_of(at(clone.manifest, (*clone.row.template, "spec")) or {})):
        if found := _PLACEHOLDER.search(image):
            values = {"image": image, "placeholder": found[0], "field": _place_of(clone, image)}
            yield (
                "SL318",
                str(clone.id),
                {**values, "sandbox_name": clone.sandbox.name, "workload": clone.workload.name},
            )


def _place_of(clone: WorkloadClone, image: str) -> Path:
    """Returns the steps from a workload's entry to the field that names an image."""
    changes = clone.workload.changes
    if IMAGE.of(changes) == image:
        return ("image",)
    for number, container in enumerate(CONTAINERS.of(changes)):
        if container.image == image:
            return ("containers", number, "image")
    return _patches_of(clone)


def _patches_of(clone: WorkloadClone) -> Path:
    """Returns the step to the patches of a workload's entry, which may be what changes a field that no other step leads to."""
    return ("patches",) if PATCHES.of(clone.workload.changes) else ("name",)


def _consumer(clone: WorkloadClone) -> Iterator[Finding]:
    before, after = (_read_by_apps(manifest, clone) for manifest in (clone.origin.manifest, clone.manifest))
    is_idle = (("spec", "suspend"), True) in clone.row.sets
    if not clone.services and not is_idle and is_same(before, after):
        yield "SL310", str(clone.origin.id), {}


def _read_by_apps(manifest: Manifest, clone: WorkloadClone) -> list[Any]:
    """Returns where the app containers of a workload read their settings from."""
    spec = at(manifest, (*clone.row.template, "spec")) or {}
    containers = app_containers(manifest, clone.row)
    return [
        *((c.get("env"), c.get("envFrom"), c.get("args"), c.get("command")) for c in containers),
        spec.get("volumes"),
    ]


def _claims(base: Base, clone: WorkloadClone, own_claims: frozenset[str]) -> Iterator[Finding]:
    settled = {
        name for changes in clone.changes for name, choice in VOLUMES.of(changes).items() if choice.startswith("share")
    }
    for volume in at(clone.manifest, (*clone.row.template, "spec", "volumes")) or ():
        name = at(volume, ("persistentVolumeClaim", "claimName"))
        if name is None or name in own_claims or volume.get("name") in settled:
            continue
        claim = base.by_id.get(ResourceId("", "PersistentVolumeClaim", clone.origin.id.namespace, name))
        modes = set(at(claim.manifest, ("spec", "accessModes")) or ()) if claim else set()
        if not modes & _SHARED:
            why_not = (
                f"is {', '.join(sorted(modes)) or 'of unknown mode'}"
                if claim
                else "is not in the base, so it may be for one node only"
            )
            yield "SL311", str(clone.origin.id), {"claim": name, "volume": volume.get("name"), "why_not": why_not}


def _migrations(clone: WorkloadClone) -> Iterator[Finding]:
    images = {container.get("image") for container in app_containers(clone.manifest, clone.row)}
    images |= {container.get("image") for container in app_containers(clone.origin.manifest, clone.row)}
    for container in at(clone.manifest, (*clone.row.template, "spec", "initContainers")) or ():
        # restartPolicy: Always makes it a sidecar, which runs beside the app and not before it.
        words = " ".join(str(container.get(field) or "") for field in ("name", "image", "command", "args"))
        is_sidecar = container.get("restartPolicy") == "Always"
        found, name = _MIGRATION.search(words), str(container.get("name"))
        runs_app = container.get("image") in images and not _only_copies(container)
        if not is_sidecar and (found or runs_app):
            reason = f"it says '{found[0]}'" if found else f"it runs the app's own image {container.get('image')}"
            drop = f"leave it out with 'initContainers: {{drop: [{name}]}}'"
            # What only runs the app's image may well prepare what the app needs: to drop it is the second thing to try.
            yield (
                "SL312",
                str(clone.origin.id),
                {"container": name, "reason": reason, "way": drop, "is_last": not found},
            )


def _only_copies(container: Manifest) -> bool:
    """Tells whether a container's command does nothing but copy files and wait: it may do so once more."""
    words = [str(word) for field in ("command", "args") for word in container.get(field) or ()]
    is_script = bool(words) and _SHELL.fullmatch(words[0]) is not None
    script = " ".join(word for word in words[is_script:] if not (is_script and word.startswith("-")))
    script = re.sub(r"(?m)^\s*#.*$", "", script)
    commands = [command.split() for command in re.split(r"&&|\|\||[;\n]", script) if command.strip()]
    bare = [[word for word in command if word not in _KEYWORDS] for command in commands]
    is_plain = not re.search(r"[$`&|<>(){}]", re.sub(r"&&|\|\|", "", script))
    return bool(bare) and is_plain and all(not c or c[0].rpartition("/")[2] in _COPYING for c in bare)


def _empty_volumes(clone: WorkloadClone) -> Iterator[Finding]:
    claims = at(clone.manifest, ("spec", "volumeClaimTemplates"))
    if claims:
        names = ", ".join(str(at(claim, ("metadata", "name"))) for claim in claims)
        yield "SL305", str(clone.id), {"claims": names}


def _host_ports(clone: WorkloadClone) -> Iterator[Finding]:
    containers = containers_of(at(clone.manifest, (*clone.row.template, "spec")) or {})
    ports = [str(port["hostPort"]) for c in containers for port in c.get("ports") or () if "hostPort" in port]
    if ports:
        yield "SL313", str(clone.id), {"ports": ", ".join(ports)}


def _host_network(environment: Environment, clone: WorkloadClone) -> Iterator[Finding]:
    field = (*clone.row.template, "spec", "hostNetwork")
    if at(clone.origin.manifest, field) and at(clone.manifest, field):
        yield "SL316", str(clone.origin.id), {}
    elif at(clone.manifest, field) and "hostNamespaces" in environment.policy.privileges:  # else it is SL330
        hint = "take 'hostNetwork' out of the patch"
        yield "SL316", str(clone.origin.id), {"hint": hint, "field": _patches_of(clone)}


def _lost_ports(clone: WorkloadClone) -> Iterator[Finding]:
    """Yields the named ports by which Services find the origin's pods, and could not find the clone's."""
    before, after = (
        port_names(at(manifest, (*clone.row.template, "spec")) or {})
        for manifest in (clone.origin.manifest, clone.manifest)
    )
    for service in clone.services:
        for name, port in named_targets(service.manifest).items():
            if name in before - after:
                values = {"name": name, "service": service.id, "port": port.get("port"), "field": _patches_of(clone)}
                yield "SL319", str(clone.id), values


def _peers_by_name(clone: WorkloadClone) -> Iterator[Finding]:
    """Yields settings of a StatefulSet that name its own pods: those of the clone have other names."""
    if not clone.row.is_governed:
        return
    own = re.compile(rf"(?<![\w-]){re.escape(clone.origin.id.name)}-\d+\.")
    for container in app_containers(clone.manifest, clone.row):
        for variable in container.get("env") or ():
            found = own.search(str(variable.get("value") or ""))
            if found:
                yield (
                    "SL317",
                    str(clone.id),
                    {"variable": variable["name"], "peer": found[0].rstrip("."), "clone": clone.id.name},
                )


_LABEL_PATH = re.compile(r"metadata\.labels(?:\['(?P<key>[^']+)'\])?$")


def _labels_read(clone: WorkloadClone) -> Iterator[Finding]:
    """Yields fields by which the app reads labels of its pod that its clone has with other values."""
    spec = at(clone.manifest, (*clone.row.template, "spec")) or {}
    sources = [at(v, ("valueFrom",)) for c in app_containers(clone.manifest, clone.row) for v in c.get("env") or ()]
    items = [item for volume in spec.get("volumes") or () for item in at(volume, ("downwardAPI", "items")) or ()]
    for source in (*sources, *items):
        found = _LABEL_PATH.match(str(at(source, ("fieldRef", "fieldPath")) or ""))
        keys = [found["key"]] if found and found["key"] else sorted(clone.pods.rewritten) if found else []
        for key in keys:
            if key in clone.pods.rewritten:
                yield "SL314", str(clone.id), {"label": key, "value": clone.pods.rewritten[key]}


def _identities(clone: WorkloadClone) -> Iterator[Finding]:
    """Yields the annotations by which others take the clone's pods for those of its origin."""
    path = (*clone.row.template, "metadata", "annotations")
    before, after = (at(manifest, path) or {} for manifest in (clone.origin.manifest, clone.manifest))
    for annotation, what in IDENTITIES.items():
        value = after.get(annotation)
        if value is not None and value == before.get(annotation):
            pointer = f"/{'/'.join(str(step) for step in path)}/{annotation.replace('/', '~1')}"
            words = {"annotation": annotation, "value": value, "what": what, "pointer": pointer}
            yield "SL326", str(clone.origin.id), words
