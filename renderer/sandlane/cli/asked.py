"""Problems of a change that is not written: at places of what is on disk, with ways out of the command that asked for it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping

from sandlane.problems.problem import Problem, Source

_WAYS = (
    (re.compile(r"write 'expires: [^']*' below 'spec'"), "add '--expires +14d'"),
    (re.compile(r"write 'owner: [^']*' below 'spec'"), "add '--owner WHO'"),
    (re.compile(r"^write '(?:name|image): ([^']*)'"), r"write '\1'"),
    (
        re.compile(r"accept it at the workload: accept: \[\{code: (SL\d{3}), object: [^{}]*, reason: \.\.\.\}\]"),
        r"accept it: --accept \1=REASON",
    ),
)
"""What a hint says to write in the file, and what says it to `sandlane set`."""


def as_asked(
    problems: Iterable[Problem], staged: Mapping[str, bytes | None], disk: Mapping[str, bytes], *, is_set: bool
) -> list[Problem]:
    """Returns placed problems as they are of files on disk: those of a file that is not there have no place.

    A line that the change makes stands for the nearest before it that is there.
    """
    return [_asked(problem, staged, disk, is_set) for problem in problems]


def _asked(problem: Problem, staged: Mapping[str, bytes | None], disk: Mapping[str, bytes], is_set: bool) -> Problem:
    source = problem.source
    data = staged.get(source.file) if source else None
    if source is None or data is None:
        return problem
    hint = problem.hint
    for pattern, way in _WAYS if is_set else ():
        hint = pattern.sub(way, hint)
    if source.file not in disk or problem.position is None:
        return dataclasses.replace(problem, source=None, position=None, path=(), hint=hint)
    position = _on_disk(data, disk[source.file], problem.position)
    return dataclasses.replace(problem, source=Source(file=source.file), position=position, path=(), hint=hint)


def _on_disk(staged: bytes, disk: bytes, position: tuple[int, int]) -> tuple[int, int]:
    line, column = position
    new, old = staged.decode(errors="replace").splitlines(), disk.decode(errors="replace").splitlines()
    import difflib  # for mistakes alone

    for tag, start, end, first, last in difflib.SequenceMatcher(None, new, old, autojunk=False).get_opcodes():
        if not start < line <= end:
            continue
        there = first + line - 1 - start
        if tag == "equal" or (tag == "replace" and there < last):
            return there + 1, min(column, len(old[there]) + 1)
        above = max(min(first, last - 1), 1)
        return above, len(old[above - 1]) - len(old[above - 1].lstrip()) + 1 if old else 1
    return 1, 1
