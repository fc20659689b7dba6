from __future__ import annotations

from typing import Any

import pytest

from sandlane.guards.clone_problems import guard
from tests.build import Object, app, deployment, object_of, plan, sandbox, service, texts


def hint(what: str, code: str, object: str = "Deployment/shop/a") -> str:
    """Returns the hint of a problem that may be accepted."""
    return f"\n  hint: {what}, or accept it at the workload: accept: [{{code: {code}, object: {object}, reason: ...}}]"


OWN = "give the clone a queue of its own, such as 'env: [{name: QUEUE, value: orders-$(SANDLANE_TENANT_ID)}]'"
QUEUE = (
    "sandboxes/dev1.yaml: SL310 no Service selects 'Deployment/shop/a' and none of its environment changes, so its clone takes "
    f"work from the base's own queue or schedule{hint(OWN, 'SL310')}"
)


APP = "it runs the app's own image a:1"


def accepted(way: str) -> str:
    """Returns the hint of what is better accepted than left out."""
    accept = "accept it at the workload: accept: [{code: SL312, object: Deployment/shop/a, reason: ...}]"
    return f"\n  hint: {accept}, or {way}"


WRITES = hint("say what becomes of it, such as 'volumes: {d: emptyDir}' (or ephemeral, share, share-readonly)", "SL311")


CHANGED: Object = {"name": "a", "containers": [{"name": "app", "env": [{"name": "Q", "value": "x"}]}]}


def found(base: list[Object], workload: str | Object = "a") -> list[str]:
    made = plan(base, sandbox("dev1", workload))
    return texts([p for clone in made.clones for p in guard(made, clone)])


@pytest.mark.parametrize(
    ("base", "workload", "expected"),
    [
        pytest.param(app("a"), "a", [], id="fine"),
        pytest.param([deployment("a")], "a", [QUEUE], id="consumer"),
        pytest.param([deployment("a"), service("b")], "a", [QUEUE], id="another's-service"),
        pytest.param([deployment("a")], CHANGED, [], id="env"),
        pytest.param([deployment("a")], {"name": "a", "image": "a:2"}, [QUEUE], id="image-is-no-env"),
    ],
)  # fmt: skip
def test_consumer(base: list[Object], workload: str | Object, expected: list[str]) -> None:
    assert found(base, workload) == expected


@pytest.mark.parametrize(
    ("modes", "why_not"),
    [
        pytest.param(["ReadWriteOnce"], "is ReadWriteOnce", id="once"),
        pytest.param(["ReadWriteOncePod"], "is ReadWriteOncePod", id="one-pod"),
        pytest.param([], "is of unknown mode", id="unknown"),
        pytest.param(None, "is not in the base, so it may be for one node only", id="missing"),
        pytest.param(["ReadWriteMany"], None, id="many"),
        pytest.param(["ReadWriteOnce", "ReadOnlyMany"], None, id="read-only-many"),
    ],
)
def test_claims(modes: list[str] | None, why_not: str | None) -> None:
    volumes = [{"name": "x", "emptyDir": {}}, {"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    claims = [] if modes is None else [object_of("v1", "PersistentVolumeClaim", "data", accessModes=modes)]
    said = f"sandboxes/dev1.yaml: SL311 'Deployment/shop/a' mounts the claim 'data', which {why_not}{WRITES}"
    assert found([deployment("a", volumes=volumes), service("a"), *claims]) == ([said] if why_not else [])


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        pytest.param({"name": "migrate", "image": "x:1"}, "it says 'migrat'", id="name"),
        pytest.param({"name": "init", "image": "flyway/flyway:9"}, "it says 'flyway'", id="image"),
        pytest.param(
            {"name": "init", "image": "x:1", "command": ["sh", "-c", "alembic upgrade head"]},
            "it says 'alembic'",
            id="command",
        ),
        pytest.param({"name": "init", "image": "a:1"}, APP, id="image-of-the-app"),
        pytest.param({"name": "init", "image": "a:1", "command": ["/app", "upgrade"]}, APP, id="the-app-itself"),
        pytest.param(
            {"name": "conf", "image": "a:1", "command": ["sh", "-c", "cp -r /a/* /b/ && chmod 644 /b/x"]},
            None,
            id="copies",
        ),
        pytest.param(
            {"name": "wait", "image": "a:1", "command": ["sh", "-c"], "args": ["until nc -z db 1; do sleep 2; done"]},
            None,
            id="waits",
        ),
        pytest.param({"name": "x", "image": "a:1", "command": ["sh", "-c", "cp a b; ./manage up"]}, APP, id="more"),
        pytest.param({"name": "x", "image": "a:1", "command": ["sh", "-c", "echo $(./manage up)"]}, APP, id="hidden"),
        pytest.param(
            {"name": "x", "image": "a:1", "command": ["cp", "migrations", "/m"]},
            "it says 'migrat'",
            id="copied-migrations",
        ),
        pytest.param(
            {"name": "x", "image": "a:1", "command": ["sh", "-c", "#!/bin/bash\n# for the app\ncp -r /a/* /b/\n"]},
            None,
            id="comments",
        ),
        pytest.param({"name": "wait", "image": "busybox:1"}, None, id="other"),
        pytest.param({"name": "migrate", "image": "a:1", "restartPolicy": "Always"}, None, id="sidecar"),
    ],
)
def test_migrations(container: Object, reason: str | None) -> None:
    name = container["name"]
    drop = f"leave it out with 'initContainers: {{drop: [{name}]}}'"
    way = accepted(drop) if reason == APP else hint(drop, "SL312")
    said = f"'{name}' of 'Deployment/shop/a' looks like a migration ({reason}) and would run again for the clone{way}"
    expected = [f"sandboxes/dev1.yaml: SL312 init container {said}"] if reason else []
    assert found([deployment("a", initContainers=[container]), service("a")]) == expected


def test_empty_volumes() -> None:
    made = deployment("a")
    claims = [{"metadata": {"name": "data"}}, {"metadata": {"name": "log"}}]
    base = [{**made, "kind": "StatefulSet", "spec": {**made["spec"], "volumeClaimTemplates": claims}}, service("a")]
    assert found(base, {"name": "a", "kind": "StatefulSet"}) == [
        (
            "sandboxes/dev1.yaml: SL305 notice: 'StatefulSet/shop/a-dev1-bec5cfad' starts with empty volumes: data, log\n"
            "  hint: the clone has volume claims of its own; fill them, or let the clone use the base's store by an environment variable"
        )
    ]


def test_host_network() -> None:
    said = "SL316 'Deployment/shop/a' uses its node's network, so its clone cannot share a node with it and no mesh routes its requests"
    way = hint("let the base use the pod network", "SL316")
    assert found([deployment("a", hostNetwork=True), service("a")]) == [f"sandboxes/dev1.yaml: {said}{way}"]


def test_host_ports() -> None:
    ports = [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81}, {"containerPort": 82, "hostPort": 82}]
    base = [deployment("a", containers=[{"name": "app", "image": "a:1", "ports": ports}]), service("a")]
    assert found(base) == [
        "sandboxes/dev1.yaml: SL313 notice: 'Deployment/shop/a-dev1' gets no host port (8080, 82): its nodes' ports belong to the origin"
    ]


def reading(**pod: Any) -> list[str]:
    return found([deployment("a", {"app": "a", "tier": "x"}, **pod), service("a")])


def read(label: str) -> list[str]:
    said = f"SL314 notice: 'Deployment/shop/a-dev1' reads its own label '{label}', which is 'a-dev1' for the clone"
    return [f"sandboxes/dev1.yaml: {said}\n  hint: set the variable in the spec if the app goes by the value"]


def field(path: str) -> Object:
    return {
        "containers": [
            {"name": "app", "image": "a:1", "env": [{"name": "L", "valueFrom": {"fieldRef": {"fieldPath": path}}}]}
        ]
    }


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        pytest.param(field("metadata.labels['app']"), read("app"), id="variable"),
        pytest.param(field("metadata.labels['tier']"), [], id="label-that-stays"),
        pytest.param(field("metadata.name"), [], id="another-field"),
        pytest.param({"volumes": [{"name": "v", "downwardAPI": {"items": [
            {"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}}]}, read("app"), id="volume"),
    ],
)  # fmt: skip
def test_labels_that_the_app_reads(pod: Object, expected: list[str]) -> None:
    assert reading(**pod) == expected


@pytest.mark.parametrize(
    ("value", "peer"),
    [
        pytest.param("a-0.a,a-1.a", "a-0", id="own-pods"),
        pytest.param("ha-0.a", None, id="another's"),
        pytest.param("a.shop", None, id="service"),
    ],
)
def test_peers_by_name(value: str, peer: str | None) -> None:
    base = {
        **deployment("a", containers=[{"name": "app", "env": [{"name": "PEERS", "value": value}]}]),
        "kind": "StatefulSet",
    }
    said = (
        "sandboxes/dev1.yaml: SL317 notice: "
        f"variable 'PEERS' of 'StatefulSet/shop/a-dev1-6d9695b0' names a pod of the origin ('{peer}')\n"
        "  hint: give the clone a list of its own pods in 'env'; they are named by the clone, 'a-dev1-6d9695b0-<number>'"
    )
    assert found([base, service("a")], {"name": "a", "kind": "StatefulSet"}) == ([said] if peer else [])


def test_suspended_cron_job_takes_no_work() -> None:
    template = {"spec": {"containers": [{"name": "app", "image": "a:1"}]}}
    made = object_of("batch/v1", "CronJob", "a", schedule="@daily", jobTemplate={"spec": {"template": template}})
    assert found([made], {"name": "a", "kind": "CronJob"}) == []


def test_shared_claim_is_settled_by_the_spec() -> None:
    base = [deployment("a", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]), service("a")]
    for choice in ("emptyDir", "share", "share-readonly"):
        assert found(base, {"name": "a", "volumes": {"data": choice}}) == []


FILLED = (
    "give the clone an image of its own (sandlane set dev1 a=IMAGE), or feed sandlane manifests that are filled in: "
    "envsubst < base.yaml | sandlane render --base -"
)


@pytest.mark.parametrize(
    ("image", "placeholder"),
    [
        ("${REGISTRY}/a:1", "${REGISTRY}"),
        ("registry.example/a:$TAG", "$TAG"),
        ("registry.example/a:$(TAG)", "$(TAG)"),
        ("registry.example/a:1", None),
    ],
)
def test_images_that_something_has_yet_to_fill_in(image: str, placeholder: str | None) -> None:
    base = [deployment("a", containers=[{"name": "app", "image": image}]), service("a")]
    told = (
        f"sandboxes/dev1.yaml: SL318 notice: image '{image}' of 'Deployment/shop/a-dev1' has the placeholder '{placeholder}', "
        f"and nothing fills it in\n  hint: {FILLED}"
    )
    assert found(base, {"name": "a", "env": [{"name": "Q", "value": "x"}]}) == ([told] if placeholder else [])
    assert found(base, {"name": "a", "image": "registry.example/a:2"}) == []


@pytest.mark.parametrize(
    ("patch", "is_lost"),
    [
        pytest.param("[{op: replace, path: /spec/template/spec/containers/0/ports/0/name, value: api}]", True, id="renamed"),
        pytest.param("[{op: remove, path: /spec/template/spec/containers/0/ports}]", True, id="removed"),
        pytest.param("[{op: replace, path: /spec/template/spec/containers/0/ports/0/containerPort, value: 9}]", False, id="moved"),
        pytest.param("[{op: remove, path: /spec/template/spec/containers/0/ports/1}]", False, id="of-no-service"),
    ],
)  # fmt: skip
def test_named_ports_by_which_services_find_pods_stay(patch: str, *, is_lost: bool) -> None:
    ports = [{"name": "web", "containerPort": 8080}, {"name": "admin", "containerPort": 8081}]
    base = [
        deployment("a", containers=[{"name": "app", "image": "a:1", "ports": ports}]),
        service(
            "a", {"name": "http", "port": 80, "targetPort": "web"}, {"name": "other", "port": 82, "targetPort": "gone"}
        ),
    ]
    told = (
        "sandboxes/dev1.yaml: SL319 'Deployment/shop/a-dev1' has no port named 'web', by which port 80 of 'Service/shop/a' "
        "finds the pods of its origin\n  hint: keep the name of the port: it may have another number"
    )
    assert found(base, {"name": "a", "patches": [{"patch": patch}]}) == ([told] if is_lost else [])


def test_privileges_that_the_policy_allows_are_told() -> None:
    patch = (
        "{spec: {template: {spec: {hostPID: true, containers: [{name: app, securityContext: {privileged: true}, "
        "envFrom: [{secretRef: {name: s}}]}]}}}}"
    )
    entry = {"name": "a", "patches": [{"patch": patch}]}
    allowed = {"privileges": ["hostNamespaces", "privileged"]}
    made = plan([deployment("a"), service("a")], sandbox("dev1", entry), policy=allowed)
    (clone,) = made.clones
    notices = [text for text in texts(list(guard(made, clone))) if "SL331" in text]

    def told(what: str, kind: str) -> str:
        return (
            f"sandboxes/dev1.yaml: SL331 notice: 'Deployment/shop/a-dev1' has more privilege than 'Deployment/shop/a', as the policy "
            f"allows (sandlane.yaml): {what}\n  hint: leave it out where it is not needed; '{kind}' in 'policy.privileges' allows it "
            "to every sandbox"
        )

    assert notices == [
        told("hostPID", "hostNamespaces"),
        told("privileged in container 'app'", "privileged"),
    ]
    refused = [text.partition("\n")[0] for text in texts(list(guard(made, clone))) if "SL330" in text]
    assert refused == [
        "sandboxes/dev1.yaml: SL330 'Deployment/shop/a-dev1' would have more privilege than 'Deployment/shop/a': Secret 's'"
    ]
