"""Networks made of plain manifests, and what is said of a traced request."""

from __future__ import annotations

from sandlane.reports import answers
from sandlane.semantics import compile_address
from sandlane.semantics.network import Network, make_network
from sandlane.semantics.outcomes import L4, Forward, NotFound, Passthrough
from sandlane.semantics.request import Request
from sandlane.semantics.tables import Choice, decide
from sandlane.semantics.trace import Answer, Traced
from tests.build import Object, inputs


def network_of(base: list[Object], mesh: str = "istio") -> Network:
    made = inputs(base, mesh=mesh)
    return make_network(made.base, mesh=mesh, domain="cluster.local", root="istio-system")


def decide_request(network: Network, request: Request) -> list[Choice]:
    """Returns what may become of a request."""
    return decide(compile_address(network, request.address), request)


def said_of(traced: Traced) -> list[str]:
    """Returns what may become of a request, short: hosts of the namespace shop by name, and what it depends on in brackets."""
    return [_said(answer) + (f" [{answer.when}]" if answer.when else "") for answer in (traced.answer, *traced.others)]


def _said(answer: Answer) -> str:
    outcome = answer.outcome
    if isinstance(outcome, Forward):
        listed = [
            f"{d.failure or _short(d.host) + ':' + str(d.port)}"
            + (f"*{d.weight}" if len(outcome.destinations) > 1 else "")
            for d in outcome.destinations
        ]
        return " ".join(listed) + (f" timeout={outcome.timeout}" if outcome.timeout else "")
    if isinstance(outcome, L4):
        return f"L4 {_short(outcome.host)}:{outcome.port}"
    short = {NotFound: "404", Passthrough: "passed through"}.get(type(outcome))
    said = answers.said(outcome)
    return short or ("502" if said.startswith("502") else said)


def _short(host: str) -> str:
    return host.removesuffix(".shop.svc.cluster.local")
