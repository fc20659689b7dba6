"""Further manifests of sandboxes: rendered, guarded, and marked as the tenant's.

They come from pull requests, so they are what the environment's policy lists and no more than an ordinary pod may do, they
stay in the namespaces of the sandbox's clones, and their selectors reach the tenant's own pods only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from sandlane.base.base import declared_scopes, group_of, is_own, objects_of
from sandlane.clone.resources.templates import TemplateProblem, Templates
from sandlane.guards.object_metadata import acted_on
from sandlane.guards.privilege import of_claim_templates, of_whole_pods
from sandlane.guards.resources import Wrong, beyond, exposure, fields, pods, roles, service
from sandlane.k8s.resource import Resource, ResourceId, annotations_of, at, labels_of
from sandlane.k8s.workload_kinds import CLONES, WORKLOADS, GroupKind, is_cluster_scoped, pod_labels
from sandlane.output.layout import SANDBOXES, Placed
from sandlane.overrides.addresses import Addresses, Unaddressable, find, port_of
from sandlane.patch.put import put
from sandlane.plan.metadata import copied_labels, kept_annotations, tenant_marks, tenant_metadata, without_owners
from sandlane.plan.model import Plan, WorkloadClone
from sandlane.plan.names import LABEL_PREFIXES, RESOURCE, TENANT
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem, Source
from sandlane.specs.model import Environment, ResourceFile, Sandbox
from sandlane.yamlio import read as yamlio

_TEMPLATE = ".j2"
_CLAIM = ("", "PersistentVolumeClaim")
_BUILT_IN: Mapping[str, str] = {
    **{kind: group for group, kind in WORKLOADS},
    **dict.fromkeys(("ConfigMap", "PersistentVolumeClaim", "Pod", "Secret", "Service", "ServiceAccount"), ""),
}
"""Kind -> group, of the kinds that a plain name in `policy.resourceKinds` means."""

_NEVER: Mapping[GroupKind, str] = {
    ("", "Secret"): "secrets are never written to git: refer to one that is in the cluster",
    ("", "Endpoints"): "it could send requests for any Service anywhere",
    ("discovery.k8s.io", "EndpointSlice"): "it could send requests for any Service anywhere",
    ("autoscaling", "HorizontalPodAutoscaler"): "it could scale what is not the tenant's",
    ("policy", "PodDisruptionBudget"): "it could hold up what is not the tenant's",
    **{
        key: f"pods come as {', '.join(kind for _, kind in CLONES[:-1])} or {CLONES[-1][1]}"
        for key in (*WORKLOADS, ("", "Pod"), ("", "PodTemplate"))
        if key not in CLONES
    },
}
_NEVER_GROUPS: Mapping[str, str] = dict.fromkeys(
    (
        "extensions.istio.io", "gateway.networking.k8s.io", "linkerd.io", "networking.istio.io", "networking.k8s.io",
        "policy.linkerd.io", "security.istio.io", "telemetry.istio.io", "admissionregistration.k8s.io", "sandlane.dev",
    ),
    "routes and policies are sandlane's to write, since one more could change what others get",
)  # fmt: skip


def render_resources(plan: Plan) -> tuple[tuple[Placed, ...], list[Problem]]:
    """Returns the objects of all sandboxes' resources, and the mistakes in them."""
    objects: list[Placed] = []
    problems: list[Problem] = []
    scopes = declared_scopes(r.manifest for r in plan.base.of("apiextensions.k8s.io", "CustomResourceDefinition"))
    for sandbox in plan.sandboxes:
        found: list[tuple[ResourceFile, Resource]] = []
        is_template = any(file.file.endswith(_TEMPLATE) for file in sandbox.resources)
        templates = Templates(_variables(plan, sandbox)) if is_template else None
        for file in sandbox.resources:
            read, wrong = _read(plan, sandbox, file, scopes, templates)
            found += ((file, each) for each in read)
            problems += wrong
        claims = frozenset(r.id for _, r in found if (r.id.group, r.id.kind) == _CLAIM)
        for file, resource in found:
            own = frozenset(id.name for id in claims if id.namespace == resource.id.namespace)
            wrong = list(_guard(plan, sandbox, file, resource, own))
            problems += wrong
            if not wrong:
                manifest = _marked(plan.environment, sandbox, file, resource)
                objects.append(Placed(directory=f"{SANDBOXES}/{sandbox.name}", id=resource.id, manifest=manifest))
    return tuple(objects), problems


def own_claims(objects: tuple[Placed, ...], clone: WorkloadClone) -> frozenset[str]:
    """Returns the names of the claims that a clone's sandbox brings to the clone's namespace."""
    directory, home = f"{SANDBOXES}/{clone.sandbox.name}", clone.id.namespace
    claims = (o for o in objects if (o.id.group, o.id.kind) == _CLAIM and o.id.namespace == home)
    return frozenset(placed.id.name for placed in claims if placed.directory == directory)


def _read(
    plan: Plan, sandbox: Sandbox, file: ResourceFile, scopes: Mapping[GroupKind, bool], templates: Templates | None
) -> tuple[list[Resource], list[Problem]]:
    """Returns the objects in a file, after it was rendered where it is a template."""
    wrong = partial(report, source=sandbox.source, path=file.path, sandbox=sandbox.source)
    data = file.text
    if templates and file.file.endswith(_TEMPLATE):
        try:
            data = templates.render(data.decode("utf-8", "replace")).encode()
        except TemplateProblem as reason:
            shown = f"{file.file}:{reason.line}" if reason.line else file.file
            return [], [wrong("SL244", file=shown, reason=str(reason))]
    try:
        documents = yamlio.read(data, file.file)
    except Invalid as invalid:
        return [], [replace(p, sandbox=sandbox.source, **_place(sandbox, file, p)) for p in invalid.problems]
    found, problems = [], []
    for document in documents:
        if is_own(document.data):
            kind = str(document.data.get("kind"))
            way = "name it in 'spec.sandboxes' of the environment"
            problems.append(wrong("SL245", object=kind, what="it is a document of sandlane itself", way=way))
            continue
        source = Source(file=file.file, document=document.index)
        objects, malformed = objects_of(document.data, source)
        problems += [replace(p, sandbox=sandbox.source, **_place(sandbox, file, p)) for p in malformed]
        for place, manifest in objects:
            group, kind = group_of(manifest), manifest["kind"]
            name = manifest["metadata"].get("name")
            if not name:
                problems.append(wrong("SL245", object=kind, what="it has no name of its own", way="give it one"))
                continue
            namespace = manifest["metadata"].get("namespace") or plan.environment.default_namespace
            scope = "" if is_cluster_scoped(group, kind, scopes) else namespace
            found.append(Resource(id=ResourceId(group, kind, scope, name), manifest=manifest, source=place))
    return found, problems


def _place(sandbox: Sandbox, file: ResourceFile, problem: Problem) -> dict[str, Any]:
    """Returns where a problem of a file is shown: of a template at the spec, since the lines of its text are not the file's."""
    if not file.file.endswith(_TEMPLATE):
        return {}
    line = f" (line {problem.position[0]} of it)" if problem.position else ""
    text = f"{problem.text} in what '{file.file}' renders to{line}"
    return {"source": sandbox.source, "path": file.path, "at_key": False, "position": None, "text": text}


def _variables(plan: Plan, sandbox: Sandbox) -> dict[str, Any]:
    addresses = plan.addresses.get(sandbox.name, {})
    return {
        "tenantID": sandbox.tenant,
        "sandbox": sandbox.name,
        "clones": {name: _clone(addresses, name) for name in addresses},
    }


def _clone(addresses: Addresses, workload: str) -> dict[str, Any]:
    """Returns what a template knows of a clone: its address, where there is one, and those of all of its Services."""
    found: dict[str, Any] = {
        "services": {
            name: {"host": a.host, "ports": dict(a.ports)} for name, a in addresses[workload].items() if a.is_one
        }
    }
    try:
        address = find(addresses, workload)
        found |= {"host": address.host, "ports": dict(address.ports)}
        found["port"] = port_of(address)
    except Unaddressable:
        pass  # a template that asks for it is told that it is undefined
    return found


def _guard(
    plan: Plan, sandbox: Sandbox, file: ResourceFile, resource: Resource, claims: frozenset[str]
) -> Iterator[Problem]:
    id, manifest, environment = resource.id, resource.manifest, plan.environment
    wrong = partial(report, source=sandbox.source, path=file.path, sandbox=sandbox.source, object=str(id))
    key = (id.group, id.kind)
    never = _NEVER.get(key) or _NEVER_GROUPS.get(id.group)
    if never or not id.namespace:
        yield wrong("SL245", what=f"sandboxes cannot bring a {id.kind}", way=never or "it has no namespace to stay in")
        return
    if not _is_listed(environment.policy.resource_kinds, key):
        listed = ", ".join(environment.policy.resource_kinds) or "none"
        yield wrong(
            "SL245", what=f"the environment's policy lists no {id.kind}", way=f"kinds that it does list: {listed}"
        )
    namespaces = {clone.id.namespace for clone in plan.clones if clone.sandbox is sandbox} or {
        environment.default_namespace
    }
    if id.namespace not in namespaces:
        listed = ", ".join(sorted(namespaces))
        yield wrong(
            "SL245", what=f"the sandbox clones nothing in namespace '{id.namespace}'", way=f"namespaces: {listed}"
        )
    yield from _reserved(environment, resource, wrong)
    yield from fields(key, manifest, wrong)
    if key == ("", "Service"):
        yield from service(manifest, wrong)
        yield from exposure(manifest, wrong)
    elif key != _CLAIM:  # its own are told with what it is filled from
        yield from beyond(environment, of_whole_pods(acted_on({}, manifest)), wrong)
    if key == ("", "ServiceAccount"):
        yield from roles(environment, manifest, wrong)
    if key == _CLAIM:
        yield from beyond(environment, of_whole_pods(of_claim_templates([manifest])), wrong)
    if key in CLONES:
        yield from pods(plan, resource, claims, wrong)


def group_of_kind(kind: str) -> GroupKind:
    """Returns the group and kind that an entry of `policy.resourceKinds` means."""
    name, _, group = kind.partition(".")
    return group or _BUILT_IN.get(name, ""), name


def _is_listed(kinds: tuple[str, ...], key: GroupKind) -> bool:
    """Tells whether a policy lists a kind: by its name, where a built-in kind has it, or as `Kind.group`."""
    group, kind = key
    return f"{kind}.{group}" in kinds or (kind in kinds and _BUILT_IN.get(kind, group) == group)


def _reserved(environment: Environment, resource: Resource, wrong: Wrong) -> Iterator[Problem]:
    row = WORKLOADS.get((resource.id.group, resource.id.kind))
    labels = {**labels_of(resource.manifest), **(pod_labels(row, resource.manifest) if row else {})}
    for key in (*labels, *annotations_of(resource.manifest)):
        if key.startswith(LABEL_PREFIXES) or key == environment.tenant_label:
            yield wrong("SL245", what=f"'{key}' is set by sandlane", way="leave it out")


def _marks(labels: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, Any]:
    """Returns the metadata of what a controller makes: nothing in it can keep that from being deleted, or give it an owner."""
    given = {"labels": labels, "annotations": annotations}
    return {field: dict(values) for field, values in given.items() if values}


def _marked(environment: Environment, sandbox: Sandbox, file: ResourceFile, resource: Resource) -> dict[str, Any]:
    """Returns an object as a tenant's: with its marks, its pods' marks, and selectors that reach none but the tenant's."""
    id, manifest = resource.id, resource.manifest
    row = WORKLOADS.get((id.group, id.kind))
    metadata = tenant_metadata(
        environment,
        sandbox,
        name=id.name,
        namespace=id.namespace,
        origin=None,
        labels=copied_labels(manifest),
        annotations={**kept_annotations(manifest), RESOURCE: file.file},
    )
    result: Any = {key: metadata if key == "metadata" else value for key, value in manifest.items() if key != "status"}
    own = {TENANT: sandbox.tenant}
    if (id.group, id.kind) == ("", "Service") and at(manifest, ("spec", "selector")):
        result = put(result, ("spec", "selector"), {**result["spec"]["selector"], **own})
    if row:
        labels = {**pod_labels(row, manifest), **tenant_marks(environment, sandbox, None)}
        annotations = without_owners(at(manifest, (*row.template, "metadata", "annotations")) or {})
        result = put(result, (*row.template, "metadata"), _marks(labels, annotations), create=True)
        if row.made and at(result, (*row.made, "metadata")) is not None:
            made = at(result, (*row.made, "metadata")) or {}
            result = put(
                result,
                (*row.made, "metadata"),
                _marks(copied_labels({"metadata": made}), kept_annotations({"metadata": made})),
            )
        if row.selector:
            chosen = at(result, (*row.selector, "matchLabels")) or {}
            result = put(result, (*row.selector, "matchLabels"), {**chosen, **own}, create=True)
    return result  # type: ignore[no-any-return]
