"""`sandlane set`: creates or changes a sandbox's spec, and renders."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from sandlane.cli import options
from sandlane.cli import session as s
from sandlane.cli.changing import day_of, locked_specs, specs_directory, today, try_change, write_change
from sandlane.cli.completing import sandboxes, workloads
from sandlane.cli.reaching import reach
from sandlane.cli.terminal import Refused, words
from sandlane.files.tree import join
from sandlane.frozen import frozen
from sandlane.problems.problem import Invalid, did_you_mean
from sandlane.reports.connect.reach import Reach
from sandlane.reports.targets import Target, Unresolved, find_target, kinds_and_name
from sandlane.specs.editing import SandboxEdit, WorkloadEdit, edited, new_spec
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
    help="Set a variable; NAME- takes it out.",
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
@click.option("--no-render", is_flag=True, help="Write the spec only.")
@options.one_environment
def command(
    name: str,
    images: tuple[str, ...],
    variables: tuple[str, ...],
    replicas: tuple[str, ...],
    remove: tuple[str, ...],
    owner: str | None,
    expires: str | None,
    no_render: bool,
    environment: Path | None,
    root: Path | None,
) -> None:
    """Changes one sandbox of one environment."""
    if not name:
        raise click.UsageError("NAME is empty: say which sandbox, such as: sandlane set dev1 WORKLOAD=IMAGE")
    if owner == "":
        raise click.UsageError("--owner is empty: say who answers for the sandbox, such as: --owner dana")
    day = None if expires is None else "" if expires == "never" else day_of(expires, today())
    wanted = _Wanted(
        name=name,
        changes=tuple(_changes(images, variables, replicas)),
        removed=remove,
        owner=owner,
        expires=day,
    )
    sessions = s.sessions([environment] if environment else [], root)
    s.run(sessions, "text", lambda session: _set(session, wanted, not no_render), writes=True)


@frozen(kw_only=True)
class _Change:
    """One argument: the target as written, the field (`image`, `env` or `replicas`), and its value."""

    target: str
    field: str
    value: Any


@frozen(kw_only=True)
class _Wanted:
    """All that a call says of a sandbox."""

    name: str
    changes: tuple[_Change, ...]
    removed: tuple[str, ...]
    owner: str | None
    expires: str | None


def _changes(images: Sequence[str], variables: Sequence[str], replicas: Sequence[str]) -> Iterator[_Change]:
    for text in images:
        target, equals, image = text.partition("=")
        if not (target and equals and image):
            raise click.UsageError(
                f"'{text}' says no image: write WORKLOAD=IMAGE, such as checkout=registry.example/checkout:2"
            )
        yield _Change(target=target, field="image", value=image)
    for text in variables:
        target, colon, rest = text.partition(":")
        variable, equals, value = rest.partition("=")
        if not (target and colon and variable) or not (equals or variable.endswith("-")):
            raise click.UsageError(
                f"'{text}' says no variable: write WORKLOAD:NAME=VALUE, or WORKLOAD:NAME- to take it out"
            )
        pair = (variable, value) if equals else (variable.removesuffix("-"), None)
        yield _Change(target=target, field="env", value=pair)
    for text in replicas:
        target, equals, number = text.partition("=")
        if not (target and equals and number.isdigit()):
            raise click.UsageError(f"'{text}' says no number of pods: write WORKLOAD=N, such as checkout=2")
        yield _Change(target=target, field="replicas", value=int(number))


def _set(session: s.Session, wanted: _Wanted, is_rendered: bool) -> tuple[int, dict[str, Any]]:
    with locked_specs(session, session.inputs()):
        inputs = session.inputs()
        path, document = _place(session, inputs, wanted.name)
        is_new = document is None
        owner = wanted.owner or (_git_user() if is_new else None)
        edit, told = _edit(inputs, wanted, owner)
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
        staged = {path: text.encode()}
        tried = try_change(session, staged)
        said = [f"{session.seen(path)}: {'new' if is_new else 'changed'}"]
        if is_new and owner and not wanted.owner:
            said.append(f"  owner: {owner}, from 'git config user.email'; --owner says another")
        said += (f"  {line}" for line in told)
        status = write_change(session, staged, tried, said, is_rendered=is_rendered)
    if tried.rendered and is_rendered:
        session.tell(p for p in tried.rendered.notices if p.sandbox and p.sandbox.file == path)
        _tell_reach(reach(tried.inputs, tried.rendered, wanted.name))
    return status, {}


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


def _edit(inputs: Inputs, wanted: _Wanted, owner: str | None) -> tuple[SandboxEdit, list[str]]:
    """Returns what is to be changed in the spec, and for each change a line that says so."""
    edits: dict[tuple[str, str], WorkloadEdit] = {}
    told: list[str] = []
    before = {s.name: s for s in inputs.sandboxes}.get(wanted.name)
    for change in wanted.changes:
        target = _target(inputs, change.target)
        id = target.workload.id
        key = (str(id), target.container)
        default = inputs.environment.default_namespace
        kept = edits.get(key) or WorkloadEdit(
            kind=id.kind,
            name=id.name,
            namespace=None if id.namespace == default else id.namespace,
            container=target.container,
            is_only=target.is_only,
        )
        edits[key] = _with(kept, change)
        told.append(_line(target, change))
    removed = tuple(_removed(before, text) for text in wanted.removed)
    told += [f"{kind}/{name}  taken out" for kind, name in removed]
    if wanted.expires:
        told.append(f"expires: {wanted.expires}")
    edit = SandboxEdit(
        name=wanted.name, owner=owner, expires=wanted.expires, workloads=tuple(edits.values()), removed=removed
    )
    return edit, told


def _with(edit: WorkloadEdit, change: _Change) -> WorkloadEdit:
    import dataclasses

    if change.field == "env":
        return dataclasses.replace(edit, env=(*edit.env, change.value))
    return dataclasses.replace(edit, **{change.field: change.value})


def _line(target: Target, change: _Change) -> str:
    where = str(target.workload.id) if target.is_only else f"{target.workload.id} ({target.container})"
    if change.field == "image":
        return f"{where}  image  {target.image or 'none'} → {change.value}"
    if change.field == "replicas":
        return f"{where}  replicas  {change.value}"
    name, value = change.value
    return f"{where}  env {name}  {'taken out' if value is None else value}"


def _target(inputs: Inputs, text: str) -> Target:
    try:
        return find_target(inputs.base, inputs.environment, text)
    except Unresolved as error:
        raise Refused(str(error)) from None


def _removed(before: Any, text: str) -> tuple[str, str]:
    try:
        kind, _, name = kinds_and_name(text)
    except Unresolved as error:
        raise Refused(str(error)) from None
    workloads = before.workloads if before else ()
    found = [w for w in workloads if w.name == name and kind in (None, w.kind)]
    if len(found) != 1:
        listed = {w.name for w in workloads}
        raise Refused(
            f"the sandbox has no workload '{text}': "
            + did_you_mean(name, listed, otherwise=f"it has {', '.join(sorted(listed)) or 'none'}")
        )
    return found[0].kind, found[0].name


def _git_user() -> str | None:
    """Returns what stands before the @ of git's user.email."""
    try:
        found = subprocess.run(["git", "config", "user.email"], capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip().partition("@")[0] or None


def _tell_reach(found: Reach | None) -> None:
    say = words
    if found is None:
        return
    field, value = found.header
    say(f"requests with '{field}: {value}' reach it:")
    for entrance in found.entrances:
        say(f"  {entrance.url.removesuffix('/')} → {found.told(entrance.clones)} (at {entrance.gateway})")
    for address in found.addresses:
        say(f"  {address.url.removesuffix('/')} → {found.told(address.clones)}")
    if found.preview_url:
        say(f"  {found.preview_url} in a browser, without a header")
    say(f"for your client: sandlane connect {found.name}")
