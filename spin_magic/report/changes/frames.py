"""Frames: rows, columns, types, cells that differ, and what that does to each column."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any

from spin_magic.report.arrays import histograms, is_numeric, numpy, statistics, unequal
from spin_magic.report.blocks import Block, Cell, Change, Detail, Difference, Mark, Table, code
from spin_magic.report.changes.look import ASK, SAME, Look, axes_of, few, names_notes, plural
from spin_magic.report.frames import Frame, frame_of
from spin_magic.report.preview import cell_of, clean, clip

# A megabyte of numbers.
CELLS, WIDE = 125_000, 300
COLUMNS = 8
ROWS, SAMPLE_COLUMNS = 4, 4


@dataclass
class _Found:
    """What differs between the rows that both frames have."""

    before: Frame
    after: Frame
    how: str
    masks: dict[str, Any] = field(default_factory=dict)
    types: dict[str, tuple[str, str]] = field(default_factory=dict)


def compare(before: Any, after: Any, look: Look) -> Difference:
    """Compare two frames of one library."""
    was, now = frame_of(before), frame_of(after)
    if was is None or now is None:
        return SAME
    names = names_notes(was.names, now.names, "column")
    rows = [f"{was.rows:,} → {now.rows:,} rows"] if was.rows != now.rows else []
    if max(was.cells, now.cells) > CELLS or max(len(was.names), len(now.names)) > WIDE:
        types = [
            _type_note(n, was, now) for n in now.names if n in set(was.names) and was.dtype(n) != now.dtype(n)
        ]
        large = f"{now.cells:,} cells, too many to look into: {ASK}"
        return Difference(Change(note=" · ".join([*rows, *names, *few(types, "type"), large])))
    found = _find(was, now, look)
    notes = [*rows, *names, *few(_notes(found), "column")]
    if not notes:
        same = was.labels() is None or was.labels().equals(now.labels())
        return (
            SAME
            if same and was.names == now.names and axes_of(before) == axes_of(after)
            else Difference(Change(note="same cells in another order, or another index"))
        )
    return Difference(Change(note=" · ".join(notes)), _detail(found, was, now))


def _type_note(name: str, was: Frame, now: Frame) -> str:
    return f"{code(name)} {was.dtype(name)} → {now.dtype(name)}"


def _find(was: Frame, now: Frame, look: Look) -> _Found:
    """Lay the rows of two frames side by side, by index where it is unique, and compare the cells."""
    one, other, how = was, now, ""
    labels = was.labels(), now.labels()
    if labels[0] is not None and labels[1] is not None and not labels[0].equals(labels[1]):
        places = labels[1].get_indexer(labels[0])
        both = numpy().flatnonzero(places >= 0)
        one, other, how = was.take(both), now.take(places[both]), "by index"
    elif was.rows != now.rows:
        first = numpy().arange(min(was.rows, now.rows))
        one, other, how = was.take(first), now.take(first), "by position"
    found = _Found(one, other, how)
    shared = set(was.names)
    for name in dict.fromkeys(n for n in now.names if n in shared):
        look.check()
        types = was.dtype(name), now.dtype(name)
        if types[0] != types[1]:
            found.types[name] = types
        mask = _mask(one, other, name)
        if mask.any():
            found.masks[name] = mask
    return found


def _mask(one: Frame, other: Frame, name: str) -> Any:
    a, b = one.values(name), other.values(name)
    if is_numeric(a) and is_numeric(b):
        return unequal(a, b)
    lacks = one.missing(name), other.missing(name)
    mask = lacks[0] ^ lacks[1]
    there = ~(lacks[0] | lacks[1])
    try:
        mask[there] = unequal(a[there], b[there])
    except (TypeError, ValueError):
        # Arrays in cells, or values that do not compare with each other.
        pairs = zip(a[there], b[there], strict=True)
        mask[there] = [pickle.dumps(x) != pickle.dumps(y) for x, y in pairs]
    return mask


def _notes(found: _Found) -> list[str]:
    notes = []
    for name in dict.fromkeys([*found.types, *found.masks]):
        types = found.types.get(name)
        cells = int(found.masks[name].sum()) if name in found.masks else 0
        said = f"{code(clip(name, 30))} {types[0]} → {types[1]}" if types else ""
        if cells and not types:
            said = f"{cells:,} {plural(cells, 'cell')} of {code(clip(name, 30))} differ{'s' * (cells == 1)}"
        notes.append(said)
    return notes


def _detail(found: _Found, was: Frame, now: Frame) -> Detail | None:
    kept = set(was.names)
    names = [n for n in dict.fromkeys(now.names) if n in found.masks or n in found.types or n not in kept]
    names += [n for n in was.names if n not in set(now.names)]
    shown = names[:COLUMNS]
    more = [f"{COLUMNS} of {len(names):,} columns that differ"] if len(names) > COLUMNS else []
    if was.rows != now.rows:
        more.append(f"rows matched {found.how or 'by position'}: {found.after.rows:,} in both")
    columns = ("column", "type", "mean", None, "std", None, "differs", "before", "now")
    blocks: list[Block] = []
    if shown:
        rows = tuple(_column(n, found, was, now) for n in shown)
        blocks.append(Table(columns, rows, ", ".join(more), (2, 3, 4, 5, 6)))
    if found.masks:
        blocks.append(_sample(found))
    return Detail(tuple(blocks)) if blocks else None


def _column(name: str, found: _Found, was: Frame, now: Frame) -> tuple[str | Cell, ...]:
    one = was.values(name) if name in was.names else None
    other = now.values(name) if name in now.names else None
    figures = [_figures(a) for a in (one, other)]
    mark: Mark = "new" if one is None else "gone" if other is None else "changed"
    pairs = [c for key in ("mean", "std") for c in _pair(figures[0][key], figures[1][key], mark)]
    bars = histograms(one, other)
    types = found.types.get(name)
    kind = f"{types[0]} → {types[1]}" if types else (was if other is None else now).dtype(name)
    return (
        clip(clean(name), 40),
        Cell(clip(clean(kind), 60), "changed" if types else ""),
        *pairs,
        Cell(_differs(name, found, mark), mark),
        bars[0],
        Cell(bars[1].text, mark, bars[1].bars),
    )


def _figures(array: Any) -> dict[str, str]:
    return {"mean": "", "std": ""} if array is None else statistics(array, ("mean", "std"))


def _pair(before: str, after: str, mark: Mark) -> tuple[str | Cell, str | Cell]:
    return before, Cell(after, mark) if after != before else after


def _differs(name: str, found: _Found, mark: Mark) -> str:
    if mark != "changed":
        return mark
    if name not in found.masks:
        return "type"
    mask = found.masks[name]
    return f"{int(mask.sum()):,} of {mask.size:,}"


def _sample(found: _Found) -> Table:
    names = list(found.masks)[:SAMPLE_COLUMNS]
    any_differs = numpy().logical_or.reduce(list(found.masks.values()))
    at = numpy().flatnonzero(any_differs)
    rows = []
    for place in at[:ROWS].tolist():
        cells: list[str | Cell] = [cell_of(found.after.label(place))]
        for name in names:
            one, other = (cell_of(f.values(name)[place]) for f in (found.before, found.after))
            differs = bool(found.masks[name][place])
            cells.append(Cell(f"{one} → {other}", "changed") if differs else other)
        rows.append(tuple(cells))
    count = f"{len(rows)} of {at.size:,} rows that differ" if at.size > len(rows) else ""
    return Table(
        ("row", *(clip(clean(n), 40) for n in names)), tuple(rows), count, tuple(range(1, len(names) + 1))
    )
