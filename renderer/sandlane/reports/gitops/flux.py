"""What Flux needs to apply an output: its source, a Kustomization for each part that is applied by itself, and a webhook.

Flux applies all of a Kustomization or nothing of it, so each sandbox has one of its own, in the output (`output.flux`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sandlane.k8s.limits import LABEL_VALUE_LIMIT, fit
from sandlane.output.flux_units import kustomization, unit_name
from sandlane.reports.gitops.delivery import Delivery
from sandlane.specs.model import FluxUnits
from sandlane.yamlio.write import write

_HEADER = """\
# Applies the output of environment '{name}' with Flux, beside what applies its base.
# Sandboxes are there in seconds where the repository calls the Receiver on each push, at the path in its status. Its token:
# kubectl -n {namespace} create secret generic {name}-webhook --from-literal=token=$(openssl rand -hex 20)
"""


class NoUnits(Exception):
    """Raised where an environment has no `output.flux`, so that its output holds no Kustomization a sandbox."""


def flux_text(delivery: Delivery, *, is_single: bool) -> str:
    """Returns the manifests as one text; `is_single`: one Kustomization for the whole output. Raises NoUnits."""
    documents = [write(manifest) for manifest in flux_objects(delivery, is_single=is_single)]
    namespace = _units(delivery, is_single=is_single).namespace
    return _HEADER.format(name=delivery.name, namespace=namespace) + "---\n".join(documents)


def default_source(name: str) -> str:
    """Returns the name of the source of an environment's output."""
    return fit(f"{name}-sandboxes", LABEL_VALUE_LIMIT)


def flux_objects(delivery: Delivery, *, is_single: bool) -> Iterator[dict[str, Any]]:
    """Yields the source, where it is a GitRepository, the Kustomizations and the Receiver. Raises NoUnits."""
    flux, environment = _units(delivery, is_single=is_single), delivery.environment
    if flux.kind == "GitRepository":
        yield {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": flux.name, "namespace": flux.namespace},
            "spec": {"interval": "1m", "url": delivery.repository, "ref": {"branch": delivery.revision}},
        }
    placed = replace(environment, output=replace(environment.output, flux=replace(flux, path=delivery.path or ".")))
    for unit in ("",) if is_single else (*delivery.units, "flux"):
        yield kustomization(placed, flux, unit_name(environment, unit or "sandboxes"), unit)
    yield {
        "apiVersion": "notification.toolkit.fluxcd.io/v1",
        "kind": "Receiver",
        "metadata": {"name": f"{delivery.name}-sandboxes", "namespace": flux.namespace},
        "spec": {
            "type": "gitlab" if "gitlab" in delivery.repository else "github",
            "events": ["Push Hook"] if "gitlab" in delivery.repository else ["ping", "push"],
            "secretRef": {"name": f"{delivery.name}-webhook"},
            "resources": [{"kind": flux.kind, "name": flux.name}],
        },
    }


def _units(delivery: Delivery, *, is_single: bool) -> FluxUnits:
    flux = delivery.environment.output.flux
    if flux is None and not is_single:
        raise NoUnits
    source = default_source(delivery.name)
    return flux or FluxUnits(kind="GitRepository", name=source, namespace="flux-system", interval="10m")
