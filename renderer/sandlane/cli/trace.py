"""`sandlane trace`: which rule decides on a request, and whose pods answer it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import click

from sandlane.base.pod_templates import with_pods
from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.completing import gateways, senders
from sandlane.cli.main import FINE, INVALID
from sandlane.cli.running import counted, run
from sandlane.cli.terminal import width
from sandlane.files.disk import DiskTree
from sandlane.files.git import GitTree
from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource
from sandlane.problems.problem import did_you_mean
from sandlane.reports import answers
from sandlane.reports.misdirected import misdirected
from sandlane.reports.networks import network_of
from sandlane.reports.survey import pictured, survey, tabulated
from sandlane.reports.whose import whose
from sandlane.semantics.gateways import KINDS as GATEWAYS
from sandlane.semantics.network import Network
from sandlane.semantics.outcomes import Origin
from sandlane.semantics.request import Client, Request
from sandlane.semantics.trace import client_of, trace
from sandlane.specs.inputs import Inputs
from sandlane.yamlio.locate import locate

_PORTS = {"http": 80, "https": 443}


@frozen(kw_only=True)
class _Asked:
    """The options of one call; `url` is None where all Services are asked for."""

    url: SplitResult | None
    headers: tuple[tuple[str, str], ...]
    method: str
    sender: str | None
    gateway: str | None
    output: Path | None
    is_base_only: bool
    is_all: bool
    output_format: str


@click.command(
    "trace",
    help="Tell which rule decides on a request to URL, and which workload answers it: by the base and the output directory as they "
    "are on disk. With --all: every Service for every tenant.",
)
@click.argument("arguments", nargs=-1, metavar="URL [ENVIRONMENT]")
@click.option(
    "-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of the request; repeatable."
)
@click.option("-X", "--method", default="GET", show_default=True, metavar="METHOD", help="The request's method.")
@click.option(
    "--from",
    "sender",
    metavar="KIND/NAMESPACE/NAME",
    shell_complete=senders,
    help="The workload that sends it; default: any meshed pod.",
)
@click.option(
    "--gateway",
    metavar="NAME",
    shell_complete=gateways,
    help="The Gateway at which it enters, as name or namespace/name.",
)
@options.output_option("Look at")
@click.option("--base-only", is_flag=True, help="Look at the base alone.")
@click.option("--all", "is_all", is_flag=True, help="Show all Services x tenants; URL gives the path.")
@options.root_option
@options.output_format("text", "json", "mermaid")
def command(
    arguments: tuple[str, ...],
    headers: tuple[str, ...],
    method: str,
    sender: str | None,
    gateway: str | None,
    output: Path | None,
    base_only: bool,
    is_all: bool,
    root: Path | None,
    output_format: str,
) -> None:
    """Traces one request, or one to each Service for each tenant."""
    given = [a for a in arguments if "://" in a]
    rest = [a for a in arguments if "://" not in a]
    if len(given) > 1 or len(rest) > 1 or not (given or is_all):
        raise click.UsageError("expected one URL, such as http://checkout:8080/cart, and at most one environment")
    if sender and gateway:
        raise click.UsageError("--from and --gateway exclude each other")
    asked = _Asked(
        url=_url(given[0]) if given else None,
        headers=tuple(_header(line) for line in headers),
        method=method.upper(),
        sender=sender,
        gateway=gateway,
        output=output,
        is_base_only=base_only,
        is_all=is_all,
        output_format=output_format,
    )
    run(s.sessions([Path(a) for a in rest], root), output_format, lambda session: _trace(session, asked))


def _url(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        is_fine = url.scheme in _PORTS and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        is_fine = False
    if not is_fine:
        raise click.UsageError(f"'{text}' is no URL of a request: expected one such as http://checkout:8080/cart")
    return url


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise click.UsageError(f"'{line}' is no header: expected one such as 'tenantID: dev1'")
    return name.strip().lower(), value.strip()


def _trace(session: s.Session, asked: _Asked) -> tuple[int, dict[str, Any]]:
    inputs = session.inputs()
    written, tree = ((), session.tree) if asked.is_base_only else _output(session, inputs, asked.output)
    network = network_of(inputs, written)
    client = _client(network, asked, inputs.environment.default_namespace)
    places = _Places(session=session, tree=tree, ids=frozenset(resource.id for resource in written))
    if asked.is_all:
        return _with_problems(session, inputs, asked, _all(network, client, asked, inputs))
    traced = trace(network, _request(asked, client))
    if client.kind != "gateway":
        traced = replace(traced, notes=(*traced.notes, *misdirected(network, traced.request)))
    if not asked.is_base_only:
        traced = replace(traced, notes=(*traced.notes, *whose(inputs, traced)))
    if asked.output_format == "text":
        click.echo("\n".join(answers.text(traced, places.place)))
    elif asked.output_format == "mermaid":
        click.echo(answers.mermaid(traced), nl=False)
    return _with_problems(session, inputs, asked, answers.data(traced, places.place))


def _with_problems(
    session: s.Session, inputs: Inputs, asked: _Asked, result: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    """Returns the status and the result of a trace, and tells the specs that cannot be read: their tenants are not in it."""
    errors = [problem for problem in inputs.problems if problem.level == "error"]
    if not errors:
        return FINE, result
    if asked.output_format != "json":
        session.tell(errors)
        click.echo(f"{counted(errors)} of specs that cannot be read: their tenants are not looked at", err=True)
    return INVALID, {**result, "problems": session.as_data(errors)}


@frozen(kw_only=True)
class _Places:
    """Where objects stand: those of `ids` in the tree of the output, the others in the session's."""

    session: s.Session
    tree: DiskTree | GitTree
    ids: frozenset[Any]

    def place(self, origin: Origin) -> tuple[str, int | None]:
        """Returns the file of an origin as the user sees it, and its line."""
        tree = self.tree if origin.resource.id in self.ids else self.session.tree
        source = origin.resource.source
        found = locate(tree.read(source.file), source.document, (*source.prefix, *origin.path))
        return os.path.relpath(tree.root / source.file), found[0] if found else None


def _output(session: s.Session, inputs: Inputs, given: Path | None) -> tuple[tuple[Resource, ...], DiskTree]:
    """Reads the manifests of the output directory, whoever wrote them. Raises Invalid."""
    directory = session.output(inputs, given)
    s.refuse_missing(directory, "run 'sandlane render', or trace the base alone with --base-only")
    tree, written = session.read_output(inputs, directory)
    return written.resources, tree


def _client(network: Network, asked: _Asked, namespace: str) -> Client:
    if asked.gateway:
        home, _, name = asked.gateway.rpartition("/")
        known = {f"{g.id.namespace}/{g.id.name}" for kind in GATEWAYS for g in network.base.of(*kind)}
        full = f"{home or namespace}/{name}"
        if full not in known:
            raise click.UsageError(f"no Gateway '{full}' in the manifests{_guess(full, known)}")
        return Client(kind="gateway", namespace=home or namespace, name=name)
    if asked.sender is None:
        return client_of(network, None, namespace)
    found = {str(w.id): w for w in with_pods(network.base)}
    kind, _, rest = asked.sender.partition("/")
    full = asked.sender if "/" in rest else f"{kind}/{namespace}/{rest}" if rest else f"Deployment/{namespace}/{kind}"
    if full not in found:
        raise click.UsageError(f"no workload '{full}' in the manifests{_guess(full, found)}")
    return client_of(network, found[full], namespace)


def _guess(name: str, known: Any) -> str:
    guess = did_you_mean(name, known)
    return f": {guess}" if guess else ""


def _request(asked: _Asked, client: Client) -> Request:
    url = asked.url or urlsplit("http://-/")
    named = [value for name, value in asked.headers if name == "host"]
    return Request(
        client=client,
        host=url.hostname or "",
        port=url.port or _PORTS[url.scheme],
        authority=named[0] if named else "",
        scheme=url.scheme,
        method=asked.method,
        path=(url.path or "/") + (f"?{url.query}" if url.query else ""),
        headers=tuple(pair for pair in asked.headers if pair[0] != "host"),
    )


def _all(network: Network, client: Client, asked: _Asked, inputs: Inputs) -> dict[str, Any]:
    """Shows what every port of every Service of the base answers to every tenant, and to a request without a carrier."""
    if client.kind == "gateway":
        raise click.UsageError("--all goes with clients in the mesh, not with --gateway")
    environment = inputs.environment
    tenants = sorted({sandbox.tenant for sandbox in inputs.sandboxes} | {group.tenant for group in inputs.groups})
    rows = survey(network, inputs.base, _request(asked, client), environment.carriers[0], tenants)
    if asked.output_format == "text":
        click.echo("\n".join(tabulated(rows, tenants, width())))
    elif asked.output_format == "mermaid":
        click.echo(pictured(rows), nl=False)
    return {"services": [{"host": row.host, "port": row.port, "answers": dict(row.cells)} for row in rows]}
