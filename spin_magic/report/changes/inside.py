"""Dicts, lists, sets, dataclasses, models and other objects: added, removed and changed parts, by path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spin_magic.report.blocks import Cell, Change, Detail, Difference, Mark, Table, code
from spin_magic.report.changes import rest
from spin_magic.report.changes.children import Children, children
from spin_magic.report.changes.look import ASK, NAMES, SAME, Look, few, names_notes
from spin_magic.report.preview import clip, line_of, shape_of

SHORT = 32
DEPTH, STEPS, SPOTS, SHOWN = 6, 2_000, 200, 12
LARGE = 20_000


@dataclass(frozen=True)
class Spot:
    """One place where two objects differ; ``top`` for a part of the whole that came or went."""

    path: str
    label: str
    mark: Mark
    before: str
    after: str
    change: Change | None = None
    top: bool = False


def compare(before: Any, after: Any, look: Look) -> Difference:
    """Compare two objects of one class that have parts."""
    sizes = [
        len(value) if isinstance(value, (dict, list, tuple, set, frozenset)) else 0
        for value in (before, after)
    ]
    if max(sizes) > LARGE:
        shapes = shape_of(before), shape_of(after)
        note = f"too many to look into: {ASK}"
        return Difference(
            Change(*shapes, note=note) if sizes[0] != sizes[1] else Change(note=f"{shapes[1]}, {note}")
        )
    walk = _Walk(look)
    walk.go(before, after, "" if hasattr(type(after), "get_params") else look.name, "", 0)
    if not walk.spots:
        # Fields that are not looked at, the order of keys, or deeper than one looks.
        return rest.compare_pickles(before, after)
    detail = Detail((_table(walk),))
    line = line_of(before), line_of(after)
    is_plain = isinstance(after, (dict, list, tuple, set, frozenset))
    if is_plain and max(map(len, line)) <= SHORT and line[0] != line[1] and "…" not in "".join(line):
        return Difference(Change(*line))
    if isinstance(after, (list, tuple)) and len(before) != len(after):
        return Difference(Change(shape_of(before), shape_of(after)), detail)
    return Difference(Change(note=" · ".join(_notes(walk, before, after))), detail)


def _notes(walk: _Walk, before: Any, after: Any) -> list[str]:
    inner = [spot for spot in walk.spots if not spot.top]
    told = few([_said(spot) for spot in inner])
    if isinstance(after, (list, tuple)):
        items = {spot.path[len(walk.look.name) :].partition("]")[0] for spot in inner}
        many = len(inner) > NAMES and not walk.cut and not hasattr(after, "_fields")
        return [f"{len(items):,} of {len(after):,} items differ"] if many else told
    one, other = children(before), children(after)
    if one is None or other is None:
        return told
    was, now = ([each.label(key) for key in each.parts] for each in (one, other))
    return [*names_notes(was, now, other.noun), *told]


def _said(spot: Spot) -> str:
    label, change = code(spot.label), spot.change
    if spot.mark != "changed":
        return f"{label} {spot.mark} {code(clip(spot.before or spot.after, 20))}"
    if change is None or len(change.text) > 60:
        return f"{label} differs"
    if change.before:
        return f"{label} {code(change.before)} → {code(change.after)}"
    return f"{label} {change.note.partition(' · ')[0]}"


def _table(walk: _Walk) -> Table:
    rows: list[tuple[str | Cell, ...]] = []
    for spot in walk.spots[:SHOWN]:
        path = clip(spot.path.removeprefix("."), 90)
        rows.append((path, spot.before, Cell(spot.after, spot.mark), _apart(spot.change)))
    columns: tuple[str, ...] = ("path", "before", "now", "difference")
    if not any(row[3] for row in rows):
        rows, columns = [row[:3] for row in rows], columns[:3]
    least = "at least " if walk.cut else ""
    more = f"{SHOWN} of {least}{len(walk.spots):,} differences" if len(walk.spots) > SHOWN else ""
    return Table(columns, tuple(rows), more)


def _apart(change: Change | None) -> str:
    """Say how far apart two values are, beside them."""
    if change is None:
        return ""
    note = f"({change.note})" if change.delta and change.note else change.note
    return " ".join(filter(None, (change.delta, note))).replace("`", "")


class _Walk:
    """Goes through two objects side by side, so deep and so long."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.spots: list[Spot] = []
        self.cut = False
        self._steps = 0
        # Kept, so that no id is given out twice.
        self._seen: dict[tuple[int, int], tuple[Any, Any]] = {}

    def go(self, before: Any, after: Any, path: str, label: str, depth: int) -> None:
        """Note where two values differ."""
        if before is after:
            return
        self._steps += 1
        if self._steps > STEPS or len(self.spots) >= SPOTS:
            self.cut = True
            return
        parts = (children(before), children(after)) if type(before) is type(after) else (None, None)
        if parts[0] is None or parts[1] is None:
            self._leaf(path, label, before, after, self.look.tell(before, after))
        elif depth == DEPTH:
            self._leaf(path, label, before, after, rest.compare_pickles(before, after))
        elif (id(before), id(after)) not in self._seen:
            self._seen[id(before), id(after)] = before, after
            self._named(parts[0], parts[1], path, label, depth)

    def _leaf(self, path: str, label: str, before: Any, after: Any, found: Difference) -> None:
        if found is SAME or found.line is None:
            return
        was, now = (clip(line_of(v), 60) for v in (before, after))
        if found.line.before:
            was, now = found.line.before, found.line.after
        self.spots.append(Spot(path, label, "changed", was, now, found.line))

    def _named(self, one: Children, other: Children, path: str, label: str, depth: int) -> None:
        if (
            isinstance(next(iter(one.parts), None), int)
            and one.noun == "item"
            and len(one.parts) != len(other.parts)
        ):
            one, other = _aligned(one, other)
        for key in [*one.parts, *(k for k in other.parts if k not in one.parts)]:
            into = path + other.suffix(key)
            name = label + other.suffix(key) if label else other.label(key)
            if key in one.parts and key in other.parts:
                if one.noun == "member":
                    continue
                self.go(one.parts[key], other.parts[key], into, name, depth + 1)
                continue
            gone = key in one.parts
            text = clip(line_of((one if gone else other).parts[key]), 60)
            both = (text, "") if gone else ("", text)
            self.spots.append(Spot(into, name, "gone" if gone else "new", *both, top=depth == 0))


def _aligned(one: Children, other: Children) -> tuple[Children, Children]:
    """Lay two lists of different lengths side by side by what they begin and end with in common."""
    was, now = list(one.parts.values()), list(other.parts.values())
    shorter = min(len(was), len(now))
    head = next((i for i in range(shorter) if not _equal(was[i], now[i])), shorter)
    tail = next((i for i in range(shorter - head) if not _equal(was[-1 - i], now[-1 - i])), shorter - head)
    # What stands at the same distance from the head is compared; the rest came or went.
    middle = (
        dict(enumerate(was[head : len(was) - tail], head)),
        dict(enumerate(now[head : len(now) - tail], head)),
    )
    return Children(middle[0], "item"), Children(middle[1], "item")


def _equal(one: Any, other: Any) -> bool:
    return one is other or (
        type(one) is type(other) and isinstance(one, (str, bytes, int, float, bool, tuple)) and one == other
    )
