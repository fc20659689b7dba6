from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_init import run, told, write
from tests.cli.test_set import BASE, ENVIRONMENT


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a sandbox that ends with the first of December."""
    (tmp_path / ".git").mkdir()
    write(tmp_path, {"sandlane.yaml": ENVIRONMENT, "base/app.yaml": BASE, "sandboxes/README.md": ""})
    monkeypatch.chdir(tmp_path)
    assert run("set", "dev1", "checkout=r/checkout:2", "--owner", "dana", "--expires", "2026-12-01")[0] == 0
    return tmp_path


def test_list_shows_what_has_expired(here: Path) -> None:
    head = "NAME  TENANTID  OWNER  EXPIRES     WORKLOADS                 NOTES\n"
    row = "dev1  dev1      dana   2026-12-01  Deployment/shop/checkout  {}\n"
    assert run("list", "--as-of", "2026-12-01") == (0, head + row.format("-"), "")
    assert run("list", "--as-of", "2026-12-02") == (0, head + row.format("EXPIRED"), "")


def test_check_fails_for_what_has_expired(here: Path) -> None:
    assert run("check", "--as-of", "2026-12-01")[0] == 0
    assert run("check", "--as-of", "2026-12-02") == (
        1,
        "expired sandboxes/dev1.yaml: dev1, with 2026-12-01\n",
        "1 expired: run 'sandlane prune sandlane.yaml --as-of 2026-12-02'\n",
    )


@pytest.mark.parametrize("command", ["list", "check", "prune"])
def test_days_that_are_none(here: Path, command: str) -> None:
    status, _, err = run(command, "--as-of", "2026-02-30")
    assert (status, told(err)) == (
        2,
        "'2026-02-30' is no day: give one as 2026-12-01, as today, or as +14d or +2w from today\n",
    )


def test_the_environment_is_found_from_below(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here / "sandboxes")
    assert run("check")[0] == 0
    assert run("set", "dev1", "checkout=r/checkout:3")[2].splitlines()[0] == "dev1.yaml: changed"


def test_no_environment_above_the_repository_is_taken(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, {"other/.git/HEAD": "", "other/a/x": "", "other/a/staging/sandlane.yaml": ENVIRONMENT})
    monkeypatch.chdir(here / "other" / "a")
    assert run("check") == (
        2,
        "",
        "SL120 environment file 'sandlane.yaml' does not exist\n  hint: name one of those below: staging/sandlane.yaml\n"
        "1 problem\n",
    )
    monkeypatch.chdir(here / "other" / ".git")
    write(here, {"other/.git/.git/HEAD": ""})
    assert run("check") == (
        2,
        "",
        "SL120 environment file 'sandlane.yaml' does not exist\n"
        "  hint: name the environment's file or directory, or make one with 'sandlane init'\n1 problem\n",
    )
