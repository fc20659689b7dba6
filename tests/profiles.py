"""How many examples a property test takes: its own number in `make test`, and the profile's where that asks for more."""

from __future__ import annotations

from hypothesis import settings

_MANY = 1_000
"""More than the profile of `make test` has."""


def examples(count: int) -> settings:
    """Returns settings for a property test (HYPOTHESIS_PROFILE=long: 20,000)."""
    profile = settings().max_examples
    return settings(max_examples=profile if profile > _MANY else count)
