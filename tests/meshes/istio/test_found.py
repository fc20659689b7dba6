"""The inputs on which istiod once showed sandlane wrong: each gives what its README calls right. Every kind has a case of its own too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sandlane.files.tree import MemoryTree
from sandlane.pipeline import render, written
from sandlane.problems.problem import Invalid
from sandlane.semantics.network import Network, make_network, overlaid
from sandlane.semantics.request import Client, Request
from sandlane.semantics.trace import trace
from sandlane.specs.inputs import Inputs, read_inputs
from tests.meshes.test_routing_cases import UNCHANGED
from tests.networks import said_of
from tests.shared import SHARED, needs_shared

FOUND = SHARED / "cases" / "found" / "istio"
pytestmark = needs_shared

RIGHT: Mapping[str, Sequence[tuple[Mapping[str, Any], str]]] = {
    "01-port-80-vhost": [
        ({"host": "a", "port": 80}, "unknown: 'a.shop.svc.cluster.local' has no port 80"),
        ({"host": "a", "port": 7070, "tenant": "dev1"}, "a-dev1:7070"),
    ],
    "03-gateway-api-destination-rule": [({"host": "a", "tenant": "dev1"}, "a-dev1:80")],
    "05-destination-port": [({"host": "a", "port": 8080, "path": "/b"}, "503: 'b.shop.svc.cluster.local' has no port 8080")],
    "06-external-name-alias": [({"host": "alias", "tenant": "dev1"}, "a-dev1:80"), ({"host": "alias"}, "a:80")],
    "07-sidecar-import": [({"host": "a"}, "passed through"), ({"host": "b", "path": "/a", "tenant": "dev1"}, "a-dev1:80")],
    "08-envoyfilter-cluster": [({"host": "a", "tenant": "dev1"}, "a-dev1:80")],
    "10-istio-ports": [({"host": "a", "port": 15001, "tenant": "dev1"}, "passed through")],
    "13-default-service-export-to": [
        ({"host": "a.shop", "namespace": "other"}, "passed through"), ({"host": "a", "tenant": "dev1"}, "a-dev1:80"),
    ],
    "15-two-gateways-of-one-workload": [
        ({"gateway": "g1", "path": "/b", "tenant": "dev1"}, "b:80"), ({"gateway": "g2", "path": "/b"}, "b:80"),
        ({"gateway": "g2", "path": "/z", "tenant": "dev1"}, "a-dev1:80"),
    ],
    "16-two-selectors-of-one-workload": [
        ({"gateway": "g1", "path": "/b", "tenant": "dev1"}, "b:80"), ({"gateway": "g2", "path": "/b"}, "b:80"),
        ({"gateway": "g2", "path": "/z", "tenant": "dev1"}, "a-dev1:80"),
    ],
}  # fmt: skip
"""Input -> requests, and what becomes of each."""
SAID = {
    "07-sidecar-import": {"SL416"},
    "08-envoyfilter-cluster": {"SL468"},
    "10-istio-ports": {"SL410"},
    "15-two-gateways-of-one-workload": {"SL441"},
    "16-two-selectors-of-one-workload": {"SL441"},
}
REFUSED = {"12-ambient-waypoint-of-other-namespace": {"SL411"}}


def found_inputs(name: str) -> Inputs:
    """Reads an input; the name `y`, which is a boolean to kubectl and so refused (SL103), is quoted."""
    root = FOUND / name
    files = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}
    quoted = {path: text.replace("name: y\n", 'name: "y"\n').encode() for path, text in files.items()}
    return read_inputs(MemoryTree(quoted), "sandlane.yaml")


def test_every_input_is_here() -> None:
    assert {path.name for path in FOUND.iterdir() if path.is_dir()} == {*RIGHT, *REFUSED}


def asked(
    network: Network, *, tenant: str = "", gateway: str = "", namespace: str = "shop", **request: Any
) -> list[str]:
    client = Client(kind="gateway" if gateway else "sidecar", namespace=namespace, name=gateway)
    headers = (("tenantid", tenant),) if tenant else ()
    full = {"host": "shop.example.com", "port": 80, **request}
    return said_of(trace(network, Request(client=client, headers=headers, **full)))


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_what_is_right(name: str) -> None:
    inputs = found_inputs(name)
    found = render(inputs)
    base = overlaid(inputs.base, written(found.objects).resources)
    network = make_network(base, mesh=inputs.environment.mesh, domain="cluster.local", root="istio-system")
    assert [(request, asked(network, **request)) for request, _ in RIGHT[name]] == [
        (r, [right]) for r, right in RIGHT[name]
    ]
    assert {problem.code for problem in found.notices} - {UNCHANGED} == SAID.get(name, set())


def test_the_rule_of_an_origin_is_copied() -> None:
    found = render(found_inputs("03-gateway-api-destination-rule"))
    rules = {o.id.name: o.manifest["spec"] for o in found.objects if o.id.kind == "DestinationRule"}
    assert rules["a-dev1"] == {**rules["a"], "host": "a-dev1"}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        render(found_inputs(name))
    assert {problem.code for problem in refused.value.problems if problem.level == "error"} == REFUSED[name]
