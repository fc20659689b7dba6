"""Base objects that are kept out of what sandboxes change."""

from __future__ import annotations

from typing import Any

from sandlane.pipeline import render
from sandlane.problems.problem import show
from tests.build import Object, app, inputs, meta, sandbox, service, to, virtual_service

OFF = {"sandlane.dev/route": "disabled"}
DEV1 = sandbox("dev1", "a")


def said(base: list[Object], **env: Any) -> tuple[dict[str, Any], list[str]]:
    """Returns the manifests of the proved output by id, and the notices."""
    found = render(inputs(base, DEV1, **env))
    return {str(o.id): o.manifest for o in found.objects}, [
        show(problem) for problem in found.notices if problem.code != "SL253"
    ]


def off(made: Object) -> Object:
    return {**made, "metadata": meta(made["metadata"]["name"], annotations=OFF)}


def notice(object: str, what: str) -> str:
    return (
        f"base.yaml: SL457 notice: '{object}' says 'sandlane.dev/route: disabled': {what}\n"
        "  hint: remove the annotation from the base to have it routed by tenant"
    )


def test_a_virtual_service() -> None:
    own, other = {"route": [to("a")]}, virtual_service("r", {"route": [to("a")]}, hosts=["r.org"])
    written, notices = said([*app("a"), off(virtual_service("a", own)), other])
    assert written["VirtualService/shop/a"]["spec"]["http"] == [own]
    assert len(written["VirtualService/shop/r"]["spec"]["http"]) == 2
    assert notices == [notice("VirtualService/shop/a", "tenants get no entries in it")]


def test_a_virtual_service_without_entries_for_a_port() -> None:
    own = {"match": [{"port": 8080}], "route": [to("a")]}
    written, notices = said([*app("a", 80, 8080), off(virtual_service("a", own))])
    assert written["VirtualService/shop/a"]["spec"]["http"] == [own]
    assert "VirtualService/shop/a-sandlane" not in written
    assert notices == [notice("VirtualService/shop/a", "tenants get no entries in it")]


def test_a_service() -> None:
    base = [*app("a"), off(service("admin", selector={"app": "a"}))]
    written, notices = said(base)
    assert "VirtualService/shop/a-sandlane" in written
    assert "VirtualService/shop/admin-sandlane" not in written
    assert "Service/shop/admin-dev1" in written
    assert notices == [notice("Service/shop/admin", "its requests stay with the base")]


def test_a_service_on_linkerd() -> None:
    base = [*app("a"), off(service("admin", selector={"app": "a"}))]
    written, notices = said(base, mesh="linkerd")
    assert sorted(id for id in written if id.startswith("HTTPRoute")) == [
        "HTTPRoute/shop/a-80-dev1-b", "HTTPRoute/shop/a-80-dev1-h"
    ]  # fmt: skip
    assert notices == [notice("Service/shop/admin", "its requests stay with the base")]


def test_a_virtual_service_that_tenants_do_not_touch() -> None:
    assert said([*app("a"), *app("b"), off(virtual_service("b", {"route": [to("b")]}))])[1] == []


def test_another_value_says_nothing() -> None:
    made = virtual_service("a", {"route": [to("a")]})
    made = {**made, "metadata": meta("a", annotations={"sandlane.dev/route": "enabled"})}
    assert len(said([*app("a"), made])[0]["VirtualService/shop/a"]["spec"]["http"]) == 2


def test_conditions_on_clients_that_are_cloned() -> None:
    told = virtual_service("b", {"match": [{"sourceLabels": {"app": "a"}}], "route": [to("b")]}, {"route": [to("b")]})
    written, notices = said([*app("a"), *app("b"), off(told)])
    assert written["VirtualService/shop/b"]["spec"] == told["spec"]
    assert notices == [notice("VirtualService/shop/b", "its conditions on clients do not hold for their clones")]
