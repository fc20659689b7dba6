"""The demo as a newcomer sees it: whole, on a terminal of 80 columns, in less than 60 lines."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from tests.shared import REPOSITORY
from tests.starts import install

DEMO = REPOSITORY / "overlays" / "shop" / "demo.sh"
EXPECTED = Path(__file__).parent / "demo.txt"
COLUMNS = 80


def on_a_terminal(tmp_path: Path) -> str:
    """Runs the demo with a terminal for its output, and returns what it wrote, without colour."""
    program = install(tmp_path / "bin")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    outside = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    environment = {**outside, "SANDLANE": str(program), "TERM": "xterm", "PYTHONUTF8": "1"}
    with subprocess.Popen(
        ["sh", str(DEMO)], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment
    ) as run:
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # what Linux says when the other side is closed
                piece = b""
            if not piece:
                break
            written += piece
    os.close(ours)
    assert run.returncode == 0
    text = written.decode().replace("\r\n", "\n")
    # Words on what is under way are taken back by a carriage return and the end of their line.
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|^[^\n]*\r", "", text, flags=re.MULTILINE)


def test_the_demo(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    shown = on_a_terminal(tmp_path)
    if request.config.getoption("--update-golden"):
        EXPECTED.write_text(shown)
        pytest.fail("golden files were rewritten: review the diff and run again")
    assert shown == EXPECTED.read_text()
    assert sum(max(1, -(-len(line) // COLUMNS)) for line in shown.splitlines()) < 60
