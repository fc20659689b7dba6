"""Parts of the build of kustomizations on their own: field paths, images, selectors, remote entries, hashes."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.base.kustomize import field_paths
from sandlane.base.kustomize.field_specs import FieldError, set_field, steps_of
from sandlane.base.kustomize.files import is_remote
from sandlane.base.kustomize.generators import content_hash
from sandlane.base.kustomize.images import changed_image, split_image
from sandlane.k8s.selectors import matches
from sandlane.patch.targets import label_selector, pattern


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("a.b", ("a", "b"), id="dots"),
        pytest.param("a.[x=a.b.c].d", ("a", "[x=a.b.c]", "d"), id="dots-in-a-condition"),
        pytest.param("a.[b.c/d].e", ("a", "b.c/d", "e"), id="dots-in-a-key"),
        pytest.param("a.b\\.c.d", ("a", "b.c", "d"), id="backslash"),
        pytest.param(".a", ("a",), id="leading-dot"),
        pytest.param("a.[b", ("a", "b"), id="open-bracket"),
    ],
)
def test_steps_of_replacements(path: str, expected: tuple[str, ...]) -> None:
    assert field_paths.steps_of(path) == expected


DATA: dict[str, Any] = {"l": ["x", {"n": "a", "v": 1}, {"n": True}], "m": {"k": None}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("l.0", "x", id="position"),
        pytest.param("l.-", {"n": True}, id="last"),
        pytest.param("l.[n=a].v", 1, id="condition"),
        pytest.param("l.[n=true]", {"n": True}, id="condition-on-a-boolean"),
        pytest.param("l.[=x]", "x", id="condition-on-a-scalar"),
        pytest.param("l.[n=z]", field_paths.MISSING, id="condition-that-nothing-meets"),
        pytest.param("l.9", field_paths.MISSING, id="past-the-end"),
        pytest.param("l.z", field_paths.MISSING, id="no-position"),
        pytest.param("m.[n=a]", field_paths.MISSING, id="condition-in-a-mapping"),
        pytest.param("m.k.z", field_paths.MISSING, id="below-null"),
        pytest.param("m.k", None, id="null"),
    ],
)
def test_look_up(path: str, expected: Any) -> None:
    assert (
        field_paths.look_up(DATA, field_paths.steps_of(path)) is expected
        or field_paths.look_up(DATA, field_paths.steps_of(path)) == expected
    )


def test_look_up_in_nothing() -> None:
    assert field_paths.look_up([], ("-",)) is field_paths.MISSING


@pytest.mark.parametrize(
    ("path", "create", "expected", "count"),
    [
        pytest.param("m.k", False, {**DATA, "m": {"k": 9}}, 1, id="field"),
        pytest.param("m.z", False, DATA, 0, id="missing"),
        pytest.param("m.z.[n=q].w", True, {**DATA, "m": {"k": None, "z": [{"n": "q", "w": 9}]}}, 1, id="created"),
        pytest.param("m.z.0", True, {**DATA, "m": {"k": None, "z": [9]}}, 1, id="created-list"),
        pytest.param("l.3", True, {**DATA, "l": [*DATA["l"], 9]}, 1, id="one-more"),
        pytest.param("l.*.v", False, {**DATA, "l": ["x", {"n": "a", "v": 9}, {"n": True}]}, 1, id="all"),
        pytest.param(
            "l.[n=.*].v", True, {**DATA, "l": ["x", {"n": "a", "v": 9}, {"n": True, "v": 9}]}, 2, id="pattern"
        ),
        pytest.param("l.[n=z]", False, DATA, 0, id="condition-that-nothing-meets"),
        pytest.param("m.[n=z]", False, DATA, 0, id="condition-in-a-mapping"),
    ],
)
def test_replaced(path: str, create: bool, expected: Any, count: int) -> None:
    found = field_paths.replaced(DATA, field_paths.steps_of(path), lambda _: 9, create=create)
    assert found == (expected, count)
    assert (found[0] is DATA) == (expected == DATA)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        pytest.param("a/b", {"a": {"b": 1}}, {"a": {"b": 9}}, id="field"),
        pytest.param("a/b", {"a": [{"b": 1}, {"c": 1}]}, {"a": [{"b": 9}, {"c": 1}]}, id="through-a-list"),
        pytest.param("a\\/b", {"a/b": 1}, {"a/b": 9}, id="slash"),
        pytest.param("/a", {"a": 1}, {"a": 9}, id="leading-slash"),
        pytest.param("a[]/b", {"a": None}, {"a": []}, id="a-list-that-is-null"),
        pytest.param("a/b", {"a": None}, {"a": None}, id="null"),
    ],
)
def test_set_field(path: str, value: Any, expected: Any) -> None:
    assert set_field(value, steps_of(path), lambda _: 9) == expected


def test_set_field_below_a_scalar() -> None:
    with pytest.raises(FieldError) as error:
        set_field({"a": "text"}, ("a", "b"), lambda _: 9)
    assert str(error.value) == "'b' is looked for in 'text', which is no mapping"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("nginx", ("nginx", "", "")),
        ("nginx:1", ("nginx", "1", "")),
        ("nginx@sha256:a", ("nginx", "", "sha256:a")),
        ("nginx:1@sha256:a", ("nginx", "1", "sha256:a")),
        ("localhost:5000/nginx", ("localhost:5000/nginx", "", "")),
        ("localhost:5000/nginx:1", ("localhost:5000/nginx", "1", "")),
        ("/nginx:1", ("/nginx", "1", "")),
    ],
)
def test_split_image(value: str, expected: tuple[str, str, str]) -> None:
    assert split_image(value) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({"newTag": "2"}, "web:2"),
        ({"digest": "sha256:b"}, "web@sha256:b"),
        ({"newTag": "2", "digest": "sha256:b"}, "web:2@sha256:b"),
        ({"newName": "api"}, "api:1@sha256:a"),
        ({"tagSuffix": "-x"}, "web:1-x"),
    ],
)
def test_changed_image(image: dict[str, str], expected: str) -> None:
    assert changed_image("web:1@sha256:a", image) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("a=1", True),
        ("a==2", False),
        ("b!=1", True),
        ("a in (1, 2),!b", True),
        ("a notin (1)", False),
        ("a", True),
        ("!a", False),
    ],
)
def test_label_selector(text: str, expected: bool) -> None:
    assert matches(label_selector(text), {"a": "1"}) is expected


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("web", "web", True),
        ("web", "web\n", False),
        ("we.*", "webs", True),
        ("we.", "web", True),
        ("a|b", "ab", False),
        ("(a|b)+", "ab", True),
    ],
)
def test_whole_patterns(text: str, value: str, expected: bool) -> None:
    assert bool(pattern(text, "^(?:", ")$").search(value)) is expected


def test_a_pattern_anywhere() -> None:
    assert (bool(pattern("b").search("abc")), bool(pattern("[b]").search("abc"))) == (True, True)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("../base", False), ("base/app.yaml", False), ("./github.com-copy", False), ("https://x/y.yaml", True),
        ("github.com/a/b", True), ("git@host:a/b", True), ("a/b.git", True), ("a//b", True), ("a?ref=v1", True), ("c:thing.yaml", False),
    ],
)  # fmt: skip
def test_is_remote(entry: str, expected: bool) -> None:
    assert is_remote(entry) is expected


def test_hash_of_equal_content_is_equal_under_any_name() -> None:
    one, two = ({"kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "<&>"}} for name in ("one", "two"))
    assert (content_hash(one), content_hash(one) == content_hash(two)) == ("m9gb99d79d", True)
