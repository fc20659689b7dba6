"""P4: what a spec asks of a clone is there, where overrides, which the renderer and the rest of proof share, leave it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandlane.k8s.resource import at
from sandlane.overrides import apply, config_maps, env, volumes
from sandlane.overrides.registry import FIELDS
from sandlane.overrides.subject import each_container
from sandlane.patch.put import put
from sandlane.pipeline import render, written
from sandlane.proof.claims import claims_of
from sandlane.proof.obligations import asked
from sandlane.proof.world import make_world
from sandlane.specs.inputs import Inputs
from tests import build

_POD: dict[str, Any] = {
    "volumes": [
        {"name": "config", "configMap": {"name": "config"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
    ],
    "initContainers": [{"name": "warm", "image": "warm:1"}, {"name": "wait", "image": "wait:1"}],
    "containers": [
        {
            "name": "app",
            "image": "a:1",
            "env": [
                {"name": "LOG", "value": "info"},
                {"name": "OLD", "value": "1"},
                {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "config", "key": "k"}}},
            ],
        },
        {"name": "helper", "image": "helper:1", "env": [{"name": "LOG", "value": "info"}]},
    ],
}


def inputs() -> Inputs:
    claim = build.object_of(
        "v1", "PersistentVolumeClaim", "data", accessModes=["ReadWriteMany"], resources={"requests": {"storage": "1Gi"}}
    )
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config"}, "data": {"k": "v"}}
    asked_env = [
        {"name": "LOG", "value": "debug"},
        {"name": "OLD", "remove": True},
        {"name": "NEW", "value": "1"},
        {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "config", "key": "other"}}},
        {"name": "SELF", "valueFrom": {"cloneRef": {"name": "a", "format": "http://{host}:{port}"}}},
    ]
    workload = {
        "name": "a",
        "containers": [{"name": "app", "image": "a:2", "env": asked_env}],
        "initContainers": {"drop": ["warm"]},
        "configMaps": [{"name": "config", "data": {"k": "w"}}],
        "volumes": {"data": "share-readonly"},
    }
    base = [build.deployment("a", **_POD), build.service("a"), config, claim]
    return build.inputs(base, build.sandbox("dev1", workload), output={"base": "none"})


def said(given: Inputs) -> list[str]:
    found = render(given, is_proved=False)
    world = make_world(given.base, written(found.objects), claims_of(given))
    return [
        problem.text.partition("promise 4 does not hold: 'Deployment/shop/a-dev1' ")[2]
        for problem in asked.check(world)
    ]


def _without(name: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(apply, "FIELDS", tuple(field for field in FIELDS if field.name != name))


def _at_the_other_container(patch: pytest.MonkeyPatch) -> None:
    def made(subject: Any, manifest: Any, change: Any) -> Any:
        changed = each_container(subject, manifest, change)
        names = {"app": "helper", "helper": "app"}
        swapped = [{**c, "name": names[c["name"]]} for c in at(changed, (*subject.pod, "containers"))]
        return put(changed, (*subject.pod, "containers"), swapped)

    patch.setattr("sandlane.overrides.containers.each_container", made)


def _env(made: Callable[[Any, Any], Any]) -> Callable[[pytest.MonkeyPatch], None]:
    real = env._merged
    return lambda patch: patch.setattr(env, "_merged", lambda base, changes: made(real(base, changes), base))


def _shared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(volumes, "_changed", lambda _subject, volume, _choice: volume)


def _references_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(config_maps, "rename", lambda manifest, *_, **__: {**manifest})


VARIABLES = [f"has variable '{name}' of container 'app' otherwise than it is asked" for name in ("LOG", "OLD", "NEW")]
SELF = "has variable 'SELF' of container 'app' otherwise than it is asked"
IMAGE = "has image 'a:1' in container 'app', asked is 'a:2'"


@pytest.mark.parametrize(
    ("leave_out", "expected"),
    [
        pytest.param(_without("containers"), [IMAGE, *VARIABLES, SELF], id="containers"),
        pytest.param(
            _at_the_other_container,
            [
                "has image 'helper:1' in container 'app', asked is 'a:2'",
                VARIABLES[0],
                VARIABLES[2],
                "has variable 'KEY' of container 'app' otherwise than it is asked",
                SELF,
                "has image 'a:2' in container 'helper', asked is 'helper:1'",
                "has variable 'KEY' in container 'helper', which nobody asks for",
                "has variable 'NEW' in container 'helper', which nobody asks for",
                "has variable 'SELF' in container 'helper', which nobody asks for",
            ],
            id="another-container",
        ),
        pytest.param(_without("initContainers"), ["has container 'warm'"], id="init-containers"),
        pytest.param(_without("volumes"), ["has volume 'data' otherwise than as 'share-readonly'"], id="volumes"),
        pytest.param(_shared, ["has volume 'data' otherwise than as 'share-readonly'"], id="a-volume-as-it-was"),
        pytest.param(_references_stay, ["still reads ConfigMap 'config', which is changed for it"], id="references"),
        pytest.param(
            _env(lambda merged, base: [*merged, *(v for v in base if v["name"] == "OLD")]), VARIABLES[1:2], id="removal"
        ),
        pytest.param(
            _env(lambda merged, base: [*merged, *(v for v in base if v["name"] == "LOG")]), VARIABLES[:1], id="twice"
        ),
    ],
)  # fmt: skip
def test_what_is_asked_and_left_out_is_told(
    leave_out: Callable[[pytest.MonkeyPatch], None], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(inputs()) == []
    leave_out(monkeypatch)
    assert said(inputs()) == expected
