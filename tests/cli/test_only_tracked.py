"""`--only-tracked`: the inputs are those of git's index, whatever lies beside them on disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.test_diff import committed, git, sandlane, shop

__all__ = ["committed", "shop"]

DEV1 = "sandboxes/dev1.yaml"


def change(place: Path, file: str, before: str, after: str) -> None:
    text = (place / file).read_text()
    assert before in text
    (place / file).write_text(text.replace(before, after))


def test_what_is_not_staged_is_not_there(shop: Path) -> None:
    change(shop, DEV1, "cart:pr-318", "cart:pr-319")
    shutil.copyfile(shop / DEV1, shop / "sandboxes" / "dev2.yaml")  # the same name and tenantID: an error, were it read
    (shop / "base" / "cart.yaml").write_text("no: manifest\n")
    (shop / "sandlane.yaml").unlink()
    (shop / "sandlane.yaml").write_text("kind: nothing\n")
    up_to_date = sandlane(shop, "check", "--only-tracked")
    assert (up_to_date.exit_code, up_to_date.stdout) == (0, "")
    rendered = sandlane(shop, "render", "--only-tracked", "--exit-code")
    assert (rendered.exit_code, rendered.stdout) == (0, "")
    compared = sandlane(shop, "diff", "--only-tracked")
    assert (compared.exit_code, compared.stdout) == (0, "sandlane.yaml against rendered: no difference\n")
    assert sandlane(shop, "check").exit_code == 2


def test_what_is_staged_is_there_though_the_disk_has_it_no_more(shop: Path) -> None:
    change(shop, DEV1, "cart:pr-318", "cart:pr-319")
    git(shop, "add", DEV1)
    git(shop, "rm", "-q", "--cached", "sandboxes/xdev1.yaml")
    (shop / DEV1).unlink()
    stale = sandlane(shop, "check", "--only-tracked")
    assert stale.exit_code == 1
    assert [line for line in stale.stdout.splitlines() if "deployment" in line] == [
        "stale rendered/sandboxes/dev1/shop/deployment-cart-dev1.yaml",
        "extra rendered/sandboxes/xdev1/shop/deployment-payment-xdev1.yaml",
    ]
    assert sandlane(shop, "render", "--only-tracked").exit_code == 0
    assert "cart:pr-319" in (shop / "rendered/sandboxes/dev1/shop/deployment-cart-dev1.yaml").read_text()
    assert not (shop / "rendered" / "sandboxes" / "xdev1").exists()
    compared = sandlane(shop, "diff", "HEAD", "--only-tracked", "--exit-code")
    assert (compared.exit_code, "cart:pr-318 → registry" in compared.stdout, "xdev1" in compared.stdout) == (
        1,
        True,
        True,
    )


def test_problems_have_the_lines_of_the_index(shop: Path) -> None:
    change(shop, DEV1, "name: checkout", "name: chekout")
    git(shop, "add", DEV1)
    change(shop, DEV1, "apiVersion", "\n\n\napiVersion")
    done = sandlane(shop, "check", "--only-tracked")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (
        2,
        "sandboxes/dev1.yaml:18:11: SL210 workload 'Deployment/shop/chekout' is not in the base",
    )


def test_an_environment_that_is_not_tracked(shop: Path) -> None:
    git(shop, "rm", "-q", "--cached", "sandlane.yaml")
    done = sandlane(shop, "check", "--only-tracked")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (2, "SL120 environment file 'sandlane.yaml' does not exist")


def test_an_index_with_a_conflict(shop: Path) -> None:
    git(shop, "checkout", "-q", "-b", "other")
    change(shop, DEV1, "cart:pr-318", "cart:pr-319")
    git(shop, "commit", "-qam", "other")
    git(shop, "checkout", "-q", "main")
    change(shop, DEV1, "cart:pr-318", "cart:pr-320")
    git(shop, "commit", "-qam", "ours")
    with pytest.raises(Exception, match="returned non-zero exit status 1"):
        git(shop, "merge", "-q", "other")
    done = sandlane(shop, "check", "--only-tracked")
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (
        2,
        "Error: --only-tracked: 'sandboxes/dev1.yaml' is in conflict in git's index: settle it first",
    )


def test_no_repository(shop: Path) -> None:
    shutil.rmtree(shop / ".git")
    done = sandlane(shop, "check", "--only-tracked")
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (
        2,
        "Error: --only-tracked: not a git repository (or any of the parent directories): .git",
    )


def test_not_with_a_stream(shop: Path) -> None:
    done = sandlane(shop, "render", "--only-tracked", "--base", "-", "--stdout")
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (
        2,
        "Error: --only-tracked reads from git's index, and '--base -' what is piped in: leave one out",
    )
