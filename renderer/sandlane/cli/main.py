"""The command group: loads the module of a command only when it is called, and turns failures into exit statuses."""

from __future__ import annotations

import errno
import gc
import os
import sys
from importlib import import_module

import click

from sandlane import __version__
from sandlane.cli.terminal import Unusable, colour, survive_broken_pipes, with_verbosity, written_to_the_end

COMMANDS = {
    "adopt": "propose the route objects that the output has to own, and tell how they change hands",
    "build": "print the manifests of a kustomization, of files or of a stream, as they are read",
    "check": "tell whether the output directory is what 'render' would write",
    "completion": "print the script by which a shell completes commands, sandboxes and paths",
    "connect": "tell how to reach a sandbox with the client at hand",
    "delete": "remove the specs of sandboxes and route groups, and render",
    "diff": "tell what rendering would change, for the person who reviews it",
    "explain": "explain a problem code or a field of the files, or list all codes",
    "fn": "answer kustomize and kpt as a KRM function",
    "gitops": "print what Argo CD or Flux needs to apply the output",
    "init": "look at a base, and write the files of an environment for it",
    "list": "list sandboxes, workloads of the base, or the route objects that the output owns",
    "merge-driver": "settle a conflict in a generated file by rendering again; git calls it",
    "prune": "remove the specs of what has expired, and render",
    "render": "write the output directory: clones and routes of every sandbox",
    "report": "write one static page of the environment: services, tenants, problems and proof",
    "schema": "print the JSON Schema of a kind, or the CRD",
    "set": "create or change a sandbox, and render",
    "trace": "tell which rule decides on a request, and which workload answers it",
    "verify": "prove the promises for an output directory, whoever wrote it",
}
"""Name of a command and of its module in `sandlane.cli` -> its line in `--help`."""

FINE, CHANGED, INVALID, BROKEN_PROMISE, DEFECT = 0, 1, 2, 3, 70
"""Exit statuses, an interface."""

_REPORT = "this is a defect of sandlane, not of your files: please report it with the lines above"


class Commands(click.Group):
    """A group whose commands are modules of `sandlane.cli`, imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns a command, or None where there is none of the name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"sandlane.cli.{cmd_name.replace('-', '_')}").command
        return with_verbosity(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command; an unknown one is told which is near."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from sandlane.problems.problem import did_you_mean

            guess = did_you_mean(args[0], COMMANDS, otherwise=f"expected one of {', '.join(sorted(COMMANDS))}")
            raise click.UsageError(f"no such command '{args[0]}': {guess}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands of `--help` without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def group() -> None:
    """Render request-level sandboxes of a shared Kubernetes environment into a git directory."""
    click.get_current_context().color = colour(os.environ)


def _needs_a_directory() -> None:
    """Raises Unusable where the working directory has been deleted: no path means anything there."""
    try:
        os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        raise Unusable("the working directory does not exist any more: go to one that does") from None


def _tell_of_paths(wrong: Exception) -> None:
    """Ends the run where a path was given that cannot be one: it is too long, or a link that leads to itself."""
    from sandlane.files.disk import shortened
    from sandlane.files.tree import Unreadable

    reason = str(wrong) if isinstance(wrong, Unreadable) else None
    if isinstance(wrong, OSError) and wrong.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        reason = f"'{shortened(str(wrong.filename))}': {wrong.strerror}"
    if reason:
        click.echo(f"Error: {reason}", err=True)
        sys.exit(INVALID)


def main() -> None:
    """Runs the command line and exits: 70 for a defect of our own, as sysexits.h has it.

    Manifests and plans are trees of values, so the search for cycles frees next to nothing; it took a tenth of a short run.
    """
    gc.disable()
    survive_broken_pipes()
    is_plugin = sys.argv[0].endswith("kubectl-sandlane")
    try:
        _needs_a_directory()
        try:
            group(prog_name="kubectl sandlane" if is_plugin else "sandlane", complete_var="_SANDLANE_COMPLETE")
        finally:
            written_to_the_end()
    except Unusable as reason:
        click.echo(f"Error: {reason}", err=True)
        sys.exit(INVALID)
    except Exception as wrong:
        import traceback  # for defects alone

        _tell_of_paths(wrong)
        traceback.print_exc()
        click.echo(f"internal error: {_REPORT}", err=True)
        sys.exit(DEFECT)
