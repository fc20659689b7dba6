from __future__ import annotations

import pytest

from sandlane.specs.editing import SandboxEdit, Uneditable, WorkloadEdit, edited, new_spec, removed

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
            changed(('{name: A, value: "1"}   # keep', '{name: B, value: "2"}')),
            id="env-taken-out-and-added",
        ),
        pytest.param(
            SandboxEdit(name="dev1", removed=(("Deployment", "cart"),)),
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


def test_mixed_indentation_stays_one_document() -> None:
    spec = (
        "spec:\n    workloads:\n      - name: checkout\n        env:\n            - {name: A, value: a}\n"
        "            - {name: B, value: b}\n"
    )
    edit = WorkloadEdit(kind="Deployment", name="checkout", container="s", is_only=True, env=(("B", "c"),))
    assert edited(spec, 0, SandboxEdit(name="dev1", workloads=(edit,))) == (
        "spec:\n    workloads:\n      - name: checkout\n        env:\n          - {name: A, value: a}\n"
        "          - {name: B, value: c}\n"
    )


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
