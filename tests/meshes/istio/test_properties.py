"""Random VirtualServices and tenants: what requests get from the output, by a small interpreter of first matches."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import re2
from hypothesis import given
from hypothesis import strategies as st

from tests.build import Object, app, destination_rule, named, plan, route, sandbox, service, virtual_service
from tests.profiles import examples

TENANTS = ("dev1", "dev10", "xdev1")
SERVICES = ("a", "b", "c")
DOMAIN = ".shop.svc.cluster.local"
Request = Mapping[str, Any]


def string_meets(condition: Mapping[str, str], value: str, *, ignore_case: bool = False) -> bool:
    if ignore_case:
        condition, value = {kind: text.lower() for kind, text in condition.items()}, value.lower()
    if "exact" in condition:
        return value == condition["exact"]
    if "prefix" in condition:
        return value.startswith(condition["prefix"])
    return "regex" not in condition or re2.fullmatch(condition["regex"], value) is not None


def holds(match: Mapping[str, Any], request: Request) -> bool:
    headers: Mapping[str, str] = request["headers"]
    if "uri" in match and not string_meets(
        match["uri"], request["path"], ignore_case=match.get("ignoreUriCase", False)
    ):
        return False
    if "port" in match and match["port"] != request["port"]:
        return False
    if "method" in match and not string_meets(match["method"], request["method"]):
        return False
    if any(request["client"].get(k) != v for k, v in match.get("sourceLabels", {}).items()):
        return False
    for name, condition in match.get("headers", {}).items():
        if name.lower() not in headers or not string_meets(condition, headers[name.lower()]):
            return False
    for name, condition in match.get("withoutHeaders", {}).items():
        value = headers.get(name.lower())
        if (value is not None or "regex" in condition) and string_meets(condition, value or ""):
            return False
    return True


def first(http: Sequence[Object], request: Request) -> Object | None:
    """Returns the entry that decides, or None for 404."""
    for entry in http:
        if any(holds(match, request) for match in entry.get("match") or [{}]):
            return entry
    return None


def full(host: str) -> str:
    return host if "." in host else host + DOMAIN


def shares(entry: Object) -> dict[str, float]:
    """Returns the share of each destination, hosts in full."""
    route = entry.get("route", [])
    weights = [1] if len(route) == 1 else [d.get("weight", 0) for d in route]
    found: dict[str, float] = {}
    for item, weight in zip(route, weights, strict=True):
        if weight:
            key = json.dumps({**item["destination"], "host": full(item["destination"]["host"]), "h": item.get("headers")},
                             sort_keys=True)  # fmt: skip
            found[key] = found.get(key, 0) + weight / sum(weights)
    return {key: round(share, 6) for key, share in found.items()}


def action(entry: Object | None) -> Any:
    if entry is None:
        return "404"
    rest = {key: value for key, value in entry.items() if key not in ("name", "match", "route", "mirror")}
    mirror = entry.get("mirror")
    return rest, shares(entry), {**mirror, "host": full(mirror["host"])} if mirror else None


def replaced(entry: Object | None, tenant: str, cloned: set[str]) -> Any:
    """Returns the action of a base entry with a tenant's clones in place of their origins."""
    if entry is None:
        return "404"
    clones = {full(s): f"{s}-{tenant}{DOMAIN}" for s in cloned}

    def moved(destination: Object) -> Object:
        host = full(destination["host"])
        keeps = destination.get("subset") == "tuned" and host == full("a")  # the one subset with a policy
        if host not in clones:
            return {**destination, "host": host}
        return {k: v for k, v in {**destination, "host": clones[host]}.items() if k != "subset" or keeps}

    route = entry.get("route", [])
    live = [d for d in route if len(route) == 1 or d.get("weight", 0)]
    ours = [d for d in live if full(d["destination"]["host"]) in clones]
    if not ours:
        return action(entry)
    changed = {**entry, "route": [{**d, "destination": moved(d["destination"])} for d in ours]}
    if "mirror" in entry:
        changed["mirror"] = moved(entry["mirror"])
    return action(changed)


def tenant_of(request: Request) -> str | None:
    headers = request["headers"]
    if "tenantid" in headers:
        return str(headers["tenantid"])
    for member in headers.get("baggage", "").split(","):
        key, _, value = member.partition(";")[0].partition("=")
        if key.strip() == "tenantID":
            return str(value.strip())
    return None


texts = st.sampled_from([{"exact": "/a"}, {"prefix": "/a"}, {"prefix": "/"}, {"regex": "/[a-b].*"}])
x = st.sampled_from([{}, {"exact": "1"}, {"regex": "[0-9]"}])
own = st.sampled_from([{}, {"exact": "dev1"}, {"exact": "dev10"}, {"prefix": "dev"}, {"regex": ".*1"}, {"exact": "no"}])
matches = st.fixed_dictionaries(
    {},
    optional={
        "uri": texts,
        "ignoreUriCase": st.booleans(),
        "port": st.sampled_from([80, 8080]),
        "method": st.just({"exact": "GET"}),
        "sourceLabels": st.just({"role": "web"}),
        "headers": st.dictionaries(st.sampled_from(["x", "tenantid"]), own, max_size=2),
        "withoutHeaders": st.dictionaries(st.sampled_from(["x", "TenantID"]), st.one_of(x, own), max_size=2),
    },
)
hosts = st.sampled_from([*SERVICES, *(s + DOMAIN for s in SERVICES), "legacy.example.com", "a.shop"])
destinations = st.fixed_dictionaries(
    {"host": hosts}, optional={"subset": st.sampled_from(["v1", "tuned"]), "port": st.just({"number": 80})}
)
weighted = st.lists(
    st.fixed_dictionaries(
        {"destination": destinations, "weight": st.integers(0, 9)},
        optional={"headers": st.just({"request": {"set": {"y": "1"}}})},
    ),
    min_size=2,
    max_size=4,
).filter(lambda route: any(item["weight"] for item in route))
routes = st.one_of(st.fixed_dictionaries({"destination": destinations}).map(lambda item: [item]), weighted)
actions = st.one_of(
    st.fixed_dictionaries({"route": routes}, optional={"timeout": st.just("1s"), "mirror": destinations}),
    st.fixed_dictionaries({"route": routes}, optional={"fault": st.just({"abort": {"httpStatus": 500}})}),
    st.just({"redirect": {"uri": "/new"}}),
    st.just({"directResponse": {"status": 403}}),
)
entries = st.builds(
    lambda match, action, name: {**({"name": name} if name else {}), **({"match": match} if match else {}), **action},
    st.lists(matches, max_size=3),
    actions,
    st.sampled_from(["", "r"]),
)
clones = st.dictionaries(st.sampled_from(TENANTS), st.sets(st.sampled_from(SERVICES), min_size=1))
values = st.sampled_from([*TENANTS, "dev", "Dev1", "no"])
requests = st.fixed_dictionaries(
    {
        "path": st.sampled_from(["/a", "/A", "/ab", "/b", "/z"]),
        "port": st.sampled_from([80, 8080]),
        "method": st.sampled_from(["GET", "POST"]),
        "client": st.sampled_from([{}, {"role": "web"}]),
        "headers": st.fixed_dictionaries(
            {},
            optional={
                "tenantid": values,
                "baggage": values.flatmap(lambda v: st.sampled_from([f"tenantID={v}", f"q=1 , tenantID = {v};p,z=2"])),
                "x": st.sampled_from(["1", "no"]),
            },
        ),
    }
)

BASE = [
    *app("a", 80, 8080),
    *app("b", 80, 8080),
    *app("c", 80),
    destination_rule(
        "a", "a", subsets=[{"name": "v1"}, {"name": "tuned", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}]
    ),
]


def specs(cloned: Mapping[str, set[str]]) -> list[Object]:
    return [sandbox(tenant, *sorted(services)) for tenant, services in cloned.items()]


def written(base: list[Object], cloned: Mapping[str, set[str]]) -> dict[str, Any]:
    """Returns the manifests of the output's VirtualServices by name; the base stays as it is."""
    made = plan(base, *specs(cloned))
    before = json.dumps([r.manifest for r in made.base.resources])
    routed = route(made)
    assert json.dumps([r.manifest for r in made.base.resources]) == before
    return {o.id.name: o.manifest for o in routed.objects if o.id.kind == "VirtualService"}


@examples(300)
@given(st.lists(entries, min_size=1, max_size=5), clones, st.lists(requests, min_size=10, max_size=30))
def test_virtual_service(http: list[Object], cloned: dict[str, set[str]], asked: list[Request]) -> None:
    output = written([*BASE, virtual_service("routes", *http, hosts=["shop.example.com"])], cloned)["routes"]["spec"][
        "http"
    ]
    for request in asked:
        tenant = tenant_of(request)
        expected = replaced(first(http, request), tenant or "", cloned.get(tenant or "", set()))
        assert (action(first(output, request)), request) == (expected, request)


@examples(60)
@given(st.lists(entries, min_size=1, max_size=5), clones, st.sampled_from(TENANTS))
def test_a_tenant_changes_no_entry_of_others(http: list[Object], cloned: dict[str, set[str]], gone: str) -> None:
    base = [*BASE, virtual_service("routes", *http, hosts=["shop.example.com"])]
    every = written(base, cloned)["routes"]["spec"]["http"]
    fewer = written(base, {t: s for t, s in cloned.items() if t != gone})["routes"]["spec"]["http"]
    named = (f"tenant-{gone}", f"r.{gone}")
    assert [e for e in every if e.get("name") not in named] == fewer
    assert written(base, {})["routes"]["spec"]["http"] == http


ports = st.lists(st.sampled_from([80, 8080, 9090]), min_size=1, max_size=3, unique=True)


@examples(60)
@given(ports, clones.filter(bool), st.lists(requests, min_size=5, max_size=20))
def test_synthesised(numbers: list[int], cloned: dict[str, set[str]], asked: list[Request]) -> None:
    base = [*app("a", *numbers), *app("b"), *app("c")]
    output = written(base, cloned)
    assert sorted(output) == sorted({f"{s}-sandlane" for services in cloned.values() for s in services})
    for request in (r for r in asked if r["port"] in numbers and "a-sandlane" in output):
        tenant = tenant_of(request)
        host = f"a-{tenant}" if "a" in cloned.get(tenant or "", ()) else "a"
        decided = first(output["a-sandlane"]["spec"]["http"], request)
        assert action(decided)[1] == shares(
            {"route": [{"destination": {"host": host, "port": {"number": request["port"]}}}]}
        )


@examples(60)
@given(clones)
def test_every_destination_exists(cloned: dict[str, set[str]]) -> None:
    extra = [service("a-admin", 9000, selector={"app": "a"})]
    made = plan([*BASE, *extra], *specs(cloned))
    known = {full(s.id.name) for s in made.services} | {full(r.id.name) for r in made.base.of("", "Service")}
    routed = route(made)
    sent = {
        full(d["destination"]["host"])
        for o in routed.objects if o.id.kind == "VirtualService"
        for e in o.manifest["spec"]["http"] for d in e.get("route", [])
    }  # fmt: skip
    assert sent - known == set()
    assert named(made, "Service", "a").manifest["spec"]["selector"] == {"app": "a"}
