"""Which VirtualServices serve a Service, on which ports none does, and what is written there (rules R-I8, R-I9, R-I14, R-I21)."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.base.base import make_base
from sandlane.k8s.resource import Resource
from sandlane.pipeline import render
from sandlane.problems.problem import Source
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from tests.build import (
    Object,
    app,
    carried,
    inputs,
    meta,
    object_of,
    plan,
    route,
    sandbox,
    service,
    texts,
    to,
    virtual_service,
)

END = ".shop.svc.cluster.local"
TO_A = {"route": [to("a")]}
DEV1 = sandbox("dev1", "a")


def routed(*base: Object, ports: tuple[int, ...] = (80,)) -> tuple[dict[str, list[Any]], list[str]]:
    """Returns the entries of VirtualServices of the output by name, and what is said, where `a` is cloned."""
    found = route(plan([*app("a", *ports), *app("b"), *base], sandbox("dev1", "a")))
    https = {str(o.id): o.manifest["spec"]["http"] for o in found.objects if o.id.kind == "VirtualService"}
    return https, list(dict.fromkeys(texts([p for p in found.problems if p.code not in ("SL401", "SL410", "SL441")])))


def entry(match: Object, port: int) -> Object:
    return {
        "name": "tenant-dev1",
        "match": carried("dev1", match),
        "route": [to(f"a-dev1{END}", port=port)],
    }


def default(port: int, **match: Any) -> Object:
    return {"name": "default", "match": [{"port": port, **match}], "route": [to(f"a{END}", port=port)]}


def test_ports_without_an_entry_get_the_tenants_and_what_the_default_route_does() -> None:
    own = {"match": [{"port": 8080}], **TO_A}
    https, said = routed(virtual_service("a", own), ports=(80, 8080))
    assert https == {
        "VirtualService/shop/a": [
            {"name": "tenant-dev1", "match": carried("dev1", {"port": 8080}), "route": [to("a-dev1")]},
            own,
            entry({"port": 80}, 80),
            default(80),
        ]
    }
    assert said == []


def test_at_gateways_too() -> None:
    own = {"match": [{"gateways": ["gw"]}], **TO_A}
    https, said = routed(virtual_service("a", own, gateways=["mesh", "gw"]))
    assert https["VirtualService/shop/a"][2:] == [
        entry({"port": 80, "gateways": ["mesh"]}, 80), default(80, gateways=["mesh"])
    ]  # fmt: skip
    assert said == []


def split(port: int = 80) -> list[str]:
    return [
        (
            f"base.yaml: SL431 'VirtualService/shop/a' has entries for port {port} of 'Service/shop/a' for some clients only\n"
            f"  hint: give it an entry for port {port} that every client meets"
        )
    ]


@pytest.mark.parametrize(
    ("http", "expected"),
    [
        pytest.param([{"match": [{"sourceLabels": {"x": "1"}}], **TO_A}], split(), id="labels"),
        pytest.param([{"match": [{"sourceNamespace": "web"}], **TO_A}], split(), id="namespace"),
        pytest.param([{"match": [{"sourceLabels": {"x": "1"}}], **TO_A}, TO_A], [], id="others-meet-another"),
        pytest.param(
            [{"match": [{"sourceLabels": {"x": "1"}, "gateways": ["mesh"]}], **TO_A}], [], id="gateways-switch-them-off"
        ),
        pytest.param([{"match": [{"uri": {"exact": "/x"}}], **TO_A}], [], id="scenario-4-404-stays-404"),
    ],
)
def test_clients(http: list[Object], expected: list[str]) -> None:
    https, said = routed(virtual_service("a", *http))
    assert said == expected
    assert all(e["name"] != "default" for e in https["VirtualService/shop/a"] if "name" in e)


def test_several_hosts_have_several_defaults() -> None:
    _, said = routed(virtual_service("v", {"match": [{"port": 8080}], **TO_A}, hosts=["a", "b"]), ports=(80, 8080))
    assert said == [
        (
            "base.yaml: SL432 'VirtualService/shop/v' has no entry for port 80 of 'Service/shop/a' and serves other hosts too\n"
            "  hint: give 'Service/shop/a' a VirtualService of its own, or 'VirtualService/shop/v' an entry for port 80"
        )
    ]


def test_what_few_namespaces_see_goes_before_the_new_one() -> None:
    own = {"route": [to(f"a{END}")]}
    https, said = routed(virtual_service("a", own, hosts=[f"a{END}"], namespace="client", exportTo=["."]))
    assert sorted(https) == ["VirtualService/client/a", "VirtualService/shop/a-sandlane"]
    assert https["VirtualService/client/a"] == [
        {"name": "tenant-dev1", "match": carried("dev1"), "route": [to(f"a-dev1{END}")]}, own
    ]  # fmt: skip
    assert said == [
        "base.yaml: SL470 notice: 'istioctl analyze' will say IST0109 of 'VirtualService/client/a' and of the VirtualService that "
        "tenants get for 'Service/shop/a'\n  hint: export 'VirtualService/client/a' to all namespaces, or remove it"
    ]


def scoped_service(*names: str) -> Object:
    made = service("s", selector={"app": "a"})
    annotations = {"networking.istio.io/exportTo": ",".join(names)}
    return {**made, "metadata": meta("s", annotations=annotations)}


@pytest.mark.parametrize(
    ("names", "export", "is_made"),
    [
        pytest.param((".",), ["*"], False, id="seen-at-home-and-served-for-all"),
        pytest.param((".",), ["."], False, id="both-at-home"),
        pytest.param((".",), ["web"], True, id="served-elsewhere"),
        pytest.param((".", "web"), ["*"], False, id="seen-in-two"),
    ],
)
def test_services_that_few_namespaces_see(names: tuple[str, ...], export: list[str], is_made: bool) -> None:
    https, said = routed(scoped_service(*names), virtual_service("s", {"route": [to("s")]}, exportTo=export))
    assert ("VirtualService/shop/s-sandlane" in https, said) == (is_made, [])


def test_a_port_that_only_some_namespaces_have_an_entry_for() -> None:
    _, said = routed(scoped_service(".", "web"), virtual_service("s", {"route": [to("s")]}, exportTo=["web"]))
    assert [text.partition(" has ")[0] for text in said] == ["base.yaml: SL431 'VirtualService/shop/s'"]


@pytest.mark.parametrize(
    ("target", "hosts", "said"),
    [
        pytest.param("a", "*.shop.svc.cluster.local", [], id="scenario-32"),
        pytest.param("a", "*a.shop.svc.cluster.local", [], id="part-of-a-label"),
        pytest.param(
            "b", "*.shop.svc.cluster.local",
            [("base.yaml: SL448 notice: 'VirtualService/shop/w' catches 'Service/shop/a' by a wildcard host and sends its requests "
              "elsewhere: nothing reaches the clone by that name")],
            id="elsewhere",
        ),
    ],
)  # fmt: skip
def test_wildcards(target: str, hosts: str, said: list[str]) -> None:
    https, found = routed(virtual_service("w", {"route": [to(target)]}, hosts=[hosts]))
    assert sorted(https) == ["VirtualService/shop/w"]
    assert [e.get("name") for e in https["VirtualService/shop/w"]] == (
        ["tenant-dev1", None] if target == "a" else [None]
    )
    assert found == said


def test_of_nested_wildcards_the_closest_alone_counts() -> None:
    nested = [
        virtual_service("w1", TO_A, hosts=["*.svc.cluster.local"]),
        virtual_service("w2", {"route": [to("b")]}, hosts=["*.shop.svc.cluster.local"]),
    ]
    caught = (
        "base.yaml: SL448 notice: 'VirtualService/shop/{}' catches 'Service/shop/a' by a wildcard host and sends its requests "
        "elsewhere: nothing reaches the clone by that name"
    )
    assert routed(*nested)[1] == [caught.format("w2")]


def test_what_proof_says_of_a_port_that_the_closest_wildcard_has_no_entry_for() -> None:
    env: Object = {"output": {"base": "none"}, "routes": {"adopt": [{"kind": "VirtualService", "name": "w1"}]}}
    common = [*app("a"), *app("b"), virtual_service("w1", TO_A, hosts=["*.svc.cluster.local"])]
    other = {"match": [{"port": 8080}], "route": [to("b")]}
    base = inputs([*common, virtual_service("w2", other, hosts=["*.shop.svc.cluster.local"])], DEV1, **env)
    written = [
        Resource(id=o.id, manifest=o.manifest, source=Source(file=f"{o.directory}/{o.id.name}.yaml"))
        for o in render(inputs(common, DEV1, **env)).objects
    ]
    assert texts(prove(base.base, make_base(written), claims_of(base))) == [
        "sandlane.yaml: SL602 promise 2 does not hold for a request\n"
        "  request: GET http://a.shop.svc.cluster.local:80/\n  carrier: tenantid: dev1\n  client: namespace sandlane-elsewhere\n"
        "  base: the mesh's default: sends to a-dev1.shop.svc.cluster.local:80\n"
        "  now: the mesh's default: sends to a.shop.svc.cluster.local:80"
    ]


def test_a_wildcard_for_some_namespaces() -> None:
    _, said = routed(virtual_service("w", TO_A, hosts=["*.shop.svc.cluster.local"], exportTo=["."]))
    assert said == [
        (
            "base.yaml: SL433 'VirtualService/shop/w' catches 'Service/shop/a' by a wildcard host in some namespaces only\n"
            "  hint: name the Service's host in a VirtualService of its own"
        )
    ]


def sidecar(*hosts: str, namespace: str = "web") -> Object:
    return object_of("networking.istio.io/v1", "Sidecar", "s", namespace, egress=[{"hosts": list(hosts)}])


HIDDEN = (
    "base.yaml: SL416 notice: 'Sidecar/web/s' limits which hosts its workloads see: clients that do not see 'Service/shop/a' "
    "are not routed"
)


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        pytest.param(["shop/a.shop.svc.cluster.local"], [], id="by-name"),
        pytest.param(["*/*"], [], id="everything"),
        pytest.param(["a.shop.svc.cluster.local"], [], id="without-a-namespace"),
        pytest.param(["shop/*"], [], id="its-namespace"),
        pytest.param(["./*"], [HIDDEN], id="its-own-namespace"),
        pytest.param(["shop/b.shop.svc.cluster.local"], [HIDDEN], id="another-host"),
    ],
)
def test_sidecars(hosts: list[str], expected: list[str]) -> None:
    assert routed(sidecar(*hosts))[1] == expected


def test_a_sidecar_that_shows_a_service_and_not_its_virtual_service() -> None:
    vs = virtual_service("a", {"route": [to(f"a{END}")]}, hosts=[f"a{END}"], namespace="routes")
    assert routed(vs, sidecar("shop/*"))[1] == [HIDDEN.replace("Service/shop/a", "VirtualService/routes/a")]
    assert routed(vs, sidecar("./*"))[1] == [
        HIDDEN.replace("'Service/shop/a'", "'Service/shop/a', 'VirtualService/routes/a'")
    ]
    assert routed(vs, sidecar("routes/*"))[1] == [HIDDEN]
    assert routed(vs, sidecar("shop/*", "routes/*"))[1] == []
