"""How proof tells a request: its method, URL, headers and client."""

from __future__ import annotations

from sandlane.proof.requests.rest import Left
from sandlane.proof.requests.scenes import Scene
from sandlane.semantics.predicates import Atom
from sandlane.semantics.request import Address

_MADE = {"regex": "~", "found": "~", "prefix": "", "segments": "", "rpc": "", "exact": "", "present": "", "host": ""}


def told(address: Address, left: Left | None = None, scene: Scene | None = None) -> str:
    """Returns a request for an address that a rule is for, in one line."""
    atoms = sorted(left.conditions, key=repr) if left else []
    path = next((_value(a) for a in atoms if a.subject == "path" and not a.is_negated), "/")
    method = next((a.text.value for a in atoms if a.subject == "method" and not a.is_negated), "GET")
    query = "&".join(f"{a.name}={a.text.value}" for a in atoms if a.subject == "query" and not a.is_negated)
    headers = [
        *(scene.headers if scene else ()),
        *((a.name, _value(a)) for a in atoms if a.subject == "header" and not a.is_negated),
    ]
    carried = "".join(f", {name}: {value}" for name, value in headers)
    authority = f" with authority {address.authority}" if address.authority != address.host else ""
    client = address.client
    sender = f"gateway {client.namespace}/{client.name}" if client.name else f"namespace {client.namespace}"
    labels = "".join(f", {key}={value}" for key, value in client.labels.items())
    url = f"http://{address.host}:{address.port}{path}{f'?{query}' if query else ''}"
    return f"{method} {url}{authority}{carried}, from {sender}{labels}"


def _value(atom: Atom) -> str:
    return f"{_MADE[atom.text.kind]}{atom.text.value}"
