"""`make fuzz SECONDS=600`: each target in turn, guided by coverage (atheris, extra `fuzz`); ends at the first find."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path


def main(seconds: int, names: list[str]) -> int:
    """Fuzzes targets for so many seconds each; returns the status of the first that finds anything."""
    from tests.fuzz.targets import TARGETS, corpus

    for name in names or TARGETS:
        with tempfile.TemporaryDirectory() as directory:
            for number, data in enumerate(corpus(name)):
                (Path(directory) / str(number)).write_bytes(data)
            options = [
                f"-max_total_time={seconds}",
                "-max_len=4096",
                "-timeout=20",
                "-rss_limit_mb=1500",
                "-print_final_stats=1",
            ]
            command = [sys.executable, "-m", "tests.fuzz", "--one", name, *options, directory]
            if status := subprocess.run(command, check=False).returncode:
                return status
    return 0


def one(name: str, arguments: list[str]) -> None:
    """Fuzzes one target in this process until libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["sandlane"]):
        from tests.fuzz.targets import TARGETS

    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        one(sys.argv[2], sys.argv[3:])
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
