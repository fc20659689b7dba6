"""The http entries of one VirtualService as rules for one proxy (S1 to S4, S7 to S9, S15, S28)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.k8s.ports import istio_protocol
from sandlane.k8s.resource import Manifest, Resource
from sandlane.semantics.delegates import Entry, entries_of
from sandlane.semantics.istio_matches import Proxy, doubt_about, has_claims, is_catch_all, is_for, predicate_of
from sandlane.semantics.network import Network
from sandlane.semantics.objects import Host
from sandlane.semantics.outcomes import Destination, Direct, Forward, Origin, Outcome, Redirect, Unknown, forward
from sandlane.semantics.policies import has_subset, policy_of
from sandlane.semantics.tables import Rule, doubt_of

LAST = (0,)
"""The rank of a catch-all at a gateway, where others stand before it whatever their order."""
EARLIER = (1,)


def rules_of(network: Network, resource: Resource, proxy: Proxy) -> tuple[Rule, ...]:
    """Returns the rules that a VirtualService gives a proxy; after its first catch-all no more are read (S15)."""
    return tuple(_until_catch_all(network, resource, proxy))


def _until_catch_all(network: Network, resource: Resource, proxy: Proxy) -> Iterator[Rule]:
    for entry in entries_of(network, resource):
        outcome = outcome_of(network, proxy, entry.body)
        for match, path in _matches(entry):
            if not is_for(match, proxy):
                continue
            predicate = predicate_of(match)
            is_last = is_catch_all(predicate) and not has_claims(match)
            yield Rule(
                predicate=predicate,
                outcome=outcome,
                origin=Origin(resource=entry.origin.resource, path=path),
                rank=LAST if is_last and proxy.client.kind == "gateway" else EARLIER,
                group=str(resource.id),
                doubt=doubt_about(match, proxy) or doubt_of(predicate),
            )
            if is_last:
                return


def _matches(entry: Entry) -> list[tuple[Manifest, tuple[str | int, ...]]]:
    """Returns the matches of an entry, each with its place; merged matches of delegates are placed at their entry."""
    written: Sequence[Manifest] = entry.body.get("match") or ({},)
    own = entry.matches == len(written)
    return [(match or {}, (*entry.origin.path, "match", number) if own else entry.origin.path)
            for number, match in enumerate(written)]  # fmt: skip


def outcome_of(network: Network, proxy: Proxy, body: Manifest) -> Outcome:
    """Returns what an entry does with a request."""
    fault, changes = body.get("fault"), body.get("headers")
    if body.get("redirect"):
        return Redirect(how=body["redirect"], changes=changes, fault=fault)
    if body.get("directResponse"):
        return Direct(how=body["directResponse"], changes=changes, fault=fault)
    route = body.get("route") or ()
    live = [r for r in route if r.get("weight")] if len(route) > 1 else route
    if not live:
        return Unknown("all weights are 0" if route else "the entry has neither a route nor a redirect")
    destinations = tuple(_destination(network, proxy, item, is_only=len(live) == 1) for item in live)
    mirrors = tuple(body.get("mirrors") or ())
    if body.get("mirror"):
        share = {k: body[k] for k in ("mirrorPercentage", "mirrorPercent", "mirror_percent") if k in body}
        mirrors = ({"destination": body["mirror"], **share}, *mirrors)
    mirrors = tuple(mirror for mirror in mirrors if _has_cluster(network, proxy, mirror.get("destination") or {}))
    made = forward(
        destinations,
        changes=changes,
        rewrite=body.get("rewrite"),
        timeout=body.get("timeout"),
        retries=body.get("retries"),
        fault=fault,
        cors=body.get("corsPolicy"),
        mirrors=mirrors,
    )
    known = (network.hosts.get(d.host) for d in destinations if d.host != proxy.dialled)
    headless = [host.name for host in known if host and host.is_headless]
    if headless and proxy.client.kind != "gateway":
        why = f"'{headless[0]}' is headless: what a route sends there goes to the address that was dialled"
        return Unknown(why, made if isinstance(made, Forward) else None)
    return made


def _has_cluster(network: Network, proxy: Proxy, to: Mapping[str, Any]) -> bool:
    """Tells whether a mirror's subset exists: to a cluster that does not Envoy mirrors nothing."""
    host, subset = str(to.get("host")), str(to.get("subset") or "")
    port = (to.get("port") or {}).get("number") or _port(network, proxy, host)
    return not subset or has_subset(policy_of(network, proxy.client, host, subset, port), subset)


def _destination(network: Network, proxy: Proxy, item: Manifest, *, is_only: bool) -> Destination:
    to: Mapping[str, Any] = item["destination"]
    host, subset = str(to["host"]), str(to.get("subset") or "")
    port = (to.get("port") or {}).get("number") or _port(network, proxy, host)
    return destination(
        network, proxy, host, port, subset, weight=1 if is_only else item["weight"], changes=item.get("headers")
    )


def destination(
    network: Network, proxy: Proxy, host: str, port: int, subset: str = "", *, weight: int = 1, changes: Any = None
) -> Destination:
    """Returns a destination with its effective policy, and with what happens where its cluster does not exist.

    An ExternalName Service that the proxy knows for its listener's port is a name for its host; else it has no cluster.
    """
    named, alias = network.hosts.get(host), ""
    if named and named.is_external and (proxy.client.kind == "gateway" or proxy.port in named.ports):
        host, alias = named.external_name, host
    policy = policy_of(network, proxy.client, host, subset, port)
    failure = failure_of(network, proxy, host, port)
    if subset and not failure and not has_subset(policy, subset):
        failure = f"503: no DestinationRule has subset '{subset}' of '{host}'"
    return Destination(
        host=host, port=port, subset=subset, weight=weight, changes=changes, policy=policy, failure=failure, alias=alias
    )


def failure_of(network: Network, proxy: Proxy, host: str, port: int) -> str:
    """Returns why a proxy has no cluster for a host and port, or ''."""
    known = network.hosts.get(host)
    if known is None:
        return f"503: '{host}' is no host that the mesh knows"
    if known.is_external:
        return f"503: '{host}' is a name for another host and has no endpoints"
    if port not in known.ports:
        return f"503: '{host}' has no port {port}"
    if istio_protocol(known.ports[port]) == "udp":
        return f"503: port {port} of '{host}' is one for UDP"
    if not known.is_seen(proxy.client.namespace) and not _is_own_destination(network, proxy, known):
        return f"503: '{host}' is not exported to namespace '{proxy.client.namespace}'"
    return ""


def _is_own_destination(network: Network, proxy: Proxy, host: Host) -> bool:
    """Tells whether a host is known in its own namespace because a VirtualService of the mesh sends to it, whatever it is exported to.

    Istio: pilot/pkg/model/sidecar.go (collectImportedServices), also for gateways, whose scope is that of a sidecar without a Sidecar.
    """
    namespace = proxy.client.namespace
    if host.resource.id.namespace != namespace or proxy.client.kind not in ("sidecar", "gateway"):
        return False
    if proxy.client.kind == "sidecar":
        return True  # the entry that sends to it is such a VirtualService's
    return any(
        network.full(str((item.get("destination") or {}).get("host")), vs.namespace) == host.name
        for vs in network.in_mesh(namespace)
        for entry in vs.spec.get("http") or ()
        for item in entry.get("route") or ()
    )


def _port(network: Network, proxy: Proxy, host: str) -> int:
    """Returns the port of a destination that names none: the listener's, but at gateways the only one of its Service.

    Istio: route.go (GetDestinationCluster). A sidecar looks Services up among those that have the listener's port, with that alone
    (httproute.go, BuildSidecarOutboundVirtualHosts); a gateway among all (gateway.go, buildNameToServiceMapForHTTPRoutes).
    """
    known = network.hosts.get(host) if proxy.client.kind != "sidecar" else None
    return next(iter(known.ports)) if known and len(known.ports) == 1 else proxy.port
