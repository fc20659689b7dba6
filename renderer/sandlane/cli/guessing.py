"""What `init` takes for the base, its mesh and the namespace: what the user says, else what the manifests show, else an answer."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from sandlane.base.base import Base
from sandlane.base.sources import KUSTOMIZATIONS, find_named, read_named
from sandlane.cli.view import View
from sandlane.files.tree import is_within
from sandlane.meshes.registry import MESHES
from sandlane.problems.problem import Invalid, Problem
from sandlane.reports.setup import findings
from sandlane.reports.setup.candidates import Candidates, find_candidates
from sandlane.reports.setup.environment_file import SetUp
from sandlane.reports.setup.findings import Guess

_OUTSIDE = "run 'sandlane init' in a directory that holds both, or pipe the manifests in: cat FILES | sandlane init -"
_MOST = 8
"""So many parts of a directory are named."""


class Guessing:
    """The tree and the directory in it where the user stands, what the user gave as options, and whether to ask for the rest."""

    def __init__(self, view: View, directory: str, asks: bool, given: Mapping[str, str | None]) -> None:
        self.view = view
        self.directory = directory
        self.asks = asks
        self.given = given

    def entry(self, path: str) -> str:
        """Returns a path of the user as an entry of `base`. An environment's own directory is named by its kustomization."""
        entry = Path(os.path.relpath(os.path.realpath(path), self.view.tree.root / self.directory)).as_posix()
        if entry != ".":
            return entry
        here = [name for name in KUSTOMIZATIONS if Path(name).is_file()]
        if here:
            return here[0]
        raise click.UsageError(
            "this directory would hold its own output: name the manifests in it, or leave BASE out and all of them are found"
        )

    def choose(self) -> tuple[str, ...]:
        """Returns the entries of the only base below, or of the one that the user chooses."""
        candidates = find_candidates(self.view.tree, self.directory)
        bases = candidates.bases
        if not bases:
            raise click.UsageError(_nothing(candidates))
        if len(bases) == 1:
            return bases[0]
        shown = [" ".join(entries) for entries in bases]
        if self.asks:
            answer = click.prompt("Which of these is the base?", type=click.Choice(shown), default=shown[0], err=True)
            return bases[shown.index(answer)]
        lines = "\n".join(f"  sandlane init {path}" for path in shown)
        raise click.UsageError(
            f"several kustomizations could be the base; name one, or those that are its parts:\n{lines}"
        )

    def read(self, entries: Sequence[str]) -> Base:
        """Reads the manifests of entries. Raises Invalid, with ways out that set up: there is no environment to render yet."""
        try:
            named = find_named(self.view.tree, self.directory, "base", entries, None)
            if named.problems:
                raise Invalid(named.problems)
            return read_named(self.view.tree, named, self.given["namespace"] or "default")
        except Invalid as invalid:
            raise Invalid(replace(p, hint=self._way(p, entries)) for p in invalid.problems) from None

    def _way(self, problem: Problem, entries: Sequence[str]) -> str:
        """Returns the way out of a problem of the base for who has no environment yet."""
        if problem.code == "SL121":
            return _OUTSIDE
        if problem.code == "SL122" and problem.source:
            file = problem.source.file
            places = {entry: os.path.normpath(f"{self.directory or '.'}/{entry}") for entry in entries}
            entry = next(entry for entry, place in places.items() if is_within(file, place))
            found = find_candidates(self.view.tree, places[entry])
            parts = [f"{entry}/{part}" for part in (*found.kustomizations, *found.manifests)]
            command = shlex.join(["sandlane", "init", *parts[:_MOST]])
            return f"name those of its parts that are meant: {command}{' …' if len(parts) > _MOST else ''}"
        return problem.hint.replace("| sandlane render --base -", "| sandlane init -")

    def decide(self, entries: tuple[str, ...], base: Base, made_by: str) -> SetUp:
        """Returns what is set up for a base that was read; what is unsure is asked where somebody can answer."""
        mesh, namespace = findings.mesh_of(base), findings.namespace_of(base)
        if self.given["mesh"]:
            mesh = Guess(value=self.given["mesh"], why="by --mesh", is_certain=True)
        elif self.asks and not mesh.is_certain:
            value = click.prompt(
                f"Which mesh? ({mesh.why})", type=click.Choice(sorted(MESHES)), default=mesh.value, err=True
            )
            mesh = Guess(value=value, why="by your answer", is_certain=True)
        if self.given["namespace"]:
            namespace = Guess(value=self.given["namespace"], why="by --namespace", is_certain=True)
        elif self.asks and not namespace.is_certain:
            value = click.prompt(
                f"Namespace of objects that name none? ({namespace.why})", default=namespace.value, err=True
            )
            namespace = Guess(value=value, why="by your answer", is_certain=True)
        return SetUp(
            name=self.given["name"] or _name(Path.cwd().name),
            base=entries,
            mesh=mesh,
            namespace=namespace,
            gateways=findings.gateways_of(self._in_namespace(entries, namespace.value)),
            registries=findings.registries_of(base),
            made_by=made_by,
        )

    def _in_namespace(self, entries: Sequence[str], namespace: str) -> Base:
        named = find_named(self.view.tree, self.directory, "base", entries, None)
        return read_named(self.view.tree, named, namespace)


def _nothing(candidates: Candidates) -> str:
    if candidates.charts:
        chart = candidates.charts[0]
        return (
            f"there are no manifests below, but a Helm chart: pipe it in: helm template NAME {chart} | sandlane init -"
        )
    return "there are no manifests below: name the base: sandlane init PATH, or pipe it in: … | sandlane init -"


def _name(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "staging"
