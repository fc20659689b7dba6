"""The references hold all that the program knows, and are the same each time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandlane.cli.main import COMMANDS
from sandlane.problems.catalogue import CATALOGUE
from sandlane.specs.fields import fields
from tests.shared import REPOSITORY
from website.references import HUNDREDS, references
from website.sources import examples, for_site, root_pages

PAGES = references(REPOSITORY / "docs")


def headings(place: str, level: int) -> list[str]:
    return re.findall(rf"^{'#' * level} ([^{{\n]+?)(?: {{.*}})?$", PAGES[place], re.MULTILINE)


def test_every_code_has_its_section() -> None:
    assert headings("reference/codes.md", 3) == sorted(CATALOGUE)
    assert headings("reference/codes.md", 2) == list(HUNDREDS.values())


def test_a_code_is_told_whole() -> None:
    (section,) = re.findall(r"^### SL210\n\n(.*?)^### ", PAGES["reference/codes.md"], re.MULTILINE | re.DOTALL)
    assert section == (
        "*error*: workload '&lt;workload&gt;' is not in the base\n\n"
        "A sandbox clones workloads of the base; this one does not exist there.\n\n"
        "Bad:\n\n```text\nworkloads:\n- {name: chekout}\n```\n\nGood:\n\n```text\nworkloads:\n- {name: checkout}\n```\n\n"
    )


def test_every_command_has_its_section() -> None:
    assert headings("reference/commands.md", 2) == sorted(COMMANDS)


def test_a_command_is_told_whole() -> None:
    (section,) = re.findall(r"^## verify\n\n(.*?)^\Z", PAGES["reference/commands.md"], re.MULTILINE | re.DOTALL)
    options = re.findall(r"^\| `([^`]+)` \| .+ \|$", section, re.MULTILINE)
    assert section.startswith("```text\nsandlane verify [OPTIONS] [ENVIRONMENT]...\n```\n\n")
    assert {"-q, --quiet", "-h, --help"} <= set(options)


@pytest.mark.parametrize("word", ["environment", "sandbox", "routegroup"])
def test_every_field_has_its_section(word: str) -> None:
    paths = [path.partition(".")[2] for path in fields() if path.split(".")[0] == word]
    assert headings(f"reference/{word}.md", 2) == [path for path in paths if path]
    anchors = re.findall(r"\{ #(\S+) }", PAGES[f"reference/{word}.md"])
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGES[f"reference/{word}.md"])) <= set(anchors)


def test_every_rule_is_in_the_index() -> None:
    said = {
        id_
        for file in (REPOSITORY / "docs" / "rules").glob("[!R]*.md")
        for id_ in re.findall(r"^## ([A-Z][\w-]*):", file.read_text(), re.MULTILINE)
    }
    assert set(re.findall(r"^\| \[([^\]]+)\]", PAGES["reference/rules.md"], re.MULTILINE)) == said


def test_every_decision_is_in_the_index() -> None:
    files = {path.name for path in (REPOSITORY / "docs" / "decisions").glob("*.md")}
    assert set(re.findall(r"\]\(([^)]+)\)$", PAGES["decisions/README.md"], re.MULTILINE)) == files


def test_they_are_the_same_each_time() -> None:
    script = (
        "import hashlib, pathlib; from website.references import references; "
        f"print(hashlib.sha256(repr(references(pathlib.Path({str(REPOSITORY / 'docs')!r}))).encode()).hexdigest())"
    )
    paths = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "renderer")])}
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, **paths, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


def test_every_example_has_its_page() -> None:
    assert set(examples(REPOSITORY)) == {
        f"examples/{path.parent.name}.md" for path in (REPOSITORY / "overlays").glob("*/sandlane.yaml")
    }


def test_marks_go_and_links_lead_to_pages() -> None:
    text = (
        "<!-- begin: README.md -->\n\nSee [shop](../../overlays/shop), [rules](../rules), "
        "[it](../../Makefile), [how](../../SECURITY.md#how).\n\n"
        "<!-- run: 2 -->\n```sh\nls\n```\n"
    )
    assert for_site(text, "docs/meshes/istio.md", "meshes/istio.md", REPOSITORY) == (
        "\nSee [shop](../examples/shop.md), [rules](../rules/README.md), it, [how](../project/security.md#how).\n\n```sh\nls\n```\n"
    )


def test_pages_of_the_root_lead_into_the_site() -> None:
    made = {**PAGES, **examples(REPOSITORY), **root_pages(REPOSITORY)}
    for place, text in root_pages(REPOSITORY).items():
        for target in re.findall(r"\]\(([^)#:]+)", text):
            inside = Path(os.path.normpath(Path(place).parent / target)).as_posix()
            assert (REPOSITORY / "docs" / inside).exists() or inside in made, inside


def test_every_page_has_its_place_in_the_navigation() -> None:
    named = re.findall(r"^ *- (?:[\w ]+: )?([\w/.-]+\.md)$", (REPOSITORY / "mkdocs.yml").read_text(), re.MULTILINE)
    written = {path.relative_to(REPOSITORY / "docs").as_posix() for path in (REPOSITORY / "docs").rglob("*.md")}
    wanted = {*written, *PAGES, *examples(REPOSITORY), *root_pages(REPOSITORY)}
    assert set(named) == {page for page in wanted if not page.startswith("decisions/")}
    assert len(named) == len(set(named))
