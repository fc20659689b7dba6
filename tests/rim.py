"""Builders for the tests of the rim: manifests, environments and specs as values, and what a user is told of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sandlane.files.tree import MemoryTree, Unreadable
from sandlane.problems.problem import Invalid, Problem, Source, placed, show
from sandlane.specs.inputs import Inputs, read_inputs
from sandlane.specs.model import Cluster, Environment, Output, Policy, Routes
from sandlane.yamlio.locate import locate

Manifest = dict[str, Any]

OWN = "sandlane.dev/v1alpha1"
ENVIRONMENT = "sandlane.yaml"


def environment(**spec: Any) -> Manifest:
    """Returns an Environment over the directory base."""
    return {"apiVersion": OWN, "kind": "Environment", "spec": {"base": ["base"], "mesh": "istio", **spec}}


def sandbox(name: str, *workloads: Manifest, **spec: Any) -> Manifest:
    """Returns a DevelopmentSandbox; without workloads it clones web."""
    return {
        "apiVersion": OWN,
        "kind": "DevelopmentSandbox",
        "metadata": {"name": name},
        "spec": {"workloads": list(workloads) or [{"name": "web"}], **spec},
    }


def group(name: str, **spec: Any) -> Manifest:
    """Returns a RouteGroup."""
    return {"apiVersion": OWN, "kind": "RouteGroup", "metadata": {"name": name}, "spec": spec}


def manifest(kind: str, name: str = "web", *, api: str = "v1", **fields: Any) -> Manifest:
    """Returns an object of a cluster."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **fields}


def deployment(name: str = "web", **pod: Any) -> Manifest:
    """Returns a Deployment whose pods carry app: <name>."""
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "app", "image": "example/app:1"}], **pod},
    }
    return manifest(
        "Deployment", name, api="apps/v1", spec={"selector": {"matchLabels": {"app": name}}, "template": template}
    )


def service(name: str = "web", *ports: Manifest) -> Manifest:
    """Returns a Service that selects app: <name>, on port 80 unless ports are given."""
    return manifest("Service", name, spec={"selector": {"app": name}, "ports": list(ports) or [{"port": 80}]})


def virtual_service(name: str = "web", **spec: Any) -> Manifest:
    """Returns a VirtualService."""
    return manifest("VirtualService", name, api="networking.istio.io/v1", spec=spec)


def text(*documents: Any) -> str:
    """Returns documents as a YAML stream in which every value has a place of its own line."""
    return "\n---\n".join(json.dumps(document, indent=1) for document in documents) + "\n"


def tree(files: Mapping[str, Any]) -> MemoryTree:
    """Returns a tree: texts and bytes as they are, a list of documents or one document as YAML."""

    def content(value: Any) -> str | bytes:
        if isinstance(value, str | bytes):
            return value
        return text(*value) if isinstance(value, list) else text(value)

    return MemoryTree({path: content(value) for path, value in files.items()})


def record(**fields: Any) -> Environment:
    """Returns an Environment record as the defaults of the schema make it."""
    values: dict[str, Any] = {
        "name": "environment",
        "source": Source(file=ENVIRONMENT),
        "directory": "",
        "base": ("base",),
        "default_namespace": "default",
        "mesh": "istio",
        "carriers": (),
        "tenant_label": "tenantID",
        "sandboxes": ("sandboxes",),
        "routes": Routes(adopt=()),
        "rules": (),
        "policy": Policy(images=("*",), resource_kinds=(), require=(), max_per_owner=None, privileges=()),
        "cluster": Cluster(domain="cluster.local", root_namespace="istio-system"),
        "output": Output(path="rendered", base="none"),
    }
    return Environment(**{**values, **fields})


def inputs(base: Iterable[Any], *specs: Any, **spec: Any) -> Inputs:
    """Returns the inputs of an environment over a base and specs, one file each. Raises Invalid."""
    files: dict[str, Any] = {ENVIRONMENT: environment(**spec), "base/all.yaml": list(base)}
    files.update({f"sandboxes/{number}.yaml": one for number, one in enumerate(specs)})
    return read_inputs(tree(files), ENVIRONMENT)


def shown(problems: Iterable[Problem], files: MemoryTree) -> list[str]:
    """Returns problems as a user reads them, with the places in the files of a tree."""

    def place_of(source: Source, path: tuple[str | int, ...], at_key: bool) -> tuple[int, int] | None:
        try:
            return locate(files.read(source.file), source.document, path, at_key)
        except (FileNotFoundError, Unreadable, Invalid):
            return None

    return [show(problem) for problem in placed(problems, place_of)]


def snapshot(directory: Path) -> dict[str, str]:
    """Returns what lies below a directory, by path: hashes of files, targets of links, `/` for directories."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = "/"
    return found
