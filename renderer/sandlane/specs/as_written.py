"""Names that look like numbers: `tenantID: 0123` means the text, not the number 83 that YAML makes of it."""

from __future__ import annotations

import re
from typing import Any

from sandlane.k8s.resource import at
from sandlane.patch.put import put
from sandlane.problems.problem import Path
from sandlane.yamlio.locate import locate

_NAMES: tuple[Path, ...] = (("metadata", "name"), ("spec", "tenantID"), ("spec", "owner"))
_TOKEN = re.compile(r"[^\s,{}\[\]#]+")


def as_written(data: Any, text: bytes, document: int) -> Any:
    """Returns a document of a text in which names that were read as numbers are the texts that stand there."""
    for path in _NAMES:
        value = at(data, path)
        if isinstance(value, int | float) and not isinstance(value, bool):
            place = locate(text, document, path, False)
            line = text.decode().removeprefix("\ufeff").split("\n")[place[0] - 1] if place else ""
            found = _TOKEN.match(line, place[1] - 1) if place else None
            if found:
                data = put(data, path, found[0])
    return data
