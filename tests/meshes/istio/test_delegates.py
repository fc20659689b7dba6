"""Delegates of VirtualServices (rule R-I13)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import Object, app, carried, plan, route, sandbox, texts, to, virtual_service

TO_A, TO_B = {"route": [to("a")]}, {"route": [to("b")]}
X = {"uri": {"prefix": "/x"}}


def routed(*base: Object, **env: Any) -> tuple[dict[str, list[Any]], list[str]]:
    found = route(plan([*app("a"), *app("b"), *base], sandbox("dev1", "a"), **env))
    https = {str(o.id): o.manifest["spec"]["http"] for o in found.objects if o.id.kind == "VirtualService"}
    return https, list(dict.fromkeys(texts(found.problems)))


def delegate(*http: Object, name: str = "d", **spec: Any) -> Object:
    made = virtual_service(name, *http, hosts=[], **spec)
    return {**made, "spec": {key: value for key, value in made["spec"].items() if key != "hosts"}}


def root(*matches: Object, name: str = "a", hosts: tuple[str, ...] = ("a",), **more: Any) -> Object:
    entry = {**({"match": list(matches)} if matches else {}), "delegate": {"name": "d"}, **more}
    return virtual_service(name, entry, hosts=list(hosts))


def copy(match: Object | None = None, **more: Any) -> Object:
    return {"name": "tenant-dev1", "match": carried("dev1", match), "route": [to("a-dev1")], **more}


@pytest.mark.parametrize(
    ("roots", "http", "expected"),
    [
        pytest.param([root(X)], [TO_A], [copy(), TO_A], id="without-a-match"),
        pytest.param([root(X)], [{"match": [X], **TO_A}], [copy(X), {"match": [X], **TO_A}], id="with-a-match"),
        pytest.param([root()], [TO_A], [copy(), TO_A], id="root-without-a-match"),
        pytest.param(
            [root({**X, "ignoreUriCase": True})], [TO_A], [copy({"ignoreUriCase": True}), TO_A], id="scenario-22-case"
        ),
        pytest.param([root({"sourceNamespace": "web"}, X)], [TO_A],
                     [copy(), copy({"sourceNamespace": "web"}), TO_A], id="namespaces"),
        pytest.param(
            [root(X), root({**X, "ignoreUriCase": True, "sourceNamespace": "web"}, name="r", hosts=("r.org",))], [TO_A],
            [copy(), copy({"ignoreUriCase": True, "sourceNamespace": "web"}), TO_A],
            id="two-roots",
        ),
        pytest.param([root(X)], [TO_B], [TO_B], id="unaffected"),
        pytest.param([], [TO_A], [copy(), TO_A], id="no-root"),
    ],
)  # fmt: skip
def test_entries(roots: list[Object], http: list[Object], expected: list[Object]) -> None:
    https, said = routed(*roots, delegate(*http))
    assert (https["VirtualService/shop/d"], [s for s in said if "SL402" not in s]) == (expected, [])


def entangled(
    what: str, way: str = "write the routes into the VirtualService that delegates, or use another carrier"
) -> list[str]:
    return [f"base.yaml: SL445 an entry of the delegate 'VirtualService/shop/d' {what}\n  hint: {way}"]


NAMED = "is merged with 'VirtualService/shop/a' and one of them names the carrier's header '{}'"


@pytest.mark.parametrize(
    ("match", "leaf", "header"),
    [
        pytest.param({"headers": {"tenantid": {"exact": "beta"}}}, {}, "tenantid", id="header"),
        pytest.param({"headers": {"Baggage": {}}}, {}, "Baggage", id="baggage"),
        pytest.param({"withoutHeaders": {"tenantID": {}}}, {}, "tenantID", id="without"),
        pytest.param({}, {"headers": {"tenantid": {"exact": "beta"}}}, "tenantid", id="its-own"),
    ],
)
def test_conditions_on_carriers(match: Object, leaf: Object, header: str) -> None:
    entry = {**({"match": [leaf]} if leaf else {}), **TO_A}
    assert routed(root(match), delegate(entry))[1] == entangled(NAMED.format(header))


def test_headers_of_a_root_that_an_answer_would_hide() -> None:
    base = [root(X, headers={"request": {"set": {"y": "1"}}}), delegate(TO_A)]
    assert routed(*base)[1] == []
    assert routed(*base, routes={"answerHeader": "x-route"})[1] == entangled(
        "takes the headers of 'VirtualService/shop/a', which 'routes.answerHeader' would hide",
        "write the header operations into the delegate's entry too",
    )


def test_a_host_whose_delegate_sends_to_other_services() -> None:
    what = "serves 'Service/shop/a', which is cloned, with other hosts or at a gateway, and sends to no clone"
    assert routed(root(X), delegate(TO_B))[1] == [
        (
            f"base.yaml: SL402 'VirtualService/shop/a' {what}: sandlane cannot route that yet\n"
            "  hint: give the host a VirtualService of its own"
        )
    ]


@pytest.mark.parametrize(
    ("spec", "namespace", "is_taken"),
    [
        pytest.param({}, "", True, id="in-the-same-namespace"),
        pytest.param({"exportTo": ["."]}, "", True, id="seen-there"),
        pytest.param({"exportTo": ["web"]}, "", False, id="not-seen"),
        pytest.param({}, "web", False, id="elsewhere"),
    ],
)
def test_what_is_not_taken_leaves_the_default_route(spec: Object, namespace: str, is_taken: bool) -> None:
    leaf = {"route": [to("a.shop.svc.cluster.local")]}
    https, _ = routed(root(), delegate(leaf, namespace=namespace, **spec))
    named = [e.get("name") for e in https["VirtualService/shop/a"]]
    assert named == ([None] if is_taken else [None, "tenant-dev1", "default"])
