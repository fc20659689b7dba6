"""`sandlane diff` of applications as large as real ones: whole outputs in tests/cli/diff/market and tests/cli/diff/railway."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandlane.yamlio.write import write
from tests.applications import environment, sandbox
from tests.cli.test_diff import EXPECTED, Edit, edit, formats, git, sandlane
from tests.systems import MARKET, RAILWAY, REGISTRY, system

SYSTEMS: Mapping[str, tuple[Mapping[str, Any], bool]] = {"market": (MARKET, True), "railway": (RAILWAY, False)}


def clone(name: str, version: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": f"{REGISTRY}/{name}:{version}", **more}


RISK = {"code": "SL411", "object": "Deployment/{}/basket-store", "reason": "its owner sends to the clone by name"}


def scenarios(name: str) -> Mapping[str, Edit]:
    first, second = list(SYSTEMS[name][0])[:2]
    new = sandbox(
        "pay-12",
        [clone(second, "pr-12"), clone(first, "pr-12", env=[{"name": "LOG_LEVEL", "value": "debug"}])],
        owner="kim",
    )
    risky = {**RISK, "object": RISK["object"].format(name)}
    return {
        "new": {"sandboxes/pay-12.yaml": write(new)},
        "image": {"sandboxes/cart-7.yaml": (":pr-7", ":pr-8")},
        "rename": {"sandboxes/cart-7.yaml": ("owner: dana", "owner: dana\n  tenantID: cart-8")},
        "removal": {"sandboxes/search-3.yaml": None},
        "base": {"base.yaml": (f"image: {REGISTRY}/{name}/{second}:v1", f"image: {REGISTRY}/{name}/{second}:v2")},
        "environment": {"sandlane.yaml": ("mesh: istio", "mesh: istio\n  carriers: [{header: x-tenant}]")},
        **({"risk": {"sandboxes/store-1.yaml": write(sandbox("store-1", [clone("basket-store", "pr-1", accept=[risky])]))}}
           if name == "market" else {}),
    }  # fmt: skip


CASES = [(name, scenario) for name in SYSTEMS for scenario in scenarios(name)]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, str]]:
    """What `diff` tells of a scenario in every format, compared once."""
    name, scenario = request.param
    calls, has_policies = SYSTEMS[name]
    first, second, third = list(calls)[:3]
    place = tmp_path_factory.mktemp(f"{name}-{scenario}")
    settings = environment(routes={"adopt": [{"kind": "VirtualService", "name": first}]})
    settings["spec"]["defaultNamespace"] = name
    specs = [
        sandbox("cart-7", [clone(second, "pr-7")], owner="dana"),
        sandbox("search-3", [clone(third, "pr-3"), clone(second, "pr-3")], owner="lee"),
    ]
    (place / "sandboxes").mkdir()
    (place / "base.yaml").write_text(system(name, calls, has_policies=has_policies))
    (place / "sandlane.yaml").write_text(write(settings))
    for spec in specs:
        (place / "sandboxes" / f"{spec['metadata']['name']}.yaml").write_text(write(spec))
    git(place, "init", "-q", "-b", "main", ".")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "first")
    assert sandlane(place, "render").exit_code == 0
    edit(place, scenarios(name)[scenario])
    return EXPECTED / name / scenario, formats(place)


@pytest.mark.parametrize("ending", ["txt", "md", "html"])
def test_whole_output(ending: str, told: tuple[Path, Mapping[str, str]], request: pytest.FixtureRequest) -> None:
    path, written = told
    file = path.with_suffix(f".{ending}")
    if request.config.getoption("--update-golden"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(written[ending])
        pytest.fail("golden files were rewritten: review the diff and run again")
    assert written[ending] == file.read_text()
