"""Writes the facts of an environment as one HTML page that loads nothing: style and script are in it, known by their digests."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from sandlane.problems.problem import Problem, seen, visible, with_mentions
from sandlane.reports.page.facts import Facts, Locate, Record

FILE = "index.html"
MARK = '<meta name="generator" content="sandlane report">'
"""Stands in every page: a file without it is somebody else's."""

MOST = 60
"""The places of one code that are listed; how many more there are is said."""


def page(facts: Facts, located: Locate) -> str:
    """Returns the page; `located` names the places that texts of problems mention."""
    from jinja2 import Environment, PackageLoader

    loader = PackageLoader("sandlane.reports.page", "")
    jinja = Environment(
        autoescape=True, finalize=seen, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True, loader=loader
    )
    style, script = (str(loader.get_source(jinja, name)[0]) for name in ("page.css", "page.js"))
    template = jinja.get_template("page.html.j2")
    return template.render(
        facts=facts,
        mark=MARK,
        most=MOST,
        style=style,
        script=script,
        digests={"style": digest(style), "script": digest(script)},
        data=data_of(facts),
        visible=visible,
        said=lambda problem, field: visible(with_mentions(getattr(problem, field), located)),
        place=_place,
        what=_what,
        notes=_notes,
        errors=sum(len(group.problems) for group in facts.groups if group.level == "error"),
        notices=sum(len(group.problems) for group in facts.groups if group.level == "notice"),
        counted=counted,
    )


def digest(text: str) -> str:
    """Returns what a Content-Security-Policy knows a style or a script by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def data_of(facts: Facts) -> str:
    """Returns what the script reads, as JSON that ends no element of HTML."""
    data = {
        "arrows": [
            [a.start, a.end, visible(a.by), visible(place)]
            for a, place in zip(facts.graph.arrows, facts.call_places, strict=True)
        ],
        "nodes": [visible(node.name) for node in facts.graph.nodes],
        "passing": {str(number): [shown, visible(says)] for number, (shown, says) in facts.passing.items()},
        "rows": [[visible(row.address), visible(row.answer)] for row in facts.rows],
        "records": [_record(record) for record in facts.records],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _record(record: Record) -> dict[str, Any]:
    listed, told = record.listed, record.told
    plain = {key: visible(str(listed[key])) for key in ("name", "tenantID", "owner", "expires", "file") if listed[key]}
    found: dict[str, Any] = {
        **plain,
        "notes": [visible(note) for note in _notes(record)],
        "accepted": [f"{a['code']} {visible(a['object'])}: {visible(a['reason'])}" for a in listed["accepted"]],
    }
    if told is None:
        return found
    return {
        **found,
        "header": f"{told.header[0]}: {told.header[1]}",
        **({"preview": told.preview} if told.preview else {}),
        "clones": {str(number): visible(name) for number, name in told.clones.items()},
        "way": told.way,
        "own": [[own.row, visible(own.answer), visible(own.rule), visible(own.place)] for own in told.own],
        "setups": told.setups,
    }


def _what(record: Record) -> str:
    """Returns what a sandbox clones, or whom a route group joins."""
    listed = record.listed
    workloads = ", ".join(name.rpartition("/")[2] for name in listed["workloads"])
    return visible(workloads or f"group of {', '.join(listed['sandboxes'])}")


def _notes(record: Record) -> list[str]:
    listed = record.listed
    said = (
        ("expired", record.is_expired),
        ("suspended", listed["suspended"]),
        ("cannot be rendered", not listed["renders"]),
    )
    return [word for word, is_so in said if is_so]


def _place(problem: Problem) -> str:
    if problem.source is None:
        return ""
    line = f":{problem.position[0]}" if problem.position else ""
    return visible(problem.source.file + line)


def counted(number: int, word: str, several: str = "") -> str:
    """Returns a number of things in words."""
    return f"{number:,} {word if number == 1 else several or f'{word}s'}"
