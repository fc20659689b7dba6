"""The files by which other tools run sandlane or apply its output: pre-commit, GitHub, GitLab, Argo CD and Flux."""

from __future__ import annotations

from collections.abc import Callable

from sandlane import __version__
from sandlane.frozen import frozen
from sandlane.reports.gitops.argocd import argocd_text
from sandlane.reports.gitops.delivery import Delivery
from sandlane.reports.gitops.flux import flux_text
from sandlane.reports.setup.environment_file import quoted

_VERSION = f"v{__version__}"


@frozen(kw_only=True)
class Place:
    """Where an environment is: its directory in the repository, and what Argo CD and Flux have to know of its output."""

    directory: str
    delivery: Delivery


@frozen(kw_only=True)
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
  rev: {_VERSION}
  hooks:
  - id: sandlane-render
    args: [{quoted(place.directory or ".")}]
"""


def _github(place: Place) -> str:
    return f"""\
# Fails a pull request whose output is stale, or does not keep sandlane's promises, and comments what it changes.
name: sandlane
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
  pull-requests: write
jobs:
  sandlane:
    runs-on: ubuntu-latest
    steps:
    - uses: actions/checkout@v4
    - uses: actions/setup-python@v5
      with:
        python-version: "3.12"
    - uses: sandlane/sandlane@{_VERSION}
      with:
        mode: check
        environments: {quoted(place.directory or ".")}
    - uses: sandlane/sandlane@{_VERSION}
      if: github.event_name == 'pull_request'
      with:
        mode: diff
        environments: {quoted(place.directory or ".")}
"""


def _gitlab(place: Place) -> str:
    return f"""\
# Fails a merge request whose output is stale, or does not keep sandlane's promises.
sandlane:
  image: python:3.12
  script:
  - pip install git+https://github.com/sandlane/sandlane@{_VERSION}
  - sandlane check {place.directory or "."}
  - sandlane verify {place.directory or "."}
"""


def _argocd(place: Place) -> str:
    return argocd_text(place.delivery, is_single=False)


def _flux(place: Place) -> str:
    return flux_text(place.delivery, is_single=False)


def _merging(_: Place) -> str:
    return """\
# Of two branches that change one generated file, the merge renders it again. In each clone, once:
#   git config merge.sandlane.driver 'sandlane merge-driver %O %A %B %P'
rendered/** merge=sandlane linguist-generated
"""


INTEGRATIONS: dict[str, Integration] = {
    "pre-commit": Integration(path=".pre-commit-config.yaml", is_at_root=True, text=_pre_commit),
    "github": Integration(path=".github/workflows/sandlane.yaml", is_at_root=True, text=_github),
    "gitlab": Integration(path=".gitlab-ci.yml", is_at_root=True, text=_gitlab),
    "merge-driver": Integration(path=".gitattributes", is_at_root=False, text=_merging),
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
