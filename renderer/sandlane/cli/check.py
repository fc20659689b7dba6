"""`sandlane check`: tells whether the output directory is what `render` would write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.main import CHANGED, FINE
from sandlane.cli.running import MACHINES, run
from sandlane.cli.terminal import verb, words, working
from sandlane.output.changes import OfAnotherEnvironment, UnusableOutput
from sandlane.output.changes import changes as find_changes
from sandlane.pipeline import render, render_valid
from sandlane.problems.problem import Invalid, Problem, Source
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import RouteGroup, Sandbox

_KINDS = (
    ("missing", ("create",)),
    ("stale", ("update",)),
    ("extra", ("delete", "leftovers")),
    ("foreign", ("foreign",)),
)


@click.command(
    "check",
    help="Tell whether the output directory is what 'render' would write; writes nothing, exits 1 if it is not.",
)
@options.environments
@options.base_option
@options.only_tracked_option
@options.output_option("Look at")
@click.option(
    "--keep-going",
    is_flag=True,
    help="Compare with what 'render --keep-going' writes: leave out the sandboxes that have errors of their own, list them, and exit 1.",
)
@click.option("--as-of", metavar="DATE|today", help="Also fail for sandboxes that have expired on this day, in UTC.")
@options.output_format("text", *MACHINES)
def command(
    environments: tuple[Path, ...],
    root: Path | None,
    base: tuple[str, ...],
    only_tracked: bool,
    output: Path | None,
    keep_going: bool,
    as_of: str | None,
    output_format: str,
) -> None:
    """Checks each environment and exits with the gravest status."""
    sessions = s.sessions(environments, root, base, only_tracked=only_tracked)
    if output and len(sessions) > 1:
        raise click.UsageError("--output goes with one environment")
    day = _day(as_of) if as_of else None
    run(sessions, output_format, lambda session: _check(session, output, keep_going, day, output_format))


def _check(
    session: s.Session, output: Path | None, keep_going: bool, day: str | None, output_format: str
) -> tuple[int, dict[str, Any]]:
    inputs = session.inputs()
    with working(f"rendering {session.shown}"):
        rendered = (render_valid if keep_going else render)(inputs, is_proved=False)
    directory = session.output(inputs, output)
    try:
        changed = find_changes(directory, rendered.files)
    except (UnusableOutput, OfAnotherEnvironment, OSError) as error:
        raise Invalid([s.unusable(directory, error)]) from None
    found = {name: [path for field in fields for path in getattr(changed, field)] for name, fields in _KINDS}
    count = sum(len(paths) for paths in found.values())
    if output_format == "text":
        session.tell(problem for problem in inputs.problems if problem.level == "notice")  # on what is not read
        again = f"sandlane render {session.shown}{' --keep-going' if keep_going else ''}"
        _tell(directory, found, again)
        if not (count or day or rendered.left_out):
            words(f"{s.shown(directory)}: up to date, {changed.unchanged} files")
    gone, joined = _expired(inputs, day) if day else ([], {})
    if output_format == "text":
        for record in gone:
            click.echo(f"expired {session.seen(record.source.file)}: {record.name}, with {record.expires}")
        session.tell(problem for problems in joined.values() for problem in problems)
        if count_gone := len(gone) - len(joined):
            click.echo(f"{count_gone} expired: run 'sandlane prune {session.shown} --as-of {day}'", err=True)
        session.tell_left_out(rendered.left_out)
    result = {"output": s.shown(directory), **found}
    result |= {"left_out": session.as_data(rendered.left_out)} if keep_going else {}
    if output_format not in ("text", "json"):
        paths = [path for paths in found.values() for path in paths]
        stale = [_stale(session, inputs, directory, paths)] if count else []
        result["problems"] = session.as_data([*stale, *_past(session, gone, joined, day)])
    return (CHANGED if count or gone or rendered.left_out else FINE), result | (
        {"expired": [r.name for r in gone]} if day else {}
    )


def _day(as_of: str) -> str:
    """Returns the day that `--as-of` means."""
    from sandlane.cli.changing import day_of, today  # what few checks ask for

    return day_of(as_of, today())


def _expired(inputs: Inputs, day: str) -> tuple[list[Sandbox | RouteGroup], dict[str, list[Problem]]]:
    """Returns what has expired on a day, and what is told of that which `prune` would leave."""
    from sandlane.reports.listing import expired, kept  # it loads what previews need

    gone = expired(inputs, day)
    return gone, kept(inputs, gone)


def _past(
    session: s.Session, gone: Sequence[Sandbox | RouteGroup], joined: Mapping[str, Sequence[Problem]], day: str | None
) -> Iterator[Problem]:
    """Yields what a code host is told of specs that have expired: each at its last day, and where a group joins it."""
    for record in gone:
        values = {"name": record.name, "day": record.expires, "environment": session.shown, "today": day}
        if notices := joined.get(record.name):
            values["hint"] = notices[0].hint
        yield record.problem("SL514", "spec", "expires", **values)
        yield from notices or ()


def _stale(session: s.Session, inputs: Inputs, directory: Path, paths: list[str]) -> Problem:
    """Returns what a code host is told of files that differ: at the first that is there, or else at the environment."""
    count, are = ("1 file", "is") if len(paths) == 1 else (f"{len(paths)} files", "are")
    problem = inputs.environment.problem(
        "SL510", file=s.shown(directory), count=count, are=are, first=paths[0], environment=session.shown
    )
    real = directory.resolve()
    there = next((real / path for path in paths if (real / path).is_file()), None)
    if there is None or not there.is_relative_to(session.tree.root):
        return problem
    source = Source(file=there.relative_to(session.tree.root).as_posix())
    return replace(problem, source=source, path=(), position=(1, 1))


def _tell(directory: Path, found: Mapping[str, Sequence[str]], again: str) -> None:
    """Writes which files differ, and the command that writes them."""
    for name, paths in found.items():
        for path in paths:
            click.echo(f"{verb(name)} {s.shown(directory / path)}")
    count = sum(len(paths) for name, paths in found.items() if name != "foreign")
    if foreign := len(found["foreign"]):
        are = "1 file is" if foreign == 1 else f"{foreign} files are"
        click.echo(
            f"{are} not sandlane's: move {'it' if foreign == 1 else 'them'} out of the output, since Argo CD and Flux would apply "
            f"{'it' if foreign == 1 else 'them'}{', and then:' if count else ''}",
            err=True,
        )
    if count:
        click.echo(f"{count} {'files differ' if count != 1 else 'file differs'}: run '{again}'", err=True)
