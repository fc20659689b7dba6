"""`sandlane delete`: removes the specs of sandboxes and route groups, and renders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.changing import locked_specs, try_change, write_change
from sandlane.cli.completing import sandboxes
from sandlane.cli.running import run
from sandlane.cli.terminal import Refused
from sandlane.problems.problem import Source, did_you_mean
from sandlane.specs.editing import removed
from sandlane.specs.inputs import Inputs


@click.command("delete", help="Remove the specs of sandboxes and route groups, then render.")
@click.argument("names", nargs=-1, required=True, shell_complete=sandboxes, metavar="NAME...")
@click.option("--no-render", is_flag=True, help="Remove the specs only.")
@options.one_environment
def command(names: tuple[str, ...], no_render: bool, environment: Path | None, root: Path | None) -> None:
    """Removes specs of one environment."""
    sessions = s.sessions([environment] if environment else [], root)
    run(sessions, "text", lambda session: _delete(session, names, not no_render), writes=True)


def _delete(session: s.Session, names: Iterable[str], is_rendered: bool) -> tuple[int, dict[str, Any]]:
    with locked_specs(session, session.inputs()):
        inputs = session.inputs()
        known = {sandbox.name: sandbox.source for sandbox in inputs.sandboxes}
        known |= {group.name: group.source for group in inputs.groups}
        for name in names:
            if name not in known:
                raise Refused(_unknown(session, inputs, name, known))
        return remove_specs(session, {name: known[name] for name in names}, is_rendered=is_rendered), {}


def remove_specs(session: s.Session, sources: dict[str, Source], *, is_rendered: bool) -> int:
    """Removes specs, each with its file where nothing else is left in it, renders, and says so. The specs are locked."""
    staged: dict[str, bytes | None] = {}
    for file in sorted({source.file for source in sources.values()}):
        text = session.tree.read(file).decode()
        for document in _documents(file, sources.values()):
            text = removed(text, document)
        staged[file] = text.encode() if text else None
    tried = try_change(session, staged)
    said = [
        f"{session.seen(source.file)}: {name} {'removed' if staged[source.file] is None else 'taken out'}"
        for name, source in sorted(sources.items())
    ]
    return write_change(session, staged, tried, said, is_rendered=is_rendered)


def _documents(file: str, sources: Iterable[Source]) -> list[int]:
    """Returns the numbers of documents of a file, the last first."""
    return sorted((source.document for source in sources if source.file == file), reverse=True)


def _unknown(session: s.Session, inputs: Inputs, name: str, known: Iterable[str]) -> str:
    if name in inputs.rejected:
        return f"the spec of '{name}' has mistakes, so that it is not clear which one it is: remove its file"
    guess = did_you_mean(name, known, otherwise=f"there are {', '.join(sorted(known)) or 'none'}")
    return f"no sandbox or route group '{name}' in {session.shown}: {guess}"
