"""Proof as a whole: the shop that the obligations' own tests break, claims, texts, imports, and time."""

from __future__ import annotations

import copy
import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path as File
from typing import Any

import pytest

from sandlane.base.base import Base, make_base
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.meshes import carriers
from sandlane.overrides.changes import Changes
from sandlane.plan import metadata, names
from sandlane.problems.catalogue import CATALOGUE
from sandlane.problems.problem import Path, Source, show
from sandlane.proof import OBLIGATIONS, literals, prove
from sandlane.proof.claims import Claim, Claims, GroupClaim, claims_of
from sandlane.proof.differences import same
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import (
    Carrier,
    Cluster,
    Environment,
    ObjectName,
    Output,
    Policy,
    RouteGroup,
    Routes,
    Sandbox,
    Workload,
)
from sandlane.yamlio import read as yamlio

Manifest = dict[str, Any]
Files = dict[str, Manifest]

BASE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  selector: {matchLabels: {app: checkout}}
  template: {metadata: {labels: {app: checkout}}, spec: {containers: [{name: server, image: a}]}}
---
apiVersion: v1
kind: Service
metadata: {name: checkout}
spec: {selector: {app: checkout}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: checkout
  uid: 00000000-0000-0000-0000-000000000000
  labels: {team: pay, helm.sh/chart: shop-1, app.kubernetes.io/managed-by: Helm}
  annotations: {argocd.argoproj.io/tracking-id: "shop:1", note: kept}
spec:
  hosts: [checkout]
  http:
  - name: slow
    match: [{uri: {prefix: /slow}, port: 80}]
    timeout: 9s
    route: [{destination: {host: checkout}, weight: 90}, {destination: {host: billing}, weight: 10}]
    mirror: {host: billing}
  - match: [{headers: {tenantid: {exact: dev1}}, uri: {exact: /base}}]
    redirect: {uri: /}
  - name: default
    route: [{destination: {host: checkout, port: {number: 80}}}]
  tcp:
  - route: [{destination: {host: checkout}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: checkout}
spec: {host: checkout}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: checkout}
spec: {selector: {matchLabels: {app: checkout}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: everything}
spec: {selector: {}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
spec:
  selector: {matchLabels: {app: cart}}
  template: {metadata: {labels: {app: cart, tier: web}}, spec: {containers: [{name: server, image: a}]}}
---
apiVersion: v1
kind: Service
metadata: {name: cart, annotations: {networking.istio.io/exportTo: "., jobs"}}
spec:
  type: NodePort
  selector: {app: cart}
  ports:
  - {name: http, port: 80, targetPort: web, nodePort: 30080}
  - {name: grpc, port: 8081}
  - {name: tcp, port: 6379}
---
apiVersion: v1
kind: Service
metadata: {name: ledger}
spec: {clusterIP: None, selector: {app: ledger}, ports: [{name: http, port: 90}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: ledger}
spec:
  serviceName: ledger
  selector: {matchLabels: {app: ledger}}
  template: {metadata: {labels: {app: ledger}}, spec: {containers: [{name: server, image: a}]}}
---
apiVersion: v1
kind: Service
metadata: {name: billing}
spec: {selector: {app: billing}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: probe, labels: {app: probe}}
spec: {containers: [{name: probe, image: a}]}
---
apiVersion: v1
kind: Secret
metadata: {name: key}
"""

ENVIRONMENT = Environment(
    name="staging",
    source=Source(file="sandlane.yaml"),
    directory="",
    base=("base",),
    default_namespace="shop",
    mesh="istio",
    carriers=(Carrier(header="tenantID"), Carrier(baggage="tenantID")),
    tenant_label="tenantID",
    sandboxes=("sandboxes",),
    routes=Routes(adopt=(ObjectName(kind="VirtualService", name="checkout", namespace="shop"),)),
    rules=(),
    policy=Policy(images=("*",), resource_kinds=(), require=(), max_per_owner=None, privileges=()),
    cluster=Cluster(domain="cluster.local", root_namespace="istio-system"),
    output=Output(path="rendered", base="none"),
)
CHECKOUT = ResourceId("apps", "Deployment", "shop", "checkout")
CART = ResourceId("apps", "Deployment", "shop", "cart")
LEDGER = ResourceId("apps", "StatefulSet", "shop", "ledger")
CLAIMS = Claims(
    environment=ENVIRONMENT,
    sandboxes=(
        Claim(tenant="dev1", name="dev1", source=Source(file="sandboxes/dev1.yaml"), origins=(CHECKOUT, CART)),
        Claim(tenant="t2", name="dev2", source=Source(file="sandboxes/dev2.yaml"), origins=(CHECKOUT, LEDGER)),
    ),
    groups=(
        GroupClaim(tenant="rel", name="release", source=Source(file="sandboxes/rel.yaml"), members=("dev1", "old")),
    ),
)


def base_files() -> Files:
    """Returns the base by a path as `base: full` would write it."""
    found: Files = {}
    for document in yamlio.read(BASE.encode(), "base.yaml"):
        manifest = copy.deepcopy(document.data)
        manifest["metadata"]["namespace"] = "shop"
        found[f"base/shop/{manifest['kind'].lower()}-{manifest['metadata']['name']}.yaml"] = manifest
    return found


def resource(file: str, manifest: Manifest) -> Resource:
    group = manifest["apiVersion"].rpartition("/")[0]
    meta = manifest["metadata"]
    return Resource(
        id=ResourceId(group, manifest["kind"], meta.get("namespace", ""), meta["name"]),
        manifest=manifest,
        source=Source(file=file),
    )


def make(files: Files) -> Base:
    return make_base(resource(file, manifest) for file, manifest in files.items())


def marked(sandbox: str, tenant: str, name: str, origin: str) -> Manifest:
    """Returns the metadata of an object of a sandbox."""
    labels = {
        "app.kubernetes.io/managed-by": "sandlane",
        "tenantID": tenant,
        "sandlane.dev/tenant": tenant,
        "sandlane.dev/sandbox": sandbox,
        "sandlane.dev/origin": origin,
    }
    spec = {"sandlane.dev/spec": f"sandboxes/{sandbox}.yaml"}
    return {"name": name, "namespace": "shop", "labels": labels, "annotations": spec}


def rule(sandbox: str, tenant: str) -> Manifest:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": marked(sandbox, tenant, f"checkout-{tenant}", "checkout"),
        "spec": {"host": f"checkout-{tenant}"},
    }


def workload(kind: str, sandbox: str, tenant: str, app: str, origin: str) -> Manifest:
    meta = marked(sandbox, tenant, f"{app}-{tenant}", origin)
    labels = {
        **({"tier": "web"} if app == "cart" else {}),
        "app": f"{app}-{tenant}",
        **meta["labels"],
        f"service.sandlane.dev/{app}": tenant,
        "service.istio.io/canonical-name": app,
        "service.istio.io/canonical-revision": tenant,
    }
    names = {"SANDLANE_TENANT_ID": tenant, "SANDLANE_SANDBOX": sandbox, "SANDLANE_ORIGIN": app}
    container = {"name": "server", "image": "a", "env": [{"name": n, "value": v} for n, v in names.items()]}
    selector = {"sandlane.dev/tenant": tenant, "sandlane.dev/origin": origin}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": selector}, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}


def service(sandbox: str, tenant: str, app: str, ports: list[Manifest]) -> Manifest:
    spec = {"type": "ClusterIP", "selector": {f"service.sandlane.dev/{app}": tenant}, "ports": ports}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": marked(sandbox, tenant, f"{app}-{tenant}", app),
        "spec": spec,
    }


def carried(tenant: str, **match: Any) -> list[Manifest]:
    """Returns a tenant's matches: its header, and else its baggage."""
    text = rf"^(?:.*,)?[ \t]*tenantID[ \t]*=[ \t]*{tenant}[ \t]*(?:;[^,]*)?(?:,.*)?$"
    return [
        {**match, "headers": {"tenantid": {"exact": tenant}}},
        {**match, "headers": {"baggage": {"regex": text}}, "withoutHeaders": {"tenantid": {}}},
    ]


def slow(tenant: str, clone: str) -> Manifest:
    return {
        "name": f"slow.{tenant}",
        "match": carried(tenant, uri={"prefix": "/slow"}, port=80),
        "timeout": "9s",
        "route": [{"destination": {"host": f"checkout-{clone}"}}],
        "mirror": {"host": "billing"},
    }


def default(tenant: str, clone: str) -> Manifest:
    route = [{"destination": {"host": f"checkout-{clone}", "port": {"number": 80}}}]
    return {"name": f"default.{tenant}", "match": carried(tenant), "route": route}


def tenant_port(tenant: str, clone: str, app: str, number: int, **match: Any) -> Manifest:
    route = [{"destination": {"host": f"{app}-{clone}.shop.svc.cluster.local", "port": {"number": number}}}]
    return {"name": f"tenant-{tenant}", "match": carried(tenant, **match), "route": route}


def default_port(app: str, number: int, **match: Any) -> Manifest:
    route = [{"destination": {"host": f"{app}.shop.svc.cluster.local", "port": {"number": number}}}]
    return {"name": "default", **({"match": [match]} if match else {}), "route": route}


def synthesised(app: str, http: list[Manifest], **spec: Any) -> Manifest:
    labels = {"app.kubernetes.io/managed-by": "sandlane", "sandlane.dev/origin": app}
    meta = {"name": f"{app}-sandlane", "namespace": "shop", "labels": labels}
    body = {"hosts": [f"{app}.shop.svc.cluster.local"], **spec, "http": http}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta, "spec": body}


VS = "shared/shop/virtualservice-checkout.yaml"
CART_VS = "shared/shop/virtualservice-cart-sandlane.yaml"
LEDGER_VS = "shared/shop/virtualservice-ledger-sandlane.yaml"
DEV1 = "sandboxes/dev1/shop/"
DEV2 = "sandboxes/dev2/shop/"
RULE = DEV1 + "destinationrule-checkout-dev1.yaml"


def correct() -> Files:
    """Returns the output for CLAIMS, by path."""
    base = base_files()
    http = base["base/shop/virtualservice-checkout.yaml"]["spec"]["http"]
    adopted = base["base/shop/virtualservice-checkout.yaml"]
    tenants = (("dev1", "dev1"), ("rel", "dev1"), ("t2", "t2"))
    adopted["metadata"] = {
        "name": "checkout",
        "namespace": "shop",
        "labels": {"team": "pay"},
        "annotations": {"note": "kept"},
    }
    adopted["spec"]["http"] = [*(slow(*t) for t in tenants), *http[:2], *(default(*t) for t in tenants), http[2]]
    cart_ports = [
        {"name": "http", "port": 80, "targetPort": "web"},
        {"name": "grpc", "port": 8081},
        {"name": "tcp", "port": 6379},
    ]
    cart = [entry for port in (80, 8081) for entry in (tenant_port("dev1", "dev1", "cart", port, port=port),
                                                      tenant_port("rel", "dev1", "cart", port, port=port),
                                                      default_port("cart", port, port=port))]  # fmt: skip
    ledger = [tenant_port("t2", "t2", "ledger", 90, port=90), default_port("ledger", 90, port=90)]
    headless = {
        "clusterIP": "None",
        "selector": {"sandlane.dev/tenant": "t2", "sandlane.dev/origin": "statefulset.ledger"},
        "ports": [{"name": "http", "port": 90}],
        "publishNotReadyAddresses": True,
    }
    ledger_clone = workload("StatefulSet", "dev2", "t2", "ledger", "statefulset.ledger")
    ledger_clone["metadata"]["name"] = "ledger-t2-6d9695b0"  # it has fields that cannot be changed once it runs
    ledger_clone["spec"]["serviceName"] = "ledger-t2-headless"
    cart_service = service("dev1", "dev1", "cart", cart_ports)
    cart_service["metadata"]["annotations"]["networking.istio.io/exportTo"] = "., jobs"
    return {
        VS: adopted,
        CART_VS: synthesised("cart", cart, exportTo=[".", "jobs"]),
        LEDGER_VS: synthesised("ledger", ledger, exportTo=["*"]),
        f"{DEV1}deployment-checkout-dev1.yaml": workload("Deployment", "dev1", "dev1", "checkout", "checkout"),
        f"{DEV1}service-checkout-dev1.yaml": service("dev1", "dev1", "checkout", [{"port": 80}]),
        f"{DEV1}deployment-cart-dev1.yaml": workload("Deployment", "dev1", "dev1", "cart", "cart"),
        f"{DEV1}service-cart-dev1.yaml": cart_service,
        RULE: rule("dev1", "dev1"),
        f"{DEV2}destinationrule-checkout-t2.yaml": rule("dev2", "t2"),
        f"{DEV2}deployment-checkout-t2.yaml": workload("Deployment", "dev2", "t2", "checkout", "checkout"),
        f"{DEV2}service-checkout-t2.yaml": service("dev2", "t2", "checkout", [{"port": 80}]),
        f"{DEV2}statefulset-ledger-t2.yaml": ledger_clone,
        f"{DEV2}service-ledger-t2.yaml": service("dev2", "t2", "ledger", [{"name": "http", "port": 90}]),
        f"{DEV2}service-ledger-t2-headless.yaml": {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": marked("dev2", "t2", "ledger-t2-headless", "statefulset.ledger"),
            "spec": headless,
        },
    }


Edit = Callable[[Files], None]
"""A deliberate defect: changes files in place."""


def put(file: str, path: Path, value: Any) -> Edit:
    """Sets a value; `value` may be a function of the old one."""

    def edit(files: Files) -> None:
        at: Any = files[file]
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value(at.get(path[-1]) if isinstance(at, dict) else at[path[-1]]) if callable(value) else value

    return edit


def drop(file: str, path: Path) -> Edit:
    """Removes a value."""

    def edit(files: Files) -> None:
        at: Any = files[file]
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]

    return edit


def add(file: str, manifest: Manifest) -> Edit:
    """Adds a file."""
    return lambda files: files.__setitem__(file, copy.deepcopy(manifest))


def gone(file: str) -> Edit:
    """Removes a file."""
    return lambda files: files.__delitem__(file)


def said(*edits: Edit, base: tuple[Edit, ...] = (), claims: Claims = CLAIMS) -> list[str]:
    """Returns what proof says of the correct output with defects, and of the base with changes."""
    files, ours = copy.deepcopy(correct()), base_files()
    for edit in edits:
        edit(files)
    for edit in base:
        edit(ours)
    return single(make(ours), make(files), claims)


def single(base: Base, output: Base, claims: Claims) -> list[str]:
    """Returns what proof says, as people see it."""
    return [show(problem) for problem in prove(base, output, claims)]


def p1(file: str, object: str, what: str) -> str:
    """Returns the whole message of a problem of obligation P1."""
    return f"{file}: SL601 promise 1 does not hold: '{object}': {what}"


def p9(file: str, what: str) -> str:
    """Returns the whole message of a problem of obligation P9."""
    return f"{file}: SL609 promise 1 does not hold where only a part of the output has arrived: {what}"


def p7(file: str, what: str) -> str:
    """Returns the whole message of a problem of obligation P7."""
    return f"{file}: SL607 promise 4 does not hold: {what}"


def in_full(claims: Claims = CLAIMS) -> Claims:
    """Returns the claims in an environment whose output holds the whole base."""
    output = replace(ENVIRONMENT.output, base="full")
    return replace(claims, environment=replace(ENVIRONMENT, output=output, routes=Routes(adopt=())))


def full(files: Files) -> None:
    """Adds the base's other objects to the output, as `base: full` does, and hands routes over with Helm's marks."""
    for manifest in files.values():
        if manifest["kind"] == "VirtualService" and manifest["metadata"].get("annotations", {}).get("note"):
            manifest["metadata"]["labels"].update({"helm.sh/chart": "shop-1", "app.kubernetes.io/managed-by": "Helm"})
    for file, manifest in base_files().items():
        if manifest["kind"] not in ("Secret", "VirtualService"):
            files[file] = manifest


def test_correct_output_meets_every_obligation() -> None:
    assert prove(make(base_files()), make(correct()), CLAIMS) == []


def test_correct_output_with_the_base_meets_every_obligation() -> None:
    files = correct()
    full(files)
    assert prove(make(base_files()), make(files), in_full()) == []


def test_no_sandboxes_and_nothing_changed() -> None:
    files = {VS: base_files()["base/shop/virtualservice-checkout.yaml"]}
    assert prove(make(base_files()), make(files), replace(CLAIMS, sandboxes=(), groups=())) == []


def _manifest(api: str, kind: str, name: str, spec: Manifest, **metadata: Any) -> Manifest:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "shop", **metadata}, "spec": spec}


HARMLESS = [
    pytest.param(
        (add("x", _manifest("v1", "Service", "x", {"type": "ExternalName", "selector": {"app": "cart-dev1"}})),),
        id="a-selector-of-an-external-name",
    ),
    pytest.param((add("x", _manifest("v1", "Service", "x", {"selector": {}})),), id="an-empty-selector"),
    pytest.param(
        (
            add(
                "x",
                _manifest("networking.istio.io/v1", "VirtualService", "x", {"hosts": ["cart"], "gateways": ["public"]}),
            ),
            add(
                "y",
                _manifest("networking.istio.io/v1", "VirtualService", "y", {"hosts": ["*.example.com", "cart.shop"]}),
            ),
        ),
        id="virtual-services-of-other-hosts-and-clients",
    ),
    pytest.param(
        (add("x", _manifest("networking.istio.io/v1", "Service", "checkout-dev1", {})),),
        id="a-service-of-another-group",
    ),
    pytest.param(
        (drop("base/shop/virtualservice-checkout.yaml", ("metadata", "uid")),),
        id="no-server-fields",
    ),
]


@pytest.mark.parametrize("base", HARMLESS)
def test_harmless_objects_of_the_base(base: tuple[Edit, ...]) -> None:
    assert said(base=base) == []


def test_generated_names_and_useless_namespaces_with_the_whole_base() -> None:
    jobs = [{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "a-", "namespace": "shop"}, "spec": {"n": n}}
            for n in range(2)]  # fmt: skip
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "r", "namespace": "x"},
    }
    ids = [ResourceId("batch", "Job", "shop", "a-")] * 2 + [
        ResourceId("rbac.authorization.k8s.io", "ClusterRole", "", "r")
    ]
    found = zip(ids, [*jobs, role], strict=True)
    extra = [Resource(id=id, manifest=m, source=Source(file=f"base/{n}.yaml")) for n, (id, m) in enumerate(found)]
    lost = {**role, "metadata": {"name": "r"}}
    files = correct()
    full(files)
    base, output = make(base_files()), make(files)
    for clean in (role, lost):
        written = [*extra[:2], replace(extra[2], manifest=clean)]
        assert prove(make_base([*base.resources, *extra]), make_base([*output.resources, *written]), in_full()) == []
    clash = [replace(job, source=Source(file="base/0.yaml")) for job in extra[:2]]
    problems = prove(make_base([*base.resources, *clash]), make_base([*output.resources, *clash]), in_full())
    assert [show(p) for p in problems] == [
        p1("base/0.yaml", "Job/shop/a-", "stands twice in the output, first in base/0.yaml")
    ]


@pytest.mark.parametrize(
    ("id", "found"),
    [
        pytest.param(ResourceId("networking.istio.io", "DestinationRule", "shop", "other"), "checkout-dev1", id="name"),
        pytest.param(
            ResourceId("networking.istio.io", "DestinationRule", "x", "checkout-dev1"), "checkout-dev1", id="namespace"
        ),
    ],
)
def test_a_manifest_is_what_it_is_taken_for(id: ResourceId, found: str) -> None:
    files = correct()
    rule = replace(resource(RULE, files[RULE] | {"spec": {"host": "checkout-dev1.shop.svc.cluster.local"}}), id=id)
    del files[RULE]
    problems = single(make(base_files()), make_base([*make(files).resources, rule]), CLAIMS)
    assert problems == [p1(RULE, str(id), f"the manifest is DestinationRule/shop/{found}")]


def test_obligations_are_the_folder() -> None:
    folder = File(literals.__file__).parent / "obligations"
    modules = sorted(file.stem for file in folder.glob("*.py") if file.stem != "__init__")
    assert sorted(obligation.__name__.rpartition(".")[2] for obligation in OBLIGATIONS) == modules


def test_label_keys_are_those_of_the_renderer() -> None:
    assert (literals.TENANT, literals.SANDBOX, literals.ORIGIN) == (names.TENANT, names.SANDBOX, names.ORIGIN)
    assert {names.TENANT, names.SANDBOX, names.ORIGIN, names.MANAGED_BY} == literals.MARKS
    assert (literals.OWNER, literals.EXPIRES, literals.SPEC) == (names.OWNER, names.EXPIRES, names.SPEC)
    assert tuple(sorted(literals.OWNED_PREFIXES)) == tuple(sorted(metadata._OWNED_PREFIXES))
    assert literals.TRACKING == metadata._TRACKING
    assert literals.TRACKING_PREFIXES == metadata._TRACKING_PREFIXES
    assert literals.SUBSTITUTE == metadata.SUBSTITUTE
    server = (
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "ownerReferences",
        "selfLink",
    )
    fields = dict.fromkeys((*literals.USER_FIELDS, *server), "x")
    manifest = {"metadata": {**fields, "labels": {"a": "b"}, "annotations": {"a": "b"}}}
    assert {*literals.USER_FIELDS, "labels", "annotations"} == set(metadata.released(manifest, "x")["metadata"])


@pytest.mark.parametrize("row", [pytest.param(row, id=row.kind) for row in WORKLOADS.values()])
@pytest.mark.parametrize("name", ["a", "checkout", "x" * 63, "x" * 64, "x" * 53 + ".-" + "y" * 30, "x" * 200])
def test_origin_labels_are_those_of_the_renderer(row: Any, name: str) -> None:
    assert literals.origin_value(row.kind, name) == names.origin_label(row, name)


@pytest.mark.parametrize("key", [*string.ascii_letters[:1], "tenantID", "a.b-c", "!#$%&'*+-.^_`|~0"])
@pytest.mark.parametrize("tenant", ["dev1", "a-b", "0"])
def test_carrier_texts_are_those_of_the_renderer(key: str, tenant: str) -> None:
    assert literals.baggage_text(key, tenant) == carriers.baggage_regex(key, tenant)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param({"a": 1, "b": [1]}, {"b": [1], "a": 1}, True, id="order-of-keys"),
        pytest.param([1, 2], [2, 1], False, id="order-of-items"),
        pytest.param({"a": 1}, {"a": True}, False, id="number-and-boolean"),
        pytest.param({"a": 1}, {"a": 1.0}, False, id="integer-and-float"),
        pytest.param({"a": None}, {}, False, id="null-and-absent"),
        pytest.param([1], [1, 2], False, id="lengths"),
    ],
)
def test_same_data(one: Any, other: Any, expected: bool) -> None:
    assert same(one, other) is expected


def _spec(name: str, tenant: str, *, suspend: bool = False, **labels: str) -> Sandbox:
    chosen = Workload(
        path=(),
        kind="StatefulSet",
        namespace="shop",
        name="ledger",
        changes=Changes(source=Source(file=f"{name}.yaml"), path=()),
        replicas=1,
        accept=(),
    )
    return Sandbox(name=name, labels=labels, source=Source(file=f"{name}.yaml"), tenant=tenant, owner=None, expires=None,
                   suspend=suspend, workloads=(chosen,))  # fmt: skip


def _group(*members: str, **labels: str) -> RouteGroup:
    return RouteGroup(name="release", source=Source(file="rel.yaml"), tenant="rel", owner=None, expires=None, sandboxes=members,
                      match_labels=labels or None)  # fmt: skip


@pytest.mark.parametrize(
    ("group", "members"),
    [
        pytest.param(_group("b"), ("b",), id="named"),
        pytest.param(_group(feature="x"), ("a", "c"), id="selected"),
        pytest.param(_group("b", feature="x"), ("a", "b", "c"), id="named-and-selected"),
    ],
)
def test_claims_come_from_the_specs(group: RouteGroup, members: tuple[str, ...]) -> None:
    specs = (_spec("a", "ta", feature="x"), _spec("b", "tb"), _spec("c", "tc", suspend=True, feature="x"))
    inputs = Inputs(environment=ENVIRONMENT, base=make_base(()), sandboxes=specs, groups=(group,), problems=())
    assert claims_of(inputs) == Claims(
        environment=ENVIRONMENT,
        sandboxes=(
            Claim(tenant="ta", name="a", source=Source(file="a.yaml"), origins=(LEDGER,), asked={}),
            Claim(tenant="tb", name="b", source=Source(file="b.yaml"), origins=(LEDGER,), asked={}),
        ),
        groups=(GroupClaim(tenant="rel", name="release", source=Source(file="rel.yaml"), members=members),),
    )


@pytest.mark.parametrize("code", ["SL601", "SL602", "SL603", "SL605", "SL606", "SL607"])
def test_codes_say_which_promise(code: str) -> None:
    assert CATALOGUE[code].text.endswith(" does not hold: {what}")
