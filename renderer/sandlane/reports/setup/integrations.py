"""The files by which other tools run sandlane or apply its output: pre-commit, GitHub, GitLab, Argo CD and Flux."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandlane.reports.setup.environment_file import quoted

VERSION = "v0.1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an environment is: its name, directory in the repository, output there, namespace, and the repository's address."""

    name: str
    directory: str
    output: str
    namespace: str
    repository: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """A file for another tool: its path from the repository's root or the environment's directory, and its text."""

    path: str
    is_at_root: bool
    text: Callable[[Place], str]


def _pre_commit(place: Place) -> str:
    return f"""\
# Renders before each commit, so that the output is part of it. Install with: pre-commit install
repos:
- repo: https://github.com/sandlane/sandlane
  rev: {VERSION}
  hooks:
  - id: sandlane-render
    args: [{quoted(place.directory or ".")}]
"""


def _github(place: Place) -> str:
    return f"""\
# Fails a pull request whose output is stale, or does not keep sandlane's promises.
name: sandlane
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
    - uses: actions/checkout@v4
    - uses: actions/setup-python@v5
      with:
        python-version: "3.12"
    - run: pip install sandlane=={VERSION.removeprefix("v")}
    - run: sandlane check {place.directory or "."}
    - run: sandlane verify {place.directory or "."}
"""


def _gitlab(place: Place) -> str:
    return f"""\
# Fails a merge request whose output is stale, or does not keep sandlane's promises.
sandlane:
  image: python:3.12-slim
  script:
  - pip install sandlane=={VERSION.removeprefix("v")}
  - sandlane check {place.directory or "."}
  - sandlane verify {place.directory or "."}
"""


def _argocd(place: Place) -> str:
    return f"""\
# Applies the output beside what applies the base. Each sandbox as an Application of its own: 'sandlane gitops argocd'.
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {place.name}-sandboxes
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  project: default
  source:
    repoURL: {place.repository}
    targetRevision: HEAD
    path: {place.output}
    directory: {{recurse: true}}
  destination:
    server: https://kubernetes.default.svc
    namespace: {place.namespace}
  syncPolicy:
    automated: {{prune: true, selfHeal: true, allowEmpty: true}}
    syncOptions: [ServerSideApply=true]
"""


def _flux(place: Place) -> str:
    return f"""\
# Applies the output beside what applies the base.
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: {place.name}-sandboxes
  namespace: flux-system
spec:
  interval: 1m
  url: {place.repository}
  ref: {{branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: {place.name}-sandboxes
  namespace: flux-system
spec:
  interval: 10m
  path: ./{place.output}
  prune: true
  sourceRef: {{kind: GitRepository, name: {place.name}-sandboxes}}
"""


INTEGRATIONS: dict[str, Integration] = {
    "pre-commit": Integration(path=".pre-commit-config.yaml", is_at_root=True, text=_pre_commit),
    "github": Integration(path=".github/workflows/sandlane.yaml", is_at_root=True, text=_github),
    "gitlab": Integration(path=".gitlab-ci.yml", is_at_root=True, text=_gitlab),
    "argocd": Integration(path="gitops/argocd.yaml", is_at_root=False, text=_argocd),
    "flux": Integration(path="gitops/flux.yaml", is_at_root=False, text=_flux),
}
"""Value of `--with` -> file."""

SANDBOXES_README = """\
Specs of sandboxes lie here, one a file. Make, change and remove them with

    sandlane set NAME WORKLOAD=IMAGE
    sandlane list
    sandlane delete NAME

or by hand: 'sandlane schema DevelopmentSandbox' is their form, 'sandlane list workloads' says what can be cloned.
"""
