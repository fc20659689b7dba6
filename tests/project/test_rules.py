"""Rules and code belong together: each id that is cited has its section in docs/rules, and each section names who follows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shared import REPOSITORY

PACKAGE = REPOSITORY / "renderer" / "sandlane"
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
    """A section of docs/rules: its id, the file it stands in, and the modules and tests that it names."""

    id: str
    file: str
    modules: tuple[Path, ...]
    tests: tuple[Path, ...]


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
            assert set(fields) - {"source", "modules", "promise"} == {"tests"}, f"fields of {id_}"
            yield Rule(
                id=id_,
                file=file.name,
                modules=tuple(PACKAGE / name for name in re.findall(r"`(.+?)`", fields.get("modules", ""))),
                tests=tuple(REPOSITORY / name for name in re.findall(r"`(.+?)`", fields["tests"])),
            )


FOUND = tuple(read())


def test_ids_are_unique() -> None:
    ids = [rule.id for rule in FOUND]
    assert sorted(ids) == sorted(set(ids))


def test_each_cited_id_has_a_section() -> None:
    known = {rule.id for rule in FOUND}
    where = {
        path.relative_to(REPOSITORY).as_posix(): cited(path.read_text(encoding="utf-8")) - known for path in SOURCES
    }
    assert {file: sorted(ids) for file, ids in where.items() if ids} == {}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in FOUND])
def test_each_rule_names_who_follows_it(rule: Rule) -> None:
    named = (*rule.modules, *rule.tests)
    assert [path.relative_to(REPOSITORY).as_posix() for path in named if not path.is_file()] == []
    assert rule.tests
    assert any(rule.id in cited(path.read_text(encoding="utf-8")) for path in named), (
        f"nothing that {rule.id} names cites it"
    )


@pytest.mark.parametrize("path", [pytest.param(path, id=path.relative_to(REPOSITORY).as_posix()) for path in SOURCES])
def test_citations_lead_into_the_repository(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert OUTSIDE.findall(text) == []
    for document in re.findall(r"\bdocs/[\w./-]+\.md", text):
        assert (REPOSITORY / document).is_file(), document
