"""Frozen dataclasses with slots whose constructor is compiled when it is first called.

`dataclasses` compiles half a dozen methods for each class at import, about half a millisecond: a third of what a command took to
start, for some 150 classes of which most make no instance in a run. `dataclasses.replace` and `fields` take these for their own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter, ge, gt, le, lt
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

_C = TypeVar("_C", bound=type)


@overload
@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field, Field))
def frozen(cls: _C, /) -> _C: ...


@overload
@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field, Field))
def frozen(*, kw_only: bool = ..., eq: bool = ..., order: bool = ...) -> Callable[[_C], _C]: ...


def frozen(
    cls: type | None = None, /, *, kw_only: bool = False, eq: bool = True, order: bool = False
) -> type | Callable[[type], type]:
    """Makes a class with annotations frozen, as `@dataclass(frozen=True, slots=True)` does.

    `kw_only`, `eq` and `order` are what they are there; `field(...)` says of one field what it says there.
    """
    if cls is None:
        return lambda cls: _made(cls, kw_only=kw_only, is_compared=eq, is_ordered=order)
    return _made(cls, kw_only=kw_only, is_compared=eq, is_ordered=order)


def _made(cls: type, *, kw_only: bool, is_compared: bool, is_ordered: bool) -> type:
    fields = dataclasses.fields(dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls))
    names = {field.name for field in fields}
    members = {key: value for key, value in vars(cls).items() if key not in names | {"__dict__", "__weakref__"}}
    inherited = {name for base in cls.__mro__[1:] for name in getattr(base, "__slots__", ())}
    members["__slots__"] = tuple(field.name for field in fields if field.name not in inherited)
    given = {**_METHODS, **(_COMPARISON if is_compared else {}), **(_ORDER if is_ordered else {})}
    members |= {name: method for name, method in given.items() if name not in members}
    members["_compared"] = _getter([field.name for field in fields if field.compare])
    made = type(cls)(cls.__name__, cls.__bases__, members)
    made.__qualname__ = cls.__qualname__
    return made


def _getter(names: list[str]) -> Callable[[Any], Any]:
    """Returns what reads the fields that comparison looks at."""
    return attrgetter(*names) if names else staticmethod(lambda _: ())


def _first(self: Any, *values: Any, **named: Any) -> None:
    """Stands for the constructor until it is first called."""
    owner = next(cls for cls in type(self).__mro__ if "__init__" in cls.__dict__)
    constructor = _constructor(owner)
    type.__setattr__(owner, "__init__", constructor)
    constructor(self, *values, **named)


def _constructor(cls: Any) -> Callable[..., None]:
    """Compiles the constructor of a class: each value goes straight into its slot."""
    known: dict[str, Any] = {"MISSING": MISSING}
    places: list[str] = []
    named: list[str] = []
    lines: list[str] = []
    for number, field in enumerate(dataclasses.fields(cls)):
        known[f"set{number}"] = getattr(cls, field.name).__set__
        given, value = field.name, field.name
        if field.default is not MISSING:
            known[f"default{number}"] = field.default
            given += f"=default{number}"
        elif field.default_factory is not MISSING:
            known[f"make{number}"] = field.default_factory
            given += "=MISSING"
            value = f"make{number}() if {value} is MISSING else {value}"
        (named if field.kw_only else places).append(given)
        lines.append(f" set{number}(self, {value})")
    parameters = ", ".join(["self", *places, *(["*", *named] if named else [])])
    exec(f"def __init__({parameters}):\n" + ("\n".join(lines) or " pass"), known)
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _shown(self: Any) -> str:
    values = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(values)})"


def _refuse_assignment(self: Any, name: str, _: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(self: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, field.name) for field in dataclasses.fields(self))


def _restored(self: Any, state: tuple[Any, ...]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self._compared(self) == self._compared(other)


def _hash(self: Any) -> int:
    return hash(self._compared(self))


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def ordered(self: Any, other: Any) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compare(self._compared(self), self._compared(other))

    return ordered


_METHODS = {
    "__init__": _first, "__repr__": _shown, "__setattr__": _refuse_assignment, "__delattr__": _refuse_deletion,
    "__getstate__": _state, "__setstate__": _restored,
}  # fmt: skip
_COMPARISON = {"__eq__": _equal, "__hash__": _hash}
_ORDER = {"__lt__": _order(lt), "__le__": _order(le), "__gt__": _order(gt), "__ge__": _order(ge)}
