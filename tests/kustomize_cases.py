"""Kustomize's own cases, where they are beside the checkout: how one comes out here, and where we differ on purpose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandlane.base.kustomize.build import build
from sandlane.files.tree import MemoryTree
from sandlane.problems.problem import Invalid
from sandlane.yamlio import read as yamlio
from tests.shared import SHARED

SHARED_CASES = SHARED / "cases" / "kustomize.json"

DEVIATIONS = {
    "TestStrategicMergeTransformerNoSchema": "a plain Y is ambiguous and has to be quoted",
}
"""Name of a case -> why it is refused here (design: deliberate deviations, and strict reading)."""
UNSUPPORTED = {"SL140", "SL141"}


def outcome(case: Mapping[str, Any]) -> str:
    """Returns `right`, `unsupported`, `deviates` or `wrong`."""
    tree = MemoryTree({path.lstrip("/"): text for path, text in case["files"].items()})
    directory = case["path"].strip("/").removeprefix(".").lstrip("/")
    try:
        built = [manifest for _, manifest in build(tree, directory).objects]
    except Invalid as invalid:
        if "expected" not in case:
            return "right"
        if {problem.code for problem in invalid.problems} <= UNSUPPORTED:
            return "unsupported"
        return "deviates" if case["name"] in DEVIATIONS else "wrong"
    if "expected" not in case:
        return "wrong"
    expected = [document.data for document in yamlio.read(case["expected"].encode(), "expected.yaml")]
    return "right" if _as_set(built) == _as_set(expected) else "wrong"


def _as_set(manifests: list[Any]) -> list[str]:
    return sorted(json.dumps(manifest, sort_keys=True) for manifest in manifests)
