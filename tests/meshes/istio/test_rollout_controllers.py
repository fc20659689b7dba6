"""Who else writes VirtualServices (rule R-I20)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import Object, app, meta, object_of, plan, route, sandbox, texts, to, virtual_service

TO_A = {"route": [to("a")]}
OTHERS = ("SL446", "SL447")


def found(*base: Object) -> list[str]:
    routed = route(plan([*app("a"), *app("b"), *base], sandbox("dev1", "a")))
    return list(dict.fromkeys(texts([p for p in routed.problems if p.code in OTHERS])))


@pytest.mark.parametrize(
    ("istio", "is_wrong"),
    [
        pytest.param({"virtualService": {"name": "a"}}, True, id="no-routes"),
        pytest.param({"virtualService": {"name": "a", "routes": ["r"]}}, False, id="routes"),
        pytest.param({"virtualServices": [{"name": "b"}, {"name": "a"}]}, True, id="several"),
        pytest.param({"virtualService": {"name": "b"}}, False, id="another"),
    ],
)
def test_rollouts(istio: Object, is_wrong: bool) -> None:
    rollout = object_of(
        "argoproj.io/v1alpha1", "Rollout", "x", strategy={"canary": {"trafficRouting": {"istio": istio}}}
    )
    expected = (
        "base.yaml: SL446 'Rollout/shop/x' takes 'VirtualService/shop/a' to have one route\n"
        "  hint: name the route in 'virtualService.routes'"
    )
    assert found(virtual_service("a", TO_A), rollout) == ([expected] if is_wrong else [])


@pytest.mark.parametrize(
    ("spec", "base", "is_wrong"),
    [
        pytest.param({"targetRef": {"kind": "Deployment", "name": "a"}}, [], True, id="by-its-target"),
        pytest.param({"targetRef": {"name": "x"}, "service": {"name": "a"}}, [], True, id="by-its-service"),
        pytest.param({"targetRef": {"name": "b"}}, [], False, id="another"),
        pytest.param(
            {"service": {"name": "r"}}, [virtual_service("r", TO_A)], True, id="a-virtual-service-of-the-base"
        ),
        pytest.param(
            {"service": {"name": "r"}}, [virtual_service("r", {"route": [to("b")]})], False, id="an-unaffected-one"
        ),
    ],
)
def test_flagger(spec: Object, base: list[Object], is_wrong: bool) -> None:
    name = "r" if base else "a"
    expected = (
        f"base.yaml: SL446 'Canary/shop/c' writes 'VirtualService/shop/{name}' by itself and takes every other entry out of it\n"
        "  hint: leave its workload and Service out of sandboxes"
    )
    canary = object_of("flagger.app/v1beta1", "Canary", "c", **spec)
    assert found(canary, *base) == ([expected] if is_wrong else [])


def application(**rule: Any) -> Object:
    spec = {"ignoreDifferences": [{"group": "networking.istio.io", "kind": "VirtualService", **rule}]}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": meta("shop", "argocd"),
        "spec": spec,
    }


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        pytest.param({"jsonPointers": ["/spec/http/0/route/0/weight"]}, "/spec/http/0/route/0/weight", id="pointer"),
        pytest.param({"name": "a", "jsonPointers": ["/spec/http/0"]}, "/spec/http/0", id="by-name"),
        pytest.param({"jqPathExpressions": [".spec.http[0].route"]}, ".spec.http[0].route", id="jq"),
        pytest.param({"jqPathExpressions": ['.spec.http[] | select(.name == "r")']}, "", id="by-the-entrys-name"),
        pytest.param({"jsonPointers": ["/metadata/labels"]}, "", id="another-field"),
        pytest.param({"name": "b", "jsonPointers": ["/spec/http/0"]}, "", id="another-object"),
        pytest.param({"kind": "Service", "jsonPointers": ["/spec/http/0"]}, "", id="another-kind"),
    ],
)
def test_differences_that_are_ignored_by_position(rule: Object, pointer: str) -> None:
    said = (
        f"base.yaml: SL447 notice: 'Application/argocd/shop' ignores differences of 'VirtualService/shop/a' at '{pointer}', "
        "a position that tenants' entries move\n"
        "  hint: name the entry: jqPathExpressions: ['.spec.http[] | select(.name == \"primary\") | .route']"
    )
    assert found(virtual_service("a", TO_A), application(**rule)) == ([said] if pointer else [])
