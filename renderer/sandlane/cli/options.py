"""Options and arguments that commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def root_option(command: F) -> F:
    """Adds `--root`, which bounds reading."""
    return click.option(
        "--root",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="Nothing above DIR is read; default: the nearest directory with .git above the environment.",
    )(command)


def one_environment(command: F) -> F:
    """Adds `--environment`, for commands whose arguments are something else, and the root that bounds reading."""
    return click.option(
        "-e",
        "--environment",
        type=click.Path(path_type=Path),
        metavar="ENVIRONMENT",
        help="Default: the one here or above.",
    )(root_option(command))


def environments(command: F) -> F:
    """Adds the arguments that name environments, and the root that bounds reading."""
    return click.argument("environments", nargs=-1, type=click.Path(path_type=Path), metavar="[ENVIRONMENT]...")(
        root_option(command)
    )


def output_format(*formats: str) -> Callable[[F], F]:
    """Adds `--format`."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How the result is written.",
    )


def output_option(what: str) -> Callable[[F], F]:
    """Adds `--output`, which takes the place of the environment's output.path."""
    return click.option(
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help=f"{what} DIR, not {'to ' if what.endswith(' to') else 'at ' if what.endswith(' at') else ''}the environment's output.path.",
    )


def base_option(command: F) -> F:
    """Adds `--base`, which takes the place of the environment's base."""
    return click.option(
        "--base",
        multiple=True,
        metavar="PATH|-",
        help="Read PATH, a file, a directory or a kustomization, or with '-' what is piped in, and not the environment's base; "
        "repeatable.",
    )(command)


def only_tracked_option(command: F) -> F:
    """Adds `--only-tracked`, which reads inputs from git's index."""
    return click.option(
        "--only-tracked",
        is_flag=True,
        help="Read the environment, its base and the specs as git's index has them: what a commit would hold.",
    )(command)
