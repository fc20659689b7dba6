from __future__ import annotations

from typing import Any

import pytest

from sandlane.meshes.istio.destination_rules import destination_rules
from tests.build import Object, app, destination_rule, plan, sandbox, to, view_of, virtual_service

POLICY = {"tls": {"mode": "DISABLE"}, "portLevelSettings": [{"port": {"number": 80}, "outlierDetection": {}}]}
FULL = "a.shop.svc.cluster.local"


def copies(*base: Object, specs: tuple[Object, ...] = (sandbox("dev1", "a"),)) -> list[tuple[str, str, Any]]:
    """Returns directory, id and manifest of each copy."""
    made = plan([*app("a"), *app("b"), *base], *specs)
    return [(o.directory, str(o.id), o.manifest) for o in destination_rules(made, view_of(made))]


def copy(name: str, host: str, origin: str, namespace: str = "shop", **spec: Any) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {
                "app.kubernetes.io/managed-by": "sandlane",
                "tenantID": "dev1",
                "sandlane.dev/tenant": "dev1",
                "sandlane.dev/sandbox": "dev1",
                "sandlane.dev/origin": origin,
            },
            "annotations": {"sandlane.dev/spec": "sandboxes/dev1.yaml"},
        },
        "spec": {"host": host, **spec},
    }


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(destination_rule("r", "a", trafficPolicy=POLICY), copy("r-dev1", "a-dev1", "r", trafficPolicy=POLICY), id="short"),
        pytest.param(
            destination_rule("r", FULL, "web", exportTo=["."], workloadSelector={"matchLabels": {"x": "1"}}),
            copy("r-dev1", "a-dev1.shop.svc.cluster.local", "r", "web", exportTo=["."], workloadSelector={"matchLabels": {"x": "1"}}),
            id="of-a-client",
        ),
        pytest.param(destination_rule("r", "a", subsets=[{"name": "v1", "labels": {"v": "1"}}]), copy("r-dev1", "a-dev1", "r"),
                     id="no-subset-is-kept"),
        pytest.param(destination_rule("r", "*.shop.svc.cluster.local"), None, id="scenario-11-wildcard"),
        pytest.param(destination_rule("r", "b"), None, id="another-service"),
        pytest.param(destination_rule("r", "a", "web"), None, id="short-name-elsewhere"),
        pytest.param(destination_rule("r", "a.shop"), None, id="literal"),
    ],
)  # fmt: skip
def test_copies(rule: Object, expected: Object | None) -> None:
    found = copies(rule)
    namespace = rule["metadata"].get("namespace", "shop")
    assert found == ([("sandboxes/dev1", f"DestinationRule/{namespace}/r-dev1", expected)] if expected else [])


TUNED = {"name": "tuned", "labels": {"v": "2"}, "trafficPolicy": {"tls": {"mode": "DISABLE"}}}
SUBSETS = [{"name": "plain", "labels": {"v": "1"}}, TUNED, {**TUNED, "name": "unused"}, {**TUNED, "name": "mirrored"}]


def test_subsets_that_routes_keep() -> None:
    entry = {"route": [to("a", subset="tuned", weight=1), to("a", subset="plain", weight=1), to("a", subset="unused", weight=0)],
             "mirror": {"host": "a", "subset": "mirrored"}}  # fmt: skip
    ((_, _, found),) = copies(destination_rule("a", "a", subsets=SUBSETS), virtual_service("a", entry))
    policy = {"trafficPolicy": {"tls": {"mode": "DISABLE"}}}
    assert found["spec"] == {"host": "a-dev1", "subsets": [{"name": "tuned", **policy}, {"name": "mirrored", **policy}]}


def test_each_rule_each_sandbox() -> None:
    specs = (sandbox("dev1", "a"), sandbox("dev2", "a"))
    rules = (destination_rule("r", "a"), destination_rule("q", FULL, "web"))
    assert [(d, id) for d, id, _ in copies(*rules, specs=specs)] == [
        ("sandboxes/dev1", "DestinationRule/shop/r-dev1"),
        ("sandboxes/dev1", "DestinationRule/web/q-dev1"),
        ("sandboxes/dev2", "DestinationRule/shop/r-dev2"),
        ("sandboxes/dev2", "DestinationRule/web/q-dev2"),
    ]


def test_labels_and_annotations_are_copied() -> None:
    rule = destination_rule("r", "a")
    rule["metadata"] |= {"labels": {"team": "x"}, "annotations": {"note": "x", "argocd.argoproj.io/tracking-id": "y"}}
    ((_, _, found),) = copies(rule)
    expected = copy("r-dev1", "a-dev1", "r")["metadata"]
    assert found["metadata"] == {
        **expected,
        "labels": {"team": "x", **expected["labels"]},
        "annotations": {"note": "x", "sandlane.dev/spec": "sandboxes/dev1.yaml"},
    }


def test_instance_goes() -> None:
    rule = destination_rule("r", "a")
    rule["metadata"]["labels"] = {"app.kubernetes.io/instance": "shop"}
    ((_, _, found),) = copies(rule)
    assert found["metadata"] == copy("r-dev1", "a-dev1", "r")["metadata"]


def test_long_name() -> None:
    ((_, _, found),) = copies(destination_rule("r" * 70, "a"))
    assert max(len(value) for value in found["metadata"]["labels"].values()) == 63
