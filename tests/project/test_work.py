"""Work grows in proportion to sandboxes: counted in calls, not in seconds, so that no machine makes this test fail."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from sandlane.files.tree import MemoryTree
from sandlane.pipeline import render
from sandlane.specs.inputs import read_inputs
from tests.build import app, inputs, sandbox
from tests.shared import REPOSITORY

pytestmark = pytest.mark.uncounted

SHOP = REPOSITORY / "overlays" / "shop"
COUNTED = {
    ("yamlio/read.py", "read"): "documents parsed",
    ("k8s/selectors.py", "matches"): "selector tests",
    ("istio/matches.py", "tenant_matches"): "route conditions",
    ("output/layout.py", "path_of"): "paths",
    ("yamlio/write.py", "write"): "objects emitted",
}
COMPARED = {("sandlane/frozen/methods.py", "_equal"): "comparisons"}
MESHES = ("gateway-api", "istio", "istio-ambient", "linkerd")


def shop(count: int) -> MemoryTree:
    files = {
        path.relative_to(SHOP).as_posix(): path.read_bytes()
        for path in SHOP.rglob("*.yaml")
        if "sandboxes" not in path.parts
    }
    for number in range(count):
        files[f"sandboxes/t{number}.yaml"] = (
            f"apiVersion: sandlane.dev/v1alpha1\nkind: DevelopmentSandbox\nmetadata: {{name: t{number}}}\n"
            "spec:\n  workloads:\n  - {name: cart}\n  - {name: payment}\n"
        ).encode()
    return MemoryTree(files)


@cache
def counted(code: CodeType) -> str:
    return (COUNTED | COMPARED).get(("/".join(Path(code.co_filename).parts[-2:]), code.co_name), "")


def work(action: Callable[[], object]) -> Mapping[str, int]:
    """Counts the calls of an action."""
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (what := counted(frame.f_code)):
            calls[what] += 1

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("what", sorted(COUNTED.values()))
def test_work_is_linear_in_sandboxes(what: str, counts: tuple[Mapping[str, int], ...]) -> None:
    ten, twenty, forty = (calls[what] for calls in counts)
    assert 0 < ten < twenty < forty
    assert forty - twenty == 2 * (twenty - ten)


@pytest.fixture(scope="module")
def counts() -> tuple[Mapping[str, int], ...]:
    return tuple(work(partial(rendered, shop(count))) for count in (10, 20, 40))


def rendered(tree: MemoryTree) -> None:
    render(read_inputs(tree, "sandlane.yaml"))


@pytest.mark.parametrize(
    "mesh", [pytest.param(m, marks=[pytest.mark.slow] * (m in ("gateway-api", "istio-ambient"))) for m in MESHES]
)
def test_comparisons_of_tenants_of_one_service_are_linear(mesh: str) -> None:
    """Values that are looked for in lists are compared with each of them: of 1,000 tenants a million times."""
    base = [*app("a"), *app("b")]
    few, many = (
        inputs(base, *(sandbox(f"t{number}", "a") for number in range(count)), mesh=mesh) for count in (20, 80)
    )
    render(few)  # what is worked out once is not counted
    assert work(partial(render, many))["comparisons"] <= 5 * work(partial(render, few))["comparisons"]
