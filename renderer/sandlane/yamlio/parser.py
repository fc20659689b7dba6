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
_BREAKS = "\r\n\x85\u2028\u2029"
_BLANKS = f"\0 \t{_BREAKS}"
_ENDS_TAG = re.compile(r"[\[\],]")


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

    def scan_to_next_token(self) -> None:
        """Passes over what separates tokens: tabs too where no key of a block may begin, as libyaml does."""
        while True:
            super().scan_to_next_token()
            if self.peek() != "\t" or not (self.flow_level or not self.allow_simple_key):
                return
            self.forward()

    def scan_tag(self) -> Any:
        """Returns the token of a tag, which a tab may end, and between brackets a comma."""
        end = self.pointer
        while self.buffer[end] not in _BLANKS:
            end += 1
        self._take_for_spaces(end)
        cut = _ENDS_TAG.search(self.buffer, self.pointer, end)
        if cut and self.prefix(2) != "!<":
            if not self.flow_level or cut[0] != ",":
                mark, problem = self.get_mark(), "did not find expected whitespace or line break"
                raise yaml.MarkedYAMLError("while scanning a tag", mark, problem, mark)
            self.buffer = f"{self.buffer[: cut.start()]} {self.buffer[cut.start() :]}"
        return super().scan_tag()

    def scan_block_scalar_indentation(self) -> Any:
        """Returns the breaks before a block's first line and its indentation, in which no tab may stand."""
        found = super().scan_block_scalar_indentation()
        self._refuse_tab(self.column + 1)
        return found

    def scan_block_scalar_breaks(self, indent: int) -> Any:
        """Returns the breaks before a line of a block, in whose indentation no tab may stand."""
        found = super().scan_block_scalar_breaks(indent)
        self._refuse_tab(indent)
        return found

    def _refuse_tab(self, indent: int) -> None:
        if self.column < indent and self.peek() == "\t":
            mark, problem = self.get_mark(), "found a tab character where an indentation space is expected"
            raise yaml.MarkedYAMLError("while scanning a block scalar", mark, problem, mark)

    def scan_block_scalar_indicators(self, start_mark: Any) -> Any:
        """Returns what stands behind `|` or `>`, which a tab may end, or a comment."""
        end = self.pointer
        while self.buffer[end] in "+-0123456789 ":
            end += 1
        self._take_for_spaces(end)
        if self.buffer[end] == "#":
            self.buffer = f"{self.buffer[:end]} {self.buffer[end:]}"
        return super().scan_block_scalar_indicators(start_mark)

    def _take_for_spaces(self, index: int) -> None:
        """Puts spaces in the place of tabs: between tokens they are the same."""
        end = index
        while self.buffer[end] in " \t":
            end += 1
        self.buffer = f"{self.buffer[:index]}{' ' * (end - index)}{self.buffer[end:]}"

    def scan_plain_spaces(self, indent: int, start_mark: Any) -> list[str] | None:
        """Returns what a plain scalar has of the blanks and line breaks before its next text; None where a document ends.

        Tabs are blanks, but not where they would indent a line.
        """
        length = 0
        while self.peek(length) in " \t":
            length += 1
        blanks = self.prefix(length)
        self.forward(length)
        if self.peek() not in _BREAKS:
            return [blanks] if blanks else []
        breaks: list[str] = []
        self.allow_simple_key = True
        while self.peek() in _BREAKS:
            breaks.append(self.scan_line_break())  # type: ignore[no-untyped-call]
            if self.prefix(3) in ("---", "...") and self.peek(3) in _BLANKS:
                return None
            while self.peek() == " " or (self.peek() == "\t" and self.column >= indent):
                self.forward()
            if self.peek() == "\t":
                problem = "found a tab character that violates indentation"
                raise yaml.MarkedYAMLError("while scanning a plain scalar", start_mark, problem, self.get_mark())
        if breaks[0] == "\n":
            return breaks[1:] or [" "]
        return breaks

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
"""Values that the aliases of a file may expand to; ten characters of a string count as one more."""
ALIASED_EACH = 4
"""Values that they may expand to for each character of the file: what many files expand to is then in proportion to their size, in
whatever order they are read. Manifests that people write stay below three."""


def most_aliased(length: int) -> int:
    """Returns how many values the aliases of a file of so many characters may expand to."""
    return min(ALIASED, ALIASED_EACH * length)
