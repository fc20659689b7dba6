"""Reading: a kustomization and everything that it names, into one value; all that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import partial
from itertools import chain
from typing import Any

from sandlane.base.kustomize import schema
from sandlane.base.kustomize.configurations import read_configurations
from sandlane.base.kustomize.field_specs import Config
from sandlane.base.kustomize.files import Files, Place, entries_of
from sandlane.base.kustomize.generators import Generated, generate
from sandlane.base.kustomize.objects import Entry
from sandlane.base.kustomize.patches import LoadedPatch, read_json, read_patch, read_strategic
from sandlane.base.kustomize.replacements import Replacement, read_replacements
from sandlane.base.sources import KUSTOMIZATIONS
from sandlane.files.tree import OutsideRoot, Unreadable, is_within, join
from sandlane.frozen import frozen
from sandlane.problems.problem import Invalid, Problem, Source, gathered
from sandlane.yamlio.document import Document
from sandlane.yamlio.shapes import canonical

_DEEPEST = 64
STRATEGIC, PATCHES, JSON, REPLACED = "patchesStrategicMerge", "patches", "patchesJson6902", "replacements"


Loaded = Mapping[str, tuple[LoadedPatch, ...] | tuple[Replacement, ...]]


@frozen(kw_only=True)
class Kustomization:
    """A kustomization with all that it names, read.

    `data` are its fields in their usual spelling; `loaded` has the patches and replacements, by their fields; `notices` are on
    its own file.
    """

    place: Place
    data: Mapping[str, Any]
    resources: tuple[tuple[Place, Kustomization | tuple[Entry, ...]], ...]
    components: tuple[tuple[Place, Kustomization], ...]
    config: Config
    generated: tuple[Generated, ...]
    loaded: Loaded
    notices: tuple[Problem, ...]


@frozen
class _Reader:
    """Files, and the kustomizations that were read already: each directory is read once."""

    files: Files
    known: dict[str, Kustomization | Invalid] = field(default_factory=dict)


def read_kustomization(files: Files, directory: str) -> Kustomization:
    """Reads the kustomization in a directory. Raises Invalid with all that is wrong."""
    return _read(_Reader(files), directory, Place(Source(file=directory or "."), ()), ())


def _read(reader: _Reader, directory: str, place: Place, above: tuple[str, ...]) -> Kustomization:
    if any(is_within(visited, directory) for visited in above):
        raise place.invalid(
            "SL143", what=f"'{directory or '.'}' contains '{above[-1] or '.'}', which is built for it: a cycle"
        )
    if len(above) > _DEEPEST:
        raise place.invalid("SL143", what=f"kustomizations are nested deeper than {_DEEPEST}")
    if directory not in reader.known:
        try:
            reader.known[directory] = _read_new(reader, directory, place, (*above, directory))
        except Invalid as invalid:
            reader.known[directory] = invalid
    found = reader.known[directory]
    if isinstance(found, Invalid):
        raise found
    return found


def _document(files: Files, directory: str, place: Place) -> tuple[Source, Document]:
    """Returns the one document of the one kustomization in a directory, and where it is."""
    try:
        names = [name for name in KUSTOMIZATIONS if files.tree.kind(join(directory, name)) == "file"]
    except OutsideRoot as outside:
        raise place.invalid("SL121", file=str(outside), root="the repository") from None
    except Unreadable as unreadable:
        raise place.invalid("SL128", reason=str(unreadable)) from None
    if len(names) != 1:
        found = f"both {' and '.join(names)}" if names else f"no {KUSTOMIZATIONS[0]}"
        raise place.invalid("SL142", what=f"the directory '{directory or '.'}' holds {found}")
    path = join(directory, names[0])
    documents = files.documents(path, takes_last=True)
    source = Source(file=path, document=documents[0].index if documents else 0)
    if len(documents) > 1:
        extra = Place(Source(file=path, document=documents[1].index), ())
        raise extra.invalid("SL142", what="a kustomization is one document")
    return source, documents[0] if documents else Document(0, {})


def _read_new(reader: _Reader, directory: str, place: Place, above: tuple[str, ...]) -> Kustomization:
    source, document = _document(reader.files, directory, place)
    problems = list(schema.problems_of(document.data, schema.KUSTOMIZATION, source))
    if any(problem.code != "SL140" for problem in problems):
        raise Invalid(problems)
    data = canonical(document.data, schema.KUSTOMIZATION)
    problems += () if problems else schema.kind_problems(data, source)
    files, top = reader.files, Place(source, ())
    options = data.get("generatorOptions") or {}

    resources, wrong = gathered(
        partial(_resource, reader, e, p, above) for p, e in _entries(top, data, "resources", "bases")
    )
    components, more = gathered(partial(_component, reader, e, p, above) for p, e in _entries(top, data, "components"))
    problems += wrong + more
    config, wrong = gathered([partial(read_configurations, files, _entries(top, data, "configurations"))])
    generated, more = gathered(
        partial(generate, files, kind, args, options, p)
        for kind, name in (("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator"))
        for p, args in _entries(top, data, name)
    )
    problems += wrong + more
    loaded, wrong = _loaded(files, top, data)
    if problems + list(wrong):
        raise Invalid([*problems, *wrong])
    return Kustomization(
        place=top,
        data=data,
        resources=resources,
        components=components,
        config=config[0],
        generated=generated,
        loaded=loaded,
        notices=document.notices,
    )


def _loaded(files: Files, top: Place, data: Mapping[str, Any]) -> tuple[Loaded, tuple[Problem, ...]]:
    """Reads the patches and replacements of a kustomization."""
    strategic, one = gathered(partial(read_strategic, files, e, p) for p, e in _entries(top, data, STRATEGIC))
    patches, two = gathered(partial(read_patch, files, e, p) for p, e in _entries(top, data, PATCHES))
    json, three = gathered(partial(read_json, files, e, p) for p, e in _entries(top, data, JSON))
    replacements, four = gathered(partial(read_replacements, files, e, p) for p, e in _entries(top, data, REPLACED))
    loaded: Loaded = {STRATEGIC: strategic, PATCHES: patches, JSON: json, REPLACED: tuple(chain(*replacements))}
    return loaded, one + two + three + four


def _entries(top: Place, data: Mapping[str, Any], *names: str) -> Iterator[tuple[Place, Any]]:
    """Yields the items of lists of a kustomization, with their places."""
    for name in names:
        for number, item in enumerate(data.get(name) or ()):
            yield Place(top.source, (name, number)), item


def _resource(
    reader: _Reader, entry: str, place: Place, above: tuple[str, ...]
) -> tuple[Place, Kustomization | tuple[Entry, ...]]:
    path, kind = reader.files.find(entry, place)
    if kind == "file":
        return place, entries_of(reader.files, path)
    found = _read(reader, path, place, above)
    if found.data.get("kind") == "Component":
        raise place.invalid("SL142", what=f"'{entry}' is a Component: name it in 'components'")
    return place, found


def _component(reader: _Reader, entry: str, place: Place, above: tuple[str, ...]) -> tuple[Place, Kustomization]:
    path, kind = reader.files.find(entry, place)
    if kind == "file":
        raise place.invalid("SL142", what=f"'{entry}' is a file: expected the directory of a Component")
    found = _read(reader, path, place, above)
    if found.data.get("kind") != "Component":
        raise place.invalid("SL142", what=f"'{entry}' is no Component: name it in 'resources'")
    return place, found
