"""Limits of names and label values, and names that are shortened to fit them."""

from __future__ import annotations

import hashlib

SERVICE_NAME_LIMIT = 63


LABEL_VALUE_LIMIT = 63


OBJECT_NAME_LIMIT = 253


def fit(text: str, limit: int) -> str:
    """Returns a text of at most `limit` characters: as it is, or its head, `-` and 8 hex digits of its SHA-256."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - 9].rstrip('-._')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
