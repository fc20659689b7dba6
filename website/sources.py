"""Where texts of the repository stand in the site, and links between them."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

ROOT_PAGES = {
    "CHANGELOG.md": "project/changelog.md",
    "CODE_OF_CONDUCT.md": "project/conduct.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "README.md": "index.md",
    "SECURITY.md": "project/security.md",
}
"""Pages of the repository's root -> their place in the site."""

REPORT = "examples/report"
"""Where the site has the page that `sandlane report` writes of the example shop."""

LINK = re.compile(r"\[([^\[\]]*)\]\(([^)#:\s]+)(#[^)\s]*)?\)")
MARK = re.compile(r"^<!-- [\w-]+(?:: [^>\n]+)? -->\n(?=(?:```|\n))", re.MULTILINE)
"""What says to the tests how the block of code below it is tried."""


def root_pages(root: Path) -> dict[str, str]:
    """Returns the texts of the root that are pages of the site, by place; README is none, as index.md begins the site."""
    return {
        place: for_site((root / name).read_text(encoding="utf-8"), name, place, root)
        for name, place in ROOT_PAGES.items()
        if name != "README.md" and (root / name).exists()
    }


def examples(root: Path) -> dict[str, str]:
    """Returns a page for each directory of `overlays/`, with all of its files."""
    found = sorted(path.parent for path in (root / "overlays").glob("*/sandlane.yaml"))
    return {f"examples/{directory.name}.md": _example(directory) for directory in found}


def _example(directory: Path) -> str:
    parts = [f"# {directory.name}\n\nThe files of `overlays/{directory.name}` in the repository.\n"]
    if directory.name == "shop":
        parts.append('What `sandlane report` makes of them: <a href="report/index.html">one page</a>.\n')
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        name = path.relative_to(directory).as_posix()
        language = "yaml" if path.suffix == ".yaml" else "text"
        parts.append(f"## {name}\n\n````{language}\n{path.read_text(encoding='utf-8').rstrip()}\n````\n")
    return "\n".join(parts)


def for_site(text: str, source: str, place: str, root: Path) -> str:
    """Returns a text of the repository as a page of the site: without marks, its links leading to pages or, where there is none, gone.

    `source` is the path of the text in the repository, `place` that of its page.
    """

    def link(match: re.Match[str]) -> str:
        text, path, anchor = match.groups()
        page = _page_of(posixpath.normpath(posixpath.join(posixpath.dirname(source), path)), root)
        if page is None:
            return text
        return f"[{text}]({posixpath.relpath(page, posixpath.dirname(place) or '.')}{anchor or ''})"

    return LINK.sub(link, MARK.sub("", text))


def _page_of(target: str, root: Path) -> str | None:
    """Returns the place in the site of what stands at a path of the repository, or None where it is no page."""
    if target in ROOT_PAGES:
        return ROOT_PAGES[target]
    if match := re.fullmatch(r"overlays/([\w-]+)", target):
        return f"examples/{match[1]}.md"
    if not target.startswith("docs/"):
        return None
    inside = target.removeprefix("docs/")
    return f"{inside}/README.md" if (root / target).is_dir() else inside
