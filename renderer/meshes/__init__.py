"""The meshes that sandlane routes for: one module each, behind `renderer.meshes.base.Mesh`."""

from __future__ import annotations

from renderer.meshes import istio
from renderer.meshes.base import Mesh

MESHES: dict[str, Mesh] = {
    "istio": istio,
}
"""Value of `spec.mesh` -> module."""
