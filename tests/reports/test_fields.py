"""How two manifests differ: which items of lists are the same ones."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.reports.diff.fields import fields

BASE = {"route": [{"destination": {"host": "checkout", "port": {"number": 80}}}]}
OTHER = {
    "match": [{"uri": {"prefix": "/api"}}, {"uri": {"exact": "/"}}],
    "route": [{"destination": {"host": "api", "subset": "v1"}}],
}


def tenant(name: str) -> dict[str, Any]:
    return {
        "name": f"tenant-{name}",
        "match": [{"headers": {"tenantid": {"exact": name}}}],
        "route": [{"destination": {"host": f"checkout-{name}"}}],
    }


def told(before: Any, after: Any, *path: str) -> list[tuple[str, str, Any, Any]]:
    for step in reversed(path):
        before, after = {step: before}, {step: after}
    return [(change.field, change.kind, change.before, change.after) for change in fields(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([BASE], [tenant("a"), BASE], [("spec.http[name=tenant-a]", "added", None, tenant("a"))]),
        (
            [tenant("a"), OTHER, BASE],
            [tenant("b"), OTHER, BASE],
            [
                ("spec.http[name=tenant-a]", "removed", tenant("a"), None),
                ("spec.http[name=tenant-b]", "added", None, tenant("b")),
            ],
        ),
        (
            [OTHER, BASE],
            [OTHER, tenant("a"), {**BASE, "timeout": "5s"}],
            [
                ("spec.http[match=any request].timeout", "added", None, "5s"),
                ("spec.http[name=tenant-a]", "added", None, tenant("a")),
            ],
        ),
        (
            [OTHER],
            [{**OTHER, "route": [{"destination": {"host": "web"}}]}],
            [
                ("spec.http[match=uri.prefix=/api or uri.exact=/].route[0].destination.host", "set", "api", "web"),
                ("spec.http[match=uri.prefix=/api or uri.exact=/].route[0].destination.subset", "removed", "v1", None),
            ],
        ),
        ([BASE, BASE], [BASE], [("spec.http[match=any request #2]", "removed", BASE, None)]),
        ([BASE], [], [("spec.http[match=any request]", "removed", BASE, None)]),
        (
            [OTHER, BASE],
            [BASE, OTHER],
            [
                (
                    "spec.http",
                    "moved",
                    ["[match=uri.prefix=/api or uri.exact=/]", "[match=any request]"],
                    ["[match=any request]", "[match=uri.prefix=/api or uri.exact=/]"],
                )
            ],
        ),
    ],
    ids=["inserted", "swapped", "changed", "rerouted", "doubled", "emptied", "moved"],
)
def test_rules_of_a_virtual_service(before: Any, after: Any, expected: Any) -> None:
    assert told(before, after, "spec", "http") == expected


def test_rules_of_an_http_route_without_names() -> None:
    web = {"backendRefs": [{"name": "web", "port": 80}]}
    api = {"matches": [{"path": {"type": "PathPrefix", "value": "/api"}}], "backendRefs": [{"name": "api", "port": 80}]}
    assert told([web], [api, {**web, "timeouts": {"request": "1s"}}], "spec", "rules") == [
        ("spec.rules[match=any request].timeouts", "added", None, {"request": "1s"}),
        ("spec.rules[match=path.type=PathPrefix path.value=/api]", "added", None, api),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([{"from": 1}, {"from": 2}], [{"from": 0}, {"from": 1}, {"from": 2}], [("l[0]", "added", None, {"from": 0})]),
        ([{"from": 0}, {"from": 1}], [{"from": 1}], [("l[0 before]", "removed", {"from": 0}, None)]),
        ([{"from": 0}, {"from": 1}], [{"from": 0}, {"from": 2}], [("l[1].from", "set", 1, 2)]),
        ([{"from": 0}, {"from": 1}], [{"from": 1}, {"from": 0}], [("l", "moved", [1, 0], [0, 1])]),
        ([], [{"name": "a"}], [("l[name=a]", "added", None, {"name": "a"})]),
        (["a"], ["b", "a"], [("l[0]", "added", None, "b")]),
        (
            [{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/b"}],
            [{"name": "a", "mountPath": "/a"}, {"name": "a", "mountPath": "/b"}],
            [("l[mountPath=/b].name", "set", "b", "a")],
        ),
    ],
    ids=["inserted", "removed", "changed", "moved", "first", "strings", "names that are not of their own on one side"],
)
def test_items_of_other_lists(before: Any, after: Any, expected: Any) -> None:
    assert told(before, after, "l") == expected
