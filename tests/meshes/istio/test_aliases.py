"""ExternalName Services that are other names of cloned Services."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.base.base import make_base
from sandlane.k8s.resource import Resource
from sandlane.pipeline import render
from sandlane.problems.problem import Source
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from tests.build import Object, app, inputs, object_of, plan, route, sandbox, texts, to, virtual_service

FULL = "a.shop.svc.cluster.local"
DEV1 = sandbox("dev1", "a")
TO_B = {"route": [to("b")]}


def named(name: str, means: str, namespace: str = "") -> Object:
    ports = [{"name": "http", "port": 80}]
    made = object_of("v1", "Service", name, type="ExternalName", externalName=means, ports=ports)
    return {**made, "metadata": {**made["metadata"], **({"namespace": namespace} if namespace else {})}}


def told(object: str, alias: str = "alias") -> str:
    return (
        f"base.yaml: SL465 'VirtualService/shop/{object}' serves 'Service/shop/{alias}', another name of 'Service/shop/a', and the first "
        "VirtualService of that Service may take the name from it\n"
        "  hint: name 'Service/shop/a' itself in its hosts, or give that Service a VirtualService in the base"
    )


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param([named("alias", FULL)], [], id="called-by-it"),
        pytest.param([named("alias", FULL), virtual_service("v", TO_B, hosts=["alias"])], [told("v")], id="served"),
        pytest.param(
            [named("alias", FULL), virtual_service("v", TO_B, hosts=["alias"], gateways=["gw"])], [], id="at-a-gateway"
        ),
        pytest.param([named("alias", FULL), virtual_service("v", TO_B, hosts=["alias*"])], [], id="another-wildcard"),
        pytest.param(
            [named("alias", FULL), virtual_service("v", TO_B, hosts=["*ias.shop.svc.cluster.local"])], [told("v")], id="wildcard"
        ),
        pytest.param([named("alias", FULL), virtual_service("v", TO_B, hosts=["alias"]), virtual_service("a", {"route": [to("a")]})],
                     [], id="the-service-has-its-own"),
        pytest.param(
            [named("alias", FULL), virtual_service("v", TO_B, hosts=["alias"]),
             virtual_service("a", {"match": [{"port": 90}], "route": [to("a")]})],
            [told("v")], id="without-an-entry-for-the-port",
        ),
        pytest.param(
            [named("one", "two.shop.svc.cluster.local"), named("two", FULL), virtual_service("v", TO_B, hosts=["one"])],
            [told("v", "one")], id="by-two-steps",
        ),
        pytest.param(
            [named("one", "two.shop.svc.cluster.local"), named("two", "one.shop.svc.cluster.local"),
             virtual_service("v", TO_B, hosts=["one"])], [], id="names-of-each-other",
        ),
        pytest.param([named("alias", "a.shop"), virtual_service("v", TO_B, hosts=["alias"])], [], id="no-full-name"),
    ],
)  # fmt: skip
def test_names_that_are_served(base: list[Object], expected: list[str]) -> None:
    found = route(plan([*app("a"), *app("b"), *base], DEV1))
    assert [text for text in texts(found.problems) if "SL46" in text] == expected


@pytest.mark.parametrize(
    "base",
    [
        pytest.param((), id="a-new-virtual-service"),
        pytest.param((virtual_service("a", {"match": [{"port": 90}], "route": [to("a")]}),), id="behind-the-bases-own"),
    ],
)
def test_what_proof_says(base: tuple[Object, ...]) -> None:
    serving: list[Any] = [named("alias", FULL), virtual_service("v", TO_B, hosts=["alias"])]
    common = [*app("a"), *app("b"), *base]
    found = inputs([*common, *serving], DEV1, output={"base": "none"}, routes={"adopt": [_adopted(vs) for vs in base]})
    made = render(inputs(common, DEV1, output={"base": "none"}, routes={"adopt": [_adopted(vs) for vs in base]}))
    written = [
        Resource(id=o.id, manifest=o.manifest, source=Source(file=f"{o.directory}/{o.id.name}.yaml"))
        for o in made.objects
    ]
    said = [text.partition(": ")[2] for text in texts(prove(found.base, make_base(written), claims_of(found)))]
    assert said == [
        "SL601 promise 1 does not hold for a request\n"
        "  request: GET http://alias.shop.svc.cluster.local:80/\n  carrier: none\n  client: namespace sandlane-elsewhere\n"
        "  base: base.yaml: depends on 1\n  now: base.yaml: depends on 2 things that manifests do not say"
    ]


def _adopted(vs: Object) -> Object:
    return {"kind": "VirtualService", "name": vs["metadata"]["name"]}
