"""What `verify` finds in objects that render never writes so, and what of another hand it takes for harmless."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sandlane.files.tree import MemoryTree
from sandlane.problems.problem import show
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.inputs import Inputs, read_inputs
from tests import build
from tests.proof.test_proof import Edit, Files, Manifest, drop, make, put
from tests.proof.test_routes import written

TENANT = "sandlane.dev/tenant"
CLAIM: Manifest = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}


def _base() -> list[Manifest]:
    web = build.app("web")
    spec = web[0]["spec"]["template"]["spec"]
    spec["containers"][0] |= {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}]}
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}
    spec["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    db = build.object_of(
        "apps/v1", "StatefulSet", "db", serviceName="db", selector={"matchLabels": {"app": "db"}}, volumeClaimTemplates=[CLAIM],
        template={"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "image": "db"}]}},
    )  # fmt: skip
    headless = build.object_of("v1", "Service", "db", clusterIP="None", selector={"app": "db"}, ports=[{"port": 80}])
    night = build.object_of(
        "batch/v1", "CronJob", "night", schedule="0 1 * * *",
        jobTemplate={"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "night", "image": "night"}]}}}},
    )  # fmt: skip
    settings: Manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"k": "v"}}
    spec["containers"][0]["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    return [*web, db, headless, night, settings, build.destination_rule("web", "web")]


def _sandbox() -> Manifest:
    sandbox = build.sandbox("dev1", "web", {"name": "db", "kind": "StatefulSet"}, {"name": "night", "kind": "CronJob"})
    sandbox["spec"]["workloads"][0] = {"name": "web"}
    sandbox["spec"]["workloads"][0]["configMaps"] = [{"name": "settings", "data": {"more": "x"}}]
    return sandbox


def _inputs() -> Inputs:
    policy = {"images": ["registry.example/*"]}
    return build.inputs(_base(), _sandbox(), output={"base": "none"}, policy=policy)


INPUTS = _inputs()
FILES = written(INPUTS)
DIRECTORY = "sandboxes/dev1/shop/"
WEB, SERVICE, NIGHT = (
    DIRECTORY + f for f in ("deployment-web-dev1.yaml", "service-web-dev1.yaml", "cronjob-night-dev1.yaml")
)
RULE, MAP = DIRECTORY + "destinationrule-web-dev1.yaml", DIRECTORY + "configmap-settings-dev1.yaml"
VS = "shared/shop/virtualservice-web-sandlane.yaml"
DB = next(path for path in FILES if "statefulset" in path)
POD = ("spec", "template", "spec")
APART = ("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
LABELS = ("metadata", "labels")
ANNOTATIONS = ("metadata", "annotations")


def told(*edits: Edit) -> list[str]:
    files: Files = copy.deepcopy(FILES)
    for edit in edits:
        edit(files)
    return [show(problem) for problem in prove(INPUTS.base, make(files), claims_of(INPUTS))]


def test_what_is_rendered_is_proved() -> None:
    assert told() == []


def lost(file: str, what: str, name: str = "") -> str:
    kind = FILES[file]["kind"]
    return f"{file}: SL622 promise 4 does not hold: '{kind}/shop/{name or FILES[file]['metadata']['name']}': {what}"


def kept(file: str, what: str) -> str:
    kind = FILES[file]["kind"]
    return f"{file}: SL623 promise 4 does not hold: '{kind}/shop/{FILES[file]['metadata']['name']}': {what}"


def added(file: str, path: tuple[str | int, ...], value: Any) -> Edit:
    """Puts a value where there is none, with what leads to it."""

    def edit(files: Files) -> None:
        parent: Any = files[file]
        for step in path[:-1]:
            parent = parent[step] if isinstance(step, int) else parent.setdefault(step, {})
        parent[path[-1]] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(
            added(SERVICE, ("spec", "externalIPs"), ["1.2.3.4"]),
            lost(SERVICE, "'spec.externalIPs' is [\"1.2.3.4\"], expected none"),
            id="external-ips",
        ),
        pytest.param(
            added(SERVICE, ("spec", "loadBalancerIP"), "1.2.3.4"),
            lost(SERVICE, "'spec.loadBalancerIP' is '1.2.3.4', expected none"),
            id="load-balancer-ip",
        ),
        pytest.param(
            added(SERVICE, ("spec", "clusterIP"), "1.2.3.4"),
            lost(SERVICE, "'spec.clusterIP' is '1.2.3.4', expected none"),
            id="cluster-ip",
        ),
        pytest.param(
            added(SERVICE, (*LABELS, "istio.io/use-waypoint"), "x"),
            lost(SERVICE, "'metadata.labels['istio.io/use-waypoint']' is 'x', expected none"),
            id="waypoint",
        ),
        pytest.param(
            added(SERVICE, (*ANNOTATIONS, "networking.istio.io/exportTo"), "."),
            lost(SERVICE, "'metadata.annotations['networking.istio.io/exportTo']' is '.', expected none"),
            id="export-to",
        ),
        pytest.param(
            added(SERVICE, (*ANNOTATIONS, "external-dns.alpha.kubernetes.io/hostname"), "x.example"),
            lost(
                SERVICE,
                "'metadata.annotations['external-dns.alpha.kubernetes.io/hostname']' is 'x.example', expected none",
            ),
            id="external-dns",
        ),
        pytest.param(
            added(WEB, (*ANNOTATIONS, "argocd.argoproj.io/sync-options"), "Prune=false"),
            lost(WEB, "'metadata.annotations['argocd.argoproj.io/sync-options']' is 'Prune=false', expected none"),
            id="prune-false",
        ),
        pytest.param(
            added(WEB, (*ANNOTATIONS, "kustomize.toolkit.fluxcd.io/reconcile"), "disabled"),
            lost(WEB, "'metadata.annotations['kustomize.toolkit.fluxcd.io/reconcile']' is 'disabled', expected none"),
            id="reconcile-disabled",
        ),
        pytest.param(
            added(WEB, (*ANNOTATIONS, "config.kubernetes.io/local-config"), "true"),
            lost(WEB, "'metadata.annotations['config.kubernetes.io/local-config']' is 'true', expected none"),
            id="local-config",
        ),
        *(
            pytest.param(
                added(WEB, (*ANNOTATIONS, key), "x"),
                lost(WEB, f"'metadata.annotations['{key}']' is 'x', expected none"),
                id=key.partition("/")[0],
            )
            for key in (
                "janitor/ttl",
                "kluctl.io/delete",
                "downscaler/force-uptime",
                "sensor.falcon-system.crowdstrike.com/injection",
            )
        ),
        pytest.param(
            added(WEB, ("metadata", "finalizers"), ["x/y"]),
            lost(WEB, "'metadata.finalizers' is [\"x/y\"], expected none"),
            id="finalizers",
        ),
        pytest.param(
            added(WEB, ("metadata", "ownerReferences"), [{"kind": "Node"}]),
            lost(WEB, '\'metadata.ownerReferences\' is [{"kind": "Node"}], expected none'),
            id="owner",
        ),
        pytest.param(
            put(WEB, (*POD, "containers", 0, "env", 0, "value"), "dev10"),
            lost(WEB, "'spec.template.spec.containers[0].env[0].value' is 'dev10', expected 'dev1'"),
            id="another-tenants-mark",
        ),
        pytest.param(
            put(WEB, (*POD, "containers", 0, "env"), lambda env: env[::-1]),
            lost(WEB, "'spec.template.spec.containers[0].env' has its items in another order"),
            id="variables-in-another-order",
        ),
        pytest.param(
            drop(WEB, (*POD, *APART, 0, "labelSelector", "matchLabels", TENANT)),
            f"{WEB}: SL608 promise 4 does not hold: 'Deployment/shop/web-dev1' has more privilege than 'Deployment/shop/web' (nodes): "
            "keeping other pods off its nodes",
            id="apart-from-every-tenants-pods",
        ),
        pytest.param(
            put(NIGHT, ("spec", "suspend"), False),
            lost(NIGHT, "'spec.suspend' is false, expected true"),
            id="a-cron-job-that-runs",
        ),
        pytest.param(
            put(NIGHT, ("spec", "schedule"), "* * * * *"),
            lost(NIGHT, "'spec.schedule' is '* * * * *', expected '0 1 * * *'"),
            id="another-schedule",
        ),
        pytest.param(
            put(DB, ("spec", "serviceName"), "db"),
            lost(DB, "'spec.serviceName' is 'db', expected 'db-dev1-headless'"),
            id="governed-by-the-base",
        ),
        pytest.param(
            put(MAP, ("data", "k"), "w"), lost(MAP, "'data.k' is 'w', expected 'v'"), id="data-of-a-config-map"
        ),
        pytest.param(
            put(RULE, (*ANNOTATIONS, "argocd.argoproj.io/hook"), "Sync"),
            kept(RULE, "'metadata.annotations['argocd.argoproj.io/hook']' is 'Sync', expected none"),
            id="a-rule-that-is-a-hook",
        ),
        pytest.param(
            added(VS, (*ANNOTATIONS, "argocd.argoproj.io/sync-options"), "Prune=false"),
            kept(VS, "'metadata.annotations['argocd.argoproj.io/sync-options']' is 'Prune=false', expected none"),
            id="a-route-that-stays",
        ),
        pytest.param(
            put(VS, ("apiVersion",), "networking.istio.io/v1alpha1"),
            kept(VS, "'apiVersion' is 'networking.istio.io/v1alpha1', expected 'networking.istio.io/v1'"),
            id="another-version",
        ),
        pytest.param(
            put(RULE, (*ANNOTATIONS, "sandlane.dev/spec"), "x.yaml"),
            kept(RULE, "'metadata.annotations['sandlane.dev/spec']' is 'x.yaml', expected 'sandboxes/dev1.yaml'"),
            id="another-spec",
        ),
    ],
)
def test_what_render_never_writes_is_found(edit: Edit, expected: str) -> None:
    assert [text for text in told(edit) if "for a request" not in text] == [expected]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(put(WEB, (*POD, "containers", 0, "image"), "evil.example/x"), "SL608", id="image"),
        pytest.param(added(WEB, (*POD, "nodeName"), "n1"), "SL608", id="node"),
        pytest.param(added(WEB, (*POD, "tolerations"), [{"operator": "Exists"}]), "SL608", id="tolerations"),
        pytest.param(
            added(WEB, ("spec", "template", "metadata", "labels", "sidecar.istio.io/inject"), "false"),
            "SL608",
            id="no-proxy",
        ),
        pytest.param(
            added(WEB, ("spec", "template", "metadata", "labels", "istio.io/dataplane-mode"), "none"),
            "SL608",
            id="out-of-the-mesh",
        ),
        pytest.param(
            added(WEB, ("spec", "template", "metadata", "annotations", "cni.projectcalico.org/floatingIPs"), "[]"),
            "SL608",
            id="floating-ip",
        ),
        pytest.param(
            added(WEB, (*POD, "containers", 0, "ports"), [{"containerPort": 1, "hostPort": 1}]), "SL608", id="host-port"
        ),
        pytest.param(
            added(WEB, (*POD, "volumes"), [{"name": "x", "secret": {"secretName": "y"}}]), "SL608", id="secret"
        ),
        pytest.param(
            put(WEB, (*POD, "containers"), lambda c: [*c, {"name": "x", "image": "web"}]), "SL608", id="container"
        ),
    ],
)
def test_what_pods_gain_is_found(edit: Edit, expected: str) -> None:
    assert {line.split(": ")[1].split()[0] for line in told(edit)} == {expected}


NOTE = "example.com/note"


@pytest.mark.parametrize("file", sorted(FILES))
@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_a_note_is_no_alarm_on_any_object(file: str, field: str) -> None:
    assert told(added(file, ("metadata", field, NOTE), "x")) == []


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(added(WEB, ("spec", "template", "metadata", "annotations", NOTE), "x"), id="note-of-pods"),
        pytest.param(added(WEB, ("spec", "template", "metadata", "labels", NOTE), "x"), id="label-of-pods"),
        pytest.param(added(WEB, ("status",), {}), id="empty-status"),
        pytest.param(added(WEB, ("metadata", "creationTimestamp"), None), id="null-of-go"),
        pytest.param(added(WEB, (*POD, "nodeSelector"), None), id="null"),
        pytest.param(lambda files: files.update({"shared/shop/any.yaml": files.pop(VS)}), id="another-file"),
    ],
)
def test_another_hand_is_no_alarm(edit: Edit) -> None:
    assert told(edit) == []


KINDS = [
    ("RoleBinding", "rbac.authorization.k8s.io/v1"), ("ServiceAccount", "v1"), ("Application", "argoproj.io/v1alpha1"),
    ("ExternalSecret", "external-secrets.io/v1"), ("CiliumNetworkPolicy", "cilium.io/v2"), ("ResourceQuota", "v1"),
    ("LimitRange", "v1"), ("ScaledObject", "keda.sh/v1alpha1"), ("ServiceMonitor", "monitoring.coreos.com/v1"),
    ("Route", "route.openshift.io/v1"), ("EnvoyPatchPolicy", "gateway.envoyproxy.io/v1alpha1"), ("ConfigMap", "v1"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "version"), KINDS)
def test_what_a_sandbox_brings_is_of_a_listed_kind_whoever_wrote_it(kind: str, version: str) -> None:
    """An object may say of itself that it comes from a file which the spec names."""
    extra = "apiVersion: v1\nkind: Service\nmetadata: {name: extra}\nspec: {selector: {app: x}, ports: [{port: 80}]}\n"
    sandbox = build.sandbox("dev1", "web", resources=["extra.yaml"])
    specs = build.files_of(build.app("web"), sandbox, output={"base": "none"}, policy={"resourceKinds": ["Service"]})
    inputs = read_inputs(MemoryTree({**specs, "sandboxes/extra.yaml": extra}), "sandlane.yaml")
    files = written(inputs)
    assert prove(inputs.base, make(files), claims_of(inputs)) == []
    forged = copy.deepcopy(files[f"{DIRECTORY}service-extra.yaml"]) | {"apiVersion": version, "kind": kind}
    del forged["spec"]
    files[f"{DIRECTORY}x.yaml"] = forged
    found = [show(problem) for problem in prove(inputs.base, make(files), claims_of(inputs))]
    assert (
        f"{DIRECTORY}x.yaml: SL624 the environment's policy does not hold: '{kind}/shop/extra' is of a kind that no sandbox may "
        "bring (policy.resourceKinds: Service)"
    ) in found
