"""What every command does last: it runs for each environment, tells what is wrong, and ends with the gravest status."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from sandlane.cli.main import DEFECT, INVALID
from sandlane.cli.terminal import amount, words
from sandlane.cli.view import View
from sandlane.cli.writing import Unwritten
from sandlane.pipeline import Unproven
from sandlane.problems.problem import Invalid, Problem

V = TypeVar("V", bound=View)

MACHINES = ("json", "sarif", "github", "gitlab")
"""Formats that are for machines: results whole as JSON, or their problems as code hosts show them beside the lines."""


def as_machines_read(output: str, results: Sequence[Mapping[str, Any]]) -> str:
    """Returns the results of environments in a format of `MACHINES`."""
    if output == "json":
        return json.dumps({"environments": results}, indent=2, ensure_ascii=False)
    from sandlane.reports.code_hosts import FORMATS  # what only CI asks for

    return FORMATS[output]([p for result in results for name in _TOLD for p in result.get(name, ())])


_TOLD = ("problems", "left_out")


def run(
    sessions: Sequence[V], output: str, action: Callable[[V], tuple[int, dict[str, Any]]], *, writes: bool = False
) -> None:
    """Runs an action for each environment, tells what is wrong, writes the results as JSON if wanted, and exits.

    The action returns an exit status and its result; the gravest status is the command's. `writes` says that it would have
    written something.
    """
    where = " for this environment" if len(sessions) > 1 else ""
    statuses: list[int] = []
    results: list[dict[str, Any]] = []
    for session in sessions:
        result: dict[str, Any] = {}
        problems: Sequence[Problem] = ()
        start = time.monotonic()
        try:
            status, result = action(session)
            words(f"{session.shown}: took {time.monotonic() - start:.2f} s", least=1)
        except Invalid as invalid:
            status, problems = INVALID, invalid.problems
            said = f"{counted(problems)}{', nothing was written' if writes else ''}{where}"
        except Unwritten as unwritten:
            status, problems = INVALID, unwritten.args
            said = "the output may be incomplete: run 'sandlane render' again"
        except Unproven as unproven:
            status, problems, said = DEFECT, unproven.problems, _DEFECT
        if problems and output in MACHINES:
            result = {"problems": session.as_data(problems)}
        elif problems:
            session.tell(problems)
            click.echo(said, err=True)
        session.close()
        statuses.append(status)
        results.append({"environment": session.shown, **result})
    if output in MACHINES:
        click.echo(as_machines_read(output, results))
    sys.exit(max(statuses, default=0))


_DEFECT = (
    "the output does not keep sandlane's promises, so nothing was written: this is a defect of sandlane, "
    "not of your files: please report it with the lines above"
)


def counted(problems: Sequence[Problem]) -> str:
    """Returns how many errors there are, in words."""
    errors = sum(p.level == "error" for p in problems)
    return amount(errors, "problem")
