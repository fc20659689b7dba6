"""Requests as the model sees them: who sends them, what they are addressed to, and what they carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Literal
from urllib.parse import parse_qsl

from sandlane.frozen import frozen

ClientKind = Literal["sidecar", "gateway", "waypoint", "linkerd", "unmeshed"]


@frozen(kw_only=True)
class Client:
    """Who routes a request: the proxy beside a pod, a gateway, a waypoint, or nobody.

    `labels` are those of the sending pod. `name` is that of the Gateway object where `kind` is gateway, in `namespace`.
    """

    kind: ClientKind
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""


@frozen(kw_only=True)
class Address:
    """What routing decisions are compiled for: a client, the host and port that it connects to, and the authority that it names.

    Hosts and authorities have no port and no dot at the end; they are lower case.
    """

    client: Client
    host: str
    port: int
    authority: str


@frozen(kw_only=True)
class Request:
    """One request. `path` may have a query; names of `headers` are lower case, and each line of a header is one pair."""

    client: Client
    host: str
    port: int
    authority: str = ""
    scheme: str = "http"
    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> Address:
        """What the request is addressed to; without an authority of its own it names the host."""
        return Address(client=self.client, host=bare(self.host), port=self.port, authority=bare(self.named))

    @property
    def named(self) -> str:
        """The authority that the request names."""
        return self.authority or self.host

    @property
    def bare_path(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]

    def values(self, name: str) -> tuple[str, ...]:
        """Returns the lines of a header, in their order."""
        return tuple(value for key, value in self.headers if key == name)

    def parameters(self, name: str, *, is_form: bool) -> tuple[str, ...]:
        """Returns the values of a query parameter: the first as it was sent, or all, decoded as those of a form."""
        query = self.path.partition("?")[2]
        if is_form:
            return tuple(value for key, value in parse_qsl(query, keep_blank_values=True) if key == name)
        parts = (part.partition("=") for part in query.split("&") if part)
        return tuple(value for key, _, value in parts if key == name)[:1]


def bare(authority: str) -> str:
    """Returns the host of an authority: without user, port and the dot at its end, in lower case."""
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].removesuffix(".").lower()


def members(baggage: str) -> Iterator[tuple[str, str]]:
    """Yields keys and values of a line of W3C baggage."""
    for member in baggage.split(","):
        key, equals, value = member.partition(";")[0].partition("=")
        if equals:
            yield key.strip(" \t"), value.strip(" \t")
