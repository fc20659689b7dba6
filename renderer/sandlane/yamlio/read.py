"""YAML text as data, read as Kubernetes' tools read it and refused where they differ.

Built on the parser's events with our own scalars (`sandlane.yamlio.scalars`): faster than PyYAML's loaders, and with Go's
rules in place of PyYAML's (rule R-Y1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from yaml.events import AliasEvent, DocumentStartEvent, ScalarEvent, StreamEndEvent

from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem, Source
from sandlane.yamlio import lines
from sandlane.yamlio.document import Document, DuplicateError, StopError
from sandlane.yamlio.parser import DEPTH, PARSER, TOO_DEEP, Parser
from sandlane.yamlio.text import Text, decoded
from sandlane.yamlio.values import Reading

_BLOCK_HEADER = re.compile(r"[|>][+0-9]*[ \t]*(?:#[^\n]*)?\n")


def read(
    data: bytes,
    file: str,
    *,
    parser: Callable[[str], Parser] = PARSER,
    is_kustomized: bool = False,
    takes_last: bool = False,
) -> tuple[Document, ...]:
    """Returns the documents of a YAML or JSON file as plain data; empty and null documents are left out.

    Raises `Invalid` with every problem of the file (SL101 to SL111); a syntax error ends the search. Aliases are
    expanded: no two places share a container. A file that a kustomization names has one reader: with
    `is_kustomized` a block at its end means what it means to kustomize. With `takes_last` a key that stands twice is
    a notice of its document, and its last value counts (rule R-Y4).
    """
    text, problems = decoded(data, file)
    if problems or text is None:
        raise Invalid(problems)
    if parser is PARSER and (known := lines.documents(text.body)) is not None:
        return tuple(Document(number, data) for number, data in known)
    try:
        return _read(text, parser, Reading(text, None), is_kustomized)
    except DuplicateError:
        return _read(text, parser, Reading(text, {}, takes_last=takes_last), is_kustomized)


def _read(text: Text, parser: Callable[[str], Parser], reading: Reading, is_kustomized: bool) -> tuple[Document, ...]:
    documents: tuple[Document, ...] = ()
    try:
        documents = tuple(reading.documents(parser(text.body)))
        if not is_kustomized and not text.body.endswith("\n") and _BLOCK_HEADER.search(text.body):
            reading.problems.extend(_unfinished(text, parser(text.body)))
    except StopError:
        pass
    except yaml.YAMLError as error:
        reading.problems.append(_syntax(error, text, reading.number))
    if reading.problems:
        raise Invalid(_of_templates(reading.problems, text) or reading.problems)
    return documents


def _of_templates(problems: list[Problem], text: Text) -> list[Problem]:
    """Returns the one problem of a file that is a template and no YAML: at the first of its placeholders that is in the way."""
    from sandlane.yamlio.reasons import braces  # for mistakes alone

    for problem in problems:
        if problem.code not in ("SL101", "SL110") or problem.position is None:
            continue
        index = text.lines[problem.position[0] - 1] + problem.position[1] - 1
        line = text.body.rfind("\n", 0, index) + 1
        for start in (index, *(found.start() for found in re.finditer(r"\{[{%]", text.body[line : index + 1]))):
            place = start if start == index else line + start
            if found := braces(text.body, place):
                at = place if text.body.startswith(found, place) else place - 1
                return [report("SL145", source=problem.source, position=text.place(at), what=found[:80])]
    return []


def _syntax(error: yaml.YAMLError, text: Text, document: int) -> Problem:
    """Returns the problem that the parser stumbled over."""
    position = mark = None
    reason = str(error)
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        position = text.place(mark.index) if mark else None
        reason = ", ".join(part for part in (error.context, error.problem) if part)
    source = Source(file=text.file, document=max(document, 0))
    if TOO_DEEP.search(reason):
        return report("SL111", source=source, position=position, limit=DEPTH)
    if isinstance(error, yaml.MarkedYAMLError) and mark:
        from sandlane.yamlio.reasons import Stop, reason_of  # for mistakes alone

        began = (error.context_mark or mark).index
        found = reason_of(Stop(text.body, mark.index, began, reason))
        if found:
            place = text.place(found.index)
            return report("SL101", source=source, position=place, reason=found.text, hint=found.hint)
    return report("SL101", source=source, position=position, reason=reason)


def _unfinished(text: Text, parser: Parser) -> Iterator[Problem]:
    """Yields a problem if the file ends inside a block whose final line break only kubectl adds."""
    last: Any = None
    number = -1
    while type(event := parser.get_event()) is not StreamEndEvent:
        number += type(event) is DocumentStartEvent
        last = event if type(event) is ScalarEvent else None if type(event) is AliasEvent else last
    if last is not None and last.style in ("|", ">"):
        header = text.body[last.start_mark.index :].split("\n", 1)[0]
        if not re.search(r"[|>][0-9]?-", header):
            yield report(
                "SL108",
                source=Source(file=text.file, document=number),
                position=text.place(last.start_mark.index),
                what="the file ends in a block without a final line break: kubectl adds one, kustomize does not",
                hint="end the file with a line break, or the block's header with '-'",
            )
