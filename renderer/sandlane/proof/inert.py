"""Objects that run nothing and route nothing: sync units, and sandboxes as objects of the cluster. No other obligation reads them.

A Flux Kustomization of the output applies the directory of one active sandbox as it is, and nothing else: one that patched what it
applies, or applied another directory or source, could make anything of what is proved.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.base.base import Base, make_base
from sandlane.files.tree import join
from sandlane.k8s.resource import Resource, at, labels_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.claims import Claim, Claims, GroupClaim
from sandlane.proof.literals import MANAGED_BY, SANDBOX, TENANT, quoted
from sandlane.proof.world import directory

_KUSTOMIZATION = ("kustomize.toolkit.fluxcd.io", "Kustomization")
_UNITS = "flux"
_OWN = (("sandlane.dev", "DevelopmentSandbox"), ("sandlane.dev", "RouteGroup"))


def without_inert(output: Base, claims: Claims) -> tuple[Base, list[Problem]]:
    """Returns an output without its sync units and custom resources, as far as the environment has any, and what is wrong with these."""
    options = claims.environment.output
    units = [unit for unit in output.of(*_KUSTOMIZATION) if directory(unit) == _UNITS] if options.flux else []
    own = [found for kind in _OWN for found in output.of(*kind)] if options.custom_resources else []
    if not units and not own:
        return output, []
    gone = {(resource.id, resource.source) for resource in (*units, *own)}
    rest = make_base((r for r in output.as_read if (r.id, r.source) not in gone), output.export_defaults)
    wrong = [problem for unit in units for problem in _unit(unit, claims)]
    return rest, [*wrong, *(problem for found in own for problem in _own(found, claims))]


def _holder(resource: Resource, claims: Claims) -> Claim | GroupClaim | None:
    """Returns the active sandbox or route group that an object is marked as."""
    active: tuple[Claim | GroupClaim, ...] = (*claims.sandboxes, *claims.groups)
    name = labels_of(resource.manifest).get(SANDBOX)
    return next((claim for claim in active if claim.name == name), None)


def _marks(resource: Resource, claims: Claims) -> Iterator[Problem]:
    labels, holder = labels_of(resource.manifest), _holder(resource, claims)
    if holder is None:
        what = f"label '{SANDBOX}' is {quoted(labels.get(SANDBOX))}, which is no active sandbox"
        yield _wrong(resource, what, ("metadata", "labels"))
        return
    marks = {MANAGED_BY: "sandlane", TENANT: holder.tenant, claims.environment.tenant_label: holder.tenant}
    for key, value in marks.items():
        if labels.get(key) != value:
            what = f"label '{key}' is {quoted(labels.get(key))}, expected '{value}'"
            yield _wrong(resource, what, ("metadata", "labels"))


def _own(resource: Resource, claims: Claims) -> Iterator[Problem]:
    """Yields where a sandbox or route group as an object is not in its own directory, or not the one that it is marked as."""
    yield from _marks(resource, claims)
    holder = _holder(resource, claims)
    if holder and (resource.id.name, directory(resource)) != (holder.name, f"sandboxes/{holder.name}"):
        yield _wrong(
            resource, f"lies in '{directory(resource)}' and is marked as of '{holder.name}'", ("metadata", "name")
        )


def _unit(unit: Resource, claims: Claims) -> Iterator[Problem]:
    yield from _marks(unit, claims)
    holder = _holder(unit, claims)
    if holder is None:
        return
    expected = _spec(claims, holder.name)
    spec = unit.manifest.get("spec") or {}
    for field in dict.fromkeys((*expected, *spec)):
        if spec.get(field) != expected.get(field):
            yield _wrong(unit, f"'spec.{field}' is not what applies the sandbox's directory as it is", ("spec", field))
    namespace = claims.environment.output.flux.namespace if claims.environment.output.flux else ""
    if at(unit.manifest, ("metadata", "namespace")) != namespace:
        yield _wrong(unit, f"is not in namespace '{namespace}', where its source is", ("metadata", "namespace"))


def _spec(claims: Claims, name: str) -> dict[str, object]:
    environment, flux = claims.environment, claims.environment.output.flux
    assert flux is not None
    home = join(environment.directory, environment.output.path) if flux.path is None else flux.path
    steps = [step for step in home.split("/") if step not in ("", ".")]
    return {
        "interval": flux.interval,
        "path": "/".join([".", *steps, "sandboxes", name]),
        "prune": True,
        "sourceRef": {"kind": flux.kind, "name": flux.name},
    }


def _wrong(unit: Resource, what: str, path: Path) -> Problem:
    return report("SL601", source=unit.source, path=path, what=f"'{unit.id}': {what}")
