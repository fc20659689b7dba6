"""The two sides of a comparison: an output that is rendered of inputs, or one that lies in a directory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, ResourceId, annotations_of, labels_of
from sandlane.output.layout import Placed, path_of
from sandlane.plan.names import EXPIRES, ORIGIN, OWNER, SANDBOX, TENANT
from sandlane.problems.problem import Problem
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import RouteGroup, Sandbox


@frozen(kw_only=True)
class Object:
    """An object of an output: its file there, and whose it is. `origin` is the origin label of a clone."""

    id: ResourceId
    file: str
    manifest: Manifest
    sandbox: str | None
    tenant: str | None
    origin: str | None


@frozen(kw_only=True)
class Tenant:
    """A sandbox or route group as an output shows it."""

    name: str
    id: str
    owner: str | None
    expires: str | None
    is_suspended: bool = False


@frozen(kw_only=True)
class Side:
    """An output; `inputs` and `notices` where it is rendered of inputs; `is_nothing` where the environment was not there."""

    objects: Mapping[ResourceId, Object]
    tenants: Mapping[str, Tenant]
    inputs: Inputs | None = None
    is_nothing: bool = False
    notices: tuple[Problem, ...] = ()


EMPTY = Side(objects={}, tenants={}, is_nothing=True)
"""What lies before an environment was there."""


def rendered_side(inputs: Inputs, objects: Iterable[Placed], notices: tuple[Problem, ...]) -> Side:
    """Returns the side of inputs and what is rendered of them."""
    found = {o.id: _object(o.id, path_of(o), o.manifest) for o in objects}
    specs: tuple[Sandbox | RouteGroup, ...] = (*inputs.sandboxes, *inputs.groups)
    tenants = {
        s.name: Tenant(
            name=s.name,
            id=s.tenant,
            owner=s.owner,
            expires=s.expires,
            is_suspended=isinstance(s, Sandbox) and s.suspend,
        )
        for s in specs
    }
    return Side(objects=found, tenants=tenants, inputs=inputs, notices=notices)


def written_side(output: Base) -> Side:
    """Returns the side of an output directory: its sandboxes are those whose labels its objects carry."""
    found = {r.id: _object(r.id, r.source.file, r.manifest) for r in output.resources}
    tenants: dict[str, Tenant] = {}
    for entry in found.values():
        if entry.sandbox and entry.tenant:
            notes = annotations_of(entry.manifest)
            tenants[entry.sandbox] = Tenant(
                name=entry.sandbox, id=entry.tenant, owner=notes.get(OWNER), expires=notes.get(EXPIRES)
            )
    return Side(objects=found, tenants=tenants)


def _object(id: ResourceId, file: str, manifest: Manifest) -> Object:
    labels = labels_of(manifest)
    return Object(
        id=id,
        file=file,
        manifest=manifest,
        sandbox=labels.get(SANDBOX),
        tenant=labels.get(TENANT),
        origin=labels.get(ORIGIN),
    )
