"""Previews: a host for each tenant that adds the carriers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from sandlane.base.base import make_base
from sandlane.k8s.resource import Resource
from sandlane.output.layout import path_of
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid, Source, show
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.semantics.network import make_network, overlaid
from sandlane.semantics.request import Client, Request
from sandlane.semantics.trace import trace
from sandlane.specs.inputs import Inputs
from tests.build import Object, app, group, inputs, object_of, sandbox, texts, to, virtual_service
from tests.networks import said_of
from tests.proof.recorded import assert_recorded

A, B = "a.shop.svc.cluster.local", "b.shop.svc.cluster.local"
HOST = "{tenantID}.preview.example.com"
PREVIEW = {"host": HOST, "gateway": "ingress/gw"}
DEV1, DEV2 = sandbox("dev1", "a"), sandbox("dev2", "b")


def gate(*hosts: str) -> Object:
    servers = [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": list(hosts or ("*",))}]
    return object_of("networking.istio.io/v1", "Gateway", "gw", "ingress", selector={"istio": "in"}, servers=servers)


def at_gate(name: str, *http: Object, host: str = "shop.example.com", **spec: Any) -> Object:
    return virtual_service(name, *http, hosts=[host], gateways=["ingress/gw"], **spec)


SHOP = at_gate(
    "shop",
    {"name": "cart", "match": [{"uri": {"prefix": "/cart"}}], "route": [to("b")], "timeout": "2s"},
    {"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/"}},
    {"route": [to("a")], "headers": {"request": {"set": {"x": "1", "TenantID": "no"}, "add": {"baggage": "p=1"}}}},
)
BASE = [*app("a"), *app("b"), gate(), SHOP]


def made(base: list[Object] = BASE, *specs: Object, **env: Any) -> Inputs:
    return inputs(base, *(specs or (DEV1, DEV2)), **{"preview": PREVIEW, **env})


def previews(found: Inputs) -> dict[str, Any]:
    objects = render(found).objects
    return {path_of(o): o.manifest for o in objects if o.id.name.startswith("preview-")}


ADDED = {"request": {"set": {"tenantid": "dev1"}, "add": {"baggage": "tenantID=dev1"}}}


def test_a_preview() -> None:
    found = previews(made())
    assert sorted(found) == [
        "sandboxes/dev1/ingress/virtualservice-preview-dev1.yaml", "sandboxes/dev2/ingress/virtualservice-preview-dev2.yaml"
    ]  # fmt: skip
    assert found["sandboxes/dev1/ingress/virtualservice-preview-dev1.yaml"]["spec"] == {
        "hosts": ["dev1.preview.example.com"],
        "gateways": ["ingress/gw"],
        "http": [
            {"name": "cart.dev1", "match": [{"uri": {"prefix": "/cart"}}], "route": [to(B)], "timeout": "2s", "headers": ADDED},
            {"name": "tenant-dev1", "match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/"}},
            {
                "name": "tenant-dev1",
                "route": [to("a-dev1.shop.svc.cluster.local")],
                "headers": {"request": {"set": {"x": "1", "tenantid": "dev1"}, "add": {"baggage": "p=1,tenantID=dev1"}}},
            },
        ],
    }  # fmt: skip


def ask(found: Inputs, host: str, path: str, tenant: str = "") -> list[str]:
    written = [Resource(id=o.id, manifest=o.manifest, source=Source(file="x")) for o in render(found).objects]
    network = make_network(overlaid(found.base, written), mesh="istio", domain="cluster.local", root="istio-system")
    client = Client(kind="gateway", namespace="ingress", name="gw")
    headers = (("tenantid", tenant),) if tenant else ()
    return said_of(trace(network, Request(client=client, host=host, port=80, path=path, headers=headers)))


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        pytest.param("dev1.preview.example.com", "/", ["a-dev1:80"], id="clone"),
        pytest.param("dev1.preview.example.com", "/cart", ["b:80 timeout=2s"], id="not-cloned"),
        pytest.param("dev2.preview.example.com", "/cart", ["b-dev2:80 timeout=2s"], id="another"),
        pytest.param("dev3.preview.example.com", "/", ["404"], id="nobody"),
        pytest.param("shop.example.com", "/", ["a:80"], id="the-bases-host"),
        pytest.param("dev1.preview.example.com", "/old", ["redirect {uri: /}"], id="redirect"),
    ],
)
def test_who_answers(host: str, path: str, expected: list[str]) -> None:
    assert ask(made(), host, path) == expected


def test_catch_alls_of_several_are_last() -> None:
    other = at_gate("t", {"match": [{"uri": {"prefix": "/b"}}], "route": [to("b")]}, {"route": [to("b")]})
    found = previews(made([*app("a"), *app("b"), gate(), at_gate("s", {"route": [to("a")]}), other], DEV1))
    (spec,) = (manifest["spec"] for manifest in found.values())
    assert [(e.get("match"), e["route"]) for e in spec["http"]] == [
        ([{"uri": {"prefix": "/b"}}], [to(B)]), (None, [to("a-dev1.shop.svc.cluster.local")])
    ]  # fmt: skip


def test_groups_have_previews() -> None:
    found = previews(made(BASE, DEV1, DEV2, group("both", sandboxes=["dev1", "dev2"], tenantID="rel")))
    spec = found["sandboxes/both/ingress/virtualservice-preview-rel.yaml"]["spec"]
    assert [e["route"] for e in spec["http"] if "route" in e] == [
        [to("b-dev2.shop.svc.cluster.local")], [to("a-dev1.shop.svc.cluster.local")]
    ]  # fmt: skip


TWO_PORTS = object_of(
    "networking.istio.io/v1", "Gateway", "gw", "ingress", selector={"istio": "in"},
    servers=[{"port": {"number": n, "name": f"http-{n}", "protocol": "HTTP"}, "hosts": ["*"]} for n in (80, 8080)],
)  # fmt: skip
REDIRECT: Object = {"match": [{"port": 80}], "redirect": {"scheme": "https"}}
WIDER: Object = {"match": [{"uri": {"prefix": "/c"}}], "route": [to(B)]}
PATH: Object = {"match": [{"uri": {"prefix": "/co"}}], "route": [to(A)]}


@pytest.mark.parametrize(
    ("base", "port", "path", "expected"),
    [
        pytest.param([at_gate("s", REDIRECT, {"route": [to("a")]})], 8080, "/", ["a-dev1:8080"], id="a-port-of-two"),
        pytest.param([at_gate("s", REDIRECT, {"route": [to("a")]})], 80, "/", ["redirect {scheme: https}"], id="the-other-port"),
        pytest.param([at_gate("r", REDIRECT), at_gate("s", {"route": [to("a")]})], 8080, "/", ["a-dev1:8080"], id="of-two"),
        pytest.param(
            [at_gate("bbb", PATH, namespace="one"), at_gate("aaa", WIDER, namespace="two")],
            80, "/co", ["b:80"], id="by-names-before-namespaces",
        ),
        pytest.param([at_gate("s", {"route": [to("a")]}), at_gate("r", {"route": [to("b")]}, exportTo=["x"])], 80, "/", ["a-dev1:80"],
                     id="not-exported"),
    ],
)  # fmt: skip
def test_tables_that_differ_by_port_or_order(base: list[Object], port: int, path: str, expected: list[str]) -> None:
    found = made(
        [*app("a", 80, 8080), *app("b", 80, 8080), TWO_PORTS, *base],
        DEV1,
        preview={**PREVIEW, "of": "shop.example.com"},
    )
    written = [Resource(id=o.id, manifest=o.manifest, source=Source(file="output")) for o in render(found).objects]
    network = make_network(overlaid(found.base, written), mesh="istio", domain="cluster.local", root="istio-system")
    client = Client(kind="gateway", namespace="ingress", name="gw")
    host = "dev1.preview.example.com"
    assert said_of(trace(network, Request(client=client, host=host, authority=host, port=port, path=path))) == expected


WIDE = at_gate("wide", {"route": [to("b")]}, host="*.example.com")


@pytest.mark.parametrize(
    ("base", "of", "expected"),
    [
        pytest.param(
            [*BASE, WIDE], "shop.example.com",
            [
                "sandlane.yaml: SL459 notice: host 'dev1.preview.example.com' of a preview is answered by '*.example.com' of "
                "'VirtualService/shop/wide' in the base, and gets the routes of 'shop.example.com'\n"
                "  hint: choose a 'host' that no wildcard of the base covers, or say 'of: \"*.example.com\"'"
            ],
            id="another-wildcard",
        ),
        pytest.param([*BASE, WIDE], "*.example.com", [], id="its-own"),
        pytest.param([*BASE, at_gate("all", {"route": [to("b")]}, host="*"), WIDE], "*.example.com", [], id="its-own-is-nearest"),
        pytest.param([*BASE, at_gate("all", {"route": [to("b")]}, host="*.test")], "shop.example.com", [], id="none-of-them"),
    ],
)  # fmt: skip
def test_hosts_that_a_wildcard_answers_in_the_base(base: list[Object], of: str, expected: list[str]) -> None:
    found = render(made(base, preview={**PREVIEW, "of": of}))
    assert texts([p for p in found.notices if p.code == "SL459"]) == expected


def test_the_host_that_is_meant() -> None:
    base = [*BASE, at_gate("api", {"route": [to("b")]}, host="api.example.com")]
    found = previews(made(base, DEV2, preview={**PREVIEW, "of": "api.example.com"}))
    assert [m["spec"]["http"][0]["route"] for m in found.values()] == [[to("b-dev2.shop.svc.cluster.local")]]


def refused(base: list[Object], *specs: Object, **env: Any) -> list[str]:
    with pytest.raises(Invalid) as found:
        render(made(base, *(specs or (DEV1,)), **env))
    return list(dict.fromkeys(texts([p for p in found.value.problems if p.code in ("SL454", "SL455")])))


def said(what: str, way: str) -> list[str]:
    return [f"sandlane.yaml: SL455 'spec.preview' {what}\n  hint: {way}"]


APPS = [*app("a"), *app("b")]
WHERE = "'Gateway/ingress/gw'"
NAMED = "\n  hint: write its namespace and name, as in 'istio-ingress/public', or put the Gateway into the base"
UNKNOWN = f"sandlane.yaml: SL454 gateway '{{}}' in 'spec.preview.gateway' is no Gateway of Istio in the base{NAMED}"


@pytest.mark.parametrize(
    ("base", "env", "expected"),
    [
        pytest.param(BASE, {"preview": {**PREVIEW, "gateway": "gx"}}, [UNKNOWN.format("shop/gx")], id="no-gateway"),
        pytest.param(APPS, {"mesh": "linkerd"}, [UNKNOWN.format("ingress/gw").replace("Istio", "the Gateway API")], id="no-istio"),
        pytest.param(
            [*APPS, gate()], {}, said(f"finds no host of the base at {WHERE}", "give the base a route at the gateway"), id="no-host"
        ),
        pytest.param(
            [*BASE, at_gate("x", {"route": [to("b")]}, host="api.example.com")], {},
            said(f"does not say which host of {WHERE} it is of", "say 'of: HOST'; hosts there: api.example.com, shop.example.com"),
            id="which-host",
        ),
        pytest.param(
            BASE, {"preview": {**PREVIEW, "of": "x.org"}},
            said(f"is of 'x.org', which {WHERE} has not", "say 'of: HOST'; hosts there: shop.example.com"), id="not-that-host",
        ),
        pytest.param(
            [*APPS, gate("shop.example.com"), SHOP], {},
            said(f"makes the host 'dev1.preview.example.com', which {WHERE} does not serve",
                 "add '*.preview.example.com' to the hosts of one of its servers"), id="not-served",
        ),
        pytest.param(
            BASE, {"preview": {"host": f"{'x' * 60}{{tenantID}}.org", "gateway": "ingress/gw"}},
            said(f"makes the host '{'x' * 60}dev1.org', which is no host name", "shorten the tenantID, or give it a label of its own"),
            id="too-long",
        ),
        pytest.param(
            [*APPS, gate(), at_gate("s", {"delegate": {"name": "d"}})], {},
            said("finds a delegate in entry 1 of 'VirtualService/shop/s'", "write the delegate's routes into it"), id="delegate",
        ),
        pytest.param(
            [*APPS, gate(), at_gate("s", {"match": [{"sourceLabels": {"x": "1"}}], "route": [to("a")]})], {},
            said("finds conditions on clients in entry 1 of 'VirtualService/shop/s'", "name gateways in the match"), id="clients",
        ),
        pytest.param(
            [*APPS, gate(), at_gate("s", {"match": [{"headers": {"tenantID": {}}}], "route": [to("a")]})], {},
            said("finds conditions on carriers or on the authority in entry 1 of 'VirtualService/shop/s'",
                 "take them out of the base route"), id="carriers",
        ),
        pytest.param(
            [*APPS, gate(), at_gate("s", {"match": [{"uri": {"exact": "/x"}}, {"uri": {"prefix": "/"}}], "route": [to("a")]})], {},
            said("finds a catch-all beside other matches in 'VirtualService/shop/s'", "write two entries"), id="mixed",
        ),
        pytest.param(
            [*APPS, gate(), at_gate("s", {"route": [to("a")]}, host="dev1.preview.example.com")], {},
            said("makes the host 'dev1.preview.example.com', which the base has already", "choose another 'host'"), id="taken",
        ),
    ],
)  # fmt: skip
def test_where_there_can_be_none(base: list[Object], env: Any, expected: list[str]) -> None:
    assert refused(base, **env) == expected


Change = Callable[[dict[str, Any]], None]


def broken(change: Change) -> list[str]:
    """Returns what proof says of an output whose preview of dev1 is another."""
    found = made()
    objects = []
    for placed in render(found).objects:
        manifest: Any = placed.manifest
        if placed.id.name == "preview-dev1":
            manifest = copy.deepcopy(manifest)
            change(manifest)
        objects.append(Resource(id=placed.id, manifest=manifest, source=Source(file=path_of(placed))))
    return [show(problem) for problem in prove(found.base, make_base(objects), claims_of(found))]


def set_(*path: Any, value: Any) -> Change:
    def change(manifest: Any) -> None:
        for step in path[:-1]:
            manifest = manifest[step]
        manifest[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(set_("spec", "hosts", value=["shop.example.com"]), id="another-host"),
        pytest.param(set_("spec", "gateways", value=["ingress/gw", "mesh"]), id="mesh"),
        pytest.param(set_("spec", "tcp", value=[{"route": [to("a")]}]), id="another-field"),
        pytest.param(set_("spec", "http", 2, "route", value=[to("a-dev2.shop.svc.cluster.local")]), id="elsewhere"),
        pytest.param(set_("spec", "http", 2, "route", value=[to("b-dev2.shop.svc.cluster.local")]), id="anothers-clone"),
        pytest.param(set_("spec", "http", 2, "headers", "request", "set", "tenantid", value="dev2"), id="anothers-carrier"),
        pytest.param(set_("spec", "http", 2, "headers", "request", "set", "y", value="2"), id="another-header"),
        pytest.param(set_("spec", "http", 2, "headers", "request", "remove", value=["z"]), id="a-header-removed"),
        pytest.param(set_("spec", "http", 2, "headers", "response", value={"set": {"y": "2"}}), id="a-header-of-answers"),
        pytest.param(set_("spec", "http", 0, "timeout", value="9s"), id="timeout"),
        pytest.param(set_("spec", "http", 0, "match", value=[{"uri": {"prefix": "/c"}}]), id="conditions"),
        pytest.param(set_("spec", "http", 1, "redirect", value={"uri": "/x"}), id="redirect"),
        pytest.param(set_("spec", "http", value=[]), id="nothing"),
        pytest.param(
            lambda m: m["spec"]["http"].insert(0, {"match": [{"headers": {"tenantid": {"exact": "dev2"}}}], "route": [to("b")]}),
            id="other-routes-for-somebody",
        ),
    ],
)  # fmt: skip
def test_what_proof_says(change: Change, request: pytest.FixtureRequest) -> None:
    assert_recorded(request, broken(change))


def server(port: int, protocol: str, *hosts: str, mode: str = "SIMPLE") -> Object:
    tls = {"tls": {"mode": mode, "credentialName": "c"}} if protocol in ("HTTPS", "TLS") else {}
    return {"port": {"number": port, "name": f"p{port}", "protocol": protocol}, "hosts": list(hosts), **tls}


PREVIEWS = "*.preview.example.com"
SERVERS = [
    pytest.param([server(80, "HTTP", "*"), server(443, "TLS", "*", mode="PASSTHROUGH")], id="connections-passed-on"),
    pytest.param([server(80, "HTTP", "*"), server(3306, "TCP", "*")], id="tcp"),
    pytest.param([server(443, "TLS", "*", mode="PASSTHROUGH")], id="connections-alone"),
    pytest.param([server(80, "HTTP", "*"), server(443, "HTTPS", "shop.example.com")], id="a-certificate-for-the-bases-host"),
    pytest.param([server(80, "HTTP", "shop.example.com"), server(443, "HTTPS", PREVIEWS)], id="a-certificate-for-previews"),
    pytest.param([server(443, "HTTPS", "shop.example.com"), server(8443, "HTTPS", PREVIEWS)], id="ports-apart"),
]  # fmt: skip


@pytest.mark.parametrize("servers", SERVERS)
@pytest.mark.parametrize("of", [{}, {"of": "shop.example.com"}])
def test_previews_hold_at_the_ports_that_serve_them(servers: list[Object], of: dict[str, str]) -> None:
    gateway = object_of("networking.istio.io/v1", "Gateway", "gw", "ingress", selector={"istio": "in"}, servers=servers)
    found = made([*app("a"), *app("b"), gateway, SHOP], preview={**PREVIEW, **of})
    assert [o.id.name for o in render(found).objects if o.id.name.startswith("preview-")] == [
        "preview-dev1",
        "preview-dev2",
    ]


def test_rules_for_ports_at_which_no_preview_is_served() -> None:
    servers = [server(443, "HTTPS", "shop.example.com"), server(8443, "HTTPS", PREVIEWS)]
    gateway = object_of("networking.istio.io/v1", "Gateway", "gw", "ingress", selector={"istio": "in"}, servers=servers)
    shop = at_gate(
        "shop", {"match": [{"uri": {"prefix": "/cart"}, "port": 443}], "route": [to("b")]}, {"route": [to("a")]}
    )
    with pytest.raises(Invalid) as caught:
        render(made([*app("a"), *app("b"), gateway, shop]))
    assert [problem.text for problem in caught.value.problems] == [
        "'spec.preview' makes the host 'dev1.preview.example.com', which 'Gateway/ingress/gw' serves at none of the ports of "
        "'shop.example.com', whose rules name ports"
    ]
