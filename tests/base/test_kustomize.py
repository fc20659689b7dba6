"""Builds of small kustomizations: what they make, what is wrong with them, and that hostile ones end quickly."""

from __future__ import annotations

import base64
import copy
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from sandlane.base.kustomize.build import build
from sandlane.files.disk import DiskTree
from sandlane.files.tree import MemoryTree
from sandlane.problems.problem import Invalid, Source, placed, show
from sandlane.yamlio import read as yamlio
from sandlane.yamlio.locate import locate
from tests.kustomize_cases import DEVIATIONS, SHARED_CASES, outcome
from tests.shared import REPOSITORY, SHARED, needs_shared

CASES = {
    case.data["name"]: case.data
    for case in yamlio.read((REPOSITORY / "tests" / "cases" / "kustomize.yaml").read_bytes(), "kustomize.yaml")
}


def tree_of(case: dict[str, Any]) -> MemoryTree:
    binary = {path: base64.b64decode(text) for path, text in case.get("binary", {}).items()}
    return MemoryTree({**case["files"], **binary})


@pytest.mark.parametrize("name", CASES)
def test_build(name: str) -> None:
    expected = [document.data for document in yamlio.read(CASES[name]["expected"].encode(), "expected.yaml")]
    found = [manifest for _, manifest in build(tree_of(CASES[name]), "").objects]
    assert found == expected


KUSTOMIZE = shutil.which("kustomize")


@pytest.mark.skipif(
    KUSTOMIZE is None, reason="kustomize 5.5 is not installed: go install sigs.k8s.io/kustomize/kustomize/v5@v5.5.0"
)
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.get("newer")])
def test_build_as_kustomize_does(name: str, tmp_path: Path) -> None:
    """The cases are what kustomize 5.5 prints; `newer` marks what it does not know yet."""
    case = CASES[name]
    binary = {path: base64.b64decode(text) for path, text in case.get("binary", {}).items()}
    for path, data in {**{path: text.encode() for path, text in case["files"].items()}, **binary}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    said = subprocess.run([str(KUSTOMIZE), "build", str(tmp_path)], capture_output=True, check=True).stdout
    found = [manifest for _, manifest in build(DiskTree(tmp_path), "").objects]
    assert found == [document.data for document in yamlio.read(said, "said.yaml")]


CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  template:
    spec:
      containers: [{name: main, image: "web:1"}]
"""
PIPE = "pipe it in: kustomize build . | sandlane render --base -"


def problems_of(files: dict[str, str], directory: str = "") -> list[str]:
    tree = MemoryTree(files)
    with pytest.raises(Invalid) as error:
        build(tree, directory)

    def place_of(source: Source, path: Any, at_key: bool) -> tuple[int, int] | None:
        return locate(tree.read(source.file), source.document, path, at_key) if source.file in files else None

    return [show(problem) for problem in placed(error.value.problems, place_of)]


BUILD = "SL143 the kustomization cannot be built: "


@pytest.mark.parametrize(
    ("kustomization", "expected"),
    [
        pytest.param("", ["kustomization.yaml: SL142 the kustomization is empty"], id="empty"),
        pytest.param("[]\n", ["kustomization.yaml:1:1: SL142 expected a mapping"], id="no-mapping"),
        pytest.param(
            "resources: []\n---\nresources: []\n",
            ["kustomization.yaml:3:1: SL142 a kustomization is one document"],
            id="documents",
        ),
        pytest.param(
            "resource: [a.yaml]\n",
            ["kustomization.yaml:1:1: SL142 unknown field 'resource'\n  hint: did you mean 'resources'?"],
            id="unknown-field",
        ),
        pytest.param(
            "images: [{nam: x}]\n",
            ["kustomization.yaml:1:11: SL142 unknown field 'nam' in 'images[0]'\n  hint: did you mean 'name'?"],
            id="unknown-field-inside",
        ),
        pytest.param(
            "namePrefix: a\nnameprefix: b\n",
            ["kustomization.yaml:2:1: SL142 'nameprefix' and another spelling of it stand in one mapping"],
            id="two-spellings",
        ),
        pytest.param(
            "images: [{name: a, newTag: 1.20}]\nreplicas: [{name: a, count: '3'}]\nresources: [null]\ncommonLabels: {a: true}\n",
            [
                "kustomization.yaml:1:28: SL142 expected a string in 'images[0].newTag', not a number\n  hint: quote it",
                "kustomization.yaml:2:29: SL142 expected a whole number in 'replicas[0].count', not a string",
                "kustomization.yaml:3:13: SL142 there is nothing in 'resources[0]'",
                "kustomization.yaml:4:19: SL142 expected a string in 'commonLabels.a', not true or false\n  hint: quote it",
            ],
            id="types",
        ),
        pytest.param(
            "kind: Kustomizatoin\n",
            ["kustomization.yaml:1:7: SL142 expected kind Kustomization or Component, not 'Kustomizatoin'"],
            id="kind",
        ),
        pytest.param(
            "kind: Component\napiVersion: kustomize.config.k8s.io/v1beta1\n",
            [
                "kustomization.yaml:2:13: SL142 expected apiVersion kustomize.config.k8s.io/v1alpha1 for kind Component, "
                "not 'kustomize.config.k8s.io/v1beta1'"
            ],
            id="api-version",
        ),
        pytest.param(
            "helmCharts: [{name: redis}]\nvars: [{name: X}]\ngenerators: []\nresources: ['github.com/example/shop//deploy?ref=v1']\n",
            [
                "kustomization.yaml:1:1: SL140 'helmCharts' of a kustomization is not supported"
                f"\n  hint: build it with kustomize and {PIPE}",
                "kustomization.yaml:2:1: SL140 'vars' of a kustomization is not supported"
                f"\n  hint: build it with kustomize and {PIPE}",
                "kustomization.yaml:4:13: SL141 'github.com/example/shop//deploy?ref=v1' is a remote resource, and nothing is fetched"
                f"\n  hint: keep a copy in the repository, or build it with kustomize and {PIPE}",
            ],
            id="unsupported",
        ),
        pytest.param(
            "resources: [https://example.com/a.yaml, 'git@github.com:a/b.git', 'ssh://x/y', ../above.yaml, webb.yaml]\n",
            [
                *(
                    f"kustomization.yaml:1:{column}: SL141 '{entry}' is a remote resource, and nothing is fetched"
                    f"\n  hint: keep a copy in the repository, or build it with kustomize and {PIPE}"
                    for column, entry in (
                        (13, "https://example.com/a.yaml"),
                        (41, "git@github.com:a/b.git"),
                        (67, "ssh://x/y"),
                    )
                ),
                "kustomization.yaml:1:80: SL121 '../above.yaml' lies outside of the repository, the root of what may be read"
                "\n  hint: keep inputs and output inside the repository, or give another root with --root DIR",
                "kustomization.yaml:1:95: SL120 file or directory 'webb.yaml' does not exist\n  hint: did you mean 'web.yaml'?",
            ],
            id="resources-that-are-not-there",
        ),
        pytest.param(
            "resources: [plain, comp]\ncomponents: [sub, web.yaml]\n",
            [
                "kustomization.yaml:1:13: SL142 the directory 'plain' holds no kustomization.yaml",
                "kustomization.yaml:1:20: SL142 'comp' is a Component: name it in 'components'",
                "kustomization.yaml:2:14: SL142 'sub' is no Component: name it in 'resources'",
                "kustomization.yaml:2:19: SL142 'web.yaml' is a file: expected the directory of a Component",
            ],
            id="the-wrong-directories",
        ),
        pytest.param(
            "resources: [two]\n",
            ["kustomization.yaml:1:13: SL142 the directory 'two' holds both kustomization.yaml and Kustomization"],
            id="two-kustomizations",
        ),
        pytest.param(
            "resources: [.]\n",
            [f"kustomization.yaml:1:13: {BUILD}'.' contains '.', which is built for it: a cycle"],
            id="cycle",
        ),
        pytest.param(
            "resources: [round]\n",
            [f"round/kustomization.yaml:1:13: {BUILD}'.' contains 'round', which is built for it: a cycle"],
            id="cycle-below",
        ),
        pytest.param(
            "resources: [web.yaml, sub]\n",
            [
                "sub/web.yaml:3:18: SL124 'Deployment/web' stands twice in the base, first in web.yaml"
                "\n  hint: remove one of the two"
            ],
            id="twice",
        ),
        pytest.param(
            "resources: [bad.yaml]\n",
            [
                "bad.yaml:1:1: SL123 no Kubernetes object: kind and metadata.name missing or no string"
                "\n  hint: a manifest needs apiVersion, kind and metadata.name; mark other files with a comment "
                "'# +argocd:skip-file-rendering'",
                "bad.yaml:3:1: SL123 no Kubernetes object: expected a mapping"
                "\n  hint: a manifest needs apiVersion, kind and metadata.name; mark other files with a comment "
                "'# +argocd:skip-file-rendering'",
            ],
            id="no-objects",
        ),
        pytest.param(
            "configMapGenerator:\n- {literals: [a=b]}\n- {name: a, behavior: add}\n- {name: b, literals: [a]}\n"
            "- {name: c, files: ['=x']}\n- {name: d, files: [plain]}\n- {name: e, literals: [a=1, a=2]}\n",
            [
                "kustomization.yaml:2:3: SL142 a generator needs a name",
                "kustomization.yaml:3:23: SL142 expected behavior create, merge or replace, not 'add'",
                "kustomization.yaml:4:24: SL142 expected a literal of the form key=value",
                "kustomization.yaml:5:21: SL142 expected a file of the form path or key=path",
                "kustomization.yaml:6:21: SL142 'plain' is a directory: expected a file",
                "kustomization.yaml:7:29: SL142 the key 'a' stands twice in 'e'",
            ],
            id="generators",
        ),
        pytest.param(
            "configMapGenerator: [{name: settings}]\nresources: [settings.yaml]\n",
            [
                f"kustomization.yaml:1:22: {BUILD}'ConfigMap/settings' is there already: expected behavior merge or replace"
            ],
            id="generator-of-what-is-there",
        ),
        pytest.param(
            "configMapGenerator: [{name: other, behavior: merge}]\nresources: [settings.yaml]\n",
            [f"kustomization.yaml:1:22: {BUILD}no object is called 'ConfigMap/other' to merge"],
            id="nothing-to-merge",
        ),
        pytest.param(
            "resources: [web.yaml]\npatches: [{}, {path: a, patch: b}, {patch: '[]'}, {patch: text}, {path: empty.yaml}]\n"
            "patchesJson6902: [{target: {kind: X}, patch: '[]'}, {target: {name: web}, patch: '{kind: X, metadata: {name: x}}'}]\n"
            "patchesStrategicMerge: ['{a: b}', operations.yaml]\n",
            [
                "kustomization.yaml:2:11: SL142 a patch needs a 'path' or a 'patch'",
                "kustomization.yaml:2:15: SL142 a patch has both a 'path' and a 'patch': expected one of them",
                "kustomization.yaml:2:36: SL142 a JSON patch needs a target",
                "kustomization.yaml:2:59: SL144 the patch cannot be applied: expected a mapping (strategic merge) or a list of "
                "operations (JSON patch), not a string",
                "kustomization.yaml:2:66: SL142 the patch is empty",
                "kustomization.yaml:3:19: SL142 a patch of 'patchesJson6902' needs a target with a name",
                "kustomization.yaml:3:82: SL142 expected a list of operations",
                "kustomization.yaml:4:25: SL142 kind and metadata.name missing or no string: a strategic merge patch names an object",
                "operations.yaml:1:1: SL142 expected a strategic merge patch, not a list of operations",
            ],
            id="patches-of-no-form",
        ),
        pytest.param(
            "resources: [web.yaml]\npatches:\n- {path: several.yaml, target: {name: web}}\n- {path: bad-operations.yaml}\n",
            [
                "bad-operations.yaml:2:3: SL144 the patch cannot be applied: 'value' is missing in the operation 'add'",
                "kustomization.yaml:3:3: SL142 several strategic merge patches in one entry with a target",
            ],
            id="patches-in-files",
        ),
        pytest.param(
            "resources: [web.yaml]\npatches:\n- {target: {name: api}, patch: '[]'}\n- {target: {name: '('}, patch: '[]'}\n"
            "- {target: {labelSelector: '==x'}, patch: '[]'}\n- {path: settings.yaml}\n- {path: keyless.yaml}\n"
            '- {target: {name: web}, patch: \'[{"op": "remove", "path": "/spec/x"}]\'}\n'
            '- {target: {name: web}, patch: \'[{"op": "remove", "path": "/kind"}]\'}\n',
            [
                "keyless.yaml:8:20: SL144 the patch cannot be applied: 'name' is missing, by which the elements of this list are told "
                "apart, for 'Deployment/web'",
                "kustomization.yaml:4:12: SL142 '(' is no pattern in RE2's syntax",
                "kustomization.yaml:5:12: SL142 '==x' is no label selector",
                "kustomization.yaml:8:32: SL144 the patch cannot be applied: 'spec' has no 'x' (in '[0].path' of the patch), "
                "for 'Deployment/web'",
                "kustomization.yaml:9:32: SL144 the patch cannot be applied: the patch leaves an object without kind or name, "
                "for 'Deployment/web'",
                f"settings.yaml:1:1: {BUILD}no object of the kustomization is 'ConfigMap/settings' of apiVersion v1, "
                "which the patch is for",
            ],
            id="patches-that-do-not-fit",
        ),
        pytest.param(
            "resources: [web.yaml, api.yaml]\nreplicas: [{name: wbe, count: 2}]\nimages: [{name: '(', newTag: '1'}]\n"
            "labels: [{pairs: {a: b}, fields: [{path: metadata/labels}]}, {pairs: {a: b}, fields: [{path: kind/x}]}]\n",
            [
                f"kustomization.yaml:2:12: {BUILD}no Deployment, ReplicationController, ReplicaSet, StatefulSet is called 'wbe'",
                f"kustomization.yaml:3:10: {BUILD}'(' is no pattern in RE2's syntax",
                f"kustomization.yaml:4:10: {BUILD}the field 'metadata/labels' is given with and without 'create: true'",
                f"kustomization.yaml:4:62: {BUILD}'x' is looked for in 'Deployment', which is no mapping",
            ],
            id="steps",
        ),
        pytest.param(
            "resources: [spaces.yaml]\nnamespace: one\n",
            [f"kustomization.yaml:2:12: {BUILD}two objects become 'ConfigMap/one/same' in the namespace 'one'"],
            id="one-namespace",
        ),
        pytest.param(
            "resources: [settings.yaml]\nreplacements:\n- {source: {name: settings}}\n- {path: web.yaml}\n"
            "- {path: x, source: {}, targets: [{}]}\n- {source: {kind: ConfigMap}, targets: [{}]}\n",
            [
                "kustomization.yaml:3:3: SL142 a replacement needs a 'source' or 'sourceValue', and 'targets'",
                "kustomization.yaml:5:3: SL142 a replacement has both a 'path' and fields of its own: expected one of them",
                "kustomization.yaml:6:41: SL142 a target of a replacement needs a 'select'",
                "web.yaml:1:1: SL142 unknown field 'apiVersion'\n  hint: expected one of source, sourceValue, targets",
                "web.yaml:2:1: SL142 unknown field 'kind'\n  hint: expected one of source, sourceValue, targets",
                "web.yaml:3:1: SL142 unknown field 'metadata'\n  hint: expected one of source, sourceValue, targets",
                "web.yaml:4:1: SL142 unknown field 'spec'\n  hint: expected one of source, sourceValue, targets",
            ],
            id="replacements-of-no-form",
        ),
        pytest.param(
            "resources: [settings.yaml, web.yaml]\nreplacements:\n"
            + "".join(
                f"- {{source: {{{source}}}, targets: [{{select: {{kind: Deployment}}, fieldPaths: ['{path}']{options}}}]}}\n"
                for source, path, options in (
                    ("name: none", "x", ""),
                    ("version: v1", "x", ""),
                    ("kind: ConfigMap, fieldPath: data.x", "x", ""),
                    ("kind: ConfigMap, fieldPath: data, options: {delimiter: x}", "x", ""),
                    ("kind: ConfigMap, fieldPath: data.a, options: {delimiter: x, index: 3}", "x", ""),
                    ("kind: ConfigMap, fieldPath: '*'", "x", ""),
                    ("kind: ConfigMap", "spec.missing", ""),
                    ("kind: ConfigMap", "spec.*", ""),
                    ("kind: ConfigMap", "spec.template.spec.containers.x", ""),
                    ("kind: ConfigMap", "spec.template.spec.containers.4", ""),
                    ("kind: ConfigMap", "spec.template.spec.containers.[name=(]", ""),
                    ("kind: ConfigMap", "spec.template", ", options: {delimiter: x}"),
                    ("kind: ConfigMap", "spec.replicas", ""),
                )
            ),
            [
                f"kustomization.yaml:3:3: {BUILD}no objects are meant by the source 'none': expected one",
                f"kustomization.yaml:4:3: {BUILD}2 objects are meant by the source 'v1': expected one",
                f"kustomization.yaml:5:3: {BUILD}the source 'ConfigMap' has no 'data.x'",
                f"kustomization.yaml:6:3: {BUILD}'data' of the source is no single value, so it has no parts",
                f"kustomization.yaml:7:3: {BUILD}the source's 'data.a' has 1 parts: there is none at index 3",
                f"kustomization.yaml:8:3: {BUILD}'*' cannot be used in the path of a source",
                f"kustomization.yaml:9:3: {BUILD}'Deployment/web' has no 'spec.missing' to replace",
                f"kustomization.yaml:10:3: {BUILD}'*' is looked for in a mapping: it stands for the elements of a list",
                f"kustomization.yaml:11:3: {BUILD}'x' is looked for in a list: expected a position, '[field=value]' or '*'",
                f"kustomization.yaml:12:3: {BUILD}there is no position 4 in a list of 1",
                f"kustomization.yaml:13:3: {BUILD}'(' is no pattern in RE2's syntax",
                f"kustomization.yaml:14:3: {BUILD}a delimiter asks for single values",
                f"kustomization.yaml:15:3: {BUILD}'settings' cannot stand where 1 is: it has another type",
            ],
            id="replacements-that-do-not-fit",
        ),
        pytest.param(
            "resources: [settings.yaml]\nsortOptions: {order: up}\n",
            ["kustomization.yaml:2:14: SL142 expected sortOptions.order fifo or legacy, not 'up'"],
            id="order",
        ),
        pytest.param(
            "resources: [settings.yaml]\nsortOptions: {order: fifo, legacySortOptions: {}}\n",
            ["kustomization.yaml:2:47: SL142 legacySortOptions have no meaning for the order fifo"],
            id="order-with-options",
        ),
        pytest.param(
            "resources: [settings.yaml]\nconfigurations: [config.yaml]\n",
            ["config.yaml:1:1: SL142 unknown field 'nameprefixes'\n  hint: did you mean 'namePrefix'?"],
            id="configuration",
        ),
        pytest.param(
            "resources: [settings.yaml]\nconfigurations: [contrary.yaml]\n",
            [
                f"kustomization.yaml:2:18: {BUILD}the field 'metadata/annotations' is given with and without 'create: true'"
            ],
            id="contrary-configuration",
        ),
        pytest.param(
            "resources: [accounts.yaml]\nnamePrefix: p-\n",
            [
                f"accounts.yaml:1:1: {BUILD}in 'RoleBinding/p-bind': 'sa' in 'subjects' may mean each of 'ServiceAccount/a/p-sa', "
                "'ServiceAccount/b/p-sa'",
            ],
            id="unclear-reference",
        ),
        pytest.param(
            "resources: [blank.yaml]\n",
            [f"blank.yaml:1:1: {BUILD}in 'RoleBinding/bind': the namespace of a subject is blank or no string"],
            id="blank-namespace",
        ),
        pytest.param(
            "configMapGenerator: [{name: a}]\npatches:\n- {target: {kind: ConfigMap}, options: {allowKindChange: true}, "
            "patch: '{kind: Secrets, metadata: {name: a}}'}\n",
            [
                f"kustomization.yaml:1:22: {BUILD}in 'Secrets/a': it was generated and a patch changed its kind, so it has no content "
                "for a suffix"
            ],
            id="kind-of-what-was-generated",
        ),
        pytest.param(
            "resources: [web.yaml]\npatches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: [1]}'}]\n",
            [
                "kustomization.yaml:2:19: SL144 the patch cannot be applied: a list cannot be merged into a mapping: expected a mapping, "
                "or null to remove it (in 'spec' of the patch), for 'Deployment/web'"
            ],
            id="patch-of-another-type",
        ),
    ],
)
def test_what_is_wrong(kustomization: str, expected: list[str]) -> None:
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa, namespace: %s}\n"
    binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: bind}\nsubjects:\n%s"
    subject = "- {kind: ServiceAccount, name: sa, namespace: %s}\n"
    files = {
        "kustomization.yaml": kustomization,
        "web.yaml": WEB,
        "api.yaml": WEB.replace("web", "api"),
        "settings.yaml": CONFIG_MAP,
        "bad.yaml": "a: b\n---\ntext\n",
        "plain/readme.md": "nothing\n",
        "sub/kustomization.yaml": "resources: [web.yaml]\n",
        "sub/web.yaml": WEB,
        "comp/kustomization.yaml": "kind: Component\nnamePrefix: a\n",
        "two/kustomization.yaml": "namePrefix: a\n",
        "two/Kustomization": "namePrefix: a\n",
        "round/kustomization.yaml": "resources: [..]\n",
        "empty.yaml": "",
        "several.yaml": f"{WEB}---\n{WEB}",
        "operations.yaml": "- {op: remove, path: /x}\n",
        "bad-operations.yaml": "- {op: remove, path: /x}\n- {op: add, path: /x}\n",
        "keyless.yaml": WEB.replace("name: main, ", ""),
        "spaces.yaml": "".join(
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: same, namespace: {name}}}\n---\n"
            for name in ("one", "two")
        ),
        "config.yaml": "nameprefixes: []\n",
        "contrary.yaml": "commonAnnotations: [{path: metadata/annotations}]\n",
        "accounts.yaml": "---\n".join([binding % "- {kind: ServiceAccount, name: sa}\n", account % "a", account % "b"]),
        "blank.yaml": binding % (subject % "null"),
    }
    if "accounts" in kustomization:
        files["accounts.yaml"] = "---\n".join(
            [
                (binding % "- {kind: ServiceAccount, name: sa}\n").replace("RoleBinding", "ClusterRoleBinding"),
                account % "a",
                account % "b",
            ]
        )
        expected = [text.replace("RoleBinding", "ClusterRoleBinding") for text in expected]
    assert problems_of(files) == expected


def test_all_of_a_tree_at_once() -> None:
    files = {
        "kustomization.yaml": "resources: [a, b]\nvars: [{name: x}]\n",
        "a/kustomization.yaml": "resources: [gone.yaml]\n",
        "b/kustomization.yaml": "resources: [x.yaml]\ncrds: [z]\n",
        "b/x.yaml": "a: b: c\n",
    }
    found = [text.split(" ")[1] for text in problems_of(files)]
    assert found == ["SL120", "SL140", "SL101", "SL140"]


def test_objects_say_where_they_come_from() -> None:
    tree = MemoryTree(
        {
            "top/kustomization.yaml": "resources: [../base]\nconfigMapGenerator: [{name: made}]\n",
            "base/kustomization.yaml": "resources: [all.yaml]\nnamePrefix: p-\n",
            "base/all.yaml": f"{CONFIG_MAP}---\nkind: List\nitems:\n- {json.dumps(yamlio.read(WEB.encode(), 'x')[0].data)}\n",
        }
    )
    found = {
        manifest["kind"] + manifest["metadata"]["name"][:2]: source for source, manifest in build(tree, "top").objects
    }
    assert found == {
        "ConfigMapp-": Source(file="base/all.yaml"),
        "ConfigMapma": Source(file="top/kustomization.yaml", prefix=("configMapGenerator", 0)),
        "Deploymentp-": Source(file="base/all.yaml", document=1, prefix=("items", 0)),
    }


def test_manifests_are_shared_and_never_changed() -> None:
    tree = MemoryTree({"kustomization.yaml": "resources: [web.yaml]\nnamePrefix: p-\n", "web.yaml": WEB})
    (_, first), (_, second) = (*build(tree, "").objects, *build(tree, "").objects)
    before = copy.deepcopy(first)
    build(tree, "")
    assert (first, second, first["spec"] is second["spec"]) == (before, before, False)


def doubling(levels: int) -> dict[str, str]:
    """Returns kustomizations of which each builds the next twice, under two prefixes."""
    files = {f"d{levels}/kustomization.yaml": "resources: [x.yaml]\n", f"d{levels}/x.yaml": CONFIG_MAP}
    for level in range(levels):
        for side in "ab":
            files[f"{side}{level}/kustomization.yaml"] = f"namePrefix: {side}\nresources: [../d{level + 1}]\n"
        files[f"d{level}/kustomization.yaml"] = f"resources: [../a{level}, ../b{level}]\n"
    return files


def chain(length: int) -> dict[str, str]:
    files = {f"d{number}/kustomization.yaml": f"resources: [../d{number + 1}]\n" for number in range(length)}
    return {**files, f"d{length}/kustomization.yaml": "resources: []\nnamePrefix: a\n"}


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            doubling(30), f"d16/kustomization.yaml: {BUILD}the build has more than 10000 objects", id="doubling"
        ),
        pytest.param(
            chain(100),
            f"d64/kustomization.yaml: {BUILD}kustomizations are nested deeper than 64",
            id="deep-directories",
        ),
        pytest.param(
            {"d0/kustomization.yaml": "resources: [x.yaml]\n", "d0/x.yaml": BOMB},
            "d0/x.yaml: SL104 aliases expand to more than 1,512 values (4 for each character of the file, 100,000 at most)",
            id="alias-bomb",
        ),
        pytest.param(
            {"d0/kustomization.yaml": "resources: " + "[" * 5000 + "]" * 5000 + "\n"},
            "d0/kustomization.yaml: SL111 nested deeper than 100 levels",
            id="deep-nesting",
        ),
        pytest.param(
            {"d0/kustomization.yaml": f"namePrefix: {'x' * 5_000_000}\nresources: ['{'y' * 100_000}']\n"},
            f"d0/kustomization.yaml: SL120 file or directory '{'y' * 100_000}' does not exist",
            id="huge-scalars",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {
                "d0/kustomization.yaml": "resources: [x.yaml]\nimages: [{name: '(a*)*b', newTag: '1'}]\n"
                "patches: [{target: {name: '(a*)*b'}, patch: '[]'}]\nreplicas: [{name: x, count: 1}]\n",
                "d0/x.yaml": WEB.replace("web:1", "a" * 200).replace("name: web", f"name: {'a' * 200}"),
            },
            f"d0/kustomization.yaml: {BUILD}no Deployment, ReplicationController, ReplicaSet, StatefulSet is called 'x'",
            id="patterns-do-not-backtrack",
        ),
    ],
)
def test_hostile_kustomizations_end_quickly(files: dict[str, str], expected: str) -> None:
    before = time.process_time()
    with pytest.raises(Invalid) as error:
        build(MemoryTree(files), "d0")
    problem = error.value.problems[0]
    file = problem.source.file if problem.source else ""
    assert f"{file}: {problem.code} {problem.text}" == expected
    assert time.process_time() - before < 60


def test_links_that_loop_or_leave(tmp_path: Any) -> None:
    root = tmp_path / "root"
    (root / "app").mkdir(parents=True)
    (tmp_path / "secret.yaml").write_text(CONFIG_MAP)
    (root / "app" / "kustomization.yaml").write_text("resources: [loop.yaml, out.yaml, folder]\n")
    (root / "app" / "loop.yaml").symlink_to("loop.yaml")
    (root / "app" / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    (root / "app" / "folder").symlink_to(".")
    with pytest.raises(Invalid) as error:
        build(DiskTree(root), "app")
    assert [(problem.code, problem.path) for problem in error.value.problems] == [
        ("SL120", ("resources", 0)),
        ("SL121", ("resources", 1)),
        ("SL128", ("resources", 2)),
    ]


@needs_shared
def test_cases_of_kustomize() -> None:
    cases = json.loads(SHARED_CASES.read_text())["cases"]
    outcomes = {case["name"]: outcome(case) for case in cases}
    assert {name for name, found in outcomes.items() if found == "wrong"} == set()
    assert {name for name, found in outcomes.items() if found == "deviates"} == set(DEVIATIONS)
    native = [outcomes[case["name"]] for case in cases if case["native_subset"]]
    assert (native.count("right"), native.count("deviates"), len(native)) == (98, 0, 98)


@needs_shared
@pytest.mark.parametrize(
    ("directory", "count"),
    [("online-boutique/kustomize", 35), ("online-boutique/kustomize/tests/service-mesh-istio-with-all-components", 55),
     ("online-boutique/kustomize/tests/spanner-with-all-components", 49), ("podinfo/kustomize", 3)],
)  # fmt: skip
def test_kustomizations_of_real_applications(directory: str, count: int) -> None:
    root, _, below = directory.partition("/")
    assert len(build(DiskTree(SHARED / "trees" / root), below).objects) == count


def test_operations_in_brackets_are_json_alone() -> None:
    start = "resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: "
    files = {"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"}
    what = "operations in brackets have to be JSON: quote keys and texts, or begin each with '- ' on a line of its own"
    loose, strict = "'[{op: add, path: /data, value: {}}]'\n", '\'[{"op": "add", "path": "/data", "value": {}}]\'\n'
    assert [text.split("\n")[0] for text in problems_of({**files, "kustomization.yaml": start + loose})] == [
        f"kustomization.yaml:4:10: SL144 the patch cannot be applied: {what}"
    ]
    ((_, built),) = build(MemoryTree({**files, "kustomization.yaml": start + strict}), "").objects
    assert built["data"] == {}


def notices_of(files: dict[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Returns what is built of a kustomization, and the notices on it."""
    tree = MemoryTree(files)
    found = build(tree, "")

    def place_of(source: Source, path: Any, at_key: bool) -> tuple[int, int] | None:
        return locate(tree.read(source.file), source.document, path, at_key)

    return [manifest for _, manifest in found.objects], [show(p) for p in placed(found.notices, place_of)]


def test_what_matches_nothing_is_told() -> None:
    """A shared component has a patch for each kind, and kustomize builds a base that has one of them."""
    operations = 'patch: \'[{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]\''
    component = f"""\
kind: Component
apiVersion: kustomize.config.k8s.io/v1alpha1
patches:
- target: {{kind: ConfigMap}}
  {operations}
- target: {{kind: StatefulSet}}
  {operations}
- target: {{kind: ConfigMap, name: setings}}
  {operations}
- target: {{kind: ConfigMap}}
  path: empty.yaml
patchesJson6902:
- target: {{kind: Secret, version: v1, name: other}}
  {operations}
images: [{{name: web, newTag: "2"}}, {{name: wbe, newTag: "2"}}]
replacements:
- source: {{kind: ConfigMap, name: settings}}
  targets: [{{select: {{kind: Job, name: web}}, fieldPaths: [spec.a]}}]
"""
    files = {
        "kustomization.yaml": "resources: [settings.yaml, web.yaml]\ncomponents: [c]\n",
        "settings.yaml": CONFIG_MAP,
        "web.yaml": WEB.replace("web:1", "web:2"),
        "c/kustomization.yaml": component,
        "c/empty.yaml": "# nothing yet\n",
    }
    built, notices = notices_of(files)
    settings = {"name": "settings", "labels": {"a": "b"}}
    assert built[0] == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": settings, "data": {"a": "b"}}
    start, nothing = "c/kustomization.yaml", "changes nothing"
    assert notices == [
        f"{start}:6:11: SL133 notice: the patch {nothing}: its target matches no object",
        f"{start}:8:11: SL133 notice: the patch {nothing}: its target matches no object\n  hint: did you mean 'settings'?",
        f"{start}:10:3: SL133 notice: the patch {nothing}: it is empty",
        f"{start}:13:11: SL133 notice: the patch {nothing}: its target matches no object",
        f"{start}:15:43: SL133 notice: the image 'wbe' {nothing}: no container has it",
        f"{start}:18:22: SL133 notice: the replacement {nothing}: its target matches no object",
    ]


def test_of_two_equal_keys_of_a_kustomization_the_last_counts() -> None:
    """As kustomize 5.5 and 5.8 have it; a manifest with such keys they refuse."""
    files = {"kustomization.yaml": "resources: [c.yaml]\nnamePrefix: a-\nnamePrefix: b-\n", "c.yaml": CONFIG_MAP}
    built, notices = notices_of(files)
    assert [manifest["metadata"]["name"] for manifest in built] == ["b-settings"]
    assert [notice.split("\n")[0] for notice in notices] == [
        "kustomization.yaml:3:1: SL134 notice: key 'namePrefix' stands twice in one mapping, first on line 2: the last one counts"
    ]
    files["c.yaml"] = f"{CONFIG_MAP}kind: Secret\n"
    assert problems_of(files) == [
        "c.yaml:5:1: SL102 key 'kind' stands twice in one mapping, first on line 2\n"
        "  hint: keep one of the two: some tools take the last, others refuse the file"
    ]
