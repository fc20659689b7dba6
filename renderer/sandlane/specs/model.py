"""Our own kinds as typed records, built from documents that `sandlane.specs.schema` has checked, so that nothing here checks again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, ResourceId
from sandlane.k8s.visibility import SHOWN_TO_ALL, ExportDefaults
from sandlane.overrides.changes import Changes
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source


class Spec:
    """What a person or team writes beside the environment: problems of it leave its sandbox or route group out."""

    __slots__ = ()
    source: Source

    def problem(self, code: str, *path: str | int, **values: Any) -> Problem:
        """Returns a problem at a place in the document."""
        return report(code, source=self.source, path=path, sandbox=self.source, **values)


@frozen(kw_only=True)
class Carrier:
    """A place where a request carries the tenantID: a header of its own, or a member of W3C baggage."""

    header: str | None = None
    baggage: str | None = None

    def line(self, tenant: str) -> tuple[str, str]:
        """Returns the header of a request that carries a tenantID: its name, as the environment writes it, and its value."""
        return (self.header, tenant) if self.header else ("baggage", f"{self.baggage}={tenant}")

    @property
    def kind(self) -> str:
        """What it is, for its `name` to follow."""
        return "header" if self.header else "baggage member"

    @property
    def name(self) -> str:
        """The name of the header, or of the member."""
        return self.header or self.baggage or ""


@frozen(kw_only=True)
class ObjectName:
    """Names a base route object in `routes.adopt`."""

    kind: str
    name: str
    namespace: str


@frozen(kw_only=True)
class RoutePatch:
    """A JSON patch of generated route objects: those of a kind, and of a name and a namespace where these are given."""

    kind: str
    name: str | None
    namespace: str | None
    operations: tuple[Manifest, ...] = field(repr=False)


@frozen(kw_only=True)
class Routes:
    """The environment's `routes`; gateways in `strip` are `namespace/name`."""

    adopt: tuple[ObjectName, ...]
    answer_header: str | None = None
    entry: str = "any"
    strip: tuple[str, ...] = ()
    patches: tuple[RoutePatch, ...] = ()


@frozen(kw_only=True)
class Preview:
    """The environment's `preview`: a host with `{tenantID}` in it, the gateway as `namespace/name`, and the base's host."""

    host: str
    gateway: str
    of: str | None

    def host_of(self, tenant: str) -> str:
        """Returns the host of a tenant's preview."""
        return self.host.replace("{tenantID}", tenant)

    def wildcard(self) -> str | None:
        """Returns the host that covers all previews; there is one where the tenantID is a label of its own, the first."""
        return self.host_of("*") if self.host.startswith("{tenantID}.") else None


@frozen(kw_only=True)
class LinkerdFacts:
    """The environment's `cluster.linkerd`: whether its proxies take matches of GRPCRoutes without a method."""

    grpc_matches_without_method: bool = False


@frozen(kw_only=True)
class Cluster:
    """The environment's `cluster`: what manifests cannot say.

    `istio` is what MeshConfig says where the base does not hold it; `waypoint` is that of Services for which the base names none;
    `linkerd` is what its version decides.
    """

    domain: str
    root_namespace: str
    istio: ExportDefaults = SHOWN_TO_ALL
    waypoint: ResourceId | None = None
    linkerd: LinkerdFacts = LinkerdFacts()


@frozen(kw_only=True)
class FluxUnits:
    """The environment's `output.flux`: the source that Kustomizations name, and where the output lies in it (None: as in the tree)."""

    kind: str
    name: str
    namespace: str
    interval: str
    path: str | None = None


@frozen(kw_only=True)
class Output:
    """The environment's `output`; `path` is relative to the directory of its file."""

    path: str
    base: str
    custom_resources: bool = False
    flux: FluxUnits | None = None


@frozen(kw_only=True)
class Rule:
    """A standing rule: kustomize's target, and what every clone of the workloads that it names gets."""

    target: Mapping[str, str]
    changes: Changes


@frozen(kw_only=True)
class Policy:
    """The environment's `policy`: guard rails on what specs may ask for."""

    images: tuple[str, ...]
    resource_kinds: tuple[str, ...]
    require: tuple[str, ...]
    max_per_owner: int | None
    privileges: tuple[str, ...]


@frozen(kw_only=True)
class DeclaredCall:
    """An entry of the environment's `calls`: a workload and the Services that it calls."""

    caller: ResourceId
    services: tuple[ResourceId, ...]


@frozen(kw_only=True)
class Environment:
    """An `Environment` document: where the base is, which mesh, and how requests name their tenant.

    `directory` is that of its file; `base` and `sandboxes` are as written, relative to it.
    """

    name: str
    source: Source
    directory: str
    base: tuple[str, ...]
    default_namespace: str
    mesh: str
    carriers: tuple[Carrier, ...]
    tenant_label: str
    sandboxes: tuple[str, ...]
    routes: Routes
    rules: tuple[Rule, ...]
    policy: Policy
    cluster: Cluster
    output: Output
    preview: Preview | None = None
    calls: tuple[DeclaredCall, ...] = ()

    @property
    def is_istio(self) -> bool:
        """Tells whether the mesh is Istio's, with sidecars or without."""
        return self.mesh.startswith("istio")

    def problem(self, code: str, *path: str | int, **values: Any) -> Problem:
        """Returns a problem at a place in the document, which is no single sandbox's."""
        return report(code, source=self.source, path=path, **values)


@frozen(kw_only=True)
class Acceptance:
    """An acceptable problem that a sandbox accepts, with its reason."""

    code: str
    object: str
    reason: str


@frozen(kw_only=True)
class Workload:
    """A workload that a sandbox clones, or with `use` one that another takes the place of. `path` leads to it in the spec."""

    path: Path
    kind: str
    namespace: str
    name: str
    changes: Changes
    replicas: int
    accept: tuple[Acceptance, ...]
    use: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


@frozen(kw_only=True)
class ResourceFile:
    """A file of further manifests of a sandbox. `path` leads to its entry in the spec."""

    path: Path
    file: str
    text: bytes


@frozen(kw_only=True)
class Sandbox(Spec):
    """A `DevelopmentSandbox` document, and `document` as it is written; `tenant_path` leads to where its tenantID stands."""

    name: str
    labels: Mapping[str, str]
    source: Source
    tenant: str
    tenant_path: Path = ("metadata", "name")
    owner: str | None
    expires: str | None
    suspend: bool
    workloads: tuple[Workload, ...]
    resources: tuple[ResourceFile, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@frozen(kw_only=True)
class RouteGroup(Spec):
    """A `RouteGroup` document, and `document` as it is written: a tenantID that reaches the clones of several sandboxes."""

    name: str
    source: Source
    tenant: str
    tenant_path: Path = ("metadata", "name")
    owner: str | None
    expires: str | None
    sandboxes: tuple[str, ...]
    match_labels: Mapping[str, str] | None
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
