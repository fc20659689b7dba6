"""Texts in Mermaid's flowcharts."""

from __future__ import annotations

from sandlane.problems.problem import visible

_ENTITIES = str.maketrans({"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;"})
"""What would end a label, or begin an entity -> the entity by which Mermaid shows it."""


def label(text: str) -> str:
    """Returns a text as a quoted label."""
    return f'"{visible(text).translate(_ENTITIES)}"'
