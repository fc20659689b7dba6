"""What every request meets: nothing differs in what is rendered, and what the renderer leaves out or does too much is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from sandlane.proof.claims import claims_of
from sandlane.proof.obligations.requests import check
from sandlane.proof.world import make_world
from tests.proof.test_defects import correct, inputs_of
from tests.proof.test_proof import make

Files = dict[str, Any]
VS = "shared/shop/virtualservice-web.yaml"


def found(mesh: str, edit: Callable[[Files], object]) -> list[str]:
    files = copy.deepcopy(correct(mesh))
    edit(files)
    inputs = inputs_of(mesh)
    return [f"{p.code} {p.text}" for p in check(make_world(inputs.base, make(files), claims_of(inputs)))]


def entries(files: Files) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = files[VS]["spec"]["http"]
    return listed


def of_tenant(files: Files, name: str) -> dict[str, Any]:
    return next(entry for entry in entries(files) if entry.get("name") == name)


def leave_out(name: str) -> Callable[[Files], object]:
    return lambda files: entries(files).remove(of_tenant(files, name))


def without(name: str, field: str) -> Callable[[Files], object]:
    return lambda files: of_tenant(files, name).pop(field)


def without_exclusion(files: Files) -> None:
    for match in of_tenant(files, "default.dev1")["match"]:
        match.pop("withoutHeaders", None)


def by_one_carrier(files: Files) -> None:
    of_tenant(files, "default.dev1")["match"].pop()


def of_somebody_else(files: Files) -> None:
    for item in of_tenant(files, "default.dev1")["route"]:
        item["destination"]["host"] = item["destination"]["host"].replace("dev1", "dev10")


def for_everybody(files: Files) -> None:
    of_tenant(files, "default.dev1").pop("match")


def by_a_prefix(files: Files) -> None:
    for match in of_tenant(files, "default.dev1")["match"]:
        if "tenantid" in match["headers"]:
            match["headers"]["tenantid"] = {"prefix": "dev1"}


def behind_the_base(files: Files) -> None:
    entry = of_tenant(files, "default.dev1")
    entries(files).remove(entry)
    entries(files).append(entry)


def other_policy(files: Files) -> None:
    name = next(n for n, m in files.items() if m["kind"] == "DestinationRule" and "dev1/" in n)
    files[name]["spec"]["trafficPolicy"] = {"tls": {"mode": "DISABLE"}}


MUTANTS = [
    pytest.param(leave_out("default.dev1"), "SL602", id="an entry is not copied (R-I2, R-I3)"),
    pytest.param(leave_out("api.dev1"), "SL602", id="an entry before another is not copied (R-I3)"),
    pytest.param(without_exclusion, "SL60", id="an earlier carrier is not excluded (R-I4)"),
    pytest.param(by_one_carrier, "SL602", id="a carrier is left out (R-I4)"),
    pytest.param(by_a_prefix, "SL60", id="the tenantID is taken for a prefix (R-I4)"),
    pytest.param(behind_the_base, "SL602", id="a copy stands behind its entry (R-I3)"),
    pytest.param(without("api.dev1", "timeout"), "SL602", id="the timeout is not copied (R-I4)"),
    pytest.param(without("api.dev1", "retries"), "SL602", id="retries are not copied (R-I4)"),
    pytest.param(without("api.dev1", "rewrite"), "SL602", id="the rewrite is not copied (R-I4)"),
    pytest.param(without("api.dev1", "fault"), "SL602", id="the fault is not copied (R-I4)"),
    pytest.param(without("api.dev1", "corsPolicy"), "SL602", id="CORS is not copied (R-I4)"),
    pytest.param(without("api.dev1", "mirror"), "SL602", id="the mirror is not copied (R-I5)"),
    pytest.param(without("api.dev1", "headers"), "SL602", id="header operations are not copied (R-I4)"),
    pytest.param(of_somebody_else, "SL603", id="a copy leads to another tenant's clone (R-I5)"),
    pytest.param(for_everybody, "SL60", id="a copy has no carrier (R-I4)"),
    pytest.param(other_policy, "SL60", id="a clone is called otherwise (R-I10)"),
]


@pytest.mark.parametrize("mesh", ["istio", "linkerd"])
def test_what_is_rendered_meets_what_the_base_meets(mesh: str) -> None:
    assert found(mesh, lambda _: None) == []


@pytest.mark.parametrize(("edit", "code"), MUTANTS)
def test_what_is_left_out_is_found(edit: Callable[[Files], object], code: str) -> None:
    assert {problem[: len(code)] for problem in found("istio", edit)} == {code}
