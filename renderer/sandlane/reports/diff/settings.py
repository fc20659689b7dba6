"""What an environment sets otherwise than another: its settings as words, and who has to look twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from sandlane.frozen import frozen
from sandlane.specs.model import Carrier, Environment, ObjectName, RoutePatch, Rule

Words = tuple[str, ...]


@frozen(kw_only=True)
class Setting:
    """A field of the environment that differs. `warning`: what follows for somebody else than who changed it; empty if nothing."""

    field: str
    before: Words
    after: Words
    warning: str = ""


@frozen(kw_only=True)
class _Row:
    """A setting: its field, its words in an environment, and of what they were and are, whether they need a warning."""

    field: str
    words: Callable[[Environment], Words]
    warning: str = ""
    needs_warning: Callable[[Words, Words], bool] = lambda before, after: False


def settings_of(before: Environment, after: Environment) -> Iterator[Setting]:
    """Yields the settings that differ."""
    for row in SETTINGS:
        old, new = row.words(before), row.words(after)
        if old != new:
            warning = row.warning if row.needs_warning(old, new) else ""
            yield Setting(field=row.field, before=old, after=new, warning=warning)


def _always(before: Words, after: Words) -> bool:
    return True


def _has_more(before: Words, after: Words) -> bool:
    """Tells whether something is listed that was not; `*` had everything in it."""
    return "*" not in before and not {*after} <= {*before}


def _has_less(before: Words, after: Words) -> bool:
    return not {*before} <= {*after}


def _is_any(before: Words, after: Words) -> bool:
    return after == ("any",)


def _is_higher(before: Words, after: Words) -> bool:
    """Tells whether a limit rose, or went."""
    return bool(before) and (not after or int(after[0]) > int(before[0]))


def _given(*values: object) -> Words:
    return tuple(str(value) for value in values if value is not None)


def _carrier(carrier: Carrier) -> str:
    return f"header {carrier.header}" if carrier.header else f"baggage {carrier.baggage}"


def _name(name: ObjectName) -> str:
    return f"{name.kind}/{name.namespace}/{name.name}"


def _patch(patch: RoutePatch) -> str:
    operations = json.dumps(patch.operations, ensure_ascii=False, default=str)
    return f"{patch.kind}/{patch.namespace or '*'}/{patch.name or '*'} {operations}"


def _rule(rule: Rule) -> str:
    target = ", ".join(f"{field} {value}" for field, value in rule.target.items())
    changes = ", ".join(f"{field} {_told(value)}" for field, value in rule.changes.values.items())
    return f"{target}: {changes}"


def _told(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False, default=str)


def _plain(value: Any) -> Any:
    """Returns what a rule sets as JSON has it, without where in its entry it stands."""
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name != "steps"}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _preview(environment: Environment) -> Words:
    preview = environment.preview
    return _given(preview.host, f"at {preview.gateway}", f"of {preview.of}" if preview.of else None) if preview else ()


def _cluster(environment: Environment) -> Words:
    cluster = environment.cluster
    return (
        f"domain {cluster.domain}",
        f"rootNamespace {cluster.root_namespace}",
        f"istio {_told(cluster.istio)}",
        f"linkerd {_told(cluster.linkerd)}",
        f"waypoint {cluster.waypoint or 'none'}",
    )


def _flux(environment: Environment) -> Words:
    flux = environment.output.flux
    return _given(f"{flux.kind}/{flux.namespace}/{flux.name}", f"every {flux.interval}", flux.path) if flux else ()


_SENT = "WHO SENDS REQUESTS HAS TO SEND THEM OTHERWISE"
_ASKED = "SPECS MAY ASK FOR MORE"
_ENTERED = "WHO IS OUTSIDE CAN CHOOSE A TENANT"

SETTINGS: tuple[_Row, ...] = (
    _Row(field="base", words=lambda e: e.base),
    _Row(field="defaultNamespace", words=lambda e: (e.default_namespace,)),
    _Row(field="mesh", words=lambda e: (e.mesh,)),
    _Row(
        field="carriers",
        words=lambda e: tuple(_carrier(carrier) for carrier in e.carriers),
        warning=_SENT,
        needs_warning=_always,
    ),
    _Row(field="tenantLabel", words=lambda e: (e.tenant_label,)),
    _Row(field="sandboxes", words=lambda e: e.sandboxes),
    _Row(field="policy.privileges", words=lambda e: e.policy.privileges, warning=_ASKED, needs_warning=_has_more),
    _Row(field="policy.images", words=lambda e: e.policy.images, warning=_ASKED, needs_warning=_has_more),
    _Row(
        field="policy.resourceKinds",
        words=lambda e: e.policy.resource_kinds,
        warning=_ASKED,
        needs_warning=_has_more,
    ),
    _Row(field="policy.require", words=lambda e: e.policy.require, warning=_ASKED, needs_warning=_has_less),
    _Row(
        field="policy.maxPerOwner",
        words=lambda e: _given(e.policy.max_per_owner),
        warning=_ASKED,
        needs_warning=_is_higher,
    ),
    _Row(field="clones", words=lambda e: tuple(_rule(rule) for rule in e.rules)),
    _Row(field="routes.adopt", words=lambda e: tuple(_name(name) for name in e.routes.adopt)),
    _Row(field="routes.entry", words=lambda e: (e.routes.entry,), warning=_ENTERED, needs_warning=_is_any),
    _Row(field="routes.strip", words=lambda e: e.routes.strip, warning=_ENTERED, needs_warning=_has_less),
    _Row(field="routes.answerHeader", words=lambda e: _given(e.routes.answer_header)),
    _Row(field="routes.patches", words=lambda e: tuple(_patch(patch) for patch in e.routes.patches)),
    _Row(field="preview", words=_preview),
    _Row(
        field="calls",
        words=lambda e: tuple(f"{call.caller} → {', '.join(map(str, call.services))}" for call in e.calls),
    ),
    _Row(field="cluster", words=_cluster),
    _Row(field="output.path", words=lambda e: (e.output.path,)),
    _Row(field="output.base", words=lambda e: (e.output.base,)),
    _Row(field="output.customResources", words=lambda e: (str(e.output.custom_resources).lower(),)),
    _Row(field="output.flux", words=_flux),
)
"""Every setting there is, in the order of the reference; tests/reports/test_diff_settings.py holds that none is missing."""
