"""Options and profiles of the test suite."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

from tests.profiles import QUICK

settings.register_profile("quick", derandomize=True, deadline=None, max_examples=QUICK)
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("long", deadline=None, max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


FIRST = (
    "tests/base/test_applications.py",
    "tests/meshes/gateway_api",
    "tests/guards/test_privilege_table.py",
    "tests/proof",
)
"""What takes longest: where files are shared out among processes it comes first, so that all end at about one time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))


def pytest_configure() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    """Lets the collector of garbage pass over modules and tests themselves, and run seldom beside them."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden/ and stderr.txt; the run still fails")
