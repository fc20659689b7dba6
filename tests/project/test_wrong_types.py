"""No value of a wrong type, in any field of any object, is a defect of sandlane's own: it is told as a mistake."""

from __future__ import annotations

import pytest

from sandlane.files.tree import MemoryTree
from sandlane.pipeline import render
from sandlane.specs.inputs import read_inputs
from tests.fuzz.wrong_types import Find, files_of, finds, renders, verified

ENVIRONMENTS = [
    pytest.param("pods", "istio", id="pods"),
    pytest.param("istio", "istio", id="istio"),
    pytest.param("kustomized", "istio", id="kustomized"),
    *(pytest.param("gateway-api", mesh, id=mesh) for mesh in ("gateway-api", "linkerd", "istio-ambient")),
]
SOME, ALL = 301, 1
"""Every how many of the changes is tried: a number that has no divisor in common with that of the values, so that all come up."""


def shown(found: list[Find]) -> list[str]:
    return [f"{find.file}#{find.document} {find.path} = {find.value!r}: {find.where}" for find in found]


def of_inputs(name: str, mesh: str, every: int) -> list[str]:
    files = files_of(name, mesh)
    render(read_inputs(MemoryTree(files), "sandlane.yaml"))
    return shown(list(finds(files, files, renders, every)))


def of_outputs(name: str, mesh: str, every: int) -> list[str]:
    inputs = read_inputs(MemoryTree(files_of(name, mesh)), "sandlane.yaml")
    files = dict(render(inputs).files)
    of_tenants = {file: text for file, text in files.items() if not file.startswith("base/")}
    return shown(list(finds(files, of_tenants, lambda changed: verified(inputs, changed), every)))


@pytest.mark.parametrize(("name", "mesh"), ENVIRONMENTS)
def test_no_value_of_a_wrong_type_is_a_defect(name: str, mesh: str) -> None:
    assert of_inputs(name, mesh, SOME) == []


@pytest.mark.parametrize(("name", "mesh"), ENVIRONMENTS)
def test_no_value_of_a_wrong_type_in_an_output_is_a_defect(name: str, mesh: str) -> None:
    assert of_outputs(name, mesh, SOME) == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mesh"), ENVIRONMENTS)
def test_no_value_at_all_is_a_defect(name: str, mesh: str) -> None:
    assert of_inputs(name, mesh, ALL) == []
    assert of_outputs(name, mesh, ALL) == []
