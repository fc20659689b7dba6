"""`sandlane init`: looks at a base and writes the files of an environment for it."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sandlane.base.base import Base
from sandlane.base.sources import KUSTOMIZATIONS, find_named, read_named
from sandlane.cli import session as s
from sandlane.cli.build import write_objects
from sandlane.cli.changing import obstacle
from sandlane.cli.gitops import REVISIONS, repository
from sandlane.cli.main import FINE
from sandlane.cli.terminal import amount, words
from sandlane.cli.view import View
from sandlane.files.disk import ENVIRONMENT, DiskTree, find_root
from sandlane.files.tree import STREAM, join, relative
from sandlane.meshes.adoption import proposals
from sandlane.meshes.registry import MESHES
from sandlane.pipeline import Rendered, render
from sandlane.problems.problem import Invalid
from sandlane.reports import listing
from sandlane.reports.gitops.delivery import make_delivery
from sandlane.reports.gitops.flux import default_source
from sandlane.reports.setup import findings
from sandlane.reports.setup.candidates import Candidates, find_candidates
from sandlane.reports.setup.environment_file import SANDBOXES, SetUp, environment_text
from sandlane.reports.setup.findings import Guess
from sandlane.reports.setup.integrations import INTEGRATIONS, SANDBOXES_README, Place
from sandlane.reports.targets import Unresolved, find_target
from sandlane.specs.inputs import Inputs, read_inputs

_OUTPUT = "rendered"
_ABOUT_SANDBOXES = Path(SANDBOXES) / "README.md"


@click.command(
    "init",
    help="Look at BASE, a kustomization, a directory or files of manifests, or with '-' what is piped in, and write the files of an "
    "environment for it here: sandlane.yaml, sandboxes/ and the first output. Nothing is overwritten. Without BASE, what lies below "
    "is looked at.",
)
@click.argument("base", nargs=-1, metavar="[BASE|-]...")
@click.option("--mesh", type=click.Choice(sorted(MESHES)), help="The mesh, where the base does not show it.")
@click.option("--namespace", metavar="NAME", help="The namespace of objects that name none.")
@click.option("--name", metavar="NAME", help="The environment's name; default: that of this directory.")
@click.option(
    "--with", "integrations", metavar="LIST", default="", help=f"Also write files for: {','.join(INTEGRATIONS)}."
)
@click.option("--yes", is_flag=True, help="Ask nothing, also on a terminal.")
@click.option("--no-render", is_flag=True, help="Write no output yet.")
def command(
    base: tuple[str, ...],
    mesh: str | None,
    namespace: str | None,
    name: str | None,
    integrations: str,
    yes: bool,
    no_render: bool,
) -> None:
    """Sets an environment up in the directory where the user stands."""
    wanted = _integrations(integrations)
    if Path(ENVIRONMENT).exists():
        raise click.UsageError(
            f"'{ENVIRONMENT}' is here already, and init overwrites nothing: edit it, or go to another directory"
        )
    asks = not yes and sys.stdin.isatty() and sys.stderr.isatty()
    stream = sys.stdin.buffer.read() if STREAM in base else None
    view = View(DiskTree(find_root(Path.cwd() / ENVIRONMENT), stream), ENVIRONMENT)
    here = Path(os.path.relpath(os.path.realpath("."), view.tree.root)).as_posix()
    setting = _Setting(view, "" if here == "." else here, asks, {"mesh": mesh, "namespace": namespace, "name": name})
    s.run([view], "text", lambda _: setting.up(base, wanted, not no_render), writes=True)


def _integrations(listed: str) -> list[str]:
    wanted = [name.strip() for name in listed.split(",") if name.strip()]
    for name in wanted:
        if name not in INTEGRATIONS:
            raise click.UsageError(f"no integration '{name}': expected some of {', '.join(INTEGRATIONS)}")
    return wanted


class _Setting:
    """One run of `init`: the tree, the directory in it where the user stands, whether to ask, and what the user says."""

    def __init__(self, view: View, directory: str, asks: bool, given: dict[str, str | None]) -> None:
        self.view = view
        self.directory = directory
        self.asks = asks
        self.given = given

    def up(self, base: Sequence[str], wanted: Sequence[str], is_rendered: bool) -> tuple[int, dict[str, Any]]:
        """Looks, decides, writes and tells. Raises Invalid before anything is written."""
        targets = (Path(ENVIRONMENT), _ABOUT_SANDBOXES, *(self._path(name) for name in wanted))
        if problems := [problem for path in targets if (problem := obstacle(path.absolute()))]:
            raise Invalid(problems)
        if STREAM not in base:
            return self._up(base, wanted, is_rendered, "")
        base = self._save_stream()
        try:
            return self._up(base, wanted, is_rendered, "a stream; make it anew with '… | sandlane build - -o base'")
        except BaseException:
            import shutil  # brings modules for archives with it

            shutil.rmtree(base[0])
            raise

    def _up(
        self, base: Sequence[str], wanted: Sequence[str], is_rendered: bool, made_by: str
    ) -> tuple[int, dict[str, Any]]:
        entries = tuple(self._entry(path) for path in base) or self._choose()
        found = self._read(entries)
        set_up = self._decide(entries, found, made_by)
        if "flux" in wanted:
            set_up = replace(set_up, flux_source=default_source(set_up.name))
        set_up, inputs, rendered = self._tried(set_up)
        files = {Path(ENVIRONMENT): environment_text(set_up), _ABOUT_SANDBOXES: SANDBOXES_README}
        integrations = self._integrations(inputs, wanted)
        output = self.view.tree.root / join(self.directory, _OUTPUT)
        if is_rendered and (problems := s.refusals(output, rendered.files)):
            raise Invalid(problems)
        for path, text in files.items():
            _create(path, text)
        if is_rendered:
            changed = s.write_files(output, rendered.files)
            words(f"wrote    {s.shown(output)}/ ({len(changed.create)} files, no sandboxes yet)")
        for path, text in integrations.items():
            _create(path, text)
        self.view.tell(rendered.notices)
        self._tell(set_up, inputs, wanted)
        return FINE, {}

    def _save_stream(self) -> tuple[str, ...]:
        """Writes the objects that were piped in to `base/`, one a file; Secrets are left out."""
        if Path("base").exists():
            raise click.UsageError(
                "'base' is here already, where the piped manifests would be written: name it instead of '-'"
            )
        found = self._read((STREAM,))
        if not found.resources:
            raise click.UsageError("no object came in: did the command before the pipe fail?")
        write_objects(found, Path("base"))
        return ("base",)

    def _entry(self, path: str) -> str:
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

    def _choose(self) -> tuple[str, ...]:
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
        raise click.UsageError(f"several kustomizations could be the base; say which:\n{lines}")

    def _read(self, entries: Sequence[str]) -> Base:
        named = find_named(self.view.tree, self.directory, "base", entries, None)
        if named.problems:
            raise Invalid(named.problems)
        return read_named(self.view.tree, named, self.given["namespace"] or "default")

    def _decide(self, entries: tuple[str, ...], base: Base, made_by: str) -> SetUp:
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

    def _tried(self, set_up: SetUp) -> tuple[SetUp, Inputs, Rendered]:
        """Returns what is set up with the route objects to adopt, and what is read and rendered of it, before anything is written."""
        adopting = dataclasses.replace(set_up, adopt=tuple(proposals(self._inputs(set_up))))
        inputs = self._inputs(adopting)
        return adopting, inputs, render(inputs)

    def _inputs(self, set_up: SetUp) -> Inputs:
        path = join(self.directory, ENVIRONMENT)
        staged: dict[str, bytes | None] = {
            path: environment_text(set_up).encode(),
            join(self.directory, f"{SANDBOXES}/README.md"): SANDBOXES_README.encode(),
        }
        self.view.tree = DiskTree(self.view.tree.root, staged=staged)
        return read_inputs(self.view.tree, path)

    def _integrations(self, inputs: Inputs, wanted: Sequence[str]) -> dict[Path, str]:
        """Returns the files of integrations, and their texts."""
        files: dict[Path, str] = {}
        address = repository() or "REPOSITORY"
        for name in wanted:
            delivery = make_delivery(inputs, address, REVISIONS.get(name, ""))
            place = Place(directory=self.directory, delivery=delivery)
            files[self._path(name)] = INTEGRATIONS[name].text(place)
        return files

    def _path(self, name: str) -> Path:
        """Returns the file of an integration."""
        integration = INTEGRATIONS[name]
        return (self.view.tree.root if integration.is_at_root else Path()) / integration.path

    def _tell(self, set_up: SetUp, inputs: Inputs, wanted: Sequence[str]) -> None:
        rows = listing.workloads(inputs)
        clonable = [row for row in rows if row["clonable"]]
        routable = [row for row in clonable if any(not p["unroutable"] for sv in row["services"] for p in sv["ports"])]
        words(f"base     {' '.join(set_up.base)}: {amount(len(inputs.base.resources), 'object')}")
        words(
            f"clones   {amount(len(clonable), 'workload')} can be cloned; requests to {len(routable)} of them can be routed"
        )
        for title, guess in (("mesh", set_up.mesh), ("in", set_up.namespace)):
            words(f"{title:8} {guess.value} ({'found' if guess.is_certain else 'a guess'}: {guess.why})")
        for proposal in set_up.adopt:
            file = relative(proposal.resource.source.file, self.directory)
            words(f"adopts   {proposal.resource.id} of {file}, which {proposal.why}")
        for id in set_up.gateways:
            words(f"gateway  {id}")
        words("next:")
        if routable:
            first = _first(inputs, [row["workload"] for row in routable])
            words(
                f"  sandlane set dev1 {first}=IMAGE   # a first sandbox; 'sandlane list workloads' says what else can be cloned"
            )
        if set_up.adopt:
            words(
                "  sandlane adopt                # how the output takes the adopted objects over, before it is applied"
            )
        words("  sandlane check                # what CI runs")
        for name in wanted:
            if name in _BY_HAND and (name != "argocd" or repository() is None):
                words(f"  {_BY_HAND[name]}")


_BY_HAND = {
    "merge-driver": "git config merge.sandlane.driver 'sandlane merge-driver %O %A %B %P'   # in each clone; without it git merges text",
    "pre-commit": "pre-commit install            # in each clone; without it nothing is rendered before a commit",
    "argocd": "put the repository's address in the place of REPOSITORY in gitops/argocd.yaml: there is no git remote 'origin'",
}
"""What is left to do for an integration."""


def _first(inputs: Inputs, workloads: Sequence[str]) -> str:
    """Returns what `set` takes for a workload: one of a single app container where there is any."""
    names = [
        name if kind == "Deployment" else f"{kind}/{name}" for kind, _, name in (id.split("/") for id in workloads)
    ]
    for name in names:
        with suppress(Unresolved):
            find_target(inputs.base, inputs.environment, name)
            return name
    return f"CONTAINER@{names[0]}"


def _nothing(candidates: Candidates) -> str:
    if candidates.charts:
        chart = candidates.charts[0]
        return (
            f"there are no manifests below, but a Helm chart: pipe it in: helm template NAME {chart} | sandlane init -"
        )
    return "there are no manifests below: name the base: sandlane init PATH, or pipe it in: … | sandlane init -"


def _name(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "staging"


def _create(path: Path, text: str) -> None:
    """Writes a file that is not there; one that is stays as it is, and what it lacks is printed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        if path.read_text(encoding="utf-8") != text:
            words(f"kept     {s.shown(path)}, which is there already; for sandlane it needs:")
            click.echo(text, nl=False)
    else:
        words(f"wrote    {s.shown(path)}")
