"""Random Services whose ports say what they are, with routes of three kinds for a port or for all: whatever is rendered is proved.

What each kind means on a port differs by mesh (rule R-L19), and a render that proof refuses would be a defect (exit 70).
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from tests.build import Object, deployment, inputs, object_of, sandbox, service
from tests.profiles import quick_or

GATEWAY = "gateway.networking.k8s.io"
_PROTOCOLS = (None, None, "http", "HTTP", "kubernetes.io/h2c")
_SEEDS = (*range(0, quick_or(18, 60), 6), 1266)
_TABLES = 6
"""How many tables one test tries."""


def base_of(random: Random) -> list[Object]:
    made: list[Object] = []
    for name in "ab":
        ports = [{"name": f"p{number}", "port": number} for number in (80, 81)[: random.choice((1, 2, 2))]]
        for port in ports:
            said = random.choice(_PROTOCOLS)
            port.update({"appProtocol": said} if said else {})
        made += [deployment(name), service(name, *ports)]
    return [*made, *(_route(random, f"r{number}") for number in range(random.randint(0, 4)))]


def _route(random: Random, name: str) -> Object:
    kind = random.choice(("HTTPRoute", "HTTPRoute", "GRPCRoute", "TCPRoute"))
    home = random.choice(("shop", "shop", "shop", "web"))
    parent: Object = {"group": "", "kind": "Service", "name": random.choice("ab"), "namespace": "shop"}
    parent |= random.choice(({}, {"port": 80}, {"port": 81}))
    rules = [_rule(random, kind) for _ in range(1 if kind == "TCPRoute" else random.randint(1, 2))]
    api = f"{GATEWAY}/{'v1alpha2' if kind == 'TCPRoute' else 'v1'}"
    return object_of(api, kind, name, home, parentRefs=[parent], rules=rules)


def _rule(random: Random, kind: str) -> Object:
    rule: Object = {}
    if kind == "TCPRoute" or random.random() < 0.85:
        rule["backendRefs"] = [_backend(random) for _ in range(random.choice((1, 1, 2)))]
    if kind == "HTTPRoute" and random.random() < 0.5:
        path = {"type": random.choice(("PathPrefix", "Exact")), "value": random.choice(("/", "/a", "/a/b"))}
        rule["matches"] = [{"path": path}]
    if kind == "GRPCRoute" and random.random() < 0.9:
        rule["matches"] = [{"method": {"service": random.choice(("s.A", "s.B"))}}]
    return rule


def _backend(random: Random) -> Object:
    weight = random.choice(({}, {}, {"weight": 0}, {"weight": 3}))
    return {"name": random.choice("ab"), "namespace": "shop", "port": random.choice((80, 80, 81)), **weight}


@pytest.mark.parametrize("mesh", ["linkerd", "gateway-api"])
@pytest.mark.parametrize("first", _SEEDS)
def test_what_is_rendered_is_proved(mesh: str, first: int) -> None:
    rendered = 0
    for seed in range(first, first + _TABLES):
        random = Random(seed)
        base = base_of(random)
        specs = [sandbox(f"dev{n}", *random.choice((["a"], ["b"], ["a", "b"]))) for n in range(random.randint(1, 2))]
        facts: dict[str, Any] = {"cluster": {"linkerd": {"grpcMatchesWithoutMethod": random.random() < 0.7}}}
        try:
            render(inputs(base, *specs, mesh=mesh, **facts))
            rendered += 1
        except Invalid:
            continue
    assert rendered
