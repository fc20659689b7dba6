"""`sandlane check`: tells whether the output directory is what `render` would write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sandlane.cli import session as s
from sandlane.cli.changing import day_of, today
from sandlane.cli.main import CHANGED, FINE
from sandlane.output import write
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from sandlane.reports.listing import expired

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
@s.environments
@s.base_option
@s.output_option("Look at")
@click.option("--as-of", metavar="DATE|today", help="Also fail for sandboxes that have expired on this day, in UTC.")
@s.output_format("text", "json")
def command(
    environments: tuple[Path, ...],
    root: Path | None,
    base: tuple[str, ...],
    output: Path | None,
    as_of: str | None,
    output_format: str,
) -> None:
    """Checks each environment and exits with the gravest status."""
    sessions = s.sessions(environments, root, base)
    if output and len(sessions) > 1:
        raise click.UsageError("--output goes with one environment")
    day = day_of(as_of, today()) if as_of else None
    s.run(sessions, output_format, lambda session: _check(session, output, day, output_format))


def _check(session: s.Session, output: Path | None, day: str | None, output_format: str) -> tuple[int, dict[str, Any]]:
    inputs = session.inputs()
    rendered = render(inputs, is_proved=False)
    directory = session.output(inputs, output)
    try:
        changed = write.changes(directory, rendered.files)
    except (write.UnusableOutput, write.OfAnotherEnvironment, OSError) as error:
        raise Invalid([s.unusable(directory, error)]) from None
    found = {name: [path for field in fields for path in getattr(changed, field)] for name, fields in _KINDS}
    if output_format == "text":
        session.tell(problem for problem in inputs.problems if problem.level == "notice")  # on what is not read
    count = sum(len(paths) for paths in found.values())
    if output_format == "text":
        for name, paths in found.items():
            for path in paths:
                click.echo(f"{name} {s.shown(directory / path)}")
        if count:
            words = "files differ" if count != 1 else "file differs"
            click.echo(f"{count} {words}: run 'sandlane render {session.shown}'", err=True)
    gone = expired(inputs, day) if day else []
    if output_format == "text":
        for record in gone:
            click.echo(f"expired {session.seen(record.source.file)}: {record.name}, with {record.expires}")
        if gone:
            click.echo(f"{len(gone)} expired: run 'sandlane prune {session.shown} --as-of {day}'", err=True)
    result = {"output": s.shown(directory), **found}
    return (CHANGED if count or gone else FINE), result | ({"expired": [r.name for r in gone]} if day else {})
