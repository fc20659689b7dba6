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


def test_many_instances_are_as_the_first() -> None:
    """The constructor is compiled on the way."""

    @frozen
    class Hop:
        name: str
        port: int = field(default=80, kw_only=False)
        labels: Mapping[str, str] = field(default_factory=dict)

    hops = [Hop("cart", labels={"a": "b"}) if number % 2 else Hop(name="cart", port=90) for number in range(20)]
    assert hops == [Hop("cart", 80, {"a": "b"}), Hop("cart", 90, {})][::-1] * 10
    assert len({id(hop.labels) for hop in hops}) == 20
    assert {type(hop).__init__.__name__ for hop in hops} == {"__init__"}


@pytest.mark.parametrize("made", [Ours, Theirs])
def test_mistakes_are_told_as_dataclasses_do(made: Any) -> None:
    with pytest.raises(TypeError, match=r"takes 1 positional argument but 2 (positional arguments )?were given"):
        made("cart")
    with pytest.raises(TypeError, match="got multiple values for argument 'number'"):
        Port(80, number=80)  # type: ignore[misc]
    value = made(name="cart")
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"^cannot assign to field 'name'$"):
        value.name = "other"
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"^cannot delete field 'name'$"):
        del value.name
    text = rf"^{made.__name__}.__init__\(\) missing 1 required keyword-only argument: 'name'$"
    with pytest.raises(TypeError, match=text):
        made(ports=())
    guess = r"(\. Did you mean 'ports'\?)?"  # Python 3.13 and later
    text = rf"^{made.__name__}.__init__\(\) got an unexpected keyword argument 'port'{guess}$"
    with pytest.raises(TypeError, match=text):
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


@frozen
class Named:
    """What others add fields to."""

    name: str
    port: int = 80


@frozen
class Routed(Named):
    """With fields of its own behind those that it inherits, and another default for one of them."""

    port: int = 90
    route: str = field(default="/", compare=False)


def test_fields_are_inherited() -> None:
    assert repr(Routed("cart")) == "Routed(name='cart', port=90, route='/')"
    assert Routed("cart", 90, "/a") == Routed("cart", 90, "/b")
    assert Routed("cart") != Routed("front")
    assert Routed("cart") != Named("cart", 90)
    assert [field.name for field in dataclasses.fields(Routed)] == ["name", "port", "route"]
    assert dataclasses.replace(Routed("cart"), port=1) == Routed("cart", 1)


def test_a_class_without_instances_costs_next_to_nothing() -> None:
    """`dataclasses` is not asked before somebody needs what it says, nor are constructors compiled."""

    @frozen
    class Fresh:
        name: str

    waiting = [name for name in vars(Fresh) if type(vars(Fresh)[name]).__name__ in ("_Later", "_Compared")]
    assert waiting == ["__dataclass_fields__", "__dataclass_params__", "__match_args__", "_compared"]
    assert hash(Fresh("a")) == hash(Fresh("a"))
    assert type(vars(Fresh)["__dataclass_fields__"]).__name__ == "_Later"
    assert dataclasses.is_dataclass(Fresh)
    assert list(vars(Fresh)["__dataclass_fields__"]) == ["name"]
