"""`render --passthrough` as a post-renderer of the real Helm: nothing of a chart is lost or changed but the routes of tenants."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.shared import REPOSITORY

HELM = os.environ.get("HELM") or shutil.which("helm")
pytestmark = pytest.mark.skipif(HELM is None, reason="there is no helm")

ENVIRONMENT: Any = {
    "apiVersion": "sandlane.dev/v1alpha1", "kind": "Environment", "metadata": {"name": "staging"},
    "spec": {"base": ["-"], "defaultNamespace": "shop", "mesh": "istio"},
}  # fmt: skip
SANDBOX: Any = {
    "apiVersion": "sandlane.dev/v1alpha1", "kind": "DevelopmentSandbox", "metadata": {"name": "dev1"},
    "spec": {"workloads": [{"name": "web", "image": "registry.example/web:2"}]},
}  # fmt: skip
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    "values.yaml": "image: registry.example/web:1\npassword: 'p$ss: {}'\n",
    "crds/widget.yaml": """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec: {group: example.com, names: {kind: Widget, plural: widgets}, scope: Namespaced, versions: []}
""",
    "templates/_labels.tpl": """\
{{- define "labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}
""",
    "templates/web.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {{- include "labels" . | nindent 4 }}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {checksum/config: {{ include (print $.Template.BasePath "/settings.yaml") . | sha256sum }}}
    spec:
      containers:
      - name: web
        image: {{ .Values.image }}
        envFrom: [{secretRef: {name: key}}, {configMapRef: {name: settings}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, annotations: {helm.sh/resource-policy: keep}}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec: {hosts: [web], http: [{route: [{destination: {host: web}}]}]}
---
{{- if false }}
kind: Never
{{- end }}
""",
    "templates/settings.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
immutable: true
data:
  script: |
    #!/bin/sh
    echo "$HOME ${USER}" {{ "{{" }} x }}
    # no comment of YAML's

  empty: ""
  number: "0123"
""",
    "templates/secret.yaml": """\
apiVersion: v1
kind: Secret
metadata: {name: key}
stringData: {password: {{ .Values.password | quote }}}
data: {a: {{ "b" | b64enc }}}
""",
    "templates/hooks.yaml": """\
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-5"}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: "m:1"}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
spec: {containers: [{name: c, image: "c:1"}]}
""",
    "templates/others.yaml": """\
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec: {size: 3, isOpen: true}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: robot}}
""",
    "templates/NOTES.txt": "Thank you for {{ .Chart.Name }}.\n",
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A chart beside an environment and a sandbox, and the post-renderer."""
    files = {f"chart/{name}": text for name, text in CHART.items()}
    files |= {"sandlane.yaml": json.dumps(ENVIRONMENT), "sandboxes/dev1.yaml": json.dumps(SANDBOX), ".git/HEAD": ""}
    command = f"{sys.executable} -m sandlane render --base - --stdout --passthrough"
    files["sandboxes.sh"] = f"#!/bin/sh\nPYTHONPATH={REPOSITORY / 'renderer'} exec {command}\n"
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "sandboxes.sh").chmod(0o755)
    return tmp_path


def template(here: Path, *options: str) -> subprocess.CompletedProcess[str]:
    own = {
        **os.environ,
        "HELM_CACHE_HOME": str(here / "c"),
        "HELM_CONFIG_HOME": str(here / "d"),
        "HELM_DATA_HOME": str(here / "e"),
    }
    command = [str(HELM), "template", "shop", "chart", "--namespace", "shop", "--include-crds", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=here, env=own)


def objects(text: str) -> dict[str, Any]:
    """Returns the objects of a stream by kind and name, those of Lists one by one."""
    read = [o for o in yaml.safe_load_all(text) if o]
    found = [one for o in read for one in (o["items"] if o["kind"] == "List" else [o])]
    return {f"{o['kind']}/{o['metadata']['name']}": o for o in found}


def test_a_chart_loses_nothing(here: Path) -> None:
    plain, made = template(here), template(here, "--post-renderer", "./sandboxes.sh")
    assert (plain.returncode, made.returncode, made.stderr) == (0, 0, "")
    before, after = objects(plain.stdout), objects(made.stdout)
    assert sorted(after.keys() - before.keys()) == ["Deployment/web-dev1", "Service/web-dev1"]
    assert [name for name in before if before[name] != after.get(name)] == ["VirtualService/web"]
    route = after["VirtualService/web"]["spec"]["http"]
    assert (route[1:], [entry.get("name") for entry in route]) == (
        before["VirtualService/web"]["spec"]["http"],
        ["tenant-dev1", None],
    )


def test_clones_are_not_the_charts(here: Path) -> None:
    found = objects(template(here, "--post-renderer", "./sandboxes.sh").stdout)
    for name in ("Deployment/web-dev1", "Service/web-dev1"):
        metadata = found[name]["metadata"]
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "sandlane"
        assert not [
            key for key in {**metadata["labels"], **metadata.get("annotations", {})} if key.startswith("helm.sh/")
        ]


def test_a_mistake_stops_helm_and_is_told(here: Path) -> None:
    wrong = {**SANDBOX, "spec": {"workloads": [{"name": "wbe"}]}}
    (here / "sandboxes" / "dev1.yaml").write_text(json.dumps(wrong))
    done = template(here, "--post-renderer", "./sandboxes.sh")
    assert (done.returncode, done.stdout) == (1, "")
    assert "SL210 workload 'Deployment/shop/wbe' is not in the base" in done.stderr
