"""Targets, as kustomize has them: which objects a patch or a standing rule is for.

Group, version, kind, name and namespace are regular expressions of Go (RE2), which never backtrack, for whole values;
selectors are as of kubectl: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Protocol

from sandlane.k8s.selectors import BadSelector, Selector, from_text, matches

SELECTORS = ("labelSelector", "annotationSelector")

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


def label_selector(text: str) -> Selector:
    """Parses a selector such as `app=web,tier in (a, b),!canary`. Raises TargetError."""
    try:
        return from_text(text)
    except BadSelector as error:
        raise TargetError(f"'{text}' is no label selector") from error


def has_labels(target: Mapping[str, Any], labels: Mapping[str, str], annotations: Mapping[str, str]) -> bool:
    """Tells whether an object's labels and annotations are as a target's selectors ask. Raises TargetError."""
    selectors = [label_selector(target.get(field) or "") for field in SELECTORS]
    return matches(selectors[0], labels) and matches(selectors[1], annotations)


def has_id(target: Mapping[str, Any], ids: Mapping[str, Iterable[str]]) -> bool:
    """Tells whether a target's patterns match an object's group, version, kind, name and namespace from end to end.

    Each may have several values, of which one has to match; a field that the target does not have matches all.
    Raises TargetError.
    """
    return all(
        any(pattern(target[field], "^(?:", ")$").search(value) for value in values)
        for field, values in ids.items()
        if target.get(field)
    )
