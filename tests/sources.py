"""The package's modules, each read and parsed once for all tests that look at code."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from tests.shared import REPOSITORY

PACKAGE = REPOSITORY / "renderer" / "sandlane"
MODULES = tuple(sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")))
"""Paths of all modules, below the package."""


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(text_of(PACKAGE / module))


@cache
def nodes_of(module: str) -> tuple[ast.AST, ...]:
    """Returns every node of a module."""
    return tuple(ast.walk(tree_of(module)))


@cache
def imports(module: str) -> frozenset[str]:
    """Returns the names of what a module imports, wherever in it."""
    found = {alias.name for node in nodes_of(module) if isinstance(node, ast.Import) for alias in node.names}
    return frozenset(found | {str(node.module) for node in nodes_of(module) if isinstance(node, ast.ImportFrom)})
