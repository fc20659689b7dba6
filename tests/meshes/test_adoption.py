"""Which route objects the output has to own, and `sandlane adopt`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sandlane.cli.main import group
from sandlane.meshes.adoption import proposals
from tests.build import Object, app, files_of, inputs, refusals, to, virtual_service

TO_A = {"route": [to("a")]}
BASE = [
    *app("a"),
    *app("b"),
    virtual_service("a", {"route": [to("legacy.example.com")]}),
    virtual_service("far", {"route": [to("b.shop.svc.cluster.local")]}, namespace="web", hosts=["x.org"]),
    virtual_service("leaf", TO_A, hosts=[]),
    virtual_service("other", {"route": [to("legacy.example.com")]}, hosts=["y.org"]),
    virtual_service("told", {"match": [{"sourceLabels": {"app": "b"}}], "redirect": {"uri": "/"}}, hosts=["w.org"]),
    virtual_service("gate", {"redirect": {"uri": "/"}}, hosts=["z.org"], gateways=["gw"]),
]
NONE: Any = {"output": {"base": "none"}}


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        pytest.param(
            NONE,
            [("shop/a", "serves 'Service/shop/a'", False), ("shop/leaf", "sends to 'Service/shop/a'", False),
             ("shop/told", "tells 'Deployment/shop/b' from other clients", False), ("web/far", "sends to 'Service/shop/b'", False)],
            id="whatever-a-sandbox-could-change",
        ),
        pytest.param(
            {**NONE, "routes": {"adopt": [{"kind": "VirtualService", "name": "a"}], "strip": ["gw"]}},
            [("shop/a", "serves 'Service/shop/a'", True), ("shop/gate", "routes for 'shop/gw', where carriers are removed", False),
             ("shop/leaf", "sends to 'Service/shop/a'", False), ("shop/told", "tells 'Deployment/shop/b' from other clients", False),
             ("web/far", "sends to 'Service/shop/b'", False)],
            id="strip-and-adopted",
        ),
        pytest.param({"output": {"base": "full"}}, [], id="the-whole-base-is-the-outputs"),
        pytest.param({**NONE, "mesh": "linkerd"}, [], id="nobody-reads-them"),
    ],
)  # fmt: skip
def test_proposals(env: Any, expected: list[tuple[str, str, bool]]) -> None:
    found = proposals(inputs(BASE, **env))
    assert [(f"{p.resource.id.namespace}/{p.resource.id.name}", p.why, p.is_adopted) for p in found] == expected


def adopt(tmp_path: Path, base: list[Object], *arguments: str, **env: Any) -> Result:
    for path, text in files_of(base, **env).items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return CliRunner().invoke(group, ["adopt", str(tmp_path), "--root", str(tmp_path), *arguments])


def test_nothing_to_adopt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = adopt(tmp_path, [*app("a")], **NONE)
    said = "sandlane.yaml: nothing to adopt: no route object of the base has to be\n"
    assert (found.exit_code, found.stdout, found.stderr) == (0, "", said)


def test_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = adopt(tmp_path, [*app("a"), virtual_service("a", TO_A)], "--format", "json", **NONE)
    told = json.loads(found.stdout)
    assert [step["commit"] for step in told["environments"][0].pop("steps")] == [1, 2]
    assert told == {
        "environments": [
            {
                "environment": "sandlane.yaml",
                "adopt": [
                    {
                        "kind": "VirtualService",
                        "namespace": "shop",
                        "name": "a",
                        "file": "base.yaml",
                        "why": "sends to 'Service/shop/a'",
                        "adopted": False,
                    }
                ],
            }
        ]
    }


@pytest.mark.parametrize("mesh", ["linkerd", "gateway-api"])
def test_what_the_mesh_does_not_read_is_not_adopted(mesh: str) -> None:
    adopted = {"adopt": [{"kind": "VirtualService", "name": "a"}]}
    assert refusals([*app("a"), virtual_service("a", TO_A)], mesh=mesh, routes=adopted) == [
        f"sandlane.yaml: SL225 'VirtualService/shop/a' cannot be adopted with 'mesh: {mesh}', which does not read it\n"
        "  hint: remove it from 'spec.routes.adopt'"
    ]
