"""A tree as the user of a command sees it: its paths, and the problems in it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from sandlane.cli.terminal import painted, verbosity
from sandlane.files.disk import DiskTree
from sandlane.files.tree import STREAM, OutsideRoot, Unreadable
from sandlane.problems.broken_request import data_of
from sandlane.problems.problem import Invalid, Path, Problem, Source, placed, show, with_mentions
from sandlane.yamlio.locate import locate

if TYPE_CHECKING:  # it loads what runs processes
    from sandlane.files.git import GitTree


class View:
    """A tree as a command works on it, and its problems and paths as the user sees them."""

    def __init__(self, tree: DiskTree | GitTree, shown: str) -> None:
        self.tree = tree
        self.shown = shown

    def close(self) -> None:
        """Ends what reads from git's objects."""
        self.tree.close()

    def place(self, problems: Iterable[Problem]) -> list[Problem]:
        """Fills in lines and columns, from the bytes that were read."""
        return placed(problems, self._locate)

    def _locate(self, source: Source, path: tuple[str | int, ...], at_key: bool) -> tuple[int, int] | None:
        try:
            return locate(self.tree.read(source.file), source.document, path, at_key)
        except (OSError, OutsideRoot, Unreadable, Invalid):
            return None

    def locate(self, source: Source, path: tuple[str | int, ...]) -> tuple[int, int] | None:
        """Returns line and column of a value, or of the nearest above it that its file has."""
        for length in range(len(path), -1, -1):
            if found := self._locate(source, (*source.prefix, *path[:length]), False):
                return found
        return None

    def seen(self, file: str) -> str:
        """Returns a file of the tree as a path from where the user stands."""
        if file == STREAM:
            return "<stdin>"
        return os.path.relpath(self.tree.root / file)

    def mentioned(self, source: Source, path: Path) -> str:
        """Returns a place that a problem mentions, as the user sees it; the line where the place is a value."""
        found = self._locate(source, path, False) if path else None
        return self.seen(source.file) + (f":{found[0]}" if found else "")

    def _seen(self, problem: Problem) -> Problem:
        """Returns a placed problem with all files as seen from where the user stands, and both places of its request."""
        source = problem.source and dataclasses.replace(problem.source, file=self.seen(problem.source.file))
        text, hint = (with_mentions(said, self.mentioned) for said in (problem.text, problem.hint))
        problem = dataclasses.replace(problem, source=source, text=text, hint=hint)
        if problem.request is None:
            return problem
        line = problem.position[0] if problem.position else None
        now = (source.file, line) if source and problem.request.now else None
        request = dataclasses.replace(problem.request, now=now, base=self._base_of(problem))
        return dataclasses.replace(problem, request=request)

    def _base_of(self, problem: Problem) -> tuple[str, int | None] | None:
        """Returns file and line of what decides in the base on a problem's request, None where no manifest does."""
        if problem.base is None:
            return None
        source, path = problem.base
        found = self.locate(source, path)
        return self.seen(source.file), found[0] if found else None

    def as_seen(self, problems: Iterable[Problem]) -> list[Problem]:
        """Returns problems in the order of their places, with line and column, and all files as seen from where the user stands."""
        return [self._seen(problem) for problem in self.place(problems)]

    def tell(self, problems: Iterable[Problem]) -> None:
        """Writes problems to stderr, in the order of their places."""
        told: set[str] = set()
        if verbosity() < 0:
            problems = [problem for problem in problems if problem.level == "error"]
        for problem in self.as_seen(problems):
            text = show(problem)
            if text not in told:  # one mistake of the base may concern many tenants
                click.echo(painted(text), err=True)
            told.add(text)

    def as_data(self, problems: Iterable[Problem]) -> list[dict[str, Any]]:
        """Returns problems as JSON has them."""
        return [_data(problem) for problem in self.as_seen(problems)]


def _data(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "level": problem.level,
        "message": problem.text,
        "hint": problem.hint or None,
        "file": problem.source.file if problem.source else None,
        "line": problem.position[0] if problem.position else None,
        "column": problem.position[1] if problem.position else None,
        "object": problem.object or None,
        **({"request": data_of(problem.request)} if problem.request else {}),
    }
