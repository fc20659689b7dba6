"""What shells are offered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from sandlane.cli.completion import SHELLS, VARIABLE, kubectl
from sandlane.cli.main import COMMANDS, group
from tests.cli.test_cli import SHOP
from tests.starts import install


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    shutil.copytree(SHOP, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("rendered"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def offered(*words: str) -> list[str]:
    *before, incomplete = words
    return [i.value for i in ShellComplete(group, {}, "sandlane", VARIABLE).get_completions(list(before), incomplete)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["re"], ["render", "report"] if "report" in COMMANDS else ["render"], id="commands"),
        pytest.param(["render", "--keep"], ["--keep-going"], id="options"),
        pytest.param(["render", "--format", "j"], ["json"], id="choices"),
        pytest.param(["connect", "d"], ["dev1", "dev10"], id="sandboxes"),
        pytest.param(["delete", "dev1", "x"], ["xdev1"], id="more-sandboxes"),
        pytest.param(["set", "dev1", "cat"], ["catalog-v1=", "catalog-v2="], id="workloads"),
        pytest.param(["set", "dev1", "Stat"], ["StatefulSet/cart-store="], id="other-kinds"),
        pytest.param(["set", "dev1", "check"], ["log-shipper@checkout=", "server@checkout="], id="several-containers"),
        pytest.param(["set", "dev1", "--env", "cat"], ["catalog-v1:", "catalog-v2:"], id="variables"),
        pytest.param(["set", "dev1", "--remove", "cat"], ["catalog-v1", "catalog-v2"], id="removed"),
        pytest.param(["explain", "SL21"], [f"SL21{n}" for n in range(10)], id="codes"),
        pytest.param(["explain", "environment.spec.po"], ["environment.spec.policy"], id="fields"),
        pytest.param(["trace", "http://cart/", "--gateway", ""], ["shop/shop-gateway"], id="gateways"),
        pytest.param(["trace", "http://cart/", "--gateway", "shop-g"], ["shop/shop-gateway"], id="gateways-by-name"),
        pytest.param(["trace", "http://cart/", "--from", "store"], ["Deployment/shop/storefront"], id="senders"),
        pytest.param(["set", "dev1", "--accept", "sl31"], ["SL310=", "SL311=", "SL312=", "SL316="], id="acceptable"),
        pytest.param(["init", "--with", "f"], ["flux"], id="integrations"),
        pytest.param(["init", "--with", "flux,git"], ["flux,github", "flux,gitlab"], id="more-integrations"),
        pytest.param(["list", "w"], ["workloads"], id="subjects"),
    ],
)
def test_what_is_offered(here: Path, words: list[str], expected: list[str]) -> None:
    assert offered(*words) == expected


def test_nothing_is_offered_and_nothing_said_where_nothing_can_be_read(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "sandlane.yaml").write_text("a: b: c\n")
    assert (offered("connect", ""), offered("set", "dev1", ""), capsys.readouterr().err) == ([], [], "")


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_are_for_their_shells(shell: str) -> None:
    result = CliRunner().invoke(group, ["completion", shell], prog_name="sandlane")
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"{VARIABLE}={shell}_complete" in result.stdout


def test_the_shell_of_the_user() -> None:
    found = CliRunner(env={"SHELL": "/usr/bin/zsh"}).invoke(group, ["completion"])
    assert (found.exit_code, found.stdout.splitlines()[0]) == (0, "#compdef sandlane")
    other = CliRunner(env={"SHELL": "/bin/ksh"}).invoke(group, ["completion"])
    assert (other.exit_code, other.stderr.splitlines()[-1]) == (2, "Error: name the shell: one of bash, zsh, fish")


IN_SHELLS = {
    "bash": (
        "COMP_WORDS=(sandlane connect x); COMP_CWORD=2; _sandlane_completion sandlane; echo ${COMPREPLY[@]}",
        "xdev1",
    ),
    "zsh": (
        "_describe() { print -l $completions_with_descriptions }; words=(sandlane connect x); CURRENT=3; _sandlane_completion",
        "xdev1:sam",
    ),
    "fish": ("complete -C 'sandlane connect x'", "xdev1\tsam"),
}
"""What asks the script of a shell, and what a person is offered."""


@pytest.mark.parametrize("shell", IN_SHELLS)
def test_shells_complete(here: Path, shell: str) -> None:
    """The script works in the real shell, with a command of that name on the PATH."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    install(here / "bin")
    asked, expected = IN_SHELLS[shell]
    script = "compdef() { }\n" if shell == "zsh" else ""
    script += CliRunner().invoke(group, ["completion", shell]).stdout + "\n" + asked
    environment = {**os.environ, "PATH": f"{here / 'bin'}:{os.environ['PATH']}", "HOME": str(here)}
    plain = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [shell, *plain, "-c", script],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{expected}\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["connect", "x"], "xdev1\tsam\n:4\n", id="names"),
        pytest.param(["check", ""], ":0\n", id="files"),
    ],
)
def test_kubectl_completes(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["kubectl_complete-sandlane", *words])
    kubectl()
    assert capsys.readouterr().out == expected
