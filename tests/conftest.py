"""Options and profiles of the test suite."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.profiles import QUICK

settings.register_profile("quick", derandomize=True, deadline=None, max_examples=QUICK)
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("long", deadline=None, max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden/ and stderr.txt; the run still fails")
