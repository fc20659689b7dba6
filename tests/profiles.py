"""How many examples a property test takes, by profile (HYPOTHESIS_PROFILE).

`quick` is that of `make test`; `ci`, the default and that of `.ci/run`, takes each test's own number; `long` takes 20,000.
"""

from __future__ import annotations

from hypothesis import settings

QUICK = 5
"""Examples of the profile `quick`."""
_MANY = 1_000
"""More than the profiles `quick` and `ci` have."""


def examples(count: int) -> settings:
    """Returns settings for a property test that takes `count` examples in the profile `ci`."""
    profile = settings().max_examples
    return settings(max_examples=profile if profile > _MANY else min(count, QUICK) if profile == QUICK else count)


def quick_or(quick: int, count: int) -> int:
    """Returns a number for tests that draw or sample by themselves: one for the profile `quick`, and one for the others."""
    return quick if settings().max_examples == QUICK else count
