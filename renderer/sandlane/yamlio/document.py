"""What is read of a file, a document at a time, and what ends the reading."""

from __future__ import annotations

from typing import Any

from sandlane.frozen import frozen
from sandlane.problems.problem import Problem


@frozen
class Document:
    """One document of a file: its number, counting every document in the file from 0, its JSON data, and notices on it."""

    index: int
    data: Any
    notices: tuple[Problem, ...] = ()


class StopError(Exception):
    """Ends the reading of a file: its problems are complete, or it is not worth reading on."""


class DuplicateError(Exception):
    """Asks for a second reading that keeps the places of keys: only texts with a duplicate key pay for them."""
