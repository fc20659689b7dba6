"""Istio's selection of routes, by the numbers of docs/rules/model.md."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.k8s.hosts import gateway_name
from sandlane.semantics.network import make_network, overlaid
from sandlane.semantics.outcomes import Forward
from sandlane.semantics.request import Client, Request
from sandlane.semantics.trace import Answer, client_of, trace
from tests.build import Object, app, destination_rule, inputs, meta, object_of, service, to, virtual_service
from tests.networks import network_of, said_of

END = ".shop.svc.cluster.local"
ANY = {"prefix": "/"}


def ask(base: list[Object], host: str = "a", path: str = "/", port: int = 80, *, mesh: str = "istio", namespace: str = "shop",
        labels: dict[str, str] | None = None, gateway: str = "", **more: Any) -> list[str]:  # fmt: skip
    """Returns what may become of a request, each as text."""
    network = network_of(base, mesh=mesh)
    kind: Any = "gateway" if gateway else "sidecar"
    client = Client(kind=kind, namespace=namespace, labels=labels or {}, name=gateway)
    return said_of(trace(network, Request(client=client, host=host, port=port, path=path, **more)))


def entry(target: str, *match: Object, **more: Any) -> Object:
    return {**({"match": list(match)} if match else {}), "route": [to(target)], **more}


A, B, C = app("a", 80), app("b", 80), app("c", 80)
ABC = [*A, *B, *C]
TWO = [*app("a", 80, 8080), *B]


def exported(name: str, *namespaces: str) -> list[Object]:
    pods, made = app(name, 80)
    return [pods, {**made, "metadata": meta(name, annotations={"networking.istio.io/exportTo": ",".join(namespaces)})}]


def external(name: str, means: str) -> Object:
    return service(name, type="ExternalName", externalName=means, selector=None)


ALIAS = external("alias", f"a{END}")
GATE = object_of("networking.istio.io/v1", "Gateway", "gate", selector={"app": "gate"}, servers=[
    {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]},
    {"port": {"number": 443, "name": "tls", "protocol": "TLS"}, "tls": {"mode": "PASSTHROUGH"}, "hosts": ["*"]},
])  # fmt: skip


def at_gate(name: str, *http: Object, hosts: list[str] | None = None) -> Object:
    return virtual_service(name, *http, hosts=hosts or ["shop.example.com"], gateways=["gate"])


def scoped(name: str, target: str, *names: str, namespace: str = "shop") -> Object:
    more = {"exportTo": list(names)} if names else {}
    return virtual_service(name, entry(f"{target}{END}"), hosts=[f"a{END}"], namespace=namespace, **more)


@pytest.mark.parametrize(
    ("base", "asked", "expected"),
    [
        pytest.param([*ABC, virtual_service("a", entry("b", {"uri": ANY}), entry("c", {"uri": {"exact": "/x"}}))],
                     {"path": "/x"}, ["b:80"], id="S1 S15 first match, and nothing after a catch-all"),
        pytest.param([*ABC, virtual_service("a", entry("b", {"uri": {"exact": "/x"}}, {"uri": {"exact": "/y"}}), entry("c"))],
                     {"path": "/y"}, ["b:80"], id="S2 OR of matches"),
        pytest.param(ABC, {}, ["a:80"], id="S5 default route"),
        pytest.param([*ABC, virtual_service("a", entry("b", {"uri": {"exact": "/x"}}))], {}, ["404"], id="S6 no match"),
        pytest.param([*ABC, virtual_service("a", {"route": [to("b", weight=0), to("c", weight=5), to("a", weight=15)]})],
                     {}, ["c:80*5 a:80*15"], id="S7 weights, 0 left out"),
        pytest.param([*ABC, virtual_service("a", {"route": [to("b", weight=0)]})], {}, ["b:80"], id="S7 one ignores its weight"),
        pytest.param([*ABC, virtual_service("a", {"route": [to("b", weight=0), to("c", weight=0)]})], {},
                     ["unknown: all weights are 0"], id="S7 no weight at all"),
        pytest.param([*TWO, virtual_service("a", entry("b", {"port": 8080}))], {}, ["a:80"], id="S8 no rule for the port"),
        pytest.param([*TWO, virtual_service("a", entry("b", {"port": 8080}))], {"port": 8080},
                     [f"503: 'b{END}' has no port 8080"], id="S8 the port, also of destinations that name none"),
        pytest.param([*TWO, virtual_service("a", entry("a"))], {"port": 8080}, ["a:8080"], id="S8 port of the listener"),
        pytest.param([*ABC, virtual_service("a", entry("b", {"sourceLabels": {"v": "1"}}))], {}, ["a:80"],
                     id="S9 for no such pods, so the default"),
        pytest.param([*ABC, virtual_service("a", entry("b", {"sourceLabels": {"v": "1"}}))], {"labels": {"v": "1"}}, ["b:80"],
                     id="S9 sourceLabels"),
        pytest.param([*ABC, virtual_service("a", entry("b", {"sourceNamespace": "else"}))], {}, ["a:80"], id="S9 sourceNamespace"),
        pytest.param([*ABC, virtual_service("a", entry("b", {"gateways": ["mesh"], "sourceLabels": {"v": "1"}}))], {}, ["b:80"],
                     id="S9 gateways disable sourceLabels"),
        pytest.param([*ABC, virtual_service("a", entry("b", {"gateways": ["gate"]}), entry("c"), gateways=["mesh", "gate"])], {},
                     ["c:80"], id="S9 for another gateway"),
        pytest.param([*ABC, virtual_service("a", entry("b"), gateways=["gate"])], {}, ["a:80"], id="S9 not for sidecars"),
        pytest.param([*ABC, scoped("1", "c"), scoped("2", "b", ".")], {}, ["b:80"], id="S10 private before public"),
        pytest.param([*ABC, scoped("1", "c"), scoped("2", "b", "shop", namespace="x")], {}, ["b:80"],
                     id="S10 exported to the namespace before public"),
        pytest.param([*ABC, scoped("1", "c", "else"), scoped("2", "b", "~")], {}, ["a:80"], id="S10 not seen"),
        pytest.param([*ABC, scoped("1", "b"), scoped("2", "c")], {},
                     ["b:80 [if 'VirtualService/shop/1' is the oldest of 'VirtualService/shop/1' and 'VirtualService/shop/2']",
                      "c:80 [if 'VirtualService/shop/2' is the oldest of 'VirtualService/shop/1' and 'VirtualService/shop/2']"],
                     id="two for one host: the older"),
        pytest.param([*ABC, virtual_service("1", entry("b", {"port": 1}), hosts=["a"]), scoped("2", "c")], {}, ["c:80"],
                     id="S5 one without rules is skipped"),
        pytest.param([*ABC, virtual_service("w", entry("b"), hosts=["*.shop.svc.cluster.local"])], {}, ["b:80"], id="S13 wildcard"),
        pytest.param([*ABC, virtual_service("w", entry("b"), hosts=["*.local"]), virtual_service("x", entry("c"), hosts=[f"*{END}"])],
                     {}, ["c:80"], id="S13 the longest wildcard"),
        pytest.param([*ABC, virtual_service("w", entry("b"), hosts=[f"*{END}"]), scoped("a", "c")], {}, ["c:80"],
                     id="S13 a literal host before wildcards"),
        pytest.param([*ABC, virtual_service("a", entry("b"), hosts=["a.shop"])], {}, ["a:80"], id="S17 a dotted host is literal"),
        pytest.param([*ABC, virtual_service("a", entry("b.shop"))], {}, ["503: 'b.shop' is no host that the mesh knows"],
                     id="S17 a dotted destination is literal"),
        pytest.param([*ABC, virtual_service("a", entry("gone"))], {}, [f"503: 'gone{END}' is no host that the mesh knows"],
                     id="no such Service"),
        pytest.param([*ABC, virtual_service("a", {"route": [to("b", port=81)]})], {}, [f"503: 'b{END}' has no port 81"],
                     id="no such port"),
        pytest.param([*ABC, virtual_service("a", {"route": [to("b", subset="v9")]})], {},
                     [f"503: no DestinationRule has subset 'v9' of 'b{END}'"], id="no such subset"),
        pytest.param([*ABC, virtual_service("a", {"redirect": {"uri": "/y"}})], {}, ["redirect {uri: /y}"], id="S28 redirect"),
        pytest.param([*ABC, virtual_service("a", {"directResponse": {"status": 403}})], {}, ["answered by the proxy {status: 403}"],
                     id="S28 direct response"),
        pytest.param([*app("a", {"name": "tcp-x", "port": 80})], {}, ["L4 a:80"], id="protocol: TCP"),
        pytest.param([*app("a", {"name": "x", "port": 80}), *B, virtual_service("a", entry("b"))], {}, ["b:80"], id="protocol: sniffed"),
        pytest.param([*app("a", {"name": "http", "port": 80, "protocol": "UDP"})], {}, ["L4 a:80"], id="protocol: UDP"),
        pytest.param([*app("a", {"name": "tcp", "port": 80}), virtual_service("a", tcp=[{"route": [to("b")]}])], {},
                     ["unknown: 'VirtualService/shop/a' routes connections, which is not modelled"], id="tcp routes"),
        pytest.param([*ABC[2:], service("a", clusterIP="None")], {}, ["a:80"], id="S23 headless, default"),
        pytest.param([*A, service("h", clusterIP="None"), virtual_service("a", entry("h"))], {},
                     [f"unknown: 'h{END}' is headless: what a route sends there goes to the address that was dialled"],
                     id="S23 headless in a route"),
        pytest.param(ABC, {"host": "else.example.com"}, ["passed through"], id="unknown host"),
        pytest.param(ABC, {"port": 81}, [f"unknown: 'a{END}' has no port 81"], id="unknown port"),
        pytest.param([*ABC, virtual_service("x", entry("b"), hosts=["x.example.com"])], {"host": "x.example.com"}, ["b:80"],
                     id="a host of a VirtualService alone"),
        pytest.param(ABC, {"authority": "b:80"}, ["b:80"], id="authority decides on declared ports"),
        pytest.param([*app("a", {"name": "x", "port": 80}), *B], {"authority": "b"}, ["a:80"], id="the address on sniffed ones"),
        pytest.param([service("a"), *B], {"host": "a.shop.svc"}, ["a:80"], id="names are completed as DNS does"),
        pytest.param([*app("a", 8080), *app("b", 80, 8080), virtual_service("a", entry("b"))], {"port": 8080}, ["b:8080"],
                     id="a destination without a port has the listener's"),
        pytest.param([*A, ALIAS], {"host": "alias"}, ["a:80"], id="an ExternalName Service is another name"),
        pytest.param([*A, *B, ALIAS, virtual_service("a", entry("b"))], {"host": "alias"}, ["b:80"], id="with the same routes"),
        pytest.param([*A, *B, ALIAS, virtual_service("x", entry("b"), hosts=["alias"])], {"host": "alias"}, ["b:80"],
                     id="a VirtualService of the name goes before the Service's default"),
        pytest.param([*A, *B, ALIAS, virtual_service("x", entry("b"), hosts=["alias"])], {}, ["a:80"], id="and not for the Service"),
        pytest.param([*A, ALIAS, virtual_service("b", entry("alias")), *B], {"host": "b"}, ["a:80"], id="a name as a destination"),
        pytest.param([*A, ALIAS, virtual_service("b", entry("alias")), *app("b", 8080)], {"host": "b", "port": 8080},
                     [f"503: 'alias{END}' is a name for another host and has no endpoints"], id="which has to have the port"),
        pytest.param([external("alias", "x.example.com")], {"host": "alias"}, ["passed through"], id="a name for what nothing knows"),
        pytest.param([external("x", f"y{END}"), external("y", f"x{END}")], {"host": "x"}, ["passed through"], id="names in a circle"),
        pytest.param([external("x", f"alias{END}"), ALIAS, *A], {"host": "x"}, ["a:80"], id="a name for a name"),
        pytest.param([*app("a", {"name": "http", "port": 15001})], {"port": 15001}, ["passed through"], id="a port of the sidecar"),
        pytest.param([*app("a", {"name": "x", "port": 15001})], {"port": 15001}, ["a:15001"], id="one without a protocol has a listener"),
        pytest.param([*A, *exported("b", "web"), virtual_service("a", entry("b"))], {}, ["b:80"],
                     id="a destination in its own namespace is there whatever it is exported to"),
        pytest.param([*A, *exported("b", "web"), virtual_service("a", entry("b"))], {"namespace": "other", "host": "a.shop"},
                     [f"503: 'b{END}' is not exported to namespace 'other'"], id="and not for others"),
        pytest.param([*app("a", {"name": "udp-x", "port": 80})], {}, ["passed through"], id="TCP by the name of UDP has none"),
        pytest.param([*A, *app("b", {"name": "udp-x", "port": 80}), virtual_service("a", entry("b"))], {},
                     [f"503: port 80 of 'b{END}' is one for UDP"], id="nor a cluster"),
        pytest.param([*app("a", 7070), *B, virtual_service("a", entry("a"))], {}, [f"503: 'a{END}' has no port 80"],
                     id="a VirtualService without ports serves port 80 too"),
        pytest.param([*app("a", 7070), *B, virtual_service("a", entry("a", {"port": 7070}))], {},
                     [f"unknown: 'a{END}' has no port 80"], id="one for its port does not"),
        pytest.param([*app("a", 7070), virtual_service("a", entry("a"))], {}, [f"unknown: 'a{END}' has no port 80"],
                     id="nor where nothing listens on port 80"),
    ],
)  # fmt: skip
def test_sidecar(base: list[Object], asked: dict[str, Any], expected: list[str]) -> None:
    assert ask(base, **asked) == expected


ROOT = {"match": [{"uri": {"prefix": "/x"}}], "delegate": {"name": "leaf"}, "timeout": "9s"}


def leaf(*http: Object, **spec: Any) -> Object:
    made = virtual_service("leaf", *http, **spec)
    return {**made, "spec": {k: v for k, v in made["spec"].items() if k != "hosts"}}


@pytest.mark.parametrize(
    ("leaves", "path", "expected"),
    [
        pytest.param([leaf(entry("b", {"uri": {"prefix": "/x/y"}}))], "/x/y", ["b:80 timeout=9s"], id="merged"),
        pytest.param([leaf(entry("b", {"uri": {"prefix": "/x/y"}}))], "/x", ["c:80"], id="both matches have to hold"),
        pytest.param([leaf(entry("b", timeout="1s"))], "/x", ["b:80 timeout=1s"], id="its own fields stay"),
        pytest.param([leaf(entry("b", {"uri": {"prefix": "/z"}}))], "/x", ["c:80"], id="a conflict drops the route"),
        pytest.param([leaf(entry("b", {"uri": {"regex": "/x.*"}}))], "/x", ["c:80"], id="an expression conflicts"),
        pytest.param([leaf(entry("b", {"uri": {"prefix": "/x"}, "ignoreUriCase": True}))], "/x", ["c:80"], id="case conflicts"),
        pytest.param([leaf(entry("b", {"uri": {"prefix": "/x/"}}, {"uri": {"exact": "/q"}}))], "/x/", ["c:80"],
                     id="one bad match drops all"),
        pytest.param([], "/x", ["c:80"], id="a missing delegate"),
        pytest.param([leaf(entry("b"), exportTo=["else"])], "/x", ["c:80"], id="a hidden delegate"),
        pytest.param([leaf(entry("b", {"headers": {"t": {"exact": "1"}}}))], "/x", ["c:80"], id="the leaf's headers count"),
    ],
)  # fmt: skip
def test_s12_delegates(leaves: list[Object], path: str, expected: list[str]) -> None:
    base = [*ABC, virtual_service("a", ROOT, entry("c")), *leaves]
    assert ask(base, path=path) == expected


A_GATE = at_gate("1", entry("b", {"uri": {"prefix": "/b"}}), entry("a"))


@pytest.mark.parametrize(
    ("base", "asked", "expected"),
    [
        pytest.param([A_GATE, at_gate("2", entry("c", {"uri": {"prefix": "/c"}}))], {"path": "/c"}, ["c:80"],
                     id="S14 catch-alls stand last"),
        pytest.param([A_GATE, at_gate("2", entry("c"))], {},
                     ["a:80 [if 'VirtualService/shop/1' is the oldest of 'VirtualService/shop/1' and 'VirtualService/shop/2']",
                      "c:80 [if 'VirtualService/shop/2' is the oldest of 'VirtualService/shop/1' and 'VirtualService/shop/2']"],
                     id="S14 two catch-alls"),
        pytest.param([A_GATE, at_gate("2", entry("c"), hosts=["*"])], {"path": "/c"}, ["a:80"], id="S14 the closest host alone"),
        pytest.param([at_gate("1", entry("b", {"uri": {"prefix": "/b"}})), at_gate("2", entry("c"), hosts=["*"])], {}, ["404"],
                     id="S14 no fall-through"),
        pytest.param([A_GATE], {"host": "else.example.com"}, ["404"], id="another host"),
        pytest.param([A_GATE], {"port": 443}, ["L4 shop.example.com:443"], id="passed-through TLS"),
        pytest.param([A_GATE], {"port": 81}, ["unknown: 'Gateway/shop/gate' serves no port 81"], id="no server"),
        pytest.param([at_gate("1", entry("b", {"sourceLabels": {"v": "1"}}))], {},
                     ["unknown: sourceLabels are compared with the labels of the gateway's pods, which no manifest holds"],
                     id="S9 sourceLabels at a gateway"),
        pytest.param([at_gate("1", entry("b", {"headers": {"@request.auth.claims.x": {"exact": "1"}}}), entry("a"))], {},
                     ["unknown: claims of tokens are not modelled"], id="claims"),
    ],
)  # fmt: skip
def test_gateway(base: list[Object], asked: dict[str, Any], expected: list[str]) -> None:
    assert ask([*ABC, GATE, *base], **{"host": "shop.example.com", "gateway": "gate", **asked}) == expected


def gate(name: str, port: int = 80, namespace: str = "shop", **selector: str) -> Object:
    server = {"port": {"number": port, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
    more = {"selector": selector} if selector else {}
    return object_of("networking.istio.io/v1", "Gateway", name, namespace, servers=[server], **more)


def tls_gate(name: str, host: str) -> Object:
    server = {"port": {"number": 443, "name": "tls", "protocol": "HTTPS"}, "hosts": [host], "tls": {"mode": "SIMPLE"}}
    return object_of("networking.istio.io/v1", "Gateway", name, selector={"istio": "in"}, servers=[server])


def pods(name: str, namespace: str = "edge", **labels: str) -> Object:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "proxy", "image": "auto"}]}}
    made = object_of("apps/v1", "Deployment", name, selector={"matchLabels": labels}, template=template)
    return {**made, "metadata": meta(name, namespace)}


def at(gateway: str, name: str, *http: Object, **spec: Any) -> Object:
    return virtual_service(name, *http, hosts=["shop.example.com"], gateways=[gateway], **spec)


X, Y = at("g1", "x", entry("a")), at("g2", "y", entry("b", {"uri": {"prefix": "/b"}}))


@pytest.mark.parametrize(
    ("base", "path", "expected"),
    [
        pytest.param([gate("g1", istio="in"), gate("g2", istio="in"), X, Y], "/b", ["b:80"], id="one selector"),
        pytest.param([gate("g1", istio="in"), gate("g2", istio="out"), X, Y], "/b", ["a:80"], id="selectors of other pods"),
        pytest.param([gate("g1", istio="in"), gate("g2", app="ingress"), X, Y, pods("ingress", istio="in", app="ingress")], "/b",
                     ["b:80"], id="two selectors of one workload"),
        pytest.param([gate("g1", istio="in"), gate("g2", app="ingress"), X, Y], "/b", ["b:80"], id="two selectors that may meet"),
        pytest.param([gate("g1", istio="in"), gate("g2", app="ingress"), X, Y, pods("one", istio="in"), pods("two", app="ingress")],
                     "/b", ["a:80"], id="two selectors of two workloads"),
        pytest.param([gate("g1", istio="in"), gate("g2", 8080, istio="in"), X, Y], "/b", ["a:80"], id="another port"),
        pytest.param([gate("g1", istio="in"), gate("g2"), X, Y, pods("one", istio="in")], "/b", ["b:80"], id="one without a selector"),
        pytest.param([gate("g1", istio="in"), gate("g2", app="ingress"), X, Y, pods("one", istio="in"),
                      pods("two", istio="in", app="ingress")], "/b",
                     ["a:80 [at the pods of 'Deployment/edge/one']", "b:80 [at the pods of 'Deployment/edge/two']"],
                     id="two workloads of one Gateway"),
        pytest.param([gate("g1", istio="in"), at("g1", "x", entry("a"), exportTo=["."]), pods("one", istio="in")], "/", ["404"],
                     id="exported to the Gateway's namespace and not to its pods'"),
        pytest.param([gate("g1", istio="in"), at("g1", "x", entry("a"), exportTo=["."]), pods("one", "shop", istio="in")], "/",
                     ["a:80"], id="pods of the Gateway's namespace"),
    ],
)  # fmt: skip
def test_pods_of_several_gateways(base: list[Object], path: str, expected: list[str]) -> None:
    assert ask([*ABC, *base], "shop.example.com", path, gateway="g1") == expected


@pytest.mark.parametrize(("gateway", "expected"), [("g1", ["a:80"]), ("g2", ["a:80"])])
def test_each_server_of_tls_has_its_own_routes(gateway: str, expected: list[str]) -> None:
    base = [*ABC, tls_gate("g1", "shop.example.com"), tls_gate("g2", "*.example.com"), X, Y]
    assert ask(base, "shop.example.com", "/b", 443, gateway=gateway) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param([], [f"503: 'b{END}' is not exported to namespace 'shop'"], id="not known"),
        pytest.param([virtual_service("a", entry("b"))], ["b:80"], id="known as a destination in the mesh"),
        pytest.param([virtual_service("a", entry("b"), exportTo=["web"])], [f"503: 'b{END}' is not exported to namespace 'shop'"],
                     id="known to others"),
    ],
)  # fmt: skip
def test_a_gateway_knows_destinations_of_its_own_namespace(more: list[Object], expected: list[str]) -> None:
    base = [*A, *exported("b", "web"), gate("g1", istio="in"), at("g1", "x", entry("b")), *more]
    assert ask(base, "shop.example.com", gateway="g1") == expected


def test_a_service_that_is_only_a_destination_of_what_is_imported_has_no_routes() -> None:
    base = [*ABC, virtual_service("b", entry("a", {"uri": {"prefix": "/a"}}), entry("b")), sidecar("s", f"./b{END}")]
    assert [ask(base, host, "/a") for host in ("a", "b", "c")] == [["passed through"], ["a:80"], ["passed through"]]


def test_gateway_names() -> None:
    named = [gateway_name(n, "shop") for n in ("mesh", "g", "x/g", "./g", "g.x", "g.x.svc.cluster.local")]
    assert named == ["mesh", "shop/g", "x/g", "shop/g", "x/g", "x/g"]


def sidecar(name: str, *hosts: str, namespace: str = "shop", **spec: Any) -> Object:
    return object_of("networking.istio.io/v1", "Sidecar", name, namespace, egress=[{"hosts": list(hosts)}], **spec)


OTHER = [
    *app("a", 80),
    service("far", namespace="x"),
    virtual_service("far", entry("a.shop.svc.cluster.local"), namespace="x"),
]


@pytest.mark.parametrize(
    ("sidecars", "asked", "expected"),
    [
        pytest.param([], {}, ["a:80"], id="S11 none"),
        pytest.param([sidecar("s", "./*")], {}, ["passed through"], id="S11 not imported"),
        pytest.param([sidecar("s", "*/*")], {}, ["a:80"], id="S11 imported"),
        pytest.param([sidecar("s", "x/far.x.svc.cluster.local")], {}, ["a:80"], id="S11 by name"),
        pytest.param([sidecar("s", "./*"), sidecar("t", "*/*", workloadSelector={"labels": {"v": "1"}})], {"labels": {"v": "1"}},
                     ["a:80"], id="S11 one that selects the pods goes first"),
        pytest.param([sidecar("s", "./*", namespace="istio-system")], {}, ["passed through"], id="S11 the root's"),
        pytest.param([sidecar("s", "./*", outboundTrafficPolicy={"mode": "REGISTRY_ONLY"})], {}, ["502"], id="S11 registry only"),
        pytest.param([sidecar("s", "x/far.x.svc.cluster.local"), external("near", "far.x.svc.cluster.local")], {"host": "near"},
                     ["passed through"], id="a name that is not imported"),
    ],
)  # fmt: skip
def test_s11_sidecar(sidecars: list[Object], asked: dict[str, Any], expected: list[str]) -> None:
    assert ask([*OTHER, *sidecars], **{"host": "far.x", **asked}) == expected


POOL, LB, TLS = {"http": {"maxRetries": 1}}, {"simple": "RANDOM"}, {"mode": "DISABLE"}


@pytest.mark.parametrize(
    ("rules", "asked", "expected"),
    [
        pytest.param([destination_rule("r", "a", trafficPolicy={"tls": TLS})], {}, {"tls": TLS}, id="S16 exact"),
        pytest.param([destination_rule("w", "*.local", trafficPolicy={"tls": TLS}), destination_rule("r", "a", trafficPolicy={})], {}, {},
                     id="S16 exact before wildcard, nothing inherited"),
        pytest.param([destination_rule("w", "*.local", trafficPolicy={"tls": TLS}),
                      destination_rule("v", "*.shop.svc.cluster.local", trafficPolicy={"loadBalancer": LB})], {}, {"loadBalancer": LB},
                     id="S16 the longest wildcard"),
        pytest.param([destination_rule("r", "a", trafficPolicy={"tls": TLS}),
                      destination_rule("c", f"a{END}", namespace="x", trafficPolicy={"loadBalancer": LB})],
                     {"namespace": "x", "host": "a.shop"}, {"loadBalancer": LB}, id="S16 the client's namespace first"),
        pytest.param([destination_rule("r", "a", trafficPolicy={"tls": TLS}, exportTo=["."])], {"namespace": "x", "host": "a.shop"}, None,
                     id="S16 not exported"),
        pytest.param([destination_rule("r", f"a{END}", namespace="istio-system", trafficPolicy={"tls": TLS})], {}, {"tls": TLS},
                     id="S16 the root's last"),
        pytest.param([destination_rule("r", "a", trafficPolicy={"tls": TLS, "connectionPool": POOL, "portLevelSettings": [
                         {"port": {"number": 80}, "loadBalancer": LB}]})], {}, {"loadBalancer": LB}, id="S16 a port replaces all"),
        pytest.param([destination_rule("r", "a", workloadSelector={"matchLabels": {"v": "1"}}, trafficPolicy={"tls": TLS})], {}, None,
                     id="S16 for other pods"),
        pytest.param([destination_rule("r", "a", workloadSelector={"matchLabels": {"v": "1"}}, trafficPolicy={"tls": TLS}),
                      destination_rule("s", "a", trafficPolicy={"loadBalancer": LB})], {"labels": {"v": "1"}}, {"tls": TLS},
                     id="S16 for these pods"),
    ],
)  # fmt: skip
def test_s16_destination_rules(rules: list[Object], asked: dict[str, Any], expected: Object | None) -> None:
    (answer,) = answers([*ABC, *rules], **asked)
    assert isinstance(answer.outcome, Forward)
    policy = answer.outcome.destinations[0].policy
    assert (dict(policy.traffic) if policy else None) == expected


def answers(
    base: list[Object], host: str = "a", *, namespace: str = "shop", labels: dict[str, str] | None = None
) -> list[Answer]:
    client = Client(kind="sidecar", namespace=namespace, labels=labels or {})
    traced = trace(network_of(base), Request(client=client, host=host, port=80))
    return [traced.answer, *traced.others]


def test_s16_subset_and_port_are_merged_and_select_pods() -> None:
    rule = destination_rule(
        "a",
        "a",
        trafficPolicy={"tls": TLS, "loadBalancer": LB},
        subsets=[{"name": "v1", "labels": {"v": "1"}, "trafficPolicy": {"loadBalancer": {"simple": "ROUND_ROBIN"}}}],
    )
    (answer,) = answers([*ABC, rule, virtual_service("a", {"route": [to("a", subset="v1")]})])
    (target,) = answer.targets
    assert target.destination.policy
    assert dict(target.destination.policy.traffic) == {"tls": TLS, "loadBalancer": {"simple": "ROUND_ROBIN"}}
    assert target.workloads == ()  # no pod has the label of the subset


def test_s16_age_decides_between_rules_that_are_not_merged() -> None:
    rules = [
        destination_rule("r", "a", trafficPolicy={"tls": TLS}),
        destination_rule("s", "a", trafficPolicy={"loadBalancer": LB}),
    ]
    traced = trace(
        network_of([*ABC, *rules]), Request(client=Client(kind="sidecar", namespace="shop"), host="a", port=80)
    )
    assert traced.notes == (f"'a{END}': which of 'DestinationRule/shop/r', 'DestinationRule/shop/s' is the oldest decides "
                            "which DestinationRule applies",)  # fmt: skip


def test_s28_everything_a_rule_does_is_kept() -> None:
    http = {"route": [to("b")], "timeout": "1s", "retries": {"attempts": 2}, "fault": {"abort": {"httpStatus": 500}},
            "rewrite": {"uri": "/"}, "corsPolicy": {"maxAge": "1h"}, "headers": {"request": {"set": {"x": "1"}}}, "mirror": {"host": "c"},
            "mirrorPercentage": {"value": 5}}  # fmt: skip
    (answer,) = answers([*ABC, virtual_service("a", http)])
    outcome = answer.outcome
    assert isinstance(outcome, Forward)
    assert (outcome.timeout, outcome.retries, outcome.fault, outcome.rewrite, outcome.cors, outcome.changes) == (
        "1s", {"attempts": 2}, {"abort": {"httpStatus": 500}}, {"uri": "/"}, {"maxAge": "1h"},
        {"request": {"set": {"x": "1"}}})  # fmt: skip
    assert outcome.mirrors == ({"destination": {"host": f"c{END}"}, "mirrorPercentage": {"value": 5}},)


def guarded(name: str) -> Object:
    made = service(name)
    return {**made, "metadata": meta(name, labels={"istio.io/use-waypoint": "w"})}


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param(ABC, ["L4 a:80"], id="R-I16 no waypoint"),
        pytest.param([guarded("a")], ["a:80"], id="default"),
        pytest.param([guarded("a"), *B, virtual_service("a", entry("b"))], ["b:80"], id="S14 a VirtualService"),
        pytest.param([guarded("a"), *B, virtual_service("a", entry("b", {"sourceLabels": {"v": "1"}}))], ["a:80"], id="no sourceLabels"),
        pytest.param([guarded("a"), *B, *C, virtual_service("1", entry("b", {"uri": {"exact": "/z"}}), hosts=["a"]),
                      virtual_service("2", entry("c"), hosts=["a"])], ["c:80"], id="S14 one list of several"),
        pytest.param([guarded("a"), *B, virtual_service("a", entry(f"b{END}"), hosts=[f"a{END}"], namespace="x")], ["a:80"],
                     id="none of a third namespace"),
    ],
)  # fmt: skip
def test_waypoint(base: list[Object], expected: list[str]) -> None:
    assert ask(base, mesh="istio-ambient", labels={"v": "1"}) == expected


def test_an_unmeshed_client_is_not_routed() -> None:
    plain = app("b", 80)
    plain[0]["spec"]["template"]["metadata"]["annotations"] = {"sidecar.istio.io/inject": "false"}
    network = network_of([*A, *C, *plain, virtual_service("a", entry("c"))])
    (sender,) = [w for w in network.base.of("apps", "Deployment") if w.id.name == "b"]
    client = client_of(network, sender, "shop")
    traced = trace(network, Request(client=client, host="a", port=80))
    assert said_of(traced) == ["L4 a:80"]
    assert traced.notes == ("the client is not in the mesh: nothing looks at its requests",)
    assert [str(w.id) for w in traced.answer.targets[0].workloads] == ["Deployment/shop/a"]


def test_objects_of_an_output_take_the_places_of_the_bases() -> None:
    base, output = (inputs([*ABC, virtual_service("a", entry(target))]).base for target in ("b", "c"))
    both = overlaid(base, output.of("networking.istio.io", "VirtualService"))
    assert len(both.resources) == len(base.resources)
    network = make_network(both, mesh="istio", domain="cluster.local", root="istio-system")
    client = Client(kind="sidecar", namespace="shop")
    assert said_of(trace(network, Request(client=client, host="a", port=80))) == ["c:80"]
