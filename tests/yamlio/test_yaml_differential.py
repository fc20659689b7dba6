"""Our reader and writer against PyYAML, kubectl and kustomize; SANDLANE_YAML_CASES selects a bigger count."""

from __future__ import annotations

import json
import os
import pathlib
import random
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from sandlane.problems.problem import Invalid, show
from sandlane.yamlio import parser
from sandlane.yamlio.read import read
from sandlane.yamlio.write import Emitter, write

BASES = pathlib.Path(__file__).resolve().parents[3] / "shared" / "bases"
CASES = int(os.environ.get("SANDLANE_YAML_CASES", "20000"))
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
needs_bases = pytest.mark.skipif(not BASES.is_dir(), reason="../shared/bases is not here")

_TRAPS = """
y Y n N yes Yes YES no No NO on On ON off Off OFF oN tRue true True TRUE false False FALSE null Null NULL ~
nUll .inf .Inf -.inf +.INF .nan .NaN inf nan Infinity NaN = << <<< - -- --- ... ? : , [ ] { } # & * ! | > ' "
% @ ` -a ?a :a #a a: a# a:b a:#b 0 00 -0 +0 -0.0 0.0 1.0 1. 5. .5 +.5 -.5 . .. + - _ 0_ _0 1_ 1__0 -_1 08 09
018 0777 0o14 0O14 0o8 0o -0o7 +0x1f 0x 0X1F 0xg 0x_1 0b1 0b2 -0b11 0b_1 1e3 1E3 1e+3 1e-3 1.e3 .e3 e3 1e 1e+
3.0e2 0e0 123e45 12e400 1e400 -1e400 1e-400 0x1p4 0x1.8p1 1_000 1_000.5 .5_5 ._5 .5_ 1_e3 1e1_0 12:30 1:2
190:20:30 12:30.5 -1:30 2024-01-02 2024-1-2 2024-13-02 2024-02-30 2023-02-29 2024-02-29 0000-01-01
2024-01-02T03:04:05Z 2024-1-2T3:4:5Z 2024-01-02t03:04:05Z 2024-01-02T03:04:05 2024-01-02T03:04:05.50Z
2024-01-02T03:04:05.5+01:00 2024-01-02T24:00:00Z 9223372036854775807 9223372036854775808 -9223372036854775808
-9223372036854775809 18446744073709551615 18446744073709551616 0x7fffffffffffffff 0x8000000000000000
0xffffffffffffffff 0x10000000000000000 -0x8000000000000000 -0x8000000000000001 01777777777777777777777 1e18
1e19 1e20 1e21 1e22 123456789012345678.0 4611686018427388928.0 9007199254740993 9007199254740993.0
1.7976931348623157e308 5e-324 0b-1 0o-7 1.2.3 10.0.0.1 250m 64Mi 30s 50% 1Gi 1.5Gi 1h 1d 0.5u 5E 5e 1k 100Ki
v1 a/b /a/b a.b/c @x !x !!x &x *x %x
"""
WORDS = _TRAPS.split()
PIECES = [
    *WORDS,
    *"0123456789+-_.:eExXobB#'\"\\/,[]{}&*!|>%@`~=<?",
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    " \n",
    "\n ",
    "\r",
    "\r\n",
    "\x00",
    "\x07",
    "\x1b",
    "\x7f",
    "\x80",
    "\x85",
    "\x9f",
    "\xa0",
    "é",
    "ß",
    "ü",
    "\u2028",
    "\u2029",
    "\u200b",
    "\ufeff",
    "\ufffd",
    "\ufffe",
    "\uffff",
    "漢",
    "\ue000",
    "\U0001f600",
    "\U0010ffff",
    ": ",
    " #",
    "- ",
    "? ",
    "a",
    "b",
    "c",
    "Z",
    "the quick",
    "---",
    "...",
    "--- ",
    "\n---\n",
]
NUMBERS = [
    0,
    1,
    -1,
    2**53,
    2**63 - 1,
    -(2**63),
    0.1,
    -0.5,
    1e-7,
    1.5e300,
    1e22,
    5e-324,
    123456789.125,
    True,
    False,
    None,
]


def strings(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    found = dict.fromkeys([*PIECES, ""])
    while len(found) < count:
        found["".join(chance.choices(PIECES, k=chance.choice((1, 2, 2, 3, 4, 6))))] = None
    return list(found)


def plain_texts(count: int, seed: int) -> list[str]:
    """Texts that may stand unquoted: mostly numbers, times and words, and what is almost one."""
    chance = random.Random(seed)
    found = dict.fromkeys(word for word in WORDS)
    shapes = (
        "0123456789",
        "0123456789._-+eE",
        "01_xXoObB",
        "0x1fF_",
        "-+.0123456789:TtZz ",
        ".eE+-_0123456789",
        "yYnNoOfFeEsS~<=",
    )
    for year in ("2024", "0001", "9999", "24"):
        for form in (
            "{}-{:02}-{:02}",
            "{}-{}-{}",
            "{}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            "{}-{}-{}T{}:{}:{}+01:30",
            "{}-{:02}-{:02} {:02}:{:02}:{:02}",
            "{}-{:02}-{:02}  {:02}:{:02}:{:02}.{}",
            "{}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            "{}-{:02}-{:02}t{:02}:{:02}:{:02}-00:00",
            "{}-{:02}-{:02}T{:02}:{:02}:{:02},{:02}Z",
            "{}-{:02}-{:02}T{:02}:{:02}:{:02}.{}-07:00",
        ):
            for _ in range(12):
                clock = [chance.choice((0, 5, 12, 23, 24, 59, 60)) for _ in range(3)]
                found[
                    form.format(year, chance.randint(0, 13), chance.randint(0, 32), *clock, chance.randint(0, 999))
                ] = None
    while len(found) < count:
        text = "".join(chance.choices(chance.choice(shapes), k=chance.randint(1, 9))).strip()
        if chance.random() < 0.3:
            word = chance.choice(WORDS)
            text = word + chance.choice(("", text, "0", "_", ".", "e1"))
        found[text.strip()] = None
    return [text for text in found if text]


def kubectl(text: str) -> list[Any]:
    result = subprocess.run(
        ["kubectl", "annotate", "--local", "-f", "-", "-o", "json", "z=z"],
        input=text.encode(),
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr.decode()[-500:]
    found, at, shown = [], 0, result.stdout.decode().strip()
    while at < len(shown):
        value, at = json.JSONDecoder().raw_decode(shown, at)
        at += len(shown[at:]) - len(shown[at:].lstrip())
        found.append(value)
    return found


def kustomize(text: str, folder: pathlib.Path) -> str:
    (folder / "all.yaml").write_bytes(text.encode())
    (folder / "kustomization.yaml").write_text("resources: [all.yaml]\n")
    result = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()[-500:]
    return result.stdout.decode()


def thing(data: Any, name: str = "x") -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": name}, "data": data}


def same(ours: Any, theirs: Any) -> bool:
    """Compares as JSON does: 1 and 1.0 are one number, True is none; kubectl shows what passes int64 as a float."""
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return ours == theirs or (abs(ours) >= 2**63 and float(ours) == float(theirs))
    return type(ours) is type(theirs) and bool(ours == theirs)


def differing(ours: list[Any], theirs: list[Any]) -> list[tuple[Any, Any]]:
    assert len(ours) == len(theirs)
    return [(a, b) for a, b in zip(ours, theirs, strict=True) if not same(a, b)]


def test_what_is_written_reads_back_alike() -> None:
    texts = strings(CASES, 1)
    emitter = Emitter()
    for start in range(0, len(texts), 5000):
        part = texts[start : start + 5000]
        data = thing({"values": [*part, *NUMBERS], "keys": {text: {"in": [text]} for text in part}})
        shown = emitter.write(data)
        assert differing(data["data"]["values"], yaml.load(shown, yaml.CSafeLoader)["data"]["values"]) == []
        assert yaml.load(shown, yaml.CSafeLoader) == data
        (document,) = read(shown.encode(), "x")
        assert differing(data["data"]["values"], document.data["data"]["values"]) == []
        assert document.data == data


def test_both_parsers_read_alike() -> None:
    texts = strings(1500, 5)
    shown = write(thing({"values": texts, "keys": dict.fromkeys(texts, 1)})).encode()
    assert read(shown, "x", parser=parser.PythonParser) == read(shown, "x")


@needs_kubectl
def test_kubectl_reads_what_is_written() -> None:
    texts = strings(CASES, 2)
    data: dict[str, Any] = {"values": [*texts, *NUMBERS], "keys": {text: text for text in texts}}
    (found,) = kubectl(write(thing(data)))
    assert differing(data["values"], found["data"]["values"]) == []
    assert found["data"]["keys"] == data["keys"]


@needs_kubectl
def test_kustomize_reads_what_is_written(tmp_path: pathlib.Path) -> None:
    lost = ("\ufffe", "\uffff", *map(chr, range(0x7F, 0xA0)))  # kustomize's own output cannot carry these
    texts = [text for text in strings(4000, 3) if not any(character in text for character in lost)]
    data: dict[str, Any] = {"values": [*texts, *NUMBERS], "keys": {text: text for text in texts if text != "<<"}}
    (found,) = kubectl(kustomize(write(thing(data)), tmp_path))
    assert differing(data["values"], found["data"]["values"]) == []
    assert found["data"]["keys"] == data["keys"]


@needs_kubectl
def test_plain_scalars_read_as_kubectl_and_kustomize_do_or_are_refused(tmp_path: pathlib.Path) -> None:
    ours: list[Any] = []
    kept: list[str] = []
    for text in plain_texts(CASES * 3 // 10, 4):
        try:
            (document,) = read(f"- {text}\n".encode(), "x")
        except Invalid:
            continue
        if isinstance(document.data[0], list | dict):
            continue
        ours.append(document.data[0])
        kept.append(text)
    assert len(kept) > CASES // 5
    body = "".join(f"- {text}\n" for text in kept)
    stream = f"apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: x\ndata:\n{body}"
    (found,) = kubectl(stream)
    assert differing(ours, found["data"]) == []
    (built,) = kubectl(kustomize(stream, tmp_path))
    assert differing(ours, built["data"]) == []


@needs_kubectl
@needs_bases
def test_real_applications_read_as_kubectl_reads_them() -> None:
    for path in sorted(BASES.glob("*.yaml")):
        if path.name == "retail-store.yaml":
            continue
        found = kubectl(path.read_text())
        for value in found:
            del value["metadata"]["annotations"]["z"]
        ours = [document.data for document in read(path.read_bytes(), path.name)]
        for value in (*ours, *found):
            value["metadata"].pop("creationTimestamp", None)
            value["metadata"]["annotations"] = value["metadata"].get("annotations") or {}
        assert ours == found, path.name


@needs_bases
def test_real_duplicate_key_is_refused() -> None:
    path = BASES / "retail-store.yaml"
    with pytest.raises(Invalid) as caught:
        read(path.read_bytes(), path.name)
    lines = path.read_text().splitlines()
    (problem,) = caught.value.problems
    assert problem.position is not None
    key = lines[problem.position[0] - 1].strip().split(":")[0]
    first = next(number for number, line in enumerate(lines, 1) if line.strip().startswith(f"{key}:"))
    assert show(problem) == (
        f"retail-store.yaml:{problem.position[0]}:3: SL102 key '{key}' stands twice in one mapping, "
        f"first on line {first}\n"
        "  hint: keep one of the two: some tools take the last, others refuse the file"
    )
    assert first < problem.position[0]
