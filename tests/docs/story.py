"""A page of the documentation as a story that can be played: the files that it shows, its commands, and what they print.

Above each block of code a mark says what it is:

    <!-- file: PATH -->      a file
    <!-- run -->             commands; with `run: 2` they exit with 2
    <!-- output -->          all that the commands before print
    <!-- part -->            lines of it
    <!-- result: PATH -->    what a file then holds
    <!-- part: PATH -->      lines of it
    <!-- elsewhere -->       for a cluster, an application or another tool

and `<!-- begin: NAME -->` says what is there before.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.shared import REPOSITORY
from tests.starts import install

BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[\w-]+)(?:: (?P<argument>[^>\n]+))? -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.M | re.S,
)
BEGIN = re.compile(r"^<!-- begin: (\S+) -->$", re.M)
PLAYED = ("file", "run", "output", "part", "result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code: its mark with argument, its language, and its text with where that stands in the page."""

    mark: str
    argument: str
    language: str
    text: str
    span: tuple[int, int]


def blocks(page: str) -> list[Block]:
    """Returns the blocks of code of a page."""
    return [
        Block(
            mark=found["mark"] or "",
            argument=found["argument"] or "",
            language=found["language"],
            text=found["text"],
            span=found.span("text"),
        )
        for found in BLOCK.finditer(page)
    ]


def begin(page: str, home: Path) -> None:
    """Lays what is there before a page's story: files of README's example, an example of overlays/, or a repository with `base/`."""
    found = BEGIN.search(page)
    name = found[1] if found else ""
    if name.startswith("overlays/"):
        shutil.copytree(REPOSITORY / name, home, dirs_exist_ok=True)
        return
    home.mkdir(parents=True, exist_ok=True)
    if name not in {"README.md", "repository"}:
        assert not name, f"nothing is known that begins with {name}"
        return
    for block in blocks((REPOSITORY / "README.md").read_text(encoding="utf-8")):
        if block.mark == "file" and (name == "README.md" or block.argument.startswith("base/")):
            _write(home / block.argument, block.text)
    if name == "repository":
        remote = home.parent / "remote.git"
        subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
        subprocess.run(["git", "init", "-q", "-b", "main", str(home)], check=True)
        subprocess.run(["git", "-C", str(home), "remote", "add", "origin", str(remote)], check=True)


def run(home: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of the shell with `sandlane` on the PATH; both of its streams are one, as on a terminal."""
    command = install(home.parent / "bin")
    who = {f"GIT_{role}_{field}": "dev@example.com" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")}
    environment = {**os.environ, **who, "HOME": str(home), "PATH": f"{command.parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def play(page: str, home: Path) -> list[tuple[Block, str]]:
    """Plays a page's story, and returns the blocks that show something else than what happens, with that."""
    begin(page, home)
    printed, wrong = "", []
    for block in blocks(page):
        if block.mark == "file":
            _write(home / block.argument, block.text)
        elif block.mark == "run":
            done = run(home, block.text)
            printed = done.stdout
            expected = int(block.argument or 0)
            assert done.returncode == expected, f"exits {done.returncode}:\n{block.text}\n{printed}"
        elif block.mark in PLAYED:
            path = home / block.argument
            happened = path.read_text(encoding="utf-8") if block.argument else printed
            if not _shows(block, happened):
                wrong.append((block, happened))
    return wrong


def _shows(block: Block, happened: str) -> bool:
    if block.mark == "part":
        return f"\n{block.text}" in f"\n{happened}"
    return block.text == happened


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
