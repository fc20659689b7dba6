"""P1: what output changes of the base, or adds to it, one defect at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sandlane.k8s.resource import Manifest
from sandlane.specs.model import Routes
from tests.proof.test_proof import (
    CART_VS,
    CLAIMS,
    DEV1,
    DEV2,
    ENVIRONMENT,
    LEDGER_VS,
    RULE,
    VS,
    Edit,
    add,
    base_files,
    carried,
    correct,
    default,
    default_port,
    drop,
    full,
    gone,
    in_full,
    marked,
    p1,
    p4,
    p7,
    p9,
    put,
    said,
)

ERASURE = [
    pytest.param(
        lambda: said(put(VS, ("metadata", "finalizers"), ["x"])),
        [p1(VS, "VirtualService/shop/checkout", "'metadata.finalizers' is not the base's")],
        id="finalizer-added",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 0, "match"), [{"uri": {"prefix": "/slow"}, "port": 80}])),
        [
            p1(
                VS,
                "VirtualService/shop/checkout",
                "entry 1 stands before the base's 'slow' and does not demand one claimed tenantID in every match",
            )
        ],
        id="carrier-missing",
    ),
    pytest.param(
        lambda: said(drop(VS, ("spec", "http", 5, "match"))),
        [
            p1(
                VS,
                "VirtualService/shop/checkout",
                "entry 6 stands before the base's 'default' and does not demand one claimed tenantID in every match",
            )
        ],
        id="no-match",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "match"), lambda match: [*match, {"uri": {"exact": "/x"}}])),
        [
            p1(
                VS,
                "VirtualService/shop/checkout",
                "entry 6 stands before the base's 'default' and does not demand one claimed tenantID in every match",
            )
        ],
        id="one-match-without-carrier",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "match"), [*carried("dev1"), *carried("t2")])),
        [
            p1(
                VS,
                "VirtualService/shop/checkout",
                "entry 6 stands before the base's 'default' and does not demand one claimed tenantID in every match",
            )
        ],
        id="two-tenants-in-one-entry",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "match"), carried("dev9"))),
        [
            p1(
                VS,
                "VirtualService/shop/checkout",
                "entry 6 stands before the base's 'default' and does not demand one claimed tenantID in every match",
            )
        ],
        id="unclaimed-tenant",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "match", 1, "headers", "baggage", "regex"), ".*tenantID=dev1.*")),
        [
            p1(
                VS,
                "VirtualService/shop/checkout",
                "entry 6 stands before the base's 'default' and does not demand one claimed tenantID in every match",
            )
        ],
        id="loose-baggage-expression",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "match", 0, "headers", "tenantid"), {"prefix": "dev1"})),
        [
            p1(
                VS,
                "VirtualService/shop/checkout",
                "entry 6 stands before the base's 'default' and does not demand one claimed tenantID in every match",
            )
        ],
        id="prefix-instead-of-exact",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http"), lambda http: [*http, default("dev1", "dev1")])),
        [p1(VS, "VirtualService/shop/checkout", "entry 10 stands behind the base's last entry")],
        id="behind-the-last",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 0, "match"), carried("dev1", uri={"prefix": "/slow"}))),
        [
            p1(
                VS,
                "VirtualService/shop/checkout",
                "entry 1 applies on ports or to clients for which the base's 'slow' does not",
            )
        ],
        id="on-every-port",
    ),
    pytest.param(
        lambda: said(
            put(VS, ("spec", "http", 0, "match"), carried("dev1", uri={"prefix": "/slow"}, port=80, gateways=["mesh"])),
            put(VS, ("spec", "http", 3, "match", 0, "sourceLabels"), {"app": "web"}),
            base=(
                put(
                    "base/shop/virtualservice-checkout.yaml",
                    ("spec", "http", 0, "match", 0, "sourceLabels"),
                    {"app": "web"},
                ),
            ),
        ),
        [
            p1(
                VS,
                "VirtualService/shop/checkout",
                f"entry {number} applies on ports or to clients for which the base's 'slow' does not",
            )
            for number in (1, 2, 3)
        ],
        id="gateways-of-a-match-hide-its-clients",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 3, "timeout"), "10s")),
        [p1(VS, "VirtualService/shop/checkout", "the base's 'slow' is missing, changed or out of order")],
        id="base-entry-changed",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 3, "match", 0, "port"), 80.0)),
        [p1(VS, "VirtualService/shop/checkout", "the base's 'slow' is missing, changed or out of order")],
        id="base-entry-of-another-type",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http"), lambda http: http[:8])),
        [p1(VS, "VirtualService/shop/checkout", "the base's 'default' is missing, changed or out of order")],
        id="base-entry-lost",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http"), lambda http: [*http[:3], http[4], http[3], *http[5:]])),
        [
            p1(VS, "VirtualService/shop/checkout", "the base's entry 2 is missing, changed or out of order"),
            p1(
                VS,
                "VirtualService/shop/checkout",
                "entry 4 applies on ports or to clients for which the base's 'slow' does not",
            ),
            p4(VS, "entry 4 of 'dev1' sends nowhere", "VirtualService/shop/checkout"),
        ],
        id="base-entries-swapped",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http"), lambda http: [*http[:4], *http[5:]])),
        [p1(VS, "VirtualService/shop/checkout", "the base's entry 2 is missing, changed or out of order")],
        id="base-entry-with-a-tenants-literal-lost",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "hosts"), ["checkout", "cart"])),
        [p1(VS, "VirtualService/shop/checkout", "'spec.hosts' is not the base's")],
        id="hosts",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "gateways"), ["mesh"])),
        [p1(VS, "VirtualService/shop/checkout", "'spec.gateways' is not the base's")],
        id="gateways",
    ),
    pytest.param(
        lambda: said(drop(VS, ("spec", "tcp"))),
        [p1(VS, "VirtualService/shop/checkout", "'spec.tcp' is not the base's")],
        id="tcp-lost",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "exportTo"), ["."])),
        [p1(VS, "VirtualService/shop/checkout", "'spec.exportTo' is not the base's")],
        id="export",
    ),
    pytest.param(
        lambda: said(put(VS, ("apiVersion",), "networking.istio.io/v1beta1")),
        [p1(VS, "VirtualService/shop/checkout", "'apiVersion' is not the base's")],
        id="api-version",
    ),
    pytest.param(
        lambda: said(drop(VS, ("metadata", "labels", "team"))),
        [p1(VS, "VirtualService/shop/checkout", "label 'team' is not the base's")],
        id="label-lost",
    ),
    pytest.param(
        lambda: said(put(VS, ("metadata", "labels", "team"), "all")),
        [p1(VS, "VirtualService/shop/checkout", "label 'team' is not the base's")],
        id="label-changed",
    ),
    pytest.param(
        lambda: said(put(VS, ("metadata", "labels", "tenantID"), "dev1")),
        [p1(VS, "VirtualService/shop/checkout", "label 'tenantID' is not the base's")],
        id="label-added",
    ),
    pytest.param(
        lambda: said(drop(VS, ("metadata", "annotations"))),
        [p1(VS, "VirtualService/shop/checkout", "annotation 'note' is not the base's")],
        id="annotation-lost",
    ),
    pytest.param(
        lambda: said(put(VS, ("metadata", "annotations", "argocd.argoproj.io/tracking-id"), "other")),
        [p1(VS, "VirtualService/shop/checkout", "annotation 'argocd.argoproj.io/tracking-id' is not the base's")],
        id="owner-changed",
    ),
    pytest.param(
        lambda: said(put(VS, ("metadata", "uid"), "1")),
        [p1(VS, "VirtualService/shop/checkout", "'metadata.uid' is not the base's")],
        id="server-field-changed",
    ),
    pytest.param(
        lambda: said(put(VS, ("status",), {})),
        [p1(VS, "VirtualService/shop/checkout", "'status' is not the base's")],
        id="status-added",
    ),
    pytest.param(
        lambda: said(
            put(VS, ("spec", "http"), [default("dev1", "dev1")]),
            base=(drop("base/shop/virtualservice-checkout.yaml", ("spec", "http")),),
        ),
        [
            p1(VS, "VirtualService/shop/checkout", "port 80 of 'Service/shop/checkout' has no default"),
            p1(VS, "VirtualService/shop/checkout", "entry 1 names no port"),
        ],
        id="http-where-the-base-has-none",
    ),
    pytest.param(
        lambda: said(gone(VS), add(f"{DEV1}virtualservice-checkout.yaml", correct()[VS])),
        [
            p1(
                f"{DEV1}virtualservice-checkout.yaml",
                "VirtualService/shop/checkout",
                "is an object of the base, which the output must not write here",
            )
        ],
        id="in-a-sandbox",
    ),
    pytest.param(
        lambda: said(claims=replace(CLAIMS, environment=replace(ENVIRONMENT, routes=Routes(adopt=())))),
        [p1(VS, "VirtualService/shop/checkout", "is an object of the base that the environment does not adopt")],
        id="not-adopted",
    ),
    pytest.param(
        lambda: said(gone(VS)),
        [
            p1(
                "base/shop/virtualservice-checkout.yaml",
                "VirtualService/shop/checkout",
                "is adopted and not in the output",
            )
        ],
        id="adopted-and-missing",
    ),
    pytest.param(
        lambda: said(add("shared/shop/service-billing.yaml", base_files()["base/shop/service-billing.yaml"])),
        [
            p1(
                "shared/shop/service-billing.yaml",
                "Service/shop/billing",
                "is an object of the base, which the output must not write here",
            )
        ],
        id="other-base-object",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-cart-dev1.yaml", ("metadata", "name"), "billing")),
        [
            p4(
                "sandboxes/dev1.yaml",
                "'dev1' claims 'Deployment/shop/cart', and the output has no clone of 'Service/shop/cart'",
            ),
            p1(
                f"{DEV1}service-cart-dev1.yaml",
                "Service/shop/billing",
                "is an object of the base, which the output must not write here",
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
        id="base-name-taken-by-a-clone",
    ),
    pytest.param(
        lambda: said(full, put("base/shop/service-billing.yaml", ("spec", "ports", 0, "port"), 81), claims=in_full()),
        [p1("base/shop/service-billing.yaml", "Service/shop/billing", "'spec' is not the base's")],
        id="full-and-changed",
    ),
    pytest.param(
        lambda: said(full, gone("base/shop/service-billing.yaml"), claims=in_full()),
        [
            p1(
                "base/shop/service-billing.yaml",
                "Service/shop/billing",
                "is not in the output, which holds the whole base",
            )
        ],
        id="full-and-missing",
    ),
    pytest.param(
        lambda: said(
            full, add("base/shop/secret-key.yaml", base_files()["base/shop/secret-key.yaml"]), claims=in_full()
        ),
        [p1("base/shop/secret-key.yaml", "Secret/shop/key", "is a Secret")],
        id="full-with-a-secret",
    ),
    pytest.param(
        lambda: said(gone(VS), add("base/shop/virtualservice-checkout.yaml", correct()[VS]), full, claims=in_full()),
        [p1("base/shop/virtualservice-checkout.yaml", "VirtualService/shop/checkout", "'spec' is not the base's")],
        id="full-with-routes-in-base",
    ),
]

ADDITIONS = [
    pytest.param(
        lambda: said(
            add(
                f"{DEV1}gateway.yaml",
                {
                    "apiVersion": "networking.istio.io/v1",
                    "kind": "Gateway",
                    "metadata": marked("dev1", "dev1", "g", "checkout"),
                    "spec": {},
                },
            )
        ),
        [p1(f"{DEV1}gateway.yaml", "Gateway/shop/g", "no Gateway that the base has not may lie in 'sandboxes/dev1'")],
        id="gateway",
    ),
    pytest.param(
        lambda: said(
            add(
                "shared/shop/envoyfilter.yaml",
                {
                    "apiVersion": "networking.istio.io/v1",
                    "kind": "EnvoyFilter",
                    "metadata": marked("dev1", "dev1", "g", "checkout"),
                    "spec": {},
                },
            )
        ),
        [
            p1(
                "shared/shop/envoyfilter.yaml",
                "EnvoyFilter/shop/g",
                "no EnvoyFilter that the base has not may lie in 'shared'",
            )
        ],
        id="envoy-filter",
    ),
    pytest.param(
        lambda: said(
            add(
                f"{DEV1}sidecar.yaml",
                {
                    "apiVersion": "networking.istio.io/v1",
                    "kind": "Sidecar",
                    "metadata": marked("dev1", "dev1", "g", "checkout"),
                    "spec": {},
                },
            )
        ),
        [p1(f"{DEV1}sidecar.yaml", "Sidecar/shop/g", "neither binds one clone of its sandbox nor names a copy")],
        id="sidecar",
    ),
    pytest.param(
        lambda: said(
            add(
                f"{DEV1}service.yaml",
                {
                    "apiVersion": "networking.istio.io/v1",
                    "kind": "Service",
                    "metadata": marked("dev1", "dev1", "g", "checkout"),
                    "spec": {},
                },
            )
        ),
        [p1(f"{DEV1}service.yaml", "Service/shop/g", "no Service that the base has not may lie in 'sandboxes/dev1'")],
        id="same-kind-of-another-group",
    ),
    pytest.param(
        lambda: said(
            add(
                f"{DEV1}secret.yaml",
                {"apiVersion": "v1", "kind": "Secret", "metadata": marked("dev1", "dev1", "x", "x")},
            )
        ),
        [
            p1(
                f"{DEV1}secret.yaml",
                "Secret/shop/x",
                "no Secret that the base has not may lie in 'sandboxes/dev1'",
            )
        ],
        id="secret",
    ),
    pytest.param(
        lambda: said(
            gone(f"{DEV1}deployment-cart-dev1.yaml"),
            add("shared/shop/deployment-cart-dev1.yaml", correct()[f"{DEV1}deployment-cart-dev1.yaml"]),
        ),
        [
            p7(f"{DEV1}service-cart-dev1.yaml", "'Service/shop/cart-dev1' selects pods of 'Deployment/shop/cart-dev1'"),
            p1(
                "shared/shop/deployment-cart-dev1.yaml",
                "Deployment/shop/cart-dev1",
                "no Deployment that the base has not may lie in 'shared'",
            ),
        ],
        id="deployment-in-shared",
    ),
    pytest.param(
        lambda: said(gone(LEDGER_VS), add(f"{DEV2}virtualservice-ledger.yaml", correct()[LEDGER_VS])),
        [
            p1(
                f"{DEV2}virtualservice-ledger.yaml",
                "VirtualService/shop/ledger-sandlane",
                "no VirtualService that the base has not may lie in 'sandboxes/dev2'",
            )
        ],
        id="virtual-service-in-a-sandbox",
    ),
    pytest.param(
        lambda: said(gone(RULE), add("base/shop/destinationrule-checkout-dev1.yaml", correct()[RULE])),
        [
            p1(
                "base/shop/destinationrule-checkout-dev1.yaml",
                "DestinationRule/shop/checkout-dev1",
                "no DestinationRule that the base has not may lie in 'base'",
            )
        ],
        id="new-in-base",
    ),
    pytest.param(
        lambda: said(gone(RULE), add("sandboxes/dev9/shop/destinationrule-checkout-dev1.yaml", correct()[RULE])),
        [
            p1(
                "sandboxes/dev9/shop/destinationrule-checkout-dev1.yaml",
                "DestinationRule/shop/checkout-dev1",
                "lies in 'sandboxes/dev9', which is no active sandbox's",
            )
        ],
        id="nobodys-directory",
    ),
    pytest.param(
        lambda: said(gone(RULE), add(f"{DEV2}destinationrule-checkout-dev1.yaml", correct()[RULE])),
        [
            p1(
                f"{DEV2}destinationrule-checkout-dev1.yaml",
                "DestinationRule/shop/checkout-dev1",
                "label 'sandlane.dev/sandbox' is 'dev1', expected 'dev2'",
            ),
            p1(
                f"{DEV2}destinationrule-checkout-dev1.yaml",
                "DestinationRule/shop/checkout-dev1",
                "label 'sandlane.dev/tenant' is 'dev1', expected 't2'",
            ),
            p1(
                f"{DEV2}destinationrule-checkout-dev1.yaml",
                "DestinationRule/shop/checkout-dev1",
                "label 'tenantID' is 'dev1', expected 't2'",
            ),
            p9(
                f"{DEV2}destinationrule-checkout-dev1.yaml",
                "'DestinationRule/shop/checkout-dev1' of 'sandboxes/dev2' is for 'Service/shop/checkout-dev1', "
                "which lies in 'sandboxes/dev1'",
            ),
        ],
        id="another-sandboxs-directory",
    ),
    pytest.param(
        lambda: said(drop(RULE, ("metadata", "labels", "tenantID"))),
        [p1(RULE, "DestinationRule/shop/checkout-dev1", "label 'tenantID' is missing, expected 'dev1'")],
        id="tenant-label-missing",
    ),
    pytest.param(
        lambda: said(put(RULE, ("spec", "host"), "cart.shop.svc.cluster.local")),
        [
            p1(
                RULE,
                "DestinationRule/shop/checkout-dev1",
                "host 'cart.shop.svc.cluster.local' applies to 'Service/shop/cart' of the base",
            )
        ],
        id="rule-for-a-base-service",
    ),
    pytest.param(
        lambda: said(put(RULE, ("spec", "host"), "billing")),
        [
            p1(
                RULE,
                "DestinationRule/shop/checkout-dev1",
                "host 'billing' applies to 'Service/shop/billing' of the base",
            )
        ],
        id="rule-for-a-base-service-by-short-name",
    ),
    pytest.param(
        lambda: said(put(RULE, ("spec", "host"), "*.shop.svc.cluster.local")),
        [
            p1(
                RULE,
                "DestinationRule/shop/checkout-dev1",
                "host '*.shop.svc.cluster.local' applies to 'Service/shop/billing' of the base",
            )
        ],
        id="rule-for-every-host",
    ),
    pytest.param(
        lambda: said(put(RULE, ("spec", "host"), "api.example.com")),
        [p1(RULE, "DestinationRule/shop/checkout-dev1", "host 'api.example.com' is no Service that the output adds")],
        id="rule-for-an-outside-host",
    ),
    pytest.param(
        lambda: said(put(RULE, ("spec", "host"), "checkout-dev1.shop")),
        [
            p1(
                RULE,
                "DestinationRule/shop/checkout-dev1",
                "host 'checkout-dev1.shop' is no Service that the output adds",
            )
        ],
        id="rule-for-a-literal-host",
    ),
    pytest.param(
        lambda: said(drop(RULE, ("spec", "host"))),
        [p1(RULE, "DestinationRule/shop/checkout-dev1", "host '' is no Service that the output adds")],
        id="rule-for-nothing",
    ),
    pytest.param(
        lambda: said(
            base=(
                rival(
                    "shop",
                    {
                        "hosts": ["x.example.com"],
                        "http": [{"route": [{"destination": {"host": "cart-dev1"}}]}],
                    },
                ),
            )
        ),
        [
            p1(
                f"{DEV1}service-cart-dev1.yaml",
                "Service/shop/cart-dev1",
                "'VirtualService/shop/x' of the base names it, and would reach it",
            )
        ],
        id="service-that-a-base-route-names",
    ),
    pytest.param(
        lambda: said(
            base=(
                add(
                    "x",
                    {
                        "apiVersion": "networking.istio.io/v1",
                        "kind": "DestinationRule",
                        "metadata": {"name": "x", "namespace": "other"},
                        "spec": {"host": "cart-dev1.shop.svc.cluster.local"},
                    },
                ),
            )
        ),
        [
            p1(
                f"{DEV1}service-cart-dev1.yaml",
                "Service/shop/cart-dev1",
                "'DestinationRule/other/x' of the base names it, and would reach it",
            )
        ],
        id="service-that-a-base-policy-names",
    ),
    pytest.param(
        lambda: said(add(f"{DEV2}destinationrule-checkout-dev1.yaml", correct()[RULE])),
        [
            p1(
                f"{DEV2}destinationrule-checkout-dev1.yaml",
                "DestinationRule/shop/checkout-dev1",
                "stands twice in the output, first in sandboxes/dev1/shop/destinationrule-checkout-dev1.yaml",
            ),
            p1(
                f"{DEV2}destinationrule-checkout-dev1.yaml",
                "DestinationRule/shop/checkout-dev1",
                "label 'sandlane.dev/sandbox' is 'dev1', expected 'dev2'",
            ),
            p1(
                f"{DEV2}destinationrule-checkout-dev1.yaml",
                "DestinationRule/shop/checkout-dev1",
                "label 'sandlane.dev/tenant' is 'dev1', expected 't2'",
            ),
            p1(
                f"{DEV2}destinationrule-checkout-dev1.yaml",
                "DestinationRule/shop/checkout-dev1",
                "label 'tenantID' is 'dev1', expected 't2'",
            ),
            p9(
                f"{DEV2}destinationrule-checkout-dev1.yaml",
                "'DestinationRule/shop/checkout-dev1' of 'sandboxes/dev2' is for 'Service/shop/checkout-dev1', "
                "which lies in 'sandboxes/dev1'",
            ),
        ],
        id="twice",
    ),
]


def rival(namespace: str, spec: Manifest) -> Edit:
    """Adds a VirtualService 'x' to the base."""
    metadata = {"name": "x", "namespace": namespace}
    return add(
        "x", {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata, "spec": spec}
    )


DEFAULTS = [
    pytest.param(
        lambda: said(
            put(VS, ("spec", "hosts"), ["checkout", "cart"]),
            base=(put("base/shop/virtualservice-checkout.yaml", ("spec", "hosts"), ["checkout", "cart"]),),
        ),
        [
            p1(
                CART_VS,
                "VirtualService/shop/cart-sandlane",
                "'Service/shop/cart' is served by 'VirtualService/shop/checkout'",
            )
        ],
        id="served-exactly",
    ),
    pytest.param(
        lambda: said(
            base=(
                rival(
                    "other",
                    {
                        "hosts": ["cart.shop.svc.cluster.local"],
                        "gateways": ["public", "mesh"],
                        "http": [{"match": [{"gateways": ["mesh"]}]}],
                    },
                ),
            )
        ),
        [p1(CART_VS, "VirtualService/shop/cart-sandlane", "'Service/shop/cart' is served by 'VirtualService/other/x'")],
        id="served-in-the-mesh-by-a-match",
    ),
    pytest.param(
        lambda: said(base=(rival("shop", {"hosts": ["Cart"]}),)),
        [p1(CART_VS, "VirtualService/shop/cart-sandlane", "'Service/shop/cart' is served by 'VirtualService/shop/x'")],
        id="served-in-capital-letters",
    ),
    pytest.param(
        lambda: said(base=(rival("other", {"hosts": ["*.svc.cluster.local"]}),)),
        [
            p1(
                CART_VS,
                "VirtualService/shop/cart-sandlane",
                "'Service/shop/cart' is served by 'VirtualService/other/x'",
            ),
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "'Service/shop/ledger' is served by 'VirtualService/other/x'",
            ),
        ],
        id="served-by-a-wildcard",
    ),
    pytest.param(
        lambda: said(
            base=(
                add(
                    "x",
                    {
                        "apiVersion": "gateway.networking.k8s.io/v1",
                        "kind": "HTTPRoute",
                        "metadata": {"name": "x", "namespace": "shop"},
                        "spec": {"parentRefs": [{"kind": "Service", "group": "", "name": "ledger"}]},
                    },
                ),
            )
        ),
        [p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "'Service/shop/ledger' is served by 'HTTPRoute/shop/x'")],
        id="served-by-an-http-route",
    ),
    pytest.param(
        lambda: said(
            add(
                "shared/shop/virtualservice-ledger-again.yaml",
                {**correct()[LEDGER_VS], "metadata": {"name": "ledger-again", "namespace": "shop"}},
            )
        ),
        [
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "'Service/shop/ledger' is served by 'VirtualService/shop/ledger-again'",
            )
        ],
        id="served-twice",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "hosts"), ["ledger"])),
        [
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "hosts are not the full name of one Service of the base in its own namespace",
            )
        ],
        id="short-host",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "hosts"), lambda hosts: [*hosts, "billing.shop.svc.cluster.local"])),
        [
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "hosts are not the full name of one Service of the base in its own namespace",
            )
        ],
        id="two-hosts",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "hosts"), ["ledger-t2.shop.svc.cluster.local"])),
        [
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "hosts are not the full name of one Service of the base in its own namespace",
            ),
            p4(
                LEDGER_VS,
                "entry 1 of 't2' sends to 'Service/shop/ledger-t2', the clone of 'Service/shop/ledger', not of the base's destination",
                "VirtualService/shop/ledger-sandlane",
            ),
        ],
        id="host-of-a-clone",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("metadata", "namespace"), "other")),
        [
            p1(
                LEDGER_VS,
                "VirtualService/other/ledger-sandlane",
                "hosts are not the full name of one Service of the base in its own namespace",
            )
        ],
        id="another-namespace",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "gateways"), ["mesh", "public"])),
        [p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "'spec.gateways' is wider than the mesh")],
        id="gateway",
    ),
    pytest.param(
        lambda: said(drop(CART_VS, ("spec", "exportTo"))),
        [p1(CART_VS, "VirtualService/shop/cart-sandlane", "'spec.exportTo' is not that of 'Service/shop/cart'")],
        id="wider",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "exportTo"), ["."])),
        [p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "'spec.exportTo' is not that of 'Service/shop/ledger'")],
        id="narrower",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "tcp"), [])),
        [p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "'spec.tcp' is none of a default route's")],
        id="tcp",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http"), lambda http: http[:5])),
        [p1(CART_VS, "VirtualService/shop/cart-sandlane", "port 8081 of 'Service/shop/cart' has no default")],
        id="default-missing",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http"), lambda http: [*http, http[5]])),
        [p1(CART_VS, "VirtualService/shop/cart-sandlane", "entry 7 is a second default of port 8081")],
        id="default-twice",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "route", 0, "destination", "host"), "billing")),
        [
            p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "port 90 of 'Service/shop/ledger' has no default"),
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "entry 2 is neither a tenant's nor the default of an HTTP port",
            ),
        ],
        id="default-elsewhere",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "route", 0, "destination", "host"), "ledger-t2")),
        [
            p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "port 90 of 'Service/shop/ledger' has no default"),
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "entry 2 is neither a tenant's nor the default of an HTTP port",
            ),
        ],
        id="default-to-a-clone",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http", 2, "route", 0, "destination", "port", "number"), 8081)),
        [
            p1(CART_VS, "VirtualService/shop/cart-sandlane", "port 80 of 'Service/shop/cart' has no default"),
            p1(
                CART_VS,
                "VirtualService/shop/cart-sandlane",
                "entry 3 is neither a tenant's nor the default of an HTTP port",
            ),
        ],
        id="default-to-another-port",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "timeout"), "1s")),
        [
            p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "port 90 of 'Service/shop/ledger' has no default"),
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "entry 2 is neither a tenant's nor the default of an HTTP port",
            ),
        ],
        id="default-with-a-timeout",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "match"), [{"uri": {"prefix": "/"}}])),
        [
            p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "port 90 of 'Service/shop/ledger' has no default"),
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "entry 2 is neither a tenant's nor the default of an HTTP port",
            ),
        ],
        id="default-with-a-condition",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "match"), [{"port": 91}])),
        [
            p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "port 90 of 'Service/shop/ledger' has no default"),
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "entry 2 is neither a tenant's nor the default of an HTTP port",
            ),
        ],
        id="default-with-another-port",
    ),
    pytest.param(
        lambda: said(drop(CART_VS, ("spec", "http", 2, "match"))),
        [
            p1(CART_VS, "VirtualService/shop/cart-sandlane", "port 80 of 'Service/shop/cart' has no default"),
            p1(
                CART_VS,
                "VirtualService/shop/cart-sandlane",
                "entry 3 is neither a tenant's nor the default of an HTTP port",
            ),
        ],
        id="default-without-its-port",
    ),
    pytest.param(
        lambda: said(drop(LEDGER_VS, ("spec", "http", 1, "name"))),
        [
            p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "port 90 of 'Service/shop/ledger' has no default"),
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "entry 2 is neither a tenant's nor the default of an HTTP port",
            ),
        ],
        id="default-unnamed",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http"), lambda http: [*http, default_port("cart", 6379, port=6379)])),
        [
            p1(
                CART_VS,
                "VirtualService/shop/cart-sandlane",
                "entry 7 is neither a tenant's nor the default of an HTTP port",
            )
        ],
        id="default-of-a-tcp-port",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "route"), lambda route: [*route, *route])),
        [
            p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "port 90 of 'Service/shop/ledger' has no default"),
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "entry 2 is neither a tenant's nor the default of an HTTP port",
            ),
        ],
        id="split",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http", 0, "match"), [{"port": 80}])),
        [
            p1(
                CART_VS,
                "VirtualService/shop/cart-sandlane",
                "entry 1 is neither a tenant's nor the default of an HTTP port",
            )
        ],
        id="tenant-without-carrier",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http"), lambda http: http[::-1])),
        [p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "entry 2 stands behind the default of port 90")],
        id="tenant-behind-the-default",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http", 3, "match"), carried("dev1"))),
        [p1(CART_VS, "VirtualService/shop/cart-sandlane", "entry 4 names no port")],
        id="tenant-on-every-port-behind-one-default",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http", 0, "match"), carried("dev1", port=6379))),
        [p1(CART_VS, "VirtualService/shop/cart-sandlane", "entry 1 applies on a port that carries no HTTP")],
        id="tenant-on-a-tcp-port",
    ),
    pytest.param(
        lambda: said(
            put(CART_VS, ("spec", "http", 0, "match"), carried("dev1", port=80, sourceLabels={"app": "probe"}))
        ),
        [p1(CART_VS, "VirtualService/shop/cart-sandlane", "entry 1 is for some clients only")],
        id="tenant-for-some-clients",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV2}service-ledger-t2.yaml", ("spec", "ports"), [{"name": "tcp", "port": 90}]),
            base=(put("base/shop/service-ledger.yaml", ("spec", "ports"), [{"name": "tcp", "port": 90}]),),
        ),
        [
            p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "entry 1 applies on a port that carries no HTTP"),
            p1(
                LEDGER_VS,
                "VirtualService/shop/ledger-sandlane",
                "entry 2 is neither a tenant's nor the default of an HTTP port",
            ),
        ],
        id="no-http-port",
    ),
    pytest.param(
        lambda: said(drop(LEDGER_VS, ("spec", "http"))),
        [p1(LEDGER_VS, "VirtualService/shop/ledger-sandlane", "port 90 of 'Service/shop/ledger' has no default")],
        id="empty",
    ),
]


@pytest.mark.parametrize(("defect", "expected"), ERASURE)
def test_erasure(defect: Callable[[], list[str]], expected: list[str]) -> None:
    assert defect() == expected


@pytest.mark.parametrize(("defect", "expected"), ADDITIONS)
def test_additions(defect: Callable[[], list[str]], expected: list[str]) -> None:
    assert defect() == expected


@pytest.mark.parametrize(("defect", "expected"), DEFAULTS)
def test_defaults(defect: Callable[[], list[str]], expected: list[str]) -> None:
    assert defect() == expected
