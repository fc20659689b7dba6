"""The manual page of the command line, made of what click knows: `python -m website.man > sandlane.1`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from sandlane import __version__
from sandlane.cli.main import COMMANDS, group

STATUSES = {
    0: "fine",
    1: "changed or stale, where the command asks for it",
    2: "invalid input or usage",
    3: "a promise does not hold",
    70: "a defect of sandlane",
}


def page() -> str:
    """Returns the page in the language of man(7)."""
    return "\n".join([f'.TH SANDLANE 1 "" "sandlane {__version__}" "User Commands"', *_lines()]) + "\n"


def _lines() -> Iterator[str]:
    root = click.Context(group, info_name="sandlane", **group.context_settings)
    yield ".SH NAME"
    yield _roff("sandlane - request-level sandboxes for shared Kubernetes environments, rendered into a git directory")
    yield ".SH SYNOPSIS"
    yield ".B sandlane"
    yield _roff("COMMAND [OPTIONS] [ARGUMENTS]")
    yield ".SH DESCRIPTION"
    yield _roff(group.help or "")
    yield ".SH COMMANDS"
    for name in sorted(COMMANDS):
        command = group.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root)
        yield f".SS {_roff(name)}"
        yield ".nf"
        yield f".B {_roff(f'sandlane {name}')} {_roff(' '.join(command.collect_usage_pieces(context)))}"
        yield ".fi"
        yield ".PP"
        yield _roff(command.help or "")
        for param in command.get_params(context):
            if (record := param.get_help_record(context)) and record[1]:
                yield ".TP"
                yield f".B {_roff(record[0])}"
                yield _roff(record[1])
    yield ".SH EXIT STATUS"
    for status, meaning in STATUSES.items():
        yield ".TP"
        yield f".B {status}"
        yield _roff(meaning)
    yield ".SH SEE ALSO"
    yield _roff("sandlane explain CODE|FIELD, kubectl(1), git(1)")


def _roff(text: str) -> str:
    """Returns a text on one line, in which nothing is a request or an escape of roff."""
    plain = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain[:1] in {".", "'"} else plain


if __name__ == "__main__":
    sys.stdout.write(page())
