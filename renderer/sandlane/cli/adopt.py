"""`sandlane adopt`: which route objects the output has to own, and the two commits by which they change hands."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

import click

from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.changing import Staged, try_change, write_change, write_staged
from sandlane.cli.main import FINE
from sandlane.cli.running import run
from sandlane.files.disk import DiskTree
from sandlane.frozen import frozen
from sandlane.meshes.adoption import Proposal, proposals
from sandlane.problems.problem import Invalid
from sandlane.reports.handover.edits import Texts, move, protect
from sandlane.reports.handover.layout import Position, is_handed_over, positions
from sandlane.specs.inputs import Inputs
from sandlane.specs.rewriting import Uneditable

FIRST = """\
Commit 1, which keeps their present owner (Argo CD or Flux) from pruning them. Let it sync before commit 2.
Until commit 2 no sandbox is routed by these objects: an owner that heals what others change would undo it."""
SECOND = """\
Commit 2, which moves them to a directory that 'base' lists and their old owner does not apply, and adopts them; what 'sandlane render'
then writes belongs to it. Whoever syncs first, the objects stay, and from then on the output applies them."""
FULL = """\
Without any of this: with 'output: {base: full}' the output holds the whole base, and Argo CD or Flux applies it in the base's place."""
MADE = """\
'{object}' of {file} is made by a tool (Helm, or 'sandlane build'), so its old owner's files are not here. Before commit 1 syncs, mark the live object:
  kubectl -n {namespace} annotate {kind}/{name} helm.sh/resource-policy=keep argocd.argoproj.io/sync-options=Prune=false kustomize.toolkit.fluxcd.io/prune=disabled
and in commit 2 leave it out of what the old owner applies, by the chart's values or a patch there."""  # noqa: E501
BY_HAND = """\
By hand: annotate each where it stands with 'argocd.argoproj.io/sync-options: Prune=false' and 'kustomize.toolkit.fluxcd.io/prune: disabled', and let that sync;
then move it to a directory that 'base' lists and its old owner does not apply, name it in 'routes.adopt', and render, all in one commit."""  # noqa: E501


@frozen(kw_only=True)
class _Handover:
    """What is to be handed over, where it stands, and the files of both commits, or why they cannot be edited here."""

    pending: tuple[Proposal, ...]
    positions: tuple[Position, ...] = ()
    first: Texts = field(default_factory=dict)
    second: Texts = field(default_factory=dict)
    why_not: str = ""


@click.command(
    "adopt",
    help="Propose the base route objects that the output has to own, and print the edits of the two commits by which they change hands.",
)
@options.environments
@click.option(
    "--write", is_flag=True, help="Make the edits of the next of the two commits, and render after the second."
)
@options.output_format("text", "json")
def command(environments: tuple[Path, ...], root: Path | None, write: bool, output_format: str) -> None:
    """Proposes what to adopt in each environment; writes nothing without --write."""
    run(s.sessions(environments, root), output_format, lambda session: _adopt(session, write, output_format))


def _adopt(session: s.Session, is_written: bool, output_format: str) -> tuple[int, dict[str, Any]]:
    inputs = session.inputs()
    found = proposals(inputs)
    handover = _handover(session, inputs, found)
    if output_format == "text":
        _tell(session, found, handover, is_written=is_written)
    if is_written and handover.pending and not handover.why_not:
        return _write(session, handover), {"adopt": [_row(session, proposal) for proposal in found]}
    steps = [{"commit": n, "diff": _diff(session, texts)} for n, texts in _commits(handover)]
    return FINE, {"adopt": [_row(session, proposal) for proposal in found], "steps": steps}


def _commits(handover: _Handover) -> list[tuple[int, tuple[Texts, Texts]]]:
    """Returns the commits that are still to be made, each with the files before it and after."""
    commits: list[tuple[int, tuple[Texts, Texts]]] = [(1, ({}, handover.first)), (2, (handover.first, handover.second))]
    return [(number, texts) for number, texts in commits if texts[1]]


def _pending(inputs: Inputs, found: Sequence[Proposal]) -> tuple[Proposal, ...]:
    wanted = {proposal.resource for proposal in found}
    return tuple(p for p in found if not (p.is_adopted and is_handed_over(inputs, wanted, p.resource)))


def _handover(session: s.Session, inputs: Inputs, found: Sequence[Proposal]) -> _Handover:
    """Plans both commits, the second on what the first leaves, and tries what they make of the base."""
    pending = _pending(inputs, found)
    if not pending:
        return _Handover(pending=())
    tree = session.tree
    placed = tuple(positions(tree, inputs, [p.resource for p in pending]))
    try:
        first = protect(tree, placed)
        after = _read_with(session, first)
        moving = _pending(after, proposals(after))
        places = positions(session.tree, after, [p.resource for p in moving])
        second = move(session.tree, after.environment, places, [p.resource for p in moving])
        last = _read_with(session, {**first, **second})
        if {r.id for r in last.base.resources} != {r.id for r in inputs.base.resources} or _pending(
            last, proposals(last)
        ):
            raise Uneditable("the base would hold other objects then")
    except Uneditable as reason:
        return _Handover(pending=pending, positions=placed, why_not=str(reason))
    except Invalid as invalid:
        return _Handover(pending=pending, positions=placed, why_not=invalid.problems[0].text)
    finally:
        session.tree = tree
    return _Handover(pending=pending, positions=placed, first=first, second=second)


def _read_with(session: s.Session, texts: Texts) -> Inputs:
    session.tree = DiskTree(session.tree.root, staged=_bytes(texts))
    return session.inputs()


def _bytes(texts: Texts) -> Staged:
    return {path: None if text is None else text.encode() for path, text in texts.items()}


def _write(session: s.Session, handover: _Handover) -> int:
    if handover.first:
        write_staged(session, _bytes(handover.first))
        click.echo("commit that, let it sync, and run 'sandlane adopt --write' again", err=True)
        return FINE
    staged = _bytes(handover.second)
    tried = try_change(session, staged)
    status = write_change(session, staged, tried, (), is_rendered=True)
    click.echo("commit that, with the output", err=True)
    return status


def _tell(session: s.Session, found: Sequence[Proposal], handover: _Handover, *, is_written: bool) -> None:
    if not handover.pending:
        done = f"all {len(found)} are adopted" if found else "no route object of the base has to be"
        click.echo(f"{session.shown}: nothing to adopt: {done}", err=True)
        return
    for proposal in handover.pending:
        file = session.seen(proposal.resource.source.file)
        click.echo(f"{proposal.resource.id} of {file}, which {proposal.why}", err=True)
    for position in handover.positions:
        if position.how == "made":
            id = position.resource.id
            values = {"object": id, "kind": id.kind.lower(), "name": id.name, "namespace": id.namespace}
            click.echo(MADE.format(file=session.seen(position.file), **values), err=True)
    if handover.why_not:
        click.echo(f"the edits cannot be made here: {handover.why_not}\n{BY_HAND}", err=True)
        return
    for number, texts in _commits(handover):
        click.echo(FIRST if number == 1 else SECOND, err=True)
        if not is_written:
            click.echo(_diff(session, texts), nl=False)
    click.echo(FULL, err=True)


def _diff(session: s.Session, texts: tuple[Texts, Texts]) -> str:
    """Returns files before and after a commit as a unified diff, with paths from the root, as git has them."""
    before, after = texts
    return "".join(line for path in sorted(after) for line in _lines(path, _text(session, path, before), after[path]))


def _text(session: s.Session, path: str, texts: Texts) -> str | None:
    if path in texts:
        return texts[path]
    return session.tree.read(path).decode() if session.tree.kind(path) == "file" else None


def _lines(path: str, before: str | None, after: str | None) -> Iterator[str]:
    old, new = ("/dev/null" if before is None else f"a/{path}"), ("/dev/null" if after is None else f"b/{path}")
    own, other = (before or "").splitlines(True), (after or "").splitlines(True)
    for line in difflib.unified_diff(own, other, old, new):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _row(session: s.Session, proposal: Proposal) -> dict[str, Any]:
    id = proposal.resource.id
    return {
        "kind": id.kind,
        "namespace": id.namespace,
        "name": id.name,
        "file": session.seen(proposal.resource.source.file),
        "why": proposal.why,
        "adopted": proposal.is_adopted,
    }
