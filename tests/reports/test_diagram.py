"""`list --format mermaid`: who cloned what where."""

from __future__ import annotations

import pytest

from sandlane.plan.make import make_plan
from sandlane.reports.diagram import mermaid
from tests.build import Object, app, deployment, group, inputs, sandbox, service

BASE = [*app("a"), *app("b"), deployment("b2"), *(
    {**o, "metadata": {**o["metadata"], "namespace": "other"}} for o in app("a"))]  # fmt: skip


def drawn(*specs: Object) -> list[str]:
    found = inputs(BASE, *specs, mesh="linkerd")
    return mermaid(make_plan(found, lambda *_: {}), found).splitlines()


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(
            [sandbox("dev1", "a", owner="dana")],
            ['  subgraph "shop"', '    w0["Deployment/a"]', "  end", '  t0(["dev1 (dana)"])', '  t0 -->|"a-dev1"| w0'],
            id="one",
        ),
        pytest.param([sandbox("dev1", "a", suspend=True)], [], id="suspended"),
        pytest.param(
            [sandbox("zoe", "b", tenantID="dev1"), sandbox("dev10", "a", {"name": "a", "namespace": "other"})],
            ['  subgraph "other"', '    w0["Deployment/a"]', "  end",
             '  subgraph "shop"', '    w1["Deployment/a"]', '    w2["Deployment/b"]', "  end",
             '  t0(["dev1"])', '  t1(["dev10"])',
             '  t1 -->|"a-dev10"| w1', '  t1 -->|"a-dev10"| w0', '  t0 -->|"b-dev1"| w2'],
            id="namespaces-and-tenants",
        ),
        pytest.param(
            [sandbox("dev1", "a", labels={"x": "y"}), sandbox("dev2", "b"),
             group("both", tenantID="rel", selector={"matchLabels": {"x": "y"}}, sandboxes=["dev2"])],
            ['  subgraph "shop"', '    w0["Deployment/a"]', '    w1["Deployment/b"]', "  end",
             '  t0(["dev1"])', '  t1(["dev2"])', '  t2(["rel"])',
             '  t0 -->|"a-dev1"| w0', '  t1 -->|"b-dev2"| w1', "  t2 --- t0", "  t2 --- t1"],
            id="group",
        ),
        pytest.param(
            [sandbox("dev1", {"name": "b", "use": "Deployment/b2"})],
            ['  t0(["dev1"])', '  u0["Deployment/b2"]', '  t0 -.->|"b"| u0'],
            id="use",
        ),
        pytest.param(
            [sandbox("dev1", "a", owner='a "b" <c> & d')],
            ['  subgraph "shop"', '    w0["Deployment/a"]', "  end",
             '  t0(["dev1 (a #quot;b#quot; #lt;c#gt; #amp; d)"])', '  t0 -->|"a-dev1"| w0'],
            id="quoted",
        ),
        pytest.param(
            [sandbox("dev1", "a", owner="team #1; x")],
            ['  subgraph "shop"', '    w0["Deployment/a"]', "  end",
             '  t0(["dev1 (team #35;1; x)"])', '  t0 -->|"a-dev1"| w0'],
            id="number-sign",
        ),
        pytest.param(
            [sandbox("dev1", "a", owner="one\ntwo")],
            ['  subgraph "shop"', '    w0["Deployment/a"]', "  end",
             '  t0(["dev1 (one\\ntwo)"])', '  t0 -->|"a-dev1"| w0'],
            id="line-break",
        ),
    ],
)  # fmt: skip
def test_mermaid(specs: list[Object], expected: list[str]) -> None:
    assert drawn(*specs) == ["flowchart LR", *expected]


def test_calls_of_the_base_are_drawn() -> None:
    """`b` names the Service of `a` in a variable, and the environment says that `b2` calls `b`."""
    caller = deployment("b")
    caller["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A_URL", "value": "http://a:80/x"}]
    base = [*app("a"), caller, service("b"), deployment("b2")]
    found = inputs(base, sandbox("dev1", "a"), mesh="linkerd", calls=[{"from": "b2", "to": ["b"]}])
    assert mermaid(make_plan(found, lambda *_: {}), found).splitlines() == [
        "flowchart LR",
        '  subgraph "shop"', '    w0["Deployment/a"]', '    w1["Deployment/b"]', '    w2["Deployment/b2"]', "  end",
        "  w1 --> w0", "  w2 --> w1",
        '  t0(["dev1"])', '  t0 -->|"a-dev1"| w0',
    ]  # fmt: skip
