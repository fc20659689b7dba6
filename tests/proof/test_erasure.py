"""P1: what output changes of the base, or adds to it, one defect at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sandlane.k8s.resource import Manifest
from sandlane.specs.model import Routes
from tests.proof.recorded import assert_recorded
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
    put,
    said,
)

ERASURE = [
    pytest.param(
        lambda: said(put(VS, ("metadata", "finalizers"), ["x"])),
        id="finalizer-added",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 0, "match"), [{"uri": {"prefix": "/slow"}, "port": 80}])),
        id="carrier-missing",
    ),
    pytest.param(
        lambda: said(drop(VS, ("spec", "http", 5, "match"))),
        id="no-match",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "match"), lambda match: [*match, {"uri": {"exact": "/x"}}])),
        id="one-match-without-carrier",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "match"), [*carried("dev1"), *carried("t2")])),
        id="two-tenants-in-one-entry",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "match"), carried("dev9"))),
        id="unclaimed-tenant",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "match", 1, "headers", "baggage", "regex"), ".*tenantID=dev1.*")),
        id="loose-baggage-expression",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 5, "match", 0, "headers", "tenantid"), {"prefix": "dev1"})),
        id="prefix-instead-of-exact",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http"), lambda http: [*http, default("dev1", "dev1")])),
        id="behind-the-last",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 0, "match"), carried("dev1", uri={"prefix": "/slow"}))),
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
        id="gateways-of-a-match-hide-its-clients",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 3, "timeout"), "10s")),
        id="base-entry-changed",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http", 3, "match", 0, "port"), 80.0)),
        id="base-entry-of-another-type",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http"), lambda http: http[:8])),
        id="base-entry-lost",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http"), lambda http: [*http[:3], http[4], http[3], *http[5:]])),
        id="base-entries-swapped",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "http"), lambda http: [*http[:4], *http[5:]])),
        id="base-entry-with-a-tenants-literal-lost",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "hosts"), ["checkout", "cart"])),
        id="hosts",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "gateways"), ["mesh"])),
        id="gateways",
    ),
    pytest.param(
        lambda: said(drop(VS, ("spec", "tcp"))),
        id="tcp-lost",
    ),
    pytest.param(
        lambda: said(put(VS, ("spec", "exportTo"), ["."])),
        id="export",
    ),
    pytest.param(
        lambda: said(put(VS, ("apiVersion",), "networking.istio.io/v1beta1")),
        id="api-version",
    ),
    pytest.param(
        lambda: said(drop(VS, ("metadata", "labels", "team"))),
        id="label-lost",
    ),
    pytest.param(
        lambda: said(put(VS, ("metadata", "labels", "team"), "all")),
        id="label-changed",
    ),
    pytest.param(
        lambda: said(put(VS, ("metadata", "labels", "tenantID"), "dev1")),
        id="label-added",
    ),
    pytest.param(
        lambda: said(drop(VS, ("metadata", "annotations"))),
        id="annotation-lost",
    ),
    pytest.param(
        lambda: said(put(VS, ("metadata", "annotations", "argocd.argoproj.io/tracking-id"), "other")),
        id="owner-changed",
    ),
    pytest.param(
        lambda: said(put(VS, ("metadata", "uid"), "1")),
        id="server-field-changed",
    ),
    pytest.param(
        lambda: said(put(VS, ("status",), {})),
        id="status-added",
    ),
    pytest.param(
        lambda: said(
            put(VS, ("spec", "http"), [default("dev1", "dev1")]),
            base=(drop("base/shop/virtualservice-checkout.yaml", ("spec", "http")),),
        ),
        id="http-where-the-base-has-none",
    ),
    pytest.param(
        lambda: said(gone(VS), add(f"{DEV1}virtualservice-checkout.yaml", correct()[VS])),
        id="in-a-sandbox",
    ),
    pytest.param(
        lambda: said(claims=replace(CLAIMS, environment=replace(ENVIRONMENT, routes=Routes(adopt=())))),
        id="not-adopted",
    ),
    pytest.param(
        lambda: said(gone(VS)),
        id="adopted-and-missing",
    ),
    pytest.param(
        lambda: said(add("shared/shop/service-billing.yaml", base_files()["base/shop/service-billing.yaml"])),
        id="other-base-object",
    ),
    pytest.param(
        lambda: said(put(f"{DEV1}service-cart-dev1.yaml", ("metadata", "name"), "billing")),
        id="base-name-taken-by-a-clone",
    ),
    pytest.param(
        lambda: said(full, put("base/shop/service-billing.yaml", ("spec", "ports", 0, "port"), 81), claims=in_full()),
        id="full-and-changed",
    ),
    pytest.param(
        lambda: said(full, gone("base/shop/service-billing.yaml"), claims=in_full()),
        id="full-and-missing",
    ),
    pytest.param(
        lambda: said(
            full, add("base/shop/secret-key.yaml", base_files()["base/shop/secret-key.yaml"]), claims=in_full()
        ),
        id="full-with-a-secret",
    ),
    pytest.param(
        lambda: said(gone(VS), add("base/shop/virtualservice-checkout.yaml", correct()[VS]), full, claims=in_full()),
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
        id="same-kind-of-another-group",
    ),
    pytest.param(
        lambda: said(
            add(
                f"{DEV1}secret.yaml",
                {"apiVersion": "v1", "kind": "Secret", "metadata": marked("dev1", "dev1", "x", "x")},
            )
        ),
        id="secret",
    ),
    pytest.param(
        lambda: said(
            gone(f"{DEV1}deployment-cart-dev1.yaml"),
            add("shared/shop/deployment-cart-dev1.yaml", correct()[f"{DEV1}deployment-cart-dev1.yaml"]),
        ),
        id="deployment-in-shared",
    ),
    pytest.param(
        lambda: said(gone(LEDGER_VS), add(f"{DEV2}virtualservice-ledger.yaml", correct()[LEDGER_VS])),
        id="virtual-service-in-a-sandbox",
    ),
    pytest.param(
        lambda: said(gone(RULE), add("base/shop/destinationrule-checkout-dev1.yaml", correct()[RULE])),
        id="new-in-base",
    ),
    pytest.param(
        lambda: said(gone(RULE), add("sandboxes/dev9/shop/destinationrule-checkout-dev1.yaml", correct()[RULE])),
        id="nobodys-directory",
    ),
    pytest.param(
        lambda: said(gone(RULE), add(f"{DEV2}destinationrule-checkout-dev1.yaml", correct()[RULE])),
        id="another-sandboxs-directory",
    ),
    pytest.param(
        lambda: said(drop(RULE, ("metadata", "labels", "tenantID"))),
        id="tenant-label-missing",
    ),
    pytest.param(
        lambda: said(put(RULE, ("spec", "host"), "cart.shop.svc.cluster.local")),
        id="rule-for-a-base-service",
    ),
    pytest.param(
        lambda: said(put(RULE, ("spec", "host"), "billing")),
        id="rule-for-a-base-service-by-short-name",
    ),
    pytest.param(
        lambda: said(put(RULE, ("spec", "host"), "*.shop.svc.cluster.local")),
        id="rule-for-every-host",
    ),
    pytest.param(
        lambda: said(put(RULE, ("spec", "host"), "api.example.com")),
        id="rule-for-an-outside-host",
    ),
    pytest.param(
        lambda: said(put(RULE, ("spec", "host"), "checkout-dev1.shop")),
        id="rule-for-a-literal-host",
    ),
    pytest.param(
        lambda: said(drop(RULE, ("spec", "host"))),
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
        id="service-that-a-base-policy-names",
    ),
    pytest.param(
        lambda: said(add(f"{DEV2}destinationrule-checkout-dev1.yaml", correct()[RULE])),
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
        id="served-in-the-mesh-by-a-match",
    ),
    pytest.param(
        lambda: said(base=(rival("shop", {"hosts": ["Cart"]}),)),
        id="served-in-capital-letters",
    ),
    pytest.param(
        lambda: said(base=(rival("other", {"hosts": ["*.svc.cluster.local"]}),)),
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
        id="served-by-an-http-route",
    ),
    pytest.param(
        lambda: said(
            add(
                "shared/shop/virtualservice-ledger-again.yaml",
                {**correct()[LEDGER_VS], "metadata": {"name": "ledger-again", "namespace": "shop"}},
            )
        ),
        id="served-twice",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "hosts"), ["ledger"])),
        id="short-host",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "hosts"), lambda hosts: [*hosts, "billing.shop.svc.cluster.local"])),
        id="two-hosts",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "hosts"), ["ledger-t2.shop.svc.cluster.local"])),
        id="host-of-a-clone",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("metadata", "namespace"), "other")),
        id="another-namespace",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "gateways"), ["mesh", "public"])),
        id="gateway",
    ),
    pytest.param(
        lambda: said(drop(CART_VS, ("spec", "exportTo"))),
        id="wider",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "exportTo"), ["."])),
        id="narrower",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "tcp"), [])),
        id="tcp",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http"), lambda http: http[:5])),
        id="default-missing",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http"), lambda http: [*http, http[5]])),
        id="default-twice",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "route", 0, "destination", "host"), "billing")),
        id="default-elsewhere",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "route", 0, "destination", "host"), "ledger-t2")),
        id="default-to-a-clone",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http", 2, "route", 0, "destination", "port", "number"), 8081)),
        id="default-to-another-port",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "timeout"), "1s")),
        id="default-with-a-timeout",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "match"), [{"uri": {"prefix": "/"}}])),
        id="default-with-a-condition",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "match"), [{"port": 91}])),
        id="default-with-another-port",
    ),
    pytest.param(
        lambda: said(drop(CART_VS, ("spec", "http", 2, "match"))),
        id="default-without-its-port",
    ),
    pytest.param(
        lambda: said(drop(LEDGER_VS, ("spec", "http", 1, "name"))),
        id="default-unnamed",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http"), lambda http: [*http, default_port("cart", 6379, port=6379)])),
        id="default-of-a-tcp-port",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http", 1, "route"), lambda route: [*route, *route])),
        id="split",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http", 0, "match"), [{"port": 80}])),
        id="tenant-without-carrier",
    ),
    pytest.param(
        lambda: said(put(LEDGER_VS, ("spec", "http"), lambda http: http[::-1])),
        id="tenant-behind-the-default",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http", 3, "match"), carried("dev1"))),
        id="tenant-on-every-port-behind-one-default",
    ),
    pytest.param(
        lambda: said(put(CART_VS, ("spec", "http", 0, "match"), carried("dev1", port=6379))),
        id="tenant-on-a-tcp-port",
    ),
    pytest.param(
        lambda: said(
            put(CART_VS, ("spec", "http", 0, "match"), carried("dev1", port=80, sourceLabels={"app": "probe"}))
        ),
        id="tenant-for-some-clients",
    ),
    pytest.param(
        lambda: said(
            put(f"{DEV2}service-ledger-t2.yaml", ("spec", "ports"), [{"name": "tcp", "port": 90}]),
            put(f"{DEV2}service-ledger-t2-headless.yaml", ("spec", "ports"), [{"name": "tcp", "port": 90}]),
            base=(put("base/shop/service-ledger.yaml", ("spec", "ports"), [{"name": "tcp", "port": 90}]),),
        ),
        id="no-http-port",
    ),
    pytest.param(
        lambda: said(drop(LEDGER_VS, ("spec", "http"))),
        id="empty",
    ),
]


@pytest.mark.parametrize("defect", ERASURE)
def test_erasure(defect: Callable[[], list[str]], request: pytest.FixtureRequest) -> None:
    assert_recorded(request, defect())


@pytest.mark.parametrize("defect", ADDITIONS)
def test_additions(defect: Callable[[], list[str]], request: pytest.FixtureRequest) -> None:
    assert_recorded(request, defect())


@pytest.mark.parametrize("defect", DEFAULTS)
def test_defaults(defect: Callable[[], list[str]], request: pytest.FixtureRequest) -> None:
    assert_recorded(request, defect())
