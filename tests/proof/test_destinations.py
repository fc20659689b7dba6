"""P4: where tenants' entries send to, one defect at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.proof.recorded import assert_recorded
from tests.proof.test_proof import CART_VS, DEV1, DEV2, LEDGER_VS, VS, drop, gone, put, said

DESTINATIONS = [
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route"), [])),
        id="no-destination",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5), lambda entry: {"match": entry["match"], "redirect": {"uri": "/"}})),
        id="no-route",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route"), lambda route: route * 2)),
        id="no-weight",
    ),
    pytest.param(
        lambda: said(gone(f"{DEV1}service-checkout-dev1.yaml")),
        id="service-missing",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "chekout-dev1")),
        id="host-misspelt",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "checkout.example.com")),
        id="outside-host",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "checkout-dev1.shop")),
        id="literal-host",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "checkout-t2")),
        id="another-tenants-clone",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 6, "route", 0, "destination", "host"), "checkout-t2")),
        id="clone-of-no-member-of-the-group",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "cart-dev1")),
        id="clone-of-another-service",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "ledger")),
        id="another-base-service",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "checkout")),
        id="still-the-base",
    ),
    pytest.param(
        lambda: said(
            put(
                VS,
                ("spec", "http", 0, "route"),
                [
                    {"destination": {"host": "checkout-dev1"}, "weight": 90},
                    {"destination": {"host": "checkout"}, "weight": 10},
                ],
            )
        ),
        id="still-the-base-in-a-split",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 6, "route", 0, "destination", "host"), "checkout")),
        id="still-the-base-for-a-group",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 0, "mirror", "host"), "checkout")),
        id="mirrored-to-the-base",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 0, "mirrors"), [{"destination": {"host": "nowhere"}}])),
        id="mirrored-elsewhere",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "port", "number"), 81)),
        id="port",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 0, "route", 0, "destination", "host"), "ledger-t2-headless")),
        id="headless-destination",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "clusterIP"), "None")),
        id="headless-clone",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "type"), "ExternalName")),
        id="external-name",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "type"), "NodePort")),
        id="node-port",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {})),
        id="no-selector",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"app": "nobody"})),
        id="selector-of-nobody",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"sandlane.dev/origin": "checkout"})
        ),
        id="selects-another-tenant",
    ),
    pytest.param(
        lambda: said(put(f"{DEV2}service-ledger-t2.yaml", ("spec", "ports", 0, "port"), 91)),
        id="port-number",
    ),
    pytest.param(
        lambda: said(put(f"{DEV2}service-ledger-t2.yaml", ("spec", "ports", 0, "name"), "tcp")),
        id="port-name",
    ),
    pytest.param(
        lambda: said(put(f"{DEV2}service-ledger-t2.yaml", ("spec", "ports", 0, "appProtocol"), "grpc")),
        id="app-protocol",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-cart-dev1.yaml", ("spec", "ports", 0, "targetPort"), 80)),
        id="target-port",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-cart-dev1.yaml", ("spec", "ports", 0, "nodePort"), 30080)),
        id="node-port-kept",
    ),
    pytest.param(
        lambda: said(put(f"{DEV2}service-ledger-t2.yaml", ("metadata", "labels", "sandlane.dev/origin"), "legder")),
        id="origin-unknown",
    ),
    pytest.param(
        lambda: said(gone(f"{DEV1}deployment-cart-dev1.yaml")),
        id="claim-without-a-clone",
    ),
    pytest.param(
        lambda: said(gone(f"{DEV1}service-cart-dev1.yaml")),
        id="claim-without-a-service",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}deployment-cart-dev1.yaml", ("metadata", "labels", "sandlane.dev/origin"), "checkout")
        ),
        id="clone-of-another-origin",
    ),
    pytest.param(
        lambda: said(
            drop(
                f"{DEV1}deployment-cart-dev1.yaml",
                ("spec", "template", "metadata", "labels", "service.sandlane.dev/cart"),
            )
        ),
        id="clone-its-service-does-not-select",
    ),
    pytest.param(
        lambda: said(
            put(CART_VS, ("spec", "http", 0, "route", 0, "destination", "host"), "billing.shop.svc.cluster.local")
        ),
        id="base-service-in-a-new-route",
    ),
]


@pytest.mark.parametrize("defect", DESTINATIONS)
def test_destinations(defect: Callable[[], list[str]], request: pytest.FixtureRequest) -> None:
    assert_recorded(request, defect())
