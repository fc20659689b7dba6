"""`sandlane check`: tells whether the output directory is what `render` would write."""

from __future__ import annotations

from pathlib import Path

import click

from renderer import write
from renderer.catalogue import report
from renderer.cli import session as s
from renderer.cli.main import CHANGED, FINE
from renderer.pipeline import Unproven, render
from renderer.problems import Invalid

_KINDS = (("missing", "create"), ("stale", "update"), ("extra", "delete"), ("foreign", "foreign"))


@click.command(
    "check",
    help="Tell whether the output directory is what 'render' would write; writes nothing, exits 1 if it is not.",
)
@s.environments
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Look at DIR, not at the environment's output.path.",
)
@s.output_format("text", "json")
def command(environments: tuple[Path, ...], root: Path | None, output: Path | None, output_format: str) -> None:
    """Checks each environment and exits with the gravest status."""
    statuses = []
    for session in s.sessions(environments, root):
        try:
            statuses.append(_check(session, output, output_format))
        except Invalid as invalid:
            statuses.append(s.fail(session, invalid.problems, output_format))
        except Unproven as unproven:
            statuses.append(s.defect(unproven.problems))
    s.leave(statuses)


def _check(session: s.Session, output: Path | None, output_format: str) -> int:
    inputs = session.inputs()
    rendered = render(inputs, is_proved=False)
    directory = session.output(inputs, output)
    try:
        changed = write.changes(directory, rendered.files)
    except (write.UnusableOutput, OSError) as error:
        raise Invalid([report("SL502", file=session.seen(str(directory)), reason=str(error))]) from None
    found = {name: list(getattr(changed, field)) for name, field in _KINDS}
    status = CHANGED if any(found.values()) else FINE
    if output_format == "json":
        s.write_json({"environment": session.shown, "output": session.seen(str(directory)), **found})
        return status
    for name, paths in found.items():
        for path in paths:
            click.echo(f"{name} {session.seen(str(directory / path))}")
    if status:
        count = sum(len(paths) for paths in found.values())
        click.echo(
            f"{count} file{'s differ' if count != 1 else ' differs'}: run 'sandlane render {session.shown}'", err=True
        )
    return status
