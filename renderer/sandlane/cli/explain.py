"""`sandlane explain`: what a problem code means, with a bad and a good example."""

from __future__ import annotations

import re

import click

from sandlane.cli.session import output_format, write_json
from sandlane.problems.catalogue import CATALOGUE
from sandlane.problems.problem import did_you_mean
from sandlane.problems.row import Row


@click.command("explain", help="Explain a problem code such as SL210; without one, list all codes.")
@click.argument("code", required=False)
@output_format("text", "json")
def command(code: str | None, output_format: str) -> None:
    """Prints one row of the catalogue, or all codes with their texts."""
    if code and code.upper() not in CATALOGUE:
        raise click.UsageError(
            f"no code '{code}': {did_you_mean(code.upper(), CATALOGUE, otherwise='see sandlane explain')}"
        )
    chosen = {code.upper(): CATALOGUE[code.upper()]} if code else CATALOGUE
    if output_format == "json":
        write_json([_as_data(key, row) for key, row in chosen.items()])
    elif code:
        click.echo(_page(code.upper(), chosen[code.upper()]))
    else:
        for key, row in chosen.items():
            click.echo(f"{key}  {_level(row):18}  {_filled(row.text)}")


def _filled(text: str) -> str:
    """Returns a text with `<name>` in place of what a problem fills in."""
    return re.sub(r"\{(\w+)(?:![rs])?\}", r"<\1>", text).replace("{{", "{").replace("}}", "}")


def _level(row: Row) -> str:
    return f"{row.level}, acceptable" if row.acceptable else row.level


def _as_data(code: str, row: Row) -> dict[str, object]:
    return {
        "code": code,
        "level": row.level,
        "acceptable": row.acceptable,
        "text": row.text,
        "hint": row.hint or None,
        "why": row.why,
        "bad": row.bad,
        "good": row.good,
    }


def _page(code: str, row: Row) -> str:
    parts = [f"{code} ({_level(row)}): {_filled(row.text)}", row.why]
    if row.hint:
        parts.append(f"Way out: {_filled(row.hint)}.")
    if row.acceptable:
        parts.append(
            "A sandbox may accept it: 'accept: [{code: "
            + code
            + ", object: Kind/namespace/name, reason: ...}]' at its workload."
        )
    parts += [f"Bad:\n{_indented(row.bad)}", f"Good:\n{_indented(row.good)}"]
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip("\n").split("\n"))
