"""Patches of generated route objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sandlane.files.tree import MemoryTree
from sandlane.pipeline import Rendered, render
from sandlane.problems.problem import Invalid
from sandlane.specs.inputs import read_inputs
from tests.build import Object, app, files_of, object_of, sandbox, texts, to, virtual_service

GATEWAY = "gateway.networking.k8s.io/v1"
DEV1 = sandbox("dev1", "a")
TIMEOUT = "- {op: add, path: /spec/http/0/timeout, value: 5s}"


def patch(text: str, **target: str) -> dict[str, Any]:
    return {"target": {"kind": "VirtualService", **target}, "patch": text}


def rendered(*patches: dict[str, Any], mesh: str = "istio", specs: Sequence[Object] = (), **env: Any) -> Rendered:
    base = [*app("a"), virtual_service("r", {"route": [to("a")]}, hosts=["r.org"])]
    parents = [{"group": "", "kind": "Service", "name": "c", "port": 80}]
    rules = [
        {"matches": [{"path": {"value": path}}], "backendRefs": [{"name": "a", "port": 80}]} for path in ("/x", "/")
    ]
    routes = [*app("a"), *app("c"), object_of(GATEWAY, "HTTPRoute", "c", parentRefs=parents, rules=rules)]
    files = files_of(
        base if mesh == "istio" else routes, DEV1, *specs, mesh=mesh, routes={"patches": list(patches), **env}
    )
    return render(read_inputs(MemoryTree(files), "sandlane.yaml"))


def written(*patches: dict[str, Any], mesh: str = "istio", **env: Any) -> dict[str, Any]:
    return {str(o.id): o.manifest for o in rendered(*patches, mesh=mesh, **env).objects}


def told(found: Rendered) -> list[str]:
    """Returns the notices of a render, but for those of sandboxes that change nothing."""
    return texts([problem for problem in found.notices if problem.code != "SL253"])


def refused(*patches: dict[str, Any], mesh: str = "istio") -> list[str]:
    with pytest.raises(Invalid) as found:
        written(*patches, mesh=mesh)
    return texts(found.value.problems)


@pytest.mark.parametrize(
    ("target", "changed"),
    [
        pytest.param({}, ["a-sandlane", "r"], id="all-of-a-kind"),
        pytest.param({"name": "r"}, ["r"], id="by-name"),
        pytest.param({"namespace": "shop", "name": "a-sandlane"}, ["a-sandlane"], id="by-namespace"),
        pytest.param({"namespace": "web"}, [], id="another-namespace"),
    ],
)
def test_targets(target: dict[str, str], changed: list[str]) -> None:
    found = written(patch(TIMEOUT, **target))
    timeouts = {
        name: found[f"VirtualService/shop/{name}"]["spec"]["http"][0].get("timeout") for name in ("a-sandlane", "r")
    }
    assert timeouts == {name: "5s" if name in changed else None for name in ("a-sandlane", "r")}


def test_a_target_that_meets_nothing() -> None:
    found = rendered(patch(TIMEOUT, name="r"), patch(TIMEOUT, name="R"), mesh="istio")
    assert told(found) == [
        "sandlane.yaml: SL458 notice: no generated route object is the target of this patch: it changes nothing\n"
        "  hint: see which objects there are in rendered/"
    ]


def test_a_target_with_a_slip() -> None:
    found = rendered(patch(TIMEOUT, name="a-sandlan"))
    assert [text.partition("hint: ")[2] for text in told(found)] == ["did you mean 'a-sandlane'?"]


def test_a_kind_that_is_not_generated() -> None:
    found = rendered({"target": {"kind": "GRPCRoute"}, "patch": TIMEOUT}, mesh="linkerd")
    assert told(found) == [
        "sandlane.yaml: SL458 notice: no generated route object is the target of this patch: it changes nothing\n"
        "  hint: generated are objects of kind 'HTTPRoute'"
    ]


def test_a_base_route_without_tenants_is_not_generated() -> None:
    base = [*app("a"), *app("b"), virtual_service("r", {"route": [to("b")]}, hosts=["r.org"])]
    files = files_of(base, DEV1, routes={"patches": [patch(TIMEOUT, name="r")]}, output={"base": "full"})
    found = render(read_inputs(MemoryTree(files), "sandlane.yaml"))
    written = {str(o.id): o.manifest for o in found.objects}["VirtualService/shop/r"]["spec"]
    assert (written["http"], told(found)) == ([{"route": [to("b")]}], [])


def test_in_order() -> None:
    later = "- {op: replace, path: /spec/http/0/timeout, value: 9s}"
    found = written(patch(TIMEOUT, name="r"), patch(later, name="r"))
    assert found["VirtualService/shop/r"]["spec"]["http"][0]["timeout"] == "9s"


def test_routes_of_the_gateway_api() -> None:
    text = "- {op: add, path: /spec/rules/0/timeouts, value: {request: 5s}}"
    found = written({"target": {"kind": "HTTPRoute", "name": "a-80-dev1-h"}, "patch": text}, mesh="linkerd")
    assert found["HTTPRoute/shop/a-80-dev1-h"]["spec"]["rules"][0]["timeouts"] == {"request": "5s"}
    assert "timeouts" not in found["HTTPRoute/shop/a-80-dev1-b"]["spec"]["rules"][0]


HINT = "\n  hint: write a list of operations, such as '- {op: add, path: /spec/http/0/timeout, value: 5s}'"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("spec: {}", "expected one list of operations (JSON patch, RFC 6902)", id="strategic"),
        pytest.param("- {op: add, path: /spec/http/9/timeout, value: 5s}",
                     "'VirtualService/shop/r': there is no position 9 in a list of 2", id="nowhere"),
        pytest.param("- {op: replace, path: /metadata/name, value: x}",
                     "'VirtualService/shop/r': the patch makes another object of it", id="renamed"),
        pytest.param("- {op: replace, path: /apiVersion, value: example.com/v1}",
                     "'VirtualService/shop/r': the patch makes another object of it", id="another-group"),
        pytest.param("- {op: remove, path: /apiVersion}",
                     "'VirtualService/shop/r': the patch makes another object of it", id="no-group"),
        pytest.param("- {op: replace, path: '', value: x}", "'VirtualService/shop/r': the patch leaves no object", id="no-object"),
        pytest.param("- {op: replace, path: /spec/http, value: x}",
                     "'VirtualService/shop/r': 'spec.http' would be a string, expected a list", id="no-list"),
        pytest.param("- {op: replace, path: /spec/http/0/match, value: [null]}",
                     "'VirtualService/shop/r': 'spec.http[0].match[0]' would be nothing, expected an item", id="no-item"),
        pytest.param("- {op: add, path: /spec/http/0/retries, value: 5}",
                     "'VirtualService/shop/r': 'spec.http[0].retries' would be a number, expected a mapping", id="no-mapping"),
        pytest.param("- {op: add, path: /metadata/annotations, value: {a: 5}}",
                     "'VirtualService/shop/r': 'metadata.annotations.a' would be a number, expected a string", id="no-string"),
    ],
)  # fmt: skip
def test_patches_that_cannot_be_applied(text: str, said: str) -> None:
    assert refused(patch(text, name="r")) == [f"sandlane.yaml: SL452 patch of routes: {said}{HINT}"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        pytest.param("name", "7", "'spec.rules[0].name' would be a number, expected a string", id="name"),
        pytest.param("timeouts", "{request: 5}", "'spec.rules[0].timeouts.request' would be a number, expected a string",
                     id="timeout"),
        pytest.param("retry", "3", "'spec.rules[0].retry' would be a number, expected a mapping", id="retry"),
    ],
)  # fmt: skip
def test_fields_of_rules_have_their_types(path: str, value: str, said: str) -> None:
    text = f"- {{op: add, path: /spec/rules/0/{path}, value: {value}}}"
    assert refused(patch(text, kind="HTTPRoute", name="a-80-dev1-h"), mesh="linkerd") == [
        f"sandlane.yaml: SL452 patch of routes: 'HTTPRoute/shop/a-80-dev1-h': {said}{HINT}"
    ]


WAY = "\n  hint: patches may change what generated routes do with a tenant's requests, not whose requests these are"


def broken(what: str, promise: int = 1) -> str:
    return f"sandlane.yaml: SL453 with a patch of routes promise {promise} does not hold{what}{WAY}"


def asked(url: str, carrier: str, met: str, meant: str) -> str:
    """Returns what is said of a request, with what it meets in the output and what it should, each with its place."""
    sent = f", {carrier}" if carrier else ""
    return f": a request GET http://{url}{sent}, from namespace sandlane-elsewhere: {met}, expected what {meant}"


def sends(name: str) -> str:
    return f"sends to {name}.shop.svc.cluster.local:80"


R = "shared/shop/virtualservice-r.yaml"
A = "shared/shop/virtualservice-a-sandlane.yaml"
C1 = "sandboxes/dev1/shop/httproute-c-dev1-h.yaml"
BASE_R = "base.yaml 'VirtualService/shop/r' spec.http[0] does"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "- {op: remove, path: /spec/http/0/match}",
            [broken(asked("r.org:80/", "", f"{R} 'VirtualService/shop/r' spec.http[0] {sends('a-dev1')}", f"{BASE_R}: {sends('a')}"), 3)],
            id="everybody-is-a-tenant",
        ),
        pytest.param(
            "- {op: add, path: /spec/http/1/timeout, value: 5s}",
            [broken(": 'VirtualService/shop/r': the base's entry 1 is missing, changed or out of order"),
             broken(asked("r.org:80/", "", f"{R} 'VirtualService/shop/r' spec.http[1] {sends('a')}, timeout '5s'",
                          f"{BASE_R}: {sends('a')}, no timeout"))],
            id="an-entry-of-the-base",
        ),
        pytest.param(
            "- {op: add, path: /spec/hosts/-, value: x.org}",
            [broken(": 'VirtualService/shop/r': 'spec.hosts' has 2 items, expected 1"),
             broken(asked("x.org:80/", "", f"{R} 'VirtualService/shop/r' spec.http[1] {sends('a')}",
                          "the default does: is passthrough"))],
            id="hosts-of-the-base",
        ),
    ],
)  # fmt: skip
def test_patches_that_break_a_promise_to_others(text: str, said: list[str]) -> None:
    assert refused(patch(text, name="r")) == said


def test_a_patch_that_changes_what_a_default_does_with_others_requests() -> None:
    text = "- {op: add, path: /metadata/annotations/timeout.linkerd.io~1request, value: 1ms}"
    target = {"kind": "HTTPRoute", "name": "a-80-dev1-h"}
    done = """, filters [["timeout.linkerd.io/request", "1ms"]]"""
    met = f"sandboxes/dev1/shop/httproute-a-80-dev1-h.yaml 'HTTPRoute/shop/a-80-dev1-h' spec.rules[1].matches[0] {sends('a')}{done}"
    meant = f"the default does: {sends('a')}, no filters"
    url = "a.shop.svc.cluster.local:80/"
    alone = asked(url, "", f"{met} where only 'sandboxes/dev1' has arrived", meant)
    assert refused(patch(text, **target), mesh="linkerd") == [
        broken(f" where only a part of the output has arrived{alone}"),
        broken(asked(url, "", met, meant)),
    ]


@pytest.mark.parametrize(
    ("mesh", "target", "text", "said"),
    [
        pytest.param(
            "istio", {"name": "r"}, "- {op: remove, path: /spec/http/0}",
            asked("r.org:80/", "tenantid: dev1", f"{R} 'VirtualService/shop/r' spec.http[0] {sends('a')}",
                  f"{BASE_R}: {sends('a-dev1')}"), id="an-entry",
        ),
        pytest.param(
            "istio", {"name": "a-sandlane"}, "- {op: remove, path: /spec/http/0}",
            asked("a.shop.svc.cluster.local:80/", "tenantid: dev1",
                  f"{A} 'VirtualService/shop/a-sandlane' spec.http[0].match[0] {sends('a')}", f"the default does: {sends('a-dev1')}"),
            id="the-entry-of-a-service",
        ),
        pytest.param(
            "linkerd", {"kind": "HTTPRoute", "name": "c-dev1-h"}, "- {op: remove, path: /spec/rules/0}",
            asked("c.shop.svc.cluster.local:80/x", "tenantid: dev1",
                  f"base/shop/httproute-c.yaml 'HTTPRoute/shop/c' spec.rules[0].matches[0] {sends('a')}",
                  f"base.yaml 'HTTPRoute/shop/c' spec.rules[1].matches[0] does: {sends('a-dev1')}"), id="a-rule",
        ),
    ],
)  # fmt: skip
def test_patches_that_take_from_a_tenant_what_is_its_own(
    mesh: str, target: dict[str, str], text: str, said: str
) -> None:
    assert refused(patch(text, **target), mesh=mesh) == [broken(said, 2)]


@pytest.mark.parametrize(
    ("mesh", "target", "text", "said"),
    [
        pytest.param(
            "istio", {"name": "r"}, "- {op: replace, path: /spec/http/0/route/0/destination/host, value: a-dev2}",
            [asked("r.org:80/", carrier, f"{R} 'VirtualService/shop/r' spec.http[0].match[{number}] {sends('a-dev2')}",
                   f"{BASE_R}: {sends('a-dev1')}")
             for number, carrier in ((1, "baggage: tenantID=dev1"), (0, "tenantid: dev1"))], id="entry",
        ),
        pytest.param(
            "linkerd", {"kind": "HTTPRoute", "name": "c-dev1-h"},
            "- {op: replace, path: /spec/rules/0/backendRefs/0/name, value: a-dev2}",
            [asked("c.shop.svc.cluster.local:80/x", "tenantid: dev1",
                   f"{C1} 'HTTPRoute/shop/c-dev1-h' spec.rules[0].matches[0] {sends('a-dev2')}",
                   f"base.yaml 'HTTPRoute/shop/c' spec.rules[1].matches[0] does: {sends('a-dev1')}")], id="rule",
        ),
    ],
)  # fmt: skip
def test_patches_that_send_a_tenant_to_another(mesh: str, target: dict[str, str], text: str, said: list[str]) -> None:
    with pytest.raises(Invalid) as found:
        rendered(patch(text, **target), mesh=mesh, specs=[sandbox("dev2", "a")])
    assert texts(found.value.problems) == [broken(each, 3) for each in said]


def test_a_patch_may_add_an_entry() -> None:
    text = "- {op: copy, from: /spec/http/0, path: /spec/http/1}\n- {op: add, path: /spec/http/0/match/0/uri, value: {exact: /x}}"
    found = written(
        patch(text + "\n- {op: add, path: /spec/http/0/fault, value: {abort: {httpStatus: 418}}}", name="r")
    )
    assert len(found["VirtualService/shop/r"]["spec"]["http"]) == 3
