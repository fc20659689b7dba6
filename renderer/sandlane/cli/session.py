"""What every command does first and last: finding environments, reading them, and telling what is wrong."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sandlane.base.base import Base
from sandlane.cli.main import DEFECT, INVALID
from sandlane.cli.terminal import amount, words, working
from sandlane.cli.view import View
from sandlane.files.disk import DiskTree, environment_above, environment_file, environments_below, find_root
from sandlane.files.tree import STREAM, NoRevision, OutsideRoot, Unreadable, join
from sandlane.output import write
from sandlane.output.changes import Changes, OfAnotherEnvironment, UnusableOutput
from sandlane.output.changes import changes as find_changes
from sandlane.pipeline import Unproven
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem, Source, mention, with_mentions
from sandlane.problems.problem import Path as Steps
from sandlane.specs.inputs import Inputs, read_inputs
from sandlane.yamlio.locate import locate

if TYPE_CHECKING:
    from sandlane.base.syncers import Found
    from sandlane.files.git import GitTree

F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V", bound=View)


class Session(View):
    """One environment as a command works on it: its tree, the paths as the user sees them, and its inputs.

    `base` is what is read in the place of the environment's base: paths, or `-` for what was piped in. With `only_tracked` inputs
    are read from git's index. Raises NoRevision where there is none, or where it holds a conflict.
    """

    def __init__(
        self,
        argument: Path,
        root: Path | None,
        base: Sequence[str] = (),
        stream: bytes | None = None,
        *,
        only_tracked: bool = False,
    ) -> None:
        self.file = environment_file(argument)
        self.base = base
        bound = root or find_root(self.file)
        super().__init__(_index(bound) if only_tracked else DiskTree(bound, stream), os.path.relpath(self.file))

    def inputs(self) -> Inputs:
        """Reads the environment, its base and its specs. Raises Invalid."""
        try:
            path = Path(os.path.realpath(self.file)).relative_to(self.tree.root).as_posix()
        except ValueError:
            raise Invalid([report("SL121", file=self.shown, root=f"'{self.tree.root}'")]) from None
        try:
            entries = tuple(entry_of(self.tree, entry) for entry in self.base)
            with working(f"reading {self.shown}"):
                inputs = read_inputs(self.tree, path, base_entries=entries or None)
            objects, specs = len(inputs.base.resources), len(inputs.sandboxes) + len(inputs.groups)
            words(f"{self.shown}: read {objects} objects of the base and {specs} specs", least=1)
            return inputs
        except FileNotFoundError:
            raise Invalid(
                [
                    report(
                        "SL120",
                        what="environment file",
                        file=self.shown,
                        hint=self._where(),
                    )
                ]
            ) from None
        except OutsideRoot:
            raise Invalid([report("SL121", file=self.shown, root=f"'{self.tree.root}'")]) from None
        except Unreadable as unreadable:
            raise Invalid([report("SL128", source=Source(file=path), reason=str(unreadable))]) from None

    def tell_left_out(self, problems: Sequence[Problem]) -> None:
        """Writes the problems of sandboxes that cannot be rendered, and which these are."""
        if problems:
            self.tell(problems)
            files = sorted({self.seen(p.sandbox.file) for p in problems if p.sandbox})
            click.echo(f"left out because of these problems: {', '.join(files)}", err=True)

    def _where(self) -> str:
        """Returns where there are environments, or how to make one."""
        below = environments_below(Path())
        if below:
            how = "with -e " if _takes_option() else ""
            return (
                f"name one of those below {how.rstrip()}".rstrip()
                + f": {', '.join(below[:8])}{', …' if len(below) > 8 else ''}"
            )
        if above := environment_above(self.file.parent):
            return f"there is one above: {'-e ' if _takes_option() else ''}{os.path.relpath(above)}"
        return "name the environment's file or directory, or make one with 'sandlane init'"

    def is_here(self) -> bool:
        """Tells whether this is the environment that commands mean when none is named."""
        here = environment_above(Path())
        return here is not None and here == Path(os.path.realpath(self.file))

    def output(self, inputs: Inputs, given: Path | None) -> Path:
        """Returns the directory of the output. Raises Invalid where the environment's leaves the root by a link."""
        if given:
            self._refuse_overlap(inputs, given)
            return given
        path = join(inputs.environment.directory, inputs.environment.output.path)
        wrong = partial(report, "SL502", source=inputs.environment.source, path=("spec", "output", "path"))
        try:
            DiskTree(self.tree.root).kind(path)
        except OutsideRoot:
            raise Invalid(
                [wrong(file=inputs.environment.output.path, reason="a link on its way leaves the root")]
            ) from None
        except Unreadable as unreadable:
            raise Invalid([wrong(file=inputs.environment.output.path, reason=str(unreadable))]) from None
        return self.tree.root / path

    def read_output(
        self, inputs: Inputs, directory: Path, seen: tuple[DiskTree, Found] | None = None
    ) -> tuple[DiskTree, Base]:
        """Reads the manifests of an output directory, whoever wrote them. Raises Invalid.

        `seen` are the tree and the files in it, where somebody has looked already.
        """
        from sandlane.base.output import read_output  # what writes, or compares files, reads no manifests

        tree, found = seen or (DiskTree(directory), None)
        try:
            return tree, read_output(tree, inputs.environment.default_namespace, found)
        except (OutsideRoot, Unreadable) as error:
            raise Invalid([unusable(directory, error)]) from None
        except Invalid as invalid:
            files = {problem.source.file for problem in invalid.problems if problem.source}
            named = [
                dataclasses.replace(p, text=with_mentions(p.text, partial(self._of_output, tree)))
                for p in invalid.problems
            ]
            raise Invalid(self.placed_in(tree, files, named)) from None

    def _of_output(self, tree: DiskTree, source: Source, path: Steps) -> str:
        """Returns the mention of a place in an output as one that is seen from the session's root."""
        return mention(dataclasses.replace(source, file=os.path.relpath(tree.root / source.file, self.tree.root)), path)

    def placed_in(self, tree: DiskTree, files: Collection[str], problems: Iterable[Problem]) -> list[Problem]:
        """Returns problems with line and column, those in `files` of the output as seen from the session's root."""

        def place(problem: Problem) -> Problem:
            source = problem.source
            if source is None or source.file not in files:
                return problem
            position = problem.position or _located(tree, source, problem)
            file = os.path.relpath(tree.root / source.file, self.tree.root)
            return dataclasses.replace(problem, source=Source(file=file), position=position or (1, 1))

        return [place(problem) for problem in problems]

    def _refuse_overlap(self, inputs: Inputs, given: Path) -> None:
        """Raises Invalid where a directory of the user's own choice holds inputs, or lies in them; links are followed."""
        environment = inputs.environment
        output = os.path.realpath(given)
        wrong = [
            report(
                "SL126",
                source=environment.source,
                path=("spec", field, number),
                what=field,
                file=entry,
                output=shown(given),
                hint="choose another directory",
            )
            for field, entries in (("base", environment.base), ("sandboxes", environment.sandboxes))
            for number, entry in enumerate(entries)
            if self._overlap(output, os.path.realpath(self.tree.root / environment.directory / entry))
        ]
        if wrong:
            raise Invalid(wrong)

    @staticmethod
    def _overlap(one: str, two: str) -> bool:
        return os.path.commonpath((one, two)) in (one, two)


def _located(tree: DiskTree, source: Source, problem: Problem) -> tuple[int, int] | None:
    try:
        data = tree.read(source.file)
    except (OSError, OutsideRoot, Unreadable):
        return None  # the problem is that the file cannot be read
    return locate(data, source.document, (*source.prefix, *problem.path), problem.at_key)


def _index(root: Path) -> GitTree:
    """Returns the files of git's index. Raises NoRevision."""
    from sandlane.files.git import GitTree  # what few commands ask for

    return GitTree(root, None)


def _takes_option() -> bool:
    """Tells whether the command names its environment by `-e`."""
    context = click.get_current_context(silent=True)
    return context is not None and any("-e" in parameter.opts for parameter in context.command.params)


def shown(path: Path) -> str:
    """Returns a path as seen from where the user stands."""
    return os.path.relpath(path)


def unusable(directory: Path, error: Exception) -> Problem:
    """Returns the problem of an output directory that cannot be read or written."""
    if isinstance(error, OfAnotherEnvironment):
        return report("SL504", file=shown(directory), what=error.what, other=error.environment)
    reason = str(error)
    if isinstance(error, OSError) and error.strerror:
        file = os.path.relpath(str(error.filename), directory) if error.filename else "."
        reason = error.strerror if file == "." or file.split("/")[0] == ".." else f"'{file}': {error.strerror}"
    return report("SL502", file=shown(directory), reason=reason)


def sessions(
    arguments: Sequence[Path], root: Path | None, base: Sequence[str] = (), *, only_tracked: bool = False
) -> list[Session]:
    """Returns a session for each environment that the user names; by default the one here, else the nearest above."""
    if only_tracked and STREAM in base:
        raise click.UsageError("--only-tracked reads from git's index, and '--base -' what is piped in: leave one out")
    stream = sys.stdin.buffer.read() if STREAM in base else None
    named = arguments or [environment_above(Path()) or Path()]
    try:
        return [Session(argument, root, base, stream, only_tracked=only_tracked) for argument in named]
    except NoRevision as error:
        raise click.UsageError(f"--only-tracked: {error}") from None


def entry_of(tree: DiskTree | GitTree, path: str) -> str:
    """Returns a path of the user as an entry that is seen from the root of a tree."""
    return STREAM if path == STREAM else Path(os.path.relpath(os.path.realpath(path), tree.root)).as_posix()


def write_files(directory: Path, files: Mapping[str, str]) -> Changes:
    """Brings a directory up to date. Raises Invalid before anything was written, and Unwritten after."""
    try:
        with write.locked(directory):
            changed = _writable(directory, files)
            is_new = not directory.exists()
            try:
                write.apply(directory, files, changed)
            except OSError as error:
                # A new directory appears as a whole or not at all.
                problem = unusable(directory, error)
                raise (Invalid([problem]) if is_new else Unwritten(problem)) from None
    except OSError as error:
        raise Invalid([unusable(directory, error)]) from None
    return changed


def refusals(directory: Path, files: Mapping[str, str]) -> list[Problem]:
    """Returns the problems for which a directory could not be brought to files."""
    try:
        _writable(directory, files)
    except Invalid as invalid:
        return list(invalid.problems)
    return []


def _writable(directory: Path, files: Mapping[str, str]) -> Changes:
    try:
        changed = find_changes(directory, files)
    except (UnusableOutput, OfAnotherEnvironment, OSError) as error:
        raise Invalid([unusable(directory, error)]) from None
    if changed.foreign:
        raise Invalid(report("SL501", file=shown(directory / path)) for path in changed.foreign)
    return changed


MACHINES = ("json", "sarif", "github", "gitlab")
"""Formats that are for machines: results whole as JSON, or their problems as code hosts show them beside the lines."""


def as_machines_read(output: str, results: Sequence[Mapping[str, Any]]) -> str:
    """Returns the results of environments in a format of `MACHINES`."""
    if output == "json":
        return json.dumps({"environments": results}, indent=2, ensure_ascii=False)
    from sandlane.reports.code_hosts import FORMATS  # what only CI asks for

    return FORMATS[output]([p for result in results for name in _TOLD for p in result.get(name, ())])


_TOLD = ("problems", "left_out")


class Unwritten(Exception):
    """Raised where writing failed half-way: its argument is the problem."""


def run(
    sessions: Sequence[V], output: str, action: Callable[[V], tuple[int, dict[str, Any]]], *, writes: bool = False
) -> None:
    """Runs an action for each environment, tells what is wrong, writes the results as JSON if wanted, and exits.

    The action returns an exit status and its result; the gravest status is the command's. `writes` says that it would have
    written something.
    """
    where = " for this environment" if len(sessions) > 1 else ""
    statuses: list[int] = []
    results: list[dict[str, Any]] = []
    for session in sessions:
        result: dict[str, Any] = {}
        problems: Sequence[Problem] = ()
        start = time.monotonic()
        try:
            status, result = action(session)
            words(f"{session.shown}: took {time.monotonic() - start:.2f} s", least=1)
        except Invalid as invalid:
            status, problems = INVALID, invalid.problems
            said = f"{counted(problems)}{', nothing was written' if writes else ''}{where}"
        except Unwritten as unwritten:
            status, problems = INVALID, unwritten.args
            said = "the output may be incomplete: run 'sandlane render' again"
        except Unproven as unproven:
            status, problems, said = DEFECT, unproven.problems, _DEFECT
        if problems and output in MACHINES:
            result = {"problems": session.as_data(problems)}
        elif problems:
            session.tell(problems)
            click.echo(said, err=True)
        session.close()
        statuses.append(status)
        results.append({"environment": session.shown, **result})
    if output in MACHINES:
        click.echo(as_machines_read(output, results))
    sys.exit(max(statuses, default=0))


_DEFECT = (
    "the output does not keep sandlane's promises, so nothing was written: this is a defect of sandlane, "
    "not of your files: please report it with the lines above"
)


def counted(problems: Sequence[Problem]) -> str:
    """Returns how many errors there are, in words."""
    errors = sum(p.level == "error" for p in problems)
    return amount(errors, "problem")
