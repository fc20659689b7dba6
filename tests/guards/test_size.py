"""How large an object is: in the bytes that are stored, by guard and by proof (rule R-I17b)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sandlane.files.tree import MemoryTree
from sandlane.pipeline import Rendered, render, written
from sandlane.problems.problem import Invalid, show
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.inputs import Inputs, read_inputs
from tests.build import Object, app, files_of, sandbox, texts

CHINESE = "\u6587"
EMOJI = "\U0001f600"
CONTROL = "\x01"


def config(text: str, name: str = "big-dev1") -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"text": text}}


def brought(text: str) -> Inputs:
    """Reads a sandbox that brings a ConfigMap."""
    spec = sandbox("dev1", "web", resources=["../big.yaml"])
    files = files_of(app("web"), spec, policy={"resourceKinds": ["ConfigMap"]})
    return read_inputs(MemoryTree({**files, "big.yaml": json.dumps(config(text))}), "sandlane.yaml")


def rendered(text: str) -> Rendered:
    return render(brought(text))


def refused(text: str) -> list[str]:
    with pytest.raises(Invalid) as found:
        rendered(text)
    return texts(found.value.problems)


WAY = "let it hold less in 'big.yaml': divide it among several objects, or keep what is large elsewhere"


def test_letters_count_as_utf_8_and_what_has_no_entries_has_a_way_out_of_its_own() -> None:
    stored = [o.manifest for o in rendered(CHINESE * 200_000).objects if o.id.kind == "ConfigMap"]
    assert len(json.dumps(stored[0])) > 1_200_000
    assert refused(CHINESE * 400_000) == [
        "sandboxes/dev1.yaml: SL404 'ConfigMap/shop/big-dev1' would be 1,200,330 bytes, "
        "more than the 1,048,576 that the API server stores\n"
        f"  hint: {WAY}"
    ]


@pytest.mark.parametrize(
    ("text", "bytes_of_one"),
    [
        pytest.param("x", 1, id="ascii"),
        pytest.param("\u00e4", 2, id="latin"),
        pytest.param(CHINESE, 3, id="chinese"),
        pytest.param(EMOJI, 4, id="emoji"),
        pytest.param(CONTROL, 6, id="escaped"),
        pytest.param("\n", 2, id="line-breaks"),
    ],
)
def test_what_client_side_apply_cannot_store_is_told_to_the_byte(text: str, bytes_of_one: int) -> None:
    """A file of few characters may hold many bytes."""

    def told(count: int) -> list[str]:
        return [line.partition(" bytes")[0] for line in texts(rendered(text * count).notices) if "SL341" in line]

    rest = 330  # what the object takes beside the text
    fits = (262_144 - rest) // bytes_of_one
    assert told(fits) == []
    size = (fits + 1) * bytes_of_one + rest
    assert told(fits + 1) == [f"sandboxes/dev1.yaml: SL341 notice: 'ConfigMap/shop/big-dev1' is {size:,}"]


@pytest.mark.parametrize(("count", "size"), [(349_000, None), (350_000, "1,050,330")])
def test_proof_and_guard_agree(count: int, size: str | None) -> None:
    inputs, text = brought(CHINESE), CHINESE * count
    objects = [
        replace(o, manifest={**o.manifest, "data": {"text": text}}) if o.id.kind == "ConfigMap" else o
        for o in render(inputs).objects
    ]
    said = [show(p) for p in prove(inputs.base, written(objects), claims_of(inputs)) if p.code == "SL606"]
    if size is None:
        assert (said, rendered(text).left_out) == ([], ())
        return
    assert len(said) == 1
    assert f"has {size} bytes, expected at most 1,048,576" in said[0]
    assert f"would be {size} bytes" in refused(text)[0]
