"""Keys of labels and annotations as the API server takes them (k8s.io/apimachinery: IsQualifiedName), which the schemas do not say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.k8s.resource import at
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source

_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_MOST_PREFIX = 253
_PLACES: tuple[tuple[Path, str], ...] = (
    (("metadata", "labels"), "label"),
    (("metadata", "annotations"), "annotation"),
    (("spec", "selector", "matchLabels"), "label"),
)


def wrong_keys(data: Mapping[str, Any], source: Source) -> Iterator[Problem]:
    """Yields the keys of a spec's labels, annotations and selector that no object may have (SL256)."""
    for path, what in _PLACES:
        for key in at(data, path) or ():
            # The API server looks at annotations' keys without regard to case (ValidateAnnotations).
            if not is_key(key.lower() if what == "annotation" else key):
                yield report("SL256", source=source, path=(*path, key), sandbox=source, at_key=True, key=key, what=what)


def is_key(text: str) -> bool:
    """Tells whether a text may be the key of a label: a name, with a DNS name and a slash before it or not."""
    prefix, slash, name = text.rpartition("/")
    has_prefix = bool(_PREFIX.fullmatch(prefix)) and len(prefix) <= _MOST_PREFIX
    return bool(_NAME.fullmatch(name)) and (has_prefix if slash else True)
