"""Reading: an environment file of a tree, with its base and its sandbox specs, into typed values.

Mistakes in the environment and in the base stop everything and are raised together; those of a single spec are handed on
in `Inputs.problems`, so that `--keep-going` can leave that sandbox out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sandlane.base.base import Base, is_own
from sandlane.base.sources import KUSTOMIZATIONS, MANIFESTS, Named, find_named, read_named
from sandlane.files.tree import OutsideRoot, Tree, is_within, join, relative
from sandlane.frozen import frozen
from sandlane.k8s.resource import ResourceId, at
from sandlane.k8s.visibility import ExportDefaults
from sandlane.overrides.read import read_changes
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Path, Problem, Source
from sandlane.specs import sandbox as specs
from sandlane.specs import schema as contract
from sandlane.specs.environment import call_problems, calls_of, output_of, preview_of, routes_of
from sandlane.specs.kind import other_kind
from sandlane.specs.mesh_config import with_mesh_config
from sandlane.specs.model import Carrier, Cluster, Environment, LinkerdFacts, Policy, RouteGroup, Routes, Rule, Sandbox
from sandlane.specs.standing_rules import target_problems
from sandlane.specs.strange_texts import has_placeholder
from sandlane.yamlio import read as yamlio


@frozen(kw_only=True)
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
    try:
        environment = read_environment(tree, path)
    except Invalid as invalid:
        raise Invalid([*invalid.problems, *_known_besides(tree, path)]) from None
    if base_entries is None:
        found_base = find_named(tree, environment.directory, "base", environment.base, environment.source)
    else:
        environment = replace(environment, base=())
        found_base = find_named(tree, "", "base", base_entries, None)
    found_specs = find_named(tree, environment.directory, "sandboxes", environment.sandboxes, environment.source)
    problems = [*found_base.problems, *found_specs.problems]
    problems += overlaps(tree, environment, join(environment.directory, environment.output.path))
    base, base_invalid = _base(tree, found_base, environment)
    if any(problem.code == "SL126" for problem in problems):
        output = join(environment.directory, environment.output.path)  # of what lies there nothing is told beside that
        base_invalid = tuple(p for p in base_invalid if not (p.source and is_within(p.source.file, output)))
    problems += call_problems(environment, base) if base else ()
    errors = [*(p for p in problems if p.level == "error"), *base_invalid]
    found = specs.read_specs(tree, [file for file in found_specs.files if file != path], environment)
    if errors or base is None:
        raise Invalid([*errors, *(p for p in found.problems if p.level == "error")])
    return Inputs(
        environment=environment,
        base=base,
        sandboxes=found.sandboxes,
        groups=found.groups,
        problems=(*problems, *base.notices, *found.problems),
        rejected=found.rejected,
    )


def _known_besides(tree: Tree, path: str) -> Iterator[Problem]:
    """Yields mistakes in the base and in specs that can be known although the environment has mistakes of its own."""
    try:
        data = yamlio.read(tree.read(path), path)[0].data
    except (Invalid, IndexError):
        return
    spec = at(data, ("spec",))
    if not isinstance(spec, Mapping) or not is_own(data) or data.get("kind") != "Environment":
        return
    directory, namespace = path.rpartition("/")[0], spec.get("defaultNamespace")
    source = Source(file=path)
    base = find_named(tree, directory, "base", _texts(spec.get("base")), source)
    yield from base.problems
    try:
        read_named(tree, base, namespace if isinstance(namespace, str) else "default")
    except Invalid as invalid:
        yield from invalid.problems
    named = find_named(tree, directory, "sandboxes", _texts(spec.get("sandboxes", ["sandboxes"])), source)
    yield from specs.malformed(tree, [file for file in named.files if file != path])


def _texts(value: Any) -> list[str]:
    """Returns the entries of a list that can be paths: those with placeholders are told as such."""
    listed = value if isinstance(value, list) else []
    return [entry for entry in listed if isinstance(entry, str) and not has_placeholder(entry)]


def _base(tree: Tree, named: Named, environment: Environment) -> tuple[Base | None, tuple[Problem, ...]]:
    try:
        return with_mesh_config(read_named(tree, named, environment.default_namespace), environment.cluster), ()
    except Invalid as invalid:
        return None, invalid.problems


def read_environment(tree: Tree, path: str) -> Environment:
    """Reads and checks an environment file. Raises Invalid, and what `Tree.read` raises."""
    try:
        documents = yamlio.read(tree.read(path), path)
    except Invalid as invalid:
        from sandlane.specs.switches import with_switches  # for mistakes alone

        raise Invalid(with_switches(invalid.problems, ("Environment",))) from None
    source = Source(file=path, document=documents[0].index if documents else 0)
    data = documents[0].data if documents else None
    if len(documents) != 1 or not isinstance(data, dict) or data.get("kind") != "Environment":
        raise Invalid([_no_environment(data, source, len(documents))])
    problems = contract.check("Environment", data, source)
    if problems:
        raise Invalid(problems)
    full = contract.with_defaults("Environment", data)
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


def _no_environment(data: Any, source: Source, documents: int) -> Problem:
    expected = "one document of kind Environment"
    if documents < 2:
        return other_kind(data, source, expected)
    hint = "give each environment a file of its own"
    return report("SL204", source=source, expected=expected, found=f"{documents} documents", hint=hint)


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


def _kustomization_in(tree: Tree, directory: str) -> str | None:
    """Returns the file of a directory's kustomization; what it builds does not depend on where the output lies."""
    files = (join(directory, name) for name in KUSTOMIZATIONS)
    return next((file for file in files if tree.kind(file) == "file"), None)


def overlaps(tree: Tree, environment: Environment, output: str) -> Iterator[Problem]:
    """Yields inputs that hold an output directory of the tree, or lie in it."""
    for field, entries in (("base", environment.base), ("sandboxes", environment.sandboxes)):
        for number, entry in enumerate(entries):
            try:
                path = join(environment.directory, entry)
            except OutsideRoot:
                continue
            if is_within(output, path) or is_within(path, output):
                values: dict[str, Any] = {
                    "what": field,
                    "file": entry,
                    "output": relative(output, environment.directory) or ".",
                }
                if named := _kustomization_in(tree, path) if field == "base" and is_within(output, path) else None:
                    written = relative(named, environment.directory)
                    values["hint"] = f"name the kustomization by its file: write '{written}' in the place of '{entry}'"
                elif is_within(output, path) and (beside := _beside(tree, path, output, environment)):
                    listed = f"{field}: [{', '.join(beside)}]"
                    values["hint"] = f"name the input's directories, such as '{listed}', or choose another output.path"
                yield environment.problem("SL126", "spec", field, number, **values)


def _beside(tree: Tree, path: str, output: str, environment: Environment) -> list[str]:
    """Returns what lies beside an output in a directory and may hold manifests: directories with files of YAML or JSON in them."""
    if tree.kind(path) != "directory" or output == path:
        return []
    listed = [join(path, name) for name in tree.list(path) if not name.startswith(".")]
    own = {join(environment.directory, entry) for entry in environment.sandboxes}
    found = [
        each
        for each in listed
        if each not in own and not is_within(output, each) and tree.kind(each) == "directory"
        and any(name.endswith(MANIFESTS) for name in tree.list(each))
    ]  # fmt: skip
    return [relative(each, environment.directory) for each in found]


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
