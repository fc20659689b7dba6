"""`sandlane init`: looks at a base and writes the files of an environment for it."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sandlane.cli import session as s
from sandlane.cli.advising import tell_setup
from sandlane.cli.build import write_objects
from sandlane.cli.changing import obstacle
from sandlane.cli.completing import integrations as offered
from sandlane.cli.gitops import REVISIONS, repository
from sandlane.cli.guessing import Guessing
from sandlane.cli.main import FINE
from sandlane.cli.running import run
from sandlane.cli.terminal import words
from sandlane.cli.view import View
from sandlane.cli.writing import refusals, write_files
from sandlane.files.disk import ENVIRONMENT, DiskTree, find_root
from sandlane.files.tree import STREAM, join
from sandlane.meshes.adoption import proposals
from sandlane.meshes.registry import MESHES
from sandlane.pipeline import Rendered, render
from sandlane.problems.problem import Invalid
from sandlane.reports.gitops.delivery import make_delivery
from sandlane.reports.gitops.flux import default_source
from sandlane.reports.setup.environment_file import SANDBOXES, SetUp, environment_text
from sandlane.reports.setup.integrations import INTEGRATIONS, SANDBOXES_README, Place
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
    "--with",
    "integrations",
    metavar="LIST",
    default="",
    shell_complete=offered,
    help=f"Also write files for: {','.join(INTEGRATIONS)}.",
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
    directory = "" if here == "." else here
    guessing = Guessing(view, directory, asks, {"mesh": mesh, "namespace": namespace, "name": name})
    setting = _Setting(view, directory, guessing)
    run([view], "text", lambda _: setting.up(base, wanted, not no_render), writes=True)


def _integrations(listed: str) -> list[str]:
    wanted = [name.strip() for name in listed.split(",") if name.strip()]
    for name in wanted:
        if name not in INTEGRATIONS:
            raise click.UsageError(f"no integration '{name}': expected some of {', '.join(INTEGRATIONS)}")
    return wanted


class _Setting:
    """One run of `init`: the tree, the directory in it where the user stands, and how the base is found."""

    def __init__(self, view: View, directory: str, guessing: Guessing) -> None:
        self.view = view
        self.directory = directory
        self.guessing = guessing

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
        entries = tuple(self.guessing.entry(path) for path in base) or self.guessing.choose()
        found = self.guessing.read(entries)
        set_up = self.guessing.decide(entries, found, made_by)
        if "flux" in wanted:
            set_up = replace(set_up, flux_source=default_source(set_up.name))
        set_up, inputs, rendered = self._tried(set_up)
        files = {Path(ENVIRONMENT): environment_text(set_up), _ABOUT_SANDBOXES: SANDBOXES_README}
        integrations = self._integrations(inputs, wanted)
        output = self.view.tree.root / join(self.directory, _OUTPUT)
        if is_rendered and (problems := refusals(output, rendered.files)):
            raise Invalid(problems)
        for path, text in files.items():
            _create(path, text)
        if is_rendered:
            changed = write_files(output, rendered.files)
            count = len(inputs.sandboxes)
            held = f"{count} sandbox{'' if count == 1 else 'es'}" if count else "no sandboxes yet"
            words(f"wrote    {s.shown(output)}/ ({len(changed.create)} files, {held})")
        for path, text in integrations.items():
            _create(path, text)
        self.view.tell(rendered.notices)
        tell_setup(set_up, inputs, self.directory, wanted)
        return FINE, {}

    def _save_stream(self) -> tuple[str, ...]:
        """Writes the objects that were piped in to `base/`, one a file; Secrets are left out."""
        if Path("base").exists():
            raise click.UsageError(
                "'base' is here already, where the piped manifests would be written: name it instead of '-'"
            )
        found = self.guessing.read((STREAM,))
        if not found.resources:
            raise click.UsageError("no object came in: did the command before the pipe fail?")
        write_objects(found, Path("base"))
        return ("base",)

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
