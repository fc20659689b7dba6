"""`sandlane diff`: what a change of specs, base or environment does to the output, for the person who reviews it."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.main import CHANGED, FINE
from sandlane.cli.reaching import doors
from sandlane.cli.running import MACHINES, counted, run
from sandlane.cli.terminal import words
from sandlane.files.disk import environment_file
from sandlane.files.git import GitTree
from sandlane.files.tree import NoRevision, OutsideRoot, Unreadable
from sandlane.meshes.registry import MESHES
from sandlane.output.changes import OfAnotherEnvironment, UnusableOutput, changes
from sandlane.pipeline import Rendered, render, written
from sandlane.problems.problem import Invalid
from sandlane.reports.diff.compare import Difference, compare
from sandlane.reports.diff.data import data
from sandlane.reports.diff.sides import EMPTY, Side, rendered_side, written_side
from sandlane.specs.inputs import Inputs, read_inputs

_OF_HOSTS = tuple(name for name in MACHINES if name != "json")
_PROVED_TENANTS = 300
"""Up to so many tenants a difference is proved: of 1,000 it would cost as much again as all the rest (benchmarks/scaling.py)."""
_WRITERS = {"text": "text.text", "markdown": "markdown.markdown", "html": "page.page"}
"""Format -> the function below `sandlane.reports.diff` that writes it, imported when it is asked for."""
FORMATS = (*_WRITERS, *MACHINES)


@click.command(
    "diff",
    help="Tell what rendering would change: sandbox by sandbox, then object by object. It is compared with the output on disk, "
    "with another directory, or with what a revision of git renders to (`diff origin/main`). Writes nothing.",
)
@click.argument("arguments", nargs=-1, metavar="[REV|DIR] [ENVIRONMENT]...")
@click.option("--rev", metavar="REV", help="Compare with what the inputs at REV render to; no checkout is made.")
@options.root_option
@options.base_option
@options.only_tracked_option
@click.option("--exit-code", is_flag=True, help="Exit 1 if there is a difference.")
@options.output_format(*FORMATS)
def command(
    arguments: tuple[str, ...],
    rev: str | None,
    root: Path | None,
    base: tuple[str, ...],
    only_tracked: bool,
    exit_code: bool,
    output_format: str,
) -> None:
    """Compares each environment and exits with the gravest status."""
    directory, rev, environments = _meant(arguments, rev)
    sessions = s.sessions(environments, root, base, only_tracked=only_tracked)
    if directory and len(sessions) > 1:
        raise click.UsageError("a directory to compare with goes with one environment")

    def diff(session: s.Session) -> tuple[int, dict[str, Any]]:
        is_text = output_format == "text"
        difference, against, stale = _difference(session, directory, rev, looks_at_disk=is_text)
        problems = {"problems": session.as_data(difference.new_notices)} if output_format in _OF_HOSTS else {}
        new, gone = (tuple(session.as_seen(n)) for n in (difference.new_notices, difference.gone_notices))
        difference = replace(difference, new_notices=new, gone_notices=gone)
        _tell(session, difference, against, output_format)
        if stale:
            words(f"{s.shown(stale)}: not what the inputs render to: run 'sandlane check {session.shown}'")
        return (CHANGED if difference and exit_code else FINE), {"against": against, **data(difference), **problems}

    run(sessions, output_format, diff)


def _meant(arguments: tuple[str, ...], rev: str | None) -> tuple[Path | None, str | None, list[Path]]:
    """Tells environments, a directory and a revision apart: what is there is a path, and anything else a revision."""
    directory: Path | None = None
    environments = []
    for argument in arguments:
        path = Path(argument)
        if environment_file(path).is_file():
            environments.append(path)
        elif path.is_dir() and directory is None and rev is None:
            directory = path
        elif not path.exists() and directory is None and rev is None:
            rev = argument
        else:
            raise click.UsageError(
                f"'{argument}' is no environment, and what to compare with is given already: it is one directory or one revision"
            )
    return directory, rev, environments


def _difference(
    session: s.Session, directory: Path | None, rev: str | None, *, looks_at_disk: bool
) -> tuple[Difference, str, Path | None]:
    """Returns the difference, what it is against, and the output on disk where that is looked at, no part of it, and stale."""
    inputs = session.inputs()
    rendered = render(inputs, is_proved=False)
    after = rendered_side(inputs, rendered.objects, rendered.notices)
    if rev is not None:
        before, against = _at_revision(session, rev), rev
        stale = _stale(session, inputs, rendered) if looks_at_disk else None
    else:
        place = session.output(inputs, directory)
        before, against, stale = written_side(session.read_output(inputs, place)[1]), s.shown(place), None
    mesh = MESHES[inputs.environment.mesh]
    unroutable = mesh.unroutable(inputs.environment, inputs.base)
    difference = compare(before, after, rendered.plan, unroutable, doors(inputs, rendered))
    proved = replace(difference, proved=_proved(inputs, rendered)) if difference else difference
    return proved, against, stale


def _stale(session: s.Session, inputs: Inputs, rendered: Rendered) -> Path | None:
    """Returns the output on disk if it is there and not what was rendered; why is for `check` to say, also where it is unusable."""
    place = session.tree.root / inputs.environment.directory / inputs.environment.output.path
    if session.base or not os.path.isdir(place):  # noqa: PTH112
        return None
    try:
        found = changes(session.output(inputs, None), rendered.files)
    except (Invalid, UnusableOutput, OfAnotherEnvironment, OSError):
        return place
    return place if found or found.foreign else None


def _proved(inputs: Inputs, rendered: Rendered) -> int | None:
    """Returns for how many combinations of tenant, Service and port the promises hold; None where that would take long.

    Raises what `render` raises where they do not.
    """
    if len(rendered.plan.tenants) > _PROVED_TENANTS:
        return None
    from sandlane.proof import prove  # what has no difference does without
    from sandlane.proof.claims import claims_of
    from sandlane.proof.scope import scope_of

    output, claims = written(rendered.objects), claims_of(inputs)
    if prove(inputs.base, output, claims):
        render(inputs)
    return len(scope_of(inputs.base, claims).judged)


def _at_revision(session: s.Session, rev: str) -> Side:
    """Returns what the inputs at a revision render to; nothing where the environment was not there."""
    path = Path(os.path.realpath(session.file)).relative_to(session.tree.root).as_posix()
    try:
        with GitTree(session.tree.root, rev) as tree:
            if tree.kind(path) is None:
                return EMPTY
            entries = tuple(s.entry_of(session.tree, entry) for entry in session.base)
            inputs: Inputs = read_inputs(tree, path, base_entries=entries or None)
            rendered = render(inputs, is_proved=False)
    except NoRevision as error:
        raise click.UsageError(str(error)) from None
    except (OutsideRoot, Unreadable) as error:
        raise click.UsageError(f"at {rev}: {error}") from None
    except Invalid as invalid:
        first = invalid.problems[0]
        where = f"{first.source.file}: " if first.source else ""
        raise click.UsageError(
            f"the inputs at {rev} have {counted(invalid.problems)}, so there is nothing to compare with: "
            f"{where}{first.code} {first.text}"
        ) from None
    return rendered_side(inputs, rendered.objects, rendered.notices)


def _tell(session: s.Session, difference: Difference, against: str, output_format: str) -> None:
    if output_format in _WRITERS:
        module, _, function = _WRITERS[output_format].partition(".")
        write = getattr(import_module(f"sandlane.reports.diff.{module}"), function)
        click.echo(write(difference, session.shown, against), nl=False)
