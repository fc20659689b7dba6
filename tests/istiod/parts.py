"""Half-finished syncs: whatever part of an output has arrived, requests without a tenant meet what they met before it (rule R-O2).

Argo CD and Flux apply objects one by one, and a sync may stop anywhere; each sandbox may be a sync unit of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource
from sandlane.output.layout import BASE, Placed
from sandlane.pipeline import written
from sandlane.semantics.network import overlaid
from tests.istiod.answers import difference, requests_for, seen, way_of
from tests.istiod.comparison import (
    STRANGER,
    Case,
    Laid,
    Tally,
    addresses_of,
    by_clients,
    carried_line,
    laid_out,
    name_of,
)
from tests.istiod.control_plane import ask
from tests.istiod.envoy_routes import Pushed, pushed_of
from tests.istiod.worlds import Asker, objects_of

_ORDERS = 4
"""How many orders of syncing are tried; each is stopped at some places."""


def compare_parts(cases: Sequence[Case], tally: Tally, *, is_ambient: bool = False) -> None:
    """Asks istiod about the base and parts of the output of some cases, and notes where requests without a tenant differ."""
    laid = [laid_out(case) for case in cases]
    worlds: list[dict[str, Any]] = []
    for each in laid:
        worlds += [{**each.worlds[0], "analyze": False}, *_worlds(each)]
    answers = ask(worlds, is_ambient=is_ambient)
    tally.worlds += len(answers)
    for each in laid:
        before = answers[each.worlds[0]["id"]]
        for id in (id for id in answers if id.startswith(f"{each.case.id} part ")):
            tally.differences += [f"{id}: {found}" for found in _compared(each, before, answers[id], tally)]


def parts_of(case: Case) -> Iterator[tuple[str, list[Placed]]]:
    """Yields parts of an output: each sync unit alone, all but one, and the beginnings of some orders of its objects."""
    objects = [placed for placed in case.found.objects if placed.directory != BASE]
    units = sorted({placed.directory for placed in objects})
    for unit in units if len(units) > 1 else ():
        yield f"{unit} alone", [placed for placed in objects if placed.directory == unit]
        yield f"all but {unit}", [placed for placed in objects if placed.directory != unit]
    random = Random(case.id)
    for number in range(_ORDERS if len(objects) > 1 else 0):
        order = sorted(objects, key=lambda placed: str(placed.id))
        random.shuffle(order)
        stop = random.randrange(1, len(order))
        yield f"{stop} of {len(order)} objects in order {number}", order[:stop]


def _worlds(laid: Laid) -> Iterator[dict[str, Any]]:
    original = laid.judge.before.base
    for number, (told, part) in enumerate(parts_of(laid.case)):
        base = _overlaid(laid, part)
        world = {"objects": objects_of(base, original, laid.addresses), "analyze": False}
        yield {**laid.worlds[0], **world, "id": f"{laid.case.id} part {number}: {told}"}


def _overlaid(laid: Laid, part: Sequence[Placed]) -> Base:
    resources: tuple[Resource, ...] = written(part).resources
    return overlaid(
        laid.case.inputs.base, resources
    )  # without Gateways that proof takes for there since routes name them


def _compared(laid: Laid, before: Mapping[str, Any], after: Mapping[str, Any], tally: Tally) -> Iterator[str]:
    by_client = by_clients(laid)
    for asker in laid.askers:
        old, new = (pushed_of(answer["proxies"][asker.name]) for answer in (before, after))
        yield from _asked(laid, asker, (old, new), by_client, tally)


def _asked(laid: Laid, asker: Asker, pushed: tuple[Pushed, Pushed], by_client: Any, tally: Tally) -> Iterator[str]:
    routes = laid.case.inputs.environment.routes
    for address in addresses_of(laid, asker, by_client):
        ways = [way_of(laid.judge.before, laid.addresses, asker, each, address) for each in pushed]
        for plain in {(r.method, r.path, r.headers): r for r in requests_for(ways, asker, address)}.values():
            for headers in ((), *((carried_line(c, STRANGER),) for c in laid.case.inputs.environment.carriers)):
                request = replace(plain, headers=(*plain.headers, *headers))
                base, met = (seen(each, way, request) for each, way in zip(pushed, ways, strict=True))
                tally.requests += 1
                if met == base or (routes.strip and headers and met.plain == base.plain):
                    continue
                name = name_of(laid, request, base, base, met)
                tally.named.update([name] if name else [])
                if not name:
                    what = f"{plain.method} {plain.named}:{plain.port}{plain.path} {json.dumps(dict(headers))}"
                    yield f"{asker.name}: {what}: {difference(met, base)}"
