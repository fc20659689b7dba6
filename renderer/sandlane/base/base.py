"""The base application: manifests of files and directories as resources with their effective namespaces."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

from sandlane.base.field_types import mismatches
from sandlane.files.tree import Tree, Unreadable
from sandlane.frozen import frozen
from sandlane.k8s.ports import number_and_protocol
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.visibility import SHOWN_TO_ALL, ExportDefaults
from sandlane.k8s.workload_kinds import GroupKind, is_cluster_scoped
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Level, Problem, Source, dotted, mention
from sandlane.yamlio import read as yamlio
from sandlane.yamlio.document import Document
from sandlane.yamlio.value_types import type_at


@frozen
class Base:
    """All resources of the base, sorted by id, and the ways to find them.

    `as_read` are the same in the order of their files. `local` are objects of its files that are configuration of tools and no part
    of it (`config.kubernetes.io/local-config`). `export_defaults` is where Istio shows objects that do not say it themselves,
    `unseen_namespace` what is taken of Namespaces that the base does not hold. `notices` are on what was read.
    """

    resources: tuple[Resource, ...]
    by_id: Mapping[ResourceId, Resource]
    by_kind: Mapping[GroupKind, tuple[Resource, ...]]
    as_read: tuple[Resource, ...] = dataclasses.field(default=(), compare=False)
    export_defaults: ExportDefaults = SHOWN_TO_ALL
    local: tuple[Resource, ...] = dataclasses.field(default=(), compare=False)
    unseen_namespace: Manifest = dataclasses.field(default_factory=dict)
    notices: tuple[Problem, ...] = dataclasses.field(default=(), compare=False)

    def of(self, group: str, kind: str) -> tuple[Resource, ...]:
        """Returns the resources of a kind, sorted by namespace and name."""
        return self.by_kind.get((group, kind), ())

    def namespace(self, name: str) -> Manifest:
        """Returns the manifest of a Namespace; of one that the base does not hold, what the environment says of such."""
        found = self.by_id.get(ResourceId("", "Namespace", "", name))
        return found.manifest if found else self.unseen_namespace


def make_base(
    resources: Iterable[Resource],
    export_defaults: ExportDefaults = SHOWN_TO_ALL,
    unseen_namespace: Manifest = MappingProxyType({}),
) -> Base:
    """Indexes resources; only names made of `generateName` may repeat (see `read_base`)."""
    as_read = tuple(export_defaults.of(resources))
    ordered = tuple(sorted(as_read, key=lambda r: (r.id, r.source.file, r.source.document, str(r.source.prefix))))
    kinds: dict[GroupKind, list[Resource]] = {}
    for resource in ordered:
        kinds.setdefault((resource.id.group, resource.id.kind), []).append(resource)
    by_kind = {key: tuple(found) for key, found in kinds.items()}
    by_id = {r.id: r for r in ordered}
    return Base(ordered, by_id, by_kind, as_read, export_defaults, unseen_namespace=unseen_namespace)


Built = tuple[Source, Mapping[str, Any]]
"""An object as it was read or built: its manifest and where it came from."""


def read_base(
    tree: Tree,
    files: Iterable[str],
    default_namespace: str,
    built: Iterable[Built] = (),
    where: Literal["base", "output"] = "base",
    refused: Level = "error",
) -> Base:
    """Reads the manifests of files, beside objects that were built. Raises Invalid with all that is wrong in any of them.

    `where` is what messages call them. `refused` is the level of what only the API server would refuse: as notices the
    objects stay, for printing alone.
    """
    problems: list[Problem] = []
    objects: list[Built] = []
    is_own_kept = where == "output" or refused == "notice"  # printed as kustomize prints them
    for file in files:
        documents, wrong = _documents(tree, file, takes_last=where == "base")
        problems += wrong
        for document in documents:
            problems += document.notices
            source = Source(file=file, document=document.index)
            found, wrong = objects_of(document.data, source, refused, is_local_kept=True, is_own_kept=is_own_kept)
            objects += found
            problems += wrong
    for source, manifest in built:
        found, wrong = objects_of(manifest, source, refused, is_own_kept=is_own_kept)
        objects += found
        problems += wrong
    odd = {problem.source for problem in problems if problem.code in REFUSED}
    # What lies in an output is applied, whatever its annotations say.
    is_local = _is_local if where == "base" else lambda _: False
    declared = declared_scopes(manifest for source, manifest in objects if source not in odd and not is_local(manifest))
    resources = [_resource(source, manifest, declared, default_namespace) for source, manifest in objects]
    base = make_base(resource for resource in resources if not is_local(resource.manifest))
    local = tuple(resource for resource in resources if is_local(resource.manifest))
    problems += _duplicates(base, where)
    problems += _impossible_services(
        (service for service in base.of("", "Service") if service.source not in odd), refused
    )
    errors = [problem for problem in problems if problem.level == "error"]
    if errors:
        raise Invalid(errors)
    return dataclasses.replace(base, local=local, notices=tuple(problems))


def _documents(tree: Tree, file: str, *, takes_last: bool) -> tuple[tuple[Document, ...], list[Problem]]:
    """Returns the documents of a file, or what is wrong with it."""
    try:
        return yamlio.read(tree.read(file), file, takes_last=takes_last), []
    except Invalid as invalid:
        return (), list(invalid.problems)
    except Unreadable as unreadable:
        return (), [report("SL128", source=Source(file=file), reason=str(unreadable))]


def objects_of(
    data: Any,
    source: Source,
    refused: Level = "error",
    *,
    is_local_kept: bool = False,
    is_own_kept: bool = False,
) -> tuple[list[Built], list[Problem]]:
    """Returns the objects of a document, with those of a List one by one, and what is wrong with them.

    `refused` is the level of what only the API server would refuse; objects with errors are left out. So are those that are not for
    the cluster unless they are asked for: configuration of tools, and sandlane's own documents.
    """
    if _is_list(data):
        data = {**data, "items": data["items"] or []}
        nested = [
            objects_of(
                item,
                Source(file=source.file, document=source.document, prefix=(*source.prefix, "items", number)),
                refused,
                is_local_kept=is_local_kept,
                is_own_kept=is_own_kept,
            )
            for number, item in enumerate(data["items"])
        ]
        return [o for objects, _ in nested for o in objects], [p for _, problems in nested for p in problems]
    if is_own(data) and not is_own_kept:
        return [], []
    problems = list(_malformed(data, source, refused))
    is_wrong = any(problem.level == "error" for problem in problems)
    return [] if is_wrong or (_is_local(data) and not is_local_kept) else [(source, data)], problems


def _is_list(data: Any) -> bool:
    # Any *List with items is expanded by kubectl and Argo CD, whatever its group.
    return (
        isinstance(data, dict)
        and isinstance(data.get("kind"), str)
        and data["kind"].endswith("List")
        and isinstance(data.get("items", 0), list | None)
    )


def is_own(data: Any) -> bool:
    """Tells whether a document is one of sandlane's own: specs may lie beside the base."""
    return isinstance(data, dict) and str(data.get("apiVersion")).startswith("sandlane.dev/")


def _is_local(manifest: Mapping[str, Any]) -> bool:
    """Tells whether an object says that it is configuration of tools and not of the cluster, as in kustomize."""
    annotations = manifest["metadata"].get("annotations")
    mark = annotations.get("config.kubernetes.io/local-config", "false") if isinstance(annotations, dict) else "false"
    return mark != "false"


REFUSED = frozenset({"SL125", "SL129", "SL131"})
"""Codes of what the API server would refuse, and kubectl and kustomize read."""


def _unmarked(source: Source) -> str | None:
    """Returns the way out for a file that takes no comment, or None."""
    if not source.file.endswith(".json"):
        return None
    return "a manifest needs apiVersion, kind and metadata.name; move other JSON files out of the directory, or name manifests one by one"


def _malformed(data: Any, source: Source, refused: Level) -> Iterator[Problem]:
    if not isinstance(data, dict):
        yield report("SL123", source=source, what="expected a mapping", hint=_unmarked(source))
        return
    missing = [field for field in ("apiVersion", "kind") if not isinstance(data.get(field), str) or not data[field]]
    metadata = data.get("metadata")
    if not isinstance(metadata, dict):
        missing.append("metadata")
    elif not any(isinstance(metadata.get(field), str) and metadata[field] for field in ("name", "generateName")):
        missing.append("metadata.name")
    if missing == ["metadata.name"] and isinstance(metadata, dict) and isinstance(metadata.get("name"), int | float):
        hint = f"quote it: 'name: {json.dumps(json.dumps(metadata['name']))}'"
        yield report("SL123", source=source, path=("metadata", "name"), what="metadata.name is no string", hint=hint)
        return
    if missing or not isinstance(metadata, dict):
        what = f"{' and '.join(missing)} missing or no string"
        yield report("SL123", source=source, what=what, hint=_unmarked(source))
        return
    for field in ("name", "namespace"):
        if placeholder := _PLACEHOLDER.search(str(metadata.get(field))):
            yield report("SL145", source=source, path=("metadata", field), what=placeholder[0])
            return
    name = f"{data['kind']}/{metadata.get('name') or metadata.get('generateName')}"
    for path, expected in mismatches(group_of(data), data["kind"], data):
        wrong = partial(report, source=source, path=path, object=name, level=refused)
        if path[:2] in (("metadata", "labels"), ("metadata", "annotations")) and len(path) == 3:
            yield wrong("SL125", what=f"{str(path[1])[:-1]} '{path[2]}'")
        else:
            yield wrong("SL129", field=dotted(path), found=type_at(data, path), expected=expected)


def group_of(manifest: Mapping[str, Any]) -> str:
    """Returns the API group of a manifest; that of the core is empty."""
    return str(manifest["apiVersion"]).rpartition("/")[0]


def declared_scopes(manifests: Iterable[Mapping[str, Any]]) -> dict[GroupKind, bool]:
    """Returns the scopes that the base's CRDs declare: (group, kind) -> whether cluster-scoped."""
    scopes: dict[GroupKind, bool] = {}
    for manifest in manifests:
        if (group_of(manifest), manifest["kind"]) == ("apiextensions.k8s.io", "CustomResourceDefinition"):
            spec = spec_of(manifest)
            scopes[(spec.get("group", ""), (spec.get("names") or {}).get("kind", ""))] = spec.get("scope") == "Cluster"
    return scopes


def _resource(
    source: Source, manifest: Mapping[str, Any], declared: Mapping[GroupKind, bool], default: str
) -> Resource:
    group, kind, metadata = group_of(manifest), manifest["kind"], manifest["metadata"]
    namespace = "" if is_cluster_scoped(group, kind, declared) else metadata.get("namespace") or default
    name = metadata.get("name") or metadata["generateName"]
    return Resource(id=ResourceId(group, kind, namespace, name), manifest=manifest, source=source)


def _duplicates(base: Base, where: str) -> Iterator[Problem]:
    seen: dict[ResourceId, Resource] = {}
    for second in base.resources:
        first = seen.setdefault(second.id, second)
        if first is not second and second.manifest["metadata"].get("name"):
            yield report(
                "SL124",
                source=second.source,
                path=("metadata", "name"),
                object=str(second.id),
                where=where,
                first=mention(first.source),
                hint=None if _is_placed(first, second) else _TWO_NAMESPACES,
            )


def _is_placed(first: Resource, second: Resource) -> bool:
    """Tells whether two objects are in one namespace by more than the default: files of two may be applied to two namespaces."""
    named = any(r.manifest["metadata"].get("namespace") for r in (first, second)) or not first.id.namespace
    return named or first.source.file == second.source.file


_TWO_NAMESPACES = "remove one of the two, or say in which namespaces they are, as 'namespace' of a kustomization in each directory does"


_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\$\{.*?\}")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _impossible_services(services: Iterable[Resource], refused: Level) -> Iterator[Problem]:
    """Yields Services whose names are no DNS labels (RFC 1123), or that have one port twice."""
    for service in services:
        wrong = partial(report, "SL131", source=service.source, object=str(service.id), level=refused)
        if not _DNS_LABEL.fullmatch(service.id.name):
            yield wrong(path=("metadata", "name"), what="has a name that is no DNS label of at most 63 characters")
        ports = [number_and_protocol(port) for port in spec_of(service.manifest).get("ports") or ()]
        for place, port in enumerate(ports):
            if port in ports[:place]:
                yield wrong(path=("spec", "ports", place), what=f"has port {port[0]}/{port[1]} twice")
