from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from sandlane.meshes.istio.matches import BadRegex, Inexpressible, full_match, tenant_matches
from sandlane.specs.model import Carrier
from tests.build import carried, regex
from tests.profiles import quick_or

HEADER = Carrier(header="tenantID")
BAGGAGE = Carrier(baggage="tenantID")
BOTH = (HEADER, BAGGAGE)
T = {"exact": "dev1"}
B = {"regex": regex("dev1")}
ABSENT: dict[str, Any] = {"tenantid": {}}


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param([], [{"headers": {"tenantid": T}}], id="none"),
        pytest.param([{}], [{"headers": {"tenantid": T}}], id="empty"),
        pytest.param(
            [{"uri": {"prefix": "/a"}, "headers": {"x": {"exact": "1"}}, "port": 80}],
            [{"uri": {"prefix": "/a"}, "headers": {"x": {"exact": "1"}, "tenantid": T}, "port": 80}],
            id="other-conditions-stay",
        ),
        pytest.param([{"headers": {"tenantid": T}}], [{"headers": {"tenantid": T}}], id="exact-same"),
        pytest.param([{"headers": {"tenantid": {"exact": "dev2"}}}], [], id="exact-other"),
        pytest.param([{"headers": {"tenantid": {"exact": "DEV1"}}}], [], id="exact-other-case"),
        pytest.param([{"headers": {"TenantID": {"exact": "dev2"}}}], [], id="exact-other-key-in-other-case"),
        pytest.param([{"headers": {"TENANTID": {"prefix": "dev"}}}], [{"headers": {"tenantid": T}}], id="key-case"),
        pytest.param([{"headers": {"tenantid": {"prefix": "dev"}}}], [{"headers": {"tenantid": T}}], id="prefix"),
        pytest.param([{"headers": {"tenantid": {"prefix": "dev10"}}}], [], id="prefix-longer"),
        pytest.param([{"headers": {"tenantid": {}}}], [{"headers": {"tenantid": T}}], id="present"),
        pytest.param([{"headers": {"tenantid": {"regex": "dev."}}}], [{"headers": {"tenantid": T}}], id="regex"),
        pytest.param([{"headers": {"tenantid": {"regex": "dev"}}}], [], id="regex-spans-the-value"),
        pytest.param([{"headers": {"tenantid": {"regex": "ev1"}}}], [], id="regex-is-not-searched"),
        pytest.param([{"withoutHeaders": {"tenantid": {}}}], [], id="without-present"),
        pytest.param([{"withoutHeaders": {"TenantID": {"prefix": "dev"}}}], [], id="without-prefix-key-case"),
        pytest.param([{"withoutHeaders": {"tenantid": {"regex": ".*"}}}], [], id="without-regex"),
        pytest.param(
            [{"withoutHeaders": {"tenantid": {"exact": "dev10"}}}],
            [{"withoutHeaders": {"tenantid": {"exact": "dev10"}}, "headers": {"tenantid": T}}],
            id="without-another",
        ),
        pytest.param(
            [{"uri": {"exact": "/a"}}, {"headers": {"tenantid": {"exact": "x"}}}, {"uri": {"exact": "/b"}}],
            [{"uri": {"exact": "/a"}, "headers": {"tenantid": T}}, {"uri": {"exact": "/b"}, "headers": {"tenantid": T}}],
            id="one-of-three-left-out",
        ),
    ],
)  # fmt: skip
def test_header(base: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert tenant_matches(base, (HEADER,), "dev1") == expected


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param([], [{"headers": {"baggage": B}}], id="none"),
        pytest.param([{"headers": {"baggage": {}}}], [{"headers": {"baggage": B}}], id="present"),
        pytest.param([{"headers": {"Baggage": {}}}], [{"headers": {"baggage": B}}], id="present-key-case"),
        pytest.param(
            [{"headers": {"tenantid": {"prefix": "d"}}}],
            [{"headers": {"tenantid": {"prefix": "d"}, "baggage": B}}],
            id="a-header-is-no-carrier-here",
        ),
    ],
)
def test_baggage(base: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert tenant_matches(base, (BAGGAGE,), "dev1") == expected


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param([], carried("dev1"), id="none"),
        pytest.param(
            [{"uri": {"exact": "/a"}}, {"uri": {"exact": "/b"}}],
            [
                carried("dev1", {"uri": {"exact": "/a"}})[0],
                carried("dev1", {"uri": {"exact": "/b"}})[0],
                carried("dev1", {"uri": {"exact": "/a"}})[1],
                carried("dev1", {"uri": {"exact": "/b"}})[1],
            ],
            id="all-of-carrier-1-first",
        ),
        pytest.param(
            [{"withoutHeaders": {"tenantid": {}}}],
            [{"withoutHeaders": ABSENT, "headers": {"baggage": B}}],
            id="scenario-23",
        ),
        pytest.param([{"headers": {"tenantid": T}}], [{"headers": {"tenantid": T}}], id="scenario-24"),
        pytest.param([{"headers": {"tenantid": {"exact": "dev2"}}}], [], id="another-tenant's"),
        pytest.param([{"headers": {"TENANTid": {}}}], [{"headers": {"tenantid": T}}], id="present-decides-alone"),
        pytest.param(
            [{"withoutHeaders": {"tenantid": {"regex": "x?"}}}],
            [{"withoutHeaders": {"tenantid": {"regex": "x?"}}, "headers": {"tenantid": T}}],
            id="without-regex-of-nothing",
        ),
        pytest.param(
            [{"withoutHeaders": {"TenantID": {"regex": "x+"}, "y": {}}}],
            [
                {"withoutHeaders": {"TenantID": {"regex": "x+"}, "y": {}}, "headers": {"tenantid": T}},
                {"withoutHeaders": {"y": {}, "tenantid": {}}, "headers": {"baggage": B}},
            ],
            id="without-is-covered",
        ),
    ],
)
def test_both(base: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert tenant_matches(base, BOTH, "dev1") == expected


def test_three_carriers() -> None:
    carriers = (HEADER, Carrier(header="X-Lane"), BAGGAGE)
    assert tenant_matches([], carriers, "dev1") == [
        {"headers": {"tenantid": T}},
        {"headers": {"x-lane": T}, "withoutHeaders": {"tenantid": {}}},
        {"headers": {"baggage": B}, "withoutHeaders": {"tenantid": {}, "x-lane": {}}},
    ]


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param({"regex": ".*beta=1.*"}, id="regex"),
        pytest.param({"prefix": "tenantID=dev1"}, id="prefix"),
        pytest.param({"regex": regex("dev2")}, id="another-tenant's-regex"),
    ],
)
def test_baggage_with_baggage(condition: dict[str, str]) -> None:
    with pytest.raises(Inexpressible):
        tenant_matches([{"headers": {"baggage": condition}}], BOTH, "dev1")


@pytest.mark.parametrize("place", [pytest.param("headers", id="with"), pytest.param("withoutHeaders", id="without")])
def test_bad_regex(place: str) -> None:
    with pytest.raises(BadRegex) as caught:
        tenant_matches([{place: {"tenantid": {"regex": "(?=dev)"}}}], BOTH, "dev1")
    assert caught.value.args == ("(?=dev)", "invalid perl operator: (?=")


def test_full_match() -> None:
    assert [full_match("a|ab", text) for text in ("a", "ab", "abc", "")] == [True, True, False, False]


# A small evaluator of requests: header name in lower case -> value, one value a header.
Request = Mapping[str, str]


def meets(condition: Mapping[str, str] | None, value: str) -> bool:
    if not condition or condition.get("regex") == "*":
        return True
    if "exact" in condition:
        return value == condition["exact"]
    if "prefix" in condition:
        return value.startswith(condition["prefix"])
    return re2.fullmatch(condition["regex"], value) is not None


def is_present(condition: Mapping[str, str] | None) -> bool:
    return not condition or condition.get("regex") == "*"


def holds(match: Mapping[str, Any], request: Request) -> bool:
    for name, condition in (match.get("headers") or {}).items():
        if name.lower() not in request or not meets(condition, request[name.lower()]):
            return False
    for name, condition in (match.get("withoutHeaders") or {}).items():
        value = request.get(name.lower())
        if value is None and is_present(condition):
            continue
        if meets(condition, value or ""):  # Envoy takes a missing header for an empty one
            return False
    return True


def any_holds(matches: Sequence[Mapping[str, Any]], request: Request) -> bool:
    return any(holds(match, request) for match in matches)


def carries(carriers: Sequence[Carrier], tenant: str, request: Request) -> bool:
    """Tells whether the first carrier that a request has names the tenant."""
    for carrier in carriers:
        if carrier.header:
            if carrier.header.lower() in request:
                return request[carrier.header.lower()] == tenant
            continue
        members = [member.partition(";")[0].partition("=") for member in request.get("baggage", "").split(",")]
        if any((key.strip(), value.strip()) == (carrier.baggage, tenant) for key, _, value in members):
            return True
    return False


TENANTS = ("dev1", "dev10", "xdev1", "dev2")
VALUES = ("dev1", "dev10", "xdev1", "dev2", "dev", "DEV1", "other")
BAGGAGES = ("tenantID=dev1", "a=1, tenantID=dev10;p", "tenantID=xdev1", "tenantID=dev2", "a=1", "xtenantID=dev1")
REQUESTS = [
    {**({"tenantid": value} if value else {}), **({"baggage": baggage} if baggage else {}), **({"x": x} if x else {})}
    for value in (None, *VALUES)
    for baggage in (None, *BAGGAGES)
    for x in (None, "1")
]
# The step has no divisor in common with the numbers of what requests are made of, so that all come up.
SOME = REQUESTS[:: quick_or(3, 1)]
CARRIERS = [
    pytest.param((HEADER,), id="header"),
    pytest.param((BAGGAGE,), id="baggage"),
    pytest.param(BOTH, id="header-baggage"),
    pytest.param((HEADER, Carrier(header="x"), BAGGAGE), id="two-headers-baggage"),
]
CONDITIONS: list[dict[str, str]] = [
    {},
    {"exact": "dev1"},
    {"exact": "other"},
    {"prefix": "dev"},
    {"prefix": "dev10"},
    {"prefix": "x"},
    {"regex": "dev1?"},
    {"regex": ".*"},
    {"regex": ".+"},
    {"regex": "(dev1|dev2)"},
    {"regex": "*"},
    {"regex": "x?"},
]
EXACT_BAGGAGE: list[dict[str, str]] = [{}, {"exact": "tenantID=dev1"}, {"exact": "a=1"}, {"regex": "*"}]
NAMES = ("tenantid", "TenantID", "x")


def check(base: Sequence[Mapping[str, Any]], carriers: Sequence[Carrier]) -> None:
    for tenant in TENANTS:
        matches = tenant_matches(base, carriers, tenant)
        for request in SOME:
            expected = any_holds(base or [{}], request) and carries(carriers, tenant, request)
            assert (any_holds(matches, request), request, tenant) == (expected, request, tenant)


@pytest.mark.parametrize("carriers", CARRIERS)
@pytest.mark.parametrize("place", [pytest.param("headers", id="with"), pytest.param("withoutHeaders", id="without")])
@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in NAMES])
def test_each_condition(carriers: Sequence[Carrier], place: str, name: str) -> None:
    for condition in CONDITIONS:
        check([{place: {name: condition}}], carriers)


@pytest.mark.parametrize("carriers", CARRIERS)
def test_each_condition_on_baggage(carriers: Sequence[Carrier]) -> None:
    for condition in EXACT_BAGGAGE:
        check([{"headers": {"baggage": condition}}], carriers)
    for condition in (*EXACT_BAGGAGE, {"prefix": "tenantID"}, {"regex": ".*dev1.*"}):
        check([{"withoutHeaders": {"baggage": condition}}], carriers)


condition = st.sampled_from(CONDITIONS)
one_spelling = st.one_of(
    st.dictionaries(st.sampled_from(["tenantid", "x"]), condition, max_size=2),
    st.dictionaries(st.sampled_from(["TenantID", "X"]), condition, max_size=2),
)
match = st.fixed_dictionaries({}, optional={"headers": one_spelling, "withoutHeaders": one_spelling})
carrier_lists = st.sampled_from([p.values[0] for p in CARRIERS])


@given(st.lists(match, max_size=3), carrier_lists)
def test_differential(base: list[dict[str, Any]], carriers: Sequence[Carrier]) -> None:
    check(base, carriers)


@pytest.mark.parametrize(
    "base",
    [
        pytest.param({"headers": {"TenantID": {"prefix": "dev"}, "tenantid": {"exact": "dev2"}}}, id="with"),
        pytest.param({"withoutHeaders": {"TenantID": {"exact": "x"}, "tenantid": {"regex": "x?"}}}, id="without"),
    ],
)
def test_two_spellings(base: dict[str, Any]) -> None:
    check([base], BOTH)


@pytest.mark.parametrize("carriers", CARRIERS)
def test_tenants_are_disjoint(carriers: Sequence[Carrier]) -> None:
    for request in REQUESTS:
        met = [t for t in TENANTS if any_holds(tenant_matches([], carriers, t), request)]
        assert met == [t for t in TENANTS if carries(carriers, t, request)]
        assert len(met) < 2


def test_each_member_of_one_baggage_counts() -> None:
    """Only a baggage that names two tenants itself meets the conditions of both (rule R-H1)."""
    for value in ("tenantID=dev1,tenantID=dev10", "a=1, tenantID=dev10;p=2 ,tenantID=dev1"):
        request = {"baggage": value}
        met = [t for t in TENANTS if any_holds(tenant_matches([], [BAGGAGE], t), request)]
        assert met == [t for t in TENANTS if t in ("dev1", "dev10")]


def test_base_is_not_changed() -> None:
    base = [{"headers": {"TenantID": {"prefix": "dev"}}, "withoutHeaders": {"tenantID": {"exact": "x"}}}]
    before = str(base)
    tenant_matches(base, BOTH, "dev1")
    assert str(base) == before


BAGGAGE_FIRST = (Carrier(baggage="lane"), Carrier(baggage="team"), Carrier(header="tenantID"))
MEMBER = r"^(?:.*,)?[ \t]*%s[ \t]*=[ \t]*dev1[ \t]*(?:;[^,]*)?(?:,.*)?$"


def test_an_earlier_baggage_carrier_decides_alone() -> None:
    assert tenant_matches([], BAGGAGE_FIRST, "dev1") == [
        {"headers": {"baggage": {"regex": MEMBER % "lane"}}},
        {
            "headers": {"baggage": {"regex": MEMBER % "team"}},
            "withoutHeaders": {"baggage": {"regex": r"^(?:.*,)?[ \t]*lane[ \t]*=.*$"}},
        },
        {
            "headers": {"tenantid": {"exact": "dev1"}},
            "withoutHeaders": {"baggage": {"regex": r"^(?:.*,)?[ \t]*(?:lane|team)[ \t]*=.*$"}},
        },
    ]


@pytest.mark.parametrize(
    ("given", "regex"),
    [
        pytest.param({"exact": "a.b"}, r"(?:^(?:.*,)?[ \t]*lane[ \t]*=.*$)|(?:a\.b)", id="exact"),
        pytest.param({"prefix": "a="}, r"(?:^(?:.*,)?[ \t]*lane[ \t]*=.*$)|(?:a\=.*)", id="prefix"),
        pytest.param({"regex": "a+"}, r"(?:^(?:.*,)?[ \t]*lane[ \t]*=.*$)|(?:a+)", id="regex"),
    ],
)
def test_conditions_on_baggage_stay_in_force(given: dict[str, str], regex: str) -> None:
    carriers = (Carrier(baggage="lane"), Carrier(header="tenantID"))
    found = tenant_matches([{"withoutHeaders": {"baggage": given}}], carriers, "dev1")
    assert found[1] == {"withoutHeaders": {"baggage": {"regex": regex}}, "headers": {"tenantid": {"exact": "dev1"}}}
