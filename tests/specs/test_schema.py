from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import islice, product
from random import Random
from typing import Any

import fastjsonschema
import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from sandlane.files.tree import MemoryTree
from sandlane.overrides.containers import Container
from sandlane.overrides.env import Variable
from sandlane.overrides.registry import FIELDS
from sandlane.problems.problem import Invalid, Source, dotted, show
from sandlane.specs import model
from sandlane.specs.as_written import as_written
from sandlane.specs.crd import NAMES, custom_resource
from sandlane.specs.explanation import explain
from sandlane.specs.forms import FORMS
from sandlane.specs.inputs import read_environment
from sandlane.specs.sandbox import read_specs
from sandlane.specs.schema import API_VERSION, KINDS, check, is_valid, schema, with_defaults
from tests.profiles import quick_or
from tests.rim import environment, group, sandbox
from tests.shared import REPOSITORY

SOURCE = Source(file="f.yaml")
ENDS = "in its path, which begins or ends with no letter or digit"
LABEL, DOMAIN, TOKEN, DAY, IMAGE, USE, LABEL_VALUE, DURATION, CODE, GATEWAY, KEY, HOST, SHOWN = FORMS
DIGEST = "sha256:" + "0123456789abcdef" * 4


def said(kind: str, data: Any) -> list[str]:
    return [f"{dotted(p.path)}: {show(p)}" for p in Invalid(check(kind, data, SOURCE)).problems]


def workload(**fields: Any) -> dict[str, Any]:
    return sandbox("dev1", {"name": "web", **fields})


def variable(**fields: Any) -> dict[str, Any]:
    return workload(containers=[{"name": "app", "env": [{"name": "A", **fields}]}])


FULL: dict[str, list[dict[str, Any]]] = {
    "Environment": [
        environment(),
        {
            **environment(
                base=["a", "b.yaml"],
                defaultNamespace="shop",
                carriers=[{"header": "X-Tenant"}, {"baggage": "tenant$id"}],
                tenantLabel="example.com/tenant",
                sandboxes=["s", "t.yaml"],
                routes={
                    "adopt": [{"kind": "VirtualService", "name": "a"}, {"kind": "VirtualService", "name": "b", "namespace": "c"}],
                    "entry": "mesh",
                    "strip": ["in/gw", "gx"],
                    "patches": [{"target": {"kind": "HTTPRoute", "name": "a", "namespace": "b"}, "patch": "[]"}],
                },
                preview={"host": "{tenantID}.p.example.com", "gateway": "in/gw", "of": "shop.example.com"},
                cluster={
                    "domain": "example.org",
                    "rootNamespace": "mesh",
                    "istio": {
                        "defaultServiceExportTo": ["."],
                        "defaultVirtualServiceExportTo": ["*"],
                        "defaultDestinationRuleExportTo": ["web", "~"],
                    },
                    "linkerd": {"grpcMatchesWithoutMethod": True},
                    "waypoint": {"name": "waypoint", "namespace": "infra"},
                },
                output={
                    "path": "out", "base": "full", "customResources": True,
                    "flux": {"sourceRef": {"name": "a"}, "interval": "1m30s", "path": "."},
                },
            ),
            "metadata": {"name": "staging", "labels": {"a": "b"}, "annotations": {"c": "d"}},
        },
    ],
    "DevelopmentSandbox": [
        sandbox("dev1"),
        {
            **sandbox(
                "dev1",
                {
                    "name": "web",
                    "kind": "StatefulSet",
                    "namespace": "shop",
                    "image": "localhost:5000/a/b:1@" + DIGEST,
                    "containers": [
                        {
                            "name": "app",
                            "image": "a",
                            "env": [
                                {"name": "A", "value": ""},
                                {"name": "B", "remove": True},
                                {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b", "optional": True}}},
                                {"name": "D", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b", "optional": False}}},
                                {"name": "E", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
                                {"name": "F", "valueFrom": {"resourceFieldRef": {"containerName": "a", "resource": "b", "divisor": "1"}}},
                            ],
                        }
                    ],
                    "replicas": 0,
                    "accept": [{"code": "SL310", "object": "Deployment/shop/web", "reason": "mine"}],
                },
                tenantID="t1",
                owner="dana",
                expires="2026-12-01",
                suspend=True,
            ),
            "metadata": {"name": "dev1", "labels": {"a": "b"}, "annotations": {"c": "d"}},
        },
    ],
    "RouteGroup": [
        group("rel", sandboxes=["a"]),
        group("rel", selector={"matchLabels": {"a": "b"}}),
        {
            **group("rel", tenantID="r-1", owner="o", expires="2026-01-31", sandboxes=["a", "b"], selector={"matchLabels": {"a": "b"}}),
            "metadata": {"name": "rel", "labels": {"a": "b"}, "annotations": {"c": "d"}},
        },
    ],
}  # fmt: skip
"""Valid documents, least and full."""

VALID = [pytest.param(kind, data, id=f"{kind}-{n}") for kind, found in FULL.items() for n, data in enumerate(found)]


@pytest.mark.parametrize(("kind", "data"), VALID)
def test_valid(kind: str, data: Any) -> None:
    assert (is_valid(kind, data), check(kind, data, SOURCE), explain(kind, data, SOURCE)) == (True, [], [])


TENANT = (
    "Routing value of the sandbox: a DNS label (lower-case letters, digits and '-', at most 63 characters); "
    "metadata.name unless given."
)
HINT = "\n  hint: "
SPEC_OF_SANDBOX = "expires, owner, resources, suspend, tenantID, workloads"
WORKLOAD_FIELDS = (
    "accept, configMaps, containers, env, image, initContainers, kind, name, namespace, patches, preserveLabels, "
)
WORKLOAD_FIELDS += "replicas, use, volumes"


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", tenantId="dev1"),
            [
                "spec.tenantId: f.yaml: SL202 unknown field 'tenantId' in 'spec'"
                f"{HINT}did you mean 'tenantID'? allowed: {SPEC_OF_SANDBOX}"
            ],
            id="misspelt-field",
        ),
        pytest.param(
            "DevelopmentSandbox",
            {**sandbox("dev1"), "zzz": 1},
            ["zzz: f.yaml: SL202 unknown field 'zzz'\n  hint: allowed: apiVersion, kind, metadata, spec"],
            id="unknown-field-at-the-top",
        ),
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", {"name": "a"}, {"nmae": "b"}),
            [
                "spec.workloads[1]: f.yaml: SL203 field 'name' is missing in 'spec.workloads[1]'\n"
                "  hint: Name of the workload in the base; with use also of a Service: 'name: checkout'",
                "spec.workloads[1].nmae: f.yaml: SL202 unknown field 'nmae' in 'spec.workloads[1]'\n"
                "  hint: did you mean 'name'? allowed: accept, configMaps, containers, env, image, initContainers, kind, "
                "name, namespace, patches, preserveLabels, replicas, use, volumes",
            ],
            id="all-problems-at-once",
        ),
        pytest.param(
            "DevelopmentSandbox",
            {"kind": "DevelopmentSandbox"},
            [
                ": f.yaml: SL203 field 'apiVersion' is missing\n"
                "  hint: write 'apiVersion: sandlane.dev/v1alpha1'",
                ": f.yaml: SL203 field 'metadata' is missing\n"
                "  hint: Name and labels of the sandbox: 'metadata: {name: dev1}'",
                ": f.yaml: SL203 field 'spec' is missing\n"
                "  hint: What the sandbox changes: 'spec: {owner: dana, workloads: [{name: checkout, image: "
                "registry.example/checkout:pr-42}]}'",
            ],
            id="missing-fields-once-each",
        ),
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", tenantID="Dev_1"),
            [
                "spec.tenantID: f.yaml: SL201 'Dev_1' contains the capital 'D' and '_' in 'spec.tenantID'\n"
                "  hint: write 'tenantID: dev-1': lower-case letters, digits and '-', with a letter or digit at both ends",
            ],
            id="pattern",
        ),
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", tenantID="dev1\n"),
            [
                "spec.tenantID: f.yaml: SL201 'dev1\\n' contains a line break in 'spec.tenantID'\n"
                "  hint: write 'tenantID: dev1': lower-case letters, digits and '-', with a letter or digit at both ends",
            ],
            id="pattern-ends-at-the-end",
        ),
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", tenantID="d" * 64),
            [f"spec.tenantID: f.yaml: SL201 has 64 characters, at most 63 are allowed in 'spec.tenantID'{HINT}{TENANT}"],
            id="too-long",
        ),
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", tenantID=12),
            [
                "spec.tenantID: f.yaml: SL201 expected a string, found the number 12 in 'spec.tenantID'\n"
                "  hint: quote it: 'tenantID: \"12\"'",
            ],
            id="number-for-string",
        ),
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", tenantID=None),
            [
                "spec.tenantID: f.yaml: SL201 expected a string, found nothing in 'spec.tenantID'\n"
                "  hint: Routing value of the sandbox: a DNS label (lower-case letters, digits and '-', at most 63 "
                "characters); metadata.name unless given: 'tenantID: dev1'",
            ],
            id="nothing-for-string",
        ),
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", owner=""),
            [
                "spec.owner: f.yaml: SL201 must not be empty in 'spec.owner'\n"
                "  hint: Who answers for the sandbox; an annotation on its objects: 'owner: dana'",
            ],
            id="empty-string",
        ),
        pytest.param(
            "DevelopmentSandbox",
            {**sandbox("dev1"), "spec": {"workloads": []}},
            [
                "spec.workloads: f.yaml: SL201 must not be empty in 'spec.workloads'\n"
                "  hint: The workloads of the base that the sandbox clones: 'workloads: [{name: checkout, image: "
                "registry.example/checkout:pr-42}]'",
            ],
            id="empty-list",
        ),
        pytest.param(
            "DevelopmentSandbox",
            {**sandbox("dev1"), "spec": {"workloads": {"name": "web"}}},
            [
                "spec.workloads: f.yaml: SL201 expected a list, found a mapping in 'spec.workloads'\n"
                "  hint: write 'workloads: [{name: web}]'",
            ],
            id="mapping-for-list",
        ),
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", suspend="yes"),
            [
                "spec.suspend: f.yaml: SL201 expected true or false, found 'yes' in 'spec.suspend'\n"
                "  hint: write 'suspend: true'",
            ],
            id="string-for-boolean",
        ),
        pytest.param(
            "DevelopmentSandbox",
            workload(replicas=-1),
            [
                "spec.workloads[0].replicas: f.yaml: SL201 -1 is out of range: the minimum is 0 in "
                "'spec.workloads[0].replicas'\n"
                "  hint: Number of the clone's pods: 'replicas: 2'",
            ],
            id="minimum",
        ),
        pytest.param(
            "DevelopmentSandbox",
            workload(replicas=1001),
            [
                "spec.workloads[0].replicas: f.yaml: SL201 1001 is out of range: the maximum is 1000 in "
                "'spec.workloads[0].replicas'\n"
                "  hint: Number of the clone's pods: 'replicas: 2'",
            ],
            id="maximum",
        ),
        pytest.param(
            "DevelopmentSandbox",
            variable(),
            [
                "spec.workloads[0].containers[0].env[0]: f.yaml: SL201 give exactly one of value, valueFrom, remove: "
                "found none in 'spec.workloads[0].containers[0].env[0]'\n"
                "  hint: such as '{name: LOG_LEVEL, value: debug}'",
            ],
            id="none-of",
        ),
        pytest.param(
            "DevelopmentSandbox",
            variable(value="a", remove=True),
            [
                "spec.workloads[0].containers[0].env[0]: f.yaml: SL201 give exactly one of value, valueFrom, remove: "
                "found value, remove in 'spec.workloads[0].containers[0].env[0]'\n"
                "  hint: such as '{name: LOG_LEVEL, value: debug}'",
            ],
            id="two-of",
        ),
        pytest.param(
            "DevelopmentSandbox",
            variable(valueFrom={}),
            [
                "spec.workloads[0].containers[0].env[0].valueFrom: f.yaml: SL201 must not be empty in "
                "'spec.workloads[0].containers[0].env[0].valueFrom'\n"
                "  hint: Its source, as in Kubernetes: 'valueFrom: {configMapKeyRef: {name: cluster, key: region}}'",
            ],
            id="empty-mapping",
        ),
        pytest.param(
            "DevelopmentSandbox",
            variable(valueFrom={"fieldRef": {"fieldPath": "a"}, "secretKeyRef": {"name": "a", "key": "b"}}),
            [
                "spec.workloads[0].containers[0].env[0].valueFrom: f.yaml: SL201 has 2 fields, at most 1 are allowed in "
                "'spec.workloads[0].containers[0].env[0].valueFrom'\n"
                "  hint: Its source, as in Kubernetes: 'valueFrom: {configMapKeyRef: {name: cluster, key: region}}'",
            ],
            id="too-many-fields",
        ),
        pytest.param(
            "DevelopmentSandbox",
            variable(remove=False),
            [
                "spec.workloads[0].containers[0].env[0].remove: f.yaml: SL201 expected true, found the boolean false in "
                "'spec.workloads[0].containers[0].env[0].remove'\n"
                "  hint: write 'remove: true'",
            ],
            id="remove-false"
        ),
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", suspend=1),
            [
                "spec.suspend: f.yaml: SL201 expected true or false, found the number 1 in 'spec.suspend'\n"
                "  hint: true: no clones and no routes are written: 'suspend: true'",
            ],
            id="number-for-boolean",
        ),
        pytest.param(
            "DevelopmentSandbox",
            {**sandbox("dev1"), "metadata": {"name": "dev1", "labels": {"a.b/c": 1}}},
            [
                "metadata.labels['a.b/c']: f.yaml: SL201 expected a string, found the number 1 in "
                "'metadata.labels['a.b/c']'\n"
                "  hint: quote it: 'a.b/c: \"1\"'",
            ],
            id="label",
        ),
        pytest.param(
            "DevelopmentSandbox",
            ["x"],
            [
                f": f.yaml: SL201 expected a mapping, found a list{HINT}"
                "A developer's sandbox: the tenantID of its requests and the workloads that it changes."
            ],
            id="no-mapping",
        ),
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", owner=["x" * 100]),
            [
                "spec.owner: f.yaml: SL201 expected a string, found a list in 'spec.owner'\n"
                "  hint: write 'owner: "
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
            ],
            id="list-for-string",
        ),
        pytest.param(
            "DevelopmentSandbox",
            workload(image="a b" * 40),
            [
                "spec.workloads[0].image: f.yaml: SL201 'a ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba "
                "ba ba ba ba …' contains a space in 'spec.workloads[0].image'\n"
                "  hint: an image is [registry/]repository[:tag][@digest], its repository in lower case, such as 'image: "
                "registry.example/checkout:pr-42'",
            ],
            id="long-values-are-cut",
        ),
        pytest.param(
            "Environment",
            {**environment(), "apiVersion": "sandlane.dev/v1"},
            [
                "apiVersion: f.yaml: SL201 expected sandlane.dev/v1alpha1, found 'sandlane.dev/v1' in 'apiVersion'\n"
                "  hint: write 'apiVersion: sandlane.dev/v1alpha1'",
            ],
            id="version",
        ),
        pytest.param(
            "Environment",
            {**environment(), "kind": 7},
            [
                "kind: f.yaml: SL201 expected a string, found the number 7 in 'kind'\n"
                "  hint: write 'kind: Environment'",
            ],
            id="one-mistake-is-told-once",
        ),
        pytest.param(
            "DevelopmentSandbox",
            sandbox("dev1", tenantID=True, owner=1.5),
            [
                "spec.owner: f.yaml: SL201 expected a string, found the number 1.5 in 'spec.owner'\n"
                "  hint: quote it: 'owner: \"1.5\"'",
                "spec.tenantID: f.yaml: SL201 expected a string, found the boolean true in 'spec.tenantID'\n"
                "  hint: quote it: 'tenantID: \"true\"'",
            ],
            id="booleans-and-numbers-for-strings",
        ),
        pytest.param(
            "Environment",
            environment(carriers=[]),
            [
                "spec.carriers: f.yaml: SL201 must not be empty in 'spec.carriers'\n"
                "  hint: Where a request carries its tenantID, in order of precedence: 'carriers: [{header: tenantID}]'",
            ],
            id="no-carriers",
        ),
        pytest.param(
            "Environment",
            environment(carriers=[{"header": f"h{n}"} for n in range(9)]),
            [
                f"spec.carriers: f.yaml: SL201 has 9 items, at most 8 are allowed in 'spec.carriers'{HINT}"
                "Where a request carries its tenantID, in order of precedence."
            ],
            id="too-many-items",
        ),
        pytest.param(
            "RouteGroup",
            group("rel"),
            [
                "spec: f.yaml: SL201 give at least one of sandboxes, selector: found none in 'spec'\n"
                "  hint: such as '{owner: dana, sandboxes: [dev1]}'",
            ],
            id="any-of",
        ),
    ],
)  # fmt: skip
def test_messages(kind: str, data: Any, expected: list[str]) -> None:
    assert said(kind, data) == expected


def test_a_problem_is_told_once() -> None:
    found = explain("DevelopmentSandbox", {"kind": "DevelopmentSandbox"}, SOURCE)
    assert [p.text for p in found] == [
        "field 'apiVersion' is missing",
        "field 'metadata' is missing",
        "field 'spec' is missing",
    ]


def test_problems_know_their_sandbox() -> None:
    assert [p.sandbox for p in check("DevelopmentSandbox", {}, SOURCE, SOURCE)][:1] == [SOURCE]


# Near-valid documents: one or a few values of a valid document replaced, removed or added.

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.0, 1.5, 1000, 1001, 2**70, "", "a", "A", "a\n", "-a", "a-", "é", "a" * 63, "a" * 64,
    "a" * 254, "sandlane.dev/v1alpha1", "istio", "2026-02-30", "2026-13-01", "SL310", "a:b:c", "a/B:1", "$", [], ["a"],
    [1], [None], [[]], {}, {"a": "b"}, {"name": "a"}, {"header": "a"}, {"header": "a", "baggage": "b"},
)  # fmt: skip


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(value, (*path, key))


def changed(data: Any, path: tuple[Any, ...], how: str, value: Any) -> Any:
    if not path:
        return value if how == "replace" else data
    data = deepcopy(data)
    at = data
    for step in path[:-1]:
        at = at[step]
    if how == "remove":
        del at[path[-1]]
    elif how == "add" and isinstance(at, dict):
        at[f"{path[-1]}x"] = value
    elif how == "add":
        at.append(value)
    else:
        at[path[-1]] = value
    return data


@st.composite
def near_valid(draw: st.DrawFn) -> tuple[str, Any]:
    kind = draw(st.sampled_from(sorted(FULL)))
    data: Any = draw(st.sampled_from(FULL[kind]))
    for _ in range(draw(st.integers(1, 3))):
        how, value = draw(st.sampled_from(["replace", "replace", "remove", "add"])), draw(st.sampled_from(ODD))
        data = changed(data, draw(st.sampled_from(list(places(data)))), how, value)
    return kind, data


@given(near_valid())
def test_the_two_verdicts_are_equal(document: tuple[str, Any]) -> None:
    kind, data = document
    before = json.dumps(data)
    problems = explain(kind, data, SOURCE)
    assert is_valid(kind, data) == (problems == [])
    assert check(kind, data, SOURCE) == problems
    assert json.dumps(data) == before


@pytest.mark.parametrize(("kind", "data"), VALID)
def test_the_two_verdicts_are_equal_for_every_value(kind: str, data: Any) -> None:
    values: tuple[Any, ...] = (None, True, 1.0, 1001, "", "a\n", "a" * 64, ["a"], {})
    # The step has no divisor in common with the number of values, so that all come up.
    for path, value in islice(product(places(data), values), 0, None, quick_or(10, 1)):
        other = changed(data, path, "replace", value)
        assert (path, value, is_valid(kind, other)) == (path, value, explain(kind, other, SOURCE) == [])


@given(near_valid())
def test_every_problem_leads_to_a_place(document: tuple[str, Any]) -> None:
    kind, data = document
    for problem in check(kind, data, SOURCE):
        at = data
        for step in problem.path:
            at = at[step]
        assert (problem.code, problem.level, problem.text != "") == (problem.code, "error", True)


# Defaults.


@pytest.mark.parametrize(("kind", "data"), VALID)
def test_defaults_are_valid_and_complete(kind: str, data: Any) -> None:
    full = with_defaults(kind, data)
    assert check(kind, full, SOURCE) == []
    assert with_defaults(kind, full) == full


def test_defaults_of_an_environment() -> None:
    before = environment()
    assert with_defaults("Environment", before) == {
        "apiVersion": "sandlane.dev/v1alpha1",
        "kind": "Environment",
        "metadata": {"name": "environment", "labels": {}, "annotations": {}},
        "spec": {
            "base": ["base"],
            "mesh": "istio",
            "defaultNamespace": "default",
            "carriers": [{"header": "tenantID"}, {"baggage": "tenantID"}],
            "tenantLabel": "tenantID",
            "calls": [],
            "sandboxes": ["sandboxes"],
            "routes": {"answerHeader": None, "adopt": [], "entry": "any", "strip": [], "patches": []},
            "preview": None,
            "clones": [],
            "policy": {
                "images": ["*"],
                "resourceKinds": ["ConfigMap", "Deployment", "Job", "PersistentVolumeClaim", "Service", "StatefulSet"],
                "require": [],
                "privileges": [],
            },
            "cluster": {
                "domain": "cluster.local",
                "rootNamespace": "istio-system",
                "istio": {
                    "defaultServiceExportTo": ["*"],
                    "defaultVirtualServiceExportTo": ["*"],
                    "defaultDestinationRuleExportTo": ["*"],
                },
                "linkerd": {"grpcMatchesWithoutMethod": False},
                "waypoint": None,
            },
            "output": {"path": "rendered", "base": "none", "customResources": False, "flux": None},
        },
    }
    assert before == environment()


def test_defaults_stand_at_every_depth() -> None:
    data = sandbox("dev1", {"name": "a", "containers": [{"name": "b"}]}, {"name": "c", "replicas": 2})
    rest = {
        "env": [], "initContainers": {"drop": []}, "volumes": {}, "preserveLabels": [], "configMaps": [], "patches": [], "accept": [],
    }  # fmt: skip
    assert with_defaults("DevelopmentSandbox", data)["spec"] == {
        "suspend": False,
        "resources": [],
        "workloads": [
            {
                "name": "a",
                "kind": "Deployment",
                "containers": [{"name": "b", "env": []}],
                "replicas": 1,
                **rest,
            },
            {"name": "c", "kind": "Deployment", "containers": [], "replicas": 2, **rest},
        ],
    }


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_default_meets_its_rule(kind: str) -> None:
    for path, rule in nodes(schema(kind)):
        if "default" in rule:
            assert (path, list(Draft7Validator(rule).iter_errors(rule["default"]))) == (path, [])


# Files of schemas: editors and other validators read these, so each stands alone.


def file(kind: str) -> Any:
    return json.loads((REPOSITORY / "schemas" / f"{KINDS[kind]}.json").read_text())


def test_workload_entries_and_standing_rules_share_their_definitions() -> None:
    ours, theirs = file("DevelopmentSandbox")["definitions"], file("Environment")["definitions"]
    assert list(ours) == [
        "variable",
        "containers",
        "initContainers",
        "volumes",
        "preserveLabels",
        "configMaps",
        "patches",
    ]
    assert ours == theirs


@pytest.mark.parametrize(("kind", "data"), VALID)
def test_the_file_of_a_schema_gives_the_same_verdict(kind: str, data: Any) -> None:
    validator, compiled = Draft7Validator(file(kind)), fastjsonschema.compile(file(kind), use_default=False)
    values: tuple[Any, ...] = (None, True, 1.0, "", ["a"], {})
    for path in places(data):
        for value in values:
            other = changed(data, path, "replace", value)
            assert (path, value, validator.is_valid(other)) == (path, value, is_valid(kind, other))
            assert (path, value, _accepts(compiled, other)) == (path, value, is_valid(kind, other))


def _accepts(compiled: Any, data: Any) -> bool:
    try:
        compiled(data)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


# Schemas and records.


def nodes(rule: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yields every schema in a schema that stands for a value."""
    yield path, rule
    for name, part in rule.get("properties", {}).items():
        yield from nodes(part, (*path, name))
    if "items" in rule:
        yield from nodes(rule["items"], (*path, "[]"))
    if isinstance(rule.get("additionalProperties"), dict):
        yield from nodes(rule["additionalProperties"], (*path, "{}"))


@pytest.mark.parametrize("kind", list(KINDS))
def test_schema_is_a_schema(kind: str) -> None:
    Draft7Validator.check_schema(schema(kind))
    for path, rule in nodes(schema(kind)):
        wanted = {"type"} | (set() if path[-1:] in (("[]",), ("{}",), ("apiVersion",), ("kind",)) else {"description"})
        assert (path, wanted - rule.keys()) in ((path, set()), (("spec", "workloads", "[]"), {"description"}))
        if "properties" in rule:
            assert (path, rule.get("additionalProperties")) == (path, False)
            assert (path, set(rule.get("required", ())) - rule["properties"].keys()) == (path, set())


def snake(name: str) -> str:
    """Returns a field's name as records have it: tenantID -> tenant, rootNamespace -> root_namespace."""
    name = {"tenantID": "tenant"}.get(name, name)
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def properties(kind: str, *path: str) -> set[str]:
    rule = schema(kind)
    for step in path:
        rule = rule["items"] if step == "[]" else rule["properties"][step]
    return {snake(name) for name in rule["properties"]}


WORKLOADS = ("spec", "workloads", "[]")


@pytest.mark.parametrize(
    ("record", "described", "only_in_record", "only_in_schema"),
    [
        pytest.param(
            model.Environment,
            properties("Environment", "spec") | properties("Environment", "metadata"),
            {"source", "directory", "rules"},
            {"labels", "annotations", "clones"},
            id="environment",
        ),
        pytest.param(model.Carrier, properties("Environment", "spec", "carriers", "[]"), set(), set(), id="carrier"),
        pytest.param(model.Routes, properties("Environment", "spec", "routes"), set(), set(), id="routes"),
        pytest.param(
            model.ObjectName, properties("Environment", "spec", "routes", "adopt", "[]"), set(), set(), id="object-name"
        ),
        pytest.param(model.Cluster, properties("Environment", "spec", "cluster"), set(), set(), id="cluster"),
        pytest.param(
            model.LinkerdFacts, properties("Environment", "spec", "cluster", "linkerd"), set(), set(), id="linkerd"
        ),
        pytest.param(model.Output, properties("Environment", "spec", "output"), set(), set(), id="output"),
        pytest.param(
            model.Sandbox,
            properties("DevelopmentSandbox", "spec") | properties("DevelopmentSandbox", "metadata"),
            {"source", "tenant_path", "document"},
            {"annotations"},
            id="sandbox",
        ),
        pytest.param(
            model.Workload,
            properties("DevelopmentSandbox", *WORKLOADS),
            {"path", "changes"},
            {snake(field.name) for field in FIELDS},
            id="workload",
        ),
        pytest.param(model.Policy, properties("Environment", "spec", "policy"), set(), set(), id="policy"),
        pytest.param(
            Container,
            properties("DevelopmentSandbox", *WORKLOADS, "containers", "[]"),
            set(),
            set(),
            id="container",
        ),
        pytest.param(
            Variable,
            properties("DevelopmentSandbox", *WORKLOADS, "containers", "[]", "env", "[]"),
            {"body"},
            {"value", "value_from", "remove"},
            id="variable",
        ),
        pytest.param(
            model.Acceptance,
            properties("DevelopmentSandbox", *WORKLOADS, "accept", "[]"),
            set(),
            set(),
            id="acceptance",
        ),
        pytest.param(
            model.RouteGroup,
            properties("RouteGroup", "spec") | properties("RouteGroup", "metadata"),
            {"source", "tenant_path", "match_labels", "document"},
            {"labels", "annotations", "selector"},
            id="route-group",
        ),
    ],
)
def test_records_have_the_fields_of_the_schemas(
    record: type[Any], described: set[str], only_in_record: set[str], only_in_schema: set[str]
) -> None:
    fields = {field.name for field in dataclasses.fields(record)}
    assert (fields - described, described - fields) == (only_in_record, only_in_schema)


def test_the_registry_has_the_override_fields_of_the_schemas() -> None:
    names = {snake(field.name) for field in FIELDS}
    of_workloads = properties("DevelopmentSandbox", "spec", "workloads", "[]")
    assert of_workloads - {"accept", "kind", "name", "namespace", "replicas", "use"} == names, (
        "schemas/developmentsandbox.json and overrides/registry.py"
    )
    # A standing rule is for all clones: an image is one workload's.
    assert properties("Environment", "spec", "clones", "[]") - {"target"} == names - {"image"}, (
        "schemas/environment.json and overrides/registry.py"
    )


# The CRDs: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema

FORBIDDEN = {
    "$id", "$ref", "$schema", "const", "contains", "definitions", "dependencies", "deprecated", "discriminator", "else", "id",
    "if", "patternProperties", "propertyNames", "readOnly", "then", "writeOnly", "xml",
}  # fmt: skip
ALLOWED = {
    "additionalProperties", "allOf", "anyOf", "default", "description", "enum", "exclusiveMaximum", "exclusiveMinimum",
    "format", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties",
    "minimum", "multipleOf", "not", "nullable", "oneOf", "pattern", "properties", "required", "title", "type",
    "x-kubernetes-int-or-string", "x-kubernetes-list-type",
}  # fmt: skip
NOT_INSIDE_LOGIC = {"additionalProperties", "default", "description", "nullable", "title", "type"}


def logic(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yields the schemas inside anyOf, oneOf, allOf and not, at every depth."""
    inside = [
        *rule.get("anyOf", ()),
        *rule.get("oneOf", ()),
        *rule.get("allOf", ()),
        *([rule["not"]] if "not" in rule else ()),
    ]
    for part in inside:
        yield part
        yield from logic(part)
        for child in (*part.get("properties", {}).values(), *([part["items"]] if "items" in part else ())):
            yield child
            yield from logic(child)


def openapi(kind: str) -> Any:
    (version,) = custom_resource(kind)["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]


@pytest.mark.parametrize("kind", list(NAMES))
def test_the_crd_is_structural(kind: str) -> None:
    for path, rule in nodes(openapi(kind)):
        assert (path, rule.keys() & FORBIDDEN, rule.keys() - ALLOWED) == (path, set(), set())
        if rule.get("x-kubernetes-int-or-string"):
            assert (path, "type" in rule) == (path, False)
            continue
        assert (path, rule.get("type")) in [(path, t) for t in ("object", "array", "string", "integer", "boolean")]
        assert (path, {"properties", "additionalProperties"} <= rule.keys()) == (path, False)
        assert (path, rule["type"] == "array") == (path, "items" in rule)
        assert (path, rule.get("uniqueItems", False)) == (path, False)
        if "pattern" in rule:
            re2.compile(rule["pattern"])
        for part in logic(rule):
            assert (path, part.keys() & NOT_INSIDE_LOGIC) == (path, set())
            assert (path, set(part.get("required", ())) - rule["properties"].keys()) == (path, set())


@pytest.mark.parametrize("kind", list(NAMES))
def test_the_crd_keeps_every_field_and_rule(kind: str) -> None:
    ours = {path: rule for path, rule in nodes(schema(kind)) if path[:1] == ("spec",)}
    theirs = {path: rule for path, rule in nodes(openapi(kind)) if path[:1] == ("spec",)}
    assert list(theirs) == list(ours)
    for path, rule in ours.items():
        if isinstance(rule.get("type"), list):
            union = {"integer", "string"} if theirs[path].get("x-kubernetes-int-or-string") else {"string", "null"}
            assert (path, set(rule["type"]), theirs[path].get("nullable", False)) == (path, union, "null" in union)
            continue
        values = {
            "type",
            "enum",
            "pattern",
            "required",
            "default",
            "description",
            "oneOf",
            "anyOf",
            "maxLength",
            "minItems",
        }
        assert {k: theirs[path].get(k) for k in values} == {k: rule.get(k) for k in values}


@pytest.mark.parametrize("kind", list(NAMES))
def test_names_of_the_crd(kind: str) -> None:
    crd = custom_resource(kind)
    names = crd["spec"]["names"]
    assert (crd["apiVersion"], crd["kind"]) == ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert crd["metadata"] == {"name": f"{names['plural']}.sandlane.dev"}
    assert (names["kind"], names["listKind"], names["singular"]) == (kind, f"{kind}List", kind.lower())
    assert [v["name"] for v in crd["spec"]["versions"]] == ["v1alpha1"]
    assert openapi(kind)["properties"]["metadata"].keys() == {"type", "properties"}
    assert openapi(kind)["properties"]["metadata"]["properties"].keys() == {"name"}


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        *(pytest.param(kind, data, True, id=f"{kind}-{n}") for kind in NAMES for n, data in enumerate(FULL[kind])),
        pytest.param("DevelopmentSandbox", sandbox("dev1", tenantID="Dev_1"), False, id="pattern"),
        pytest.param("DevelopmentSandbox", {**sandbox("d"), "spec": {}}, False, id="missing"),
        pytest.param("DevelopmentSandbox", {**sandbox("d"), "spec": {"workloads": []}}, False, id="empty"),
        pytest.param("DevelopmentSandbox", sandbox("Dev"), False, id="name"),
        pytest.param("DevelopmentSandbox", variable(), False, id="one-of"),
        pytest.param("DevelopmentSandbox", workload(replicas=1.5), False, id="type"),
        pytest.param("RouteGroup", group("rel"), False, id="any-of"),
    ],
)
def test_the_crd_decides_as_the_schema_does(kind: str, data: Any, expected: bool) -> None:
    assert (Draft7Validator(openapi(kind)).is_valid(data), is_valid(kind, data)) == (expected, expected)


MUTANTS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, 2147483648, "", "a", "A", "a b", "x" * 64, "x" * 254, "dev-1", "-a", "2026-02-30", "2026-12-01",
    "SL310", "SL999", "Deployment/shop/a", "registry.example/a:1", "a@sha256:1", [], ["a"], ["a", "a"], {}, {"a": "b"}, {"a": "_"},
    {"a": "x" * 64},
)  # fmt: skip
NEEDS_MORE = {
    *("SL120", "SL207", "SL208", "SL211", "SL218", "SL219", "SL240", "SL241", "SL242", "SL243", "SL246", "SL452"),
    *(f"SL23{number}" for number in range(10)),
}
"""Codes of what a document alone does not say: other files, entries named alike, codes that this version knows, patches."""


def closed(rule: Any) -> Any:
    """Returns a schema that refuses fields which it does not name, as the API server does for kubectl (strict field validation)."""
    if isinstance(rule, list):
        return [closed(part) for part in rule]
    if not isinstance(rule, dict):
        return rule
    inside = {key: closed(part) for key, part in rule.items()}
    is_open = "properties" not in rule or "type" not in rule or "additionalProperties" in rule
    return inside if is_open else {**inside, "additionalProperties": False}


def taken_by_the_api_server(kind: str, data: Any) -> bool:
    """Tells whether the API server would take an object: by the CRD, its formats and sets, and its own rules of labels."""
    rule = closed(openapi(kind))
    metadata = rule["properties"]["metadata"]
    free = {"type": "object", "additionalProperties": {"type": "string"}}
    value = {"type": "string", "maxLength": 63, "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"}
    metadata["properties"] |= {"labels": {**free, "additionalProperties": value}, "annotations": free}
    metadata["required"] = ["name"]
    rule |= {"required": ["apiVersion", "kind", "metadata", "spec"]}
    rule["properties"] |= {"apiVersion": {"enum": [API_VERSION]}, "kind": {"enum": [kind]}}
    checker = FormatChecker(["date"])
    sets = [data["spec"].get(f, []) for f in ("resources", "sandboxes")] if Draft7Validator(rule).is_valid(data) else []
    return Draft7Validator(rule, format_checker=checker).is_valid(data) and all(len(s) == len(set(s)) for s in sets)


@pytest.mark.parametrize("kind", list(NAMES))
def test_the_api_server_and_render_agree_on_mutated_specs(kind: str) -> None:
    random = Random(13)
    examples = [deepcopy(data) for data in (*FULL[kind], *schema(kind).get("examples", ()))]
    environment_ = read_environment(MemoryTree({"e.yaml": json.dumps(environment())}), "e.yaml")
    tried = [0, 0]
    count = quick_or(75, 500)
    for _ in range(count):
        data = random.choice(examples)
        path = random.choice([path for path in places(data) if path])
        data = changed(data, path, random.choice(("replace", "replace", "remove", "add")), random.choice(MUTANTS))
        text = json.dumps(data)
        tree = MemoryTree({"sandboxes/s.yaml": text})
        taken = taken_by_the_api_server(kind, as_written(data, text.encode(), 0))  # a name that is a number is its text
        found = [p for p in read_specs(tree, ["sandboxes/s.yaml"], environment_).problems if p.code not in NEEDS_MORE]
        assert (path, data, taken, [show(p) for p in found] == []) == (path, data, taken, taken), [
            show(p) for p in found
        ]
        tried[taken] += 1
    assert min(tried) > count / 10


def patterns(rule: Any) -> Iterator[str]:
    if isinstance(rule, Mapping):
        yield from (rule["pattern"],) if isinstance(rule.get("pattern"), str) else ()
        for part in rule.values():
            yield from patterns(part)
    for part in rule if isinstance(rule, list) else ():
        yield from patterns(part)


def test_every_pattern_has_its_form_in_words() -> None:
    assert {pattern for kind in KINDS for pattern in patterns(schema(kind))} == set(FORMS)


@pytest.mark.parametrize(
    ("pattern", "text", "broken", "repaired"),
    [
        pytest.param(LABEL, "Dev 1", "contains the capital 'D' and a space", "dev-1", id="name"),
        pytest.param(LABEL, "a_b/c:d,e;f", "contains '_', '/', ':' and others", "a-b-c-d-e-f", id="many"),
        pytest.param(LABEL, "-dev", "starts with '-'", "dev", id="start"),
        pytest.param(LABEL, "dev-", "ends with '-'", "dev", id="end"),
        pytest.param(LABEL, "", "does not have the form that is expected", None, id="empty"),
        pytest.param(DAY, "1.12.2026", "is no day as YYYY-MM-DD", "2026-12-01", id="german-day"),
        pytest.param(DAY, "2026/12/1", "is no day as YYYY-MM-DD", "2026-12-01", id="slashes"),
        pytest.param(DAY, "2026-12-01T00:00:00Z", "is no day as YYYY-MM-DD", "2026-12-01", id="time"),
        pytest.param(DAY, "12/01/2026", "is no day as YYYY-MM-DD", None, id="ambiguous-day"),
        pytest.param(DAY, "2026-13-40", "is no day as YYYY-MM-DD", None, id="no-day"),
        pytest.param(IMAGE, "registry.example/My App:2", "contains a space", None, id="image-space"),
        pytest.param(IMAGE, "r.example/a/../b:2", f"has '..' {ENDS}", None, id="image-dots"),
        pytest.param(IMAGE, "r.example/web-/x", f"has 'web-' {ENDS}", None, id="image-dash"),
        pytest.param(IMAGE, "web:2 ", "contains a space", "web:2", id="image-space-at-the-end"),
        pytest.param(IMAGE, "r.example/Web:2", "has capitals in its repository", "r.example/web:2", id="image-capitals"),
        pytest.param(IMAGE, "foo:bar:baz", "has the tags 'bar' and 'baz', and one is allowed", None, id="image-of-two-tags"),
        pytest.param(IMAGE, "r.example:80/web:1:2:3", "has the tags '1', '2' and '3', and one is allowed", None,
                     id="image-of-three-tags"),
        pytest.param(IMAGE, "r.example//web:1", "has '//' in its repository", None, id="image-of-no-part"),
        pytest.param(IMAGE, "-web", "does not have the form that is expected", None, id="image-of-a-dash"),
        pytest.param(IMAGE, ":pr-42", "names no repository", None, id="image-without-repository"),
        pytest.param(IMAGE, "https://r.example/web:2", "starts with 'https://'", "r.example/web:2", id="image-scheme"),
        pytest.param(IMAGE, "r.example/web:a b", "contains a space", None, id="image-tag-space"),
        pytest.param(IMAGE, "r.example/web:-a", "has the tag '-a', which cannot be one", None, id="image-tag"),
        pytest.param(IMAGE, "r.example/web:", "has ':' and no tag behind it", "r.example/web", id="image-no-tag"),
        pytest.param(IMAGE, "web@sha256:12", "has a digest that is none", None, id="image-digest"),
        pytest.param(IMAGE, "r.example/we$b", "contains '$'", None, id="image-character"),
        pytest.param(USE, "reviews-v2", "has no kind before its name", "Deployment/reviews-v2", id="use"),
        pytest.param(CODE, "sl310", "does not have the form that is expected", "SL310", id="code"),
        pytest.param(CODE, "hello", "does not have the form that is expected", None, id="no-code"),
        pytest.param(HOST, "preview.example.com", "has no '{tenantID}' in it", None, id="preview"),
    ],
)  # fmt: skip
def test_forms(pattern: str, text: str, broken: str, repaired: str | None) -> None:
    form = FORMS[pattern]
    assert not re.search(pattern.removesuffix("$") + r"\Z", text)
    assert (form.broken(text), form.repaired(text)) == (broken, repaired)
    assert repaired is None or re.search(pattern, repaired)


@pytest.mark.parametrize(
    ("kind", "data", "hint"),
    [
        pytest.param("DevelopmentSandbox", workload(env={"LOG_LEVEL": "debug", "MAX": 1}),
                     "write 'env: [{name: LOG_LEVEL, value: debug}, {name: MAX, value: \"1\"}]'", id="env-as-a-mapping"),
        pytest.param("DevelopmentSandbox", sandbox("dev1") | {"spec": {"workloads": {"web": {"image": "web:2"}}}},
                     "write 'workloads: [{name: web, image: web:2}]'", id="workloads-as-a-mapping"),
        pytest.param("DevelopmentSandbox", sandbox("dev1") | {"spec": {"workloads": {"web": None}}},
                     "write 'workloads: [{name: web}]'", id="workloads-as-names"),
        pytest.param("DevelopmentSandbox", sandbox("dev1") | {"spec": {"workloads": "web"}},
                     "write 'workloads: [{name: web}]'", id="workloads-as-a-string"),
        pytest.param("DevelopmentSandbox", workload(patches=[{"patch": {"spec": {}}}]),
                     "a patch is text: write 'patch: |' and the patch below it, indented", id="patch-as-a-mapping"),
        pytest.param("DevelopmentSandbox", workload(replicas="2"), "write 'replicas: 2'", id="quoted-number"),
        pytest.param("DevelopmentSandbox", workload(volumes=[{"data": "emptyDir"}]), "write 'volumes: {data: emptyDir}'",
                     id="volumes-as-a-list"),
        pytest.param("DevelopmentSandbox", workload(volumes=[{"name": "data", "value": "share"}]),
                     "write 'volumes: {data: share}'", id="volumes-as-pairs"),
        pytest.param("DevelopmentSandbox", workload(initContainers={"drop": "migrate, seed"}),
                     "write 'drop: [migrate, seed]'", id="string-for-a-list"),
        pytest.param("DevelopmentSandbox", workload(image=["web:2"]), "write 'image: web:2'", id="list-for-a-string"),
        pytest.param("Environment", environment(base="base"), "write 'base: [base]'", id="base-as-a-string"),
        pytest.param("Environment", environment(mesh="isto"), "did you mean 'istio'?", id="mesh"),
        pytest.param("Environment", environment(carriers={"header": "X-T"}), "write 'carriers: [{header: X-T}]'", id="one-carrier"),
        pytest.param("DevelopmentSandbox", {**sandbox("dev1"), "owner": "dana"},
                     "'owner' belongs to 'spec'; allowed: apiVersion, kind, metadata, spec", id="field-of-the-spec"),
        pytest.param("DevelopmentSandbox", sandbox("dev1", image="web:2"),
                     "'image' belongs to 'spec.workloads'; allowed: expires, owner, resources, suspend, tenantID, workloads",
                     id="field-of-a-workload"),
    ],
)  # fmt: skip
def test_hints_show_the_line_that_would_be_right(kind: str, data: Any, hint: str) -> None:
    assert [problem.hint for problem in check(kind, data, SOURCE)] == [hint]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"env": [{"name": "A", "value": "{{ x }}"}]}, id="value"),
        pytest.param(
            {"accept": [{"code": "SL301", "object": "a/b", "reason": "{{ x }} is the program's"}]}, id="reason"
        ),
        pytest.param(
            {"patches": [{"patch": "[{op: add, path: /metadata/annotations/a, value: '{{ x }}'}]"}]}, id="patch"
        ),
    ],
)
def test_placeholders_may_stand_in_texts_of_programs_and_people(fields: Mapping[str, Any]) -> None:
    assert check("DevelopmentSandbox", workload(**fields), SOURCE) == []


def test_placeholders_may_stand_in_annotations() -> None:
    data = workload(image="registry.example/web:2")
    assert (
        check("DevelopmentSandbox", {**data, "metadata": {"name": "dev1", "annotations": {"a": "{{ x }}"}}}, SOURCE)
        == []
    )


@pytest.mark.parametrize("kind", ["Environment", "RouteGroup", "DevelopmentSandbox"])
def test_placeholders_may_stand_in_no_other_text_of_any_kind(kind: str) -> None:
    data = {
        "Environment": environment(base=["a"], defaultNamespace="{{ x }}"),
        "RouteGroup": group("all", sandboxes=["{{ x }}"]),
        "DevelopmentSandbox": workload(namespace="{{ x }}", image="registry.example/web:2"),
    }[kind]
    place = {
        "Environment": "defaultNamespace",
        "RouteGroup": "sandboxes[0]",
        "DevelopmentSandbox": "workloads[0].namespace",
    }
    hint = next(p.hint for p in check(kind, data, SOURCE))
    assert said(kind, data) == [
        f"spec.{place[kind]}: f.yaml: SL145 '{{{{ x }}}}' is a placeholder of a template, and nothing fills it in\n  hint: {hint}"
    ]
