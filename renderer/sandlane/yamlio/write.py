"""Manifests as YAML text that kubectl, kustomize and PyYAML read alike (rule R-Y2).

Strings stay plain only if a whitelist says so; all else is quoted as JSON. Every container's text starts with a line
break and its indentation, so that the same text serves behind a key and, cut, behind a `- `.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid
from sandlane.yamlio.scalars import whole

_FIRST = {
    name: f"\0{number}" for number, name in enumerate(("apiVersion", "kind", "metadata", "name", "namespace", "spec"))
}
"""Fields that go before others in every mapping -> by what they are sorted; no field of a manifest begins so."""

_RESERVED = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_WORDS = r"[A-Za-z_/](?:[!-9;-~{beyond}]|:(?! |\Z)| (?!\#|\Z))*"
_BEYOND_ASCII = r"\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
"""Compiled for the first text that has such a character: the ranges take milliseconds."""
_PLAIN = re.compile(
    _WORDS.format(beyond="")
    + r"|[0-9]+(?:\.[0-9]+){2,}"
    + r"|[0-9]+(?:\.[0-9]+)?(?:m|u|n|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|Ei|s|ms|h|d|%)"
)
_NO_BLOCK = (  # this, and the two below, are compiled for the first text that needs them
    r"\A[ \t\n]|[ \t](?:\n|\Z)|\n\t|\n\n\Z|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
)
_ESCAPED = "[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]"
_SURROGATE = "[\ud800-\udfff]"

_BREAK = "\0"
"""Stands for the line break behind a key that is too long for one line; no text has this character, which is written as an escape."""
_SIMPLE_KEY = 256
"""Longest key written without `? `: YAML allows 1024 characters, Go counts them as bytes."""
_WIDEST = 2 * 100
"""Deepest indentation: two columns a level, and no manifest is read that is deeper than 100 levels."""
_REMEMBERED = 100_000
"""How many scalars' texts an Emitter keeps."""
_REMEMBERED_FIELDS = 4096
"""How many sets of fields it keeps in order."""


def write(value: Mapping[str, Any]) -> str:
    """Returns one manifest as YAML: block style, fields in an order of their own, no `---`, a final newline.

    Raises `Invalid` (SL111) for a value nested too deep, and ValueError or TypeError for what is not JSON data.
    """
    return Emitter().write(value)


class Emitter:
    """Writes manifests; keeps the text of containers that belong to the loaded base, by identity.

    Fresh containers are never kept: their ids are reused. The base is kept alive as long as the emitter.
    """

    __slots__ = ("_fields", "_kept", "_scalars", "_shared")

    def __init__(self, shared: Iterable[Any] = ()) -> None:
        self._shared = tuple(shared)
        self._kept: dict[int, dict[str, str]] | None = None if self._shared else {}
        self._scalars: dict[str, str] = {}
        self._fields: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {}

    def write(self, value: Mapping[str, Any]) -> str:
        """Returns one manifest as YAML; see `write`."""
        if self._kept is None:
            self._kept = {key: {} for key in _containers(self._shared)}
        if not value:
            return "{}\n"
        kept = self._kept.get(id(value))
        text = None if kept is None else kept.get("")
        if text is None:
            text = self._mapping(value, "\n", self._kept)[1:] + "\n"
            if kept is not None:
                kept[""] = text
        return text

    def _mapping(self, mapping: Mapping[str, Any], pad: str, kept: dict[int, dict[str, str]]) -> str:
        scalars = self._scalars
        parts: list[str] = []
        keys = tuple(mapping)
        for key, name in self._fields.get(keys) or self._ordered(keys):
            value = mapping[key]
            kind = type(value)
            if kind is str:
                text = scalars.get(value)
                if text is None:
                    text = _block(value, pad) or self._string(value)
                parts.append(f"{pad}{name} {text}")
            elif (kind is dict or kind is list) and value:
                inner = pad + "  " if kind is dict else pad
                texts = kept.get(id(value))
                text = texts.get(inner) if texts else None
                parts.append(f"{pad}{name}{text or self._container(value, inner, kept)}")
            else:
                parts.append(f"{pad}{name} {_atom(value)}")
        text = "".join(parts)
        return text.replace(_BREAK, pad) if _BREAK in text else text

    def _sequence(self, items: list[Any], pad: str, kept: dict[int, dict[str, str]]) -> str:
        scalars = self._scalars
        parts: list[str] = []
        inner = pad + "  "
        for value in items:
            kind = type(value)
            if kind is str:
                text = scalars.get(value)
                if text is None:
                    text = _block(value, pad) or self._string(value)
            elif (kind is dict or kind is list) and value:
                text = self._container(value, inner, kept)[len(inner) :]
            else:
                text = _atom(value)
            parts.append(f"{pad}- {text}")
        return "".join(parts)

    def _container(self, value: dict[str, Any] | list[Any], pad: str, kept: dict[int, dict[str, str]]) -> str:
        texts = kept.get(id(value))
        if texts is not None and pad in texts:
            return texts[pad]
        if len(pad) > _WIDEST:
            raise Invalid([report("SL111", limit=_WIDEST // 2)])
        text = self._mapping(value, pad, kept) if type(value) is dict else self._sequence(value, pad, kept)  # type: ignore[arg-type]
        if texts is not None:
            texts[pad] = text
        return text

    def _ordered(self, keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Returns the fields of a mapping in their order, with their texts: many objects have the same few sets of fields."""
        shown = ((key, self._scalars.get(key) or self._string(key)) for key in sorted(keys, key=_rank))
        named = tuple((key, f"{name}:" if len(name) <= _SIMPLE_KEY else f"? {name}{_BREAK}:") for key, name in shown)
        if len(self._fields) < _REMEMBERED_FIELDS:
            self._fields[keys] = named
        return named

    def _string(self, text: str) -> str:
        """Returns a string on one line, plain or quoted, and remembers it unless it may be a block elsewhere."""
        if type(text) is not str:
            raise TypeError(f"key {text!r} is not a string")
        shown = text if is_plain(text) else _quoted(text)
        if len(self._scalars) >= _REMEMBERED:
            self._scalars.clear()
        if "\n" not in text:
            self._scalars[text] = shown
        return shown


def _rank(key: str) -> str:
    """Returns by what a field is sorted, so that one object is one text, however it was read."""
    return _FIRST.get(key, key)


def is_plain(text: str) -> bool:
    """Tells whether all readers take a text without quotes for the same string."""
    pattern = _PLAIN if text.isascii() else re.compile(_WORDS.format(beyond=_BEYOND_ASCII))
    return pattern.fullmatch(text) is not None and (len(text) > 5 or text.lower() not in _RESERVED)


def _quoted(text: str) -> str:
    if not text.isascii() and re.search(_SURROGATE, text):
        raise ValueError(f"{text!r} holds half a surrogate pair: it has no UTF-8 form")
    shown = json.dumps(text, ensure_ascii=False)
    if shown.isascii() and "\x7f" not in shown:
        return shown
    return re.sub(_ESCAPED, lambda found: f"\\u{ord(found[0]):04x}", shown)


def _block(text: str, pad: str) -> str | None:
    """Returns a literal block for a text of several lines that all readers take alike, else None."""
    if "\n" not in text or re.search(_NO_BLOCK, text):
        return None
    header, body = ("|", text[:-1]) if text[-1] == "\n" else ("|-", text)
    inner = pad + "  "
    shown = inner + body.replace("\n", inner)
    while inner + "\n" in shown:  # blank lines carry no indentation; neighbours overlap, so once is not enough
        shown = shown.replace(inner + "\n", "\n\n")
    return header + shown


def _atom(value: Any) -> str:
    """Returns null, a boolean, a number or an empty container; raises for anything else."""
    if value is None:
        return "null"
    kind = type(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        value = whole(value)
    if type(value) is float:
        return _float(value)
    if kind is int or kind is float:
        if not -(2**63) <= value < 2**64:
            raise ValueError(f"{value} does not fit into 64 bits")
        return str(value)
    if kind is dict or kind is list:
        return "[]" if kind is list else "{}"
    raise TypeError(f"{kind.__name__} is not JSON data")


def _float(value: float) -> str:
    shown = repr(value)
    if "n" in shown:
        raise ValueError(f"{shown} is not a finite number")
    # PyYAML reads an exponent only behind a point
    return shown.replace("e", ".0e") if "e" in shown and "." not in shown else shown


def _containers(values: Iterable[Any]) -> Iterable[int]:
    """Yields the id of every container reachable from the values, each once."""
    seen: set[int] = set()
    waiting = [value for value in values if isinstance(value, dict | list)]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        yield id(value)
        children = value.values() if isinstance(value, dict) else value
        waiting.extend(child for child in children if isinstance(child, dict | list))
