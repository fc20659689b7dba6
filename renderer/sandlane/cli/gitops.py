"""`sandlane gitops`: what Argo CD or Flux needs to apply the output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.main import FINE
from sandlane.cli.running import run
from sandlane.files.git import git_says
from sandlane.files.tree import OutsideRoot
from sandlane.reports.gitops.argocd import argocd_text
from sandlane.reports.gitops.delivery import make_delivery
from sandlane.reports.gitops.flux import NoUnits, default_source, flux_text

REVISIONS = {"argocd": "HEAD", "flux": "main"}
"""Tool -> the revision of the repository that it applies unless the user says which."""


@click.command(
    "gitops",
    help="Print what Argo CD or Flux needs to apply the output: a part that syncs by itself for each sandbox, and one for what they "
    "share.",
)
@click.argument("tool", type=click.Choice(("argocd", "flux")))
@click.argument("environment", required=False, type=click.Path(path_type=Path))
@options.root_option
@click.option(
    "--repo", metavar="URL", help="The repository that holds the output; default: that of the git remote 'origin'."
)
@click.option(
    "--revision",
    metavar="REV",
    help="The branch or tag that holds the output; default: HEAD for Argo CD, main for Flux.",
)
@click.option(
    "--path", metavar="DIR", help="Where the output lies in it, '.' for its top; default: where 'render' writes it."
)
@click.option(
    "--single", is_flag=True, help="One Application or Kustomization for everything: one sandbox's failure stops all."
)
def command(
    tool: str,
    environment: Path | None,
    root: Path | None,
    repo: str | None,
    revision: str | None,
    path: str | None,
    single: bool,
) -> None:
    """Prints manifests for an environment."""
    sessions = s.sessions([environment] if environment else [], root)
    address = repo or repository() or "REPOSITORY"
    run(sessions, "text", lambda session: _print(session, tool, (address, revision or REVISIONS[tool], path), single))


def _print(
    session: s.Session, tool: str, place: tuple[str, str, str | None], is_single: bool
) -> tuple[int, dict[str, Any]]:
    inputs = session.inputs()
    (repo, revision, path) = place
    try:
        delivery = make_delivery(inputs, repo, revision, path)
    except OutsideRoot:
        raise click.UsageError(f"'{path}' leaves the repository: name a directory in it") from None
    if is_single and inputs.environment.output.flux:
        raise click.UsageError(
            "--single applies everything at once, and 'output.flux' makes a Kustomization for each sandbox: leave one of them out"
        )
    try:
        text = (argocd_text if tool == "argocd" else flux_text)(delivery, is_single=is_single)
    except NoUnits:
        source = default_source(delivery.name)
        raise click.UsageError(
            "Flux applies all of a Kustomization or nothing of it: let the output hold one for each sandbox, with\n"
            f"  output: {{flux: {{sourceRef: {{name: {source}}}}}}}\n"
            f"in {session.shown}, or ask for one for all of them with --single"
        ) from None
    click.echo(text, nl=False)
    for other in delivery.rewritten if tool == "flux" else ():
        click.echo(
            f"Argo Rollouts writes into '{other.object}' too: Flux sets it back at each interval, until the Rollout writes it again",
            err=True,
        )
    if repo == "REPOSITORY":
        click.echo(
            "there is no git remote 'origin': put the repository's address in the place of REPOSITORY, or give --repo",
            err=True,
        )
    return FINE, {}


def repository() -> str | None:
    """Returns the address of the git remote `origin`, where there is one."""
    return git_says("remote", "get-url", "origin")
