"""Constructors of frozen classes: slow ones for the first instances, and compiled ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field
from typing import Any


def fields_of(cls: type) -> dict[str, tuple[Any, bool]]:
    """Returns the fields of a class in their order, those that it inherits first: what stands behind `=`, and whether by name alone."""
    return {name: said for base in reversed(cls.__mro__) for name, said in base.__dict__.get("_own", {}).items()}


_FEW = 8
"""Instances that are made without a constructor of their own: to compile it takes as long as some thirty of them."""
_MADE: dict[type, int] = {}


def first(self: Any, *values: Any, **named: Any) -> None:
    """Stands for the constructor of a class until some instances are made."""
    owner = next(cls for cls in type(self).__mro__ if "__init__" in cls.__dict__)
    count = _MADE[owner] = _MADE.get(owner, 0) + 1
    if count > _FEW or not _is_filled(self, fields_of(owner), values, named):
        constructor = _constructor(owner)
        type.__setattr__(owner, "__init__", constructor)
        constructor(self, *values, **named)


def _is_filled(self: Any, fields: dict[str, tuple[Any, bool]], values: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Sets the fields of an instance; tells where arguments and fields do not go together, which the compiled constructor explains."""
    given = dict(zip((name for name, (_, is_named) in fields.items() if not is_named), values, strict=False))
    if len(given) < len(values) or given.keys() & named.keys() or not named.keys() <= fields.keys():
        return False
    given |= named
    for name, (said, _) in fields.items():
        value = given[name] if name in given else _default(said)
        if value is MISSING:
            return False
        object.__setattr__(self, name, value)
    return True


def _default(said: Any) -> Any:
    """Returns the value of a field that no argument has, of what stands behind its `=`; MISSING where nothing does."""
    if not isinstance(said, Field):
        return said
    return said.default if said.default_factory is MISSING else said.default_factory()


def _constructor(cls: Any) -> Callable[..., None]:
    """Compiles the constructor of a class: each value goes straight into its slot."""
    known: dict[str, Any] = {"MISSING": MISSING}
    places: list[str] = []
    named: list[str] = []
    lines: list[str] = []
    for number, (name, (said, is_named)) in enumerate(fields_of(cls).items()):
        known[f"set{number}"] = getattr(cls, name).__set__
        given, value = name, name
        field = said if isinstance(said, Field) else None
        default = field.default if field else said
        if default is not MISSING:
            known[f"default{number}"] = default
            given += f"=default{number}"
        elif field and field.default_factory is not MISSING:
            known[f"make{number}"] = field.default_factory
            given += "=MISSING"
            value = f"make{number}() if {value} is MISSING else {value}"
        (named if is_named else places).append(given)
        lines.append(f" set{number}(self, {value})")
    parameters = ", ".join(["self", *places, *(["*", *named] if named else [])])
    exec(f"def __init__({parameters}):\n" + ("\n".join(lines) or " pass"), known)
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made
