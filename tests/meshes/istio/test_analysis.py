"""What `istioctl analyze` would say of the output and not of the base (codes of research 1.12): nothing, for every kind of base here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandlane.base.base import Base
from sandlane.k8s.hosts import service_of
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.k8s.visibility import visibility
from sandlane.pipeline import render
from sandlane.problems.problem import Source
from sandlane.semantics.network import overlaid
from tests.build import Object, app, destination_rule, inputs, object_of, sandbox, to, virtual_service

Found = Iterator[tuple[str, str]]
NETWORKING = "networking.istio.io"


def service(base: Base, host: str, namespace: str) -> Resource | None:
    named = service_of(host, namespace, "cluster.local")
    return base.by_id.get(ResourceId("", "Service", named.namespace, named.name)) if named else None


def routes(base: Base) -> Iterator[tuple[Resource, Object]]:
    for vs in base.of(NETWORKING, "VirtualService"):
        yield from ((vs, entry) for entry in (vs.manifest.get("spec") or {}).get("http") or ())


def destinations(base: Base) -> Iterator[tuple[Resource, Object]]:
    for vs, entry in routes(base):
        mirrors = [entry["mirror"]] if entry.get("mirror") else []
        yield from ((vs, d) for d in (*(r["destination"] for r in entry.get("route") or ()), *mirrors))


def unknown_destinations(base: Base) -> Found:
    """IST0101: a host that no Service has, or a subset that no DestinationRule has."""
    subsets = {
        (found.id, subset["name"])
        for rule in base.of(NETWORKING, "DestinationRule")
        if (found := service(base, rule.manifest["spec"]["host"], rule.id.namespace))
        for subset in rule.manifest["spec"].get("subsets") or ()
    }
    for vs, to_ in destinations(base):
        found = service(base, to_["host"], vs.id.namespace)
        if found is None or ("subset" in to_ and (found.id, to_["subset"]) not in subsets):
            yield "IST0101", f"{vs.id} {to_}"


def two_of_one_host(base: Base) -> Found:
    """IST0109: two VirtualServices for the mesh of one host and scope."""
    seen: Counter[tuple[str, str]] = Counter()
    for vs in base.of(NETWORKING, "VirtualService"):
        spec = vs.manifest["spec"]
        if "mesh" in (spec.get("gateways") or ["mesh"]):
            for scope in visibility(vs):
                seen.update(
                    (scope, str(service_of(h, vs.id.namespace, "cluster.local") or h)) for h in spec.get("hosts") or ()
                )
    yield from (("IST0109", f"{scope} {host}") for (scope, host), count in seen.items() if count > 1)


def no_port(base: Base) -> Found:
    """IST0112: a destination without a port where its Service has several."""
    for vs, to_ in destinations(base):
        found = service(base, to_["host"], vs.id.namespace)
        if found and len(found.manifest["spec"]["ports"]) > 1 and not to_.get("port"):
            yield "IST0112", f"{vs.id} {to_}"


def unnamed_ports(base: Base) -> Found:
    """IST0118: port names that do not say their protocol."""
    for found in base.of("", "Service"):
        for port in found.manifest["spec"].get("ports") or ():
            if not port.get("name") and not port.get("appProtocol"):
                yield "IST0118", str(port["port"])


def unreachable(base: Base) -> Found:
    """IST0130: an entry behind one without a match."""
    for vs in base.of(NETWORKING, "VirtualService"):
        matchless = [n for n, e in enumerate(vs.manifest["spec"].get("http") or ()) if not e.get("match")]
        last = len(vs.manifest["spec"].get("http") or ()) - 1
        yield from (("IST0130", str(vs.id)) for n in matchless if n < last)


def covered_matches(base: Base) -> Found:
    """IST0131: a longer path behind one that covers it, with headers of the same names: each earlier value begins with the later.

    The analyzer takes every expression for the empty text.
    """
    for vs in base.of(NETWORKING, "VirtualService"):
        earlier: list[Any] = []
        for entry in vs.manifest["spec"].get("http") or ():
            for match in entry.get("match") or ():
                if any(_covers(other, match) for other in earlier):
                    yield "IST0131", str(vs.id)
                earlier.append(match)


def _covers(one: Object, other: Object) -> bool:
    first, second = (m.get("uri", {}).get("prefix") for m in (one, other))
    fields = ("method", "authority", "scheme", "port", "gateways", "sourceLabels", "sourceNamespace", "queryParams")
    if (
        first is None
        or second is None
        or first == second
        or not second.startswith(first)
        or any(one.get(f) != other.get(f) for f in fields)
    ):
        return False
    mine, theirs = one.get("headers") or {}, other.get("headers") or {}
    return mine.keys() == theirs.keys() and all(_text(mine[k]).startswith(_text(theirs[k])) for k in mine)


def _text(condition: Object) -> str:
    return str(condition.get("exact") or condition.get("prefix") or "")


def unknown_gateways(base: Base) -> Found:
    """IST0101, IST0132: a gateway that is not there, or that does not serve the host."""
    for vs in base.of(NETWORKING, "VirtualService"):
        for name in (vs.manifest["spec"].get("gateways") or ["mesh"]) if vs.manifest["spec"].get("hosts") else []:
            home, slash, own = name.rpartition("/")
            id = ResourceId(NETWORKING, "Gateway", home if slash else vs.id.namespace, own)
            if name != "mesh" and id not in base.by_id:
                yield "IST0132", f"{vs.id} {name}"


def clones_as_hosts(base: Base) -> Found:
    """IST0140 and R-I11: a VirtualService that has the host of a clone."""
    for vs in base.of(NETWORKING, "VirtualService"):
        for host in vs.manifest["spec"].get("hosts") or ():
            found = service(base, host, vs.id.namespace)
            if found and "sandlane.dev/tenant" in found.manifest["metadata"].get("labels", {}):
                yield "IST0140", f"{vs.id} {host}"


def unknown_rules(base: Base) -> Found:
    """IST0174, IST0173: a DestinationRule for no Service, or with labels for a subset that no pods have."""
    for rule in base.of(NETWORKING, "DestinationRule"):
        found = service(base, rule.manifest["spec"]["host"], rule.id.namespace)
        if found is None:
            yield "IST0174", str(rule.id)
        elif "sandlane.dev/tenant" in rule.manifest["metadata"].get("labels", {}):
            yield from (
                ("IST0173", str(rule.id)) for s in rule.manifest["spec"].get("subsets") or () if s.get("labels")
            )


ANALYZERS: tuple[Callable[[Base], Found], ...] = (
    unknown_destinations,
    two_of_one_host,
    no_port,
    unnamed_ports,
    unreachable,
    covered_matches,
    unknown_gateways,
    clones_as_hosts,
    unknown_rules,
)


def messages(base: Base) -> Counter[str]:
    return Counter(code for analyzer in ANALYZERS for code, _ in analyzer(base))


A = "a.shop.svc.cluster.local"
GATE = object_of("networking.istio.io/v1", "Gateway", "gw", selector={"istio": "in"}, servers=[
    {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}])  # fmt: skip
X, Y, XY = ({"uri": {"prefix": path}} for path in ("/x", "/y", "/xy"))
TUNED = [
    {"name": "v1", "labels": {"v": "1"}, "trafficPolicy": {"tls": {"mode": "DISABLE"}}},
    {"name": "v2", "labels": {"v": "2"}},
]
PREVIEW = {"preview": {"host": "{tenantID}.p.example.com", "gateway": "gw"}}


@pytest.mark.parametrize(
    ("base", "env"),
    [
        pytest.param([], {}, id="new"),
        pytest.param([virtual_service("a", {"match": [X], "route": [to("a", port=80)]}, {"match": [Y], "route": [to("b")]},
                                      {"route": [to("a", port=80)]})], {}, id="in-place"),
        pytest.param([virtual_service("a", {"match": [{"port": 80}], "route": [to("a", port=80)]})], {}, id="ports"),
        pytest.param([virtual_service("a", {"route": [to(A, port=80)]}, hosts=[A], namespace="web", exportTo=["."])], {}, id="scopes"),
        pytest.param([virtual_service("a", {"route": [to("a", subset="v1", port=80, weight=1), to("a", subset="v2", port=80, weight=1)]}),
                      destination_rule("a", "a", subsets=TUNED)], {}, id="subsets"),
        pytest.param([GATE, virtual_service("r", {"match": [X], "route": [to("a", port=80)]}, {"route": [to("a", port=80)]},
                                            hosts=["x.org"], gateways=["gw"]),
                      virtual_service("s", {"match": [{"uri": {"prefix": "/sx"}}], "route": [to("b")]},
                                      {"match": [{"uri": {"prefix": "/s"}}], "route": [to("b")]}, hosts=["x.org"], gateways=["gw"])],
                     PREVIEW, id="gateways"),
        pytest.param([virtual_service("a", {"match": [X], "delegate": {"name": "d"}}),
                      virtual_service("d", {"route": [to("a", port=80)]}, hosts=[])], {}, id="delegates"),
        pytest.param([virtual_service("w", {"route": [to("a", port=80)]}, hosts=["*.shop.svc.cluster.local"])], {}, id="wildcards"),
        pytest.param([GATE, virtual_service("r", {"match": [X], "route": [to("a", port=80)]}, {"route": [to("a", port=80)]},
                                            hosts=["x.org"], gateways=["gw"])], {"routes": {"strip": ["gw"]}}, id="strip"),
    ],
)  # fmt: skip
def test_the_output_adds_no_message(base: list[Object], env: Any) -> None:
    workloads = ("a",) if any(vs["metadata"]["name"] == "w" for vs in base) else ("a", "b")
    found = inputs(
        [*app("a", 80, 8080), *app("b"), *base], *(sandbox(t, *workloads) for t in ("dev1", "dev10", "xdev1")), **env
    )
    written = [Resource(id=o.id, manifest=o.manifest, source=Source(file="output")) for o in render(found).objects]
    assert messages(overlaid(found.base, written)) - messages(found.base) == Counter()


@pytest.mark.parametrize(
    ("base", "code"),
    [
        pytest.param([virtual_service("a", {"route": [to("gone")]})], "IST0101", id="host"),
        pytest.param([virtual_service("a", {"route": [to("a", subset="v9", port=80)]})], "IST0101", id="subset"),
        pytest.param([virtual_service("a", {"route": [to("b")]}), virtual_service("r", {"route": [to("b")]}, hosts=[A])],
                     "IST0109", id="hosts"),
        pytest.param([virtual_service("b", {"route": [to("a")]})], "IST0112", id="port"),
        pytest.param([virtual_service("b", {"route": [to("b")]}, {"match": [X], "route": [to("b")]})], "IST0130", id="unreachable"),
        pytest.param([virtual_service("b", {"match": [X], "route": [to("b")]}, {"match": [XY], "route": [to("b")]})],
                     "IST0131", id="covered"),
        pytest.param([virtual_service("b", {"route": [to("b")]}, gateways=["gone"])], "IST0132", id="gateway"),
        pytest.param([destination_rule("x", "gone")], "IST0174", id="rule"),
    ],
)  # fmt: skip
def test_the_analyzers_see(base: list[Object], code: str) -> None:
    assert messages(inputs([*app("a", 80, 8080), *app("b"), *base]).base) == Counter({code: 1})
