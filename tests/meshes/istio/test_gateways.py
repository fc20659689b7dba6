"""Catch-alls of VirtualServices that share a virtual host of gateways (rule R-I12)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import Object, app, carried, object_of, plan, route, sandbox, texts, to, virtual_service

A = "a.shop.svc.cluster.local"
B = "b.shop.svc.cluster.local"
TO_A, TO_B = {"route": [to("a")]}, {"route": [to("b")]}
DEV1 = sandbox("dev1", "a")
X, Y = {"uri": {"exact": "/x"}}, {"uri": {"exact": "/y"}}


def bound(
    name: str,
    *http: Object,
    gateways: tuple[str, ...] = ("gw",),
    hosts: tuple[str, ...] = ("x.org",),
    namespace: str = "",
) -> Object:
    return virtual_service(name, *http, hosts=list(hosts), gateways=list(gateways), namespace=namespace)


def routed(*base: Object, specs: tuple[Object, ...] = (DEV1,)) -> tuple[dict[str, list[Any]], list[str]]:
    found = route(plan([*app("a"), *app("b"), *base], *specs))
    https = {o.id.name: o.manifest["spec"]["http"] for o in found.objects if o.id.kind == "VirtualService"}
    return https, list(dict.fromkeys(texts([p for p in found.problems if p.code != "SL441"])))


def copy(match: Object | None, *to_: Object, tenant: str = "dev1", **more: Any) -> Object:
    return {
        "name": f"tenant-{tenant}",
        "match": carried(tenant, match),
        **({"route": list(to_)} if to_ else {}),
        **more,
    }


def older(one: str, two: str, host: str = "x.org", *, catch_alls: bool = False) -> str:
    tenants, way = "for tenants as for all others", "tell their matches apart"
    if catch_alls:
        tenants = f"and only if that is 'VirtualService/{one}' tenants are sure to meet their clones there"
        way = "leave a catch-all in one of them only"
    return (
        f"base.yaml: SL430 notice: 'VirtualService/{two}' and 'VirtualService/{one}' answer one request for host '{host}' at a gateway: "
        f"the older one does, {tenants}\n  hint: merge the two, or {way}"
    )


def test_scenario_21() -> None:
    redirect = {"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/"}}
    https, said = routed(
        bound("r", {"match": [X], **TO_A}, TO_A), bound("s", {"match": [Y], "timeout": "1s", **TO_B}, redirect)
    )
    assert https["r"] == [
        copy(X, to("a-dev1")),
        {"match": [X], **TO_A},
        copy(Y, to(B), timeout="1s"),
        copy({"uri": {"exact": "/old"}}, redirect={"uri": "/"}),
        copy(None, to("a-dev1")),
        TO_A,
    ]
    assert https["s"] == [{"match": [Y], "timeout": "1s", **TO_B}, redirect]
    assert said == []


def test_what_others_send_to_clones_leads_to_clones() -> None:
    own = {"match": [Y], "name": "y", "route": [to("a")], "mirror": {"host": "b"}}
    https, _ = routed(bound("r", TO_A), bound("s", own))
    assert https["r"] == [
        {**copy(Y, to("a-dev1.shop.svc.cluster.local")), "name": "y.dev1", "mirror": {"host": B}},
        copy(None, to("a-dev1")),
        TO_A,
    ]
    assert https["s"] == [{**copy(Y, to("a-dev1")), "name": "y.dev1", "mirror": {"host": "b"}}, own]


def test_copies_of_one_entry_keep_together() -> None:
    specs = (sandbox("dev1", "a"), sandbox("dev2", "a"))
    https, _ = routed(bound("r", TO_A), bound("s", {"match": [Y], **TO_B}), specs=specs)
    assert https["r"] == [
        copy(Y, to(B)),
        copy(Y, to(B), tenant="dev2"),
        copy(None, to("a-dev1")),
        copy(None, to("a-dev2"), tenant="dev2"),
        TO_A,
    ]


def test_a_catch_all_that_nobody_meets_has_no_copies() -> None:
    https, said = routed(bound("r", TO_B), bound("s", {"match": [X], **TO_A}, TO_A))
    assert https["s"] == [copy(X, to("a-dev1")), {"match": [X], **TO_A}, TO_A]
    assert https["r"] == [TO_B]
    assert said == [older("shop/r", "shop/s", catch_alls=True)]


def test_a_catch_all_that_only_an_older_one_could_be_is_said() -> None:
    https, said = routed(bound("r", TO_B), bound("s", TO_A))
    assert (https["r"], https["s"]) == ([TO_B], [TO_A])
    assert said == [older("shop/r", "shop/s", catch_alls=True)]


def test_entries_behind_a_catch_all_are_met_by_nobody() -> None:
    https, _ = routed(bound("r", TO_A), bound("s", {"match": [Y], **TO_B}, TO_B, {"match": [X], **TO_B}))
    assert https["r"] == [copy(Y, to(B)), copy(None, to("a-dev1")), TO_A]


def inseparable(why: str, name: str = "r") -> list[str]:
    return [
        (
            f"base.yaml: SL444 tenants' copies of the catch-all of 'VirtualService/shop/{name}' would hide entries of other "
            f"VirtualServices of its gateway's host, and {why}\n"
            "  hint: merge the VirtualServices of the host, or give them the same hosts and gateways"
        )
    ]


OTHERS = inseparable("they have other hosts or gateways than it")


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param([bound("r", TO_A, hosts=("x.org", "y.org")), bound("s", {"match": [Y], **TO_B})], OTHERS, id="more-hosts"),
        pytest.param([bound("r", TO_A), bound("s", {"match": [Y], **TO_B}, hosts=("x.org", "y.org"))], [], id="others-have-more"),
        pytest.param([bound("r", TO_A, gateways=("gw", "gx")), bound("s", {"match": [Y], **TO_B})], OTHERS, id="more-gateways"),
        pytest.param(
            [bound("r", TO_A, gateways=("gw", "mesh")), bound("s", {"match": [Y], **TO_B}, gateways=("gw", "mesh"))],
            inseparable("they are for the mesh too, where only one of them is used"), id="mesh",
        ),
        pytest.param(
            [bound("r", TO_A), bound("s", {"match": [Y], "delegate": {"name": "d"}})],
            inseparable("'VirtualService/shop/s' delegates"), id="delegates",
        ),
        pytest.param(
            [bound("r", TO_A), bound("s", {"match": [{**Y, "port": 80}], **TO_B})],
            inseparable("matches of 'VirtualService/shop/s' name ports, gateways or clients"), id="ports",
        ),
        pytest.param(
            [bound("r", {"match": [X, {"uri": {"prefix": "/"}}], **TO_A}), bound("s", {"match": [Y], **TO_B})],
            inseparable("'VirtualService/shop/r' has a catch-all beside other matches in its entry 1"), id="mixed",
        ),
        pytest.param(
            [bound("r", {"match": [X], **TO_A}, hosts=("x.org", "y.org")), bound("s", {"match": [Y], **TO_B})], [], id="no-catch-all"
        ),
        pytest.param([bound("r", TO_A, hosts=("x.org", "y.org")), bound("s")], [], id="others-have-no-entries"),
        pytest.param([bound("r", TO_A), bound("s", {"match": [Y], **TO_B}, namespace="web")], [], id="gateways-of-two-namespaces"),
        pytest.param([bound("r", TO_A), bound("s", {"match": [Y], **TO_B}, hosts=("y.org",))], [], id="hosts-differ"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_apart(base: list[Object], expected: list[str]) -> None:
    assert routed(*base)[1] == expected


def test_others_may_be_for_more_hosts() -> None:
    https, _ = routed(bound("r", TO_A), bound("s", {"match": [Y], **TO_B}, hosts=("x.org", "y.org")))
    assert https["r"] == [copy(Y, to(B)), copy(None, to("a-dev1")), TO_A]


@pytest.mark.parametrize(
    ("one", "two", "is_said"),
    [
        pytest.param({"uri": {"exact": "/x"}}, {"uri": {"exact": "/y"}}, False, id="two-paths"),
        pytest.param({"uri": {"exact": "/x"}}, {"uri": {"prefix": "/"}, "method": {"exact": "GET"}}, True, id="path-in-prefix"),
        pytest.param({"uri": {"prefix": "/x"}}, {"uri": {"exact": "/y"}}, False, id="prefix-and-path"),
        pytest.param({"uri": {"prefix": "/x"}}, {"uri": {"prefix": "/xy"}}, True, id="prefix-in-prefix"),
        pytest.param({"uri": {"prefix": "/x"}}, {"uri": {"prefix": "/y"}}, False, id="two-prefixes"),
        pytest.param({"uri": {"regex": "/x"}}, {"uri": {"exact": "/y"}}, True, id="who-can-tell"),
        pytest.param({"headers": {"x": {"exact": "1"}}}, {"headers": {"x": {"exact": "2"}}}, False, id="two-values"),
        pytest.param({"headers": {"x": {"exact": "1"}}}, {"headers": {"y": {"exact": "2"}}}, True, id="two-headers"),
        pytest.param({"method": {"exact": "GET"}}, {"method": {"exact": "PUT"}}, False, id="two-methods"),
    ],
)  # fmt: skip
def test_order_of_ages(one: Object, two: Object, is_said: bool) -> None:
    _, said = routed(bound("r", {"match": [one], **TO_A}), bound("s", {"match": [two], **TO_B}))
    assert said == ([older("shop/r", "shop/s")] if is_said else [])


def test_what_tenants_do_not_touch_is_not_said() -> None:
    assert routed(bound("r", TO_B), bound("s", TO_B))[1] == []


def istio_gateway(name: str, port: int = 80, hosts: tuple[str, ...] = ("*",), **selector: str) -> Object:
    servers = [{"port": {"number": port, "name": "http", "protocol": "HTTP"}, "hosts": list(hosts)}]
    return object_of("networking.istio.io/v1", "Gateway", name, selector=selector, servers=servers)


def tls_gateway(name: str, host: str) -> Object:
    servers = [
        {"port": {"number": 443, "name": "tls", "protocol": "HTTPS"}, "hosts": [host], "tls": {"mode": "SIMPLE"}}
    ]
    return object_of("networking.istio.io/v1", "Gateway", name, selector={"istio": "in"}, servers=servers)


def gate_pods(name: str, **labels: str) -> Object:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "proxy", "image": "auto"}]}}
    return object_of("apps/v1", "Deployment", name, selector={"matchLabels": labels}, template=template)


def test_virtual_services_are_seen_from_the_namespace_of_the_pods() -> None:
    elsewhere = {**gate_pods("p", istio="in"), "metadata": {"name": "p", "namespace": "edge"}}
    hidden = bound("s", TO_B)
    two = [bound("r", TO_A), {**hidden, "spec": {**hidden["spec"], "exportTo": ["."]}}]
    gateway = istio_gateway("gw", istio="in")
    assert [routed(*two, gateway)[1], routed(*two, gateway, elsewhere)[1]] == [
        [older("shop/r", "shop/s", catch_alls=True)],
        [],
    ]


@pytest.mark.parametrize(
    ("gateways", "is_shared"),
    [
        pytest.param([istio_gateway("gw", istio="in"), istio_gateway("gx", istio="in")], True, id="one-place"),
        pytest.param([istio_gateway("gw", istio="in"), istio_gateway("gx", istio="out")], False, id="selectors-differ"),
        pytest.param([istio_gateway("gw", istio="in"), istio_gateway("gx", 8080, istio="in")], False, id="ports-differ"),
        pytest.param([istio_gateway("gw"), istio_gateway("gx")], True, id="no-selector"),
        pytest.param([istio_gateway("gw", istio="in"), istio_gateway("gx", app="ingress")], True, id="selectors-that-may-meet"),
        pytest.param(
            [istio_gateway("gw", istio="in"), istio_gateway("gx", app="ingress"), gate_pods("p", istio="in", app="ingress")],
            True, id="selectors-that-meet",
        ),
        pytest.param(
            [istio_gateway("gw", istio="in"), istio_gateway("gx", app="ingress"), gate_pods("p", istio="in"),
             gate_pods("q", app="ingress")], False, id="selectors-of-two-workloads",
        ),
        pytest.param([tls_gateway("gw", "*"), tls_gateway("gx", "x.org")], False, id="two-servers-of-TLS"),
        pytest.param([istio_gateway("gw", hosts=("y.org",), istio="in"), istio_gateway("gx", istio="in")], False, id="not-its-host"),
        pytest.param(
            [istio_gateway("gw", hosts=("web/*",), istio="in"), istio_gateway("gx", istio="in")], False, id="not-its-namespace"
        ),
        pytest.param(
            [istio_gateway("gw", hosts=("./*",), istio="in"), istio_gateway("gx", hosts=("*.org",), istio="in")], True, id="scoped"
        ),
        pytest.param([], False, id="unknown"),
    ],
)  # fmt: skip
def test_places_of_gateways(gateways: list[Object], is_shared: bool) -> None:
    _, said = routed(bound("r", TO_A), bound("s", TO_B, gateways=("gx",)), *gateways)
    assert said == ([older("shop/r", "shop/s", catch_alls=True)] if is_shared else [])


def test_a_wide_host_at_a_narrow_gateway() -> None:
    gate = istio_gateway("gw", hosts=("x.org",), istio="in")
    _, said = routed(bound("r", TO_A, hosts=("*",)), bound("s", TO_B), gate)
    assert said == [older("shop/r", "shop/s", catch_alls=True)]


@pytest.mark.parametrize(
    "gateway", [pytest.param("./gw", id="dot"), pytest.param("gw.shop.svc.cluster.local", id="full"), pytest.param("shop/gw", id="slash")]
)  # fmt: skip
def test_spellings_of_a_gateway(gateway: str) -> None:
    assert routed(bound("r", TO_A), bound("s", TO_B, gateways=(gateway,)))[1] == [
        older("shop/r", "shop/s", catch_alls=True)
    ]
