"""P1 and P8 on policies: copies that are missing, weaker, too wide, or that act on the base, are caught."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.inputs import Inputs
from tests.build import Object, app, destination_rule, inputs, object_of, sandbox, to, virtual_service
from tests.proof.recorded import assert_recorded
from tests.proof.test_proof import Edit, Files, make
from tests.proof.test_routes import written

NETWORK = "networking.k8s.io/v1"
TO_SERVER = {"group": "policy.linkerd.io", "kind": "Server", "name": "s"}
A, B = {"matchLabels": {"app": "a"}}, {"matchLabels": {"app": "b"}}
MARKED = [{"key": "sandlane.dev/tenant", "operator": "Exists"}]
BASE: list[Object] = [
    *app("a"), *app("b"),
    object_of(NETWORK, "NetworkPolicy", "p", podSelector=B, policyTypes=["Ingress"], ingress=[
        {"from": [{"podSelector": A}], "ports": [{"port": 80}]}, {"from": [{"podSelector": {}}], "ports": [{"port": 90}]}]),
    object_of(NETWORK, "NetworkPolicy", "wide", podSelector={}, ingress=[{"from": [{"podSelector": A, "namespaceSelector": {}}]}]),
    object_of("security.istio.io/v1", "AuthorizationPolicy", "auth", "istio-system", selector=A, rules=[{"to": []}]),
    object_of("policy.linkerd.io/v1beta1", "Server", "s", podSelector=A, port="http"),
    object_of("policy.linkerd.io/v1alpha1", "AuthorizationPolicy", "of-server", targetRef=TO_SERVER),
    object_of("gateway.networking.k8s.io/v1alpha3", "BackendTLSPolicy", "tls", validation={"hostname": "b"},
              targetRefs=[{"group": "", "kind": "Service", "name": "b"}]),
    destination_rule("d", "b", workloadSelector=A, trafficPolicy={"tls": {"mode": "SIMPLE"}}),
    virtual_service("c", {"match": [{"sourceLabels": {"app": "a"}}], "timeout": "1s", "route": [to("b")]}, {"route": [to("b")]},
                    hosts=["c.example.org"]),
]  # fmt: skip


@cache
def found() -> Inputs:
    routes = {"adopt": [{"kind": "VirtualService", "name": "c"}]}
    specs = (sandbox("dev1", "a", "b"), sandbox("dev10", "a"))
    return inputs(BASE, *specs, mesh="istio", output={"base": "none"}, routes=routes)


@cache
def correct() -> Files:
    return written(found())


def said(edit: Edit, claims: Any = None) -> list[str]:
    files = copy.deepcopy(correct())
    edit(files)
    problems = prove(found().base, make(files), claims or claims_of(found()))
    return [f"{problem.code} {problem.text.partition(' does not hold: ')[2]}" for problem in problems]


def test_what_is_rendered_has_no_defect() -> None:
    assert said(lambda _: None) == []


ONE, TEN, SHARED = "sandboxes/dev1/shop/", "sandboxes/dev10/shop/", "shared/shop/"
COPY, OPEN, AUTH = (
    f"{ONE}networkpolicy-p-b-dev1.yaml",
    f"{SHARED}networkpolicy-p-clones-of-a.yaml",
    f"{ONE}authorizationpolicy-istio-system-auth-a-dev1.yaml",
)
SERVER, OF_SERVER, TLS = (
    f"{ONE}server.policy.linkerd.io-s-a-dev1.yaml",
    f"{ONE}authorizationpolicy.policy.linkerd.io-of-server-s-a-dev1.yaml",
    f"{ONE}backendtlspolicy.gateway.networking.k8s.io-tls-b-dev1.yaml",
)
RULE, CROSS, VS = (
    f"{ONE}destinationrule-d-a-dev1.yaml",
    f"{ONE}destinationrule-d-dev1-a-dev1.yaml",
    f"{SHARED}virtualservice-c.yaml",
)


def gone(path: str) -> Edit:
    def edit(files: Files) -> None:
        del files[path]

    return edit


def put(path: str, place: tuple[str | int, ...], value: Any) -> Edit:
    def edit(files: Files) -> None:
        inner: Any = files[path]
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = value

    return edit


def drop(path: str, place: tuple[str | int, ...]) -> Edit:
    def edit(files: Files) -> None:
        inner: Any = files[path]
        for step in place[:-1]:
            inner = inner[step]
        del inner[place[-1]]

    return edit


def add(path: str, place: tuple[str | int, ...], value: Any) -> Edit:
    def edit(files: Files) -> None:
        inner: Any = files[path]
        for step in place:
            inner = inner[step]
        inner.append(value)

    return edit


INGRESS = ("spec", "ingress")
NP, CLONE, CLONE_B = "NetworkPolicy/shop/", "Deployment/shop/a-dev1", "Deployment/shop/b-dev1"
DEFECTS: list[tuple[str, Edit, list[str]]] = [
    ("a copy missing", gone(COPY), [f"SL608 '{NP}p' binds 'Deployment/shop/b' and not '{CLONE_B}'"]),
    ("a root policy missing", gone(AUTH), [f"SL608 'AuthorizationPolicy/istio-system/auth' binds 'Deployment/shop/a' and not '{CLONE}'"]),
    ("a rule dropped", drop(COPY, (*INGRESS, 1)), [f"SL601 '{NP}p-b-dev1': 'ingress' is not that of '{NP}p'"]),
    ("a peer dropped", drop(COPY, (*INGRESS, 0, "from", 0)), [f"SL601 '{NP}p-b-dev1': rule 1 of 'ingress' is not that of '{NP}p'"]),
    ("a peer for clones dropped", drop(COPY, (*INGRESS, 0, "from", 1)),
     [f"SL601 '{NP}p-b-dev1': rule 1 of 'ingress' lets 'Deployment/shop/a' through and not its clones"]),
    ("ports dropped", drop(COPY, (*INGRESS, 0, "ports")), [f"SL601 '{NP}p-b-dev1': rule 1 of 'ingress' is not that of '{NP}p'"]),
    ("types implicit", drop(COPY, ("spec", "policyTypes")), [f"SL601 '{NP}p-b-dev1': 'policyTypes' are not Ingress, as of '{NP}p'"]),
    ("types too many", put(COPY, ("spec", "policyTypes"), ["Ingress", "Egress"]),
     [f"SL601 '{NP}p-b-dev1': 'policyTypes' are not Ingress, as of '{NP}p'"]),
    ("a copy that selects the base", put(COPY, ("spec", "podSelector"), B),
     [f"SL601 '{NP}p-b-dev1': neither binds one clone of its sandbox nor names a copy",
      f"SL608 '{NP}p' binds 'Deployment/shop/b' and not '{CLONE_B}'"]),
    ("a copy that selects more", put(COPY, ("spec", "podSelector"), {"matchLabels": {"sandlane.dev/tenant": "dev1"}}),
     [f"SL601 '{NP}p-b-dev1': neither binds one clone of its sandbox nor names a copy",
      f"SL608 '{NP}p' binds 'Deployment/shop/b' and not '{CLONE_B}'"]),
    ("a copy of nothing", put(COPY, ("metadata", "labels", "sandlane.dev/origin"), "q"),
     [f"SL601 '{NP}p-b-dev1': label 'sandlane.dev/origin' names no NetworkPolicy of the base",
      f"SL608 '{NP}p' binds 'Deployment/shop/b' and not '{CLONE_B}'"]),
    ("a peer too wide in a copy", add(COPY, (*INGRESS, 0, "from"), {"podSelector": {}}),
     [f"SL601 '{NP}p-b-dev1': a peer added to rule 1 of 'ingress' is none for clones alone"]),
    ("a peer for clones of another", add(COPY, (*INGRESS, 0, "from"), {"podSelector": {
        "matchLabels": {"sandlane.dev/origin": "b"}, "matchExpressions": MARKED}}),
     [f"SL601 '{NP}p-b-dev1': a peer added to rule 1 of 'ingress' lets clones of 'shop/b' through, which the rule does not let through"]),
    ("nothing shared", gone(OPEN), [f"SL608 '{NP}p' admits 'Deployment/shop/a' and not '{CLONE}'"]),
    ("an added policy that isolates others", put(OPEN, ("spec", "podSelector"), {}),
     [f"SL601 '{NP}p-clones-of-a': does not select what '{NP}p' selects"]),
    ("an added policy that isolates in another direction", put(OPEN, ("spec", "policyTypes"), ["Ingress", "Egress"]),
     [f"SL601 '{NP}p-clones-of-a': isolates in directions in which '{NP}p' does not"]),
    ("an added policy without types", drop(OPEN, ("spec", "policyTypes")),
     [f"SL601 '{NP}p-clones-of-a': has 'spec.ingress' beside the rules of its directions",
      f"SL601 '{NP}p-clones-of-a': isolates in directions in which '{NP}p' does not"]),
    ("an added policy with more rules", put(OPEN, ("spec", "egress"), [{}]),
     [f"SL601 '{NP}p-clones-of-a': has 'spec.egress' beside the rules of its directions"]),
    ("an added peer too wide", put(OPEN, (*INGRESS, 0, "from"), [{"podSelector": A}]),
     [f"SL601 '{NP}p-clones-of-a': a peer added to rule 1 of 'ingress' is none for clones alone",
      f"SL608 '{NP}p' admits 'Deployment/shop/a' and not '{CLONE}'"]),
    ("an added peer for any origin", put(OPEN, (*INGRESS, 0, "from"), [{"podSelector": {"matchExpressions": MARKED}}]),
     [f"SL601 '{NP}p-clones-of-a': a peer added to rule 1 of 'ingress' is none for clones alone",
      f"SL608 '{NP}p' admits 'Deployment/shop/a' and not '{CLONE}'"]),
    ("an added peer for any namespace", put(OPEN, (*INGRESS, 0, "from", 0, "namespaceSelector"), {}),
     [f"SL601 '{NP}p-clones-of-a': a peer added to rule 1 of 'ingress' lets clones of 'shop/a' through, which the rule does not let "
      "through",
      f"SL608 '{NP}p' admits 'Deployment/shop/a' and not '{CLONE}'"]),
    ("an added rule for everyone", put(OPEN, (*INGRESS, 0, "from"), []),
     [f"SL601 '{NP}p-clones-of-a': rule 1 of 'ingress' is for other ports than those of '{NP}p', or for everyone",
      f"SL608 '{NP}p' admits 'Deployment/shop/a' and not '{CLONE}'"]),
    ("an added rule for other ports", put(OPEN, (*INGRESS, 0, "ports"), [{"port": 81}]),
     [f"SL601 '{NP}p-clones-of-a': rule 1 of 'ingress' is for other ports than those of '{NP}p', or for everyone",
      f"SL608 '{NP}p' admits 'Deployment/shop/a' and not '{CLONE}'"]),
    ("rules changed", put(AUTH, ("spec", "rules"), [{}]),
     ["SL601 'AuthorizationPolicy/shop/istio-system-auth-a-dev1': says something else than 'AuthorizationPolicy/istio-system/auth'"]),
    ("a policy for the whole namespace", drop(AUTH, ("spec", "selector")),
     ["SL601 'AuthorizationPolicy/shop/istio-system-auth-a-dev1': neither binds one clone of its sandbox nor names a copy",
      f"SL608 'AuthorizationPolicy/istio-system/auth' binds 'Deployment/shop/a' and not '{CLONE}'"]),
    ("another tenant's clone", put(AUTH, ("spec", "selector", "matchLabels", "sandlane.dev/tenant"), "dev10"),
     ["SL601 'AuthorizationPolicy/shop/istio-system-auth-a-dev1': neither binds one clone of its sandbox nor names a copy",
      f"SL608 'AuthorizationPolicy/istio-system/auth' binds 'Deployment/shop/a' and not '{CLONE}'"]),
    ("a reference to a Server missing", gone(OF_SERVER),
     ["SL608 'AuthorizationPolicy/shop/of-server' names 'Server/shop/s', and nothing like it 'Server/shop/s-a-dev1'"]),
    ("a reference to the base", put(OF_SERVER, ("spec", "targetRef", "name"), "s"),
     ["SL601 'AuthorizationPolicy/shop/of-server-s-a-dev1': names 'Server/shop/s', which is no copy of its own directory",
      "SL608 'AuthorizationPolicy/shop/of-server' names 'Server/shop/s', and nothing like it 'Server/shop/s-a-dev1'"]),
    ("a reference to another's copy", put(OF_SERVER, ("spec", "targetRef", "name"), "s-a-dev10"),
     ["SL601 'AuthorizationPolicy/shop/of-server-s-a-dev1': names 'Server/shop/s-a-dev10', which is no copy of its own directory",
      "SL608 'AuthorizationPolicy/shop/of-server' names 'Server/shop/s', and nothing like it 'Server/shop/s-a-dev1'"]),
    ("a reference to a Service missing", gone(TLS),
     ["SL608 'BackendTLSPolicy/shop/tls' names 'Service/shop/b', and nothing like it 'Service/shop/b-dev1'"]),
    ("a weaker copy of what names a Service", put(TLS, ("spec", "validation"), {}),
     ["SL601 'BackendTLSPolicy/shop/tls-b-dev1': says something else than 'BackendTLSPolicy/shop/tls'"]),
    ("a reference to one more", add(TLS, ("spec", "targetRefs"), {"group": "", "kind": "Service", "name": "b"}),
     ["SL601 'BackendTLSPolicy/shop/tls-b-dev1': names 'Service/shop/b', which is no copy of its own directory"]),
    ("a selector beside", put(TLS, ("spec", "targetSelectors"), [{"kind": "Service"}]),
     ["SL601 'BackendTLSPolicy/shop/tls-b-dev1': names what it applies to in more places than one"]),
    ("a rule for a client missing", gone(RULE), []),
    ("a rule for a client and a clone missing", gone(CROSS),
     []),
    ("a rule for a client that says less", drop(CROSS, ("spec", "trafficPolicy")),
     []),
    ("a condition for a client missing", drop(VS, ("spec", "http", 1, "match", 1)),
     []),
    ("a condition for more clients", put(VS, ("spec", "http", 1, "match", 1, "sourceLabels"), {"sandlane.dev/origin": "a"}),
     ["SL601 'VirtualService/shop/c': the base's entry 1 is missing, changed or out of order"]),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "expected"), [pytest.param(*row[1:], id=row[0].replace(" ", "-")) for row in DEFECTS])
def test_defects(edit: Edit, expected: list[str], request: pytest.FixtureRequest) -> None:
    if not expected:
        assert_recorded(request, said(edit))
        return
    assert sorted(said(edit)) == sorted(expected)


@pytest.mark.parametrize(
    ("edit", "code", "object"),
    [
        pytest.param(gone(AUTH), "SL320", "AuthorizationPolicy/istio-system/auth", id="binds"),
        pytest.param(gone(TLS), "SL323", "BackendTLSPolicy/shop/tls", id="names"),
    ],
)
def test_what_is_accepted_may_be_missing(edit: Callable[[Files], None], code: str, object: str) -> None:
    claims = claims_of(found())
    accepting = tuple(dataclasses.replace(c, accepted=frozenset({(code, object)})) for c in claims.sandboxes)
    assert said(edit, dataclasses.replace(claims, sandboxes=accepting)) == []


LEFT = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a"]}]}


@pytest.mark.parametrize(
    ("policies", "accepted", "expected"),
    [
        pytest.param(
            [object_of(NETWORK, "NetworkPolicy", "p", podSelector=LEFT)], [("SL322", "NetworkPolicy/shop/p")],
            [f"SL608 '{NP}p' binds '{CLONE}' and not 'Deployment/shop/a'"], id="binds-the-clone-alone",
        ),
        pytest.param(
            [object_of(NETWORK, "NetworkPolicy", "p", podSelector={}, ingress=[{"from": [{"podSelector": LEFT}]}])],
            [("SL325", "NetworkPolicy/shop/p")],
            [f"SL608 '{NP}p' admits '{CLONE}' and not 'Deployment/shop/a'"], id="lets-the-clone-alone-through",
        ),
        pytest.param(
            [object_of("security.istio.io/v1", "PeerAuthentication", name, selector=A) for name in ("p", "q")],
            [("SL320", f"PeerAuthentication/shop/{name}") for name in ("p", "q")],
            [f"SL608 'PeerAuthentication/shop/{name}' binds 'Deployment/shop/a' and not '{CLONE}'" for name in ("p", "q")],
            id="cannot-follow",
        ),
        pytest.param(
            [object_of("gateway.envoyproxy.io/v1", "SecurityPolicy", name, targetRef={"group": "", "kind": "Service", "name": "a"})
             for name in ("p", "q")],
            [("SL323", f"SecurityPolicy/shop/{name}") for name in ("p", "q")],
            [f"SL608 'SecurityPolicy/shop/{name}' names 'Service/shop/a', and nothing like it 'Service/shop/a-dev1'"
             for name in ("p", "q")],
            id="cannot-name-the-copy",
        ),
    ],
)  # fmt: skip
def test_what_only_acceptance_lets_pass(
    policies: list[Object], accepted: list[tuple[str, str]], expected: list[str]
) -> None:
    accept = [{"code": code, "object": name, "reason": "fine"} for code, name in accepted]
    spec = sandbox("dev1", {"name": "a", "accept": accept})
    given = inputs([*app("a"), *policies], spec, mesh="gateway-api", output={"base": "none"})
    output, claims = make(written(given)), claims_of(given)
    assert prove(given.base, output, claims) == []
    bare = tuple(dataclasses.replace(claim, accepted=frozenset()) for claim in claims.sandboxes)
    problems = prove(given.base, output, dataclasses.replace(claims, sandboxes=bare))
    assert [f"{problem.code} {problem.text.partition(' does not hold: ')[2]}" for problem in problems] == expected


def test_two_copies_of_which_one_is_in_force() -> None:
    both = [object_of("security.istio.io/v1", "PeerAuthentication", name, selector=A) for name in ("p", "q")]
    accept = [{"code": "SL320", "object": f"PeerAuthentication/shop/{name}", "reason": "fine"} for name in ("p", "q")]
    given = inputs([*app("a"), *both], sandbox("dev1", {"name": "a", "accept": accept}), mesh="gateway-api")
    files, claims = written(given), claims_of(given)
    marks = {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "a"}
    for name in ("p", "q"):
        labels = {"app.kubernetes.io/managed-by": "sandlane", "tenantID": "dev1", "sandlane.dev/sandbox": "dev1",
                  **marks, "sandlane.dev/origin": name}  # fmt: skip
        files[f"{ONE}peerauthentication-{name}-a-dev1.yaml"] = {
            **object_of("security.istio.io/v1", "PeerAuthentication", "", selector={"matchLabels": marks}),
            "metadata": {"name": f"{name}-a-dev1", "namespace": "shop", "labels": labels,
                         "annotations": {"sandlane.dev/spec": "sandboxes/dev1.yaml"}},
        }  # fmt: skip
    bare = tuple(dataclasses.replace(claim, accepted=frozenset()) for claim in claims.sandboxes)
    problems = prove(given.base, make(files), dataclasses.replace(claims, sandboxes=bare))
    assert [problem.text.partition(" does not hold: ")[2] for problem in problems] == [
        f"'PeerAuthentication/shop/{name}' is one of 2 that bind 'Deployment/shop/a', of which one is in force"
        for name in ("p", "q")
    ]


def _marked(copy: Object, name: str, origin: str) -> Object:
    labels = {"app.kubernetes.io/managed-by": "sandlane", "tenantID": "dev1", "sandlane.dev/sandbox": "dev1",
              "sandlane.dev/tenant": "dev1", "sandlane.dev/origin": origin}  # fmt: skip
    annotations = {"sandlane.dev/spec": "sandboxes/dev1.yaml"}
    return {**copy, "metadata": {"name": name, "namespace": "shop", "labels": labels, "annotations": annotations}}


POLICY = "policy.linkerd.io/v1beta3"


def test_r_l2_a_copy_of_a_server_beside_another_of_its_port() -> None:
    both = [
        object_of(POLICY, "Server", "own", podSelector=A, port=80),
        object_of(POLICY, "Server", "all", podSelector={}, port=80),
    ]
    accept = [{"code": "SL320", "object": "Server/shop/own", "reason": "fine"}]
    given = inputs([*app("a"), *both], sandbox("dev1", {"name": "a", "accept": accept}), mesh="linkerd")
    files, claims = written(given), claims_of(given)
    assert prove(given.base, make(files), claims) == []
    selector = {"matchLabels": {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "a"}}
    copy = object_of(POLICY, "Server", "", podSelector=selector, port=80)
    files[f"{ONE}server.policy.linkerd.io-own-a-dev1.yaml"] = _marked(copy, "own-a-dev1", "own")
    bare = tuple(dataclasses.replace(claim, accepted=frozenset()) for claim in claims.sandboxes)
    problems = prove(given.base, make(files), dataclasses.replace(claims, sandboxes=bare))
    assert [problem.text.partition(" does not hold: ")[2] for problem in problems] == [
        "'Server/shop/own' is one of 2 that bind 'Deployment/shop/a', of which one is in force"
    ]


def test_r_l4_copies_of_routes_of_a_server_that_tie() -> None:
    routes = [object_of(POLICY, "HTTPRoute", name, parentRefs=[TO_SERVER], rules=[{}]) for name in ("p", "q")]
    base = [*app("a"), object_of(POLICY, "Server", "s", podSelector=A, port=80), *routes]
    accept = [{"code": "SL323", "object": f"HTTPRoute/shop/{name}", "reason": "fine"} for name in ("p", "q")]
    given = inputs(base, sandbox("dev1", {"name": "a", "accept": accept}), mesh="linkerd")
    files, claims = written(given), claims_of(given)
    assert prove(given.base, make(files), claims) == []
    for name in ("p", "q"):
        copy = object_of(POLICY, "HTTPRoute", "", parentRefs=[{**TO_SERVER, "name": "s-a-dev1"}], rules=[{}])
        files[f"{ONE}httproute.policy.linkerd.io-{name}-s-a-dev1.yaml"] = _marked(
            copy, f"{name}-s-a-dev1", f"httproute.{name}"
        )
    problems = prove(given.base, make(files), claims)
    assert [problem.text.partition(" does not hold: ")[2] for problem in problems] == [
        f"'HTTPRoute/shop/{one}' names 'Server/shop/s' as 'HTTPRoute/shop/{other}' does, and of the two the older counts: "
        "'Server/shop/s-a-dev1' has a copy" for one, other in ("pq", "qp")
    ]  # fmt: skip
