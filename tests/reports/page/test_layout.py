"""The layout of pictures, measured on graphs of 5 to 150 nodes: nothing overlaps, and edges cross seldom."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from itertools import combinations, pairwise

import pytest

from sandlane.reports.page.layout import GAP, Box, Edge, Layout, lay_out

COUNTS = (5, 12, 25, 41, 80, 150)


def system(count: int) -> tuple[list[tuple[float, float]], list[Edge]]:
    """Services in tiers as applications have them: one in front, some that call many, one that all call, and a circle."""
    chance = random.Random(count)
    edges: list[Edge] = []
    for node in range(1, count):
        edges.append((chance.randrange(max(0, node // 3 - 1), max(1, node // 2 + 1)), node))
        if chance.random() < 0.45:
            edges.append((chance.randrange(node), node))
    edges += [(node, count - 1) for node in range(0, count - 1, 2)]
    edges.append((count - 2, 1))
    sizes = [(float(chance.randrange(96, 232)), 42.0) for _ in range(count)]
    return sizes, list(dict.fromkeys(edge for edge in edges if edge[0] != edge[1]))


@cache
def drawn(count: int) -> Layout:
    return lay_out(*system(count))


def overlap(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    above = one.y + one.height <= other.y or other.y + other.height <= one.y
    return not (beside or above)


def meets(box: Box, x: float, y: float) -> bool:
    return box.x < x < box.x + box.width and box.y < y < box.y + box.height


def sampled(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Returns points of the curve that the picture draws: straight where it is level, else a cubic with level ends."""
    found = []
    for (x1, y1), (x2, y2) in pairwise(points):
        for step in range(21):
            t = step / 20
            bend = (x2 - x1) / 2
            x = (1 - t) ** 3 * x1 + 3 * (1 - t) ** 2 * t * (x1 + bend) + 3 * (1 - t) * t**2 * (x2 - bend) + t**3 * x2
            y = ((1 - t) ** 3 + 3 * (1 - t) ** 2 * t) * y1 + (3 * (1 - t) * t**2 + t**3) * y2
            found.append((x, y))
    return found


@pytest.mark.parametrize("count", COUNTS)
def test_nodes_do_not_overlap(count: int) -> None:
    sizes, _ = system(count)
    layout = drawn(count)
    assert [(b.width, b.height) for b in layout.boxes] == sizes
    assert [(a, b) for a, b in combinations(layout.boxes, 2) if overlap(a, b)] == []
    assert all(
        b.x >= 0 and b.x + b.width <= layout.width and b.y >= 0 and b.y + b.height <= layout.height
        for b in layout.boxes
    )


@pytest.mark.parametrize("count", COUNTS)
def test_edges_lead_from_node_to_node_and_through_no_other(count: int) -> None:
    _, edges = system(count)
    layout = drawn(count)
    assert sorted(layout.routes) == sorted(edges)
    for (start, end), points in layout.routes.items():
        first, last = layout.boxes[start], layout.boxes[end]
        assert points[0][0] in (first.x, first.x + first.width)
        assert points[-1][0] in (last.x, last.x + last.width)
        assert abs(points[0][1] - (first.y + first.height / 2)) < 0.11
        assert abs(points[-1][1] - (last.y + last.height / 2)) < 0.11
        others = [box for number, box in enumerate(layout.boxes) if number not in (start, end)]
        assert [(x, y) for x, y in sampled(points) for box in others if meets(box, x, y)] == []


MOST = {5: 1, 12: 2, 25: 28, 41: 110, 80: 347, 150: 1649}
"""Number of nodes -> crossings that are accepted: as many as there are today."""


@pytest.mark.parametrize("count", COUNTS)
def test_edges_cross_seldom(count: int) -> None:
    layout = drawn(count)
    assert layout.crossings <= MOST[count]
    assert layout.crossings == crossings(layout)


@pytest.mark.parametrize("count", COUNTS[1:])
def test_they_cross_far_less_often_than_in_the_order_of_names(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fewest = drawn(count).crossings
    monkeypatch.setattr("sandlane.reports.page.layout._SWEEPS", 0)
    assert fewest * 2 <= lay_out(*system(count)).crossings


def crossings(layout: Layout) -> int:
    """Counts crossings as they are drawn: in the gap between two layers one line begins above another and ends below it."""
    lines: dict[float, set[tuple[float, float]]] = {}
    for route in layout.routes.values():
        for start, end in pairwise(sorted(route)):
            if abs(end[0] - start[0] - GAP) < 0.01:
                lines.setdefault(start[0], set()).add((start[1], end[1]))
    return sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for found in lines.values() for a, b in combinations(found, 2))


@pytest.mark.parametrize("count", [3, 6, 9, 20])
def test_a_tree_has_no_crossings(count: int) -> None:
    edges = [((node - 1) // 2, node) for node in range(1, count)]
    assert lay_out([(100.0, 42.0)] * count, edges).crossings == 0


def test_a_caller_of_all_has_one_line_along_the_picture() -> None:
    chain = [(0, 1), (1, 2), (2, 3), (3, 4)]
    layout = lay_out([(100.0, 42.0)] * 5, [*chain, (0, 2), (0, 3), (0, 4)])
    assert len({layout.routes[(0, end)][2] for end in (2, 3, 4)}) == 1


def test_the_same_graph_is_drawn_the_same() -> None:
    assert lay_out(*system(41)) == lay_out(*system(41))


def test_no_graph_at_all() -> None:
    assert lay_out([], []) == Layout(boxes=(), routes={}, width=0.0, height=0.0, crossings=0)


def test_circles_and_calls_of_oneself() -> None:
    layout = lay_out([(100.0, 42.0)] * 3, [(0, 1), (1, 2), (2, 0), (1, 1)])
    assert sorted(layout.routes) == [(0, 1), (1, 2), (2, 0)]
    back = layout.routes[(2, 0)]
    assert (back[0][0], back[-1][0]) == (layout.boxes[2].x, layout.boxes[0].x + 100.0)
