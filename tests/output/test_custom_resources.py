"""DevelopmentSandboxes and RouteGroups in the output: their status says what was rendered, and their CRDs take them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft7Validator

from sandlane.base.base import make_base
from sandlane.files.tree import MemoryTree
from sandlane.patch.put import put
from sandlane.pipeline import render, written
from sandlane.problems.problem import show
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.crd import NAMES, custom_resource
from sandlane.specs.inputs import read_inputs
from sandlane.yamlio.read import read
from tests.build import app, files_of, group, inputs, sandbox, to, virtual_service

ENVIRONMENT: Any = {
    "output": {"base": "none", "customResources": True},
    "routes": {"adopt": [{"kind": "VirtualService", "name": "a"}]},
}


def found(**environment: Any) -> dict[str, Any]:
    routes = [virtual_service("a", {"name": "all", "route": [to("a")]})] if "mesh" not in environment else []
    base = [*app("a", 80, 8080), *app("b"), *routes]
    accept = [{"code": "SL310", "object": "Deployment/shop/b", "reason": "none"}]
    specs = [
        sandbox(
            "dev1", {"name": "a", "image": "a:2"}, {"name": "b", "accept": accept}, owner="dana", labels={"team": "x"}
        ),
        sandbox("idle", "a", suspend=True),
        group("rel", tenantID="rel-1", sandboxes=["dev1"]),
    ]
    files = render(
        read_inputs(MemoryTree(files_of(base, *specs, **{**ENVIRONMENT, **environment})), "sandlane.yaml")
    ).files
    return {path: read(text.encode(), path)[0].data for path, text in files.items() if "sandlane.dev" in path}


def test_a_sandbox_says_what_was_rendered() -> None:
    made = found()
    assert list(made) == [
        "sandboxes/dev1/shop/developmentsandbox.sandlane.dev-dev1.yaml",
        "sandboxes/rel/shop/routegroup.sandlane.dev-rel.yaml",
    ]
    assert made["sandboxes/dev1/shop/developmentsandbox.sandlane.dev-dev1.yaml"] == {
        "apiVersion": "sandlane.dev/v1alpha1",
        "kind": "DevelopmentSandbox",
        "metadata": {
            "name": "dev1",
            "namespace": "shop",
            "labels": {
                "team": "x", "app.kubernetes.io/managed-by": "sandlane", "tenantID": "dev1", "sandlane.dev/tenant": "dev1",
                "sandlane.dev/sandbox": "dev1",
            },
            "annotations": {"sandlane.dev/owner": "dana", "sandlane.dev/spec": "sandboxes/dev1.yaml"},
        },
        "spec": {
            "owner": "dana",
            "tenantID": "dev1",
            "workloads": [
                {"name": "a", "image": "a:2"},
                {"name": "b", "accept": [{"code": "SL310", "object": "Deployment/shop/b", "reason": "none"}]},
            ],
        },
        "status": {
            "workloads": "a,b",
            "host": "",
            "clones": ["Deployment/shop/a-dev1", "Deployment/shop/b-dev1"],
            "services": [
                {"name": "Service/shop/a-dev1", "ports": ["http:80", "http-1:8080"]},
                {"name": "Service/shop/b-dev1", "ports": ["http:80"]},
            ],
            "hosts": [],
            "routes": ["VirtualService/shop/a: all.dev1", "VirtualService/shop/b-sandlane: tenant-dev1"],
            "accepted": ["SL310 Deployment/shop/b: none"],
        },
    }  # fmt: skip
    joined = made["sandboxes/rel/shop/routegroup.sandlane.dev-rel.yaml"]
    assert (joined["spec"], joined["status"]["clones"], joined["status"]["routes"]) == (
        {"sandboxes": ["dev1"], "tenantID": "rel-1"},
        ["Deployment/shop/a-dev1", "Deployment/shop/b-dev1"],
        ["VirtualService/shop/a: all.rel-1", "VirtualService/shop/b-sandlane: tenant-rel-1"],
    )


def test_routes_of_a_sandboxs_own_are_told_whole() -> None:
    made = found(mesh="gateway-api", routes={})
    routes = made["sandboxes/dev1/shop/developmentsandbox.sandlane.dev-dev1.yaml"]["status"]["routes"]
    assert routes
    assert {route.partition("/")[0] for route in routes} == {"HTTPRoute"}


def test_the_crds_take_what_is_written() -> None:
    for manifest in found().values():
        (version,) = custom_resource(manifest["kind"])["spec"]["versions"]
        assert "subresources" not in version
        rule = version["schema"]["openAPIV3Schema"]
        assert list(Draft7Validator(rule).iter_errors(manifest)) == []
        assert manifest["status"].keys() == rule["properties"]["status"]["properties"].keys()


def test_nothing_is_written_unless_asked() -> None:
    assert found(output={"base": "none"}) == {}


def test_columns_that_people_want() -> None:
    for kind in NAMES:
        (version,) = custom_resource(kind)["spec"]["versions"]
        columns = [column["name"] for column in version["additionalPrinterColumns"]]
        assert columns == ["Tenant", "Owner", "Expires", "Workloads", "Host", "Age"]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        pytest.param(("metadata", "labels", "team"), "y", [], id="a-label-of-the-spec"),
        pytest.param(
            ("metadata", "labels", "sandlane.dev/sandbox"),
            "dev2",
            ["label 'sandlane.dev/sandbox' is 'dev2', which is no active sandbox"],
            id="another-sandbox",
        ),
        pytest.param(
            ("metadata", "labels", "sandlane.dev/sandbox"),
            "rel",
            ["'metadata.labels['sandlane.dev/tenant']' is 'dev1', expected 'rel-1'",
             "'metadata.labels.tenantID' is 'dev1', expected 'rel-1'",
             "lies in 'sandboxes/dev1' and is marked as of 'rel'"],
            id="another-holder",
        ),
    ],
)  # fmt: skip
def test_proof_of_custom_resources(path: Any, value: str, expected: list[str]) -> None:
    specs = [sandbox("dev1", "a", labels={"team": "x"}), group("rel", tenantID="rel-1", sandboxes=["dev1"])]
    made = inputs(app("a"), *specs, output={"base": "none", "customResources": True})
    changed = [
        replace(r, manifest=put(r.manifest, path, value)) if r.id.kind == "DevelopmentSandbox" else r
        for r in written(render(made).objects).resources
    ]
    name = "sandboxes/dev1/shop/developmentsandbox.sandlane.dev-dev1.yaml"
    said = f"{name}: SL601 promise 1 does not hold: 'DevelopmentSandbox/shop/dev1': "
    assert [show(p) for p in prove(made.base, make_base(changed), claims_of(made))] == [
        f"{said}{what}" for what in expected
    ]
