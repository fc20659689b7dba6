"""The least that any Python process takes for a row of `benchmarks.render`: what it cannot do without, and nothing else.

    python benchmarks/floors.py read|parse|write PATH...

`read` lists directories, reads every file and hashes it: what would be left of `check`, were all that it works out known from before.
`parse` has libyaml make its events of every manifest: what would be left of `verify`, were nothing proved, for whoever reads by libyaml.
`write` writes files of the names and sizes that the first directory has into the second, which is new: what would be left of
`render`. All by the calls that cost least: without links, limits or messages.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping


def files(path: str) -> Iterator[tuple[str, int]]:
    """Yields the paths of all files below a path, or of itself, with their sizes."""
    if os.path.isfile(path):  # noqa: PTH113
        yield path, os.path.getsize(path)  # noqa: PTH202
        return
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files(entry.path)
            else:
                yield entry.path, entry.stat().st_size


def data_of(file: str, size: int) -> bytes:
    """Returns the bytes of a file."""
    handle = os.open(file, os.O_RDONLY)
    try:
        return os.read(handle, size + 1)
    finally:
        os.close(handle)


def read(paths: list[str]) -> None:
    """Reads and hashes."""
    from hashlib import blake2b

    digest = blake2b()
    for path in paths:
        for file, size in files(path):
            digest.update(data_of(file, size))


def parse(paths: list[str]) -> None:
    """Reads manifests through libyaml."""
    import yaml

    for path in paths:
        for file, size in files(path):
            if file.endswith(".yaml"):
                for _ in yaml.parse(data_of(file, size), Loader=yaml.CSafeLoader):
                    pass


def write(paths: list[str]) -> None:
    """Writes files."""
    source, target = paths
    made: set[str] = set()
    for file, size in files(source):
        path = f"{target}{file.removeprefix(source)}"
        directory = path.rpartition("/")[0]
        if directory not in made:
            os.makedirs(directory, exist_ok=True)  # noqa: PTH103
            made.add(directory)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        os.write(handle, b"#" * size)
        os.close(handle)


WORK: Mapping[str, Callable[[list[str]], None]] = {"read": read, "parse": parse, "write": write}

if __name__ == "__main__":
    WORK[sys.argv[1]](sys.argv[2:])
