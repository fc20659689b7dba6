"""Places in YAML text: line and column of the value at a path, found when a problem is shown."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from sandlane.frozen import frozen
from sandlane.problems.problem import Path
from sandlane.yamlio.parser import DEPTH, PARSER, Parser
from sandlane.yamlio.text import Text, decoded


class _TooDeepError(Exception):
    """Ends a search below DEPTH levels."""


@frozen
class _Place:
    """Where a value and its key stand, and the places of what is in it: keys to places, or items."""

    value: int
    key: int
    inside: dict[str, _Place] | list[_Place] | None = None


def locate(data: bytes, document: int, path: Path, at_key: bool = False) -> tuple[int, int] | None:
    """Returns line and column, both from 1 and in characters, of the value (or its key) at a path of a document.

    A path that leads through an alias is followed to the anchor's text. Where the path ends early the place of its
    longest existing prefix is returned, and None where the document does not exist.
    """
    text, places = _places(data)
    if text is None or document not in range(len(places)):
        return None
    place = places[document]
    for step in path:
        inside = place.inside
        following = None
        if isinstance(inside, dict) and isinstance(step, str):
            following = inside.get(step)
        elif isinstance(inside, list) and isinstance(step, int) and 0 <= step < len(inside):
            following = inside[step]
        if following is None:
            break
        place = following
    return text.place(place.key if at_key else place.value)


@lru_cache(maxsize=4)
def _places(data: bytes) -> tuple[Text | None, tuple[_Place, ...]]:
    """Returns the places of all documents of a file, as far as it can be parsed; problems of one file come in rows."""
    text, refusals = decoded(data, "")
    if text is None or refusals:
        return None, ()
    parser, places = PARSER(text.body), []
    try:
        while type(event := parser.get_event()) is not StreamEndEvent:
            if type(event) is DocumentStartEvent:
                places.append(_place(parser, parser.get_event(), None, {}, 0))
    except (yaml.YAMLError, _TooDeepError):
        pass
    return text, tuple(places)


def _place(parser: Parser, event: Any, key: int | None, anchors: dict[str, Any], depth: int) -> _Place:
    """Builds the places of the value that starts with an event; bounded by DEPTH."""
    if depth > DEPTH:
        raise _TooDeepError
    start = event.start_mark.index
    inside: dict[str, _Place] | list[_Place] | None = None
    if type(event) is AliasEvent:
        return _Place(start, start if key is None else key, anchors.get(str(event.anchor)))
    if type(event) is SequenceStartEvent:
        inside = []
        while type(event_ := parser.get_event()) is not SequenceEndEvent:
            inside.append(_place(parser, event_, None, anchors, depth + 1))
    elif type(event) is MappingStartEvent:
        inside = {}
        while type(event_ := parser.get_event()) is not MappingEndEvent:
            name = _place(parser, event_, None, anchors, depth + 1)
            value = _place(parser, parser.get_event(), name.value, anchors, depth + 1)
            _enter(inside, event_, value)
    if event.anchor is not None:
        anchors[event.anchor] = inside
    return _Place(start, start if key is None else key, inside)


def _enter(places: dict[str, _Place], key: Any, value: _Place) -> None:
    """Adds the place of one key, or those that `<<` brings; what stands in the mapping itself goes first."""
    if type(key) is not ScalarEvent:
        return
    if key.value != "<<" or key.style:
        if key.value not in places or places[key.value].key < value.value:
            places[key.value] = value
        return
    merged = value.inside if isinstance(value.inside, list) else [value]
    for source in merged:
        for name, place in (source.inside if isinstance(source.inside, dict) else {}).items():
            places.setdefault(name, place)
