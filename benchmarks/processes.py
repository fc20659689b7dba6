"""Whole processes, measured: the CPU that they and their children take, and the memory."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A command to measure, its directory, and what has to be done before each run (not measured).

    `checkout` is the one whose sandlane runs: without it the one that is installed.
    """

    command: Sequence[str]
    directory: Path
    before: Callable[[], object] = lambda: None
    checkout: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The median of the CPU of some runs, user and system, in seconds; and the most memory, in MB."""

    cpu: float
    memory: float


def sandlane(
    directory: Path, *arguments: str, before: Callable[[], object] = lambda: None, checkout: Path | None = None
) -> Process:
    """Returns a run of sandlane."""
    command = [sys.executable, "-m", "sandlane", *arguments]
    return Process(command=command, directory=directory, before=before, checkout=checkout)


def floor(directory: Path, work: str, *paths: str, before: Callable[[], object] = lambda: None) -> Process:
    """Returns a run of a piece of work of `benchmarks.floors`."""
    command = [sys.executable, str(Path(__file__).parent / "floors.py"), work, *paths]
    return Process(command=command, directory=directory, before=before)


def python(directory: Path, code: str) -> Process:
    """Returns a run of the interpreter."""
    return Process(command=[sys.executable, "-c", code], directory=directory)


def measured(processes: Mapping[str, Process], runs: int) -> dict[str, Figures]:
    """Runs every process in turn, so often, and returns the figures of each: a machine that slows down slows all of them."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in processes}
    for _ in range(runs):
        for name, process in processes.items():
            process.before()
            found[name].append(_run(process))
    return {
        name: Figures(cpu=statistics.median(cpu for cpu, _ in values), memory=max(memory for _, memory in values))
        for name, values in found.items()
    }


def _run(process: Process) -> tuple[float, float]:
    """Runs a process and returns its CPU seconds and its memory in MB. Raises RuntimeError where it fails."""
    # Byte code is kept, as it is wherever the package is installed.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if process.checkout:
        environment["PYTHONPATH"] = str(process.checkout / "renderer")
    nowhere = os.open(os.devnull, os.O_RDWR)
    started = os.fork()
    if started == 0:
        try:
            os.chdir(process.directory)
            os.dup2(nowhere, 1)
            os.execvpe(process.command[0], list(process.command), environment)
        finally:
            os._exit(127)
    os.close(nowhere)
    _, status, used = os.wait4(started, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"{' '.join(process.command)}: exit status {os.waitstatus_to_exitcode(status)}")
    kilobytes = used.ru_maxrss if sys.platform != "darwin" else used.ru_maxrss / 1024
    return used.ru_utime + used.ru_stime, kilobytes / 1024
