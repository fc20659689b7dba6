from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.plan.relabel import make_selectors, relabel
from tests.build import Object, deployment, inputs, object_of, service

NAME, INSTANCE = "app.kubernetes.io/name", "app.kubernetes.io/instance"
WEB = {"app": "web", NAME: "web", INSTANCE: "shop", "tier": "front"}


def policy(name: str, namespace: str = "", **labels: str) -> Object:
    return object_of("networking.k8s.io/v1", "NetworkPolicy", name, namespace, podSelector={"matchLabels": labels})


def budget(name: str, **selector: Any) -> Object:
    return object_of("policy/v1", "PodDisruptionBudget", name, selector=selector)


def authorization(name: str, namespace: str = "", **labels: str) -> Object:
    return object_of("security.istio.io/v1", "AuthorizationPolicy", name, namespace, selector={"matchLabels": labels})


def rewritten(*base: Object, labels: dict[str, str] | None = None, **own: str) -> tuple[dict[str, str], list[str]]:
    """Returns the labels that are rewritten, and the objects that still select the pods."""
    origin = WEB if labels is None else labels
    found = relabel("shop", origin, own, "dev1", make_selectors(inputs(list(base)).base, "istio-system"))
    assert found.labels == {**origin, **found.rewritten, **own}
    return dict(found.rewritten), [str(item.id) for _, item in found.caught_by]


EXISTS = {"key": "app", "operator": "Exists"}


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param([], {}, id="nothing-selects"),
        pytest.param([service("s", selector={"app": "web"})], {"app": "web-dev1"}, id="one"),
        pytest.param([service("s", selector={"app": "other"})], {}, id="another's"),
        pytest.param([service("s", selector={"app": "web"}, namespace="other")], {}, id="another-namespace"),
        pytest.param([service("s", selector={})], {}, id="selects-nothing"),
        pytest.param([service("s", selector={"app": "web"}, type="ExternalName")], {}, id="external-name"),
        pytest.param([service("s", selector=WEB)], {INSTANCE: "shop-dev1"}, id="rank-instance"),
        pytest.param([service("s", selector={"app": "web", NAME: "web"})], {NAME: "web-dev1"}, id="rank-name"),
        pytest.param([service("s", selector={"tier": "front", "app": "web"})], {"app": "web-dev1"}, id="rank-app"),
        pytest.param(
            [service("s", selector={"app": "web", NAME: "web"}), service("t", selector={"app": "web", "tier": "front"})],
            {"app": "web-dev1"},
            id="one-key-for-two",
        ),
        pytest.param(
            [service("s", selector={"app": "web"}), service("t", selector={"tier": "front"})],
            {"app": "web-dev1", "tier": "front-dev1"},
            id="two-keys",
        ),
        pytest.param(
            [service("s", selector={"app": "web", "tier": "front"}), policy("p", app="web")],
            {"tier": "front-dev1"},
            id="policy-before-rank",
        ),
        pytest.param(
            [service("s", selector={"app": "web", "tier": "front"}), service("t", selector={"app": "web", NAME: "web"}),
             authorization("p", app="web")],
            {NAME: "web-dev1", "tier": "front-dev1"},
            id="policy-before-number",
        ),
        pytest.param(
            [service("s", selector={"app": "web", "tier": "front"}), authorization("p", "istio-system", app="web")],
            {"tier": "front-dev1"},
            id="policy-of-the-root-namespace",
        ),
        pytest.param(
            [service("s", selector={"app": "web", "tier": "front"}), policy("p", "other", app="web")],
            {"app": "web-dev1"},
            id="policy-of-another-namespace",
        ),
        pytest.param(
            [service("s", selector={"app": "web", "tier": "front"}), service("t", selector={"app": "web-dev1"})],
            {"tier": "front-dev1"},
            id="new-value-is-selected",
        ),
        pytest.param([deployment("web", {"app": "web"})], {"app": "web-dev1"}, id="workload"),
        pytest.param([budget("b", matchLabels={"tier": "front"})], {"tier": "front-dev1"}, id="budget"),
        pytest.param(
            [budget("b", matchExpressions=[{"key": "app", "operator": "In", "values": ["web", "api"]}])],
            {"app": "web-dev1"},
            id="in",
        ),
        pytest.param(
            [budget("b", matchExpressions=[EXISTS], matchLabels={"tier": "front"})], {"tier": "front-dev1"}, id="exists-and-in"
        ),
    ],
)  # fmt: skip
def test_least_set(base: list[Object], expected: dict[str, str]) -> None:
    assert rewritten(*base) == (expected, [])


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param([budget("b")], ({}, ["PodDisruptionBudget/shop/b"]), id="everything"),
        pytest.param([budget("b", matchExpressions=[EXISTS])], ({}, ["PodDisruptionBudget/shop/b"]), id="exists"),
        pytest.param(
            [budget("b", matchExpressions=[EXISTS]), service("s", selector={"app": "web"})],
            ({"app": "web-dev1"}, ["PodDisruptionBudget/shop/b"]),
            id="the-rest-is-escaped",
        ),
    ],
)
def test_inescapable(base: list[Object], expected: tuple[dict[str, str], list[str]]) -> None:
    assert rewritten(*base) == expected


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(service("t", selector={"app": "web-dev1", "tier": "front"}), id="new-value-is-selected"),
        pytest.param(
            budget(
                "t",
                matchLabels={"tier": "front"},
                matchExpressions=[{"key": "app", "operator": "NotIn", "values": ["web"]}],
            ),
            id="not-in",
        ),
    ],
)
def test_search_is_exact(other: Object) -> None:
    found = rewritten(service("s", selector={"app": "web"}), other)
    assert found == ({"app": "web-dev1", "tier": "front-dev1"}, [])


def test_own_labels_escape() -> None:
    selector = {"app": "web", "managed": "Helm"}
    found = rewritten(service("s", selector=selector), labels={**WEB, "managed": "Helm"}, managed="sandlane")
    assert found == ({}, [])


@pytest.mark.parametrize(
    "kind", [pytest.param("NetworkPolicy", id="network-policy"), pytest.param("Server", id="server")]
)
def test_root_namespace_is_istios_alone(kind: str) -> None:
    api = {"NetworkPolicy": "networking.k8s.io/v1", "Server": "policy.linkerd.io/v1beta1"}[kind]
    far = object_of(api, kind, "p", "istio-system", podSelector={"matchLabels": {"app": "web"}})
    found = rewritten(service("s", selector={"app": "web", "tier": "front"}), far)
    assert found == ({"app": "web-dev1"}, [])


keys, words = st.sampled_from(["a", "b", "c"]), st.sampled_from(["1", "2"])
maps = st.dictionaries(keys, words, min_size=1)


@given(st.lists(maps, max_size=5), st.dictionaries(keys, words))
def test_no_service_selects_the_clone(selectors: list[dict[str, str]], labels: dict[str, str]) -> None:
    base = [service(f"s{n}", selector=selector) for n, selector in enumerate(selectors)]
    found, caught = rewritten(*base, labels=labels)
    assert caught == []
    catching = [s for s in selectors if s.items() <= labels.items()]
    for key in found:  # no key is rewritten in vain
        rest = {k: v for k, v in found.items() if k != key}
        assert [s for s in catching if s.items() <= {**labels, **rest}.items()] != []
