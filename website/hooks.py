"""What mkdocs runs: adds the pages that are made, and takes from the others what only the repository and its tests read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from website.references import decisions, references
from website.sources import REPORT, examples, for_site, root_pages

ROOT = Path(__file__).resolve().parent.parent


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fills the part of the navigation that has a page for each file of docs/decisions."""
    config.nav = [_filled(item) for item in config.nav or ()]
    return config


def _filled(item: Any) -> Any:
    if isinstance(item, dict) and "Decisions" in item:
        return {"Decisions": [f"decisions/{name}" for name in ("README.md", *decisions(ROOT / "docs"))]}
    if isinstance(item, dict):
        return {
            title: [_filled(part) for part in parts] if isinstance(parts, list) else parts
            for title, parts in item.items()
        }
    return item


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds references, examples and the pages of the repository's root."""
    for place, text in {**references(ROOT / "docs"), **examples(ROOT), **root_pages(ROOT)}.items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Takes the marks for tests away, and leads links out of docs/ to their pages."""
    if page.file.generated_by is not None:
        return markdown
    return for_site(markdown, f"docs/{page.file.src_uri}", page.file.src_uri, ROOT)


def on_post_build(config: MkDocsConfig) -> None:
    """Adds the page that `sandlane report` writes of the example shop."""
    place = Path(config.site_dir) / REPORT
    command = [sys.executable, "-m", "sandlane", "report", "overlays/shop", "--output", str(place), "--quiet"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
