"""The meshes that sandlane routes for: one module each, behind `sandlane.meshes.protocol.Mesh`.

Routes of the base are handled as they are, whatever the mesh: `spec.mesh` decides what a Service without routes gets.
"""

from __future__ import annotations

from sandlane.meshes import ambient, istio, linkerd, plain
from sandlane.meshes.protocol import Mesh

MESHES: dict[str, Mesh] = {
    "gateway-api": plain,
    "istio": istio,
    "istio-ambient": ambient,
    "linkerd": linkerd,
}
"""Value of `spec.mesh` -> module."""
