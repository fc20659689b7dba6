from __future__ import annotations

import pytest

from sandlane.reports.tables import lines

TABLE = [["NAME", "NOTES"], ["a", "one two three four five six"], ["workload-of-some-length", "-"]]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        pytest.param(
            None,
            ["NAME                     NOTES", "a                        one two three four five six", "workload-of-some-length  -"],
            id="no-width",
        ),
        pytest.param(
            40,
            ["NAME                     NOTES", "a                        one two three", "                         four five six",
             "workload-of-some-length  -"],
            id="folded",
        ),
        pytest.param(
            10,
            ["NAME                     NOTES", "a                        one two", "                         three four",
             "                         five six", "workload-of-some-length  -"],
            id="no-word-is-broken",
        ),
    ],
)  # fmt: skip
def test_tables(width: int | None, expected: list[str]) -> None:
    assert lines(TABLE, width) == expected
