"""What Linkerd's own code makes of bases (docs/rules/linkerd.md): what is written beside them, and who answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandlane.base.base import Base
from sandlane.files.disk import DiskTree
from sandlane.k8s.resource import Resource
from sandlane.pipeline import Rendered, render, render_valid
from sandlane.problems.problem import Invalid, Source
from sandlane.semantics.network import make_network, overlaid
from sandlane.semantics.outcomes import Forward, NotFound
from sandlane.semantics.request import Client, Request
from sandlane.semantics.trace import Traced, trace
from sandlane.specs.inputs import Inputs, read_inputs
from tests.build import Object, app, inputs, object_of, sandbox, texts
from tests.meshes.gateway_api.test_attached_routes import REWRITE, route, rule, to_service
from tests.networks import said_of
from tests.shared import SHARED, needs_shared

AB = [*app("a"), *app("b")]
X = {"path": {"type": "PathPrefix", "value": "/x"}}
ON_A = to_service("a", 80)
PROFILE = "a.shop.svc.cluster.local"


def answers(found: Inputs, base: Base, request: Request) -> Traced:
    cluster = found.environment.cluster
    network = make_network(base, mesh="linkerd", domain=cluster.domain, root=cluster.root_namespace)
    return trace(network, request)


def after(found: Inputs) -> Base:
    objects = render(found).objects
    return overlaid(found.base, [Resource(id=o.id, manifest=o.manifest, source=Source(file="x")) for o in objects])


def ask(
    found: Inputs, path: str, tenant: str = "", method: str = "GET", client: str = "shop"
) -> tuple[list[str], list[str]]:
    """Returns who answers a request in the base, and with the output in it."""
    headers = (("tenantid", tenant),) if tenant else ()
    request = Request(
        client=Client(kind="linkerd", namespace=client),
        host="a.shop",
        port=80,
        path=path,
        method=method,
        headers=headers,
    )
    return said_of(answers(found, found.base, request)), said_of(answers(found, after(found), request))


def made(*base: Object, **environment: Any) -> Inputs:
    return inputs([*AB, *base], sandbox("dev1", "a"), mesh="linkerd", **environment)


def told(found: Inputs) -> list[str]:
    """Returns the notices of a render, but for those of sandboxes that change nothing."""
    return texts([problem for problem in render(found).notices if problem.code != "SL253"])


def names(found: Inputs) -> list[str]:
    return sorted(
        o.id.name for o in render(found).objects if o.id.kind.endswith("Route") and o.directory.startswith("sandboxes")
    )


SAID_WHOLE = (
    "base.yaml: SL475 notice: 'HTTPRoute/shop/r' has no effect on Services, since Linkerd cannot read it and ignores it as a whole: {}\n"
    "  hint: correct the route: Linkerd's admission webhook refuses such routes where it runs"
)
DEFAULTS = ["a-80-dev1-b", "a-80-dev1-h"]
COPIES = ["r-dev1-b", "r-dev1-h"]
QUOTED = route("r", rule("b", match={"path": {"type": "RegularExpression", "value": r"/\Qa.b\E"}}), parents=[ON_A])
PERIOD = {**route("r", rule("b", match=X), parents=[ON_A])}
PERIOD = {**PERIOD, "metadata": {**PERIOD["metadata"], "annotations": {"timeout.linkerd.io/request": "1m30s"}}}


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        pytest.param(QUOTED, r"'/\Qa.b\E' is no regular expression of Rust's", id="expression"),
        pytest.param(
            PERIOD, "annotation 'timeout.linkerd.io/request' is no duration of its own kind: '1m30s'", id="annotation"
        ),
    ],
)
def test_r_l11_a_route_that_linkerd_cannot_read_is_none(manifest: Object, reason: str) -> None:
    found = made(manifest)
    assert told(found) == [SAID_WHOLE.format(reason)]
    assert names(found) == DEFAULTS
    assert ask(found, "/x") == (["a:80"], ["a:80"])
    assert ask(found, "/x", "dev1") == (["a:80"], ["a-dev1:80"])


def test_r_l11_a_grpc_route_that_linkerd_cannot_read_keeps_http_routes_off() -> None:
    by_expression = {"method": {"type": "RegularExpression", "service": "s"}}
    found = made(route("r", rule("b", match=by_expression), parents=[ON_A], kind="GRPCRoute"))
    with pytest.raises(Invalid) as invalid:
        render(found)
    assert [(p.code, p.text) for p in invalid.value.problems if p.level == "error"] == [
        (
            "SL411",
            "no request can reach the clone of 'Deployment/shop/a': 'GRPCRoute/shop/r' has no effect, since a match has a method "
            "of type RegularExpression, and keeps HTTPRoutes off",
        )
    ]


@pytest.mark.parametrize("kind", ["URLRewrite", "RequestMirror"])
def test_r_l5_a_filter_on_a_backend_fails_the_backend_alone(kind: str) -> None:
    item = {**REWRITE, "type": kind} if kind == "URLRewrite" else {
        "type": kind, "requestMirror": {"backendRef": {"name": "b", "port": 80}}
    }  # fmt: skip
    backends = [{"name": "b", "port": 80, "filters": [item]}, {"name": "b", "port": 80}]
    found = made(route("r", {"matches": [X], "backendRefs": backends}, parents=[ON_A]))
    assert [text.split()[1] for text in told(found)] == ["SL412", "SL476"]
    assert names(found) == COPIES
    assert ask(found, "/") == (["404"], ["404"])
    failing = f"500: Linkerd does not know the filter {kind} of a backendRef*1 b:80*1"
    assert ask(found, "/x") == ([failing], [failing])
    assert ask(found, "/", "dev1") == (["404"], ["404"])


def test_r_l5_the_notice_of_a_filter_on_a_backend() -> None:
    backend = {"name": "a", "port": 80, "filters": [REWRITE]}
    assert told(made(route("r", {"backendRefs": [backend]}, parents=[ON_A]))) == [
        "base.yaml: SL476 notice: a backendRef of 'HTTPRoute/shop/r' has a filter URLRewrite, which Linkerd does not know: it "
        "answers 500 to what is sent there, also to tenants\n  hint: take the filter off the backendRef"
    ]


def test_r_l6_groups_and_kinds_in_capitals() -> None:
    parent = {"group": "Core", "kind": "service", "name": "a", "port": 80}
    found = made(route("r", rule({"kind": "service", "name": "b", "port": 80}, match=X), parents=[parent]))
    assert names(found) == COPIES
    assert ask(found, "/") == (["404"], ["404"])
    assert ask(found, "/x") == (["b:80"], ["b:80"])
    assert ask(found, "/x", "dev1") == (["b:80"], ["a-dev1:80"])


def test_r_l7_a_parent_without_a_group_is_told_by_traces() -> None:
    found = made(route("r", rule("b"), parents=[{"kind": "Service", "name": "a", "port": 80}]))
    request = Request(client=Client(kind="linkerd", namespace="shop"), host="a.shop", port=80)
    traced = answers(found, after(found), request)
    assert said_of(traced) == ["a:80"]
    assert traced.notes == ("'HTTPRoute/shop/r' has no effect: its parentRef names no group, and so no Service",)
    assert ask(found, "/", "dev1") == (["a:80"], ["a-dev1:80"])


@pytest.mark.parametrize(
    ("kind", "rules"), [("HTTPRoute", {"rules": []}), ("GRPCRoute", {"rules": []}), ("GRPCRoute", {})]
)  # fmt: skip
def test_r_l12_a_route_without_rules_answers_404(kind: str, rules: Object) -> None:
    found = made(object_of("gateway.networking.k8s.io/v1", kind, "r", "shop", parentRefs=[ON_A], **rules))
    assert ask(found, "/") == (["404"], ["404"])
    assert ask(found, "/", "dev1") == (["404"], ["404"])


def test_r_l12_an_http_route_that_says_no_rules_has_one() -> None:
    found = made(object_of("gateway.networking.k8s.io/v1", "HTTPRoute", "r", "shop", parentRefs=[ON_A]))
    assert ask(found, "/") == (["a:80"], ["a:80"])
    assert ask(found, "/", "dev1") == (["a:80"], ["a-dev1:80"])


def test_r_l14_a_baggage_line_that_is_not_ascii_names_no_tenant() -> None:
    found = made()
    written = after(found)
    for line, answer in (("user=zoé,tenantID=dev1", "a:80"), ("user=zoe,tenantID=dev1", "a-dev1:80")):
        client = Client(kind="linkerd", namespace="shop")
        request = Request(client=client, host="a.shop", port=80, headers=(("baggage", line),))
        assert said_of(answers(found, written, request)) == [answer]


def test_r_l1_newer_proxies_take_copies_without_a_method() -> None:
    grpc = route("r", rule("a"), parents=[ON_A], kind="GRPCRoute")
    found = made(grpc, cluster={"linkerd": {"grpcMatchesWithoutMethod": True}})
    assert [notice.partition(" notice")[0] for notice in told(found)] == ["base.yaml: SL478"]
    assert ask(found, "/s.A/M", "dev1", "POST") == (["a:80"], ["a-dev1:80"])
    assert ask(found, "/s.A/M", "", "POST") == (["a:80"], ["a:80"])


def test_r_l1_gateways_take_matches_without_a_method() -> None:
    gate = object_of(
        "gateway.networking.k8s.io/v1", "Gateway", "gate", listeners=[{"name": "http", "port": 80, "protocol": "HTTP"}]
    )
    found = made(gate, route("r", rule("a"), parents=[{"name": "gate"}], kind="GRPCRoute"))
    assert names(found) == ["a-80-dev1-b", "a-80-dev1-h", *COPIES]


def test_r_l1_a_method_without_a_service_is_one() -> None:
    grpc = route("r", rule("a", match={"method": {"method": "M"}}), parents=[ON_A], kind="GRPCRoute")
    assert ask(made(grpc), "/s.A/M", "dev1", "POST") == (["a:80"], ["a-dev1:80"])


def test_r_l1_a_sandbox_whose_copies_would_break_a_service_is_left_out_alone() -> None:
    grpc = route("r", rule("a"), parents=[ON_A], kind="GRPCRoute")
    found = inputs([*AB, grpc], sandbox("dev1", "a"), sandbox("dev2", "b"), mesh="linkerd")
    rendered = render_valid(found)
    assert [p.code for p in rendered.left_out] == ["SL423"]
    assert {o.directory for o in rendered.objects if o.directory.startswith("sandboxes/")} == {"sandboxes/dev2"}


def test_r_l18_a_profile_of_the_clients_namespace_hides_the_services() -> None:
    profile = object_of("linkerd.io/v1alpha2", "ServiceProfile", PROFILE, "client", retryBudget={"ttl": "10s"})
    own = object_of("linkerd.io/v1alpha2", "ServiceProfile", PROFILE, "shop", routes=[{"name": "all"}])
    routes = route("r", rule("b", match=X), rule("a"), parents=[ON_A])
    found = inputs([*AB, profile, own, routes], sandbox("dev1", "b"), mesh="linkerd")
    assert ask(found, "/x", client="client") == (["b:80"], ["b:80"])
    assert ask(found, "/x", client="shop") == (["a:80"], ["a:80"])
    assert ask(found, "/x", "dev1", client="client") == (["b:80"], ["b-dev1:80"])


CASES = sorted((SHARED / "cases" / "found" / "linkerd").glob("[0-9]*"))
UNANSWERED = {
    "01-grpcroute-without-method": "SL423",
    "02-server-for-all-beside-an-own-one": "SL320",
    "03-two-servers-of-one-port": "SL320",
    "04-routes-of-a-server-of-two-ages": "SL323",
}
"""Case -> the error without which its output would break a promise."""


def linkerds(result: Any) -> list[str]:
    """Returns what Linkerd answered, as `said` does."""
    if isinstance(result, str):
        return [result]
    return [f"{'fail' if b['to'].startswith('fail') else b['to']} {b['weight']}" for b in result["backends"]]


def said(traced: Traced) -> list[str]:
    outcome = traced.answer.outcome
    if isinstance(outcome, NotFound):
        return ["404"]
    assert isinstance(outcome, Forward)
    return [f"{'fail' if d.failure else f'{d.host}:{d.port}'} {d.weight}" for d in outcome.destinations]


@needs_shared
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_found_cases_are_answered_as_linkerd_does(case: Any) -> None:
    found = read_inputs(DiskTree(case), "sandlane.yaml")
    rendered: Rendered | None = None
    if case.name in UNANSWERED:
        with pytest.raises(Invalid) as invalid:
            render(found)
        assert {p.code for p in invalid.value.problems if p.level == "error"} == {UNANSWERED[case.name]}
    else:
        rendered = render(found)
    worlds = [(found.base, "base"), *([(after(found), "after")] if rendered else [])]
    for base, name in worlds if (case / "linkerd-base.world.json").exists() else ():
        world = json.loads((case / f"linkerd-{name}.world.json").read_text())
        # What a request without a carrier gets after is what it got before; a tenant's is asked by cases of our own.
        answered = json.loads((case / "linkerd-base.answer.json").read_text())["outbound"]
        for asked, answer in zip(world["outbound"], answered, strict=True):
            (sent,), (result,) = asked["requests"], answer["results"]
            headers = tuple((name.lower(), value) for name, value in sent["headers"])
            path = sent["uri"].partition("//")[2].partition("/")[2]
            request = Request(
                client=Client(kind="linkerd", namespace=asked["client"]), host=f"{asked['name']}.{asked['namespace']}",
                port=asked["port"], path=f"/{path}", method=sent["method"], headers=headers,
            )  # fmt: skip
            if name == "after" and any(key in ("tenantid", "baggage") for key, _ in headers):
                continue
            assert (said(answers(found, base, request)), path) == (linkerds(result), path)
