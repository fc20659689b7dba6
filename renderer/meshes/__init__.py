"""The meshes that sandlane routes for: one module each, behind `renderer.meshes.base.Mesh`.

Routes of the base are handled as they are, whatever the mesh: `spec.mesh` decides what a Service without routes gets.
"""

from __future__ import annotations

from renderer.meshes import ambient, istio, linkerd, plain
from renderer.meshes.base import Mesh

MESHES: dict[str, Mesh] = {
    "gateway-api": plain,
    "istio": istio,
    "istio-ambient": ambient,
    "linkerd": linkerd,
}
"""Value of `spec.mesh` -> module."""
