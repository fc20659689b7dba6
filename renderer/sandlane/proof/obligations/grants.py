"""P4 and P8, ReferenceGrants: a Gateway's route may name a clone exactly where the base lets it name the origin (rule R-G8).

Without the grant a Gateway answers 500 where the base's route forwards. With more than that, routes of other namespaces
could send to a clone that could not send to its origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, ResourceId, labels_of, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.literals import ORIGIN
from sandlane.proof.readers import REFERENCE_GRANT
from sandlane.proof.world import World, directory


@frozen(kw_only=True)
class Given:
    """What one pair of a grant's `from` and `to` gives: routes of a kind and namespace may name a Service, or all ('')."""

    group: str
    kind: str
    home: str
    namespace: str
    name: str


def check(world: World) -> Iterator[Problem]:
    """Yields grants of the output that give more than the base's, as `requests` finds routes of Gateways that lack one."""
    base = _given(world.base.of(*REFERENCE_GRANT))
    added = [r for r in world.added if (r.id.group, r.id.kind) == REFERENCE_GRANT]
    for grant in added:
        yield from _excess(world, base, grant)


def _given(grants: Iterable[Resource]) -> frozenset[Given]:
    found = set()
    for grant in grants:
        for source, service in _pairs(grant):
            found.add(_one(source, grant.id.namespace, str(service.get("name") or "")))
    return frozenset(found)


def _pairs(grant: Resource) -> Iterator[tuple[Manifest, Manifest]]:
    spec = spec_of(grant.manifest)
    for to in spec.get("to") or ():
        if ((to.get("group") or ""), to.get("kind")) == ("", "Service"):
            yield from ((source, to) for source in spec.get("from") or ())


def _one(source: Manifest, namespace: str, name: str) -> Given:
    group, kind, home = (str(source.get(field) or "") for field in ("group", "kind", "namespace"))
    return Given(group=group, kind=kind, home=home, namespace=namespace, name=name)


def _lets(given: frozenset[Given], source: Manifest, service: ResourceId) -> bool:
    return any(_one(source, service.namespace, name) in given for name in ("", service.name))


def _excess(world: World, base: frozenset[Given], grant: Resource) -> Iterator[Problem]:
    """Yields what a grant of a sandbox gives beside its own clones, to those who may name their origins."""
    pairs = list(_pairs(grant))
    spec = spec_of(grant.manifest)
    if len(pairs) != len(spec.get("to") or ()) * len(spec.get("from") or ()) or not pairs:
        yield _wrong(grant, "is not to Services alone", ("spec", "to"))
    for source, to in pairs:
        name = str(to.get("name") or "")
        clone = world.added_service(ResourceId("", "Service", grant.id.namespace, name))
        if clone is None or directory(clone) != directory(grant):
            what = f"Service '{name}'" if name else "every Service"
            yield _wrong(
                grant, f"is to {what} of '{grant.id.namespace}', which is no clone of its sandbox", ("spec", "to")
            )
        elif not _lets(base, source, replace(clone.id, name=labels_of(clone.manifest).get(ORIGIN, ""))):
            who = f"{source.get('kind')}s of '{source.get('namespace')}'"
            yield _wrong(
                grant, f"lets {who} name '{clone.id}', and the base does not let them name its origin", ("spec", "from")
            )


def _wrong(grant: Resource, what: str, path: Path) -> Problem:
    return report("SL608", source=grant.source, path=path, what=f"'{grant.id}' {what}")
