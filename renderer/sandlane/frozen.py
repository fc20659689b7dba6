"""Frozen dataclasses with slots whose constructor is compiled when it has been called a few times.

`dataclasses` compiles half a dozen methods for each class at import, about half a millisecond: a third of what a command took to
start, for some 150 classes of which most make no instance in a run, or few. `dataclasses.replace` and `fields` take these for their
own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from inspect import get_annotations
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
    own = {name: cls.__dict__.get(name, MISSING) for name in get_annotations(cls)}
    members = {key: value for key, value in vars(cls).items() if key not in own and key not in _OF_THE_FIRST}
    inherited = {name for base in cls.__mro__[1:] for name in getattr(base, "__slots__", ())}
    members["__slots__"] = tuple(name for name in own if name not in inherited)
    given = {**_METHODS, **(_COMPARISON if is_compared else {}), **(_ORDER if is_ordered else {})}
    members |= {name: method for name, method in given.items() if name not in members}
    members["_own"] = {name: (value, kw_only) for name, value in own.items()}
    members |= {name: _Later(name, cls, kw_only=kw_only) for name in _ASKED_OF_DATACLASSES}
    members["_compared"] = _COMPARED
    made = type(cls)(cls.__name__, cls.__bases__, members)
    made.__qualname__ = cls.__qualname__
    return made


_OF_THE_FIRST = ("__dict__", "__weakref__")
_ASKED_OF_DATACLASSES = ("__dataclass_fields__", "__dataclass_params__", "__match_args__")


class _Later:
    """Stands for what `dataclasses` says of a class until somebody asks: it takes a tenth of a millisecond to say."""

    __slots__ = ("first", "kw_only", "name")

    def __init__(self, name: str, first: type, *, kw_only: bool) -> None:
        self.name, self.first, self.kw_only = name, first, kw_only

    def __get__(self, _: object, asking: type) -> Any:
        said: Any = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=self.kw_only)(self.first)
        owner = next(cls for cls in asking.__mro__ if cls.__dict__.get(self.name) is self)
        for name in _ASKED_OF_DATACLASSES:
            type.__setattr__(owner, name, said.__dict__[name])
        return said.__dict__[self.name]


class _Compared:
    """Stands for what reads the fields that comparison looks at, until a class is first compared."""

    def __get__(self, _: object, asking: type) -> Callable[[Any], Any]:
        names = [name for name, (said, _) in _fields(asking).items() if not isinstance(said, Field) or said.compare]
        getter = attrgetter(*names) if names else staticmethod(lambda _: ())
        type.__setattr__(asking, "_compared", getter)
        return getter


_COMPARED = _Compared()


def _fields(cls: type) -> dict[str, tuple[Any, bool]]:
    """Returns the fields of a class in their order, those that it inherits first: what stands behind `=`, and whether by name alone."""
    return {name: said for base in reversed(cls.__mro__) for name, said in base.__dict__.get("_own", {}).items()}


_FEW = 8
"""Instances that are made without a constructor of their own: to compile it takes as long as some thirty of them."""
_MADE: dict[type, int] = {}


def _first(self: Any, *values: Any, **named: Any) -> None:
    """Stands for the constructor of a class until some instances are made."""
    owner = next(cls for cls in type(self).__mro__ if "__init__" in cls.__dict__)
    count = _MADE[owner] = _MADE.get(owner, 0) + 1
    if count > _FEW or not _is_filled(self, _fields(owner), values, named):
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
    for number, (name, (said, is_named)) in enumerate(_fields(cls).items()):
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
