"""What the API server would refuse is a mistake of the base or of a spec, with a place, and never one of sandlane's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.build import Object, app, deployment, meta, refusals, sandbox, service

CONFIG_MAP: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("c"), "data": {"K": "v"}}
READING = [
    deployment("a", containers=[{"name": "app", "image": "a:1", "envFrom": [{"configMapRef": {"name": "c"}}]}]),
    service("a"),
    CONFIG_MAP,
]


def patched(*operations: Any) -> Object:
    return {"name": "a", "patches": [{"patch": json.dumps(list(operations))}]}


def merged(**fields: Any) -> Object:
    return {"name": "a", "patches": [{"patch": json.dumps(fields)}]}


def variable(name: str) -> Object:
    return {"name": "a", "containers": [{"name": "app", "env": [{"name": name, "value": "x"}]}]}


CONTAINERS = "/spec/template/spec/containers"
SPECS = [
    pytest.param(variable("A=B"), "'A=B' is no name of a variable in container 'app'", id="variable"),
    pytest.param(patched({"op": "copy", "from": f"{CONTAINERS}/0", "path": f"{CONTAINERS}/-"}),
                 "it has several containers 'app'", id="containers"),
    pytest.param(patched({"op": "replace", "path": f"{CONTAINERS}/0/name", "value": "A"}),
                 "'A' is no name of a container", id="container"),
    pytest.param(patched({"op": "add", "path": "/spec/template/spec/volumes", "value": [{"name": "v"}, {"name": "v"}]}),
                 "it has several volumes 'v'", id="volumes"),
    pytest.param(merged(metadata={"labels": {"x": "no value!"}}), "its label 'x' cannot be 'no value!'", id="label"),
    pytest.param(merged(metadata={"labels": {"no key!": "x"}}), "its label 'no key!' is no key of a label", id="key"),
    pytest.param(merged(spec={"template": {"metadata": {"annotations": {"": "x"}}}}),
                 "its annotation '' is no key of one", id="annotation"),
    pytest.param(merged(metadata={"annotations": {"x": "y" * 300_000}}),
                 "its annotations have 300,037 bytes, at most 262,144 are allowed", id="annotations"),
]  # fmt: skip


@pytest.mark.parametrize(("workload", "what"), SPECS)
def test_specs(workload: Object, what: str) -> None:
    (text,) = refusals(READING, sandbox("dev1", workload))
    assert text == (
        f"sandboxes/dev1.yaml: SL309 'Deployment/shop/a-dev1' would be refused by the API server: {what}\n"
        "  hint: correct it where it comes from: the base, a patch, or a resource of the sandbox"
    )


@pytest.mark.parametrize("key", ["a/b", "..", "", "k" * 254])
def test_keys_of_config_maps(key: str) -> None:
    (text,) = refusals(READING, sandbox("dev1", {"name": "a", "configMaps": [{"name": "c", "data": {key: "v"}}]}))
    assert f"'ConfigMap/shop/c-dev1' would be refused by the API server: '{key}' is no key of a ConfigMap\n" in text


RESOURCES = [
    pytest.param(
        "metadata: {name: A_B}",
        "would be refused by the API server: no object of its kind may have its name\n",
        id="name",
    ),
    pytest.param(
        "metadata: {name: ../../x}",
        "would be refused by the API server: no object of its kind may have its name\n",
        id="path",
    ),
    pytest.param(
        "metadata: {name: x}\ndata: {a: 1}",
        "SL129 field 'data.a' of 'ConfigMap/x' is a number, expected a string",
        id="number",
    ),
    pytest.param(
        "metadata: {name: x}\ndata: [a]", "SL129 field 'data' of 'ConfigMap/x' is a list, expected a mapping", id="list"
    ),
]


@pytest.mark.parametrize(("rest", "what"), RESOURCES)
def test_resources(rest: str, what: str) -> None:
    beside = {"sandboxes/x.yaml": f"apiVersion: v1\nkind: ConfigMap\n{rest}\n"}
    (text,) = refusals(app("a"), sandbox("dev1", "a", resources=["x.yaml"]), beside=beside)
    assert what in text


def test_the_base() -> None:
    """What is not copied is none of sandlane's business: a base may hold texts that another tool fills in."""
    workload = deployment("a")
    workload["metadata"]["labels"] = {"version": "${VERSION}"}
    (text,) = refusals([workload, service("a"), *app("b")], sandbox("dev1", "a"))
    assert "would be refused by the API server: its label 'version' cannot be '${VERSION}'\n" in text
    assert refusals([workload, service("a"), *app("b")], sandbox("dev1", "b")) == []


@pytest.mark.parametrize("metadata", [["x"], "x", 5, []])
def test_metadata_that_is_no_mapping(metadata: Any) -> None:
    (text,) = refusals(app("a"), sandbox("dev1", merged(metadata=metadata)))
    assert "SL231 the patch cannot be applied to 'Deployment/shop/a': expected a mapping, not a" in text


def test_metadata_that_is_taken_away() -> None:
    (text,) = refusals(app("a"), sandbox("dev1", patched({"op": "remove", "path": "/metadata"})))
    assert (
        "SL231 the patch cannot be applied to 'Deployment/shop/a': 'metadata' would be nothing, expected a mapping"
        in text
    )
