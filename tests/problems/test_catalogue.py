from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import pytest

from sandlane.problems.catalogue import CATALOGUE, report
from sandlane.problems.problem import Problem, Source, show
from sandlane.problems.row import Row
from tests.shared import REPOSITORY
from tests.sources import MODULES, PACKAGE, nodes_of, tree_of

PLACE = {"source", "path", "at_key", "position", "sandbox", "level"}
"""Arguments of `report` that no text can name."""
REPORTING = {"report", "wrong", "_report", "invalid"}
CODE = re.compile(r"SL[0-9]{3}")


@dataclass(frozen=True)
class Call:
    """A call that makes a problem: its code and its keywords, with those of the partial that it goes through."""

    where: str
    code: str
    keywords: frozenset[str]
    is_open: bool


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _partial(node: ast.AST) -> dict[str, ast.Call]:
    """Returns the call of `name = partial(report, …)`, by that name."""
    if (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and _name(node.value.func) == "partial"
        and _name(node.value.args[0]) == "report"
    ):
        return {node.targets[0].id: node.value}
    return {}


def _keywords(call: ast.Call) -> set[str]:
    return {keyword.arg for keyword in call.keywords if keyword.arg}


def _calls(module: str, parent: ast.AST, partials: Mapping[str, ast.Call]) -> Iterator[Call]:
    """Yields the calls below a node whose code is a constant; `partials` are those of the functions around it."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef):
            own = [_partial(inner) for inner in ast.walk(node)]
            yield from _calls(
                module, node, {**partials, **{name: call for found in own for name, call in found.items()}}
            )
            continue
        yield from _calls(module, node, partials)
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name, code = _name(node.func), node.args[0]
        if name in REPORTING | set(partials) and isinstance(code, ast.Constant) and isinstance(code.value, str):
            given = _keywords(node) | (_keywords(partials[name]) if name in partials else set())
            yield Call(
                where=f"sandlane/{module}:{node.lineno}",
                code=code.value,
                keywords=frozenset(given),
                # A reporter that is handed over brings keywords that are not seen here.
                is_open=any(keyword.arg is None for keyword in node.keywords)
                or (name == "wrong" and name not in partials),
            )


@cache
def calls() -> tuple[Call, ...]:
    """Returns the calls of the package whose code is a constant."""
    return tuple(call for module in MODULES for call in _calls(module, tree_of(module), {}))


@cache
def codes_used() -> frozenset[str]:
    """Returns the codes that stand in modules other than the catalogue's."""
    return frozenset(
        node.value
        for module in MODULES
        if not module.startswith("problems/codes/")
        for node in nodes_of(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    )


def test_codes_are_sorted_and_well_formed() -> None:
    assert list(CATALOGUE) == sorted(CATALOGUE)
    assert [code for code in CATALOGUE if not CODE.fullmatch(code)] == []


def test_codes_are_written_once() -> None:
    codes = re.findall(
        r'^    "(SL\d{3})": (?:Row|_broken)\(',
        "".join(
            path.read_text(encoding="utf-8")
            for path in [
                PACKAGE / "problems" / "codes" / f"{name}.py"
                for name in ("yaml", "specs", "cloning", "routing", "output", "proof")
            ]
        ),
        re.MULTILINE,
    )
    assert codes == list(CATALOGUE)


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_row(code: str) -> None:
    row = CATALOGUE[code]
    assert [field for field in ("text", "why", "bad", "good") if not getattr(row, field).strip()] == []
    assert row.bad != row.good
    # Style 8: lower case (or a name, a quote, a placeholder), no full stop.
    first = row.text[0]
    assert first.islower() or first in "'{" or row.text.startswith("Istio")
    assert (row.text[-1] == ".", row.hint[-1:] == ".") == (False, False)
    assert row.why.endswith(".")
    # Only errors stop anything, so only they can be accepted.
    assert not (row.acceptable and row.level == "notice")


def mismatch(call: Call) -> tuple[list[str], list[str]]:
    """Returns what a call leaves out of what its row wants, and what it gives beside."""
    row = CATALOGUE[call.code]
    wanted = placeholders(row.text) | (set() if "hint" in call.keywords else placeholders(row.hint))
    given = call.keywords - PLACE - {"hint"}
    # What only the row's own hint names may be given beside another hint; `object` is also what `accept` names.
    spare = placeholders(row.hint) | {"object", "date"}
    if call.is_open:
        return [], sorted(given - placeholders(row.text) - spare)
    return sorted(wanted - given), sorted(given - wanted - spare)


def test_calls_supply_exactly_what_their_row_wants() -> None:
    found = {(call.where, call.code): mismatch(call) for call in calls() if call.code in CATALOGUE}
    assert {call: wrong for call, wrong in found.items() if wrong != ([], [])} == {}


def test_the_scan_sees_the_calls() -> None:
    by_file = {call.where.partition(":")[0] for call in calls()}
    expected = {
        "base/base",
        "output/layout",
        "specs/inputs",
        "specs/sandbox",
        "specs/explanation",
        "yamlio/read",
        "yamlio/text",
        "cli/session",
    }
    assert {f"sandlane/{name}.py" for name in expected} - by_file == set()
    assert [call.where for call in calls() if call.code not in CATALOGUE] == []


def test_each_code_stands_in_a_case() -> None:
    roots = (REPOSITORY / "tests", REPOSITORY / "golden")
    files = (path for root in roots for suffix in ("py", "yaml", "txt", "stderr") for path in root.rglob(f"*.{suffix}"))
    cases = {code for path in files for code in CODE.findall(path.read_text(encoding="utf-8"))}
    assert sorted(CATALOGUE.keys() - cases) == [], "write a case with the whole message"


def test_codes_are_used() -> None:
    assert {code for code in CATALOGUE if not code.startswith("SL6")} - codes_used() == set()


def test_report_fills_text_and_hint() -> None:
    source = Source(file="rendered/a.yaml")
    assert show(report("SL126", source=source, what="base", file="base", output="out")) == (
        "rendered/a.yaml: SL126 base 'base' overlaps the output directory 'out'\n"
        "  hint: choose another output.path, or name the input's directories one by one"
    )


def test_report_keeps_what_belongs_to_the_problem() -> None:
    source = Source(file="a.yaml")
    found = report("SL304", source=source, path=("a",), at_key=True, position=(1, 2), sandbox=source, object="X/y")
    assert found == Problem(
        code="SL304",
        level="notice",
        text="the clone's pods count for 'X/y', whose selector they cannot leave",
        source=source,
        path=("a",),
        at_key=True,
        position=(1, 2),
        sandbox=source,
        object="X/y",
    )


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        pytest.param("other {braces}", "other {braces}", id="not-formatted"),
        pytest.param("", "", id="none"),
        pytest.param(None, "quote the key", id="own"),
    ],
)
def test_hint_replaces_the_rows_own(hint: str | None, expected: str) -> None:
    assert report("SL110", key="'1'", hint=hint).hint == expected


def test_level_replaces_the_rows_own() -> None:
    assert (report("SL111", limit=1).level, report("SL111", limit=1, level="notice").level) == ("error", "notice")


def test_values_are_not_formatted_twice() -> None:
    assert report("SL101", reason="{x} %s {0}").text == "not valid YAML: {x} %s {0}"


def test_rows_say_by_default_that_they_are_errors() -> None:
    row = Row(text="t", why="w.", bad="b", good="g")
    assert (row.level, row.acceptable, row.hint) == ("error", False, "")
