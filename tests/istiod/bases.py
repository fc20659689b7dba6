"""Random bases for istiod: what each has is drawn by a seed, so that a difference is found again by its number."""

from __future__ import annotations

from random import Random
from typing import Any

from sandlane.specs.inputs import Inputs
from tests.build import Object, deployment, destination_rule, inputs, object_of, sandbox, service, to, virtual_service

SERVICES = ("a", "b", "c")
END = ".shop.svc.cluster.local"
HOST = "shop.example.com"
_PORTS: tuple[tuple[int | Object, ...], ...] = (
    (80,), (80,), (8080,), (80, 8080), ({"name": "x", "port": 80},), (80, {"name": "tcp-db", "port": 5432}),
    (80, {"name": "http-own", "port": 15001}),
)  # fmt: skip
_PATHS: tuple[Object, ...] = (
    {"exact": "/a"}, {"prefix": "/a"}, {"prefix": "/b"}, {"exact": "/c"}, {"prefix": "/"}, {"regex": ".*"}, {"regex": "/[a-b].*"},
)  # fmt: skip
_MESHES = ("istio",) * 6 + ("gateway-api", "istio-ambient")


def random_inputs(seed: int) -> Inputs:
    """Returns the inputs of a seed: a base, an environment and up to three sandboxes."""
    random = Random(seed)
    mesh = random.choice(_MESHES)
    base = [*_services(random, mesh), *_clients(random, mesh)]
    if mesh == "istio":
        base += [*_in_mesh(random), *_at_gateways(random), *_rules(random)]
    else:
        base += _routes(random)
    if mesh == "istio-ambient":
        base += _waypoint(random)
    specs = [sandbox(f"dev{n}", *random.sample(SERVICES, random.randint(1, 2))) for n in range(1, random.randint(2, 4))]
    more: Object = {"carriers": [{"header": "tenantID"}]} if random.random() < 0.3 else {}
    return inputs(base, *specs, mesh=mesh, output={"base": "full"}, **more)


def _services(random: Random, mesh: str) -> list[Object]:
    found = []
    for name in SERVICES:
        made = service(name, *(random.choice(_PORTS) if mesh == "istio" else (80,)))
        if mesh == "istio" and random.random() < 0.1:
            made["metadata"]["annotations"] = {"networking.istio.io/exportTo": random.choice([".", "web", ".,web"])}
        found += [deployment(name), made]
    return found


def _clients(random: Random, mesh: str) -> list[Object]:
    web = {**deployment("web"), "metadata": {"name": "web", "namespace": "web"}}
    more = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}}, web]
    if random.random() < 0.3:
        means = f"{random.choice(SERVICES)}{END}"
        more.append(service("alias", namespace="web", type="ExternalName", externalName=means))
    if mesh == "istio" and random.random() < 0.15:
        hosts = random.choice([["shop/*"], [f"shop/a{END}", f"shop/b{END}"], ["./*", f"shop/c{END}"]])
        more.append(object_of("networking.istio.io/v1", "Sidecar", "default", "web", egress=[{"hosts": hosts}]))
    return more


def _match(random: Random, *, is_mesh: bool) -> Object:
    found: Object = {}
    if random.random() < 0.7:
        found["uri"] = random.choice(_PATHS)
    if random.random() < 0.15:
        found["headers"] = random.choice(
            [{"x": {"exact": "1"}}, {"x": {}}, {"tenantid": {"exact": "dev1"}}, {"y": {"prefix": "v"}}]
        )
    if random.random() < 0.1:
        found["withoutHeaders"] = random.choice([{"x": {}}, {"tenantid": {}}])
    if random.random() < 0.1:
        found["method"] = {"exact": "POST"}
    if random.random() < 0.1:
        found["queryParams"] = {"q": {"exact": "1"}}
    if random.random() < 0.1:
        found["ignoreUriCase"] = True
    if is_mesh and random.random() < 0.15:
        found["port"] = random.choice([80, 8080])
    if is_mesh and random.random() < 0.1:
        found["sourceLabels"] = {"app": "web"}
    return found


def _entry(random: Random, *, is_mesh: bool, is_last: bool = False) -> Object:
    matches = [] if is_last else [_match(random, is_mesh=is_mesh) for _ in range(random.randint(1, 2))]
    entry: Object = {"match": matches} if matches else {}
    if random.random() < 0.4:
        entry["name"] = f"n{random.randint(1, 99)}"
    if not is_last and random.random() < 0.1:
        return {**entry, "redirect": {"uri": "/new"}}
    hosts = [random.choice((*SERVICES, f"{random.choice(SERVICES)}{END}")) for _ in range(random.choice((1, 1, 2)))]
    weights = [{}] if len(hosts) == 1 else [{"weight": w} for w in random.choice(((30, 70), (0, 100), (50, 50)))]
    each = [
        {**({"port": 80} if random.random() < 0.3 else {}), **({"subset": "v1"} if random.random() < 0.1 else {}), **w}
        for w in weights
    ]
    entry["route"] = [to(host, **more) for host, more in zip(hosts, each, strict=True)]
    for name, value in _FEATURES.items():
        if random.random() < 0.06:
            entry[name] = value
    return entry


_FEATURES: dict[str, Any] = {
    "timeout": "3s",
    "rewrite": {"uri": "/z"},
    "retries": {"attempts": 3, "perTryTimeout": "1s"},
    "headers": {"request": {"set": {"x-a": "1"}}},
    "mirror": {"host": "c"},
    "fault": {"abort": {"httpStatus": 500, "percentage": {"value": 10}}},
    "corsPolicy": {"allowOrigins": [{"exact": "https://x.org"}], "allowMethods": ["GET"]},
}


def _table(random: Random, *, is_mesh: bool, is_whole: bool) -> list[Object]:
    found = [_entry(random, is_mesh=is_mesh) for _ in range(random.randint(0, 3))]
    return [*found, _entry(random, is_mesh=is_mesh, is_last=True)] if is_whole or not found else found


def _in_mesh(random: Random) -> list[Object]:
    found = []
    for name in random.sample(SERVICES, random.randint(0, 2)):
        more: Object = random.choice([{}, {}, {}, {"exportTo": ["*"]}, {"namespace": "web", "exportTo": ["."]}])
        host = f"{name}{END}" if more.get("namespace") or random.random() < 0.5 else name
        table = _table(random, is_mesh=True, is_whole=random.random() < 0.8)
        if more.get("namespace"):
            table = _in_full(table)
        found.append(virtual_service(name, *table, hosts=[host], **more))
    if random.random() < 0.1:
        found.append(virtual_service("wild", _entry(random, is_mesh=True, is_last=True), hosts=[f"*{END}"]))
    if random.random() < 0.1:
        found.append(virtual_service("far", _entry(random, is_mesh=True, is_last=True), hosts=["far.example.com"]))
    return found


def _in_full(table: list[Object]) -> list[Object]:
    """Returns entries that name hosts in full, as another namespace has to."""
    for entry in table:
        for item in entry.get("route", ()):
            host = item["destination"]["host"]
            item["destination"]["host"] = host if "." in host else f"{host}{END}"
        if "mirror" in entry:
            entry["mirror"] = {"host": f"c{END}"}
    return table


def _at_gateways(random: Random) -> list[Object]:
    if random.random() < 0.4:
        return []
    labels = [{"istio": "in"}, random.choice([{"istio": "in"}, {"app": "ingress"}, {"istio": "out"}])]
    names = ["one", "two"][: random.randint(1, 2)]
    found = []
    for name, selector in zip(names, labels, strict=False):
        servers = [
            {
                "port": {"number": 80, "name": "http", "protocol": "HTTP"},
                "hosts": [random.choice(["*", "*.example.com"])],
            }
        ]
        found.append(object_of("networking.istio.io/v1", "Gateway", name, selector=selector, servers=servers))
    if random.random() < 0.3:
        marks = {"istio": "in", "app": "ingress"}
        template = {"metadata": {"labels": marks}, "spec": {"containers": [{"name": "proxy", "image": "auto"}]}}
        pods = object_of("apps/v1", "Deployment", "ingress", selector={"matchLabels": marks}, template=template)
        found.append({**pods, "metadata": {"name": "ingress", "namespace": "edge"}})
    for number in range(random.randint(1, 3)):
        gateways = random.choice([[names[0]], [names[-1]], names])
        host = random.choice([HOST, HOST, "*"])
        table = _table(random, is_mesh=False, is_whole=random.random() < 0.6)
        found.append(virtual_service(f"v{number}", *table, hosts=[host], gateways=gateways))
    return found


_POLICIES: tuple[Object, ...] = (
    {"connectionPool": {"tcp": {"maxConnections": 4}}},
    {"outlierDetection": {"consecutive5xxErrors": 2}},
    {"tls": {"mode": "DISABLE"}},
)


def _rules(random: Random) -> list[Object]:
    found = []
    for name in SERVICES:
        if random.random() < 0.3:
            subset: Object = {"name": "v1", "labels": {"v": "1"}}
            if random.random() < 0.5:
                subset["trafficPolicy"] = {"connectionPool": {"tcp": {"maxConnections": 5}}}
            policy = random.choice(_POLICIES)
            found.append(destination_rule(name, name, trafficPolicy=policy, subsets=[subset]))
    return found


def _routes(random: Random) -> list[Object]:
    """Returns HTTPRoutes of Services."""
    found = []
    for name in random.sample(SERVICES, random.randint(0, 2)):
        rules = []
        for _ in range(random.randint(1, 3)):
            match: Object = {
                "path": random.choice(
                    [
                        {"type": "PathPrefix", "value": "/a"},
                        {"type": "Exact", "value": "/b"},
                        {"type": "PathPrefix", "value": "/"},
                    ]
                )
            }
            if random.random() < 0.3:
                match["headers"] = [{"name": "x", "value": "1"}]
            sent = random.sample(SERVICES, random.choice((1, 1, 2)))
            rules.append(
                {
                    "matches": [match],
                    "backendRefs": [{"name": s, "port": 80, "weight": random.choice((1, 3))} for s in sent],
                }
            )
        parent = {"group": "", "kind": "Service", "name": name, **({"port": 80} if random.random() < 0.6 else {})}
        found.append(
            object_of("gateway.networking.k8s.io/v1", "HTTPRoute", f"r-{name}", parentRefs=[parent], rules=rules)
        )
    return found


def _waypoint(random: Random) -> list[Object]:
    home = random.choice(["shop", "infra"])
    labels = {"istio.io/use-waypoint": "wp", "istio.io/use-waypoint-namespace": home}
    allowed = {"allowedRoutes": {"namespaces": {"from": "All"}}} if home == "infra" else {}
    listener = {"name": "mesh", "port": 15008, "protocol": "HBONE", **allowed}
    made = object_of(
        "gateway.networking.k8s.io/v1", "Gateway", "wp", gatewayClassName="istio-waypoint", listeners=[listener]
    )
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}}
    return [namespace, {**made, "metadata": {"name": "wp", "namespace": home}}]
