"""What a request meets that it should not: the request, what it meets in the base and what in the output, and where both are written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.problems.broken_request import BrokenRequest
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, Source, dotted
from sandlane.proof.differences import shown
from sandlane.proof.requests.outcomes import policy_text
from sandlane.proof.requests.rest import Left
from sandlane.proof.requests.scenes import Headers
from sandlane.semantics.outcomes import L4, Direct, Forward, NoCluster, NotFound, Origin, Outcome, Redirect, Unknown
from sandlane.semantics.predicates import Atom
from sandlane.semantics.request import Address, Client

_TOLD = {"headers": "changes", "rewrite": "rewrite", "timeout": "timeout", "retries": "retries", "fault": "fault", "CORS": "cors",
         "mirrors": "mirrors", "filters": "other"}  # fmt: skip
"""What a rule does beside sending requests somewhere: as people call it, and its field."""
_MADE = {"regex": "~", "found": "~", "prefix": "", "segments": "", "rpc": "", "exact": "", "present": "", "host": ""}


@frozen(kw_only=True)
class Violation:
    """A request whose outcome breaks a promise.

    `carriers` are its headers that may choose a tenant. `meant` is what it should meet, as the base (`base_place`) has it, and
    `met` what it meets in the output (`place`); a place is None where a mesh's own default decides.
    """

    code: str
    client: Client
    host: str
    port: int
    authority: str
    method: str = "GET"
    path: str = "/"
    headers: Headers = ()
    carriers: Headers = ()
    meant: str
    met: str
    base_place: Origin | None
    place: Origin | None

    @property
    def request(self) -> str:
        """The request in one line."""
        sent = "".join(f", {name}: {value}" for name, value in (*self.carriers, *self.headers))
        authority = f" with authority {self.authority}" if self.authority != self.host else ""
        return f"{self.method} http://{self.host}:{self.port}{self.path}{authority}{sent}, from {called(self.client)}"

    def problem(self, other: Source) -> Problem:
        """Returns it as a problem of the object whose rule the request meets; `other` is for those that no object has."""
        origin = self.place or self.base_place
        what = f"a request {self.request}: {_place(self.place)} {self.met}, expected what {_place(self.base_place)} does: {self.meant}"
        problem = report(
            self.code, source=origin.resource.source if origin else other, path=origin.path if origin else (), what=what
        )
        base = self.base_place
        return replace(problem, request=self._told(), base=(base.resource.source, base.path) if base else None)

    def _told(self) -> BrokenRequest:
        """Returns the request as a problem names it; lines and files are found when it is shown."""
        place = (self.place.resource.source.file, None) if self.place else None
        base = (self.base_place.resource.source.file, None) if self.base_place else None
        return BrokenRequest(
            method=self.method, host=self.host, port=self.port, authority=self.authority, path=self.path,
            client=called(self.client), carriers=self.carriers, headers=self.headers, meant=self.meant, met=self.met,
            base=base, now=place,
        )  # fmt: skip


def violation(
    code: str,
    address: Address,
    carriers: Headers,
    meant: tuple[str, Origin | None],
    met: tuple[str, Origin | None],
    left: Left | None,
) -> Violation:
    """Returns a violation by a request that meets the conditions of a rule."""
    atoms = sorted(left.conditions, key=repr) if left else []
    path = next((_value(a) for a in atoms if a.subject == "path" and not a.is_negated), "/")
    query = "&".join(f"{a.name}={a.text.value}" for a in atoms if a.subject == "query" and not a.is_negated)
    return Violation(
        code=code,
        client=address.client,
        host=address.host,
        port=address.port,
        authority=address.authority,
        method=next((a.text.value for a in atoms if a.subject == "method" and not a.is_negated), "GET"),
        path=f"{path}?{query}" if query else path,
        headers=tuple((a.name, _value(a)) for a in atoms if a.subject == "header" and not a.is_negated),
        carriers=carriers,
        meant=meant[0],
        met=met[0],
        base_place=meant[1],
        place=met[1],
    )


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
    texts = does(wanted), does(met)
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


def does(left: Left | None) -> str:
    """Returns what is done with a request, for people."""
    return _does(left.outcome) if left else "does nothing"


def _does(outcome: Outcome) -> str:
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
    return f"cannot be told: {outcome.why}" if isinstance(outcome, Unknown) else f"is {type(outcome).__name__.lower()}"
