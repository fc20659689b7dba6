"""Clones' Services of a name to which a route of the base sends already, whether a Service of that name exists or not."""

from __future__ import annotations

import pytest

from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from tests.build import WAYPOINT, Object, app, inputs, sandbox, texts, virtual_service
from tests.meshes.gateway_api.test_attached_routes import gateway, route, rule, to_service

TO_CLONE: Object = {"name": "a-dev1", "port": 80}
MIRROR: Object = {"type": "RequestMirror", "requestMirror": {"backendRef": TO_CLONE}}
GATE: Object = {"name": "gate"}
B = to_service("b", 80)
ELSEWHERE = to_service("b", 80, namespace="shop")


@pytest.mark.parametrize(
    ("mesh", "given", "expected"),
    [
        pytest.param("gateway-api", route("r", rule(TO_CLONE), parents=[GATE]), "HTTPRoute/shop/r", id="backend"),
        pytest.param("gateway-api", route("r", rule("b", filters=[MIRROR]), parents=[GATE]), "HTTPRoute/shop/r", id="mirror"),
        pytest.param(
            "gateway-api", route("r", rule({"name": "b", "port": 80, "filters": [MIRROR]}), parents=[GATE], kind="GRPCRoute"),
            "GRPCRoute/shop/r", id="mirror-of-a-backend",
        ),
        pytest.param("linkerd", route("r", rule(TO_CLONE), parents=[ELSEWHERE], namespace="x"), "HTTPRoute/x/r",
                     id="linkerd-of-the-parents-namespace"),
        pytest.param("linkerd", route("r", rule("b"), parents=[B, to_service("a-dev1")]), "HTTPRoute/shop/r", id="parent"),
    ],
)  # fmt: skip
def test_a_route_names_a_clone(mesh: str, given: Object, expected: str) -> None:
    with pytest.raises(Invalid) as invalid:
        render(inputs([WAYPOINT, *app("a"), *app("b"), gateway(), given], sandbox("dev1", "a"), mesh=mesh))
    assert texts(invalid.value.problems) == [
        f"sandboxes/dev1.yaml: SL302 'Service/shop/a-dev1' is taken by '{expected}' of the base, so it cannot be written for "
        "sandbox 'dev1'\n  hint: names are <origin>-<tenantID>: choose another tenantID"
    ]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(route("r", rule({**TO_CLONE, "namespace": "x"}), parents=[GATE]), id="of-another-namespace"),
        pytest.param(
            route("r", rule({**TO_CLONE, "kind": "Bucket", "group": "x.io"}), parents=[GATE]), id="another-kind"
        ),
    ],
)
def test_a_route_names_none(given: Object) -> None:
    base = [*app("a"), *app("b"), gateway(), given]
    assert (
        "sandboxes/dev1/shop/service-a-dev1.yaml"
        in render(inputs(base, sandbox("dev1", "a"), mesh="gateway-api")).files
    )


def test_a_route_that_is_named_as_a_port_of_a_service() -> None:
    base = [*app("a"), gateway(), *(route(name, rule("a"), parents=[GATE]) for name in ("a", "a-80"))]
    with pytest.raises(Invalid) as invalid:
        render(inputs(base, sandbox("dev1", "a"), mesh="linkerd", carriers=[{"header": "tenantID"}]))
    assert texts(invalid.value.problems) == [
        "sandboxes/dev1.yaml: SL302 'HTTPRoute/shop/a-80-dev1-h' is taken by sandbox 'dev1', so it cannot be written for sandbox "
        "'dev1'\n  hint: rename 'HTTPRoute/shop/a-80' in the base: its copy has the name of a first route, <Service>-<port>-<tenantID>"
    ]


def test_routes_of_two_sandboxes_that_meet() -> None:
    base = [*app("a"), gateway(), route("a", rule("a"), parents=[GATE])]
    with pytest.raises(Invalid) as invalid:
        render(
            inputs(
                base, sandbox("dev1", "a"), sandbox("80-dev1", "a"), mesh="linkerd", carriers=[{"header": "tenantID"}]
            )
        )
    assert texts(invalid.value.problems) == [
        "sandboxes/dev1.yaml: SL302 'HTTPRoute/shop/a-80-dev1-h' is taken by sandbox '80-dev1', so it cannot be written for "
        "sandbox 'dev1'\n  hint: names are <origin>-<tenantID>: choose another tenantID"
    ]


def test_a_name_of_sandlanes_own() -> None:
    with pytest.raises(Invalid) as invalid:
        render(inputs([*app("a"), virtual_service("a-sandlane", hosts=["x.test"])], sandbox("dev1", "a")))
    assert texts(invalid.value.problems) == [
        "sandlane.yaml: SL302 'VirtualService/shop/a-sandlane' is taken by the base, so it cannot be written for an object of "
        "sandlane's own\n  hint: rename the base's object"
    ]
