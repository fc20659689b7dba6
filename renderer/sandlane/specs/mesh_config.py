"""What Istio takes where manifests do not say it: visibility, by MeshConfig in the base's ConfigMap `istio` or in the environment's
`cluster.istio`, and the waypoint of Namespaces that the base does not hold, by `cluster.waypoint`.
"""

from __future__ import annotations

from dataclasses import replace

from sandlane.base.base import Base, make_base
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at
from sandlane.k8s.visibility import ExportDefaults
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem
from sandlane.specs.model import Cluster
from sandlane.yamlio.read import read

_CONFIG_MAP = "istio"
_KEY = "mesh"
_FIELDS = {
    "service": "defaultServiceExportTo",
    "virtual_service": "defaultVirtualServiceExportTo",
    "destination_rule": "defaultDestinationRuleExportTo",
}


def with_mesh_config(base: Base, cluster: Cluster) -> Base:
    """Returns a base with what Istio takes where its objects do not say it. Raises Invalid."""
    found = base.by_id.get(ResourceId("", "ConfigMap", cluster.root_namespace, _CONFIG_MAP))
    config = _mesh_config(found) if found else {}
    values = {field: config.get(name) or getattr(cluster.istio, field) for field, name in _FIELDS.items()}
    defaults = ExportDefaults(**{field: tuple(value) for field, value in values.items()})
    unseen = _labelled(cluster.waypoint) if cluster.waypoint else {}
    is_known = defaults == base.export_defaults and unseen == base.unseen_namespace
    return (
        base if is_known else replace(make_base(base.as_read, defaults, unseen), local=base.local, notices=base.notices)
    )


def _labelled(waypoint: ResourceId) -> Manifest:
    """Returns what is taken of a Namespace whose Services have a waypoint."""
    labels = {"istio.io/use-waypoint": waypoint.name, "istio.io/use-waypoint-namespace": waypoint.namespace}
    return {"metadata": {"labels": labels}}


def _mesh_config(config_map: Resource) -> dict[str, list[str]]:
    """Returns the defaults of a ConfigMap's MeshConfig."""
    text = at(config_map.manifest, ("data", _KEY))
    if text is None:
        return {}
    try:
        documents = read(str(text).encode(), config_map.source.file)
    except Invalid as invalid:
        raise Invalid([_unreadable(config_map, problem.text) for problem in invalid.problems]) from None
    data = documents[0].data if documents else {}
    if not isinstance(data, dict):
        raise Invalid([_unreadable(config_map, "expected a mapping")])
    for name in _FIELDS.values():
        value = data.get(name)
        if value is not None and not (isinstance(value, list) and all(isinstance(part, str) for part in value)):
            raise Invalid([_unreadable(config_map, f"'{name}' is no list of strings")])
    return {name: data[name] for name in _FIELDS.values() if data.get(name)}


def _unreadable(config_map: Resource, what: str) -> Problem:
    return report("SL132", source=config_map.source, path=("data", _KEY), object=str(config_map.id), what=what)
