"""An upgrade from 0.1.0 changes in an output what CHANGELOG.md says, and nothing else.

`0.1.0/` holds environments with the output that this version wrote for them at 2a96532.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.shared import REPOSITORY
from tests.starts import sandlane
from tests.upgrades.differences import differences, objects

BEFORE = Path(__file__).parent / "0.1.0"
ENVIRONMENTS = {
    "shop": ("shop/sandlane.yaml", "shop/rendered"),
    "shop on Linkerd": ("shop/linkerd.yaml", "shop/rendered-linkerd"),
    "overrides": ("overrides/sandlane.yaml", "overrides/rendered"),
}
SAID = {
    r"VirtualService/shop/\w+-sandlane: spec\.(exportTo|http\[\d+\]\.match)": "every entry of a VirtualService that sandlane "
    "writes for a Service names its port, and `exportTo` is always written",
    r"HTTPRoute/shop/[\w-]+: metadata\.labels\.sandlane\.dev/origin: ": "Copies of routes say their origin's kind",
    r"\w+Policy/shop/[\w-]+: metadata\.annotations\.argocd\.argoproj\.io/sync-wave: .* -> nothing$": "Copied policies have no "
    "Argo CD sync wave",
    r"Job/shop/seed-dev1-\w+: (gone|new)$": "Names of existing clones of Jobs change once with this version",
}
"""What may differ -> the sentence of CHANGELOG.md that says so."""


def upgraded(name: str, root: Path) -> tuple[Path, Path]:
    """Renders over the output of 0.1.0, and returns where that was and where the new one is."""
    environment, output = ENVIRONMENTS[name]
    shutil.copytree(BEFORE, root / "overlays")
    for words in (("render",), ("check",), ("verify",)):
        done = sandlane(root, *words, f"overlays/{environment}", "--root", str(root))
        assert done.returncode == 0, done.stderr
    return BEFORE / output, root / "overlays" / output


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def outputs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return upgraded(request.param, tmp_path_factory.mktemp("upgrade"))


def test_nothing_changes_that_the_changelog_does_not_say(outputs: tuple[Path, Path]) -> None:
    before, after = map(objects, outputs)
    assert len(before) > 10
    assert [line for line in differences(before, after) if not any(re.match(said, line) for said in SAID)] == []


def test_no_selector_changes(outputs: tuple[Path, Path]) -> None:
    """A Deployment's cannot be changed, and a Service's decides who gets requests."""
    before, after = map(objects, outputs)
    kept = [name for name in before if name.split("/")[0] in {"Deployment", "StatefulSet", "Service"}]
    assert len(kept) > 4
    assert [name for name in kept if before[name]["spec"]["selector"] != after[name]["spec"]["selector"]] == []


def test_the_changelog_says_it() -> None:
    text = " ".join((REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8").split())
    assert [sentence for sentence in SAID.values() if sentence not in text] == []


def test_every_sentence_is_about_something(tmp_path: Path) -> None:
    lines = [
        line
        for number, name in enumerate(ENVIRONMENTS)
        for line in differences(*map(objects, upgraded(name, tmp_path / str(number))))
    ]
    assert [said for said in SAID if not any(re.match(said, line) for line in lines)] == []


def test_what_differs_is_found() -> None:
    before = {"A": {"spec": {"replicas": 1, "names": ["a", "b"]}}, "B": {}}
    after = {"A": {"spec": {"replicas": 2, "names": ["a", "c"], "more": {}}}, "C": {}}
    assert list(differences(before, after)) == [
        "A: spec.more: nothing -> {}",
        'A: spec.names[1]: "b" -> "c"',
        "A: spec.replicas: 1 -> 2",
        "B: gone",
        "C: new",
    ]
