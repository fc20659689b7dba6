"""Telling a remote resource from a path, as kustomize does."""

from __future__ import annotations

import re

_REMOTE = re.compile(
    r"""
    [A-Za-z][A-Za-z0-9+.-]*://        # https://…, ssh://…, file://…
    | git::                           # go-getter's prefix
    | (?:[\w.-]+@)?[\w.-]+:(?![/\\]{0}$)[\w~./-]+/  # git@github.com:owner/repo
    | (?:www\.)?(?:github|gitlab)\.com/
    | .*\?(?:.*&)?(?:ref|version|submodules|timeout)=  # a query for git
    | .*\.git(?:/|$)                  # owner/repo.git
    | .*[^:/]//                       # repo//path
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_remote(entry: str) -> bool:
    """Tells whether an entry of `resources` names something beyond this machine: nothing is ever fetched."""
    return _REMOTE.match(entry) is not None
