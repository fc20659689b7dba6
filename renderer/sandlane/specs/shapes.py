"""Values on one line, as a message shows them, and values of another shape than the one that was written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sandlane.yamlio.write import is_plain

_PLAIN = re.compile(r"[A-Za-z0-9_./](?:[-A-Za-z0-9_./+*@]|:(?=[A-Za-z0-9_./]))*")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TRUE, _FALSE = ("true", "yes", "on", "y"), ("false", "no", "off", "n")


def flow(value: Any) -> str:
    """Returns a value as one line of YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        text = value.rstrip("\n")
        is_bare = bool(_PLAIN.fullmatch(text)) and (is_plain(text) or bool(_DAY.fullmatch(text)))
        return text if is_bare else json.dumps(text, ensure_ascii=False)
    return json.dumps(value)


def reshaped(value: Any, type_: str, rule: Mapping[str, Any]) -> Any:
    """Returns a value in the shape that a rule of a schema wants, or None where it is not clear what that is."""
    if type_ == "array":
        return _listed(value, rule["items"])
    if type_ == "object" and isinstance(value, list) and "properties" not in rule:
        return _joined(value)
    if type_ == "object" and isinstance(value, str) and value:
        return _item(value, rule)
    if type_ == "integer" and isinstance(value, str) and value.strip().isdigit():
        return int(value)
    if type_ == "boolean" and isinstance(value, str) and value.strip().lower() in (*_TRUE, *_FALSE):
        return value.strip().lower() in _TRUE
    if type_ == "string" and isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    return None


def _listed(value: Any, rule: Mapping[str, Any]) -> list[Any] | None:
    """Returns a list of what stands without one, or of a mapping from names to values."""
    fields = rule.get("properties", {})
    if rule["type"] == "string":
        if isinstance(value, str) and value:
            return [part.strip() for part in value.split(",")]
        return [str(key) for key in value] if isinstance(value, Mapping) and value else None
    if not isinstance(value, Mapping) or not value:
        return [{"name": value}] if isinstance(value, str) and rule.get("required") == ["name"] else None
    if set(value) <= set(fields):
        return [dict(value)]
    if "name" not in fields:
        return None
    return _named(value, fields)


def _named(value: Mapping[str, Any], fields: Mapping[str, Any]) -> list[Any] | None:
    """Returns a list of named items: `{LOG_LEVEL: debug}` means `[{name: LOG_LEVEL, value: debug}]`."""
    items: list[Any] = []
    for name, part in value.items():
        if isinstance(part, Mapping) and set(part) <= set(fields):
            items.append({"name": name, **part})
        elif part is None:
            items.append({"name": name})
        elif isinstance(part, str | int | float) and "value" in fields:
            items.append({"name": name, "value": part if isinstance(part, str) else json.dumps(part)})
        elif isinstance(part, str) and "image" in fields:
            items.append({"name": name, "image": part})
        else:
            return None
    return items


def _item(value: str, rule: Mapping[str, Any]) -> dict[str, str] | None:
    """Returns an item of a list that was written as its name, or as `NAME=value`."""
    fields: Mapping[str, Any] = rule.get("properties", {})
    name, equals, rest = value.partition("=")
    if equals and {"name", "value"} <= set(fields):
        return {"name": name, "value": rest}
    needed = [field for field in rule.get("required", ()) if field != "name"]
    if "name" not in fields or any(len(fields[field].get("enum", ())) != 1 for field in needed):
        return None
    return {**{field: fields[field]["enum"][0] for field in needed}, "name": value}


def _joined(value: list[Any]) -> dict[str, Any] | None:
    """Returns one mapping of the items of a list, each a pair or a name with a value."""
    joined: dict[str, Any] = {}
    for item in value:
        if isinstance(item, Mapping) and set(item) == {"name", "value"}:
            joined[str(item["name"])] = item["value"]
        elif isinstance(item, Mapping) and len(item) == 1:
            joined |= item
        else:
            return None
    return joined or None
