"""What has to be known of an environment to have its output applied: where it lies, and what kinds of objects where it may hold."""

from __future__ import annotations

from sandlane.base.base import declared_scopes
from sandlane.clone.resources.read import group_of_kind
from sandlane.files.tree import join
from sandlane.frozen import frozen
from sandlane.k8s.workload_kinds import CLONES, WORKLOADS, GroupKind, is_cluster_scoped
from sandlane.output.flux_units import output_path
from sandlane.plan.policies.attached import ATTACHING
from sandlane.plan.policies.selecting import FOLLOWING
from sandlane.reports.gitops.rewritten import Rewritten, rewritten
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import Environment

_GATEWAY_API = tuple(("gateway.networking.k8s.io", kind) for kind in ("GRPCRoute", "HTTPRoute", "ReferenceGrant"))
_ISTIO = tuple(("networking.istio.io", kind) for kind in ("DestinationRule", "VirtualService"))
_OWN = tuple(("sandlane.dev", kind) for kind in ("DevelopmentSandbox", "RouteGroup"))
_SECRET = ("", "Secret")


@frozen(kw_only=True)
class Delivery:
    """An output in a repository: its path there, the namespaces it writes to, and the kinds that it may hold.

    `units` are the directories that are applied each by itself, beside one a sandbox; `rewritten` the objects in them of which others
    write fields.
    """

    environment: Environment
    repository: str
    revision: str
    path: str
    units: tuple[str, ...]
    namespaces: tuple[str, ...]
    kinds: tuple[GroupKind, ...]
    cluster_kinds: tuple[GroupKind, ...]
    rewritten: tuple[Rewritten, ...] = ()

    @property
    def name(self) -> str:
        """The environment's name, with which all names begin."""
        return self.environment.name

    def directory(self, unit: str) -> str:
        """Returns the path of a directory of the output in its repository."""
        return "/".join(part for part in (self.path, unit) if part) or "."


def make_delivery(inputs: Inputs, repository: str, revision: str, path: str | None = None) -> Delivery:
    """Returns what an environment's output needs: by the environment and its base, never by which sandboxes exist.

    `path` is where the output lies in the repository, where that is not where it is written (None). Raises OutsideRoot.
    """
    environment, base = inputs.environment, inputs.base
    is_full = environment.output.base == "full"
    scopes = declared_scopes(r.manifest for r in base.of("apiextensions.k8s.io", "CustomResourceDefinition"))
    held = {(r.id.group, r.id.kind) for r in base.resources if is_full} - {_SECRET}
    cluster = {key for key in held if is_cluster_scoped(*key, scopes)}
    written = _written(environment)
    homes = {r.id.namespace for r in base.resources if is_full or (r.id.group, r.id.kind) in written | WORKLOADS.keys()}
    return Delivery(
        environment=environment,
        repository=repository,
        revision=revision,
        path=output_path(environment) if path is None else join("", path),
        units=("shared", "base") if is_full else ("shared",),
        namespaces=tuple(sorted({environment.default_namespace, *homes} - {""})),
        kinds=tuple(sorted(written | (held - cluster))),
        cluster_kinds=tuple(sorted(cluster)),
        rewritten=tuple(rewritten(environment, base)),
    )


def _written(environment: Environment) -> set[GroupKind]:
    """Returns the kinds that are written for sandboxes: clones, routes, copies of policies, and what policy lets specs bring."""
    brought = {group_of_kind(kind) for kind in environment.policy.resource_kinds}
    policies = {*(key for key, row in FOLLOWING.items() if row.is_copied), *ATTACHING}
    routes = (*_GATEWAY_API, *(_ISTIO if environment.is_istio else ()))
    own = _OWN if environment.output.custom_resources else ()
    return {*CLONES, ("", "ConfigMap"), ("", "Service"), *routes, *policies, *own, *brought}
