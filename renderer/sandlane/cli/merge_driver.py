"""`sandlane merge-driver`: settles a conflict in a generated file by rendering the merged inputs again.

git calls it for a file that both sides changed (gitattributes(5), "Defining a custom merge driver"), before the work tree is touched:
so the merged inputs are taken from `git merge-tree`, which writes the tree of a merge as objects.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import click

from sandlane.cli.main import CHANGED, FINE
from sandlane.files.git import GitTree
from sandlane.files.tree import NoRevision, OutsideRoot, Unreadable, join
from sandlane.output.layout import environment_of
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from sandlane.specs.inputs import read_inputs


class _Unsettled(Exception):
    """Raised where the file cannot be rendered: its text says why."""


@click.command(
    "merge-driver",
    help="Settle a conflict in a generated file by rendering the merged specs again. git calls it, once it is told to: "
    "git config merge.sandlane.driver 'sandlane merge-driver %O %A %B %P'",
)
@click.argument("ancestor", type=click.Path(path_type=Path), metavar="%O")
@click.argument("ours", type=click.Path(path_type=Path), metavar="%A")
@click.argument("theirs", type=click.Path(path_type=Path), metavar="%B")
@click.argument("path", metavar="%P")
def command(ancestor: Path, ours: Path, theirs: Path, path: str) -> None:
    """Writes the file to where git takes the result from; exits 1 where it stays in conflict."""
    del ancestor, theirs  # what git gives every driver
    try:
        text = _rendered(path)
    except (_Unsettled, NoRevision, OutsideRoot, Unreadable) as error:
        click.echo(f"{path}: {error}: settle the specs, then run 'sandlane render' and 'git add' the output", err=True)
        raise SystemExit(CHANGED) from None
    if text is not None:
        ours.write_text(text, encoding="utf-8")
    raise SystemExit(FINE)


def _rendered(path: str) -> str | None:
    """Returns the text of a file of the output as the merged inputs have it; None where they have no such file.

    git has no way to be told that a file goes: it stays as ours, and `sandlane check` calls it extra.
    """
    with GitTree(Path(), _merged()) as tree:
        environment, directory = _environment(tree, path)
        try:
            files = render(read_inputs(tree, environment), is_proved=False).files
        except Invalid as invalid:
            raise _Unsettled(f"the merged specs do not render ({invalid.problems[0].text})") from None
    return files.get(path.removeprefix(f"{directory}/") if directory else path)


def _merged() -> str:
    """Returns the tree that git merges to, as an object. Raises _Unsettled where it is not known, or itself in conflict."""
    theirs = [name.removeprefix("GITHEAD_") for name in os.environ if name.startswith("GITHEAD_")]
    if len(theirs) != 1:
        raise _Unsettled("only 'git merge' and 'git pull' of one branch say what is merged")
    # Generated files are rendered anyway, so the inner merge keeps ours of them.
    inner = ["git", "-c", "merge.sandlane.driver=true", "merge-tree", "--write-tree", "--name-only", "HEAD", theirs[0]]
    done = subprocess.run(inner, capture_output=True, text=True, check=False)
    tree, _, names = done.stdout.partition("\n")
    if done.returncode == 1:
        first = names.split("\n\n")[0].splitlines()
        raise _Unsettled(f"'{first[0] if first else 'a file'}' is in conflict too")
    if done.returncode:
        raise _Unsettled("git cannot say what the merge is; it takes git 2.38")
    return tree


def _environment(tree: GitTree, path: str) -> tuple[str, str]:
    """Returns the environment whose output a file belongs to, and the directory of the output, by the README.md there."""
    directory = path
    while directory:
        directory = directory.rpartition("/")[0]
        readme = join(directory, "README.md")
        named = environment_of(tree.read(readme).decode()) if tree.kind(readme) == "file" else None
        if named:
            found = next((p for p in (named, join(directory, named)) if tree.kind(p) == "file"), None)
            if found:
                return found, directory
    raise _Unsettled("it lies in no output whose README.md names an environment")
