"""What a request meets that it should not, as a problem: what it meets in the base and what in the output, and where both are written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandlane.problems.broken_request import BrokenRequest
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, dotted
from sandlane.proof.differences import shown
from sandlane.proof.requests.outcomes import policy_text
from sandlane.proof.requests.rest import Left
from sandlane.proof.requests.scenes import Headers
from sandlane.proof.world import World
from sandlane.semantics.outcomes import L4, Direct, Forward, NoCluster, NotFound, Origin, Redirect, Unknown
from sandlane.semantics.predicates import Atom
from sandlane.semantics.request import Address, Client

_TOLD = {"headers": "changes", "rewrite": "rewrite", "timeout": "timeout", "retries": "retries", "fault": "fault", "CORS": "cors",
         "mirrors": "mirrors", "filters": "other"}  # fmt: skip
"""What a rule does beside sending requests somewhere: as people call it, and its field."""
_MADE = {"regex": "~", "found": "~", "prefix": "", "segments": "", "rpc": "", "exact": "", "present": "", "host": ""}


Met = tuple[str, Origin | None]
"""What a request meets, and where that is written; None: it is a mesh's own default."""


def broken(
    world: World, code: str, address: Address, meant: Met, met: Met, left: Left | None = None, carriers: Headers = ()
) -> Problem:
    """Returns the problem of a request that meets the conditions of a rule: it is of the object whose rule the request meets.

    `carriers` are its headers that may choose a tenant. `meant` is what it should meet, as the base has it, `met` what it meets in
    the output.
    """
    atoms = [atom for atom in sorted(left.conditions, key=repr) if not atom.is_negated] if left else []
    path = next((_value(atom) for atom in atoms if atom.subject == "path"), "/")
    query = "&".join(f"{atom.name}={atom.text.value}" for atom in atoms if atom.subject == "query")
    origin, base = met[1] or meant[1], meant[1]
    request = BrokenRequest(
        method=next((atom.text.value for atom in atoms if atom.subject == "method"), "GET"),
        host=address.host, port=address.port, authority=address.authority, path=f"{path}?{query}" if query else path,
        client=called(address.client), carriers=carriers,
        headers=tuple((atom.name, _value(atom)) for atom in atoms if atom.subject == "header"),
        meant=meant[0], met=met[0], base=_file(meant[1]), now=_file(met[1]),
    )  # fmt: skip
    sent = "".join(f", {name}: {value}" for name, value in (*carriers, *request.headers))
    authority = f" with authority {address.authority}" if address.authority != address.host else ""
    asked = f"{request.method} {request.url}{authority}{sent}, from {request.client}"
    what = f"a request {asked}: {_place(met[1])} {met[0]}, expected what {_place(base)} does: {meant[0]}"
    source = origin.resource.source if origin else world.claims.environment.source
    problem = report(code, source=source, path=origin.path if origin else (), what=what)
    return replace(problem, request=request, base=(base.resource.source, base.path) if base else None)


def _file(origin: Origin | None) -> tuple[str, int | None] | None:
    return (origin.resource.source.file, None) if origin else None  # its line is found when it is shown


def called(client: Client) -> str:
    """Returns how a client is called."""
    labels = "".join(f", {key}={value}" for key, value in client.labels.items())
    return f"gateway {client.namespace}/{client.name}" if client.name else f"namespace {client.namespace}{labels}"


def _value(atom: Atom) -> str:
    return f"{_MADE[atom.text.kind]}{atom.text.value}"


def _place(origin: Origin | None) -> str:
    if origin is None:
        return "the default"
    return f"{origin.resource.source.file} '{origin.resource.id}' {dotted(origin.path)}"


def both_do(wanted: Left | None, met: Left | None) -> tuple[str, str]:
    """Returns what is done with a request in the base and in the output; where both send it to the same, also in what they differ."""
    texts = _does(wanted), _does(met)
    outcomes = [left.outcome for left in (wanted, met) if left and isinstance(left.outcome, Forward)]
    if texts[0] != texts[1] or len(outcomes) < 2:
        return texts
    mine, yours = (_parts(outcome) for outcome in outcomes)
    names = [name for name in mine if mine[name] != yours[name]]
    base, output = ("".join(f", {_part(name, side[name])}" for name in names) for side in (mine, yours))
    return texts[0] + base, texts[1] + output


def _part(name: str, value: Any) -> str:
    return f"no {name}" if value is None else f"{name} {shown(value)}"


def _parts(outcome: Forward) -> dict[str, Any]:
    """Returns all that is done with a request beside where it is sent."""
    policies = [policy_text(d.policy) for d in outcome.destinations]
    shares = {"weights": [d.weight for d in outcome.destinations], "policies": policies}
    return {**shares, **{name: getattr(outcome, field) or None for name, field in _TOLD.items()}}


def _does(left: Left | None) -> str:
    """Returns what is done with a request, for people."""
    outcome = left.outcome if left else None
    if isinstance(outcome, Forward):
        return "sends to " + ", ".join(f"{d.host}:{d.port}" for d in outcome.destinations)
    if isinstance(outcome, NoCluster):
        return f"answers {outcome.why}"
    if isinstance(outcome, NotFound):
        return "answers 404"
    if isinstance(outcome, Redirect | Direct):
        return f"answers with {outcome.how}"
    if isinstance(outcome, L4):
        return f"passes connections to {outcome.host}:{outcome.port}"
    if isinstance(outcome, Unknown):
        return f"cannot be told: {outcome.why}"
    return f"is {type(outcome).__name__.lower()}" if outcome else "does nothing"
