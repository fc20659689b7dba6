"""What a shell is offered behind the commands: names of sandboxes and workloads, codes and fields, found while the user types.

What cannot be read offers nothing: a line that is being typed is no place for messages.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from sandlane.specs.inputs import Inputs


def _inputs(context: click.Context) -> Inputs | None:
    from sandlane.cli import session as s
    from sandlane.problems.problem import Invalid

    given = context.params.get("environment") or next(iter(context.params.get("environments") or ()), None)
    try:
        return s.sessions([Path(given)] if given else [], None)[0].inputs()
    except (Invalid, OSError, click.ClickException):
        return None


def sandboxes(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offers sandboxes and route groups, with their owners."""
    inputs = _inputs(context)
    owners = {sandbox.name: sandbox.owner for sandbox in inputs.sandboxes} if inputs else {}
    owners |= {group.name: group.owner for group in inputs.groups} if inputs else {}
    return [CompletionItem(name, help=owners[name]) for name in sorted(owners) if name.startswith(incomplete)]


def workloads(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offers workloads that can be cloned as `set` takes them: `checkout=`, `StatefulSet/db=`, `server@web=`."""
    from sandlane.k8s.workload_kinds import WORKLOADS
    from sandlane.overrides.subject import app_containers

    inputs = _inputs(context)
    end = {"variables": ":", "remove": ""}.get(str(parameter.name), "=")
    names: list[str] = []
    for row in (row for row in WORKLOADS.values() if row.is_clonable and inputs):
        assert inputs is not None
        for resource in inputs.base.of(row.group, row.kind):
            name = resource.id.name if row.kind == "Deployment" else f"{row.kind}/{resource.id.name}"
            containers = [str(c.get("name")) for c in app_containers(resource.manifest, row)]
            names += [name] if len(containers) < 2 or not end else [f"{c}@{name}" for c in containers]
    wanted = [f"{name}{end}" for name in sorted(set(names))]
    return [
        CompletionItem(n)
        for n in wanted
        if incomplete in (n[: len(incomplete)], n.partition("@")[2][: len(incomplete)])
    ]


def gateways(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offers the Gateways of the base as `trace` takes them: `shop/edge`."""
    from sandlane.semantics.gateways import KINDS

    inputs = _inputs(context)
    names = {f"{g.id.namespace}/{g.id.name}" for kind in KINDS for g in (inputs.base.of(*kind) if inputs else ())}
    return [CompletionItem(n) for n in sorted(names) if incomplete in (n[: len(incomplete)], _last(n, incomplete))]


def senders(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offers the workloads of the base that may send a request: `Deployment/shop/web`."""
    from sandlane.k8s.workload_kinds import WORKLOADS

    inputs = _inputs(context)
    names = {str(w.id) for key in WORKLOADS for w in (inputs.base.of(*key) if inputs else ())}
    return [CompletionItem(n) for n in sorted(names) if incomplete in (n[: len(incomplete)], _last(n, incomplete))]


def _last(name: str, incomplete: str) -> str:
    """Returns the beginning of a name without what stands before it."""
    return name.rpartition("/")[2][: len(incomplete)]


def acceptable(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offers the codes that a spec may accept, each with what it means."""
    from sandlane.problems.catalogue import CATALOGUE

    codes = {code: row for code, row in CATALOGUE.items() if row.acceptable and code.startswith(incomplete.upper())}
    return [CompletionItem(f"{code}=", help=row.text) for code, row in codes.items()]


def integrations(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offers what `init --with` writes files for, behind what is listed already."""
    from sandlane.reports.setup.integrations import INTEGRATIONS

    listed, comma, word = incomplete.rpartition(",")
    left = [name for name in INTEGRATIONS if name not in listed.split(",") and name.startswith(word)]
    return [CompletionItem(f"{listed}{comma}{name}") for name in left]


def codes_and_fields(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offers codes of problems and paths of fields, each with what it means; fields one step at a time."""
    from sandlane.problems.catalogue import CATALOGUE
    from sandlane.specs.fields import fields

    codes = [
        CompletionItem(code, help=row.text) for code, row in CATALOGUE.items() if code.startswith(incomplete.upper())
    ]
    depth = incomplete.count(".")
    known = [f for path, f in fields().items() if path.startswith(incomplete) and path.count(".") <= depth]
    return [*(codes if depth == 0 else ()), *(CompletionItem(field.path, help=field.description) for field in known)]


def subjects(_: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offers what `list` lists, and files."""
    from sandlane.cli.list import SUBJECTS

    found = [CompletionItem(subject) for subject in SUBJECTS if subject.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]
