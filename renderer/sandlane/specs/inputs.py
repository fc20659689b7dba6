"""Reading: an environment file of a tree, with its base and its sandbox specs, into typed values.

Mistakes in the environment and in the base stop everything and are raised together; those of a single spec are handed on
in `Inputs.problems`, so that `--keep-going` can leave that sandbox out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandlane.base.base import Base
from sandlane.base.sources import Named, find_named, read_named
from sandlane.files.tree import OutsideRoot, Tree, is_within, join, relative
from sandlane.k8s.resource import ResourceId
from sandlane.k8s.visibility import ExportDefaults
from sandlane.overrides.read import read_changes
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Path, Problem, Source
from sandlane.specs import sandbox as specs
from sandlane.specs import schema as contract
from sandlane.specs.environment import call_problems, calls_of, output_of, preview_of, routes_of
from sandlane.specs.mesh_config import with_mesh_config
from sandlane.specs.model import Carrier, Cluster, Environment, LinkerdFacts, Policy, RouteGroup, Routes, Rule, Sandbox
from sandlane.specs.standing_rules import target_problems
from sandlane.yamlio import read as yamlio


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that rendering depends on.

    `problems` are mistakes in specs that are therefore missing here, and notices; `rejected` are the names of those specs.
    """

    environment: Environment
    base: Base
    sandboxes: tuple[Sandbox, ...]
    groups: tuple[RouteGroup, ...]
    problems: tuple[Problem, ...]
    rejected: frozenset[str] = frozenset()


def read_inputs(tree: Tree, path: str, *, base_entries: tuple[str, ...] | None = None) -> Inputs:
    """Reads the environment file at a path of a tree. Raises Invalid for mistakes in it and in the base.

    `base_entries` take the place of the environment's `base`, as seen from the root.
    """
    environment = read_environment(tree, path)
    if base_entries is None:
        found_base = find_named(tree, environment.directory, "base", environment.base, environment.source)
    else:
        environment = replace(environment, base=())
        found_base = find_named(tree, "", "base", base_entries, None)
    found_specs = find_named(tree, environment.directory, "sandboxes", environment.sandboxes, environment.source)
    problems = [*found_base.problems, *found_specs.problems]
    problems += overlaps(environment, join(environment.directory, environment.output.path))
    base, base_invalid = _base(tree, found_base, environment)
    problems += call_problems(environment, base) if base else ()
    errors = [*(p for p in problems if p.level == "error"), *base_invalid]
    if errors or base is None:
        raise Invalid(errors)
    found = specs.read_specs(tree, [file for file in found_specs.files if file != path], environment)
    return Inputs(
        environment=environment,
        base=base,
        sandboxes=found.sandboxes,
        groups=found.groups,
        problems=(*problems, *base.notices, *found.problems),
        rejected=found.rejected,
    )


def _base(tree: Tree, named: Named, environment: Environment) -> tuple[Base | None, tuple[Problem, ...]]:
    try:
        return with_mesh_config(read_named(tree, named, environment.default_namespace), environment.cluster), ()
    except Invalid as invalid:
        return None, invalid.problems


def read_environment(tree: Tree, path: str) -> Environment:
    """Reads and checks an environment file. Raises Invalid, and what `Tree.read` raises."""
    documents = yamlio.read(tree.read(path), path)
    source = Source(file=path, document=documents[0].index if documents else 0)
    data = documents[0].data if documents else None
    if len(documents) != 1 or not isinstance(data, dict) or data.get("kind") != "Environment":
        found = _described(data) if len(documents) < 2 else f"{len(documents)} documents"
        hint = "see 'sandlane schema Environment'"
        raise Invalid(
            [report("SL204", source=source, expected="one document of kind Environment", found=found, hint=hint)]
        )
    problems = contract.check("Environment", data, source)
    if problems:
        raise Invalid(problems)
    full = contract.with_defaults(contract.schema("Environment"), data)
    rules, problems = _rules(tree, full["spec"]["clones"], source)
    routes, wrong = routes_of(full["spec"], source)
    environment = _environment(full, source, rules, routes)
    problems += (*_carrier_problems(environment), *wrong)
    if problems:
        raise Invalid(problems)
    try:
        join(environment.directory, environment.output.path)
    except OutsideRoot:
        values = {"file": environment.output.path, "root": "the repository"}
        raise Invalid([environment.problem("SL121", "spec", "output", "path", **values)]) from None
    return environment


_RESERVED = (
    "authority", "baggage", "connection", "content-length", "host", "keep-alive", "method", "proxy-connection", "scheme", "te",
    "trailer", "transfer-encoding", "upgrade", "uri",
)  # fmt: skip
"""Names that cannot be header carriers: Istio ignores four of them, baggage is a carrier of its own kind, and HTTP itself uses the
others between two hops (RFC 9110, 7.6.1), or for what a request is."""


def _carrier_problems(environment: Environment) -> Iterator[Problem]:
    """Yields carriers that stand twice or cannot work; header names are compared without regard to case."""
    seen: set[tuple[str, str]] = set()
    for number, carrier in enumerate(environment.carriers):
        field, name = ("header", carrier.header.lower()) if carrier.header else ("baggage", carrier.baggage or "")
        path: Path = ("spec", "carriers", number, field)
        if (field, name) in seen:
            yield environment.problem("SL207", *path, what=name, where="carriers")
        elif field == "header" and name in _RESERVED:
            yield environment.problem("SL130", *path, name=name)
        seen.add((field, name))


def _described(data: Any) -> str:
    if not isinstance(data, Mapping):
        return "nothing" if data is None else "no mapping"
    return f"kind {data.get('kind')!r} of apiVersion {data.get('apiVersion')!r}"


def _rules(tree: Tree, listed: list[Any], source: Source) -> tuple[tuple[Rule, ...], list[Problem]]:
    """Returns the standing rules, and the mistakes in their targets and patches."""
    rules, problems = [], []
    for number, entry in enumerate(listed):
        changes, wrong = read_changes(tree, entry, source, ("spec", "clones", number), is_standing=True)
        rule = Rule(target=entry["target"], changes=changes)
        problems += [*wrong, *target_problems(rule)]
        rules.append(rule)
    return tuple(rules), problems


def _environment(data: Mapping[str, Any], source: Source, rules: tuple[Rule, ...], routes: Routes) -> Environment:
    spec = data["spec"]
    namespace = spec["defaultNamespace"]
    return Environment(
        name=data["metadata"]["name"],
        source=source,
        directory=source.file.rpartition("/")[0],
        base=tuple(spec["base"]),
        default_namespace=namespace,
        mesh=spec["mesh"],
        carriers=tuple(Carrier(header=c.get("header"), baggage=c.get("baggage")) for c in spec["carriers"]),
        tenant_label=spec["tenantLabel"],
        sandboxes=tuple(spec["sandboxes"]),
        routes=routes,
        preview=preview_of(spec),
        calls=calls_of(spec),
        rules=rules,
        policy=Policy(
            images=tuple(spec["policy"]["images"]),
            resource_kinds=tuple(spec["policy"]["resourceKinds"]),
            require=tuple(spec["policy"]["require"]),
            max_per_owner=spec["policy"].get("maxPerOwner"),
            privileges=tuple(spec["policy"]["privileges"]),
        ),
        cluster=_cluster(spec["cluster"]),
        output=output_of(spec["output"]),
    )


def _cluster(spec: Mapping[str, Any]) -> Cluster:
    waypoint, istio = spec["waypoint"], spec["istio"]
    return Cluster(
        domain=spec["domain"],
        root_namespace=spec["rootNamespace"],
        istio=ExportDefaults(
            service=tuple(istio["defaultServiceExportTo"]),
            virtual_service=tuple(istio["defaultVirtualServiceExportTo"]),
            destination_rule=tuple(istio["defaultDestinationRuleExportTo"]),
        ),
        linkerd=LinkerdFacts(grpc_matches_without_method=spec["linkerd"]["grpcMatchesWithoutMethod"]),
        waypoint=waypoint
        and ResourceId("gateway.networking.k8s.io", "Gateway", waypoint["namespace"], waypoint["name"]),
    )


def overlaps(environment: Environment, output: str) -> Iterator[Problem]:
    """Yields inputs that hold an output directory of the tree, or lie in it."""
    for field, entries in (("base", environment.base), ("sandboxes", environment.sandboxes)):
        for number, entry in enumerate(entries):
            try:
                path = join(environment.directory, entry)
            except OutsideRoot:
                continue
            if is_within(output, path) or is_within(path, output):
                values = {"what": field, "file": entry, "output": relative(output, environment.directory) or "."}
                yield environment.problem("SL126", "spec", field, number, **values)


def without(inputs: Inputs, sources: set[Source]) -> Inputs:
    """Returns inputs without the sandboxes and groups of some specs; groups lose these members."""
    gone = {s.name for s in inputs.sandboxes if s.source in sources}
    return replace(
        inputs,
        sandboxes=tuple(s for s in inputs.sandboxes if s.source not in sources),
        groups=tuple(g for g in inputs.groups if g.source not in sources),
        problems=tuple(p for p in inputs.problems if p.sandbox not in sources),
        rejected=inputs.rejected | gone,
    )
