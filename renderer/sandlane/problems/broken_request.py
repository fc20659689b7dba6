"""A request for which a promise does not hold, as a problem names it: like the first lines of a bug report."""

from __future__ import annotations

from typing import Any

from sandlane.frozen import frozen

Headers = tuple[tuple[str, str], ...]
Place = tuple[str, int | None]
"""A file as the reader sees it, and a line."""


@frozen(kw_only=True)
class BrokenRequest:
    """A request, what it has to meet as the base says, and what it meets in the output.

    `carriers` are the headers by which it names a tenant, `headers` those that rules ask for besides. A place is None where no manifest
    decides: the mesh's own default does.
    """

    method: str
    host: str
    port: int
    authority: str
    path: str
    client: str
    carriers: Headers
    headers: Headers
    meant: str
    met: str
    base: Place | None = None
    now: Place | None = None

    @property
    def url(self) -> str:
        """Where the request goes."""
        return f"http://{self.host}:{self.port}{self.path}"


def lines_of(request: BrokenRequest) -> list[str]:
    """Returns the lines of a report: the request, its headers, its client, and both outcomes with their places."""
    authority = (("host", request.authority),) if request.authority != request.host else ()
    sent = [f"{name}: {value}" for name, value in (*authority, *request.headers)]
    carried = [f"{name}: {value}" for name, value in request.carriers] or ["none"]
    return [
        f"request: {request.method} {request.url}",
        *(f"header: {line}" for line in sent),
        *(f"carrier: {line}" for line in carried),
        f"client: {request.client}",
        f"base: {_place(request.base)}: {request.meant}",
        f"now: {_place(request.now)}: {request.met}",
    ]


def _place(place: Place | None) -> str:
    if place is None:
        return "the mesh's default"
    return place[0] if place[1] is None else f"{place[0]}:{place[1]}"


def data_of(request: BrokenRequest) -> dict[str, Any]:
    """Returns a request as JSON has it."""
    outcomes = (("base", request.base, request.meant), ("now", request.now, request.met))
    return {
        "method": request.method,
        "host": request.host,
        "port": request.port,
        "authority": request.authority,
        "path": request.path,
        "client": request.client,
        "carriers": [{"name": name, "value": value} for name, value in request.carriers],
        "headers": [{"name": name, "value": value} for name, value in request.headers],
        **{
            key: {"file": place[0] if place else None, "line": place[1] if place else None, "meets": what}
            for key, place, what in outcomes
        },
    }
