from __future__ import annotations

import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from sandlane.meshes.carriers import baggage_regex, header_of
from sandlane.problems.problem import Invalid
from sandlane.specs.model import Carrier
from tests.build import app, inputs, regex, texts


@pytest.mark.parametrize(
    ("carrier", "expected"),
    [
        pytest.param(Carrier(header="tenantID"), "tenantid", id="header"),
        pytest.param(Carrier(header="X-Tenant"), "x-tenant", id="header-with-dash"),
        pytest.param(Carrier(baggage="tenantID"), "baggage", id="baggage"),
    ],
)
def test_header_of(carrier: Carrier, expected: str) -> None:
    assert header_of(carrier) == expected


@pytest.mark.parametrize(
    ("key", "tenant", "expected"),
    [
        pytest.param("tenantID", "dev1", regex("dev1"), id="as-the-design-has-it"),
        pytest.param("tenantID", "a-b", regex("a-b"), id="dash-stays-plain"),
        pytest.param("a.b*", "t", regex("t", r"a\.b\*"), id="metacharacters-of-the-key"),
    ],
)
def test_text(key: str, tenant: str, expected: str) -> None:
    assert baggage_regex(key, tenant) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("tenantID=dev1", True, id="alone"),
        pytest.param("a=1, tenantID=dev1;p, z=2", True, id="in-a-list-with-property"),
        pytest.param("a=1,\ttenantID\t=\tdev1\t;p;q=1", True, id="tabs"),
        pytest.param("tenantID=dev2,tenantID=dev1", True, id="second-member"),
        pytest.param("tenantID=dev10", False, id="longer"),
        pytest.param("tenantID=dev", False, id="shorter"),
        pytest.param("xtenantID=dev1", False, id="longer-key"),
        pytest.param("a=tenantID=dev1", False, id="in-a-value"),
        pytest.param("k=v;tenantID=dev1", False, id="a-property"),
        pytest.param("tenantid=dev1", False, id="keys-are-case-sensitive"),
        pytest.param("tenantID=DEV1", False, id="values-are-case-sensitive"),
        pytest.param("tenantID=dev1 x", False, id="rest-behind-a-space"),
        pytest.param("", False, id="empty"),
    ],
)
def test_table(value: str, expected: bool) -> None:
    assert bool(re2.fullmatch(baggage_regex("tenantID", "dev1"), value)) == expected


KEYS = ["tenantID", "x.y", "tenant*"]


def members(value: str) -> list[tuple[str, str]]:
    """Parses a baggage header as W3C has it: members by comma, properties by semicolon, blanks around."""
    found = []
    for member in value.split(","):
        key, equals, rest = member.partition("=")
        if equals:
            found.append((key.strip(" \t"), rest.partition(";")[0].strip(" \t")))
    return found


PIECES = [*KEYS, "dev1", "dev10", "xdev1", "=", "=", ",", ",", ";", " ", "\t", "a", "x", "é"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.sampled_from(KEYS))
def test_is_the_parser(value: str, key: str) -> None:
    expected = any(k == key and v == "dev1" for k, v in members(value))
    pattern = baggage_regex(key, "dev1")
    assert bool(re2.fullmatch(pattern, value)) == expected
    assert bool(re.fullmatch(pattern, value)) == expected
    assert bool(re2.search(pattern, value)) == expected


@pytest.mark.parametrize("name", ["baggage", "Host", "Content-Length", "transfer-encoding", "uri"])
def test_headers_of_http_itself_carry_nothing(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        inputs(app("a"), carriers=[{"header": name}])
    assert texts(refused.value.problems) == [
        f"sandlane.yaml: SL130 '{name.lower()}' cannot be a header carrier\n"
        "  hint: choose a header of your own, such as tenantID, or a baggage member: {baggage: tenantID}"
    ]
