"""Calico's selector expressions, such as `app == 'web' && tier in {'front', 'back'}`.

https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#selectors: `==`, `!=`, `in`, `not in`, `has()`, `contains`,
`starts with` and `ends with`, joined by `&&` and `||`, turned by `!`, grouped by parentheses; `all()` selects everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Selects = Callable[[Mapping[str, str]], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<sign>==|!=|&&|\|\||[!(){},])"
    r"|(?P<word>not\s+in\b|starts\s+with\b|ends\s+with\b|[A-Za-z0-9_./-]+))"
)
_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "==": lambda value, wanted: value == wanted,
    "contains": lambda value, wanted: wanted in value,
    "starts with": lambda value, wanted: value.startswith(wanted),
    "ends with": lambda value, wanted: value.endswith(wanted),
}


class BadExpression(ValueError):
    """Raised for text that is no selector expression of Calico's."""


def parse(text: str) -> Selects:
    """Parses a selector expression; an empty one selects everything. Raises BadExpression."""
    tokens, place = [], 0
    text = text.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise BadExpression(text[place:])
        tokens.append(" ".join(found[0].split()) if found["word"] else found[0].strip())
        place = found.end()
    if not tokens:
        return lambda _: True
    reader = _Reader(tokens)
    selects = reader.any_of()
    if reader.tokens:
        raise BadExpression(text)
    return selects


class _Reader:
    """Reads tokens from the left; each method takes what it reads off."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def _take(self, *wanted: str) -> str:
        if not self.tokens or (wanted and self.tokens[0] not in wanted):
            raise BadExpression(" ".join(self.tokens))
        return self.tokens.pop(0)

    def any_of(self) -> Selects:
        """Reads terms joined by `||`."""
        terms = [self._all_of()]
        while self.tokens[:1] == ["||"]:
            self._take()
            terms.append(self._all_of())
        return lambda labels: any(term(labels) for term in terms)

    def _all_of(self) -> Selects:
        terms = [self._term()]
        while self.tokens[:1] == ["&&"]:
            self._take()
            terms.append(self._term())
        return lambda labels: all(term(labels) for term in terms)

    def _term(self) -> Selects:
        first = self._take()
        if first == "!":
            turned = self._term()
            return lambda labels: not turned(labels)
        if first == "(":
            inner = self.any_of()
            self._take(")")
            return inner
        if first in ("all", "global") and self.tokens[:1] == ["("]:
            self._take("(")
            self._take(")")
            return lambda _: first == "all"
        if first == "has":
            self._take("(")
            named = _unquoted(self._take())
            self._take(")")
            return lambda labels: named in labels
        return self._condition(_unquoted(first))

    def _condition(self, key: str) -> Selects:
        operator = self._take("==", "!=", "in", "not in", "contains", "starts with", "ends with")
        if operator in ("in", "not in"):
            values = self._values()
            return lambda labels: (labels.get(key) in values) == (operator == "in")
        wanted = _unquoted(self._take())
        if operator == "!=":
            return lambda labels: labels.get(key) != wanted
        test = _TESTS[operator]
        return lambda labels: key in labels and test(labels[key], wanted)

    def _values(self) -> frozenset[str]:
        values = set()
        self._take("{")
        while self._peek() != "}":
            values.add(_unquoted(self._take()))
            if self._peek() == ",":
                self._take()
        self._take("}")
        return frozenset(values)

    def _peek(self) -> str:
        return self.tokens[0] if self.tokens else ""


def _unquoted(token: str) -> str:
    return token[1:-1] if token[:1] in "'\"" and len(token) > 1 else token
