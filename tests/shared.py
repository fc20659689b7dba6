"""Real applications, schemas and cases that lie beside the checkout, where there are any."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"


def copy_package(directory: Path) -> Path:
    """Copies the package and its schemas, for tests that change them; bytecode of what stays is taken along."""
    shutil.copytree(REPOSITORY / "renderer", directory / "renderer")
    shutil.copytree(REPOSITORY / "schemas", directory / "schemas")
    return directory


needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared applications are not beside this checkout")
