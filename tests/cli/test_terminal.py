"""What depends on the terminal: colour, width, words, progress, and pipes that break."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from sandlane.cli.terminal import _tick, colour, painted
from tests.cli.test_cli import FILES, SHOP, misspell
from tests.shared import REPOSITORY
from tests.starts import install, sandlane

MAIN = "from sandlane.cli.main import main; main()"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns("rendered"))
    return tmp_path


def run(here: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "CLICOLOR_FORCE", "TERM")}
    return sandlane(here, *arguments, environment={**kept, **environment})


def on_terminal(here: Path, *arguments: str, columns: int = 80, **environment: str) -> str:
    """Runs a command whose stdout and stderr are one terminal; returns what it shows."""
    parent, child = pty.openpty()
    settings = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **environment}
    process = subprocess.Popen(
        [install(here / "bin"), *arguments], cwd=here, env=settings, stdin=child, stdout=child, stderr=child
    )
    os.close(child)
    shown = b""
    try:
        while data := os.read(parent, 65536):
            shown += data
    except OSError:  # how Linux tells the end of a terminal
        pass
    process.wait()
    os.close(parent)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({}, None, id="by-where-it-goes"),
        pytest.param({"NO_COLOR": "1"}, False, id="no-colour"),
        pytest.param({"NO_COLOR": ""}, None, id="empty-says-nothing"),
        pytest.param({"CLICOLOR_FORCE": "1"}, True, id="forced"),
        pytest.param({"CLICOLOR_FORCE": "0"}, None, id="not-forced"),
        pytest.param({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False, id="no-colour-goes-first"),
        pytest.param({"CLICOLOR": "0"}, False, id="clicolor"),
        pytest.param({"TERM": "dumb"}, False, id="dumb"),
    ],
)
def test_colour_by_environment(environment: dict[str, str], expected: bool | None) -> None:
    assert colour(environment) is expected


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        pytest.param(
            "a.yaml:1:2: SL210 text\n  hint: way",
            "\x1b[1ma.yaml:1:2\x1b[0m: \x1b[31m\x1b[1mSL210\x1b[0m text\n  \x1b[36mhint:\x1b[0m way",
            id="error",
        ),
        pytest.param("SL218 notice: text", "\x1b[33m\x1b[1mSL218\x1b[0m notice: text", id="notice-without-a-place"),
        pytest.param("no problem", "no problem", id="other-text"),
    ],
)
def test_problems_in_colour(problem: str, expected: str) -> None:
    assert painted(problem) == expected


def test_pipes_are_plain_unless_colour_is_forced(here: Path) -> None:
    misspell(here)
    plain = run(here, "render", "shop")
    assert "\x1b" not in plain.stdout + plain.stderr
    forced = run(here, "render", "shop", CLICOLOR_FORCE="1")
    assert forced.stderr.startswith(
        "\x1b[1mshop/sandboxes/dev1.yaml:16:11\x1b[0m: \x1b[31m\x1b[1mSL210\x1b[0m workload"
    )
    assert re.sub("\x1b\\[[0-9;]*m", "", forced.stderr) == plain.stderr


def test_a_terminal_gets_colour_and_a_width(here: Path) -> None:
    assert on_terminal(here, "list", "shop", columns=72) == (
        "NAME   TENANTID  OWNER  EXPIRES     WORKLOADS                    NOTES\n"
        "dev1   dev1      dana   2027-01-29  Deployment/shop/cart,        -\n"
        "                                    Deployment/shop/checkout\n"
        "dev10  dev10     eli    2027-02-12  Deployment/shop/catalog-v2,  -\n"
        "                                    Deployment/shop/mailer\n"
        "xdev1  xdev1     sam    2026-12-18  Deployment/shop/payment      -\n"
    )
    misspell(here)
    assert "\x1b[31m" in on_terminal(here, "check", "shop")
    assert "\x1b[31m" not in on_terminal(here, "check", "shop", NO_COLOR="1")


def test_a_broken_pipe_is_no_error(here: Path) -> None:
    script = f'"{install(here / "bin")}" "$@" | head -n 1; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", script, "-", "explain"], cwd=here, capture_output=True, text=True, check=True)
    assert (done.stdout.splitlines()[1:], done.stderr) == (["0"], "")
    done = subprocess.run(
        ["bash", "-c", script.replace("head -n 1", "true"), "-", "check", "shop"],
        cwd=here, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (
        "1\n",
        f"{len(FILES)} files differ: run 'sandlane render shop/sandlane.yaml'\n",
    )


def test_quiet_and_verbose(here: Path) -> None:
    assert (run(here, "render", "shop", "-q").stdout, run(here, "render", "shop", "--quiet").stderr) == ("", "")
    assert run(here, "check", "shop", "-q").stderr == ""
    assert run(here, "check", "shop").stderr == f"shop/rendered: up to date, {len(FILES)} files\n"
    told = run(here, "check", "shop", "--verbose").stderr
    assert re.sub(r"\d+\.\d\d s", "N s", told) == (
        "shop/sandlane.yaml: read 28 objects of the base and 3 specs\n"
        f"shop/rendered: up to date, {len(FILES)} files\n"
        "shop/sandlane.yaml: took N s\n"
    )
    misspell(here)
    done = run(here, "check", "shop", "-q")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "1 problem")


class _Stream:
    """A stream that ends the work that is told of, once something was told."""

    def __init__(self, done: threading.Event) -> None:
        self.done = done
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text
        self.done.set()

    def flush(self) -> None:
        pass


def test_progress_is_told_and_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandlane.cli.terminal._PATIENCE", 0.0)
    monkeypatch.setattr("sandlane.cli.terminal.time", SimpleNamespace(monotonic=iter((10.0, 13.2)).__next__))
    done = threading.Event()
    stream = _Stream(done)
    _tick("rendering shop", done, stream)  # type: ignore[arg-type]
    assert stream.text == "\rrendering shop … 3 s\x1b[K\r\x1b[K"


def test_work_that_is_soon_done_is_not_told_of() -> None:
    done = threading.Event()
    done.set()
    stream = _Stream(done)
    _tick("rendering shop", done, stream)  # type: ignore[arg-type]
    assert stream.text == ""


def test_as_a_plugin_of_kubectl(here: Path) -> None:
    code = "import sys; sys.argv[0] = '/usr/bin/kubectl-sandlane'; " + MAIN
    done = subprocess.run(
        [sys.executable, "-c", code, "list", "--help"], cwd=here, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: kubectl sandlane list [OPTIONS] [sandboxes|workloads|owned]")


def _run(here: Path, command: str, before: str = "true") -> subprocess.CompletedProcess[str]:
    line = f"cd {here} && {before} && exec {sys.executable} -m sandlane {command}"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "renderer")}
    return subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_defect(closed: str, here: Path) -> None:
    ended = _run(here, f"schema Environment {closed}")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert _run(here, f"fn {closed}").returncode == 2


def test_a_result_that_cannot_be_written_is_an_error(here: Path) -> None:
    ended = _run(here, "schema Environment > /dev/full")
    assert (ended.returncode, ended.stderr) == (2, "Error: stdout cannot be written: No space left on device\n")


def test_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    ended = _run(gone, "list", before=f"rmdir {gone}")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith("Error: the working directory does not exist any more: go to one that does\n")


@pytest.mark.parametrize("command", ["build", "set"])
def test_a_name_that_is_too_long_for_a_file(command: str, here: Path) -> None:
    more = "checkout=x/y:1 -e shop" if command == "set" else ""
    ended = _run(here, f"{command} {'a' * 300} {more}")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Error: ")


def test_an_output_that_is_a_link_to_itself(here: Path) -> None:
    (here / "shop" / "loop").symlink_to("loop")
    assert _run(here, "verify shop --output shop/loop").returncode in (2, 3)
