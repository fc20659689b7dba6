"""Predicates and the choice of rules: S2 to S4 and S27, and choosing against brute force."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.k8s.resource import Resource, ResourceId
from sandlane.problems.problem import Source
from sandlane.semantics.istio_matches import is_catch_all, predicate_of
from sandlane.semantics.outcomes import Direct, NotFound, Origin, Unknown
from sandlane.semantics.predicates import MODES, Mode, holds, wrong_expression
from sandlane.semantics.request import Client, Request, bare
from sandlane.semantics.tables import Rule, Table, choose, decide, doubt_of
from tests.build import regex

CLIENT = Client(kind="sidecar", namespace="shop")
RESOURCE = Resource(id=ResourceId("g", "K", "n", "o"), manifest={}, source=Source(file="f"))
ORIGIN = Origin(resource=RESOURCE, path=())


def request(path: str = "/", *headers: tuple[str, str], **more: Any) -> Request:
    return Request(client=CLIENT, host="a", port=80, path=path, headers=headers, **more)


BAGGAGE = {"headers": {"baggage": {"regex": regex("dev1")}}}
ANY, JOINED = MODES


@pytest.mark.parametrize(
    ("match", "asked", "met"),
    [
        pytest.param({}, request(), True, id="S2 an empty match is met by all"),
        pytest.param({"uri": {"exact": "/a"}}, request("/a?x=1"), True, id="a path has no query"),
        pytest.param({"uri": {"prefix": "/a"}}, request("/ab"), True, id="a prefix is of characters"),
        pytest.param({"uri": {"prefix": "/a"}}, request("/A"), False, id="paths have case"),
        pytest.param({"uri": {"prefix": "/a"}, "ignoreUriCase": True}, request("/A"), True, id="unless it is ignored"),
        pytest.param({"uri": {"regex": "/a"}, "ignoreUriCase": True}, request("/A"), False, id="never by expressions"),
        pytest.param({"uri": {"regex": "/a"}}, request("/ab"), False, id="S3 full match"),
        pytest.param({"uri": {"regex": "/a|/ab"}}, request("/ab"), True, id="S3 full match of the longer alternative"),
        pytest.param({"method": {"exact": "GET"}}, request(method="POST"), False, id="method"),
        pytest.param({"scheme": {"exact": "http"}}, request(), True, id="scheme"),
        pytest.param({"authority": {"exact": "b"}}, request(authority="b"), True, id="authority"),
        pytest.param({"headers": {"X": {"exact": "1"}}}, request("/", ("x", "1")), True, id="names have no case"),
        pytest.param({"headers": {"x": {}}}, request("/", ("x", "")), True, id="presence"),
        pytest.param({"headers": {"x": {"regex": "*"}}}, request(), False, id="presence by a star"),
        pytest.param({"headers": {"x": {"regex": ".*"}}}, request(), False, id="a missing header has no value"),
        pytest.param({"headers": {"method": {"exact": "no"}}}, request(), False, id="names of other fields are headers like others"),
        pytest.param({"queryParams": {"q": {"exact": "1"}}}, request("/?p=0&q=1&q=2"), True, id="first parameter"),
        pytest.param({"queryParams": {"q": {"exact": "2"}}}, request("/?q=1&q=2"), False, id="no other parameter"),
        pytest.param({"withoutHeaders": {"x": {"exact": "1"}}}, request(), True, id="S4 missing is not equal"),
        pytest.param({"withoutHeaders": {"x": {"regex": ".*"}}}, request(), False, id="S4 missing is empty"),
        pytest.param({"withoutHeaders": {"x": {}}}, request(), True, id="S4 absent"),
        pytest.param({"withoutHeaders": {"x": {}}}, request("/", ("x", "")), False, id="S4 present though empty"),
        pytest.param({"uri": {"exact": "/a"}, "headers": {"x": {}}}, request("/a"), False, id="S2 AND in a match"),
        pytest.param(BAGGAGE, request("/", ("baggage", "a=1, tenantID=dev1;p,z=2")), True, id="baggage"),
        pytest.param(BAGGAGE, request("/", ("baggage", "tenantID=dev10")), False, id="baggage of dev10"),
        pytest.param(BAGGAGE, request("/", ("baggage", "xtenantID=dev1")), False, id="another member"),
        pytest.param(BAGGAGE, request("/", ("baggage", "a=1"), ("baggage", "tenantID=dev1")), True, id="two lines"),
    ],
)  # fmt: skip
def test_match_of_a_virtual_service(match: dict[str, Any], asked: Request, met: bool) -> None:
    assert [holds(predicate_of(match), asked, mode) for mode in MODES] == [met, met]


@pytest.mark.parametrize(
    ("values", "wanted", "met"),
    [
        pytest.param(("dev1", "dev2"), "dev1", {ANY: True, JOINED: False}, id="S27 one of two lines"),
        pytest.param(("dev1", "dev2"), "dev1,dev2", {ANY: False, JOINED: True}, id="S27 both as one text"),
        pytest.param(("dev1",), "dev1", {ANY: True, JOINED: True}, id="S27 one line is the same in both"),
    ],
)
def test_repeated_headers(values: tuple[str, ...], wanted: str, met: dict[Mode, bool]) -> None:
    predicate = predicate_of({"headers": {"tenantid": {"exact": wanted}}})
    asked = request("/", *(("tenantid", value) for value in values))
    assert {mode: holds(predicate, asked, mode) for mode in MODES} == met


@pytest.mark.parametrize(
    ("match", "expected"),
    [({}, True), ({"uri": {"prefix": "/"}}, True), ({"uri": {"regex": ".*"}}, True), ({"uri": {"exact": "/"}}, False),
     ({"uri": {"prefix": "/"}, "method": {"exact": "GET"}}, False), ({"headers": {"x": {}}}, False),
     ({"queryParams": {"x": {}}}, False), ({"uri": {"prefix": "/"}, "ignoreUriCase": True}, True)],
)  # fmt: skip
def test_catch_all(match: dict[str, Any], expected: bool) -> None:
    assert is_catch_all(predicate_of(match)) is expected


def test_a_wrong_expression_makes_a_rule_doubtful() -> None:
    predicate = predicate_of({"uri": {"regex": "/(?=a)"}})
    assert wrong_expression(predicate) == "/(?=a)"
    assert doubt_of(predicate) == "'/(?=a)' is no regular expression of RE2"
    assert [holds(predicate, request("/a"), mode) for mode in MODES] == [False, False]


@pytest.mark.parametrize(
    ("authority", "host"),
    [("A.example:80", "a.example"), ("a.", "a"), ("user@a:1", "a"), ("[::1]:80", "[::1]"), ("a", "a")],
)
def test_bare(authority: str, host: str) -> None:
    assert bare(authority) == host


def direct(name: str, **more: Any) -> Rule:
    return Rule(**{"predicate": (), "outcome": Direct(how=name), "origin": ORIGIN, **more})


def test_rules_of_one_rank_and_several_objects_depend_on_their_age() -> None:
    table = Table(rules=(direct("1", group="a"), direct("2", group="b"), direct("3", group="b")), otherwise=NotFound())
    found = decide([table], request())
    assert [(c.outcome, c.when) for c in found] == [
        (Direct(how="1"), "if 'a' is the oldest of 'a' and 'b'"),
        (Direct(how="2"), "if 'b' is the oldest of 'a' and 'b'"),
    ]


def test_one_outcome_of_several_objects_is_no_doubt() -> None:
    table = Table(rules=(direct("1", group="a"), direct("1", group="b")), otherwise=NotFound())
    assert [(c.outcome, c.when) for c in decide([table], request())] == [(Direct(how="1"), "")]


def test_a_doubtful_rule_that_matches_is_unknown() -> None:
    table = Table(rules=(direct("1", doubt="why"),), otherwise=NotFound())
    assert [c.outcome for c in decide([table], request())] == [Unknown("why")]


def test_what_depends_on_the_mode_is_said() -> None:
    rule = direct("1", predicate=predicate_of({"headers": {"x": {"exact": "a"}}}))
    found = decide([Table(rules=(rule,), otherwise=NotFound())], request("/", ("x", "a"), ("x", "b")))
    assert [(c.outcome, c.when) for c in found] == [
        (Direct(how="1"), ""),
        (NotFound(), "if a proxy joins the lines of a repeated header"),
    ]


conditions = st.sampled_from([
    {}, {"uri": {"prefix": "/a"}}, {"uri": {"exact": "/a"}}, {"headers": {"x": {"exact": "1"}}},
    {"uri": {"regex": "/[ab]"}, "headers": {"x": {"regex": "[0-9]"}}}, {"withoutHeaders": {"x": {"exact": "1"}}},
])  # fmt: skip
ranks = st.tuples(st.integers(0, 1), st.integers(0, 2))
rules = st.lists(st.tuples(conditions, ranks, st.sampled_from("ab")), max_size=6)
asked = st.builds(
    lambda path, x: request(path, *((("x", x),) if x else ())),
    st.sampled_from(["/a", "/ab", "/b", "/z"]),
    st.sampled_from(["", "1", "2", "no"]),
)


@given(rules, asked)
def test_choice_against_brute_force(written: list[tuple[dict[str, Any], tuple[int, int], str]], one: Request) -> None:
    """In every order of the groups' ages the winner is the highest rank, then the older object, then the first rule."""
    table = Table(
        rules=tuple(direct(str(n), predicate=predicate_of(match), rank=rank, group=group)
                    for n, (match, rank, group) in enumerate(written)),
        otherwise=NotFound(),
    )  # fmt: skip
    expected = set()
    for ages in ("ab", "ba"):
        met = [(tuple(-part for part in rank), ages.index(group), n) for n, (match, rank, group) in enumerate(written)
               if holds(predicate_of(match), one, ANY)]  # fmt: skip
        expected.add(str(min(met)[2]) if met else "")
    found = {c.outcome.how if isinstance(c.outcome, Direct) else "" for c in choose(table, one, ANY)}
    assert found == expected
