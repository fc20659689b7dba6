from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sandlane.guards.quotas import quantity, quotas
from tests.build import Object, app, deployment, object_of, plan, sandbox, service, texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250m", "0.25"), ("2", "2"), (2, "2"), ("64Mi", "67108864"), ("1G", "1000000000"), ("1.5k", "1500"), ("1e3", "1000"),
        ("100u", "0.0001"), ("1Ei", str(1024**6)),
    ],
)  # fmt: skip
def test_quantity(text: Any, expected: str) -> None:
    assert quantity(text) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "x", "1Zi", "Mi"])
def test_no_quantity(text: str) -> None:
    assert quantity(text) is None


def asking(name: str, **resources: Any) -> list[Object]:
    made = deployment(name, containers=[{"name": "app", "image": "a:1", "resources": resources}])
    made["spec"]["replicas"] = 2
    return [made, service(name)]


def quota(namespace: str = "", **spec: Any) -> Object:
    return object_of("v1", "ResourceQuota", "all", namespace, **spec)


BASE = [*asking("a", requests={"cpu": "500m"}, limits={"memory": "1Gi"}), *app("b")]


def said(name: str, hard: str, base: str, clones: str) -> list[str]:
    return [
        f"base.yaml: SL315 notice: 'ResourceQuota/shop/all' allows {name} {hard}: the base asks for {base} and all clones for "
        f"{clones} more\n  hint: raise the quota, suspend sandboxes, or give clones smaller requests by a standing rule"
    ]


@pytest.mark.parametrize(
    ("hard", "expected"),
    [
        pytest.param({"requests.cpu": "1"}, said("requests.cpu", "1", "1", "0.5"), id="cpu"),
        pytest.param({"cpu": "1200m"}, said("cpu", "1200m", "1", "0.5"), id="short-name"),
        pytest.param({"requests.cpu": "1500m"}, [], id="enough"),
        pytest.param({"requests.cpu": "900m"}, [], id="the-base-alone-is-beyond"),
        pytest.param({"limits.memory": "2Gi"}, said("limits.memory", "2Gi", "2Gi", "1Gi"), id="memory"),
        pytest.param(
            {"requests.memory": "2Gi"},
            said("requests.memory", "2Gi", "2Gi", "1Gi"),
            id="limits-are-requests",
        ),
        pytest.param({"limits.memory": "2560Mi"}, said("limits.memory", "2560Mi", "2Gi", "1Gi"), id="mebibytes"),
        pytest.param(
            {"limits.memory": "2200M"}, said("limits.memory", "2200M", "2147483648", "1073741824"), id="decimal"
        ),
        pytest.param({"pods": 3}, said("pods", "3", "3", "1"), id="pods"),
        pytest.param({"pods": "4"}, [], id="pods-enough"),
        pytest.param({"services": "1"}, [], id="not-counted"),
    ],
)
def test_quotas(hard: Object, expected: list[str]) -> None:
    assert texts(list(quotas(plan([*BASE, quota(hard=hard)], sandbox("dev1", "a"))))) == expected


def test_quota_of_another_namespace_or_for_some_pods() -> None:
    for other in (quota("other", hard={"pods": "1"}), quota(hard={"pods": "3"}, scopes=["BestEffort"])):
        assert list(quotas(plan([*BASE, other], sandbox("dev1", "a")))) == []
