from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.k8s.limits import LABEL_VALUE_LIMIT, SERVICE_NAME_LIMIT, fit
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.plan.names import clone_name, label_value, origin_label

S60 = "s" * 60
T20 = "t" * 20


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@pytest.mark.parametrize(
    ("origin", "tenant", "limit", "expected"),
    [
        pytest.param("checkout", "dev1", 253, "checkout-dev1", id="plain"),
        pytest.param("a-b", "c", 63, "a-b-c", id="dashes"),
        pytest.param("s" * 58, "dev1", 63, "s" * 58 + "-dev1", id="at-the-limit"),
        pytest.param("s" * 59, "dev1", 63, "s" * 54 + "-" + digest("s" * 59 + "-dev1"), id="over-the-limit"),
        pytest.param(S60, T20, 63, "s" * 54 + "-" + digest(f"{S60}-{T20}"), id="scenario-52"),
        pytest.param(
            "s" * 53 + "-x", "t" * 10, 63, "s" * 53 + "-" + digest("s" * 53 + "-x-" + "t" * 10), id="cut-at-dash"
        ),
    ],
)
def test_clone_name(origin: str, tenant: str, limit: int, expected: str) -> None:
    assert clone_name(origin, tenant, limit) == expected


def test_hashed_names_of_tenants_differ() -> None:
    names = {clone_name(S60, tenant, SERVICE_NAME_LIMIT) for tenant in ("dev1", "dev10", "xdev1")}
    assert len(names) == 3


LABEL = re.compile(r"[a-z0-9]([-a-z0-9._]*[a-z0-9])?")
names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,70}[a-z0-9])?", fullmatch=True)


@given(names, names.filter(lambda t: len(t) < 64), st.sampled_from([52, 63, 253]))
def test_is_a_name(origin: str, tenant: str, limit: int) -> None:
    name = clone_name(origin, tenant, limit)
    assert (len(name) <= limit, LABEL.fullmatch(name) is not None) == (True, True)
    assert (name == f"{origin}-{tenant}") == (len(origin) + len(tenant) + 1 <= limit)
    value = label_value(origin, tenant)
    assert (len(value) <= LABEL_VALUE_LIMIT, LABEL.fullmatch(value) is not None) == (True, True)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        pytest.param("abc", 3, "abc", id="fits"),
        pytest.param("a.-_bcdefghijk", 13, "a-" + digest("a.-_bcdefghijk"), id="no-separator-before-the-hash"),
    ],
)
def test_fit(text: str, limit: int, expected: str) -> None:
    assert fit(text, limit) == expected


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        pytest.param("Deployment", "web", "web", id="deployment"),
        pytest.param("StatefulSet", "web", "statefulset.web", id="stateful-set"),
        pytest.param("Deployment", "w" * 63, "w" * 63, id="at-the-limit"),
        pytest.param("Deployment", "w" * 64, "w" * 54 + "-" + digest("w" * 64), id="hashed"),
        pytest.param(
            "StatefulSet",
            "w" * 60,
            "statefulset." + "w" * 42 + "-" + digest("statefulset." + "w" * 60),
            id="hashed-with-kind",
        ),
    ],
)
def test_origin_label(kind: str, name: str, expected: str) -> None:
    assert origin_label(WORKLOADS[("apps", kind)], name) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("web", "web-dev1", id="plain"),
        pytest.param("", "dev1", id="empty"),
        pytest.param("V" * 63, "V" * 54 + "-" + digest("V" * 63 + "-dev1"), id="hashed"),
    ],
)
def test_label_value(value: str, expected: str) -> None:
    assert label_value(value, "dev1") == expected
