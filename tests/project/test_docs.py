"""What README.md shows is what happens: its files, its command and its output."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sandlane.cli.main import COMMANDS

from tests.shared import REPOSITORY

README = (REPOSITORY / "README.md").read_text()
MAKEFILE = (REPOSITORY / "Makefile").read_text()


def blocks(mark: str) -> list[tuple[str, str]]:
    """Returns the code blocks behind `<!-- mark: argument -->`, with the argument."""
    return re.findall(rf"<!-- {mark}(?:: (\S+))? -->\n```\w*\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    for path, text in blocks("file"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_the_smallest_example_does_what_it_says(example: Path) -> None:
    ((_, command),) = blocks("run")
    words = command.split()
    assert words[0] == "sandlane"
    result = subprocess.run(
        [sys.executable, "-m", "sandlane", *words[1:]], cwd=example, capture_output=True, text=True, check=True
    )
    ((_, output),) = blocks("output")
    assert result.stdout == output
    ((path, text),) = blocks("result")
    assert (example / path).read_text() == text


def test_every_make_target_in_the_docs_exists() -> None:
    named = set(re.findall(r"make ([a-z]+)\b", "\n".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL))))
    named |= set(re.findall(r"`make ([a-z]+)`", README + (REPOSITORY / "CONTRIBUTING.md").read_text()))
    assert named <= set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))


def test_every_command_is_in_the_readme() -> None:
    assert set(re.findall(r"^\| `sandlane (\w+)", README, flags=re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (REPOSITORY / link).exists()
