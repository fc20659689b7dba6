"""NetworkPolicies hold for clones as they hold for their origins: for each pair of pods, with clones in either place."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from sandlane.specs.inputs import Inputs
from tests.applications import application, environment, inputs_over, route_objects, workloads_of
from tests.applications import sandbox as specified
from tests.build import Object, deployment, inputs, object_of, sandbox, service
from tests.reachability import Manifest, cluster_of, differences, read
from tests.shared import SHARED, needs_shared

TENANTS = ("dev1", "dev10", "xdev1")
BASES = {
    "boutique-istio-all": "istio",
    "podinfo-prod": "istio",
    "sock-shop": "istio",
    "emojivoto+policy": "linkerd",
    "hotrod-base": "gateway-api",
    "hotrod-istio": "istio",
    "hotrod-linkerd": "linkerd",
    "bookinfo+istio": "istio",
}
REFUSED = ("SL310", "SL311", "SL312", "SL326", "SL411")
"""Why a workload may be refused that is cloned all the same here: its reasons have nothing to do with policies."""


def written(found: Inputs, only: tuple[str, ...] = ("sandboxes/", "shared/")) -> list[Manifest]:
    files = render(found).files
    return read([text for path, text in files.items() if path.startswith(only) and path.endswith(".yaml")], "apps")


def rendered(found: Inputs) -> tuple[Mapping[str, str], set[str]]:
    """Returns the files of an output, or the codes with which it is refused."""
    try:
        return render(found).files, set()
    except Invalid as invalid:
        return {}, {problem.code for problem in invalid.problems}


def accepting(first: Inputs, workloads: list[Object]) -> list[Object]:
    """Returns the workloads with what their specs have to accept."""
    found: dict[int, list[Object]] = {}
    try:
        render(first, is_proved=False)
    except Invalid as invalid:
        for problem in invalid.problems:
            assert problem.code in REFUSED, problem.text
            found.setdefault(int(problem.path[2]), []).append(
                {"code": problem.code, "object": problem.object, "reason": "a test"}
            )
    return [{**w, **({"accept": found[n]} if n in found else {})} for n, w in enumerate(workloads)]


@needs_shared
@pytest.mark.parametrize("name", [application(name) for name in sorted(BASES)])
def test_every_workload_of_an_application(name: str) -> None:
    base, mesh = SHARED / "bases" / f"{name}.yaml", BASES[name]
    probe = inputs_over(base, environment(mesh))
    routes = {"routes": {"adopt": route_objects(probe)}} if mesh == "istio" else {}
    workloads = workloads_of(probe)
    first = inputs_over(base, environment(mesh, **routes), [specified("dev1", workloads)])
    workloads = accepting(first, workloads)
    specs = [specified(tenant, workloads) for tenant in TENANTS]
    ours, theirs = read([base.read_text()], "apps"), written(inputs_over(base, environment(mesh, **routes), specs))
    assert len(cluster_of(theirs).pods) == len(TENANTS) * len(workloads)
    assert differences(ours, theirs) == []


VALUES = {"app": ("w0", "w1"), "tier": ("a", "b"), "track": ("a", "b")}
NAMESPACES = ("shop", "other")
pairs = st.sampled_from([(key, value) for key, values in VALUES.items() for value in values] + [("app", "w0")])
expressions = st.one_of(
    st.builds(
        lambda pair, operator: {"key": pair[0], "operator": operator, "values": [pair[1]]},
        pairs, st.sampled_from(["In", "NotIn"]),
    ),
    st.builds(
        lambda key, operator: {"key": key, "operator": operator},
        st.sampled_from((*VALUES, "sandlane.dev/tenant")), st.sampled_from(["Exists", "DoesNotExist"]),
    ),
)  # fmt: skip
selectors = st.builds(
    lambda labels, found: {
        **({"matchLabels": dict(labels)} if labels else {}),
        **({"matchExpressions": found} if found else {}),
    },
    st.lists(pairs, max_size=2),
    st.lists(expressions, max_size=1),
)
spaces = st.sampled_from(
    [{}, {}, {"matchLabels": {"kubernetes.io/metadata.name": "other"}}, {"matchLabels": {"team": "x"}},
     {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}]}]
)  # fmt: skip
peers = st.one_of(
    st.builds(lambda pods: {"podSelector": pods}, selectors),
    st.builds(lambda pods, near: {"podSelector": pods, "namespaceSelector": near}, selectors, spaces),
    st.builds(lambda near: {"namespaceSelector": near}, spaces),
    st.just({"ipBlock": {"cidr": "10.0.0.0/8"}}),
)
ports = st.lists(st.sampled_from([{"port": 80}, {"protocol": "UDP", "port": 53}, {"port": "http"}]), max_size=2)


def rules(side: str) -> st.SearchStrategy[list[Object]]:
    rule = st.builds(
        lambda who, where: {**({side: who} if who else {}), **({"ports": where} if where else {})},
        st.lists(peers, max_size=2),
        ports,
    )
    return st.lists(rule, max_size=2)


policies = st.builds(
    lambda pods, ingress, egress, types, namespace: object_of(
        "networking.k8s.io/v1", "NetworkPolicy", "p", namespace, podSelector=pods,
        **({"ingress": ingress} if ingress is not None else {}), **({"egress": egress} if egress is not None else {}),
        **({"policyTypes": types} if types else {}),
    ),
    selectors, st.none() | rules("from"), st.none() | rules("to"),
    st.sampled_from([None, ["Ingress"], ["Egress"], ["Ingress", "Egress"]]), st.sampled_from(NAMESPACES),
)  # fmt: skip
labels = st.fixed_dictionaries({}, optional={key: st.sampled_from(VALUES[key]) for key in ("tier", "track")})
MAY_MEET = {"SL303", "SL304", "SL310", "SL322", "SL325"}


@given(
    st.lists(labels, min_size=2, max_size=4),
    st.lists(policies, min_size=1, max_size=4),
)
def test_generated_policies(workloads: list[dict[str, str]], found: list[Object]) -> None:
    base: list[Object] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other", "labels": {"team": "x"}}},
        *({**p, "metadata": {**p["metadata"], "name": f"p{number}"}} for number, p in enumerate(found)),
    ]
    entries = []
    for number, own in enumerate(workloads):
        # Each name in both namespaces, so that origin labels coincide.
        name, namespace = f"w{number // 2}", NAMESPACES[number % 2]
        base += [deployment(name, {"app": name, **own}, namespace), service(name, namespace=namespace)]
        entries.append({"name": name, "namespace": namespace})
    specs = [sandbox(tenant, *entries) for tenant in TENANTS[:2]]
    specs.append(sandbox(TENANTS[2], *entries[:1]))
    files, codes = rendered(inputs(base, *specs, mesh="gateway-api", output={"base": "none"}))
    assert codes <= MAY_MEET
    if codes:
        return
    texts = [text for path, text in files.items() if path.endswith(".yaml")]
    ours = read([json.dumps({"kind": "List", "items": base})], "shop")
    assert differences(ours, read(texts, "shop")) == []
