"""Frozen classes are frozen dataclasses with slots, but for when their methods are made."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandlane.frozen import frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """As the standard library makes it."""

    name: str
    ports: tuple[int, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def shown(self) -> str:
        """Returns the name in quotes."""
        return f"'{self.name}'"


@frozen(kw_only=True)
class Ours:
    """As we make it."""

    name: str
    ports: tuple[int, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def shown(self) -> str:
        """Returns the name in quotes."""
        return f"'{self.name}'"


@frozen(order=True)
class Port:
    """Two fields by their places."""

    number: int
    name: str = "http"


@frozen(eq=False)
class Node:
    """What is equal to itself alone."""

    name: str


@frozen
class Nothing:
    """Without fields."""


def test_values_are_those_of_dataclasses() -> None:
    for made in (Ours, Theirs):
        value: Any = made(name="cart", ports=(80,))
        assert (value.name, value.ports, value.labels, value.shown) == ("cart", (80,), {}, "'cart'")
        assert repr(value) == f"{made.__name__}(name='cart', ports=(80,))"
        assert value == made(name="cart", ports=(80,), labels={"a": "b"})
        assert hash(value) == hash(made(name="cart", ports=(80,), labels={"a": "b"})) == hash(("cart", (80,)))
        assert value != made(name="cart")
        assert value != ("cart", (80,))
        assert dataclasses.replace(value, name="front") == made(name="front", ports=(80,))
        assert dataclasses.asdict(value) == {"name": "cart", "ports": (80,), "labels": {}}
        assert copy.copy(value) == copy.deepcopy(value) == value
        assert not hasattr(value, "__dict__")
        assert made.__doc__
        assert made.__qualname__ == made.__name__
        assert made.__module__ == __name__


def test_each_instance_has_defaults_of_its_own() -> None:
    assert Ours(name="a").labels is not Ours(name="a").labels


@pytest.mark.parametrize("made", [Ours, Theirs])
def test_mistakes_are_told_as_dataclasses_do(made: Any) -> None:
    value = made(name="cart")
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"^cannot assign to field 'name'$"):
        value.name = "other"
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"^cannot delete field 'name'$"):
        del value.name
    text = rf"^{made.__name__}.__init__\(\) missing 1 required keyword-only argument: 'name'$"
    with pytest.raises(TypeError, match=text):
        made(ports=())
    with pytest.raises(TypeError, match=rf"^{made.__name__}.__init__\(\) got an unexpected keyword argument 'port'$"):
        made(name="cart", port=80)


def test_order_and_places() -> None:
    assert sorted([Port(90), Port(80, "tcp"), Port(80)]) == [Port(80, "http"), Port(80, "tcp"), Port(90)]
    assert Port(1) < Port(2) <= Port(2)
    assert Port(2) > Port(1) >= Port(1)
    with pytest.raises(TypeError, match="'<' not supported"):
        Port(1) < 2  # type: ignore[operator]  # noqa: B015
    match Port(80, "tcp"):
        case Port(number, name):
            assert (number, name) == (80, "tcp")


def test_without_comparison_and_without_fields() -> None:
    assert Node("a") != Node("a")
    assert len({Node("a"), Node("a")}) == 2
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(())
    assert repr(Nothing()) == "Nothing()"
