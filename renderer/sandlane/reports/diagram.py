"""A picture of who calls whom in the base and who cloned what, as a Mermaid flowchart: GitHub and GitLab draw it in comments."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.resource import ResourceId
from sandlane.plan.model import Plan
from sandlane.reports.calls import call_graph
from sandlane.reports.mermaid import label
from sandlane.specs.inputs import Inputs


def mermaid(plan: Plan, inputs: Inputs) -> str:
    """Returns a flowchart of the base's calls, with an edge from each tenant to each workload that it cloned, named after the clone."""
    return "\n".join(["flowchart LR", *_lines(plan, inputs)]) + "\n"


def _lines(plan: Plan, inputs: Inputs) -> Iterator[str]:
    calls = _calls(inputs)
    known = {clone.origin.id for clone in plan.clones} | {id for call in calls for id in call}
    origins = sorted(known, key=lambda id: (id.namespace, id.kind, id.name))
    nodes = {id: f"w{number}" for number, id in enumerate(origins)}
    for namespace in sorted({id.namespace for id in origins}):
        yield f"  subgraph {label(namespace)}"
        yield from (f"    {nodes[id]}[{label(_named(id))}]" for id in origins if id.namespace == namespace)
        yield "  end"
    yield from (f"  {nodes[caller]} --> {nodes[called]}" for caller, called in calls)
    tenants = {tenant.name: f"t{number}" for number, tenant in enumerate(plan.tenants)}
    for tenant in plan.tenants:
        owner = f" ({tenant.spec.owner})" if tenant.spec.owner else ""
        yield f"  {tenants[tenant.name]}([{label(tenant.id + owner)}])"
    for clone in plan.clones:
        yield f"  {tenants[clone.sandbox.name]} -->|{label(clone.id.name)}| {nodes[clone.origin.id]}"
    used = {(s.sandbox.name, s.origin.id.name, s.workload.use) for s in plan.services if s.workload.use}
    for number, (name, service, workload) in enumerate(sorted(used, key=str)):
        yield f"  u{number}[{label(str(workload))}]"
        yield f"  {tenants[name]} -.->|{label(service)}| u{number}"
    members = {tenant.name: tenant.members for tenant in plan.tenants}
    for group in inputs.groups:
        joined = [name for name in members[group.name] if name in tenants]
        yield from (f"  {tenants[group.name]} --- {tenants[name]}" for name in joined)


def _calls(inputs: Inputs) -> list[tuple[ResourceId, ResourceId]]:
    """Returns the calls of the base between workloads, as far as its manifests and `calls` of the environment show them."""
    graph = call_graph(inputs.base, inputs.environment)
    return list(dict.fromkeys((call.caller, id) for call in graph.calls for id in graph.behind.get(call.service, ())))


def _named(id: ResourceId) -> str:
    return f"{id.kind}/{id.name}"
