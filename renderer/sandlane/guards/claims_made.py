"""Claims that StatefulSets of the output would make, `<claim template>-<set>-<ordinal>`, and that somebody else has already.

Their controller takes a claim that is there for its own, with all that lies in it, and deletes it with the set where it is
told so (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sandlane.frozen import frozen
from sandlane.guards.owners import file_of, owners_of
from sandlane.k8s.resource import Manifest, ResourceId, at
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.output.layout import Placed
from sandlane.patch.references import named
from sandlane.plan.model import Plan
from sandlane.problems.problem import Problem

_SET = ("apps", "StatefulSet")
_CLAIM = ("", "PersistentVolumeClaim")
_ORDINAL = re.compile(r"-[0-9]+")


@frozen
class _Stem:
    """What the names of a claim template's claims begin with, in a namespace."""

    namespace: str
    text: str

    def has(self, id: ResourceId) -> bool:
        """Tells whether a claim is one of those."""
        is_near = id.namespace == self.namespace and id.name.startswith(f"{self.text}-")
        return is_near and _ORDINAL.fullmatch(id.name, len(self.text)) is not None


def claims_of_others(plan: Plan, objects: Iterable[Placed]) -> Iterator[Problem]:
    """Yields StatefulSets of sandboxes whose pods would get claims of the base, or of another sandbox."""
    objects = tuple(placed for placed in objects if not placed.base)
    sets = [placed for placed in objects if (placed.id.group, placed.id.kind) == _SET]
    if not any(_stems(placed.id, placed.manifest) for placed in sets):
        return
    of_base = {s: r.id for r in plan.base.of(*_SET) for s in _stems(r.id, r.manifest)}
    known = dict(_known_to_base(plan)) | {p.id: p.directory for p in objects if (p.id.group, p.id.kind) == _CLAIM}
    first: dict[_Stem, Placed] = {}
    for placed in sets:
        for stem in _stems(placed.id, placed.manifest):
            other = first.setdefault(stem, placed)
            whose = _whose(stem, placed, of_base) or (None if other is placed else other.directory)
            whose = whose or next((who for id, who in known.items() if who != placed.directory and stem.has(id)), None)
            if whose:
                yield _problem(plan, placed, stem, whose)


def _stems(id: ResourceId, manifest: Manifest) -> list[_Stem]:
    templates = at(manifest, ("spec", "volumeClaimTemplates")) or ()
    return [_Stem(id.namespace, f"{at(template, ('metadata', 'name'))}-{id.name}") for template in templates]


def _whose(stem: _Stem, placed: Placed, of_base: dict[_Stem, ResourceId]) -> str | None:
    """Returns the StatefulSet of the base whose claims, or those of whose clones, a set of a sandbox would get."""
    if stem in of_base:
        return f"'{of_base[stem]}' of the base"
    if file_of(placed) is None:
        return None
    near = (
        id for base, id in of_base.items() if base.namespace == stem.namespace and stem.text.startswith(f"{base.text}-")
    )
    return next((f"clones of '{id}' of the base" for id in near), None)


def _known_to_base(plan: Plan) -> Iterator[tuple[ResourceId, str]]:
    """Yields the claims of the base and those that its pods name, with who has them in words."""
    for group, kind in (*WORKLOADS, ("", "Pod")):
        for resource in plan.base.of(group, kind):
            for id in named(resource.manifest, _CLAIM, resource.id.namespace):
                yield id, f"'{resource.id}' of the base"
    for claim in plan.base.of(*_CLAIM):
        yield claim.id, "the base"


def _problem(plan: Plan, placed: Placed, stem: _Stem, whose: str) -> Problem:
    owners = owners_of(plan)
    file = file_of(placed)
    one = f"sandbox '{owners[whose].name}'" if whose in owners else whose
    values = {
        "object": str(ResourceId(*_CLAIM, stem.namespace, f"{stem.text}-0")),
        "one": one,
        "two": f"'{placed.id}'",
        "hint": f"give the StatefulSet or its claim template another name in '{file}'" if file else None,
    }
    return (owners.get(placed.directory) or plan.environment).problem("SL302", "spec", **values)
