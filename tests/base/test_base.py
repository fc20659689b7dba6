from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sandlane.base.base import Base, read_base
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid, dotted
from sandlane.specs.inputs import read_inputs
from tests.profiles import examples
from tests.rim import (
    ENVIRONMENT,
    OWN,
    deployment,
    environment,
    manifest,
    sandbox,
    service,
    shown,
    text,
    tree,
    virtual_service,
)


def read(*documents: Any, namespace: str = "shop") -> Base:
    return read_base(tree({"a.yaml": list(documents)}), ["a.yaml"], namespace)


def said(files: dict[str, Any]) -> list[str]:
    held = tree(files)
    with pytest.raises(Invalid) as caught:
        read_base(held, sorted(files), "shop")
    return shown(caught.value.problems, held)


def ids(base: Base) -> list[str]:
    return [f"{r.id.group}:{r.id}" for r in base.resources]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([None, {}], None, id="null-is-skipped-and-an-empty-mapping-is-not"),
        pytest.param([service("b"), service("a")], [":Service/shop/a", ":Service/shop/b"], id="sorted"),
        pytest.param([deployment("a")], ["apps:Deployment/shop/a"], id="group"),
        pytest.param(
            [{**service("a"), "metadata": {"name": "a", "namespace": "other"}}],
            [":Service/other/a"],
            id="own-namespace",
        ),
        pytest.param(
            [{**service("a"), "metadata": {"name": "a", "namespace": ""}}], [":Service/shop/a"], id="empty-namespace"
        ),
        pytest.param([manifest("Namespace", "a")], [":Namespace/a"], id="cluster-scoped"),
        pytest.param(
            [{**manifest("Namespace", "a"), "metadata": {"name": "a", "namespace": "b"}}],
            [":Namespace/a"],
            id="cluster-scoped-with-a-namespace",
        ),
        pytest.param([manifest("Widget", "a", api="example.com/v1")], ["example.com:Widget/shop/a"], id="unknown-kind"),
        pytest.param(
            [{"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "p-"}}] * 2,
            [":Pod/shop/p-", ":Pod/shop/p-"],
            id="generated-names-may-repeat",
        ),
        pytest.param([sandbox("dev1"), environment(), {"apiVersion": OWN, "kind": "Other"}], [], id="own-kinds"),
        pytest.param(
            [service("a"), manifest("Service", "a", api="serving.knative.dev/v1")],
            [":Service/shop/a", "serving.knative.dev:Service/shop/a"],
            id="same-kind-of-two-groups",
        ),
        pytest.param(
            [service("a"), {**service("a"), "metadata": {"name": "a", "namespace": "other"}}],
            [":Service/other/a", ":Service/shop/a"],
            id="same-name-in-two-namespaces",
        ),
    ],
)
def test_resources(documents: list[Any], expected: list[str] | None) -> None:
    if expected is None:
        assert said({"a.yaml": documents}) == [
            f"a.yaml:3:1: SL123 no Kubernetes object: apiVersion and kind and metadata missing or no string{OBJECT}"
        ]
        return
    assert ids(read(*documents)) == expected


OBJECT = (
    "\n  hint: a manifest needs apiVersion, kind and metadata.name; mark other files with a comment "
    "'# +argocd:skip-file-rendering'"
)


def listed(*items: Any, kind: str = "List", api: str = "v1") -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "items": list(items)}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(listed(), [], id="empty"),
        pytest.param(
            listed(service("b"), deployment("a")), [(":Service/shop/b", 0), ("apps:Deployment/shop/a", 1)], id="list"
        ),
        pytest.param(listed(service("a"), kind="ServiceList"), [(":Service/shop/a", 0)], id="typed-list"),
        pytest.param(
            listed(service("a"), kind="WidgetList", api="example.com/v1"), [(":Service/shop/a", 0)], id="foreign-list"
        ),
        pytest.param({**listed(service("a")), "metadata": {}}, [(":Service/shop/a", 0)], id="with-metadata"),
    ],
)
def test_lists_are_expanded(document: Any, expected: list[tuple[str, int]]) -> None:
    base = read(document)
    assert [(f"{r.id.group}:{r.id}", r.source.prefix) for r in base.resources] == [
        (id, ("items", number)) for id, number in expected
    ]


def test_lists_in_lists_keep_their_places() -> None:
    base = read(listed(listed(service("a")), listed(listed(service("b")))))
    assert [(str(r.id), r.source.prefix) for r in base.resources] == [
        ("Service/shop/a", ("items", 0, "items", 0)),
        ("Service/shop/b", ("items", 1, "items", 0, "items", 0)),
    ]


def test_list_of_null_is_empty() -> None:
    assert ids(read({"apiVersion": "v1", "kind": "List", "items": None})) == []


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        pytest.param({"config.kubernetes.io/local-config": "true"}, [], id="true"),
        pytest.param({"config.kubernetes.io/local-config": ""}, [], id="empty-as-in-kustomize"),
        pytest.param({"config.kubernetes.io/local-config": "false"}, [":ConfigMap/shop/web"], id="false"),
        pytest.param({}, [":ConfigMap/shop/web"], id="none"),
        pytest.param(None, [":ConfigMap/shop/web"], id="null"),
    ],
)
def test_local_config_is_no_object(annotations: Any, expected: list[str]) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "annotations": annotations}}
    assert ids(read(document)) == expected


def crd(kind: str, scope: str, group: str = "example.com") -> dict[str, Any]:
    return manifest(
        "CustomResourceDefinition",
        f"{kind.lower()}s.{group}",
        api="apiextensions.k8s.io/v1",
        spec={"group": group, "scope": scope, "names": {"kind": kind}},
    )


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        pytest.param(crd("Widget", "Cluster"), "Widget/a", id="cluster"),
        pytest.param(crd("Widget", "Namespaced"), "Widget/shop/a", id="namespaced"),
        pytest.param(crd("Widget", "Cluster", "other.com"), "Widget/shop/a", id="other-group"),
        pytest.param(crd("Gadget", "Cluster"), "Widget/shop/a", id="other-kind"),
        pytest.param(
            manifest("CustomResourceDefinition", "a", api="apiextensions.k8s.io/v1"), "Widget/shop/a", id="no-spec"
        ),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_scopes_are_declared_by_the_bases_crds(declared: Any, expected: str, is_first: bool) -> None:
    widget = manifest("Widget", "a", api="example.com/v1beta1")
    documents = [declared, widget] if is_first else [widget, declared]
    found = [str(r.id) for r in read(*documents).resources if r.id.kind == "Widget"]
    assert found == [expected]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("text", id="text"),
        pytest.param({"group": ["a"]}, id="group"),
        pytest.param({"names": "a"}, id="names"),
        pytest.param({"names": {"kind": {}}}, id="kind"),
        pytest.param(None, id="null"),
    ],
)
def test_crds_of_other_groups_are_objects_like_others(spec: Any) -> None:
    document = manifest("CustomResourceDefinition", "a", api="example.com/v1", spec=spec)
    assert ids(read(document)) == ["example.com:CustomResourceDefinition/shop/a"]


def test_indexes() -> None:
    base = read(service("b"), service("a"), deployment("a"))
    assert [str(r.id) for r in base.of("", "Service")] == ["Service/shop/a", "Service/shop/b"]
    assert [str(r.id) for r in base.of("apps", "Deployment")] == ["Deployment/shop/a"]
    assert base.of("apps", "Service") == ()
    assert {str(id): str(r.id) for id, r in base.by_id.items()} == {
        name: name for name in ("Deployment/shop/a", "Service/shop/a", "Service/shop/b")
    }


def test_json_takes_no_comment_that_marks_it() -> None:
    with pytest.raises(Invalid) as error:
        read_base(tree({"data.json": {"type": "Topology"}}), ["data.json"], "shop")
    assert [problem.hint for problem in error.value.problems] == [
        "a manifest needs apiVersion, kind and metadata.name; move other JSON files out of the directory, or name manifests one by one"
    ]


def test_the_order_of_files_does_not_matter() -> None:
    held = tree({"a.yaml": service("b"), "b.yaml": [service("a"), deployment("a")]})
    one, two = (read_base(held, files, "shop") for files in (["a.yaml", "b.yaml"], ["b.yaml", "a.yaml"]))
    assert (one.resources, list(one.by_id)) == (two.resources, list(two.by_id))


TWICE = "\n  hint: remove one of the two"
NAMESPACES = f"{TWICE}, or say in which namespaces they are, as 'namespace' of a kustomization in each directory does"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"a.yaml": service("web"), "b.yaml": service("web")},
            [f"b.yaml:5:11: SL124 'Service/shop/web' stands twice in the base, first in a.yaml{NAMESPACES}"],
            id="two-files",
        ),
        pytest.param(
            {"a.yaml": text(service("web"), service("web"))},
            [f"a.yaml:23:11: SL124 'Service/shop/web' stands twice in the base, first in a.yaml{TWICE}"],
            id="one-file",
        ),
        pytest.param(
            {"a.yaml": service("web"), "b.yaml": {**service("web"), "metadata": {"name": "web", "namespace": "shop"}}},
            [f"b.yaml:5:11: SL124 'Service/shop/web' stands twice in the base, first in a.yaml{TWICE}"],
            id="default-namespace-and-the-same-written-out",
        ),
        pytest.param(
            {"a.yaml": listed(service("web"), service("web"))},
            [f"a.yaml:26:13: SL124 'Service/shop/web' stands twice in the base, first in a.yaml{TWICE}"],
            id="in-a-list",
        ),
        pytest.param(
            {
                "a.yaml": manifest("Ingress", "web", api="networking.k8s.io/v1"),
                "b.yaml": manifest("Ingress", "web", api="networking.k8s.io/v1beta1"),
            },
            [f"b.yaml:5:11: SL124 'Ingress/shop/web' stands twice in the base, first in a.yaml{NAMESPACES}"],
            id="two-versions",
        ),
        pytest.param(
            {f"{n}.yaml": service("web") for n in "abc"},
            [
                f"b.yaml:5:11: SL124 'Service/shop/web' stands twice in the base, first in a.yaml{NAMESPACES}",
                f"c.yaml:5:11: SL124 'Service/shop/web' stands twice in the base, first in a.yaml{NAMESPACES}",
            ],
            id="three",
        ),
    ],
)
def test_duplicates(files: dict[str, Any], expected: list[str]) -> None:
    assert said(files) == expected


def test_of_two_equal_keys_of_a_manifest_the_last_counts() -> None:
    """As kubectl, Argo CD and Helm have it; sandlane's own kinds beside it are not read with it."""
    files = {"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {A: one, A: two}\n"}
    held = tree(files)
    base = read_base(held, files, "shop")
    assert [resource.manifest["data"] for resource in base.resources] == [{"A": "two"}]
    assert [line.split("\n")[0] for line in shown(base.notices, held)] == [
        "a.yaml:4:16: SL134 notice: key 'A' stands twice in one mapping, first on line 4: the last one counts"
    ]
    with pytest.raises(Invalid) as caught:
        read_base(held, files, "shop", where="output")
    assert [problem.code for problem in caught.value.problems] == ["SL102"]


def test_what_only_the_api_server_refuses_may_be_a_notice() -> None:
    odd = {**service("web.shop"), "spec": {"selector": "x", "ports": "y"}}
    held = tree(
        {"a.yaml": text(odd, {**service("W"), "metadata": {"name": "W", "labels": {"a": 1}, "annotations": 2}})}
    )
    base = read_base(held, ["a.yaml"], "shop", refused="notice")
    assert [resource.id.name for resource in base.resources] == ["W", "web.shop"]
    assert sorted(line.split(": ", 1)[1].split("\n")[0] for line in shown(base.notices, held)) == [
        "SL125 notice: label 'a' of 'Service/W' is not a string",
        "SL129 notice: field 'metadata.annotations' of 'Service/W' is a number, expected a mapping",
        "SL129 notice: field 'spec.ports' of 'Service/web.shop' is a string, expected a list",
        "SL129 notice: field 'spec.selector' of 'Service/web.shop' is a string, expected a mapping",
    ]


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_ports_are_of_a_range(port: int) -> None:
    held = tree({"a.yaml": text({**service("web"), "spec": {"ports": [{"port": port}]}})})
    with pytest.raises(Invalid) as invalid:
        read_base(held, ["a.yaml"], "shop")
    (line,) = shown(invalid.value.problems, held)
    said = "SL129 field 'spec.ports[0].port' of 'Service/web' is a number, expected a number from 1 to 65535"
    assert line.split(": ", 1)[1].split("\n")[0] == said


def test_names_of_references_are_not_empty() -> None:
    reference = {"name": "web", "namespace": ""}
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "r"},
        "spec": {"parentRefs": [reference]},
    }
    held = tree({"a.yaml": text(route)})
    with pytest.raises(Invalid) as invalid:
        read_base(held, ["a.yaml"], "shop")
    (line,) = shown(invalid.value.problems, held)
    said = (
        "SL129 field 'spec.parentRefs[0].namespace' of 'HTTPRoute/r' is a string, expected a string that is not empty"
    )
    assert line.split(": ", 1)[1].split("\n")[0] == said


IMPOSSIBLE = "\n  hint: the API server refuses such a Service: correct the base"
NO_LABEL = "has a name that is no DNS label of at most 63 characters"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            service("web.shop"), [f"a.yaml:5:11: SL131 'Service/shop/web.shop' {NO_LABEL}{IMPOSSIBLE}"], id="dot"
        ),
        pytest.param(service("Web"), [f"a.yaml:5:11: SL131 'Service/shop/Web' {NO_LABEL}{IMPOSSIBLE}"], id="upper"),
        pytest.param(service("web-"), [f"a.yaml:5:11: SL131 'Service/shop/web-' {NO_LABEL}{IMPOSSIBLE}"], id="last"),
        pytest.param(service("-web"), [f"a.yaml:5:11: SL131 'Service/shop/-web' {NO_LABEL}{IMPOSSIBLE}"], id="first"),
        pytest.param(
            service("web\n"), [f"a.yaml:5:11: SL131 'Service/shop/web\\n' {NO_LABEL}{IMPOSSIBLE}"], id="line-break"
        ),
        pytest.param(
            service("a" * 64), [f"a.yaml:5:11: SL131 'Service/shop/{'a' * 64}' {NO_LABEL}{IMPOSSIBLE}"], id="64"
        ),
        pytest.param(
            service("web", {"port": 80}, {"name": "b", "port": 80, "protocol": "TCP"}),
            [f"a.yaml:15:4: SL131 'Service/shop/web' has port 80/TCP twice{IMPOSSIBLE}"],
            id="port-twice",
        ),
        pytest.param(
            service("web", {"port": 80}, {"port": 80}, {"port": 80}),
            [
                f"a.yaml:15:4: SL131 'Service/shop/web' has port 80/TCP twice{IMPOSSIBLE}",
                f"a.yaml:18:4: SL131 'Service/shop/web' has port 80/TCP twice{IMPOSSIBLE}",
            ],
            id="port-three-times",
        ),
        pytest.param(
            service("W", {"port": 80}, {"port": 80}),
            [
                f"a.yaml:5:11: SL131 'Service/shop/W' {NO_LABEL}{IMPOSSIBLE}",
                f"a.yaml:15:4: SL131 'Service/shop/W' has port 80/TCP twice{IMPOSSIBLE}",
            ],
            id="name-and-port",
        ),
    ],
)
def test_services_that_no_api_server_takes(document: Any, expected: list[str]) -> None:
    assert said({"a.yaml": document}) == expected


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(service("a" * 63), id="63"),
        pytest.param(service("1"), id="digit"),
        pytest.param(service("web", {"port": 53}, {"port": 53, "protocol": "UDP"}), id="one-port-of-two-protocols"),
        pytest.param(service("web", {"port": 80}, {"port": 81, "targetPort": 80}), id="one-target-of-two-ports"),
        pytest.param(manifest("Service", "Web.shop", api="serving.knative.dev/v1"), id="another-group"),
        pytest.param(manifest("ConfigMap", "web.shop"), id="another-kind"),
    ],
)
def test_services_that_an_api_server_takes(document: Any) -> None:
    assert len(read(document).resources) == 1


QUOTE = "\n  hint: quote the value"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param("just text", f"a.yaml:1:1: SL123 no Kubernetes object: expected a mapping{OBJECT}", id="text"),
        pytest.param([service("a")], f"a.yaml:1:1: SL123 no Kubernetes object: expected a mapping{OBJECT}", id="list"),
        pytest.param(
            {"replicaCount": 2},
            f"a.yaml:1:1: SL123 no Kubernetes object: apiVersion and kind and metadata missing or no string{OBJECT}",
            id="helm-values",
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "Service", "metadata": {}},
            f"a.yaml:1:1: SL123 no Kubernetes object: metadata.name missing or no string{OBJECT}",
            id="no-name",
        ),
        pytest.param(
            {"apiVersion": 1, "kind": "", "metadata": {"name": 12}},
            f"a.yaml:1:1: SL123 no Kubernetes object: apiVersion and kind and metadata.name missing or no string{OBJECT}",
            id="wrong-types",
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "Service", "metadata": [{"name": "a"}]},
            f"a.yaml:1:1: SL123 no Kubernetes object: metadata missing or no string{OBJECT}",
            id="metadata-is-a-list",
        ),
        pytest.param(
            listed(service("a"), None),
            f"a.yaml:22:3: SL123 no Kubernetes object: expected a mapping{OBJECT}",
            id="nothing-in-a-list",
        ),
        pytest.param(
            {**service("a"), "metadata": {"name": "a", "labels": {"version": 2}}},
            f"a.yaml:7:15: SL125 label 'version' of 'Service/a' is not a string{QUOTE}",
            id="label",
        ),
        pytest.param(
            {**service("a"), "metadata": {"name": "a", "annotations": {"on": None}}},
            f"a.yaml:7:10: SL125 annotation 'on' of 'Service/a' is not a string{QUOTE}",
            id="annotation",
        ),
        pytest.param(
            {**service("a"), "metadata": {"name": "a", "labels": ["x"]}},
            "a.yaml:6:13: SL129 field 'metadata.labels' of 'Service/a' is a list, expected a mapping",
            id="labels",
        ),
        pytest.param(
            {**service("a"), "metadata": {"name": "a", "namespace": 7}},
            "a.yaml:6:16: SL129 field 'metadata.namespace' of 'Service/a' is a number, expected a string",
            id="namespace",
        ),
        pytest.param(
            manifest("Service", "a", spec={"selector": "web"}),
            "a.yaml:8:15: SL129 field 'spec.selector' of 'Service/a' is a string, expected a mapping",
            id="selector",
        ),
        pytest.param(
            manifest("Service", "a", spec={"selector": {"app": True}}),
            "a.yaml:9:11: SL129 field 'spec.selector.app' of 'Service/a' is true or false, expected a string",
            id="selector-value",
        ),
        pytest.param(
            manifest("Service", "a", spec={"ports": [{"port": "80"}]}),
            "a.yaml:10:13: SL129 field 'spec.ports[0].port' of 'Service/a' is a string, expected a whole number",
            id="port",
        ),
        pytest.param(
            manifest("ConfigMap", "a", data=["x"]),
            "a.yaml:7:10: SL129 field 'data' of 'ConfigMap/a' is a list, expected a mapping",
            id="data-of-a-config-map",
        ),
        pytest.param(
            manifest("ConfigMap", "a", data={"x": 1}),
            "a.yaml:8:8: SL129 field 'data.x' of 'ConfigMap/a' is a number, expected a string",
            id="value-of-a-config-map",
        ),
        pytest.param(
            manifest("Rollout", "a", api="argoproj.io/v1alpha1", spec={"workloadRef": "x"}),
            "a.yaml:8:18: SL129 field 'spec.workloadRef' of 'Rollout/a' is a string, expected a mapping",
            id="workload-of-a-rollout",
        ),
        pytest.param(
            manifest("Service", "a", spec={"ports": [None]}),
            "a.yaml:9:4: SL129 field 'spec.ports[0]' of 'Service/a' is nothing, expected an item",
            id="null-item",
        ),
        pytest.param(
            manifest("Deployment", "a", api="apps/v1", spec={"template": {"spec": {"containers": {"name": "x"}}}}),
            "a.yaml:10:19: SL129 field 'spec.template.spec.containers' of 'Deployment/a' is a mapping, expected a list",
            id="containers",
        ),
        pytest.param(
            virtual_service("a", http=[{"route": [{"destination": "web"}]}]),
            "a.yaml:12:22: SL129 field 'spec.http[0].route[0].destination' of 'VirtualService/a' is a string, expected a mapping",
            id="destination",
        ),
        pytest.param(
            manifest("Service", "a", spec=["x"]),
            "a.yaml:7:10: SL129 field 'spec' of 'Service/a' is a list, expected a mapping",
            id="spec",
        ),
    ],
)
def test_malformed(document: Any, expected: str) -> None:
    assert said({"a.yaml": text(document)}) == [expected]


def test_all_problems_of_all_files_come_at_once() -> None:
    assert said({"a.yaml": "a: b: c\n", "b.yaml": "x: 1\n", "c.yaml": "a: 1\n---\nz: yes\n"}) == [
        "a.yaml:1:5: SL101 not valid YAML: ': ' stands in a value that has no quotes\n  hint: quote the value: 'a: \"b: c\"'",
        f"b.yaml:1:1: SL123 no Kubernetes object: apiVersion and kind and metadata missing or no string{OBJECT}",
        "c.yaml:3:4: SL103 plain value 'yes' is ambiguous: the boolean true to kubectl, the string 'yes' to kustomize"
        "\n  hint: quote it, or write the value that is meant",
    ]


def test_null_stands_for_absence() -> None:
    assert ids(read(manifest("Service", "a", spec={"selector": None, "ports": None, "type": None}))) == [
        ":Service/shop/a"
    ]


# Malformed shapes, on through plan, routes and proof: Invalid or output, and never another exception.


def through(base: list[Any]) -> list[str]:
    """Reads and renders a base with one sandbox, and returns what is wrong with it."""
    accept = [
        {"code": "SL411", "object": "StatefulSet/default/db", "reason": "r"},
        {"code": "SL312", "object": "Deployment/default/web", "reason": "r"},
    ]
    workloads: list[dict[str, Any]] = [{"name": "web"}, {"name": "db", "kind": "StatefulSet"}]
    files = {
        ENVIRONMENT: environment(routes={"adopt": [{"kind": "VirtualService", "name": "web"}]}),
        "base/all.yaml": base,
        "sandboxes/dev1.yaml": sandbox("dev1", *({**workload, "accept": accept} for workload in workloads)),
    }
    try:
        render(read_inputs(tree(files), ENVIRONMENT))
    except Invalid as invalid:
        return [f"{p.code} {p.text}" for p in invalid.problems]
    return []


def whole_base() -> list[dict[str, Any]]:
    """A base in which everything that the plan and the routes read stands once."""
    route = {"destination": {"host": "web", "subset": "v1", "port": {"number": 80}}, "weight": 100}
    labels = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}
    string = {"exact": "a"}
    match = {
        "headers": {"tenantid": {"prefix": "d"}, "x": string},
        "withoutHeaders": {"tenantid": {"regex": "x.*"}},
        "uri": {"prefix": "/"},
        "gateways": ["mesh", "gw"],
        "port": 80,
        "sourceLabels": {"app": "web"},
        "sourceNamespace": "default",
    }
    stateful = {
        **deployment("db"),
        "kind": "StatefulSet",
        "spec": {
            **deployment("db")["spec"],
            "serviceName": "db",
            "replicas": 1,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
        },
    }
    pod = deployment()["spec"]["template"]["spec"]
    pod["containers"][0]["env"] = [{"name": "A", "value": "b"}]
    pod["initContainers"] = [{"name": "i", "image": "i"}]
    pod["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    parent = {"group": "", "kind": "Service", "name": "web", "namespace": "default", "port": 80}
    istio = {"virtualService": {"name": "web", "routes": []}, "virtualServices": [{"name": "web"}]}
    networking, security = "networking.istio.io/v1", "security.istio.io/v1"
    return [
        {**deployment(), "spec": {**deployment()["spec"], "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod}}},
        stateful,
        service("web", {"port": 80, "name": "http", "protocol": "TCP", "appProtocol": "http"}, {"port": 53, "name": "udp"}),
        service("db", {"port": 5432, "name": "tcp"}),
        virtual_service(
            hosts=["web"],
            gateways=["mesh", "gw"],
            exportTo=["*"],
            http=[
                {
                    "name": "a",
                    "match": [match],
                    "route": [route, {**route, "weight": 0}],
                    "mirror": {"host": "web"},
                    "mirrors": [{"destination": {"host": "web"}}],
                },
                {"redirect": {"uri": "/"}},
                {"route": [route]},
            ],
            tls=[{"match": [{"sourceLabels": {"app": "web"}}], "route": [route]}],
            tcp=[{"match": [{"port": 1}], "route": [route]}],
        ),
        virtual_service("delegate", http=[{"delegate": {"name": "x", "namespace": "y"}}]),
        virtual_service("other", hosts=["web", "*.example.com"], gateways=["gw"], http=[{"route": [route]}]),
        manifest(
            "DestinationRule",
            api=networking,
            spec={
                "host": "web",
                "exportTo": ["*"],
                "trafficPolicy": {
                    "loadBalancer": {"consistentHash": {"httpHeaderName": "x"}},
                    "portLevelSettings": [{"port": {"number": 80}}],
                },
                "subsets": [{"name": "v1", "labels": {"v": "1"}, "trafficPolicy": {"tls": {}}}],
                "workloadSelector": {"matchLabels": {"app": "web"}},
            },
        ),
        manifest("Sidecar", api=networking, spec={"workloadSelector": {"labels": {"app": "web"}}, "egress": [{"hosts": ["./*"]}]}),
        manifest("EnvoyFilter", api=networking, spec={"workloadSelector": {"labels": {"app": "web"}}}),
        manifest("ProxyConfig", api=networking, spec={"selector": {"matchLabels": {"app": "web"}}}),
        *(manifest(kind, api=security, spec={"selector": labels}) for kind in ("AuthorizationPolicy", "PeerAuthentication")),
        manifest(
            "NetworkPolicy",
            api="networking.k8s.io/v1",
            spec={"podSelector": labels, "ingress": [{"from": [{"podSelector": labels, "namespaceSelector": {}}]}], "egress": []},
        ),
        manifest("PodDisruptionBudget", api="policy/v1", spec={"selector": labels}),
        manifest("PersistentVolumeClaim", "c", spec={"accessModes": ["ReadWriteOnce"]}),
        manifest(
            "Ingress",
            api="networking.k8s.io/v1",
            spec={"defaultBackend": backend, "rules": [{"http": {"paths": [{"backend": backend}]}}]},
        ),
        manifest(
            "HTTPRoute",
            api="gateway.networking.k8s.io/v1",
            spec={"parentRefs": [parent], "rules": [{"backendRefs": [parent]}]},
        ),
        {
            **deployment("roll"),
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "spec": {**deployment("roll")["spec"], "strategy": {"canary": {"trafficRouting": {"istio": istio}}}},
        },
        manifest("ReplicationController", spec={"selector": {"app": "x"}, "template": deployment()["spec"]["template"]}),
        manifest("CronJob", api="batch/v1", spec={"jobTemplate": {"spec": {"template": deployment()["spec"]["template"]}}}),
        crd("Widget", "Cluster"),
        manifest("Server", api="policy.linkerd.io/v1beta3", spec={"podSelector": labels}),
        manifest("PodMonitor", api="monitoring.coreos.com/v1", spec={"selector": labels}),
    ]  # fmt: skip


WHOLE = whole_base()
"""Refused for what it holds, never for its shapes; so fields are reached that a sound base has not."""


def sound_base() -> list[dict[str, Any]]:
    """What of the whole base is rendered and proved."""
    kinds = (
        "Deployment",
        "StatefulSet",
        "Service",
        "Ingress",
        "ReplicationController",
        "CronJob",
        "PodDisruptionBudget",
    )
    kept = [d for d in WHOLE if d["kind"] in (*kinds, "CustomResourceDefinition")]
    (route,) = [d for d in WHOLE if d["kind"] == "VirtualService" and d["metadata"]["name"] == "web"]
    (rule,) = [d for d in WHOLE if d["kind"] == "DestinationRule"]
    claim = manifest("PersistentVolumeClaim", "c", spec={"accessModes": ["ReadWriteMany"]})
    for path in (("http", 0, "match", 0, "sourceLabels"), ("tls",), ("tcp",)):
        route = with_value(route, ("spec", *path), GONE)
    return [*kept, route, with_value(rule, ("spec", "workloadSelector"), GONE), claim]


def paths_of(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(found for key, value in inside for found in paths_of(value, (*path, key)))]


GONE = object()


def with_value(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    step, rest = path[0], path[1:]
    new = with_value(data[step], rest, value) if rest else value
    if isinstance(data, dict):
        return {k: new if k == step else v for k, v in data.items() if not (k == step and new is GONE)}
    return [new if n == step else v for n, v in enumerate(data) if not (n == step and new is GONE)]


SOUND = sound_base()


def test_the_sound_base_is_rendered() -> None:
    assert through(SOUND) == []


def outcome(documents: list[Any], changes: list[tuple[int, tuple[Any, ...], Any]]) -> str:
    """Returns how a base with some values changed ends: `` or the exception that is none of ours."""
    changed = list(documents)
    for number, path, value in changes:
        changed[number] = with_value(changed[number], path, value)
    try:
        through(changed)
    except Exception as error:
        return type(error).__name__
    return ""


def crashes(documents: list[Any], *values: Any, every: int) -> list[str]:
    """Returns where another value ends in an exception that is none of ours; one of `every` so many changes is tried."""
    changes = [
        (number, path, value)
        for number, document in enumerate(documents)
        for path in paths_of(document)[1:]
        for value in values
    ]
    return [
        f"{documents[number]['kind']}: {dotted(path)} = {'nothing' if value is GONE else value!r}: {error}"
        for number, path, value in changes[::every]
        if (error := outcome(documents, [(number, path, value)]))
    ]


EVERY = [pytest.param(1, marks=pytest.mark.sweep, id="every"), pytest.param(8, marks=pytest.mark.uncounted, id="some")]


@pytest.mark.parametrize("every", EVERY)
def test_odd_values_in_the_whole_base(every: int) -> None:
    assert crashes(WHOLE, GONE, None, 5, every=every) == []


@pytest.mark.parametrize("every", EVERY)
def test_odd_values_in_the_sound_base(every: int) -> None:
    assert crashes(SOUND, GONE, every=every) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70_000) | st.sampled_from(["", "a", "web", "*", "dev1", "("]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "host", "exact", "regex", "matchLabels", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@st.composite
def odd(draw: st.DrawFn) -> list[tuple[int, tuple[Any, ...], Any]]:
    numbers = draw(st.lists(st.integers(0, len(SOUND) - 1), min_size=1, max_size=3, unique=True))
    return [(n, draw(st.sampled_from(paths_of(SOUND[n])[1:])), draw(JSON)) for n in numbers]


@given(odd())
@settings(examples(150), phases=[Phase.generate])
def test_any_values_in_the_sound_base(changes: list[tuple[int, tuple[Any, ...], Any]]) -> None:
    assert outcome(SOUND, changes) == ""


@given(st.recursive(JSON, lambda inner: st.fixed_dictionaries({"apiVersion": inner, "kind": inner, "metadata": inner})))
def test_any_document_is_read_or_refused(document: Any) -> None:
    try:
        read(document)
    except Invalid:
        pass
