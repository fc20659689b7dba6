"""`sandlane render`: writes the output directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.main import CHANGED, FINE
from sandlane.cli.running import MACHINES, run
from sandlane.cli.terminal import verb, verbosity, words, working
from sandlane.cli.writing import write_files
from sandlane.files.tree import STREAM
from sandlane.output.changes import Changes
from sandlane.output.layout import path_of
from sandlane.output.passthrough import as_whole, objects_in, passed_through
from sandlane.pipeline import Rendered, render, render_valid
from sandlane.problems.problem import Source, did_you_mean
from sandlane.yamlio import read as yamlio
from sandlane.yamlio.write import Emitter


@click.command(
    "render", help="Write the output directory: clones and routes of every sandbox. Only changed files are touched."
)
@options.environments
@options.base_option
@options.only_tracked_option
@click.option("--exit-code", is_flag=True, help="Exit 1 if anything changed (for hooks).")
@options.output_option("Write to")
@click.option("--stdout", "to_stdout", is_flag=True, help="Print the manifests as one stream; write nothing.")
@click.option(
    "--passthrough",
    is_flag=True,
    help="With --base - and --stdout: print all that was piped in, with what sandboxes add, as a post-renderer of Helm does.",
)
@click.option("--only", metavar="PATH", help="With --stdout: only what lies below PATH, such as sandboxes/dev1.")
@click.option(
    "--keep-going", is_flag=True, help="Leave out the sandboxes that have errors of their own, list them, and exit 1."
)
@options.output_format("text", *MACHINES)
def command(
    environments: tuple[Path, ...],
    root: Path | None,
    base: tuple[str, ...],
    only_tracked: bool,
    exit_code: bool,
    output: Path | None,
    to_stdout: bool,
    passthrough: bool,
    only: str | None,
    keep_going: bool,
    output_format: str,
) -> None:
    """Renders each environment and exits with the gravest status."""
    sessions = s.sessions(environments, root, base, only_tracked=only_tracked)
    if passthrough and (base != (STREAM,) or not to_stdout or only or len(sessions) > 1):
        raise click.UsageError("--passthrough goes with '--base - --stdout', one environment and without --only")
    if passthrough:
        run(sessions, "text", lambda session: _pass_through(session, keep_going))
    if only and not to_stdout:
        raise click.UsageError("--only goes with --stdout")
    if output and (to_stdout or len(sessions) > 1):
        raise click.UsageError("--output goes with one environment and without --stdout")
    if to_stdout and output_format in MACHINES:
        raise click.UsageError("--stdout prints manifests: leave --format out")
    run(
        sessions,
        output_format,
        lambda session: _render(session, output, to_stdout, only, exit_code, keep_going, output_format),
        writes=not to_stdout,
    )


def _render(
    session: s.Session,
    output: Path | None,
    to_stdout: bool,
    only: str | None,
    exit_code: bool,
    keep_going: bool,
    output_format: str,
) -> tuple[int, dict[str, Any]]:
    inputs = session.inputs()
    with working(f"rendering {session.shown}"):
        rendered = render_valid(inputs) if keep_going else render(inputs)
    if output_format == "text":
        session.tell(rendered.notices)
    result: dict[str, Any] = {}
    is_changed = False
    if to_stdout:
        _print(rendered, only, s.shown(session.output(inputs, output)))
    else:
        directory = session.output(inputs, output)
        changed = write_files(directory, rendered.files)
        is_changed = bool(changed)
        result = _as_data(session, rendered, directory, changed)
        if output_format == "text":
            _tell(directory, changed)
    if output_format == "text":
        session.tell_left_out(rendered.left_out)
    status = CHANGED if rendered.left_out or (exit_code and is_changed) else FINE
    return status, result


def _pass_through(session: s.Session, keep_going: bool) -> tuple[int, dict[str, Any]]:
    """Prints the stream as it was read, with what sandboxes add."""
    inputs = as_whole(session.inputs())
    rendered = render_valid(inputs) if keep_going else render(inputs)
    session.tell(problem for problem in rendered.notices if problem.code != "SL340")
    documents = yamlio.read(session.tree.read(STREAM), STREAM)
    read = objects_in((Source(file=STREAM, document=document.index), document.data) for document in documents)
    emitter = Emitter([manifest for _, manifest in read])
    for placed, manifest in passed_through(read, rendered.objects):
        comment = f"# Source: {path_of(placed)}\n" if placed else ""
        click.echo(f"---\n{comment}{emitter.write(manifest)}", nl=False)
    session.tell_left_out(rendered.left_out)
    return (CHANGED if rendered.left_out else FINE), {}


def _print(rendered: Rendered, only: str | None, directory: str) -> None:
    """Prints the files below a path, as seen from the output directory or, as they are told, from here."""
    prefix = (only or "").strip("/")
    files = {path: text for path, text in rendered.files.items() if path.endswith(".yaml")}
    if not any(_is_below(path, prefix) for path in files):
        prefix = prefix.removeprefix(f"{directory}/")
    chosen = {path: text for path, text in files.items() if _is_below(path, prefix)}
    if prefix and not chosen:
        known = {"/".join(path.split("/")[:2]) for path in rendered.files if path.endswith(".yaml")}
        guess = did_you_mean(prefix, known, otherwise=f"known: {', '.join(sorted(known))}")
        raise click.UsageError(f"nothing is rendered below '{only}': {guess}")
    for path, text in chosen.items():
        click.echo(f"---\n# Source: {path}\n{text.partition(chr(10))[2]}", nl=False)


def _is_below(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(f"{prefix}/")


def _as_data(session: s.Session, rendered: Rendered, directory: Path, changed: Changes) -> dict[str, Any]:
    return {
        "output": s.shown(directory),
        "created": changed.create,
        "updated": changed.update,
        "deleted": (*changed.delete, *changed.leftovers),
        "unchanged": changed.unchanged,
        "problems": session.as_data(rendered.notices),
        "left_out": session.as_data(rendered.left_out),
    }


def _tell(directory: Path, changed: Changes) -> None:
    for what, paths in (
        ("create", changed.create),
        ("update", changed.update),
        ("delete", (*changed.delete, *changed.leftovers)),
    ):
        for path in paths:
            if verbosity() >= 0:
                click.echo(f"{verb(what)} {s.shown(directory / path)}")
    words(
        f"{s.shown(directory)}: {len(changed.create)} created, {len(changed.update)} updated, {len(changed.delete)} deleted, "
        f"{changed.unchanged} unchanged"
    )
