"""How values are told in differences: where something is left out, it is not what differs."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.reports.diff.words import pair, value

REGISTRY = "europe-west1-docker.pkg.dev/example-project/containers/checkout-service/checkout"
DIGEST = "d8c4a3" * 11
LONG = "listen 80; " * 40


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("registry.example/checkout:1", f"{REGISTRY}:pr-2", ("registry.example/checkout:1", f"{REGISTRY}:pr-2")),
        (f"{REGISTRY}:1@sha256:{DIGEST}", f"{REGISTRY}:2", (f"{REGISTRY}:1@sha256:{DIGEST}", f"{REGISTRY}:2")),
        (None, f"{REGISTRY}:2", ("none", f"{REGISTRY}:2")),
        (f"{LONG}root /a;", f"{LONG}root /b;", ("…/a;", "…/b;")),
        ("x" * 300, "x" * 300 + "y", (f"…{'x' * 24}", f"…{'x' * 24}y")),
        (f"a{LONG}", f"b{LONG}", (f"a{LONG}"[:255] + "…", f"b{LONG}"[:255] + "…")),
        (
            [{"image": REGISTRY, "name": "a"}, {"name": "b"}],
            [{"image": REGISTRY, "name": "a"}, {"name": "c"}],
            ('… "b"}]', '… "c"}]'),
        ),
        ("a\nb=1\nc\n", "a\nb=2\nc\n", ("…b=1…", "…b=2…")),
        ("b=1\nc\n", "b=2\nc\n", ("b=1…", "b=2…")),
        ("a\nb\nc\n", "a\nc\n", ("…b…", "…")),
        ("a\na\n", "a\na\na\n", ("…", "…a\\n")),
        ("a\nb", "a\nb\n", ("…b", "…b\\n")),
        ("a\nb\nc\nd\ne\n", "a\nB\nc\nD\ne\n", ("…b\\nc\\nd…", "…B\\nc\\nD…")),
        ("a", "a\nb\n", ("a", "a\\nb\\n")),
    ],
    ids=[
        "images",
        "digests",
        "new",
        "files",
        "one word",
        "from the beginning",
        "lists",
        "a line",
        "the first line",
        "a line gone",
        "a line more",
        "the end of the last line",
        "lines apart",
        "from one line to two",
    ],
)
def test_pairs(before: Any, after: Any, expected: tuple[str, str]) -> None:
    assert pair(before, after) == expected


def test_single_values() -> None:
    assert value(f"{REGISTRY}:pr-2") == f"{REGISTRY}:pr-2"
    assert value(LONG) == LONG[:255] + "…"
    assert value({"image": REGISTRY}) == f'{{"image": "{REGISTRY}"'[:71] + "…"
