"""The CustomResourceDefinitions of our own kinds, made from their schemas.

The API server wants a structural schema (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/
custom-resource-definitions/#specifying-a-structural-schema): types everywhere, and only the value rules that it knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandlane.specs.schema import API_VERSION, schema

NAMES = {
    "DevelopmentSandbox": {"plural": "developmentsandboxes", "singular": "developmentsandbox", "shortNames": ["dsb"]},
    "RouteGroup": {"plural": "routegroups", "singular": "routegroup", "shortNames": ["rtg"]},
}
"""Kinds that have a CRD -> their names; an Environment is a file and never an object of a cluster."""

_COLUMNS = [
    {"name": "Tenant", "type": "string", "jsonPath": ".spec.tenantID"},
    {"name": "Owner", "type": "string", "jsonPath": ".spec.owner"},
    {"name": "Expires", "type": "string", "jsonPath": ".spec.expires"},
    {"name": "Workloads", "type": "string", "jsonPath": ".status.workloads"},
    {"name": "Host", "type": "string", "jsonPath": ".status.host"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]
_TEXTS = {"type": "array", "items": {"type": "string"}}
_STATUS = {
    "type": "object",
    "description": "What was rendered, and nothing live: the output writes it.",
    "properties": {
        "workloads": {"type": "string", "description": "Names of the base workloads that are cloned."},
        "host": {"type": "string", "description": "Preview hosts."},
        "clones": {**_TEXTS, "description": "Clones, as Kind/namespace/name."},
        "services": {
            "type": "array",
            "description": "Services of the clones.",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "The Service, as Service/namespace/name."},
                    "ports": {**_TEXTS, "description": "Its ports, as name:number."},
                },
            },
        },
        "hosts": {**_TEXTS, "description": "Preview hosts."},
        "routes": {**_TEXTS, "description": "Objects that route the tenant's requests, with the names of its entries."},
        "accepted": {**_TEXTS, "description": "Problems that the spec accepts, with their reasons."},
    },
}
_FORMATS: Mapping[str, Mapping[str, str]] = {
    "expires": {"format": "date"},
    "resources": {"x-kubernetes-list-type": "set"},
    "sandboxes": {"x-kubernetes-list-type": "set"},
}
"""What only the API server knows to say of fields of a spec: a day of the calendar, and nothing twice."""
_DROPPED = frozenset({"$schema", "$id", "additionalProperties"})


def custom_resource(kind: str) -> dict[str, Any]:
    """Returns the CRD of a kind."""
    group, version = API_VERSION.split("/")
    names = NAMES[kind]
    root = schema(kind)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "listKind": f"{kind}List", **names, "categories": ["sandlane"]},
            "scope": "Namespaced",
            "versions": [{
                "name": version,
                "served": True,
                "storage": True,
                "additionalPrinterColumns": _COLUMNS,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "description": root["description"],
                    "required": ["spec"],
                    "properties": {
                        "apiVersion": {"type": "string"},
                        "kind": {"type": "string"},
                        # Of metadata a CRD may only restrict the name.
                        "metadata": {"type": "object", "properties": {"name": {
                            key: root["properties"]["metadata"]["properties"]["name"][key] for key in ("type", "maxLength", "pattern")}}},
                        "spec": _spec(root["properties"]["spec"]),
                        "status": _STATUS,
                    },
                }},
            }],
        },
    }  # fmt: skip


def _spec(rule: Mapping[str, Any]) -> dict[str, Any]:
    made = structural(rule)
    fields = {name: {**part, **_FORMATS.get(name, {})} for name, part in made["properties"].items()}
    return {**made, "properties": fields}


def structural(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a schema as the API server takes it; a free mapping keeps the schema of its values."""
    kept: dict[str, Any] = {}
    for key, value in rule.items():
        if key == "properties":
            kept[key] = {name: structural(part) for name, part in value.items()}
        elif key == "items" or (key == "additionalProperties" and isinstance(value, dict)):
            kept[key] = structural(value)
        elif key == "type" and isinstance(value, list):
            # Of unions a structural schema knows these two.
            kept |= {"x-kubernetes-int-or-string": True} if "integer" in value else {"type": value[0], "nullable": True}
        elif key not in _DROPPED:
            kept[key] = value
    return kept
