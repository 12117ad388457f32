"""The components of a card -> parts: what stands in a notebook in place of the card's page.

Each function takes a component as ``current.card`` serialises it and believes nothing of it: a key may be
missing, of another type, or as large as memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby, islice
from typing import Any

from spin_magic.report.cards.parts import Grid, Group, Part, Prose, Word
from spin_magic.report.cards.plainly import PLAIN, titles, unknown
from spin_magic.report.cards.room import Room
from spin_magic.report.cards.texts import CELL, COLUMNS, ROWS, first_of, left_out, number_of, said
from spin_magic.report.guard import Budget, attempt
from spin_magic.report.preview import size_text

DEEP, EVENTS = 8, 6
ON = "The card goes on; the notebook shows the whole of it where its kernel runs."

Component = Mapping[Any, Any]


def parts_of(components: Iterable[Any], budget: Budget) -> tuple[Part, ...]:
    """Give the parts that stand for a card's components. Never raises, and never takes long.

    Parameters
    ----------
    components : iterable
        The components: dicts, and HTML as text.
    budget : Budget
        Time, characters and characters of pictures that the cards of a panel share.

    Returns
    -------
    tuple
        As many as there is room for, and a line on the others.
    """
    room = Room(budget)
    parts = _side_by_side(_walk(components, room, 0))
    return (*parts, Prose.of(ON)) if room.full else parts


def _walk(components: Any, room: Room, depth: int) -> list[Part]:
    found: list[Part] = []
    for component in components if isinstance(components, (list, tuple)) else ():
        if room.full:
            break
        found += attempt(
            lambda component=component: _component(component, room, depth),  # type: ignore[misc]
            [Prose.of("a component that cannot be shown here")],
            room.seconds,
        )
    return found


def _component(component: Any, room: Room, depth: int) -> list[Part]:
    if isinstance(component, str):
        return room.fitting([Prose.of(f"HTML, {size_text(len(component))}")])
    if not isinstance(component, Mapping):
        return room.fitting([Prose.of(said(component))])
    kind = component.get("type")
    if depth >= DEEP:
        return room.fitting([Prose.of("…")])
    nested = _NESTED.get(kind) if isinstance(kind, str) else None
    if nested is not None:
        return list(nested(component, room, depth))
    make = PLAIN.get(kind, unknown) if isinstance(kind, str) else unknown
    return room.fitting(make(component))


def _side_by_side(parts: list[Part]) -> tuple[Part, ...]:
    """Put value boxes that follow each other into a row, and charts too."""
    rows: list[Part] = []
    for kind, found in groupby(parts, lambda part: part.kind):
        run = tuple(found)
        # Each of them has counted more than its place in the row.
        rows += [Group(run, "across")] if kind in ("number", "chart") and len(run) > 1 else run
    return tuple(rows)


def _page(component: Component, room: Room, depth: int) -> Iterator[Part]:
    yield from room.fitting(titles(component, 1))
    yield from _side_by_side(_walk(component.get("contents", ()), room, depth + 1))


def _section(component: Component, room: Room, depth: int) -> Iterator[Part]:
    yield from room.fitting(titles(component, 2))
    contents = component.get("contents", ())
    columns = number_of(component.get("columns")) or 1
    if columns <= 1 or not isinstance(contents, list):
        yield from _side_by_side(_walk(contents, room, depth + 1))
        return
    parts: list[Part] = []
    for each in contents:
        if room.full:
            break
        parts += _grouped(_walk([each], room, depth + 1), Group((), "stack"), room)
    yield from _grouped(parts, Group((), "across", int(min(columns, COLUMNS))), room)


def _grouped(parts: list[Part], group: Group, room: Room) -> list[Part]:
    """Put parts into a group, if there is room for that."""
    return parts if len(parts) < 2 else room.fitting([replace(group, parts=tuple(parts))]) or parts


def _table(component: Component, room: Room, depth: int) -> Iterator[Part]:
    heads, data = component.get("columns"), component.get("data")
    heads = heads if isinstance(heads, list) else []
    data = data if isinstance(data, list) else []
    names = tuple(said(head, CELL) for head in heads[:ROWS])
    vertical = component.get("vertical") is True and bool(names)
    rows = [row for row in data[:ROWS] if isinstance(row, list)]
    if vertical:
        rows = [[row[i] for row in rows[: COLUMNS - 1] if i < len(row)] for i in range(len(names))]
    yield from room.fitting(titles(component, 3))
    cells = [tuple(_cell(value, room, depth) for value in row[:COLUMNS]) for row in rows]
    if vertical:
        cells = [(name, *row) for name, row in zip(names, cells, strict=True)]
    wide = max(map(len, [heads, *rows]))
    names = () if vertical or not any(names) else names[:COLUMNS]
    width = max(map(len, [names, *cells]))
    if not width:
        return
    grid = Grid(
        columns=(*names, *[""] * (width - len(names))) if names else (),
        rows=tuple((*row, *[""] * (width - len(row))) for row in cells),
        more=left_out(len(heads) - ROWS) if vertical else left_out(len(data) - ROWS, wide - COLUMNS),
        right=() if vertical else tuple(i for i in range(width) if _all_numbers(rows, i)),
        vertical=vertical,
        label=first_of(component, "title") or "table",
    )
    yield from room.fitting([grid])


def _cell(value: Any, room: Room, depth: int) -> str | tuple[Part, ...]:
    if not isinstance(value, Mapping):
        return "None" if value is None else said(value, CELL)
    return tuple(_component(value, room, depth + 1)) if not room.full else "…"


def _all_numbers(rows: list[list[Any]], column: int) -> bool:
    values = [row[column] for row in rows if column < len(row) and row[column] is not None]
    return bool(values) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)


def _events(component: Component, room: Room, depth: int) -> Iterator[Part]:
    events = component.get("events")
    events = events if isinstance(events, list) else []
    yield from room.fitting(titles(component, 3))
    along: list[Part] = []
    for event in (event for event in events[:EVENTS] if isinstance(event, Mapping)):
        along += room.fitting([_event(event.get("metadata"))])
        payloads = event.get("payloads")
        if isinstance(payloads, Mapping):
            along += _walk(list(payloads.values())[:COLUMNS], room, depth + 1)
    if len(events) > EVENTS:
        along += room.fitting([Prose.of(f"and {len(events) - EVENTS:,} more")])
    yield from _grouped(along, Group((), "rail"), room)


def _event(metadata: Any) -> Prose:
    pairs = islice(metadata.items(), COLUMNS) if isinstance(metadata, Mapping) else ()
    words: list[Word] = []
    for name, value in pairs:
        # A time in seconds says nothing to a reader.
        if name != "timestamp" or isinstance(value, str):
            words += [("", " · " if words else ""), ("b", said(name, 40)), ("", f" {said(value, CELL)}")]
    return Prose(tuple(word for word in words if word[1]))


_NESTED: dict[str, Callable[[Component, Room, int], Iterator[Part]]] = {
    "page": _page,
    "section": _section,
    "table": _table,
    "eventsTimeline": _events,
}
