"""Two tables of one address compared: in every scene that can matter the same rules are left, but for a tenant's clones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sandlane.problems.problem import Problem
from sandlane.proof.claims import is_patched
from sandlane.proof.literals import is_disabled
from sandlane.proof.requests.addresses import Pair
from sandlane.proof.requests.case import Case
from sandlane.proof.requests.lines import Comparison, Line, carrier_atoms, comparison, shape_of, spelled, tenants_of
from sandlane.proof.requests.outcomes import Spelling, said
from sandlane.proof.requests.rest import Left, Run, first_difference, rest
from sandlane.proof.requests.scenes import STRANGER, Scene, carried, named_by, of_tenant, required, strangers
from sandlane.proof.requests.substitution import Clones, with_clones
from sandlane.proof.requests.violations import both_do, broken
from sandlane.proof.requests.whole import is_closed, whole_of
from sandlane.proof.world import directory
from sandlane.semantics.gateway_api_matches import LINKERD, grpc_match
from sandlane.semantics.outcomes import Forward, Outcome, Unknown
from sandlane.semantics.tables import Table


def compared(case: Case, pair: Pair, base: Table, output: Table) -> Iterator[Problem]:
    """Yields requests for which two tables differ."""
    both = comparison(case, pair, base, output)
    if not both.spelling.removed:
        yield from _strange(both)
    yield from _misplaced(both, ((line, tenant) for tenant, lines in both.output.own.items() for line in lines))
    named = [a.text.value for a in carrier_atoms(case.literals, base) if a.text.kind in ("exact", "prefix")]
    tenants = tenants_of(both, named)
    # What the base names is a stranger's only where it is nobody's tenantID, also of tenants whose requests this client never makes.
    nobodys = [name for name in named if name not in case.world.clones.reach]
    for scene in strangers(case.literals, nobodys, tenants or sorted(case.world.clones.reach)[:1]):
        yield from _in_scene(both, scene)
    yield from _in_parts(both)
    judged: set[object] = set()
    for number, tenant in enumerate(tenants):
        shape = shape_of(both, tenant)
        if shape in judged and tenant not in named:
            continue  # another tenant with the same rules, but for its name, was judged
        judged.add(shape)
        other = tenants[number - 1] if len(tenants) > 1 else STRANGER
        for scene in of_tenant(case.literals, tenant, other, first_decides=not both.is_ranked):
            yield from _in_scene(both, scene)


def previewed(case: Case, pair: Pair, base: Table, output: Table) -> Iterator[Problem]:
    """Yields requests to a tenant's preview that meet what the tenant's requests to the base's host would not."""
    both = comparison(case, pair, base, output)
    spelling = replace(both.spelling, removed=frozenset(), given=case.literals.carriers)
    both = replace(both, spelling=spelling, is_open=True)
    yield from _strange(both)
    yield from _misplaced(both, ((line, str(pair.preview)) for line in both.output.common))
    own = (s for t in both.output.own for s in of_tenant(case.literals, t, STRANGER, first_decides=False))
    for scene in (*strangers(case.literals, (), ()), *own):
        yield from _in_scene(both, replace(scene, tenant=pair.preview))


def _strange(both: Comparison) -> Iterator[Problem]:
    """Yields conditions on the headers of carriers that are neither the base's nor a tenant's literal."""
    for line, atom in both.output.strange:
        met = f"asks for '{atom.name}' with '{atom.text.value}', which is no tenant's", line.rule.origin
        left = _left(both.spelling, line)
        yield broken(both.case.world, "SL603", both.pair.after, ("asks for no such thing", None), met, left)


def _misplaced(both: Comparison, lines: Iterable[tuple[Line, str]]) -> Iterator[Problem]:
    """Yields rules for a tenant's requests in the directory of somebody else: they come and go with another sandbox."""
    for line, tenant in lines:
        where = directory(line.rule.origin.resource)
        holder = both.case.world.holders.get(where)
        if holder and holder.tenant != tenant:
            headers = () if both.pair.preview else (carried(both.case.literals.carriers[0], tenant),)
            place = replace(line.rule.origin, path=("spec",))
            met = f"is decided in '{where}', which is none of '{tenant}'", place
            meant = f"is decided in shared/ or in the directory of '{tenant}'", None
            yield broken(both.case.world, "SL609", both.pair.after, meant, met, None, headers)


def _in_scene(both: Comparison, scene: Scene) -> Iterator[Problem]:
    is_repeated = len({name for name, _ in scene.headers}) < len(scene.headers)  # proxies look at that in two ways
    modes = both.output.table.modes if is_repeated else both.output.table.modes[:1]
    tenants = named_by(scene)
    for mode in modes:
        base, output = both.base.met(tenants, scene, mode), both.output.met(tenants, scene, mode)
        needed = required(both.case.literals, scene) if both.spelling.removed else frozenset[str]()
        key = (base, output, scene.tenant, needed)
        if key in both.agreed:
            continue
        found = _difference(both, scene, base, output, needed)
        if found is None:
            both.agreed.add(key)
            continue
        if not _is_patches_own(both, scene, found[1]):
            yield _violation(both, scene, found)
        return


def _difference(
    both: Comparison, scene: Scene, base: Sequence[Line], output: Sequence[Line], needed: frozenset[str]
) -> tuple[Left | None, Left | None] | None:
    """Returns the rules in which two tables differ in a scene, or None."""
    spelling = replace(spelled(both, scene.tenant), required=needed)
    wanted = _rest(replace(spelling, is_base=True), both.base.table, base, _clones(both, scene.tenant))
    return first_difference(wanted, _rest(spelling, both.output.table, output))


def _clones(both: Comparison, tenant: str | None) -> Clones | None:
    """Returns what a tenant cloned, where its requests to an address can meet that."""
    network, address, table = both.case.before, both.pair.before, both.base.table
    hosts = both.case.clones.get(tenant or "") if both.is_open else None
    if not hosts or (not table.rules and is_closed(network, address, table)):
        return None
    return Clones(network=network, address=address, hosts=hosts, whole=whole_of(network, address, table, hosts))


def _rest(spelling: Spelling, table: Table, lines: Sequence[Line], clones: Clones | None = None) -> list[Run]:
    """Returns what is left of a table; with clones in place of what was cloned, where any are given."""
    lefts = [left for line in lines for left in _lefts(spelling, line, clones)]
    namespace = table.origin.resource.id.namespace if table.origin else ""
    outcome = with_clones(table.otherwise, replace(clones, whole={}) if clones else None, namespace)
    text = said(spelling, outcome, namespace)
    return rest(lefts, Left(conditions=frozenset(), text=text, outcome=outcome, rule=None, origin=table.origin))


def _lefts(spelling: Spelling, line: Line, clones: Clones | None) -> list[Left]:
    """Returns what is left of a rule: on Linkerd, of a GRPCRoute's rule without matches, clones get calls alone.

    It takes any request, and no match says that beside a header: every match of a GRPCRoute is for calls.
    """
    left, rule = _left(spelling, line, clones), line.rule
    takes_all = rule.origin.resource.id.kind == "GRPCRoute" and not rule.predicate
    if not clones or not takes_all or clones.address.client.kind != "linkerd" or left.outcome == rule.outcome:
        return [left]
    # Calls rank above the rest, as a copy does with its header: rules of several routes that tie, tie in each of the two.
    calls = replace(rule, rank=(*rule.rank, 1))
    conditions = frozenset(grpc_match(LINKERD, {}).predicate)
    return [replace(left, conditions=conditions, rule=calls), _left(spelling, line)]


def _left(spelling: Spelling, line: Line, clones: Clones | None = None) -> Left:
    rule, outcome = line.rule, line.rule.outcome
    if clones and not is_disabled(rule.origin.resource):
        outcome = with_clones(outcome, clones, line.namespace)
    text = said(spelling, outcome, line.namespace)
    if rule.doubt:
        text, outcome = f"{text} unless {rule.doubt}", Unknown(rule.doubt)
    return Left(conditions=line.conditions, text=text, outcome=outcome, rule=rule, origin=rule.origin)


def _in_parts(both: Comparison) -> Iterator[Problem]:
    """Yields directories of sandboxes that would change what requests without a carrier meet if they alone had come (P9, rule R-O2)."""
    base = [line for line in both.base.common if not line.carried]
    wanted = _rest(both.spelling, both.base.table, base) if both.output.parts else []
    judged: set[object] = set()
    for where, lines in both.output.parts.items():
        key = frozenset(what for _, what in lines)
        if key not in judged:
            judged.add(key)
            own = [line for line, _ in lines if not line.carried]
            found = first_difference(wanted, _rest(both.spelling, both.output.table, [*base, *own]))
            if found:
                means, done = both_do(found[0], found[1])
                what = f"{done} where only '{where}' has arrived"
                met = what, found[1].origin if found[1] else lines[0][0].rule.origin if lines else None
                meant = means, found[0].origin if found[0] else None
                yield broken(both.case.world, "SL609", both.pair.after, meant, met, found[1])


def _violation(both: Comparison, scene: Scene, found: tuple[Left | None, Left | None]) -> Problem:
    wanted, met = found
    code = "SL602" if scene.tenant else "SL601"
    if met and _is_others(both, met.outcome, scene.tenant):
        code = "SL603"
    if not both.is_open and scene.headers:
        code = "SL613"
    meant, what = both_do(wanted, met)
    if both.pair.preview and wanted and isinstance(wanted.outcome, Forward):
        meant += f", with the carriers of '{both.pair.preview}'"
    places = wanted.origin if wanted else None, met.origin if met else both.output.table.origin
    return broken(
        both.case.world, code, both.pair.after, (meant, places[0]), (what, places[1]), met or wanted, scene.headers
    )


def _is_patches_own(both: Comparison, scene: Scene, met: Left | None) -> bool:
    """Tells whether a tenant's own rule does otherwise than the base's because the environment patches its object."""
    case, rule = both.case, met.rule if met else None
    if rule is None or met is None or scene.tenant is None or _is_others(both, met.outcome, scene.tenant):
        return False
    own = any(rule is line.rule for line in both.output.own.get(scene.tenant, ()))
    return own and is_patched(case.world.claims.environment, rule.origin.resource.id)


def _is_others(both: Comparison, outcome: Outcome, tenant: str | None) -> bool:
    """Tells whether an outcome is a clone of somebody else's."""
    own = both.case.names.get(tenant or "", {})
    others = (d.host for d in outcome.destinations if d.host not in own) if isinstance(outcome, Forward) else ()
    return any((host := both.case.after.hosts.get(name)) and both.case.world.owner(host.resource) for name in others)
