"""Mutants of the renderer: each leaves one rule of routing out, as a misreading would, and what requests meet tells on a case.

Proof knows none of these rules by name but substitution (R-I5) and carriers (R-H1), which it has written once more from the
design, so nothing has to be left out of proof as well. Each mutant takes the place of functions of `sandlane.meshes` where
they are called from; each is shown by a file of tests/cases/routing or by a small
base of its own, and all other obligations are left out of the judgement.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandlane.meshes.gateway_api import copies
from sandlane.meshes.istio import rules as istio_rules
from sandlane.pipeline import render, written
from sandlane.problems.problem import Invalid
from sandlane.proof.claims import claims_of
from sandlane.proof.obligations import requests
from sandlane.proof.world import make_world
from sandlane.specs.inputs import Inputs
from tests import build
from tests.meshes.gateway_api import test_promises as promises
from tests.meshes.istio import test_tables as tables
from tests.meshes.test_routing_cases import read
from tests.proof import test_binding, test_defects
from tests.shared import REPOSITORY

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule that is left out: in `where`, module and name, stands what `made` makes of the renderer's own function.

    `case` shows it, and so do random bases of the kind `random`, unless it says what these lack.
    """

    rule: str
    where: tuple[str, ...]
    made: Callable[[Function], Function]
    case: str | Callable[[], Inputs]
    random: str

    def apply(self, patch: pytest.MonkeyPatch) -> None:
        """Puts the mutant into the renderer."""
        for place in self.where:
            module, _, name = place.rpartition(".")
            owner = import_module(f"sandlane.meshes.{module}")
            patch.setattr(owner, name, self.made(getattr(owner, name)))


def always(value: Any) -> Callable[[Function], Function]:
    return lambda _: lambda *_args, **_kwargs: value


def of_arguments(change: Callable[..., tuple[Any, ...]]) -> Callable[[Function], Function]:
    """Returns a mutant that calls the function with other arguments."""
    return lambda real: lambda *given: real(*change(*given))


def of_result(change: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """Returns a mutant that changes what the function returns."""
    return lambda real: lambda *given, **named: change(real(*given, **named))


def _tenants_first(made: istio_rules.Transformed) -> istio_rules.Transformed:
    def is_tenants(entry: Any) -> bool:
        return any(
            str(entry.get("name", "")).endswith(f"{end}{tenant.id}") for tenant, _ in made.tenants for end in "-."
        )

    http = sorted(made.http, key=lambda entry: not is_tenants(entry))
    return replace(made, spec={**made.spec, "http": http}) if made.is_changed else made


def _prefix(match: Any) -> Any:
    if match is None:
        return None
    headers = {
        name: {"prefix": how["exact"]} if name == "tenantid" and "exact" in how else how
        for name, how in match["headers"].items()
    }
    return {**match, "headers": headers}


def _without_default(placed: Iterable[Any]) -> Iterator[Any]:
    for one in placed:
        spec = one.manifest["spec"]
        yield replace(one, manifest={**one.manifest, "spec": {**spec, "rules": spec["rules"][:1]}})


def _each_alone(parts: Sequence[Any]) -> tuple[Any, ...]:
    pairs = [(part, pair) for part in parts for pair in part.pairs]
    return tuple(replace(part, number=number, pairs=(pair,)) for number, (part, pair) in enumerate(pairs))


def _first_rules(placed: Iterable[Any]) -> Iterator[Any]:
    yield from list(placed)[:1]


def _not_by_labels(real: Function) -> Function:
    def made(plan: Any, view: Any, place: Any, *rest: Any) -> list[Any]:
        is_by_labels = any(match.get("sourceLabels") for match in place.entry.get("match") or ())
        return [] if is_by_labels else list(real(plan, view, place, *rest))

    return made


def _lost(*fields: str) -> Callable[[Function], Function]:
    return of_result(lambda made: {key: value for key, value in made.items() if key not in fields})


def _without_port_settings(made: dict[str, Any]) -> dict[str, Any]:
    policy = made["spec"].get("trafficPolicy") or {}
    kept = {key: value for key, value in policy.items() if key != "portLevelSettings"}
    return {**made, "spec": {**made["spec"], "trafficPolicy": kept}}


def _exact_path(placed: Iterable[Any]) -> Iterator[Any]:
    for one in placed:
        first, *rest = one.manifest["spec"]["rules"]
        matches = [{**match, "path": {"type": "Exact", "value": "/"}} for match in first["matches"]]
        spec = {**one.manifest["spec"], "rules": [{**first, "matches": matches}, *rest]}
        yield replace(one, manifest={**one.manifest, "spec": spec})


def _every_backend(_: Function) -> Function:
    def made(references: Sequence[Any], services: Any, resolve: Any) -> list[Any]:
        return [copies._written(reference, resolve(reference), services) for reference in references]

    return made


def split() -> Inputs:
    """Returns an entry that sends to two Services, of which the second is cloned, and a mirror."""
    http = {"route": [build.to("a", weight=50), build.to("b", weight=50)], "mirror": build.to("b")["destination"]}
    return adopting("v", *build.app("a"), *build.app("b"), build.virtual_service("v", http, hosts=["a"]), cloned="b")


def adopting(name: str, *base: build.Object, cloned: str, routes: Any = None, **environment: Any) -> Inputs:
    adopt = {"adopt": [{"kind": "VirtualService", "name": name}], **(routes or {})}
    environment = {"output": {"base": "none"}, "routes": adopt, **environment}
    return build.inputs([*base], build.sandbox("dev1", cloned), **environment)


def baggage_first() -> Inputs:
    """Returns an environment whose second carrier is a header."""
    carriers = [{"baggage": "tenantID"}, {"header": "tenantID"}]
    vs = build.virtual_service("a", {"route": [build.to("a")]})
    return adopting("a", *build.app("a"), vs, cloned="a", carriers=carriers)


def in_the_mesh_alone() -> Inputs:
    """Returns a VirtualService for the mesh and a gateway at which no tenant may be chosen."""
    gate = build.object_of("networking.istio.io/v1", "Gateway", "gw", selector={"istio": "in"}, servers=[
        {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}])  # fmt: skip
    vs = build.virtual_service("a", {"route": [build.to("a")]}, gateways=["mesh", "gw"])
    return adopting("a", *build.app("a"), gate, vs, cloned="a", routes={"entry": "mesh"})


def a_client_elsewhere() -> Inputs:
    """Returns an entry for clients by a label that no pod of the base has: who calls a Service may lie outside of the base."""
    other = {"match": [{"sourceLabels": {"team": "b"}}], "route": [build.to("a")]}
    vs = build.virtual_service("a", other, {"route": [build.to("b")]})
    return adopting("a", *build.app("a"), *build.app("b"), vs, cloned="a")


def mirror_to_a_subset() -> Inputs:
    """Returns an entry that mirrors to a subset with a policy, to which no entry sends."""
    entry = {"route": [build.to("a")], "mirror": build.to("a", subset="next")["destination"]}
    subset = {"name": "next", "labels": {"v": "2"}, "trafficPolicy": {"tls": {"mode": "DISABLE"}}}
    rule = build.destination_rule("a", "a", subsets=[subset])
    return adopting("a", *build.app("a"), build.virtual_service("a", entry), rule, cloned="a")


def shared_route() -> Inputs:
    """Returns an HTTPRoute with weights and a mirror, and one of another client's namespace for the same Service."""
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "b", "port": 80}}}
    backends = [{"name": "a", "port": 80, "weight": 9}, {"name": "b", "port": 80, "weight": 1}]
    rules = [
        {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": backends, "filters": [mirror]}
    ]
    route = build.object_of("gateway.networking.k8s.io/v1", "HTTPRoute", "a", rules=rules,
                            parentRefs=[{"group": "", "kind": "Service", "name": "a", "port": 80}])  # fmt: skip
    base = [*build.app("a"), *build.app("b"), route]
    return build.inputs(base, build.sandbox("dev1", "b"), mesh="gateway-api", output={"base": "none"})


MUTANTS = [
    Mutant(
        "R-I2: every destination counts", ("istio.rules.live",), of_result(lambda found: found[:1]), split, "delegates"
    ),
    Mutant(
        "R-I3: a copy stands before its own entry, not before all",
        ("istio.routes.transform",),
        of_result(_tenants_first),
        "14-redirects",
        "mesh",
    ),
    Mutant(
        "R-I4: every carrier",
        ("istio.tenant_routes.tenant_matches", "istio.synthesis.tenant_matches"),
        of_arguments(lambda base, carriers, tenant: (base, carriers[:1], tenant)),
        "01-no-virtual-service",
        "mesh",
    ),
    Mutant(
        "R-I4: an earlier carrier is absent",
        ("istio.matches._without",),
        lambda _: lambda match, _header: match,
        "43-two-carriers",
        "mesh",
    ),
    Mutant(
        "R-I4: earlier members are absent",
        ("istio.matches._without_members",),
        lambda _: lambda match, _keys: match,
        baggage_first,
        "baggage before a header",
    ),
    Mutant(
        "R-I4: a header is compared whole",
        ("istio.matches._with_carrier",),
        of_result(_prefix),
        "05-two-tenants",
        "mesh",
    ),
    Mutant(
        "R-I6: the base's condition on the carrier",
        ("istio.matches._meets",),
        always("replace"),
        "24-base-names-a-tenant",
        "gateway",
    ),
    Mutant(
        "R-I6: the base's condition on its absence",
        ("istio.matches._meets",),
        always("never"),
        "57-case-of-headers",
        "mesh",
    ),
    Mutant("R-I5: clones alone", ("istio.route_copies._cloned",), always(True), "12-weights", "mesh"),
    Mutant(
        "R-I5: subsets with a policy",
        ("istio.route_copies._destination",),
        of_result(lambda d: {k: v for k, v in d.items() if k != "subset"}),
        lambda: test_defects.inputs_of("istio"),
        "DestinationRules",
    ),
    Mutant(
        "R-I10: DestinationRules of clones",
        ("istio.routes.destination_rules",),
        always(()),
        "10-destination-rules",
        "DestinationRules",
    ),
    Mutant(
        "R-I8: entries for every port",
        ("istio.routes.http_ports", "istio.synthesis.http_ports"),
        of_result(lambda ports: list(ports)[:1]),
        "07-several-ports",
        "mesh",
    ),
    Mutant("R-I12: the group of a gateway", ("istio.rules._group",), always(None), "21-gateway-group", "gateway"),
    Mutant(
        "R-I12: ports of a group",
        ("istio.tenant_routes.for_ports",),
        of_arguments(lambda matches, _: (matches, ())),
        "21-redirect-of-a-port",
        "two ports of a group of which one is a redirect",
    ),
    Mutant("R-I13: what roots demand", ("istio.delegates._pairs",), always([{}]), "22-delegate", "delegates"),
    Mutant(
        "R-I19: clients that are clones",
        ("istio.rules.with_clients",),
        lambda _: lambda _clients, vs: (dict(vs.manifest.get("spec", {})), []),
        test_binding.found,
        "source labels",
    ),
    Mutant(
        "R-G14: carriers are removed",
        ("istio.rules.stripping",),
        always([]),
        "21-carriers-removed",
        "routes.entry and routes.strip",
    ),
    Mutant(
        "R-G14: gateways where nobody is chosen",
        ("istio.tenant_routes.confined",),
        lambda _: lambda _bound, _home, matches, _allowed: list(matches),
        in_the_mesh_alone,
        "routes.entry and routes.strip",
    ),
    Mutant(
        "R-G3: rivals are copied together",
        ("gateway_api.routes.components",),
        of_result(_each_alone),
        "42-hostnames",
        "gateway-api",
    ),
    Mutant(
        "R-G4: all rules are copied",
        ("gateway_api.copies.copied_route",),
        of_arguments(lambda env, base, copying, rules, end: (env, base, copying, rules[:1], end)),
        "16-linkerd-copies-all",
        "linkerd",
    ),
    Mutant(
        "R-G5: an object for each carrier",
        ("gateway_api.routes.copies",),
        of_result(_first_rules),
        "17-grpc",
        "linkerd",
    ),
    Mutant(
        "R-G6: the default",
        ("gateway_api.routes.defaults",),
        of_result(_without_default),
        "15-linkerd-default",
        "linkerd",
    ),
    Mutant("R-G4: clones alone", ("gateway_api.copies._backends",), _every_backend, shared_route, "gateway-api"),
    Mutant(
        "R-G9: the namespace of backends",
        ("gateway_api.copies.homes", "gateway_api.copy_decisions.homes"),
        lambda _: lambda route, _parents, _dialect: [route.resource.id.namespace],
        "38-namespaces-of-backends",
        "namespaces of backends",
    ),
    Mutant(
        "R-G6: clients with routes of their own",
        ("gateway_api.routes.in_the_way",),
        always(()),
        "36-consumer-route",
        "linkerd",
    ),
    Mutant(
        "R-G4: mirrors go to clones",
        ("gateway_api.copies._filter",),
        lambda _: lambda item, *_: item,
        shared_route,
        "gateway-api",
    ),
    Mutant(
        "R-I5: mirrors go to clones",
        ("istio.tenant_routes.substituted",),
        lambda real: (
            lambda view, entry, home, names: {
                **real(view, entry, home, names),
                **{k: v for k, v in entry.items() if k == "mirror"},
            }
        ),
        split,
        "mirrors",
    ),
    Mutant(
        "R-L: hostnames stay",
        ("gateway_api.copies.copied_route",),
        of_result(
            lambda p: replace(
                p, manifest={**p.manifest, "spec": {k: v for k, v in p.manifest["spec"].items() if k != "hostnames"}}
            )
        ),
        "42-hostnames",
        "gateway-api",
    ),
    Mutant(
        "R-I19: clients of which the base has no pods",
        ("istio.rules.tenant_entries",),
        _not_by_labels,
        a_client_elsewhere,
        "source labels",
    ),
    Mutant(
        "R-H1: a member at any place of baggage",
        ("istio.matches.baggage_regex",),
        lambda _: lambda key, tenant: rf"\s*{key}\s*=\s*{tenant}\s*([,;].*)?",
        "02-baggage",
        "mesh",
    ),
    Mutant(
        "R-I1: hosts in any case",
        ("istio.route_index.hosts", "istio.coverage.hosts", "istio.rules.hosts"),
        lambda _: lambda manifest: manifest["spec"].get("hosts") or [],
        "26-capital-letters",
        "capital letters",
    ),
    Mutant(
        "R-I5: all else that an entry does",
        ("istio.tenant_routes._named_first",),
        _lost("timeout"),
        "03-before-each",
        "mesh",
    ),
    Mutant(
        "R-I8: the default behind tenants",
        ("istio.synthesis._of_port",),
        of_result(lambda entries: list(entries)[:-1]),
        "01-no-virtual-service",
        "mesh",
    ),
    Mutant(
        "R-I8: seen no wider than the Service",
        ("istio.synthesis.export_to",),
        always(["*"]),
        "28-scoped-service",
        "Services of some namespaces",
    ),
    Mutant(
        "R-I9: ports that a VirtualService leaves open",
        ("istio.routes._appended",),
        always({}),
        "30-port-without-entries",
        "mesh",
    ),
    Mutant(
        "R-I10: policies of single ports",
        ("istio.destination_rules._copy",),
        of_result(_without_port_settings),
        "48-hashing",
        "DestinationRules",
    ),
    Mutant(
        "R-I10: subsets that are mirrored to",
        ("istio.destination_rules.mirrors",),
        always(()),
        mirror_to_a_subset,
        "mirrors",
    ),
    Mutant(
        "R-I12: gateways see what is exported to them",
        ("istio.gateways._is_seen",),
        always(True),
        "21-not-exported-to-the-gateway",
        "gateway",
    ),
    Mutant(
        "R-I14: wildcard hosts",
        ("istio.routes.make_route_index",),
        of_result(lambda view: replace(view, wildcards=())),
        "14-wildcard-that-sends-elsewhere",
        "wildcards",
    ),
    Mutant(
        "R-G2: the parent's clone where none of the backends is cloned",
        ("gateway_api.copies.tenant_rule",),
        lambda real: lambda env, dialect, copying, rule: real(env, dialect, replace(copying, everything=None), rule),
        "17-grpc-beside-http",
        "linkerd",
    ),
    Mutant(
        "R-G4: filters stay",
        ("gateway_api.copies.tenant_rule",),
        _lost("filters"),
        "39-rewrites",
        "gateway-api",
    ),
    Mutant(
        "R-G4: ports of parents",
        ("gateway_api.copies._parent_reference",),
        _lost("port"),
        "35-ports-of-parents",
        "linkerd",
    ),
    Mutant(
        "R-G6: a default's rule is for every path",
        ("gateway_api.routes.defaults",),
        of_result(_exact_path),
        "15-linkerd-default",
        "linkerd",
    ),
    Mutant("R-G8: grants for clones", ("gateway_api.routes.grants",), always(()), "37-reference-grant", "grants"),
    Mutant(
        "R-G15: previews give the carriers",
        ("gateway_api.previews.carrying",),
        lambda _: lambda filters, _carriers, _tenant: list(filters),
        "68-preview-at-a-gateway",
        "previews",
    ),
    Mutant(
        "R-L19: a port for HTTP reads no GRPCRoutes",
        ("gateway_api.consumers.is_http_alone",),
        always(False),
        "34-grpc-for-all-ports",
        "ports for HTTP alone",
    ),
]


def said(inputs: Inputs) -> list[str]:
    """Returns what the obligation `requests` says of what the renderer writes."""
    found = render(inputs, is_proved=False)
    world = make_world(inputs.base, written(found.objects), claims_of(inputs))
    return [problem.text for problem in requests.check(world)]


def inputs_of(case: str | Callable[[], Inputs]) -> Inputs:
    if isinstance(case, str):
        return read((REPOSITORY / "tests" / "cases" / "routing" / f"{case}.yaml").read_text()).inputs
    return case()


@pytest.mark.parametrize("mutant", [pytest.param(m, id=m.rule.replace(" ", "-")) for m in MUTANTS])
def test_requests_find_a_renderer_that_leaves_a_rule_out(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = inputs_of(mutant.case)
    with contextlib.suppress(Invalid):  # what the rule refuses is written without it
        assert said(inputs) == []
    mutant.apply(monkeypatch)
    assert said(inputs) != []


def _sandboxes(cloned: Any) -> list[build.Object]:
    return [build.sandbox(tenant, *sorted(services)) for tenant, services in cloned.items()]


def _of_istio(base: list[build.Object], cloned: Any) -> Inputs:
    return build.inputs(base, *_sandboxes(cloned))


def _of_gateway_api(case: promises.Case) -> Inputs:
    return promises.read_inputs_of(case, _sandboxes(case.cloned))


RANDOM: dict[str, st.SearchStrategy[Inputs]] = {
    "mesh": st.builds(_of_istio, tables.meshed.map(tables.base_in_mesh), tables.clones),
    "gateway": st.builds(
        _of_istio,
        st.builds(tables.base_at_gateway, tables.entered, st.one_of(st.just([None]), tables.limits), tables.exports),
        tables.clones,
    ),
    "delegates": st.builds(
        _of_istio, st.builds(tables.base_of_delegates, tables.delegated, tables.delegated), tables.clones
    ),
    "linkerd": promises.cases("linkerd").map(_of_gateway_api),
    "gateway-api": promises.cases("gateway-api").map(_of_gateway_api),
}
"""Random bases with tenants, by the part of routing that they are of."""
LACKING = frozenset(
    {
        "baggage before a header",
        "DestinationRules",
        "source labels",
        "routes.entry and routes.strip",
        "mirrors",
        "namespaces of backends",
        "two ports of a group of which one is a redirect",
        "capital letters",
        "Services of some namespaces",
        "wildcards",
        "grants",
        "previews",
        "ports for HTTP alone",
    }
)
"""What random bases do not have, so that they cannot show a mutant."""
MOST = 500


class Found(Exception):
    """Raised where a random base shows a mutant."""


def tried_until_found(strategy: st.SearchStrategy[Inputs]) -> int | None:
    """Returns how many random bases a mutant is tried on until it is found, None where that takes more than MOST."""
    tried = 0

    @settings(
        max_examples=MOST,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(strategy)
    def judge(inputs: Inputs) -> None:
        nonlocal tried
        tried += 1
        with contextlib.suppress(Invalid):
            if said(inputs):
                raise Found

    try:
        judge()
    except Found:
        return tried
    return None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize(
    "mutant", [pytest.param(m, id=m.rule.replace(" ", "-")) for m in MUTANTS if m.random not in LACKING]
)
def test_random_bases_find_a_renderer_that_leaves_a_rule_out(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.apply(monkeypatch)
    assert tried_until_found(RANDOM[mutant.random]) is not None


def test_what_random_bases_lack_is_named() -> None:
    assert {mutant.random for mutant in MUTANTS} == {*RANDOM, *LACKING}
