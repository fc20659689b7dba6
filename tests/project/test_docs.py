"""What README.md and docs/ say is so: commands, links, hooks, and forms of routes. What they show is played in tests/docs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandlane.cli.main import COMMANDS
from sandlane.reports.connect.clients import CLIENTS
from tests.shared import REPOSITORY
from tests.starts import sandlane as run
from website.references import references

README = (REPOSITORY / "README.md").read_text()
GIT = (REPOSITORY / "docs" / "git.md").read_text()
MAKEFILE = (REPOSITORY / "Makefile").read_text()


def blocks(mark: str, text: str = README) -> list[tuple[str, str]]:
    """Returns the code blocks behind `<!-- mark: argument -->`, with the argument."""
    return re.findall(rf"<!-- {mark}(?:: (\S+))? -->\n```\w*\n(.*?)```", text, flags=re.DOTALL)


def block(mark: str) -> Any:
    """Returns the data of the one such block of docs/git.md."""
    ((_, text),) = blocks(mark, GIT)
    return yaml.safe_load(text)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    for path, text in blocks("file"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_every_make_target_in_the_docs_exists() -> None:
    named = set(re.findall(r"make ([a-z]+)\b", "\n".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL))))
    named |= set(re.findall(r"`make ([a-z]+)`", README + (REPOSITORY / "CONTRIBUTING.md").read_text()))
    assert named <= set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))


def test_every_command_is_in_the_readme() -> None:
    known = set(COMMANDS) - {"merge-driver"}  # git calls it
    assert set(re.findall(r"^\| `sandlane ([\w-]+)", README, flags=re.MULTILINE)) == known


DOCUMENTS = sorted([REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").rglob("*.md")])
LINKS = sorted(
    {(file, link) for file in DOCUMENTS for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", file.read_text())}
)
MADE = references(REPOSITORY / "docs")


@pytest.mark.parametrize(("file", "link"), [pytest.param(*row, id=f"{row[0].name}-{row[1]}") for row in LINKS])
def test_links_lead_somewhere(file: Path, link: str) -> None:
    target = Path(os.path.normpath(file.parent / link))
    assert target.exists() or target.relative_to(REPOSITORY / "docs").as_posix() in MADE


def test_readme_is_short() -> None:
    assert len(README.splitlines()) < 200


NAMED = re.findall(r"^\| `sandlane ([^`]+)`", README, flags=re.MULTILINE)
CHANGES_SPECS = ("init", "set", "delete", "prune", "fn")
"""Commands that change what the others are tried on, or read stdin; they have tests of their own."""


@pytest.mark.parametrize("command", [command for command in NAMED if command.split()[0] not in CHANGES_SPECS])
def test_each_command_works_in_the_smallest_example(example: Path, command: str) -> None:
    assert run(example, "render").returncode == 0
    result = run(example, *shlex.split(command))
    assert result.returncode == 0, result.stderr
    words = {"gitops argocd": "there is no git remote 'origin': "
                              "put the repository's address in the place of REPOSITORY, or give --repo\n",
             "render": "rendered: 0 created, 0 updated, 0 deleted, 6 unchanged\n",
             "check": "rendered: up to date, 6 files\n",
             "adopt": "sandlane.yaml: nothing to adopt: no route object of the base has to be\n",
             "report -o site": "1 sandbox, 0 calls, proved for 1 combination of tenant, Service and port\n",
             "connect dev1": f"for other clients: --for {', '.join(sorted(CLIENTS))}\n"}  # fmt: skip
    assert result.stderr == words.get(command, "")


KUSTOMIZATION = "resources: [../app/checkout.yaml]\n"
ROUTE = "route: [{destination: {host: checkout}}]"


def virtual_service(name: str, spec: str) -> str:
    head = f"apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}, namespace: shop}}\n"
    return f"---\n{head}spec: {{{spec}}}\n"


@pytest.mark.parametrize(
    ("adopted", "routes"),
    [
        pytest.param((), "", id="kustomization"),
        pytest.param(
            ("leaf",),
            virtual_service("root", "hosts: [checkout], http: [{delegate: {name: leaf}}]")
            + virtual_service("leaf", f"http: [{{{ROUTE}}}]"),
            id="delegate",
        ),
        pytest.param(
            ("one", "two"),
            virtual_service("one", f"hosts: [checkout], http: [{{{ROUTE}}}]")
            + virtual_service("two", f"hosts: [checkout], http: [{{{ROUTE}}}]"),
            id="several VirtualServices a host",
        ),
        pytest.param(
            ("wild",), virtual_service("wild", f'hosts: ["*.shop.svc.cluster.local"], http: [{{{ROUTE}}}]'), id="wildcard host"
        ),
        pytest.param(
            ("some",), virtual_service("some", f'hosts: [checkout], exportTo: ["."], http: [{{{ROUTE}}}]'), id="partial exportTo"
        ),
    ],
)  # fmt: skip
def test_what_readme_says_is_routed_is(example: Path, adopted: tuple[str, ...], routes: str) -> None:
    (example / "base").rename(example / "app")
    (example / "base").mkdir()
    (example / "base" / "kustomization.yaml").write_text(KUSTOMIZATION)
    environment = (example / "sandlane.yaml").read_text()
    if routes:
        (example / "routes.yaml").write_text(routes)
        names = ", ".join(f"{{kind: VirtualService, name: {name}}}" for name in adopted)
        environment = environment.replace("base: [base]", f"base: [base, routes.yaml]\n  routes: {{adopt: [{names}]}}")
    (example / "sandlane.yaml").write_text(environment)
    result = run(example, "render")
    assert result.returncode == 0, result.stderr
    answer = run(example, "trace", "http://checkout/", "-H", "tenantID: dev1")
    assert "\nanswers  Deployment/shop/checkout-dev1\n" in answer.stdout
    for name in adopted:
        assert "exact: dev1" in (example / "rendered" / "shared" / "shop" / f"virtualservice-{name}.yaml").read_text()


HOOKS = {hook["id"]: hook for hook in yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())}


def test_hooks_of_a_monorepo(example: Path) -> None:
    ((hook,),) = [repo["hooks"] for repo in block("monorepo")["repos"]]
    files = sorted(path for path in example.iterdir())
    for directory in hook["args"]:
        (example / directory).mkdir(parents=True)
        for path in files:
            (shutil.copytree if path.is_dir() else shutil.copy)(path, example / directory / path.name)
    entry = [*HOOKS[hook["id"]]["entry"].split()[1:], *hook["args"]]
    assert [run(example, *entry).returncode for _ in range(2)] == [
        1,
        0,
    ]  # the first has written, the second has nothing to do
    assert [(example / directory / "rendered" / "shared").is_dir() for directory in hook["args"]] == [True, True]


def test_named_hooks_and_stages_exist() -> None:
    assert {
        hook["id"] for mark in ("hooks", "monorepo") for repo in block(mark)["repos"] for hook in repo["hooks"]
    } <= set(HOOKS)
    stages = set(re.findall(r"--hook-type (\S+)", GIT))
    assert stages == {"pre-commit", "pre-merge-commit"}
    assert stages <= set(HOOKS["sandlane-render"]["stages"])


def test_rendering_heals_conflicts(example: Path) -> None:
    assert run(example, "render").returncode == 0
    file = example / "rendered" / "shared" / "shop" / "virtualservice-checkout-sandlane.yaml"
    right = file.read_text()
    file.write_text(
        right.replace(
            "  - name: default\n", "<<<<<<< HEAD\n=======\n  - name: tenant-dev2\n>>>>>>> dev2\n  - name: default\n"
        )
    )
    assert run(example, "check").returncode == 1
    ((_, commands),) = blocks("heal", GIT)
    assert run(example, *commands.splitlines()[0].split()[1:]).returncode == 0
    assert file.read_text() == right


def test_excluded_and_owned_paths_are_written(example: Path) -> None:
    assert run(example, "render").returncode == 0
    ((_, owners),) = blocks("codeowners", GIT)
    for path in (owners.split()[0].strip("/"), block("yamllint")["ignore"].strip()):
        assert (example / path).is_dir()
