from __future__ import annotations

from typing import Any

import pytest

from sandlane.pipeline import render
from tests.build import deployment, inputs, sandbox, service

BASE = [deployment("a"), service("a"), deployment("b"), service("b")]
SAID = "sandbox 'dev1' changes nothing: its clones are as their origins"


@pytest.mark.parametrize(
    ("workloads", "spec", "expected"),
    [
        pytest.param([{"name": "a"}], {}, [SAID], id="nothing"),
        pytest.param([{"name": "a"}, {"name": "b"}], {}, [SAID], id="nothing-of-two"),
        pytest.param([{"name": "a", "image": "registry.example/a:2"}], {}, [], id="image"),
        pytest.param([{"name": "a"}, {"name": "b", "image": "registry.example/b:2"}], {}, [], id="one-of-two"),
        pytest.param([{"name": "a", "replicas": 2}], {}, [], id="replicas"),
        pytest.param([{"name": "a", "env": [{"name": "A", "value": "b"}]}], {}, [], id="env"),
        pytest.param([{"name": "a"}], {"suspend": True}, [], id="suspended"),
    ],
)
def test_sandboxes_that_change_nothing(
    workloads: list[dict[str, Any]], spec: dict[str, Any], expected: list[str]
) -> None:
    found = render(inputs(BASE, sandbox("dev1", *workloads, **spec)))
    assert [problem.text for problem in found.notices if problem.code == "SL253"] == expected
