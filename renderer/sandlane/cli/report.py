"""`sandlane report`: one static page of an environment, to look at and to show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.changing import day_of, today
from sandlane.cli.main import FINE, INVALID
from sandlane.cli.running import run
from sandlane.cli.terminal import words, working
from sandlane.output.layout import Placed, path_of
from sandlane.output.write import replace_file
from sandlane.pipeline import Rendered, render_valid, written
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Source
from sandlane.problems.problem import Path as Steps
from sandlane.proof.claims import claims_of
from sandlane.proof.scope import scope_of
from sandlane.reports.page.facts import Facts, Proved, Result, gather
from sandlane.reports.page.page import FILE, MARK, counted, page
from sandlane.semantics.outcomes import Origin
from sandlane.specs.inputs import Inputs, without
from sandlane.yamlio.locate import locate


@click.command(
    "report",
    help="Write one static page: who calls whom, each tenant's clones and the way of its requests, sandboxes with their header set-up, "
    "Services by tenants, problems and what was proved. It opens from disk and loads nothing.",
)
@options.environments
@options.base_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=f"Write {FILE} to DIR.",
)
@click.option("--as-of", metavar="DATE|today", help="Mark what has expired on this day, in UTC.")
@options.output_format("text", "json")
def command(
    environments: tuple[Path, ...],
    root: Path | None,
    base: tuple[str, ...],
    output: Path | None,
    as_of: str | None,
    output_format: str,
) -> None:
    """Writes the page of one environment."""
    if output is None:
        raise click.UsageError("say which directory the page is for: sandlane report -o site")
    sessions = s.sessions(environments, root, base)
    if len(sessions) > 1:
        raise click.UsageError("-o goes with one environment: give each page a directory of its own")
    day = day_of(as_of, today()) if as_of else None
    run(sessions, output_format, lambda session: _report(session, output, day, output_format), writes=True)


def _report(session: s.Session, output: Path, day: str | None, output_format: str) -> tuple[int, dict[str, Any]]:
    file = output / FILE
    _refuse_others(file)
    inputs = session.inputs()
    with working(f"rendering and proving {session.shown}"):
        rendered = render_valid(inputs)
    view = _View(session=session, rendered=rendered)
    facts = gather(inputs, _result(session, inputs, rendered), view.rule, view.located, day)
    is_changed = _write(file, page(facts, view.located))
    if output_format == "text":
        click.echo(s.shown(file))
        words(f"{_told(facts)}{'' if is_changed else ': the page says so already'}")
        session.tell_left_out(rendered.left_out)
    result = {
        "page": s.shown(file),
        "changed": is_changed,
        **_as_data(facts),
        "problems": session.as_data(rendered.left_out),
    }
    return (INVALID if rendered.left_out else FINE), result


def _refuse_others(file: Path) -> None:
    """Raises Invalid where a file is there that is no page of ours, or none at all."""
    try:
        is_other = file.exists() and MARK not in file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Invalid([report("SL513", file=s.shown(file), reason=error.strerror or str(error))]) from None
    if is_other:
        raise Invalid([report("SL512", file=s.shown(file))])


def _write(file: Path, text: str) -> bool:
    try:
        return replace_file(file, text)
    except OSError as error:
        raise Invalid([report("SL513", file=s.shown(file), reason=error.strerror or str(error))]) from None


def _result(session: s.Session, inputs: Inputs, rendered: Rendered) -> Result:
    problems = session.place([*rendered.notices, *rendered.left_out])
    wrong = frozenset(problem.sandbox for problem in rendered.left_out if problem.sandbox)
    objects = written(rendered.objects)
    scope = scope_of(inputs.base, claims_of(without(inputs, set(wrong))))
    proved = Proved(
        tenants=scope.tenants, combinations=len(scope.judged), objects=len(objects.resources), unjudged=scope.unjudged
    )
    return Result(plan=rendered.plan, objects=objects.resources, problems=tuple(problems), wrong=wrong, proved=proved)


class _View:
    """Places as the page shows them: from the root, wherever the user stands, so that the page is the same."""

    def __init__(self, session: s.Session, rendered: Rendered) -> None:
        self._session = session
        self._files = rendered.files
        self._placed: dict[Any, Placed] = {placed.id: placed for placed in rendered.objects}
        self._lines: dict[tuple[str, Steps], int | None] = {}

    def rule(self, origin: Origin) -> tuple[str, int | None]:
        """Returns file and line of what decides on a request, in the output or in the base."""
        placed = self._placed.get(origin.resource.id)
        if placed is None:
            source = origin.resource.source
            found = self._session.locate(source, origin.path)
            return source.file, found[0] if found else None
        path = path_of(placed)
        key = (path, origin.path)
        if key not in self._lines:
            found = locate(self._files[path].encode(), 0, origin.path)
            self._lines[key] = found[0] if found else None
        return path, self._lines[key]

    def located(self, source: Source, path: Steps) -> str:
        """Returns a place of the inputs, with its line where it is a value."""
        found = self._session.locate(source, path) if path else None
        return source.file + (f":{found[0]}" if found else "")


def _told(facts: Facts) -> str:
    parts = (
        counted(len(facts.records), "sandbox", "sandboxes"),
        counted(len(facts.graph.arrows), "call"),
        f"proved for {counted(facts.proved.combinations, 'combination')} of tenant, Service and port",
    )
    return ", ".join(parts)


def _as_data(facts: Facts) -> dict[str, Any]:
    return {
        "name": facts.name,
        "sandboxes": len(facts.records),
        "calls": len(facts.graph.arrows),
        "proved": facts.proved.combinations,
    }
