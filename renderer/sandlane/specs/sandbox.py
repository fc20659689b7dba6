"""Sandbox specs: DevelopmentSandbox and RouteGroup documents of files as typed records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandlane.base.base import is_own
from sandlane.files.tree import OutsideRoot, Tree, Unreadable, join
from sandlane.frozen import frozen
from sandlane.k8s.resource import at
from sandlane.overrides.named_file import read_file
from sandlane.overrides.read import read_changes, repeated
from sandlane.overrides.registry import FIELDS
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Path, Problem, Source, mention
from sandlane.specs import schema as contract
from sandlane.specs.as_written import as_written
from sandlane.specs.days import no_day
from sandlane.specs.kind import SPECS, other_kind
from sandlane.specs.label_keys import wrong_keys
from sandlane.specs.model import Acceptance, Environment, ResourceFile, RouteGroup, Sandbox, Workload
from sandlane.yamlio import read as yamlio
from sandlane.yamlio.document import Document

_OF_A_CLONE = (*(field.name for field in FIELDS), "replicas")
"""Properties of a workload entry that say something of its clone."""
_SURROGATE = re.compile("[\ud800-\udfff]")
"""What stands for a byte of a file name that is not UTF-8 (PEP 383)."""


@frozen(kw_only=True)
class Specs:
    """Sandboxes and groups by name, the problems of those that are left out, and the names of these as far as known."""

    sandboxes: tuple[Sandbox, ...]
    groups: tuple[RouteGroup, ...]
    problems: tuple[Problem, ...]
    rejected: frozenset[str]


def read_specs(tree: Tree, files: Iterable[str], environment: Environment) -> Specs:
    """Reads the specs of files. Mistakes in one spec leave that one out.

    Manifests and patches that a spec names may lie beside it; they are no specs.
    """
    read = [(file, *_documents(tree, file)) for file in files]
    beside = {path for file, documents, _ in read for document in documents for path in _named_by(document.data, file)}
    records: list[Sandbox | RouteGroup] = []
    problems: list[Problem] = []
    rejected: set[str] = set()
    for file, documents, unread in read:
        if unread and file not in beside:
            problems += unread
            rejected.add(_stem(file))
        elif not documents and file not in beside:
            problems.append(_empty(tree, file))
            rejected |= {_stem(file)} if problems[-1].level == "error" else set()
        for document in documents:
            if file in beside and not is_own(document.data):
                continue
            record, wrong = _record(tree, document.data, Source(file=file, document=document.index), environment)
            problems += wrong
            if wrong:
                rejected |= _names(document.data)
            elif record:
                records.append(record)
    kept, taken = _unique(records)
    return Specs(
        sandboxes=tuple(sorted((r for r in kept if isinstance(r, Sandbox)), key=lambda r: r.name)),
        groups=tuple(sorted((r for r in kept if isinstance(r, RouteGroup)), key=lambda r: r.name)),
        problems=(*problems, *taken),
        rejected=frozenset(rejected | {r.name for r in records} - {r.name for r in kept}),
    )


def _stem(file: str) -> str:
    """Returns the name that the spec of a file has by custom."""
    return file.rpartition("/")[2].partition(".")[0]


def _empty(tree: Tree, file: str) -> Problem:
    """Returns the problem of a file without a spec: comments are there on purpose, an empty file may be one that has lost its spec."""
    source = Source(file=file)
    if tree.read(file).strip():
        return report("SL255", source=source, file=file, stem=_stem(file))
    return report("SL261", source=source, sandbox=source, file=file, stem=_stem(file))


def malformed(tree: Tree, files: Iterable[str]) -> Iterator[Problem]:
    """Yields what of the files of specs breaks YAML or the schemas, whatever environment they belong to."""
    for file in files:
        documents, unread = _documents(tree, file)
        yield from unread
        for document in (d for d in documents if is_own(d.data) and d.data.get("kind") in SPECS):
            source = Source(file=file, document=document.index)
            yield from contract.check(document.data["kind"], document.data, source, source)


def _documents(tree: Tree, file: str) -> tuple[tuple[Document, ...], list[Problem]]:
    source = Source(file=file)
    if not file.isprintable() and _SURROGATE.search(file):  # the name goes into an annotation
        reason = f"'{file}' has a name that is not UTF-8"
        return (), [report("SL128", source=source, sandbox=source, reason=reason)]
    try:
        return yamlio.read(tree.read(file), file), []
    except Invalid as invalid:
        from sandlane.specs.switches import with_switches  # for mistakes alone

        return (), [replace(problem, sandbox=source) for problem in with_switches(invalid.problems, SPECS)]
    except Unreadable as unreadable:
        return (), [report("SL128", source=source, sandbox=source, reason=str(unreadable))]


def _named_by(data: Any, file: str) -> Iterator[str]:
    """Yields the files that a document names as resources or patches, before anything of it has been checked."""
    if not is_own(data):
        return
    workloads = _items(data, "workloads")
    patches = (file for each in workloads for field in FIELDS for file in field.files(at(each, (field.name,))))
    for name in (*_items(data, "resources"), *patches):
        try:
            if isinstance(name, str):
                yield join(file.rpartition("/")[0], name)
        except OutsideRoot:
            continue  # told where the spec is read


def _items(data: Any, field: str) -> list[Any]:
    listed = at(data, ("spec", field))
    return listed if isinstance(listed, list) else []


def _names(data: Any) -> set[str]:
    name = at(data, ("metadata", "name"))
    return {name} if isinstance(name, str) else set()


def _record(
    tree: Tree, data: Any, source: Source, environment: Environment
) -> tuple[Sandbox | RouteGroup | None, list[Problem]]:
    kind = data.get("kind") if isinstance(data, Mapping) else None
    if kind not in SPECS or not is_own(data):
        return None, [other_kind(data, source, "a DevelopmentSandbox or a RouteGroup", sandbox=source)]
    data = as_written(data, tree.read(source.file), source.document)
    problems = [*contract.check(kind, data, source, source), *no_day(data, source)]
    if problems:
        return None, problems
    full = contract.with_defaults(kind, data)
    if kind == "RouteGroup":
        group = replace(_group(full, source), document=data)
        return group, [*wrong_keys(data, source), *_wrong(group)]
    record, unread = _sandbox(tree, full, source, environment)
    return replace(record, document=data), [
        *wrong_keys(data, source),
        *unread,
        *_wrong(record),
        *_beside_use(data, source),
    ]


def _sandbox(
    tree: Tree, data: Mapping[str, Any], source: Source, environment: Environment
) -> tuple[Sandbox, list[Problem]]:
    spec, metadata = data["spec"], data["metadata"]
    problems: list[Problem] = []
    workloads = []
    for number, workload in enumerate(spec["workloads"]):
        path: Path = ("spec", "workloads", number)
        changes, wrong = read_changes(tree, workload, source, path, is_standing=False)
        problems += wrong
        workloads.append(
            Workload(
                path=path,
                kind=workload["kind"],
                namespace=workload.get("namespace", environment.default_namespace),
                name=workload["name"],
                changes=changes,
                replicas=workload["replicas"],
                use=workload.get("use"),
                accept=tuple(
                    Acceptance(code=a["code"], object=a["object"], reason=a["reason"]) for a in workload["accept"]
                ),
            )
        )
    resources = []
    for number, name in enumerate(spec["resources"]):
        path = ("spec", "resources", number)
        try:
            file, text = read_file(tree, name, source, path, source)
            resources.append(ResourceFile(path=path, file=file, text=text))
        except Invalid as invalid:
            problems += invalid.problems
    sandbox = Sandbox(
        name=metadata["name"],
        labels=metadata["labels"],
        source=source,
        tenant=spec.get("tenantID", metadata["name"]),
        tenant_path=("spec", "tenantID") if "tenantID" in spec else ("metadata", "name"),
        owner=spec.get("owner"),
        expires=spec.get("expires"),
        suspend=spec["suspend"],
        workloads=tuple(workloads),
        resources=tuple(resources),
    )
    return sandbox, problems


def _group(data: Mapping[str, Any], source: Source) -> RouteGroup:
    spec, metadata = data["spec"], data["metadata"]
    return RouteGroup(
        name=metadata["name"],
        source=source,
        tenant=spec.get("tenantID", metadata["name"]),
        tenant_path=("spec", "tenantID") if "tenantID" in spec else ("metadata", "name"),
        owner=spec.get("owner"),
        expires=spec.get("expires"),
        sandboxes=tuple(spec["sandboxes"]),
        match_labels=spec["selector"]["matchLabels"] if "selector" in spec else None,
    )


def _wrong(record: Sandbox | RouteGroup) -> Iterator[Problem]:
    """Yields what the schema cannot say: entries that stand twice, codes that cannot be accepted."""
    if isinstance(record, Sandbox):
        yield from _twice(record, "resources", [r.file for r in record.resources])
        yield from _twice(record, "workloads", [str(w) for w in record.workloads], "name")
        for workload in record.workloads:
            for number, accepted in enumerate(workload.accept):
                from sandlane.specs.forms import ACCEPTABLE  # for the few workloads that accept something

                if accepted.code not in ACCEPTABLE:
                    values = {"accepted": accepted.code, "codes": ", ".join(ACCEPTABLE)}
                    yield record.problem("SL219", *workload.path, "accept", number, "code", **values)
    else:
        yield from _twice(record, "sandboxes", record.sandboxes)


def _twice(record: Sandbox | RouteGroup, field: str, names: Sequence[str], *to_name: str) -> Iterator[Problem]:
    for number, name in repeated(names):
        yield record.problem("SL207", "spec", field, number, *to_name, what=name, where=field)


def _beside_use(data: Mapping[str, Any], source: Source) -> Iterator[Problem]:
    """Yields fields of a workload that say something of a clone where `use` says that there is none."""
    for number, workload in enumerate(data["spec"].get("workloads") or ()):
        for field in _OF_A_CLONE if "use" in workload else ():
            if field in workload:
                path = ("spec", "workloads", number, field)
                yield report(
                    "SL222", source=source, path=path, at_key=True, sandbox=source, field=field, used=workload["use"]
                )


def _unique(records: list[Sandbox | RouteGroup]) -> tuple[list[Sandbox | RouteGroup], list[Problem]]:
    """Returns the records whose names and tenantIDs no other one has, and a problem for each that shares one.

    None of those that claim one name or tenantID gets it: the order of file names gives nobody what another has.
    """
    names: dict[str, list[Sandbox | RouteGroup]] = {}
    tenants: dict[str, list[Sandbox | RouteGroup]] = {}
    for record in records:
        names.setdefault(record.name, []).append(record)
        tenants.setdefault(record.tenant, []).append(record)

    def other(claimants: list[Sandbox | RouteGroup], record: Sandbox | RouteGroup) -> str:
        found = claimants[0] if claimants[0] is not record else claimants[1]
        kind = "sandbox" if isinstance(found, Sandbox) else "route group"
        return f"{kind} '{found.name}' in {mention(found.source)}"

    kept: list[Sandbox | RouteGroup] = []
    problems: list[Problem] = []
    for record in records:
        if len(names[record.name]) > 1:
            values = {"name": record.name, "other": other(names[record.name], record)}
            problems.append(record.problem("SL206", "metadata", "name", **values))
        elif len(tenants[record.tenant]) > 1:
            values = {"tenant": record.tenant, "other": other(tenants[record.tenant], record)}
            problems.append(record.problem("SL205", *record.tenant_path, **values))
        else:
            kept.append(record)
    return kept, problems
