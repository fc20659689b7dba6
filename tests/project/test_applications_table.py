"""`benchmarks/applications.py`: a row for each base and mesh, and a line for each reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.shared import REPOSITORY

BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "web:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec: {hosts: [web], http: [{route: [{destination: {host: web}}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: mailer}
spec:
  selector: {matchLabels: {app: mailer}}
  template:
    metadata: {labels: {app: mailer}}
    spec: {containers: [{name: main, image: "mailer:1"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: odd}
spec:
  selector: {matchLabels: {app: odd}}
  template:
    metadata: {labels: {app: other}}
    spec: {containers: [{name: main, image: "odd:1"}]}
"""
COLUMNS = ["base", "mesh", "workloads", "freely", "adopt", "accept", "not", "defect"]


def test_every_workload_is_counted_once(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(BASE)
    (tmp_path / "tree" / "k").mkdir(parents=True)
    (tmp_path / "tree" / "k" / "kustomization.yaml").write_text("resources: [gone.yaml]\n")
    command = [sys.executable, "benchmarks/applications.py", str(tmp_path), str(tmp_path / "tree")]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    table, _, reasons = result.stdout.partition("\n\n")
    rows = [line.split() for line in table.splitlines()]
    assert rows[0] == [*(name.upper() for name in COLUMNS), "REASONS", "LEFT"]
    assert [row[:8] for row in rows[1:]] == [
        ["shop", "gateway-api", "3", "0", "0", "2", "1", "0"],
        ["shop", "istio", "3", "0", "1", "1", "1", "0"],
        ["shop", "istio-ambient", "3", "0", "1", "1", "1", "0"],
        ["shop", "linkerd", "3", "1", "0", "1", "1", "0"],
        *(
            ["k:kustomization.yaml", mesh, "?", "not", "read:", "SL120"]
            for mesh in ("gateway-api", "istio", "istio-ambient", "linkerd")
        ),
    ]
    assert sorted(line.split(":")[0] for line in reasons.splitlines() if line.startswith("SL")) == [
        "SL307 4",
        "SL310 4",
        "SL401 2",
        "SL467 1",
    ]
    assert (result.returncode, result.stderr) == (0, "")
