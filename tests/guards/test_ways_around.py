"""Ways to more than the platform gave that are no change of an ordinary field of pods: guard and proof, each for itself."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from sandlane.files.tree import MemoryTree
from sandlane.problems.problem import show
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.inputs import read_inputs
from tests import build
from tests.build import Object, meta
from tests.proof.test_proof import make
from tests.proof.test_routes import written

PROXY = {"name": "istio-proxy", "image": "auto", "resources": {"limits": {"cpu": "100m"}}}
POLICY = {
    "images": ["registry.example/*"],
    "resourceKinds": ["ConfigMap", "CronJob", "Deployment", "PersistentVolumeClaim", "Service", "ServiceAccount"],
}
MAP: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("more", "shop"), "data": {"k": "v"}}
CLAIM: Object = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": meta("disk", "shop"),
    "spec": {"accessModes": ["ReadWriteOnce"]},
}
POD: Object = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "registry.example/x:1"}]}
JOBS: Object = build.object_of(
    "batch/v1", "CronJob", "night", "shop", schedule="0 1 * * *", jobTemplate={"spec": {"template": {"spec": POD}}}
)
HEADLESS = build.object_of("v1", "Service", "com", "shop", clusterIP="None", selector={"a": "b"}, ports=[{"port": 80}])


def base() -> list[Object]:
    web = build.app("web")
    spec = web[0]["spec"]["template"]["spec"]
    spec["containers"][0]["env"] = [{"name": "PAY", "value": "https://stripe.com/pay"}]
    spec["containers"].append(PROXY)
    return web


def refused(patch: Any = None, *brought: Object, namespace: str = "shop") -> list[str]:
    workload: Object = {"name": "web", **({"patches": [{"patch": json.dumps(patch)}]} if patch else {})}
    resources = [f"r{number}.json" for number in range(len(brought))]
    beside = {f"sandboxes/r{number}.json": json.dumps(each) for number, each in enumerate(brought)}
    spec = build.sandbox("dev1", workload, **({"resources": resources} if resources else {}))
    found = build.refusals(base(), spec, beside=beside, policy=POLICY, defaultNamespace=namespace)
    return [text.split("\n")[0].removeprefix("sandboxes/dev1.yaml: ") for text in found]


def of_pod(**spec: Any) -> Object:
    return {"spec": {"template": {"spec": spec}}}


def of_proxy(**fields: Any) -> Object:
    return of_pod(containers=[{"name": "istio-proxy", **fields}])


def carrying(manifest: Object, key: str, field: str = "annotations") -> Object:
    return {**manifest, "metadata": {**manifest["metadata"], field: {key: "x"}}}


def more(what: str, object: str = "Deployment/shop/web-dev1", than: str = "'Deployment/shop/web'") -> str:
    return f"SL330 '{object}' would have more privilege than {than}: {what}"


ANOTHER = more("another container than its origin's in the place of the proxy, 'istio-proxy'")


@pytest.mark.parametrize(
    "fields",
    [
        {"image": "registry.example/x:1"},
        {"command": ["sh"]},
        {"args": ["x"]},
        {"env": [{"name": "ISTIO_META_DNS_CAPTURE", "value": "0"}]},
    ],
)
def test_the_proxy_of_an_origin_stays_as_it_is(fields: Object) -> None:
    assert refused(of_proxy(**fields)) == [ANOTHER]


def test_the_proxy_of_an_origin_may_have_another_size() -> None:
    assert refused(of_proxy(resources={"limits": {"cpu": "1"}})) == []


@pytest.mark.parametrize(
    "key", ["keel.sh/policy", "image.openshift.io/triggers", "skupper.io/address", "fluxcd.io/automated"]
)
def test_annotations_of_a_clone_itself(key: str) -> None:
    assert refused({"metadata": {"annotations": {key: "x"}}}) == [more(f"annotation '{key}' of its own")]


@pytest.mark.parametrize(
    ("manifest", "key"),
    [
        (MAP, "reflector.v1.k8s.emberstack.com/reflects"), (MAP, "replicator.v1.mittwald.de/replicate-to"),
        (MAP, "kubed.appscode.com/sync"), (CLAIM, "k8s.io/CloneRequest"), (CLAIM, "cdi.kubevirt.io/storage.import.secretName"),
    ],
)  # fmt: skip
def test_annotations_of_what_is_brought(manifest: Object, key: str) -> None:
    object = f"{manifest['kind']}/shop/{manifest['metadata']['name']}"
    expected = more(f"annotation '{key}' of its own", object, "an ordinary pod")
    assert refused(None, carrying(manifest, key)) == [expected]


@pytest.mark.parametrize(
    "key",
    [
        "consul.hashicorp.com/service-name", "external-dns.kubernetes.io/hostname", "io.cilium/global-service", "k8s.ngrok.com/x",
        "kuma.io/service", "metallb.io/address-pool", "service.beta.openshift.io/serving-cert-secret-name", "skupper.io/proxy",
        "teleport.dev/name", "traefik.ingress.kubernetes.io/service.sticky",
    ],
)  # fmt: skip
def test_what_publishes_a_service(key: str) -> None:
    expected = f"SL245 'Service/shop/com' cannot be a resource of a sandbox: it carries '{key}'"
    assert refused(None, carrying(HEADLESS, key)) == [expected]


def test_fields_that_a_kind_has_not() -> None:
    field = "SL232 the patch changes 'sops' of 'Deployment/shop/web', which sandlane decides"
    assert refused({"sops": {"mac": "x"}}) == [field]
    wrong = (
        "SL245 'ConfigMap/shop/more' cannot be a resource of a sandbox: it has 'sops', which is no field of its kind"
    )
    assert refused(None, {**MAP, "sops": {"mac": "x"}}) == [wrong]


def test_a_clone_that_takes_a_host_name_by_a_service_of_the_sandbox() -> None:
    text = "SL246 'Deployment/shop/web-dev1' would answer for 'stripe.com', which 'Deployment/shop/web' of the base calls in "
    assert refused(of_pod(hostname="stripe", subdomain="com"), HEADLESS) == [
        f"{text}'spec.template.spec.containers[0].env[0].value'"
    ]
    assert refused(of_pod(hostname="stripe", subdomain="com")) == []


def test_names_of_the_clusters_own_services() -> None:
    service = build.object_of("v1", "Service", "kubernetes", "default", selector={"a": "b"}, ports=[{"port": 443}])
    taken = "SL302 'Service/default/kubernetes' is taken by the cluster, so it cannot be written for sandbox 'dev1'"
    assert refused(None, service, namespace="default") == [taken]


def test_nothing_that_is_made_can_stay_for_ever_or_have_another_owner() -> None:
    for_ever = {
        "finalizers": ["x.example/y"],
        "ownerReferences": [{"kind": "Node", "name": "n1"}],
        "labels": {"k": "v"},
    }
    job = copy.deepcopy(JOBS)
    job["spec"]["jobTemplate"]["metadata"] = for_ever
    job["spec"]["jobTemplate"]["spec"]["template"]["metadata"] = {**for_ever, "annotations": {"a": "b"}}
    spec = build.sandbox("dev1", {"name": "web"}, resources=["r.json"])
    written = build.output(base(), spec, beside={"sandboxes/r.json": json.dumps(job)}, policy=POLICY)
    made = written["CronJob/night"]["spec"]["jobTemplate"]
    assert made["metadata"] == {"labels": {"k": "v"}}
    metadata = made["spec"]["template"]["metadata"]
    assert metadata.keys() == {"labels", "annotations"}
    assert (metadata["annotations"], metadata["labels"]["k"]) == ({"a": "b"}, "v")


RESOURCES = (MAP, CLAIM, JOBS, HEADLESS)
FILE = "sandboxes/dev1/shop/"


@pytest.fixture(scope="module")
def output() -> Any:
    spec = build.sandbox("dev1", {"name": "web"}, resources=[f"r{n}.json" for n in range(len(RESOURCES))])
    files = {f"sandboxes/r{number}.json": json.dumps(each) for number, each in enumerate(RESOURCES)}
    tree = MemoryTree({**build.files_of(base(), spec, policy=POLICY, output={"base": "none"}), **files})
    inputs = read_inputs(tree, "sandlane.yaml")
    return inputs, written(inputs)


@pytest.mark.parametrize(
    ("file", "path", "value", "expected"),
    [
        ("deployment-web-dev1", ("spec", "template", "spec", "containers", 1, "image"), "registry.example/x:1",
         "SL608 promise 4 does not hold: 'Deployment/shop/web-dev1' has more privilege than 'Deployment/shop/web' (mesh): "
         "a proxy that is not its origin's ('istio-proxy')"),
        ("deployment-web-dev1", ("metadata", "annotations", "keel.sh/policy"), "force",
         "SL608 promise 4 does not hold: 'Deployment/shop/web-dev1' has more privilege than 'Deployment/shop/web' (security): "
         "its own annotation 'keel.sh/policy'"),
        ("configmap-more", ("metadata", "annotations", "reflector.v1.k8s.emberstack.com/reflects"), "a/b",
         "SL608 promise 4 does not hold: 'ConfigMap/shop/more' has more privilege than an ordinary pod (secrets): "
         "its own annotation 'reflector.v1.k8s.emberstack.com/reflects'"),
        ("persistentvolumeclaim-disk", ("metadata", "annotations", "k8s.io/CloneRequest"), "a/b",
         "SL608 promise 4 does not hold: 'PersistentVolumeClaim/shop/disk' has more privilege than an ordinary pod (claims): "
         "its own annotation 'k8s.io/CloneRequest'"),
        ("configmap-more", ("sops",), {"mac": "x"},
         "SL607 promise 4 does not hold: 'ConfigMap/shop/more': has 'sops', which is no field of its kind"),
        ("configmap-more", ("metadata", "name"), "kube-root-ca.crt",
         "SL607 promise 4 does not hold: 'ConfigMap/shop/kube-root-ca.crt': the cluster has an object of that name"),
        ("cronjob-night", ("spec", "jobTemplate", "metadata"), {"finalizers": ["x.example/y"]},
         "SL607 promise 4 does not hold: 'CronJob/shop/night': what it makes would have finalizers"),
        ("service-com", ("metadata", "annotations", "teleport.dev/name"), "x",
         "SL607 promise 4 does not hold: 'Service/shop/com': carries 'teleport.dev/name', by which others publish or route it"),
    ],
)  # fmt: skip
def test_proof_finds_it_in_an_output(output: Any, file: str, path: tuple[Any, ...], value: Any, expected: str) -> None:
    inputs, files = output[0], copy.deepcopy(output[1])
    assert [show(problem) for problem in prove(inputs.base, make(files), claims_of(inputs))] == []
    at: Any = files[f"{FILE}{file}.yaml"]
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    found = [show(problem) for problem in prove(inputs.base, make(files), claims_of(inputs))]
    assert f"{FILE}{file}.yaml: {expected}" in [text.split("\n")[0] for text in found]
