"""The plan: what is cloned for whom, under which names, labels and selectors.

`sandlane.plan.make` decides every name once; clone and routes read them here and never each other's output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.k8s.workload_kinds import WorkloadKind
from sandlane.overrides.addresses import Addresses
from sandlane.overrides.changes import Changes
from sandlane.plan.policies.attached import Attached, AttachedCopy
from sandlane.plan.policies.network import Admitted, Peer
from sandlane.plan.policies.selecting import Following
from sandlane.plan.relabel import Labels, Relabelled, Selectors
from sandlane.problems.problem import Problem, Source
from sandlane.specs.model import Environment, RouteGroup, Sandbox, Workload

Unroutable = Mapping[tuple[ResourceId, tuple[int, str]], str]
"""Service and its port (number and protocol) -> why its requests cannot be routed by tenant."""


@frozen(kw_only=True)
class WorkloadClone:
    """A clone of a workload: its id, the labels of its pods, and the base Services that select its origin.

    `manifest` is the origin's with all overrides made; `changes` are these, in order; `config` is a digest of the
    ConfigMaps that the clone has copies of.
    """

    sandbox: Sandbox
    workload: Workload
    row: WorkloadKind
    origin: Resource
    id: ResourceId
    pods: Relabelled
    selector: Labels
    services: tuple[Resource, ...]
    headless: ResourceId | None
    manifest: Manifest = field(repr=False)
    changes: tuple[Changes, ...] = ()
    config: str | None = None


@frozen(kw_only=True)
class ConfigMapClone:
    """A sandbox's copy of a ConfigMap, with some keys set and some (None) removed."""

    sandbox: Sandbox
    origin: Resource
    id: ResourceId
    data: Mapping[str, str | None]


@frozen(kw_only=True)
class ServiceClone:
    """A clone of a Service: it selects exactly the sandbox's clones of the workloads behind its origin.

    `workload` is the first entry of the spec that asks for it. With `use` it selects the pods of an existing workload.
    """

    sandbox: Sandbox
    workload: Workload
    origin: Resource
    id: ResourceId
    selector: Labels
    clones: tuple[WorkloadClone, ...]


@frozen(kw_only=True)
class Tenant:
    """A tenantID and the clone that it reaches for each base Service; of a sandbox or of a route group.

    `members` are the names of a route group's sandboxes, or of the one sandbox.
    """

    spec: Sandbox | RouteGroup
    services: Mapping[ResourceId, ServiceClone]
    members: tuple[str, ...]

    @property
    def id(self) -> str:
        """The tenantID."""
        return self.spec.tenant

    @property
    def name(self) -> str:
        """The name of the sandbox or route group, and of its directory."""
        return self.spec.name

    @property
    def source(self) -> Source:
        """Where the spec is."""
        return self.spec.source


@frozen(kw_only=True)
class PolicyCopy:
    """A policy that selects an origin's pods and not its clone's, copied for the clone; `why_not`: why that cannot be."""

    clone: WorkloadClone
    policy: Resource
    row: Following
    id: ResourceId
    why_not: str | None = None


@frozen(kw_only=True)
class Admission:
    """A policy that lets the clones of a workload in or through where a NetworkPolicy of the base lets the workload."""

    policy: Resource
    origin: str
    peers: tuple[Peer, ...]
    id: ResourceId


@frozen(kw_only=True)
class AttachedPolicy:
    """A copy of a policy that targets a Service or another policy: it targets the clone or copy of that. `workload` asks for it."""

    sandbox: Sandbox
    workload: Workload
    copy: AttachedCopy


@frozen(kw_only=True)
class Policies:
    """Copies of policies for clones: `copies` of those that select pods, `admissions` for all tenants, and copies `attached` to copies.

    `admitted`: place of a NetworkPolicy's peer -> the base's workloads that it means, by namespace and origin label.
    """

    copies: tuple[PolicyCopy, ...] = ()
    admissions: tuple[Admission, ...] = ()
    attached: tuple[AttachedPolicy, ...] = ()
    admitted: Admitted


@frozen(kw_only=True)
class Plan:
    """All decisions on clones; `sandboxes` are those with clones; tenants are sorted by tenantID.

    `attached` are the base's policies by what they name; `addresses` are those of clones, by the name of their sandbox.
    """

    environment: Environment
    base: Base
    selectors: Selectors
    attached: Attached
    policies: Policies
    sandboxes: tuple[Sandbox, ...]
    clones: tuple[WorkloadClone, ...]
    services: tuple[ServiceClone, ...]
    config_maps: tuple[ConfigMapClone, ...]
    addresses: Mapping[str, Addresses]
    tenants: tuple[Tenant, ...]
    problems: tuple[Problem, ...]

    @property
    def cloned(self) -> frozenset[ResourceId]:
        """The Services of the base that any tenant has clones of."""
        return frozenset(service for tenant in self.tenants for service in tenant.services)
