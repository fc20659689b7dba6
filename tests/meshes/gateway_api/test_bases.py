"""Real applications with the meshes of the Gateway API: every workload by three tenants, and what the API server says.

The rules are those of gateway-api v1.2.1, config/crd/standard (`x-kubernetes-validations`); v1.1.1 differs in the number of
matches, which is looked at apart.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import celpy
import pytest
from celpy.adapter import json_to_cel

from sandlane.output.layout import Placed
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from sandlane.specs.inputs import Inputs
from tests.applications import application, environment, inputs_over, route_objects, sandbox, workloads_of
from tests.build import Object, app, inputs
from tests.build import sandbox as cloning
from tests.meshes.gateway_api.test_attached_routes import route, rule, to_service
from tests.shared import SHARED, needs_shared
from tests.validity import complaints

BASES = ("hotrod-linkerd", "bookinfo+gwapi", "emojivoto+policy", "boutique-base", "train-ticket-istio")
MESHES = ("linkerd", "gateway-api", "istio-ambient")
TENANTS = ("dev1", "dev10", "xdev1")

_SAME_PARENT = (
    "p1.group == p2.group && p1.kind == p2.kind && p1.name == p2.name && "
    "(((!has(p1.__namespace__) || p1.__namespace__ == '') && (!has(p2.__namespace__) || p2.__namespace__ == '')) || "
    "(has(p1.__namespace__) && has(p2.__namespace__) && p1.__namespace__ == p2.__namespace__))"
)
_ONE_PREFIX = "(size(self.matches) != 1 || !has(self.matches[0].path) || self.matches[0].path.type != 'PathPrefix') ? false : true"


def _replaces(where: str, field: str) -> str:
    return (
        f"has({where}.filters) && {where}.filters.exists_one(f, has(f.{field}) && has(f.{field}.path) && "
        f"f.{field}.path.type == 'ReplacePrefixMatch' && has(f.{field}.path.replacePrefixMatch))"
    )


def _filled(field: str) -> str:
    kind = field[0].upper() + field[1:].replace("urlRewrite", "URLRewrite")
    kind = "URLRewrite" if field == "urlRewrite" else kind
    return f"has(self.{field}) == (self.type == '{kind}')"


_FILTERS = [f"self.filter(f, f.type == '{kind}').size() <= 1" for kind in
            ("RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite")]  # fmt: skip
_FILTERS += ["!(self.exists(f, f.type == 'RequestRedirect') && self.exists(f, f.type == 'URLRewrite'))"]
_FILTER = [_filled(field) for field in ("requestHeaderModifier", "responseHeaderModifier", "requestMirror",
                                        "requestRedirect", "urlRewrite", "extensionRef")]  # fmt: skip
_PORT = "(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true"
_PLAIN = "(self.type in ['Exact', 'PathPrefix']) ? {} : true"
RULES: dict[str, list[str]] = {
    "parents": [
        f"self.all(p1, self.all(p2, {_SAME_PARENT} ? "
        "((!has(p1.sectionName) || p1.sectionName == '') == (!has(p2.sectionName) || p2.sectionName == '')) : true))",
        f"self.all(p1, self.exists_one(p2, {_SAME_PARENT} && (((!has(p1.sectionName) || p1.sectionName == '') && "
        "(!has(p2.sectionName) || p2.sectionName == '')) || (has(p1.sectionName) && has(p2.sectionName) && "
        "p1.sectionName == p2.sectionName))))",
    ],
    "rules": [
        " + ".join(
            f"(self.size() > {n} ? (has(self[{n}].matches) ? self[{n}].matches.size() : 0) : 0)" for n in range(16)
        )
        + " <= 128"
    ],
    "rule": [
        "(has(self.backendRefs) && size(self.backendRefs) > 0) ? "
        "(!has(self.filters) || self.filters.all(f, !has(f.requestRedirect))): true",
        *(f"({_replaces('self', field)}) ? ({_ONE_PREFIX}) : true" for field in ("requestRedirect", "urlRewrite")),
        *(
            f"(has(self.backendRefs) && self.backendRefs.exists_one(b, {_replaces('b', field)})) ? ({_ONE_PREFIX}) : true"
            for field in ("requestRedirect", "urlRewrite")
        ),
    ],
    "backend": [_PORT],
    "filters": _FILTERS,
    "filter": _FILTER,
    "path": [
        _PLAIN.format("self.value.startsWith('/')"),
        *(_PLAIN.format(f"!self.value.contains('{text}')") for text in ("//", "/./", "/../", "%2f", "%2F", "#")),
        *(_PLAIN.format(f"!self.value.endsWith('{text}')") for text in ("/..", "/.")),
        "self.type in ['Exact', 'PathPrefix', 'RegularExpression']",
    ],
    "method": ["has(self.type) ? has(self.service) || has(self.method) : true"],
}
"""Place -> CEL expressions that hold there, with `self` as the API server sets it."""


@functools.cache
def program(text: str) -> Any:
    environment = celpy.Environment()
    return environment.program(environment.compile(text.replace("__namespace__", "namespace_")))


@functools.cache
def holds(text: str, value: str) -> bool:
    return bool(program(text).evaluate({"self": json_to_cel(json.loads(value))}))


def essence(value: Any) -> Any:
    """Returns data with one name for all, of which no rule but those of several parents speaks: less to evaluate."""
    if isinstance(value, dict):
        return {
            k: "x" if k == "name" else essence(v) for k, v in value.items() if (k, "name" in value) != ("value", True)
        }
    return [essence(item) for item in value] if isinstance(value, list) else value


def escaped(value: Any) -> Any:
    """Returns data with `namespace` under another key: it is a reserved word of CEL."""
    if isinstance(value, dict):
        return {"namespace_" if key == "namespace" else key: escaped(item) for key, item in value.items()}
    return [escaped(item) for item in value] if isinstance(value, list) else value


def places(spec: Object) -> Iterator[tuple[str, Any]]:
    """Yields the values of a route's spec on which rules stand, each with the name of its place."""
    yield "parents", spec["parentRefs"]
    yield "rules", spec["rules"]
    for one in spec["rules"]:
        yield "rule", one
        for match in one.get("matches", []):
            yield from (("path", match["path"]) for _ in [0] if "path" in match)
            yield from (("method", match["method"]) for _ in [0] if isinstance(match.get("method"), dict))
        for backend in one.get("backendRefs", []):
            yield "backend", backend
        for holder in (one, *one.get("backendRefs", [])):
            if holder.get("filters"):
                yield "filters", holder["filters"]
            yield from (("filter", item) for item in holder.get("filters", []))


def broken(manifest: Object, most_matches: int = 64) -> list[str]:
    """Returns the rules and limits of the API server that a route breaks."""
    spec = manifest["spec"]
    found = [
        rule
        for place, value in places(spec)
        for rule in RULES[place]
        if not holds(rule, json.dumps(escaped(essence(value) if place != "parents" or len(value) == 1 else value)))
    ]
    limits = [
        ("rules", spec["rules"], 16),
        ("parentRefs", spec["parentRefs"], 32),
        ("hostnames", spec.get("hostnames", []), 16),
    ]
    for one in spec["rules"]:
        limits += [(field, one.get(field, []), 16) for field in ("filters", "backendRefs")]
        limits += [("matches", one.get("matches", []), most_matches)]
        for match in one.get("matches", []):
            names = [h["name"] for h in match.get("headers", [])]
            limits += [("headers", names, 16), ("queryParams", match.get("queryParams", []), 16)]
            found += ["a header twice"] if len(set(names)) < len(names) else []
            found += (
                ["a header's value"] if any(not 1 <= len(h["value"]) <= 4096 for h in match.get("headers", [])) else []
            )
    return found + [name for name, items, most in limits if len(items) > most]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"parentRefs": [to_service("a", 80)], "rules": [rule(reference)]}, [], id="good")
        for reference in [{"group": "", "kind": "Service", "name": "a", "port": 80}]
    ]
    + [
        pytest.param({"parentRefs": [to_service("a", 80)] * 2, "rules": []}, [RULES["parents"][1]], id="parent-twice"),
        pytest.param({"parentRefs": [], "rules": [{"backendRefs": [{"group": "", "kind": "Service", "name": "a"}]}]}, [_PORT],
                     id="no-port"),
        pytest.param({"parentRefs": [], "rules": [{"matches": [{}] * 64}, {"matches": [{}] * 64}, {"matches": [{}]}]},
                     RULES["rules"], id="129-matches"),
        pytest.param(
            {"parentRefs": [], "rules": [{"matches": [{}, {}], "filters": [{"type": "URLRewrite", "urlRewrite": {"path": {
                "type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}]}]},
            [RULES["rule"][2]], id="prefix-of-two-matches",
        ),
    ],
)  # fmt: skip
def test_the_rules_themselves(spec: Object, expected: list[str]) -> None:
    assert broken({"spec": spec}) == expected


def routes_of(objects: Sequence[Placed]) -> list[Object]:
    return [dict(o.manifest) for o in objects if o.id.kind in ("HTTPRoute", "GRPCRoute") and not o.base]


@pytest.mark.parametrize(
    ("count", "each", "most"),
    [pytest.param(16, 8, 8, id="v1.1.1"), pytest.param(2, 64, 64, id="v1.2.1", marks=pytest.mark.slow)],
)
def test_the_largest_routes(count: int, each: int, most: int) -> None:
    matches = [{"path": {"type": "Exact", "value": f"/{n}"}} for n in range(each)]
    rules = [{"matches": matches, "backendRefs": [{"name": "a", "port": 80}]} for _ in range(count)]
    base = [*app("a"), route("r", *rules, parents=[to_service("a", 80)])]
    # One tenant: the routes of others differ in names only.
    made = routes_of(render(inputs(base, cloning("xdev1", "a"), mesh="linkerd")).objects)
    assert [broken(manifest, most) for manifest in made] == [[], []]


def test_rewritten_prefixes() -> None:
    rewrite = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}
    given = rule("a", match={"path": {"type": "PathPrefix", "value": "/a"}}, filters=[rewrite])
    base = [*app("a"), route("r", given, parents=[to_service("a", 80)])]
    made = routes_of(render(inputs(base, *(cloning(t, "a") for t in TENANTS), mesh="gateway-api")).objects)
    assert (len(made), [broken(manifest) for manifest in made]) == (6, [[]] * 6)


def test_filters_and_the_answer_header() -> None:
    extension = {"type": "ExtensionRef", "extensionRef": {"group": "x.io", "kind": "Filter", "name": "x"}}
    base = [*app("a"), route("r", rule("a", filters=[extension] * 16), parents=[to_service("a", 80)])]
    environment = {"mesh": "gateway-api", "routes": {"answerHeader": "x-route"}}
    made = routes_of(render(inputs(base, cloning("dev1", "a"), **environment)).objects)
    assert [broken(manifest) for manifest in made] == [[], []]


ACCEPTED = ("SL310", "SL320", "SL321", "SL323", "SL411")


@needs_shared
@pytest.mark.parametrize(("name", "mesh"), [application(name, mesh) for name in BASES for mesh in MESHES])
def test_every_workload_by_three_tenants(name: str, mesh: str) -> None:
    base = SHARED / "bases" / f"{name}.yaml"
    probe = inputs_over(base, environment(mesh))
    adopted = {"adopt": route_objects(probe)} if mesh == "istio-ambient" else {}
    workloads = workloads_of(probe)
    settings = environment(mesh, **({"routes": adopted} if adopted else {}))
    reasons = _accepted(inputs_over(base, settings, [sandbox("dev1", workloads)]))
    for workload in workloads:
        key = (workload["kind"], workload["namespace"], workload["name"])
        workload.update({"accept": reasons[key]} if key in reasons else {})
    rendered = render(inputs_over(base, settings, [sandbox(tenant, workloads) for tenant in TENANTS]))
    # The objects of tenants differ in names only: the longest of these.
    written = [dict(o.manifest) for o in rendered.objects if o.directory == "sandboxes/xdev1"]
    assert [c for manifest in written for c in complaints(manifest)] == []
    made = routes_of(rendered.objects)
    assert [(m["metadata"]["name"], broken(m)) for m in made if broken(m)] == []
    assert {m["metadata"]["labels"]["sandlane.dev/tenant"] for m in made} == set(TENANTS)


def _accepted(read: Inputs) -> dict[tuple[str, str, str], list[Object]]:
    """Returns what specs have to accept, by workload: consumers, and what is refused for its own sake."""
    found: dict[tuple[str, str, str], list[Object]] = {}
    try:
        render(read, is_proved=False)
    except Invalid as invalid:
        for problem in invalid.problems:
            assert (problem.code, problem.code in ACCEPTED) == (problem.code, True)
            workload = read.sandboxes[0].workloads[int(problem.path[2])]
            entry = {"code": problem.code, "object": problem.object, "reason": "a test"}
            found.setdefault((workload.kind, workload.namespace, workload.name), []).append(entry)
    return found
