"""Previews at Gateways of the Gateway API: a host for each tenant that adds the carriers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from sandlane.base.base import make_base
from sandlane.k8s.resource import Resource
from sandlane.meshes.gateway_api.previews import carrying
from sandlane.output.layout import path_of
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid, Source, show
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.semantics.network import make_network, overlaid
from sandlane.semantics.request import Client, Request
from sandlane.semantics.trace import trace
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import Carrier
from tests.build import Object, app, group, inputs, object_of, sandbox, texts
from tests.meshes.gateway_api.test_attached_routes import route, rule
from tests.networks import said_of
from tests.proof.recorded import assert_recorded
from tests.shared import needs_shared
from tests.validity import complaints

HOST = "{tenantID}.preview.example.com"
PREVIEW = {"host": HOST, "gateway": "ingress/gw"}
DEV1, DEV2 = sandbox("dev1", "a"), sandbox("dev2", "b")
ALL = {"namespaces": {"from": "All"}}

NAMED = "\n  hint: write its namespace and name, as in 'istio-ingress/public', or put the Gateway into the base"


def listener(name: str, hostname: str = "", **more: Any) -> Object:
    hosts = {"hostname": hostname} if hostname else {}
    return {"name": name, "port": 80, "protocol": "HTTP", **hosts, "allowedRoutes": ALL, **more}


def gate(*listeners: Object) -> Object:
    listed = list(listeners) or [listener("http")]
    return object_of(
        "gateway.networking.k8s.io/v1", "Gateway", "gw", "ingress", gatewayClassName="any", listeners=listed
    )


def at_gate(
    name: str, *rules: Object, hosts: tuple[str, ...] = ("shop.example.com",), section: str = "", **more: Any
) -> Object:
    parent = {"name": "gw", "namespace": "ingress", **({"sectionName": section} if section else {})}
    made = route(name, *rules, parents=[parent], **more)
    return {**made, "spec": {**made["spec"], "hostnames": list(hosts)}} if hosts else made


def path(value: str) -> Object:
    return {"path": {"type": "PathPrefix", "value": value}}


TO_ROOT = {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/"}}
OLD = {"matches": [path("/old")], "filters": [{"type": "RequestRedirect", "requestRedirect": TO_ROOT}]}
CHANGED = {"type": "RequestHeaderModifier", "requestHeaderModifier": {
    "set": [{"name": "x", "value": "1"}, {"name": "TenantID", "value": "no"}], "add": [{"name": "Baggage", "value": "p=1"}],
    "remove": ["y", "tenantid"],
}}  # fmt: skip
SHOP = at_gate("shop", rule("b", match=path("/cart"), timeouts={"request": "2s"}), OLD, rule("a", filters=[CHANGED]))
BASE = [*app("a"), *app("b"), gate(), SHOP]


def made(base: list[Object] = BASE, *specs: Object, mesh: str = "linkerd", **env: Any) -> Inputs:
    return inputs(base, *(specs or (DEV1, DEV2)), **{"mesh": mesh, "preview": PREVIEW, **env})


def previews(found: Inputs) -> dict[str, Any]:
    objects = render(found).objects
    return {path_of(o): o.manifest for o in objects if "-preview-" in o.id.name}


def ask(found: Inputs, host: str, asked: str, tenant: str = "") -> list[str]:
    written = [Resource(id=o.id, manifest=o.manifest, source=Source(file="x")) for o in render(found).objects]
    mesh = found.environment.mesh
    network = make_network(overlaid(found.base, written), mesh=mesh, domain="cluster.local", root="istio-system")
    client = Client(kind="gateway", namespace="ingress", name="gw")
    headers = (("tenantid", tenant),) if tenant else ()
    return said_of(trace(network, Request(client=client, host=host, port=80, path=asked, headers=headers)))


ADDED = {"type": "RequestHeaderModifier", "requestHeaderModifier": {
    "set": [{"name": "tenantid", "value": "dev1"}], "add": [{"name": "baggage", "value": "tenantID=dev1"}]}}  # fmt: skip
TO_B = {"group": "", "kind": "Service", "name": "b", "namespace": "shop", "port": 80, "weight": 1}
TO_CLONE = {**TO_B, "name": "a-dev1"}


def test_a_preview() -> None:
    found = previews(made())
    assert sorted(found) == [
        "sandboxes/dev1/shop/httproute-shop-preview-dev1.yaml", "sandboxes/dev2/shop/httproute-shop-preview-dev2.yaml"
    ]  # fmt: skip
    assert found["sandboxes/dev1/shop/httproute-shop-preview-dev1.yaml"]["spec"] == {
        "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gw", "namespace": "ingress"}],
        "hostnames": ["dev1.preview.example.com"],
        "rules": [
            {"matches": [path("/cart")], "filters": [ADDED], "backendRefs": [TO_B], "timeouts": {"request": "2s"}},
            {"matches": [path("/old")], "filters": [
                {"type": "RequestRedirect", "requestRedirect": {"statusCode": 302, **TO_ROOT}}]},
            {"matches": [path("/")], "backendRefs": [TO_CLONE], "filters": [
                {"type": "RequestHeaderModifier", "requestHeaderModifier": {
                    "set": [{"name": "x", "value": "1"}, {"name": "tenantid", "value": "dev1"}],
                    "add": [{"name": "baggage", "value": "p=1,tenantID=dev1"}], "remove": ["y"]}}]},
        ],
    }  # fmt: skip


@needs_shared
def test_the_api_server_takes_a_preview() -> None:
    assert [complaints(manifest) for manifest in previews(made()).values()] == [[], []]


@pytest.mark.parametrize("mesh", ["linkerd", "gateway-api", "istio", "istio-ambient"])
@pytest.mark.parametrize(
    ("host", "asked", "expected"),
    [
        pytest.param("dev1.preview.example.com", "/", ["a-dev1:80"], id="clone"),
        pytest.param("dev1.preview.example.com", "/cart", ["b:80 timeout={'request': '2s'}"], id="not-cloned"),
        pytest.param("dev2.preview.example.com", "/cart", ["b-dev2:80 timeout={'request': '2s'}"], id="another"),
        pytest.param("dev3.preview.example.com", "/", ["404"], id="nobody"),
        pytest.param("shop.example.com", "/", ["a:80"], id="the-bases-host"),
    ],
)
def test_who_answers(mesh: str, host: str, asked: str, expected: list[str]) -> None:
    assert ask(made(mesh=mesh), host, asked) == expected


def test_previews_where_no_tenant_is_chosen_at_gateways() -> None:
    found = made(routes={"entry": "mesh"})
    assert sorted(o.id.name for o in render(found).objects if o.id.kind == "HTTPRoute" and o.id.name.startswith("shop-")) == [
        "shop-preview-dev1", "shop-preview-dev2"
    ]  # fmt: skip
    assert ask(found, "dev1.preview.example.com", "/") == ["a-dev1:80"]
    assert ask(found, "shop.example.com", "/", "dev1") == ["a:80"]


def test_groups_have_previews() -> None:
    found = previews(made(BASE, DEV1, DEV2, group("both", sandboxes=["dev1", "dev2"], tenantID="rel")))
    rules = found["sandboxes/both/shop/httproute-shop-preview-rel.yaml"]["spec"]["rules"]
    assert [r["backendRefs"][0]["name"] for r in rules if "backendRefs" in r] == ["b-dev2", "a-dev1"]


def test_every_route_of_the_host_is_in_a_preview() -> None:
    more = [at_gate("api", rule("b", match=path("/api"))), at_gate("other", rule("b"), hosts=("other.example.com",)),
            at_gate("calls", rule("a", match={"method": {"service": "s"}}), kind="GRPCRoute")]  # fmt: skip
    found = previews(made([*BASE, *more], DEV1, preview={**PREVIEW, "of": "shop.example.com"}))
    assert sorted(found) == [
        "sandboxes/dev1/shop/grpcroute-calls-preview-dev1.yaml",
        "sandboxes/dev1/shop/httproute-api-preview-dev1.yaml",
        "sandboxes/dev1/shop/httproute-shop-preview-dev1.yaml",
    ]
    assert ask(made([*BASE, more[0]], DEV1), "dev1.preview.example.com", "/api") == ["b:80"]


def test_a_listener_for_previews_is_named() -> None:
    listeners = [listener("web", "shop.example.com"), listener("tls", "*.preview.example.com", port=443, protocol="HTTPS"),
                 listener("preview", "*.preview.example.com")]  # fmt: skip
    base = [*app("a"), gate(*listeners), at_gate("s", rule("a"), section="web")]
    (made_route,) = previews(made(base, DEV1)).values()
    assert made_route["spec"]["parentRefs"] == [
        {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "name": "gw",
            "namespace": "ingress",
            "sectionName": "preview",
        }
    ]


def test_the_only_host_of_a_listener_is_the_bases() -> None:
    base = [*app("a"), gate(listener("web", "shop.example.com"), listener("preview", "*.preview.example.com")),
            at_gate("s", rule("a"), hosts=(), section="web")]  # fmt: skip
    assert ask(made(base, DEV1), "dev1.preview.example.com", "/") == ["a-dev1:80"]


@pytest.mark.parametrize("hosts", [pytest.param((), id="any"), pytest.param(("*.example.org",), id="wildcard")])
def test_a_host_of_the_base_may_be_a_wildcard(hosts: tuple[str, ...]) -> None:
    base = [*app("a"), *app("b"), gate(), at_gate("s", rule("a"), rule("b", match=path("/b")), hosts=hosts)]
    assert ask(made(base, DEV1), "dev1.preview.example.com", "/") == ["a-dev1:80"]
    assert ask(made(base, DEV1), "dev1.preview.example.com", "/b") == ["b:80"]


def test_routes_of_several_ports_are_all_in_a_preview() -> None:
    listeners = [listener("http"), listener("tls", port=443, protocol="HTTPS")]
    redirecting = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]}
    routes = [at_gate("up", redirecting, section="http"), at_gate("s", rule("a"), section="tls")]
    found = made([*app("a"), gate(*listeners), *routes], DEV1)
    assert sorted(found_name.rpartition("-")[0] for found_name in previews(found)) == [
        "sandboxes/dev1/shop/httproute-s-preview", "sandboxes/dev1/shop/httproute-up-preview"
    ]  # fmt: skip
    assert ask(found, "dev1.preview.example.com", "/") == ["redirect {statusCode: 301, scheme: https}"]


def test_answers_of_previews_say_whose_they_are() -> None:
    found = previews(made(BASE, DEV1, routes={"answerHeader": "x-lane"}))
    rules = found["sandboxes/dev1/shop/httproute-shop-preview-dev1.yaml"]["spec"]["rules"]
    answer = {
        "type": "ResponseHeaderModifier",
        "responseHeaderModifier": {"set": [{"name": "x-lane", "value": "dev1/a"}]},
    }
    assert [answer in r["filters"] for r in rules] == [False, False, True]


def test_a_rule_with_as_many_changes_as_the_api_allows_is_told() -> None:
    full = {
        "type": "RequestHeaderModifier",
        "requestHeaderModifier": {"set": [{"name": f"x{n}", "value": "1"} for n in range(16)]},
    }
    with pytest.raises(Invalid) as invalid:
        render(made([*app("a"), gate(), at_gate("s", rule("a", filters=[full]))], DEV1))
    assert [p.code for p in invalid.value.problems if p.level == "error"] == ["SL461"]


def test_a_grant_by_name_is_given_to_clones_of_previews() -> None:
    grant = object_of("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "g", "shop",
                      **{"from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "ingress"}]},
                      to=[{"group": "", "kind": "Service", "name": "a"}])  # fmt: skip
    crossing = at_gate("s", rule({"name": "a", "namespace": "shop", "port": 80}), namespace="ingress")
    found = made([*app("a"), gate(), grant, crossing], DEV1, routes={"entry": "mesh"})
    assert [o.id.name for o in render(found).objects if o.id.kind == "ReferenceGrant" and not o.base] == ["g-dev1"]
    assert ask(found, "dev1.preview.example.com", "/") == ["a-dev1:80"]


def test_policies_of_a_route_follow_to_its_previews() -> None:
    guard = object_of("gateway.envoyproxy.io/v1alpha1", "SecurityPolicy", "p", jwt={},
                      targetRef={"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "shop"})  # fmt: skip
    found = render(made([*BASE, guard], DEV1, routes={"entry": "mesh"})).objects
    assert [o.manifest["spec"]["targetRef"]["name"] for o in found if o.id.kind == "SecurityPolicy" and not o.base] == [
        "shop-preview-dev1"
    ]


@pytest.mark.parametrize(
    ("carriers", "expected"),
    [
        ([("x", None)], {"set": [{"name": "x", "value": "t"}]}),
        ([(None, "k"), (None, "l")], {"add": [{"name": "baggage", "value": "k=t,l=t"}]}),
    ],
)  # fmt: skip
def test_carriers(carriers: list[tuple[str | None, str | None]], expected: Object) -> None:
    given = [Carrier(header=header, baggage=key) for header, key in carriers]
    assert carrying([], given, "t") == [{"type": "RequestHeaderModifier", "requestHeaderModifier": expected}]


def refused(base: list[Object], *specs: Object, **env: Any) -> list[str]:
    with pytest.raises(Invalid) as found:
        render(made(base, *(specs or (DEV1,)), **env))
    return list(dict.fromkeys(texts([p for p in found.value.problems if p.code in ("SL454", "SL455", "SL477")])))


def said(what: str, way: str) -> list[str]:
    return [f"sandlane.yaml: SL455 'spec.preview' {what}\n  hint: {way}"]


APPS = [*app("a"), *app("b")]
WHERE = "'Gateway/ingress/gw'"
TLS = {"tls": {"certificateRefs": [{"name": "c"}]}}


@pytest.mark.parametrize(
    ("base", "env", "expected"),
    [
        pytest.param(
            BASE, {"preview": {**PREVIEW, "gateway": "gx"}},
            [f"sandlane.yaml: SL454 gateway 'shop/gx' in 'spec.preview.gateway' is no Gateway of the Gateway API in the base{NAMED}"],
            id="no-gateway",
        ),
        pytest.param(
            [*APPS, gate()], {}, said(f"finds no host of the base at {WHERE}", "give the base a route at the gateway"), id="no-host"
        ),
        pytest.param(
            [*BASE, at_gate("x", rule("b"), hosts=("api.example.com",))], {},
            said(f"does not say which host of {WHERE} it is of", "say 'of: HOST'; hosts there: api.example.com, shop.example.com"),
            id="which-host",
        ),
        pytest.param(
            BASE, {"preview": {**PREVIEW, "of": "x.org"}},
            said(f"is of 'x.org', which {WHERE} has not", "say 'of: HOST'; hosts there: shop.example.com"), id="not-that-host",
        ),
        pytest.param(
            [*APPS, gate(listener("web", "shop.example.com")), SHOP], {},
            said(f"makes the host 'dev1.preview.example.com', which no listener of {WHERE} serves for 'HTTPRoute/shop/shop'",
                 "add to its 'spec.listeners': - {name: preview, port: 80, protocol: HTTP, hostname: '*.preview.example.com'}"),
            id="not-served",
        ),
        pytest.param(
            [*APPS, gate(listener("web", "shop.example.com", port=443, protocol="HTTPS", **TLS)), SHOP], {},
            said(f"makes the host 'dev1.preview.example.com', which no listener of {WHERE} serves for 'HTTPRoute/shop/shop'",
                 "add to its 'spec.listeners': - {name: preview, port: 443, protocol: HTTPS, hostname: '*.preview.example.com', "
                 "tls: {…}}, with the 'tls' of listener 'web'"),
            id="not-served-with-tls",
        ),
        pytest.param(
            BASE, {"preview": {"host": f"{'x' * 60}{{tenantID}}.org", "gateway": "ingress/gw"}},
            said(f"makes the host '{'x' * 60}dev1.org', which is no host name", "shorten the tenantID, or give it a label of its own"),
            id="too-long",
        ),
        pytest.param(
            [*BASE, at_gate("x", rule("b"), hosts=("dev1.preview.example.com",))], {"preview": {**PREVIEW, "of": "shop.example.com"}},
            said("makes the host 'dev1.preview.example.com', which the base has already", "choose another 'host'"), id="taken",
        ),
        pytest.param(
            [*APPS, gate(), at_gate("s", rule("a", match={"headers": [{"name": "tenantID", "value": "x"}]}))],
            {"routes": {"entry": "mesh"}},
            said("finds conditions on carriers in 'HTTPRoute/shop/s'", "take them out of the base route"), id="carriers",
        ),
        pytest.param(
            BASE, {"routes": {"strip": ["ingress/gw"]}},
            ["sandlane.yaml: SL477 carriers cannot be removed at 'ingress/gw', a Gateway of the Gateway API, by objects beside "
             "the base's\n"
             "  hint: say 'routes.entry: mesh', and add to each rule of its routes the filter {type: RequestHeaderModifier, "
             "requestHeaderModifier: {remove: [tenantid, baggage]}}"], id="strip",
        ),
        pytest.param(
            BASE, {"routes": {"strip": ["gx"]}},
            [f"sandlane.yaml: SL454 gateway 'shop/gx' in 'spec.routes.strip' is no Gateway of the Gateway API in the base{NAMED}"],
            id="strip-nowhere",
        ),
    ],
)  # fmt: skip
def test_where_there_can_be_none(base: list[Object], env: dict[str, Any], expected: list[str]) -> None:
    assert refused(base, **env) == expected


def test_a_host_that_a_wildcard_of_the_base_answers_is_told() -> None:
    wild = at_gate("wild", rule("b"), hosts=("*.example.com",))
    found = render(made([*BASE, wild], DEV1, preview={**PREVIEW, "of": "shop.example.com"}))
    assert [t for t in texts(found.notices) if "SL459" in t] == [
        "sandlane.yaml: SL459 notice: host 'dev1.preview.example.com' of a preview is answered by '*.example.com' of "
        "'HTTPRoute/shop/wild' in the base, and gets the routes of 'shop.example.com'\n"
        "  hint: choose a 'host' that no wildcard of the base covers, or say 'of: \"*.example.com\"'"
    ]


ONE = "sandboxes/dev1/shop/httproute-shop-preview-dev1.yaml"
Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda f: f.pop(ONE), id="missing"),
        pytest.param(lambda f: f[ONE]["spec"]["rules"].pop(0), id="a-rule-missing"),
        pytest.param(lambda f: f[ONE]["spec"]["rules"][2]["backendRefs"][0].update(name="a"), id="not-to-the-clone"),
        pytest.param(lambda f: f[ONE]["spec"]["rules"][2]["backendRefs"][0].update(name="b-dev2"), id="to-anothers-clone"),
        pytest.param(lambda f: f[ONE]["spec"]["rules"][0]["filters"].clear(), id="no-carriers"),
        pytest.param(lambda f: f[ONE]["spec"]["rules"][0]["matches"][0]["path"].update(value="/c"), id="another-path"),
        pytest.param(lambda f: f[ONE]["spec"]["rules"][0].pop("timeouts"), id="no-timeout"),
        pytest.param(
            lambda f: f[ONE]["spec"]["rules"][1]["filters"][0]["requestRedirect"].update(statusCode=301), id="another-redirect"
        ),
        pytest.param(
            lambda f: f[ONE]["spec"]["parentRefs"][0].update(group="", kind="Service", name="a", namespace="shop"), id="at-a-service"
        ),
        pytest.param(lambda f: f[ONE]["spec"].update(hostnames=["shop.example.com"]), id="for-the-bases-host"),
        pytest.param(
            lambda f: f[ONE]["spec"].update(hostnames=["dev1.preview.example.com", "shop.example.com"]), id="for-the-bases-host-as-well"
        ),
    ],
)  # fmt: skip
def test_r_g15_proof_judges_previews(edit: Edit, request: pytest.FixtureRequest) -> None:
    assert_recorded(request, proved(edit))


def test_r_g15_right_previews_are_proved() -> None:
    assert proved(lambda f: None) == []


def proved(edit: Edit) -> list[str]:
    """Returns what proof says of an output that is changed."""
    found = made(output={"base": "none"})
    files = {
        path_of(o): copy.deepcopy(o.manifest)
        for o in render(found).objects
        if o.directory.startswith(("sandboxes", "shared"))
    }
    ids = {path_of(o): o.id for o in render(found).objects}
    edit(files)
    written = make_base(
        Resource(id=ids[name], manifest=manifest, source=Source(file=name)) for name, manifest in files.items()
    )
    return [show(problem) for problem in prove(found.base, written, claims_of(found))]
