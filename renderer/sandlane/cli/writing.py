"""How a command brings a directory up to date, or says why it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sandlane.cli.session import shown, unusable
from sandlane.output.changes import Changes, OfAnotherEnvironment, UnusableOutput
from sandlane.output.changes import changes as find_changes
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem


class Unwritten(Exception):
    """Raised where writing failed half-way: its argument is the problem."""


def write_files(directory: Path, files: Mapping[str, str]) -> Changes:
    """Brings a directory up to date. Raises Invalid before anything was written, and Unwritten after."""
    from sandlane.output import write  # what only looks writes nothing

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
