"""Problems as code hosts show them beside the lines that they mean: GitHub's annotations, GitLab's code quality, and SARIF 2.1.0.

GitHub: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands (`::error file=…,line=…,col=…::text`).
GitLab: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sandlane import __version__
from sandlane.problems.catalogue import CATALOGUE
from sandlane.problems.problem import seen

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "notice": "note"}


def sarif(problems: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns a SARIF log of problems as `Session.as_data` has them."""
    problems = list(problems)
    codes = sorted({problem["code"] for problem in problems})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "sandlane",
                "version": __version__,
                "rules": [{"id": code, "shortDescription": {"text": CATALOGUE[code].why}} for code in codes],
            }},
            "results": [_result(problem, codes.index(problem["code"])) for problem in problems],
        }],
    }  # fmt: skip


def _result(problem: Mapping[str, Any], rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": problem["code"],
        "ruleIndex": rule,
        "level": _LEVELS[problem["level"]],
        "message": {"text": _text(problem)},
    }
    if problem["file"]:
        location: dict[str, Any] = {"artifactLocation": {"uri": problem["file"]}}
        if problem["line"]:
            location["region"] = {"startLine": problem["line"], "startColumn": problem["column"]}
        result["locations"] = [{"physicalLocation": location}]
    if problem.get("request"):
        base = problem["request"]["base"]
        result["properties"] = {"request": problem["request"]}
        if base["file"]:
            related: dict[str, Any] = {"artifactLocation": {"uri": base["file"]}}
            related |= {"region": {"startLine": base["line"]}} if base["line"] else {}
            said = {"text": f"in the base: {base['meets']}"}
            result["relatedLocations"] = [{"id": 1, "physicalLocation": related, "message": said}]
    return result


def github(problems: Iterable[Mapping[str, Any]]) -> str:
    """Returns workflow commands, a line each, that GitHub Actions shows as annotations."""
    return "\n".join(_command(problem) for problem in problems)


def _command(problem: Mapping[str, Any]) -> str:
    places = {"file": problem["file"], "line": problem["line"], "col": problem["column"], "title": problem["code"]}
    given = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in places.items() if value)
    return f"::{_LEVELS_OF_GITHUB[problem['level']]} {given}::{_escaped(_text(problem))}"


def _escaped(text: str, special: str = "") -> str:
    return "".join(f"%{ord(character):02X}" if character in f"%\r\n{special}" else character for character in text)


def gitlab(problems: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns a code quality report; a problem without a place is shown at `.`, since GitLab takes none without."""
    found = {_fingerprint(problem): problem for problem in problems}
    return [
        {
            "description": _text(problem),
            "check_name": problem["code"],
            "fingerprint": fingerprint,
            "severity": _SEVERITIES[problem["level"]],
            "location": {"path": problem["file"] or ".", "lines": {"begin": problem["line"] or 1}},
        }
        for fingerprint, problem in found.items()
    ]


def _fingerprint(problem: Mapping[str, Any]) -> str:
    """What is the same for a problem in both branches that GitLab compares: lines move, code, file and text stay."""
    said = json.dumps([problem["code"], problem["file"], problem["message"]])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _text(problem: Mapping[str, Any]) -> str:
    said = str(problem["message"]) + (f" (hint: {problem['hint']})" if problem["hint"] else "")
    return str(seen(said))


def _as_json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)


_LEVELS_OF_GITHUB = {"error": "error", "notice": "notice"}
_SEVERITIES = {"error": "major", "notice": "info"}
FORMATS: Mapping[str, Callable[[Sequence[Mapping[str, Any]]], str]] = {
    "sarif": lambda problems: _as_json(sarif(problems)),
    "github": github,
    "gitlab": lambda problems: _as_json(gitlab(problems)),
}
"""Format -> text of problems as `Session.as_data` has them."""
