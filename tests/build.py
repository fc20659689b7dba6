"""Small manifests as plain dicts, and plans made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from textwrap import dedent
from typing import Any

from sandlane.files.tree import MemoryTree
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.meshes.istio.route_index import RouteIndex, make_route_index
from sandlane.meshes.istio.rules import Transformed, transform
from sandlane.meshes.istio.source_labels import clients_of
from sandlane.meshes.registry import MESHES
from sandlane.meshes.routed import Routed
from sandlane.pipeline import render
from sandlane.plan.make import make_plan
from sandlane.plan.model import Plan, Tenant, WorkloadClone
from sandlane.problems.problem import Invalid, Problem, show
from sandlane.specs.inputs import Inputs, read_inputs

Object = dict[str, Any]

WAYPOINT: Object = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"istio.io/use-waypoint": "w"}},
}
"""The Namespace of all objects that name none, with a waypoint of Istio's ambient mode."""


def meta(name: str, namespace: str = "", **more: Any) -> Object:
    return {"name": name, **({"namespace": namespace} if namespace else {}), **more}


def deployment(name: str, labels: Mapping[str, str] | None = None, namespace: str = "", **pod: Any) -> Object:
    labels = {"app": name} if labels is None else labels
    first = dict(list(labels.items())[:1])
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(name, namespace),
        "spec": {
            "selector": {"matchLabels": first},
            "template": {
                "metadata": {"labels": dict(labels)},
                "spec": {"containers": [{"name": "app", "image": f"{name}:1"}], **pod},
            },
        },
    }


def service(
    name: str, *ports: int | Object, selector: Mapping[str, str] | None = None, namespace: str = "", **spec: Any
) -> Object:
    listed = [{"name": "http" if n == 0 else f"http-{n}", "port": p} if isinstance(p, int) else p
              for n, p in enumerate(ports or (80,))]  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name, namespace),
        "spec": {"selector": {"app": name} if selector is None else dict(selector), "ports": listed, **spec},
    }


def to(host: str, **more: Any) -> Object:
    """Returns one item of a `route`; `subset` and `port` go into its destination."""
    inner = {key: more.pop(key) for key in ("subset", "port") if key in more}
    if "port" in inner:
        inner["port"] = {"number": inner["port"]}
    return {"destination": {"host": host, **inner}, **more}


def virtual_service(name: str, *http: Object, namespace: str = "", **spec: Any) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": meta(name, namespace),
        "spec": {"hosts": spec.pop("hosts", [name]), **spec, "http": list(http)},
    }


def destination_rule(name: str, host: str, namespace: str = "", **spec: Any) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": meta(name, namespace),
        "spec": {"host": host, **spec},
    }


def object_of(api: str, kind: str, name: str, namespace: str = "", **spec: Any) -> Object:
    return {"apiVersion": api, "kind": kind, "metadata": meta(name, namespace), "spec": spec}


def app(name: str, *ports: int | Object) -> list[Object]:
    """Returns a Deployment and its Service."""
    return [deployment(name), service(name, *ports)]


def sandbox(name: str, *workloads: str | Object, **spec: Any) -> Object:
    listed = [{"name": w} if isinstance(w, str) else w for w in workloads]
    labels = spec.pop("labels", None)
    return {
        "apiVersion": "sandlane.dev/v1alpha1",
        "kind": "DevelopmentSandbox",
        "metadata": {"name": name, **({"labels": labels} if labels else {})},
        "spec": {"workloads": listed, **spec},
    }


def group(name: str, **spec: Any) -> Object:
    return {
        "apiVersion": "sandlane.dev/v1alpha1",
        "kind": "RouteGroup",
        "metadata": {"name": name},
        "spec": spec,
    }


def files_of(base: str | Sequence[Object], *specs: Object, **environment: Any) -> dict[str, str]:
    """Returns the files of an environment over a base (YAML text or objects); `environment` are fields of its spec."""
    text = dedent(base) if isinstance(base, str) else json.dumps({"apiVersion": "v1", "kind": "List", "items": base})
    spec = {"base": ["base.yaml"], "mesh": "istio", "defaultNamespace": "shop", "output": {"base": "full"},
            **environment}  # fmt: skip
    return {
        "sandlane.yaml": json.dumps({"apiVersion": "sandlane.dev/v1alpha1", "kind": "Environment", "spec": spec}),
        "base.yaml": text,
        "sandboxes/README.md": "",
        **{f"sandboxes/{s['metadata']['name']}.yaml": json.dumps(s) for s in specs},
    }


def inputs(base: str | Sequence[Object], *specs: Object, **environment: Any) -> Inputs:
    """Reads a base and specs without mistakes; `environment` are fields of the environment's spec."""
    found = read_inputs(MemoryTree(files_of(base, *specs, **environment)), "sandlane.yaml")
    assert found.problems == ()
    return found


def output(
    base: str | Sequence[Object], *specs: Object, beside: Mapping[str, str] | None = None, **environment: Any
) -> dict[str, Any]:
    """Returns the proved objects of sandboxes, as Kind/name; `beside` are further files."""
    tree = MemoryTree({**files_of(base, *specs, **environment), **(beside or {})})
    rendered = render(read_inputs(tree, "sandlane.yaml"))
    return {f"{o.id.kind}/{o.id.name}": o.manifest for o in rendered.objects if o.directory.startswith("sandboxes/")}


def refusals(
    base: str | Sequence[Object], *specs: Object, beside: Mapping[str, str] | None = None, **environment: Any
) -> list[str]:
    """Returns the problems for which nothing is rendered, as people see them."""
    tree = MemoryTree({**files_of(base, *specs, **environment), **(beside or {})})
    try:
        render(read_inputs(tree, "sandlane.yaml"))
    except Invalid as invalid:
        return texts(invalid.problems)
    return []


def plan(base: str | Sequence[Object], *specs: Object, **environment: Any) -> Plan:
    found = inputs(base, *specs, **environment)
    return make_plan(found, MESHES[found.environment.mesh].pod_labels)


def clone_of(base: str | Sequence[Object], *specs: Object, **environment: Any) -> tuple[Plan, WorkloadClone]:
    """Returns a plan without problems that clones one workload, and the clone."""
    made = plan(base, *specs, **environment)
    assert texts(made.problems) == []
    (clone,) = made.clones
    return made, clone


def texts(problems: Sequence[Problem]) -> list[str]:
    return [show(problem) for problem in problems]


def view_of(made: Plan) -> RouteIndex:
    return make_route_index(made.base, made.environment.cluster.domain)


def by_service(made: Plan) -> dict[ResourceId, list[Tenant]]:
    found: dict[ResourceId, list[Tenant]] = {}
    for tenant in made.tenants:
        for id in tenant.services:
            found.setdefault(id, []).append(tenant)
    return dict(sorted(found.items()))


def route(made: Plan) -> Routed:
    mesh = MESHES["istio"]
    return mesh.route(made, mesh.unroutable(made.environment, made.base))


def named(made: Plan, kind: str, name: str, namespace: str = "shop") -> Resource:
    (found,) = [r for r in made.base.resources if (r.id.kind, r.id.namespace, r.id.name) == (kind, namespace, name)]
    return found


def transformed(made: Plan, name: str, namespace: str = "shop") -> Transformed:
    vs = named(made, "VirtualService", name, namespace)
    return transform(made, view_of(made), by_service(made), vs, clients_of(made))


def regex(tenant: str, key: str = "tenantID") -> str:
    """Returns the baggage expression of rule R-H1, written out once more."""
    return r"^(?:.*,)?[ \t]*" + key + r"[ \t]*=[ \t]*" + tenant + r"[ \t]*(?:;[^,]*)?(?:,.*)?$"


def carried(tenant: str, match: Mapping[str, Any] | None = None) -> list[Object]:
    """Returns the two matches of a tenant with the default carriers, of a base match without conditions on them."""
    match = match or {}
    headers = match.get("headers", {})
    absent = {**match.get("withoutHeaders", {}), "tenantid": {}}
    return [
        {**match, "headers": {**headers, "tenantid": {"exact": tenant}}},
        {**match, "headers": {**headers, "baggage": {"regex": regex(tenant)}}, "withoutHeaders": absent},
    ]
