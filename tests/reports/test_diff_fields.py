"""How rules of routes without names are told apart: by what they match, wherever they stand."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.reports.diff.fields import fields

CART: Any = {"match": [{"uri": {"prefix": "/cart"}}], "route": [{"destination": {"host": "cart"}}]}
ADMIN: Any = {
    "match": [{"uri": {"exact": "/admin"}, "method": {"exact": "GET"}}, {"port": 81}],
    "redirect": {"uri": "/"},
}
REST: Any = {"route": [{"destination": {"host": "shop"}}]}


def told(before: list[Any], after: list[Any]) -> list[tuple[str, str]]:
    return [(c.kind, c.field) for c in fields({"http": before}, {"http": after})]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([CART, REST], [ADMIN, CART, REST],
                     [("added", "http[match=uri.exact=/admin method.exact=GET or port=81]")], id="a rule in front"),
        pytest.param([CART, REST], [{**CART, "timeout": "3s"}, REST],
                     [("added", "http[match=uri.prefix=/cart].timeout")], id="a field"),
        pytest.param([CART, REST], [CART, {"route": [{"destination": {"host": "store"}}]}],
                     [("set", "http[match=any request].route[0].destination.host")], id="without a match"),
        pytest.param([CART, ADMIN], [ADMIN, CART], [("moved", "http")], id="another order"),
        pytest.param([CART, CART], [CART], [("removed", "http[match=uri.prefix=/cart #2]")], id="equal ones"),
        pytest.param([{**CART, "name": "a"}, REST], [{**CART, "name": "a", "timeout": "3s"}, REST],
                     [("added", "http[name=a].timeout")], id="some have names"),
        pytest.param([{"matches": [{"path": {"type": "Exact", "value": "/a"}}], "backendRefs": []}, REST], [REST],
                     [("removed", "http[match=path.type=Exact path.value=/a]")], id="of the Gateway API"),
    ],
)  # fmt: skip
def test_rules(before: list[Any], after: list[Any], expected: list[tuple[str, str]]) -> None:
    assert told(before, after) == expected
