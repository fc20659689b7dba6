"""Patterns of kustomize's targets: regular expressions of Go (RE2), which never backtrack."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Protocol

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


def is_whole(wanted: str | None, values: Iterable[str]) -> bool:
    """Tells whether a pattern matches one of several values from end to end; no pattern matches all."""
    if not wanted:
        return True
    compiled = pattern(wanted, "^(?:", ")$")
    return any(compiled.search(value) for value in values)
