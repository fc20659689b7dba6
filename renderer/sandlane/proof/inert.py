"""Objects that run nothing and route nothing: sync units, and sandboxes as objects of the cluster. No other obligation reads them.

A Flux Kustomization of the output applies the directory of one active sandbox as it is, and nothing else: one that patched what it
applies, or applied another directory or source, could make anything of what is proved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sandlane.base.base import Base, make_base
from sandlane.files.tree import join
from sandlane.k8s.resource import Manifest, Resource, labels_of
from sandlane.problems.problem import Path, Problem
from sandlane.proof.claims import Claim, Claims, GroupClaim
from sandlane.proof.differences import IsNote, differences, wrong
from sandlane.proof.literals import SANDBOX, quoted
from sandlane.proof.marks import marks_of, metadata_of
from sandlane.proof.triggers import note_of
from sandlane.proof.world import directory
from sandlane.specs.model import Environment

_KUSTOMIZATION = ("kustomize.toolkit.fluxcd.io", "Kustomization")
_UNITS = "flux"
_OWN = (("sandlane.dev", "DevelopmentSandbox"), ("sandlane.dev", "RouteGroup"))


def without_inert(base: Base, output: Base, claims: Claims) -> tuple[Base, list[Problem]]:
    """Returns an output without its sync units and custom resources, as far as the environment has any, and what is wrong with these."""
    options = claims.environment.output
    units = [unit for unit in output.of(*_KUSTOMIZATION) if directory(unit) == _UNITS] if options.flux else []
    own = [found for kind in _OWN for found in output.of(*kind)] if options.custom_resources else []
    if not units and not own:
        return output, []
    gone = {(resource.id, resource.source) for resource in (*units, *own)}
    rest = make_base((r for r in output.as_read if (r.id, r.source) not in gone), output.export_defaults)
    is_note = note_of(base, claims.environment.tenant_label)
    return rest, [problem for inert in (*units, *own) for problem in _wrong(inert, claims, is_note)]


def _wrong(inert: Resource, claims: Claims, is_note: IsNote) -> Iterator[Problem]:
    """Yields what is wrong with the unit of a sandbox, or with a sandbox or route group as an object in its own directory."""
    active: tuple[Claim | GroupClaim, ...] = (*claims.sandboxes, *claims.groups)
    name = labels_of(inert.manifest).get(SANDBOX)
    holder = next((claim for claim in active if claim.name == name), None)
    found: list[tuple[Path, str]] = []
    if holder is None:
        found.append((("metadata", "labels"), f"label '{SANDBOX}' is {quoted(name)}, which is no active sandbox"))
    elif (inert.id.group, inert.id.kind) == _KUSTOMIZATION:
        found += differences(_unit(inert, claims.environment, holder), inert.manifest, is_note)
    else:
        marked = {**labels_of(inert.manifest), **marks_of(claims.environment, holder, None)}
        metadata = {**inert.manifest["metadata"], "labels": marked}
        found += differences({**inert.manifest, "metadata": metadata}, inert.manifest, is_note)
        if (inert.id.name, directory(inert)) != (name, f"sandboxes/{name}"):
            found.append((("metadata", "name"), f"lies in '{directory(inert)}' and is marked as of '{name}'"))
    for path, what in found:
        yield wrong("SL601", inert, what, path)


def _unit(unit: Resource, environment: Environment, holder: Claim | GroupClaim) -> Manifest:
    """Returns what applies a sandbox's directory as it is."""
    flux = environment.output.flux
    assert flux is not None
    home = join(environment.directory, environment.output.path) if flux.path is None else flux.path
    steps = [step for step in home.split("/") if step not in ("", ".")]
    return {
        "apiVersion": f"{_KUSTOMIZATION[0]}/v1",
        "kind": _KUSTOMIZATION[1],
        "metadata": metadata_of(environment, holder, replace(unit.id, namespace=flux.namespace), None),
        "spec": {
            "interval": flux.interval,
            "path": "/".join([".", *steps, "sandboxes", holder.name]),
            "prune": True,
            "sourceRef": {"kind": flux.kind, "name": flux.name},
        },
    }
