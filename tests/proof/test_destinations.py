"""P4: where tenants' entries send to, one defect at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.proof.test_proof import CART_VS, DEV1, DEV2, LEDGER_VS, RULE, VS, drop, gone, p1, p4, p7, put, said

DESTINATIONS = [
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route"), [])),
        [p4(VS, "entry 6 of 'dev1' sends nowhere", "VirtualService/shop/checkout")],
        id="no-destination",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5), lambda entry: {"match": entry["match"], "redirect": {"uri": "/"}})),
        [p4(VS, "entry 6 of 'dev1' sends nowhere", "VirtualService/shop/checkout")],
        id="no-route",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route"), lambda route: route * 2)),
        [p4(VS, "entry 6 of 'dev1' sends nowhere", "VirtualService/shop/checkout")],
        id="no-weight",
    ),
    pytest.param(
        lambda: said(gone(f"{DEV1}service-checkout-dev1.yaml")),
        [
            p4(
                "sandboxes/dev1.yaml",
                "'dev1' claims 'Deployment/shop/checkout', and the output has no clone of 'Service/shop/checkout'",
            ),
            p1(RULE, "DestinationRule/shop/checkout-dev1", "host 'checkout-dev1' is no Service that the output adds"),
            p4(
                VS,
                "entry 1 of 'dev1' sends to host 'checkout-dev1', neither a base destination nor a clone",
                "VirtualService/shop/checkout",
            ),
            p4(
                VS,
                "entry 2 of 'rel' sends to host 'checkout-dev1', neither a base destination nor a clone",
                "VirtualService/shop/checkout",
            ),
            p4(
                VS,
                "entry 6 of 'dev1' sends to host 'checkout-dev1', neither a base destination nor a clone",
                "VirtualService/shop/checkout",
            ),
            p4(
                VS,
                "entry 7 of 'rel' sends to host 'checkout-dev1', neither a base destination nor a clone",
                "VirtualService/shop/checkout",
            ),
        ],
        id="service-missing",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "chekout-dev1")),
        [
            p4(
                VS,
                "entry 6 of 'dev1' sends to host 'chekout-dev1', neither a base destination nor a clone",
                "VirtualService/shop/checkout",
            )
        ],
        id="host-misspelt",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "checkout.example.com")),
        [
            p4(
                VS,
                "entry 6 of 'dev1' sends to host 'checkout.example.com', neither a base destination nor a clone",
                "VirtualService/shop/checkout",
            )
        ],
        id="outside-host",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "checkout-dev1.shop")),
        [
            p4(
                VS,
                "entry 6 of 'dev1' sends to host 'checkout-dev1.shop', neither a base destination nor a clone",
                "VirtualService/shop/checkout",
            )
        ],
        id="literal-host",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "checkout-t2")),
        [
            p4(
                VS,
                "entry 6 of 'dev1' sends to 'Service/shop/checkout-t2', which is tenant 't2's",
                "VirtualService/shop/checkout",
            )
        ],
        id="another-tenants-clone",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 6, "route", 0, "destination", "host"), "checkout-t2")),
        [
            p4(
                VS,
                "entry 7 of 'rel' sends to 'Service/shop/checkout-t2', which is tenant 't2's",
                "VirtualService/shop/checkout",
            )
        ],
        id="clone-of-no-member-of-the-group",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "cart-dev1")),
        [
            p4(
                VS,
                "entry 6 of 'dev1' sends to 'Service/shop/cart-dev1', the clone of 'Service/shop/cart', not of the base's destination",
                "VirtualService/shop/checkout",
            )
        ],
        id="clone-of-another-service",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "ledger")),
        [
            p4(
                VS,
                "entry 6 of 'dev1' sends to host 'ledger', neither a base destination nor a clone",
                "VirtualService/shop/checkout",
            )
        ],
        id="another-base-service",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "host"), "checkout")),
        [
            p4(
                VS,
                "entry 6 of 'dev1' sends to 'Service/shop/checkout', of which it has a clone",
                "VirtualService/shop/checkout",
            )
        ],
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
        [
            p4(
                VS,
                "entry 1 of 'dev1' sends to 'Service/shop/checkout', of which it has a clone",
                "VirtualService/shop/checkout",
            )
        ],
        id="still-the-base-in-a-split",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 6, "route", 0, "destination", "host"), "checkout")),
        [
            p4(
                VS,
                "entry 7 of 'rel' sends to 'Service/shop/checkout', of which it has a clone",
                "VirtualService/shop/checkout",
            )
        ],
        id="still-the-base-for-a-group",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 0, "mirror", "host"), "checkout")),
        [
            p4(
                VS,
                "entry 1 of 'dev1' sends to 'Service/shop/checkout', of which it has a clone",
                "VirtualService/shop/checkout",
            )
        ],
        id="mirrored-to-the-base",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 0, "mirrors"), [{"destination": {"host": "nowhere"}}])),
        [
            p4(
                VS,
                "entry 1 of 'dev1' sends to host 'nowhere', neither a base destination nor a clone",
                "VirtualService/shop/checkout",
            )
        ],
        id="mirrored-elsewhere",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "route", 0, "destination", "port", "number"), 81)),
        [
            p4(
                VS,
                "entry 6 of 'dev1' sends to port 81, which 'Service/shop/checkout-dev1' has not",
                "VirtualService/shop/checkout",
            )
        ],
        id="port",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 0, "route", 0, "destination", "host"), "ledger-t2-headless")),
        [
            p4(
                LEDGER_VS,
                "entry 1 of 't2' sends to 'Service/shop/ledger-t2-headless', which is headless",
                "VirtualService/shop/ledger-sandlane",
            )
        ],
        id="headless-destination",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "clusterIP"), "None")),
        [
            p4(
                "sandboxes/dev1.yaml",
                "'dev1' claims 'Deployment/shop/checkout', and the output has no clone of 'Service/shop/checkout'",
            ),
            p4(
                VS,
                "entry 1 of 'dev1' sends to 'Service/shop/checkout-dev1', which is headless",
                "VirtualService/shop/checkout",
            ),
            p4(
                VS,
                "entry 2 of 'rel' sends to 'Service/shop/checkout-dev1', which is headless",
                "VirtualService/shop/checkout",
            ),
            p4(
                VS,
                "entry 6 of 'dev1' sends to 'Service/shop/checkout-dev1', which is headless",
                "VirtualService/shop/checkout",
            ),
            p4(
                VS,
                "entry 7 of 'rel' sends to 'Service/shop/checkout-dev1', which is headless",
                "VirtualService/shop/checkout",
            ),
        ],
        id="headless-clone",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "type"), "ExternalName")),
        [
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "does not select 'Deployment/shop/checkout-dev1'",
                "Service/shop/checkout-dev1",
            ),
            p4(f"{DEV1}service-checkout-dev1.yaml", "selects no workload of the output", "Service/shop/checkout-dev1"),
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "type is ExternalName, expected ClusterIP",
                "Service/shop/checkout-dev1",
            ),
        ],
        id="external-name",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "type"), "NodePort")),
        [p4(f"{DEV1}service-checkout-dev1.yaml", "type is NodePort, expected ClusterIP", "Service/shop/checkout-dev1")],
        id="node-port",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {})),
        [
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "does not select 'Deployment/shop/checkout-dev1'",
                "Service/shop/checkout-dev1",
            ),
            p4(f"{DEV1}service-checkout-dev1.yaml", "selects no workload of the output", "Service/shop/checkout-dev1"),
        ],
        id="no-selector",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"app": "nobody"})),
        [
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "does not select 'Deployment/shop/checkout-dev1'",
                "Service/shop/checkout-dev1",
            ),
            p4(f"{DEV1}service-checkout-dev1.yaml", "selects no workload of the output", "Service/shop/checkout-dev1"),
        ],
        id="selector-of-nobody",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}service-checkout-dev1.yaml", ("spec", "selector"), {"sandlane.dev/origin": "checkout"})
        ),
        [
            p7(
                f"{DEV1}service-checkout-dev1.yaml",
                "'Service/shop/checkout-dev1' selects pods of 'Deployment/shop/checkout-t2'",
            ),
            p4(
                f"{DEV1}service-checkout-dev1.yaml",
                "selects 'Deployment/shop/checkout-t2', whose pods are not tenant 'dev1's",
                "Service/shop/checkout-dev1",
            ),
        ],
        id="selects-another-tenant",
    ),
    pytest.param(
        lambda: said(put(f"{DEV2}service-ledger-t2.yaml", ("spec", "ports", 0, "port"), 91)),
        [
            p4(
                f"{DEV2}service-ledger-t2.yaml",
                "ports are not those of 'Service/shop/ledger'",
                "Service/shop/ledger-t2",
            ),
            p4(
                LEDGER_VS,
                "entry 1 of 't2' sends to port 90, which 'Service/shop/ledger-t2' has not",
                "VirtualService/shop/ledger-sandlane",
            ),
        ],
        id="port-number",
    ),
    pytest.param(
        lambda: said(put(f"{DEV2}service-ledger-t2.yaml", ("spec", "ports", 0, "name"), "tcp")),
        [p4(f"{DEV2}service-ledger-t2.yaml", "ports are not those of 'Service/shop/ledger'", "Service/shop/ledger-t2")],
        id="port-name",
    ),
    pytest.param(
        lambda: said(put(f"{DEV2}service-ledger-t2.yaml", ("spec", "ports", 0, "appProtocol"), "grpc")),
        [p4(f"{DEV2}service-ledger-t2.yaml", "ports are not those of 'Service/shop/ledger'", "Service/shop/ledger-t2")],
        id="app-protocol",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-cart-dev1.yaml", ("spec", "ports", 0, "targetPort"), 80)),
        [p4(f"{DEV1}service-cart-dev1.yaml", "ports are not those of 'Service/shop/cart'", "Service/shop/cart-dev1")],
        id="target-port",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-cart-dev1.yaml", ("spec", "ports", 0, "nodePort"), 30080)),
        [p4(f"{DEV1}service-cart-dev1.yaml", "ports are not those of 'Service/shop/cart'", "Service/shop/cart-dev1")],
        id="node-port-kept",
    ),
    pytest.param(
        lambda: said(put(f"{DEV2}service-ledger-t2.yaml", ("metadata", "labels", "sandlane.dev/origin"), "legder")),
        [
            p4(
                "sandboxes/dev2.yaml",
                "'dev2' claims 'StatefulSet/shop/ledger', and the output has no clone of 'Service/shop/ledger'",
            ),
            p4(
                f"{DEV2}service-ledger-t2.yaml",
                "label 'sandlane.dev/origin' names no Service of the base",
                "Service/shop/ledger-t2",
            ),
            p4(
                LEDGER_VS,
                "entry 1 of 't2' sends to 'Service/shop/ledger-t2', the clone of 'Service/shop/legder', not of the base's destination",
                "VirtualService/shop/ledger-sandlane",
            ),
        ],
        id="origin-unknown",
    ),
    pytest.param(
        lambda: said(gone(f"{DEV1}deployment-cart-dev1.yaml")),
        [
            p4("sandboxes/dev1.yaml", "'dev1' claims 'Deployment/shop/cart', of which the output has no clone"),
            p4(f"{DEV1}service-cart-dev1.yaml", "selects no workload of the output", "Service/shop/cart-dev1"),
        ],
        id="claim-without-a-clone",
    ),
    pytest.param(
        lambda: said(gone(f"{DEV1}service-cart-dev1.yaml")),
        [
            p4(
                "sandboxes/dev1.yaml",
                "'dev1' claims 'Deployment/shop/cart', and the output has no clone of 'Service/shop/cart'",
            ),
            p4(
                CART_VS,
                "entry 1 of 'dev1' sends to host 'cart-dev1.shop.svc.cluster.local', neither a base destination nor a clone",
                "VirtualService/shop/cart-sandlane",
            ),
            p4(
                CART_VS,
                "entry 2 of 'rel' sends to host 'cart-dev1.shop.svc.cluster.local', neither a base destination nor a clone",
                "VirtualService/shop/cart-sandlane",
            ),
            p4(
                CART_VS,
                "entry 4 of 'dev1' sends to host 'cart-dev1.shop.svc.cluster.local', neither a base destination nor a clone",
                "VirtualService/shop/cart-sandlane",
            ),
            p4(
                CART_VS,
                "entry 5 of 'rel' sends to host 'cart-dev1.shop.svc.cluster.local', neither a base destination nor a clone",
                "VirtualService/shop/cart-sandlane",
            ),
        ],
        id="claim-without-a-service",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV1}deployment-cart-dev1.yaml", ("metadata", "labels", "sandlane.dev/origin"), "checkout")
        ),
        [p4("sandboxes/dev1.yaml", "'dev1' claims 'Deployment/shop/cart', of which the output has no clone")],
        id="clone-of-another-origin",
    ),
    pytest.param(
        lambda: said(
            drop(
                f"{DEV1}deployment-cart-dev1.yaml",
                ("spec", "template", "metadata", "labels", "service.sandlane.dev/cart"),
            )
        ),
        [
            p4(
                f"{DEV1}service-cart-dev1.yaml", "does not select 'Deployment/shop/cart-dev1'", "Service/shop/cart-dev1"
            ),
            p4(f"{DEV1}service-cart-dev1.yaml", "selects no workload of the output", "Service/shop/cart-dev1"),
        ],
        id="clone-its-service-does-not-select",
    ),
    pytest.param(
        lambda: said(
            put(CART_VS, ("spec", "http", 0, "route", 0, "destination", "host"), "billing.shop.svc.cluster.local")
        ),
        [
            p4(
                CART_VS,
                "entry 1 of 'dev1' sends to host 'billing.shop.svc.cluster.local', neither a base destination nor a clone",
                "VirtualService/shop/cart-sandlane",
            )
        ],
        id="base-service-in-a-new-route",
    ),
]


@pytest.mark.parametrize(("defect", "expected"), DESTINATIONS)
def test_destinations(defect: Callable[[], list[str]], expected: list[str]) -> None:
    assert defect() == expected
