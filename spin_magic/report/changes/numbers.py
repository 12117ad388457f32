"""Numbers, booleans and None: before, after, difference and percent."""

from __future__ import annotations

import math
from typing import Any

from spin_magic.report.blocks import Change, Difference
from spin_magic.report.changes.look import SAME, Look, arrow
from spin_magic.report.preview import line_of

SHORT = 10


def is_number(value: Any) -> bool:
    """Say whether the value is a number that can be put in order."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def compare(before: float, after: float, _look: Look) -> Difference:
    """Compare two numbers."""
    if before == after or (before != before and after != after):  # noqa: PLR0124 (NaN)
        return SAME if type(before) is type(after) else arrow(before, after)
    delta = percent = ""
    # A whole number that is too large for a float has no percent, and needs none.
    if all(isinstance(n, int) or math.isfinite(n) for n in (before, after)):
        delta, percent = _signed(before, after), _percent(before, after)
    return Difference(Change(*_digits(before, after), percent, delta))


def compare_plain(before: Any, after: Any, _look: Look) -> Difference:
    """Compare two booleans, or two of another kind that says itself in a word."""
    return SAME if before == after else arrow(before, after)


def _digits(before: float, after: float) -> tuple[str, str]:
    """Give both numbers in as few digits as tell them apart."""
    whole = line_of(before), line_of(after)
    if max(map(len, whole)) <= SHORT or isinstance(before, int) or isinstance(after, int):
        return whole
    digits = next((n for n in (4, 6, 9, 12) if f"{before:.{n}g}" != f"{after:.{n}g}"), 17)
    return f"{before:.{digits}g}", f"{after:.{digits}g}"


def _signed(before: float, after: float) -> str:
    try:
        delta = after - before
    except OverflowError:
        return ""
    text = line_of(abs(delta)) if isinstance(delta, int) else f"{abs(delta):.4g}"
    return f"{'−' if delta < 0 else '+'}{text}"


def _percent(before: float, after: float) -> str:
    if not before:
        return ""
    try:
        share = 100 * abs((after - before) / before)
    except OverflowError:
        return ""
    if not share:
        return ""
    sign = "−" if after < before else "+"
    if share >= 1000:
        return f"{sign}{share:,.0f} %" if share < 1e6 else ""
    return f"{sign}{share:.2f} %" if share >= 0.005 else f"{sign}{share:.1g} %"
