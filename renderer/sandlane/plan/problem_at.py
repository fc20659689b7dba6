"""Problems of clones, at the workload entry of the spec that asks for them."""

from __future__ import annotations

from typing import Any, Protocol

from sandlane.problems.problem import Path, Problem
from sandlane.specs.model import Sandbox, Workload


class OfWorkload(Protocol):
    """What a sandbox has because of one of its workload entries: a clone, or a copy of a Service or policy."""

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox."""

    @property
    def workload(self) -> Workload:
        """The entry of its spec."""


def problem_at(made: OfWorkload, code: str, *, field: str | Path = "name", **values: Any) -> Problem:
    """Returns a problem at a field, or a place, of the workload entry that asks for a clone or a copy."""
    steps = (field,) if isinstance(field, str) else field
    return made.sandbox.problem(code, *made.workload.path, *steps, **values)
