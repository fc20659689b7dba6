"""What routes are attached to, where they send, and which of them a mesh reads."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.k8s.resource import Resource, ResourceId
from sandlane.meshes.gateway_api.attached_routes import Parent, backend, homes, live, parents_of, read_routes
from sandlane.meshes.gateway_api.dialects import GENERIC, ISTIO, LINKERD
from sandlane.meshes.registry import MESHES
from sandlane.meshes.routed import Routed
from sandlane.plan.model import Plan
from sandlane.problems.problem import Source
from tests.build import Object, app, meta, plan, sandbox, texts

GATEWAY = "gateway.networking.k8s.io"


def to_service(name: str, port: int | None = None, **more: Any) -> Object:
    """Returns a parentRef to a Service."""
    return {"group": "", "kind": "Service", "name": name, **({"port": port} if port else {}), **more}


def rule(*backends: str | Object, match: Object | None = None, **more: Any) -> Object:
    """Returns a rule that sends to Services on port 80, for one match or for every request."""
    listed = [{"name": b, "port": 80} if isinstance(b, str) else b for b in backends]
    return {
        **({"matches": [match]} if match else {}),
        **more,
        **({"backendRefs": listed} if listed else {}),
    }


def route(
    name: str, *rules: Object, parents: list[Object], kind: str = "HTTPRoute", namespace: str = "", api: str = "",
    **spec: Any,
) -> Object:  # fmt: skip
    """Returns an HTTPRoute or GRPCRoute."""
    return {
        "apiVersion": api or f"{GATEWAY}/v1",
        "kind": kind,
        "metadata": meta(name, namespace),
        "spec": {"parentRefs": parents, **spec, "rules": list(rules)},
    }


def gateway(name: str = "gate") -> Object:
    """Returns a Gateway with one listener."""
    spec = {"gatewayClassName": "any", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}
    return {"apiVersion": f"{GATEWAY}/v1", "kind": "Gateway", "metadata": meta(name), "spec": spec}


OUTSIDE = "let what stands before the Gateway remove the carriers"


def public(gateway: str = "Gateway/shop/gate", way: str = OUTSIDE) -> str:
    """Returns what is said of a gateway at which tenants have rules."""
    return (
        f"base.yaml: SL441 notice: whoever reaches '{gateway}' can choose a tenant there, by the header that carries the "
        f"tenantID\n  hint: say 'routes.entry: mesh' if tenants are not for outside, or {way}"
    )


def routed(made: Plan) -> Routed:
    """Routes a plan in the mesh of its environment."""
    module = MESHES[made.environment.mesh]
    return module.route(made, module.unroutable(made.environment, made.base))


def shown(base: list[Object], *specs: Object, mesh: str = "linkerd", **environment: Any) -> list[str]:
    """Returns all that a mesh says of a plan, once each."""
    return list(dict.fromkeys(texts(routed(plan(base, *specs, mesh=mesh, **environment)).problems)))


def specs_of(
    base: list[Object], *cloned: str, mesh: str = "linkerd", tenant: str = "dev1", **environment: Any
) -> dict[str, Object]:
    """Returns the specs of the routes of one tenant's header carrier, by name without the ends that all have."""
    carriers = {"carriers": [{"header": "tenantID"}], **environment}
    found = routed(plan(base, sandbox(tenant, *cloned), mesh=mesh, **carriers))
    assert [text for text in texts(found.problems) if "notice" not in text] == []
    return {o.id.name.removesuffix(f"-{tenant}-h"): dict(o.manifest["spec"]) for o in found.objects}


def resource(manifest: Object, namespace: str = "shop") -> Resource:
    group = manifest["apiVersion"].rpartition("/")[0]
    id = ResourceId(group, manifest["kind"], namespace, manifest["metadata"]["name"])
    return Resource(id=id, manifest=manifest, source=Source(file="base.yaml"))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        pytest.param({"name": "g"}, [Parent(ResourceId(GATEWAY, "Gateway", "shop", "g"), 0, "")], id="gateway"),
        pytest.param(
            {"group": GATEWAY, "kind": "Gateway", "name": "g", "namespace": "infra", "port": 80, "sectionName": "http"},
            [Parent(ResourceId(GATEWAY, "Gateway", "infra", "g"), 80, "http")],
            id="gateway-in-full",
        ),
        pytest.param(to_service("a"), [Parent(ResourceId("", "Service", "shop", "a"), 0, "")], id="service"),
        pytest.param(
            {"group": "core", "kind": "Service", "name": "a", "namespace": "other", "port": 80},
            [Parent(ResourceId("", "Service", "other", "a"), 80, "")],
            id="service-of-group-core",
        ),
        pytest.param(
            {"group": "policy.linkerd.io", "kind": "Server", "name": "a"}, [], id="linkerd-inbound-policy"
        ),
        pytest.param({"group": "networking.istio.io", "kind": "ServiceEntry", "name": "a"}, [], id="service-entry"),
        pytest.param(
            {"kind": "Service", "name": "a"},
            [],
            id="service-without-group"),
    ],
)  # fmt: skip
def test_parents_of(reference: Object, expected: list[Parent]) -> None:
    found = parents_of(resource(route("r", rule("a"), parents=[reference])), GENERIC)
    assert [attached.parent for attached in found] == expected


@pytest.mark.parametrize("dialect", [GENERIC, ISTIO, LINKERD], ids=["generic", "istio", "linkerd"])
def test_r_l6_linkerd_ignores_the_case_of_groups_and_kinds(dialect: Any) -> None:
    reference = {"group": "Core", "kind": "service", "name": "a", "port": 80}
    found = [a.parent for a in parents_of(resource(route("r", rule("a"), parents=[reference])), dialect)]
    assert found == ([Parent(ResourceId("", "Service", "shop", "a"), 80, "")] if dialect is LINKERD else [])
    assert backend(reference, "shop", dialect) == (found[0].target if found else None)


@pytest.mark.parametrize(
    ("dialect", "parent", "reference", "expected"),
    [
        pytest.param(GENERIC, {"name": "g"}, {"name": "b"}, "client", id="own-namespace"),
        pytest.param(GENERIC, to_service("a", namespace="shop"), {"name": "b"}, "client", id="own-namespace-in-a-mesh"),
        pytest.param(LINKERD, to_service("a", namespace="shop"), {"name": "b"}, "shop", id="linkerd-takes-the-parents"),
        pytest.param(LINKERD, {"name": "g"}, {"name": "b"}, "client", id="linkerd-with-a-gateway"),
        pytest.param(
            LINKERD, to_service("a", namespace="shop"), {"name": "b", "namespace": "x"}, "x", id="linkerd-explicit"
        ),
        pytest.param(GENERIC, {"name": "g"}, {"name": "b", "kind": "Bucket", "group": "x.io"}, None, id="other-kind"),
        pytest.param(GENERIC, {"name": "g"}, {"name": "b", "kind": "ServiceImport"}, None, id="other-kind-no-group"),
    ],
)
def test_backend(dialect: Any, parent: Object, reference: Object, expected: str | None) -> None:
    found = resource(route("r", rule({**reference, "port": 80}), parents=[parent], namespace="client"), "client")
    attached = tuple(parents_of(found, dialect))
    read = [r for home in homes(_route(found, attached), attached, dialect) if (r := backend(reference, home))]
    assert read == ([ResourceId("", "Service", expected, "b")] if expected else [])


def _route(found: Resource, parents: Any) -> Any:
    from sandlane.meshes.gateway_api.attached_routes import Route

    return Route(resource=found, parents=parents)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        pytest.param([None, None], [None, None], id="defaults"),
        pytest.param([0, 1], [1], id="zero-beside-others"),
        pytest.param([0], [0], id="zero-alone"),
        pytest.param([0, 0], [0, 0], id="zeros"),
        pytest.param([0, None], [None], id="zero-beside-the-default"),
    ],
)
def test_live(weights: list[int | None], expected: list[int | None]) -> None:
    assert [r["weight"] for r in live([{"weight": w} for w in weights])] == expected


REWRITE = {"type": "URLRewrite", "urlRewrite": {"hostname": "x"}}
MIRROR = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "b", "port": 80}}}


@pytest.mark.parametrize(
    ("mesh", "manifest", "expected"),
    [
        pytest.param("linkerd", route("r", rule("a", filters=[REWRITE]), parents=[to_service("a")]), [], id="rewrite"),
        pytest.param("linkerd", route("r", rule("a", filters=[MIRROR]), parents=[to_service("a")]), [], id="mirror"),
        pytest.param(
            "linkerd",
            route("r", rule({"name": "a", "port": 80, "filters": [REWRITE]}), parents=[to_service("a")]),
            ["Service/shop/a"],
            id="rewrite-of-a-backend",
        ),
        pytest.param(
            "linkerd",
            route("r", rule("a", filters=[REWRITE]), parents=[{"name": "gate"}, to_service("a")]),
            ["Gateway/shop/gate"],
            id="gateways-read-filters-of-their-own",
        ),
        pytest.param(
            "gateway-api", route("r", rule("a", filters=[REWRITE]), parents=[to_service("a")]), ["Service/shop/a"],
            id="other-meshes-read-it",
        ),
        pytest.param(
            "linkerd", route("r", rule("a"), parents=[to_service("a")], api="policy.linkerd.io/v1beta3"),
            ["Service/shop/a"], id="linkerds-own",
        ),
        pytest.param(
            "gateway-api", route("r", rule("a"), parents=[to_service("a")], api="policy.linkerd.io/v1beta3"), [],
            id="linkerds-own-elsewhere",
        ),
    ],
)  # fmt: skip
def test_read_routes(mesh: str, manifest: Object, expected: list[str]) -> None:
    found = read_routes(plan([*app("a"), manifest]).base, {"linkerd": LINKERD, "gateway-api": GENERIC}[mesh])
    assert [str(a.parent.target) for r in found for a in r.parents] == expected


def test_a_route_with_an_ignored_filter_is_no_route() -> None:
    base = [*app("a"), route("r", rule("a", filters=[REWRITE]), parents=[to_service("a")])]
    assert list(specs_of(base, "a")) == ["a-80"]
    assert shown(base, sandbox("dev1", "a")) == [
        "base.yaml: SL425 notice: 'HTTPRoute/shop/r' has a filter URLRewrite, for which the mesh ignores the whole route: "
        "so does sandlane"
    ]


def test_a_grpc_route_with_an_ignored_filter_is_said() -> None:
    base = [*app("a"), route("r", rule("a", filters=[MIRROR]), parents=[to_service("a")], kind="GRPCRoute")]
    assert shown(base, sandbox("dev1", "a")) == [
        "base.yaml: SL425 notice: 'GRPCRoute/shop/r' has a filter RequestMirror, for which the mesh ignores the whole "
        "route: so does sandlane"
    ]


@pytest.mark.parametrize("mesh", ["linkerd", "gateway-api"])
def test_a_service_parent_without_a_group_is_said(mesh: str) -> None:
    base = [*app("a"), route("r", rule("a"), parents=[{"kind": "Service", "name": "a", "port": 80}])]
    assert list(specs_of(base, "a", mesh=mesh)) == ["a-80"]
    assert shown(base, sandbox("dev1", "a"), mesh=mesh) == [
        "base.yaml: SL429 notice: a parentRef of 'HTTPRoute/shop/r' names Service 'a' without a group, so it is attached to "
        "nothing\n  hint: add 'group: \"\"': the API server fills in the Gateway API's own group, which has no Services"
    ]
