"""What a patch does that its author hardly meant: containers by a wrong name, replacing what is not there, unknown fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.k8s.known_fields import way_out
from sandlane.k8s.pod_fields import unknown_fields
from sandlane.k8s.resource import Manifest, at
from sandlane.k8s.workload_kinds import SIDECARS
from sandlane.overrides.subject import INIT, Subject
from sandlane.patch.json6902 import replaced_in_vain
from sandlane.problems.problem import did_you_mean, dotted

Doubt = tuple[str, Mapping[str, Any]]
"""A code, and the values of its text and hint."""


def doubts(subject: Subject, before: Manifest, after: Manifest, body: Any) -> Iterator[Doubt]:
    """Yields what is doubtful about a patch that can be applied; containers without an image are mistakes."""
    yield from _containers(subject, before, after)
    had = {path for path, _ in unknown_fields(subject.row.clone, before)}
    added = {path: known for path, known in unknown_fields(subject.row.clone, after) if path not in had}
    for path, known in added.items():
        yield "SL264", {"field": dotted(path), "hint": way_out(path, known)}
    for path, siblings in replaced_in_vain(before, body) if isinstance(body, list) else ():
        if path not in added:
            near = did_you_mean(str(path[-1]), siblings)
            yield "SL265", {"field": dotted(path), "hint": near or "write 'op: add' if it is meant to be new"}


def _containers(subject: Subject, before: Manifest, after: Manifest) -> Iterator[Doubt]:
    """Yields containers that a patch adds and that hardly are new ones."""
    names = {str(c["name"]) for field in ("containers", INIT) for c in at(before, (*subject.pod, field)) or ()}
    for field in ("containers", INIT):
        for container in at(after, (*subject.pod, field)) or ():
            name = str(container["name"])
            if name in names | SIDECARS:
                continue
            near = did_you_mean(name, names)
            if not container.get("image"):
                way = near or f"there {'is' if len(names) == 1 else 'are'} {', '.join(sorted(names))}"
                yield "SL262", {"container": name, "hint": f"{way}; a container of its own needs an image"}
            elif near:
                yield "SL263", {"container": name, "hint": near}
