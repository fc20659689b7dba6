"""`sandlane list`: tables of sandboxes, of the base's workloads, and of owned route objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.changing import day_of, today
from sandlane.cli.completing import subjects
from sandlane.cli.main import FINE, INVALID
from sandlane.cli.running import counted, run
from sandlane.cli.terminal import width
from sandlane.meshes.registry import MESHES
from sandlane.pipeline import render_valid
from sandlane.plan.make import make_plan
from sandlane.problems.problem import Invalid, Problem, Source, did_you_mean, visible
from sandlane.reports import listing
from sandlane.reports.diagram import mermaid
from sandlane.reports.tables import lines
from sandlane.specs.inputs import Inputs

SUBJECTS = ("sandboxes", "workloads", "owned")


@click.command("list", help="List 'sandboxes' (default), 'workloads' of the base, or 'owned' route objects.")
@click.argument("arguments", nargs=-1, shell_complete=subjects, metavar="[sandboxes|workloads|owned] [ENVIRONMENT]...")
@options.root_option
@options.base_option
@click.option("--as-of", metavar="DATE|today", help="Show what has expired on this day, in UTC, as EXPIRED.")
@options.output_format("text", "json", "mermaid")
def command(
    arguments: tuple[str, ...], root: Path | None, base: tuple[str, ...], as_of: str | None, output_format: str
) -> None:
    """Lists one subject of each environment."""
    subject, rest = (
        (arguments[0], arguments[1:]) if arguments and arguments[0] in SUBJECTS else ("sandboxes", arguments)
    )
    if len(arguments) == 1 and rest and not Path(arguments[0]).exists():
        near = did_you_mean(arguments[0], SUBJECTS)
        if near:
            raise click.UsageError(f"'{arguments[0]}' is neither a subject nor an environment: {near}")
    if output_format == "mermaid" and subject != "sandboxes":
        raise click.UsageError("--format mermaid draws sandboxes")
    day = day_of(as_of, today()) if as_of else None
    sessions = s.sessions([Path(a) for a in rest], root, base)
    is_headed = len(sessions) > 1 and output_format != "json"
    run(sessions, output_format, lambda session: _list(session, subject, output_format, is_headed, day))


def _list(
    session: s.Session, subject: str, output_format: str, is_headed: bool, day: str | None
) -> tuple[int, dict[str, Any]]:
    inputs = session.inputs()
    problems = _problems(inputs) if subject == "sandboxes" else ()
    rows = [_seen(session, row) for row in _ROWS[subject](inputs, frozenset(p.sandbox for p in problems if p.sandbox))]
    if day and subject == "sandboxes":
        gone = {record.name for record in listing.expired(inputs, day)}
        rows = [{**row, "expired": row["name"] in gone} for row in rows]
    if is_headed:
        click.echo(f"# {session.shown}" if output_format == "text" else f"%% {session.shown}")
    if output_format == "text":
        _table(subject, rows)
    elif output_format == "mermaid":
        click.echo(mermaid(make_plan(inputs, MESHES[inputs.environment.mesh].pod_labels), inputs), nl=False)
    if problems and output_format != "json":
        session.tell(problems)
        click.echo(f"{counted(problems)} of specs that cannot be rendered", err=True)
    result = {"name": inputs.environment.name, subject: rows}
    return (INVALID if problems else FINE), result | ({"problems": session.as_data(problems)} if problems else {})


def _problems(inputs: Inputs) -> Sequence[Problem]:
    """Returns why specs cannot be rendered."""
    try:
        return render_valid(inputs, is_proved=False).left_out
    except Invalid as invalid:
        return invalid.problems


def _seen(session: s.Session, row: dict[str, Any]) -> dict[str, Any]:
    """Returns a row whose files are paths from where the user stands."""
    return {key: session.seen(value) if key in ("file", "base") else value for key, value in row.items()}


_ROWS: dict[str, Callable[[Inputs, frozenset[Source]], list[dict[str, Any]]]] = {
    "sandboxes": listing.sandboxes,
    "workloads": lambda inputs, _: listing.workloads(inputs),
    "owned": lambda inputs, _: listing.owned(inputs),
}


def _sandbox(row: dict[str, Any]) -> list[str]:
    what = ", ".join(row["workloads"]) or f"group of {', '.join(row['sandboxes'])}"
    notes = ["EXPIRED"] if row.get("expired") else []
    notes += ["suspended"] if row["suspended"] else []
    notes += [] if row["renders"] else ["cannot be rendered"]
    notes += [f"0 pods of {name}: its requests get 503" for name in row["withoutPods"]]
    notes += [f"preview {row['previewURL'] or row['preview']}"] if row["preview"] else []
    notes += [f"accepts {a['code']} {a['object']}: {a['reason']}" for a in row["accepted"]]
    return [row["name"], row["tenantID"], row["owner"] or "-", row["expires"] or "-", what, "; ".join(notes) or "-"]


def _workload(row: dict[str, Any]) -> list[str]:
    ports = [
        f"{service['name']}:{port['port']}"
        for service in row["services"]
        for port in service["ports"]
        if not port["unroutable"] and not port["lost"]
    ]
    notes = [row["reason"]] if row["reason"] else []
    notes += [
        f"{service['name']}:{port['port']}: {port['unroutable'] or port['lost']}"
        for service in row["services"]
        for port in service["ports"]
        if port["unroutable"] or port["lost"]
    ]
    notes += [] if row["services"] else ["no Service selects it"]
    return [row["workload"], "yes" if row["clonable"] else "no", ", ".join(ports) or "-", "; ".join(notes) or "-"]


_COLUMNS: dict[str, tuple[list[str], Callable[[dict[str, Any]], list[str]]]] = {
    "sandboxes": (["NAME", "TENANTID", "OWNER", "EXPIRES", "WORKLOADS", "NOTES"], _sandbox),
    "workloads": (["WORKLOAD", "CLONABLE", "ROUTED PORTS", "NOTES"], _workload),
    "owned": (["OBJECT", "BASE", "OUTPUT"], lambda row: [row["object"], row["base"], row["output"]]),
}


def _table(subject: str, rows: Sequence[dict[str, Any]]) -> None:
    head, cells = _COLUMNS[subject]
    table = [head, *([visible(cell) for cell in cells(row)] for row in rows)]
    for line in lines(table, width()):
        click.echo(line)
