"""What frozen classes have beside a constructor: what `dataclasses` would compile for each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from operator import ge, gt, le, lt
from typing import Any, NoReturn

from sandlane.frozen.constructors import first


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


METHODS = {
    "__init__": first, "__repr__": _shown, "__setattr__": _refuse_assignment, "__delattr__": _refuse_deletion,
    "__getstate__": _state, "__setstate__": _restored,
}  # fmt: skip
COMPARISON = {"__eq__": _equal, "__hash__": _hash}
ORDER = {"__lt__": _order(lt), "__le__": _order(le), "__gt__": _order(gt), "__ge__": _order(ge)}
