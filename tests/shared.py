"""Real applications, schemas and cases that lie beside the checkout, where there are any."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"


def load_all(text: str) -> list[Any]:
    """Returns the documents of plain YAML, read by libyaml where there is one."""
    return list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def load(text: str) -> Any:
    """Returns the data of such a document."""
    (data,) = load_all(text)
    return data


def copy_package(directory: Path) -> Path:
    """Copies the package and its schemas, for tests that change them; bytecode of what stays is taken along."""
    shutil.copytree(REPOSITORY / "renderer", directory / "renderer")
    shutil.copytree(REPOSITORY / "schemas", directory / "schemas")
    return directory


needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared applications are not beside this checkout")
