"""The values of YAML documents, built from the parser's events as Kubernetes' tools build them.

Aliases are expanded and `<<` merged; what the readers take in different ways, or not at all, is a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source
from sandlane.yamlio.document import Document, DuplicateError, StopError
from sandlane.yamlio.parser import ALIASED, ALIASED_EACH, DEPTH, QUESTION_MARK, Parser, most_aliased
from sandlane.yamlio.scalars import Doubt, resolve
from sandlane.yamlio.text import Text

_MOST = 1000
"""Problems after which a file is not read on: its end is bounded work too."""
_STRING_TAGS = ("tag:yaml.org,2002:str",)
_TYPED_TAGS: dict[str, tuple[type, ...]] = {
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:float": (int, float),
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:null": (type(None),),
}
_CONTAINER_TAGS = {MappingStartEvent: "tag:yaml.org,2002:map", SequenceStartEvent: "tag:yaml.org,2002:seq"}


class _Sentinel:
    """A key that no text can hold."""


KeyPlaces = dict[int, dict[str, int]]
"""Identity of a mapping -> its keys -> where they stand."""

_Frame = tuple[Any, bool, Any, Any, str | None]
"""An enclosing container, whether it is a mapping, its key to go on with, the step into it, the anchor inside."""

_NONE, _NEW, _MERGE, _LOST = _Sentinel(), _Sentinel(), _Sentinel(), _Sentinel()


class Reading:
    """The state of reading one file: problems so far, remembered scalars, and the document at hand."""

    __slots__ = (
        "_anchors",
        "_dates",
        "_flow",
        "_merges",
        "_notices",
        "_open",
        "_places",
        "_plain",
        "_takes_last",
        "_text",
        "_to_copy",
        "number",
        "problems",
    )

    def __init__(self, text: Text, places: KeyPlaces | None, *, takes_last: bool = False) -> None:
        self.problems: list[Problem] = []
        self.number = 0
        self._text = text
        self._places = places
        self._plain: dict[str, Any] = {}
        self._to_copy = most_aliased(len(text.body))
        self._takes_last = takes_last
        self._dates: list[Problem] = []
        self._notices: list[Problem] = []
        self._flow: set[int] = set()
        self._anchors: dict[str, Any] = {}
        self._open: set[str] = set()
        self._merges: list[tuple[dict[Any, Any], Event]] = []

    def documents(self, parser: Parser) -> Iterator[Document]:
        """Yields the documents that hold data."""
        get = parser.get_event
        self.number = -1
        while type(event := get()) is not StreamEndEvent:
            if type(event) is not DocumentStartEvent:
                continue
            self.number += 1
            self._anchors, self._dates, self._notices, self._flow = {}, [], [], set()
            value = self._value(get)
            own = isinstance(value, dict) and str(value.get("apiVersion", "")).startswith("sandlane.dev/")
            if self._dates and not own:
                self.problems.extend(self._dates)
            if value is not None:
                yield Document(self.number, value, tuple(self._notices))

    def _value(self, get: Callable[[], Event | None]) -> Any:
        """Builds the value of one document from its events."""
        plain = self._plain
        root: list[Any] = []
        container: Any = root
        is_map = False
        key: Any = _NONE
        none: Any = _NONE
        stack: list[_Frame] = []
        while True:
            event: Any = get()
            kind = type(event)
            if kind is ScalarEvent:
                value = event.value if event.style else plain.get(event.value, _NEW)
                if value is _NEW or event.tag is not None or event.anchor is not None:
                    value = self._scalar(event, (stack, container, key))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                value = {} if kind is MappingStartEvent else []
                self._start(event, value, (stack, container, key))
            elif kind is AliasEvent:
                value = self._alias(event, (stack, container, key))
            elif not stack:
                return root[0] if root else None
            else:
                if self._merges and self._merges[-1][0] is container:
                    self._merge(container, (stack, container, key))
                container, is_map, key, _, anchor = stack.pop()
                self._open.discard(anchor or "")
                continue

            step, following = key, none
            if not is_map:
                container.append(value)
            elif key is not _NONE:
                container[key] = value
            elif type(value) is str and value not in container and self._places is None and value != "<<":
                following = value
            else:
                following = self._key(event, value, (stack, container, key))
            key = following
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                stack.append((container, is_map, key, step, event.anchor))
                container, is_map, key = value, kind is MappingStartEvent, _NONE

    def _scalar(self, event: Any, at: Any) -> Any:
        """Returns the value of a scalar that is new, tagged or anchored, and reports what is wrong with it."""
        text, tag = event.value, event.tag
        value: Any = text
        if not event.style and tag not in _STRING_TAGS:
            value = resolve(text)
        if isinstance(value, Doubt):
            self._doubt(value, event, at)
            value = text
        elif not event.style and "?" in text:
            if id(at[1]) in self._flow:
                self._report("SL101", event, at, reason=QUESTION_MARK)
        elif tag is None and not event.style:
            self._plain[text] = value
        if tag is not None and tag not in _STRING_TAGS and (event.style or type(value) not in _TYPED_TAGS.get(tag, ())):
            self._report("SL106", event, at, tag=_short(tag))
        if event.anchor is not None:
            self._anchor(event, value, at)
        return value

    def _doubt(self, doubt: Doubt, event: Any, at: Any) -> None:
        says = {"readings": doubt.says} if doubt.code == "SL103" else {"what": doubt.says}
        self._report(doubt.code, event, at, date=doubt.date, value=_cut(event.value), **says)

    def _start(self, event: Any, value: Any, at: Any) -> None:
        """Checks a container before its first item."""
        if len(at[0]) >= DEPTH:
            self._report("SL111", event, at, limit=DEPTH)
            raise StopError
        if event.flow_style:
            self._flow.add(id(value))
        if event.tag is not None and event.tag != _CONTAINER_TAGS[type(event)]:
            self._report("SL106", event, at, tag=_short(event.tag))
        if event.anchor is not None:
            self._anchor(event, value, at)
            self._open.add(event.anchor)

    def _anchor(self, event: Any, value: Any, at: Any) -> None:
        if event.anchor in self._anchors:
            self._report("SL105", event, at, what=f"anchor '{_cut(event.anchor)}' is defined twice in one document")
        self._anchors[event.anchor] = value

    def _alias(self, event: Any, at: Any) -> Any:
        """Returns a copy of what an alias stands for."""
        name = event.anchor
        if name not in self._anchors:
            self._report(
                "SL101",
                event,
                at,
                reason=f"alias '{_cut(name)}' has no anchor before it",
                hint=f"quote it where a text is meant: '\"*{_cut(name)}\"'",
            )
        elif name in self._open:
            self._report("SL105", event, at, what=f"the value of anchor '{_cut(name)}' contains itself")
        else:
            return self._copy(self._anchors[name], event, at, len(at[0]))
        return None

    def _copy(self, value: Any, event: Any, at: Any, depth: int) -> Any:
        self._to_copy -= 1 + (len(value) // 10 if type(value) is str else 0)
        if self._to_copy < 0:
            self._report("SL104", event, at, limit=most_aliased(len(self._text.body)), each=ALIASED_EACH, most=ALIASED)
            raise StopError
        if type(value) is not dict and type(value) is not list:
            return value
        if depth >= DEPTH:
            self._report("SL111", event, at, limit=DEPTH)
            raise StopError
        if isinstance(value, list):
            return [self._copy(item, event, at, depth + 1) for item in value]
        return {key: self._copy(item, event, at, depth + 1) for key, item in value.items()}

    def _key(self, event: Any, value: Any, at: Any) -> Any:
        """Returns the key to use for a value that is not simply a new string, and reports what is wrong with it."""
        container = at[1]
        if type(value) is not str:
            self._report("SL110", event, at, key=_key_shown(event))
            return _LOST
        merge = value == "<<" and type(event) is ScalarEvent and not event.style and event.tag is None
        name = _MERGE if merge else value
        if self._places is None:
            if name in container:
                raise DuplicateError
        else:
            places = self._places.setdefault(id(container), {})
            if name in container:
                line = self._text.place(places.get(value, 0))[0]
                code = "SL134" if self._takes_last and not merge else "SL102"
                self._report(code, event, at, key=_cut(value), first=line)
            else:
                places[value] = event.start_mark.index
        if merge and name not in container:
            self._merges.append((container, event))
        return name

    def _merge(self, container: dict[Any, Any], at: Any) -> None:
        """Puts what `<<` names in its place.

        Keys after `<<` win for both of Go's readers; for a key before it, kubectl takes the merged value and
        kustomize the key's own.
        """
        _, event = self._merges.pop()
        sources = container[_MERGE]
        if type(sources) is dict:
            sources = [sources]
        if type(sources) is not list or any(type(source) is not dict for source in sources):
            self._report("SL101", event, at, reason="'<<' wants a mapping or a list of mappings")
            return
        merged: dict[Any, Any] = {}
        for source in sources:  # the first that has a key wins
            for key, value in source.items():
                merged.setdefault(key, value)
        own = list(container.items())
        split = next(number for number, (key, _) in enumerate(own) if key is _MERGE)
        for key in (key for key, _ in own[:split] if key in merged):
            says = f"it overrides the key {_cut(key)!r} above it for kubectl and leaves it for kustomize"
            self._report("SL103", event, at, value="<<", readings=says, hint=f"move '<<' above the key {_cut(key)!r}")
        container.clear()
        container.update(own[:split])
        container.update(merged)
        container.update(own[split + 1 :])

    def _report(self, code: str, event: Any, at: Any, *, date: bool = False, **values: Any) -> None:
        source = Source(file=self._text.file, document=self.number)
        position = self._text.place(event.start_mark.index)
        problem = report(code, source=source, path=_path(*at), position=position, **values)
        found = self._dates if date else self._notices if problem.level == "notice" else self.problems
        found.append(problem)
        if len(self.problems) >= _MOST or len(self._notices) >= _MOST:
            raise StopError


def _path(stack: list[_Frame], container: Any, key: Any) -> Path:
    """Returns the steps to the value at hand; keys that are no strings are left out."""
    steps = [step if is_map else len(parent) - 1 for parent, is_map, _, step, _ in stack[1:]]
    if stack:
        steps.append(key if isinstance(container, dict) else len(container))
    return tuple(step for step in steps if isinstance(step, str | int))


def _key_shown(event: Any) -> str:
    if type(event) is ScalarEvent:
        return repr(_cut(event.value))
    return f"*{_cut(str(event.anchor))}" if type(event) is AliasEvent else "a list or mapping"


def _cut(text: str) -> str:
    """Returns what of a text fits into a message."""
    return text if len(text) <= 80 else f"{text[:79]}…"


def _short(tag: str) -> str:
    return _cut(tag.replace("tag:yaml.org,2002:", "!!", 1))
