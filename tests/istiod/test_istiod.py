"""What istiod itself makes of the output (rule R-I8 and all others on Istio): it shares nothing with sandlane.

`make test-istiod` builds the program beside this file and runs these tests; without it they are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandlane.files.disk import DiskTree
from sandlane.output.layout import Placed
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from sandlane.specs.inputs import Inputs, read_inputs
from tests.build import app, inputs, sandbox
from tests.istiod.bases import random_inputs
from tests.istiod.comparison import Case, Tally, compare
from tests.istiod.control_plane import BINARY
from tests.istiod.parts import compare_parts
from tests.meshes.istio.test_found import FOUND, found_inputs
from tests.meshes.test_routing_cases import CASES, read
from tests.project.test_golden import EXAMPLES
from tests.shared import REPOSITORY, needs_shared

pytestmark = [
    pytest.mark.istiod,
    pytest.mark.skipif(not BINARY.is_file(), reason="istiod is not built: make test-istiod"),
]
_BATCH = 12
_SHARE = 10
BASES = int(os.environ.get("SANDLANE_BASES") or 200)
"""How many random bases are tried, by their seeds."""
FIGURES = "istiod"
_SLOW = {"50-size"}


def case_of(id: str, given: Inputs) -> Case | None:
    """Returns a case, or None where the render is refused."""
    try:
        return Case(id=id, inputs=given, found=render(given))
    except Invalid:
        return None


def compared(cases: Iterable[Case | None], compare: Callable[..., None] = compare) -> Tally:
    tally = Tally()
    found = [case for case in cases if case and case.inputs.environment.mesh != "linkerd"]
    for is_ambient in (False, True):
        mine = [case for case in found if (case.inputs.environment.mesh == "istio-ambient") == is_ambient]
        for start in range(0, len(mine), _BATCH):
            compare(mine[start : start + _BATCH], tally, is_ambient=is_ambient)
    return tally


def report_of(tally: Tally) -> str:
    """Returns the figures of a comparison, in a line."""
    named = "; ".join(f"{count} {name}" for name, count in sorted(tally.named.items()))
    counted = f"{tally.worlds} worlds, {tally.requests} requests, {tally.unknown} not known to the evaluator"
    return f"{counted}, named differences: {named or 'none'}"


@pytest.fixture
def told(record_property: Callable[[str, object], None]) -> Callable[[Tally], list[str]]:
    """Returns what keeps the figures of a comparison for the end of the run, and returns its differences."""

    def keep(tally: Tally) -> list[str]:
        record_property(FIGURES, report_of(tally))
        return tally.differences

    return keep


Told = Callable[[Tally], list[str]]


def test_routing_cases(told: Told) -> None:
    cases = (case_of(file.stem, read(file.read_text()).inputs) for file in CASES if file.stem not in _SLOW)
    assert told(compared(cases)) == []


def test_golden_examples(told: Told) -> None:
    examples = ((name, f"overlays/{path}") for name, path in EXAMPLES.items())
    assert told(compared(case_of(name, given) for name, given in _read(examples, REPOSITORY))) == []


@pytest.mark.parametrize("first", range(0, BASES, _SHARE))
def test_random_bases(first: int, told: Told) -> None:
    assert told(compared(case_of(f"seed {seed}", random_inputs(seed)) for seed in range(first, first + _SHARE))) == []


def test_half_finished_syncs_of_routing_cases(told: Told) -> None:
    cases = (case_of(file.stem, read(file.read_text()).inputs) for file in CASES if file.stem not in _SLOW)
    assert told(compared(cases, compare_parts)) == []


def test_half_finished_syncs_of_golden_examples(told: Told) -> None:
    examples = ((name, f"overlays/{path}") for name, path in EXAMPLES.items())
    assert told(compared((case_of(name, given) for name, given in _read(examples, REPOSITORY)), compare_parts)) == []


@pytest.mark.parametrize("first", range(0, BASES // 5, _SHARE))
def test_half_finished_syncs_of_random_bases(first: int, told: Told) -> None:
    cases = (case_of(f"seed {seed}", random_inputs(seed)) for seed in range(first, first + _SHARE))
    assert told(compared(cases, compare_parts)) == []


def test_an_object_that_changes_requests_of_others_is_found() -> None:
    case = case_of("01", read((CASES[0]).read_text()).inputs)
    assert case
    objects = tuple(_with("for everybody", case.found.objects))
    tally = Tally()
    compare_parts([replace(case, found=replace(case.found, objects=objects))], tally)
    assert tally.differences


@needs_shared
def test_what_istiod_once_showed(told: Told) -> None:
    names = sorted(path.name for path in FOUND.iterdir() if path.is_dir())
    assert told(compared(case_of(name, found_inputs(name)) for name in names)) == []


def _read(environments: Iterable[tuple[str, str]], root: Path) -> Iterator[tuple[str, Inputs]]:
    for name, path in environments:
        try:
            yield name, read_inputs(DiskTree(root), path)
        except Invalid:
            continue


def _defective(case: Case, defect: str) -> Tally:
    tally = Tally()
    compare([replace(case, found=replace(case.found, objects=tuple(_with(defect, case.found.objects))))], tally)
    return tally


@pytest.mark.parametrize("defect", ["left out", "behind the base's"])
def test_a_defect_is_found(defect: str) -> None:
    case = case_of("01", read((CASES[0]).read_text()).inputs)
    assert case
    assert len(_defective(case, defect).differences) >= 2


def test_a_virtual_host_of_another_port_is_found() -> None:
    case = case_of("ports", inputs([*app("a", 7070), *app("b", 80)], sandbox("dev1", "a"), mesh="istio"))
    assert case
    new = [text for text in _defective(case, "without ports").differences if "is new, of virtual host" in text]
    assert any("('80', 'a.shop.svc.cluster.local')" in text for text in new)


def _with(defect: str, objects: Iterable[Placed]) -> Iterator[Placed]:
    """Yields objects with a defect: VirtualServices that are left out, or tenants' entries behind the base's."""
    for placed in objects:
        if placed.id.kind != "VirtualService":
            yield placed
        elif defect == "without ports":
            http = [{**entry, "match": [{k: v for k, v in m.items() if k != "port"} for m in entry["match"]]}
                    for entry in placed.manifest["spec"]["http"]]  # fmt: skip
            bare = [{key: value for key, value in entry.items() if key != "match" or any(value)} for entry in http]
            yield replace(placed, manifest={**placed.manifest, "spec": {**placed.manifest["spec"], "http": bare}})
        elif defect == "for everybody":
            http = [
                {key: value for key, value in entry.items() if key != "match"}
                for entry in placed.manifest["spec"]["http"]
            ]
            yield replace(placed, manifest={**placed.manifest, "spec": {**placed.manifest["spec"], "http": http}})
        elif defect != "left out":
            spec = {**placed.manifest["spec"], "http": placed.manifest["spec"]["http"][::-1]}
            yield replace(placed, manifest={**placed.manifest, "spec": spec})
