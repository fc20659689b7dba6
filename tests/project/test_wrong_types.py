"""No value of a wrong type, in any field of any object, is a defect of sandlane's own: it is told as a mistake."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandlane.files.tree import MemoryTree
from sandlane.pipeline import render
from sandlane.specs.inputs import read_inputs
from tests.fuzz.wrong_types import Find, files_of, finds, paths, renders, replaced, verified
from tests.profiles import quick_or

pytestmark = pytest.mark.uncounted

ENVIRONMENTS = [
    pytest.param("pods", "istio", id="pods"),
    pytest.param("istio", "istio", id="istio"),
    pytest.param("kustomized", "istio", id="kustomized"),
    *(pytest.param("gateway-api", mesh, id=mesh) for mesh in ("gateway-api", "linkerd", "istio-ambient")),
]
SOME, ALL = quick_or(2399, 301), 1
"""Every how many of the changes is tried: numbers that have no divisor in common with that of the values, so that all come up."""


def shown(found: list[Find]) -> list[str]:
    return [f"{find.file}#{find.document} {find.path} = {find.value!r}: {find.where}" for find in found]


def of_inputs(name: str, mesh: str, every: int) -> list[str]:
    files = files_of(name, mesh)
    render(read_inputs(MemoryTree(files), "sandlane.yaml"))
    return shown(list(finds(files, files, renders, every)))


def of_outputs(name: str, mesh: str, every: int) -> list[str]:
    inputs = read_inputs(MemoryTree(files_of(name, mesh)), "sandlane.yaml")
    files = dict(render(inputs).files)
    of_tenants = {file: text for file, text in files.items() if not file.startswith("base/")}
    return shown(list(finds(files, of_tenants, lambda changed: verified(inputs, changed), every)))


@pytest.mark.parametrize(("name", "mesh"), ENVIRONMENTS)
def test_no_value_of_a_wrong_type_is_a_defect(name: str, mesh: str) -> None:
    assert of_inputs(name, mesh, SOME) == []


@pytest.mark.parametrize(("name", "mesh"), ENVIRONMENTS)
def test_no_value_of_a_wrong_type_in_an_output_is_a_defect(name: str, mesh: str) -> None:
    assert of_outputs(name, mesh, SOME) == []


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "mesh"), ENVIRONMENTS)
def test_no_value_at_all_is_a_defect(name: str, mesh: str) -> None:
    assert of_inputs(name, mesh, ALL) == []
    assert of_outputs(name, mesh, ALL) == []


_SPEC = ("spec", "template", "spec")
_PATCH = ("spec", "configPatches", 0, "match")
_PLUGIN = ("spec", "strategy", "canary", "trafficRouting", "plugins", "argoproj-labs/gatewayAPI")
FINDS: list[tuple[str, str, str, tuple[str | int, ...], Any]] = [
    ("pods", "istio", "deployment", (*_SPEC, "initContainers", 0, "command"), True),
    ("pods", "istio", "service", ("spec", "ports", 0, "port"), 0),
    ("pods", "istio", "cronjob", ("spec", "jobTemplate", "metadata"), None),
    ("pods", "istio", "cronjob", ("spec", "jobTemplate", "metadata"), 0),
    ("pods", "istio", "rollout", _PLUGIN, True),
    ("pods", "istio", "rollout", (*_PLUGIN, "namespace"), [None]),
    ("pods", "istio", "rollout", (*_PLUGIN, "httpRouteSelector", "matchLabels"), True),
    ("pods", "istio", "httpscaledobject", ("spec", "scaleTargetRef"), True),
    ("pods", "istio", "x", ("spec", "podSelector", "matchLabels"), [None]),
    (
        "pods",
        "istio",
        "deployment",
        (*_SPEC, "volumes", 5, "ephemeral", "volumeClaimTemplate", "metadata", "labels"),
        True,
    ),
    ("istio", "istio", "service", (), None),
    ("istio", "istio", "gateway", ("spec", "servers", 0, "port", "protocol"), None),
    ("istio", "istio", "gateway", ("spec", "servers", 0, "port", "protocol"), "TLS"),
    ("istio", "istio", "virtualservice", ("spec", "http", 0, "match", 0, "queryParams"), True),
    ("istio", "istio", "gateway", ("spec", "servers", 0, "hosts"), True),
    ("istio", "istio", "gateway", ("spec", "servers", 0, "tls"), True),
    ("istio", "istio", "sidecar", ("spec",), None),
    ("istio", "istio", "envoyfilter", (*_PATCH, "routeConfiguration", "vhost"), True),
    ("istio", "istio", "envoyfilter", (*_PATCH, "routeConfiguration", "vhost", "route", "name"), {}),
    ("istio", "istio", "envoyfilter", (*_PATCH, "cluster"), [None]),
    ("istio", "istio", "envoyfilter", (*_PATCH, "cluster", "service"), True),
    ("gateway-api", "linkerd", "grpcroute", ("spec", "parentRefs", 0, "port"), None),
    ("gateway-api", "linkerd", "httproute", ("spec", "rules", 0, "backendRefs", 0, "namespace"), ""),
    ("gateway-api", "linkerd", "httproute", ("spec", "rules", 1, "filters", 0, "requestRedirect", "path"), True),
]
"""What ended in exit status 70 once: environment, mesh, kind, path and value."""


@pytest.mark.parametrize(("name", "mesh", "kind", "path", "value"), FINDS)
def test_finds_stay_mended(name: str, mesh: str, kind: str, path: tuple[str | int, ...], value: Any) -> None:
    files = files_of(name, mesh)
    file = min(file for file in files if file.endswith(f"-{kind}.yaml"))
    manifest = json.loads(files[file])
    assert path in set(paths(manifest))
    renders({**files, file: json.dumps(replaced(manifest, path, value))})
