"""Limits of names and label values, and names that are shortened to fit them."""

from __future__ import annotations

SERVICE_NAME_LIMIT = 63


LABEL_VALUE_LIMIT = 63


OBJECT_NAME_LIMIT = 253


def fit(text: str, limit: int) -> str:
    """Returns a text of at most `limit` characters: as it is, or its head, `-` and 8 hex digits of its SHA-256."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - 9].rstrip('-._')}-{sha256(text)[:8]}"


def sha256(text: str) -> str:
    """Returns the hex digits of a text's SHA-256."""
    import hashlib  # loads OpenSSL, and few names are shortened or hashed

    return hashlib.sha256(text.encode()).hexdigest()
