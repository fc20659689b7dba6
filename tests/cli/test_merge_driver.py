"""Two branches that add sandboxes to one VirtualService, merged by rendering again."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sandlane.reports.setup.integrations import INTEGRATIONS, Place
from tests.shared import REPOSITORY
from tests.starts import install, sandlane

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
SPEC = """\
apiVersion: sandlane.dev/v1alpha1
kind: DevelopmentSandbox
metadata: {{name: {name}}}
spec:
  workloads:
  - {{name: cart, image: "registry.example/shop/cart:{name}"}}
"""


def git(place: Path, *arguments: str, status: int = 0) -> str:
    done = subprocess.run(["git", *IDENTITY, *arguments], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def branch(place: Path, name: str, spec: str | None) -> None:
    """A branch off main that adds a sandbox, or removes dev1, and renders."""
    git(place, "checkout", "-q", "-b", name, "main")
    file = place / "apps" / "sandboxes" / f"{name if spec else 'dev1'}.yaml"
    if spec:
        file.write_text(spec)
    else:
        file.unlink()
    assert sandlane(place, "render", "apps").returncode == 0
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", name)


@pytest.fixture
def repository(first: Path, tmp_path: Path) -> Path:
    """A copy of the first commit, with the driver that its attributes name."""
    shutil.copytree(first, tmp_path / "home", symlinks=True)
    git(tmp_path / "home", "config", "merge.sandlane.driver", f"'{install(tmp_path / 'bin')}' merge-driver %O %A %B %P")
    return tmp_path / "home"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the shop in a directory and its attributes, rendered and committed."""
    tmp_path = tmp_path_factory.mktemp("first")
    git(tmp_path, "init", "-q", "-b", "main", ".")
    shutil.copytree(REPOSITORY / "overlays" / "shop", tmp_path / "apps")
    (tmp_path / "apps" / ".gitattributes").write_text(INTEGRATIONS["merge-driver"].text(_NOWHERE))
    assert sandlane(tmp_path, "render", "apps").returncode == 0
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


_NOWHERE: Place = None  # type: ignore[assignment]  # the attributes are the same everywhere


def test_both_sandboxes_are_there(repository: Path) -> None:
    branch(repository, "one", SPEC.format(name="one"))
    branch(repository, "two", SPEC.format(name="two"))
    git(repository, "merge", "-q", "--no-edit", "one")
    routes = (repository / "apps/rendered/shared/shop/virtualservice-cart-sandlane.yaml").read_text()
    assert "cart-one" in routes
    assert "cart-two" in routes
    assert sandlane(repository, "check", "apps").returncode == 0
    assert git(repository, "status", "--porcelain") == ""


def test_without_the_driver_it_is_a_conflict(repository: Path) -> None:
    git(repository, "config", "--unset", "merge.sandlane.driver")
    branch(repository, "one", SPEC.format(name="one"))
    branch(repository, "two", SPEC.format(name="two"))
    assert "CONFLICT" in git(repository, "merge", "--no-edit", "one", status=1)


def test_specs_in_conflict_are_settled_by_people(repository: Path) -> None:
    branch(repository, "one", SPEC.format(name="one"))
    branch(repository, "two", SPEC.format(name="two"))
    for name, image in (("one", "cart:a"), ("two", "cart:b")):
        git(repository, "checkout", "-q", name)
        file = repository / "apps/sandboxes/dev1.yaml"
        file.write_text(file.read_text().replace("cart:pr-318", image))
        assert sandlane(repository, "render", "apps").returncode == 0
        git(repository, "commit", "-q", "-a", "-m", image)
    told = git(repository, "merge", "--no-edit", "one", status=1)
    assert (
        "apps/rendered/shared/shop/virtualservice-cart-sandlane.yaml: 'apps/sandboxes/dev1.yaml' is in conflict too: "
        "settle the specs, then run 'sandlane render' and 'git add' the output\n" in told
    )


def test_specs_that_do_not_go_together(repository: Path) -> None:
    branch(repository, "one", SPEC.format(name="one"))
    branch(repository, "two", f"{SPEC.format(name='two')}---\n{SPEC.format(name='three')}  tenantID: one\n")
    told = git(repository, "merge", "--no-edit", "one", status=1)
    assert "the merged specs do not render (tenantID 'one' is also claimed by" in told


def test_a_rebase_says_what_to_do(repository: Path) -> None:
    branch(repository, "one", SPEC.format(name="one"))
    branch(repository, "two", SPEC.format(name="two"))
    told = git(repository, "rebase", "one", status=1)
    assert "only 'git merge' and 'git pull' of one branch say what is merged" in told


def test_a_clean_merge_that_is_stale_is_caught(repository: Path) -> None:
    """One branch changes the base, the other adds a clone of it: no file is changed by both."""
    branch(repository, "one", SPEC.format(name="one").replace("name: cart", "name: shipping"))
    git(repository, "checkout", "-q", "-b", "base", "main")
    file = repository / "apps/base/shipping.yaml"
    file.write_text(file.read_text().replace("    spec:\n", "    spec:\n      terminationGracePeriodSeconds: 7\n"))
    assert sandlane(repository, "render", "apps").returncode == 0
    git(repository, "commit", "-q", "-a", "-m", "base")
    git(repository, "merge", "-q", "--no-edit", "one")
    done = sandlane(repository, "check", "apps")
    assert (done.returncode, done.stdout) == (
        1,
        "stale apps/rendered/sandboxes/one/shop/deployment-shipping-one.yaml\n",
    )


def test_a_file_outside_of_any_output(repository: Path) -> None:
    done = sandlane(repository, "merge-driver", "a", "b", "c", "apps/base/cart.yaml")
    assert (done.returncode, done.stderr) == (
        1,
        "apps/base/cart.yaml: only 'git merge' and 'git pull' of one branch say what is merged: "
        "settle the specs, then run 'sandlane render' and 'git add' the output\n",
    )
