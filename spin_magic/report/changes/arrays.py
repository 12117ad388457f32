"""Arrays, tensors and series: shape, type, how many elements differ and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spin_magic.report.arrays import (
    SMALL,
    as_array,
    bytes_in,
    histograms,
    largest_difference,
    numpy,
    statistics,
    unequal,
)
from spin_magic.report.blocks import Block, Cell, Change, Detail, Difference, Table
from spin_magic.report.changes.look import ASK, SAME, Look, axes_of
from spin_magic.report.preview import cell_of, line_of, shape_of, size_text

SHORT = 32
PLACES = 3


@dataclass(frozen=True)
class _Side:
    """One of two arrays: what the table says of it."""

    array: Any
    type: str
    shape: str

    @property
    def facts(self) -> dict[str, str]:
        return {"type": self.type, "shape": self.shape, **statistics(self.array)}


def compare(before: Any, after: Any, _look: Look) -> Difference:
    """Compare two arrays of whatever library."""
    shapes = shape_of(before), shape_of(after)
    types = str(before.dtype), str(after.dtype)
    retyped = f"{types[0]} → {types[1]}" if types[0] != types[1] else ""
    if max(bytes_in(before), bytes_in(after)) > SMALL:
        note = " · ".join(
            filter(None, (retyped, f"{size_text(bytes_in(after))}, too large to look into: {ASK}"))
        )
        return Difference(Change(*shapes, note) if shapes[0] != shapes[1] else Change(note=note))
    was, now = _Side(as_array(before), types[0], shapes[0]), _Side(as_array(after), types[1], shapes[1])
    if shapes[0] != shapes[1]:
        return Difference(Change(*shapes, retyped), Detail((_facts(was, now),)))
    mask = unequal(was.array, now.array)
    count = int(mask.sum())
    if not count and not retyped:
        return _index(before, after)
    largest = largest_difference(was.array, now.array)
    apart = [
        f"max difference {largest}" if largest else "",
        f"{count:,} of {mask.size:,} differ" if count else "",
    ]
    told = " · ".join(filter(None, apart))
    blocks = (_facts(was, now, told), *([_places(was.array, now.array, mask)] if count else []))
    line = line_of(before), line_of(after)
    if max(map(len, line)) <= SHORT and line[0] != line[1] and "…" not in "".join(line):
        return Difference(Change(*line), Detail(blocks))
    return Difference(Change(note=" · ".join(filter(None, (retyped, told)))), Detail(blocks))


def _index(before: Any, after: Any) -> Difference:
    one, other = getattr(before, "index", None), getattr(after, "index", None)
    if one is not None and hasattr(one, "equals") and not one.equals(other):
        return Difference(Change(note="same values, another index"))
    labels = ([axes_of(each), getattr(each, "name", None)] for each in (before, after))
    return SAME if next(labels) == next(labels) else Difference(Change(note="same values, other names"))


def _facts(was: _Side, now: _Side, more: str = "") -> Table:
    one, other = was.facts, now.facts
    names = [name for name in one if one[name] or other[name]]
    bars = histograms(was.array, now.array)
    first: list[str | Cell] = ["before", *(one[name] for name in names)]
    second: list[str | Cell] = ["now", *(_marked(one[name], other[name]) for name in names)]
    drawn = any(cell.bars for cell in bars) and max(was.array.size, now.array.size) > 1
    if drawn:
        first.append(bars[0])
        second.append(Cell(bars[1].text, "changed", bars[1].bars))
    heads = ("", *names, *(["values"] if drawn else []))
    return Table(heads, (tuple(first), tuple(second)), more, tuple(range(3, len(names) + 1)))


def _places(was: Any, now: Any, mask: Any) -> Block:
    rows = []
    for place in numpy().argwhere(mask)[:PLACES].tolist():
        at = tuple(place)
        rows.append((str(place), cell_of(was[at]), Cell(cell_of(now[at]), "changed")))
    return Table(("at", "before", "now"), tuple(rows), right=(1, 2))


def _marked(before: str, after: str) -> Cell | str:
    return Cell(after, "changed") if before != after else after
