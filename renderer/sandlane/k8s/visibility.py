"""In which namespaces Istio shows an object (`exportTo`), and what MeshConfig says where the object does not.

Istio: pilot/pkg/model/push_context.go (initDefaultExportMaps) and pilot/pkg/serviceregistry/kube/conversion.go (ConvertService).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, annotations_of, spec_of

EXPORT_TO = "networking.istio.io/exportTo"
_EVERYWHERE = ("*",)
_NETWORKING = "networking.istio.io"


@frozen(kw_only=True)
class ExportDefaults:
    """The `exportTo` of MeshConfig for Services and ServiceEntries, VirtualServices, and DestinationRules that have none."""

    service: tuple[str, ...] = _EVERYWHERE
    virtual_service: tuple[str, ...] = _EVERYWHERE
    destination_rule: tuple[str, ...] = _EVERYWHERE

    def of(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        """Yields resources with the default of their kind."""
        by_kind: Mapping[tuple[str, str], tuple[str, ...]] = {
            ("", "Service"): self.service,
            (_NETWORKING, "ServiceEntry"): self.service,
            (_NETWORKING, "VirtualService"): self.virtual_service,
            (_NETWORKING, "DestinationRule"): self.destination_rule,
        }
        for resource in resources:
            default = by_kind.get((resource.id.group, resource.id.kind), _EVERYWHERE)
            yield resource if default == resource.default_export else replace(resource, default_export=default)


SHOWN_TO_ALL = ExportDefaults()


def export_to(resource: Resource) -> tuple[str, ...]:
    """Returns the `exportTo` that holds for an object: its own, else MeshConfig's for its kind."""
    if (resource.id.group, resource.id.kind) == ("", "Service"):
        listed: Iterable[str] = annotations_of(resource.manifest).get(EXPORT_TO, "").split(",")
    else:
        listed = spec_of(resource.manifest).get("exportTo") or ()
    return tuple(name.strip() for name in listed if name.strip()) or resource.default_export


def visibility(resource: Resource) -> frozenset[str]:
    """Returns the namespaces that see an object; `*` for all."""
    named = (resource.id.namespace if name == "." else name for name in export_to(resource))
    return frozenset(name for name in named if name != "~")


def is_seen_wherever(one: Resource, other: Resource) -> bool:
    """Tells whether every namespace that sees another object sees one."""
    seen = visibility(one)
    return "*" in seen or visibility(other) <= seen
