from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.files.tree import MemoryTree, OutsideRoot, is_within, join


@pytest.mark.parametrize(
    ("directory", "relative", "expected"),
    [
        pytest.param("", "", "", id="root"),
        pytest.param("", ".", "", id="dot"),
        pytest.param("", "base", "base", id="name"),
        pytest.param("a/b", "c/d", "a/b/c/d", id="below"),
        pytest.param("a/b", "../c", "a/c", id="beside"),
        pytest.param("a/b", "../..", "", id="up-to-the-root"),
        pytest.param("a", "./b//c/", "a/b/c", id="superfluous"),
        pytest.param("a", "b/../../c", "c", id="up-in-the-middle"),
        pytest.param("", "...", "...", id="three-dots-are-a-name"),
        pytest.param("", "a\\..\\b", "a\\..\\b", id="backslashes-are-no-separators"),
        pytest.param("", "~", "~", id="tilde-is-a-name"),
    ],
)
def test_join(directory: str, relative: str, expected: str) -> None:
    assert join(directory, relative) == expected


@pytest.mark.parametrize(
    ("directory", "relative"),
    [
        pytest.param("", "..", id="above"),
        pytest.param("a", "../..", id="above-a-directory"),
        pytest.param("a", "../../a", id="above-and-back"),
        pytest.param("a", "b/../../../a/b", id="above-in-the-middle"),
        pytest.param("", "/", id="absolute-root"),
        pytest.param("a", "/etc/passwd", id="absolute"),
        pytest.param("a", "//server/share", id="two-slashes"),
        pytest.param("a", "b\0c", id="nul"),
    ],
)
def test_join_refuses_what_leaves_the_root(directory: str, relative: str) -> None:
    with pytest.raises(OutsideRoot) as caught:
        join(directory, relative)
    assert caught.value.args == (relative,)


STEPS = st.lists(st.sampled_from(["..", ".", "", "a", "b", "...", " "]), max_size=8).map("/".join)


@given(STEPS, STEPS)
def test_join_never_climbs(directory: str, relative: str) -> None:
    try:
        path = join(join("", directory), relative)
    except OutsideRoot:
        return
    assert [step for step in path.split("/") if step in ("..", ".")] == []
    assert join("", path) == path
    assert is_within(path, "")


@pytest.mark.parametrize(
    ("path", "directory", "expected"),
    [
        pytest.param("a", "", True, id="everything-is-in-the-root"),
        pytest.param("", "", True, id="the-root-is-in-itself"),
        pytest.param("a", "a", True, id="itself"),
        pytest.param("a/b", "a", True, id="below"),
        pytest.param("ab", "a", False, id="same-beginning"),
        pytest.param("a", "a/b", False, id="above"),
        pytest.param("", "a", False, id="the-root-is-in-nothing-else"),
    ],
)
def test_is_within(path: str, directory: str, expected: bool) -> None:
    assert is_within(path, directory) is expected


FILES = MemoryTree({"a/c.yaml": "é", "a/b/d.yaml": b"\xff", "e.yaml": "", "a-b/f": ""})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("", "directory", id="root"),
        pytest.param("a", "directory", id="directory"),
        pytest.param("a/b", "directory", id="nested"),
        pytest.param("a/c.yaml", "file", id="file"),
        pytest.param("a/c", None, id="beginning-of-a-name"),
        pytest.param("e.yaml/x", None, id="below-a-file"),
    ],
)
def test_memory_kind(path: str, expected: str | None) -> None:
    assert FILES.kind(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("", ("a", "a-b", "e.yaml"), id="root"),
        pytest.param("a", ("b", "c.yaml"), id="directory"),
        pytest.param("a/b", ("d.yaml",), id="nested"),
    ],
)
def test_memory_list(path: str, expected: tuple[str, ...]) -> None:
    assert FILES.list(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [pytest.param("a/c.yaml", "é".encode(), id="text"), pytest.param("a/b/d.yaml", b"\xff", id="bytes")],
)
def test_memory_read(path: str, expected: bytes) -> None:
    assert FILES.read(path) == expected


@pytest.mark.parametrize("path", [pytest.param("a", id="directory"), pytest.param("x", id="nothing")])
def test_memory_read_of_what_is_no_file(path: str) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        FILES.read(path)
    assert caught.value.args == (path,)
