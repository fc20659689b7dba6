"""Frozen dataclasses with slots whose constructor is compiled when it has been called a few times.

`dataclasses` compiles half a dozen methods for each class at import, about half a millisecond: a third of what a command took to
start, for some 150 classes of which most make no instance in a run, or few. `dataclasses.replace` and `fields` take these for their
own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field
from inspect import get_annotations
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload

from sandlane.frozen.constructors import fields_of
from sandlane.frozen.methods import COMPARISON, METHODS, ORDER

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
    given = {**METHODS, **(COMPARISON if is_compared else {}), **(ORDER if is_ordered else {})}
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
        names = [name for name, (said, _) in fields_of(asking).items() if not isinstance(said, Field) or said.compare]
        getter = attrgetter(*names) if names else staticmethod(lambda _: ())
        type.__setattr__(asking, "_compared", getter)
        return getter


_COMPARED = _Compared()
