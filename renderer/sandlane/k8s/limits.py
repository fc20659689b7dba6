"""Limits of objects, names and label values, and names that are shortened to fit them."""

from __future__ import annotations

import json

from sandlane.k8s.resource import Manifest

LARGEST_OBJECT = 1024 * 1024
"""Bytes of an object: etcd refuses requests of 1.5 MiB (`--max-request-bytes`), and the API server adds managed fields."""


LARGEST_ANNOTATIONS = 256 * 1024
"""Bytes of all annotations of an object (apimachinery: `TotalAnnotationSizeLimitB`), in one of which client-side apply stores the
whole object."""

SERVICE_NAME_LIMIT = 63


LABEL_VALUE_LIMIT = 63


OBJECT_NAME_LIMIT = 253


def stored_size(manifest: Manifest) -> int:
    """Returns how many bytes an object takes where it is stored: those of compact JSON in UTF-8.

    The API server stores custom resources so, and Kubernetes' own kinds as Protobuf, which is no larger and whose texts are UTF-8
    too (apiserver: pkg/server/storage); Go's JSON escapes no letter. Client-side apply stores such JSON as well.
    """
    return len(json.dumps(manifest, separators=(",", ":"), ensure_ascii=False, default=str).encode())


def fit(text: str, limit: int) -> str:
    """Returns a text of at most `limit` characters: as it is, or its head, `-` and 8 hex digits of its SHA-256."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - 9].rstrip('-._')}-{sha256(text)[:8]}"


def sha256(text: str) -> str:
    """Returns the hex digits of a text's SHA-256."""
    import hashlib  # loads OpenSSL, and few names are shortened or hashed

    return hashlib.sha256(text.encode()).hexdigest()
