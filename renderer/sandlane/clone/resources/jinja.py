"""The part of Jinja2 that templates of resources may use, bounded in steps and in size (see `sandlane.clone.resources.templates`).

Nodes, filters, tests, methods and operators that are not listed here do not exist. Loops count their rounds together, and
no value grows past a limit: every place where a value can become larger than its parts is checked before it does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateRuntimeError, TemplateSyntaxError, nodes
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.visitor import NodeTransformer

MOST_STEPS = 1_000
"""Rounds of all loops together, and items of a list or mapping."""

LONGEST = 1 << 16
"""Characters of a value."""

MOST_NODES = 1_000_000
"""Parts of the bodies of all loops together, each as often as its loop goes round."""

MOST_WORK = 1 << 22
"""Characters and items that all filters, calls, comparisons and joins together look at or make."""

MOST_PARTS = 20_000
"""Parts (literals, names, operators, texts) that templates have before loops multiply them."""

LARGEST = 1 << 53

_ALLOWED = (
    nodes.Add, nodes.And, nodes.Assign, nodes.Call, nodes.Compare, nodes.Concat, nodes.CondExpr, nodes.Const, nodes.Dict,
    nodes.Filter, nodes.FloorDiv, nodes.For, nodes.Getattr, nodes.Getitem, nodes.If, nodes.Keyword, nodes.List, nodes.Mod,
    nodes.Mul, nodes.Name, nodes.Neg, nodes.Not, nodes.Operand, nodes.Or, nodes.Output, nodes.Pair, nodes.Slice, nodes.Sub,
    nodes.Template, nodes.TemplateData, nodes.Test, nodes.Tuple,
)  # fmt: skip
_FILTERS = (
    "abs", "capitalize", "d", "default", "first", "int", "last", "length", "list", "lower", "sort", "string", "title", "trim",
    "unique", "upper",
)  # fmt: skip
_TESTS = (
    "boolean", "defined", "divisibleby", "even", "in", "integer", "mapping", "none", "number", "odd", "sequence", "string",
    "undefined", "==", "!=", "<", "<=", ">", ">=", "eq", "ne", "lt", "le", "gt", "ge",
)  # fmt: skip
_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(
        [
            "endswith",
            "lower",
            "lstrip",
            "removeprefix",
            "removesuffix",
            "rstrip",
            "startswith",
            "strip",
            "title",
            "upper",
        ]
    ),
    dict: frozenset(["get", "items", "keys", "values"]),
}
_NUMBERS = (int, float)


class Budget:
    """What all templates of a sandbox may do together: what is spent of each limit so far."""

    def __init__(self) -> None:
        self.parts, self.steps, self.nodes, self.work = 0, 0, 0, 0


def render(text: str, variables: Mapping[str, Any], budget: Budget) -> str:
    """Returns the text of a template. Raises TemplateError, and what Python raises for operations on wrong types."""
    environment = _Environment(budget)
    parsed = environment.parse(text)
    budget.parts += sum(1 for _ in parsed.find_all(nodes.Node))
    if budget.parts > MOST_PARTS:
        raise TemplateRuntimeError(f"the templates of this sandbox have more than {MOST_PARTS:,} parts together")
    tree = _Bounded(environment).visit(parsed)
    written: list[str] = []
    length = 0
    for part in environment.from_string(tree).generate(variables):
        length += len(part)
        if length > 16 * LONGEST:
            raise TemplateRuntimeError(f"its text is longer than {16 * LONGEST:,} characters")
        written.append(part)
    result = "".join(written)
    result.encode()  # half of a character, written as an escape, is no text: raises ValueError
    return result


class _Bounded(NodeTransformer):
    """Refuses what is not allowed, and lets loops, texts and literals be counted."""

    def __init__(self, environment: _Environment) -> None:
        self._environment = environment

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        if not isinstance(node, _ALLOWED):
            what = type(node).__name__.lower()
            raise TemplateSyntaxError(f"'{what}' is not part of the language of resources", node.lineno)
        if isinstance(node, nodes.Const) and isinstance(node.value, float) and not math.isfinite(node.value):
            raise TemplateSyntaxError("a number is too large", node.lineno)
        if isinstance(node, nodes.For) and node.recursive:
            raise TemplateSyntaxError("a recursive loop is not part of the language of resources", node.lineno)
        size = sum(1 for _ in node.find_all(nodes.Node)) if isinstance(node, nodes.For) else 0
        node = super().generic_visit(node, *args, **kwargs)
        if isinstance(node, nodes.For):
            node.iter = self._checked(node.iter, "counted", nodes.Const(size))
        if isinstance(node, nodes.Compare):
            node.expr = self._checked(node.expr, "charged")
            for operand in node.ops:
                operand.expr = self._checked(operand.expr, "charged")
        if isinstance(node, nodes.Concat):
            return self._checked(nodes.List(node.nodes, lineno=node.lineno), "joined")
        if isinstance(node, nodes.List | nodes.Dict | nodes.Tuple) and getattr(node, "ctx", "load") == "load":
            return self._checked(node, "weighed")
        return node

    def _checked(self, node: nodes.Node, how: str, *args: nodes.Expr) -> nodes.Expr:
        checked = nodes.Filter(node, f"sandlane {how}", list(args), [], None, None, lineno=node.lineno)
        checked.set_environment(self._environment)
        return checked


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(("+", "-", "*", "//", "%"))

    def __init__(self, budget: Budget) -> None:
        super().__init__(
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=_written,
            optimized=False,  # folding of constants takes the cube of a chain's length, and works before rendering
        )
        self._budget = budget
        self.globals = {"range": _range}
        filters: dict[str, Callable[..., Any]] = {name: _sized(FILTERS[name]) for name in _FILTERS} | {
            "indent": _indent, "join": _join, "replace": _replace, "tojson": _tojson,
            "sandlane charged": lambda value: value, "sandlane joined": lambda parts: _join(parts, ""),
            "sandlane weighed": _weighed,
        }  # fmt: skip
        self.filters = {name: self._charged(filter_) for name, filter_ in filters.items()}
        self.filters["sandlane counted"] = self._counted
        tests: Mapping[str, Any] = TESTS
        self.tests = {name: self._charged(tests[name]) for name in _TESTS}

    def _counted(self, items: Iterable[Any], size: int) -> Iterator[Any]:
        for item in items:
            self._budget.steps += 1
            self._budget.nodes += size
            if self._budget.steps > MOST_STEPS:
                raise TemplateRuntimeError(f"its loops make more than {MOST_STEPS:,} rounds")
            if self._budget.nodes > MOST_NODES:
                raise TemplateRuntimeError(f"its loops do more than {MOST_NODES:,} things")
            yield item

    def _charged(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Returns a filter or a test that is paid for, by what it is given and by what it returns."""

        def charged(*args: Any, **kwargs: Any) -> Any:
            self._charge((*args, *kwargs.values()))
            result = function(*args, **kwargs)
            self._charge((result,))
            return result

        if hasattr(function, "jinja_pass_arg"):
            charged.jinja_pass_arg = function.jinja_pass_arg  # type: ignore[attr-defined]
        return charged

    def _charge(self, values: Iterable[Any]) -> None:
        waiting = list(values)
        while waiting:
            item = waiting.pop()
            self._budget.work += len(item) + 1 if isinstance(item, str) else 1
            if self._budget.work > MOST_WORK:
                raise TemplateRuntimeError("it works on too much text")
            if isinstance(item, dict):
                waiting += item.values()
            elif isinstance(item, list | tuple):
                waiting += item

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        self._charge((left, right))
        if operator == "+" and type(left) is type(right) is str:
            return _join([left, right], "")
        if operator == "+" and type(left) is type(right) is list:
            return _weighed([*left, *right])
        if not isinstance(left, _NUMBERS) or not isinstance(right, _NUMBERS):
            raise TemplateRuntimeError(f"'{operator}' is for numbers here")
        return _small(super().call_binop(context, operator, left, right))

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        name = "" if isinstance(obj, StrictUndefined) else getattr(obj, "__name__", "")
        if obj is not _range and name not in _METHODS.get(type(getattr(obj, "__self__", None)), ()):
            raise TemplateRuntimeError(f"'{name or 'it'}' cannot be called here")
        if obj is _range:
            return obj(*args)
        # The compiler adds these to every call in a loop or block, for functions that take a context.
        kwargs = {key: value for key, value in kwargs.items() if key not in ("_block_vars", "_loop_vars")}
        self._charge((getattr(obj, "__self__", None), *args, *kwargs.values()))
        return _weighed(obj(*args, **kwargs))


def _written(value: Any) -> str:
    """Returns what an expression writes: text as it is, all other data as JSON, which YAML reads alike."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | int | float | list | dict | tuple):
        return _tojson(value)
    str(value)  # of something undefined: raises, with its name
    raise TemplateRuntimeError(f"a {type(value).__name__} is no data that can be written")


def _small(number: Any) -> Any:
    if abs(number) > LARGEST:
        raise TemplateRuntimeError("a number is too large")
    return number


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > MOST_STEPS:
        raise TemplateRuntimeError(f"a range has {len(found):,} numbers, at most {MOST_STEPS:,} are allowed")
    return found


def _weighed(value: Any) -> Any:
    """Returns a value whose parts, counted as often as they occur, are not too many."""
    left, waiting = MOST_STEPS, [value]
    while waiting:
        item = waiting.pop()
        left -= 1
        if left < 0:
            raise TemplateRuntimeError(f"a list or mapping has more than {MOST_STEPS:,} items")
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item
    return value


def _fits(length: int) -> None:
    if length > LONGEST:
        raise TemplateRuntimeError(f"a text has more than {LONGEST:,} characters")


def _sized(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a filter whose result is checked; those that are wrapped so make no text much longer than it was."""

    def sized(*args: Any, **kwargs: Any) -> Any:
        result = filter_(*args, **kwargs)
        result = list(result) if isinstance(result, Iterator) else result
        if isinstance(result, str):
            _fits(len(result))
        return _weighed(result)

    if hasattr(filter_, "jinja_pass_arg"):
        sized.jinja_pass_arg = filter_.jinja_pass_arg  # type: ignore[attr-defined]
    return sized


def _join(parts: Iterable[Any], separator: str = "") -> str:
    texts = [_written(part) for part in parts]
    _fits(sum(map(len, texts)) + len(separator) * max(len(texts) - 1, 0))
    return separator.join(texts)


def _replace(value: Any, old: str, new: str) -> str:
    text = _written(value)
    _fits(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _indent(value: Any, width: int = 4, first: bool = False) -> str:
    lines = _written(value).split("\n")
    if not 0 <= width <= 200:
        raise TemplateRuntimeError("indent is for 0 to 200 blanks")
    _fits(sum(map(len, lines)) + width * len(lines))
    blank = " " * width
    indented = [line if not line or (number == 0 and not first) else blank + line for number, line in enumerate(lines)]
    return "\n".join(indented)


def _tojson(value: Any) -> str:
    text = json.dumps(_weighed(value))
    _fits(len(text))
    return text
