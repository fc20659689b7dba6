"""P7: who selects whose pods, one defect at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.proof.recorded import assert_recorded
from tests.proof.test_proof import DEV1, add, drop, put, said

SELECTION = [
    pytest.param(
        lambda: said(
            put(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "template", "metadata", "labels", "app"), "checkout")
        ),
        id="base-service-and-workload-and-budget",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "template", "metadata", "labels", "app"), "billing")
        ),
        id="other-base-service",
    ),
    pytest.param(
        lambda: said(
            base=(put("base/shop/service-billing.yaml", ("spec", "selector"), {"sandlane.dev/origin": "cart"}),)
        ),
        id="base-service-by-any-of-its-keys",
    ),
    pytest.param(
        lambda: said(
            base=(
                put(
                    "base/shop/poddisruptionbudget-checkout.yaml",
                    ("spec", "selector"),
                    {"matchExpressions": [{"key": "app", "operator": "In", "values": ["checkout", "checkout-dev1"]}]},
                ),
            )
        ),
        id="base-budget-with-values",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}deployment-cart-dev1.yaml", ("spec", "template", "metadata", "labels", "tier"), "web"),
            base=(
                put(
                    "base/shop/statefulset-ledger.yaml",
                    ("spec", "selector"),
                    {"matchExpressions": [{"key": "tier", "operator": "Exists"}]},
                ),
                put("base/shop/statefulset-ledger.yaml", ("spec", "template", "metadata", "labels", "tier"), "db"),
            ),
        ),
        id="base-workload-without-an-equality",
    ),
    pytest.param(
        lambda: said(
            base=(
                add(
                    "x",
                    {
                        "apiVersion": "v1",
                        "kind": "ReplicationController",
                        "metadata": {"name": "x", "namespace": "shop"},
                        "spec": {
                            "selector": {"app": "cart-dev1"},
                            "template": {"metadata": {"labels": {"app": "cart-dev1"}}},
                        },
                    },
                ),
            )
        ),
        id="base-replication-controller",
    ),
    pytest.param(
        lambda: said(
            base=(
                add(
                    "x",
                    {
                        "apiVersion": "networking.istio.io/v1",
                        "kind": "ServiceEntry",
                        "metadata": {"name": "x", "namespace": "shop"},
                        "spec": {"hosts": ["x.example"], "workloadSelector": {"labels": {"app": "cart-dev1"}}},
                    },
                ),
            )
        ),
        id="base-service-entry",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"app": "checkout"})),
        id="service-catches-the-base",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"app": "probe"})),
        id="service-catches-a-single-pod-of-the-base",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"app": "checkout-t2"})),
        id="service-catches-another-sandbox",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"app.kubernetes.io/managed-by": "sandlane"})
        ),
        id="service-catches-every-sandbox",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "selector"), {"matchLabels": {"app": "checkout"}})
        ),
        id="workload-catches-the-base",
    ),
    pytest.param(
        lambda: said(
            put(
                f"{DEV1}deployment-checkout-dev1.yaml",
                ("spec", "selector"),
                {"matchLabels": {"sandlane.dev/origin": "checkout"}},
            )
        ),
        id="workload-catches-another-sandbox",
    ),
    pytest.param(
        lambda: said(
            put(
                f"{DEV1}deployment-checkout-dev1.yaml",
                ("spec", "selector"),
                {"matchLabels": {"sandlane.dev/tenant": "dev1"}},
            )
        ),
        id="workload-catches-its-own-sandboxs-other",
    ),
    pytest.param(
        lambda: said(
            put(
                f"{DEV1}deployment-checkout-dev1.yaml",
                ("spec", "selector", "matchLabels", "sandlane.dev/origin"),
                "chekout",
            )
        ),
        id="workload-does-not-select-itself",
    ),
    pytest.param(
        lambda: said(drop(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "selector"))),
        id="workload-without-a-selector",
    ),
    pytest.param(
        lambda: said(
            drop(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "template", "metadata", "labels", "tenantID"))
        ),
        id="pods-without-the-tenant-label",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "template", "metadata", "labels", "tenantID"), "t2")
        ),
        id="pods-of-another-tenant",
    ),
    pytest.param(
        lambda: said(drop(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "template", "metadata"))),
        id="pods-without-labels",
    ),
]


@pytest.mark.parametrize("defect", SELECTION)
def test_selection(defect: Callable[[], list[str]], request: pytest.FixtureRequest) -> None:
    assert_recorded(request, defect())
