"""Steps and edges -> columns and rows, cut into pieces that a page may wrap as it wraps words."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise

Edge = tuple[str, str]
# A bend stands for an edge in a column that it only passes through.
Bend = tuple[str, str, int]
Point = str | Bend


@dataclass(frozen=True)
class Piece:
    """A part of the graph that one edge alone leads to, and one alone leads away from.

    Attributes
    ----------
    places : mapping of point to (int, float)
        Column, from 0, and row, from 0 at the axis on which the edges in and out lie, downward.
    routes : tuple of tuple of points
        Each edge inside: a step, the bends on the way, and a step.
    """

    places: Mapping[Point, tuple[int, float]]
    routes: tuple[tuple[Point, ...], ...]

    @property
    def columns(self) -> int:
        return 1 + max(column for column, _ in self.places.values())

    @property
    def reach(self) -> float:
        """How many rows it reaches above or below the axis."""
        return max(abs(row) for _, row in self.places.values())


@functools.lru_cache(maxsize=64)
def lay_out(steps: tuple[str, ...], edges: frozenset[Edge]) -> tuple[Piece, ...]:
    """Place the steps of a graph.

    Parameters
    ----------
    steps : tuple of str
        Their names, in topological order.
    edges : frozenset of (str, str)
        What leads where; a step that leads to itself is drawn without a layout.

    Returns
    -------
    tuple of Piece
        The pieces in order; each leads to the next.
    """
    numbers = {step: i for i, step in enumerate(steps)}
    forward = sorted(((a, b) for a, b in edges if a != b), key=lambda edge: [numbers[step] for step in edge])
    places, routes = _placed(steps, forward)
    hops = [hop for route in routes for hop in pairwise(route)]
    crossing: dict[int, list[tuple[Point, Point]]] = defaultdict(list)
    for one, other in hops:
        crossing[places[one][0]].append((one, other))
    last = max(column for column, _ in places.values())
    cuts = [
        c for c in range(last) if len(crossing[c]) == 1 and all(isinstance(p, str) for p in crossing[c][0])
    ]
    bounds = [0, *(cut + 1 for cut in cuts), last + 1]
    return tuple(_piece(places, routes, *bound) for bound in pairwise(bounds))


def _placed(
    steps: tuple[str, ...], edges: list[Edge]
) -> tuple[dict[Point, tuple[int, float]], list[tuple[Point, ...]]]:
    """Give each step and each bend its column and row, and each edge its way."""
    if not edges:
        return {step: (i, 0.0) for i, step in enumerate(steps)}, []
    # Late: it is needed for pictures alone.
    from fast_sugiyama import from_edges  # noqa: PLC0415

    numbers = {step: i for i, step in enumerate(steps)}
    laid = from_edges(
        [(numbers[a], numbers[b]) for a, b in edges],
        vertex_spacing=1,
        dummy_vertices=True,
        dummy_size=0.5,
        ranking_type="minimize",
    )
    positions, _, height, pairs = laid[0]
    after: dict[int, list[int]] = defaultdict(list)
    for a, b in pairs or ():
        after[int(a)].append(int(b))
    names: dict[int, Point] = dict(enumerate(steps))
    routes = []
    for step in steps:
        for first in sorted(after[numbers[step]]):
            route, at = [numbers[step]], first
            while at not in names or at >= len(steps):
                route.append(at)
                at = after[at][0]
            for i, bend in enumerate(route[1:]):
                names[bend] = (step, steps[at], i)
            routes.append((*(names[point] for point in route), steps[at]))
    found = sorted(positions)  # they come in no order; the steps' own is the flow's
    return {names[int(n)]: (round(height - y), float(x)) for n, (x, y) in found}, routes


def _piece(
    places: Mapping[Point, tuple[int, float]], routes: Iterable[tuple[Point, ...]], first: int, end: int
) -> Piece:
    inside = {point: (c - first, row) for point, (c, row) in places.items() if first <= c < end}
    rows = _apart(inside)
    middle = (min(rows.values()) + max(rows.values())) / 2
    columns = [c for c, _ in inside.values()]
    alone = {c for c in (0, end - first - 1) if columns.count(c) == 1}
    sign = _sign(inside, rows)
    moved = {p: (c, 0.0 if c in alone else sign * (rows[p] - middle)) for p, (c, _) in inside.items()}
    return Piece(moved, tuple(route for route in routes if route[0] in inside and route[-1] in inside))


def _sign(inside: Mapping[Point, tuple[int, float]], rows: Mapping[Point, float]) -> int:
    """Tell which way up a piece stands: what comes first in the flow should be above."""
    steps = [point for point in inside if isinstance(point, str)]
    score = 0
    for i, one in enumerate(steps):
        same = (other for other in steps[i + 1 :] if inside[other][0] == inside[one][0])
        score += sum(1 if rows[one] < rows[other] else -1 for other in same)
    return 1 if score >= 0 else -1


def _apart(inside: Mapping[Point, tuple[int, float]]) -> dict[Point, float]:
    """Keep steps of a column a row apart, and bends at least half of one."""
    rows: dict[Point, float] = {}
    ordered = sorted(inside, key=lambda point: (inside[point][0], inside[point][1], str(point)))
    for _, column in groupby(ordered, key=lambda point: inside[point][0]):
        above: Point | None = None
        for point in column:
            row = inside[point][1]
            if above is not None:
                both = isinstance(point, str) and isinstance(above, str)
                row = max(row, rows[above] + (1.0 if both else 0.75))
            rows[point] = row
            above = point
    return rows
