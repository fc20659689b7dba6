"""`sandlane adopt`: which route objects the output has to own, and how they change hands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sandlane.cli import session as s
from sandlane.cli.main import FINE
from sandlane.meshes.adoption import Proposal, proposals
from sandlane.specs.inputs import Inputs

HANDOVER = """\
How they change hands, in this order, so that at no moment nobody applies them:
1. Stop their present owner from pruning them, and let it sync. On each object of the base:
     Argo CD: argocd.argoproj.io/sync-options: Prune=false
     Flux:    kustomize.toolkit.fluxcd.io/prune: disabled
2. Add the lines above to 'spec.routes.adopt', run 'sandlane render', commit, and let the output sync: it applies the same objects.
3. Take the objects out of what their old owner applies; the base as sandlane reads it keeps them.
Sandboxes may clone what these objects route from step 2 on."""


@click.command(
    "adopt", help="Propose the base route objects that the output has to own, and tell how they change hands."
)
@s.environments
@s.output_format("text", "json")
def command(environments: tuple[Path, ...], root: Path | None, output_format: str) -> None:
    """Proposes what to adopt in each environment; writes nothing."""
    s.run(s.sessions(environments, root), output_format, lambda session: _adopt(session, output_format))


def _adopt(session: s.Session, output_format: str) -> tuple[int, dict[str, Any]]:
    inputs = session.inputs()
    found = proposals(inputs)
    missing = [proposal for proposal in found if not proposal.is_adopted]
    if output_format == "text":
        _tell(session, inputs, found, missing)
    return FINE, {"adopt": [_row(session, proposal) for proposal in found]}


def _tell(session: s.Session, inputs: Inputs, found: list[Proposal], missing: list[Proposal]) -> None:
    if not missing:
        done = f"all {len(found)} are adopted" if found else "no route object of the base has to be"
        click.echo(f"{session.shown}: nothing to adopt: {done}", err=True)
        return
    click.echo("spec:\n  routes:\n    adopt:")
    for proposal in found:
        id = proposal.resource.id
        home = "" if id.namespace == inputs.environment.default_namespace else f", namespace: {id.namespace}"
        line = f"    - {{kind: {id.kind}, name: {id.name}{home}}}"
        file = session.seen(proposal.resource.source.file)
        click.echo(f"{line}  # {file} {'is adopted' if proposal.is_adopted else proposal.why}")
    click.echo(HANDOVER, err=True)


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
