"""Files that documents name relative to themselves: patches and further manifests."""

from __future__ import annotations

from typing import Any

from sandlane.files.tree import OutsideRoot, Tree, Unreadable, join
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Path, Source, did_you_mean, mention


def read_file(tree: Tree, name: str, source: Source, path: Path, sandbox: Source | None) -> tuple[str, bytes]:
    """Returns the path of a file that a document names, and its bytes. Raises Invalid where it cannot be read."""
    code: str = "SL120"
    values: dict[str, Any] = {"what": "file", "file": name}
    hint = ""
    try:
        file = join(source.file.rpartition("/")[0], name)
        if tree.kind(file) is not None:
            return file, tree.read(file)
        hint = _near(tree, file, name, source)
    except OutsideRoot:
        hint = "name a file of the repository, relative to the one that names it"
        code, values = "SL121", {"file": name, "root": "the repository"}
    except FileNotFoundError:
        pass  # as where nothing has that name
    except Unreadable as unreadable:
        code, values = "SL128", {"reason": str(unreadable)}
    raise Invalid([report(code, source=source, path=path, sandbox=sandbox, **values, hint=hint)])


def _near(tree: Tree, file: str, name: str, source: Source) -> str:
    """Returns the hint for a file that is not there: what lies beside it, and where names are seen from."""
    parent = file.rpartition("/")[0]
    beside = tree.list(parent) if tree.kind(parent) == "directory" else ()
    near = did_you_mean(file.rpartition("/")[2], beside)
    return near or f"'{name}' is seen from the file that names it, {mention(source)}"
