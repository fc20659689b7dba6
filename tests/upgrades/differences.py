"""What of an output differs between two versions, told object by object and field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.shared import load_all


def objects(output: Path) -> dict[str, Any]:
    """Returns the objects of an output by `Kind/namespace/name`."""
    found = {}
    for path in sorted(output.rglob("*.yaml")):
        for document in load_all(path.read_text(encoding="utf-8")):
            metadata = document["metadata"]
            found[f"{document['kind']}/{metadata.get('namespace', '')}/{metadata['name']}"] = document
    return found


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Returns lines `Kind/namespace/name: field: before -> after`."""
    for name in sorted({*before, *after}):
        if name not in after:
            yield f"{name}: gone"
        elif name not in before:
            yield f"{name}: new"
        else:
            yield from (f"{name}: {line}" for line in _fields(before[name], after[name], ""))


def _fields(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from _fields(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after, strict=True)):
            yield from _fields(*pair, f"{path}[{number}]")
    elif before != after:
        yield f"{path}: {_short(before)} -> {_short(after)}"


def _short(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, sort_keys=True)
