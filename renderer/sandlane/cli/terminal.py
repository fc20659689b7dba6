"""The terminal: colour and width by what it is, words that `--quiet` leaves out, a line of progress, and pipes that break."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

import click

_VERBOSITY = "sandlane.verbosity"
_HEAD = re.compile(r"(?P<place>.*?: )?(?P<code>SL\d{3}) (?P<notice>notice: )?(?P<text>.*)", re.DOTALL)
_PATIENCE = 1.0
"""Seconds after which a terminal is told that work goes on."""


class Refused(click.ClickException):
    """A change or a question that what is there refuses, though the call is written right: told without the command's usage."""

    exit_code = 2


def colour(environment: Mapping[str, str]) -> bool | None:
    """Returns whether colour is forced or forbidden; None leaves it to where the text goes (no-color.org, bixense.com/clicolors)."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return False if environment.get("CLICOLOR") == "0" or environment.get("TERM") == "dumb" else None


def verbosity() -> int:
    """Returns -1 for `--quiet`, 1 for `--verbose`, else 0."""
    context = click.get_current_context(silent=True)
    return int(context.meta.get(_VERBOSITY, 0)) if context else 0


def with_verbosity(command: click.Command) -> click.Command:
    """Returns a command that has `--quiet` and `--verbose`."""
    if not any(isinstance(p, click.Option) and "--quiet" in p.opts for p in command.params):
        command.params += [
            _option("-q", "--quiet", -1, "Say nothing but what is wrong."),
            _option("-v", "--verbose", 1, "Also say what was read, and how long it took."),
        ]
    return command


def _option(short: str, long: str, level: int, help: str) -> click.Option:
    def chosen(context: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            context.meta[_VERBOSITY] = level

    return click.Option([short, long], is_flag=True, expose_value=False, callback=chosen, help=help)


def words(line: str, *, least: int = 0) -> None:
    """Writes words for people to stderr, unless they asked for fewer."""
    if verbosity() >= least:
        click.echo(line, err=True)


def amount(number: int, word: str) -> str:
    """Returns a number of things in words: `1 object`, `2 objects`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def painted(problem: str) -> str:
    """Returns a problem as it is shown, in colours that are taken out again where no terminal is."""
    line, _, hint = problem.partition("\n")
    found = _HEAD.fullmatch(line)
    if not found:
        return problem
    style = {"fg": "yellow"} if found["notice"] else {"fg": "red"}
    place = click.style(found["place"][:-2], bold=True) + ": " if found["place"] else ""
    below = "\n" + hint.replace("hint:", click.style("hint:", fg="cyan"), 1) if hint else ""
    return f"{place}{click.style(found['code'], bold=True, **cast(Any, style))} {found['notice'] or ''}{found['text']}{below}"


def verb(word: str) -> str:
    """Returns a word that says what becomes of a file, in its colour."""
    colours = {"create": "green", "missing": "green", "update": "yellow", "stale": "yellow"}
    return click.style(word, fg=colours.get(word, "red"))


def width() -> int | None:
    """Returns the width that tables fold to; None where stdout is no terminal, so that each row is a line."""
    if not sys.stdout.isatty():
        return None
    from shutil import get_terminal_size  # brings modules for archives with it

    return get_terminal_size().columns


@contextmanager
def working(what: str) -> Iterator[None]:
    """Says on a terminal that work goes on, once it takes longer than a second; nothing is left of it."""
    if not sys.stderr.isatty() or verbosity() < 0 or os.environ.get("TERM") == "dumb":
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_tick, args=(what, done, sys.stderr), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _tick(what: str, done: threading.Event, stream: TextIO) -> None:
    start = time.monotonic()
    if done.wait(_PATIENCE):
        return
    while not done.wait(0.2):
        stream.write(f"\r{what} … {time.monotonic() - start:.0f} s\x1b[K")
        stream.flush()
    stream.write("\r\x1b[K")
    stream.flush()


class Unusable(Exception):
    """Raised where a run has no place to be, or nowhere to write what it was asked for: its text says which."""


class Unbroken:
    """A stream that nobody may read to its end, as with `| head`: what is left is thrown away, and the exit status stays right.

    `lost` says why it took no more where it had a reader, as on a full disk.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost: str | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes a text, or throws it away."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._lost(error)
            return len(text)

    def flush(self) -> None:
        """Writes out what is buffered, or throws it away."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):
            self.lost = error.strerror


def written_to_the_end() -> None:
    """Writes out what is left of a result. Raises Unusable where not all of it could be written, though somebody reads it."""
    stdout = cast(Unbroken, sys.stdout)
    stdout.flush()
    if stdout.lost:
        raise Unusable(f"stdout cannot be written: {stdout.lost}")


def survive_broken_pipes() -> None:
    """Lets stdout and stderr outlive their readers; a stream that the caller has closed is empty, or swallows what is written."""
    if cast(TextIO | None, sys.stdin) is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115
    closed = cast(TextIO | None, sys.stdout) is None, cast(TextIO | None, sys.stderr) is None
    stdout, stderr = (Path(os.devnull).open("w", encoding="utf-8") if is_closed else None for is_closed in closed)  # noqa: SIM115
    sys.stdout = cast(TextIO, Unbroken(stdout or sys.stdout))
    sys.stderr = cast(TextIO, Unbroken(stderr or sys.stderr))
