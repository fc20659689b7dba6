"""The parser of YAML text: libyaml's events, or PyYAML's own where it was built without libyaml, and their limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

import yaml
from yaml.events import (
    Event,
    ScalarEvent,
)


class Parser(Protocol):
    """What is used of PyYAML's parsers."""

    def get_event(self) -> Event | None:
        """Returns the next event; raises yaml.YAMLError."""


_SURROGATE = re.compile("[\ud800-\udfff]")


class PythonParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's parser without libyaml: the same events, slowly."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)

    def get_event(self) -> Event | None:
        """Returns the next event; refuses escapes that are no characters, as libyaml does."""
        try:
            event: Event | None = super().get_event()  # type: ignore[no-untyped-call]
        except (ValueError, OverflowError):
            raise self._bad_escape(self.get_mark()) from None
        if type(event) is ScalarEvent and event.style == '"' and _SURROGATE.search(event.value):
            raise self._bad_escape(event.start_mark)
        return event

    def scan_plain(self) -> Any:
        """Returns the token of a plain scalar; refuses what may not stand between brackets, as libyaml and we do."""
        start = self.get_mark()
        token = super().scan_plain()
        if self.flow_level and self.peek() == "?":
            raise yaml.MarkedYAMLError(problem=QUESTION_MARK, problem_mark=start)
        if self.flow_level and self.peek() == ":" and self.peek(1) in ",?[]{}":
            raise yaml.MarkedYAMLError("while scanning a plain scalar", start, "found unexpected ':'", self.get_mark())
        return token

    @staticmethod
    def _bad_escape(mark: Any) -> yaml.MarkedYAMLError:
        problem = "found invalid Unicode character escape code"
        return yaml.MarkedYAMLError("while parsing a quoted scalar", mark, problem, mark)


PARSER: Callable[[str], Parser] = PythonParser
try:
    import yaml._yaml

    PARSER = yaml._yaml.CParser
except ImportError:  # PyYAML built without libyaml
    pass

QUESTION_MARK = "a plain value between brackets holds '?', which Go's readers refuse: quote it"
DEPTH = 100
"""Levels of nesting that a document may have."""
TOO_DEEP = re.compile(r"maximum nesting (depth|level)", re.IGNORECASE)
"""What libyaml says at a limit of its own, which its look-ahead may meet before the event of level `DEPTH` comes."""
ALIASED = 100_000
"""Values that the aliases of a file may expand to; a hundred characters of a string count as one more."""
