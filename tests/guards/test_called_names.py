"""Claims and names that a sandbox would take: of the base, of another sandbox, or of nobody yet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from sandlane.base.base import make_base
from sandlane.files.tree import MemoryTree
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.pipeline import render, written
from sandlane.problems.problem import Source
from sandlane.proof.claims import claims_of
from sandlane.proof.obligations import resources
from sandlane.proof.world import make_world
from sandlane.specs.inputs import read_inputs
from tests.build import Object, app, deployment, files_of, meta, object_of, output, refusals, sandbox, service

KINDS = {"resourceKinds": ["ConfigMap", "Deployment", "PersistentVolumeClaim", "Service", "StatefulSet"]}


def stateful(name: str, claim: str, **spec: Any) -> Object:
    template = {"metadata": {"name": claim}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    made = {**deployment(name, namespace="shop"), "kind": "StatefulSet"}
    made["spec"] |= {"serviceName": name, "volumeClaimTemplates": [template], **spec}
    return made


def claim(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(name, "shop"), "spec": {}}


def mounting(name: str, claim_name: str) -> Object:
    return deployment(name, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": claim_name}}])


ORDERS = [stateful("orders-db", "data"), service("orders-db", clusterIP="None"), *app("a")]


def brought(
    base: list[Object], *manifests: Object, tenant: str = "dev1", beside: Mapping[str, str] | None = None
) -> list[str]:
    """Returns what is said of manifests that a sandbox brings, first lines alone."""
    text = "\n---\n".join(json.dumps(manifest) for manifest in manifests)
    found = refusals(
        base,
        sandbox(tenant, "a", resources=["x.yaml"]),
        beside={"sandboxes/x.yaml": text, **(beside or {})},
        policy=KINDS,
    )
    return [problem.split("\n")[0].removeprefix(f"sandboxes/{tenant}.yaml: ") for problem in found]


def proved(base: list[Object], obligation: Any, *manifests: Object) -> list[str]:
    """Returns what proof says of an output into which manifests are put as a sandbox's own, with the guard left out."""
    plain, kinds = deployment("plain", namespace="shop"), {"resourceKinds": [*KINDS["resourceKinds"], "ServiceAccount"]}
    tree = MemoryTree({
        **files_of(base, sandbox("dev1", "a", resources=["x.yaml"]), policy=kinds), "sandboxes/x.yaml": json.dumps(plain)
    })  # fmt: skip
    inputs = read_inputs(tree, "sandlane.yaml")
    objects = written(render(inputs).objects).resources
    (mark,) = [o.manifest["metadata"] for o in objects if o.id.name == "plain"]
    more = []
    for manifest in manifests:
        group, _, _ = manifest["apiVersion"].rpartition("/")
        id = ResourceId(group, manifest["kind"], "shop", manifest["metadata"]["name"])
        given = manifest["metadata"]
        own = {field: {**(given.get(field) or {}), **mark[field]} for field in ("labels", "annotations")}
        whole = {**manifest, "metadata": {**mark, **own, "name": id.name}}
        more.append(Resource(id=id, manifest=whole, source=Source(file=f"sandboxes/dev1/shop/{id.name}.yaml")))
    world = make_world(inputs.base, make_base([*objects, *more]), claims_of(inputs))
    return [problem.text for problem in obligation.check(world)]


TAKEN = "SL302 'PersistentVolumeClaim/shop/{claim}' is taken by {whose}, so it cannot be written for 'StatefulSet/shop/{name}'"
CLAIMS = [
    pytest.param(ORDERS, stateful("db", "data-orders"), "data-orders-db-0", "'StatefulSet/shop/orders-db' of the base", id="of-a-set"),
    pytest.param([*app("a"), claim("data-x-db-3")], stateful("x-db", "data"), "data-x-db-0", "the base", id="of-the-base"),
    pytest.param([*app("a"), mounting("m", "data-x-db-11")], stateful("db", "data-x"), "data-x-db-0",
                 "'Deployment/shop/m' of the base", id="that-a-pod-names"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "manifest", "name", "whose"), CLAIMS)
def test_claims_that_a_brought_set_would_make(base: list[Object], manifest: Object, name: str, whose: str) -> None:
    set_name = manifest["metadata"]["name"]
    assert brought(base, manifest) == [TAKEN.format(claim=name, whose=whose, name=set_name)]


def test_claims_of_clones_to_come() -> None:
    whose = "clones of 'StatefulSet/shop/orders-db' of the base"
    expected = TAKEN.format(claim="data-orders-db-dev7-0", whose=whose, name="db-dev7")
    assert brought(ORDERS, stateful("db-dev7", "data-orders")) == [expected]


def test_a_clone_gets_no_claim_of_another_set() -> None:
    """`data` of `orders` for tenant `x` is `data-orders-x-<hash>-0`, and so is `data-orders` of a set `x-<hash>`."""
    orders = [stateful("orders", "data"), service("orders", clusterIP="None"), *app("a")]
    spec = sandbox("x", {"name": "orders", "kind": "StatefulSet"})
    (clone,) = [name.partition("/")[2] for name in output(orders, spec) if name.startswith("StatefulSet/")]
    tail = clone.removeprefix("orders-")
    found = refusals([*orders, stateful(tail, "data-orders")], spec)
    expected = TAKEN.format(claim=f"data-{clone}-0", whose=f"'StatefulSet/shop/{tail}' of the base", name=clone)
    assert f"sandboxes/x.yaml: {expected}" in [problem.split("\n")[0] for problem in found]


def test_two_sandboxes_with_one_claim() -> None:
    one, two = (json.dumps(stateful(name, c)) for name, c in (("b-c", "a"), ("c", "a-b")))
    found = refusals(
        app("a"), sandbox("dev1", "a", resources=["one.yaml"]), sandbox("dev2", "a", resources=["two.yaml"]),
        beside={"sandboxes/one.yaml": one, "sandboxes/two.yaml": two}, policy=KINDS,
    )  # fmt: skip
    expected = TAKEN.format(claim="a-b-c-0", whose="sandbox 'dev1'", name="c")
    assert [problem.split("\n")[0] for problem in found] == [f"sandboxes/dev2.yaml: {expected}"]


def test_claims_of_its_own() -> None:
    assert brought(ORDERS, stateful("cache", "data"), claim("data-cache-0")) == []


def calling(value: str, name: str = "LEGACY_URL", **container: Any) -> Object:
    return deployment(
        "caller", containers=[{"name": "app", "image": "c:1", "env": [{"name": name, "value": value}], **container}]
    )


def config(text: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("conf"), "data": {"app.conf": text}}


ENV = "'Deployment/shop/caller' of the base calls in 'spec.template.spec.containers[0].env[0].value'"
CONF = "'ConfigMap/shop/conf' of the base calls in 'data['app.conf']'"
CALLS = [
    pytest.param(calling("http://legacy:80"), ENV, id="url"),
    pytest.param(calling("legacy", "LEGACY_HOST"), ENV, id="address"),
    pytest.param(calling("legacy:6379", "X"), ENV, id="port"),
    pytest.param(calling("x=legacy.shop", "X"), ENV, id="with-its-namespace"),
    pytest.param(calling("grpc:legacy.shop.svc.cluster.local:1", "X"), ENV, id="full"),
    pytest.param(deployment("caller", containers=[{"name": "app", "image": "c:1", "args": ["--backend=legacy"]}]),
                 "'Deployment/shop/caller' of the base calls in 'spec.template.spec.containers[0].args[0]'", id="argument"),
    pytest.param(config("a = 1\nredis.host: legacy\n"), CONF, id="line-of-a-file"),
    pytest.param(config("upstream x { server u@legacy; }\n"), CONF, id="user-at-host"),
    pytest.param({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta("in"), "spec": {
        "defaultBackend": {"service": {"name": "legacy", "port": {"number": 80}}}}}, "'Ingress/shop/in' of the base names",
        id="ingress"),
    pytest.param(object_of("networking.istio.io/v1", "ServiceEntry", "se", hosts=["legacy.shop"]),
                 "'ServiceEntry/shop/se' of the base calls in 'spec.hosts[0]'", id="service-entry"),
]  # fmt: skip


@pytest.mark.parametrize(("caller", "who"), CALLS)
def test_a_service_of_a_name_that_the_base_calls(caller: Object, who: str) -> None:
    legacy = service("legacy", namespace="shop")
    assert brought([*app("a"), caller], legacy) == [
        f"SL246 'Service/shop/legacy' would answer for 'legacy', which {who}"
    ]


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(calling("legacy", "SERVICE_NAME"), id="its-own-name"),
        pytest.param(calling("legacy.other"), id="of-another-namespace"),
        pytest.param(calling("a legacy thing"), id="prose"),
        pytest.param(calling("http://legacy.example.com"), id="elsewhere"),
        pytest.param(calling("http://legacy-two"), id="longer"),
    ],
)
def test_texts_that_call_nobody(caller: Object) -> None:
    legacy = service("legacy", namespace="shop")
    assert brought([*app("a"), caller], legacy) == []


def test_a_pod_whose_name_is_found_before_a_service() -> None:
    """Pods of `shop` find `redis.cache` as `redis.cache.shop.svc.cluster.local` before they look in namespace `cache`."""
    base = [*app("a"), *app("redis")]
    base[3]["metadata"]["namespace"] = base[2]["metadata"]["namespace"] = "cache"
    pod = deployment("shadow", namespace="shop", hostname="redis", subdomain="cache")
    headless = service("cache", clusterIP="None", selector={"app": "shadow"}, namespace="shop")
    assert brought(base, pod, headless) == [
        "SL246 'Deployment/shop/shadow' would answer for 'redis.cache', which 'Service/cache/redis' of the base is called by"
    ]


def test_a_pod_with_the_name_of_a_host_elsewhere() -> None:
    pod = deployment("shadow", namespace="shop", hostname="example", subdomain="com")
    assert brought([*app("a"), calling("https://example.com/x")], pod) == [
        f"SL246 'Deployment/shop/shadow' would answer for 'example.com', which {ENV}"
    ]


def test_a_clone_of_a_name_that_the_base_calls() -> None:
    found = refusals([*app("a"), calling("http://a-dev1")], sandbox("dev1", "a"))
    assert found == [
        f"sandboxes/dev1.yaml: SL246 'Service/shop/a-dev1' would answer for 'a-dev1', which {ENV}\n"
        "  hint: names are <origin>-<tenantID>: choose another tenantID"
    ]


def test_a_brought_workload_selects_no_pods_of_clones() -> None:
    """With the tenantID its labels are those of every clone of the sandbox that has them too."""
    base = [deployment("a", {"app": "a", "tier": "x"}), service("a")]
    mine = deployment("mine", {"tier": "x"}, namespace="shop")
    assert brought(base, mine) == [
        "SL245 'Deployment/shop/mine' cannot be a resource of a sandbox: its selector selects pods of 'Deployment/shop/a-dev1' as well"
    ]
    two = [deployment(name, {"tier": "y", "app": name}, namespace="shop") for name in ("one", "two")]
    assert brought(base, *two) == [
        f"SL245 'Deployment/shop/{one}' cannot be a resource of a sandbox: its selector selects pods of 'Deployment/shop/{other}' as well"
        for one, other in (("one", "two"), ("two", "one"))
    ]


def found_by(name: str, key: str, value: str) -> Object:
    workload = deployment(name, namespace="shop")
    workload["spec"]["template"]["metadata"]["annotations"] = {key: value}
    return workload


def test_pods_that_are_found_for_those_of_the_base() -> None:
    base = [*app("a"), found_by("orders", "dapr.io/app-id", "orders"), service("orders")]
    mine = found_by("mine", "dapr.io/app-id", "orders")
    assert brought(base, mine) == [
        "SL247 pods of 'Deployment/shop/mine' would be found by 'dapr.io/app-id: orders', as those of 'Deployment/shop/orders' "
        "of the base are"
    ]
    assert brought(base, found_by("mine", "dapr.io/app-id", "mine")) == []


def test_a_clone_that_is_found_for_another_than_its_origin() -> None:
    base = [*app("a"), found_by("orders", "dapr.io/app-id", "orders"), service("orders")]
    patch = {"spec": {"template": {"metadata": {"annotations": {"dapr.io/app-id": "orders"}}}}}
    found = refusals(base, sandbox("dev1", {"name": "a", "patches": [{"patch": json.dumps(patch)}]}))
    assert [problem.split("\n")[0] for problem in found] == [
        "sandboxes/dev1.yaml: SL247 pods of 'Deployment/shop/a-dev1' would be found by 'dapr.io/app-id: orders', as those of "
        "'Deployment/shop/orders' of the base are"
    ]


KEYS = [
    ("annotations", "external-dns.alpha.kubernetes.io/hostname"),
    ("annotations", "tailscale.com/expose"),
    ("annotations", "networking.istio.io/exportTo"),
    ("labels", "istio.io/use-waypoint"),
    ("labels", "mirror.linkerd.io/exported"),
]


@pytest.mark.parametrize(("field", "key"), KEYS)
def test_services_that_others_publish(field: str, key: str) -> None:
    mine = service("mine", namespace="shop")
    mine["metadata"][field] = {key: "x"}
    assert brought(app("a"), mine) == [
        f"SL245 'Service/shop/mine' cannot be a resource of a sandbox: it carries '{key}'"
    ]
    mark = {"selector": {"sandlane.dev/tenant": "dev1"}, "ports": [{"port": 80}]}
    found = proved(app("a"), resources, {**mine, "spec": mark})
    assert found == [
        f"promise 4 does not hold: 'Service/shop/mine': carries '{key}', by which others publish or route it"
    ]


@pytest.mark.parametrize(
    "key", ["eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account", "azure.workload.identity/client-id"]
)
def test_service_accounts_with_a_role_of_a_cloud(key: str) -> None:
    mine = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("mine", "shop", annotations={key: "admin"})}
    kinds = {"resourceKinds": ["Deployment", "ServiceAccount"]}
    found = refusals(
        app("a"),
        sandbox("dev1", "a", resources=["x.yaml"]),
        beside={"sandboxes/x.yaml": json.dumps(mine)},
        policy=kinds,
    )
    assert [problem.split("\n")[0].partition("SL330 ")[2] for problem in found] == [
        f"'ServiceAccount/shop/mine' would have more privilege than an ordinary pod: annotation '{key}'"
    ]
    assert proved(app("a"), resources, mine) == [
        f"promise 4 does not hold: 'ServiceAccount/shop/mine': carries '{key}', which gives it a role of a cloud"
    ]


@pytest.mark.parametrize(
    ("caller", "mine"),
    [
        pytest.param(
            deployment("caller", containers=[{"name": "c", "image": "c:1", "envFrom": [{"configMapRef": {"name": "conf"}}]}]),
            config("x"), id="a-config-map",
        ),
        pytest.param(mounting("m", "data"), claim("data"), id="a-claim"),
        pytest.param(
            deployment("caller"), {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("default", "shop")}, id="an-account"
        ),
    ],
)  # fmt: skip
def test_what_pods_of_the_base_name_is_no_sandboxs(caller: Object, mine: Object) -> None:
    id = f"{mine['kind']}/shop/{mine['metadata']['name']}"
    found = proved([*app("a"), caller], resources, mine)
    assert found == [f"promise 4 does not hold: '{id}': pods of the base name it"]
