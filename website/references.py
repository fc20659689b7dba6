"""References made of what the program itself knows: fields, commands, problem codes and rules, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from sandlane.cli.main import COMMANDS, group
from sandlane.problems.catalogue import CATALOGUE
from sandlane.problems.row import Row
from sandlane.specs.fields import Field, fields
from sandlane.yamlio.write import write

KINDS = {
    "environment": ("Environment", "sandlane.yaml: the shared environment, its base, its mesh and its policy."),
    "sandbox": ("DevelopmentSandbox", "A file of `sandboxes/`: what one developer changes."),
    "routegroup": ("RouteGroup", "A file of `sandboxes/`: one tenantID that reaches the clones of several sandboxes."),
}
HUNDREDS = {
    "1": "YAML, manifests and kustomizations",
    "2": "Specs",
    "3": "Clones, policies and privilege",
    "4": "Routes",
    "5": "Output",
    "6": "Proof",
}
"""First digit of a code -> what the codes are about."""


def references(docs: Path) -> dict[str, str]:
    """Returns the reference pages by their place in the site."""
    known = fields()
    return {
        **{f"reference/{word}.md": kind_page(word, known) for word in KINDS},
        "reference/commands.md": commands_page(),
        "reference/codes.md": codes_page(),
        "reference/rules.md": rules_page(docs / "rules"),
        "decisions/README.md": decisions_page(decisions(docs)),
    }


def kind_page(word: str, known: Mapping[str, Field]) -> str:
    """Returns the page of one kind: each field with type, default, meaning and example."""
    name, about = KINDS[word]
    return "\n".join([f"# {name}\n\n{about} `sandlane explain {word}.spec` tells the same in a terminal.\n",
                      *(part for path, field in known.items() if path.split(".")[0] == word
                        for part in _field(field, known))]) + "\n"  # fmt: skip


def _field(field: Field, known: Mapping[str, Field]) -> Iterator[str]:
    if "." in field.path:
        yield f"## {field.path.partition('.')[2]} {{ #{_anchor(field.path)} }}\n"
        yield f"*{field.type}{', required' if field.is_required else ''}*\n"
    yield f"{_prose(field.description)}\n"
    allowed = field.rule.get("enum") or field.rule.get("items", {}).get("enum")
    if allowed:
        yield f"One of: {', '.join(f'`{value}`' for value in allowed)}.\n"
    if field.rule.get("default"):
        yield f"Default: `{field.rule['default']}`\n"
    if field.children:
        yield "| field | type | meaning |\n|---|---|---|"
        for path in field.children:
            child = known[path]
            required = ", required" if child.is_required else ""
            link = f"[`{path.rpartition('.')[2]}`](#{_anchor(path)})"
            yield f"| {link} | {child.type}{required} | {_cell(child.description)} |"
        yield ""
    yield f"```yaml\n{write(field.example)}```\n"


def commands_page() -> str:
    """Returns the page of all commands, as click knows them."""
    parts = ["# Commands\n\n`sandlane COMMAND --help` tells the same in a terminal.\n"]
    root = click.Context(group, info_name="sandlane", **group.context_settings)
    for name in sorted(COMMANDS):
        command = group.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root)
        usage = " ".join(command.collect_usage_pieces(context))
        parts.append(f"## {name}\n\n```text\nsandlane {name} {usage}\n```\n\n{_prose(command.help or '')}\n")
        records = [param.get_help_record(context) for param in command.get_params(context)]
        parts.append("| option | meaning |\n|---|---|")
        parts.extend(f"| `{record[0]}` | {_cell(record[1])} |" for record in records if record and record[1])
        parts.append("")
    return "\n".join(parts)


def codes_page() -> str:
    """Returns the page of all problem codes: text, cause, way out and both examples."""
    parts = [
        "# Problem codes\n\n`sandlane explain SL210` tells the same in a terminal. An **error** keeps everything from being "
        "written; an *acceptable* one may be taken with a reason by the spec that meets it (`accept`); a **notice** keeps "
        "nothing from being written. `<name>` stands for what the message fills in.\n"
    ]
    for digit, title in HUNDREDS.items():
        parts.append(f"## {title}\n")
        parts.extend(part for code, row in sorted(CATALOGUE.items()) if code[2] == digit for part in _code(code, row))
    return "\n".join(parts)


def _code(code: str, row: Row) -> Iterator[str]:
    yield f"### {code}\n"
    yield f"*{row.level}{', acceptable' if row.acceptable else ''}*: {_prose(_filled(row.text))}\n"
    yield f"{_prose(row.why)}\n"
    if row.hint:
        yield f"Way out: {_prose(_filled(row.hint))}\n"
    for title, example in (("Bad", row.bad), ("Good", row.good)):
        fence = "````" if "```" in example else "```"
        yield f"{title}:\n\n{fence}text\n{example.rstrip()}\n{fence}\n"


def rules_page(directory: Path) -> str:
    """Returns the index of all rules by id."""
    parts = [
        "# Rules by id\n\nEach rule that the code follows has an id, which the code cites. [What they are](../rules/README.md).\n\n"
        "| id | rule |\n|---|---|"
    ]
    for file in sorted(directory.glob("*.md")):
        text = re.sub(r"^```\n.*?^```\n", "", file.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        parts.extend(
            f"| [{id_}](../rules/{file.name}) | {_cell(title)} |"
            for id_, title in re.findall(r"^## ([A-Z][\w-]*): (.+)$", text, re.MULTILINE)
        )
    return "\n".join(parts) + "\n"


def decisions(docs: Path) -> dict[str, str]:
    """Returns the titles of all decisions by the names of their files, in the order of their numbers."""
    files = sorted((docs / "decisions").glob("*.md"), key=lambda file: int(file.name.partition("-")[0]))
    lines = {file.name: file.read_text(encoding="utf-8").partition("\n")[0] for file in files}
    return {name: re.sub(r"^# (?:\d+\. )?", "", line) for name, line in lines.items()}


def decisions_page(titles: Mapping[str, str]) -> str:
    """Returns the index of all decisions."""
    lines = [f"{number}. [{_prose(title)}]({name})" for number, (name, title) in enumerate(titles.items(), 1)]
    return "\n".join(["# Decisions\n\nWhy things are as they are, one page each:\n", *lines]) + "\n"


def _anchor(path: str) -> str:
    return path.lower().replace(".", "-")


def _filled(text: str) -> str:
    return re.sub(r"\{(\w+)(?:![rs])?\}", r"<\1>", text).replace("{{", "{").replace("}}", "}")


def _prose(text: str) -> str:
    """Returns a text that Markdown shows as it stands: what stands for a value is no tag, and nothing is emphasis."""
    escaped = re.sub(r"([*_\[\]`\\])", r"\\\1", text.replace("&", "&amp;"))
    return escaped.replace("<", "&lt;").replace(">", "&gt;")


def _cell(text: str) -> str:
    return _prose(" ".join(text.split())).replace("|", "\\|")
