"""A difference for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandlane.output.layout import SHARED
from sandlane.problems.problem import visible
from sandlane.reports.diff.compare import Difference, SandboxChange
from sandlane.reports.diff.groups import Group, grouped, rules_of
from sandlane.reports.diff.intents import ObjectChange
from sandlane.reports.diff.words import (
    SIGNS,
    about,
    base_line,
    counts,
    from_to,
    gathered,
    members,
    names,
    notice,
    pair,
    reached,
    setting,
)


def text(difference: Difference, environment: str, against: str) -> str:
    """Returns lines: what was asked, sandbox by sandbox, the base, shared routes, then object by object."""
    if not difference:
        return f"{environment} against {against}: no difference\n"
    parts = [
        [f"{environment} against {against}"],
        list(_base(difference)),
        *([*_sandbox(alike)] for alike in gathered(difference.sandboxes)),
        list(_notices(difference)),
        list(_objects(difference)),
    ]
    return "\n\n".join("\n".join(map(visible, lines)) for lines in parts if lines) + "\n"


def _base(difference: Difference) -> Iterator[str]:
    yield from map(setting, difference.settings)
    yield base_line(difference)
    for group in grouped(difference.base or ()):
        yield f"  {SIGNS[group.change]} {members(group)}"
        yield from (f"      {from_to(change)}" for change in group.fields)


def _sandbox(alike: list[SandboxChange]) -> Iterator[str]:
    change = alike[0]
    told = about(change)
    yield f"{SIGNS[change.change]} {names(alike)}" + (f"  {', '.join(told)}" if told else "")
    rows = [(i.workload, i.field, " → ".join(pair(i.before, i.after))) for i in change.intents]
    rows = [
        (workload, field, "as the base has it") if field == "unchanged" else (workload, field, how)
        for workload, field, how in rows
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for workload, field, how in rows:
        yield f"    {workload:{widths[0]}}  {'' if field == 'unchanged' else field:{widths[1]}}  {how}".rstrip()
    yield from (f"    {line}" for line in reached(change) if len(alike) == 1)
    yield from (f"    accepts {code} {object}: {reason}" for code, object, reason in change.accepted)


def _notices(difference: Difference) -> Iterator[str]:
    for problem in difference.new_notices:
        first, *rest = notice(problem)
        yield f"new notice {first}"
        yield from (f"  {line}" for line in rest)
    yield from (f"gone notice {problem.code}: {problem.text}" for problem in difference.gone_notices)


def _objects(difference: Difference) -> Iterator[str]:
    yield counts(difference)
    for group in grouped(difference.objects):
        file = f"  {group.members[0].file}" if len(group.members) == 1 else ""
        yield f"{SIGNS[group.change]} {members(group)}{file}"
        yield from (f"    {line}" for line in lines_of(group, difference.tenants))


def lines_of(group: Group, tenants: Sequence[str]) -> list[str]:
    """Returns a line for each field, or each tenant's rules, in which a group's objects differ; none for what came or went."""
    first = group.members[0]
    if group.change == "changed" and first.file.startswith(f"{SHARED}/"):
        return shared(first, tenants)
    return [from_to(change) for change in group.fields]


def shared(entry: ObjectChange, tenants: Sequence[str]) -> list[str]:
    """Returns the lines on a shared object: what each tenant's rules do to it, then the fields that are no tenant's."""
    rules, rest = rules_of(entry, tenants)
    lines = [
        f"{sign} {rule.tenant}: {', '.join(names)}"
        for rule in rules
        for sign, names in (("+", rule.added), ("-", rule.removed), ("~", rule.changed))
        if names
    ]
    return lines + [from_to(change) for change in rest]
