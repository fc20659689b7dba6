"""Same inputs, same bytes: under any hash seed, locale, directory and order of files; and what a sandbox may change."""

from __future__ import annotations

import datetime
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

from sandlane.files.disk import DiskTree
from sandlane.pipeline import render
from sandlane.specs.inputs import read_inputs
from tests.project.test_golden import files_of
from tests.shared import REPOSITORY
from tests.starts import sandlane

SHOP = REPOSITORY / "overlays" / "shop"
SPECS = ("dev1", "dev10", "xdev1")


def rendered(directory: Path) -> dict[str, str]:
    return dict(render(read_inputs(DiskTree(directory), "sandlane.yaml")).files)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHOP, tmp_path / "shop"))


@pytest.mark.parametrize(("seed", "locale"), [("0", "C"), ("1", "C.UTF-8"), ("42", "tr_TR.UTF-8")])
def test_same_bytes_under_any_hash_seed_and_locale(seed: str, locale: str, shop: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": "Asia/Kathmandu"}
    command = [sys.executable, "-m", "sandlane", "render", str(shop), "--output", str(tmp_path / "out")]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert files_of(tmp_path / "out") == rendered(shop)


class _NoDate(datetime.date):
    """A day that is written, and never today's."""

    @classmethod
    def today(cls) -> NoReturn:
        raise AssertionError("the clock was asked")


class _NoTime(datetime.datetime):
    """A time that is written, and never now."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> NoReturn:
        raise AssertionError("the clock was asked")

    today = utcnow = now


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_no_clock_decides_on_what_is_rendered(zone: str, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has expired renders as what has not: the day is a text, and nothing asks which day it is."""
    spec = shop / "sandboxes" / "dev1.yaml"
    text = spec.read_text()
    files, notices = [], []
    with monkeypatch.context() as clock:
        clock.setattr(datetime, "date", _NoDate)
        clock.setattr(datetime, "datetime", _NoTime)
        for name in ("time", "time_ns", "localtime", "gmtime"):
            clock.setattr(time, name, lambda *_: pytest.fail("the clock was asked"))
        clock.setenv("TZ", zone)
        time.tzset()
        for day in ("2001-01-01", "2099-12-31"):
            spec.write_text(text.replace("2027-01-29", day))
            found = render(read_inputs(DiskTree(shop), "sandlane.yaml"))
            assert any(day in each for each in found.files.values())
            files.append({path: each.replace(day, "DAY") for path, each in found.files.items()})
            notices.append(found.notices)
    time.tzset()
    assert (files[0], notices[0]) == (files[1], notices[1])


def test_same_bytes_in_any_order_of_files(shop: Path) -> None:
    before = rendered(shop)
    files = sorted((shop / "base").glob("*.yaml"))
    shuffled = random.Random(7).sample(range(len(files)), len(files))
    for number, file in zip(shuffled, files, strict=True):
        file.rename(shop / "base" / f"{number:03}.yml")
    names = ["z.yaml", "m.yaml", "a.yaml"]
    for name, spec in zip(names, SPECS, strict=True):
        (shop / "sandboxes" / f"{spec}.yaml").rename(shop / "sandboxes" / f"_{name}")
    after = rendered(shop)
    assert {path: unplaced(text) for path, text in after.items()} == {
        path: unplaced(text) for path, text in before.items()
    }


def unplaced(text: str) -> str:
    """Leaves out the line that names the spec's file."""
    return "\n".join(line for line in text.split("\n") if "sandlane.dev/spec:" not in line)


def test_same_bytes_from_any_directory(shop: Path, tmp_path: Path) -> None:
    outputs = []
    for directory, argument in ((shop, "."), (tmp_path, "shop"), (shop / "base", "../sandlane.yaml")):
        assert sandlane(directory, "render", argument).returncode == 0
        outputs.append(files_of(shop / "rendered"))
        shutil.rmtree(shop / "rendered")
    assert outputs[1:] == outputs[:1] * 2


@pytest.mark.parametrize("name", SPECS)
def test_adding_a_sandbox_changes_nothing_under_anothers_directory(name: str, shop: Path) -> None:
    everything = rendered(shop)
    (shop / "sandboxes" / f"{name}.yaml").unlink()
    without = rendered(shop)
    added = everything.keys() - without.keys()
    changed = {path for path in without if everything.get(path) != without[path]}
    assert {path for path in added if path.startswith("sandboxes/")} == {
        path for path in everything if path.startswith(f"sandboxes/{name}/")
    }
    assert {path.split("/")[0] for path in changed} <= {"shared"}


def test_removing_all_sandboxes_gives_the_output_of_none(shop: Path, tmp_path: Path) -> None:
    none = Path(shutil.copytree(shop, tmp_path / "none"))
    for spec in SPECS:
        (none / "sandboxes" / f"{spec}.yaml").unlink()
    for directory in (shop, none):
        assert sandlane(tmp_path, "render", str(directory)).returncode == 0
    shutil.rmtree(shop / "sandboxes")  # git keeps no empty directories
    assert sandlane(tmp_path, "render", str(shop)).returncode == 0
    assert files_of(shop / "rendered") == files_of(none / "rendered")
    assert sorted(files_of(none / "rendered")) == [
        "README.md",
        "sandboxes/README.md",
        "shared/README.md",
        "shared/shop/virtualservice-catalog.yaml",
        "shared/shop/virtualservice-checkout.yaml",
        "shared/shop/virtualservice-shop.yaml",
    ]


def test_a_suspended_sandbox_gives_the_output_without_it(shop: Path) -> None:
    spec = shop / "sandboxes" / "dev1.yaml"
    spec.write_text(spec.read_text().replace("  owner: dana\n", "  owner: dana\n  suspend: true\n"))
    suspended = rendered(shop)
    spec.unlink()
    assert suspended == rendered(shop)
