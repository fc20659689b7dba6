"""Days that a spec names, against the calendar: of a pattern it is only said how days are written."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

from sandlane.k8s.resource import at
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, Source

_DAY = re.compile("[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}")


def no_day(data: Any, source: Source) -> Iterator[Problem]:
    """Yields the day of a spec, whatever else is wrong in it, that has the form of one and is not in the calendar."""
    text = at(data, ("spec", "expires"))
    if not isinstance(text, str) or not _DAY.fullmatch(text) or _is_day(text):
        return
    import calendar  # for mistakes alone

    last = calendar.monthrange(int(text[:4]) or 1, int(text[5:7]))[1]
    yield report(
        "SL201",
        source=source,
        path=("spec", "expires"),
        sandbox=source,
        what=f"'{text}' is no day of the calendar",
        where=" in 'spec.expires'",
        hint=f"write 'expires: {text[:8]}{last}', the last day of that month",
    )


def _is_day(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
