"""The words of a difference, which text, markdown and the page share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from sandlane.problems.problem import Problem, visible
from sandlane.reports.diff.compare import Difference, SandboxChange
from sandlane.reports.diff.fields import FieldChange
from sandlane.reports.diff.groups import Group
from sandlane.reports.diff.intents import Change
from sandlane.reports.diff.settings import Setting

SIGNS: Mapping[Change, str] = {"added": "+", "removed": "-", "changed": "~", "renamed": "!"}
SAID: Mapping[Change, str] = {"added": "new", "removed": "removed", "changed": "changed", "renamed": "renamed"}
_LONGEST = 72
_LONGEST_TEXT = 256
"""Images, hosts and variables are told as a whole: a registry's name and a digest alone have more than a line."""
_KEPT = 24


def value(given: Any) -> str:
    """Returns a value in one line; None is what is not there."""
    return _fitting(_line(given), _longest(given))


def pair(before: Any, after: Any) -> tuple[str, str]:
    """Returns two values in a line each, of texts of several lines those that differ; where one is too long, what both begin with
    is left out, so that the difference is told.
    """
    if isinstance(before, str) and isinstance(after, str) and "\n" in before and "\n" in after:
        before, after = _differing(before, after)
    old, new = _line(before), _line(after)
    if len(old) > _longest(before) or len(new) > _longest(after):
        same = sum(1 for _ in takewhile(lambda signs: signs[0] == signs[1], zip(old, new, strict=False)))
        start = max(same - _KEPT, *(old.rfind(sign, 0, same) for sign in "/,:@ "), 0)
        if start > 0:
            old, new = f"…{old[start:]}", f"…{new[start:]}"
    return _fitting(old, _longest(before)), _fitting(new, _longest(after))


def _differing(before: str, after: str) -> tuple[str, str]:
    """Returns the lines of two texts from the first to the last that differs, with `…` for those around them."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    ahead = sum(1 for _ in takewhile(lambda lines: lines[0] == lines[1], zip(old, new, strict=False)))
    ends = zip(reversed(old[ahead:]), reversed(new[ahead:]), strict=False)
    behind = sum(1 for _ in takewhile(lambda lines: lines[0] == lines[1], ends))
    return _between(old, ahead, behind), _between(new, ahead, behind)


def _between(lines: list[str], ahead: int, behind: int) -> str:
    told = "".join(lines[ahead : len(lines) - behind])
    if not told:
        return "…" if lines else ""
    return f"{'…' if ahead else ''}{told.removesuffix(chr(10)) if behind else told}{'…' if behind else ''}"


def _line(given: Any) -> str:
    if given is None:
        return "none"
    return visible(given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, default=str)) or '""'


def _longest(given: Any) -> int:
    return _LONGEST_TEXT if isinstance(given, str) else _LONGEST


def _fitting(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def from_to(change: FieldChange) -> str:
    """Returns what became of a field."""
    if change.kind == "moved":
        return f"{change.field}: order {' '.join(map(str, change.before))} → {' '.join(map(str, change.after))}"
    if change.kind == "added":
        return f"{change.field}: + {value(change.after)}"
    if change.kind == "removed":
        return f"{change.field}: - {value(change.before)}"
    before, after = pair(change.before, change.after)
    return f"{change.field}: {before} → {after}"


def about(change: SandboxChange) -> list[str]:
    """Returns what changed of a sandbox itself: its tenantID, owner and last day."""
    old, new = change.before, change.after
    if new is None or old is None:
        spec = new or old
        assert spec is not None
        told = [f"tenantID {spec.id}"]
        told += [f"owner {spec.owner}"] if spec.owner else []
        told += ["suspended"] if spec.is_suspended else []
        return told + ([f"expires {spec.expires}"] if spec.expires else [])
    told = []
    if old.id != new.id:
        told.append(f"tenantID {old.id} → {new.id}: REQUESTS THAT CARRY {old.id} NO LONGER REACH IT")
    if old.owner != new.owner:
        told.append(f"owner {value(old.owner)} → {value(new.owner)}")
    if old.expires != new.expires:
        told.append(f"expires {value(old.expires)} → {value(new.expires)}")
    if old.is_suspended != new.is_suspended:
        told.append("suspended: it has no clones and no routes" if new.is_suspended else "no longer suspended")
    return told


def reached(change: SandboxChange) -> list[str]:
    """Returns where a sandbox's clones are reached."""
    if change.reach is None:
        return []
    name, content = change.reach.header
    hosts = ", ".join(f"{address.host}:{address.port}" for address in change.reach.addresses)
    gateways = [f"reached at {e.url} ({e.gateway}) with '{name}: {content}'" for e in change.reach.entrances]
    told = [f"reached at {hosts} with '{name}: {content}'"] if hosts else []
    told = [*gateways, *told] or ["no request is routed to it"]
    told += change.reach.told_lost()
    told += [f"0 pods of {name}: who sends it a request gets 503" for name in sorted(change.reach.empty)]
    return told + ([f"preview {change.reach.preview_url}"] if change.reach.preview_url else [])


def base_line(difference: Difference) -> str:
    """Returns what can be said of the base."""
    if difference.is_all_new:
        return "the environment is not there yet: everything is new"
    if difference.base is None:
        return "base: not compared; --rev REV compares it with that of a revision"
    if not difference.base:
        if difference.proved is None:
            return "baseline: unchanged, which 'sandlane verify' proves"
        if not difference.proved:
            return "baseline: unchanged; no request is routed by its tenant"
        several = "" if difference.proved == 1 else "s"
        return f"baseline: unchanged, proved for {difference.proved} combination{several} of tenant, Service and port"
    count = len(difference.base)
    return f"baseline: {count} object{'s' if count > 1 else ''} changed, since the base did"


def notice(problem: Problem) -> list[str]:
    """Returns a notice with its place, and its hint where it has one."""
    place = f" {problem.source.file}" if problem.source else ""
    place += f":{problem.position[0]}:{problem.position[1]}" if place and problem.position else ""
    return [f"{problem.code}{place}: {problem.text}", *([f"hint: {problem.hint}"] if problem.hint else [])]


def sentence(text: str) -> str:
    """Returns words as the beginning of a sentence."""
    return f"{text[:1].upper()}{text[1:]}"


def counts(difference: Difference) -> str:
    """Returns how many objects came, changed and went."""
    numbers = {sign: sum(entry.change == sign for entry in difference.objects) for sign in SIGNS}
    told = ", ".join(f"{number} {change}" for change, number in numbers.items() if number)
    return f"objects: {told}" if told else "objects: none differ"


def members(group: Group) -> str:
    """Returns the objects of a group: one by its name, several by how many there are and whose."""
    first = group.members[0]
    if len(group.members) == 1:
        was = f" (was {first.was.name})" if first.was else ""
        return f"{first.id}{was}"
    whose = sorted({str(member.sandbox) for member in group.members})
    listed = ", ".join(whose[:6]) + (f" and {len(whose) - 6} more" if len(whose) > 6 else "")
    return f"{len(group.members)} copies of {first.id.kind}/{first.id.namespace}/{first.origin}: {listed}"


def setting(given: Setting) -> str:
    """Returns what became of a setting: of one that lists things, which came and which went."""
    before, after = given.before, given.after
    if not before or not after or {*before} & {*after}:
        came = [word for word in after if word not in before]
        gone = [word for word in before if word not in after]
        told = [f"{sign} {_listed(words)}" for sign, words in (("+", came), ("-", gone)) if words]
        how = "; ".join(told) or f"order {_listed(before)} → {_listed(after)}"
    else:
        how = " → ".join(pair(_listed(before), _listed(after)))
    return f"{given.field}: {how}" + (f": {given.warning}" if given.warning else "")


def _listed(words: Iterable[str]) -> str:
    """Returns words in a row, set apart by what is in none of them."""
    shown = [value(word) for word in words]
    return ("; " if any(", " in word for word in shown) else ", ").join(shown)


def gathered(changes: Iterable[SandboxChange]) -> list[list[SandboxChange]]:
    """Returns sandboxes that changed in the same way together, in the order of the first of each."""
    found: dict[str, list[SandboxChange]] = {}
    for change in changes:
        is_alike = change.change == "changed" and change.intents and not about(change)
        key = repr(change.intents) if is_alike else f"{change.change} {change.name}"
        found.setdefault(key, []).append(change)
    return list(found.values())


def names(changes: Sequence[SandboxChange]) -> str:
    """Returns the names of sandboxes, of many the first and how many there are."""
    listed = ", ".join(change.name for change in changes[:6])
    return f"{len(changes)} sandboxes: {listed} and {len(changes) - 6} more" if len(changes) > 6 else listed
