"""SECURITY.md: each sentence of its lists names the tests that hold it, and these exist."""

from __future__ import annotations

import re

import pytest

from tests.shared import REPOSITORY
from tests.sources import is_there

TEXT = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
ITEMS = [" ".join(item.split()) for item in re.findall(r"(?ms)^- (.*?)(?=^- |^#|\Z)", TEXT)]
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item[:40])
def test_each_sentence_names_tests_that_exist(item: str) -> None:
    named = _NAMED.findall(item)
    assert named
    assert [each for each in named if not is_there("::".join(each), REPOSITORY)] == []


def test_all_of_the_list_is_read() -> None:
    assert len(ITEMS) == TEXT.count("\n- ")
