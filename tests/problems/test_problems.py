from __future__ import annotations

import random

import pytest

from sandlane.problems.problem import Invalid, Path, Problem, Source, did_you_mean, dotted, placed, show, sort, visible


def problem(code: str = "SL201", **fields: object) -> Problem:
    values = {"level": "error", "text": "text", **fields}
    return Problem(code=code, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(problem(), "SL201 text", id="bare"),
        pytest.param(problem(hint="do this"), "SL201 text\n  hint: do this", id="hint"),
        pytest.param(problem(source=Source(file="a.yaml")), "a.yaml: SL201 text", id="file"),
        pytest.param(
            problem(source=Source(file="a.yaml", document=3), position=(8, 11), hint="do this"),
            "a.yaml:8:11: SL201 text\n  hint: do this",
            id="all",
        ),
        pytest.param(problem(position=(8, 11)), "SL201 text", id="position-without-a-file"),
        pytest.param(problem(level="notice"), "SL201 notice: text", id="notice"),
        pytest.param(
            problem(level="notice", source=Source(file="a"), position=(1, 2), hint="h"),
            "a:1:2: SL201 notice: text\n  hint: h",
            id="notice-with-all",
        ),
        pytest.param(
            problem(
                text="a\nb.yaml:1:1: SL999 c", source=Source(file="x\ny.yaml"), position=(1, 2), hint="d\r\te\x1b[31m"
            ),
            "x\\ny.yaml:1:2: SL201 a\\nb.yaml:1:1: SL999 c\n  hint: d\\r\\te\\x1b[31m",
            id="one-line-each",
        ),
    ],
)
def test_show(given: Problem, expected: str) -> None:
    assert show(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("a b'\\n…é漢😀\xa0", "a b'\\n…é漢😀\xa0", id="visible"),
        pytest.param("\0\x07\t\n\r\x1b\x1f", r"\x00\x07\t\n\r\x1b\x1f", id="control"),
        pytest.param("\x7f\x80\x85\x9b\x9f", r"\x7f\x80\x85\x9b\x9f", id="control-of-latin-1"),
        pytest.param("\u2028\u2029", r"\u2028\u2029", id="line-breaks-of-unicode"),
        pytest.param("\u200b\u200d\u2060\ufeff", r"\u200b\u200d\u2060\ufeff", id="no-width"),
        pytest.param("\u200e\u200f\u202a\u202e\u2066\u2069", r"\u200e\u200f\u202a\u202e\u2066\u2069", id="direction"),
    ],
)
def test_visible(given: str, expected: str) -> None:
    assert visible(given) == expected


SORTED = [
    problem("SL220"),
    problem(source=Source(file="a"), path=("spec", "items", 2)),
    problem(source=Source(file="a"), path=("spec", "items", 10)),
    problem(source=Source(file="a"), path=("spec", "name")),
    problem("SL201", source=Source(file="a"), position=(2, 9)),
    problem("SL202", source=Source(file="a"), position=(2, 9), text="a"),
    problem("SL202", source=Source(file="a"), position=(2, 9), text="b"),
    problem(source=Source(file="a"), position=(10, 1)),
    problem(source=Source(file="a", document=2)),
    problem(source=Source(file="a", document=10)),
    problem(source=Source(file="a", document=10, prefix=("items", 1)), path=("kind",)),
    problem(source=Source(file="a", document=10, prefix=("items", 2)), path=("apiVersion",)),
    problem(source=Source(file="b")),
]


def test_sort_is_by_file_document_place_code_and_text() -> None:
    shuffled = SORTED * 2
    random.Random(7).shuffle(shuffled)
    assert sort(shuffled) == SORTED


def test_invalid_sorts_and_says_nothing_twice() -> None:
    invalid = Invalid([*reversed(SORTED), *SORTED])
    assert invalid.problems == tuple(SORTED)


def test_invalid_is_readable_in_a_traceback() -> None:
    assert str(Invalid([problem("SL202", text="b"), problem("SL201", text="a")])) == "SL201 a\nSL202 b"


def test_placed_asks_for_places_and_keeps_those_it_has() -> None:
    asked = []

    def locate(source: Source, path: Path, at_key: bool) -> tuple[int, int] | None:
        asked.append((source.file, source.document, path, at_key))
        return None if source.file == "none" else (9 - len(path), 1)

    given = [
        problem(source=Source(file="b", document=1, prefix=("items", 0)), path=("kind",), at_key=True),
        problem(source=Source(file="b", document=1), path=("kind",)),
        problem(source=Source(file="a"), position=(1, 1)),
        problem(source=Source(file="none")),
        problem(),
    ]
    assert [show(p) for p in placed(given, locate)] == [
        "SL201 text",
        "a:1:1: SL201 text",
        "b:6:1: SL201 text",
        "b:8:1: SL201 text",
        "none: SL201 text",
    ]
    assert asked == [
        ("b", 1, ("items", 0, "kind"), True),
        ("b", 1, ("kind",), False),
        ("none", 0, (), False),
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param((), "", id="top"),
        pytest.param(("spec",), "spec", id="one"),
        pytest.param(("spec", "workloads", 0, "image"), "spec.workloads[0].image", id="list"),
        pytest.param((0, "a"), "[0].a", id="list-at-the-top"),
        pytest.param(("a", 0, 1), "a[0][1]", id="list-in-a-list"),
        pytest.param(("metadata", "labels", "a.b/c"), "metadata.labels['a.b/c']", id="label"),
        pytest.param(("a.b",), "['a.b']", id="label-at-the-top"),
    ],
)
def test_dotted(path: Path, expected: str) -> None:
    assert dotted(path) == expected


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        pytest.param("chekout", ["cart", "checkout"], "did you mean 'checkout'?", id="near"),
        pytest.param("xyz", ["cart", "checkout"], "known: all", id="far"),
        pytest.param("a", [], "known: all", id="nothing-known"),
        pytest.param("abcd", ["abca", "abce"], "did you mean 'abce'?", id="ties-do-not-depend-on-order"),
        pytest.param("abcd", ["abce", "abca"], "did you mean 'abce'?", id="ties-in-another-order"),
    ],
)
def test_did_you_mean(word: str, known: list[str], expected: str) -> None:
    assert did_you_mean(word, known, otherwise="known: all") == expected
