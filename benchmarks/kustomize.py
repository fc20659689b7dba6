"""Prints how the native build of kustomizations does: kustomize's own cases, if they are beside the checkout, and its speed.

    python benchmarks/kustomize.py

The last figure is one overlay (suffix, labels, image, patch) over a base that is parsed already, best of several.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from sandlane.base.kustomize.build import build  # noqa: E402
from sandlane.files.disk import DiskTree  # noqa: E402
from sandlane.files.tree import MemoryTree  # noqa: E402
from tests.kustomize_cases import SHARED_CASES, outcome  # noqa: E402

BOUTIQUE = REPOSITORY.parent / "shared" / "trees" / "online-boutique"
ROUNDS = 15
OVERLAY = {
    "resources": ["../base"],
    "nameSuffix": "-dev1",
    "labels": [{"pairs": {"tenant": "dev1"}, "includeSelectors": True}],
    "images": [{"name": "frontend", "newTag": "pr-1"}],
    "patches": [
        {
            "target": {"kind": "Deployment", "name": "frontend"},
            "patch": json.dumps(
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "metadata": {"name": "frontend"},
                    "spec": {
                        "template": {"spec": {"containers": [{"name": "server", "env": [{"name": "A", "value": "b"}]}]}}
                    },
                }
            ),
        }
    ],
}


def best(call: Callable[[], object]) -> float:
    """Returns the least time of several calls in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def cases() -> None:
    """Prints a table of outcomes of kustomize's own cases."""
    if not SHARED_CASES.is_file():
        print("the cases of kustomize are not beside this checkout")
        return
    table: Counter[tuple[str, str]] = Counter()
    for case in json.loads(SHARED_CASES.read_text())["cases"]:
        table["native fields" if case["native_subset"] else "other fields", outcome(case)] += 1
    for (fields, found), count in sorted(table.items()):
        print(f"{fields:14} {found:12} {count:4}")


def speed() -> None:
    """Prints what a base and one overlay of it cost."""
    if not BOUTIQUE.is_dir():
        print("Online Boutique is not beside this checkout")
        return
    directory = BOUTIQUE / "kustomize" / "base"
    files = {f"base/{path.name}": path.read_bytes() for path in directory.iterdir() if path.is_file()}
    tree = MemoryTree({**files, "overlay/kustomization.yaml": json.dumps(OVERLAY)})
    count = len(build(DiskTree(BOUTIQUE), "kustomize/base").objects)
    base, overlay = best(lambda: build(tree, "base")), best(lambda: build(tree, "overlay"))
    print(
        f"base, {count} objects: {base:.1f} ms; with one overlay: {overlay:.1f} ms; the overlay: {overlay - base:.1f} ms"
    )


if __name__ == "__main__":
    cases()
    speed()
