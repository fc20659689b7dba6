"""`sandlane render`: writes the output directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from renderer import write
from renderer.catalogue import report
from renderer.cli import session as s
from renderer.cli.main import CHANGED, FINE
from renderer.pipeline import Rendered, Unproven, render, render_valid
from renderer.problems import Invalid, Problem, did_you_mean


@click.command(
    "render", help="Write the output directory: clones and routes of every sandbox. Only changed files are touched."
)
@s.environments
@click.option("--exit-code", is_flag=True, help="Exit 1 if anything changed (for hooks).")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write to DIR, not to the environment's output.path.",
)
@click.option("--stdout", "to_stdout", is_flag=True, help="Print the manifests as one stream; write nothing.")
@click.option("--only", metavar="PATH", help="With --stdout: only what lies below PATH, such as sandboxes/dev1.")
@click.option(
    "--keep-going", is_flag=True, help="Leave out the sandboxes that have errors of their own, list them, and exit 1."
)
@s.output_format("text", "json")
def command(
    environments: tuple[Path, ...],
    root: Path | None,
    exit_code: bool,
    output: Path | None,
    to_stdout: bool,
    only: str | None,
    keep_going: bool,
    output_format: str,
) -> None:
    """Renders each environment and exits with the gravest status."""
    sessions = s.sessions(environments, root)
    if only and not to_stdout:
        raise click.UsageError("--only goes with --stdout")
    if output and (to_stdout or len(sessions) > 1):
        raise click.UsageError("--output goes with one environment and without --stdout")
    if to_stdout and output_format == "json":
        raise click.UsageError("--stdout prints manifests: leave --format out")
    statuses = []
    for session in sessions:
        try:
            inputs = session.inputs()
            rendered = render_valid(inputs) if keep_going else render(inputs)
            session.tell(rendered.notices if output_format == "text" else ())
            left_out = CHANGED if rendered.left_out else FINE
            if to_stdout:
                _print(rendered, only)
                changed = FINE
            else:
                changed = _write(session, rendered, session.output(inputs, output), output_format)
            _tell_left_out(session, rendered)
            statuses.append(max(left_out, changed if exit_code else FINE))
        except Invalid as invalid:
            statuses.append(s.fail(session, invalid.problems, output_format))
        except Unproven as unproven:
            statuses.append(s.defect(unproven.problems))
    s.leave(statuses)


def _print(rendered: Rendered, only: str | None) -> None:
    prefix = (only or "").strip("/")
    chosen = {path: text for path, text in rendered.files.items() if path.endswith(".yaml") and _is_below(path, prefix)}
    if prefix and not chosen:
        known = {"/".join(path.split("/")[:2]) for path in rendered.files if path.endswith(".yaml")}
        guess = did_you_mean(prefix, known, otherwise=f"known: {', '.join(sorted(known))}")
        raise click.UsageError(f"nothing is rendered below '{only}': {guess}")
    for path, text in chosen.items():
        click.echo(f"---\n# Source: {path}\n{text.partition(chr(10))[2]}", nl=False)


def _is_below(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(f"{prefix}/")


def _write(session: s.Session, rendered: Rendered, directory: Path, output_format: str) -> int:
    """Brings the output directory up to date, and returns whether anything changed."""
    try:
        with write.locked(directory):
            changed = write.changes(directory, rendered.files)
            if changed.foreign:
                raise Invalid(_foreign(session, directory, changed))
            write.apply(directory, rendered.files, changed)
    except (write.UnusableOutput, OSError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        raise Invalid([report("SL502", file=_shown(directory), reason=reason)]) from None
    if output_format == "json":
        s.write_json(
            {
                "environment": session.shown,
                "output": _shown(directory),
                "created": changed.create,
                "updated": changed.update,
                "deleted": changed.delete,
                "unchanged": changed.unchanged,
                "problems": session.as_data(rendered.notices),
                "left_out": session.as_data(rendered.left_out),
            }
        )
    else:
        _tell(directory, changed)
    return CHANGED if changed else FINE


def _foreign(session: s.Session, directory: Path, changed: write.Changes) -> Iterator[Problem]:
    return (report("SL501", file=_shown(directory / path)) for path in changed.foreign)


def _shown(path: Path) -> str:
    import os

    return os.path.relpath(path)


def _tell(directory: Path, changed: write.Changes) -> None:
    for verb, paths in (("create", changed.create), ("update", changed.update), ("delete", changed.delete)):
        for path in paths:
            click.echo(f"{verb} {_shown(directory / path)}")
    click.echo(
        f"{_shown(directory)}: {len(changed.create)} created, {len(changed.update)} updated, {len(changed.delete)} deleted, "
        f"{changed.unchanged} unchanged",
        err=True,
    )


def _tell_left_out(session: s.Session, rendered: Rendered) -> None:
    if not rendered.left_out:
        return
    session.tell(rendered.left_out)
    files = sorted({session.seen(p.sandbox.file) for p in rendered.left_out if p.sandbox})
    click.echo(f"left out because of these problems: {', '.join(files)}", err=True)
