"""What the output says to Argo CD, Helm and Flux: base objects as they are, tenants' objects without owners."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.files.disk import DiskTree
from sandlane.pipeline import Rendered, render
from sandlane.specs.inputs import read_inputs
from tests.build import Object, app, deployment, inputs, meta, object_of, sandbox, service, texts, to, virtual_service
from tests.shared import SHARED, needs_shared

SUBSTITUTE = "kustomize.toolkit.fluxcd.io/substitute"


def rendered(base: list[Object], *specs: Object, **environment: Any) -> Rendered:
    return render(inputs(base, *(specs or (sandbox("dev1", {"name": "a", "image": "a:2"}),)), **environment))


def notes_of(found: Rendered) -> dict[str, dict[str, str]]:
    """Returns the annotations of an output's objects but those of sandlane itself, by directory, kind and name."""
    return {
        f"{o.directory}: {o.id.kind}/{o.id.name}": {
            key: value
            for key, value in (o.manifest["metadata"].get("annotations") or {}).items()
            if not key.startswith("sandlane.dev/")
        }
        for o in found.objects
    }


def claim() -> Object:
    notes = {
        "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
        "helm.sh/resource-policy": "keep",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
        "argocd.argoproj.io/tracking-id": "shop:1",
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": meta("data", annotations=notes),
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def waved(origin: Object) -> Object:
    return {**origin, "metadata": {**origin["metadata"], "annotations": {"argocd.argoproj.io/sync-wave": "2"}}}


def test_an_output_of_the_whole_base_hands_objects_over_as_they_are() -> None:
    found = rendered([waved(deployment("a")), service("a"), claim()])
    kept = {key: value for key, value in claim()["metadata"]["annotations"].items() if "tracking" not in key}
    assert notes_of(found) == {
        "base: Deployment/a": {"argocd.argoproj.io/sync-wave": "2"},
        "base: PersistentVolumeClaim/data": kept,
        "base: Service/a": {},
        "sandboxes/dev1: Deployment/a-dev1": {},
        "sandboxes/dev1: Service/a-dev1": {},
        "shared: VirtualService/a-sandlane": {},
    }


def test_secrets_and_local_objects_are_listed_by_name_where_the_output_holds_the_whole_base() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta("key"), "data": {}}
    local = {"apiVersion": "v1", "kind": "ServiceAccount",
             "metadata": meta("tool", annotations={"config.kubernetes.io/local-config": "true"})}  # fmt: skip
    base = [*app("a"), secret, local]
    assert texts(rendered(base).notices) == [
        "base.yaml: SL340 notice: 'Secret/shop/key' of the base is left out of the output: no Secret is written\n"
        "  hint: apply it by other means, such as an operator that fetches Secrets, or beside the output",
        "base.yaml: SL340 notice: 'ServiceAccount/shop/tool' of the base is left out of the output: "
        "'config.kubernetes.io/local-config' says that it is for tools alone\n"
        "  hint: leave the annotation out if the cluster needs the object",
    ]
    assert rendered(base, output={"base": "none"}).notices == ()


@pytest.mark.parametrize(
    ("value", "note", "expected"),
    [
        pytest.param("echo ${HOME}", None, {SUBSTITUTE: "disabled"}, id="reference"),
        pytest.param("echo ${HOME:-/}", "enabled", {SUBSTITUTE: "enabled"}, id="said-in-the-base"),
        pytest.param("echo $HOME $(A) $", None, {}, id="none"),
    ],
)
def test_flux_replaces_nothing_in_clones(value: str, note: str | None, expected: dict[str, str]) -> None:
    origin = deployment("a")
    origin["spec"]["template"]["spec"]["containers"][0]["command"] = ["sh", "-c", value]
    if note:
        origin["metadata"]["annotations"] = {SUBSTITUTE: note}
    found = notes_of(rendered([origin, service("a")]))
    assert found["sandboxes/dev1: Deployment/a-dev1"] == expected
    assert found["base: Deployment/a"] == ({SUBSTITUTE: note} if note else {})


def test_flux_replaces_nothing_in_adopted_routes() -> None:
    route = virtual_service("a", {"route": [to("a")], "headers": {"response": {"set": {"x": "${y}"}}}})
    found = notes_of(
        rendered(
            [*app("a"), route], output={"base": "none"}, routes={"adopt": [{"kind": "VirtualService", "name": "a"}]}
        )
    )
    assert found["shared: VirtualService/a"] == {SUBSTITUTE: "disabled"}


def test_a_file_says_what_its_object_says() -> None:
    origin = deployment("a")
    origin["spec"]["template"]["spec"]["containers"][0]["command"] = ["${A}"]
    found = rendered([origin, service("a")])
    text = found.files["sandboxes/dev1/shop/deployment-a-dev1.yaml"]
    assert f"    {SUBSTITUTE}: disabled\n" in text
    assert list(found.files) == sorted(found.files)


def test_copied_policies_say_nothing_of_the_order_of_syncing() -> None:
    policy = object_of("networking.k8s.io/v1", "NetworkPolicy", "p", podSelector={"matchLabels": {"app": "a"}})
    policy["metadata"]["annotations"] = {"argocd.argoproj.io/sync-wave": "-1"}
    found = notes_of(rendered([*app("a"), policy]))
    assert found["sandboxes/dev1: NetworkPolicy/p-a-dev1"] == {}


@needs_shared
@pytest.mark.parametrize("case", ["2", "4", "9"])
def test_found_failures(case: str) -> None:
    found = render(read_inputs(DiskTree(SHARED / "cases/found/gitops" / case), "sandlane.yaml"))
    ours = {key: note for key, note in notes_of(found).items() if not key.startswith("base: ")}
    assert not [key for key, note in ours.items() if any(name.startswith("argocd") for name in note)]
    for placed in found.objects:
        if placed.directory != "base" and "${" in str(placed.manifest):
            assert ours[f"{placed.directory}: {placed.id.kind}/{placed.id.name}"][SUBSTITUTE] == "disabled"
    if case == "4":
        assert notes_of(found)["base: PersistentVolumeClaim/data"] == {
            "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
            "helm.sh/resource-policy": "keep",
            "kustomize.toolkit.fluxcd.io/prune": "disabled",
        }
        assert notes_of(found)["base: Job/migrate"]["argocd.argoproj.io/hook"] == "PreSync"


def large(size: int, **notes: str) -> list[Object]:
    padded = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta("big", annotations=notes),
        "data": {"a": "x" * size},
    }
    return [*app("a"), padded]


def test_what_client_side_apply_cannot_store_is_told() -> None:
    said = (
        "base.yaml: SL341 notice: 'ConfigMap/shop/big' is 262,243 bytes, more than the 262,144 that client-side apply can store of it "
        "once more in an annotation\n"
        "  hint: apply it on the server's side: 'syncOptions: [ServerSideApply=true]' in Argo CD, 'kubectl apply --server-side'; "
        "Flux does so by itself"
    )
    assert texts(rendered(large(262_144)).notices) == [said]
    assert texts(rendered(large(262_144 - 200)).notices) == []
    told = {"argocd.argoproj.io/sync-options": "Prune=false,ServerSideApply=true"}
    assert texts(rendered(large(262_144, **told)).notices) == []
