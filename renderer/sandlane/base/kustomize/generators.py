"""configMapGenerator and secretGenerator, and the suffix that is made of their content.

https://github.com/kubernetes-sigs/kustomize/tree/kustomize/v5.5.0/api/internal/generators and api/hasher
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.kustomize.files import Files, Place
from sandlane.base.kustomize.objects import Entry
from sandlane.frozen import frozen
from sandlane.problems.problem import Source

BEHAVIORS = ("create", "merge", "replace")
_LINE = 70


@frozen
class Generated:
    """An object made by a generator, and what happens where there is one of that name: create, merge or replace."""

    entry: Entry
    behavior: str
    place: Place


def generate(files: Files, kind: str, args: Mapping[str, Any], common: Mapping[str, Any], place: Place) -> Generated:
    """Returns what one generator makes; `common` are the options for all. Raises Invalid."""
    if not args.get("name"):
        raise place.invalid("SL142", what="a generator needs a name")
    behavior = args.get("behavior") or "create"
    if behavior not in BEHAVIORS:
        says = f"expected behavior create, merge or replace, not '{behavior}'"
        raise Place(place.source, (*place.path, "behavior")).invalid("SL142", what=says)
    options = _options(args.get("options") or {}, common)
    metadata = {"name": args["name"], **({"namespace": args["namespace"]} if args.get("namespace") else {})}
    for field in ("labels", "annotations"):
        if options[field]:
            metadata[field] = dict(sorted(options[field].items()))
    manifest: dict[str, Any] = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    if kind == "Secret":
        manifest["type"] = args.get("type") or "Opaque"
    manifest |= _data(kind, _pairs(files, args, place))
    if options["immutable"]:
        manifest["immutable"] = True
    source = Source(file=place.source.file, document=place.source.document, prefix=place.path)
    return Generated(
        Entry(manifest=manifest, source=source, is_hashed=not options["disableNameSuffixHash"]), behavior, place
    )


def _options(own: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """Merges the options of one generator with those for all: flags add up, and its own labels win."""
    return {
        **{flag: bool(own.get(flag) or common.get(flag)) for flag in ("disableNameSuffixHash", "immutable")},
        **{field: {**(common.get(field) or {}), **(own.get(field) or {})} for field in ("labels", "annotations")},
    }


def _pairs(files: Files, args: Mapping[str, Any], place: Place) -> dict[str, bytes]:
    """Returns the keys and values of all sources of a generator. Raises Invalid for a key that stands twice."""
    pairs: dict[str, bytes] = {}
    for key, value, path in (
        *_from_env_files(files, args, place),
        *_from_literals(args, place),
        *_from_files(files, args, place),
    ):
        if key in pairs:
            raise Place(place.source, path).invalid("SL142", what=f"the key '{key}' stands twice in '{args['name']}'")
        pairs[key] = value
    return pairs


_Pairs = Iterator[tuple[str, bytes, tuple[str | int, ...]]]


def _from_env_files(files: Files, args: Mapping[str, Any], place: Place) -> _Pairs:
    names = [(("envs", number), name) for number, name in enumerate(args.get("envs") or ())]
    for steps, name in (*names, *([(("env",), args["env"])] if args.get("env") else [])):
        here = Place(place.source, (*place.path, *steps))
        _, content = files.read(name, here)
        for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n")):
            try:
                text = line.removesuffix(b"\r").decode()
            except UnicodeDecodeError:
                raise here.invalid("SL142", what=f"line {number + 1} of '{name}' is not UTF-8 text") from None
            key, _, value = text.lstrip().partition("=")
            if key and not key.startswith("#"):
                yield key, value.encode(), here.path


def _from_literals(args: Mapping[str, Any], place: Place) -> _Pairs:
    for number, literal in enumerate(args.get("literals") or ()):
        here = Place(place.source, (*place.path, "literals", number))
        key, equals, value = literal.partition("=")
        if not key or not equals:
            raise here.invalid("SL142", what="expected a literal of the form key=value")
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        yield key, value.encode("utf-8", "surrogatepass"), here.path


def _from_files(files: Files, args: Mapping[str, Any], place: Place) -> _Pairs:
    for number, entry in enumerate(args.get("files") or ()):
        here = Place(place.source, (*place.path, "files", number))
        key, equals, path = entry.partition("=")
        if equals and (not key or not path or "=" in path):
            raise here.invalid("SL142", what="expected a file of the form path or key=path")
        _, content = files.read(path if equals else entry, here)
        yield (key if equals else entry.rstrip("/").rpartition("/")[2]), content, here.path


def _data(kind: str, pairs: Mapping[str, bytes]) -> dict[str, Any]:
    """Returns the data of an object: a Secret's all encoded, of a ConfigMap's only what is no text."""
    if kind == "Secret":
        return {"data": {key: _encoded(pairs[key]) for key in sorted(pairs)}}
    data: dict[str, dict[str, str]] = {"data": {}, "binaryData": {}}
    for key in sorted(pairs):
        try:
            data["data"][key] = pairs[key].decode()
        except UnicodeDecodeError:
            data["binaryData"][key] = _encoded(pairs[key])
    return {field: values for field, values in data.items() if values}


def _encoded(value: bytes) -> str:
    """Returns bytes in base64, as kustomize does: in lines where it fills one, each with its line break."""
    text = base64.b64encode(value).decode()
    if len(text) < _LINE:
        return text
    return "".join(f"{text[start : start + _LINE]}\n" for start in range(0, len(text), _LINE))


_LETTERS = str.maketrans("013ae", "ghkmt")
_ESCAPES = {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def content_hash(manifest: Mapping[str, Any]) -> str:
    """Returns the suffix for a ConfigMap or Secret: ten letters of the SHA-256 of its content as Go writes JSON.

    The name is no part of it, so that equal content has one suffix under any name.
    """
    kind = manifest["kind"]
    content = {"kind": kind, "name": "", "data": "" if manifest.get("data") is None else manifest["data"]}
    if kind == "Secret":
        content["type"] = manifest.get("type") or ""
    field = "binaryData" if kind == "ConfigMap" else "stringData"
    if isinstance(manifest.get(field), dict):
        content[field] = manifest[field]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest[:10].translate(_LETTERS)
