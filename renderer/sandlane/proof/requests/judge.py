"""Promises 1, 2, 3 and 5 for HTTP: what every request meets in the base and in the output, judged on compiled tables.

For every client, host, port and authority that can differ, and in every scene (no carrier, a stranger's, each tenant's by each
carrier, alone and beside somebody else's), the rules that are left in the output are those that are left in the base, with a
tenant's clones in place of what it cloned. No text of the output is looked at: what no request can tell is for other obligations.

`prove` does not ask it yet: at hundreds of tenants it costs more than the obligations whose place it is to take.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sandlane.k8s.hosts import ServiceHost
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, dotted
from sandlane.proof.claims import may_choose
from sandlane.proof.literals import is_disabled
from sandlane.proof.requests.addresses import addresses_of
from sandlane.proof.requests.outcomes import Clones, Spelling, said, with_clones
from sandlane.proof.requests.rest import Class, Left, first_difference, rest
from sandlane.proof.requests.scenes import (
    STRANGER,
    Literals,
    Scene,
    Split,
    carrier_atoms,
    is_repeated,
    make_literals,
    of_tenant,
    split,
    strangers,
)
from sandlane.proof.requests.told import told
from sandlane.proof.requests.whole import whole_of
from sandlane.proof.world import World, directory
from sandlane.semantics import compile_address
from sandlane.semantics.network import Network, make_network, overlaid
from sandlane.semantics.outcomes import Destination, Forward, NoCluster
from sandlane.semantics.policies import policy_of
from sandlane.semantics.predicates import Atom
from sandlane.semantics.request import Address
from sandlane.semantics.tables import Rule, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What requests are judged by: both networks, the carriers' conditions, and who cloned what by host."""

    world: World
    before: Network
    after: Network
    literals: Literals
    clones: Mapping[str, Mapping[str, str]]
    cloned_by: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """One table of the base and the output's of the same address, with the rules sorted by tenant."""

    address: Address
    base: Split
    output: Split
    spelling: Spelling
    base_hosts: frozenset[str]
    is_open: bool
    """Whether tenants may be chosen here."""


def check(world: World) -> Iterator[Problem]:
    """Yields what requests meet in the output and would not meet in the base, one problem for each rule of the output."""
    judge = make_judge(world)
    seen: set[tuple[object, ...]] = set()
    for address in addresses_of(judge.before, judge.after, previews=_previews(world)):
        for found in _at(judge, address):
            key = (found.code, found.source, found.path)
            if key not in seen:
                seen.add(key)
                yield found


def make_judge(world: World) -> Judge:
    """Indexes who reaches which clone; a clone that is missing is a matter of P4."""
    environment = world.claims.environment
    domain = environment.cluster.domain
    clones: dict[str, dict[str, str]] = {}
    cloned_by: dict[str, list[str]] = {}
    for tenant in sorted(world.reach):
        for service in sorted(world.cloned[tenant]):
            made = (world.clone_services.get((service, member)) for member in sorted(world.reach[tenant]))
            clone = next((c for c in made if c), None)
            if clone:
                host = ServiceHost(service.namespace, service.name).fqdn(domain)
                clones.setdefault(tenant, {})[host] = ServiceHost(clone.id.namespace, clone.id.name).fqdn(domain)
                cloned_by.setdefault(host, []).append(tenant)
    after = make_network(
        overlaid(world.base, world.output.resources),
        mesh=environment.mesh, domain=domain, root=environment.cluster.root_namespace,
    )  # fmt: skip
    return Judge(
        world=world,
        before=world.network,
        after=after,
        literals=make_literals(environment.carriers, world.reach),
        clones=clones,
        cloned_by={host: tuple(tenants) for host, tenants in cloned_by.items()},
    )


def _previews(world: World) -> frozenset[str]:
    preview = world.claims.environment.preview
    if preview is None:
        return frozenset()
    return frozenset(preview.host.replace("{tenantID}", holder.tenant).lower() for holder in world.holders.values())


def _at(judge: Judge, address: Address) -> Iterator[Problem]:
    base, output = compile_address(judge.before, address), compile_address(judge.after, address)
    if len(base) != len(output):
        what = f"depends on {len(output)} things that manifests do not say, and in the base on {len(base)}"
        yield _problem(judge, "SL601", None, f"a request {told(address)}: what it meets {what}", output[0])
        return
    for one, two in zip(base, output, strict=True):
        yield from _compared(judge, _tables(judge, address, one, two))


def _tables(judge: Judge, address: Address, base: Table, output: Table) -> Tables:
    known = carrier_atoms(judge.literals, base)
    routes = judge.world.claims.environment.routes
    gateway = f"{address.client.namespace}/{address.client.name}" if address.client.kind == "gateway" else "mesh"
    removed = judge.literals.names if gateway in routes.strip else frozenset[str]()
    spelling = Spelling(domain=judge.before.domain, answer=routes.answer_header or "", removed=removed)
    return Tables(
        address=address,
        base=split(judge.literals, base, known),
        output=_once(split(judge.literals, output, known), spelling),
        spelling=spelling,
        base_hosts=frozenset(_hosts(base)),
        is_open=may_choose(judge.world.claims.environment, gateway),
    )


def _once(split: Split, spelling: Spelling) -> Split:
    """Returns a split without rules that another object of the same rank has as well: the defaults of several tenants."""
    kept: dict[tuple[object, ...], tuple[int, Rule]] = {}
    for number, rule in split.common:
        is_ranked = len(rule.rank) > 1
        text = said(spelling, rule.outcome, rule.origin.resource.id.namespace)
        kept.setdefault((rule.predicate, rule.rank, rule.doubt, text) if is_ranked else (number,), (number, rule))
    return replace(split, common=tuple(kept.values()))


def _compared(judge: Judge, tables: Tables) -> Iterator[Problem]:
    for rule, atom in tables.output.strange if not tables.spelling.removed else ():
        what = f"a request {told(tables.address)}: a rule asks for '{atom.name}' with '{atom.text.value}', which is no tenant's"
        yield _problem(
            judge, "SL603", Left(conditions=frozenset(), outcome=rule.outcome, rule=rule, origin=rule.origin), what
        )
    named = [
        a.text.value for a in carrier_atoms(judge.literals, tables.base.table) if a.text.kind in ("exact", "prefix")
    ]
    tenants = _tenants(judge, tables, named)
    for scene in strangers(judge.literals, named, tenants or sorted(judge.world.reach)[:1]):
        yield from _in_scene(judge, tables, scene)
    first_decides = not any(r.origin.resource.id.kind.endswith("Route") for r in tables.output.table.rules[:1])
    judged: set[tuple[object, ...]] = set()
    for number, tenant in enumerate(tenants):
        shape = _shape(judge, tables, tenant)
        if shape in judged and tenant not in named:
            continue  # another tenant with the same rules, but for its name, was judged
        judged.add(shape)
        other = tenants[number - 1] if len(tenants) > 1 else STRANGER
        for scene in of_tenant(judge.literals, tenant, other, first_decides=first_decides):
            yield from _in_scene(judge, tables, scene)


def _tenants(judge: Judge, tables: Tables, named: Sequence[str]) -> list[str]:
    """Returns the tenants for whom anything can differ here: they have rules, or cloned what rules send to, or are named."""
    found = {*tables.base.own, *tables.output.own, *(name for name in named if name in judge.world.reach)}
    for host in (*tables.base_hosts, tables.address.host):
        found |= {*judge.cloned_by.get(host, ())}
    return sorted(found)


def _shape(judge: Judge, tables: Tables, tenant: str) -> tuple[object, ...]:
    """Returns what a tenant's rules are but for its name: equal shapes have equal verdicts."""
    clones = judge.clones.get(tenant, {})
    hosts = {*tables.base_hosts, tables.address.host}
    found: list[object] = [frozenset(host for host in clones if host in hosts)]
    for number, rule in tables.output.own.get(tenant, ()):
        text = said(tables.spelling, rule.outcome, rule.origin.resource.id.namespace)
        for host, clone in clones.items():
            text = text.replace(clone, f"clone of {host}")
        predicate = tuple(
            replace(atom, text=replace(atom.text, value="")) if _names(judge.literals, atom, tenant) else atom
            for atom in rule.predicate
        )
        before = bisect_left(tables.output.common, number, key=lambda pair: pair[0])
        found.append((before, predicate, rule.rank, rule.doubt, text, rule.origin.resource.id.kind))
    return tuple(found)


def _names(literals: Literals, atom: Atom, tenant: str) -> bool:
    """Tells whether a condition is a tenant's own literal."""
    kind = "regex" if atom.text.kind == "found" else atom.text.kind
    return atom.subject == "header" and literals.tenants.get((atom.name, kind, atom.text.value)) == tenant


def _hosts(table: Table) -> set[str]:
    outcomes = [table.otherwise, *(rule.outcome for rule in table.rules)]
    return {d.host for outcome in outcomes if isinstance(outcome, Forward) for d in outcome.destinations}


def _in_scene(judge: Judge, tables: Tables, scene: Scene) -> Iterator[Problem]:
    modes = tables.output.table.modes if is_repeated(scene) else tables.output.table.modes[:1]
    names = judge.literals.names
    asked = [tenant for name, value in scene.headers for tenant in _meant(judge.literals, name, value)]
    for mode in modes:
        base = rest(tables.base.table, tables.base.rules(asked), names, scene, mode)
        output = rest(tables.output.table, tables.output.rules(asked), names, scene, mode)
        wanted = _wanted(judge, tables, base, scene.tenant)
        key = partial(_said, tables.spelling)
        found = first_difference(wanted, output, key, key)
        if found is None or (scene.tenant and not tables.base.table.rules and _is_unrouted(base, output, key)):
            continue
        if scene.tenant and _lacks_subset(found[0]):
            continue  # a clone has no need of a subset that only labels make (rule R-I5)
        yield _differs(judge, tables, scene, found)
        return


def _lacks_subset(left: Left | None) -> bool:
    """Tells whether requests fail in the base for want of a subset that their client can see."""
    return (
        left is not None and isinstance(left.outcome, NoCluster) and "no DestinationRule has subset" in left.outcome.why
    )


def _meant(literals: Literals, name: str, value: str) -> Iterator[str]:
    """Yields the claimed tenants that a header line may name, to find their rules."""
    if name != "baggage":
        yield value
        return
    for member in value.split(","):
        yield member.partition(";")[0].partition("=")[2].strip()


def _is_unrouted(base: Sequence[Class], output: Sequence[Class], key: partial[str]) -> bool:
    return first_difference(base, output, key, key) is None


def _said(spelling: Spelling, left: Left) -> str:
    namespace = left.origin.resource.id.namespace if left.origin else ""
    return said(spelling, left.outcome, namespace)


def _wanted(judge: Judge, tables: Tables, base: Sequence[Class], tenant: str | None) -> Sequence[Class]:
    """Returns the rest that a tenant has to meet: the base's with its clones."""
    hosts = judge.clones.get(tenant or "", {})
    if not hosts or not tables.is_open:
        return base
    whole = whole_of(judge.before, tables.address, tables.base.table, hosts)
    clones = Clones(hosts=hosts, whole=whole)
    return tuple(
        tuple(tuple(_replaced(judge, tables, clones, left) for left in group) for group in groups) for groups in base
    )


def _replaced(judge: Judge, tables: Tables, clones: Clones, left: Left) -> Left:
    if left.origin and is_disabled(left.origin.resource):
        return left
    used = clones if left.rule else replace(clones, whole=None)
    namespace = left.origin.resource.id.namespace if left.origin else ""
    return replace(
        left,
        outcome=with_clones(left.outcome, used, tables.spelling, namespace, partial(_called, judge, tables.address)),
    )


def _called(judge: Judge, address: Address, destination: Destination) -> Destination:
    """Returns a destination as its clone is called: without what a subset has by a pattern of hosts alone (rule R-I10)."""
    policy = destination.policy
    if not destination.subset or policy is None:
        return destination
    if not all("*" in str((o.resource.manifest.get("spec") or {}).get("host")) for o in policy.origins):
        return destination
    plain = policy_of(judge.before, address.client, destination.host, "", destination.port)
    return replace(destination, policy=plain)


def _differs(judge: Judge, tables: Tables, scene: Scene, found: tuple[Left | None, Left | None]) -> Problem:
    wanted, met = found
    code = "SL602" if scene.tenant else "SL603" if _is_tenants(judge, met) else "SL601"
    request = told(tables.address, (met or wanted), scene)
    what = f"a request {request}: {_place(met)} {_does(met)}, expected what {_place(wanted)} does: {_does(wanted)}"
    return _problem(judge, code, met or wanted, what, tables.output.table)


def _is_tenants(judge: Judge, left: Left | None) -> bool:
    return bool(left and isinstance(left.outcome, Forward) and any(
        service is not None and directory(service).startswith("sandboxes/")
        for d in left.outcome.destinations
        for service in [_added(judge, d.host)]
    ))  # fmt: skip


def _added(judge: Judge, host: str) -> Resource | None:
    known = judge.after.hosts.get(host)
    id: ResourceId | None = known.resource.id if known and host not in judge.before.hosts else None
    return judge.world.added_service(id)


def _place(left: Left | None) -> str:
    if left is None or left.origin is None:
        return "the default"
    source = left.origin.resource.source
    return f"{source.file} '{left.origin.resource.id}' {dotted(left.origin.path)}"


def _does(left: Left | None) -> str:
    if left is None:
        return "nothing"
    outcome = left.outcome
    if isinstance(outcome, Forward):
        return "sends to " + ", ".join(f"{d.host}:{d.port}" for d in outcome.destinations)
    return f"answers with {type(outcome).__name__}"


def _problem(judge: Judge, code: str, left: Left | None, what: str, table: Table | None = None) -> Problem:
    origin = (left.origin if left else None) or (table.origin if table else None)
    source = origin.resource.source if origin else judge.world.claims.environment.source
    return report(code, source=source, path=origin.path if origin else (), what=what)
