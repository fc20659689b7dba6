"""Which routes compete with each other: one of them is copied only with all others."""

from __future__ import annotations

import pytest

from sandlane.meshes.gateway_api.attached_routes import read_routes
from sandlane.meshes.gateway_api.components import by_route, components
from sandlane.meshes.gateway_api.dialects import GENERIC
from tests.build import Object, plan
from tests.meshes.gateway_api.test_attached_routes import route, rule, to_service


def at(number: int, *parents: Object, **spec: object) -> Object:
    return route(f"r{number}", rule("a"), parents=list(parents), **spec)  # type: ignore[arg-type]


def listener(name: str = "", port: int = 0) -> Object:
    return {"name": "g", **({"sectionName": name} if name else {}), **({"port": port} if port else {})}


A, A80, A81 = to_service("a"), to_service("a", 80), to_service("a", 81)


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        pytest.param([at(1, A80), at(2, A80)], [["r1", "r2"]], id="one-port"),
        pytest.param([at(1, A80), at(2, A81)], [["r1"], ["r2"]], id="two-ports"),
        pytest.param([at(1, A80), at(2, A81), at(3, A)], [["r1", "r3", "r2"]], id="all-ports-connect"),
        pytest.param([at(1, A80), at(2, to_service("b", 80))], [["r1"], ["r2"]], id="two-services"),
        pytest.param([at(1, A80, to_service("b", 80)), at(2, to_service("b", 80))], [["r1"], ["r1", "r2"]],
                     id="parents-of-one-route-stay-apart"),
        pytest.param([at(1, A80, hostnames=["x.test"]), at(2, A80, hostnames=["y.test"])], [["r1", "r2"]],
                     id="hosts-of-services-compete"),
        pytest.param([at(1, A80), at(2, {**A80, "namespace": "shop"}, namespace="client")], [["r2", "r1"]],
                     id="consumers-and-producers"),
        pytest.param([at(1, A80), at(2, A80, kind="GRPCRoute")], [["r1", "r2"]], id="kinds"),
        pytest.param([at(1, listener()), at(2, listener())], [["r1", "r2"]], id="gateway"),
        pytest.param([at(1, listener("x")), at(2, listener("y"))], [["r1"], ["r2"]], id="listeners"),
        pytest.param([at(1, listener("x")), at(2, listener("y")), at(3, listener())], [["r1", "r3", "r2"]],
                     id="all-listeners-connect"),
        pytest.param([at(1, listener("x")), at(2, listener(port=80))], [["r1", "r2"]], id="listener-and-port"),
        pytest.param([at(1, listener("x", 80)), at(2, listener("x", 81))], [["r1"], ["r2"]], id="ports-of-a-listener"),
        pytest.param([at(1, listener(), hostnames=["x.test"]), at(2, listener(), hostnames=["y.test"])], [["r1"], ["r2"]],
                     id="hosts"),
        pytest.param([at(1, listener(), hostnames=["x.test"]), at(2, listener())], [["r1", "r2"]], id="host-and-none"),
        pytest.param([at(1, listener(), hostnames=["x.test"]), at(2, listener(), hostnames=["*.test"])], [["r1", "r2"]],
                     id="host-and-wildcard"),
        pytest.param([at(1, listener(), hostnames=["test"]), at(2, listener(), hostnames=["*.test"])], [["r1"], ["r2"]],
                     id="wildcards-take-a-label"),
        pytest.param([at(1, listener(), hostnames=["*.a.test"]), at(2, listener(), hostnames=["*.test"])], [["r1", "r2"]],
                     id="wildcards"),
        pytest.param([at(1, listener(), hostnames=["x-a.test"]), at(2, listener(), hostnames=["*.a.test"])],
                     [["r1"], ["r2"]], id="suffix-of-a-label"),
        pytest.param(
            [at(1, listener(), hostnames=["x.test"]), at(2, listener(), hostnames=["y.test"]),
             at(3, listener(), hostnames=["*.test"])],
            [["r1", "r3", "r2"]], id="wildcard-connects",
        ),
    ],
)  # fmt: skip
def test_components(routes: list[Object], expected: list[list[str]]) -> None:
    parts = components(read_routes(plan(routes).base, GENERIC))
    assert [[r.resource.id.name for r, _ in part.pairs] for part in parts] == expected
    assert [part.number for part in parts] == list(range(len(parts)))


def test_by_route_and_ports() -> None:
    parts = components(read_routes(plan([at(1, A80, A81), at(2, A80), at(3, to_service("b"))]).base, GENERIC))
    assert {id.name: [p.number for p in found] for id, found in by_route(parts).items()} == {
        "r1": [0, 1],
        "r2": [0],
        "r3": [2],
    }
    assert [[p.covers(port) for port in (80, 81, 82)] for p in parts] == [
        [True, False, False],
        [False, True, False],
        [True, True, True],
    ]
