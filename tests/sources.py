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


@cache
def names_in(path: Path) -> frozenset[str]:
    """Returns the functions, classes and constants of a file of Python."""
    tree = ast.parse(text_of(path))
    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    targets = (
        node.targets[0] if isinstance(node, ast.Assign) else node.target
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    )
    return frozenset(found | {target.id for target in targets if isinstance(target, ast.Name)})


def is_there(named: str, root: Path) -> bool:
    """Tells whether a file below a root has what `file::name` names."""
    file, _, name = named.partition("::")
    return (root / file).is_file() and name in names_in(root / file)
