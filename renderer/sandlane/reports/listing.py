"""What `sandlane list` tells, as data: sandboxes, workloads of the base, and owned route objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sandlane.base.base import Base
from sandlane.base.pod_templates import with_template
from sandlane.k8s.ports import binary_protocol, number_and_protocol
from sandlane.k8s.resource import Manifest, ResourceId
from sandlane.k8s.workload_kinds import CLONABLE, WORKLOADS, pod_labels
from sandlane.meshes.registry import MESHES, Mesh
from sandlane.output.layout import BASE, SHARED, Placed, path_of
from sandlane.plan.origins import hook_of, no_longer_served
from sandlane.plan.relabel import make_selectors
from sandlane.problems.problem import Problem, Source
from sandlane.reports.connect.entrances import host_of, preview_url, sent_hosts
from sandlane.reports.networks import network_of
from sandlane.semantics.trace import Tracer, make_tracer
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import RouteGroup, Sandbox

Row = dict[str, Any]


def sandboxes(inputs: Inputs, wrong: frozenset[Source] = frozenset()) -> list[Row]:
    """Returns sandboxes and route groups: tenantIDs, owners, days of expiry, previews, what they accept, and whether they render.

    `wrong` are the specs that cannot be rendered.
    """
    rows: list[Row] = []
    for sandbox in inputs.sandboxes:
        accepted = [
            {"code": a.code, "object": a.object, "reason": a.reason} for w in sandbox.workloads for a in w.accept
        ]
        rows.append({
            "name": sandbox.name, "kind": "DevelopmentSandbox", "tenantID": sandbox.tenant, "owner": sandbox.owner,
            "expires": sandbox.expires, "suspended": sandbox.suspend,
            "preview": _preview(inputs, sandbox), "previewURL": _preview_url(inputs, sandbox),
            "workloads": [str(w) for w in sandbox.workloads],
            "withoutPods": [str(w) for w in sandbox.workloads if w.replicas == 0],
            "sandboxes": [], "accepted": accepted, "file": sandbox.source.file, "renders": sandbox.source not in wrong,
        })  # fmt: skip
    for group in inputs.groups:
        wanted = group.match_labels
        selected = [s.name for s in inputs.sandboxes if wanted is not None and wanted.items() <= s.labels.items()]
        rows.append({
            "name": group.name, "kind": "RouteGroup", "tenantID": group.tenant, "owner": group.owner, "expires": group.expires,
            "suspended": False, "preview": _preview(inputs, group), "previewURL": _preview_url(inputs, group), "workloads": [],
            "withoutPods": [],
            "sandboxes": sorted({*selected, *group.sandboxes}), "accepted": [],
            "file": group.source.file, "renders": group.source not in wrong,
        })  # fmt: skip
    return rows


def _preview(inputs: Inputs, record: Sandbox | RouteGroup) -> str | None:
    """Returns the host of a preview."""
    preview = inputs.environment.preview
    is_off = isinstance(record, Sandbox) and record.suspend
    return preview.host_of(record.tenant) if preview and not is_off else None


def _preview_url(inputs: Inputs, record: Sandbox | RouteGroup) -> str | None:
    """Returns the URL of a preview, as its gateway serves it."""
    host, preview = _preview(inputs, record), inputs.environment.preview
    return preview_url(inputs.base, preview.gateway, host) if host and preview else None


def expired(inputs: Inputs, day: str) -> list[Sandbox | RouteGroup]:
    """Returns the sandboxes and route groups whose last day lies before another, by name."""
    records: tuple[Sandbox | RouteGroup, ...] = (*inputs.sandboxes, *inputs.groups)
    return sorted((r for r in records if r.expires is not None and r.expires < day), key=lambda r: r.name)


def kept(inputs: Inputs, gone: Collection[Sandbox | RouteGroup]) -> dict[str, list[Problem]]:
    """Returns the sandboxes among what has expired that groups which have not join by name, with a notice at each place that does."""
    past = {record.name: record for record in gone}
    found: dict[str, list[Problem]] = {}
    for group in inputs.groups:
        for number, name in enumerate(group.sandboxes):
            if name in past and group.name not in past:
                values = {"group": group.name, "name": name, "day": past[name].expires}
                found.setdefault(name, []).append(group.problem("SL515", "spec", "sandboxes", number, **values))
    return found


def workloads(inputs: Inputs) -> list[Row]:
    """Returns the workloads of the base: whether they can be cloned, and which ports of their Services can be routed.

    `lost` tells why nothing reaches a clone at a port that could be routed.
    """
    base: Base = inputs.base
    tracer = make_tracer(network_of(inputs, ()))
    mesh = MESHES[inputs.environment.mesh]
    unroutable = mesh.unroutable(inputs.environment, base)
    selectors = make_selectors(base, inputs.environment.cluster.root_namespace)
    rows: list[Row] = []
    for row in WORKLOADS.values():
        for workload in (w for w in base.of(row.group, row.kind) if not hook_of(w.manifest)):
            labels = pod_labels(row, with_template(base, workload).manifest)
            found = selectors.services.matching(workload.id.namespace, labels)
            services: list[Row] = []
            for service in found:
                ports = [
                    {
                        "port": port["port"],
                        "name": port.get("name"),
                        "unroutable": (why_not := unroutable.get((service.id, number_and_protocol(port)))),
                        "lost": None
                        if why_not
                        else _lost(tracer, mesh, service.id, port, [other.id for other in found]),
                    }
                    for port in service.manifest["spec"].get("ports") or ()
                ]
                services.append({"name": service.id.name, "ports": ports})
            reason = (
                None if row.is_clonable else f"a {row.kind} cannot be cloned; kinds that can: {', '.join(CLONABLE)}"
            )
            rows.append(
                {
                    "workload": str(workload.id),
                    "clonable": row.is_clonable,
                    "reason": reason,
                    "services": services,
                    "file": workload.source.file,
                }
            )
    rows += (
        {"workload": str(old.id), "clonable": False, "reason": says, "services": [], "file": old.source.file}
        for old, says in no_longer_served(base)
    )
    return sorted(rows, key=lambda r: str(r["workload"]))


def _lost(tracer: Tracer, mesh: Mesh, service: ResourceId, port: Manifest, behind: Iterable[ResourceId]) -> str | None:
    """Returns why a request with a tenantID reaches no clone of a workload at a port of a Service, or None where one does.

    The base's routes are asked, since tenants' are made of them. `behind` are all Services that select the workload: a route may send
    what names one of them to another.
    """
    protocol = binary_protocol(port)
    if protocol:
        return f"{protocol} carries no header"
    others = [host_of(tracer, other) for other in behind if other != service]
    leads = sent_hosts(tracer, service, port["port"], [host_of(tracer, service)], others)
    if not leads and mesh.lacks_waypoint(tracer.network.base, service):
        return "the base shows no waypoint for it"
    return None if leads else "no route of the base sends requests of its name to it"


def owned(inputs: Inputs) -> list[Row]:
    """Returns the base objects that the output owns, with the files of both: by the environment, whatever sandboxes say."""
    output = inputs.environment.output
    adopted = {(o.kind, o.namespace, o.name) for o in inputs.environment.routes.adopt}
    rows = []
    for resource in inputs.base.resources:
        id = resource.id
        is_route = (id.group, id.kind) == ("networking.istio.io", "VirtualService")
        is_shared = is_route and (output.base == "full" or (id.kind, id.namespace, id.name) in adopted)
        if is_shared or (output.base == "full" and (id.group, id.kind) != ("", "Secret")):
            placed = Placed(directory=SHARED if is_shared else BASE, id=id, manifest=resource.manifest)
            rows.append({"object": str(id), "base": resource.source.file, "output": path_of(placed)})
    return rows
