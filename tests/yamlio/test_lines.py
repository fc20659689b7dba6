"""Texts that are read without the parser: the same as with it, and all that sandlane writes is among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.problems.problem import Invalid
from sandlane.yamlio import lines
from sandlane.yamlio.parser import PythonParser
from sandlane.yamlio.read import read
from sandlane.yamlio.write import write
from tests.shared import REPOSITORY
from tests.yamlio.test_yaml_differential import WORDS

OUTPUTS = sorted(file for file in (REPOSITORY / "golden").rglob("*.yaml") if file.read_bytes().startswith(b"# Code"))
KEYS = [
    "a",
    "b",
    "name",
    "spec",
    "a.b/c-d",
    "on",
    "null",
    "y",
    "Null",
    "_x",
    "0",
    "- a",
    '"q"',
    "a b",
    "<<",
    "?",
    "a:b",
]
VALUES = [*WORDS, "", "x y", "x  y", " x", "x ", "a: b", "a : b", "a #b", "a# b", "- x", '"x"', "'x'", '"x\\ny"', '"\\q"', "'it''s'",
          '"a" b', "[]", "{}", "[a]", "{a: b}", "|", ">-", "&a x", "*a", "!t x", "# c", "é",
          "x\ty", "-1", "-x", "--", "a\\b"]  # fmt: skip


def by_parser(text: str) -> Any:
    """Returns the documents as the parser has them; what is wrong with the text where something is."""
    try:
        return [(document.index, document.data) for document in read(text.encode(), "a.yaml", parser=PythonParser)]
    except Invalid as invalid:
        return [problem.code for problem in invalid.problems]


def typed(value: Any) -> Any:
    """Returns data in which 1, 1.0 and True are told apart, and the order of keys counts."""
    if isinstance(value, dict):
        return [(key, typed(item)) for key, item in value.items()]
    return [typed(item) for item in value] if isinstance(value, list | tuple) else (type(value).__name__, value)


def by_lines(text: str) -> Any:
    return lines.documents(text)


one_line = st.builds(
    lambda indent, dash, key, between, value: f"{' ' * indent}{dash}{key}{between}{value}",
    st.sampled_from([0, 0, 2, 2, 4, 4, 6, 1, 3]),
    st.sampled_from(["", "", "- ", "-  ", "-"]),
    st.one_of(st.sampled_from(KEYS[:5]), st.sampled_from(KEYS)),
    st.sampled_from([": ", ": ", ":  ", ":", " : ", ""]),
    st.one_of(st.just(""), st.sampled_from(VALUES)),
)
texts = st.lists(
    st.one_of(
        one_line,
        one_line,
        one_line,
        st.sampled_from(["", "---", "# c", "  # c", "...", " ", "   ", "    x: |", "  - |", "a: |", "b: |-", "   t"]),
    ),
    max_size=9,
)


@given(texts)
def test_lines_mean_what_the_parser_makes_of_them(parts: list[str]) -> None:
    text = "\n".join(parts) + "\n"
    found = by_lines(text)
    assert found is None or typed(found) == typed(by_parser(text))


@given(
    st.sampled_from(KEYS),
    st.sampled_from(VALUES),
    st.sampled_from(["{}: {}\n", "x:\n- {}: {}\n", "x:\n  - {1}\ny: {0}\n"]),
)
def test_values_mean_what_the_parser_makes_of_them(key: str, value: str, form: str) -> None:
    found = by_lines(form.format(key, value))
    assert found is None or typed(found) == typed(by_parser(form.format(key, value)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: 1\nb: x y\n", [(0, {"a": 1, "b": "x y"})], id="scalars"),
        pytest.param("a:\nb:\n- c\n-  d: e\n", None, id="dash-and-two-blanks"),
        pytest.param(
            "a:\n- b: 1\n  c:\n  - d\n- e\n", [(0, {"a": [{"b": 1, "c": ["d"]}, "e"]})], id="lists-at-their-key"
        ),
        pytest.param(
            "a:\n  - b:\n      - c\nd: []\n", [(0, {"a": [{"b": ["c"]}], "d": []})], id="lists-below-their-key"
        ),
        pytest.param("a:\n", [(0, {"a": None})], id="nothing"),
        pytest.param("# c\n---\na: 1\n\n---\nb: {}\n", [(0, {"a": 1}), (1, {"b": {}})], id="documents"),
        pytest.param('a: "1\\n\\"2\\""\nb: \'x: y\'\n', [(0, {"a": '1\n"2"', "b": "x: y"})], id="quotes"),
        pytest.param("a: http://b:80/c#d\n", [(0, {"a": "http://b:80/c#d"})], id="colons"),
        pytest.param("a: 1\na: 2\n", None, id="key-twice"),
        pytest.param("a: yes\n", None, id="doubtful-value"),
        pytest.param("on: 1\n", None, id="doubtful-key"),
        pytest.param("a: b\n  c\n", None, id="value-of-two-lines"),
        pytest.param("a: b\n  c: d\n", None, id="below-a-value"),
        pytest.param("a: 1\n- b\n", None, id="item-beside-keys"),
        pytest.param("a: 1\n---\n# c\n---\nb: 2\n---\n", [(0, {"a": 1}), (2, {"b": 2})], id="empty-documents"),
        pytest.param("---\n---\na: 1\n", None, id="empty-document-first"),
        pytest.param("- a\n", None, id="list"),
        pytest.param("a: |\n  b\n\n    # c\n\nd: 1\n", [(0, {"a": "b\n\n  # c\n", "d": 1})], id="block"),
        pytest.param(
            "a:\n- b: |-\n    c\n  d: |\n   e\n- |\n f\n", [(0, {"a": [{"b": "c", "d": "e\n"}, "f\n"]})], id="blocks"
        ),
        pytest.param("a: |\n\n  b\n", None, id="block-behind-an-empty-line"),
        pytest.param("a: |\n  b\n \nc: 1\n", None, id="block-with-blanks"),
        pytest.param("a: |\n  b\n   \n", None, id="block-with-more-blanks"),
        pytest.param("a:\n  b: |\n  c\n", None, id="block-too-far-out"),
        pytest.param("a: |\n", None, id="block-without-lines"),
        pytest.param("a: >-\n  b\n", None, id="folded-block"),
        pytest.param("a:\n- --b=c\n- ---\n", [(0, {"a": ["--b=c", "---"]})], id="dashes"),
        pytest.param("a: 1", None, id="without-a-line-break"),
        pytest.param("a: é\n", None, id="beyond-ascii"),
        pytest.param("# nothing\n", [], id="comment-alone"),
    ],
)
def test_forms(text: str, expected: Any) -> None:
    assert lines.documents(text) == expected
    if expected is not None:
        assert by_parser(text) == expected


def test_nesting_is_bounded() -> None:
    deep = "".join(f"{'  ' * depth}a:\n" for depth in range(60))
    assert lines.documents(deep) is None
    assert len(read(deep.encode(), "a.yaml")) == 1


@pytest.mark.parametrize("file", OUTPUTS, ids=lambda file: file.relative_to(REPOSITORY).as_posix())
def test_what_sandlane_writes_is_read_without_the_parser(file: Path) -> None:
    text = file.read_text()
    if not text.isascii():
        pytest.skip("it holds more than ASCII")
    found = lines.documents(text)
    assert found is not None
    assert found == by_parser(text)
    assert "# Code generated by sandlane. DO NOT EDIT.\n" + write(found[0][1]) == text
