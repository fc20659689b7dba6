from __future__ import annotations

from typing import Any

import pytest

from tests.build import app, deployment, output, refusals, sandbox, service

CACHE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: cache-{{ tenantID }}, labels: {team: a}, annotations: {note: x, helm.sh/hook: test}}
spec:
  selector: {matchLabels: {app: cache}}
  template:
    metadata: {labels: {app: cache}}
    spec: {containers: [{name: redis, image: "redis:7", env: [{name: UP, value: "{{ clones.a.host }}:{{ clones.a.port }}"}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: cache-{{ tenantID }}}
spec: {selector: {app: cache}, ports: [{port: 6379}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "cache-{{ sandbox }}"}
data: {a: b}
"""
MARKS = {
    "app.kubernetes.io/managed-by": "sandlane", "tenantID": "t1", "sandlane.dev/tenant": "t1", "sandlane.dev/sandbox": "dev1",
}  # fmt: skip
SPEC = sandbox("dev1", "a", tenantID="t1", resources=["extra/cache.yaml.j2"])
FILE = "sandboxes/extra/cache.yaml.j2"
PLACE = "sandboxes/dev1.yaml: "


def test_template() -> None:
    made = output(app("a"), SPEC, beside={FILE: CACHE})
    assert [key for key in made if "cache" in key] == [
        "Deployment/cache-t1",
        "Service/cache-t1",
        "ConfigMap/cache-dev1",
    ]
    cache = made["Deployment/cache-t1"]
    assert cache["metadata"] == {
        "name": "cache-t1",
        "namespace": "shop",
        "labels": {"team": "a", **MARKS},
        "annotations": {"note": "x", "sandlane.dev/resource": FILE, "sandlane.dev/spec": "sandboxes/dev1.yaml"},
    }
    assert cache["spec"]["selector"] == {"matchLabels": {"app": "cache", "sandlane.dev/tenant": "t1"}}
    template = cache["spec"]["template"]
    assert template["metadata"]["labels"] == {"app": "cache", **MARKS}
    assert template["spec"]["containers"][0]["env"] == [{"name": "UP", "value": "a-t1.shop.svc.cluster.local:80"}]
    assert made["Service/cache-t1"]["spec"]["selector"] == {"app": "cache", "sandlane.dev/tenant": "t1"}


def test_claims_of_its_own() -> None:
    text = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: own}
spec: {accessModes: [ReadWriteOnce]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: fill}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "b:1"}],
  volumes: [{name: v, persistentVolumeClaim: {claimName: own}}]}}}
"""
    mount = {
        "patches": [
            {"patch": "spec: {template: {spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: own}}]}}}"}
        ]
    }
    spec = sandbox("dev1", {"name": "a", **mount}, resources=["own.yaml"])
    made = output(app("a"), spec, beside={"sandboxes/own.yaml": text})
    assert sorted(made) == ["Deployment/a-dev1", "Job/fill", "PersistentVolumeClaim/own", "Service/a-dev1"]


def test_a_listed_file_is_no_spec_but_a_spec_stays_one() -> None:
    base = [*app("a"), *app("b")]
    beside = {"sandboxes/x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"}
    made = output(base, sandbox("dev1", "a", resources=["x.yaml"]), sandbox("dev2", "b"), beside=beside)
    assert {"Deployment/a-dev1", "Deployment/b-dev2", "ConfigMap/x"} <= made.keys()
    assert refusals(base, sandbox("dev1", "a", resources=["dev2.yaml"]), sandbox("dev2", "c")) == [
        f"{PLACE}SL245 'DevelopmentSandbox' cannot be a resource of a sandbox: it is a document of sandlane itself\n"
        "  hint: name it in 'spec.sandboxes' of the environment",
        "sandboxes/dev2.yaml: SL210 workload 'Deployment/shop/c' is not in the base\n  hint: known: a, b",
    ]


def test_group_of_a_kind_that_policy_names() -> None:
    text = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x}\nspec: {}\n"
    spec, beside = sandbox("dev1", "a", resources=["x.yaml"]), {"sandboxes/x.yaml": text}
    for kind in ("ExternalSecret", "ExternalSecret.external-secrets.io"):
        assert "ExternalSecret/x" in output(app("a"), spec, beside=beside, policy={"resourceKinds": [kind]})
    assert refusals(app("a"), spec, beside=beside) != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: {{ nothing }}\n", "SL244 template 'sandboxes/extra/cache.yaml.j2:1' cannot be rendered: 'nothing' is undefined",
                     id="undefined"),
        pytest.param("a: [\n", "SL101 not valid YAML: while parsing a flow node, did not find expected node content "
                     "in what 'sandboxes/extra/cache.yaml.j2' renders to (line 2 of it)", id="yaml"),
        pytest.param("kind: ConfigMap\n", "SL123 no Kubernetes object: apiVersion and metadata missing or no string in what "
                     "'sandboxes/extra/cache.yaml.j2' renders to", id="no-object"),
        pytest.param("apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: x-}\n",
                     "SL245 'Job' cannot be a resource of a sandbox: it has no name of its own", id="generated"),
        pytest.param("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: taken}\n",
                     "SL302 'ConfigMap/shop/taken' is taken by the base, so it cannot be written for sandbox 'dev1'", id="taken"),
    ],
)  # fmt: skip
def test_mistakes(text: str, expected: str) -> None:
    base = [*app("a"), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "taken"}}]
    (found,) = refusals(base, SPEC, beside={FILE: text})
    assert found.split("\n")[0] == PLACE + expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("none.yaml", "SL120 file 'none.yaml' does not exist", id="missing"),
        pytest.param(
            "../../etc/passwd",
            "SL121 '../../etc/passwd' lies outside of the repository, the root of what may be read",
            id="outside",
        ),
        pytest.param(
            "/etc/passwd",
            "SL121 '/etc/passwd' lies outside of the repository, the root of what may be read",
            id="absolute",
        ),
    ],
)
def test_files(name: str, expected: str) -> None:
    (found,) = refusals(app("a"), sandbox("dev1", "a", resources=[name]))
    assert found.split("\n")[0] == PLACE + expected


POLICY: dict[str, Any] = {"require": ["owner", "expires"], "maxPerOwner": 1, "images": ["registry.example/*"]}


def test_policy() -> None:
    specs = [
        sandbox("dev1", {"name": "a", "image": "registry.example/a:2"}, owner="dana", expires="2026-12-01"),
        sandbox("dev2", {"name": "a", "image": "other.example/a:2"}, owner="dana"),
        sandbox("dev3", "a", owner="dana", expires="2026-12-01", suspend=True),
    ]
    assert refusals(app("a"), *specs, policy=POLICY) == [
        "sandboxes/dev2.yaml: SL242 'spec.expires' is missing, which the environment's policy requires\n"
        "  hint: write 'expires: 2026-12-01' below 'spec': sandlane.yaml asks for it",
        "sandboxes/dev2.yaml: SL243 this is sandbox 2 of 'dana', and the environment's policy allows 1\n"
        "  hint: delete another, or write 'suspend: true' in it: 'dev1' (sandlane.yaml)",
        "sandboxes/dev2.yaml: SL241 the environment's policy allows no image 'other.example/a:2' "
        "for 'Deployment/shop/a-dev2'\n"
        "  hint: use one that matches any of: registry.example/* (sandlane.yaml)",
    ]
    assert refusals(app("a"), specs[0], policy=POLICY) == []


def test_image_of_the_base_is_always_allowed() -> None:
    assert (
        refusals([deployment("a"), service("a")], sandbox("dev1", "a"), policy={"images": ["registry.example/*"]}) == []
    )
