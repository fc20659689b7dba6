"""The scenarios of routing, one file each under tests/cases/routing: rendered, and judged by the evaluator of `sandlane.proof`.

A case has workloads (`apps`: name -> ports of its Service), further manifests (`base`), fields of the environment, sandboxes
(`specs`: name -> workloads or a whole spec), and what is expected: `requests` with their answers, `problems`, `entries` of
VirtualServices by name, and objects that are `written` or `absent`; `xfail` names the rule that is not built yet. Every request is
sent once more without its carriers: the answer has to be the base's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandlane.base.base import Base, make_base
from sandlane.files.tree import MemoryTree
from sandlane.k8s.resource import Resource
from sandlane.pipeline import Rendered, render
from sandlane.problems.problem import Invalid, Source, show
from sandlane.semantics.network import Network, make_network, overlaid
from sandlane.semantics.request import Client, Request
from sandlane.semantics.trace import Traced, trace
from sandlane.specs.inputs import Inputs, read_inputs
from tests.build import Object, app, files_of, group, sandbox
from tests.networks import said_of
from tests.shared import REPOSITORY, SHARED, load
from tests.validity import complaints

CASES = sorted((REPOSITORY / "tests" / "cases" / "routing").glob("*.yaml"))
FIELDS = {
    "title",
    "mesh",
    "environment",
    "apps",
    "base",
    "specs",
    "requests",
    "problems",
    "entries",
    "written",
    "absent",
    "xfail",
}
_CARRIERS = ("tenantid", "baggage")
UNCHANGED = "SL253"
"""A notice that clones are as their origins, as they are in these cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case, read: what is rendered, and what is expected."""

    data: dict[str, Any]
    inputs: Inputs


def read(text: str) -> Case:
    data = load(text)
    assert set(data) <= FIELDS
    base = [o for name, ports in (data.get("apps") or {}).items() for o in app(name, *ports)]
    specs = [_spec(name, given) for name, given in (data.get("specs") or {}).items()]
    environment = {"mesh": data.get("mesh", "istio"), **(data.get("environment") or {})}
    files = files_of([*base, *(data.get("base") or [])], *specs, **environment)
    return Case(data=data, inputs=read_inputs(MemoryTree(files), "sandlane.yaml"))


def _spec(name: str, given: Any) -> Object:
    if isinstance(given, list):
        return sandbox(name, *given)
    return group(name, **given) if "sandboxes" in given else sandbox(name, *given.pop("workloads"), **given)


def network_of(case: Case, base: Base) -> Network:
    cluster = case.inputs.environment.cluster
    mesh = case.inputs.environment.mesh
    return make_network(base, mesh=mesh, domain=cluster.domain, root=cluster.root_namespace)


def request_of(asked: dict[str, Any], *, is_bare: bool = False) -> Request:
    found = re.fullmatch(r"([^:/]+)(?::(\d+))?(/.*)?", asked["to"])
    assert found
    headers = [(str(k).lower(), str(v)) for k, v in asked.get("headers") or []]
    headers += [("tenantid", asked["as"])] if "as" in asked else []
    headers += [("baggage", asked["baggage"])] if "baggage" in asked else []
    sender = asked.get("from") or {}
    kind: Any = "gateway" if "at" in asked else "sidecar"
    home, _, gateway = asked.get("at", "").rpartition("/")
    namespace = sender.get("namespace", home or "shop")
    return Request(
        client=Client(kind=kind, namespace=namespace, labels=sender.get("labels") or {}, name=gateway),
        host=found[1],
        port=int(found[2] or 80),
        authority=asked.get("host", ""),
        method=asked.get("method", "GET"),
        path=found[3] or "/",
        headers=tuple(h for h in headers if not is_bare or h[0] not in _CARRIERS),
    )


def judged(traced: Traced) -> list[Any]:
    """Returns the possible outcomes: everything that is done with a request, and what it depends on."""
    return [(answer.outcome, answer.when) for answer in (traced.answer, *traced.others)]


def said(problems: Any) -> list[str]:
    """Returns what is told, but for sandboxes that change nothing: those of cases name workloads alone."""
    return list(dict.fromkeys(show(problem) for problem in problems if problem.code != "SL253"))


def rendered_or_not(case: Case) -> tuple[Rendered | None, list[str]]:
    try:
        found = render(case.inputs)
    except Invalid as invalid:
        return None, said(invalid.problems)
    return found, said(problem for problem in found.notices if problem.code != UNCHANGED)


def _params() -> Iterator[Any]:
    for file in CASES:
        why = re.search(r"^xfail: (.+)$", file.read_text(), re.MULTILINE)
        marks = [pytest.mark.xfail(reason=why[1], strict=True)] if why else []
        yield pytest.param(file, id=file.stem, marks=marks)


@pytest.mark.parametrize("file", list(_params()))
def test_case(file: Any) -> None:
    case = read(file.read_text())
    found, problems = rendered_or_not(case)
    assert problems == (case.data.get("problems") or [])
    if found is None:
        return
    written = [Resource(id=o.id, manifest=o.manifest, source=Source(file="output")) for o in found.objects]
    before, after = network_of(case, case.inputs.base), network_of(case, overlaid(case.inputs.base, written))
    for asked in case.data.get("requests") or []:
        expected = asked["gives"] if isinstance(asked["gives"], list) else [asked["gives"]]
        assert (asked, said_of(trace(after, request_of(asked)))) == (asked, expected)
        bare = request_of(asked, is_bare=True)
        assert (asked, judged(trace(after, bare))) == (asked, judged(trace(before, bare)))
    ids = {str(resource.id) for resource in make_base(written).resources}
    assert set(case.data.get("written") or []) - ids == set()
    assert set(case.data.get("absent") or []) & ids == set()
    by_id = {str(resource.id): resource.manifest for resource in written}
    for id, names in (case.data.get("entries") or {}).items():
        assert (id, [entry.get("name", "-") for entry in by_id[id]["spec"]["http"]]) == (id, names)
    assert list(invalid_objects(found, case.inputs.base)) == []


def invalid_objects(found: Rendered, base: Base) -> Iterator[str]:
    """Yields what the API server would refuse of what is added, where its schemas are at hand."""
    for placed in found.objects:
        is_known = "." not in placed.id.group or (SHARED / "schemas" / placed.id.group).exists()
        if placed.id not in base.by_id and is_known:
            yield from (f"{placed.id}: {complaint}" for complaint in complaints(dict(placed.manifest)))


def test_every_scenario_has_a_case() -> None:
    assert sorted({int(file.stem.partition("-")[0]) for file in CASES}) == list(range(1, 69))
