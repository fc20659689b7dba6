"""What a pull request may try beside the table of attempts (tests/guards/attempts.py), each through the whole line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from sandlane.guards.privilege import gained
from sandlane.patch.patches import apply_patch, parse_patch
from sandlane.proof.privileges import more
from tests.build import Object, deployment, meta, object_of, output, refusals, sandbox, service
from tests.guards.attempts import one_by_one

STRICT = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
BASE: list[Object] = [
    deployment(
        "a",
        containers=[{"name": "app", "image": "registry.example/a:1", "securityContext": STRICT}],
        automountServiceAccountToken=False,
        serviceAccountName="app",
        hostUsers=False,
        runtimeClassName="gvisor",
        volumes=[
            {"name": "logs", "hostPath": {"path": "/var/log"}},
            {"name": "db", "persistentVolumeClaim": {"claimName": "own"}},
        ],
    ),
    service("a"),
    object_of(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "friends",
        podSelector={"matchLabels": {"app": "z"}},
        ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "friend"}}}]}],
    ),
    *(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": meta(n),
            "spec": {"accessModes": ["ReadWriteMany"]},
        }
        for n in ("own", "orders")
    ),
]
BASE[0]["spec"]["template"]["metadata"]["annotations"] = {"sidecar.istio.io/inject": "true"}
POLICY = {"images": ["registry.example/*"], "resourceKinds": ["ConfigMap", "Deployment", "Job", "PersistentVolumeClaim",
                                                              "Role", "Secret", "Service", "VirtualService", "Pod"]}  # fmt: skip


def refused(workload: Mapping[str, Any], beside: Mapping[str, str] | None = None, **spec: Any) -> list[str]:
    found = refusals(BASE, sandbox("dev1", {"name": "a", **workload}, **spec), beside=beside, policy=POLICY)
    return one_by_one(text.split("\n")[0].removeprefix("sandboxes/dev1.yaml: ") for text in found)


def patched(pod: Mapping[str, Any], **template: Any) -> Object:
    return {"patches": [{"patch": json.dumps({"spec": {"template": {"spec": pod, **template}}})}]}


def container(**fields: Any) -> Object:
    return patched({"containers": [{"name": "app", **fields}]})


def context(**fields: Any) -> Object:
    return container(securityContext=fields)


def annotated(**annotations: str | None) -> Object:
    return patched(
        {}, metadata={"annotations": {key.replace("__", "/").replace("_", "."): v for key, v in annotations.items()}}
    )


def than(what: str, one: str = "Deployment/shop/a-dev1", other: str = "'Deployment/shop/a'") -> str:
    return f"SL330 '{one}' would have more privilege than {other}: {what}"


IN_APP = " in container 'app'"
ATTEMPTS = [
    pytest.param(container(volumeMounts=[{"name": "logs", "mountPath": "/l"}]),
                 than("mounting hostPath '/var/log'" + IN_APP), id="mounted-host-path"),
    pytest.param(context(capabilities={"drop": ["KILL"]}), than("capability AUDIT_WRITE" + IN_APP), id="fewer-drops"),
    pytest.param(patched({"containers": [{"name": "tool", "image": "registry.example/t:1"}]}),
                 than("capability AUDIT_WRITE in container 'tool'"), id="another-container"),
    pytest.param(patched({"initContainers": [{"name": "tool", "image": "registry.example/t:1", "securityContext": {
        **STRICT, "privileged": True}}]}), than("privilege escalation in container 'tool'"), id="another-init-container"),
    # The API server drops fields that a pod's security context does not have: what they say is not in force.
    pytest.param(patched({"securityContext": {"capabilities": {"drop": ["ALL"]}},
                          "containers": [{"name": "app", "securityContext": {"capabilities": None}}]}),
                 than("capability AUDIT_WRITE" + IN_APP), id="drops-of-the-pod"),
    pytest.param(patched({"securityContext": {"allowPrivilegeEscalation": False},
                          "containers": [{"name": "app", "securityContext": {"allowPrivilegeEscalation": None}}]}),
                 than("privilege escalation" + IN_APP), id="escalation-of-the-pod"),
    pytest.param(patched({"securityContext": {"readOnlyRootFilesystem": True},
                          "containers": [{"name": "app", "securityContext": {"readOnlyRootFilesystem": None}}]}),
                 than("writing to its root file system" + IN_APP), id="root-file-system-of-the-pod"),
    pytest.param({"image": "elsewhere.example/a:2"},
                 "SL241 the environment's policy allows no image 'elsewhere.example/a:2' "
                 "for 'Deployment/shop/a-dev1'", id="image"),
    pytest.param(container(image="elsewhere.example/a:2"),
                 "SL241 the environment's policy allows no image 'elsewhere.example/a:2' "
                 "for 'Deployment/shop/a-dev1'",
                 id="image-by-patch"),
    pytest.param({"env": [{"name": "S", "valueFrom": {"secretKeyRef": {"name": "admin", "key": "k"}}}]},
                 than("Secret 'admin'"), id="secret-variable"),
    pytest.param({"containers": [{"name": "app", "env": [{"name": "S", "valueFrom": {"secretKeyRef": {"name": "admin", "key": "k"}}}]}]},
                 than("Secret 'admin'"), id="secret-variable-of-a-container"),
]  # fmt: skip


@pytest.mark.parametrize(("workload", "expected"), ATTEMPTS)
def test_attempts(workload: Object, expected: str) -> None:
    assert expected in refused(workload)


@pytest.mark.parametrize(
    ("workload", "expected"), [p for p in ATTEMPTS if "patches" in str(p.values[0]) and "image" not in str(p.id)]
)
def test_proof_sees_each_attempt_for_itself(workload: Object, expected: str) -> None:
    """The guard and the proof share no code: what the one refuses, the other would have found in the output."""
    manifest: Any = BASE[0]
    for entry in workload["patches"]:
        for patch in parse_patch(entry["patch"]):
            manifest = apply_patch(manifest, patch, group="apps", kind="Deployment")
    before, after = (m["spec"]["template"] for m in (BASE[0], manifest))
    assert (
        {kind for kind, _ in more(before, after, frozenset())} == {kind for kind, *_ in gained(before, after)} != set()
    )


HARMLESS = [
    pytest.param(patched({"terminationGracePeriodSeconds": 3}), id="grace"),
    pytest.param(context(runAsUser=2000), id="another-user"),
    pytest.param(context(seccompProfile={"type": "RuntimeDefault"}), id="seccomp"),
    pytest.param(container(resources={"limits": {"cpu": "1"}}), id="resources"),
    pytest.param(container(command=["sh"], args=["-c", "x"]), id="command"),
    pytest.param(patched({"volumes": [{"name": "x", "emptyDir": {}}, {"name": "c", "configMap": {"name": "c"}}]}), id="volumes"),
    pytest.param(patched({"containers": [{"name": "tool", "image": "registry.example/t:1", "securityContext": STRICT}]}),
                 id="another-container"),
    pytest.param(annotated(sidecar_istio_io__proxyCPU="100m", example_com__note="x"), id="annotations"),
    pytest.param(patched({"hostUsers": False, "automountServiceAccountToken": False}), id="the-same"),
]  # fmt: skip


@pytest.mark.parametrize("workload", HARMLESS)
def test_what_gives_nothing_is_allowed(workload: Object) -> None:
    assert refused(workload) == []


def test_nulls_of_a_container_leave_what_its_pod_says_in_force() -> None:
    """As in the API server; the guard and proof agree, else the mistake would be reported as sandlane's own."""
    base = [
        deployment(
            "a",
            containers=[{"name": "app", "image": "a:1", "securityContext": {"runAsUser": None, "runAsNonRoot": None}}],
            securityContext={"runAsUser": 1000, "runAsNonRoot": True},
        ),
        service("a"),
    ]
    (text,) = refusals(base, sandbox("dev1", {"name": "a", **patched({"securityContext": None})}))
    assert than("running as the user of its image" + IN_APP) in text


def test_a_container_is_told_once_with_all_that_it_gains() -> None:
    adds = {
        "name": "ap",
        "image": "registry.example/t:1",
        "securityContext": {**STRICT, "capabilities": None, "privileged": True},
    }
    (text,) = refusals(BASE, sandbox("dev1", {"name": "a", **patched({"containers": [adds]})}), policy=POLICY)
    assert text == "sandboxes/dev1.yaml: " + than(
        "capabilities AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, NET_RAW, SETFCAP, SETGID, "
        "SETPCAP, SETUID, SYS_CHROOT; privilege escalation; privileged in container 'ap'"
    ) + (
        "\n  hint: did you mean 'app'? Else leave it out; only the environment's policy can allow it "
        "('capabilities', 'privileged' in 'policy.privileges')"
    )


def test_a_token_may_lie_elsewhere_and_last_longer() -> None:
    source = {"serviceAccountToken": {"path": "t", "audience": "vault", "expirationSeconds": 600}}
    base = [deployment("a", volumes=[{"name": "t", "projected": {"sources": [source]}}]), service("a")]
    changed = {"serviceAccountToken": {"path": "u", "audience": "vault", "expirationSeconds": 3600}}
    operation = {"op": "replace", "path": "/spec/template/spec/volumes/0/projected/sources/0", "value": changed}
    made = output(base, sandbox("dev1", {"name": "a", "patches": [{"patch": json.dumps([operation])}]}))
    (volume,) = made["Deployment/a-dev1"]["spec"]["template"]["spec"]["volumes"]
    assert volume["projected"]["sources"] == [changed]


def claim_of(name: str, namespace: str, api: str = "v1") -> Object:
    return {"apiVersion": api, "kind": "PersistentVolumeClaim", "metadata": meta(name, namespace), "spec": {}}


@pytest.mark.parametrize("brought", [claim_of("orders", "x"), claim_of("orders", "y", "example.com/v1")])
def test_a_claim_of_the_sandbox_is_one_of_its_name_in_one_namespace(brought: Object) -> None:
    """Else a claim of that name elsewhere would open the one of others in the namespace of a clone."""
    base = [*(o for n in "xy" for o in (deployment(n, namespace=n), service(n, namespace=n))), claim_of("orders", "y")]
    mounting = patched({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "orders"}}]})
    workloads = [{"name": "x", "namespace": "x"}, {"name": "y", "namespace": "y", **mounting}]
    found = refusals(
        base,
        sandbox("dev1", *workloads, resources=["claim.yaml"]),
        beside={"sandboxes/claim.yaml": json.dumps(brought)},
        policy={"resourceKinds": ["PersistentVolumeClaim", "PersistentVolumeClaim.example.com"]},
    )
    assert any(than("claim 'orders'", "Deployment/y/y-dev1", "'Deployment/y/y'") in text for text in found)


@pytest.mark.parametrize(
    ("kind", "name", "one"),
    [
        ("ConfigMap", "flags", "'Deployment/shop/z' of the base"),
        ("PersistentVolumeClaim", "data", "'Deployment/shop/z' of the base"),
        ("ServiceAccount", "runner", "'Deployment/shop/z' of the base"),
        ("ServiceAccount", "default", "the cluster"),
        ("ConfigMap", "kube-root-ca.crt", "the cluster"),
    ],
)
def test_what_pods_of_the_base_name_cannot_be_brought(kind: str, name: str, one: str) -> None:
    """Even if it is not in the base: it is another tool's, or optional, and the base's pods would get the sandbox's."""
    flags = [{"configMapRef": {"name": "flags", "optional": True}}]
    named = deployment(
        "z",
        containers=[{"name": "app", "image": "z:1", "envFrom": flags}],
        volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
        serviceAccountName="runner",
    )
    (text,) = refusals(
        [deployment("a"), service("a"), named],
        sandbox("dev1", "a", resources=["x.yaml"]),
        beside={"sandboxes/x.yaml": json.dumps({"apiVersion": "v1", "kind": kind, "metadata": meta(name)})},
        policy={"resourceKinds": ["ConfigMap", "PersistentVolumeClaim", "ServiceAccount"]},
    )
    what = f"SL302 '{kind}/shop/{name}' is taken by {one}, so it cannot be written for sandbox 'dev1'"
    assert text.startswith(f"sandboxes/dev1.yaml: {what}\n")


@pytest.mark.parametrize("name", ["data-db-0", "data-db-dev2-11"])
def test_claims_of_a_statefulset_cannot_be_brought(name: str) -> None:
    base = [deployment("a"), service("a"), {**deployment("db"), "kind": "StatefulSet"}]
    base[2]["spec"] |= {"serviceName": "db", "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]}
    mounting = patched({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]})
    (text,) = refusals(
        base,
        sandbox("dev1", {"name": "a", **mounting}, resources=["x.yaml"]),
        beside={"sandboxes/x.yaml": json.dumps(claim_of(name, "shop"))},
        policy={"resourceKinds": ["PersistentVolumeClaim"]},
    )
    what = f"SL302 'PersistentVolumeClaim/shop/{name}' is taken by 'StatefulSet/shop/db' of the base"
    assert text.startswith(f"sandboxes/dev1.yaml: {what}, so it cannot be written for sandbox 'dev1'\n")


def test_policy_alone_allows_more() -> None:
    spec = sandbox("dev1", {"name": "a", **patched({"hostNetwork": True, "hostPID": True})})
    accepted = {"code": "SL316", "object": "Deployment/shop/a", "reason": "a node agent"}
    spec["spec"]["workloads"][0]["accept"] = [accepted]
    made = output(BASE, spec, policy={"privileges": ["hostNamespaces"]})
    assert made["Deployment/a-dev1"]["spec"]["template"]["spec"]["hostNetwork"] is True


def test_privilege_cannot_be_accepted() -> None:
    accepted = {"code": "SL330", "object": "Deployment/shop/a-dev1", "reason": "please"}
    found = refused({**patched({"hostPID": True}), "accept": [accepted]})
    assert found[0].startswith("SL219 'SL330' cannot be accepted")


RESOURCE = "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: x-dev1{more}}}\n"
POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: x-dev1}
spec:
  selector: {matchLabels: {app: %(app)s}}
  template:
    metadata: {labels: {app: %(app)s}}
    spec: %(spec)s
"""


def resource(api: str, kind: str, rest: str = "", more: str = "") -> str:
    return RESOURCE.format(api=api, kind=kind, more=more) + rest


def pod(spec: Mapping[str, Any], name: str = "x-dev1") -> str:
    plain = {"containers": [{"name": "app", "image": "registry.example/x:1"}]}
    return POD % {"app": name, "spec": json.dumps({**plain, **spec})}


def cannot(kind: str, what: str, name: str = "shop/x-dev1") -> str:
    return f"SL245 '{kind}/{name}' cannot be a resource of a sandbox: {what}"


ROUTE = "routes and policies are sandlane's"
IN_DEPLOYMENT = ("Deployment/shop/x-dev1", "an ordinary pod")
RESOURCES = [
    pytest.param(resource("v1", "Secret"), cannot("Secret", "sandboxes cannot bring a Secret"), id="secret"),
    pytest.param(resource("v1", "Pod"), cannot("Pod", "sandboxes cannot bring a Pod"), id="pod"),
    pytest.param(resource("networking.istio.io/v1", "VirtualService"),
                 cannot("VirtualService", "sandboxes cannot bring a VirtualService"), id="route"),
    pytest.param(resource("networking.k8s.io/v1", "NetworkPolicy"),
                 cannot("NetworkPolicy", "sandboxes cannot bring a NetworkPolicy"), id="network-policy"),
    pytest.param(resource("rbac.authorization.k8s.io/v1", "ClusterRole"),
                 cannot("ClusterRole", "sandboxes cannot bring a ClusterRole", "x-dev1"), id="cluster-scoped"),
    pytest.param(resource("rbac.authorization.k8s.io/v1", "RoleBinding"),
                 cannot("RoleBinding", "the environment's policy lists no RoleBinding"), id="not-listed"),
    pytest.param(resource("serving.knative.dev/v1", "Service"),
                 cannot("Service", "the environment's policy lists no Service"), id="another-group"),
    pytest.param(resource("v1", "ConfigMap", more=", namespace: kube-system"),
                 cannot("ConfigMap", "the sandbox clones nothing in namespace 'kube-system'", "kube-system/x-dev1"), id="namespace"),
    pytest.param(resource("v1", "ConfigMap", more=", labels: {sandlane.dev/origin: a}"),
                 cannot("ConfigMap", "'sandlane.dev/origin' is set by sandlane"), id="label"),
    pytest.param(resource("v1", "Service", "spec: {type: LoadBalancer, ports: [{port: 80}]}"),
                 cannot("Service", "it is of type LoadBalancer"), id="load-balancer"),
    pytest.param(resource("v1", "Service", "spec: {externalIPs: [10.0.0.1], ports: [{port: 80}]}"),
                 cannot("Service", "it names an address in 'spec.externalIPs'"), id="external-ip"),
    pytest.param(resource("v1", "PersistentVolumeClaim", "spec: {volumeName: pv-of-orders}"),
                 than('volumeName "pv-of-orders"', "PersistentVolumeClaim/shop/x-dev1", "an ordinary pod"), id="volume-of-another"),
    pytest.param(pod({}, "a"), cannot("Deployment", "'Deployment/shop/a' of the base selects its pods"), id="labels-of-the-base"),
    pytest.param(pod({}).replace("selector", "x"), cannot("Deployment", "its selector does not select its own pods"), id="no-selector"),
    pytest.param(pod({}).replace("matchLabels: {app", "matchLabels: {other"),
                 cannot("Deployment", "its selector does not select its own pods"), id="selector-of-other-pods"),
    pytest.param(pod({"containers": [{"name": "c", "image": "registry.example/x:1", "ports": [{"containerPort": 1, "hostPort": 1}]}]}),
                 cannot("Deployment", "it takes a port of its node"), id="host-port"),
    pytest.param(pod({}, "friend"),
                 cannot("Deployment", "'NetworkPolicy/shop/friends' of the base lets its pods through by their labels"),
                 id="labels-of-a-peer"),
    pytest.param(pod({}).replace("matchLabels: {app: x-dev1}", "x: z1", 1),
                 cannot("Deployment", "its selector does not select its own pods"), id="selector-without-labels"),
    pytest.param(resource("batch/v1", "Job", "spec: {manualSelector: true, selector: {matchLabels: {app: a}}, "
                          "template: {spec: {containers: [{name: c, image: registry.example/x:1}]}}}"),
                 cannot("Job", "it has 'spec.selector'"), id="selector-of-a-job"),
    pytest.param("apiVersion: sandlane.dev/v1alpha1\nkind: DevelopmentSandbox\nmetadata: {name: dev1}\n",
                 "SL245 'DevelopmentSandbox' cannot be a resource of a sandbox: it is a document of sandlane itself", id="spec"),
    pytest.param(pod({"hostPID": True}), than("hostPID", *IN_DEPLOYMENT), id="host-pid"),
    pytest.param(pod({"serviceAccountName": "app"}), than("service account 'app'", *IN_DEPLOYMENT), id="account"),
    pytest.param(pod({"containers": [{"name": "c", "image": "registry.example/x:1", "securityContext": {"privileged": True}}]}),
                 than("privileged in container 'c'", *IN_DEPLOYMENT), id="privileged"),
    pytest.param(pod({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "orders"}}]}),
                 than("claim 'orders'", *IN_DEPLOYMENT), id="claim"),
    pytest.param(pod({"containers": [{"name": "c", "image": "evil:1"}]}),
                 "SL241 the environment's policy allows no image 'evil:1' for 'Deployment/shop/x-dev1'", id="image"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), RESOURCES)
def test_resources(text: str, expected: str) -> None:
    assert expected in refused({}, {"sandboxes/extra/x.yaml": text}, resources=["extra/x.yaml"])
