"""The promises that README lists are those whose numbers messages name."""

from __future__ import annotations

import re

import pytest

from sandlane.problems.catalogue import CATALOGUE
from sandlane.problems.promises import PROMISES
from tests.shared import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
RULES = (REPOSITORY / "docs" / "rules" / "proof.md").read_text(encoding="utf-8")
OBLIGATIONS = {
    name: int(promise) for name, promise in re.findall(r"^## (P\d): .+\n\n.+\n\n- promise: (\d)$", RULES, re.MULTILINE)
}
BROKEN = {code: row for code, row in CATALOGUE.items() if row.promise}


def test_readme_lists_the_promises() -> None:
    _, _, section = README.partition("\n## Promises\n")
    assert {int(n): text for n, text in re.findall(r"^(\d)\. (.+)$", section, re.MULTILINE)} == PROMISES


def test_each_obligation_names_its_promise() -> None:
    assert list(OBLIGATIONS) == re.findall(r"^## (P\d)", RULES, re.MULTILINE)
    assert set(OBLIGATIONS.values()) <= set(PROMISES)


def test_what_names_a_promise_says_so_in_its_row() -> None:
    named = {code: re.findall(r"promise (\d)", row.text) for code, row in CATALOGUE.items()}
    assert {code: numbers for code, numbers in named.items() if numbers} == {
        code: [str(row.promise)] for code, row in BROKEN.items()
    }


@pytest.mark.parametrize("code", sorted(BROKEN))
def test_the_promise_of_a_code_is_that_of_its_obligations(code: str) -> None:
    row = BROKEN[code]
    assert row.promise in PROMISES
    assert {OBLIGATIONS[name] for name in re.findall(r"\bP\d\b", row.why)} <= {row.promise}
