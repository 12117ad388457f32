"""Values of a component -> short texts and numbers. A text is cut before anything reads it whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from spin_magic.report.cards.parts import Code
from spin_magic.report.guard import attempt
from spin_magic.report.preview import cell_of, clean, clip, line_of, size_text

LINE, WIDEST = 200, 160
ROWS, COLUMNS, CELL = 12, 8, 60
COUNTED = 1_000_000


def said(value: Any, limit: int = LINE) -> str:
    """Give a value as one line; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        begin = value[: 4 * limit]
        cut = "…" if len(value) > len(begin) else ""
        return clip(clean(" ".join(begin.split())) + cut, limit)
    if isinstance(value, (bool, float)):
        return clip(cell_of(value), limit)
    return clip(line_of(value), limit)


def first_of(component: Mapping[Any, Any], *keys: str, limit: int = LINE) -> str:
    """Give the first text of those keys that says anything."""
    return next((text for key in keys if (text := said(component.get(key), limit))), "")


def number_of(value: Any) -> float | None:
    """Give a finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = attempt(lambda: float(value), math.nan)
    return number if math.isfinite(number) else None


def number_text(number: float) -> str:
    """Give a number as short as it is said: ``3``, ``0.123``, ``1.2e+09``."""
    whole = number.is_integer() and abs(number) < 1e15
    return f"{int(number):,}" if whole else f"{number:.4g}"


def code_of(value: Any, lines: int, label: str) -> Code:
    """Give the first lines of a text, and how much more there is."""
    text = value if isinstance(value, str) else said(value)
    begin = text[: lines * WIDEST]
    rows = begin.strip("\n").split("\n")
    shown = "\n".join(clip(clean(row), WIDEST) for row in rows[:lines]).rstrip()
    return Code(shown, _more(text, len(rows), min(len(rows), lines)), label)


def _more(text: str, begun: int, shown: int) -> str:
    if len(text) > COUNTED:
        return f"{size_text(len(text))} in all"
    whole = text.strip("\n").count("\n") + 1
    if whole == shown:
        return "" if len(text) <= shown * WIDEST or begun > shown else "and more of the last line"
    return f"and {whole - shown:,} {'line' if whole - shown == 1 else 'lines'} more"


def left_out(rows: int, columns: int = 0) -> str:
    """Say how many rows and columns of a table are not shown; nothing where all are."""
    counts = [(rows, "row"), (columns, "column")]
    words = [f"{n:,} {noun}{'' if n == 1 else 's'}" for n, noun in counts if n > 0]
    return f"and {' and '.join(words)} more" if words else ""
