"""What every command does first: finding environments, and reading them."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandlane.base.base import Base
from sandlane.cli.terminal import words, working
from sandlane.cli.view import View
from sandlane.files.disk import DiskTree, environment_above, environment_file, environments_below, find_root
from sandlane.files.tree import STREAM, NoRevision, OutsideRoot, Unreadable, join
from sandlane.output.changes import OfAnotherEnvironment, UnusableOutput
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem, Source, mention, with_mentions
from sandlane.problems.problem import Path as Steps
from sandlane.specs.inputs import Inputs, read_inputs
from sandlane.yamlio.locate import locate

if TYPE_CHECKING:
    from sandlane.base.syncers import Found
    from sandlane.files.git import GitTree


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

        refuse_file(directory)
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


def refuse_file(directory: Path) -> None:
    """Raises Invalid where something else stands at the path of an output directory."""
    if os.path.exists(directory) and not os.path.isdir(directory):  # noqa: PTH110, PTH112
        wrong = unusable(directory, UnusableOutput("it is no directory"))
        hint = "move it away, or name another directory in 'spec.output.path' of the environment"
        raise Invalid([dataclasses.replace(wrong, hint=hint)])


def refuse_missing(directory: Path, hint: str) -> None:
    """Raises Invalid where an output directory is not there."""
    refuse_file(directory)
    if not os.path.isdir(directory):  # noqa: PTH112
        raise Invalid([report("SL120", what="output directory", file=shown(directory), hint=hint)])


def unusable(directory: Path, error: Exception) -> Problem:
    """Returns the problem of an output directory that cannot be read or written."""
    if isinstance(error, OfAnotherEnvironment):
        return report("SL504", file=shown(directory), what=error.what, other=error.environment)
    reason = str(error)
    if isinstance(error, OSError) and error.strerror:
        file = os.path.relpath(str(error.filename), directory) if error.filename else "."
        reason = error.strerror if file in ("", ".") or file.split("/")[0] == ".." else f"'{file}': {error.strerror}"
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
