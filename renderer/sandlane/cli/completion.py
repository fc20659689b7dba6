"""`sandlane completion`: the script by which a shell completes commands, options, sandboxes, workloads, codes and paths."""

from __future__ import annotations

import os
import sys

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_SANDLANE_COMPLETE"
_NO_FILES, _FILES = 4, 0
"""What kubectl does beside the words that it is given (cobra's directives)."""


@click.command(
    "completion",
    help="Print the script by which SHELL completes sandlane's commands; without SHELL, that of the shell in $SHELL.\n\n"
    "\b\n"
    "bash: sandlane completion bash > ~/.local/share/bash-completion/completions/sandlane\n"
    "zsh:  sandlane completion zsh > ~/.zfunc/_sandlane   # with 'fpath+=~/.zfunc' before compinit in ~/.zshrc\n"
    "fish: sandlane completion fish > ~/.config/fish/completions/sandlane.fish",
)
@click.argument("shell", required=False, type=click.Choice(SHELLS))
def command(shell: str | None) -> None:
    """Prints the script of a shell."""
    name = shell or os.path.basename(os.environ.get("SHELL", ""))  # noqa: PTH119
    if name not in SHELLS:
        raise click.UsageError(f"name the shell: one of {', '.join(SHELLS)}")
    kind = get_completion_class(name)
    assert kind is not None
    made = kind(click.get_current_context().find_root().command, {}, "sandlane", VARIABLE)
    click.echo(kind.source_template % made.source_vars())  # click's own source() also asks bash for its version


def kubectl() -> None:
    """Completes `kubectl sandlane …`: kubectl runs `kubectl_complete-sandlane` with the words so far."""
    from click.shell_completion import ShellComplete

    from sandlane.cli.main import group

    *words, incomplete = sys.argv[1:] or [""]
    found = ShellComplete(group, {}, "sandlane", VARIABLE).get_completions(words, incomplete)
    for item in found:
        if item.type == "plain":
            help = " ".join((item.help or "").split())
            click.echo(f"{item.value}\t{help}" if help else item.value)
    click.echo(f":{_FILES if any(item.type != 'plain' for item in found) else _NO_FILES}")
