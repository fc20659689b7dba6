"""`sandlane` as a process of its own, without the imports of each start: forked from one process that has done them.

`sandlane` runs a command and returns how it ended. `install` writes a script that shells and git can call: it hands its
arguments, environment and streams to that process, and ends as the command does. Nothing of a command outlives it.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import sandlane as package
from tests.shared import REPOSITORY

SCRIPT = """\
#!/bin/sh
exec "{python}" -IS "{client}" "$0" "$@"
"""
CLIENT = """\
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
asked = {{"arguments": sys.argv[1:], "directory": os.getcwd(), "environment": dict(os.environ)}}
socket.send_fds(server, [json.dumps(asked).encode() + b"\\n"], [0, 1, 2])
sys.exit((server.recv(1) or b"\\xff")[0])
"""


def sandlane(
    directory: Path, *arguments: str, environment: Mapping[str, str] | None = None, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs a command in a directory; `environment` takes the place of the tests' own, `text` is what it reads."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as wrong:
        given.write(text.encode())
        given.seek(0)
        words = ["sandlane", *arguments]
        asked = {
            "arguments": words,
            "directory": str(directory),
            "environment": dict(os.environ if environment is None else environment),
        }
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(_address())
            socket.send_fds(
                server, [json.dumps(asked).encode() + b"\n"], [given.fileno(), told.fileno(), wrong.fileno()]
            )
            ended = server.recv(1)
        assert ended, "the command was killed"
        told.seek(0)
        wrong.seek(0)
        return subprocess.CompletedProcess(words, ended[0], told.read().decode(), wrong.read().decode())


def install(directory: Path) -> Path:
    """Writes the script `sandlane` into a directory, which is made, and returns it."""
    directory.mkdir(exist_ok=True)
    script, client = directory / "sandlane", Path(_address()).with_name("client.py")
    client.write_text(CLIENT.format(address=_address()))
    script.write_text(SCRIPT.format(python=sys.executable, client=client))
    script.chmod(0o755)
    return script


@cache
def _address() -> str:
    """Starts the process on the first call, and returns where it listens."""
    address = str(Path(tempfile.mkdtemp()) / "s")
    command = [sys.executable, "-m", "tests.starts", address]
    path = f"{REPOSITORY / 'renderer'}{os.pathsep}{REPOSITORY}"
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(process.communicate)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    return address


LAZY = ("deepdiff", "jinja2", "jsonschema", "re2", "ruamel.yaml", "shutil")
"""What some commands import besides sandlane's own modules."""


def serve(address: str) -> None:
    """Runs what is asked for, each in a fork, until stdin ends."""
    for name in (*(module.name for module in walk_packages(package.__path__, "sandlane.")), *LAZY):
        if name != "sandlane.__main__":
            import_module(name)
    signal.signal(signal.SIGCHLD, _reap)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)  # noqa: T201 — told to whoever started this
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _run(connection)
            connection.close()


def _reap(*_: object) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _run(connection: socket.socket) -> None:
    """Becomes the command that a connection asks for, says how it ends, and ends."""
    data, streams, *_ = socket.recv_fds(connection, 1 << 16, 3)
    while not data.endswith(b"\n"):
        data += connection.recv(1 << 16)
    asked: dict[str, Any] = json.loads(data)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["directory"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.argv = asked["arguments"]
    sys.stdin, sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.FileIO(0), encoding="utf-8"),
        io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")), encoding="utf-8"),
        io.TextIOWrapper(io.BufferedWriter(io.FileIO(2, "w")), encoding="utf-8", write_through=True),
    )
    code = _ended()
    connection.sendall(bytes([code]))
    os._exit(code)


def _ended() -> int:
    """Runs the command line, and returns its exit status."""
    from sandlane.cli.main import main

    code: object = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code
    except BaseException:
        traceback.print_exc()
        code = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = code or 1
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    serve(sys.argv[1])
