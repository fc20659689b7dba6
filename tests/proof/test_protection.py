"""P8: clones that are more privileged than their origin are caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandlane.base.base import Base, make_base
from sandlane.k8s.resource import Resource
from sandlane.patch.put import put
from sandlane.pipeline import render
from sandlane.problems.problem import Source
from sandlane.proof.claims import Claims, claims_of
from sandlane.proof.obligations import protection
from sandlane.proof.world import make_world
from sandlane.yamlio import read as yamlio
from tests.build import app, deployment, inputs, sandbox, service

POD = ("spec", "template", "spec")
NEAR = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"labelSelector": {"matchLabels": {"app": "a"}}, "topologyKey": "kubernetes.io/hostname"}
        ]
    }
}


BASE = [
    deployment("a", serviceAccountName="a", securityContext={"runAsNonRoot": True}, affinity=NEAR),
    service("a"),
    *app("b"),
]


def written(*extra: Any, accept: Any = ()) -> tuple[Base, list[Resource], Claims]:
    """Renders a sandbox that clones a, and returns the base, the objects of the output and the claims."""
    spec = sandbox("dev1", {"name": "a", "image": "registry.example/a:2", "accept": list(accept)})
    found = inputs([*BASE, *extra], spec)
    rendered = render(found)
    resources = [
        Resource(id=o.id, manifest=yamlio.read(rendered.files[f].encode(), f)[0].data, source=Source(file=f))
        for o in rendered.objects
        for f in rendered.files
        if f.endswith(f"/{o.id.kind.lower()}-{o.id.name}.yaml")
    ]
    return found.base, resources, claims_of(found)


def problems(base: Base, resources: list[Resource], claims: Claims) -> list[str]:
    return [p.text for p in protection.check(make_world(base, make_base(resources), claims))]


def changed(resources: list[Resource], change: Callable[[Any], Any]) -> list[Resource]:
    return [
        Resource(id=r.id, manifest=change(r.manifest), source=r.source) if r.id.kind == "Deployment" else r
        for r in resources
    ]


def test_what_is_rendered_is_protected() -> None:
    assert problems(*written()) == []


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        pytest.param((*POD, "serviceAccountName"), "admin", "serviceAccountName", id="service-account"),
        pytest.param((*POD, "securityContext"), {"runAsNonRoot": False}, "securityContext", id="user"),
        pytest.param((*POD, "hostNetwork"), True, "hostNetwork", id="host-network"),
        pytest.param((*POD, "hostPID"), True, "hostPID", id="host-pid"),
        pytest.param((*POD, "automountServiceAccountToken"), True, "automountServiceAccountToken", id="token"),
        pytest.param((*POD, "volumes"), [{"name": "h", "hostPath": {"path": "/"}}], "volumes", id="host-path"),
        pytest.param((*POD, "initContainers"), [{"name": "i", "image": "x"}], "initContainers", id="init-container"),
        pytest.param((*POD, "affinity", "nodeAffinity"), {"x": 1}, "affinity", id="nodes"),
        pytest.param((*POD, "containers", 0, "securityContext"), {"privileged": True}, "containers", id="privileged"),
        pytest.param((*POD, "containers", 0, "command"), ["sh"], "containers", id="command"),
    ],
)
def test_more_privilege_is_caught(path: Any, value: Any, field: str) -> None:
    base, resources, claims = written()
    after = changed(resources, lambda manifest: put(manifest, path, value, create=True))
    assert problems(base, after, claims)[:1] == [
        f"promise 4 does not hold: '{field}' of its pods is not that of 'Deployment/shop/a'".replace(
            "hold: ", "hold: 'Deployment/shop/a-dev1': "
        )
    ]
