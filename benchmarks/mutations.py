"""Every node of every golden's objects, changed every way that its type allows: what proof finds, and what it lets pass and why.

    python -m benchmarks.mutations [--sample N] [EXAMPLE]...

Prints a table of found, harmless (with reasons) and escaped changes, each escaped one by name; exits 1 if any escaped.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.alike import answered_alike
from benchmarks.harmless import for_same_listeners, harmless
from sandlane.base.base import Base, group_of, make_base, objects_of
from sandlane.base.output import read_output
from sandlane.cli.verify import brought_of
from sandlane.files.disk import DiskTree
from sandlane.k8s.resource import Resource, ResourceId, labels_of, spec_of
from sandlane.k8s.workload_kinds import CLONES
from sandlane.pipeline import render
from sandlane.problems.problem import Path as Steps
from sandlane.problems.problem import dotted
from sandlane.proof import prove
from sandlane.proof.claims import Claims, claims_of
from sandlane.specs.inputs import Inputs, read_inputs

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES: Mapping[str, str] = {
    "kustomized": "kustomized/sandlane.yaml",
    "overrides": "overrides/sandlane.yaml",
    "policies": "policies/sandlane.yaml",
    "previews": "previews/sandlane.yaml",
    "shop": "shop/sandlane.yaml",
    "shop-linkerd": "shop/linkerd.yaml",
}
"""Golden directory -> the environment, below overlays/, that it is the output of."""
SEED = 20240612
TOLD = 500
"""After how many changes of an example the script says how far it is."""
FOUND, ESCAPED = "found", "escaped"
ADDED = "unknownField"
"""A field that no kind has, and a label or an annotation on which nobody acts."""


FOR_A_NOTE = "harmless: a label or an annotation on which nobody acts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A change of one node of one object: which example, which object, where, how, and what the object is then."""

    example: str
    resource: Resource
    path: Steps
    how: str
    manifest: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.example}: {self.resource.id} {dotted(self.path)} {self.how}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A golden output with its inputs."""

    name: str
    inputs: Inputs
    output: Base
    claims: Claims


def load(name: str) -> Example:
    """Reads an example and its golden output."""
    inputs = read_inputs(DiskTree(REPOSITORY), f"overlays/{EXAMPLES[name]}")
    output = read_output(DiskTree(REPOSITORY / "golden" / name), inputs.environment.default_namespace)
    rendered = render(inputs, is_proved=False)
    return Example(name=name, inputs=inputs, output=output, claims=claims_of(inputs, brought_of(inputs, rendered)))


def mutations(example: Example) -> Iterator[Mutation]:
    """Yields every change of every node of every object of an output."""
    for resource in example.output.resources:
        for path, how, manifest in _changed(resource.manifest, ()):
            yield Mutation(example=example.name, resource=resource, path=path, how=how, manifest=manifest)


def _changed(value: Any, path: Steps) -> Iterator[tuple[Steps, str, Any]]:
    """Yields a value with one node below it changed: where, how, and the whole."""
    if isinstance(value, Mapping):
        yield (*path, ADDED), "added", {**value, ADDED: "x"}
        for key, inner in value.items():
            yield (*path, key), "removed", {k: v for k, v in value.items() if k != key}
            yield from ((p, how, {**value, key: new}) for p, how, new in _node(inner, (*path, key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            before, after = value[:number], value[number + 1 :]
            here = (*path, number)
            yield here, "removed", [*before, *after]
            yield here, "duplicated", [*before, inner, inner, *after]
            if after and inner != after[0]:
                yield here, "reordered", [*before, after[0], inner, *after[1:]]
            yield from ((p, how, [*before, new, *after]) for p, how, new in _node(inner, here))


def _node(value: Any, path: Steps) -> Iterator[tuple[Steps, str, Any]]:
    """Yields a node changed itself, and with one below it changed."""
    for how, new in _others(value):
        if new != value or type(new) is not type(value):
            yield path, how, new
    yield from _changed(value, path)


def _others(value: Any) -> Sequence[tuple[str, Any]]:
    """Returns what else a node could be, by its type."""
    match value:
        case bool():
            return [("other", not value), ("null", None)]
        case int():
            return [("other", value + 1), ("emptied", 0), ("null", None)]
        case float():
            return [("other", value + 1.0), ("null", None)]
        case str():
            return [("other", f"{value}x"), ("shortened", value[:-1]), ("emptied", ""), ("null", None)]
        case list():
            return [("emptied", []), ("null", None)]
        case dict():
            return [("emptied", {}), ("null", None)]
    return [("other", "x")]


def outcome(example: Example, mutation: Mutation) -> str:
    """Returns FOUND, the reason why the change is harmless, or ESCAPED."""
    namespace = example.inputs.environment.default_namespace
    read, refused = objects_of(mutation.manifest, mutation.resource.source, is_local_kept=True, is_own_kept=True)
    if refused or any(not isinstance(m["metadata"].get("namespace", ""), str | None) for _, m in read):
        return FOUND
    changed = [Resource(id=id_of(manifest, namespace), manifest=manifest, source=source) for source, manifest in read]
    output = make_base([*changed, *(r for r in example.output.resources if r is not mutation.resource)])
    if prove(example.inputs.base, output, example.claims):
        return FOUND
    labels = (labels_of(r.manifest) for r in example.output.resources if (r.id.group, r.id.kind) in CLONES)
    cloned = frozenset(found["sandlane.dev/origin"] for found in labels if "sandlane.dev/origin" in found)
    before, after = mutation.resource.manifest, mutation.manifest
    sections = [
        parent.get("sectionName") for parent in spec_of(after).get("parentRefs") or () if isinstance(parent, dict)
    ]
    gateways = example.inputs.base.of("gateway.networking.k8s.io", "Gateway")
    listeners = [listener for gateway in gateways for listener in spec_of(gateway.manifest).get("listeners") or ()]
    reason = for_same_listeners(before, after, listeners) if None in sections and listeners else None
    tenants = sorted([*(c.tenant for c in example.claims.sandboxes), *(g.tenant for g in example.claims.groups)])
    return (
        (FOR_A_NOTE if mutation.how == "added" and is_note(mutation.path) else None)
        or harmless(before, after, cloned)
        or reason
        or answered_alike(
            example.inputs.environment, example.inputs.base, example.output, output, mutation.resource, tenants
        )
        or ESCAPED
    )


def is_note(path: Steps) -> bool:
    """Tells whether a path is that of a label or an annotation."""
    return path[-3:-1] in (("metadata", "labels"), ("metadata", "annotations"))


def id_of(manifest: Mapping[str, Any], default: str) -> ResourceId:
    """Returns the id under which an object is read; no golden has objects without a namespace."""
    metadata = manifest["metadata"]
    name = metadata.get("name") or metadata["generateName"]
    return ResourceId(group_of(manifest), manifest["kind"], metadata.get("namespace") or default, name)


def main() -> None:
    """Prints the table, and exits 1 where a change escaped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("examples", nargs="*", metavar="EXAMPLE", help=f"of {', '.join(EXAMPLES)}; default: all")
    parser.add_argument(
        "--sample", type=int, default=0, help="how many changes of each example, drawn with a fixed seed"
    )
    arguments = parser.parse_args()
    total: dict[str, Counter[str]] = {}
    for name in arguments.examples or EXAMPLES:
        example = load(name)
        counted = total[name] = Counter()
        listed = sampled(example, arguments.sample)
        for mutation in listed:
            what = outcome(example, mutation)
            counted[what] += 1
            if what == ESCAPED:
                print(f"escaped: {mutation}", flush=True)
            if counted.total() % TOLD == 0 or counted.total() == len(listed):
                tried = f"{counted.total()} of {len(listed)} tried"
                print(f"{name}: {tried}, {counted[ESCAPED]} escaped", file=sys.stderr, flush=True)
    table(total)
    sys.exit(1 if any(counted[ESCAPED] for counted in total.values()) else 0)


def sampled(example: Example, number: int) -> list[Mutation]:
    """Returns all changes of an example, or a number of them that is drawn with a fixed seed."""
    listed = list(mutations(example))
    return random.Random(SEED).sample(listed, min(number, len(listed))) if number else listed


def table(total: Mapping[str, Counter[str]]) -> None:
    """Prints how many changes were found, were harmless for each reason, and escaped."""
    outcomes = [FOUND, *sorted({what for counted in total.values() for what in counted} - {FOUND, ESCAPED}), ESCAPED]
    width = max(len(what) for what in outcomes)
    print(f"{'':{width}}  {'  '.join(f'{name:>12}' for name in total)}")
    for what in outcomes:
        print(f"{what:{width}}  {'  '.join(f'{counted[what]:>12}' for counted in total.values())}")


if __name__ == "__main__":
    main()
