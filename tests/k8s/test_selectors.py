from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.k8s.selectors import (
    BadSelector,
    Index,
    Requirement,
    Selector,
    from_label_selector,
    from_map,
    from_text,
    matches,
)

APP = {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        pytest.param(Requirement("app", "In", ("web", "x")), True, id="in"),
        pytest.param(Requirement("app", "In", ("Web",)), False, id="in-is-case-sensitive"),
        pytest.param(Requirement("app", "In", ()), False, id="in-nothing"),
        pytest.param(Requirement("none", "In", ("",)), False, id="in-empty-needs-the-label"),
        pytest.param(Requirement("app", "NotIn", ("web",)), False, id="not-in"),
        pytest.param(Requirement("app", "NotIn", ("x",)), True, id="not-in-others"),
        pytest.param(Requirement("none", "NotIn", ("x",)), True, id="not-in-missing"),
        pytest.param(Requirement("app", "Exists"), True, id="exists"),
        pytest.param(Requirement("none", "Exists"), False, id="exists-missing"),
        pytest.param(Requirement("app", "DoesNotExist"), False, id="does-not-exist"),
        pytest.param(Requirement("none", "DoesNotExist"), True, id="does-not-exist-missing"),
    ],
)
def test_requirement(requirement: Requirement, expected: bool) -> None:
    assert requirement.matches(APP) == expected


def test_empty_value_is_a_value() -> None:
    labels = {"app": ""}
    found = [Requirement("app", "Exists"), Requirement("app", "In", ("",)), Requirement("app", "NotIn", ("",))]
    assert [r.matches(labels) for r in found] == [True, True, False]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param({}, (), id="empty"),
        pytest.param({"matchLabels": None, "matchExpressions": None}, (), id="nulls"),
        pytest.param({"matchLabels": {"app": "web"}}, (Requirement("app", "In", ("web",)),), id="labels"),
        pytest.param(
            {"matchExpressions": [{"key": "a", "operator": "Exists"}], "matchLabels": {"b": "1"}},
            (Requirement("b", "In", ("1",)), Requirement("a", "Exists")),
            id="both",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1", "2"]}]},
            (Requirement("a", "NotIn", ("1", "2")),),
            id="values",
        ),
    ],
)
def test_from_label_selector(selector: dict[str, Any], expected: Selector) -> None:
    assert from_label_selector(selector) == expected


def test_from_map_and_matches() -> None:
    assert from_map(APP) == (Requirement("app", "In", ("web",)), Requirement("tier", "In", ("front",)))
    assert [matches(from_map({"app": "web"}), APP), matches((), {}), matches(from_map(APP), {"app": "web"})] == [
        True,
        True,
        False,
    ]


keys, words = st.sampled_from("abc"), st.sampled_from(["1", "2", ""])
requirements = st.one_of(
    st.builds(Requirement, keys, st.sampled_from(["In", "NotIn"]), st.lists(words, max_size=3).map(tuple)),
    st.builds(Requirement, keys, st.sampled_from(["Exists", "DoesNotExist"])),
)
entries = st.lists(
    st.tuples(st.sampled_from(["n", "m", None]), st.lists(requirements, max_size=3).map(tuple)), max_size=8
)


@given(entries, st.sampled_from("nm"), st.dictionaries(keys, words))
def test_index_is_a_scan(filed: list[tuple[str | None, Selector]], namespace: str, labels: dict[str, str]) -> None:
    index = Index((home, selector, number) for number, (home, selector) in enumerate(filed))
    expected = [n for n, (home, s) in enumerate(filed) if home in (namespace, None) and matches(s, labels)]
    assert index.matching(namespace, labels) == expected


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        pytest.param("", {}, True, id="everything"),
        pytest.param("a=1", {"a": "1"}, True, id="equal"),
        pytest.param("a==1,b!=2", {"a": "1", "b": "3"}, True, id="both"),
        pytest.param("a!=1", {}, True, id="a-missing-label-is-unequal"),
        pytest.param("a in (1, 2), b notin (3)", {"a": "2"}, True, id="sets"),
        pytest.param("a in (1,2)", {"a": "3"}, False, id="not-in-the-set"),
        pytest.param("a,!b", {"a": ""}, True, id="there-and-not-there"),
        pytest.param("a,!b", {"a": "", "b": ""}, False, id="there"),
        pytest.param("a=", {"a": ""}, True, id="empty-value"),
    ],
)
def test_selectors_of_kubectl(text: str, labels: dict[str, str], expected: bool) -> None:
    assert matches(from_text(text), labels) is expected


@pytest.mark.parametrize("text", ["a in b", "=1", "a b", "a=(1)", ",a"])
def test_no_selectors(text: str) -> None:
    with pytest.raises(BadSelector):
        from_text(text)
