"""A difference as a comment of a pull request: GitHub takes 65,536 characters, so what does not fit is counted and left out."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from sandlane.problems.problem import visible
from sandlane.reports.diff.compare import Difference, SandboxChange
from sandlane.reports.diff.groups import Group, grouped
from sandlane.reports.diff.text import lines_of
from sandlane.reports.diff.words import (
    SAID,
    about,
    base_line,
    counts,
    gathered,
    members,
    names,
    notice,
    pair,
    reached,
    sentence,
    setting,
)
from sandlane.reports.mermaid import label

LIMIT = 65_536
_MARK = "<!-- sandlane diff: {environment} -->"
_PICTURED = 12
_HEAD = ("| Sandbox | Workload | Field | From | To |", "|---|---|---|---|---|")
_SPECIAL = re.compile(r"([\\|*_~<>\[\]`#@$])")


def markdown(difference: Difference, environment: str, against: str) -> str:
    """Returns the comment. Its first line is a mark by which the comment of an environment is found and replaced."""
    head = [_MARK.format(environment=environment.replace("--", "- -")), f"### sandlane: {_plain(environment)}", ""]
    if not difference:
        return "\n".join([*head, f"No difference from {_code(against)}.", ""])
    table = list(_table(difference.sandboxes))
    parts = [
        [f"Against {_code(against)}. {_sentence(base_line(difference))} {_sentence(counts(difference))}", ""],
        list(_shouted(difference)),
        table,
        list(_reached(difference.sandboxes)),
        list(_picture(difference.sandboxes)),
        list(_notices(difference)),
    ]
    tenants = difference.tenants
    details = [
        *_details("Base", (_block(group, tenants) for group in grouped(difference.base or ()))),
        *_details("Objects", (_block(group, tenants) for group in grouped(difference.objects))),
    ]
    return _fitting(["\n".join(part) for part in [head, *parts] if part], details)


def _fitting(parts: list[str], details: list[str]) -> str:
    """Joins parts, as many as fit, and says how many are left out."""
    text, left = "", 0
    for part in [*parts, *details]:
        if len(text) + len(part) + 200 > LIMIT:
            left += 1
        else:
            text += part + "\n"
    if left:
        what = "parts" if left > 1 else "part"
        text += f"\n{left} more {what} left out, since a comment holds {LIMIT:,} characters: run `sandlane diff`.\n"
    return text


def _sentence(text: str) -> str:
    return f"{sentence(text)}."


def _plain(text: str) -> str:
    """Returns text that markdown shows as it is, in a cell of a table too."""
    return _SPECIAL.sub(r"\\\1", visible(text))


def _code(text: str) -> str:
    """Returns text as code, whatever backticks it holds; in a cell a bar is escaped."""
    text = visible(text)
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text.replace('|', chr(92) + '|')}{pad}{fence}"


def _table(changes: Iterable[SandboxChange]) -> Iterator[str]:
    rows = []
    for alike in gathered(changes):
        change = alike[0]
        name = f"{_plain(names(alike))} ({SAID[change.change]})"
        told = _plain("; ".join(about(change)))
        if told or not change.intents:
            rows.append(f"| {name} | {told} |  |  |  |")
        for position, intent in enumerate(change.intents):
            cell = name if position == 0 and not told else ""
            if intent.field == "unchanged":
                rows.append(f"| {cell} | {_code(intent.workload)} | as the base has it |  |  |")
            else:
                values = " | ".join(_code(text) for text in pair(intent.before, intent.after))
                rows.append(f"| {cell} | {_code(intent.workload)} | {_plain(intent.field)} | {values} |")
    if rows:
        yield from (*_HEAD, *rows, "")


def _shouted(difference: Difference) -> Iterator[str]:
    for each in difference.settings:
        yield from ("> [!WARNING]" if each.warning else "> [!NOTE]", f"> {_plain(setting(each))}", "")
    for change in difference.sandboxes:
        if change.change == "renamed":
            yield from ("> [!WARNING]", f"> {_plain(f'{change.name}: {about(change)[0]}')}", "")


def _reached(changes: Iterable[SandboxChange]) -> Iterator[str]:
    told = [
        f"- {_plain(change.name)}: {_plain('; '.join([*reached(change)]))}"
        + "".join(f"\n  - accepts {code} {_code(object)}: {_plain(reason)}" for code, object, reason in change.accepted)
        for change in changes
        if change.after and (change.reach or change.accepted)
    ]
    if told:
        yield from (*told, "")


def _picture(changes: tuple[SandboxChange, ...]) -> Iterator[str]:
    """Yields a picture of where the requests of the changed sandboxes go, for as many as a picture can show."""
    shown = [change.reach for change in changes if change.reach and change.reach.addresses][:_PICTURED]
    if not shown:
        return
    nodes: dict[str, str] = {}
    edges: dict[str, None] = {}
    for reach in shown:
        header, value = reach.header
        request = nodes.setdefault(f"{header}: {value}", f"n{len(nodes)}")
        for address in reach.addresses:
            for clone in address.clones:
                edges[f"{request} -->|{label(address.host)}| {nodes.setdefault(clone, f'n{len(nodes)}')}"] = None
    listed = [f"{name}[{label(text)}]" for text, name in nodes.items()]
    yield from ("```mermaid", "flowchart LR", *(f"  {line}" for line in (*listed, *edges)), "```", "")


def _notices(difference: Difference) -> Iterator[str]:
    for word, problems in (("New", difference.new_notices), ("Gone", difference.gone_notices)):
        if problems:
            yield from (f"{word} notices:", "")
            told = (notice(problem) if word == "New" else [f"{problem.code}: {problem.text}"] for problem in problems)
            yield from (f"- {'<br>'.join(_plain(line) for line in lines)}" for lines in told)
            yield ""


def _block(group: Group, tenants: Sequence[str]) -> tuple[str, list[str]]:
    return f"{SAID[group.change]}: {members(group)}", lines_of(group, tenants)


def _details(title: str, blocks: Iterable[tuple[str, list[str]]]) -> list[str]:
    told = []
    for head, lines in blocks:
        if lines:
            body = html.escape("\n".join(map(visible, lines)), quote=False)
            told.append(f"<details><summary>{html.escape(head)}</summary>\n\n<pre>\n{body}\n</pre>\n</details>\n")
        else:
            told.append(f"- {_plain(head)}")
    return [f"#### {title}\n", *told] if told else []
