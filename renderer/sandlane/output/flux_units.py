"""A Flux Kustomization for each sandbox (`output.flux`): Flux applies all of a Kustomization or nothing of it.

With one for all, a clone that the API server refuses would hold up everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandlane.files.tree import join
from sandlane.k8s.limits import LABEL_VALUE_LIMIT, fit
from sandlane.k8s.resource import ResourceId
from sandlane.output.layout import FLUX, SANDBOXES, Placed
from sandlane.plan.metadata import tenant_metadata
from sandlane.plan.model import Plan
from sandlane.specs.model import Environment, FluxUnits

GROUP = "kustomize.toolkit.fluxcd.io"


def flux_units(plan: Plan, objects: Iterable[Placed]) -> Iterator[Placed]:
    """Yields a Kustomization for each sandbox's and route group's directory that holds objects."""
    flux = plan.environment.output.flux
    if flux is None:
        return
    directories = {placed.directory for placed in objects}
    for tenant in plan.tenants:
        directory = f"{SANDBOXES}/{tenant.name}"
        if directory in directories:
            name = unit_name(plan.environment, tenant.name)
            metadata = tenant_metadata(plan.environment, tenant.spec, name=name, namespace=flux.namespace, origin=None)
            manifest = kustomization(plan.environment, flux, name, directory)
            id = ResourceId(GROUP, "Kustomization", flux.namespace, name)
            yield Placed(directory=FLUX, id=id, manifest={**manifest, "metadata": metadata})


def unit_name(environment: Environment, unit: str) -> str:
    """Returns the name of a unit's Kustomization, which Flux writes into a label of every object."""
    return fit(f"{environment.name}-{unit}", LABEL_VALUE_LIMIT)


def kustomization(environment: Environment, flux: FluxUnits, name: str, directory: str) -> dict[str, object]:
    """Returns the Kustomization that applies a directory of the output."""
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": flux.namespace},
        "spec": {
            "interval": flux.interval,
            "path": f"./{output_path(environment)}/{directory}".replace("//", "/").rstrip("/"),
            "prune": True,
            "sourceRef": {"kind": flux.kind, "name": flux.name},
        },
    }


def output_path(environment: Environment) -> str:
    """Returns where the output lies in its source: where it lies in the repository, unless `output.flux` says otherwise."""
    flux = environment.output.flux
    if flux and flux.path is not None:
        return flux.path.removeprefix("./").strip("/").removeprefix(".")
    return join(environment.directory, environment.output.path)
