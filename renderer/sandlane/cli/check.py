"""`sandlane check`: tells whether the output directory is what `render` would write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sandlane.cli import session as s
from sandlane.cli.main import CHANGED, FINE
from sandlane.output import write
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid

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
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Look at DIR, not at the environment's output.path.",
)
@s.output_format("text", "json")
def command(
    environments: tuple[Path, ...],
    root: Path | None,
    base: tuple[str, ...],
    output: Path | None,
    output_format: str,
) -> None:
    """Checks each environment and exits with the gravest status."""
    sessions = s.sessions(environments, root, base)
    if output and len(sessions) > 1:
        raise click.UsageError("--output goes with one environment")
    s.run(sessions, output_format, lambda session: _check(session, output, output_format))


def _check(session: s.Session, output: Path | None, output_format: str) -> tuple[int, dict[str, Any]]:
    inputs = session.inputs()
    rendered = render(inputs, is_proved=False)
    directory = session.output(inputs, output)
    try:
        changed = write.changes(directory, rendered.files)
    except (write.UnusableOutput, write.OfAnotherEnvironment, OSError) as error:
        raise Invalid([s.unusable(directory, error)]) from None
    found = {name: [path for field in fields for path in getattr(changed, field)] for name, fields in _KINDS}
    count = sum(len(paths) for paths in found.values())
    if output_format == "text":
        for name, paths in found.items():
            for path in paths:
                click.echo(f"{name} {s.shown(directory / path)}")
        if count:
            words = "files differ" if count != 1 else "file differs"
            click.echo(f"{count} {words}: run 'sandlane render {session.shown}'", err=True)
    return (CHANGED if count else FINE), {"output": s.shown(directory), **found}
