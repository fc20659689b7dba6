"""Problems as SARIF 2.1.0, which code hosts show beside the lines that they mean."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from typing import Any

from sandlane.problems.catalogue import CATALOGUE

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "notice": "note"}


def sarif(problems: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Returns a SARIF log of problems as `Session.as_data` has them."""
    problems = list(problems)
    codes = sorted({problem["code"] for problem in problems})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "sandlane",
                **_version(),
                "rules": [{"id": code, "shortDescription": {"text": CATALOGUE[code].why}} for code in codes],
            }},
            "results": [_result(problem, codes.index(problem["code"])) for problem in problems],
        }],
    }  # fmt: skip


def _version() -> dict[str, str]:
    """Returns the version of sandlane, if it is installed and not run from a checkout."""
    try:
        return {"version": metadata.version("sandlane")}
    except metadata.PackageNotFoundError:
        return {}


def _result(problem: dict[str, Any], rule: int) -> dict[str, Any]:
    text = problem["message"] + (f" (hint: {problem['hint']})" if problem["hint"] else "")
    result: dict[str, Any] = {
        "ruleId": problem["code"],
        "ruleIndex": rule,
        "level": _LEVELS[problem["level"]],
        "message": {"text": text},
    }
    if problem["file"]:
        location: dict[str, Any] = {"artifactLocation": {"uri": problem["file"]}}
        if problem["line"]:
            location["region"] = {"startLine": problem["line"], "startColumn": problem["column"]}
        result["locations"] = [{"physicalLocation": location}]
    return result
