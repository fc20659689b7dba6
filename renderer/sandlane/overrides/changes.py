"""Changes: what a clone gets otherwise than its origin, as one entry of a document says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from sandlane.frozen import frozen
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source


@frozen(kw_only=True)
class Changes:
    """The override fields of a workload entry of a sandbox, or of a standing rule of the environment.

    `source` and `path` lead to the entry. `values` holds what the entry changes, by name of the field: see
    `sandlane.overrides.registry`.
    """

    source: Source
    path: Path
    is_standing: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sandbox(self) -> Source | None:
        """The spec that problems of these changes belong to; a standing rule's belong to the environment."""
        return None if self.is_standing else self.source

    def problem(self, code: str, *steps: str | int, **values: Any) -> Problem:
        """Returns a problem at a value inside the entry."""
        return report(code, source=self.source, path=(*self.path, *steps), sandbox=self.sandbox, **values)
