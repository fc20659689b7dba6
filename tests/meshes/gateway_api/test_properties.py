"""Random HTTPRoutes, GRPCRoutes and tenants: what requests get from the output, by two small interpreters.

One follows the Gateway API's order of precedence, the other Linkerd's. Routes that tie are told apart by their age, which
manifests do not hold, so an outcome is the set of what any of the tied would do; the base's own objects are older than
those of tenants.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import re2
from hypothesis import assume, given
from hypothesis import strategies as st

from sandlane.meshes.registry import MESHES
from tests.build import Object, app, plan, sandbox, service
from tests.profiles import examples

GATEWAY = "gateway.networking.k8s.io"
TENANTS = ("dev1", "dev10", "xdev1")
SERVICES = ("a", "b", "c")
PORTS = (80, 8080)
LINKERD_IGNORES = {"URLRewrite", "RequestMirror"}
Request = Mapping[str, Any]
Key = tuple[Any, ...]
Outcome = str
"""JSON of what happens to a request, so that outcomes can be members of sets."""


# The base and the output, as a mesh reads them.


def rules_of(route: Object) -> list[Object]:
    return route["spec"].get("rules") or [{}]


def ignored(route: Object, mesh: str) -> bool:
    """Tells whether Linkerd takes a route with a filter that it does not know for no route at all."""
    filters = [f for rule in rules_of(route) for place in (rule, *rule.get("backendRefs", []))
               for f in place.get("filters", [])]  # fmt: skip
    return mesh == "linkerd" and any(f["type"] in LINKERD_IGNORES for f in filters)


def serves(route: Object, request: Request, mesh: str) -> bool:
    """Tells whether a route is attached to what a request is sent to, for its client."""
    home = route["metadata"]["namespace"]
    for parent in route["spec"]["parentRefs"]:
        if parent["name"] != request["to"] or parent.get("port", request["port"]) != request["port"]:
            continue
        if parent.get("kind", "Gateway") == "Gateway":
            return True
        is_seen = home in (parent.get("namespace", home), request["client"])
        return is_seen and not ignored(route, mesh)
    return False


def host_rank(route: Object, host: str) -> int | None:
    """Returns how exactly a route names a host, or None where it does not."""
    ranks = [1000 if name == host else len(name) for name in route["spec"].get("hostnames") or []
             if name == host or (name.startswith("*.") and host.endswith(name[1:]))]  # fmt: skip
    return max(ranks, default=None) if route["spec"].get("hostnames") else 0


def value_meets(condition: Mapping[str, str], value: str | None) -> bool:
    if value is None:
        return False
    if condition.get("type", "Exact") == "Exact":
        return value == condition["value"]
    return re2.fullmatch(condition["value"], value) is not None


def http_key(match: Mapping[str, Any], request: Request, mesh: str) -> Key | None:
    """Returns the rank of a match among those that a request meets, or None if it meets it not."""
    path = {"type": "PathPrefix", "value": "/", **match.get("path", {})}
    asked, wanted = request["path"], path["value"]
    length = len(wanted)
    if path["type"] == "Exact":
        met = asked == wanted
    elif path["type"] == "PathPrefix":
        met = wanted == "/" or asked == wanted.rstrip("/") or asked.startswith(wanted.rstrip("/") + "/")
    else:
        met, length = re2.fullmatch(wanted, asked) is not None, len(asked if mesh == "linkerd" else wanted)
    headers, query = match.get("headers", []), match.get("queryParams", [])
    met = met and match.get("method", request["method"]) == request["method"]
    met = met and all(value_meets(h, request["headers"].get(h["name"].lower())) for h in headers)
    met = met and all(value_meets(q, request["query"].get(q["name"])) for q in query)
    if not met:
        return None
    if mesh == "linkerd":
        return length, len(headers), len(query), "method" in match
    kind = ("RegularExpression", "PathPrefix", "Exact").index(path["type"])
    return kind, length, "method" in match, len(headers), len(query)


def grpc_key(match: Mapping[str, Any], request: Request, mesh: str) -> Key | None:
    method = match.get("method", {})
    _, asked, called = (request["path"] + "/").split("/", 2)
    headers = match.get("headers", [])
    met = request["method"] == "POST" and method.get("service", asked) == asked
    met = met and method.get("method", called.rstrip("/")) == called.rstrip("/")
    met = met and all(value_meets(h, request["headers"].get(h["name"].lower())) for h in headers)
    return (len(method.get("service", "")), len(method.get("method", "")), len(headers)) if met else None


def winners(routes: Sequence[Object], request: Request, mesh: str) -> Iterator[tuple[Object, Object]]:
    """Yields the rules that may decide on a request, each with its route: the best, the older, and all that tie."""
    found: list[tuple[Key, Object, Object]] = []
    for route in routes:
        rank = host_rank(route, request["host"])
        # A mesh of the specification does not look at the host names of a Service's routes (GEP-1294).
        if mesh != "linkerd" and request["to"] != "gate":
            rank = 0
        if rank is None or not serves(route, request, mesh):
            continue
        key_of = http_key if route["kind"] == "HTTPRoute" else grpc_key
        best: tuple[Key, Object] | None = None
        for rule in rules_of(route):
            keys = [key for m in rule.get("matches") or [{}] if (key := key_of(m, request, mesh)) is not None]
            if keys and (best is None or max(keys) > best[0]):
                best = max(keys), rule
        if best:
            age = 0 if "labels" in route["metadata"] else 1
            found.append(((rank, *best[0], age), best[1], route))
    top = max((key for key, _, _ in found), default=None)
    yield from ((rule, route) for key, rule, route in found if key == top)


def visible(routes: Sequence[Object], request: Request, mesh: str) -> list[Object]:
    """Returns the routes that serve a request's client: in the specification a client's own replace the Service's."""
    attached = [route for route in routes if serves(route, request, mesh)]
    own = [route for route in attached if route["metadata"]["namespace"] != "shop"]
    return own if own and mesh != "linkerd" else attached


def destinations(rule: Object, route: Object, request: Request, mesh: str) -> list[Object]:
    """Returns the backends of a rule in full; a rule without any sends to its parent with Linkerd."""
    home = "shop" if mesh == "linkerd" and request["to"] != "gate" else route["metadata"]["namespace"]
    return [
        {
            "to": f"{reference.get('namespace', home)}/{reference['name']}:{reference['port']}",
            "filters": reference.get("filters", []),
            "weight": reference.get("weight", 1),
        }
        for reference in rule.get("backendRefs", [])
    ] or (
        [{"to": f"shop/{request['to']}:{request['port']}", "filters": [], "weight": 1}]
        if mesh == "linkerd" and request["to"] != "gate"
        else []
    )


def unmirrored(item: Object) -> Object:
    """Returns a filter without the Service of its mirror: that is a table in test_gateway_copies.py."""
    return {"type": "RequestMirror"} if item["type"] == "RequestMirror" else item


def redirects(rule: Object) -> bool:
    return any(item["type"] == "RequestRedirect" for item in rule.get("filters", []))


def outcome(filters: list[Object], timeouts: object, backends: list[Object]) -> Outcome:
    shares: dict[str, float] = {}
    total = sum(backend["weight"] for backend in backends)
    for backend in backends:
        if backend["weight"]:
            key = json.dumps([backend["to"], backend["filters"]])
            shares[key] = shares.get(key, 0) + backend["weight"]
    parts: Any = {key: f"{weight}/{total}" for key, weight in shares.items() if weight != total} or sorted(shares)
    return json.dumps([filters, timeouts, parts or "500"], sort_keys=True)


def asked_of(routes: Sequence[Object], request: Request, mesh: str, cloned: frozenset[str] = frozenset(),
             tenant: str = "", whole: str = "") -> frozenset[Outcome]:  # fmt: skip
    """Returns what may happen to a request, with a tenant's clones in place; `whole` is a clone that takes everything."""
    seen = visible(routes, request, mesh)
    if not seen and request["to"] != "gate":
        name = f"{request['to']}-{tenant}" if request["to"] in cloned else request["to"]
        return frozenset({outcome([], None, [{"to": f"shop/{name}:{request['port']}", "filters": [], "weight": 1}])})
    found = set()
    for rule, route in winners(seen, request, mesh):
        filters = [unmirrored(item) for item in rule.get("filters", [])]
        if redirects(rule):
            found.add(json.dumps(["redirect", filters]))
            continue
        backends = destinations(rule, route, request, mesh)
        if whole and any(backend["weight"] for backend in backends):  # a 500 of the base's own is the tenant's too
            backends = [{"to": f"shop/{whole}:{request['port']}", "filters": [], "weight": 1}]
        ours = [b for b in backends if b["weight"] and service_of(b) in cloned]
        backends = [{**b, "to": b["to"].replace(":", f"-{tenant}:")} for b in ours] or backends
        found.add(outcome(filters, rule.get("timeouts"), backends))
    return frozenset(found or {"404"})


def service_of(backend: Object) -> str:
    namespace, _, rest = backend["to"].partition("/")
    return str(rest.partition(":")[0]) if namespace == "shop" else ""


def tenant_of(request: Request) -> str:
    """Returns the tenantID of a request's carriers, of which a request here has one, or two that agree."""
    headers = request["headers"]
    if "tenantid" in headers:
        return str(headers["tenantid"])
    for member in headers.get("baggage", "").split(","):
        key, _, value = member.partition(";")[0].partition("=")
        if key.strip() == "tenantID":
            return str(value.strip())
    return ""


def expected(routes: Sequence[Object], request: Request, mesh: str, cloned: Mapping[str, set[str]]) -> frozenset[str]:
    """Returns what the design promises: the base's outcome, with each cloned destination replaced by the tenant's clone."""
    tenant = tenant_of(request)
    mine = frozenset(cloned.get(tenant, ()))
    target = request["to"]
    whole = ""
    if target in mine:
        competing = [r for r in routes if on_port(r, target, request["port"], routes) and not ignored(r, mesh)]
        sent = {service_of(b) for r in competing for rule in rules_of(r) if not redirects(rule)
                for b in live(destinations(rule, r, request, mesh))}  # fmt: skip
        whole = f"{target}-{tenant}" if competing and not sent & mine else ""
    return asked_of(routes, request, mesh, mine, tenant, whole)


def live(found: list[Object]) -> list[Object]:
    return [backend for backend in found if backend["weight"]] or found


def on_port(route: Object, target: str, port: int, routes: Sequence[Object]) -> bool:
    """Tells whether a route competes on a port: parents without a port connect all that name one."""
    connected = any("port" not in p for r in routes for p in r["spec"]["parentRefs"] if p["name"] == target)
    return any(p["name"] == target and (connected or p.get("port") == port) for p in route["spec"]["parentRefs"])


# Random routes.


def name_of(condition: Any) -> str:
    return str(condition["name"])


x: st.SearchStrategy[Object] = st.fixed_dictionaries({"name": st.just("x"), "value": st.sampled_from(["1", "2"])})
y: st.SearchStrategy[Object] = st.fixed_dictionaries(
    {"name": st.just("Y"), "value": st.just("[0-9]"), "type": st.sampled_from(["RegularExpression"])}
)
paths = st.one_of(
    st.builds(lambda t, v: {"type": t, "value": v},
              st.sampled_from(["Exact", "PathPrefix"]), st.sampled_from(["/", "/a", "/ab", "/a/", "/a/b"])),
    st.builds(lambda v: {"type": "RegularExpression", "value": v}, st.sampled_from(["/a.*", "/[ab]+", "/.*b"])),
    st.just({"value": "/a"}),
)  # fmt: skip
http_matches = st.fixed_dictionaries(
    {},
    optional={
        "path": paths,
        "method": st.sampled_from(["GET", "POST"]),
        "headers": st.lists(st.one_of(x, y), min_size=1, max_size=2, unique_by=name_of),
        "queryParams": st.just([{"name": "q", "value": "1"}]),
    },
)
grpc_matches = st.fixed_dictionaries(
    {},
    optional={
        "method": st.fixed_dictionaries({"service": st.sampled_from(["a", "ab"])}, optional={"method": st.just("b")}),
        "headers": st.lists(st.one_of(x, y), min_size=1, max_size=2, unique_by=name_of),
    },
)
set_header = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "z", "value": "1"}]}}
redirect = {"type": "RequestRedirect", "requestRedirect": {"statusCode": 301, "hostname": "example.com"}}
rewrite = {"type": "URLRewrite", "urlRewrite": {"hostname": "example.com"}}
backends = st.fixed_dictionaries(
    {"name": st.sampled_from([*SERVICES, "d"]), "port": st.sampled_from(PORTS)},
    optional={
        "weight": st.integers(0, 3),
        "namespace": st.just("shop"),
        "group": st.just(""),
        "kind": st.just("Service"),
        "filters": st.just([set_header]),
    },
)
mirrors = st.builds(
    lambda name: {"type": "RequestMirror",
                  "requestMirror": {"backendRef": {"name": name, "port": 80, "namespace": "shop"}}},
    st.sampled_from(SERVICES),
)  # fmt: skip


@st.composite
def rules(draw: st.DrawFn, matches: st.SearchStrategy[Object], is_linkerd: bool, is_http: bool) -> Object:
    rule: Object = {}
    if wanted := draw(st.lists(matches, max_size=3)):
        rule["matches"] = wanted
    # A redirect and no backendRefs, with Linkerd, is a case of its own: test_gateway_decide.py.
    if is_http and not is_linkerd and draw(st.integers(0, 7)) == 0:
        return {**rule, "filters": [redirect]}
    filters = [set_header] if draw(st.booleans()) else []
    if not is_linkerd or draw(st.integers(0, 9)) == 0:
        filters += draw(st.lists(mirrors, max_size=1))
    if is_http and draw(st.integers(0, 9)) == 0:
        filters.append(rewrite)
    if filters:
        rule["filters"] = filters
    if is_http and draw(st.booleans()):
        rule["timeouts"] = {"request": "1s"}
    if not (is_linkerd and draw(st.integers(0, 2)) == 0):
        rule["backendRefs"] = draw(st.lists(backends, min_size=1, max_size=3))
    return rule


@st.composite
def applications(draw: st.DrawFn, mesh: str, kind: str, target: str) -> list[Object]:
    """Draws one to three routes of one kind for one parent; the first is of the parent's namespace."""
    is_http = kind == "HTTPRoute"
    matches = http_matches if is_http else grpc_matches
    routes = []
    count = draw(st.integers(1, 3))
    all_ports = draw(st.booleans())
    for number in range(count):
        home = draw(st.sampled_from(["shop", "client"])) if number and all_ports and target != "gate" else "shop"
        parent: Object = {"name": target, "namespace": "shop"}
        if target != "gate":
            parent |= {"group": draw(st.sampled_from(["", "core"])), "kind": "Service"}
            if not all_ports or (number and draw(st.booleans())):
                parent["port"] = 80
        listed = draw(st.lists(rules(matches, mesh == "linkerd" and target != "gate", is_http), min_size=1, max_size=3))
        if home != "shop":  # a backend's own namespace differs by mesh: written out here
            listed = [in_shop(rule) for rule in listed]
        spec: Object = {"parentRefs": [parent]}
        if names := draw(st.lists(st.sampled_from(["x.test", "*.test", "y.test"]), max_size=2, unique=True)):
            spec["hostnames"] = names
        routes.append({
            "apiVersion": f"{GATEWAY}/v1",
            "kind": kind,
            "metadata": {"name": f"r{number}", "namespace": home},
            "spec": {**spec, "rules": listed},
        })  # fmt: skip
    return routes


def in_shop(rule: Object) -> Object:
    if "backendRefs" not in rule:
        return rule
    return {**rule, "backendRefs": [{**b, "namespace": "shop"} for b in rule["backendRefs"]]}


def cases(mesh: str, kind: str, target: str) -> st.SearchStrategy[tuple[list[Object], dict[str, set[str]]]]:
    return st.tuples(applications(mesh, kind, target), clones)


clones = st.dictionaries(st.sampled_from(TENANTS), st.sets(st.sampled_from(SERVICES), min_size=1), min_size=1)
values = st.sampled_from([*TENANTS, "dev", "DEV1", "dev1,dev10"])


def carried(kind: int, tenant: str) -> dict[str, str]:
    member = "q=1, tenantID = " + tenant + ";p,z=2"
    return [{"tenantid": tenant}, {"baggage": f"tenantID={tenant}"}, {"baggage": member},
            {"tenantid": tenant, "baggage": member}, {}][kind]  # fmt: skip


requests = st.builds(
    lambda path, port, method, host, client, kind, tenant, extra, query: {
        "path": path, "port": port, "method": method, "host": host, "client": client, "query": query,
        "headers": {**carried(kind, tenant), **extra},
    },
    st.sampled_from(["/", "/a", "/ab", "/a/b", "/b", "/ab/b"]),
    st.sampled_from(PORTS),
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(["x.test", "y.test", "z.test", "shop"]),
    st.sampled_from(["shop", "client", "other"]),
    st.integers(0, 4),
    values.filter(lambda v: "," not in v),
    st.fixed_dictionaries({}, optional={"x": st.sampled_from(["1", "2"]), "y": st.sampled_from(["1", "no"])}),
    st.fixed_dictionaries({}, optional={"q": st.just("1")}),
)  # fmt: skip

SHOP = [
    *(o for name in SERVICES for o in app(name, *PORTS)),
    service("d", *PORTS),
    {"apiVersion": f"{GATEWAY}/v1", "kind": "Gateway", "metadata": {"name": "gate"},
     "spec": {"gatewayClassName": "any", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}},
]  # fmt: skip


def output(
    routes: Sequence[Object], cloned: Mapping[str, set[str]], mesh: str, *, takes_no_method: bool = True
) -> list[Object] | None:
    """Returns the base's routes and the tenants', or None where the base is one that is refused (rules R-G6 and R-L1, SL402)."""
    base = [*SHOP, *routes]
    before = json.dumps(base)
    specs = [sandbox(tenant, *sorted(services)) for tenant, services in cloned.items()]
    made = plan(base, *specs, mesh=mesh, cluster={"linkerd": {"grpcMatchesWithoutMethod": takes_no_method}})
    module = MESHES[mesh]
    routed = module.route(made, module.unroutable(made.environment, made.base))
    assert json.dumps(
        [r.manifest for r in made.base.resources if r.id.kind in ("HTTPRoute", "GRPCRoute")]
    ) == json.dumps(sorted(routes, key=lambda r: (r["kind"], r["metadata"]["namespace"], r["metadata"]["name"])))
    assert json.dumps(base) == before
    errors = {p.code for p in routed.problems if p.level == "error"}
    # SL424: where Linkerd ignores the Service's own route, and those of another namespace leave requests out.
    assert errors <= {"SL402", "SL424"} | (set() if takes_no_method else {"SL423"})
    return None if errors else [*routes, *(dict(o.manifest) for o in routed.objects)]


def check(
    routes: list[Object], cloned: dict[str, set[str]], asked: Sequence[Request], mesh: str, targets: Sequence[str]
) -> None:
    # Where a Service has routes of other namespaces only, its default ties with theirs: test_gateway_defaults.py.
    homes = {r["metadata"]["namespace"] for r in routes if not ignored(r, mesh)}
    assume(homes != {"client"})
    written = output(routes, cloned, mesh)
    assume(written is not None)
    assert written is not None
    for request in asked:
        for target in targets:
            sent = {**request, "to": target}
            wanted = expected(routes, sent, mesh, cloned)
            assert (sorted(asked_of(written, sent, mesh)), sent) == (sorted(wanted), sent)


asked_for = st.lists(requests, min_size=10, max_size=25)


@examples(80)
@given(cases("linkerd", "HTTPRoute", "a"), asked_for)
def test_linkerd_services(case: tuple[list[Object], dict[str, set[str]]], asked: list[Request]) -> None:
    check(*case, asked, "linkerd", ("a", "b"))


@examples(80)
@given(cases("gateway-api", "HTTPRoute", "a"), asked_for)
def test_services(case: tuple[list[Object], dict[str, set[str]]], asked: list[Request]) -> None:
    check(*case, asked, "gateway-api", ("a", "b"))


@examples(60)
@given(cases("gateway-api", "HTTPRoute", "gate"), asked_for)
def test_gateways(case: tuple[list[Object], dict[str, set[str]]], asked: list[Request]) -> None:
    check(*case, asked, "gateway-api", ("gate",))


@examples(60)
@given(cases("linkerd", "GRPCRoute", "a"), asked_for)
def test_linkerd_grpc(case: tuple[list[Object], dict[str, set[str]]], asked: list[Request]) -> None:
    check(*case, asked, "linkerd", ("a",))


@examples(60)
@given(cases("linkerd", "GRPCRoute", "a"))
def test_r_l1_no_copy_makes_older_proxies_refuse_a_service(case: tuple[list[Object], dict[str, set[str]]]) -> None:
    written, newer = output(*case, "linkerd", takes_no_method=False), output(*case, "linkerd")
    assume(newer is not None)
    copied = [route for route in newer or () if route["kind"] == "GRPCRoute" and "labels" in route["metadata"]]
    matches = [match for route in copied for rule in rules_of(route) for match in rule["matches"]]
    assert (written is None) == any("method" not in match for match in matches)
    assert written is None or written == newer


@examples(60)
@given(st.sampled_from(["a", "gate"]).flatmap(lambda t: st.tuples(st.just(t), cases("gateway-api", "GRPCRoute", t))),
       asked_for)  # fmt: skip
def test_grpc(case: tuple[str, tuple[list[Object], dict[str, set[str]]]], asked: list[Request]) -> None:
    check(*case[1], asked, "gateway-api", (case[0],))


@examples(40)
@given(cases("linkerd", "HTTPRoute", "a"), st.sampled_from(TENANTS))
def test_a_tenant_changes_no_object_of_others(case: tuple[list[Object], dict[str, set[str]]], gone: str) -> None:
    routes, cloned = case
    every, fewer = output(routes, cloned, "linkerd"), output(routes, without(cloned, gone), "linkerd")
    assume(every is not None and fewer is not None)
    label = "sandlane.dev/tenant"
    assert [o for o in every or () if o["metadata"].get("labels", {}).get(label) != gone] == fewer
    assert output(routes, {}, "linkerd") == routes


def without(cloned: Mapping[str, set[str]], gone: str) -> dict[str, set[str]]:
    return {tenant: services for tenant, services in cloned.items() if tenant != gone}
