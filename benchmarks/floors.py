"""The least that any Python process takes for a row of `benchmarks.render`: what it cannot do without, and nothing else.

    python -m benchmarks.floors read|parse|write DIRECTORY...

`read` lists directories, reads every file and hashes it: what is left of `check` where all that it works out were known from before.
`parse` has libyaml make its events of every manifest: what is left of `verify` where nothing were proved, for whoever reads by libyaml.
`write` writes the files of the first directory, which are in memory already, into the second: what is left of `render`. All of it by
the calls of the operating system that cost least, without links, limits or messages.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping


def files(directory: str) -> Iterator[str]:
    """Yields the paths of all files below a directory, which may be a file itself."""
    if not os.path.isdir(directory):  # noqa: PTH112
        yield directory
        return
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files(entry.path)
            else:
                yield entry.path


def data_of(file: str) -> bytes:
    """Returns the bytes of a file."""
    handle = os.open(file, os.O_RDONLY)
    try:
        return os.read(handle, 1 << 26)
    finally:
        os.close(handle)


def read(directories: list[str]) -> None:
    """Reads and hashes."""
    from hashlib import blake2b

    digest = blake2b()
    for directory in directories:
        for file in files(directory):
            digest.update(data_of(file))


def parse(directories: list[str]) -> None:
    """Reads manifests through libyaml."""
    import yaml

    for directory in directories:
        for file in files(directory):
            if file.endswith(".yaml"):
                for _ in yaml.parse(data_of(file), Loader=yaml.CSafeLoader):
                    pass


def write(directories: list[str]) -> None:
    """Writes the files of one directory into another, which is new; reading them is not counted (see `spent`)."""
    source, target = directories
    texts = {os.path.relpath(file, source): data_of(file) for file in files(source)}
    before = os.times()
    made: set[str] = set()
    for path, text in texts.items():
        directory = os.path.dirname(f"{target}/{path}")  # noqa: PTH120
        if directory not in made:
            os.makedirs(directory, exist_ok=True)  # noqa: PTH103
            made.add(directory)
        handle = os.open(f"{target}/{path}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        os.write(handle, text)
        os.close(handle)
    after = os.times()
    print(after.user - before.user + after.system - before.system)


WORK: Mapping[str, Callable[[list[str]], None]] = {"read": read, "parse": parse, "write": write}

if __name__ == "__main__":
    WORK[sys.argv[1]](sys.argv[2:])
