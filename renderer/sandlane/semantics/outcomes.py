"""What happens to a request: the outcomes of the abstract model (docs/rules/model.md)."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource
from sandlane.problems.problem import Path


@frozen(kw_only=True)
class Origin:
    """Where something stands in a manifest."""

    resource: Resource
    path: Path

    def __str__(self) -> str:
        return str(self.resource.id)


@frozen(kw_only=True)
class Policy:
    """The effective trafficPolicy of a destination, with subset and port merged in, and the DestinationRules that it comes from.

    `labels` are those of the subset; `doubt` says what decides between several DestinationRules and is not known.
    """

    traffic: Manifest
    labels: Manifest
    origins: tuple[Origin, ...] = field(compare=False)
    doubt: str = ""


@frozen(kw_only=True)
class Destination:
    """One destination of a route. `host` is a full name; `weight` is its share among those that take part.

    `failure` says what a request that is sent there gets instead: `503: …` or `500: …`. `alias` is the ExternalName Service by which
    the route names the host, if it does.
    """

    host: str
    port: int
    subset: str = ""
    weight: int = 1
    changes: Any = None
    policy: Policy | None = None
    failure: str = ""
    alias: str = ""


@frozen(kw_only=True)
class Forward:
    """The request is sent on. Everything but `destinations` is as the manifests have it.

    `changes` are operations on headers; `other` are filters whose effect the model does not know.
    """

    destinations: tuple[Destination, ...]
    changes: Any = None
    rewrite: Any = None
    timeout: Any = None
    retries: Any = None
    fault: Any = None
    cors: Any = None
    mirrors: tuple[Any, ...] = ()
    other: tuple[Any, ...] = ()


@frozen(kw_only=True)
class Redirect:
    """The client is sent elsewhere; faults of the rule come first."""

    how: Any
    changes: Any = None
    fault: Any = None


@frozen(kw_only=True)
class Direct:
    """The proxy answers by itself."""

    how: Any
    changes: Any = None
    fault: Any = None


@frozen
class NotFound:
    """404: routes are known for the host, and none matches."""


@frozen
class NoCluster:
    """The rule leads to nothing that exists: `why` begins with the status. `meant` is what it says, where its destinations fail."""

    why: str
    meant: Forward | None = field(default=None, compare=False, repr=False)


@frozen
class Passthrough:
    """The mesh knows nothing of the host and sends the request where its address leads."""


@frozen
class Blackhole:
    """502: the mesh knows nothing of the host, and lets nothing else through."""


@frozen
class L4:
    """The connection goes to a host; nothing looks at the request in it."""

    host: str
    port: int


@frozen
class Unknown:
    """The model cannot tell, and says why; `meant` is what the rule says, where that alone is not enough to tell."""

    why: str
    meant: Forward | None = field(default=None, compare=False, repr=False)


Outcome = Forward | Redirect | Direct | NotFound | NoCluster | Passthrough | Blackhole | L4 | Unknown


def meant_by(outcome: Outcome) -> Outcome | None:
    """Returns what a rule says, also where that leads to nothing, or is not enough to tell."""
    return outcome.meant if isinstance(outcome, NoCluster | Unknown) else outcome


def forward(destinations: tuple[Destination, ...], **rest: Any) -> Outcome:
    """Returns a Forward, or NoCluster where no destination can answer."""
    made = Forward(destinations=destinations, **rest)
    if destinations and all(destination.failure for destination in destinations):
        return NoCluster(destinations[0].failure, made)
    return made
