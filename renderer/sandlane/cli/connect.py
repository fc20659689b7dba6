"""`sandlane connect`: how to reach a sandbox with the client at hand, and who must pass the carrier on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.completing import sandboxes
from sandlane.cli.main import FINE
from sandlane.cli.reaching import doors
from sandlane.cli.running import run
from sandlane.cli.terminal import Refused
from sandlane.meshes.registry import MESHES
from sandlane.pipeline import render_valid
from sandlane.plan.make import make_plan
from sandlane.problems.problem import Invalid, did_you_mean
from sandlane.reports.calls import call_graph
from sandlane.reports.connect.clients import CLIENTS
from sandlane.reports.connect.passing import Passing, passed_on, passing
from sandlane.reports.connect.reach import Reach, reach_of
from sandlane.specs.model import Carrier


@click.command(
    "connect",
    help="Tell how to reach sandbox or route group NAME: addresses, header, the preview host, who must pass the carrier on, and with "
    "--for the set-up of a client.",
)
@click.argument("name", shell_complete=sandboxes)
@options.environments
@click.option(
    "--for", "client", type=click.Choice(sorted(CLIENTS)), help="Print what this client takes, and nothing else."
)
@options.output_format("text", "json")
def command(
    name: str, environments: tuple[Path, ...], root: Path | None, client: str | None, output_format: str
) -> None:
    """Tells of one sandbox of each environment."""
    run(s.sessions(environments, root), output_format, lambda session: _connect(session, name, client, output_format))


def _connect(session: s.Session, name: str, client: str | None, output_format: str) -> tuple[int, dict[str, Any]]:
    inputs = session.inputs()
    environment, base = inputs.environment, inputs.base
    mesh = MESHES[environment.mesh]
    plan = make_plan(inputs, mesh.pod_labels)
    own = [
        p
        for p in (*inputs.problems, *plan.problems)
        if p.level == "error" and p.sandbox and _is_of(p.sandbox.file, name)
    ]
    tenant = next((tenant for tenant in plan.tenants if tenant.name == name), None)
    if own:
        raise Invalid(own)
    if tenant is None:
        if name in {sandbox.name for sandbox in inputs.sandboxes}:
            raise Refused(f"sandbox '{name}' is suspended: sandlane set {name} --resume")
        known = {tenant.name for tenant in plan.tenants}
        guess = did_you_mean(name, known, otherwise=f"there are {', '.join(sorted(known)) or 'none'}")
        raise Refused(f"no sandbox or route group '{name}' in {session.shown}: {guess}")
    rendered = render_valid(inputs, is_proved=False)
    left_out = [p for p in rendered.left_out if p.sandbox and _is_of(p.sandbox.file, name)]
    if left_out:
        raise Invalid(left_out)
    reach = reach_of(plan, tenant, mesh.unroutable(environment, base), doors(inputs, rendered))
    graph = call_graph(base, environment)
    carrier = passed_on(environment)
    steps = passing(base, graph, frozenset(address.service for address in reach.addresses), carrier)
    if client and reach.is_lost:
        raise Refused(f"no request with the header reaches '{name}': {'; '.join(reach.told_lost())}")
    if output_format == "text" and client:
        click.echo(CLIENTS[client](reach), nl=False)
    elif output_format == "text":
        _tell(session, reach, steps, carrier)
    return FINE, _as_data(session, reach, steps)


def _is_of(file: str, name: str) -> bool:
    return file.rpartition("/")[2].partition(".")[0] == name


def _tell(session: s.Session, reach: Reach, steps: tuple[Passing, ...], carrier: Carrier) -> None:
    field, value = reach.header
    click.echo(f"header   {field}: {value}")
    if reach.preview:
        click.echo(f"preview  {reach.preview_url or f'{reach.preview}, which its gateway does not serve'}")
    for entrance in reach.entrances:
        click.echo(f"gateway  {entrance.url} at {entrance.gateway} → {reach.told(entrance.clones)}")
    for address in reach.addresses:
        click.echo(f"reaches  {address.url} → {reach.told(address.clones)}")
    for line in reach.told_lost():
        click.echo(f"lost     {line}")
    if reach.is_reached:
        click.echo(CLIENTS["curl"](reach), nl=False)
    elif not reach.lost:
        click.echo("no request is routed to what it clones")
    if steps:
        what = f"baggage member '{carrier.baggage}'" if carrier.baggage else f"header '{carrier.header}'"
        click.echo(f"on the way these must pass the {what} on:")
    for step in steps:
        click.echo(f"  {step.call.caller} calls {step.call.service} ({_place(session, step)}: {step.call.by})")
        click.echo(f"    {step.shows}")
    if not reach.is_lost:
        click.echo(f"for other clients: --for {', '.join(sorted(CLIENTS))}", err=True)


def _place(session: s.Session, step: Passing) -> str:
    found = session.locate(step.call.source, step.call.path)
    return session.seen(step.call.source.file) + (f":{found[0]}" if found else "")


def _as_data(session: s.Session, reach: Reach, steps: tuple[Passing, ...]) -> dict[str, Any]:
    return {
        "name": reach.name,
        "tenantID": reach.tenant,
        "header": {"name": reach.header[0], "value": reach.header[1]},
        "preview": reach.preview,
        "previewURL": reach.preview_url,
        "gateways": [{"gateway": str(e.gateway), "url": e.url, "clones": e.clones} for e in reach.entrances],
        "withoutPods": sorted(reach.empty),
        "addresses": [
            {"service": str(a.service), "port": a.port, "url": a.url, "grpc": a.is_grpc, "clones": a.clones}
            for a in reach.addresses
        ],
        "notReached": [
            {"service": str(a.service), "port": a.port, "clones": a.clones, "reason": why} for a, why in reach.lost
        ],
        "passing": [
            {
                "workload": str(step.call.caller),
                "calls": str(step.call.service),
                "by": step.call.by,
                "place": _place(session, step),
                "shown": step.is_shown,
                "says": step.shows,
            }
            for step in steps
        ],
    }
