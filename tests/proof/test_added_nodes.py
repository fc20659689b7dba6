"""What another hand adds to what sandlane wrote, or exchanges in it: `benchmarks/mutations.py` does it by the thousand."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from sandlane.problems.problem import show
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.inputs import Inputs
from tests import build
from tests.proof.test_proof import Edit, Files, Manifest, make, put
from tests.proof.test_routes import backend, mirror, route, service_parent, written

GATEWAY = build.object_of(
    "networking.istio.io/v1", "Gateway", "edge", selector={"istio": "ingressgateway"},
    servers=[{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*.example.com"]}],
)  # fmt: skip
OUTSIDE = build.virtual_service(
    "outside", {"route": [build.to("web", port=80)]}, hosts=["shop.example.com"], gateways=["edge"]
)
PREVIEW = {"host": "{tenantID}.preview.example.com", "gateway": "shop/edge"}
POLICY: Manifest = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "web"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "web"}},
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}],
    },
}
RULE = build.object_of(
    "networking.istio.io/v1", "DestinationRule", "web", host="web", trafficPolicy={"loadBalancer": {"simple": "RANDOM"}}
)
ROUTE = route("HTTPRoute", "web", [service_parent("web", 80)], [{"backendRefs": [backend("web", 80)]}])


@cache
def inputs_of(mesh: str) -> Inputs:
    base = [*build.app("web"), RULE, GATEWAY, OUTSIDE, POLICY] if mesh == "istio" else [*build.app("web"), ROUTE]
    routes = {"adopt": [{"kind": "VirtualService", "name": "outside"}]} if mesh == "istio" else {}
    more = {"preview": PREVIEW} if mesh == "istio" else {}
    specs = [build.sandbox("dev1", "web"), build.sandbox("dev10", "web")]
    return build.inputs(base, *specs, mesh=mesh, output={"base": "none"}, routes=routes, **more)


@cache
def correct(mesh: str) -> Files:
    return written(inputs_of(mesh))


def told(mesh: str, *edits: Edit) -> list[str]:
    files = copy.deepcopy(correct(mesh))
    for edit in edits:
        edit(files)
    inputs = inputs_of(mesh)
    return [show(problem) for problem in prove(inputs.base, make(files), claims_of(inputs))]


def added(file: str, path: tuple[str | int, ...], value: Any) -> Edit:
    def edit(files: Files) -> None:
        parent: Any = files[file]
        for step in path[:-1]:
            parent = parent[step]
        assert path[-1] not in parent
        parent[path[-1]] = value

    return edit


def swapped(one: str, other: str, field: str) -> Edit:
    def edit(files: Files) -> None:
        files[one][field], files[other][field] = files[other][field], files[one][field]

    return edit


VS = "shared/shop/virtualservice-web-sandlane.yaml"
HTTP = ("spec", "http", 0)
CALLED = "sandboxes/dev1/shop/destinationrule-web-dev1.yaml"
COPY = "sandboxes/dev1/shop/networkpolicy-web-web-dev1.yaml"
H = "sandboxes/dev1/shop/httproute-web-dev1-h.yaml"
H10 = "sandboxes/dev10/shop/httproute-web-dev10-h.yaml"
R = ("spec", "rules", 0)


@pytest.mark.parametrize("mesh", ["istio", "gateway-api"])
def test_what_is_rendered_is_proved(mesh: str) -> None:
    assert told(mesh) == []


def strange(file: str, field: str, mesh: str = "istio") -> str:
    manifest = correct(mesh)[file]
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    return f"{file}: SL623 promise 4 does not hold: '{kind}/shop/{name}': '{field}' is no field of a {kind}"


@pytest.mark.parametrize(
    ("mesh", "file", "path", "field"),
    [
        pytest.param("istio", VS, (*HTTP, "appendHeaders"), "spec.http[0].appendHeaders", id="of-an-entry"),
        pytest.param("istio", VS, (*HTTP, "match", 0, "source"), "spec.http[0].match[0].source", id="of-a-match"),
        pytest.param(
            "istio",
            VS,
            (*HTTP, "route", 0, "destination", "port", "name"),
            "spec.http[0].route[0].destination.port.name",
            id="of-a-destination",
        ),
        pytest.param("istio", CALLED, ("spec", "trafficPolicy", "retry"), "spec.trafficPolicy.retry", id="of-a-rule"),
        pytest.param(
            "istio",
            COPY,
            ("spec", "ingress", 0, "from", 1, "podSelector", "x"),
            "spec.ingress[0].from[1].podSelector.x",
            id="of-a-peer",
        ),
        pytest.param(
            "gateway-api", H, (*R, "matches", 0, "sourceIP"), "spec.rules[0].matches[0].sourceIP", id="of-an-http-match"
        ),
    ],
)
def test_a_field_that_no_kind_has_is_found(mesh: str, file: str, path: tuple[str | int, ...], field: str) -> None:
    assert told(mesh, added(file, path, "x")) == [strange(file, field, mesh)]


def test_a_field_that_the_base_has_too_is_no_alarm() -> None:
    entry = {"route": [build.to("web")], "note": "x"}
    base = [*build.app("web"), build.virtual_service("web", entry)]
    adopt = {"adopt": [{"kind": "VirtualService", "name": "web"}]}
    inputs = build.inputs(base, build.sandbox("dev1", "web"), output={"base": "none"}, routes=adopt)
    files = written(inputs)
    assert files["shared/shop/virtualservice-web.yaml"]["spec"]["http"][0]["note"] == "x"
    assert prove(inputs.base, make(files), claims_of(inputs)) == []


def test_a_header_that_is_asked_for_twice_is_found() -> None:
    """The CRD takes one of the three, and refuses the object."""
    matches = correct("istio")[VS]["spec"]["http"][0]["match"]
    number = next(n for n, match in enumerate(matches) if "tenantid" in match["headers"])
    path = (*HTTP, "match", number, "headers", "tenantid", "prefix")
    assert told("istio", added(VS, path, "d")) == [
        f"{VS}: SL606 promise 7 does not hold: 'VirtualService/shop/web-sandlane': entry 1 asks 'tenantid' for more than one of "
        "exact, prefix and regex"
    ]


def test_a_filter_of_two_types_is_found() -> None:
    """The API server takes the field of its type alone."""
    redirected = put(H, R, lambda rule: {**rule, "filters": [{**mirror("web"), "requestRedirect": {"port": 1}}]})
    assert (
        f"{H}: SL606 promise 7 does not hold: 'HTTPRoute/shop/web-dev1-h': has a filter of type 'RequestMirror' with 'requestRedirect'"
    ) in told("gateway-api", redirected)


@pytest.mark.parametrize(
    ("mesh", "edit", "codes"),
    [
        pytest.param("istio", added(VS, (*HTTP, "headers"), {"both": "x"}), "SL602", id="headers-of-no-side"),
        pytest.param(
            "gateway-api", added(H, (*R, "sessionPersistence"), {"sessionName": "x"}), "SL602", id="session-persistence"
        ),
        pytest.param(
            "istio",
            added(CALLED, ("spec", "trafficPolicy", "retryBudget"), {"percent": {"value": 1}}),
            "SL602 SL605",
            id="retry-budget",
        ),
    ],
)
def test_what_changes_calls_is_found(mesh: str, edit: Edit, codes: str) -> None:
    assert {line.partition(": ")[2][:5] for line in told(mesh, edit)} == {*codes.split()}


def decided(file: str, tenant: str, request: str, where: str) -> str:
    return (
        f"{file}: SL609 promise 1 does not hold where only a part of the output has arrived for a request\n"
        f"  request: {request}\n"
        f"  base: the mesh's default: is decided in shared/ or in the directory of '{tenant}'\n"
        f"  now: {file}: is decided in '{where}', which is none of '{tenant}'"
    )


def test_routes_of_two_tenants_in_each_others_directories_are_found() -> None:
    request = (
        "GET http://web.shop.svc.cluster.local:80/\n  carrier: tenantid: {}\n  client: namespace sandlane-elsewhere"
    )
    assert told("gateway-api", swapped(H, H10, "spec")) == [
        decided(H, "dev10", request.format("dev10"), "sandboxes/dev1"),
        decided(H10, "dev1", request.format("dev1"), "sandboxes/dev10"),
    ]


SHOWN, SHOWN10 = (f"sandboxes/{t}/shop/virtualservice-preview-{t}.yaml" for t in ("dev1", "dev10"))


def test_previews_of_two_tenants_in_each_others_directories_are_found() -> None:
    request = "GET http://{}.preview.example.com:80/\n  carrier: none\n  client: gateway shop/edge"
    assert told("istio", swapped(SHOWN, SHOWN10, "spec")) == [
        decided(SHOWN, "dev10", request.format("dev10"), "sandboxes/dev1"),
        decided(SHOWN10, "dev1", request.format("dev1"), "sandboxes/dev10"),
    ]


def test_a_preview_in_another_namespace_is_found() -> None:
    assert told("istio", put(SHOWN, ("metadata", "namespace"), "elsewhere")) == [
        f"{SHOWN}: SL623 promise 4 does not hold: 'VirtualService/elsewhere/preview-dev1': label 'sandlane.dev/origin' is 'edge', "
        "which is nothing of the base that it can be made of"
    ]
