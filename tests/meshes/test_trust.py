"""Where tenants may be chosen, and where carriers are removed (rule R-G14)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sandlane.k8s.resource import Resource
from sandlane.pipeline import render
from sandlane.problems.problem import Source
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from tests.build import Object, app, carried, inputs, object_of, plan, route, sandbox, texts, to, virtual_service

TO_A = {"route": [to("a")]}
DEV1 = sandbox("dev1", "a")
GATE = object_of("networking.istio.io/v1", "Gateway", "gw", selector={"istio": "in"}, servers=[
    {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}])  # fmt: skip
MESH_ONLY = {"routes": {"entry": "mesh"}}
STRIP = {"routes": {"strip": ["gw"]}}
ANY = r"^(?:.*,)?[ \t]*tenantID[ \t]*=.*$"


def shop(*http: Object, gateways: tuple[str, ...] = ("gw",), **spec: Any) -> Object:
    return virtual_service("shop", *(http or (TO_A,)), hosts=["shop.example.com"], gateways=list(gateways), **spec)


def routed(*base: Object, **env: Any) -> tuple[list[Any], list[str]]:
    """Returns the entries of the VirtualService `shop` and what is said; the output is proved."""
    found = route(plan([*app("a"), *app("b"), GATE, *base], DEV1, **env))
    (http,) = (o.manifest["spec"]["http"] for o in found.objects if o.id.name == "shop")
    if all(problem.level == "notice" for problem in found.problems):
        render(inputs([*app("a"), *app("b"), GATE, *base], DEV1, **env))
    return http, list(dict.fromkeys(texts(found.problems)))


def strip(*matches: Object, name: str = "strip", **more: Any) -> Object:
    removing = {"headers": {"request": {"remove": ["tenantid", "baggage"]}}}
    carriers: list[Object] = [{"tenantid": {}}, {"baggage": {"regex": ANY}}]
    both = [{**m, "headers": {**m.get("headers", {}), **c}} for c in carriers for m in matches or ({},)]
    return {"name": name, "match": both, **TO_A, **removing, **more}


def copy(match: Object | None = None) -> Object:
    return {"name": "tenant-dev1", "match": carried("dev1", match), "route": [to("a-dev1")]}


OPEN = (
    "base.yaml: SL441 notice: whoever reaches 'Gateway/shop/gw' can choose a tenant there, by the header that carries the tenantID\n"
    "  hint: say 'routes.entry: mesh' if tenants are not for outside, or remove the carriers of outside requests "
    "('routes.strip')"
)
INDISTINCT = (
    "base.yaml: SL456 an entry of 'VirtualService/shop/shop' tells clients apart, and is for gateways at which tenants may not be chosen "
    "beside others\n  hint: split the VirtualService in two, one for the mesh and one for gateways"
)
X = {"uri": {"prefix": "/x"}}


@pytest.mark.parametrize(
    ("base", "env", "http", "said"),
    [
        pytest.param(shop(), {}, [copy(), TO_A], [OPEN], id="any"),
        pytest.param(shop(), MESH_ONLY, [TO_A], [], id="mesh"),
        pytest.param(shop(gateways=("mesh", "gw")), MESH_ONLY, [copy({"gateways": ["mesh"]}), TO_A], [], id="both"),
        pytest.param(
            shop({"match": [{"gateways": ["mesh"], **X}, {"gateways": ["gw"]}], **TO_A}, gateways=("mesh", "gw")), MESH_ONLY,
            [copy({"gateways": ["mesh"], **X}), {"match": [{"gateways": ["mesh"], **X}, {"gateways": ["gw"]}], **TO_A}], [],
            id="matches-of-their-own",
        ),
        pytest.param(
            shop({"match": [{"gateways": ["shop/gw", "mesh"]}], **TO_A}, gateways=("mesh", "gw")), MESH_ONLY,
            [copy({"gateways": ["mesh"]}), {"match": [{"gateways": ["shop/gw", "mesh"]}], **TO_A}], [], id="a-match-of-both",
        ),
        pytest.param(
            shop({"match": [{"sourceLabels": {"x": "1"}}], **TO_A}, gateways=("mesh", "gw")), MESH_ONLY,
            [{"match": [{"sourceLabels": {"x": "1"}}], **TO_A}], [INDISTINCT], id="clients",
        ),
        pytest.param(shop(), STRIP, [strip(), TO_A], [], id="strip"),
        pytest.param(
            shop(gateways=("mesh", "gw")), STRIP, [strip({"gateways": ["gw"]}), copy({"gateways": ["mesh"]}), TO_A], [],
            id="strip-one-of-two",
        ),
        pytest.param(
            shop({"name": "r", "match": [X], **TO_A, "timeout": "1s"}), STRIP,
            [strip(X, name="r.strip", timeout="1s"), {"name": "r", "match": [X], **TO_A, "timeout": "1s"}], [], id="name-and-match",
        ),
        pytest.param(
            shop({"match": [X], "redirect": {"uri": "/"}}, {"match": [X], "route": [to("b")]}), STRIP,
            [{"match": [X], "redirect": {"uri": "/"}}, strip(X, route=[to("b")]), {"match": [X], "route": [to("b")]}], [],
            id="redirects-send-nothing-on",
        ),
        pytest.param(
            shop({"match": [{"headers": {"TenantID": {"exact": "x"}}}], **TO_A}), STRIP,
            [{**strip(), "match": [{"headers": {"TenantID": {"exact": "x"}}},
                                   {"headers": {"TenantID": {"exact": "x"}, "baggage": {"regex": ANY}}}]},
             {"match": [{"headers": {"TenantID": {"exact": "x"}}}], **TO_A}], [], id="demands-the-carrier",
        ),
        pytest.param(
            shop({"match": [{"withoutHeaders": {"tenantid": {}, "baggage": {}}}], **TO_A}), STRIP,
            [{"match": [{"withoutHeaders": {"tenantid": {}, "baggage": {}}}], **TO_A}], [], id="no-carriers-get-there",
        ),
        pytest.param(
            shop({"headers": {"request": {"remove": ["Baggage"], "set": {"y": "1"}}}, **TO_A}), STRIP,
            [{**strip(), "headers": {"request": {"remove": ["Baggage", "tenantid"], "set": {"y": "1"}}}},
             {"headers": {"request": {"remove": ["Baggage"], "set": {"y": "1"}}}, **TO_A}],
            [("base.yaml: SL419 notice: 'VirtualService/shop/shop' sets or removes the request header 'baggage', in which the "
              "tenantID is carried\n  hint: leave the header alone, or behind this route requests belong to another tenant or to none")],
            id="header-operations",
        ),
    ],
)  # fmt: skip
def test_entries(base: Object, env: Any, http: list[Object], said: list[str]) -> None:
    assert routed(base, **env) == (http, said)


def test_without_sandboxes_carriers_are_removed_too() -> None:
    made = render(inputs([*app("a"), GATE, shop()], **STRIP))
    (manifest,) = (o.manifest for o in made.objects if o.id.name == "shop")
    assert manifest["spec"]["http"] == [strip(), TO_A]


def test_what_the_output_does_not_own() -> None:
    found = route(plan([*app("a"), GATE, shop()], output={"base": "none"}, **STRIP))
    assert texts(found.problems) == [
        (
            "sandlane.yaml: SL451 removing carriers at 'shop/gw' changes 'VirtualService/shop/shop', which the output does not own\n"
            "  hint: add '- {kind: VirtualService, name: shop}' to 'spec.routes.adopt'"
        )
    ]


def test_unknown_gateways() -> None:
    found = route(plan([*app("a"), GATE], routes={"strip": ["gx", "other/gw"]}))
    said = "sandlane.yaml: SL454 gateway '{}' in 'spec.routes.strip' is no Gateway of Istio in the base"
    named = "write its namespace and name, as in 'istio-ingress/public', or put the Gateway into the base"
    assert texts(found.problems) == [
        f"{said.format('shop/gx')}\n  hint: did you mean 'shop/gw'?",
        f"{said.format('other/gw')}\n  hint: {named}",
    ]


BESIDE = (
    "base.yaml: SL444 {} the catch-all of 'VirtualService/shop/shop' would hide entries of other VirtualServices of its gateway's host, "
    "and {}\n  hint: merge the VirtualServices of the host"
)


def test_a_catch_all_beside_others() -> None:
    other = virtual_service("t", {"match": [X], "route": [to("b")]}, hosts=["shop.example.com"], gateways=["gw"])
    removing = BESIDE.format("removing carriers before", "carriers are removed at one of its gateways")
    assert routed(shop(), other, **STRIP)[1] == [removing]
    found = route(plan([*app("a"), *app("b"), GATE, shop(), other], **STRIP))
    assert texts(found.problems) == [removing]
    gateways = ["gw", "gx"]
    both = {**other, "spec": {**other["spec"], "gateways": gateways}}
    assert routed(shop(gateways=("gw", "gx")), both, **STRIP)[1][0] == removing


def test_delegates_are_for_the_gateways_of_their_roots() -> None:
    root = virtual_service("r", {"delegate": {"name": "shop"}}, hosts=["x.org"], gateways=["mesh", "gw"])
    leaf = virtual_service("shop", TO_A, hosts=[])
    http, said = routed(root, leaf, **MESH_ONLY)
    assert (http, said) == ([copy({"gateways": ["mesh"]}), TO_A], [])
    http, said = routed(root, leaf, **STRIP)
    assert (http, said) == ([strip({"gateways": ["shop/gw"]}), copy({"gateways": ["mesh"]}), TO_A], [])


def delegating(*matches: Object, **more: Any) -> Object:
    entry = {**({"match": list(matches)} if matches else {}), "delegate": {"name": "shop"}, **more}
    return virtual_service("r", entry, hosts=["x.org"], gateways=["gw"])


Y = {"uri": {"prefix": "/Y"}, "ignoreUriCase": True}


@pytest.mark.parametrize(
    ("roots", "http", "expected"),
    [
        pytest.param([delegating(Y)], TO_A, [strip({"ignoreUriCase": True})], id="case"),
        pytest.param([delegating(X, Y)], TO_A, [strip(), strip({"ignoreUriCase": True})], id="both"),
        pytest.param([delegating({"sourceNamespace": "in"})], TO_A, [strip({"sourceNamespace": "in"})], id="namespace"),
        pytest.param([delegating(Y)], {"match": [Y], **TO_A}, [strip(Y)], id="a-match-of-its-own"),
        pytest.param(
            [delegating(X), virtual_service("s", {"match": [Y], "delegate": {"name": "shop"}}, hosts=["c"])],
            {"route": [to("b")]}, [strip({"gateways": ["shop/gw"]}, route=[to("b")])], id="roots-elsewhere-have-no-say",
        ),
        pytest.param(
            [delegating(X, headers={"request": {"set": {"y": "1"}}})], {**TO_A, "headers": {"request": {"set": {"z": "1"}}}},
            [strip(headers={"request": {"set": {"z": "1"}, "remove": ["tenantid", "baggage"]}})], id="headers-of-its-own",
        ),
    ],
)  # fmt: skip
def test_carriers_are_removed_beside_conditions_of_roots(
    roots: list[Object], http: Object, expected: list[Object]
) -> None:
    assert routed(*roots, virtual_service("shop", http, hosts=[]), **STRIP) == ([*expected, http], [])


@pytest.mark.parametrize(
    ("root", "what", "way"),
    [
        pytest.param(
            delegating({"headers": {"TenantId": {"prefix": "dev"}}}),
            "is merged with 'VirtualService/shop/r' and one of them names the carrier's header 'TenantId'",
            "write the routes into the VirtualService that delegates, or use another carrier", id="a-carrier",
        ),
        pytest.param(
            delegating(headers={"request": {"set": {"y": "1"}}}),
            "takes the headers of 'VirtualService/shop/r', which 'routes.strip' would hide",
            "write the header operations into the delegate's entry too", id="headers",
        ),
    ],
)  # fmt: skip
def test_roots_that_do_not_go_with_a_removal(root: Object, what: str, way: str) -> None:
    http, said = routed(root, virtual_service("shop", TO_A, hosts=[]), **STRIP)
    assert (http, said) == (
        [TO_A],
        [f"base.yaml: SL445 an entry of the delegate 'VirtualService/shop/shop' {what}\n  hint: {way}"],
    )


def test_routes_of_gateways_are_not_copied_with_entry_mesh() -> None:
    spec: Object = {"parentRefs": [{"name": "gate"}], "rules": [{"backendRefs": [{"name": "a", "port": 80}]}]}
    http_route = object_of("gateway.networking.k8s.io/v1", "HTTPRoute", "r", **spec)
    base = [*app("a"), http_route]
    names = [
        sorted(o.id.name for o in render(inputs(base, DEV1, mesh="linkerd", **env)).objects if o.id.kind == "HTTPRoute")
        for env in ({}, MESH_ONLY)
    ]
    own = ["a-80-dev1-b", "a-80-dev1-h"]
    assert names == [[*own, "r", "r-dev1-b", "r-dev1-h"], [*own, "r"]]


def broken(env: Any, *http: Object, base: tuple[Object, ...] = ()) -> list[str]:
    """Returns what proof says of a VirtualService `shop` with other entries than were rendered, or than `base` has."""
    found = inputs([*app("a"), GATE, *(base or (shop(),))], DEV1, **env)
    made = inputs([*app("a"), GATE, *base], DEV1, **MESH_ONLY) if base else found
    objects = []
    for placed in render(made).objects:
        manifest: Any = placed.manifest
        if placed.id.name == "shop":
            manifest = {**manifest, "spec": {**manifest["spec"], "http": list(http)}}
        file = f"{placed.directory}/{placed.id.name}.yaml"
        objects.append(Resource(id=placed.id, manifest=manifest, source=Source(file=file)))
    written = type(found.base)(tuple(objects), {o.id: o for o in objects}, _by_kind(objects))
    said = texts(prove(found.base, replace(written), claims_of(found)))
    return [text.partition(": ")[2] for text in said if "shop.yaml" in text]


def _by_kind(objects: list[Resource]) -> dict[Any, tuple[Resource, ...]]:
    kinds: dict[Any, list[Resource]] = {}
    for one in objects:
        kinds.setdefault((one.id.group, one.id.kind), []).append(one)
    return {key: tuple(found) for key, found in kinds.items()}


def passed(
    met: str, carrier: str = "tenantid: sandlane-nobody", url: str = "shop.example.com:80/", base: str = ""
) -> str:
    """Returns what is said of a request whose carrier has its way at the gateway; `base`: what the base does beside sending."""
    return (
        "SL613 what the environment says of gateways does not hold for a request\n"
        f"  request: GET http://{url}\n  carrier: {carrier}\n  client: gateway shop/gw\n"
        f"  base: base.yaml: sends to a.shop.svc.cluster.local:80{base}\n  now: shared/shop.yaml: {met}"
    )


A, A_DEV1 = "sends to a.shop.svc.cluster.local:80", "sends to a-dev1.shop.svc.cluster.local:80"
NO_B = "answers 503: 'b.shop.svc.cluster.local' is no host that the mesh knows"
BY_BAGGAGE = "baggage: tenantID=sandlane-nobody"
SET = ', headers {"request": {"set": {"y": "1"}}}'
REMOVED = ', headers {"request": {"remove": ["tenantid", "baggage"]}}'


@pytest.mark.parametrize(
    ("env", "http", "expected"),
    [
        pytest.param(
            MESH_ONLY, [copy(), TO_A], [passed(A_DEV1, "tenantid: dev1"), passed(A_DEV1, "baggage: tenantID=dev1")],
            id="a-tenant-at-a-gateway",
        ),
        pytest.param(STRIP, [TO_A], [passed(A)], id="nothing-removed"),
        pytest.param(STRIP, [{**strip(), "route": [to("b")]}, TO_A], [passed(NO_B), passed(NO_B, BY_BAGGAGE)], id="sent-elsewhere"),
    ],
)  # fmt: skip
def test_what_proof_says(env: Any, http: list[Object], expected: list[str]) -> None:
    said = broken(env, *http)
    assert [text for text in said if "SL602" not in text] == expected


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        pytest.param(delegating(Y), [passed(A, url="x.org:80/Y")], id="case"),
        pytest.param(
            delegating({"sourceNamespace": "in"}), [passed(A, url="x.org:80/")], id="namespace",
        ),
        # All that the root takes has the header in some spelling, and so meets the removal.
        pytest.param(delegating({"headers": {"TenantId": {"prefix": "dev"}}}), [], id="a-carrier"),
        pytest.param(
            delegating(headers={"request": {"set": {"y": "1"}}}),
            [passed(A + REMOVED, url="x.org:80/", base=SET), passed(A + REMOVED, BY_BAGGAGE, url="x.org:80/", base=SET)], id="headers",
        ),
    ],
)  # fmt: skip
def test_what_proof_says_of_delegates(root: Object, expected: list[str]) -> None:
    assert broken(STRIP, strip(), TO_A, base=(root, virtual_service("shop", TO_A, hosts=[]))) == expected


def test_a_root_of_the_mesh_tells_gateways_nothing() -> None:
    """The copies in a delegate ask for the namespace for which its root asks, which is for the mesh alone."""
    host = "a.shop.svc.cluster.local"
    delegated = {"match": [{"uri": {"exact": "/a"}, "sourceNamespace": "in"}], "delegate": {"name": "shop"}}
    asking = virtual_service("r", delegated, {"route": [to(host)]}, hosts=[host], gateways=["mesh"])
    base = [*app("a"), GATE, asking, virtual_service("shop", {"route": [to(host)]}, hosts=[])]
    (made,) = (o for o in render(inputs(base, DEV1)).objects if o.id.name == "shop")
    assert {
        match.get("sourceNamespace") for entry in made.manifest["spec"]["http"][:1] for match in entry["match"]
    } == {"in"}
