"""What `set`, `delete` and `prune` share: the lock on the specs, trying a change before it is written, and what is said of it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from sandlane.cli import session as s
from sandlane.cli.asked import as_asked
from sandlane.cli.terminal import words, working
from sandlane.cli.writing import write_files
from sandlane.files.disk import DiskTree
from sandlane.files.tree import join
from sandlane.frozen import frozen
from sandlane.pipeline import Rendered, render
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem, Source, sort
from sandlane.specs.inputs import Inputs

Staged = Mapping[str, bytes | None]
"""Path in the tree -> bytes to write, or None to remove the file."""


@frozen
class Tried:
    """A change as it would be: its inputs, and its output, or the problems of other sandboxes for which there is none."""

    inputs: Inputs
    rendered: Rendered | None
    problems: Invalid | None


@contextmanager
def locked_specs(session: s.Session, inputs: Inputs) -> Iterator[None]:
    """Keeps other changes of specs out until this one is written; waits for one that is at work."""
    directory = session.tree.root / specs_directory(inputs)
    if problem := obstacle(directory, is_directory=True):
        raise Invalid([problem])
    directory.mkdir(parents=True, exist_ok=True)
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        session.tree = DiskTree(session.tree.root)  # what was read before may have changed since
        yield
    finally:
        os.close(handle)


def specs_directory(inputs: Inputs) -> str:
    """Returns the directory of the tree that new specs are written to: the first that `sandboxes` names."""
    environment = inputs.environment
    named = [join(environment.directory, entry) for entry in environment.sandboxes]
    return next((path for path in named if not path.endswith((".yaml", ".yml", ".json"))), environment.directory)


def try_change(session: s.Session, staged: Staged, *, is_set: bool = False, is_raw: bool = False) -> Tried:
    """Renders a change without writing it. Raises Invalid where it is the change, or the environment, that is wrong.

    Problems are told of what is on disk, with ways out for `sandlane set` where that asks; raw ones are of the change.
    """
    try:
        return _tried(session, staged)
    except Invalid as invalid:
        if is_raw:
            raise
        placed = session.place(invalid.problems)
        disk = DiskTree(session.tree.root)
        texts = {path: disk.read(path) for path in staged if disk.kind(path) == "file"}
        raise Invalid(as_asked(placed, staged, texts, is_set=is_set)) from None


def _tried(session: s.Session, staged: Staged) -> Tried:
    session.tree = DiskTree(session.tree.root, staged=staged)
    inputs = session.inputs()
    try:
        with working(f"rendering {session.shown}"):
            return Tried(inputs, render(inputs), None)
    except Invalid as invalid:
        changed = [p for p in invalid.problems if p.level == "error" and _concerns(p.sandbox, staged)]
        if changed:
            raise Invalid(sort(changed)) from None
        return Tried(inputs, None, invalid)


def _concerns(sandbox: Source | None, staged: Staged) -> bool:
    return sandbox is None or sandbox.file in staged or not any(data is not None for data in staged.values())


def write_change(session: s.Session, staged: Staged, tried: Tried, said: Sequence[str], *, is_rendered: bool) -> int:
    """Writes specs and the output, and says so, `said` first; returns the exit status.

    Specs stay as they were where the output cannot be written. Raises Invalid and Unwritten.
    """
    with _prepared(session, staged) as put_in_place:
        if is_rendered and tried.rendered is not None:
            directory = session.output(tried.inputs, None)
            changed = write_files(directory, tried.rendered.files)
        put_in_place()
    for line in said:
        words(line)
    if not is_rendered:
        words(f"not rendered: run 'sandlane render {session.shown}'")
        return 0
    if tried.rendered is None:
        assert tried.problems is not None
        session.tell(tried.problems.problems)
        click.echo("the spec is written, but not the output, because of these problems of other sandboxes", err=True)
        return 2
    words(
        f"{s.shown(directory)}: {len(changed.create)} created, {len(changed.update)} updated, {len(changed.delete)} deleted, "
        f"{changed.unchanged} unchanged"
    )
    return 0


def write_staged(session: s.Session, staged: Staged) -> None:
    """Writes files of the tree, and removes some. Raises Invalid where that cannot be done."""
    with _prepared(session, staged) as put_in_place:
        put_in_place()


def obstacle(file: Path, *, is_directory: bool = False) -> Problem | None:
    """Returns what stands in the way of a file, or a directory, that is to be written: something else in a place on its way."""
    if file.is_dir() and not is_directory:
        return report("SL260", file=s.shown(file), reason="it is a directory", obstacle=s.shown(file))
    way = (file, *file.parents) if is_directory else file.parents
    above = next((path for path in way if os.path.lexists(path)), None)
    if above is None:
        return None
    if above.is_dir():
        return (
            None
            if os.access(above, os.W_OK | os.X_OK)
            else _unwritable(file, f"you may not write in '{s.shown(above)}'")
        )
    other = s.shown(above)
    reason = f"{'it' if above == file else repr(other)} is no directory"
    return report("SL260", file=s.shown(file), reason=reason, obstacle=other)


@contextmanager
def _prepared(session: s.Session, staged: Staged) -> Iterator[Callable[[], None]]:
    """Writes texts beside their places, and yields what puts them there. Raises Invalid where a text cannot be written."""
    beside: dict[Path, Path] = {}

    def put_in_place() -> None:
        for path, data in staged.items():
            file = session.tree.root / path
            if data is None:
                file.unlink()
            else:
                beside.pop(file).replace(file)

    try:
        for path, data in staged.items():
            file = session.tree.root / path
            if problem := obstacle(file):
                raise Invalid([problem])
            if data is not None:
                _write_beside(file, data, beside)
        yield put_in_place
    finally:
        for temporary in beside.values():
            temporary.unlink(missing_ok=True)


def _write_beside(file: Path, data: bytes, beside: dict[Path, Path]) -> None:
    """Writes a text beside its file, with the permissions of that. Raises Invalid."""
    import tempfile  # brings modules for archives with it

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=".sandlane-", suffix=".tmp", dir=file.parent)
        beside[file] = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        beside[file].chmod(mode)
    except OSError as error:
        raise Invalid([_unwritable(file, str(error.strerror))]) from None


def _unwritable(file: Path, reason: str) -> Problem:
    hint = "see that there is room, and that you may write there"
    return report("SL260", file=s.shown(file), reason=reason, obstacle="", hint=hint)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def day_of(text: str, today: str) -> str:
    """Returns a day as YYYY-MM-DD: one that is given, `today`, or `+14d` and `+2w` from today. Raises click.UsageError."""
    import datetime
    import re

    if text == "today":
        return today
    ahead = re.fullmatch(r"\+(\d{1,4})([dw])", text)
    try:
        if ahead:
            days = int(ahead[1]) * (7 if ahead[2] == "w" else 1)
            return (datetime.date.fromisoformat(today) + datetime.timedelta(days=days)).isoformat()
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise click.UsageError(f"'{text}' is no day: give one as 2026-12-01, as today, or as +14d or +2w from today")


def today() -> str:
    """Returns the day that it is in UTC."""
    import datetime

    return datetime.datetime.now(datetime.UTC).date().isoformat()
