"""Why a request that somebody meant for a sandbox is answered by the base: notes on whose a traced request is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sandlane.k8s.resource import Resource, labels_of
from sandlane.plan.names import SANDBOX
from sandlane.problems.problem import did_you_mean
from sandlane.semantics.request import members
from sandlane.semantics.trace import Traced
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import Carrier, Sandbox

Header = tuple[str, str]


def whose(inputs: Inputs, traced: Traced) -> Iterator[str]:
    """Yields what keeps a request with a carrier, or with a header that looks like one, from the clones of its tenant."""
    carriers = inputs.environment.carriers
    headers = traced.request.headers
    carried = _carried(carriers, headers)
    if carried is None:
        yield from _near_carriers(carriers, headers)
        return
    where, tenants = carried
    known = {sandbox.tenant for sandbox in inputs.sandboxes} | {group.tenant for group in inputs.groups}
    if len(known.intersection(tenants)) > 1:
        named = " and ".join(repr(tenant) for tenant in tenants if tenant in known)
        yield f"{where} names {named}: any of them that has a clone there may answer, so name one alone"
    for tenant in tenants:
        if tenant not in known:
            guess = did_you_mean(tenant.lower(), known, otherwise="'sandlane list' tells those there are")
            yield f"{where} names '{tenant}', which is no sandbox's tenantID: {guess}"
        for sandbox in (sandbox for sandbox in inputs.sandboxes if sandbox.tenant == tenant):
            if sandbox.suspend:
                name = sandbox.name
                yield f"sandbox '{name}' is suspended: it has no clones and no routes (sandlane set {name} --resume)"
            else:
                yield from _missed(sandbox, traced)


def _carried(carriers: Sequence[Carrier], headers: Sequence[Header]) -> tuple[str, list[str]] | None:
    """Returns the carrier that decides, in words, and what it names: several members of baggage may have its key."""
    for carrier in carriers:
        for name, value in headers:
            if carrier.header and name == carrier.header.lower():
                return f"{carrier.kind} '{carrier.name}'", [value]
            if carrier.baggage and name == "baggage":
                values = dict.fromkeys(value for key, value in members(value) if key == carrier.baggage)
                if values:
                    return f"{carrier.kind} '{carrier.name}'", sorted(values)
    return None


def _near_carriers(carriers: Sequence[Carrier], headers: Sequence[Header]) -> Iterator[str]:
    """Yields headers and members of baggage that are no carriers, and look like one."""
    names = {carrier.header.lower(): carrier.header for carrier in carriers if carrier.header}
    keys = {carrier.baggage for carrier in carriers if carrier.baggage}
    for name, value in headers:
        if name == "baggage":
            found = [("baggage member", key, did_you_mean(key, keys)) for key, _ in members(value)]
        else:
            found = [("header", name, _guess(name, names))]
        for kind, word, guess in found:
            if guess:
                yield f"{kind} '{word}' carries no tenantID here: {guess}"


def _guess(name: str, names: Mapping[str, str]) -> str:
    """Returns a hint at a header as its carrier spells it."""
    guess = did_you_mean(name, names)
    for lower, spelt in names.items():
        guess = guess.replace(f"'{lower}'", f"'{spelt}'")
    return guess


def _missed(sandbox: Sandbox, traced: Traced) -> Iterator[str]:
    """Yields why the base answers a sandbox's request, where it does."""
    answering = _answering(traced)
    used = {w.use for w in sandbox.workloads if w.use}
    if not answering or any(SANDBOX in labels_of(each.manifest) or str(each.id) in used for each in answering):
        return
    cloned = {str(w): w.name for w in sandbox.workloads}
    same = [each for each in answering if str(each.id) in cloned]
    if same:
        yield (
            f"sandbox '{sandbox.name}' has '{same[0].id}', and this request does not reach it: "
            "'sandlane check' tells whether the output is up to date, 'sandlane list workloads' what can be routed"
        )
    else:
        listed = ", ".join(repr(name) for name in cloned.values())
        yield f"sandbox '{sandbox.name}' clones nothing that answers here: it has {listed}"


def _answering(traced: Traced) -> tuple[Resource, ...]:
    return tuple(workload for target in traced.answer.targets for workload in target.workloads)
