"""Doing several things of which each may fail, and saying all that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from sandlane.problems.problem import Invalid, Problem

T = TypeVar("T")


def gathered(calls: Iterable[Callable[[], T]]) -> tuple[tuple[T, ...], tuple[Problem, ...]]:
    """Returns the results of the calls that succeed, and the problems of those that raise Invalid."""
    results: list[T] = []
    problems: list[Problem] = []
    for call in calls:
        try:
            results.append(call())
        except Invalid as invalid:
            problems += invalid.problems
    return tuple(results), tuple(problems)
