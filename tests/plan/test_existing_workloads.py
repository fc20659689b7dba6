"""`use`: requests of a tenant to an existing workload, without a clone."""

from __future__ import annotations

import pytest

from sandlane.pipeline import render
from tests.build import Object, deployment, group, inputs, plan, sandbox, service, texts
from tests.meshes.gateway_api.test_attached_routes import route, rule, to_service

V2 = {"app": "reviews2", "version": "v2"}


def use(name: str = "reviews", used: str = "Deployment/reviews2", **more: str) -> Object:
    return {"name": name, "use": used, **more}


BASE = [deployment("reviews"), service("reviews"), deployment("reviews2", V2)]


@pytest.mark.parametrize("mesh", ["linkerd", "gateway-api", "istio", "istio-ambient"])
def test_no_clone_and_a_service_that_selects_the_used(mesh: str) -> None:
    rendered = render(inputs(BASE, sandbox("dev1", use()), mesh=mesh, output={"base": "none"}))
    own = [o for o in rendered.objects if o.directory == "sandboxes/dev1"]
    assert sorted({o.id.kind for o in own} - {"HTTPRoute"}) == ["Service"]
    (copy,) = [o.manifest for o in own if o.id.kind == "Service"]
    assert (copy["metadata"]["name"], copy["spec"]) == (
        "reviews-dev1",
        {"type": "ClusterIP", "selector": {"app": "reviews2"}, "ports": [{"name": "http", "port": 80}]},
    )


def test_routes_lead_to_it() -> None:
    base = [*BASE, route("r", rule("reviews", timeouts={"request": "1s"}), parents=[to_service("reviews", 80)])]
    files = render(inputs(base, sandbox("dev1", use()), mesh="linkerd", output={"base": "none"})).objects
    rules = {o.id.name: o.manifest["spec"]["rules"][0]["backendRefs"] for o in files if o.id.kind == "HTTPRoute"}
    expected = [{"group": "", "kind": "Service", "name": "reviews-dev1", "namespace": "shop", "port": 80, "weight": 1}]
    assert rules == {"r-dev1-h": expected, "r-dev1-b": expected}


def test_a_group_reaches_it() -> None:
    made = plan(BASE, sandbox("dev1", use()), group("rel", tenantID="rel", sandboxes=["dev1"]))
    assert {t.id: [s.id.name for s in t.services.values()] for t in made.tenants} == {
        "dev1": ["reviews-dev1"],
        "rel": ["reviews-dev1"],
    }


def test_a_service_without_a_workload() -> None:
    made = plan([service("reviews", selector={"app": "elsewhere"}), deployment("reviews2", V2)], sandbox("dev1", use()))
    assert (texts(made.problems), [dict(s.selector) for s in made.services]) == ([], [{"app": "reviews2"}])


def cannot(why: str) -> str:
    return (
        f"sandboxes/dev1.yaml: SL223 'Deployment/shop/reviews2' cannot take the place of 'Service/shop/reviews': {why}\n"
        "  hint: let it have labels of its own and the same named ports, or clone it"
    )


NAMED = [deployment("reviews"), service("reviews", {"name": "http", "port": 80, "targetPort": "web"})]
EXPRESSIONS = deployment("reviews2")
EXPRESSIONS["spec"]["selector"]["matchExpressions"] = [{"key": "app", "operator": "Exists"}]
SIDECAR = deployment("reviews2", initContainers=[
    {"name": "proxy", "image": "x", "restartPolicy": "Always", "ports": [{"name": "web", "containerPort": 80}]}])  # fmt: skip
BOTH = "sandboxes/dev1.yaml: SL224 two workloads of this sandbox stand behind 'Service/shop/reviews', and one of them by 'use'"


@pytest.mark.parametrize(
    ("base", "workloads", "expected"),
    [
        pytest.param(BASE[:2], [use()], ["sandboxes/dev1.yaml: SL210 workload 'Deployment/shop/reviews2' is not in the base\n"
                                         "  hint: did you mean 'reviews'?"], id="unknown"),
        pytest.param(BASE[2:], [use()], ["sandboxes/dev1.yaml: SL210 workload 'Deployment/shop/reviews' is not in the base\n"
                                         "  hint: did you mean 'reviews2'?"], id="replaces-nothing"),
        pytest.param(BASE, [use(used="DaemonSet/reviews2")],
                     ["sandboxes/dev1.yaml: SL212 'DaemonSet/shop/reviews2' is a DaemonSet, which cannot be cloned\n"
                      "  hint: kinds that can: CronJob, Deployment, Job, Rollout, StatefulSet"], id="kind"),
        pytest.param([*BASE[:2], deployment("reviews2", {"app": "x"}), deployment("reviews3", {"app": "x"})], [use()],
                     [cannot("its selector also matches the pods of 'Deployment/shop/reviews3'")], id="catches-another"),
        pytest.param([*BASE[:2], EXPRESSIONS], [use()],
                     [cannot("its selector has matchExpressions, which a Service cannot have")], id="expressions"),
        pytest.param([*NAMED, deployment("reviews2", V2)], [use()], [cannot("it has no port named 'web'")], id="named-port"),
        pytest.param([*NAMED, SIDECAR], [use()], [], id="named-port-of-a-native-sidecar"),
        pytest.param([*BASE, deployment("reviews1", {"x": "y", "app": "reviews"})], ["reviews1", use()],
                     [f"{BOTH}\n  hint: take one of the two out"], id="clone-and-use"),
    ],
)  # fmt: skip
def test_problems(base: list[Object], workloads: list[str | Object], expected: list[str]) -> None:
    assert texts(plan(base, sandbox("dev1", *workloads)).problems) == expected


def test_use_without_a_service_is_said() -> None:
    made = plan([deployment("worker"), deployment("worker2")], sandbox("dev1", use("worker", "Deployment/worker2")))
    assert texts(made.problems) == [
        "sandboxes/dev1.yaml: SL226 no Service leads to 'Deployment/shop/worker', so 'use' changes nothing\n"
        "  hint: name a workload that a Service selects, or the Service itself"
    ]
