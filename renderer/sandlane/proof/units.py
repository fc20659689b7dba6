"""Sync units: a Flux Kustomization of the output applies the directory of one active sandbox as it is, and nothing else.

They run nothing and route nothing, so that no other obligation reads them; but one that patched what it applies, or applied another
directory or source, could make anything of what is proved.
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


def without_units(output: Base, claims: Claims) -> tuple[Base, list[Problem]]:
    """Returns an output without its sync units, and what is wrong with these."""
    units = [resource for resource in output.of(*_KUSTOMIZATION) if directory(resource) == _UNITS]
    if claims.environment.output.flux is None or not units:
        return output, []
    rest = make_base((r for r in output.as_read if r not in units), output.export_defaults)
    return rest, [problem for unit in units for problem in _check(unit, claims)]


def _check(unit: Resource, claims: Claims) -> Iterator[Problem]:
    active: tuple[Claim | GroupClaim, ...] = (*claims.sandboxes, *claims.groups)
    holders: dict[str | None, Claim | GroupClaim] = {claim.name: claim for claim in active}
    labels = labels_of(unit.manifest)
    holder = holders.get(labels.get(SANDBOX))
    if holder is None:
        yield _wrong(
            unit,
            f"label '{SANDBOX}' is {quoted(labels.get(SANDBOX))}, which is no active sandbox",
            ("metadata", "labels"),
        )
        return
    marks = {MANAGED_BY: "sandlane", TENANT: holder.tenant, claims.environment.tenant_label: holder.tenant}
    for key, value in marks.items():
        if labels.get(key) != value:
            yield _wrong(
                unit, f"label '{key}' is {quoted(labels.get(key))}, expected '{value}'", ("metadata", "labels")
            )
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
