"""Rules and code belong together: each id that is cited has its section in docs/rules, and each section names what decides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shared import REPOSITORY
from tests.sources import PACKAGE, is_there, text_of

RULES = REPOSITORY / "docs" / "rules"
KINDS = r"R-[A-Z]\d+b?|S(?:[12]\d|\d)|P\d|C\d{1,2}"
ID = re.compile(rf"(?<![\w-])(?:{KINDS})(?!\w)")
RANGE = re.compile(r"(?<![\w-])(R-[A-Z]|[SPC])(\d+) to \1(\d+)(?!\w)")
SECTION = re.compile(rf"^## ({KINDS}): (.+)\n\n((?:(?!- |#).+\n)+)\n((?:- \w+: .+\n)+)", re.MULTILINE)
OUTSIDE = re.compile(r"\b(?:CLONING|ROUTING|PRODUCT|GITOPS|PROOF|ARCHITECTURE|YAML)\.md|\bROUTING §|\bdesign/")
SOURCES = sorted(
    path for root in (PACKAGE, REPOSITORY / "tests") for path in root.rglob("*.py") if path != Path(__file__).resolve()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A section of docs/rules: its id, and what of the package and of the tests it names, as `file::name`."""

    id: str
    decided: tuple[str, ...]
    tests: tuple[str, ...]


def cited(text: str) -> set[str]:
    """Returns the ids in a text, those of ranges (`S2 to S4`) one by one."""
    ranges = RANGE.findall(text)
    return set(ID.findall(text)) | {
        f"{kind}{n}" for kind, first, last in ranges for n in range(int(first), int(last) + 1)
    }


def read() -> Iterator[Rule]:
    for file in sorted(RULES.glob("*.md")):
        text = re.sub(r"^```\n.*?^```\n", "", file.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        sections = SECTION.findall(text + "\n")
        assert [section[0] for section in sections] == re.findall(r"^## ([^:\n]*)", text, re.MULTILINE), (
            f"shape of {file.name}"
        )
        for id_, _, _, lines in sections:
            fields = dict(re.findall(r"^- (\w+): (.+)$", lines, re.MULTILINE))
            assert set(fields) - {"source", "promise"} == {"decided", "tests"}, f"fields of {id_}"
            yield Rule(
                id=id_,
                decided=tuple(re.findall(r"`(.+?)`", fields["decided"])),
                tests=tuple(re.findall(r"`(.+?)`", fields["tests"])),
            )


FOUND = tuple(read())


def test_ids_are_unique() -> None:
    ids = [rule.id for rule in FOUND]
    assert sorted(ids) == sorted(set(ids))


def test_each_cited_id_has_a_section() -> None:
    known = {rule.id for rule in FOUND}
    where = {path.relative_to(REPOSITORY).as_posix(): cited(text_of(path)) - known for path in SOURCES}
    assert {file: sorted(ids) for file, ids in where.items() if ids} == {}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in FOUND])
def test_each_rule_names_what_decides_and_what_holds_it(rule: Rule) -> None:
    assert (1 <= len(rule.decided) <= 3, 1 <= len(rule.tests) <= 3) == (True, True)
    assert [name for name in rule.decided if not is_there(name, PACKAGE)] == []
    assert [name for name in rule.tests if not is_there(name, REPOSITORY)] == []


def test_citations_lead_into_the_repository() -> None:
    found = {path: OUTSIDE.findall(text_of(path)) for path in SOURCES}
    assert {path: outside for path, outside in found.items() if outside} == {}
    documents = {document for path in SOURCES for document in re.findall(r"\bdocs/[\w./-]+\.md", text_of(path))}
    assert [document for document in sorted(documents) if not (REPOSITORY / document).is_file()] == []
