"""Shows the figures of the comparisons with istiod at the end of a run."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Writes a line for each comparison: worlds, requests and named differences."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == "istiod":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")
