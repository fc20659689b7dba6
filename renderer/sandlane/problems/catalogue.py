"""The catalogue of problem codes: one row a code in `codes/`, read by the stages, by `sandlane explain` and by the docs.

Codes are an interface and are never reused. SL1xx reading · SL2xx sandbox specs and the environment · SL3xx cloning ·
SL4xx routing · SL5xx the output directory · SL6xx proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from sandlane.problems.problem import Level, Path, Problem, Source

if TYPE_CHECKING:
    from sandlane.problems.row import Row


class _Catalogue(Mapping[str, "Row"]):
    """The rows by their codes, read when one is asked for: where all is well none is."""

    def __getitem__(self, code: str) -> Row:
        return self._rows[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    @cached_property
    def _rows(self) -> dict[str, Row]:
        from sandlane.problems.codes import cloning, output, proof, routing, specs, yaml

        return {**yaml.ROWS, **specs.ROWS, **cloning.ROWS, **routing.ROWS, **output.ROWS, **proof.ROWS}


CATALOGUE: Mapping[str, Row] = _Catalogue()
"""Code -> row."""


def report(
    code: str,
    *,
    source: Source | None = None,
    path: Path = (),
    at_key: bool = False,
    position: tuple[int, int] | None = None,
    sandbox: Source | None = None,
    object: str = "",
    hint: str | None = None,
    level: Level | None = None,
    is_last: bool = False,
    **values: object,
) -> Problem:
    """Makes a problem of a catalogue row. `object` and `values` fill its text and hint; `hint` replaces the row's own;
    with `is_last` to accept the problem is told first.
    """
    row = CATALOGUE[code]
    way = row.hint.format(object=object, **values) if hint is None else hint
    if row.acceptable:
        accept = f"accept: [{{code: {code}, object: {object}, reason: ...}}]"
        accept = f"accept it at the workload: {accept}"
        way = (f"{accept}, or {way}" if is_last else f"{way}, or {accept}") if way else accept
    return Problem(
        code=code,
        level=level or row.level,
        text=row.text.format(object=object, **values),
        hint=way,
        source=source,
        path=path,
        at_key=at_key,
        position=position,
        sandbox=sandbox,
        object=object,
    )
