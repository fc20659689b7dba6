"""A tree as the user of a command sees it: its paths, and the problems in it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from typing import Any

import click

from sandlane.files.disk import DiskTree
from sandlane.files.tree import STREAM, OutsideRoot, Unreadable
from sandlane.problems.problem import Invalid, Path, Problem, Source, placed, show, with_mentions
from sandlane.yamlio.locate import locate


class View:
    """A tree as a command works on it, and its problems and paths as the user sees them."""

    def __init__(self, tree: DiskTree, shown: str) -> None:
        self.tree = tree
        self.shown = shown

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

    def tell(self, problems: Iterable[Problem]) -> None:
        """Writes problems to stderr, in the order of their places."""
        told: set[str] = set()
        for problem in self.place(problems):
            if problem.source:
                problem = dataclasses.replace(
                    problem, source=dataclasses.replace(problem.source, file=self.seen(problem.source.file))
                )
            text = show(problem, self.mentioned)
            if text not in told:  # one mistake of the base may concern many tenants
                click.echo(text, err=True)
            told.add(text)

    def as_data(self, problems: Iterable[Problem]) -> list[dict[str, Any]]:
        """Returns problems as JSON has them."""
        return [
            {
                "code": p.code,
                "level": p.level,
                "message": with_mentions(p.text, self.mentioned),
                "hint": with_mentions(p.hint, self.mentioned) or None,
                "file": self.seen(p.source.file) if p.source else None,
                "line": p.position[0] if p.position else None,
                "column": p.position[1] if p.position else None,
                "object": p.object or None,
            }
            for p in self.place(problems)
        ]
