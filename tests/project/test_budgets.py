"""Hostile inputs end: work grows with their size and no faster, or a limit says its number. Counted in lines run, not in seconds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from sandlane.clone.resources.jinja import MOST_PARTS
from sandlane.clone.resources.templates import LONGEST
from sandlane.files.tree import MemoryTree
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid, show
from sandlane.specs.inputs import read_inputs
from sandlane.yamlio import read as yamlio
from sandlane.yamlio.read import read
from tests.build import app, files_of, sandbox

pytestmark = pytest.mark.uncounted


def lines_run(action: Callable[[], Any]) -> int:
    """Counts the lines of Python that an action runs."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


def run(files: dict[str, str]) -> list[str]:
    """Renders, and returns what is said against it."""
    try:
        render(read_inputs(MemoryTree(files), "sandlane.yaml"))
    except Invalid as invalid:
        return [show(problem) for problem in invalid.problems]
    return []


def with_variables(count: int) -> dict[str, str]:
    env = [{"name": f"V{number}", "value": "x"} for number in range(count)]
    return files_of(app("web"), sandbox("dev1", {"name": "web", "env": env}))


def with_one_variable_often(count: int) -> dict[str, str]:
    env = [{"name": "V", "value": "x"} for _ in range(count)]
    base = app("web")
    base[0]["spec"]["template"]["spec"]["containers"][0]["env"] = env
    return files_of(base, sandbox("dev1", {"name": "web", "env": env[:1]}))


def with_objects(count: int) -> dict[str, str]:
    documents = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{n}"}} for n in range(count)]
    spec = sandbox("dev1", "web", resources=["../all.yaml"])
    policy = {"resourceKinds": ["ConfigMap"]}
    return {**files_of(app("web"), spec, policy=policy), "all.yaml": "\n---\n".join(map(json.dumps, documents))}


def merged(count: int) -> Callable[[], Any]:
    text = "<<: [" + ",".join(f"{{k{number}: 1}}" for number in range(count)) + "]\n"
    return lambda: read(text.encode(), "f.yaml")


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(merged, id="mappings-under-one-merge"),
        pytest.param(lambda count: lambda: run(with_variables(count)), id="variables"),
        pytest.param(lambda count: lambda: run(with_one_variable_often(count)), id="one-variable-often"),
        pytest.param(lambda count: lambda: run(with_objects(count)), id="objects-of-a-resource"),
    ],
)
def test_work_is_linear(make: Callable[[int], Callable[[], Any]]) -> None:
    make(10)()  # what is made once
    small, large, larger = (lines_run(make(count)) for count in (100, 200, 400))
    assert large - small > 0
    assert larger - large <= 2.2 * (large - small)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in ("ab", "bc", "cd", "de")
)


def bombs(count: int) -> dict[str, str]:
    """Small files whose aliases multiply: each keeps the bound of a file."""
    return files_of(app("web")) | {f"sandboxes/s{number:03}.yaml": BOMB for number in range(count)}


def test_aliases_of_many_files_expand_in_proportion_to_their_size() -> None:
    run(bombs(1))
    few, many = (lines_run(lambda count=count: run(bombs(count))) for count in (5, 25))  # type: ignore[misc]
    assert (many - few) / (20 * len(BOMB)) < 100
    said = run(bombs(25))
    limit = f"{4 * len(BOMB):,} values (4 for each character of the file, 100,000 at most)"
    hint = "\n  hint: write the values out, or split a large file"
    assert said == [
        f"sandboxes/s{number:03}.yaml:3:23: SL104 aliases expand to more than {limit}{hint}" for number in range(25)
    ]


def with_one_patch_often(count: int) -> dict[str, str]:
    """A spec whose aliases repeat the text of a patch, which has aliases of its own."""
    aliased = f"a: &a [{', '.join('x' * 50)}]\\nb: [{', '.join(['*a'] * 12)}]\\n"
    uses = "".join(", {patch: *p}" for _ in range(count))
    head = "apiVersion: sandlane.dev/v1alpha1\nkind: DevelopmentSandbox\nmetadata: {name: dev1}\nspec:\n  workloads:\n"
    spec = f'{head}  - {{name: web, patches: [{{patch: &p "{aliased}"}}{uses}]}}\n'
    return files_of(app("web")) | {"sandboxes/dev1.yaml": spec}


def test_a_patch_that_aliases_repeat_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[bytes] = []
    monkeypatch.setattr(yamlio, "read", lambda data, file, **rest: texts.append(data) or read(data, file, **rest))  # type: ignore[func-returns-value]
    assert len(run(with_one_patch_often(40))) == 2
    assert len([text for text in texts if text.startswith(b"a: &a [x, x")]) == 1


def test_texts_that_aliases_repeat_count_by_their_length() -> None:
    text = f"a: &a {'x' * 1_000}\n" + "".join(f"b{number}: *a\n" for number in range(50))
    most = 4 * len(text) // 101
    (document,) = read(text.encode(), "f.yaml")
    assert len(document.data) == 51
    with pytest.raises(Invalid, match="SL104 aliases expand to more than"):
        read((text + "".join(f"c{number}: *a\n" for number in range(2 * most))).encode(), "f.yaml")


@pytest.mark.parametrize("count", [1, 60])
def test_aliases_as_people_use_them_are_read(count: int) -> None:
    """Variables that many workloads share, of a file that is hardly more than these."""
    shared = ", ".join(f"{{name: VARIABLE_{number}, value: '{number}'}}" for number in range(100))
    one = "- {name: web-%d, image: 'registry.example/web:1', env: *env, ports: [{containerPort: 8080}]}\n"
    text = f"env: &env [{shared}]\ncontainers:\n" + "".join(one % number for number in range(count))
    (document,) = read(text.encode(), "f.yaml")
    assert [len(container["env"]) for container in document.data["containers"]] == [100] * count


def template(text: str, count: int) -> list[str]:
    names = [f"t{number}.yaml.j2" for number in range(count)]
    spec = sandbox("dev1", "web", resources=[f"../{name}" for name in names])
    return run({**files_of(app("web"), spec), **dict.fromkeys(names, text)})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            "# {{ " + "1 < " * 4000 + "1 }}\n", f"the templates of this sandbox have more than {MOST_PARTS:,} parts together",
            id="parts",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "{# " + "x" * 30_000 + " #}", f"the templates of this sandbox have more than {LONGEST:,} characters together",
            id="characters",
        ),
        pytest.param(
            "{% for n in range(300) %}{% endfor %}", "its loops make more than 1,000 rounds", id="rounds",
        ),
    ],
)  # fmt: skip
def test_templates_of_a_sandbox_have_limits_together(text: str, reason: str) -> None:
    said = template(text, 6)
    assert said
    assert {line.partition("\n")[0].partition("cannot be rendered: ")[2] for line in said} == {reason}
    assert len(said) < 6


def test_a_template_named_often_is_told() -> None:
    spec = sandbox("dev1", "web", resources=["../t.yaml.j2"] * 500)
    said = run({**files_of(app("web"), spec), "t.yaml.j2": "a: {{ tenantID }}"})
    assert said[0].startswith("sandboxes/dev1.yaml: SL207 't.yaml.j2' stands twice in 'resources'")
    assert len(said) == 499
