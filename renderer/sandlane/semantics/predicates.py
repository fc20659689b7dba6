"""Predicates on requests: conjunctions of conditions, evaluated as the proxies do it (docs/rules/model.md, S2 to S4 and S27).

Regular expressions are RE2's and have to match the whole text; Linkerd looks for the first match and then asks whether it is
the whole text, which is another thing for `a|ab` (linkerd2-proxy: linkerd/http/route/src/http/match).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from sandlane.frozen import frozen
from sandlane.k8s.rust_expressions import reading
from sandlane.semantics.request import Request

if TYPE_CHECKING:
    import re2

Kind = Literal["exact", "prefix", "segments", "rpc", "regex", "found", "present", "host"]
Subject = Literal["path", "method", "authority", "scheme", "header", "query"]
Mode = Literal["any line", "joined"]
"""How lines of a repeated header are looked at: one by one (Envoy 1.40, Linkerd) or joined with a comma (Envoy before)."""

MODES: tuple[Mode, ...] = ("any line", "joined")


@frozen
class Text:
    """A condition on a text.

    `segments` is a prefix of whole path segments; `found` a regular expression as Linkerd takes it; `rpc` the path of a call, of
    which Linkerd looks at the first two segments, where `/<service>/<method>` may leave either out (rule R-L9).
    """

    kind: Kind
    value: str = ""
    ignores_case: bool = False

    def meets(self, text: str) -> bool:
        """Tells whether a text meets the condition; an expression that is none is met by nothing."""
        value = self.value
        if self.ignores_case and self.kind in ("exact", "prefix"):
            text, value = text.lower(), value.lower()
        if self.kind in ("regex", "found"):
            return _matches(value, text, is_found=self.kind == "found")
        if self.kind == "rpc":
            return _is_call(value, text)
        if self.kind == "segments":
            stem = value.rstrip("/")
            return not stem or text.rstrip("/") == stem or text.startswith(f"{stem}/")
        if self.kind == "prefix":
            return text.startswith(value)
        return self.kind == "present" or text == value


@frozen
class Atom:
    """One condition on a request. `name` is that of a header (lower case) or query parameter.

    A negated atom holds where the condition is not met; with `is_empty_if_missing` a missing header is taken for "". With `is_form`
    a query is read as a form is, and any of several values counts (rule R-L8).
    """

    subject: Subject
    text: Text
    name: str = ""
    is_negated: bool = False
    is_empty_if_missing: bool = False
    is_form: bool = False


Predicate = tuple[Atom, ...]
"""A conjunction: the empty one holds for every request."""


def holds(predicate: Predicate, request: Request, mode: Mode) -> bool:
    """Tells whether a request meets every condition."""
    return all(_met(atom, request, mode) != atom.is_negated for atom in predicate)


def _met(atom: Atom, request: Request, mode: Mode) -> bool:
    values = _values(atom, request, mode)
    if not values and atom.is_empty_if_missing:
        values = ("",)
    return any(atom.text.meets(value) for value in values)


def _values(atom: Atom, request: Request, mode: Mode) -> tuple[str, ...]:
    if atom.subject == "header":
        lines = request.values(atom.name)
        if atom.text.kind == "found":  # of lines with more than visible ASCII Linkerd asks no expression (rule R-L14)
            lines = tuple(line for line in lines if all(" " <= char <= "~" or char == "\t" for char in line))
        return (",".join(lines),) if lines and mode == "joined" else lines
    if atom.subject == "query":
        return request.parameters(atom.name, is_form=atom.is_form)
    texts = {"path": request.bare_path, "method": request.method, "scheme": request.scheme, "authority": request.named}
    return (texts[atom.subject],)


def _is_call(called: str, path: str) -> bool:
    wanted, given = called.split("/"), path.split("/")
    return len(given) > 2 and not given[0] and all(w in ("", g) for w, g in zip(wanted[1:], given[1:], strict=False))


def wrong_expression(predicate: Predicate) -> str | None:
    """Returns a regular expression that RE2 does not know, or None."""
    for atom in predicate:
        if atom.text.kind in ("regex", "found") and _compiled(atom.text.value) is None:
            return atom.text.value
    return None


@lru_cache(maxsize=65536)
def _matches(pattern: str, text: str, *, is_found: bool) -> bool:
    if is_found and reading(pattern) == "otherwise":
        return True  # nobody knows: the rule's doubt says so
    compiled = _compiled(pattern)
    if compiled is None:
        return False
    if not is_found:
        return compiled.fullmatch(text) is not None
    found = compiled.search(text)
    return found is not None and found.span() == (0, len(text))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re2._Regexp | None:
    import re2  # few routes have patterns

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None
