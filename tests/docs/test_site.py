"""The site that `make docs` builds is read without another host."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.shared import REPOSITORY
from website.sources import REPORT

pytestmark = pytest.mark.docs

SITE = REPOSITORY / "build" / "site"
LOADED = {
    "link": "href",
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "object": "data",
    "use": "href",
}
"""Elements that make a browser load something -> the attribute that says what."""
IN_SCRIPTS = {
    "https://api.github.com/repos/": "asked where the site names its repository, by an element of the class md-source",
    "https://unpkg.com/mermaid": "loaded where a page has an element of the class mermaid",
    "https://unpkg.com/resize-observer-polyfill": "loaded by browsers that have no ResizeObserver, which are those of before 2020",
    "https://api.github.com/users/": "asked where the site names its repository, by an element of the class md-source",
    "https://gitlab.com": "asked where the site names its repository, by an element of the class md-source",
}
"""What the theme's scripts could load, and when."""


class Loads(HTMLParser):
    """What a page loads, and the classes of its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.classes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.classes.update((found.get("class") or "").split())
        if tag in LOADED and found.get(LOADED[tag]) and found.get("rel") != "canonical":
            self.loaded.append(found[LOADED[tag]] or "")


def test_no_page_loads_from_another_host() -> None:
    pages = sorted(SITE.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert [address for address in loads.loaded if "//" in address] == [], page
        assert not {"mermaid", "md-source"} & loads.classes, page


def test_styles_load_nothing_from_elsewhere() -> None:
    styles = sorted(SITE.rglob("*.css"))
    assert styles
    for style in styles:
        loaded = re.findall(
            r"url\(\s*[\"']?(?!data:)([^)\"']+)|@import\s+[\"']?([^\"';]+)", style.read_text(encoding="utf-8")
        )
        assert [address for pair in loaded for address in pair if "//" in address] == [], style


def test_scripts_load_only_what_no_page_asks_for() -> None:
    scripts = [path for path in SITE.rglob("*.js") if "lunr" not in path.parts]
    quoted = {
        address
        for script in scripts
        for address in re.findall(
            r"[\"'`]((?:https?:)?//[\w.-]+\.[a-z]+[^\"'`\s$]*)", script.read_text(encoding="utf-8")
        )
        if "www.w3.org" not in address
    }
    assert {address for address in quoted if not address.startswith(tuple(IN_SCRIPTS))} == set()


def test_every_page_of_docs_is_built() -> None:
    written = {
        path.relative_to(REPOSITORY / "docs").with_suffix("").as_posix() for path in (REPOSITORY / "docs").rglob("*.md")
    }
    built = {path.relative_to(SITE).with_suffix("").as_posix() for path in SITE.rglob("*.html")}
    assert {re.sub(r"README$", "index", name) for name in written} - built == set()


def test_references_are_what_the_program_knows_now() -> None:
    from website.references import references

    for place, text in references(REPOSITORY / "docs").items():
        page = place.replace("README.md", "index.md")
        text_of = (SITE / Path(page).with_suffix(".html")).read_text(encoding="utf-8")
        titles = re.findall(r"^#{2,3} ([^{\n]+?)(?: {.*})?$", text, re.MULTILINE)
        assert [title for title in titles if f">{title}<" not in text_of] == [], place


def test_the_report_of_the_example_is_part_of_it() -> None:
    assert 'href="report/index.html"' in (SITE / "examples" / "shop.html").read_text(encoding="utf-8")
    text = (SITE / REPORT / "index.html").read_text(encoding="utf-8")
    assert [name for name in ("dev1", "dev10", "xdev1") if name not in text] == []


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("reference/codes.html", "workload '<workload>' is not in the base"),
        ("reference/commands.html", "--format [text|json|mermaid]"),
        (
            "reference/environment.html",
            "Where a request may choose its tenant: any: at gateways too; mesh: inside the mesh alone.",
        ),
    ],
)
def test_references_are_shown_as_they_stand(place: str, said: str) -> None:
    text = html.unescape(re.sub(r"<[^>]+>", "", (SITE / place).read_text(encoding="utf-8")))
    assert said in text
