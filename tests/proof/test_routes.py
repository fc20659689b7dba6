"""Routes of the Gateway API: one defect at a time in what the renderer writes, and no alarm on what it writes for real bases."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from sandlane.meshes.registry import MESHES
from sandlane.output.layout import path_of
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid, show
from sandlane.proof import prove
from sandlane.proof.claims import Claims, claims_of
from sandlane.proof.readers import READERS
from sandlane.specs.inputs import Inputs
from tests import build
from tests.applications import application, environment, inputs_over, route_objects, sandbox, workloads_of
from tests.proof.recorded import assert_recorded
from tests.proof.test_proof import Edit, Files, Manifest, add, drop, gone, make, put, single
from tests.shared import SHARED, needs_shared

GATEWAY = "gateway.networking.k8s.io"
EVERYTHING = {"path": {"type": "PathPrefix", "value": "/"}}


def service_parent(name: str, port: int | None = None, **more: Any) -> Manifest:
    return {"group": "", "kind": "Service", "name": name, **({"port": port} if port else {}), **more}


def backend(name: str, port: int, **more: Any) -> Manifest:
    return {"name": name, "port": port, **more}


def attached(rule: Manifest, name: str = "x", kind: str = "HTTPRoute", port: int | None = 80, **more: Any) -> Manifest:
    """Returns a route that stands on the Service web."""
    parent = service_parent("web", port, **more.pop("parent", {}))
    return route(kind, name, [parent], [rule], **more)


def profile(**spec: Any) -> Manifest:
    meta = {"name": "web.shop.svc.cluster.local", "namespace": "other"}
    return {"apiVersion": "linkerd.io/v1alpha2", "kind": "ServiceProfile", "metadata": meta, "spec": spec}


def mirror(name: str) -> Manifest:
    return {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": name, "port": 80}}}


def route(kind: str, name: str, parents: list[Manifest], rules: list[Manifest], **more: Any) -> Manifest:
    group = more.pop("group", f"{GATEWAY}/v1")
    namespace = more.pop("namespace", "shop")
    meta = {"name": name, "namespace": namespace, **more.pop("metadata", {})}
    return {
        "apiVersion": group,
        "kind": kind,
        "metadata": meta,
        "spec": {"parentRefs": parents, **more, "rules": rules},
    }


def shop(mesh: str) -> list[Manifest]:
    """Returns a base with Services without routes, routes of both kinds that compete, and routes at a gateway."""
    extra = [] if mesh == "linkerd" else [mirror("cart")]
    header = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a", "value": "b"}]}}
    slow = {"matches": [{"path": {"type": "Exact", "value": "/slow"}}], "backendRefs": [backend("ratings", 80)]}
    special = {
        "matches": [
            {"path": {"value": "/v2"}, "headers": [{"name": "x", "value": "1"}]},
            {"queryParams": [{"name": "q", "value": "1"}]},
        ],
        "backendRefs": [backend("ratings", 80)],
        "timeouts": {"request": "9s"},
        "filters": [header],
    }
    parts = [backend("reviews", 80, weight=90), backend("ratings", 80, weight=10)]
    split = {"backendRefs": parts, **({"filters": extra} if extra else {})}
    new = {"type": "RequestRedirect", "requestRedirect": {"hostname": "new"}}
    redirect = {"matches": [{"path": {"value": "/old"}}], "filters": [new]}
    ads = {"matches": [{"method": {"service": "ads.Ads"}}], "backendRefs": [backend("ads", 9000)]}
    edge = [{"name": "edge"}]
    return [
        *build.app("web"),
        *build.app("reviews"),
        *build.app("ratings"),
        *build.app("ads", {"name": "grpc", "port": 9000}),
        build.deployment("cart"),
        build.service("cart", 80, 8081, {"name": "tcp-redis", "port": 6379}),
        build.service("empty", selector={"app": "none"}),
        route("HTTPRoute", "reviews", [service_parent("reviews", 80)], [special, split, redirect], metadata={
            "labels": {"istio.io/rev": "a", "app.kubernetes.io/instance": "shop"},
            "annotations": {"timeout.linkerd.io/request": "5s", "argocd.argoproj.io/tracking-id": "x"},
        }),
        route("HTTPRoute", "reviews-slow", [service_parent("reviews")], [slow]),
        route("GRPCRoute", "ads", [service_parent("ads", 9000)], [ads]),
        route("HTTPRoute", "front", edge, [{"backendRefs": [backend("web", 80)]}], hostnames=["shop.example.com"]),
        route("HTTPRoute", "front-api", edge, [slow], hostnames=["*.example.com"]),
        route("HTTPRoute", "other", edge, [slow], hostnames=["example.org"]),
    ]  # fmt: skip


SPECS = (
    build.sandbox("dev1", "web", "reviews", "ads", "cart"),
    build.sandbox("dev2", "web", tenantID="t2"),
    build.group("release", tenantID="rel", sandboxes=["dev1"]),
)


@cache
def inputs_of(mesh: str, **environment: Any) -> Inputs:
    return build.inputs(shop(mesh), *SPECS, **{"mesh": mesh, "output": {"base": "none"}, **environment})


def written(inputs: Inputs) -> Files:
    """Returns what is rendered, by path, not proved."""
    return {path_of(placed): copy.deepcopy(dict(placed.manifest)) for placed in render(inputs, is_proved=False).objects}


@cache
def correct(mesh: str) -> Files:
    return written(inputs_of(mesh))


def said(
    mesh: str, *edits: Edit, base: Sequence[Edit] = (), claims: Callable[[Claims], Claims] | None = None
) -> list[str]:
    """Returns what proof says of a correct output with defects, and of the base with changes."""
    inputs = inputs_of(mesh)
    files = copy.deepcopy(correct(mesh))
    for edit in edits:
        edit(files)
    ours: Files = {f"{r.id.kind}/{r.id.name}": copy.deepcopy(dict(r.manifest)) for r in inputs.base.resources}
    for edit in base:
        edit(ours)
    for manifest in ours.values():
        manifest["metadata"].setdefault("namespace", "" if manifest["kind"] == "Namespace" else "shop")
    claimed = claims_of(inputs)
    return single(make(ours), make(files), claims(claimed) if claims else claimed)


def said_of_web(mesh: str, *base: Edit, is_whole: bool = False) -> list[str]:
    """Returns what proof says of one default that is correct for a base with changes made after it was written.

    `is_whole`: by all obligations, and not those on routes alone.
    """
    carriers = [{"header": "tenantID"}]
    inputs = build.inputs(
        [build.WAYPOINT, *build.app("web")],
        build.sandbox("dev1", "web"),
        mesh=mesh,
        carriers=carriers,
        output={"base": "none"},
    )
    ours: Files = {f"{r.id.kind}/{r.id.name}": copy.deepcopy(dict(r.manifest)) for r in inputs.base.resources}
    for edit in base:
        edit(ours)
    for manifest in ours.values():
        manifest["metadata"].setdefault("namespace", "" if manifest["kind"] == "Namespace" else "shop")
    if is_whole:
        return [show(problem) for problem in prove(make(ours), make(written(inputs)), claims_of(inputs))]
    return single(make(ours), make(written(inputs)), claims_of(inputs))


D1, D2, REL = ("sandboxes/" + name + "/shop/" for name in ("dev1", "dev2", "release"))
WEB = D1 + "httproute-web-80-dev1-h.yaml"
REVIEWS = D1 + "httproute-reviews-dev1-h.yaml"

G, L, A = "gateway-api", "linkerd", "istio-ambient"
ADS = D1 + "grpcroute-ads-dev1-h.yaml"
FRONT = D1 + "httproute-front-dev1-h.yaml"
CART = D1 + "httproute-cart-80-dev1-h.yaml"


def rule(number: int, *path: str | int) -> tuple[str | int, ...]:
    return ("spec", "rules", number, *path)


def p1(file: str, object: str, what: str) -> str:
    return f"{file}: SL601 promise 1 does not hold: '{object}': {what}"


def p2(file: str, object: str, what: str) -> str:
    return f"{file}: SL604 promise 2 does not hold: '{object}': {what}"


def uncovered(service: str) -> str:
    """Returns what is said where a tenant's route is for something else than the port of a Service that it was for."""
    what = f"'dev1' has no route for port 80 of 'Service/shop/{service}' by header 'tenantID'"
    return f"sandboxes/dev1.yaml: SL604 promise 2 does not hold: {what}"


def moved(file: str, to: str) -> Edit:
    return lambda files: files.__setitem__(to, files.pop(file))


@pytest.mark.parametrize("mesh", sorted(MESHES))
def test_what_is_rendered_meets_every_obligation(mesh: str) -> None:
    assert said(mesh) == []


def clone_of_dev2(name: str) -> Manifest:
    """Returns a clone of a Service for a tenant that does not claim it."""
    manifest = copy.deepcopy(correct("gateway-api")[f"{D1}service-{name}-dev1.yaml"])
    manifest["metadata"]["name"] = f"{name}-t2"
    manifest["metadata"]["labels"] |= {"tenantID": "t2", "sandlane.dev/tenant": "t2", "sandlane.dev/sandbox": "dev2"}
    return manifest


DEFECTS = [
    pytest.param(
        lambda: said(G, drop(REVIEWS, rule(0, "matches", 1, "headers", 0))),
        id="a-match-without-a-carrier",
    ),
    pytest.param(
        lambda: said(G, drop(REVIEWS, rule(1, "matches"))),
        id="a-rule-without-matches",
    ),
    pytest.param(
        lambda: said(L, put(REVIEWS, rule(1, "matches"), [])),
        id="no-matches",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(1, "matches", 0, "headers", 0, "value"), "t2")),
        id="another-tenant",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(1, "matches", 0, "headers", 0, "value"), "dev")),
        id="part-of-a-tenant",
    ),
    pytest.param(
        lambda: said(L, put(REVIEWS, rule(1, "matches", 0, "headers", 0, "name"), "tenantID")),
        id="a-header-in-capitals",
    ),
    pytest.param(
        lambda: said(A, put(REVIEWS, rule(1, "matches", 0, "headers", 0, "type"), "RegularExpression")),
        id="a-header-by-expression",
    ),
    pytest.param(
        lambda: said(
            G, put(REVIEWS.replace("-h.", "-b."), rule(1, "matches", 0, "headers", 0, "value"), ".*tenantID=dev1.*")
        ),
        id="a-loose-baggage-expression",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS.replace("-h.", "-b."), rule(1, "matches", 0, "headers", 0, "type"), "Exact")),
        id="a-baggage-literal",
    ),
    pytest.param(
        lambda: said(
            G, put(REVIEWS, rule(1, "matches", 0, "headers"), lambda hs: [{"name": "TenantID", "value": "x"}, *hs])
        ),
        id="a-header-twice",
    ),
    pytest.param(
        lambda: said(
            G,
            put(
                REVIEWS,
                rule(1, "matches", 0, "headers", 0),
                correct(G)[REVIEWS.replace("-h.", "-b.")]["spec"]["rules"][1]["matches"][0]["headers"][0],
            ),
        ),
        id="another-carrier-in-one-object",
    ),
    pytest.param(
        lambda: said(L, drop(ADS, rule(0, "matches", 0, "headers"))),
        id="grpc-match-without-a-carrier",
    ),
    pytest.param(
        lambda: said(A, put(ADS, rule(0, "matches", 0, "headers", 0, "value"), "rel")),
        id="grpc-another-tenant",
    ),
    pytest.param(
        lambda: said(G, drop(REVIEWS, ("metadata", "labels", "sandlane.dev/origin"))),
        id="no-origin-label",
    ),
    pytest.param(
        lambda: said(L, put(REVIEWS, ("metadata", "labels", "sandlane.dev/origin"), "review")),
        id="an-origin-that-is-not-there",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, ("apiVersion",), "gateway.networking.k8s.io/v1beta1")),
        id="a-copy-with-another-api-version",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, ("spec", "parentRefs"), [])),
        id="no-parents",
    ),
    pytest.param(
        lambda: said(G, drop(REVIEWS, ("spec", "parentRefs", 0, "port"))),
        id="a-parent-without-its-port",
    ),
    pytest.param(
        lambda: said(L, put(REVIEWS.replace("dev1-h", "slow-dev1-h"), ("spec", "parentRefs", 0, "port"), 80)),
        id="a-parent-with-a-port",
    ),
    pytest.param(
        lambda: said(A, put(REVIEWS, ("spec", "parentRefs"), lambda refs: [*refs, service_parent("web", 80)])),
        id="another-parent-too",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, ("spec", "parentRefs"), lambda refs: refs * 2)),
        id="a-parent-twice",
    ),
    pytest.param(
        lambda: said(G, put(FRONT, ("spec", "parentRefs", 0, "sectionName"), "https")),
        id="a-section-of-the-gateway",
    ),
    pytest.param(
        lambda: said(A, put(FRONT, ("spec", "hostnames"), ["*.example.com"])),
        id="other-host-names",
    ),
    pytest.param(
        lambda: said(L, drop(FRONT, ("spec", "hostnames"))),
        id="no-host-names",
    ),
    pytest.param(
        lambda: said(L, drop(REVIEWS, ("metadata", "annotations", "timeout.linkerd.io/request"))),
        id="an-annotation-lost",
    ),
    pytest.param(
        lambda: said(L, put(REVIEWS, ("metadata", "annotations", "retry.linkerd.io/http"), "5xx")),
        id="an-annotation-more",
    ),
    pytest.param(
        lambda: said(A, drop(REVIEWS, ("metadata", "labels", "istio.io/rev"))),
        id="a-label-lost",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, ("metadata", "annotations", "argocd.argoproj.io/tracking-id"), "y")),
        id="a-kept-tracking-id",
    ),
    pytest.param(
        lambda: said(G, moved(REVIEWS, "shared/shop/httproute-reviews-dev1-h.yaml")),
        id="in-shared",
    ),
    pytest.param(
        lambda: said(G, moved(REVIEWS, D2 + "x.yaml")),
        id="in-another-tenants-directory",
    ),
    pytest.param(
        lambda: said(G, moved(REVIEWS, "sandboxes/old/shop/x.yaml")),
        id="in-nobodys-directory",
    ),
    pytest.param(
        lambda: said(L, drop(ADS, ("metadata", "labels", "tenantID"))),
        id="without-the-tenant-label",
    ),
    pytest.param(
        lambda: said(
            L, put(REL + "httproute-reviews-rel-h.yaml", ("metadata", "labels", "sandlane.dev/sandbox"), "dev1")
        ),
        id="a-groups-route-with-a-members-label",
    ),
    pytest.param(
        lambda: said(G, moved(D1 + "service-ads-dev1.yaml", REL + "service-ads-dev1.yaml")),
        id="a-service-of-a-group",
    ),
    pytest.param(
        lambda: said(
            G,
            add(
                D1 + "x.yaml",
                route(
                    "HTTPRoute",
                    "x",
                    [service_parent("web", 80)],
                    [{}],
                    group="policy.linkerd.io/v1beta3",
                    metadata={"labels": correct(G)[WEB]["metadata"]["labels"]},
                ),
            ),
        ),
        id="a-route-of-linkerds-elsewhere",
    ),
    pytest.param(
        lambda: said(
            G, add("shared/x.yaml", shop(G)[12] | {"metadata": shop(G)[12]["metadata"] | {"namespace": "shop"}})
        ),
        id="the-bases-route-in-shared",
    ),
    pytest.param(
        lambda: said(L, add(D1 + "x.yaml", shop(L)[14])),
        id="the-bases-route-in-a-sandbox",
    ),
    pytest.param(
        lambda: said(L, put(WEB, ("spec", "rules"), lambda rules: rules[:1])),
        id="a-default-missing",
    ),
    pytest.param(
        lambda: said(G, put(WEB, ("spec", "rules"), lambda rules: rules[::-1])),
        id="a-default-first",
    ),
    pytest.param(
        lambda: said(A, put(WEB, ("spec", "rules"), lambda rules: [*rules, rules[1]])),
        id="three-rules",
    ),
    pytest.param(
        lambda: said(L, put(WEB, rule(1, "matches", 0, "path", "value"), "/api")),
        id="a-default-for-a-path",
    ),
    pytest.param(
        lambda: said(G, put(WEB, rule(1, "matches", 0, "method"), "GET")),
        id="a-default-for-a-method",
    ),
    pytest.param(
        lambda: said(L, put(WEB, rule(1, "timeouts"), {"request": "9s"})),
        id="a-default-with-a-timeout",
    ),
    pytest.param(
        lambda: said(G, put(WEB, rule(1, "filters"), [mirror("web")])),
        id="a-default-with-a-filter",
    ),
    pytest.param(
        lambda: said(L, put(WEB, rule(1, "backendRefs"), [backend("web", 80)])),
        id="a-default-with-a-backend-on-linkerd",
    ),
    pytest.param(
        lambda: said(G, drop(WEB, rule(1, "backendRefs"))),
        id="a-default-without-a-backend",
    ),
    pytest.param(
        lambda: said(A, put(WEB, rule(1, "backendRefs", 0, "name"), "web-dev1")),
        id="a-default-to-the-clone",
    ),
    pytest.param(
        lambda: said(G, put(WEB, rule(1, "backendRefs", 0, "port"), 8080)),
        id="a-default-to-another-port",
    ),
    pytest.param(
        lambda: said(G, put(WEB, rule(1, "backendRefs", 0, "weight"), 0)),
        id="a-default-without-weight",
    ),
    pytest.param(
        lambda: said(A, put(WEB, rule(1, "backendRefs"), lambda refs: [*refs, backend("ratings", 80)])),
        id="a-default-to-two-backends",
    ),
    pytest.param(
        lambda: said(G, put(WEB, ("spec", "parentRefs"), lambda refs: [*refs, service_parent("web", 81)])),
        id="a-default-for-two-parents",
    ),
    pytest.param(
        lambda: said(L, drop(WEB, ("spec", "parentRefs", 0, "port"))),
        id="a-default-for-all-ports",
    ),
    pytest.param(lambda: said(L, gone(WEB)), id="no-route-for-a-service-without-routes"),
    pytest.param(
        lambda: said(G, gone(D2 + "httproute-web-80-t2-b.yaml")),
        id="no-route-by-one-carrier",
    ),
    pytest.param(
        lambda: said(A, gone(REL + "httproute-cart-8081-rel-h.yaml")),
        id="no-route-of-a-group",
    ),
    pytest.param(
        lambda: said(L, put(WEB, ("spec", "parentRefs", 0, "port"), 81)),
        id="a-default-for-no-port",
    ),
    pytest.param(
        lambda: said(G, put(WEB, ("spec", "parentRefs", 0, "namespace"), "other")),
        id="a-default-of-another-namespace",
    ),
    pytest.param(
        lambda: said(G, put(WEB, ("spec", "hostnames"), ["web"])),
        id="a-default-with-host-names",
    ),
    pytest.param(
        lambda: said(L, put(WEB, ("metadata", "annotations", "timeout.linkerd.io/request"), "1ms")),
        id="a-default-with-an-annotation",
    ),
    pytest.param(
        lambda: said(G, put(WEB, ("metadata", "labels", "istio.io/use-waypoint"), "slow")),
        id="a-default-with-a-label",
    ),
    pytest.param(
        lambda: said(G, put(WEB, ("apiVersion",), "gateway.networking.k8s.io/v1beta1")),
        id="a-default-of-an-old-version",
    ),
    pytest.param(
        lambda: said(A, put(WEB, ("kind",), "GRPCRoute")),
        id="a-default-by-a-grpc-route",
    ),
    pytest.param(
        lambda: said(
            A,
            put(CART, ("spec", "parentRefs", 0, "port"), 6379),
            put(CART, rule(0, "backendRefs", 0, "port"), 6379),
            put(CART, rule(1, "backendRefs", 0, "port"), 6379),
        ),
        id="a-default-for-a-tcp-port",
    ),
    pytest.param(
        lambda: said(
            L, put(CART, ("spec", "parentRefs", 0, "port"), 6379), put(CART, rule(0, "backendRefs", 0, "port"), 6379)
        ),
        id="a-default-for-an-opaque-port",
    ),
    pytest.param(
        lambda: said_of_web(L, add("x", route("HTTPRoute", "x", [service_parent("web", 80)], [{}]))),
        id="a-default-where-the-base-has-a-route",
    ),
    pytest.param(
        lambda: said_of_web(G, add("x", route("GRPCRoute", "x", [service_parent("web")], [{}]))),
        id="a-default-where-the-base-has-a-route-for-all-ports",
    ),
    pytest.param(
        lambda: said_of_web(L, add("x", attached({}, group="policy.linkerd.io/v1beta3", parent={"group": "core"}))),
        id="a-default-where-linkerds-route-is",
    ),
    pytest.param(
        lambda: said_of_web(
            G,
            add(
                "x",
                attached({"matches": [{"path": {"value": "/api"}}]}, namespace="other", parent={"namespace": "shop"}),
            ),
        ),
        id="a-default-beside-a-consumers-route",
    ),
    pytest.param(
        lambda: said_of_web(
            L, add("x", attached({}, namespace="other", parent={"namespace": "shop"}, hostnames=["web"]))
        ),
        id="a-default-beside-a-consumers-route-of-a-host",
    ),
    pytest.param(
        lambda: said_of_web(G, add("x", attached({}, kind="TCPRoute", group="gateway.networking.k8s.io/v1alpha2"))),
        id="a-default-beside-a-tcp-route",
    ),
    pytest.param(
        lambda: said_of_web(
            L, add("x", attached({}, kind="TLSRoute", port=None, group="gateway.networking.k8s.io/v1alpha2"))
        ),
        id="a-default-beside-a-tls-route",
    ),
    pytest.param(
        lambda: said_of_web(L, add("x", profile(routes=[{"name": "a"}]))),
        id="a-default-behind-a-profile",
    ),
    pytest.param(
        lambda: said_of_web(L, put("Service/web", ("spec", "clusterIP"), "None")),
        id="a-default-on-a-headless-service",
    ),
    pytest.param(
        lambda: said_of_web(G, put("Service/web", ("spec", "type"), "ExternalName"), is_whole=True),
        id="a-default-on-an-external-name",
    ),
    pytest.param(
        lambda: said_of_web(
            A,
            add("x", build.virtual_service("x", {"route": [build.to("ratings")]}, hosts=["*.shop.svc.cluster.local"])),
        ),
        id="a-default-beside-a-virtual-service",
    ),
    pytest.param(
        lambda: said("istio", add(WEB, correct(A)[WEB])),
        id="a-default-under-istio",
    ),
    pytest.param(
        lambda: said(
            A,
            add(
                "shared/shop/x.yaml",
                {**build.virtual_service("x", namespace="shop"), "metadata": {"name": "x", "namespace": "shop"}},
            ),
        ),
        id="a-virtual-service-without-istio",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, ("spec", "rules"), lambda rules: [rules[1], rules[0], rules[2]])),
        id="rules-in-another-order",
    ),
    pytest.param(
        lambda: said(L, put(REVIEWS, ("spec", "rules"), lambda rules: rules[:2])),
        id="a-rule-lost",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(0, "matches"), lambda matches: matches[:1])),
        id="a-match-lost",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(0, "matches", 0, "path", "value"), "/v3")),
        id="another-path",
    ),
    pytest.param(
        lambda: said(A, put(REVIEWS, rule(0, "matches", 0, "headers"), lambda headers: headers[1:])),
        id="a-condition-lost",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(1, "matches", 0, "method"), "GET")),
        id="a-condition-more",
    ),
    pytest.param(
        lambda: said(L, put(ADS, rule(0, "matches", 0, "method", "service"), "ads.Other")),
        id="another-grpc-method",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(0, "timeouts", "request"), "8s")),
        id="another-timeout",
    ),
    pytest.param(
        lambda: said(L, put(WEB, rule(0, "timeouts"), {"request": "9s"})),
        id="a-timeout-more",
    ),
    pytest.param(
        lambda: said(L, drop(REVIEWS, rule(0, "filters"))),
        id="a-filter-lost",
    ),
    pytest.param(
        lambda: said(A, put(REVIEWS, rule(0, "filters", 0, "requestHeaderModifier", "set", 0, "value"), "c")),
        id="another-filter",
    ),
    pytest.param(
        lambda: said(G, put(WEB, rule(0, "filters"), [mirror("ratings")])),
        id="a-filter-more",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(1, "filters", 0), mirror("cart"))),
        id="a-mirror-kept",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(1, "filters", 0, "requestMirror", "backendRef", "port"), 8081)),
        id="a-mirror-to-another-port",
    ),
    pytest.param(
        lambda: said(A, put(REVIEWS, rule(1, "filters", 0, "requestMirror", "percent"), 5)),
        id="a-mirror-of-a-part",
    ),
    pytest.param(
        lambda: said(
            G,
            add(D2 + "service-cart-t2.yaml", clone_of_dev2("cart")),
            put(REVIEWS, rule(1, "filters", 0, "requestMirror", "backendRef", "name"), "cart-t2"),
        ),
        id="a-mirror-to-another-tenant",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(1, "backendRefs", 0, "name"), "reviews")),
        id="sends-to-what-it-cloned",
    ),
    pytest.param(
        lambda: said(
            L, put(REVIEWS, rule(1, "backendRefs"), lambda refs: [*refs, {**refs[0], "name": "reviews", "weight": 10}])
        ),
        id="still-sends-a-part-to-what-it-cloned",
    ),
    pytest.param(
        lambda: said(G, put(WEB, rule(0, "backendRefs", 0, "name"), "web-t2")),
        id="sends-to-another-tenants-clone",
    ),
    pytest.param(
        lambda: said(L, put(WEB, rule(0, "backendRefs", 0, "name"), "wep-dev1")),
        id="sends-to-a-service-that-is-not-there",
    ),
    pytest.param(
        lambda: said(A, put(WEB, rule(0, "backendRefs", 0, "name"), "ads-dev1")),
        id="sends-to-the-clone-of-another-service",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(0, "backendRefs", 0, "name"), "empty")),
        id="sends-to-another-base-service",
    ),
    pytest.param(
        lambda: said(L, put(WEB, rule(0, "backendRefs", 0, "port"), 8080)),
        id="sends-to-another-port",
    ),
    pytest.param(
        lambda: said(L, drop(WEB, rule(0, "backendRefs", 0, "namespace"))),
        id="sends-without-a-namespace",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(0, "backendRefs", 0, "namespace"), "other")),
        id="sends-to-another-namespace",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(1, "backendRefs"), [])),
        id="sends-nowhere",
    ),
    pytest.param(
        lambda: said(
            A,
            put(
                REVIEWS,
                rule(1, "backendRefs"),
                [{"group": "", "kind": "Service", "name": "ratings", "namespace": "shop", "port": 80, "weight": 10}],
            ),
        ),
        id="sends-nothing-to-the-clone",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(1, "backendRefs", 0, "weight"), 0)),
        id="sends-another-weight",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(1, "backendRefs", 0, "weight"), 90)),
        id="sends-the-weight-of-a-share",
    ),
    pytest.param(
        lambda: said(G, put(REVIEWS, rule(0, "backendRefs", 0, "weight"), 2)),
        id="a-kept-backend-with-another-weight",
    ),
    pytest.param(
        lambda: said(L, put(REVIEWS, rule(0, "backendRefs"), [])),
        id="a-kept-backend-lost",
    ),
    pytest.param(
        lambda: said(L, put(REVIEWS, rule(2, "backendRefs"), [{**backend("ratings", 80), "namespace": "shop"}])),
        id="a-backend-in-a-redirect",
    ),
    pytest.param(
        lambda: said(G, put(ADS, rule(0, "backendRefs", 0, "filters"), [mirror("ratings")])),
        id="a-clone-with-filters",
    ),
    pytest.param(
        lambda: said(
            G,
            put(
                REVIEWS,
                rule(0, "backendRefs", 0),
                {"group": "networking.istio.io", "kind": "Hostname", "name": "x", "port": 80},
            ),
        ),
        id="another-kind-of-backend",
    ),
    pytest.param(
        lambda: said(G, put(D1 + "service-ads-dev1.yaml", ("spec", "clusterIP"), "None")),
        id="a-headless-clone",
    ),
    pytest.param(
        lambda: said(L, put(D1 + "service-ads-dev1.yaml", ("metadata", "labels", "sandlane.dev/origin"), "empty")),
        id="a-clone-that-is-no-clone",
    ),
    pytest.param(
        lambda: said(G, put(REL + "httproute-web-80-rel-h.yaml", rule(0, "backendRefs", 0, "name"), "web-t2")),
        id="a-group-sends-to-another-sandbox",
    ),
    pytest.param(
        lambda: said(G, gone(REVIEWS.replace("reviews-dev1", "reviews-slow-dev1"))),
        id="a-rival-not-copied",
    ),
    pytest.param(
        lambda: said(L, gone(D2 + "httproute-front-api-t2-b.yaml")),
        id="a-rival-at-the-gateway-not-copied",
    ),
    pytest.param(
        lambda: said(A, gone(ADS)),
        id="a-copy-for-one-carrier-only",
    ),
    pytest.param(
        lambda: said(
            G,
            lambda files: add(
                D1 + "x.yaml", {**files[REVIEWS], "metadata": {**files[REVIEWS]["metadata"], "name": "x"}}
            )(files),
        ),
        id="a-copy-twice",
    ),
    pytest.param(
        lambda: said(L, gone(ADS), gone(ADS.replace("-h.", "-b."))),
        id="no-copies-at-all",
    ),
    pytest.param(
        lambda: said(G, base=[put("HTTPRoute/other", ("spec", "rules", 0, "backendRefs", 0, "name"), "web-dev1")]),
        id="a-clone-that-a-base-route-names",
    ),
    pytest.param(
        lambda: said(A, base=[put("HTTPRoute/other", ("spec", "rules", 0, "filters"), [mirror("web-dev1")])]),
        id="a-clone-to-which-a-base-route-mirrors",
    ),
    pytest.param(
        lambda: said(
            L,
            base=[
                add(
                    "x",
                    route(
                        "TCPRoute", "x", [service_parent("web-dev1")], [], group="gateway.networking.k8s.io/v1alpha2"
                    ),
                )
            ],
        ),
        id="a-clone-to-which-a-route-is-attached",
    ),
]


@pytest.mark.parametrize("defect", DEFECTS)
def test_defects(defect: Callable[[], list[str]], request: pytest.FixtureRequest) -> None:
    assert_recorded(request, defect())


HARMLESS = [
    pytest.param(
        lambda: said("gateway-api", drop(REVIEWS, rule(1, "matches", 0, "path"))), id="a-path-that-is-the-crds-default"
    ),
    pytest.param(
        lambda: said("linkerd", drop(REVIEWS, rule(1, "matches", 0, "headers", 0, "type"))),
        id="a-type-that-is-the-crds-default",
    ),
    pytest.param(lambda: said("linkerd", drop(WEB, rule(1, "matches"))), id="a-default-without-matches"),
    pytest.param(
        lambda: said_of_web("linkerd", add("x", attached({"filters": [{"type": "URLRewrite"}]}))),
        id="a-route-that-linkerd-ignores",
    ),
    pytest.param(
        lambda: said_of_web("gateway-api", add("x", attached({}, group="policy.linkerd.io/v1beta3"))),
        id="a-route-of-linkerds-elsewhere",
    ),
    pytest.param(
        lambda: said_of_web("linkerd", add("x", profile(retryBudget={}))),
        id="a-profile-without-routes",
    ),
]


@pytest.mark.parametrize("harmless", HARMLESS)
def test_no_false_alarm(harmless: Callable[[], list[str]]) -> None:
    assert harmless() == []


def test_an_answer_header_is_of_the_clone_that_answers(request: pytest.FixtureRequest) -> None:
    inputs = inputs_of_answering()
    files = written(inputs)
    assert _proved(inputs, files) == []
    answers = ("filters", 0, "responseHeaderModifier", "set", 0, "value")
    put(WEB, rule(0, *answers), "dev1/cart")(files)
    put(REVIEWS, rule(0, "filters"), lambda filters: [*filters, answering("dev1/reviews")])(files)
    assert_recorded(request, _proved(inputs, files))


def inputs_of_answering() -> Inputs:
    return build.inputs(
        shop("gateway-api"), *SPECS, mesh="gateway-api", output={"base": "none"}, routes={"answerHeader": "X-Route"}
    )


def answering(value: str) -> Manifest:
    return {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": "X-Route", "value": value}]}}


def _proved(inputs: Inputs, files: Files) -> list[str]:
    return single(inputs.base, make(files), claims_of(inputs))


def test_an_answer_header_of_a_virtual_service(request: pytest.FixtureRequest) -> None:
    inputs = build.inputs(build.app("web"), build.sandbox("dev1", "web"), routes={"answerHeader": "X-Route"})
    files = {file: manifest for file, manifest in written(inputs).items() if not file.startswith("base/")}
    output = replace(inputs.environment.output, base="none")
    inputs = replace(inputs, environment=replace(inputs.environment, output=output))
    vs = "shared/shop/virtualservice-web-sandlane.yaml"
    header = ("spec", "http", 0, "headers")
    put(vs, header, {"response": {"set": {"x-route": "dev1/web"}}})(files)
    assert _proved(inputs, files) == []
    put(vs, header, {"response": {"set": {"x-route": "dev1/cart"}}})(files)
    assert_recorded(request, _proved(inputs, files))


LINKERD_FALLS = [
    route("HTTPRoute", "web", [service_parent("web", 80)],
          [{"matches": [{"path": {"value": "/a"}}]}, {"backendRefs": [backend("ratings", 80)]}], group="policy.linkerd.io/v1beta3"),
]  # fmt: skip


def test_a_rule_without_backends_falls_to_the_parent_on_linkerd(request: pytest.FixtureRequest) -> None:
    base = [*build.app("web"), *build.app("ratings"), *LINKERD_FALLS]
    inputs = build.inputs(base, build.sandbox("dev1", "web"), mesh="linkerd", output={"base": "none"})
    files = written(inputs)
    assert _proved(inputs, files) == []
    (file,) = [file for file in files if file.endswith("web-dev1-h.yaml")]
    drop(file, rule(0, "backendRefs"))(files)
    assert_recorded(request, _proved(inputs, files))


def test_a_tenant_that_cloned_the_parent_alone_is_sent_to_its_clone(request: pytest.FixtureRequest) -> None:
    rules = [{"backendRefs": [backend("ratings", 80)]}]
    base = [*build.app("web"), *build.app("ratings"), route("HTTPRoute", "web", [service_parent("web", 80)], rules)]
    inputs = build.inputs(base, build.sandbox("dev1", "web"), mesh="gateway-api", output={"base": "none"})
    files = written(inputs)
    assert _proved(inputs, files) == []
    (file,) = [file for file in files if file.endswith("web-dev1-h.yaml")]
    put(file, rule(0, "backendRefs", 0, "weight"), 0)(files)
    assert_recorded(request, _proved(inputs, files))


def test_every_mesh_has_its_reader() -> None:
    assert sorted(READERS) == sorted(MESHES)


BASES = ("hotrod-linkerd", "bookinfo+gwapi", "emojivoto", "boutique-base", "train-ticket-istio")
SWEEP = [(base, mesh) for base in BASES for mesh in ("linkerd", "gateway-api", "istio-ambient")] + [
    ("bookinfo+gwapi", "istio"),
    ("hotrod-linkerd", "istio"),
]


@needs_shared
@pytest.mark.parametrize(("name", "mesh"), [application(*row) for row in SWEEP])
@pytest.mark.parametrize(
    "is_joined", [pytest.param(False, id="sandboxes", marks=pytest.mark.slow), pytest.param(True, id="with-a-group")]
)
def test_no_false_alarm_on_whole_applications(name: str, mesh: str, is_joined: bool) -> None:
    # `render` proves what it returns.
    assert render(_whole(name, mesh, is_joined)).files


def _whole(name: str, mesh: str, is_joined: bool) -> Inputs:
    """Returns an environment in which three tenants clone all that can be cloned, found by leaving out what is refused."""
    base = SHARED / "bases" / f"{name}.yaml"
    probe = inputs_over(base, environment(mesh))
    adopt = {"adopt": route_objects(probe)} if mesh.startswith("istio") else {}
    chosen = {f"{w['kind']}/{w['namespace']}/{w['name']}": w for w in workloads_of(probe)}
    for _ in range(4):
        specs = [sandbox(tenant, chosen.values()) for tenant in ("dev1", "dev10", "xdev1")]
        groups = [build.group("release", tenantID="rel-42", sandboxes=["dev10"])] if is_joined else []
        inputs = inputs_over(base, environment(mesh, routes=adopt), [*specs, *groups])
        try:
            render(inputs, is_proved=False)
        except Invalid as invalid:
            for problem in invalid.problems:
                named = re.findall(r"'((?:Deployment|StatefulSet)/[^']*)'", problem.text)
                id = next((found for found in named if found in chosen), "")
                if problem.code == "SL310":
                    chosen[id] = {**chosen[id], "accept": [{"code": "SL310", "object": id, "reason": "a test"}]}
                else:
                    assert problem.code == "SL411"
                    chosen.pop(id, None)
            continue
        return inputs
    raise AssertionError("refused again and again")
