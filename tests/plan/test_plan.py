from __future__ import annotations

import pytest

from sandlane.k8s.resource import ResourceId
from sandlane.plan.make import make_plan
from tests.build import Object, app, by_service, deployment, group, inputs, object_of, plan, sandbox, service, texts

DEV1 = "sandboxes/dev1.yaml: "
ABSENT = ": SL210 workload 'Deployment/shop/a' is not in the base\n  hint: "
EXISTS = {"key": "app", "operator": "Exists"}
KINDS = "\n  hint: kinds that can: CronJob, Deployment, Job, Rollout, StatefulSet"
SOUND = "\n  hint: the API server refuses such a workload: correct the base"
EQUALITY = "\n  hint: give the selector an equality that sandlane can rewrite, such as app.kubernetes.io/name"


def stateful(name: str, namespace: str = "") -> Object:
    made = deployment(name, namespace=namespace)
    return {**made, "kind": "StatefulSet", "spec": {**made["spec"], "serviceName": name}}


def with_metadata(manifest: Object, **metadata: object) -> Object:
    return {**manifest, "metadata": {**manifest["metadata"], **metadata}}


def problems(base: str | list[Object], *specs: Object) -> list[str]:
    return texts(plan(base, *specs).problems)


def test_clone() -> None:
    base = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web, tier: front}}
            spec: {containers: [{name: app, image: "web:1"}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: front}
        spec: {selector: {tier: front}, ports: [{name: http, port: 80}]}
        """
    made = plan(base, sandbox("first", "web", tenantID="dev1"))
    (clone,) = made.clones
    assert texts(made.problems) == []
    assert str(clone.id) == "Deployment/shop/web-dev1"
    assert clone.selector == {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "web"}
    assert clone.pods.labels == {
        "app": "web-dev1",
        "tier": "front-dev1",
        "service.istio.io/canonical-name": "web",
        "service.istio.io/canonical-revision": "dev1",
        "tenantID": "dev1",
        "app.kubernetes.io/managed-by": "sandlane",
        "sandlane.dev/tenant": "dev1",
        "sandlane.dev/sandbox": "first",
        "sandlane.dev/origin": "web",
        "service.sandlane.dev/front": "dev1",
        "service.sandlane.dev/web": "dev1",
    }
    assert clone.headless is None
    assert [(str(s.origin.id), str(s.id), dict(s.selector), s.clones) for s in made.services] == [
        ("Service/shop/front", "Service/shop/front-dev1", {"service.sandlane.dev/front": "dev1"}, (clone,)),
        ("Service/shop/web", "Service/shop/web-dev1", {"service.sandlane.dev/web": "dev1"}, (clone,)),
    ]
    assert [(t.id, t.name, {str(k): str(v.id) for k, v in t.services.items()}) for t in made.tenants] == [
        (
            "dev1",
            "first",
            {"Service/shop/front": "Service/shop/front-dev1", "Service/shop/web": "Service/shop/web-dev1"},
        )
    ]


def test_one_service_of_two_clones() -> None:
    base = [
        deployment("v1", {"n": "v1", "app": "w"}),
        deployment("v2", {"n": "v2", "app": "w"}),
        service("w", selector={"app": "w"}),
    ]
    made = plan(base, sandbox("dev1", "v1", "v2"))
    assert texts(made.problems) == []
    assert [(str(s.id), [str(c.id) for c in s.clones]) for s in made.services] == [
        ("Service/shop/w-dev1", ["Deployment/shop/v1-dev1", "Deployment/shop/v2-dev1"])
    ]


def test_long_names() -> None:
    name, tenant = "s" * 60, "t" * 20
    made = plan([deployment(name, {"app": "s"}), service(name, selector={"app": "s"})], sandbox(tenant, name))
    (copy,) = made.services
    assert (str(made.clones[0].id), len(copy.id.name)) == (f"Deployment/shop/{name}-{tenant}", 63)
    assert made.clones[0].pods.labels[f"service.sandlane.dev/{name}"] == tenant


def test_stateful_set() -> None:
    made = plan(
        [stateful("db"), service("db", clusterIP="None")], sandbox("dev1", {"name": "db", "kind": "StatefulSet"})
    )
    (clone,) = made.clones
    assert (str(clone.id), str(clone.headless), clone.selector["sandlane.dev/origin"]) == (
        "StatefulSet/shop/db-dev1-6d9695b0",
        "Service/shop/db-dev1-headless",
        "statefulset.db",
    )


def test_name_of_a_stateful_set_leaves_room_for_its_revision() -> None:
    # The label controller-revision-hash is <name>-<10 characters>, so 52 (C2), not the 63 of other names.
    made = plan([stateful("d" * 50)], sandbox("dev1", {"name": "d" * 50, "kind": "StatefulSet"}))
    assert len(made.clones[0].id.name) == 52


def test_namespaces() -> None:
    base = [*app("a"), deployment("a", namespace="web"), service("a", namespace="web")]
    made = plan(base, sandbox("dev1", {"name": "a", "namespace": "web"}))
    assert [str(s.id) for s in made.services] == ["Service/web/a-dev1"]


def test_suspended_and_sorted() -> None:
    specs = [sandbox("a", "a", tenantID="z"), sandbox("b", "a", tenantID="m"), sandbox("c", "a", suspend=True)]
    made = plan(app("a"), *specs, group("g", tenantID="n", sandboxes=["a", "c"]))
    assert [(t.id, len(t.services)) for t in made.tenants] == [("m", 1), ("n", 1), ("z", 1)]
    assert texts(made.problems) == []


@pytest.mark.parametrize(
    ("base", "workload", "expected"),
    [
        pytest.param(
            app("checkout"), "chekout",
            ": SL210 workload 'Deployment/shop/chekout' is not in the base\n  hint: did you mean 'checkout'?",
            id="misspelt",
        ),
        pytest.param(
            [*app("b"), *app("a")], "zzz", ": SL210 workload 'Deployment/shop/zzz' is not in the base\n  hint: known: a, b",
            id="unknown",
        ),
        pytest.param([], "zzz",
            ": SL210 workload 'Deployment/shop/zzz' is not in the base\n  hint: the base has no Deployment", id="none"),
        pytest.param(
            [deployment("a", namespace="web"), deployment("b")], "a",
            ": SL210 workload 'Deployment/shop/a' is not in the base\n  hint: it is in namespace 'web': add 'namespace: web'",
            id="another-namespace",
        ),
        pytest.param(
            [stateful("a")], "a",
            ABSENT + "there is a StatefulSet of that name: add 'kind: StatefulSet'",
            id="another-kind",
        ),
        pytest.param(
            [], {"name": "a", "kind": "DaemonSet"},
            f": SL212 'DaemonSet/shop/a' is a DaemonSet, which cannot be cloned{KINDS}", id="kind",
        ),
        pytest.param(
            [], {"name": "a", "kind": "deployment"},
            ": SL212 'deployment/shop/a' is a deployment, which cannot be cloned\n  hint: did you mean 'Deployment'?", id="kind-misspelt",
        ),
        pytest.param(
            [with_metadata(deployment("a"), annotations={"helm.sh/hook": "test"})], "a",
            ": SL306 'Deployment/shop/a' was marked as a hook (helm.sh/hook), so it cannot be cloned\n  hint: clone the workload itself",
            id="hook",
        ),
        pytest.param(
            [{**deployment("a"), "metadata": {"generateName": "a-"}}], "a-",
            ": SL306 'Deployment/shop/a-' was given a generated name, so it cannot be cloned\n  hint: give it a name in the base",
            id="generated-name",
        ),
        pytest.param(
            [{**deployment("a"), "spec": {**deployment("a")["spec"], "selector": {"matchLabels": {"app": "b"}}}}], "a",
            f": SL307 'Deployment/shop/a' has no containers, or its pods do not match its own selector{SOUND}", id="unsound",
        ),
        pytest.param(
            [deployment("a", containers=[])], "a",
            f": SL307 'Deployment/shop/a' has no containers, or its pods do not match its own selector{SOUND}", id="no-containers",
        ),
    ],
)  # fmt: skip
def test_references(base: list[Object], workload: str | Object, expected: str) -> None:
    made = plan(base, sandbox("dev1", workload))
    assert texts(made.problems) == [f"sandboxes/dev1.yaml{expected}"]
    assert (made.clones, made.services) == ((), ())


def test_the_tenant_label_is_taken() -> None:
    taken = with_metadata(deployment("a", {"app": "a", "tenantID": "x"}), labels={"tenantID": "x"})
    said = "base.yaml: SL301 'Deployment/shop/a' of the base carries the tenant label 'tenantID'"
    hint = "\n  hint: choose another 'spec.tenantLabel' in the environment"
    assert problems([taken]) == [said + hint, said + hint]
    assert texts(plan([taken], tenantLabel="lane").problems) == []


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(
            object_of("policy/v1", "PodDisruptionBudget", "b", selector={}),
            [DEV1 + "SL304 notice: the clone's pods count for 'PodDisruptionBudget/shop/b', whose selector they cannot leave"],
            id="budget",
        ),
        pytest.param(
            {**deployment("b"), "spec": {**deployment("b")["spec"], "selector": {"matchExpressions": [EXISTS]}}},
            [f"sandboxes/dev1.yaml: SL303 the clone's pods cannot leave the selector of 'Deployment/shop/b'{EQUALITY}"],
            id="workload",
        ),
    ],
)  # fmt: skip
def test_caught(other: Object, expected: list[str]) -> None:
    assert problems([*app("a"), other], sandbox("dev1", "a")) == expected


APART = "\n  hint: a request can reach only one of them: take one of the two out of the group"


@pytest.mark.parametrize(
    ("spec", "expected", "members"),
    [
        pytest.param({"sandboxes": ["one", "two"]}, [], {"a": "one", "b": "two"}, id="fine"),
        pytest.param(
            {"sandboxes": ["one", "tow"]},
            [
                "sandboxes/g.yaml: SL216 route group 'g' joins sandbox 'tow', which does not exist\n  hint: did you mean 'two'?"
            ],
            {"a": "one"},
            id="unknown",
        ),
        pytest.param(
            {"sandboxes": ["one", "three"]},
            [
                f"sandboxes/g.yaml: SL217 route group 'g' joins 'one' and 'three', which both take the place of 'Service/shop/a'{APART}"
            ],
            {"a": "three"},  # the last one; it makes no difference, for the group is not rendered
            id="both-clone",
        ),
        pytest.param({"selector": {"matchLabels": {"x": "1"}}}, [], {"a": "one", "b": "two"}, id="by-labels"),
    ],
)
def test_groups(spec: Object, expected: list[str], members: dict[str, str]) -> None:
    specs = [sandbox("one", "a", labels={"x": "1"}), sandbox("two", "b", labels={"x": "1"}), sandbox("three", "a")]
    made = plan([*app("a"), *app("b")], *specs, group("g", **spec))
    assert texts(made.problems) == expected
    joined = next(t for t in made.tenants if t.id == "g")
    assert {id.name: s.sandbox.name for id, s in joined.services.items()} == members


def test_members_that_clone_one_consumer() -> None:
    specs = [sandbox("one", "a"), sandbox("two", "a")]
    made = plan([deployment("a")], *specs, group("g", sandboxes=["one", "two"]))
    assert [p.code for p in made.problems] == ["SL217"]


def test_order_of_the_base_does_not_matter() -> None:
    base = [*app("a"), *app("b"), service("c", selector={"app": "a"})]
    specs = (sandbox("dev1", "a", "b"), sandbox("dev2", "a"))
    one, two = plan(base, *specs), plan(list(reversed(base)), *specs)
    assert [(c.id, c.pods.labels) for c in one.clones] == [(c.id, c.pods.labels) for c in two.clones]
    assert [(s.id, s.selector) for s in one.services] == [(s.id, s.selector) for s in two.services]
    assert by_service(one).keys() == by_service(two).keys()


def test_nothing() -> None:
    made = make_plan(inputs([]), lambda *_: {})
    assert (made.clones, made.services, made.tenants, made.problems) == ((), (), (), ())
    assert made.base.by_id.get(ResourceId("", "Service", "shop", "a")) is None
