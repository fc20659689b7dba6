"""How traced requests are told: as text, as data and as a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sandlane.problems.problem import dotted
from sandlane.reports.mermaid import label
from sandlane.semantics.outcomes import (
    L4,
    Blackhole,
    Destination,
    Direct,
    NoCluster,
    NotFound,
    Origin,
    Outcome,
    Passthrough,
    Redirect,
    Unknown,
)
from sandlane.semantics.request import Request
from sandlane.semantics.trace import Answer, Target, Traced

Place = Callable[[Origin], tuple[str, int | None]]
"""Origin -> the file as the user sees it, and the line."""

_FEATURES = ("changes", "rewrite", "timeout", "retries", "fault", "cors", "mirrors", "other")


def text(traced: Traced, place: Place) -> Iterator[str]:
    """Yields the lines that tell what becomes of a request."""
    yield f"request  {asked(traced.request)}"
    if traced.answer.when:
        yield f"either   {traced.answer.when}:"
    yield from _answer(traced.answer, place)
    for other in traced.others:
        yield f"or       {other.when}:"
        yield from _answer(other, place)
    yield from (f"note     {note}" for note in traced.notes)


def asked(request: Request) -> str:
    """Returns a request in one line: method, URL, headers and client."""
    client = request.client
    authority = f" with authority {request.authority}" if request.authority else ""
    headers = "".join(f", {name}: {value}" for name, value in request.headers)
    sender = f"{client.namespace}/{client.name}" if client.name else f"namespace {client.namespace}"
    kind = "gateway " if client.kind == "gateway" else ""
    port = f"{request.host}:{request.port}"
    return f"{request.method} {request.scheme}://{port}{request.path}{authority}{headers}, from {kind}{sender}"


def _answer(answer: Answer, place: Place) -> Iterator[str]:
    if answer.origin:
        file, line = place(answer.origin)
        what = f"{answer.origin} {dotted(answer.origin.path)}" if answer.is_rule else f"no rule of {answer.origin}"
        yield f"rule     {file}{f':{line}' if line else ''} {what}"
    else:
        yield "rule     none"
    yield f"outcome  {said(answer.outcome)}"
    for target in answer.targets:
        yield f"to       {_to(target.destination, answer.targets)}"
        if not target.destination.failure:
            yield f"answers  {_who(target)}"
    yield from (f"{name:8} {_short(value)}" for name, value in features(answer.outcome).items())


def said(outcome: Outcome) -> str:
    """Returns an outcome in words."""
    if isinstance(outcome, NoCluster | Unknown):
        return f"unknown: {outcome.why}" if isinstance(outcome, Unknown) else outcome.why
    if isinstance(outcome, Redirect):
        return f"redirect {_short(outcome.how)}"
    if isinstance(outcome, Direct):
        return f"answered by the proxy {_short(outcome.how)}"
    if isinstance(outcome, NotFound):
        return "404: no rule matches"
    if isinstance(outcome, Passthrough):
        return "passed through: the mesh knows nothing of the host (unless the mesh lets only registered hosts through)"
    if isinstance(outcome, Blackhole):
        return "502: the mesh knows nothing of the host, and its Sidecar lets only registered hosts through"
    return "a connection whose requests nothing looks at" if isinstance(outcome, L4) else "forwarded"


def features(outcome: Outcome) -> Mapping[str, Any]:
    """Returns what a rule does beside forwarding, by field."""
    found = {field: getattr(outcome, field, None) for field in _FEATURES}
    return {field: list(value) if isinstance(value, tuple) else value for field, value in found.items() if value}


def _to(destination: Destination, targets: Sequence[Target]) -> str:
    total = sum(target.destination.weight for target in targets)
    share = f" {destination.weight}/{total}" if len(targets) > 1 else ""
    subset = f" subset {destination.subset}" if destination.subset else ""
    failure = f": {destination.failure}" if destination.failure else ""
    return f"{destination.host}:{destination.port}{subset}{share}{failure}"


def _who(target: Target) -> str:
    if target.workloads:
        return ", ".join(str(workload.id) for workload in target.workloads)
    return "nothing in the manifests" if target.service else "not in the manifests"


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_short(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_short(item) for item in value) + "]"
    return str(value)


def data(traced: Traced, place: Place) -> dict[str, Any]:
    """Returns a traced request as JSON has it."""
    request = traced.request
    return {
        "request": {
            "method": request.method,
            "scheme": request.scheme,
            "host": request.host,
            "port": request.port,
            "authority": request.named,
            "path": request.path,
            "headers": [list(pair) for pair in request.headers],
            "client": {"kind": request.client.kind, "namespace": request.client.namespace, "name": request.client.name},
        },
        "when": traced.answer.when or None,
        **_answer_data(traced.answer, place),
        "others": [{"when": other.when, **_answer_data(other, place)} for other in traced.others],
        "notes": list(traced.notes),
    }


def _answer_data(answer: Answer, place: Place) -> dict[str, Any]:
    rule = None
    if answer.origin:
        file, line = place(answer.origin)
        path = dotted(answer.origin.path) if answer.is_rule else None
        rule = {"object": str(answer.origin), "path": path, "file": file, "line": line}
    return {
        "outcome": type(answer.outcome).__name__,
        "message": said(answer.outcome),
        "rule": rule,
        "destinations": [
            {
                "host": target.destination.host,
                "port": target.destination.port,
                "subset": target.destination.subset or None,
                "weight": target.destination.weight,
                "failure": target.destination.failure or None,
                "service": str(target.service.id) if target.service else None,
                "workloads": [str(workload.id) for workload in target.workloads],
                "policy": dict(target.destination.policy.traffic) if target.destination.policy else None,
            }
            for target in answer.targets
        ],
        "features": dict(features(answer.outcome)),
    }


def mermaid(traced: Traced) -> str:
    """Returns a flowchart: from the request by the rule to destinations and those who answer; dotted where something else may be."""
    lines = ["flowchart LR", f"  r([{label(asked(traced.request))}])"]
    for number, answer in enumerate((traced.answer, *traced.others)):
        node, arrow = f"a{number}", "-.->" if number else "-->"
        what = f"{answer.origin} {dotted(answer.origin.path)}" if answer.origin and answer.is_rule else "no rule"
        when = f"|{label(answer.when)}|" if answer.when else ""
        lines += [f"  {node}[{label(what)}]", f"  r {arrow}{when} {node}"]
        if not answer.targets:
            lines += [f"  {node}o[{label(said(answer.outcome))}]", f"  {node} {arrow} {node}o"]
        for index, target in enumerate(answer.targets):
            lines += [f"  {node}d{index}[{label(_to(target.destination, answer.targets))}]"]
            lines += [f"  {node} {arrow} {node}d{index}"]
            if not target.destination.failure:
                lines += [f"  {node}w{index}[({label(_who(target))})]", f"  {node}d{index} {arrow} {node}w{index}"]
    return "\n".join(lines) + "\n"
