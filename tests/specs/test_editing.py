from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sandlane.specs.editing import SandboxEdit, WorkloadEdit, edited, new_spec, removed
from sandlane.specs.rewriting import Uneditable
from tests.shared import load

CHECKOUT = WorkloadEdit(kind="Deployment", name="checkout", container="server", is_only=True, image="a/b:2")
NEW = """\
# +argocd:skip-file-rendering
# yaml-language-server: $schema=https://sandlane.dev/schemas/developmentsandbox.json
apiVersion: sandlane.dev/v1alpha1
kind: DevelopmentSandbox
metadata:
  name: dev1
  annotations: {config.kubernetes.io/local-config: "true"}
spec:
"""
SPEC = """\
# head
---
apiVersion: sandlane.dev/v1alpha1   # v
kind: DevelopmentSandbox
metadata: {name: dev1,   labels: {a: b}}
spec:
    # who
    owner: 'dana'
    workloads:
      - name:   checkout    # the one
        image: "registry.example/checkout:1"   # pinned
        env:
          - {name: A, value: "1"}   # keep
      - {name: cart, image: x}
# tail
---
kind: other
"""


def test_a_new_spec() -> None:
    env = (("A", "yes"), ("B", "0123"), ("C", None), ("D", "plain"))
    database = WorkloadEdit(
        kind="StatefulSet", name="db", namespace="data", container="server", is_only=False, image="c/d:1", replicas=2
    )
    checkout = WorkloadEdit(kind="Deployment", name="checkout", container="x", is_only=True, image="a/b:2", env=env)
    edit = SandboxEdit(name="dev1", owner="dana", expires="2026-12-01", workloads=(checkout, database))
    assert new_spec(edit) == NEW + (
        "  owner: dana\n  expires: 2026-12-01\n  workloads:\n  - name: checkout\n    image: a/b:2\n    env:\n"
        '    - {name: A, value: "yes"}\n    - {name: B, value: "0123"}\n    - {name: C, remove: true}\n'
        "    - {name: D, value: plain}\n"
        "  - kind: StatefulSet\n    name: db\n    namespace: data\n    replicas: 2\n    containers:\n"
        "    - name: server\n      image: c/d:1\n"
    )


def test_names_that_look_like_numbers_are_quoted() -> None:
    edit = SandboxEdit(name="0123", owner="1e3", workloads=(CHECKOUT,))
    assert new_spec(edit) == NEW.replace("name: dev1", 'name: "0123"') + (
        '  owner: "1e3"\n  workloads:\n  - name: checkout\n    image: a/b:2\n'
    )


def changed(*replacements: tuple[str, str]) -> str:
    text = SPEC
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(SandboxEdit(name="dev1"), SPEC, id="nothing"),
        pytest.param(
            SandboxEdit(name="dev1", workloads=(CHECKOUT,)),
            changed(('"registry.example/checkout:1"   # pinned', '"a/b:2"                         # pinned')),
            id="image",
        ),
        pytest.param(SandboxEdit(name="dev1", owner="kim"), changed(("'dana'", "'kim'")), id="owner-keeps-its-quotes"),
        pytest.param(
            SandboxEdit(name="dev1", expires="2026-12-01"),
            changed(("    workloads:", "    expires: 2026-12-01\n    workloads:")),
            id="expires-stands-before-workloads",
        ),
        pytest.param(
            SandboxEdit(
                name="dev1",
                workloads=(
                    WorkloadEdit(
                        kind="Deployment", name="checkout", container="s", is_only=True, env=(("A", None), ("B", "2"))
                    ),
                ),
            ),
            changed(
                ('{name: A, value: "1"}   # keep', '{name: A, remove: true} # keep\n          - {name: B, value: "2"}')
            ),
            id="env-taken-out-and-added",
        ),
        pytest.param(
            SandboxEdit(name="dev1", workloads=(replace(CHECKOUT, image=None, reset=("A",)),)),
            changed(('        env:\n          - {name: A, value: "1"}   # keep\n', "")),
            id="env-reset",
        ),
        pytest.param(
            SandboxEdit(name="dev1", removed=(("Deployment", "shop", "cart"),), home="shop"),
            changed(("      - {name: cart, image: x}\n", "")),
            id="workload-taken-out",
        ),
        pytest.param(
            SandboxEdit(
                name="dev1",
                workloads=(WorkloadEdit(kind="Deployment", name="cart", container="s", is_only=True, image="z"),),
            ),
            changed(("{name: cart, image: x}", "{name: cart, image: z}")),
            id="in-flow-style",
        ),
    ],
)
def test_a_change_keeps_what_it_does_not_concern(edit: SandboxEdit, expected: str) -> None:
    assert edited(SPEC, 0, edit) == expected


def test_a_container_that_is_named_is_changed_there() -> None:
    spec = "spec:\n  workloads:\n  - name: checkout\n    containers:\n    - {name: server, image: a}\n"
    assert edited(spec, 0, SandboxEdit(name="dev1", workloads=(CHECKOUT,))) == spec.replace("image: a", "image: a/b:2")


def test_mixed_indentation_stays() -> None:
    spec = (
        "spec:\n    workloads:\n      - name: checkout\n        env:\n            - {name: A, value: a}\n"
        "            - {name: B, value: b}\n"
    )
    edit = WorkloadEdit(kind="Deployment", name="checkout", container="s", is_only=True, env=(("B", "c"),))
    assert edited(spec, 0, SandboxEdit(name="dev1", workloads=(edit,))) == (spec.replace("value: b", "value: c"))


LAYOUTS = [
    (*columns, noise)
    for columns in ((2, 0, 2), (2, 2, 4), (2, 4, 8), (4, 0, 4), (4, 2, 4), (4, 2, 6), (4, 4, 6))
    for noise in ("", "#'", '#"', "-#")
]
"""Indentation of mappings, of a sequence's dashes and of what is behind them, and comments (#), quotes and comment lines (-)."""


def laid_out(mapping: int, dash: int, item: int, noise: str) -> str:
    one, two, three = " " * mapping, " " * (mapping + dash), " " * (mapping + item)
    four = three + " " * dash
    gap = " " * (item - dash - 1)
    comment = "  # why" if "#" in noise else ""
    quote = next((c for c in noise if c in "'\""), "")
    line = "# a line of its own\n" if "-" in noise else ""
    return (
        f"kind: DevelopmentSandbox{comment}\nspec:{comment}\n{one}owner: {quote}ann{quote}{comment}\n{one}workloads:\n"
        f"{two + line if line else ''}{two}-{gap}{{name: web, image: {quote}r/w:1{quote}}}{comment}\n"
        f"{two}-{gap}name: checkout{comment}\n{three}image: {quote}r/c:1{quote}\n{three + line if line else ''}"
        f"{three}env:{comment}\n{four}-{gap}name: A\n{' ' * (len(four) + item - dash)}value: {quote}a{quote}{comment}\n"
    )


EDITS: list[tuple[SandboxEdit, set[str], Any]] = [
    (SandboxEdit(name="s", expires="2027-01-01"), set(), {"owner": "ann", "expires": date(2027, 1, 1)}),
    (SandboxEdit(name="s", owner="bob"), {"owner"}, {"owner": "bob"}),
    (
        SandboxEdit(name="s", workloads=(replace(CHECKOUT, replicas=2, env=(("A", "x"), ("B", "y"))),)),
        {"image", "value"},
        {"env": [{"name": "A", "value": "x"}, {"name": "B", "value": "y"}], "image": "a/b:2", "replicas": 2},
    ),
    (SandboxEdit(name="s", workloads=(replace(CHECKOUT, name="cart"),)), set(), {"name": "cart", "image": "a/b:2"}),
    (SandboxEdit(name="s", removed=(("Deployment", "shop", "web"),), home="shop"), {"- {name"}, {}),
]


@pytest.mark.parametrize(
    "layout",
    # `make test` has each indentation and each kind of comment, and .ci/run each with each.
    [
        pytest.param(layout, id=str(layout), marks=[pytest.mark.slow] * (sum(divmod(number, 4)) % 4 > 0))
        for number, layout in enumerate(LAYOUTS)
    ],
)
def test_no_layout_loses_a_line_that_a_change_does_not_concern(layout: tuple[int, int, int, str]) -> None:
    spec = laid_out(*layout)
    for edit, touched, expected in EDITS:
        wanted = load(spec)
        workloads = wanted["spec"]["workloads"]
        if edit.removed:
            del workloads[0]
        elif not edit.workloads:
            wanted["spec"] |= expected
        elif edit.workloads[0].name == "checkout":
            workloads[1] |= expected
        else:
            workloads.append(expected)
        text = edited(spec, 0, edit)
        assert load(text) == wanted
        lost = [line for line in spec.splitlines() if line not in text.splitlines()]
        assert {" ".join(line.split()).partition(":")[0] for line in lost} <= touched, text


def test_a_text_of_which_no_line_can_be_changed_alone_is_written_anew() -> None:
    spec = "spec: {owner: ann,\n  # who\n workloads: [{name: web,\n image: a}]}\n"
    text = edited(spec, 0, SandboxEdit(name="s", owner="bob"))
    assert load(text) == {"spec": {"owner": "bob", "workloads": [{"name": "web", "image": "a"}]}}


def test_one_document_of_several_is_removed() -> None:
    assert removed(SPEC, 0) == "# head\n---\nkind: other\n"
    assert removed(SPEC, 1) == SPEC.removesuffix("---\nkind: other\n")
    assert removed("kind: other\n", 0) == ""


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        pytest.param("spec: dev1\n", "it has no 'spec' that is a mapping", id="no-mapping"),
        pytest.param("spec: {workloads: checkout}\n", "its 'spec.workloads' is no list", id="no-list"),
        pytest.param("spec: [\n", "while parsing a flow node", id="no-yaml"),
    ],
)
def test_what_cannot_be_changed_is_said(spec: str, why: str) -> None:
    with pytest.raises(Uneditable) as error:
        edited(spec, 0, SandboxEdit(name="dev1", workloads=(CHECKOUT,)))
    assert str(error.value) == why
