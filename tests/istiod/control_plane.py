"""Asks the program beside this file what istiod pushes: built by `make test-istiod`."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.shared import REPOSITORY

BINARY = Path(os.environ.get("SANDLANE_ISTIOD") or REPOSITORY / ".make" / "istiod")


def ask(worlds: Sequence[dict[str, Any]], *, is_ambient: bool = False) -> dict[str, Any]:
    """Returns the answers by the ids of worlds. Raises RuntimeError where the program fails in one."""
    text = "\n".join(json.dumps(world) for world in worlds)
    environment = {**os.environ, **({"PILOT_ENABLE_AMBIENT": "true"} if is_ambient else {})}
    done = subprocess.run([BINARY], input=text, capture_output=True, text=True, check=False, env=environment)
    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    wrong = [f"{id}: {answer['error']}" for id, answer in answers.items() if answer.get("error")]
    if done.returncode or wrong or len(answers) < len(worlds):
        raise RuntimeError(f"{len(answers)} of {len(worlds)} answers: {wrong} {done.stderr[-2000:]}")
    return answers
