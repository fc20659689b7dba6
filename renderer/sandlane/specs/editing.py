"""Changing the text of a spec: comments, order and quoting stay as they are (ruamel.yaml).

Values are quoted where Kubernetes' readers could take them for something else than a string, which is more often than YAML 1.2 does.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandlane.frozen import frozen
from sandlane.specs.rewriting import Uneditable, rewritten
from sandlane.specs.schema import API_VERSION
from sandlane.yamlio.write import is_plain

_DOCUMENT = re.compile(r"^---(?=\s|$)", re.MULTILINE)


@frozen(kw_only=True)
class WorkloadEdit:
    """What is said of one container of a workload, or of its only one (`is_only`); None leaves a field as it is.

    `env` are names and values; a value that is None takes the variable out of the clone. What is `reset` is as the base has it.
    """

    kind: str
    name: str
    namespace: str | None = None
    container: str
    is_only: bool
    image: str | None = None
    env: tuple[tuple[str, str | None], ...] = ()
    reset: tuple[str, ...] = ()
    replicas: int | None = None


@frozen(kw_only=True)
class SandboxEdit:
    """What is said of a sandbox; an empty `expires` takes the day out.

    `removed` are kinds, namespaces and names of workloads; `home` is the namespace of what names none.
    """

    name: str
    owner: str | None = None
    expires: str | None = None
    suspend: bool | None = None
    workloads: tuple[WorkloadEdit, ...] = ()
    removed: tuple[tuple[str, str, str], ...] = ()
    home: str | None = None


def new_spec(edit: SandboxEdit) -> str:
    """Returns the text of a new spec."""
    text = (
        "# +argocd:skip-file-rendering\n"
        "# yaml-language-server: $schema=https://sandlane.dev/schemas/developmentsandbox.json\n"
        f"apiVersion: {API_VERSION}\nkind: DevelopmentSandbox\nmetadata:\n  name: {_quoted(edit.name)}\n"
        '  annotations: {config.kubernetes.io/local-config: "true"}\n'
        "spec:\n  workloads: []\n"
    )
    return edited(text, 0, edit)


def edited(text: str, document: int, edit: SandboxEdit) -> str:
    """Returns a text of specs with one document, counted as it is read, changed. Raises Uneditable."""
    return changed(text, document, lambda data: _apply(data, edit))


def removed(text: str, document: int) -> str:
    """Returns a text of specs without one document; empty where none is left."""
    parts = _parts(text)
    filled = [number for number, part in enumerate(parts) if _has_content(part)]
    rest = [part for number, part in enumerate(parts) if number != filled[document]]
    return "".join(rest) if any(_has_content(part) for part in rest) else ""


def changed(text: str, document: int, change: Callable[[Any], None]) -> str:
    """Returns a text with one document, counted as it is read, changed in place. Raises Uneditable."""
    parts = _parts(text)
    index = [number for number, part in enumerate(parts) if _has_content(part)][document]
    parts[index] = rewritten(parts[index], change)
    return "".join(parts)


def extracted(text: str, document: int) -> str:
    """Returns the text of one document, counted as it is read, without the mark before it."""
    filled = [part for part in _parts(text) if _has_content(part)]
    return filled[document].removeprefix("---").removeprefix("\n")


def _parts(text: str) -> list[str]:
    """Returns the documents of a text, each with the mark before it."""
    starts = [found.start() for found in _DOCUMENT.finditer(text)]
    bounds = sorted({0, *starts, len(text)})
    return [text[start:end] for start, end in itertools.pairwise(bounds)] or [""]


def _has_content(part: str) -> bool:
    return any(
        line.strip() and not line.lstrip().startswith("#") and line.strip() != "---" for line in part.splitlines()
    )


def _apply(data: Any, edit: SandboxEdit) -> None:
    spec = data.get("spec") if isinstance(data, dict) else None
    if not isinstance(spec, dict):
        raise Uneditable("it has no 'spec' that is a mapping")
    workloads = spec.get("workloads")
    if not isinstance(workloads, list):
        raise Uneditable("its 'spec.workloads' is no list")
    for field, value in (("owner", edit.owner), ("expires", edit.expires)):
        if value == "":
            spec.pop(field, None)
        elif value is not None:
            _set(spec, field, datetime.date.fromisoformat(value) if field == "expires" else value, before="workloads")
    if edit.suspend:
        _set(spec, "suspend", True, before="workloads")
    elif edit.suspend is False:
        spec.pop("suspend", None)
    for kind, namespace, name in edit.removed:
        found = _find(workloads, (kind, namespace, name), edit.home)
        if found is None:
            raise Uneditable(f"it has no workload '{kind}/{namespace}/{name}'")
        workloads.remove(found)
    if edit.workloads and not workloads and hasattr(workloads, "fa"):
        workloads.fa.set_block_style()
    for workload in edit.workloads:
        _apply_to_workload(workloads, workload, edit.home)


def names(entry: Mapping[str, Any], home: str | None) -> tuple[str, str | None, str | None]:
    """Returns the kind, the namespace and the name that an entry of a spec's workloads names; `home` is that of what names none."""
    return entry.get("kind", "Deployment"), entry.get("namespace") or home, entry.get("name")


def _find(workloads: Sequence[Any], wanted: tuple[str, str | None, str], home: str | None) -> Any:
    return next((entry for entry in workloads if isinstance(entry, dict) and names(entry, home) == wanted), None)


def _apply_to_workload(workloads: list[Any], edit: WorkloadEdit, home: str | None) -> None:
    entry = _find(workloads, (edit.kind, edit.namespace or home, edit.name), home)
    if entry is None:
        named: dict[str, Any] = {} if edit.kind == "Deployment" else {"kind": edit.kind}
        named |= {"name": _scalar(edit.name)} | ({"namespace": _scalar(edit.namespace)} if edit.namespace else {})
        workloads.append(_mapping(named))
        entry = workloads[-1]
    if edit.replicas is not None:
        entry["replicas"] = edit.replicas
    if edit.image is None and not edit.env and not edit.reset:
        return
    holder = _container(entry, edit)
    if edit.image is not None:
        _set(holder, "image", edit.image)
    if edit.reset and isinstance(holder.get("env"), list):
        _reset(holder, edit.reset)
    if edit.env:
        _apply_env(holder, edit.env)


def _container(entry: Any, edit: WorkloadEdit) -> Any:
    """Returns where the changes of a container stand: beside the workload's name where it is the only one, else by its name."""
    listed = entry.get("containers")
    for container in listed if isinstance(listed, list) else ():
        if isinstance(container, dict) and container.get("name") == edit.container:
            return container
    if edit.is_only:
        return entry
    if not isinstance(listed, list):
        entry["containers"] = _sequence()
    entry["containers"].append(_mapping({"name": _scalar(edit.container)}))
    return entry["containers"][-1]


def _reset(holder: Any, names: Sequence[str]) -> None:
    listed = holder["env"]
    for entry in [e for e in listed if isinstance(e, dict) and e.get("name") in names]:
        listed.remove(entry)
    if not listed:
        del holder["env"]


def _apply_env(holder: Any, wanted: Sequence[tuple[str, str | None]]) -> None:
    if not isinstance(holder.get("env"), list):
        holder["env"] = _sequence()
    listed = holder["env"]
    for name, value in wanted:
        found = next((entry for entry in listed if isinstance(entry, dict) and entry.get("name") == name), None)
        if value is None and found is None:
            listed.append(_mapping({"name": _scalar(name), "remove": True}, is_flow=True))
        elif value is None and found is not None:
            for field in [key for key in found if key != "name"]:
                del found[field]
            found["remove"] = True
        elif found is None and value is not None:
            listed.append(_mapping({"name": _scalar(name), "value": _scalar(value)}, is_flow=True))
        elif found is not None:
            for field in [key for key in found if key not in ("name", "value")]:
                del found[field]
            _set(found, "value", value)


def _set(mapping: Any, field: str, value: Any, before: str | None = None) -> None:
    """Sets a field, quoted as it was; a new one stands before another where that is given."""
    old = mapping.get(field)
    if isinstance(value, str):
        value = type(old)(value) if isinstance(old, str) and type(old) is not str else _scalar(value)
    if field not in mapping and before in mapping and hasattr(mapping, "insert"):
        mapping.insert(list(mapping).index(before), field, value)
    else:
        mapping[field] = value


def _scalar(text: str) -> Any:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    return text if is_plain(text) else DoubleQuotedScalarString(text)


def _mapping(fields: dict[str, Any], *, is_flow: bool = False) -> Any:
    from ruamel.yaml.comments import CommentedMap

    made = CommentedMap(fields)
    if is_flow:
        made.fa.set_flow_style()
    return made


def _sequence() -> Any:
    from ruamel.yaml.comments import CommentedSeq

    return CommentedSeq()


def _quoted(text: str) -> str:
    return text if is_plain(text) else f'"{text}"'
