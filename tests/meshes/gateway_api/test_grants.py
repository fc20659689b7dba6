"""ReferenceGrants of clones: what is written, what proof says where it is wrong, and what a Gateway makes of it (rule R-G8)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache

import pytest

from sandlane.output.layout import path_of
from sandlane.pipeline import render
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.semantics.network import make_network, overlaid
from sandlane.semantics.request import Client, Request
from sandlane.specs.inputs import Inputs
from tests.build import Object, app, deployment, group, inputs, meta, sandbox, service, texts
from tests.meshes.gateway_api.test_attached_routes import GATEWAY, gateway, route, rule
from tests.networks import decide_request
from tests.proof.test_proof import Edit, Files, drop, make, put
from tests.shared import needs_shared
from tests.validity import complaints

GATE = {"name": "gate"}
FROM = {"group": GATEWAY, "kind": "HTTPRoute", "namespace": "infra"}
TO_A = {"group": "", "kind": "Service", "name": "a"}


def grant(*to: Object, name: str = "g", namespace: str = "", sources: tuple[Object, ...] = (FROM,)) -> Object:
    spec = {"from": list(sources), "to": list(to)}
    metadata = meta(name, namespace, labels={"team": "edge"}, annotations={"argocd.argoproj.io/sync-wave": "1"})
    return {"apiVersion": f"{GATEWAY}/v1beta1", "kind": "ReferenceGrant", "metadata": metadata, "spec": spec}


def crossing(name: str, *backends: str, **more: Object | str) -> Object:
    rules = [rule({"name": b, "namespace": "shop", "port": 80}) for b in backends]
    return route(name, *rules, parents=[GATE], namespace="infra", **more)  # type: ignore[arg-type]


EDGE: Object = {**gateway(), "metadata": meta("gate", "infra")}
GIVEN = grant(TO_A, sources=(FROM, {**FROM, "kind": "GRPCRoute"}))
BASE = [*app("a"), *app("b"), *app("u"), EDGE, GIVEN, crossing("r", "a", "b", hostnames=["x.test"])]  # type: ignore[arg-type]


def granted(base: list[Object], *specs: Object) -> list[tuple[str, Object]]:
    """Returns the grants that are written, by path, of an output that is proved."""
    rendered = render(inputs(base, *specs, mesh="gateway-api", output={"base": "none"}))
    return [(path_of(o), dict(o.manifest)) for o in rendered.objects if o.id.kind == "ReferenceGrant"]


def test_a_grant_by_name_is_copied_for_the_clone_to_the_routes_that_need_it() -> None:
    assert granted(BASE, sandbox("dev1", "a", owner="dana")) == [
        (
            "sandboxes/dev1/shop/referencegrant.gateway.networking.k8s.io-g-dev1.yaml",
            {
                "apiVersion": f"{GATEWAY}/v1beta1",
                "kind": "ReferenceGrant",
                "metadata": {
                    "name": "g-dev1",
                    "namespace": "shop",
                    "labels": {
                        "team": "edge",
                        "app.kubernetes.io/managed-by": "sandlane",
                        "tenantID": "dev1",
                        "sandlane.dev/tenant": "dev1",
                        "sandlane.dev/sandbox": "dev1",
                        "sandlane.dev/origin": "g",
                    },
                    "annotations": {"sandlane.dev/owner": "dana", "sandlane.dev/spec": "sandboxes/dev1.yaml"},
                },
                "spec": {"from": [FROM], "to": [{**TO_A, "name": "a-dev1"}]},
            },
        )
    ]


@needs_shared
def test_grants_are_valid() -> None:
    found = granted([*BASE, crossing("s", "a", kind="GRPCRoute")], sandbox("dev1", "a"))
    assert [(len(o["spec"]["from"]), complaints(o)) for _, o in found] == [(2, [])]


TO_ALL = {"group": "", "kind": "Service"}
TO_B = {**TO_A, "name": "b"}


def shop(*grants: Object, routes: tuple[Object, ...] = (crossing("r", "a", "b"),)) -> list[Object]:
    return [*app("a"), *app("b"), *app("u"), EDGE, *grants, *routes]


@pytest.mark.parametrize(
    ("base", "cloned", "expected"),
    [
        pytest.param(shop(grant(TO_ALL)), ["a"], {}, id="to-all"),
        pytest.param(shop(grant(TO_A), grant(TO_ALL, name="h")), ["a"], {}, id="to-all-beside-a-name"),
        pytest.param(shop(grant(TO_A, TO_B)), ["a", "b"], {"g-dev1": ["a-dev1", "b-dev1"]}, id="two-names-of-one"),
        pytest.param(shop(grant(TO_A), grant(TO_B, name="h")), ["a", "b"], {"g-dev1": ["a-dev1"], "h-dev1": ["b-dev1"]}, id="two"),
        pytest.param(shop(grant(TO_A), grant(TO_A, name="h")), ["a"], {"g-dev1": ["a-dev1"]}, id="one-of-two-alike"),
        pytest.param(shop(grant(TO_A, TO_B)), ["u"], {}, id="what-is-cloned-is-not-crossed-to"),
        pytest.param([*app("a"), gateway(), grant(TO_A), route("r", rule("a"), parents=[GATE])], ["a"], {}, id="own-namespace"),
    ],
)  # fmt: skip
def test_which_grants(base: list[Object], cloned: list[str], expected: dict[str, list[str]]) -> None:
    found = granted(base, sandbox("dev1", *cloned))
    assert {o["metadata"]["name"]: [to["name"] for to in o["spec"]["to"]] for _, o in found} == expected


def test_members_of_a_group_have_the_grants() -> None:
    specs = sandbox("dev1", "a"), sandbox("dev2", "b"), group("rel", tenantID="rel", sandboxes=["dev1", "dev2"])
    assert [path for path, _ in granted(shop(grant(TO_A, TO_B)), *specs)] == [
        "sandboxes/dev1/shop/referencegrant.gateway.networking.k8s.io-g-dev1.yaml",
        "sandboxes/dev2/shop/referencegrant.gateway.networking.k8s.io-g-dev2.yaml",
    ]


def test_a_mirror_needs_one() -> None:
    mirror = {"name": "a", "namespace": "shop", "port": 80}
    item = {"type": "RequestMirror", "requestMirror": {"backendRef": mirror}}
    base = [*app("a"), deployment("u", namespace="infra"), service("u", namespace="infra"), EDGE, grant(TO_A),
            route("r", rule("u", filters=[item]), parents=[GATE], namespace="infra")]  # fmt: skip
    found = granted(base, sandbox("dev1", "a", {"name": "u", "namespace": "infra"}))
    assert [o["spec"]["to"] for _, o in found] == [[{**TO_A, "name": "a-dev1"}]]


def test_a_group_copies_a_route_that_mirrors_to_a_members_clone() -> None:
    """The member's sandbox has the grant, though the route sends it nothing and it has no copy of its own."""
    item = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "a", "namespace": "shop", "port": 80}}}
    to_b = rule({"name": "b", "namespace": "shop", "port": 80}, filters=[item])
    mirroring = route("r", to_b, parents=[GATE], namespace="infra")
    specs = sandbox("dev1", "a"), sandbox("dev2", "b"), group("rel", tenantID="rel", sandboxes=["dev1", "dev2"])
    base = shop(grant(TO_A, TO_B), routes=(mirroring,))
    assert [path.split("/")[1] for path, _ in granted(base, *specs)] == ["dev1", "dev2"]


@cache
def rendered() -> Inputs:
    specs = sandbox("dev1", "a"), sandbox("dev2", "b")
    return inputs(shop(grant(TO_A, TO_B, TO_ALL | {"name": "u"})), *specs, mesh="gateway-api", output={"base": "none"})


def written() -> Files:
    return {path_of(o): copy.deepcopy(dict(o.manifest)) for o in render(rendered(), is_proved=False).objects}


G1 = "sandboxes/dev1/shop/referencegrant.gateway.networking.k8s.io-g-dev1.yaml"
G2 = "sandboxes/dev2/shop/referencegrant.gateway.networking.k8s.io-g-dev2.yaml"
R1 = "sandboxes/dev1/infra/httproute-r-dev1-{}.yaml"
NAMED = ("spec", "to", 0, "name")


def wrong(what: str, file: str = G1, name: str = "g-dev1") -> str:
    return f"{file}: SL608 promise 4 does not hold: 'ReferenceGrant/shop/{name}' {what}"


def missing(end: str, carrier: str) -> str:
    """Returns what is said of a tenant's copy that names a clone without a grant, while the base's route may name the origin."""
    return (
        f"{R1.format(end)}: SL602 promise 2 does not hold for a request\n"
        f"  request: GET http://any.example:80/\n  carrier: {carrier}\n  client: gateway infra/gate\n"
        "  base: base.yaml: sends to a-dev1.shop.svc.cluster.local:80\n"
        f"  now: {R1.format(end)}: answers 500: no ReferenceGrant lets routes of namespace 'infra' name "
        "'a-dev1.shop.svc.cluster.local'"
    )


MISSING = [missing("b", "baggage: tenantID=dev1"), missing("h", "tenantid: dev1")]
NO_CLONE = "is to Service '{}' of 'shop', which is no clone of its sandbox"


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(lambda files: None, [], id="none"),
        pytest.param(lambda files: files.pop(G1), MISSING, id="no-grant"),
        pytest.param(put(G1, NAMED, "b"), [*MISSING, wrong(NO_CLONE.format("b"))], id="to-another-of-the-base"),
        pytest.param(put(G1, NAMED, "b-dev2"), [*MISSING, wrong(NO_CLONE.format("b-dev2"))], id="to-another-tenants-clone"),
        pytest.param(
            drop(G1, NAMED), [wrong("is to every Service of 'shop', which is no clone of its sandbox")], id="to-all",
        ),
        pytest.param(
            put(G1, ("spec", "to", 0, "kind"), "Secret"), [*MISSING, wrong("is not to Services alone")], id="to-a-secret",
        ),
        pytest.param(
            put(G1, ("spec", "from", 0, "namespace"), "x"),
            [*MISSING, wrong("lets HTTPRoutes of 'x' name 'Service/shop/a-dev1', and the base does not let them name its origin")],
            id="from-elsewhere",
        ),
        pytest.param(
            put(G1, ("spec", "from", 0, "kind"), "TLSRoute"),
            [*MISSING, wrong("lets TLSRoutes of 'infra' name 'Service/shop/a-dev1', and the base does not let them name its origin")],
            id="from-another-kind",
        ),
        pytest.param(lambda files: files[G1]["spec"].update({"from": []}), [*MISSING, wrong("is not to Services alone")],
                     id="from-nothing"),
    ],
)  # fmt: skip
def test_defects(edit: Edit | Callable[[Files], object], expected: list[str]) -> None:
    files = written()
    edit(files)
    assert texts(prove(rendered().base, make(files), claims_of(rendered()))) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param((), "a.shop.svc.cluster.local", id="nobody"),
        pytest.param((("tenantid", "dev1"),), "a-dev1.shop.svc.cluster.local", id="header"),
        pytest.param((("baggage", "tenantID=dev1"),), "a-dev1.shop.svc.cluster.local", id="baggage"),
        pytest.param((("tenantid", "dev2"),), "a.shop.svc.cluster.local", id="who-cloned-another"),
    ],
)
def test_what_the_gateway_makes_of_it(headers: tuple[tuple[str, str], ...], expected: str) -> None:
    base = overlaid(rendered().base, make(written()).resources)
    network = make_network(base, mesh="gateway-api", domain="cluster.local", root="")
    client = Client(kind="gateway", namespace="infra", name="gate")
    request = Request(client=client, host="x.test", port=80, path="/", headers=headers)
    first, *_ = decide_request(network, request)
    assert [(d.host, d.failure) for d in getattr(first.outcome, "destinations", ())] == [(expected, "")]
