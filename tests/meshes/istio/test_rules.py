from __future__ import annotations

from typing import Any

import pytest

from tests.build import (
    Object,
    app,
    carried,
    deployment,
    destination_rule,
    plan,
    sandbox,
    service,
    texts,
    to,
    transformed,
    virtual_service,
)

A, B, C = app("a"), app("b"), app("c")
DEV1 = sandbox("dev1", "a")
POLICY = {"connectionPool": {"http": {"http1MaxPendingRequests": 1}}}


def http(base: list[Object], *specs: Object, name: str = "routes", namespace: str = "shop", **env: Any) -> list[Any]:
    """Returns the transformed entries of a VirtualService; nothing is wrong with it."""
    found = transformed(plan(base, *specs, **env), name, namespace)
    assert texts(found.problems) == []
    return list(found.http)


def entry(tenant: str, *route: Object, name: str = "", match: Object | None = None, **more: Any) -> Object:
    return {"name": name or f"tenant-{tenant}", "match": carried(tenant, match), "route": list(route), **more}


TO_A = {"route": [to("a")]}
TO_B = {"route": [to("b")]}


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param([TO_A], [entry("dev1", to("a-dev1")), TO_A], id="one"),
        pytest.param([TO_B], [TO_B], id="unaffected"),
        pytest.param(
            [{"name": "r", "match": [{"uri": {"prefix": "/a"}}], "route": [to("a", subset="v1")]}, {"name": "s", **TO_A}],
            [
                entry("dev1", to("a-dev1"), name="r.dev1", match={"uri": {"prefix": "/a"}}),
                {"name": "r", "match": [{"uri": {"prefix": "/a"}}], "route": [to("a", subset="v1")]},
                entry("dev1", to("a-dev1"), name="s.dev1"),
                {"name": "s", **TO_A},
            ],
            id="scenario-3-directly-before-each",
        ),
        pytest.param(
            [{"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/new"}},
             {"match": [{"uri": {"exact": "/no"}}], "directResponse": {"status": 403}}, TO_B, TO_A],
            [{"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/new"}},
             {"match": [{"uri": {"exact": "/no"}}], "directResponse": {"status": 403}}, TO_B,
             entry("dev1", to("a-dev1")), TO_A],
            id="R-I7-never-copied",
        ),
        pytest.param(
            [{"match": [{"headers": {"tenantid": {"exact": "dev2"}}}], "route": [to("a")]}],
            [{"match": [{"headers": {"tenantid": {"exact": "dev2"}}}], "route": [to("a")]}],
            id="no-request-can-meet-both",
        ),
    ],
)  # fmt: skip
def test_entries(base: list[Object], expected: list[Object]) -> None:
    assert http([*A, *B, virtual_service("routes", *base)], DEV1) == expected


KEPT: Object = {
    "timeout": "3s",
    "retries": {"attempts": 2},
    "fault": {"abort": {"httpStatus": 500, "percentage": {"value": 1}}},
    "rewrite": {"uri": "/x"},
    "headers": {"request": {"set": {"x": "1"}}},
    "corsPolicy": {"allowMethods": ["GET"]},
}
CLIENT: Object = {
    "uri": {"regex": "/v[0-9]+/.*"},
    "ignoreUriCase": True,
    "sourceLabels": {"app": "web"},
    "sourceNamespace": "web",
    "gateways": ["mesh"],
    "port": 80,
    "queryParams": {"q": {"exact": "1"}},
    "withoutHeaders": {"x-skip": {}},
    "statPrefix": "p",
    "method": {"exact": "GET"},
    "authority": {"exact": "a"},
    "scheme": {"exact": "http"},
}


def test_everything_else_is_unchanged() -> None:
    base = {"match": [CLIENT], "route": [to("a", headers={"response": {"remove": ["y"]}})], **KEPT}
    changed = to("a-dev1", headers={"response": {"remove": ["y"]}})
    assert http([*A, virtual_service("routes", base)], DEV1) == [entry("dev1", changed, match=CLIENT, **KEPT), base]


def test_tenants_ascend_and_adding_one_changes_no_line_of_another() -> None:
    base = [*A, virtual_service("routes", TO_A)]
    specs = [sandbox(name, "a", tenantID=tenant) for name, tenant in (("z", "b"), ("y", "dev10"), ("x", "dev1"))]
    b, dev1, dev10 = (entry(t, to(f"a-{t}")) for t in ("b", "dev1", "dev10"))
    assert http(base, *specs) == [b, dev1, dev10, TO_A]
    assert http(base, specs[0], specs[2]) == [b, dev1, TO_A]
    assert http(base) == [TO_A]


FQDN = "a.shop.svc.cluster.local"


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        pytest.param([to(FQDN)], [to("a-dev1.shop.svc.cluster.local")], id="form-of-the-host"),
        pytest.param([to("a", port=80)], [to("a-dev1", port=80)], id="port-stays"),
        pytest.param([to("a", subset="v1")], [to("a-dev1")], id="subset-goes"),
        pytest.param([to("a", subset="tuned")], [to("a-dev1", subset="tuned")], id="subset-with-policy-stays"),
        pytest.param(
            [to("a", subset="v1", weight=90), to("a", subset="v2", weight=10)], [to("a-dev1")], id="scenario-12"
        ),
        pytest.param([to("a", weight=1), to("legacy.example.com", weight=99)], [to("a-dev1")], id="others-are-dropped"),
        pytest.param([to("a", weight=0), to("b", weight=100)], None, id="weight-0-beside-others"),
        pytest.param([to("a"), to("b", weight=100)], None, id="no-weight-is-weight-0"),
        pytest.param([to("a", weight=0)], [to("a-dev1")], id="weight-0-alone"),
        pytest.param(
            [
                to("a", subset="tuned", weight=30),
                to("a", weight=20),
                to("a", subset="v1", weight=10),
                to("b", weight=40),
            ],
            [to("a-dev1", subset="tuned", weight=30), to("a-dev1", weight=30)],
            id="duplicates-are-merged",
        ),
        pytest.param(
            [to("a", weight=30, headers={"request": {"set": {"x": "1"}}}), to("a", weight=70)],
            [to("a-dev1", weight=30, headers={"request": {"set": {"x": "1"}}}), to("a-dev1", weight=70)],
            id="headers-are-kept",
        ),
        pytest.param([to("a.shop")], None, id="scenario-26-literal"),
        pytest.param([to("a.other.svc.cluster.local")], None, id="another-namespace"),
        pytest.param([to("a.shop.svc.example.org")], None, id="another-domain"),
    ],
)
def test_destinations(route: list[Object], expected: list[Object] | None) -> None:
    subsets = [{"name": "v1", "labels": {"v": "1"}}, {"name": "v2", "labels": {"v": "2"}},
               {"name": "tuned", "labels": {"v": "3"}, "trafficPolicy": POLICY}]  # fmt: skip
    base = [*A, *B, virtual_service("routes", {"route": route}), destination_rule("a", "a", subsets=subsets)]
    wanted = [entry("dev1", *expected)] if expected else []
    assert http(base, DEV1) == [*wanted, {"route": route}]


def test_mirrors() -> None:
    base = {
        "route": [to("a")],
        "mirror": {"host": "c", "subset": "v1"},
        "mirrors": [to("a", subset="v1", percentage={"value": 5}), to("b")],
        "mirrorPercentage": {"value": 1},
    }
    assert http([*A, *B, *C, virtual_service("routes", base)], sandbox("dev1", "a", "c")) == [
        entry("dev1", to("a-dev1"), mirror={"host": "c-dev1"}, mirrorPercentage={"value": 1},
              mirrors=[to("a-dev1", percentage={"value": 5}), to("b")]),
        base,
    ]  # fmt: skip


def test_a_mirror_alone_affects_nothing() -> None:
    base = {"route": [to("b")], "mirror": {"host": "a"}}
    found = transformed(plan([*A, *B, virtual_service("routes", base)], DEV1), "routes")
    assert found.http == [base]
    assert texts(found.problems) == [
        (
            "base.yaml: SL464 notice: 'VirtualService/shop/routes' sends copies of requests to 'Service/shop/a' from an entry that "
            "sends the requests to nothing cloned: tenants' requests get to the base's there\n"
            "  hint: clone what the entry sends to as well"
        )
    ]


def test_a_mirror_of_another_tenants_entry() -> None:
    base = {"route": [to("b")], "mirrors": [to("a", percentage={"value": 5})]}
    found = transformed(
        plan([*A, *B, virtual_service("routes", base)], sandbox("dev1", "a", "b"), sandbox("dev2", "b")), "routes"
    )
    assert [text.partition(":")[0] for text in texts(found.problems)] == []


def test_split_between_two_cloned_services() -> None:
    base = {"route": [to("a", weight=20), to("b", weight=30), to("c", weight=50)]}
    assert http([*A, *B, *C, virtual_service("routes", base)], sandbox("dev1", "a", "b")) == [
        entry("dev1", to("a-dev1", weight=20), to("b-dev1", weight=30)),
        base,
    ]


@pytest.mark.parametrize(
    ("namespace", "host", "expected"),
    [
        pytest.param("web", FQDN, "a-dev1.shop.svc.cluster.local", id="fqdn-elsewhere"),
        pytest.param("web", "a", None, id="short-name-elsewhere"),
        pytest.param("shop", "a", "a-dev1", id="short-name"),
    ],
)
def test_namespaces(namespace: str, host: str, expected: str | None) -> None:
    base = [*A, virtual_service("routes", {"route": [to(host)]}, namespace=namespace)]
    wanted = [entry("dev1", to(expected))] if expected else []
    assert http(base, DEV1, namespace=namespace) == [*wanted, {"route": [to(host)]}]


def test_gateway_virtual_service() -> None:
    base = [*A, virtual_service("routes", TO_A, hosts=["shop.example.com"], gateways=["infra/gw"])]
    assert http(base, DEV1) == [entry("dev1", to("a-dev1")), TO_A]


def test_carriers_of_the_environment() -> None:
    base = [*A, virtual_service("routes", TO_A)]
    assert http(base, DEV1, carriers=[{"header": "X-Lane"}]) == [
        {"name": "tenant-dev1", "match": [{"headers": {"x-lane": {"exact": "dev1"}}}], "route": [to("a-dev1")]},
        TO_A,
    ]


def test_route_group_reaches_the_clones_of_its_members() -> None:
    joined = {**sandbox("all"), "kind": "RouteGroup", "spec": {"sandboxes": ["dev1", "dev2"]}}
    base = [*A, *B, virtual_service("routes", TO_A, TO_B)]
    assert http(base, DEV1, sandbox("dev2", "b"), joined) == [
        entry("all", to("a-dev1")),
        entry("dev1", to("a-dev1")),
        TO_A,
        entry("all", to("b-dev2")),
        entry("dev2", to("b-dev2")),
        TO_B,
    ]


SENT = (
    "base.yaml: SL412 notice: 'VirtualService/shop/a' routes to other Services than 'Service/shop/a': "
    "tenants that clone 'Service/shop/a' are sent to their clone"
)


def shared_hosts(service: str) -> str:
    return (
        f"base.yaml: SL402 'VirtualService/shop/a' serves '{service}', which is cloned, with other hosts or at a gateway, and "
        "sends to no clone: sandlane cannot route that yet\n  hint: give the host a VirtualService of its own"
    )


def test_host_is_cloned_and_no_destination() -> None:
    old = {"match": [{"uri": {"prefix": "/old"}}], "redirect": {"uri": "/"}}
    base = [
        *A,
        *B,
        virtual_service("a", old, {"name": "r", "route": [to("b", weight=90), to("c", weight=10)], "timeout": "1s"}),
    ]
    found = transformed(plan(base, DEV1), "a")
    assert texts(found.problems) == [SENT]
    assert found.http == [
        old,
        entry("dev1", to("a-dev1.shop.svc.cluster.local"), name="r.dev1", timeout="1s"),
        {"name": "r", "route": [to("b", weight=90), to("c", weight=10)], "timeout": "1s"},
    ]


def test_host_is_cloned_and_one_destination() -> None:
    base = [*A, *B, virtual_service("a", {"match": [{"uri": {"exact": "/b"}}], **TO_B}, TO_A)]
    assert http(base, DEV1, name="a") == [
        {"match": [{"uri": {"exact": "/b"}}], **TO_B},
        entry("dev1", to("a-dev1")),
        TO_A,
    ]


def test_host_is_cloned_by_one_and_its_destination_by_another() -> None:
    base = [*A, *B, virtual_service("a", TO_B)]
    found = transformed(plan(base, DEV1, sandbox("dev2", "b")), "a")
    assert texts(found.problems) == [SENT]
    assert found.http == [
        entry("dev1", to("a-dev1.shop.svc.cluster.local")),
        entry("dev2", to("b-dev2")),
        TO_B,
    ]


def test_host_of_a_gateway_is_no_host_of_the_mesh() -> None:
    base = [*A, *B, virtual_service("a", TO_B, gateways=["gw"])]
    assert http(base, DEV1, name="a") == [TO_B]


def test_host_is_cloned_and_its_port_differs() -> None:
    base = [*A, *app("b", 8080), virtual_service("a", {"route": [to("b", port=8080)]})]
    found = transformed(plan(base, DEV1), "a")
    ports = [d["destination"].get("port", {"number": 80}) for d in found.http[0]["route"]]
    assert ports == [{"number": 80}]


def test_two_hosts_are_cloned_and_no_destination() -> None:
    base = [*A, *B, *C, virtual_service("a", {"route": [to("c")]}, hosts=["a", "b"])]
    found = transformed(plan(base, sandbox("dev1", "a", "b")), "a")
    assert texts(found.problems) == [shared_hosts("Service/shop/a"), shared_hosts("Service/shop/b")]
    assert (found.http, list(found.tenants)) == ([{"route": [to("c")]}], [])


@pytest.mark.parametrize(
    "where",
    [
        pytest.param({"hosts": ["a", "shop.example.com"]}, id="another-host"),
        pytest.param({"hosts": ["a"], "gateways": ["mesh", "gw"]}, id="at-a-gateway-too"),
    ],
)
def test_host_is_cloned_and_others_are_served(where: Any) -> None:
    found = transformed(plan([*A, *B, virtual_service("a", TO_B, **where)], DEV1), "a")
    assert texts(found.problems) == [shared_hosts("Service/shop/a")]
    assert (found.http, list(found.tenants)) == ([TO_B], [])


def test_host_is_cloned_and_its_routes_are_elsewhere() -> None:
    base = [*A, virtual_service("a", {"delegate": {"name": "elsewhere"}})]
    found = transformed(plan(base, DEV1), "a")
    assert (found.http, [p for p in texts(found.problems) if "SL412" in p]) == (
        [{"delegate": {"name": "elsewhere"}}],
        [],
    )


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        pytest.param([to("a", weight=None), to("b", weight=100)], [], id="beside-others"),
        pytest.param(
            [to("a", weight=None, subset="v1"), to("a", weight=7), to("b", weight=1)],
            [entry("dev1", to("a-dev1"))],
            id="added-up",
        ),
    ],
)
def test_null_weight(route: list[Object], expected: list[Object]) -> None:
    assert http([*A, *B, virtual_service("routes", {"route": route})], DEV1) == [*expected, {"route": route}]


def test_problems() -> None:
    wrong = [
        {"match": [{"headers": {"baggage": {"regex": ".*beta.*"}}}], "route": [to("a")]},
        {"match": [{"headers": {"tenantid": {"regex": "a**"}}}], "route": [to("b")]},
    ]
    found = transformed(plan([*A, *B, virtual_service("routes", *wrong)], DEV1), "routes")
    assert texts(found.problems) == [
        (
            "base.yaml: SL403 baggage condition of 'VirtualService/shop/routes' and the baggage carrier cannot stand in one match\n"
            "  hint: use a header carrier alone, or take the condition out of the base route"
        )
    ]
    assert (found.http, list(found.tenants)) == (wrong, [])


def test_bad_pattern() -> None:
    wrong = {"match": [{"headers": {"tenantid": {"regex": "a**"}}}], "route": [to("a")]}
    found = transformed(plan([*A, virtual_service("routes", wrong)], DEV1), "routes")
    assert texts(found.problems) == [
        (
            "base.yaml: SL405 regular expression 'a**' of 'VirtualService/shop/routes' is not valid RE2: bad repetition operator: **\n"
            "  hint: Istio refuses it as well: correct the base"
        )
    ]


def test_answer_header() -> None:
    headers = {"request": {"add": {"x": "1"}}, "response": {"set": {"y": "2", "X-Lane": "base"}}}
    base = [*A, virtual_service("routes", {"headers": headers, "route": [to("a")]})]
    found = http(base, DEV1, routes={"answerHeader": "x-lane"})
    assert found[0]["headers"] == {"request": {"add": {"x": "1"}}, "response": {"set": {"y": "2", "x-lane": "dev1/a"}}}
    assert found[1] == {"headers": headers, "route": [to("a")]}


def test_two_services_of_one_workload() -> None:
    both = [deployment("a"), service("a"), service("a-admin", 8080, selector={"app": "a"})]
    base = [*both, virtual_service("routes", {"route": [to("a", weight=50), to("a-admin", weight=50)]})]
    assert http(base, DEV1) == [
        entry("dev1", to("a-dev1", weight=50), to("a-admin-dev1", weight=50)),
        {"route": [to("a", weight=50), to("a-admin", weight=50)]},
    ]
