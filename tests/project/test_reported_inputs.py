"""Inputs made of public bug reports and real applications, which lie beside the checkout: each gives what its README calls right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sandlane.files.disk import DiskTree
from sandlane.k8s.resource import at
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from sandlane.reports import listing
from sandlane.specs.inputs import read_inputs
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

REPORTS = SHARED / "cases" / "found" / "reports"
Objects = Mapping[str, Mapping[str, Any]]


def outcome(name: str) -> tuple[set[str], set[str], Objects]:
    """Returns the codes of errors and of notices, and the objects of a rendered input as Kind/name."""
    try:
        rendered = render(read_inputs(DiskTree(REPORTS / name), "sandlane.yaml"))
    except Invalid as invalid:
        return {problem.code for problem in invalid.problems}, set(), {}
    objects = {f"{o.id.kind}/{o.id.name}": o.manifest for o in rendered.objects}
    return set(), {problem.code for problem in rendered.notices}, objects


REFUSED = {
    "03-dapr-app-id": "SL326",
    "04c-security-group-policy": "SL320",
    "05-flagger-canary-without-service": "SL446",
    "06-flagger-gatewayapi-on-linkerd": "SL446",
    "08-trafficsplit-on-linkerd": "SL411",
    "14-old-api-groups": "SL210",
    "15-port-named-tcp": "SL411",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused(name: str) -> None:
    assert outcome(name)[0] == {REFUSED[name]}


def _policies_of_both_copies(objects: Objects) -> bool:
    targets = {
        at(m, ("spec", "targetRefs"))[0]["name"]
        if at(m, ("spec", "targetRefs"))
        else at(m, ("spec", "targetRef", "name"))
        for name, m in objects.items()
        if name.startswith(("SecurityPolicy/", "BackendTrafficPolicy/"))
    }
    routes = {name.partition("/")[2] for name in objects if name.startswith("HTTPRoute/") and "-80-" not in name}
    return targets == routes and {"web-dev1-h", "web-dev1-b"} <= routes


def _no_clone_has(label: str, value: str) -> Callable[[Objects], bool]:
    path = ("spec", "template", "metadata", "labels", label)
    return lambda objects: not [n for n, m in objects.items() if n.startswith("Deployment/") and at(m, path) == value]


def _copies_have(kinds: tuple[str, ...], annotation: str) -> Callable[[Objects], bool]:
    return lambda objects: (
        {
            annotation in (at(manifest, ("metadata", "annotations")) or {})
            for name, manifest in objects.items()
            if name.startswith(kinds)
        }
        == {True}
    )


def _no_route_has(label: str) -> Callable[[Objects], bool]:
    return lambda objects: (
        not [
            n
            for n, m in objects.items()
            if n.startswith("HTTPRoute/") and label in (at(m, ("metadata", "labels")) or {})
        ]
    )


KEPT: list[tuple[str, set[str], Callable[[Objects], bool]]] = [
    ("01-policy-on-route-named-as-service", {"SL441"}, _policies_of_both_copies),
    ("02-serviceentry-workloadselector", set(), _no_clone_has("tier", "front")),
    ("04-cilium-network-policy", set(), lambda objects: "CiliumNetworkPolicy/web-web-dev1" in objects),
    ("07-rollouts-plugin-route-selector", set(), _no_route_has("app")),
    ("09-component-patch-without-match", {"SL133"}, lambda objects: "Deployment/web-dev1" in objects),
    (
        "10-internal-traffic-policy-local",
        set(),
        lambda objects: at(objects["Service/web-dev1"], ("spec", "internalTrafficPolicy")) is None,
    ),
    (
        "13-flux-substitute-disabled-lost",
        set(),
        _copies_have(("Deployment/", "ConfigMap/"), "kustomize.toolkit.fluxcd.io/substitute"),
    ),
    ("16-subset-of-another-version", {"SL327"}, lambda objects: "Deployment/reviews-v1-dev1" in objects),
    ("17-generated-configmap-name", set(), lambda objects: "ConfigMap/app-config-89g4tffbfk-dev1" in objects),
    ("20-client-that-skips-the-port", {"SL417"}, lambda objects: "HTTPRoute/web-80-dev1-h" in objects),
    ("21-ambient-namespace-elsewhere", {"SL427"}, lambda objects: "HTTPRoute/web-80-dev1-h" in objects),
]


@pytest.mark.parametrize(("name", "notices", "is_right"), KEPT)
def test_what_can_be_kept_is_kept_and_told(name: str, notices: set[str], is_right: Callable[[Objects], bool]) -> None:
    errors, told, objects = outcome(name)
    assert (errors, told - {"SL253"}, is_right(objects)) == (set(), notices, True)


def test_every_input_is_held_to_its_readme() -> None:
    assert {*REFUSED, *(row[0] for row in KEPT)} == {path.name for path in REPORTS.iterdir() if path.is_dir()}


def test_an_old_api_group_is_listed_with_its_reason() -> None:
    rows = listing.workloads(read_inputs(DiskTree(REPORTS / "14-old-api-groups"), "sandlane.yaml"))
    says = (
        "the API server no longer serves 'Deployment/shop/web' of apiVersion extensions/v1beta1: change it to apps/v1"
    )
    assert [(row["workload"], row["clonable"], row["reason"]) for row in rows] == [("Deployment/shop/web", False, says)]
