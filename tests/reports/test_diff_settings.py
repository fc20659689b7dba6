"""What `diff` says of a changed environment: every setting has words, and what loosens a guard is told aloud."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from sandlane.reports.diff.settings import SETTINGS, settings_of
from sandlane.reports.diff.words import setting
from sandlane.specs.inputs import read_environment
from sandlane.specs.model import Cluster, Environment, FluxUnits, Output, Policy, Preview, Routes
from tests.rim import ENVIRONMENT, environment, tree

EDGE = {"kind": "VirtualService", "name": "edge"}
CANARY = {"target": {"kind": "VirtualService"}, "patch": "[{op: add, path: /metadata/labels/a, value: b}]"}
FLUX = {"sourceRef": {"kind": "GitRepository", "name": "shop", "namespace": "flux-system"}}


def read(spec: dict[str, Any]) -> Environment:
    document = environment(**spec)
    document["metadata"] = {"name": "staging"}
    return read_environment(tree({ENVIRONMENT: document}), ENVIRONMENT)


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({}, {}, []),
        ({}, {"base": ["base", "more"]}, ["base: + more"]),
        ({}, {"base": ["other"]}, ["base: base → other"]),
        ({"defaultNamespace": "shop"}, {"defaultNamespace": "store"}, ["defaultNamespace: shop → store"]),
        ({}, {"mesh": "linkerd"}, ["mesh: istio → linkerd"]),
        (
            {},
            {"carriers": [{"header": "x-tenant"}]},
            [
                "carriers: header tenantID, baggage tenantID → header x-tenant: "
                "WHO SENDS REQUESTS HAS TO SEND THEM OTHERWISE"
            ],
        ),
        (
            {},
            {"carriers": [{"baggage": "tenantID"}, {"header": "tenantID"}]},
            [
                "carriers: order header tenantID, baggage tenantID → baggage tenantID, header tenantID: "
                "WHO SENDS REQUESTS HAS TO SEND THEM OTHERWISE"
            ],
        ),
        ({}, {"tenantLabel": "tenant"}, ["tenantLabel: tenantID → tenant"]),
        ({}, {"sandboxes": ["sandboxes", "more"]}, ["sandboxes: + more"]),
        (
            {"policy": {"privileges": ["secrets"]}},
            {"policy": {"privileges": ["secrets", "privileged"]}},
            ["policy.privileges: + privileged: SPECS MAY ASK FOR MORE"],
        ),
        ({"policy": {"privileges": ["secrets"]}}, {}, ["policy.privileges: - secrets"]),
        (
            {"policy": {"images": ["registry.example/*"]}},
            {},
            ["policy.images: registry.example/* → *: SPECS MAY ASK FOR MORE"],
        ),
        ({}, {"policy": {"images": ["registry.example/*"]}}, ["policy.images: * → registry.example/*"]),
        (
            {"policy": {"resourceKinds": ["ConfigMap"]}},
            {"policy": {"resourceKinds": ["ConfigMap", "Job"]}},
            ["policy.resourceKinds: + Job: SPECS MAY ASK FOR MORE"],
        ),
        (
            {"policy": {"require": ["owner", "expires"]}},
            {"policy": {"require": ["owner"]}},
            ["policy.require: - expires: SPECS MAY ASK FOR MORE"],
        ),
        ({}, {"policy": {"require": ["owner"]}}, ["policy.require: + owner"]),
        (
            {"policy": {"maxPerOwner": 3}},
            {"policy": {"maxPerOwner": 30}},
            ["policy.maxPerOwner: 3 → 30: SPECS MAY ASK FOR MORE"],
        ),
        ({"policy": {"maxPerOwner": 3}}, {}, ["policy.maxPerOwner: - 3: SPECS MAY ASK FOR MORE"]),
        ({"policy": {"maxPerOwner": 3}}, {"policy": {"maxPerOwner": 2}}, ["policy.maxPerOwner: 3 → 2"]),
        (
            {},
            {"clones": [{"target": {"kind": "Deployment"}, "env": [{"name": "HTTP_PROXY", "value": "http://p"}]}]},
            ['clones: + kind Deployment: env [{"name": "HTTP_PROXY", "body": {"value": "http://p"}}]'],
        ),
        (
            {},
            {
                "clones": [
                    {"target": {"kind": "Deployment", "name": "web"}, "initContainers": {"drop": ["a"]}},
                    {"target": {"kind": "Job"}, "initContainers": {"drop": ["migrate"]}},
                ]
            },
            ['clones: + kind Deployment, name web: initContainers ["a"]; kind Job: initContainers ["migrate"]'],
        ),
        ({}, {"routes": {"adopt": [EDGE]}}, ["routes.adopt: + VirtualService/default/edge"]),
        (
            {"routes": {"entry": "mesh"}},
            {},
            ["routes.entry: mesh → any: WHO IS OUTSIDE CAN CHOOSE A TENANT"],
        ),
        ({}, {"routes": {"entry": "mesh"}}, ["routes.entry: any → mesh"]),
        (
            {"routes": {"strip": ["edge/gw"]}},
            {},
            ["routes.strip: - edge/gw: WHO IS OUTSIDE CAN CHOOSE A TENANT"],
        ),
        ({}, {"routes": {"answerHeader": "x-route"}}, ["routes.answerHeader: + x-route"]),
        (
            {},
            {"routes": {"patches": [CANARY]}},
            ['routes.patches: + VirtualService/*/* [{"op": "add", "path": "/metadata/labels/a", "value": "b"}]'],
        ),
        (
            {},
            {"preview": {"host": "{tenantID}.p.example.com", "gateway": "edge/gw"}},
            ["preview: + {tenantID}.p.example.com, at edge/gw"],
        ),
        (
            {},
            {"calls": [{"from": "web", "to": ["api"]}]},
            ["calls: + Deployment/default/web → Service/default/api"],
        ),
        (
            {},
            {"cluster": {"domain": "corp.local"}},
            ["cluster: + domain corp.local; - domain cluster.local"],
        ),
        ({}, {"output": {"path": "out"}}, ["output.path: rendered → out"]),
        ({}, {"output": {"base": "full"}}, ["output.base: none → full"]),
        ({}, {"output": {"customResources": True}}, ["output.customResources: false → true"]),
        ({}, {"output": {"flux": FLUX}}, ["output.flux: + GitRepository/flux-system/shop, every 10m"]),
    ],
)
def test_a_setting_is_told_in_one_line(before: dict[str, Any], after: dict[str, Any], lines: list[str]) -> None:
    assert [setting(each) for each in settings_of(read(before), read(after))] == lines


WORDS = {
    "default_namespace": "defaultNamespace",
    "tenant_label": "tenantLabel",
    "rules": "clones",
    "resource_kinds": "resourceKinds",
    "max_per_owner": "maxPerOwner",
    "answer_header": "answerHeader",
    "custom_resources": "customResources",
}
PARTS = {"routes": Routes, "policy": Policy, "output": Output}
NO_SETTING = {"name", "source", "directory"}


def test_every_field_of_an_environment_has_a_row() -> None:
    asked = set()
    for field in fields(Environment):
        if field.name in PARTS:
            asked |= {f"{field.name}.{WORDS.get(f.name, f.name)}" for f in fields(PARTS[field.name])}
        elif field.name not in NO_SETTING:
            asked.add(WORDS.get(field.name, field.name))
    assert {row.field for row in SETTINGS} == asked


@pytest.mark.parametrize(
    ("record", "count"), [(Cluster, 5), (Preview, 3), (FluxUnits, 5)], ids=["cluster", "preview", "output.flux"]
)
def test_records_told_in_one_row_have_no_field_that_the_row_does_not_know(record: type, count: int) -> None:
    assert len(fields(record)) == count  # one more here is one more in reports/diff/settings.py
