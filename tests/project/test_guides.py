"""The guides of docs/guides: each from nothing to synced, their commands run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.docs.story import play, run
from tests.shared import REPOSITORY

GUIDES = sorted((REPOSITORY / "docs" / "guides").glob("*.md"))


def blocks(guide: Path, mark: str) -> list[str]:
    return re.findall(rf"<!-- {mark} -->\n```yaml\n(.*?)```", guide.read_text(), re.DOTALL)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_the_commands_of_a_guide(guide: Path, tmp_path: Path) -> None:
    home = tmp_path / "shop"
    assert play(guide.read_text(encoding="utf-8"), home) == []
    assert list((home / "rendered" / "sandboxes" / "dev1").rglob("deployment-checkout-dev1.yaml"))
    for mark in ("plugin", "workflow", "pipeline", "transformer"):
        for text in blocks(guide, mark):
            assert isinstance(yaml.safe_load(text), dict)


def test_guides_are_short() -> None:
    assert {
        guide.stem: len(guide.read_text().splitlines()) for guide in GUIDES if len(guide.read_text().splitlines()) > 60
    } == {}


def test_the_plugin_prints_manifests_alone(tmp_path: Path) -> None:
    guide, home = REPOSITORY / "docs" / "guides" / "argocd.md", tmp_path / "shop"
    assert play(guide.read_text(encoding="utf-8"), home) == []
    (plugin,) = blocks(guide, "plugin")
    done = run(home, shlex.join(yaml.safe_load(plugin)["spec"]["generate"]["command"]))
    kinds = [document["kind"] for document in yaml.safe_load_all(done.stdout)]
    assert (done.returncode, kinds) == (0, ["Deployment", "Service", "VirtualService"])
