"""P7: who selects whose pods, one defect at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.proof.test_proof import DEV1, add, drop, p4, p7, put, said

SELECTION = [
    pytest.param(
        lambda: said(
            put(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "template", "metadata", "labels", "app"), "checkout")
        ),
        [
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "'Deployment/shop/checkout' of the base selects pods of 'Deployment/shop/checkout-dev1'",
            ),
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "'PodDisruptionBudget/shop/checkout' of the base selects pods of 'Deployment/shop/checkout-dev1'",
            ),
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "'Service/shop/checkout' of the base selects pods of 'Deployment/shop/checkout-dev1'",
            ),
        ],
        id="base-service-and-workload-and-budget",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "template", "metadata", "labels", "app"), "billing")
        ),
        [
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "'Service/shop/billing' of the base selects pods of 'Deployment/shop/checkout-dev1'",
            )
        ],
        id="other-base-service",
    ),
    pytest.param(
        lambda: said(
            base=(put("base/shop/service-billing.yaml", ("spec", "selector"), {"sandlane.dev/origin": "cart"}),)
        ),
        [
            p7(
                f"{DEV1}deployment-cart-dev1.yaml",
                "'Service/shop/billing' of the base selects pods of 'Deployment/shop/cart-dev1'",
            )
        ],
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
        [
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "'PodDisruptionBudget/shop/checkout' of the base selects pods of 'Deployment/shop/checkout-dev1'",
            )
        ],
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
        [
            p7(
                f"{DEV1}deployment-cart-dev1.yaml",
                "'StatefulSet/shop/ledger' of the base selects pods of 'Deployment/shop/cart-dev1'",
            )
        ],
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
        [
            p7(
                f"{DEV1}deployment-cart-dev1.yaml",
                "'ReplicationController/shop/x' of the base selects pods of 'Deployment/shop/cart-dev1'",
            )
        ],
        id="base-replication-controller",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"app": "checkout"})),
        [
            p7(
                f"{DEV1}service-checkout-dev1.yaml",
                "'Service/shop/checkout-dev1' selects pods of 'Deployment/shop/checkout' of the base",
            ),
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "does not select 'Deployment/shop/checkout-dev1'",
                "Service/shop/checkout-dev1",
            ),
            p4(f"{DEV1}service-checkout-dev1.yaml", "selects no workload of the output", "Service/shop/checkout-dev1"),
        ],
        id="service-catches-the-base",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"app": "probe"})),
        [
            p7(
                f"{DEV1}service-checkout-dev1.yaml",
                "'Service/shop/checkout-dev1' selects pods of 'Pod/shop/probe' of the base",
            ),
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "does not select 'Deployment/shop/checkout-dev1'",
                "Service/shop/checkout-dev1",
            ),
            p4(f"{DEV1}service-checkout-dev1.yaml", "selects no workload of the output", "Service/shop/checkout-dev1"),
        ],
        id="service-catches-a-single-pod-of-the-base",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"app": "checkout-t2"})),
        [
            p7(
                f"{DEV1}service-checkout-dev1.yaml",
                "'Service/shop/checkout-dev1' selects pods of 'Deployment/shop/checkout-t2'",
            ),
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "does not select 'Deployment/shop/checkout-dev1'",
                "Service/shop/checkout-dev1",
            ),
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "selects 'Deployment/shop/checkout-t2', whose pods are not tenant 'dev1's",
                "Service/shop/checkout-dev1",
            ),
        ],
        id="service-catches-another-sandbox",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"app.kubernetes.io/managed-by": "sandlane"})
        ),
        [
            p7(
                f"{DEV1}service-checkout-dev1.yaml",
                "'Service/shop/checkout-dev1' selects pods of 'Deployment/shop/checkout-t2'",
            ),
            p7(
                f"{DEV1}service-checkout-dev1.yaml",
                "'Service/shop/checkout-dev1' selects pods of 'StatefulSet/shop/ledger-t2'",
            ),
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "selects 'Deployment/shop/checkout-t2', whose pods are not tenant 'dev1's",
                "Service/shop/checkout-dev1",
            ),
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "selects 'StatefulSet/shop/ledger-t2', whose pods are not tenant 'dev1's",
                "Service/shop/checkout-dev1",
            ),
        ],
        id="service-catches-every-sandbox",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "selector"), {"matchLabels": {"app": "checkout"}})
        ),
        [
            p7(f"{DEV1}deployment-checkout-dev1.yaml", "'Deployment/shop/checkout-dev1' does not select its own pods"),
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "'Deployment/shop/checkout-dev1' selects pods of 'Deployment/shop/checkout' of the base",
            ),
        ],
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
        [
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "'Deployment/shop/checkout-dev1' selects pods of 'Deployment/shop/checkout-t2'",
            )
        ],
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
        [
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "'Deployment/shop/checkout-dev1' selects pods of 'Deployment/shop/cart-dev1'",
            )
        ],
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
        [p7(f"{DEV1}deployment-checkout-dev1.yaml", "'Deployment/shop/checkout-dev1' does not select its own pods")],
        id="workload-does-not-select-itself",
    ),
    pytest.param(
        lambda: said(drop(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "selector"))),
        [p7(f"{DEV1}deployment-checkout-dev1.yaml", "'Deployment/shop/checkout-dev1' does not select its own pods")],
        id="workload-without-a-selector",
    ),
    pytest.param(
        lambda: said(
            drop(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "template", "metadata", "labels", "tenantID"))
        ),
        [
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "pods of 'Deployment/shop/checkout-dev1' do not carry 'tenantID: dev1'",
            ),
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "selects 'Deployment/shop/checkout-dev1', whose pods are not tenant 'dev1's",
                "Service/shop/checkout-dev1",
            ),
        ],
        id="pods-without-the-tenant-label",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "template", "metadata", "labels", "tenantID"), "t2")
        ),
        [
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "pods of 'Deployment/shop/checkout-dev1' do not carry 'tenantID: dev1'",
            ),
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "selects 'Deployment/shop/checkout-dev1', whose pods are not tenant 'dev1's",
                "Service/shop/checkout-dev1",
            ),
        ],
        id="pods-of-another-tenant",
    ),
    pytest.param(
        lambda: said(drop(f"{DEV1}deployment-checkout-dev1.yaml", ("spec", "template", "metadata"))),
        [
            p7(f"{DEV1}deployment-checkout-dev1.yaml", "'Deployment/shop/checkout-dev1' does not select its own pods"),
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "pods of 'Deployment/shop/checkout-dev1' do not carry 'sandlane.dev/tenant: dev1'",
            ),
            p7(
                f"{DEV1}deployment-checkout-dev1.yaml",
                "pods of 'Deployment/shop/checkout-dev1' do not carry 'tenantID: dev1'",
            ),
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "does not select 'Deployment/shop/checkout-dev1'",
                "Service/shop/checkout-dev1",
            ),
            p4(f"{DEV1}service-checkout-dev1.yaml", "selects no workload of the output", "Service/shop/checkout-dev1"),
        ],
        id="pods-without-labels",
    ),
]


@pytest.mark.parametrize(("defect", "expected"), SELECTION)
def test_selection(defect: Callable[[], list[str]], expected: list[str]) -> None:
    assert defect() == expected
