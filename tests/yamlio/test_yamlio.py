from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest

from sandlane.problems.problem import Invalid, Path, show
from sandlane.yamlio.document import Document
from sandlane.yamlio.locate import locate
from sandlane.yamlio.parser import PARSER, PythonParser
from sandlane.yamlio.read import read
from sandlane.yamlio.write import Emitter, write

PARSERS = [pytest.param(PARSER, id="libyaml"), pytest.param(PythonParser, id="python")]
TWICE = "\n  hint: keep one of the two: some tools take the last, others refuse the file"
QUOTE = "\n  hint: quote it, or write the value that is meant"
TRUE = "is ambiguous: the boolean true to kubectl, the string "
FALSE = "is ambiguous: the boolean false to kubectl, the string "
STRING = "\n  hint: quote it if a string is meant"
KEY = "\n  hint: quote the key"
ANCHOR = "\n  hint: give each anchor a name of its own and let no value contain itself"
TAG = "\n  hint: remove the tag and quote the value if it is a string"
DASHES = "\n  hint: separate documents with '---' and leave directives out"
UTF8 = "\n  hint: save the file as UTF-8"
DEEP = "\n  hint: no manifest needs that: check how the file was made"
BOM = "\ufeff"


def value(text: str, parser: Any = PARSER) -> Any:
    (document,) = read(text.encode(), "f.yaml", parser=parser)
    return document.data


def said(data: bytes, parser: Any = PARSER) -> list[str]:
    with pytest.raises(Invalid) as caught:
        read(data, "f.yaml", parser=parser)
    return [show(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[~, null, Null, NULL, '', ]", [None, None, None, None, ""], id="nulls"),
        pytest.param("[true, True, TRUE, false, tRue]", [True, True, True, False, "tRue"], id="booleans"),
        pytest.param("[0755, 0o14, 0O14, -0o7, 08, 09]", [493, 12, 12, -7, 8, 9], id="octal"),
        pytest.param("[0x1F, 0X1f, -0x10, 0x, 0xg]", [31, 31, -16, "0x", "0xg"], id="hex"),
        pytest.param("[0b101, -0b11, 0b102]", [5, -3, "0b102"], id="binary"),
        pytest.param("[1_000, 1_, -_1, _1, 0x_1]", [1000, 1, -1, "_1", 1], id="underscores"),
        pytest.param("[1e3, 1E3, 1e+3, 1.e3, 5., +.5, 1e-3]", [1000, 1000, 1000, 1000, 5, 0.5, 0.001], id="exponents"),
        pytest.param("[.5_5, ._5, .5_, .e3, ., +]", [0.55, "._5", ".5_", ".e3", ".", "+"], id="points"),
        pytest.param("[1.0, -0.0, 1e400, 1e20, 1e30]", [1, 0, "1e400", 1e20, 1e30], id="floats"),
        pytest.param("[12:30, 190:20:30, 1.2.3, 10.0.0.1]", ["12:30", "190:20:30", "1.2.3", "10.0.0.1"], id="base-60"),
        pytest.param("[=, <<, 2024-02-30]", ["=", "<<", "2024-02-30"], id="odd-strings"),
        pytest.param(
            "[2024-01-02T03:04:05Z, 2024-01-02T03:04:05]",
            ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05"],
            id="times-as-kustomize-writes-them",
        ),
        pytest.param("[18446744073709551615, -9223372036854775808]", [2**64 - 1, -(2**63)], id="64-bits"),
        pytest.param("[0xfffffffffffffffffffff]", ["0xfffffffffffffffffffff"], id="long-hex-is-a-string"),
        pytest.param(
            "[!!str 12, !!int 12, !!float 1.5, !!bool true, !!null null]", ["12", 12, 1.5, True, None], id="tags"
        ),
        pytest.param("a: &x [1, {b: 2}]\nc: *x\n", {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}, id="alias"),
        pytest.param("a: &x k\n*x : 1\n", {"a": "k", "k": 1}, id="alias-as-key"),
        pytest.param(
            "a: &a {x: 1, y1: 2}\nb:\n  w: 0\n  <<: *a\n  x: 3\n",
            {"a": {"x": 1, "y1": 2}, "b": {"w": 0, "x": 3, "y1": 2}},
            id="merge",
        ),
        pytest.param(
            "a: &a {x: 1}\nc: &c {x: 2, z: 3}\nb: {<<: [*a, *c]}\n",
            {"a": {"x": 1}, "c": {"x": 2, "z": 3}, "b": {"x": 1, "z": 3}},
            id="merge-list",
        ),
        pytest.param(
            "a: {<<: [{x: 1, w: 1}, {w: 2, z: 2}, {x: 3, z: 3, u: 3}]}\n",
            {"a": {"x": 1, "w": 1, "z": 2, "u": 3}},
            id="the-first-of-a-merge-wins",
        ),
        pytest.param('"<<": {a: 1}\n', {"<<": {"a": 1}}, id="quoted-merge-key"),
        pytest.param('{"a": [1, {"b": "\\u00e9\\n"}], "c": null}', {"a": [1, {"b": "é\n"}], "c": None}, id="json"),
        pytest.param(
            "expires: 2026-12-01\napiVersion: sandlane.dev/v1\n",
            {"expires": "2026-12-01", "apiVersion": "sandlane.dev/v1"},
            id="date-of-ours",
        ),
        pytest.param("a: 1\r\nb: |\r\n  x\r\n  y\r\n", {"a": 1, "b": "x\ny\n"}, id="crlf"),
        pytest.param("a: |-\n  x", {"a": "x"}, id="strip-block-at-end"),
    ],
)
def test_values(text: str, expected: Any, parser: Any) -> None:
    found = value(text, parser)
    assert repr(found).replace("-0.0", "0") == repr(expected).replace("-0.0", "0")


@pytest.mark.parametrize("parser", PARSERS)
def test_pairs_of_surrogates_in_json_are_one_character(parser: Any) -> None:
    """JSON writes them so, and YAML has no such escape; what is no JSON stays refused, as Go's readers refuse it."""
    assert value('[{"a": "\\ud83d\\ude00!", "\\uD83D\\uDE00": "\\\\ud83d\\\\ude00"}]', parser) == [
        {"a": "\U0001f600!", "\U0001f600": "\\ud83d\\ude00"}
    ]
    bad = "not valid YAML: while parsing a quoted scalar, found invalid Unicode character escape code"
    for text in (b'{a: "\\ud83d\\ude00"}', b'{"a": "\\ud83d"}', b'a: "\\ud83d\\ude00"'):
        assert [line.split(" SL101 ")[1] for line in said(text, parser)] == [bad]


@pytest.mark.parametrize("parser", PARSERS)
def test_of_two_equal_keys_the_last_may_count(parser: Any) -> None:
    text = b"a: 1\nb: {c: [1], c: 2}\na: 3\n---\na: {}\n"
    first, second = read(text, "f.yaml", parser=parser, takes_last=True)
    assert (first.data, second) == ({"a": 3, "b": {"c": 2}}, Document(1, {"a": {}}))
    assert [show(notice).split("\n")[0] for notice in first.notices] == [
        "f.yaml:2:13: SL134 notice: key 'c' stands twice in one mapping, first on line 2: the last one counts",
        "f.yaml:3:1: SL134 notice: key 'a' stands twice in one mapping, first on line 1: the last one counts",
    ]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: {b?: c}\n", "f.yaml:1:5: SL101", id="key"),
        pytest.param("[a, http://x/?y=1]\n", "f.yaml:1:5: SL101", id="address"),
        pytest.param("a: [b ? c]\n", "f.yaml:1:5: SL101", id="between-spaces"),
    ],
)
def test_question_marks_between_brackets_are_refused_as_go_refuses_them(text: str, expected: str, parser: Any) -> None:
    reason = "not valid YAML: a plain value between brackets holds '?', which Go's readers refuse: quote it"
    assert said(text.encode(), parser) == [f"{expected} {reason}"]
    assert value("a: b? c\nd: [? e, {? f: g}, 'h?']\n", parser) == {"a": "b? c", "d": [{"e": None}, {"f": "g"}, "h?"]}


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: {!!str,}\n", {"a": {"": None}}, id="of-a-key"),
        pytest.param("a: [!!str,b, !!str c,d]\n", {"a": ["", "b", "c", "d"]}, id="of-items"),
        pytest.param("a: [!<tag:yaml.org,2002:str> b,c]\n", {"a": ["b", "c"]}, id="verbatim"),
    ],
)
def test_a_comma_between_brackets_ends_a_tag(text: str, expected: Any, parser: Any) -> None:
    assert value(text, parser) == expected
    for refused in ("a: !!str,\n", "a: [!!str[]]\n"):
        wrong = "SL101 not valid YAML: while scanning a tag, did not find expected whitespace or line break"
        assert [line.partition(" ")[2] for line in said(refused.encode(), parser)] == [wrong]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    "text", ["\n\t\n", "\n \t\n  b\n", "2\n \tx\n", "\n  x\n \t\n  y\n", "\n  \tx\n", "\n\n \tx\n"]
)
def test_no_tab_indents_a_block(text: str, parser: Any) -> None:
    for header in "|>":
        (line,) = said(f"a: {header}{text}".encode(), parser)
        wrong = "SL101 not valid YAML: a tab stands where YAML takes spaces only"
        assert line.partition(" ")[2] == f"{wrong}\n  hint: indent with spaces, as the lines around it are"
    assert value("a: |\n  x\n  \t\n  y\n", parser) == {"a": "x\n\t\ny\n"}


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("text", ["a: [!!str b?]\n", "{!!str b?: c}\n", "a: {b: &c d?}\n"])
def test_question_marks_between_brackets_are_refused_behind_a_tag_too(text: str, parser: Any) -> None:
    reason = "not valid YAML: a plain value between brackets holds '?', which Go's readers refuse: quote it"
    assert [problem.split(" SL101 ")[1] for problem in said(text.encode(), parser)] == [reason]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("text", ["{a:}", "[a:,b]", "{a :}", "{a:[b]}"])
def test_a_colon_before_a_bracket_ends_no_key(text: str, parser: Any) -> None:
    """To Go it is part of the text, to libyaml a mistake, to PyYAML's own parser an empty value: nobody's file."""
    reason = "not valid YAML: while scanning a plain scalar, found unexpected ':'"
    assert [problem.split(" SL101 ")[1] for problem in said(text.encode(), parser)] == [reason]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\t:\tb\t# c\n", {"a": "b"}),
        ("a: b\t c\n", {"a": "b\t c"}),
        ("a: {b:\tc,\td:\te}\n", {"a": {"b": "c", "d": "e"}}),
        ("a: 'x'\t\n", {"a": "x"}),
        ("a: &x\tb\nc: !!str\t1\n", {"a": "b", "c": "1"}),
        ("a: b\n \tc\n", {"a": "b c"}),
        ("a: |\t# c\n  b\n", {"a": "b\n"}),
        ("a: >-# c\n  b\n", {"a": "b"}),
    ],
)
def test_tabs_between_tokens_are_blanks(text: str, expected: Any, parser: Any) -> None:
    assert value(text, parser) == expected


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("text", ["\ta: b\n", "a:\n\tb: c\n", "-\ta: b\n", "a: b\n\tc\n"])
def test_tabs_that_indent_are_refused(text: str, parser: Any) -> None:
    assert [problem.split(" ")[1] for problem in said(text.encode(), parser)] == ["SL101"]


@pytest.mark.parametrize("parser", PARSERS)
def test_documents_are_counted(parser: Any) -> None:
    text = f"{BOM}# c\n---\n---\nnull\n---\r\n# x\n{BOM}a: 1\n...\n# y\n--- # z\nb: 2\n"
    assert read(text.encode(), "f", parser=parser) == (Document(2, {"a": 1}), Document(3, {"b": 2}))
    assert read(b"", "f", parser=parser) == ()
    assert read(b"# only\n", "f", parser=parser) == ()


def test_aliases_are_copies() -> None:
    data = value("a: &x [{b: 1}]\nc: *x\n")
    assert data["a"] is not data["c"]
    assert data["a"][0] is not data["c"][0]


REFUSED = [
    pytest.param(
        b"a: 1\nb: 2\na: 3\na: 4\n",
        [
            f"f.yaml:3:1: SL102 key 'a' stands twice in one mapping, first on line 1{TWICE}",
            f"f.yaml:4:1: SL102 key 'a' stands twice in one mapping, first on line 1{TWICE}",
        ],
        id="twice",
    ),
    pytest.param(
        b"a: yes\nb: [off]\n",
        [
            f"f.yaml:1:4: SL103 plain value 'yes' {TRUE}'yes' to kustomize{QUOTE}",
            f"f.yaml:2:5: SL103 plain value 'off' {FALSE}'off' to kustomize{QUOTE}",
        ],
        id="switches",
    ),
    pytest.param(
        b"on: 1\n", [f"f.yaml:1:1: SL103 plain value 'on' {TRUE}'on' to kustomize{QUOTE}"], id="switch-as-key"
    ),
    pytest.param(
        "é: 2024-01-02\n".encode(),
        [f"f.yaml:1:4: SL103 plain value '2024-01-02' is ambiguous: a string to kubectl, a date to kustomize{QUOTE}"],
        id="date",
    ),
    pytest.param(
        b"a: &a {x: 1}\nb:\n  x: 2\n  <<: *a\n",
        [
            (
                "f.yaml:4:3: SL103 plain value '<<' is ambiguous: it overrides the key 'x' above it "
                "for kubectl and leaves it for kustomize\n  hint: move '<<' above the key 'x'"
            )
        ],
        id="merge-behind",
    ),
    pytest.param(
        b"a: &a {x: 1}\nb: {<<: *a, <<: *a}\n",
        [f"f.yaml:2:13: SL102 key '<<' stands twice in one mapping, first on line 2{TWICE}"],
        id="merge-twice",
    ),
    pytest.param(
        b"b: {<<: 1}\n",
        ["f.yaml:1:5: SL101 not valid YAML: '<<' wants a mapping or a list of mappings"],
        id="merge-number",
    ),
    pytest.param(
        b"8080: a\n? [x]\n: b\ntrue: c\n~: d\n",
        [
            f"f.yaml:1:1: SL110 key '8080' is not a string{KEY}",
            f"f.yaml:2:3: SL110 key a list or mapping is not a string{KEY}",
            f"f.yaml:4:1: SL110 key 'true' is not a string{KEY}",
            f"f.yaml:5:1: SL110 key '~' is not a string{KEY}",
        ],
        id="keys",
    ),
    pytest.param(
        b"a: &x 1\nb: &x 2\n",
        [f"f.yaml:2:4: SL105 anchor 'x' is defined twice in one document{ANCHOR}"],
        id="anchor-twice",
    ),
    pytest.param(
        b"a: &x [*x]\n", [f"f.yaml:1:8: SL105 the value of anchor 'x' contains itself{ANCHOR}"], id="recursion"
    ),
    pytest.param(
        b"a: &x 1\n---\nb: *x\n",
        [
            "f.yaml:3:4: SL101 not valid YAML: alias 'x' has no anchor before it\n  hint: quote it where a text is meant: '\"*x\"'"
        ],
        id="alias-of-another-document",
    ),
    pytest.param(
        b"a: !foo 1\nb: !!binary aGk=\nc: !!int '1'\nd: ! 1\ne: !!set {a}\nf: !!timestamp 2024-01-02\n",
        [
            f"f.yaml:1:4: SL106 tag '!foo' is not one that Kubernetes manifests may use{TAG}",
            f"f.yaml:2:4: SL106 tag '!!binary' is not one that Kubernetes manifests may use{TAG}",
            f"f.yaml:3:4: SL106 tag '!!int' is not one that Kubernetes manifests may use{TAG}",
            f"f.yaml:4:4: SL106 tag '!' is not one that Kubernetes manifests may use{TAG}",
            f"f.yaml:5:4: SL106 tag '!!set' is not one that Kubernetes manifests may use{TAG}",
            f"f.yaml:6:4: SL103 plain value '2024-01-02' is ambiguous: a string to kubectl, a date to kustomize{QUOTE}",
            f"f.yaml:6:4: SL106 tag '!!timestamp' is not one that Kubernetes manifests may use{TAG}",
        ],
        id="tags",
    ),
    pytest.param(
        b"a: b\nc: caf\xe9\n",
        [f"f.yaml:2:7: SL107 not UTF-8 text: byte 0xe9 does not belong there{UTF8}"],
        id="latin-1",
    ),
    pytest.param(
        b"\xef\xbb\xbfa\xff",
        [f"f.yaml:1:2: SL107 not UTF-8 text: byte 0xff does not belong there{UTF8}"],
        id="bad-byte-behind-a-byte-order-mark",
    ),
    pytest.param(
        "a: é\nb: é".encode() + b"\xff",
        [f"f.yaml:2:5: SL107 not UTF-8 text: byte 0xff does not belong there{UTF8}"],
        id="bad-byte-behind-other-letters",
    ),
    pytest.param("a: 1\n".encode("utf-16"), [f"f.yaml:1:1: SL107 not UTF-8 text: it is UTF-16{UTF8}"], id="utf-16"),
    pytest.param(
        b"# c\n%YAML 1.2\n---\na: 1\n", [f"f.yaml:2:1: SL108 directives are not allowed{DASHES}"], id="directive"
    ),
    pytest.param(b"a: 1\n...\nb: 2\n", [f"f.yaml:2:1: SL108 '...' is not followed by '---'{DASHES}"], id="dots"),
    pytest.param(
        b"--- {a: 1}\n---\nb: 1\n---#c\n",
        [
            f"f.yaml:1:1: SL108 nothing but a comment may stand behind '---'{DASHES}",
            f"f.yaml:4:1: SL108 nothing but a comment may stand behind '---'{DASHES}",
        ],
        id="text-behind-dashes",
    ),
    pytest.param(
        b"a: 1\rb: 2\n",
        [f"f.yaml:1:5: SL108 a carriage return without a line feed stands in the text{DASHES}"],
        id="carriage-return",
    ),
    pytest.param(
        b"a: |\n  x",
        [
            (
                "f.yaml:1:4: SL108 the file ends in a block without a final line break: "
                "kubectl adds one, kustomize does not\n"
                "  hint: end the file with a line break, or the block's header with '-'"
            )
        ],
        id="no-final-newline",
    ),
    pytest.param(
        b"a: [.inf, 18446744073709551616, -9223372036854775809]\n",
        [
            f"f.yaml:1:5: SL109 '.inf' is not a finite number{STRING}",
            f"f.yaml:1:11: SL109 '18446744073709551616' does not fit into 64 bits{STRING}",
            f"f.yaml:1:33: SL109 '-9223372036854775809' does not fit into 64 bits{STRING}",
        ],
        id="numbers",
    ),
    pytest.param(b"a: " + b"[" * 200, [f"f.yaml:1:103: SL111 nested deeper than 100 levels{DEEP}"], id="deep"),
    pytest.param(
        b"a: x\x01\n",
        ["f.yaml:1:5: SL101 not valid YAML: character U+0001 is not allowed, write it as an escape in double quotes"],
        id="control",
    ),
    pytest.param(
        "a: x\ufeffy\n".encode(),
        ["f.yaml:1:5: SL101 not valid YAML: character U+FEFF is not allowed, write it as an escape in double quotes"],
        id="byte-order-mark-inside",
    ),
    pytest.param(
        b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 10)) for n in range(6)),
        [
            (
                "f.yaml:3:32: SL104 aliases expand to more than 1,024 values (4 for each character of the file, 100,000 at most)\n"
                "  hint: write the values out, or split a large file"
            )
        ],
        id="bomb",
    ),
    pytest.param(
        b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 10)) for n in range(6))
        + b"#" * 30_000,
        [
            (
                "f.yaml:5:29: SL104 aliases expand to more than 100,000 values (4 for each character of the file, 100,000 at most)\n"
                "  hint: write the values out, or split a large file"
            )
        ],
        id="large-bomb",
    ),
]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(("data", "expected"), REFUSED)
def test_refusals(data: bytes, expected: list[str], parser: Any) -> None:
    assert said(data, parser) == expected


def test_syntax_errors_and_paths() -> None:
    assert said(b"a: 1\nb: c: d\n") == [
        "f.yaml:2:5: SL101 not valid YAML: ': ' stands in a value that has no quotes\n  hint: quote the value: 'b: \"c: d\"'"
    ]
    assert said(b'a: "\\ud800"\n') == [
        "f.yaml:1:7: SL101 not valid YAML: while parsing a quoted scalar, found invalid Unicode character escape code"
    ]
    with pytest.raises(Invalid) as caught:
        read(b"---\na: 1\n---\nb:\n- c: 1\n  d: yes\n", "f.yaml")
    (problem,) = caught.value.problems
    assert problem.source is not None
    assert (problem.source.document, problem.path) == (1, ("b", 0, "d"))


def test_aliases_do_not_pass_the_depth() -> None:
    data = b"a: &a " + b"[" * 60 + b"]" * 60 + b"\nb: " + b"[" * 50 + b"*a" + b"]" * 50 + b"\n"
    assert said(data) == [f"f.yaml:2:54: SL111 nested deeper than 100 levels{DEEP}"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"a: " + b"[" * 5000, id="flow"),
        pytest.param(b"a:\n" + b"- " * 5000 + b"x\n", id="block"),
        pytest.param(b"".join(b" " * n + b"a:\n" for n in range(1200)), id="mappings"),
    ],
)
def test_deeper_than_libyaml_goes(data: bytes) -> None:
    # Where the parser has a limit of its own, its look-ahead ends there before the reader's limit: the place differs.
    with pytest.raises(Invalid) as caught:
        read(data, "f.yaml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.text) == ("SL111", "nested deeper than 100 levels")
    assert problem.hint == "no manifest needs that: check how the file was made"


MEGA = 1 << 20


@pytest.mark.uncounted  # a tracer would slow the reader down
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"[" * MEGA, id="open"),
        pytest.param(b"? " * (MEGA // 2), id="keys"),
        pytest.param(b"[" + b"[]," * (MEGA // 3) + b"]", id="wide"),
        pytest.param(b"a:\n" * (MEGA // 3), id="twice"),
        pytest.param(b"- y\n" * (MEGA // 4), id="ambiguous"),
        pytest.param(b"".join(b"%%TAG !a%d! b\n" % n for n in range(MEGA // 14)) + b"---\n", id="directives"),
        pytest.param(b"a: &a " + b"x" * (MEGA // 2) + b"\nb: [" + b"*a," * (MEGA // 8) + b"]\n", id="long-alias"),
        pytest.param(b"...\n" * (MEGA // 4), id="dots"),
        pytest.param(b"---\n" * (MEGA // 4), id="documents", marks=pytest.mark.slow),
        pytest.param(b"a: " + b"9" * MEGA, id="digits"),
        pytest.param(b"a: 0x" + b"9" * MEGA, id="hex-digits"),
        pytest.param(b"a: |\n" + b"\n" * MEGA, id="blank-lines"),
        pytest.param(b"".join(b"a%d: |\n b\n" % n for n in range(MEGA // 12)), id="blocks", marks=pytest.mark.slow),
        pytest.param(b"a: " + b"b " * (MEGA // 2) + b"\n", id="trailing-blank"),
    ],
)
def test_hostile_megabytes_end(data: bytes) -> None:
    start = time.process_time()  # which does not depend on the load
    with suppress(Invalid):
        read(data, "f.yaml")
    assert time.process_time() - start < 20


LOCATED = "# c\na: &x\n  b: [1, é, {c: 2}]\n  'd': {}\ne: *x\nf:\n  <<: *x\n  g: 1\n---\n- h\n"


@pytest.mark.parametrize(
    ("document", "path", "at_key", "expected"),
    [
        pytest.param(0, (), False, (2, 1), id="top"),
        pytest.param(0, ("a", "b"), False, (3, 6), id="value"),
        pytest.param(0, ("a", "b"), True, (3, 3), id="key"),
        pytest.param(0, ("a", "b", 2, "c"), False, (3, 17), id="deep"),
        pytest.param(0, ("a", "b", 9), True, (3, 3), id="prefix"),
        pytest.param(0, ("a", "d", "z"), False, (4, 8), id="missing"),
        pytest.param(0, ("e",), False, (5, 4), id="alias"),
        pytest.param(0, ("e", "d"), True, (4, 3), id="through-an-alias"),
        pytest.param(0, ("f", "d"), True, (4, 3), id="through-a-merge"),
        pytest.param(0, ("f", "g"), False, (8, 6), id="beside-a-merge"),
        pytest.param(1, (0,), False, (10, 3), id="second"),
        pytest.param(2, (), False, None, id="no-document"),
    ],
)
def test_locate(document: int, path: Path, at_key: bool, expected: tuple[int, int] | None) -> None:
    assert locate(LOCATED.encode(), document, path, at_key) == expected
    assert locate(LOCATED.replace("\n", "\r\n").encode(), document, path, at_key) == expected


def test_locate_answers_for_broken_files() -> None:
    assert locate(b"a: 1\n---\nb: c: d\n", 0, ("a",)) == (1, 4)
    assert locate(b"\xff", 0, ()) is None
    assert locate(b"[" * 5000, 0, ()) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("abc", "abc", id="word"),
        pytest.param("/a b:c#d", "/a b:c#d", id="inner-signs"),
        pytest.param("a: b", '"a: b"', id="colon"),
        pytest.param("a #b", '"a #b"', id="hash"),
        pytest.param("a:", '"a:"', id="final-colon"),
        pytest.param("a ", '"a "', id="final-space"),
        pytest.param("1.2.3", "1.2.3", id="version"),
        pytest.param("1.2", '"1.2"', id="number"),
        pytest.param("250m", "250m", id="quantity"),
        pytest.param("1e3", '"1e3"', id="exponent"),
        pytest.param("oN", '"oN"', id="switch"),
        pytest.param("", '""', id="empty"),
        pytest.param("<<", '"<<"', id="merge"),
        pytest.param("2024-01-02", '"2024-01-02"', id="date"),
        pytest.param("a\tb", '"a\\tb"', id="tab"),
        pytest.param("é", '"é"', id="not-ascii-first"),
        pytest.param("a\u2028\x85\ufeff", '"a\\u2028\\u0085\\ufeff"', id="separators"),
        pytest.param("a\nb", "|-\n  a\n  b", id="block"),
        pytest.param("a\n\n\n\n b\n", "|\n  a\n\n\n\n   b", id="block-with-blank-lines"),
        pytest.param("\na", '"\\na"', id="blank-first"),
        pytest.param(" a\nb", '" a\\nb"', id="indented-first"),
        pytest.param("a\n\n", '"a\\n\\n"', id="two-final"),
        pytest.param("a \nb", '"a \\nb"', id="trailing-blank"),
        pytest.param("a\n\tb", '"a\\n\\tb"', id="tab-at-edge"),
    ],
)
def test_strings(text: str, expected: str) -> None:
    assert write({"x": text}) == f"x: {expected}\n"
    assert write({"x": [text]}) == f"x:\n- {expected}\n"
    assert value(write({"x": text})) == {"x": text}


def test_a_manifest() -> None:
    manifest = {
        "data": {
            "no": None,
            "x y": True,
            "k:": 1.0,
            "f": 1e-7,
            "g": 1e30,
            "h": -0.5,
            "k" * 300: {"a": 1},
            "q" * 300: 1,
        },
        "spec": {
            "z": [],
            "a": {},
            "l": [[1, [2]], {"b": [{"c": 1, "d": "x\ny\n"}], "e": {}}],
            "kind": 1,
            "apiVersion": 2,
        },
        "kind": "Foo",
        "apiVersion": "v1",
        "metadata": {"namespace": "b", "name": "a"},
    }
    text = write(manifest)
    assert text == (
        "apiVersion: v1\nkind: Foo\nmetadata:\n  name: a\n  namespace: b\n"
        "spec:\n  apiVersion: 2\n  kind: 1\n  a: {}\n  l:\n  - - 1\n    - - 2\n"
        "  - b:\n    - c: 1\n      d: |\n        x\n        y\n    e: {}\n  z: []\n"
        "data:\n  f: 1.0e-07\n  g: 1.0e+30\n  h: -0.5\n"
        f'  "k:": 1\n  ? {"k" * 300}\n  :\n    a: 1\n  "no": null\n  ? {"q" * 300}\n  : 1\n  x y: true\n'
    )
    assert value(text) == manifest
    assert write({}) == "{}\n"


def test_emitter_keeps_only_what_is_shared() -> None:
    base = {"metadata": {"name": "a"}, "kind": "Foo", "spec": {"l": [{"x": "1"}, "a\nb"], "m": {"x": "1"}}}
    emitter = Emitter([base])
    clone = {"kind": "Foo", "spec": base["spec"], "more": {"deep": [base["spec"]]}}
    for manifest in (base, clone, base, clone):
        assert emitter.write(manifest) == write(manifest)
    fresh = {"a": {"b": 1}}
    assert emitter.write(fresh) == "a:\n  b: 1\n"
    fresh["a"]["b"] = 2
    assert emitter.write(fresh) == "a:\n  b: 2\n"


def test_the_writer_refuses_what_is_not_json() -> None:
    cycle: dict[str, Any] = {}
    cycle["a"] = [cycle]
    with pytest.raises(Invalid) as caught:
        write(cycle)
    assert str(caught.value) == "SL111 nested deeper than 100 levels"
    with pytest.raises(ValueError, match=r"\Anan is not a finite number\Z"):
        write({"a": float("nan")})
    with pytest.raises(ValueError, match=r"\A18446744073709551616 does not fit into 64 bits\Z"):
        write({"a": 2**64})
    with pytest.raises(ValueError, match=r"\A'\\ud800' holds half a surrogate pair: it has no UTF-8 form\Z"):
        write({"a": "\ud800"})
    with pytest.raises(TypeError, match=r"\Aset is not JSON data\Z"):
        write({"a": {1}})
    with pytest.raises(TypeError, match=r"\Akey 1 is not a string\Z"):
        write({1: 2})  # type: ignore[dict-item]


CLOSE = "and separate what is in it by commas"
SIDES = "keep one side, or both, and take the lines with '<<<<<<<', '=======' and '>>>>>>>' out"
TEMPLATE = (
    "render the template first and read what it prints, such as 'helm template NAME CHART | sandlane build -'; "
    "only 'resources' of a sandbox that end in .j2 are templates"
)
SPACES = "SL101 not valid YAML: a tab stands where YAML takes spaces only\n  hint: indent with spaces, as the lines around it are"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a:\n\tb: 1\n", f"2:1: {SPACES}", id="tab"),
        pytest.param("a:\n  \tb: 1\n", f"2:3: {SPACES}", id="tab-behind-spaces"),
        pytest.param("a:\n-\tb: 1\n\tc: 2\n", f"2:2: {SPACES}", id="tab-behind-a-dash"),
        pytest.param("a:\n  owner:dana\n  b: 1\n",
                     "2:3: SL101 not valid YAML: 'owner:' has no space behind its colon\n  hint: write 'owner: dana'", id="glued"),
        pytest.param("a: 1\nowner:dana\n",
                     "2:1: SL101 not valid YAML: 'owner:' has no space behind its colon\n  hint: write 'owner: dana'", id="glued-last"),
        pytest.param("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n",
                     f"2:1: SL101 not valid YAML: a merge conflict is left in the file\n  hint: {SIDES}", id="conflict"),
        pytest.param('a: "b\nc: d\n', '1:4: SL101 not valid YAML: the quote " is never closed\n  hint: close it: "b"', id="quote"),
        pytest.param("a: 'b\n---\nc: d\n", "1:4: SL101 not valid YAML: the quote ' is never closed\n  hint: close it: 'b'",
                     id="quote-of-another-document"),
        pytest.param("- a:\n    b: 1\n  - c: 2\n",
                     "3:3: SL101 not valid YAML: '-' is not aligned with the lines above it\n"
                     "  hint: give it as many spaces as the lines that it belongs to have", id="unaligned"),
        pytest.param("a: b\n  c: d\n",
                     "2:3: SL101 not valid YAML: the line is indented further than 'a' above it, which has a value already\n"
                     "  hint: let 'c' start below 'a'", id="too-far-right"),
        pytest.param("a: @b\n", "1:4: SL101 not valid YAML: a value without quotes cannot start with '@'\n  hint: quote it: 'a: \"@b\"'",
                     id="at-sign"),
        pytest.param("- `b`\n", "1:3: SL101 not valid YAML: a value without quotes cannot start with '`'\n  hint: quote it: '\"`b`\"'",
                     id="backtick"),
        pytest.param("a: [b\nc: d\n",
                     "1:4: SL101 not valid YAML: '[' is not closed, or a comma is missing behind it\n"
                     f"  hint: close it with ']', {CLOSE}",
                     id="list"),
        pytest.param("a: {b: c d: e}\n",
                     "1:4: SL101 not valid YAML: '{' is not closed, or a comma is missing behind it\n"
                     f"  hint: close it with '}}', {CLOSE}", id="comma-in-a-flow-mapping"),
        pytest.param("a: {{ .Values.a }}\n", "1:4: SL145 '{{ .Values.a }}' is a placeholder of a template, and nothing fills it in\n"
                     f"  hint: {TEMPLATE}", id="placeholder"),
        pytest.param("{{- if .Values.a }}\na: b\n{{- end }}\n",
                     f"1:1: SL145 '{{{{- if .Values.a }}}}' is a placeholder of a template, and nothing fills it in\n  hint: {TEMPLATE}",
                     id="line-of-a-template"),
        pytest.param("a: {% if b %}c{% endif %}\n",
                     "1:4: SL145 '{% if b %}' is a placeholder of a template, and nothing fills it in\n"
                     f"  hint: {TEMPLATE}", id="jinja"),
        pytest.param('a: "C:\\data"\n',
                     "1:7: SL101 not valid YAML: '\\d' has no meaning in double quotes\n"
                     "  hint: put the text into single quotes, or write the backslash twice", id="backslash"),
        pytest.param("a: \u201cb: c\u201d\n",
                     "1:4: SL101 not valid YAML: \u201c is no quote to YAML, but a letter\n  hint: write \" or ' around the text",
                     id="typographic-quotes"),
        pytest.param("? [a]\n: b\n", "1:3: SL110 key a list or mapping is not a string\n  hint: quote the key", id="no-template"),
    ],
)  # fmt: skip
def test_common_mistakes_are_told_by_what_was_meant(text: str, expected: str) -> None:
    assert said(text.encode()) == [f"f.yaml:{expected}"]


def test_a_quoted_placeholder_is_text() -> None:
    assert [d.data for d in read(b"a: '{{ b }}'\n", "f.yaml")] == [{"a": "{{ b }}"}]
