"""`sandlane set`: creates or changes a sandbox's spec, and renders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import click

from sandlane.base.sources import MANIFESTS
from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.changing import day_of, locked_specs, specs_directory, today, try_change, write_change
from sandlane.cli.completing import acceptable, sandboxes, workloads
from sandlane.cli.reaching import reach
from sandlane.cli.running import run
from sandlane.cli.terminal import Refused, words
from sandlane.cli.wanted import Wanted, changes_of, edit_of
from sandlane.files.disk import DiskTree
from sandlane.files.git import git_says
from sandlane.files.tree import join
from sandlane.pipeline import Rendered
from sandlane.plan.model import Plan
from sandlane.problems.problem import Invalid, Problem
from sandlane.reports.connect.reach import Reach
from sandlane.specs.editing import SandboxEdit, changed, edited, new_spec
from sandlane.specs.forms import ACCEPTABLE
from sandlane.specs.inputs import Inputs
from sandlane.specs.rewriting import Uneditable


@click.command(
    "set",
    help="Create or change sandbox NAME: workloads and their images, then render. Comments, order and quoting of the spec stay. "
    "A workload is [CONTAINER@][KIND/]NAME.",
)
@click.argument("name", shell_complete=sandboxes)
@click.argument("images", nargs=-1, shell_complete=workloads, metavar="[WORKLOAD=IMAGE]...")
@click.option(
    "--env",
    "variables",
    multiple=True,
    shell_complete=workloads,
    metavar="WORKLOAD:NAME=VALUE",
    help="Set a variable; NAME- takes it out of the clone.",
)
@click.option(
    "--reset",
    "resets",
    multiple=True,
    shell_complete=workloads,
    metavar="WORKLOAD:NAME",
    help="Have a variable as the base has it.",
)
@click.option(
    "--replicas",
    multiple=True,
    shell_complete=workloads,
    metavar="WORKLOAD=N",
    help="Number of pods of a clone; default: 1.",
)
@click.option(
    "--remove", multiple=True, shell_complete=workloads, metavar="WORKLOAD", help="Take a workload out of the sandbox."
)
@click.option(
    "--owner", metavar="WHO", help="Who answers for it; of a new one by default the name in 'git config user.email'."
)
@click.option("--expires", metavar="DATE|+14d|never", help="Its last day, in UTC.")
@click.option(
    "--suspend/--resume", default=None, help="Take its clones and routes away and keep its spec, or have them back."
)
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    shell_complete=acceptable,
    metavar="CODE=REASON",
    help="Accept a problem that stands in the way, where it may be accepted, with the reason.",
)
@click.option("--no-render", is_flag=True, help="Write the spec only.")
@options.one_environment
def command(
    name: str,
    images: tuple[str, ...],
    variables: tuple[str, ...],
    resets: tuple[str, ...],
    replicas: tuple[str, ...],
    remove: tuple[str, ...],
    owner: str | None,
    expires: str | None,
    suspend: bool | None,
    accepted: tuple[str, ...],
    no_render: bool,
    environment: Path | None,
    root: Path | None,
) -> None:
    """Changes one sandbox of one environment."""
    if not name:
        raise click.UsageError("NAME is empty: say which sandbox, such as: sandlane set dev1 WORKLOAD=IMAGE")
    if owner == "":
        raise click.UsageError("--owner is empty: say who answers for the sandbox, such as: --owner dana")
    if "=" in name:
        raise click.UsageError(f"'{name}' stands where NAME has to be: sandlane set NAME {name}")
    if "/" in name or name.endswith(MANIFESTS):
        stem = name.rpartition("/")[2].partition(".")[0]
        raise click.UsageError(f"'{name}' is no name but a path: sandlane set {stem or 'NAME'} …")
    day = None if expires is None else "" if expires == "never" else day_of(expires, today())
    wanted = Wanted(
        name=name,
        changes=tuple(changes_of(images, variables, resets, replicas)),
        removed=remove,
        owner=owner,
        expires=day,
        suspend=suspend,
    )
    reasons = dict(_reason(text) for text in accepted)
    sessions = s.sessions([environment] if environment else [], root)
    run(sessions, "text", lambda session: _set(session, wanted, reasons, not no_render), writes=True)


def _reason(text: str) -> tuple[str, str]:
    code, _, reason = text.partition("=")
    if code not in ACCEPTABLE or not reason.strip():
        raise click.UsageError(f"'{text}' accepts nothing: write CODE=REASON, with one of {', '.join(ACCEPTABLE)}")
    return code, reason


def _set(
    session: s.Session, wanted: Wanted, reasons: Mapping[str, str], is_rendered: bool
) -> tuple[int, dict[str, Any]]:
    with locked_specs(session, session.inputs()):
        inputs = session.inputs()
        path, document = _place(session, inputs, wanted.name)
        is_new = document is None
        owner = wanted.owner or (_git_user() if is_new else None)
        edit, told = edit_of(inputs, wanted, owner)
        if is_new and not edit.workloads:
            raise Refused(
                f"sandbox '{wanted.name}' is new: say what it changes: sandlane set {wanted.name} WORKLOAD=IMAGE"
            )
        try:
            text = (
                _comments(session, path) + new_spec(edit)
                if document is None
                else _edited(session, path, document, edit)
            )
        except Uneditable as error:
            raise Refused(f"'{session.seen(path)}' cannot be changed: {error}") from None
        number = document or 0
        if reasons:
            text = _with_acceptances(session, path, number, text, reasons)
        staged = {path: text.encode()}
        what = "new" if is_new else "unchanged" if staged[path] == session.tree.read(path) else "changed"
        tried = try_change(session, staged, is_set=True)
        said = [f"{session.seen(path)}: {what}"]
        if is_new and owner and not wanted.owner:
            said.append(f"  owner: {owner}, from 'git config user.email'; --owner says another")
        said += (f"  {line}" for line in told)
        if wanted.expires and wanted.expires < today():
            said.append("  that day is past: 'sandlane prune --as-of today' would take the sandbox away")
        status = write_change(session, staged, tried, said, is_rendered=is_rendered)
    if tried.rendered and is_rendered:
        session.tell(_notices(tried.rendered, path, wanted.name, is_new=is_new))
        found = reach(tried.inputs, tried.rendered, wanted.name)
        if found:
            _tell_reach(session, found)
            _tell_unreached(tried.rendered.plan, found)
        elif any(sandbox.name == wanted.name and sandbox.suspend for sandbox in tried.inputs.sandboxes):
            words(f"it is suspended, so it has no clones and no routes: sandlane set {wanted.name} --resume")
    return status, {}


def _notices(rendered: Rendered, path: str, name: str, *, is_new: bool) -> Iterator[Problem]:
    """Yields the notices on a spec; for a new one also those on its Services, and on gateways at which tenants can be chosen."""
    own = {str(id) for tenant in rendered.plan.tenants if tenant.name == name for id in tenant.services}
    for notice in rendered.notices:
        is_shared = notice.code == "SL441" or notice.object in own
        if notice.sandbox.file == path if notice.sandbox else is_new and is_shared:
            yield notice


def _with_acceptances(session: s.Session, path: str, document: int, text: str, reasons: Mapping[str, str]) -> str:
    """Returns a spec that accepts, with their reasons, problems that it has now."""
    found: set[tuple[int, str, str]] = set()
    try:
        try_change(session, {path: text.encode()}, is_set=True, is_raw=True)
    except Invalid as invalid:
        for p in invalid.problems:
            if p.code in reasons and p.object and p.path[:2] == ("spec", "workloads"):
                found.add((cast(int, p.path[2]), p.code, p.object))
    session.tree = DiskTree(session.tree.root)

    def accept(data: Any) -> None:
        for number, code, object in sorted(found):
            entries = data["spec"]["workloads"][number].setdefault("accept", [])
            entries.append({"code": code, "object": object, "reason": reasons[code]})

    return changed(text, document, accept) if found else text


def _place(session: s.Session, inputs: Inputs, name: str) -> tuple[str, int | None]:
    """Returns the file of a sandbox and the number of its document there; None for one that is to be made."""
    for sandbox in inputs.sandboxes:
        if sandbox.name == name:
            return sandbox.source.file, sandbox.source.document
    path = join(specs_directory(inputs), f"{name}.yaml")
    own = [p for p in inputs.problems if p.sandbox and p.sandbox.file == path and p.level == "error"]
    if session.tree.kind(path) == "file" and _is_empty(session.tree.read(path)):
        return path, None
    if own:
        raise Invalid(own)
    group = next((g for g in inputs.groups if g.name == name), None)
    if group:
        raise Refused(f"'{name}' is a route group of {session.seen(group.source.file)}, not a sandbox: edit it there")
    if session.tree.kind(path):
        raise Refused(f"'{session.seen(path)}' is there already and holds no sandbox '{name}'")
    return path, None


def _is_empty(data: bytes) -> bool:
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in data.splitlines())


def _comments(session: s.Session, path: str) -> str:
    """Returns what stands in a file for a new spec: comments, or nothing."""
    text = session.tree.read(path).decode().rstrip() if session.tree.kind(path) else ""
    return f"{text}\n" if text else ""


def _edited(session: s.Session, path: str, document: int, edit: SandboxEdit) -> str:
    return edited(session.tree.read(path).decode(), document, edit)


def _git_user() -> str | None:
    """Returns what stands before the @ of git's user.email."""
    return (git_says("config", "user.email") or "").partition("@")[0] or None


def _short(url: str) -> str:
    """Returns a URL without the slash of a path that is nothing else."""
    return url.removesuffix("/") if url.count("/") == 3 else url


def _tell_reach(session: s.Session, found: Reach) -> None:
    field, value = found.header
    if found.is_reached:
        words(f"requests with '{field}: {value}' reach it:")
    elif not found.lost:
        words("no request is routed to what it clones")
    for entrance in found.entrances:
        words(f"  {_short(entrance.url)} → {found.told(entrance.clones)} (at {entrance.gateway})")
    for address in found.addresses:
        words(f"  {_short(address.url)} → {found.told(address.clones)}")
    for line in found.told_lost():
        words(f"  {line}" if found.is_reached else line)
    if found.preview_url:
        words(f"  {found.preview_url} in a browser, without a header")
    if not found.is_reached:
        return
    words(f"for your client: sandlane connect {found.name}{'' if session.is_here() else f' {session.shown}'}")


def _tell_unreached(plan: Plan, found: Reach) -> None:
    """Says which clones with Services no request is routed to, but for those of which it is told address by address."""
    reached = {name for address in found.addresses for name in address.clones}
    reached |= {name for entrance in found.entrances for name in entrance.clones}
    reached |= {name for address, _ in found.lost for name in address.clones}
    for clone in plan.clones:
        if clone.sandbox.tenant == found.tenant and clone.services and clone.id.name not in reached:
            why = "'sandlane list workloads' says why"
            ref = f"others can have its address: valueFrom: {{cloneRef: {{name: {clone.workload.name}}}}}"
            words(f"no request is routed to the clone of {clone.origin.id} ({why}); {ref}")
