"""A tenant's copies of base routes: whole manifests, and every default of the CRDs written out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandlane.meshes.gateway_api.copies import answering, carrier_suffix
from sandlane.specs.model import Carrier
from tests.build import Object, app, group, plan, regex, sandbox, texts
from tests.meshes.gateway_api.test_attached_routes import (
    GATEWAY,
    MIRROR,
    REWRITE,
    gateway,
    route,
    routed,
    rule,
    specs_of,
    to_service,
)
from tests.shared import SHARED, needs_shared

AB = [*app("a"), *app("b")]
HEADER = {"type": "Exact", "name": "tenantid", "value": "dev1"}
ROOT = {"type": "PathPrefix", "value": "/"}
REDIRECT = {"type": "RequestRedirect", "requestRedirect": {"hostname": "x"}}


def reference(name: str, weight: int = 1, **more: Any) -> Object:
    return {"group": "", "kind": "Service", "name": name, "namespace": "shop", "port": 80, **more, "weight": weight}


def test_whole_objects_of_both_carriers() -> None:
    base = route(
        "r",
        rule("a", match={"path": {"value": "/x"}, "headers": [{"name": "x", "value": "1"}], "method": "GET",
                         "queryParams": [{"name": "q", "value": "1"}]}, timeouts={"request": "1s"}),
        parents=[to_service("a", 80)], hostnames=["a.test"],
    )  # fmt: skip
    base["metadata"] |= {
        "labels": {"team": "x", "app.kubernetes.io/instance": "shop", "argocd.argoproj.io/instance": "shop"},
        "annotations": {"timeout.linkerd.io/request": "2s", "argocd.argoproj.io/tracking-id": "shop:x"},
    }
    base["status"] = {"parents": []}
    made = plan([*app("a"), base], sandbox("dev1", "a", owner="dana", expires="2026-12-01"), mesh="linkerd")
    found = {o.id.name: (o.directory, o.manifest) for o in routed(made).objects}
    match = {
        "path": {"type": "PathPrefix", "value": "/x"},
        "method": "GET",
        "queryParams": [{"type": "Exact", "name": "q", "value": "1"}],
    }
    baggage = {"type": "RegularExpression", "name": "baggage", "value": regex("dev1")}
    assert found == {
        f"r-dev1-{end}": ("sandboxes/dev1", {
            "apiVersion": f"{GATEWAY}/v1",
            "kind": "HTTPRoute",
            "metadata": {
                "name": f"r-dev1-{end}",
                "namespace": "shop",
                "labels": {
                    "team": "x", "app.kubernetes.io/managed-by": "sandlane", "tenantID": "dev1",
                    "sandlane.dev/tenant": "dev1", "sandlane.dev/sandbox": "dev1", "sandlane.dev/origin": "httproute.r",
                },
                "annotations": {
                    "timeout.linkerd.io/request": "2s", "sandlane.dev/owner": "dana", "sandlane.dev/expires": "2026-12-01",
                    "sandlane.dev/spec": "sandboxes/dev1.yaml",
                },
            },
            "spec": {
                "parentRefs": [to_service("a", 80)],
                "hostnames": ["a.test"],
                "rules": [{
                    "matches": [{**match, "headers": [{"type": "Exact", "name": "x", "value": "1"}, header]}],
                    "timeouts": {"request": "1s"},
                    "backendRefs": [reference("a-dev1")],
                }],
            },
        })
        for end, header in (("h", HEADER), ("b", baggage))
    }  # fmt: skip


def first(rule: Object, mesh: str = "gateway-api", kind: str = "HTTPRoute", **environment: Any) -> Object:
    """Returns the copy of a route's only rule for a tenant that cloned a."""
    copied = specs_of([*AB, route("r", rule, parents=[to_service("a", 80)], kind=kind)], "a", mesh=mesh, **environment)[
        "r"
    ]["rules"]
    assert len(copied) == 1
    return dict(copied[0])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param([{"name": "a", "port": 80}], [reference("a-dev1")], id="one"),
        pytest.param(
            [{"name": "a", "port": 80, "weight": 9}, {"name": "b", "port": 80, "weight": 1}],
            [reference("a-dev1")], id="split-collapses",
        ),
        pytest.param(
            [{"name": "a", "port": 80, "weight": 3}, {"name": "a", "port": 80, "namespace": "shop", "weight": 4}],
            [reference("a-dev1")], id="duplicates-merge",
        ),
        pytest.param(
            [{"name": "a", "port": 80, "weight": 1000000}, {"name": "a", "port": 80, "weight": 1000000}],
            [reference("a-dev1")], id="the-sum-of-one-is-no-limit",
        ),
        pytest.param(
            [{"name": "a", "port": 80, "weight": 3}, {"name": "a", "port": 80, "weight": 4}, {"name": "a", "port": 8080}],
            [reference("a-dev1", 7), reference("a-dev1", port=8080)], id="duplicates-merge-beside-others",
        ),
        pytest.param(
            [{"group": None, "kind": None, "namespace": None, "name": "a", "port": 80, "weight": None, "filters": None}],
            [reference("a-dev1")], id="nulls-are-absent",
        ),
        pytest.param(
            [{"name": "a", "port": 80}, {"name": "a", "port": 8080}],
            [reference("a-dev1"), reference("a-dev1", port=8080)], id="ports-stay-apart",
        ),
        pytest.param(
            [{"name": "a", "port": 80}, {"name": "a", "port": 80, "filters": [REWRITE]}],
            [reference("a-dev1"), reference("a-dev1", filters=[REWRITE])], id="filters-stay-apart",
        ),
        pytest.param(
            [{"name": "a", "port": 80, "weight": 0}, {"name": "a", "port": 8080}],
            [reference("a-dev1", port=8080)], id="zero-is-left-out",
        ),
        pytest.param([{"name": "a", "port": 80, "weight": 0}], [reference("a-dev1", 0)], id="zero-alone-stays-500"),
        pytest.param(
            [{"name": "a", "port": 80}, {"group": "x.io", "kind": "Bucket", "name": "a"}],
            [reference("a-dev1")], id="another-kind-is-dropped",
        ),
    ],
)  # fmt: skip
def test_backends(given: list[Object], expected: list[Object]) -> None:
    assert first(rule(*given)) == {"matches": [{"path": ROOT, "headers": [HEADER]}], "backendRefs": expected}


def test_nulls_do_not_hide_defaults() -> None:
    match: Object = {
        "path": {"type": None, "value": "/x"},
        "headers": [{"type": None, "name": "x", "value": "1"}],
        "queryParams": None,
        "method": None,
    }
    parent = {"group": None, "kind": None, "namespace": None, "sectionName": None, "port": None, "name": "gate"}
    base = route("r", rule("a", match=match, filters=None, timeouts=None), parents=[parent])
    assert specs_of([*AB, base], "a", mesh="gateway-api")["r"] == {
        "parentRefs": [{"group": GATEWAY, "kind": "Gateway", "name": "gate"}],
        "rules": [
            {
                "matches": [
                    {
                        "path": {"type": "PathPrefix", "value": "/x"},
                        "headers": [{"type": "Exact", "name": "x", "value": "1"}, HEADER],
                    }
                ],
                "backendRefs": [reference("a-dev1")],
            }
        ],
    }


def test_backends_that_are_not_cloned_keep_everything() -> None:
    base = route("r", rule("a", match={"path": {"value": "/a"}}),
                 rule({"name": "b", "port": 80, "weight": 0}, {"name": "b", "port": 80, "weight": 2},
                      {"group": "x.io", "kind": "Bucket", "name": "a"}), parents=[to_service("a", 80)])  # fmt: skip
    assert specs_of([*AB, base], "a", mesh="gateway-api")["r"]["rules"][1]["backendRefs"] == [
        reference("b", 0),
        reference("b", 2),
        {"group": "x.io", "kind": "Bucket", "name": "a", "weight": 1},
    ]


def test_mirrors_follow_clones() -> None:
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "a", "port": 80}, "percent": 10}}
    assert first(rule("a", filters=[mirror]))["filters"] == [
        {
            "type": "RequestMirror",
            "requestMirror": {
                "backendRef": {"name": "a-dev1", "port": 80, "group": "", "kind": "Service", "namespace": "shop"},
                "percent": 10,
            },
        }
    ]


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        pytest.param(None, {"headers": [HEADER]}, id="none"),
        pytest.param({"method": {"service": "x"}}, {"method": {"type": "Exact", "service": "x"}, "headers": [HEADER]},
                     id="service"),
        pytest.param(
            {"headers": [{"name": "x", "value": "1"}]},
            {"headers": [{"type": "Exact", "name": "x", "value": "1"}, HEADER]}, id="headers",
        ),
    ],
)  # fmt: skip
def test_grpc_matches(match: Object | None, expected: Object) -> None:
    assert first(rule("a", match=match), kind="GRPCRoute")["matches"] == [expected]


@pytest.mark.parametrize("api", [f"{GATEWAY}/v1", f"{GATEWAY}/v1beta1", "policy.linkerd.io/v1beta3"])
def test_the_version_is_the_bases(api: str) -> None:
    base = [*app("a"), route("r", rule("a"), parents=[to_service("a", 80)], api=api)]
    (one, two) = routed(plan(base, sandbox("dev1", "a"), mesh="linkerd")).objects
    assert [(o.manifest["apiVersion"], str(o.id)) for o in (one, two)] == [
        (api, "HTTPRoute/shop/r-dev1-h"),
        (api, "HTTPRoute/shop/r-dev1-b"),
    ]


def test_a_group_has_routes_of_its_own() -> None:
    base = [*AB, route("r", rule("a"), rule("b", match={"path": {"value": "/b"}}), parents=[to_service("a", 80)])]
    specs = [sandbox("dev1", "a"), sandbox("dev2", "b"), group("both", tenantID="rel", sandboxes=["dev1", "dev2"])]
    made = plan(base, *specs, mesh="linkerd", carriers=[{"header": "tenantID"}])
    (spec,) = [(o.directory, o.manifest["spec"]) for o in routed(made).objects if o.id.name == "r-rel-h"]
    assert (spec[0], [r["backendRefs"] for r in spec[1]["rules"]]) == (
        "sandboxes/both",
        [[reference("a-dev1")], [reference("b-dev2")]],
    )


@pytest.mark.parametrize(
    ("carriers", "expected"),
    [
        pytest.param([{"header": "a"}, {"baggage": "a"}], ["h", "b"], id="default"),
        pytest.param([{"baggage": "a"}, {"header": "a"}], ["b", "h"], id="other-order"),
        pytest.param([{"header": "a"}, {"header": "b"}, {"baggage": "c"}, {"header": "d"}, {"baggage": "e"}],
                     ["h", "h2", "b", "h3", "b2"], id="several"),
    ],
)  # fmt: skip
def test_carrier_suffix(carriers: list[dict[str, str]], expected: list[str]) -> None:
    made = [Carrier(**one) for one in carriers]
    assert [carrier_suffix(made, number) for number in range(len(made))] == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param([], [{"set": [{"name": "x-a", "value": "v"}]}], id="none"),
        pytest.param(
            [{"type": "ResponseHeaderModifier",
              "responseHeaderModifier": {"set": [{"name": "X-A", "value": "1"}, {"name": "y", "value": "2"}], "remove": ["z"]}}],
            [{"set": [{"name": "y", "value": "2"}, {"name": "x-a", "value": "v"}], "remove": ["z"]}], id="merged",
        ),
    ],
)  # fmt: skip
def test_answering(filters: list[Object], expected: list[Object]) -> None:
    assert [item.get("responseHeaderModifier") for item in answering(filters, "x-a", "v")] == expected


def test_answer_header_of_rules_that_reach_a_clone() -> None:
    base = route("r", rule("a"), rule("b", match={"path": {"value": "/b"}}), parents=[to_service("a", 80)])
    rules = specs_of([*AB, base], "a", mesh="linkerd", routes={"answerHeader": "x-route"})["r"]["rules"]
    assert [r.get("filters") for r in rules] == [
        [{"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": "x-route", "value": "dev1/a"}]}}],
        None,
    ]  # fmt: skip


def test_more_than_the_api_allows() -> None:
    full = [{"name": f"h{n}", "value": "x"} for n in range(16)]
    filters = [{"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": full}}]
    removed = [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": [f"h{n}" for n in range(17)]}}]
    heavy = [{"name": "a", "port": port, "weight": 1_000_000} for port in (80, 80, 81)]
    rules = [rule("b", filters=filters), rule("a", filters=filters), rule(*heavy), rule("b", filters=removed)]
    base = route("r", *rules, parents=[to_service("a", 80)])
    made = plan([*AB, base], sandbox("dev1", "a"), mesh="gateway-api", routes={"answerHeader": "x-lane"})
    said = "of a tenant's copy of 'HTTPRoute/shop/r' would have"
    assert [text for text in texts(routed(made).problems) if "SL461" in text] == [
        f"base.yaml: SL461 rule 2 {said} 17 response headers to set, more than the 16 that the Gateway API allows\n"
        "  hint: take one out of the rule, or 'routes.answerHeader' out",
        f"base.yaml: SL461 rule 3 {said} a backendRef of weight 2,000,000, more than the 1,000,000 that the Gateway API allows\n"
        "  hint: scale the weights of the rule's backendRefs down",
        f"base.yaml: SL461 rule 4 {said} 17 request headers to remove, more than the 16 that the Gateway API allows\n"
        "  hint: take one out of the rule",
    ]


EXTENSION = {"type": "ExtensionRef", "extensionRef": {"group": "x.io", "kind": "Filter", "name": "x"}}


@pytest.mark.parametrize(
    ("mesh", "api", "filters", "has_answer"),
    [
        pytest.param("gateway-api", "", 15, True, id="fifteen-filters"),
        pytest.param("gateway-api", "", 16, False, id="sixteen-filters"),
        pytest.param("linkerd", "policy.linkerd.io/v1beta3", 0, False, id="linkerds-own-kind"),
    ],
)
def test_where_the_answer_header_is_left_out(mesh: str, api: str, filters: int, has_answer: bool) -> None:
    given = [EXTENSION] * filters
    base = [*AB, route("r", rule("a", filters=given), parents=[to_service("a", 80)], api=api)]
    (copied,) = specs_of(base, "a", mesh=mesh, routes={"answerHeader": "x-route"})["r"]["rules"]
    answer = {
        "type": "ResponseHeaderModifier",
        "responseHeaderModifier": {"set": [{"name": "x-route", "value": "dev1/a"}]},
    }
    assert copied.get("filters", []) == [*given, *([answer] if has_answer else [])]


def with_defaults(schema: Any, value: Any) -> Any:
    """Returns a value as the API server stores it: with the defaults of its CRD."""
    if isinstance(value, dict) and "properties" in schema:
        fields = schema["properties"]
        missing = {k: f["default"] for k, f in fields.items() if "default" in f and k not in value}
        return {k: with_defaults(fields[k], v) if k in fields else v for k, v in {**value, **missing}.items()}
    if isinstance(value, list) and "items" in schema:
        return [with_defaults(schema["items"], item) for item in value]
    return value


@needs_shared
@pytest.mark.parametrize(
    ("kind", "given"),
    [
        pytest.param("HTTPRoute", rule("a"), id="http"),
        pytest.param("HTTPRoute", rule("a", match={"headers": [{"name": "x", "value": "1"}], "path": {"value": "/x"},
                                                   "queryParams": [{"name": "q", "value": "1"}]}), id="http-match"),
        pytest.param("GRPCRoute", rule("a", match={"method": {"service": "x"}}), id="grpc"),
        pytest.param("HTTPRoute", rule("a", filters=[{**MIRROR, "requestMirror": {"backendRef": {"name": "a", "port": 80}}}]),
                     id="mirror-of-a-clone"),
        pytest.param(
            "HTTPRoute", rule("a", filters=[MIRROR]), id="mirror-of-a-base-service",
        ),
        pytest.param(
            "HTTPRoute", {"filters": [REDIRECT]}, id="redirect",
        ),
    ],
)  # fmt: skip
def test_every_default_of_the_crd_is_written(kind: str, given: Object) -> None:
    base = [*AB, gateway(), route("r", {**given}, parents=[{"name": "gate"}], kind=kind),
            route("q", rule("a"), parents=[{"name": "gate"}], kind=kind)]  # fmt: skip
    schema = json.loads((SHARED / "schemas" / GATEWAY / f"{kind.lower()}_v1.json").read_text())
    spec = specs_of(base, "a", mesh="gateway-api")["r"]
    assert with_defaults(schema["properties"]["spec"], spec) == spec
