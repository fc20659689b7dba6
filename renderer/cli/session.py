"""What every command does first and last: finding environments, reading them, and telling what is wrong."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from renderer import yamlio
from renderer.catalogue import report
from renderer.cli.main import DEFECT, INVALID
from renderer.inputs import Inputs, read_inputs
from renderer.load import DiskTree, environment_file, find_root
from renderer.problems import Invalid, Problem, Source, placed, show
from renderer.tree import OutsideRoot, Unreadable, join

F = TypeVar("F", bound=Callable[..., Any])


class Session:
    """One environment as a command works on it: its tree, the paths as the user sees them, and its inputs."""

    def __init__(self, argument: Path, root: Path | None) -> None:
        self.file = environment_file(argument)
        self.tree = DiskTree(root or find_root(self.file))
        self.shown = os.path.relpath(self.file)

    def inputs(self) -> Inputs:
        """Reads the environment, its base and its specs. Raises Invalid."""
        try:
            path = self.file.resolve().relative_to(self.tree.root).as_posix()
        except ValueError:
            raise Invalid([report("SL121", file=self.shown, root=f"'{self.tree.root}'")]) from None
        try:
            return read_inputs(self.tree, path)
        except FileNotFoundError:
            raise Invalid(
                [
                    report(
                        "SL120",
                        what="environment file",
                        file=self.shown,
                        hint="name the environment's file or directory",
                    )
                ]
            ) from None
        except OutsideRoot:
            raise Invalid([report("SL121", file=self.shown, root=f"'{self.tree.root}'")]) from None
        except Unreadable as unreadable:
            raise Invalid([report("SL128", source=Source(file=path), reason=str(unreadable))]) from None

    def output(self, inputs: Inputs, given: Path | None) -> Path:
        """Returns the directory of the output. Raises Invalid where the environment's leaves the root by a link."""
        if given:
            return given
        path = join(inputs.environment.directory, inputs.environment.output.path)
        try:
            self.tree.kind(path)
        except (OutsideRoot, Unreadable):
            raise Invalid(
                [
                    report(
                        "SL502",
                        source=inputs.environment.source,
                        path=("spec", "output", "path"),
                        file=inputs.environment.output.path,
                        reason="a link on its way leaves the root",
                    )
                ]
            ) from None
        return self.tree.root / path

    def place(self, problems: Iterable[Problem]) -> list[Problem]:
        """Fills in lines and columns, from the bytes that were read."""
        return placed(problems, self._locate)

    def _locate(self, source: Source, path: tuple[str | int, ...], at_key: bool) -> tuple[int, int] | None:
        try:
            return yamlio.locate(self.tree.read(source.file), source.document, path, at_key)
        except (OSError, OutsideRoot, Unreadable, Invalid):
            return None

    def seen(self, file: str) -> str:
        """Returns a file of the tree as a path from where the user stands."""
        return os.path.relpath(self.tree.root / file)

    def tell(self, problems: Iterable[Problem]) -> None:
        """Writes problems to stderr, in the order of their places."""
        import dataclasses

        for problem in self.place(problems):
            if problem.source:
                problem = dataclasses.replace(
                    problem, source=dataclasses.replace(problem.source, file=self.seen(problem.source.file))
                )
            click.echo(show(problem), err=True)

    def as_data(self, problems: Iterable[Problem]) -> list[dict[str, Any]]:
        """Returns problems as JSON has them."""
        return [
            {
                "code": p.code,
                "level": p.level,
                "message": p.text,
                "hint": p.hint or None,
                "file": self.seen(p.source.file) if p.source else None,
                "line": p.position[0] if p.position else None,
                "column": p.position[1] if p.position else None,
                "object": p.object or None,
            }
            for p in self.place(problems)
        ]


def environments(command: F) -> F:
    """Adds the arguments that name environments, and the root that bounds reading."""
    command = click.option(
        "--root",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="Nothing above DIR is read; default: the nearest directory with .git above the environment.",
    )(command)
    return click.argument("environments", nargs=-1, type=click.Path(path_type=Path), metavar="[ENVIRONMENT]...")(
        command
    )


def output_format(*formats: str) -> Callable[[F], F]:
    """Adds `--format`."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How the result is written.",
    )


def sessions(arguments: Sequence[Path], root: Path | None) -> list[Session]:
    """Returns a session for each environment that the user names; by default the one here."""
    return [Session(argument, root) for argument in arguments or [Path()]]


def write_json(data: Any) -> None:
    """Writes a result as JSON."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def fail(session: Session, problems: Sequence[Problem], output: str = "text") -> int:
    """Tells what is wrong with the input, and returns the exit status."""
    if output == "json":
        write_json({"environment": session.shown, "problems": session.as_data(problems)})
    else:
        session.tell(problems)
        errors = sum(p.level == "error" for p in problems)
        click.echo(f"{errors} problem{'s' if errors != 1 else ''}, nothing was written", err=True)
    return INVALID


def defect(problems: Sequence[Problem]) -> int:
    """Tells that the proof failed, and returns the exit status."""
    for problem in problems:
        click.echo(show(problem), err=True)
    click.echo(
        "the output does not keep sandlane's promises, so nothing was written: this is a defect of sandlane, "
        "not of your files: please report it with the lines above",
        err=True,
    )
    return DEFECT


def leave(statuses: Iterable[int]) -> None:
    """Exits with the gravest status."""
    sys.exit(max(statuses, default=0))
