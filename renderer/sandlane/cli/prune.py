"""`sandlane prune`: removes the specs of sandboxes and route groups that have expired, and renders.

A sandbox that a group which goes on joins by name stays, and is told: without it the group would be wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.changing import day_of, locked_specs, today
from sandlane.cli.delete import remove_specs
from sandlane.cli.main import FINE
from sandlane.cli.running import run
from sandlane.reports.listing import expired, kept
from sandlane.specs.model import RouteGroup, Sandbox


@click.command("prune", help="Remove the specs of sandboxes and route groups that have expired, then render.")
@options.environments
@click.option("--as-of", metavar="DATE|today", help="The day that it is, in UTC.")
@click.option("--dry-run", is_flag=True, help="Tell which, and remove nothing.")
@click.option("--no-render", is_flag=True, help="Remove the specs only.")
@options.output_format("text", "json")
def command(
    environments: tuple[Path, ...],
    root: Path | None,
    as_of: str | None,
    dry_run: bool,
    no_render: bool,
    output_format: str,
) -> None:
    """Removes what has expired in each environment."""
    if as_of is None:
        raise click.UsageError("say the day by which sandboxes have to have expired: sandlane prune --as-of today")
    day = day_of(as_of, today())
    run(
        s.sessions(environments, root),
        output_format,
        lambda session: _prune(session, day, dry_run, not no_render, output_format),
        writes=not dry_run,
    )


def _prune(
    session: s.Session, day: str, is_dry: bool, is_rendered: bool, output_format: str
) -> tuple[int, dict[str, Any]]:
    with locked_specs(session, session.inputs()):
        inputs = session.inputs()
        past = expired(inputs, day)
        joined = kept(inputs, past)
        gone = [record for record in past if record.name not in joined]
        if output_format == "text":
            for record in gone:
                last, file = record.expires, session.seen(record.source.file)
                click.echo(
                    f"{file}: {record.name} expired with {last}"
                    + ("" if record.owner is None else f", of {record.owner}")
                )
            session.tell(problem for problems in joined.values() for problem in problems)
            if not past:
                click.echo(f"{session.shown}: nothing has expired as of {day}", err=True)
        status = FINE
        if gone and not is_dry:
            status = remove_specs(session, {r.name: r.source for r in gone}, is_rendered=is_rendered)
    rows = [_row(session, record) for record in gone]
    stay = [
        _row(session, record) | {"problems": session.as_data(joined[record.name])}
        for record in past
        if record.name in joined
    ]
    return status, {"asOf": day, "expired": rows, "kept": stay, "removed": bool(gone) and not is_dry}


def _row(session: s.Session, record: Sandbox | RouteGroup) -> dict[str, Any]:
    file = session.seen(record.source.file)
    return {"name": record.name, "expires": record.expires, "owner": record.owner, "file": file}
