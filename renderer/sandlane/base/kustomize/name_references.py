"""Name references: fields that hold the name of an object take the name that it has in the end.

https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.5.0/api/filters/nameref/nameref.go
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sandlane.base.kustomize.field_specs import Config, FieldError, FieldSpec, NameReferences, set_field
from sandlane.base.kustomize.objects import NO_NAMESPACE, Entry, Id, is_cluster_scoped, namespace_of
from sandlane.frozen import frozen
from sandlane.patch.put import update


@frozen(kw_only=True)
class _Candidate:
    """An object that was renamed, and what is compared to find whether a reference means it."""

    entry: Entry
    now: Id
    first: Id
    kinds: frozenset[tuple[str, str, str]]
    name: str
    namespace: str


@frozen
class _Space:
    """The namespaces of an object: the effective one at first and now, and the one that is written."""

    first: str
    now: str
    written: str


_Row = tuple[NameReferences, FieldSpec]


def fix_references(entries: list[Entry], config: Config) -> tuple[list[Entry], list[tuple[Entry, str]]]:
    """Returns the entries with their references followed, and (entry, text) for those that are not clear."""
    by_name = _candidates(entries)
    firsts = [entry.original for entry in entries]
    spaces = frozenset(
        _Space(first.namespace, entry.id.namespace, namespace_of(entry.manifest))
        for entry, first in zip(entries, firsts, strict=True)
    )
    by_kind: dict[str, list[_Row]] = {}
    for row in config.name_references:
        for spec in row.fields:
            by_kind.setdefault(spec.kind, []).append((row, spec))
    result: list[Entry] = []
    unclear: list[tuple[Entry, str]] = []
    for entry, first in zip(entries, firsts, strict=True):
        try:
            rows = [*by_kind.get(first.kind, ()), *by_kind.get("", ())]
            result.append(_fixed(entry, first, rows, by_name, spaces))
        except FieldError as error:
            unclear.append((entry, str(error)))
    return result, unclear


def _candidates(entries: Iterable[Entry]) -> dict[str, list[_Candidate]]:
    """Returns the objects that had another name or namespace before, by every name that they had then."""
    by_name: dict[str, list[_Candidate]] = {}
    for entry in entries:
        if not entry.former:
            continue
        ids = entry.ids
        former = ids[:-1]
        candidate = _Candidate(
            entry=entry,
            now=ids[-1],
            first=ids[0],
            kinds=frozenset((id_.group, id_.version, id_.kind) for id_ in former),
            name=ids[-1].name,
            namespace=namespace_of(entry.manifest),
        )
        for name in dict.fromkeys(id_.name for id_ in former):
            by_name.setdefault(name, []).append(candidate)
    return by_name


def _fixed(
    entry: Entry,
    first: Id,
    rows: list[_Row],
    by_name: dict[str, list[_Candidate]],
    spaces: frozenset[_Space],
) -> Entry:
    manifest = entry.manifest
    subjects = _subject_namespaces(entry)
    for row, spec in rows:
        if not spec.selects(first.group, first.version, first.kind):
            continue
        # A field applies to what the object is now; only its kind is that of the beginning.
        finding = _Finding(entry, row, spec, by_name, subjects, spaces)
        manifest = set_field(manifest, spec.path, finding.renamed)
    return entry if manifest is entry.manifest else replace(entry, manifest=manifest)


@frozen
class _Finding:
    """Resolves the references in one field of one object."""

    referrer: Entry
    row: NameReferences
    spec: FieldSpec
    by_name: dict[str, list[_Candidate]]
    subjects: frozenset[str]
    spaces: frozenset[_Space]

    def renamed(self, value: Any) -> Any:
        """Returns a name, or a mapping with name and namespace, as it has to be in the end. Raises FieldError."""
        if isinstance(value, list):
            return [self.renamed(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            found = self._found(value, self._reachable(value))
            return found.name if found else value
        if not isinstance(value, dict) or not isinstance(value.get("name"), str):
            raise FieldError(f"there is no 'name' in '{'.'.join(self.spec.path)}'")
        found = self._found(value["name"], self._in_namespace(value), is_whole=True)
        if not found or (found.name == value["name"] and not found.namespace):
            return value
        return update(value, {"name": found.name, **({"namespace": found.namespace} if found.namespace else {})})

    def _reachable(self, name: str) -> list[_Candidate]:
        """Returns the objects of a name that the referrer may refer to at all."""
        return [c for c in self.by_name.get(name, ()) if self._reaches(c.now.namespace, c.namespace)]

    def _reaches(self, now: str, written: str) -> bool:
        """Tells whether the referrer may refer to objects in a namespace, the effective and the written one."""
        if is_cluster_scoped(self.referrer.manifest):
            return True
        return now in (NO_NAMESPACE, self.referrer.id.namespace) or written in self.subjects

    def _in_namespace(self, value: dict[str, Any]) -> list[_Candidate]:
        candidates = self._reachable(value["name"])
        if "namespace" not in value:
            return candidates
        namespace = value["namespace"]
        # Any object that was in a namespace by that name at first, of whatever kind and name, makes that the one meant.
        was_there = any(space.first == namespace and self._reaches(space.now, space.written) for space in self.spaces)
        return [c for c in candidates if namespace == (c.first if was_there else c.now).namespace]

    def _found(self, name: str, candidates: list[_Candidate], *, is_whole: bool = False) -> _Candidate | None:
        """Returns the one object that is meant, if any. Raises FieldError where it is not clear which."""
        found = [c for c in candidates if any(self.row.selects(*kind) for kind in c.kinds)]
        found = [c for c in found if self._has_role(c)]
        if not is_cluster_scoped(self.referrer.manifest):
            here = self.referrer.id.namespace
            found = [c for c in found if c.now.namespace in (NO_NAMESPACE, here) or c.now.kind == "ServiceAccount"]
        if len(found) > 1:
            found = [c for c in found if _is_beside(c.entry, self.referrer, is_loose=True)]
        if len(found) > 1:
            found = [c for c in found if _is_beside(c.entry, self.referrer, is_loose=False)]
        if len(found) > 1 and len({(c.name, c.namespace if is_whole else "") for c in found}) > 1:
            shown = ", ".join(f"'{c.now}'" for c in found)
            raise FieldError(f"'{name}' in '{'.'.join(self.spec.path)}' may mean each of {shown}")
        return found[0] if found else None

    def _has_role(self, candidate: _Candidate) -> bool:
        role = self.referrer.manifest.get("roleRef")
        if self.spec.path[-2:] != ("roleRef", "name") or not isinstance(role, dict):
            return True
        if role.get("apiGroup") is None or role.get("kind") is None:
            return True
        return any(role["kind"] in ("", kind) and role["apiGroup"] in ("", group) for group, _, kind in candidate.kinds)


def _subject_namespaces(referrer: Entry) -> frozenset[str]:
    """Returns the namespaces of the accounts that a RoleBinding names. Raises FieldError where one is no string."""
    if referrer.manifest.get("kind") != "RoleBinding":
        return frozenset()
    subjects = referrer.manifest.get("subjects")
    found: set[str] = set()
    for subject in subjects if isinstance(subjects, list) else ():
        if isinstance(subject, dict) and "namespace" in subject and subject.get("kind") == "ServiceAccount":
            if not isinstance(subject["namespace"], str):
                raise FieldError("the namespace of a subject is blank or no string")
            found.add(subject["namespace"])
    return frozenset(found)


def _is_beside(one: Entry, two: Entry, *, is_loose: bool) -> bool:
    """Tells whether two objects were renamed alike; loosely, one that was not renamed is beside any."""
    pairs = ((one.prefixes, two.prefixes), (one.suffixes, two.suffixes))
    return all((is_loose and not (a and b)) or _same_end(a, b) for a, b in pairs)


def _same_end(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    shorter, longer = sorted((one, two), key=len)
    return longer[-len(shorter) :] == shorter if shorter else not longer
