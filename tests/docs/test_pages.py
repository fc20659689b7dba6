"""Every command, every output and every file that README and docs/ show is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from sandlane.cli.main import COMMANDS
from tests.docs.story import PLAYED, blocks, play
from tests.shared import REPOSITORY

DOCS = REPOSITORY / "docs"
FOR_MAINTAINERS = ("architecture.md", "decisions", "rules")
PAGES = {
    path.relative_to(REPOSITORY).as_posix(): path
    for path in sorted([REPOSITORY / "README.md", *DOCS.rglob("*.md")])
    if path == REPOSITORY / "README.md" or path.relative_to(DOCS).parts[0] not in FOR_MAINTAINERS
}
MARKS = {*PLAYED, "elsewhere"}
OWN_TESTS = {
    "docs/git.md": {"hooks", "monorepo", "heal", "codeowners", "yamllint"},
    "docs/guides/argocd.md": {"plugin"},
    "docs/guides/github.md": {"workflow"},
    "docs/guides/gitlab.md": {"pipeline"},
    "docs/guides/kustomize.md": {"transformer"},
}
"""Page -> marks that tests of its own read; tests/project/test_guides.py plays the guides."""


@pytest.mark.parametrize("name", [name for name in PAGES if not name.startswith("docs/guides/")])
def test_a_page_shows_what_happens(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    text = PAGES[name].read_text(encoding="utf-8")
    wrong = play(text, tmp_path / "shop")
    if request.config.getoption("--update-golden"):
        for block, happened in reversed(wrong):
            if block.mark != "part":
                text = text[: block.span[0]] + happened + text[block.span[1] :]
        PAGES[name].write_text(text, encoding="utf-8")
    assert [(block.mark, block.argument, block.text, happened) for block, happened in wrong] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_block_says_how_it_is_tried(name: str) -> None:
    known = MARKS | OWN_TESTS.get(name, set())
    found = blocks(PAGES[name].read_text(encoding="utf-8"))
    assert [block.text for block in found if block.mark not in known] == []
    assert len(found) == PAGES[name].read_text(encoding="utf-8").count("\n```") / 2


@pytest.mark.parametrize("name", PAGES)
def test_what_is_for_elsewhere_is_well_formed(name: str) -> None:
    for block in blocks(PAGES[name].read_text(encoding="utf-8")):
        if block.mark == "elsewhere" and block.language == "yaml":
            assert list(yaml.safe_load_all(block.text))
    for block in blocks(PAGES[name].read_text(encoding="utf-8")):
        if block.mark == "elsewhere" and block.language == "sh":
            assert set(re.findall(r"(?:^|[|&;] *)sandlane ([a-z][\w-]*)", block.text, re.MULTILINE)) <= set(COMMANDS)


def test_a_page_that_shows_something_else_is_found(tmp_path: Path) -> None:
    page = "<!-- file: a.txt -->\n```\none\ntwo\n```\n\n<!-- run: 3 -->\n```sh\ncat a.txt; exit 3\n```\n\n<!-- {} -->\n```\n{}```\n"
    story = {
        "right": ("output", "one\ntwo\n"),
        "part": ("part", "two\n"),
        "result": ("result: a.txt", "one\ntwo\n"),
        "half": ("output", "two\n"),
        "other": ("part", "three\n"),
        "inside": ("part", "wo\n"),
        "file": ("part: a.txt", "three\n"),
    }
    found = {name: len(play(page.format(*given), tmp_path / name / "shop")) for name, given in story.items()}
    assert found == {"right": 0, "part": 0, "result": 0, "half": 1, "other": 1, "inside": 1, "file": 1}
    with pytest.raises(AssertionError, match="exits 3"):
        play(page.replace("run: 3", "run"), tmp_path / "status" / "shop")
