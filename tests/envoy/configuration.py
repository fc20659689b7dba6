"""Rendered routes as the configuration of a real Envoy, by the translation that Istio documents, and without our own predicates.

Every route answers by itself: the body lists the destinations that the request would be sent to, and the header `x-rule` names
the match that decided. So the answers show which rule Envoy took, and no request leaves the machine.

Nothing of VirtualServices comes from the compiler: which of them apply is written into the tests, and their matches are translated
here once more. Of HTTPRoutes and GRPCRoutes the order is the compiler's; what they match and where they lead is read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandlane.k8s.resource import Manifest, Resource
from sandlane.problems.problem import Path, dotted
from sandlane.semantics.tables import PATH_LENGTH, Rule, Table
from tests.build import Object

LOOPBACK = "127.0.0.1"
RULE = "x-rule"
_FLAG = "envoy.reloadable_features.match_headers_individually"

_TYPE = "type.googleapis.com/envoy.extensions.filters"
_SUBJECTS = {"method": ":method", "scheme": ":scheme", "authority": ":authority"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The proxy that VirtualServices are translated for: of a pod with labels, or of a gateway (`namespace/name`)."""

    port: int
    namespace: str = "shop"
    labels: Mapping[str, str] = field(default_factory=dict)
    gateway: str = "mesh"


def bootstrap(listeners: Mapping[str, Sequence[Object]], *, is_joining: bool) -> Object:
    """Returns Envoy's configuration: a listener for each list of routes, on ports of loopback that the system picks.

    `is_joining`: it joins the lines of a repeated header, as older ones did; a running Envoy does not change that.
    """
    return {
        "admin": {"address": _free_port()},
        "layered_runtime": {"layers": [{"name": "test", "static_layer": {_FLAG: not is_joining}}]},
        "static_resources": {"listeners": [_listener(name, routes) for name, routes in listeners.items()]},
    }


def _free_port() -> Object:
    return {"socket_address": {"address": LOOPBACK, "port_value": 0}}


def _listener(name: str, routes: Sequence[Object]) -> Object:
    manager = {
        "@type": f"{_TYPE}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "all",
        "codec_type": "AUTO",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": list(routes)}]},
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_TYPE}.http.router.v3.Router"}}
        ],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {"name": name, "address": _free_port(), "filter_chains": [chain]}


def answering(match: Object, rule: str, to: str, status: int = 200) -> Object:
    """Returns a route that answers by itself."""
    return {"match": match, "direct_response": {"status": status, "body": {"inline_string": to}}, **_named(rule)}


def _named(rule: str) -> Object:
    header = {"header": {"key": RULE, "value": rule}, "keep_empty_value": True}
    return {"response_headers_to_add": [header]} if rule else {}


def rule_name(resource: Resource, path: Path) -> str:
    """Names a match: its object and its place in it."""
    return f"{resource.id} {dotted(path)}"


def target(host: str, port: int, subset: str = "", share: str = "") -> str:
    """Names a destination."""
    return f"{host}:{port}" + (f"/{subset}" if subset else "") + (f"*{share}" if share else "")


# VirtualServices.


def from_virtual_services(
    found: Sequence[Resource], sender: Sender, ports: Mapping[str, Sequence[int]]
) -> list[Object]:
    """Returns the routes of VirtualServices for one host, in their order; catch-alls of several are put behind all others.

    `ports` are those of each Service, by its full name.
    """
    each = [list(_routes(vs, sender, ports)) for vs in found]
    listed = [pair for pairs in each for pair in pairs]
    return [route for _, route in (sorted(listed, key=lambda pair: pair[0]) if len(each) > 1 else listed)]


def _routes(vs: Resource, sender: Sender, ports: Mapping[str, Sequence[int]]) -> Iterator[tuple[bool, Object]]:
    """Yields (whether it is a catch-all, route); nothing behind the first catch-all is ever reached."""
    for number, entry in enumerate(vs.manifest["spec"]["http"]):
        for index, match in enumerate(entry.get("match") or [None]):
            if match is not None and not _is_for(match, sender, vs.id.namespace):
                continue
            path: Path = ("spec", "http", number, *(() if match is None else ("match", index)))
            translated = _virtual_service_match(match or {})
            yield (
                translated == {"prefix": "/"},
                _virtual_service_route(translated, entry, rule_name(vs, path), vs.id.namespace, sender, ports),
            )
            if translated == {"prefix": "/"}:
                return


def _is_for(match: Manifest, sender: Sender, namespace: str) -> bool:
    if match.get("port", sender.port) != sender.port:
        return False
    if match.get("gateways"):
        return sender.gateway in [g if g == "mesh" or "/" in g else f"{namespace}/{g}" for g in match["gateways"]]
    labels = match.get("sourceLabels") or {}
    is_pod = sender.gateway != "mesh" or labels.items() <= sender.labels.items()
    return is_pod and match.get("sourceNamespace", sender.namespace) == sender.namespace


def _virtual_service_match(match: Manifest) -> Object:
    headers = [{"name": _SUBJECTS[key], **_value(match[key])} for key in _SUBJECTS if key in match]
    headers += [{"name": name.lower(), **_value(each)} for name, each in (match.get("headers") or {}).items()]
    for name, each in (match.get("withoutHeaders") or {}).items():
        value = _value(each)
        missing = {} if "present_match" in value else {"treat_missing_header_as_empty": True}
        headers.append({"name": name.lower(), **value, "invert_match": True, **missing})
    query = [{"name": name, **_value(each)} for name, each in (match.get("queryParams") or {}).items()]
    return {
        **_uri(match.get("uri") or {}),
        **({"case_sensitive": False} if match.get("ignoreUriCase") else {}),
        **({"headers": headers} if headers else {}),
        **({"query_parameters": query} if query else {}),
    }


def _uri(uri: Manifest) -> Object:
    if "exact" in uri:
        return {"path": uri["exact"]}
    if "regex" in uri:
        return {"safe_regex": {"regex": uri["regex"]}}
    return {"prefix": uri.get("prefix", "/")}


def _value(condition: Manifest | None) -> Object:
    """Returns a StringMatch for headers and query parameters; the empty one asks for presence."""
    ((kind, value),) = (condition or {"": ""}).items()
    if not kind:
        return {"present_match": True}
    return {"string_match": {"safe_regex": {"regex": value}} if kind == "regex" else {kind: value}}


def _virtual_service_route(
    match: Object, entry: Manifest, rule: str, namespace: str, sender: Sender, ports: Mapping[str, Sequence[int]]
) -> Object:
    redirect, direct = entry.get("redirect"), entry.get("directResponse")
    if direct:
        return answering(match, rule, direct.get("body", {}).get("string", ""), direct["status"])
    if redirect:
        fields = {"authority": "host_redirect", "uri": "path_redirect"}
        how = {fields[key]: value for key, value in redirect.items() if key in fields}
        return {"match": match, "redirect": {**how, **_code(redirect.get("redirectCode", 301))}, **_named(rule)}
    to = entry["route"]
    live = [item for item in to if item.get("weight", 0 if len(to) > 1 else 1)]
    named = []
    for item in live:
        destination = item["destination"]
        host = destination["host"]
        host = host if "." in host else f"{host}.{namespace}.svc.cluster.local"
        known = ports.get(host, ())
        port = destination.get("port", {}).get("number") or (known[0] if len(known) == 1 else sender.port)
        named.append(target(host, port, destination.get("subset", ""), str(item["weight"]) if len(live) > 1 else ""))
    return answering(match, rule, " ".join(named))


def _code(code: int) -> Object:
    codes = {
        301: "MOVED_PERMANENTLY",
        302: "FOUND",
        303: "SEE_OTHER",
        307: "TEMPORARY_REDIRECT",
        308: "PERMANENT_REDIRECT",
    }
    return {"response_code": codes[code]}


# HTTPRoutes and GRPCRoutes.


def from_table(table: Table, default: str) -> list[Object]:
    """Returns routes of the Gateway API in the order of their precedence; `default` is what a rule without backends does."""
    assert all(PATH_LENGTH not in rule.rank for rule in table.rules), "the order depends on the request"
    ordered = sorted(table.rules, key=lambda rule: rule.rank, reverse=True)  # stable: equal ranks stay as they are
    return [_route_of(rule, default) for rule in ordered]


def _route_of(rule: Rule, default: str) -> Object:
    resource, path = rule.origin.resource, rule.origin.path
    body: Any = resource.manifest
    for step in path[:3]:
        body = body[step]
    written: Manifest = body["matches"][path[4]] if len(path) > 3 else {}
    match = _grpc_match(written) if resource.id.kind == "GRPCRoute" else _http_match(written)
    name = rule_name(resource, path)
    for each in body.get("filters") or ():
        if each["type"] == "RequestRedirect":
            how = each["requestRedirect"]
            host = {"host_redirect": how["hostname"]} if "hostname" in how else {}
            full = {"path_redirect": how["path"]["replaceFullPath"]} if "path" in how else {}
            redirect = {**host, **full, **_code(how.get("statusCode", 302))}
            return {"match": match, "redirect": redirect, **_named(name)}
    backends = [b for b in body.get("backendRefs") or () if b.get("weight", 1)]
    to = [
        target(
            f"{b['name']}.{b.get('namespace', resource.id.namespace)}.svc.cluster.local",
            b["port"],
            share=str(b.get("weight", 1)) if len(backends) > 1 else "",
        )
        for b in backends
    ]
    return answering(match, name, " ".join(to) or default)


def _http_match(match: Manifest) -> Object:
    path = match.get("path") or {}
    kind, value = path.get("type", "PathPrefix"), path.get("value", "/")
    stem = value.rstrip("/")
    translated: Object = {"path_separated_prefix": stem} if stem else {"prefix": "/"}
    if kind != "PathPrefix":
        translated = {"path": value} if kind == "Exact" else {"safe_regex": {"regex": value}}
    headers = list(_conditions(match.get("headers") or (), is_header=True))
    if "method" in match:
        headers.append({"name": ":method", "string_match": {"exact": match["method"]}})
    query = list(_conditions(match.get("queryParams") or (), is_header=False))
    return {**translated, **({"headers": headers} if headers else {}), **({"query_parameters": query} if query else {})}


def _grpc_match(match: Manifest) -> Object:
    called = match.get("method") or {}
    assert called.get("type", "Exact") == "Exact"
    assert "service" in called or not called
    path = f"/{called['service']}/{called.get('method', '')}" if called else "/"
    headers = [{"name": ":method", "string_match": {"exact": "POST"}}]
    headers += _conditions(match.get("headers") or (), is_header=True)
    return {"path" if "method" in called else "prefix": path, "headers": headers}


def _conditions(written: Iterable[Manifest], *, is_header: bool) -> Iterator[Object]:
    for each in written:
        is_regex = each.get("type") == "RegularExpression"
        value = {"safe_regex": {"regex": each["value"]}} if is_regex else {"exact": each["value"]}
        yield {"name": each["name"].lower() if is_header else each["name"], "string_match": value}
