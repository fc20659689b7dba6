"""`sandlane verify`: proves the promises for an output directory, whoever wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sandlane.base.base import Base
from sandlane.base.syncers import Found, find
from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.main import BROKEN_PROMISE, FINE, INVALID
from sandlane.cli.running import MACHINES, run
from sandlane.cli.terminal import amount, working
from sandlane.files.disk import DiskTree
from sandlane.files.tree import OutsideRoot, Unreadable
from sandlane.k8s.resource import Manifest, ResourceId, annotations_of
from sandlane.output.layout import SANDBOXES
from sandlane.pipeline import Rendered, render_valid
from sandlane.plan.names import RESOURCE
from sandlane.problems.problem import Invalid, Problem, Source
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.proof.scope import Scope, scope_of
from sandlane.specs.inputs import Inputs, without
from sandlane.specs.model import RouteGroup, Sandbox

_UNJUDGED = ("SL621",)
"""Codes of files of which nobody can say what a syncer makes of them."""


@click.command(
    "verify",
    help="Prove the promises for the output directory, whoever wrote it, against the base and the specs; exit 3 if one "
    "does not hold, 2 if something cannot be judged.",
)
@options.environments
@options.base_option
@options.output_option("Prove")
@options.output_format("text", *MACHINES)
def command(
    environments: tuple[Path, ...],
    root: Path | None,
    base: tuple[str, ...],
    output: Path | None,
    output_format: str,
) -> None:
    """Verifies each environment and exits with the gravest status."""
    sessions = s.sessions(environments, root, base)
    if output and len(sessions) > 1:
        raise click.UsageError("--output goes with one environment")
    run(sessions, output_format, lambda session: _verify(session, output, output_format))


def _verify(session: s.Session, output: Path | None, output_format: str) -> tuple[int, dict[str, Any]]:
    inputs = session.inputs()
    directory = session.output(inputs, output)
    s.refuse_missing(directory, f"run 'sandlane render {session.shown}'")
    tree, found = _files(directory)
    strange = session.placed_in(tree, {p.source.file for p in found.problems if p.source}, found.problems)
    try:
        tree, written = session.read_output(inputs, directory, (tree, found))
    except Invalid as invalid:
        raise Invalid([*strange, *invalid.problems]) from None
    rendered = _rendered(inputs, written)
    unrendered = rendered.left_out
    # What cannot be rendered and is not in the output is nobody's; what is in it is judged by the specs as they are.
    claimed = without(inputs, {p.sandbox for p in unrendered if p.sandbox} - _sources(inputs, written))
    claims = claims_of(claimed, brought_of(inputs, rendered))
    with working(f"proving {s.shown(directory)}"):
        proved = prove(inputs.base, written, claims)
    problems = [*strange, *session.placed_in(tree, {r.source.file for r in written.resources}, proved)]
    scope = scope_of(inputs.base, claims)
    if output_format == "text":
        session.tell(problems)
        _tell(s.shown(directory), scope, written, len(problems))
        session.tell_left_out(unrendered)
    result = {"output": s.shown(directory), **_as_data(scope, written), "problems": session.as_data(problems)}
    result |= {"left_out": session.as_data(unrendered)} if unrendered else {}
    return (_status(problems) or (INVALID if unrendered else FINE)), result


def _rendered(inputs: Inputs, written: Base) -> Rendered:
    """Returns what specs render to, and why some cannot be rendered.

    Raises Invalid where that is nobody's own mistake, or where the output holds what a spec says that cannot be read.
    """
    errors = [problem for problem in inputs.problems if problem.level == "error"]
    if errors and inputs.rejected & _held(written):
        raise Invalid(errors)
    return render_valid(inputs, is_proved=False)


def brought_of(inputs: Inputs, rendered: Rendered) -> dict[str, dict[ResourceId, Manifest]]:
    """Returns what files of sandboxes that can be rendered render to, by the sandboxes' names."""
    wrong = {problem.sandbox for problem in rendered.left_out}
    found: dict[str, dict[ResourceId, Manifest]] = {s.name: {} for s in inputs.sandboxes if s.source not in wrong}
    for placed in rendered.objects:
        if RESOURCE in annotations_of(placed.manifest):
            found[placed.directory.partition("/")[2]][placed.id] = placed.manifest
    return found


def _held(written: Base) -> set[str]:
    """Returns the names of the sandboxes and route groups of which an output has objects."""
    paths = (resource.source.file.split("/") for resource in written.resources)
    return {parts[1] for parts in paths if parts[0] == SANDBOXES and len(parts) > 2}


def _sources(inputs: Inputs, written: Base) -> set[Source]:
    held = _held(written)
    records: tuple[Sandbox | RouteGroup, ...] = (*inputs.sandboxes, *inputs.groups)
    return {record.source for record in records if record.name in held}


def _files(directory: Path) -> tuple[DiskTree, Found]:
    """Returns the manifests of an output, and what is wrong with files by which Argo CD or Flux apply something else.

    Raises Invalid.
    """
    tree = DiskTree(directory)
    try:
        return tree, find(tree)
    except (OutsideRoot, Unreadable) as error:
        raise Invalid([s.unusable(directory, error)]) from None


def _status(problems: Sequence[Problem]) -> int:
    """Returns 3 where a promise is broken, 2 where something cannot be judged, else 0."""
    if any(problem.code not in _UNJUDGED for problem in problems):
        return BROKEN_PROMISE
    return INVALID if problems else FINE


def _tell(directory: str, scope: Scope, written: Base, problems: int) -> None:
    for service, port, reason in scope.unjudged:
        click.echo(f"not judged: port {port} of '{service}', which stays with the base: {reason}")
    words = f"{amount(scope.tenants, 'tenant')}, {amount(len(scope.judged), 'combination')} of tenant, Service and port"
    objects = amount(len(written.resources), "object")
    if problems:
        click.echo(f"{directory}: {amount(problems, 'problem')}; looked at {words}, {objects}", err=True)
    else:
        click.echo(f"{directory}: the promises hold for {words}, {objects}")


def _as_data(scope: Scope, written: Base) -> dict[str, Any]:
    return {
        "tenants": scope.tenants,
        "objects": len(written.resources),
        "proved": [{"tenantID": t, "service": str(service), "port": port} for t, service, port in scope.judged],
        "unjudged": [{"service": str(id), "port": port, "reason": reason} for id, port, reason in scope.unjudged],
    }
