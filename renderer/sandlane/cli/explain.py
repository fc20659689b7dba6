"""`sandlane explain`: what a problem code or a field of our kinds means, with examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import click

from sandlane.cli.completing import codes_and_fields
from sandlane.cli.options import output_format
from sandlane.problems.catalogue import CATALOGUE
from sandlane.problems.problem import did_you_mean
from sandlane.problems.promises import PROMISES
from sandlane.problems.row import Row
from sandlane.specs.explanation import plain
from sandlane.specs.fields import Field, fields, matching
from sandlane.yamlio.write import write


@click.command(
    "explain",
    help="Explain a problem code such as SL210, or a field such as environment.spec.policy or sandbox.spec.workloads.env; "
    "without either, list all codes.",
)
@click.argument("asked", required=False, shell_complete=codes_and_fields, metavar="[CODE|FIELD]")
@output_format("text", "json")
def command(asked: str | None, output_format: str) -> None:
    """Prints rows of the catalogue, or fields of our kinds."""
    if asked is None:
        _tell_codes(CATALOGUE, output_format)
    elif asked.upper() in CATALOGUE:
        code = asked.upper()
        if output_format == "json":
            _tell_codes({code: CATALOGUE[code]}, output_format)
        else:
            click.echo(_page(code, CATALOGUE[code]))
    else:
        _tell_fields(asked, output_format)


def _write_json(data: object) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def _tell_codes(chosen: Mapping[str, Row], output_format: str) -> None:
    if output_format == "json":
        _write_json([_as_data(key, row) for key, row in chosen.items()])
        return
    for key, row in chosen.items():
        click.echo(f"{key}  {_level(row):18}  {_filled(row.text)}")


def _tell_fields(asked: str, output_format: str) -> None:
    known = fields()
    found = matching(known, asked)
    if not found:
        raise click.UsageError(_unknown(asked, known))
    if output_format == "json":
        _write_json([_field_as_data(field) for field in found])
    elif len(found) == 1:
        click.echo("\n".join(_field_page(found[0], known)))
    else:
        click.echo("\n".join(_rows(found, [field.path for field in found])))


_LISTED = "'sandlane explain' lists those there are"


def _unknown(asked: str, known: Mapping[str, Field]) -> str:
    if re.fullmatch(r"(?i)sl\d*", asked):
        is_whole = len(asked) == len("SL210")  # what is near it is then as wrong as any other
        guess = "" if is_whole else did_you_mean(asked.upper(), CATALOGUE)
        return f"no code '{asked}': {guess or _LISTED}"
    names = {path.rpartition(".")[2] for path in known}
    otherwise = "expected a code, such as SL210, or a field, such as environment.spec.policy"
    guess = did_you_mean(asked, known) or did_you_mean(asked.rpartition(".")[2], names, otherwise=otherwise)
    return f"no code or field '{asked}': {guess}"


def _field_page(field: Field, known: Mapping[str, Field]) -> Iterator[str]:
    yield f"{field.path} ({field.type}{', required' if field.is_required else ''})"
    yield ""
    yield field.description
    if allowed := _allowed(field):
        yield f"One of: {', '.join(map(str, allowed))}."
    if field.rule.get("default"):
        yield f"Default: {plain(field.rule['default'])}"
    if field.children:
        yield ""
        yield "Fields:"
        children = [known[path] for path in field.children]
        yield from (f"    {line}" for line in _rows(children, [f.path.rpartition(".")[2] for f in children]))
    yield ""
    yield "Example:"
    yield _indented(write(field.example))


def _allowed(field: Field) -> list[object]:
    rule = field.rule
    for part in (rule, rule.get("items"), rule.get("additionalProperties")):
        if isinstance(part, Mapping) and "enum" in part:
            return list(part["enum"])
    return []


def _rows(chosen: list[Field], names: list[str]) -> Iterator[str]:
    types = [f"{field.type}{', required' if field.is_required else ''}" for field in chosen]
    widths = max(map(len, names)), max(map(len, types))
    for field, name, type_ in zip(chosen, names, types, strict=True):
        yield f"{name:{widths[0]}}  {type_:{widths[1]}}  {field.description}"


def _field_as_data(field: Field) -> dict[str, object]:
    return {
        "field": field.path,
        "type": field.type,
        "required": field.is_required,
        "default": field.rule.get("default"),
        "allowed": _allowed(field) or None,
        "description": field.description,
        "fields": field.children,
        "example": field.example,
    }


def _filled(text: str) -> str:
    """Returns a text with `<name>` in place of what a problem fills in."""
    return re.sub(r"\{(\w+)(?:![rs])?(?::,)?\}", r"<\1>", text).replace("{{", "{").replace("}}", "}")


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
        "promise": row.promise or None,
    }


def _page(code: str, row: Row) -> str:
    parts = [f"{code} ({_level(row)}): {_filled(row.text)}", row.why]
    if row.promise:
        parts.append(f"Promise {row.promise}: {PROMISES[row.promise]}")
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
