"""Clients whose proxy does not see their requests to cloned Services are told."""

from __future__ import annotations

import pytest

from sandlane.files.tree import MemoryTree
from sandlane.pipeline import render
from sandlane.specs.inputs import read_inputs
from tests.build import Object, app, deployment, files_of, sandbox, texts

SKIPPED = "config.linkerd.io/skip-outbound-ports"
EXCLUDED = "traffic.sidecar.istio.io/excludeOutboundPorts"


def client(**annotations: str) -> Object:
    made = deployment("c")
    made["spec"]["template"]["metadata"]["annotations"] = {
        name.replace("__", "/"): v for name, v in annotations.items()
    }
    return made


def told(mesh: str, *base: Object) -> list[str]:
    tree = MemoryTree(files_of([*app("a", 80, 8443), *base], sandbox("dev1", "a"), mesh=mesh))
    return [text for text in texts(render(read_inputs(tree, "sandlane.yaml")).notices) if "SL417" in text]


@pytest.mark.parametrize(
    ("mesh", "annotations", "said"),
    [
        pytest.param("linkerd", {SKIPPED: "80"}, f"leads requests past its proxy ({SKIPPED}: '80'): "
                     "requests that it sends to port 80 are not routed", id="linkerd"),
        pytest.param("linkerd", {SKIPPED: "25, 8000-9000,80"}, f"leads requests past its proxy ({SKIPPED}: '25, 8000-9000,80'): "
                     "requests that it sends to ports 80, 8443 are not routed", id="ranges"),
        pytest.param("linkerd", {SKIPPED: "25,4190-4200"}, None, id="other-ports"),
        pytest.param("linkerd", {"linkerd.io/inject": "disabled"}, "has no proxy of the mesh (linkerd.io/inject: disabled): "
                     "requests that it sends are not routed", id="no-proxy"),
        pytest.param("linkerd", {EXCLUDED: "80"}, None, id="of-another-mesh"),
        pytest.param("istio", {EXCLUDED: "8443"}, f"leads requests past its proxy ({EXCLUDED}: '8443'): "
                     "requests that it sends to port 8443 are not routed", id="istio"),
        pytest.param("gateway-api", {EXCLUDED: "80", SKIPPED: "80"}, None, id="no-known-mesh"),
    ],
)  # fmt: skip
def test_requests_that_pass_the_proxy_by(mesh: str, annotations: dict[str, str], said: str | None) -> None:
    expected = [f"base.yaml: SL417 notice: 'Deployment/shop/c' {said}"] if said else []
    assert told(mesh, client(**annotations)) == expected


def test_a_namespace_says_it_for_its_pods_on_linkerd() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "annotations": {SKIPPED: "80"}}}
    workloads = [text.split("'")[1] for text in told("linkerd", namespace, client(), client_without())]
    assert workloads == ["Deployment/shop/a", "Deployment/shop/c"]


def client_without() -> Object:
    made = client(**{SKIPPED: ""})
    made["metadata"]["name"] = "d"
    return made
