"""The picture of a graph as values that the page's template draws as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from sandlane.frozen import frozen
from sandlane.problems.problem import visible
from sandlane.reports.page.graph import Graph, Node
from sandlane.reports.page.layout import GAP, SPACING, Box, Layout, Point, lay_out

_LETTER, _SMALL_LETTER, _MARGIN = 7.7, 6.3, 24.0
_NARROWEST, _WIDEST, _HEIGHT = 96.0, 232.0, 42.0
_PAD = 14.0


@frozen(kw_only=True)
class Drawn:
    """A node where it is drawn; `label` and `note` are shortened to its width."""

    number: int
    node: Node
    label: str
    note: str
    x: float
    y: float
    width: float
    height: float


@frozen(kw_only=True)
class Picture:
    """Nodes, and edges as paths of SVG, by number; `alone` are the numbers of nodes without edges, which stand below `ruled`."""

    nodes: tuple[Drawn, ...]
    paths: tuple[str, ...]
    width: float
    height: float
    ruled: float | None


def picture_of(graph: Graph) -> Picture:
    """Returns the picture: nodes with edges in layers, the others in rows below."""
    joined = sorted({number for arrow in graph.arrows for number in (arrow.start, arrow.end)})
    alone = [number for number in range(len(graph.nodes)) if number not in set(joined)]
    place = {number: index for index, number in enumerate(joined)}
    sizes = [(_width(node), _HEIGHT) for node in graph.nodes]
    layout = lay_out([sizes[n] for n in joined], [(place[a.start], place[a.end]) for a in graph.arrows])
    boxes = {number: layout.boxes[place[number]] for number in joined}
    top = layout.height + 3 * SPACING if joined else 0.0
    rows, width, height = _in_rows([sizes[n] for n in alone], max(layout.width, 900.0 if not joined else 640.0), top)
    boxes |= dict(zip(alone, rows, strict=True))
    nodes = tuple(_drawn(number, graph.nodes[number], boxes[number]) for number in range(len(graph.nodes)))
    return Picture(
        nodes=nodes,
        paths=tuple(_path(layout, (place[arrow.start], place[arrow.end])) for arrow in graph.arrows),
        width=max(layout.width, width) + 2 * _PAD,
        height=(height if alone else layout.height) + 2 * _PAD,
        ruled=top - SPACING + _PAD if alone and joined else None,
    )


def _width(node: Node) -> float:
    wanted = max(len(visible(node.name)) * _LETTER, min(len(node.note), 30) * _SMALL_LETTER) + _MARGIN
    return float(math.ceil(min(max(wanted, _NARROWEST), _WIDEST)))


def _in_rows(sizes: Sequence[tuple[float, float]], widest: float, top: float) -> tuple[list[Box], float, float]:
    """Returns boxes in a grid below a line, with the width and the height that they come to."""
    column = max((width for width, _ in sizes), default=0.0) + SPACING
    columns = max(1, int((widest + SPACING) // column)) if sizes else 1
    boxes = [
        Box(
            x=column * (n % columns),
            y=top + (_HEIGHT + SPACING) * (n // columns),
            width=column - SPACING,
            height=height,
        )
        for n, (_, height) in enumerate(sizes)
    ]
    lowest = max((box.y + box.height for box in boxes), default=top)
    return boxes, max((box.x + box.width for box in boxes), default=0.0), lowest


def _drawn(number: int, node: Node, box: Box) -> Drawn:
    return Drawn(
        number=number, node=node, label=shortened(visible(node.name), int((box.width - _MARGIN) / _LETTER)),
        note=shortened(visible(node.note), int((box.width - _MARGIN) / _SMALL_LETTER)),
        x=box.x + _PAD, y=box.y + _PAD, width=box.width, height=box.height,
    )  # fmt: skip


def shortened(text: str, letters: int) -> str:
    """Returns a text of at most so many letters: what is left out of its middle is an ellipsis."""
    if len(text) <= letters:
        return text
    end = (letters - 1) // 2
    return f"{text[: letters - 1 - end]}…{text[len(text) - end :]}"


def _path(layout: Layout, edge: tuple[int, int]) -> str:
    """Returns a smooth path through the points of an edge; level ones are joined by straight lines."""
    points = [(x + _PAD, y + _PAD) for x, y in layout.routes[edge]]
    words = [f"M{_pair(points[0])}"]
    for start, end in pairwise(points):
        if start == end:
            continue
        if start[1] == end[1]:
            words.append(f"L{_pair(end)}")
        else:
            bend = (end[0] - start[0]) / 2 or GAP / 2
            words.append(f"C{_pair((start[0] + bend, start[1]))} {_pair((end[0] - bend, end[1]))} {_pair(end)}")
    return "".join(words)


def _pair(point: Point) -> str:
    return f"{point[0]:g},{point[1]:g}"
