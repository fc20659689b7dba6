"""Deliberate defects, in output and in the renderer: each is found, and by the obligations that the table names."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from sandlane.meshes.registry import MESHES
from sandlane.pipeline import Unproven, render
from sandlane.problems.catalogue import CATALOGUE
from sandlane.problems.problem import Invalid, Problem
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.inputs import Inputs
from tests import build
from tests.applications import application, environment, inputs_over, route_objects, sandbox, workloads_of
from tests.proof.recorded import assert_recorded
from tests.proof.test_proof import Edit, Files, Manifest, drop, gone, make, put
from tests.proof.test_routes import written
from tests.shared import SHARED, needs_shared

_POLICY = {"tls": {"mode": "ISTIO_MUTUAL"}, "connectionPool": {"tcp": {"maxConnections": 5}}}
_SUBSETS = [
    {"name": "v1", "labels": {"version": "v1"}, "trafficPolicy": {"loadBalancer": {"simple": "RANDOM"}}},
    {"name": "v2", "labels": {"version": "v2"}},
]
_API: Manifest = {
    "name": "api",
    "match": [
        {"uri": {"prefix": "/api"}, "port": 80},
        {"headers": {"x-beta": {"exact": "yes"}}, "withoutHeaders": {"x-old": {}}},
    ],
    "timeout": "9s",
    "retries": {"attempts": 2},
    "rewrite": {"uri": "/"},
    "fault": {"delay": {"fixedDelay": "1s", "percentage": {"value": 1}}},
    "headers": {"request": {"set": {"x-from": "shop"}}},
    "corsPolicy": {"allowHeaders": ["tenantid"]},
    "mirror": build.to("web")["destination"],
    "route": [
        build.to("web", subset="v1", weight=60),
        build.to("web", subset="v2", weight=30),
        build.to("billing", weight=10),
    ],
}
ISTIO: list[Manifest] = [
    *build.app("web"),
    *build.app("cart", 80, 8081, {"name": "tcp", "port": 6379}),
    *build.app("front"),
    *build.app("billing"),
    build.virtual_service(
        "web",
        _API,
        {"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/"}},
        {"match": [{"uri": {"exact": "/pay"}}], "route": [build.to("billing")]},
        {"name": "default", "route": [build.to("web", port=80)]},
    ),
    build.virtual_service("front", {"route": [build.to("billing", port=80)]}),
    build.destination_rule("web", "web", trafficPolicy=_POLICY, subsets=_SUBSETS, exportTo=["."]),
    build.destination_rule("all", "*.shop.svc.cluster.local", trafficPolicy={"tls": {"mode": "DISABLE"}}),
]  # fmt: skip
LINKERD: list[Manifest] = [
    *build.app("web"),
    *build.app("cart"),
    build.object_of(
        "gateway.networking.k8s.io/v1", "HTTPRoute", "web",
        parentRefs=[{"group": "", "kind": "Service", "name": "web", "port": 80}],
        rules=[
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/api"}}],
                "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x", "value": "y"}]}}],
                "timeouts": {"request": "9s"},
                "backendRefs": [{"name": "web", "port": 80}],
            },
            {"backendRefs": [{"name": "web", "port": 80}]},
        ],
    ),
]  # fmt: skip


@cache
def inputs_of(mesh: str) -> Inputs:
    if mesh == "linkerd":
        return build.inputs(
            LINKERD, build.sandbox("dev1", "web", "cart"), build.sandbox("dev10", "web", "cart"),
            mesh="linkerd", output={"base": "none"},
        )  # fmt: skip
    adopt = [{"kind": "VirtualService", "name": name} for name in ("web", "front")]
    return build.inputs(
        ISTIO, build.sandbox("dev1", "web", "cart", "front"), build.sandbox("dev10", "web"),
        output={"base": "none"}, routes={"adopt": adopt, "answerHeader": "x-route"},
    )  # fmt: skip


@cache
def correct(mesh: str) -> Files:
    return written(inputs_of(mesh))


def codes_of(mesh: str, edit: Edit) -> str:
    files = copy.deepcopy(correct(mesh))
    edit(files)
    inputs = inputs_of(mesh)
    problems = prove(inputs.base, make(files), claims_of(inputs))
    return " ".join(sorted({problem.code for problem in problems}))


@pytest.mark.parametrize("mesh", ["istio", "linkerd"])
def test_what_is_rendered_has_no_defect(mesh: str) -> None:
    assert codes_of(mesh, lambda _: None) == ""


WEB, CART, FRONT = (f"shared/shop/virtualservice-{name}.yaml" for name in ("web", "cart-sandlane", "front"))
ONE, TEN = "sandboxes/dev1/shop/", "sandboxes/dev10/shop/"
RULE, SERVICE, DEPLOYMENT = (
    ONE + "destinationrule-web-dev1.yaml",
    ONE + "service-web-dev1.yaml",
    ONE + "deployment-web-dev1.yaml",
)
H, B = ONE + "httproute-web-dev1-h.yaml", ONE + "httproute-web-dev1-b.yaml"
DEFAULT = ONE + "httproute-cart-80-dev1-h.yaml"
POD = ("spec", "template", "metadata", "labels")
SPEC = ("spec", "template", "spec")
LABELS = ("metadata", "labels")


def at(number: int, *path: str | int) -> tuple[str | int, ...]:
    """Returns a path into an entry of a VirtualService."""
    return "spec", "http", number, *path


def rule(number: int, *path: str | int) -> tuple[str | int, ...]:
    """Returns a path into a rule of a route."""
    return "spec", "rules", number, *path


def moved(file: str, *order: int) -> Edit:
    """Gives a VirtualService its entries in another order; one that is not listed goes, one listed twice stands twice."""
    return put(file, ("spec", "http"), lambda http: [http[number] for number in order])


def renamed(files: Files) -> None:
    files[SERVICE]["metadata"]["name"] = "w" * 64


@dataclass(frozen=True)
class Defect:
    """A change of correct output for a mesh, and the codes by which it is found."""

    name: str
    mesh: str
    edit: Edit
    codes: str


def _istio(*rows: tuple[str, Edit, str]) -> list[Defect]:
    return [Defect(name, "istio", edit, codes) for name, edit, codes in rows]


def _linkerd(*rows: tuple[str, Edit, str]) -> list[Defect]:
    return [Defect(name, "linkerd", edit, codes) for name, edit, codes in rows]


MANY = [{"name": f"x{number}", "value": "y"} for number in range(16)]
TOO_MANY = {
    "type": "ResponseHeaderModifier",
    "responseHeaderModifier": {"set": [{"name": f"h{n}", "value": "x"} for n in range(17)]},
}
REGEX10 = build.regex("dev10")
DEFECTS = [
    *_istio(
        # P1
        ("base entry changed", put(WEB, at(2, "timeout"), "8s"), "SL601"),
        ("base entry lost", drop(WEB, at(4)), "SL601 SL602"),
        ("base entries swapped", moved(WEB, 0, 1, 2, 4, 3, 5, 6, 7), "SL601 SL602"),
        ("tenant's entry behind the base's last", moved(WEB, 0, 1, 2, 3, 4, 6, 7, 5), "SL602"),
        ("carrier dropped", drop(WEB, at(5, "match", 0, "headers")), "SL603"),
        ("prefix instead of exact", put(WEB, at(5, "match", 0, "headers", "tenantid"), {"prefix": "dev1"}), "SL603"),
        ("expression that dev10 meets", put(WEB, at(5, "match", 1, "headers", "baggage"), {"regex": ".*tenantID=dev1.*"}), "SL603"),
        ("port condition lost behind a default", drop(CART, at(2, "match", 0, "port")), ""),
        ("default lost", drop(CART, at(1)), "SL601"),
        ("default to another port", put(CART, at(1, "route", 0, "destination", "port", "number"), 8081), "SL601"),
        ("new VirtualService wider than the mesh", put(CART, ("spec", "gateways"), ["mesh", "public"]), "SL601 SL602"),
        ("hosts of the base changed", put(WEB, ("spec", "hosts"), ["web", "cart"]), "SL601"),
        ("adopted VirtualService missing", gone(WEB), "SL601 SL602"),
        ("tenant label missing", drop(SERVICE, (*LABELS, "sandlane.dev/tenant")), "SL601"),
        ("sandbox label missing", drop(SERVICE, (*LABELS, "sandlane.dev/sandbox")), "SL601"),
        ("tenantLabel missing", drop(SERVICE, (*LABELS, "tenantID")), "SL601"),
        ("rule for a Service of the base", put(RULE, ("spec", "host"), "web"), "SL601 SL602 SL605"),
        # P2
        ("port condition lost", drop(CART, at(0, "match", 0, "port")), "SL602"),
        ("exclusion lost", drop(WEB, at(5, "match", 1, "withoutHeaders")), "SL603"),
        ("exclusion of a value only", put(WEB, at(5, "match", 1, "withoutHeaders"), {"tenantid": {"exact": "dev1"}}), "SL603"),
        ("condition on the path lost", drop(WEB, at(0, "match", 0, "uri")), "SL602"),
        ("condition on the path changed", put(WEB, at(0, "match", 0, "uri"), {"exact": "/api"}), "SL602"),
        ("condition on a header lost", drop(WEB, at(0, "match", 1, "headers", "x-beta")), "SL602"),
        ("condition on an absent header lost", drop(WEB, at(0, "match", 1, "withoutHeaders")), "SL602"),
        ("condition added", put(WEB, at(5, "match", 0, "uri"), {"prefix": "/x"}), "SL602"),
        ("match of one carrier lost", drop(WEB, at(5, "match", 1)), "SL602"),
        ("matches swapped", put(WEB, at(5, "match"), lambda match: match[::-1]), ""),
        ("timeout lost", drop(WEB, at(0, "timeout")), "SL602"),
        ("timeout changed", put(WEB, at(0, "timeout"), "10s"), "SL602"),
        ("timeout added", put(WEB, at(5, "timeout"), "1s"), "SL602"),
        ("retries lost", drop(WEB, at(0, "retries")), "SL602"),
        ("rewrite changed", put(WEB, at(0, "rewrite"), {"uri": "/x"}), "SL602"),
        ("rewrite lost", drop(WEB, at(0, "rewrite")), "SL602"),
        ("fault lost", drop(WEB, at(0, "fault")), "SL602"),
        ("header operation lost", drop(WEB, at(0, "headers", "request")), "SL602"),
        ("header operation added", put(WEB, at(5, "headers", "request"), {"set": {"x": "y"}}), "SL602"),
        ("answer header lost", drop(WEB, at(5, "headers")), "SL602"),
        ("CORS policy lost", drop(WEB, at(0, "corsPolicy")), "SL602"),
        ("mirror lost", drop(WEB, at(0, "mirror")), "SL602"),
        ("mirror to the base", put(WEB, at(0, "mirror", "host"), "web"), "SL602"),
        ("name of an entry changed", put(WEB, at(5, "name"), "x"), ""),
        ("entry of a tenant lost", drop(WEB, at(0)), "SL602"),
        ("entry twice", moved(WEB, 0, 0, 1, 2, 3, 4, 5, 6, 7), ""),
        ("entries not in the order of tenants", moved(WEB, 1, 0, 2, 3, 4, 5, 6, 7), ""),
        ("entry before another base entry", moved(WEB, 0, 1, 2, 3, 5, 4, 6, 7), "SL602"),
        ("subset lost", drop(WEB, at(0, "route", 0, "destination", "subset")), "SL602"),
        ("subset without a policy", put(WEB, at(0, "route", 1, "destination", "subset"), "v2"), "SL602"),
        ("weight changed", put(WEB, at(0, "route", 0, "weight"), 1), "SL602"),
        ("weights sent to the base as well", put(WEB, at(0, "route"), lambda r: [*r, build.to("billing", weight=10)]), "SL602"),
        ("port of a clone lost", drop(WEB, at(5, "route", 0, "destination", "port")), ""),
        ("port that is not the match's", put(CART, at(2, "route", 0, "destination", "port", "number"), 80), "SL602"),
        ("entry of a port lost", drop(CART, at(2)), "SL602"),
        ("new VirtualService missing", gone(CART), "SL602"),
        ("entry of a host's only clone lost", drop(FRONT, at(0)), "SL602"),
        ("port of a host's only clone lost", drop(FRONT, at(0, "route", 0, "destination", "port")), ""),
        # P3
        ("another tenant's header", put(WEB, at(5, "match", 1, "headers", "tenantid"), {"exact": "dev10"}), "SL602"),
        ("another tenant's baggage", put(WEB, at(5, "match", 0, "headers", "baggage"), {"regex": REGEX10}), "SL602"),
        # P4
        ("wrong tenant's clone", put(WEB, at(5, "route", 0, "destination", "host"), "web-dev10"), "SL603"),
        ("host that is no clone", put(WEB, at(5, "route", 0, "destination", "host"), "web-dev2"), "SL602"),
        ("host of the base", put(WEB, at(5, "route", 0, "destination", "host"), "web"), "SL602"),
        ("answer of another clone", put(WEB, at(5, "headers", "response", "set", "x-route"), "dev1/x"), "SL602"),
        ("port that the clone has not", put(CART, at(0, "route", 0, "destination", "port", "number"), 81), "SL602"),
        ("ports of a clone changed", put(SERVICE, ("spec", "ports", 0, "port"), 81), "SL602 SL622"),
        ("clone of a Service missing", gone(SERVICE), "SL601 SL602 SL622"),
        ("clone of a workload missing", gone(DEPLOYMENT), "SL622"),
        # P5
        ("rule missing", gone(RULE), "SL602 SL605"),
        ("TLS softened", put(RULE, ("spec", "trafficPolicy", "tls", "mode"), "DISABLE"), "SL602 SL605"),
        ("traffic policy lost", drop(RULE, ("spec", "trafficPolicy")), "SL602 SL605"),
        ("pool changed", put(RULE, ("spec", "trafficPolicy", "connectionPool", "tcp", "maxConnections"), 50), "SL602 SL605"),
        ("policy of one port added", put(RULE, ("spec", "workloadSelector"), {"matchLabels": {"app": "x"}}), "SL602 SL605"),
        ("visibility lost", drop(RULE, ("spec", "exportTo")), "SL602 SL605"),
        ("subset of the rule lost", drop(RULE, ("spec", "subsets")), "SL602"),
        ("policy of a subset lost", drop(RULE, ("spec", "subsets", 0, "trafficPolicy")), "SL602"),
        ("labels of a subset", put(RULE, ("spec", "subsets", 0, "labels"), {"version": "v1"}), "SL602"),
        # P6
        ("name of a Service too long", renamed, "SL601 SL602 SL605 SL606 SL622"),
        ("label value too long", put(SERVICE, (*LABELS, "x"), "x" * 64), "SL606"),
        ("label key that is none", put(SERVICE, (*LABELS, "-x"), "x"), "SL606"),
        ("annotations too large", put(SERVICE, ("metadata", "annotations", "x"), "x" * 300_000), "SL606"),
        ("object too large", put(SERVICE, ("spec", "x"), "x" * 1_100_000), "SL606"),
        # P7
        ("selector without the tenant", drop(DEPLOYMENT, ("spec", "selector", "matchLabels", "sandlane.dev/tenant")), "SL607"),
        ("selector without the origin", drop(DEPLOYMENT, ("spec", "selector", "matchLabels", "sandlane.dev/origin")), "SL607"),
        ("selector of the base", put(DEPLOYMENT, ("spec", "selector", "matchLabels"), {"app": "web"}), "SL607"),
        ("labels of the base on pods", put(DEPLOYMENT, (*POD, "app"), "web"), "SL607"),
        ("selector of a Service by tenant", put(SERVICE, ("spec", "selector", "tenantID"), "dev1"), "SL622"),
        ("selector of a Service of the base", put(SERVICE, ("spec", "selector"), {"app": "web"}), "SL607"),
        ("pods without the sandbox", drop(DEPLOYMENT, (*POD, "sandlane.dev/sandbox")), "SL622"),
        ("pods without the tenant", drop(DEPLOYMENT, (*POD, "sandlane.dev/tenant")), "SL607"),
        ("pods without tenantLabel", drop(DEPLOYMENT, (*POD, "tenantID")), "SL607"),
        ("no replicas", drop(DEPLOYMENT, ("spec", "replicas")), "SL622"),
        ("another service account", put(DEPLOYMENT, (*SPEC, "serviceAccountName"), "admin"), "SL608"),
        ("network of the node", put(DEPLOYMENT, (*SPEC, "hostNetwork"), True), "SL608"),
        ("privileged", put(DEPLOYMENT, (*SPEC, "containers", 0, "securityContext"), {"privileged": True}), "SL608"),
        ("managed-by lost", drop(SERVICE, (*LABELS, "app.kubernetes.io/managed-by")), "SL601"),
        ("managed-by lost in shared", drop(CART, (*LABELS, "app.kubernetes.io/managed-by")), "SL623"),
        ("annotation lost", drop(SERVICE, ("metadata", "annotations", "sandlane.dev/spec")), "SL601"),
        ("origin of a rule lost", drop(RULE, (*LABELS, "sandlane.dev/origin")), "SL623"),
    ),
    *_linkerd(
        ("carrier dropped", drop(H, rule(0, "matches", 0, "headers")), "SL602 SL603 SL609"),
        ("pattern instead of exact", put(H, rule(0, "matches", 0, "headers", 0, "type"), "RegularExpression"), "SL603"),
        ("another tenant's header", put(H, rule(0, "matches", 0, "headers", 0, "value"), "dev10"), "SL602 SL609"),
        ("another tenant's baggage", put(B, rule(0, "matches", 0, "headers", 0, "value"), REGEX10), "SL602 SL609"),
        ("copy missing", gone(H), "SL602"),
        ("rule of the base missing", drop(H, rule(1)), "SL602"),
        ("filter lost", drop(H, rule(0, "filters")), "SL602"),
        ("timeout lost", drop(H, rule(0, "timeouts")), "SL602"),
        ("path changed", put(H, rule(0, "matches", 0, "path", "value"), "/"), "SL602"),
        ("wrong tenant's clone", put(H, rule(0, "backendRefs", 0, "name"), "web-dev10"), "SL603"),
        ("namespace omitted", drop(H, rule(0, "backendRefs", 0, "namespace")), ""),
        ("port changed", put(H, rule(0, "backendRefs", 0, "port"), 81), "SL602"),
        ("parent's port lost", drop(H, ("spec", "parentRefs", 0, "port")), "SL601"),
        ("default missing", drop(DEFAULT, rule(1)), ""),
        ("default to a clone", put(DEFAULT, rule(1, "backendRefs"), [{"name": "cart-dev1", "port": 80}]), "SL603 SL609"),
        ("17 headers", put(H, rule(0, "matches", 0, "headers"), lambda h: [*h, *MANY]), "SL602 SL606"),
        ("weight of too much", put(H, rule(0, "backendRefs", 0, "weight"), 2_000_000), "SL606"),
        ("17 headers to set", put(H, rule(0, "filters", 0), TOO_MANY), "SL602 SL606"),
        ("annotation of a default", put(DEFAULT, ("metadata", "annotations", "timeout.linkerd.io/request"), "1s"), "SL601 SL602 SL609"),
        ("clone of a Service missing", gone(SERVICE), "SL602 SL622"),
        ("selector without the tenant", drop(DEPLOYMENT, ("spec", "selector", "matchLabels", "sandlane.dev/tenant")), "SL607"),
        ("managed-by lost", drop(H, (*LABELS, "app.kubernetes.io/managed-by")), "SL601"),
    ),
]  # fmt: skip


UNSEEN = {
    "matches swapped": "both do the same",
    "name of an entry changed": "no request meets a name",
    "entry twice": "no request gets behind the first",
    "entries not in the order of tenants": "no request meets the rules of two",
    "port condition lost behind a default": "the default before it takes the other port's requests",
    "port of a clone lost": "its Service has one port",
    "port of a host's only clone lost": "its Service has one port",
    "namespace omitted": "the parent's is meant",
    "default missing": "the sandbox's other route has it",
}
"""Defects of the text alone, which no request can tell: name -> why."""


@pytest.mark.parametrize("defect", [pytest.param(d, id=f"{d.mesh}: {d.name}".replace(" ", "-")) for d in DEFECTS])
def test_each_defect_is_found_by_its_obligations(defect: Defect) -> None:
    assert codes_of(defect.mesh, defect.edit) == defect.codes
    assert bool(defect.codes) != (defect.name in UNSEEN)


def test_names_of_defects_are_unique() -> None:
    assert [name for name, count in Counter((d.mesh, d.name) for d in DEFECTS).items() if count > 1] == []


TABLE = """
| code | obligation | kinds of defects |
| --- | --- | --- |
| SL601 | P1 erasure | 19 |
| SL602 | P2 completeness | 67 |
| SL603 | P3 disjointness | 10 |
| SL605 | P5 policy | 8 |
| SL606 | P6 limits | 8 |
| SL607 | P7 selection | 8 |
| SL622 | P4 whole clones | 8 |
| SL623 | P7 copies | 2 |
"""
"""Which obligation finds how many of the kinds above; most are found by one alone."""


def test_the_table_is_true() -> None:
    assert table() == TABLE


OBLIGATIONS = {
    "SL601": "P1 erasure",
    "SL602": "P2 completeness",
    "SL603": "P3 disjointness",
    "SL605": "P5 policy",
    "SL606": "P6 limits",
    "SL607": "P7 selection",
    "SL622": "P4 whole clones",
    "SL623": "P7 copies",
}


def table() -> str:
    """Returns how many kinds of defects each obligation finds."""
    found = Counter(code for defect in DEFECTS for code in defect.codes.split())
    rows = (f"| {code} | {name} | {found[code]} |\n" for code, name in OBLIGATIONS.items())
    return "\n| code | obligation | kinds of defects |\n| --- | --- | --- |\n" + "".join(rows)


def test_a_rule_for_one_host_takes_no_other_hosts_requests(request: pytest.FixtureRequest) -> None:
    base = [*build.app("a"), *build.app("b"), build.virtual_service("b", {"route": [build.to("a")]})]
    routes = {"adopt": [{"kind": "VirtualService", "name": "b"}]}
    inputs = build.inputs(base, build.sandbox("dev1", "b"), output={"base": "none"}, routes=routes)
    files = written(inputs)
    ours: Files = {f"{r.id.kind}/{r.id.name}": copy.deepcopy(dict(r.manifest)) for r in inputs.base.resources}
    for manifest in (*ours.values(), files["shared/shop/virtualservice-b.yaml"]):
        manifest["metadata"]["namespace"] = "shop"
        if manifest["kind"] == "VirtualService":
            manifest["spec"] = {**manifest["spec"], "hosts": ["a", "b"]}
    assert_recorded(request, [problem.text for problem in prove(make(ours), make(files), claims_of(inputs))])


def _late(transform: Callable[..., Any]) -> Callable[..., Any]:
    """Puts tenants' entries behind the base's."""

    def wrong(*arguments: Any) -> Any:
        found = transform(*arguments)
        own = [entry for entry in found.http if "dev" in str(entry.get("name"))]
        http = [*(entry for entry in found.http if entry not in own), *own]
        return replace(found, spec={**found.spec, "http": http})

    return wrong


def _less(*fields: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Drops fields of what a function returns."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *a, **k: {key: value for key, value in function(*a, **k).items() if key not in fields}

    return wrap


def _selecting(selector: Mapping[str, str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return lambda function: lambda *a: put_selector(function(*a), selector)


def put_selector(manifest: Manifest, selector: Mapping[str, str]) -> Manifest:
    return {**manifest, "spec": {**manifest["spec"], "selector": dict(selector)}}


def _loosened(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes exact conditions prefixes."""

    def wrong(*arguments: Any) -> Any:
        found = copy.deepcopy(function(*arguments))
        for match in found:
            for condition in match["headers"].values():
                if "exact" in condition:
                    condition["prefix"] = condition.pop("exact")
        return found

    return wrong


RENDERER: list[tuple[str, str, Callable[[Callable[..., Any]], Any], str]] = [
    ("withoutHeaders forgotten", "meshes.istio.matches._without", lambda _: lambda match, _: match, "SL603"),
    ("entries behind the base's", "meshes.istio.routes.transform", _late, "SL602"),
    ("prefix instead of exact", "meshes.istio.tenant_routes.tenant_matches", _loosened, "SL602 SL603"),
    ("first match only", "meshes.istio.tenant_routes.tenant_matches", lambda f: lambda *a: f(*a)[:1], "SL602"),
    ("loose expression", "meshes.istio.matches.baggage_regex", lambda _: lambda key, tenant: f".*{key}={tenant}.*", "SL603"),
    ("a port forgotten", "meshes.istio.synthesis.http_ports", lambda f: lambda s: f(s)[:1], "SL602"),
    ("timeout forgotten", "meshes.istio.tenant_routes.substituted", _less("timeout"), "SL602"),
    ("mirror forgotten", "meshes.istio.tenant_routes.substituted", _less("mirror"), "SL602"),
    ("headers replaced", "meshes.istio.tenant_routes.answering", lambda f: lambda _, *a: f({}, *a), "SL602"),
    ("subset dropped", "meshes.istio.route_copies._destination", _less("subset"), "SL602"),
    ("weights kept", "meshes.istio.route_copies._merged", lambda _: lambda route, *a: list(route), "SL602"),
    ("hosts forgotten", "meshes.istio.rules._by_host", lambda _: lambda *a: ([], []), "SL602"),
    ("no new VirtualServices", "meshes.istio.routes._synthesised", lambda _: lambda *a: iter(()), "SL602"),
    ("no DestinationRules", "meshes.istio.routes.destination_rules", lambda _: lambda *a: iter(()), "SL602 SL605"),
    ("no subsets of rules", "meshes.istio.destination_rules._kept_subsets", lambda _: lambda *a: {}, "SL602"),
    ("Service selects the base", "clone.manifests.clone_service", _selecting({"app": "web"}), "SL607"),
    ("Service selects the tenant", "clone.manifests.clone_service", _selecting({"tenantID": "dev1"}), "SL607 SL622"),
    ("no managed-by", "plan.metadata.MANAGED_BY", lambda _: "x/y", "SL601"),
    ("no sandbox label", "plan.metadata.SANDBOX", lambda _: "x/y", "SL601"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "wrong", "codes"), [pytest.param(*row[1:], id=row[0].replace(" ", "-")) for row in RENDERER]
)
def test_a_defect_of_the_renderer_is_never_written(
    target: str, wrong: Callable[[Callable[..., Any]], Any], codes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, _, name = f"sandlane.{target}".rpartition(".")
    holder = import_module(module)
    monkeypatch.setattr(holder, name, wrong(getattr(holder, name)))
    with pytest.raises(Unproven) as found:
        render(inputs_of("istio"))
    assert " ".join(sorted({problem.code for problem in found.value.problems})) == codes


def _accepting(workload: Manifest, index: int, problems: Sequence[Problem]) -> Manifest:
    """Returns a workload of a spec that accepts what may be accepted of the problems that it met."""
    met = {
        (problem.code, problem.object)
        for problem in problems
        if problem.path[:3] == ("spec", "workloads", index) and CATALOGUE[problem.code].acceptable
    }
    entries = [{"code": code, "object": name, "reason": "a test"} for code, name in sorted(met)]
    return {**workload, "accept": entries} if entries else workload


BASES = sorted(path.stem for path in (SHARED / "bases").glob("*.yaml")) if SHARED.is_dir() else []


@needs_shared
@pytest.mark.parametrize(("name", "mesh"), [application(name, mesh) for name in BASES for mesh in sorted(MESHES)])
def test_no_false_alarm(name: str, mesh: str) -> None:
    base = SHARED / "bases" / f"{name}.yaml"
    try:
        probe = inputs_over(base, environment(mesh))
        routes = {"adopt": route_objects(probe)}
    except Invalid:
        pytest.skip("the base itself is refused")
    workloads = workloads_of(probe)

    def rendered(chosen: Sequence[Manifest]) -> Sequence[Problem]:
        specs = [sandbox(tenant, chosen) for tenant in ("dev1", "dev10", "xdev1")]
        try:
            render(inputs_over(base, environment(mesh, routes=routes), specs))
        except Invalid as error:
            return error.problems
        return ()

    def renders(chosen: Sequence[Manifest]) -> bool:
        problems = rendered(chosen)
        accepting = [_accepting(workload, index, problems) for index, workload in enumerate(chosen)]
        return not (problems and rendered(accepting))

    if not renders(workloads):
        for workload in workloads:
            renders([workload])
