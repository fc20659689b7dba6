"""Which objects a target, a selector or a name of a kustomization means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Protocol

from renderer.kustomize.entries import Entry, Id, texts
from renderer.selectors import Requirement, Selector, matches

_PLAIN = re.compile(r"[\w./:@ -]*\Z", re.ASCII)


class Pattern(Protocol):
    """What is used of compiled patterns."""

    def search(self, text: str) -> Any:
        """Returns something where the pattern is found in a text."""


class TargetError(Exception):
    """Raised for a pattern or selector that cannot be read: its text says why."""


@cache
def pattern(text: str, before: str = "", behind: str = "") -> Pattern:
    """Compiles a pattern in Go's syntax (RE2) between parts of our own, without backtracking. Raises TargetError."""
    if _PLAIN.match(text):
        # What has no operator but '.' is the same to Python, and re2 takes time to import.
        return re.compile(f"{before}{text}{behind.removesuffix('$')}" + (r"\Z" if behind.endswith("$") else ""))
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        compiled: Pattern = re2.compile(f"{before}{text}{behind}", options=options)
    except re2.error:
        raise TargetError(f"'{text}' is no pattern in RE2's syntax") from None
    return compiled


def _matches_whole(wanted: str | None, values: Iterable[str]) -> bool:
    if not wanted:
        return True
    compiled = pattern(wanted, "^(?:", ")$")
    return any(compiled.search(value) for value in values)


def selected(entries: Iterable[Entry], target: Mapping[str, Any]) -> list[int]:
    """Returns the positions of the entries that a patch's target selects, by patterns over first and last ids."""
    labels = label_selector(target.get("labelSelector") or "")
    annotations = label_selector(target.get("annotationSelector") or "")
    found = []
    for number, entry in enumerate(entries):
        now, first = entry.id, entry.original
        if (
            _matches_whole(target.get("kind"), (now.kind,))
            and _matches_whole(target.get("name"), (first.name, now.name))
            and _matches_whole(target.get("namespace"), (first.namespace, now.namespace))
            and _matches_whole(target.get("group"), (now.group,))
            and _matches_whole(target.get("version"), (now.version,))
            and matches(labels, texts(entry.manifest, "labels"))
            and matches(annotations, texts(entry.manifest, "annotations"))
        ):
            found.append(number)
    return found


def with_id(entries: Iterable[Entry], wanted: Id) -> list[int]:
    """Returns the positions of the entries that have, or had, an id."""
    return [number for number, entry in enumerate(entries) if wanted in entry.ids]


def is_meant(entry: Entry, selector: Mapping[str, Any]) -> bool:
    """Tells whether a selector of a replacement means an entry: equality with any id that it has had."""
    return any(
        all(
            not selector.get(field) or selector[field] == getattr(id_, field)
            for field in ("group", "version", "kind", "name")
        )
        and (not selector.get("namespace") or selector["namespace"] == id_.namespace)
        for id_ in entry.ids
    )


_REQUIREMENT = re.compile(
    r"\s*(?:!\s*(?P<absent>[^\s,!=()]+)"
    r"|(?P<key>[^\s,!=()]+)\s*(?:(?P<equals>==|=|!=)\s*(?P<value>[^\s,=!()]*)"
    r"|\s(?P<operator>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|\Z)"
)
_OPERATORS = {"=": "In", "==": "In", "!=": "NotIn", "in": "In", "notin": "NotIn"}


@cache
def label_selector(text: str) -> Selector:
    """Parses a selector such as `app=web,tier in (a, b),!canary`. Raises TargetError."""
    requirements: list[Requirement] = []
    position = 0
    while position < len(text.rstrip()):
        found = _REQUIREMENT.match(text, position)
        if not found:
            raise TargetError(f"'{text}' is no label selector")
        position = found.end()
        if found["absent"]:
            requirements.append(Requirement(found["absent"], "DoesNotExist"))
        elif found["equals"]:
            requirements.append(Requirement(found["key"], _OPERATORS[found["equals"]], (found["value"],)))
        elif found["operator"]:
            values = tuple(value.strip() for value in found["values"].split(","))
            requirements.append(Requirement(found["key"], _OPERATORS[found["operator"]], values))
        else:
            requirements.append(Requirement(found["key"], "Exists"))
    return tuple(requirements)
