"""Strings and source code: a unified difference."""

from __future__ import annotations

import difflib
import re

from spin_magic.report.blocks import Change, Detail, Difference, Lines
from spin_magic.report.changes.look import ASK, SAME, Look, plural
from spin_magic.report.preview import clean, clip, line_of

SHORT = 32
LARGE = 1_000_000
CONTEXT = 2
LINES, WIDTH = 40, 160
# Finding which lines match takes time with the square of their number.
WINDOW = 300


def compare(before: str, after: str, _look: Look) -> Difference:
    """Compare two strings."""
    if before == after:
        return SAME
    if max(len(before), len(after)) > LARGE:
        note = f"differs from character {_first(before, after) + 1:,} on, too long to look into: {ASK}"
        return Difference(Change(note=_longer(before, after) + note))
    if "\n" not in before and "\n" not in after:
        return _compare_line(before, after)
    was, now = before.splitlines(), after.splitlines()
    if was == now:
        return Difference(Change(note="line ends differ"))
    return _compare_lines(was, now)


def _compare_line(before: str, after: str) -> Difference:
    was, now = line_of(before), line_of(after)
    if max(len(was), len(now)) <= SHORT and was != now:
        return Difference(Change(was, now))
    first = _first(before, after)
    start = max(0, first - 40)
    lead = "…" if start else ""
    lines = [f"{sign}{lead}{_shown(text[start:])}" for sign, text in (("-", before), ("+", after))]
    note = f"{_longer(before, after)}differs from character {first + 1:,} on"
    return Difference(Change(note=note), Detail((Lines(tuple(lines)),)))


def _compare_lines(was: list[str], now: list[str]) -> Difference:
    shorter = min(len(was), len(now))
    head = next((i for i in range(shorter) if was[i] != now[i]), shorter)
    tail = next((i for i in range(shorter - head) if was[-1 - i] != now[-1 - i]), shorter - head)
    lead, trail = max(0, head - CONTEXT), max(0, tail - CONTEXT)
    one, other = was[lead : len(was) - trail], now[lead : len(now) - trail]
    if max(len(one), len(other)) > WINDOW:
        note = f"{len(was):,} → {len(now):,} lines, differ from line {head + 1:,} on"
        return Difference(Change(note=note), Detail((Lines((*_some("-", one), *_some("+", other))),)))
    found = list(difflib.unified_diff(one, other, lineterm="", n=CONTEXT))[2:]
    counts = [(sign, sum(line.startswith(mark) for line in found)) for sign, mark in (("+", "+"), ("−", "-"))]
    note = " ".join(f"{sign}{count:,} {plural(count, 'line')}" for sign, count in counts if count)
    lines = [_hunk(line, lead) if line.startswith("@@") else _shown(line) for line in found[:LINES]]
    if len(found) > LINES:
        lines.append(f"@ {len(found) - LINES:,} more lines of the difference")
    return Difference(Change(note=note), Detail((Lines(tuple(lines)),)))


def _some(sign: str, lines: list[str]) -> list[str]:
    half = LINES // 2
    more = [f"@ {len(lines) - half:,} more lines"] if len(lines) > half else []
    return [*(_shown(f"{sign}{line}") for line in lines[:half]), *more]


def _hunk(header: str, lines_before: int) -> str:
    """Give the header of a hunk as the line in the new text: difflib has seen a part of it alone."""
    numbers = re.findall(r"\d+", header.partition("+")[2])
    return f"@ line {int(numbers[0]) + lines_before:,}"


def _shown(text: str) -> str:
    return clean(clip(text, WIDTH))


def _longer(before: str, after: str) -> str:
    return f"{len(before):,} → {len(after):,} characters, " if len(before) != len(after) else ""


def _first(one: str, other: str) -> int:
    """Find the first character that differs, by halving: each comparison is one of C's."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
