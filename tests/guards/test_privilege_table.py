"""The guard and proof, each for itself, against the table of attempts on privilege, by each way that a change can come."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sandlane.cli.main import group
from sandlane.files.tree import MemoryTree
from sandlane.patch.patches import apply_patch, parse_patch
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from sandlane.specs.inputs import read_inputs
from sandlane.yamlio import read as yamlio
from tests.build import Object, files_of, sandbox
from tests.guards.attempts import ATTEMPTS, Attempt, base_of, brought, one_by_one
from tests.profiles import quick_or

pytestmark = pytest.mark.uncounted

WAYS = ("patch", "rule", "resource", "template")
CLASSES = json.loads((Path(__file__).parents[2] / "schemas" / "environment.json").read_text())["properties"]["spec"][
    "properties"
]["policy"]["properties"]["privileges"]["items"]["enum"]
CLONING = ("patch", "rule")
_FIRST = {attempt.kind: number for number, attempt in reversed([*enumerate(ATTEMPTS)])}
NUMBERS = sorted({*_FIRST.values(), *range(0, len(ATTEMPTS), quick_or(3, 1))})
"""Those of the attempts that are made: `make test` makes one of each class and every third, by each way."""
PAIRS = [(number, way) for number in NUMBERS for way in WAYS if way in CLONING or not ATTEMPTS[number].is_loss]


def is_left_out(number: int, way: str) -> bool:
    """Tells whether a clone goes without what is attempted, so that nothing has to be refused: ports of nodes."""
    return way in CLONING and ATTEMPTS[number].id.startswith("host-port")


def name_of(number: int, way: str) -> str:
    return f"{way}{number}"


def object_of(number: int, way: str) -> str:
    """Returns the id of the workload of the output by which an attempt comes."""
    suffix = {"patch": "-patched", "rule": "-ruled"}.get(way, "")
    return f"Deployment/shop/{name_of(number, way)}{suffix}"


def patch_of(attempt: Attempt) -> str:
    return json.dumps({"spec": {"template": attempt.template}})


def patched(manifest: Object, attempt: Attempt) -> Any:
    (patch,) = parse_patch(patch_of(attempt))
    return apply_patch(manifest, patch, group="apps", kind="Deployment")


Made = Callable[[Attempt, str], bool]


def can_be_allowed(attempt: Attempt, way: str) -> bool:
    """Tells whether a policy can allow an attempt; labels of clones are sandlane's own to decide, and no clone has a node's name."""
    is_decided = attempt.id.startswith("label:") or attempt.id == "node"
    return not attempt.is_never and not (way in CLONING and is_decided)


def environment(made: Made, **policy: Any) -> dict[str, str]:
    """Returns the files of an environment in which attempts are made by every way; where they are not, there is the workload alone."""
    accepted = [{"code": "SL316", "reason": "x"}, {"code": "SL311", "reason": "x"}]

    def entry(number: int, way: str) -> Object:
        attempt = ATTEMPTS[number]
        name = name_of(number, way)
        accept = [{**each, "object": f"Deployment/shop/{name}"} for each in accepted]
        patches = [{"patch": patch_of(attempt)}] if way == "patch" and made(attempt, way) else []
        return {"name": name, "accept": accept, **({"patches": patches} if patches else {})}

    rules = [
        {"target": {"name": name_of(n, "rule")}, "patches": [{"patch": patch_of(ATTEMPTS[n])}]}
        for n in NUMBERS
        if made(ATTEMPTS[n], "rule")
    ]
    extra = {}
    for way, end in (("resource", "yaml"), ("template", "yaml.j2")):
        for number in NUMBERS:
            plain = brought(name_of(number, way))
            manifest = patched(plain, ATTEMPTS[number]) if made(ATTEMPTS[number], way) else plain
            extra[f"extra/{way}{number}.{end}"] = json.dumps(manifest)
    specs = [
        sandbox("patched", *(entry(n, "patch") for n in NUMBERS)),
        sandbox("ruled", *(entry(n, "rule") for n in NUMBERS)),
        sandbox("brought", "home", resources=[f"../{file}" for file in extra]),
    ]
    names = [name_of(n, way) for n in NUMBERS for way in CLONING]
    names.append("home")
    fields = {"clones": rules, "policy": {"images": ["registry.example/*"], **policy}}
    return {**files_of(base_of(names), *specs, **fields), **extra}


_ABOUT = re.compile(r"'Deployment/shop/((?:patch|rule|resource|template)\d+)")


def by_workload(texts: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts:
        about = _ABOUT.search(text)
        found.setdefault(about[1] if about else "", []).append(text)
    return found


@pytest.fixture(scope="module")
def refused() -> Mapping[str, list[str]]:
    """What the guard refuses where every attempt is made by every way, by the name of the workload."""
    tree = MemoryTree(environment(lambda *_: True))
    with pytest.raises(Invalid) as invalid:
        render(read_inputs(tree, "sandlane.yaml"))
    return by_workload(one_by_one(problem.text for problem in invalid.value.problems if problem.level == "error"))


@pytest.fixture(scope="module")
def unproved(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """What `verify` finds in an output that holds every attempt, with the guard left out, by the name of the workload.

    The output is rendered where a policy allows all classes; what none allows is put into it by hand.
    """
    directory = tmp_path_factory.mktemp("privilege")
    tree = MemoryTree(environment(can_be_allowed, privileges=CLASSES))
    files = dict(render(read_inputs(tree, "sandlane.yaml")).files)
    for number in NUMBERS:
        attempt = ATTEMPTS[number]
        for way in (way for way in WAYS if not can_be_allowed(attempt, way)):
            kind, _, name = object_of(number, way).split("/")
            (path,) = [p for p in files if p.endswith(f"/{kind.lower()}-{name}.yaml")]
            mark, _, text = files[path].partition("\n")
            manifest = yamlio.read(text.encode(), path)[0].data
            files[path] = f"{mark}\n{json.dumps(patched(manifest, attempt))}\n"
    # A standing rule that cannot be applied is the environment's own mistake, against which nothing can be judged.
    strict = environment(lambda attempt, way: way != "rule" or not attempt.id.startswith("label:"))
    for path, content in {**strict, **{f"rendered/{p}": text for p, text in files.items()}}.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(content)
    arguments = ["verify", str(directory), "--root", str(directory), "--format", "json"]
    result = CliRunner().invoke(group, arguments, prog_name="sandlane")
    assert (result.exit_code, result.stderr) == (3, "")
    (judged,) = json.loads(result.stdout)["environments"]
    return by_workload(problem["message"] for problem in judged["problems"])


def than(number: int, way: str) -> str:
    return f"'Deployment/shop/{name_of(number, way)}'" if way in CLONING else "an ordinary pod"


def refusal(number: int, way: str) -> str:
    """Returns what the guard says of an attempt."""
    attempt, object = ATTEMPTS[number], object_of(number, way)
    if attempt.is_never:
        return attempt.guard.replace("{object}", object)
    if way in CLONING and attempt.id.startswith("label:"):
        return f"the patch changes 'spec.template.metadata.labels' of {than(number, way)}, which sandlane decides"
    return f"'{object}' would have more privilege than {than(number, way)}: {attempt.guard}"


def finding(number: int, way: str) -> str:
    """Returns what proof says of an attempt."""
    attempt, object = ATTEMPTS[number], object_of(number, way)
    if attempt.is_never:
        return f"promise 4 does not hold: {attempt.proof.replace('{object}', object)}"
    return f"promise 4 does not hold: '{object}' has more privilege than {than(number, way)} ({attempt.kind}): {attempt.proof}"


def unsaid(said: Mapping[str, list[str]], wanted: Mapping[tuple[int, str], str]) -> dict[str, str]:
    """Returns the texts that are not said of the attempts' workloads, by attempt."""
    return {ATTEMPTS[n].id: text for (n, way), text in wanted.items() if text not in said.get(name_of(n, way), [])}


@pytest.mark.parametrize("way", WAYS)
def test_the_guard_refuses(refused: Mapping[str, list[str]], way: str) -> None:
    pairs = [pair for pair in PAIRS if pair[1] == way and not is_left_out(*pair)]
    assert len(pairs) * 3 > len(NUMBERS) * 2
    assert unsaid(refused, {pair: refusal(*pair) for pair in pairs}) == {}


@pytest.mark.parametrize("way", WAYS)
def test_proof_finds_it_in_an_output(unproved: Mapping[str, list[str]], way: str) -> None:
    pairs = [pair for pair in PAIRS if pair[1] == way]
    assert len(pairs) * 3 > len(NUMBERS) * 2
    assert unsaid(unproved, {pair: finding(*pair) for pair in pairs}) == {}


def test_without_an_attempt_nothing_is_refused_and_all_is_proved() -> None:
    files = environment(lambda *_: False)
    rendered = render(read_inputs(MemoryTree(files), "sandlane.yaml"))
    assert [problem.code for problem in rendered.notices if problem.code not in ("SL218", "SL253", "SL340")] == []


def test_the_table_is_long_enough() -> None:
    assert len(ATTEMPTS) > 140
    assert len({(attempt.id, attempt.is_loss) for attempt in ATTEMPTS}) == len(ATTEMPTS)
