"""Places the nodes of a directed graph in layers from left to right, so that edges cross seldom and nodes never overlap.

The steps are Sugiyama's: edges that close a circle are turned round, nodes get the layer behind their furthest predecessor, edges that
pass a layer get a place in it, layers are ordered by the barycentres of their neighbours (and by swapping neighbours), and nodes move up
and down towards theirs as far as order and distances allow. Edges that pass a layer from one node, or to one, share their place in it,
so that what calls everything, or is called by everything, has one line along the picture and not forty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from sandlane.frozen import frozen

GAP, SPACING, PASSAGE = 84.0, 14.0, 8.0
"""Between layers; between nodes of one layer, of which passing edges keep half; the height of the place of edges that pass a layer."""
_SWEEPS, _STRAIGHTENINGS = 24, 16

Edge = tuple[int, int]
Point = tuple[float, float]


@frozen(kw_only=True)
class Box:
    """Where a node lies: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float


@frozen(kw_only=True)
class Layout:
    """The boxes of nodes; for each edge the points that it runs through, in pairs between which it is level; and crossings."""

    boxes: tuple[Box, ...]
    routes: Mapping[Edge, tuple[Point, ...]]
    width: float
    height: float
    crossings: int


@frozen(kw_only=True)
class _Layers:
    """Vertices by layer, in order. Those from `count` on are passages of edges; `chains` are the vertices of each edge, left to right."""

    count: int
    order: tuple[tuple[int, ...], ...]
    chains: Mapping[Edge, tuple[int, ...]]


def lay_out(sizes: Sequence[tuple[float, float]], edges: Sequence[Edge]) -> Layout:
    """Returns where nodes of given sizes lie. The order of nodes and edges decides between what is equally good."""
    known = [edge for edge in dict.fromkeys(edges) if edge[0] != edge[1]]
    layers = _untangled(_layered(len(sizes), known))
    ys = _heights(sizes, layers)
    return _drawn(sizes, layers, ys)


def _layered(count: int, edges: Sequence[Edge]) -> _Layers:
    turned = _turned(count, edges)
    rank = _ranks(count, [(b, a) if (a, b) in turned else (a, b) for a, b in edges])
    is_from_left = _shared_from_left(rank, edges, turned)
    order: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    for node in range(count):
        order[rank[node]].append(node)
    chains: dict[Edge, tuple[int, ...]] = {}
    passages: dict[tuple[int, bool, int], int] = {}
    for edge in edges:
        left, right = reversed(edge) if edge in turned else edge
        shared = (left if is_from_left[edge] else right, edge in turned)
        between = range(rank[left] + 1, rank[right])
        for layer in between:
            if (*shared, layer) not in passages:
                passages[(*shared, layer)] = count + len(passages)
                order[layer].append(passages[(*shared, layer)])
        chains[edge] = (left, *(passages[(*shared, layer)] for layer in between), right)
    return _Layers(count=count, order=tuple(map(tuple, order)), chains=chains)


def _shared_from_left(rank: Sequence[int], edges: Sequence[Edge], turned: frozenset[Edge]) -> Mapping[Edge, bool]:
    """Tells for each edge whether more long edges begin at its left end than end at its right one."""
    ends = {edge: (edge[1], edge[0]) if edge in turned else edge for edge in edges}
    long = [(left, right) for left, right in ends.values() if rank[right] - rank[left] > 1]
    begin, end = Counter(left for left, _ in long), Counter(right for _, right in long)
    return {edge: begin[left] >= end[right] for edge, (left, right) in ends.items()}


def _turned(count: int, edges: Sequence[Edge]) -> frozenset[Edge]:
    """Returns the edges that close a circle, in the order of a search that begins at nodes that nothing leads to."""
    after: dict[int, list[int]] = {}
    for a, b in edges:
        after.setdefault(a, []).append(b)
    targets = {b for _, b in edges}
    state = [0] * count  # 0: not seen, 1: on the way, 2: done
    found: set[Edge] = set()
    for root in sorted(range(count), key=lambda node: node in targets):
        if state[root]:
            continue
        state[root] = 1
        way = [(root, iter(after.get(root, ())))]
        while way:
            node, rest = way[-1]
            for following in rest:
                if state[following] == 1:
                    found.add((node, following))
                elif state[following] == 0:
                    state[following] = 1
                    way.append((following, iter(after.get(following, ()))))
                    break
            else:
                state[node] = 2
                way.pop()
    return frozenset(found)


def _ranks(count: int, edges: Sequence[Edge]) -> list[int]:
    """Returns layers: a node stands behind its furthest predecessor, and one that nothing leads to just before its first successor."""
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for a, b in edges:
        before.setdefault(b, []).append(a)
        after.setdefault(a, []).append(b)
    missing = [len(before.get(node, ())) for node in range(count)]
    ready = [node for node in range(count) if not missing[node]]
    rank = [0] * count
    for node in ready:
        for following in after.get(node, ()):
            rank[following] = max(rank[following], rank[node] + 1)
            missing[following] -= 1
            if not missing[following]:
                ready.append(following)
    for node in reversed(ready):
        if node in after and node not in before:
            rank[node] = min(rank[following] for following in after[node]) - 1
    return rank


def _untangled(layers: _Layers) -> _Layers:
    """Returns the best of the orders that sweeps over the layers come to."""
    before, after = _neighbours(layers)
    best = current = layers.order
    fewest = _crossings(best, after)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        towards = (before, range(1, len(current))) if sweep % 2 == 0 else (after, range(len(current) - 2, -1, -1))
        neighbours, numbers = towards
        ordered = list(current)
        for number in numbers:
            ordered[number] = _by_barycentre(
                ordered[number], ordered[number + (-1 if sweep % 2 == 0 else 1)], neighbours
            )
        current = _swapped(tuple(ordered), before, after)
        crossings = _crossings(current, after)
        if crossings < fewest:
            best, fewest = current, crossings
    return _Layers(count=layers.count, order=best, chains=layers.chains)


def _neighbours(layers: _Layers) -> tuple[Mapping[int, list[int]], Mapping[int, list[int]]]:
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for a, b in dict.fromkeys(pair for chain in layers.chains.values() for pair in pairwise(chain)):
        before.setdefault(b, []).append(a)
        after.setdefault(a, []).append(b)
    return before, after


def _by_barycentre(layer: Sequence[int], fixed: Sequence[int], neighbours: Mapping[int, list[int]]) -> tuple[int, ...]:
    place = {vertex: number for number, vertex in enumerate(fixed)}
    own = {vertex: number for number, vertex in enumerate(layer)}

    def barycentre(vertex: int) -> float:
        near = neighbours.get(vertex)
        return sum(place[other] for other in near) / len(near) if near else own[vertex] * len(fixed) / len(layer)

    return tuple(sorted(layer, key=lambda vertex: (barycentre(vertex), own[vertex])))


def _swapped(
    order: tuple[tuple[int, ...], ...], before: Mapping[int, list[int]], after: Mapping[int, list[int]]
) -> tuple[tuple[int, ...], ...]:
    """Returns layers in which no two that stand beside each other cross less when they change places."""
    place = {vertex: number for layer in order for number, vertex in enumerate(layer)}
    swapped = [list(layer) for layer in order]
    for layer in swapped:
        is_better = True
        while is_better:
            is_better = False
            for number in range(len(layer) - 1):
                one, other = layer[number], layer[number + 1]
                now = _between(one, other, place, before) + _between(one, other, place, after)
                then = _between(other, one, place, before) + _between(other, one, place, after)
                if then < now:
                    layer[number], layer[number + 1] = other, one
                    place[one], place[other] = number + 1, number
                    is_better = True
    return tuple(map(tuple, swapped))


def _between(one: int, other: int, place: Mapping[int, int], neighbours: Mapping[int, list[int]]) -> int:
    """Returns how often edges of a vertex cross those of one that stands below it."""
    own, others = (sorted(place[n] for n in neighbours.get(vertex, ())) for vertex in (one, other))
    return sum(1 for a in own for b in others if b < a)


def _crossings(order: Sequence[Sequence[int]], after: Mapping[int, list[int]]) -> int:
    """Returns how often edges between neighbouring layers cross."""
    total = 0
    for layer, following in pairwise(order):
        place = {vertex: number for number, vertex in enumerate(following)}
        ends = [end for vertex in layer for end in sorted(place[n] for n in after.get(vertex, ()))]
        total += sum(1 for number, end in enumerate(ends) for later in ends[number + 1 :] if later < end)
    return total


def _heights(sizes: Sequence[tuple[float, float]], layers: _Layers) -> list[float]:
    """Returns the middle of each vertex: near those of its neighbours, apart from the vertices above and below it."""
    before, after = _neighbours(layers)
    height = {v: sizes[v][1] if v < layers.count else PASSAGE for layer in layers.order for v in layer}
    y: dict[int, float] = {}
    for layer in layers.order:
        total = 0.0
        for vertex in layer:
            y[vertex] = total + height[vertex] / 2
            total += height[vertex] + SPACING
        y |= {vertex: y[vertex] - total / 2 for vertex in layer}
    for turn in range(_STRAIGHTENINGS):
        sides = ((before,), (after,), (before, after))[2 if turn >= _STRAIGHTENINGS - 2 else turn % 2]
        for layer in layers.order if turn % 2 == 0 else reversed(layers.order):
            wanted, weights = [], []
            for vertex in layer:
                near = [y[n] for side in sides for n in side.get(vertex, ())]
                wanted.append(sum(near) / len(near) if near else y[vertex])
                weights.append((4.0 if vertex >= layers.count else 1.0) if near else 0.2)
            y |= dict(zip(layer, _apart(wanted, weights, [height[v] for v in layer]), strict=True))
    return [y[vertex] for vertex in range(len(y))]


def _apart(wanted: Sequence[float], weights: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Returns the places nearest to wanted ones that keep order and distances: isotonic regression, by pooling adjacent violators."""
    offsets = [0.0]
    for above, below in pairwise(heights):
        spacing = SPACING if PASSAGE not in (above, below) else SPACING / 2
        offsets.append(offsets[-1] + above / 2 + spacing + below / 2)
    pools: list[tuple[float, float, int]] = []  # mean, weight, length
    for place, weight, offset in zip(wanted, weights, offsets, strict=False):
        pool = (place - offset, weight, 1)
        while pools and pools[-1][0] >= pool[0]:
            mean, heavy, length = pools.pop()
            both = heavy + pool[1]
            pool = ((mean * heavy + pool[0] * pool[1]) / both, both, length + pool[2])
        pools.append(pool)
    means = [mean for mean, _, length in pools for _ in range(length)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]


def _drawn(sizes: Sequence[tuple[float, float]], layers: _Layers, ys: Sequence[float]) -> Layout:
    widths = [max((sizes[v][0] for v in layer if v < layers.count), default=0.0) for layer in layers.order]
    lefts = [sum(widths[:number]) + GAP * number for number in range(len(widths))]
    layer_of = {vertex: number for number, layer in enumerate(layers.order) for vertex in layer}
    tops = [ys[v] - (sizes[v][1] if v < layers.count else PASSAGE) / 2 for v in layer_of]
    top = min(tops, default=0.0)
    boxes = tuple(
        Box(x=lefts[layer_of[v]], y=round(ys[v] - sizes[v][1] / 2 - top, 1), width=sizes[v][0], height=sizes[v][1])
        for v in range(layers.count)
    )
    routes: dict[Edge, tuple[Point, ...]] = {}
    for edge, chain in layers.chains.items():
        points: list[Point] = []
        for vertex in chain:
            left, y = lefts[layer_of[vertex]], round(ys[vertex] - top, 1)
            width = sizes[vertex][0] if vertex < layers.count else widths[layer_of[vertex]]
            full = lefts[layer_of[vertex]] + widths[layer_of[vertex]]
            points += [(left, y), (left + width, y)] if vertex != chain[0] else [(left + width, y), (full, y)]
        points = points[:-1]
        routes[edge] = tuple(points if chain[0] == edge[0] else reversed(points))
    bottoms = [box.y + box.height for box in boxes] + [y for route in routes.values() for _, y in route]
    right = lefts[-1] + widths[-1] if widths else 0.0
    _, after = _neighbours(layers)
    return Layout(
        boxes=boxes,
        routes=routes,
        width=right,
        height=max(bottoms, default=0.0),
        crossings=_crossings(layers.order, after),
    )
