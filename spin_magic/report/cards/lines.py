"""Parts of a card -> lines of text, for terminals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from spin_magic.report.cards.parts import (
    Bar,
    Chart,
    Code,
    Grid,
    Group,
    Heading,
    Items,
    Number,
    Part,
    Picture,
    Prose,
    plain,
)
from spin_magic.report.preview import clip

LINES, WIDTH, COLUMN = 12, 100, 24
ROWS, CODE_LINES = 4, 3


def lines_of(parts: Iterable[Part]) -> tuple[str, ...]:
    """Give the first lines of a card."""
    lines = list(islice((clip(line, WIDTH) for part in parts for line in _lines(part) if line), LINES + 1))
    return tuple(lines if len(lines) <= LINES else [*lines[: LINES - 1], "…"])


def _lines(part: Part) -> Iterator[str]:
    match part:
        case Items():
            for depth, marker, words in part.items:
                yield f"{'  ' * depth}{'-' if marker == '•' else marker} {plain(words)}"
        case Code():
            rows = part.text.split("\n")
            yield from (f"  {row}".rstrip() for row in rows[:CODE_LINES])
            yield "  …" if len(rows) > CODE_LINES or part.more else ""
        case Grid():
            yield from _grid(part)
        case Group():
            lines = (line for each in part.parts for line in _lines(each))
            beside = part.way == "across" and all(isinstance(each, Number) for each in part.parts)
            yield from ["   ".join(lines)] if beside else lines
        case _:
            yield _line(part)


def _line(part: Heading | Prose | Picture | Bar | Number | Chart) -> str:
    match part:
        case Picture():
            return f"picture: {part.caption}" if part.caption else "picture"
        case Bar():
            return " ".join(
                filter(None, (part.label, part.said, f"({part.details})" if part.details else ""))
            )
        case Number():
            change = f"({part.change})" if part.change else ""
            return " ".join(filter(None, (part.title or part.subtitle, part.value, change)))
        case Chart():
            return f"{part.title}: {part.said}" if part.title else part.said
        case _:
            return plain(part.words)


def _grid(grid: Grid) -> Iterator[str]:
    rows = [tuple(map(_cell, row)) for row in grid.rows]
    table = [grid.columns, *rows[:ROWS]] if grid.columns else rows[:ROWS]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (
            cell.rjust(width) if i in grid.right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
    yield "…" if len(rows) > ROWS else grid.more


def _cell(cell: str | tuple[Part, ...]) -> str:
    if isinstance(cell, str):
        return clip(cell, COLUMN)
    return clip(" ".join(line.strip() for part in cell for line in islice(_lines(part), 2)), COLUMN)
