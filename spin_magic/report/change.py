"""Two values of one artifact -> how it changed, on one line."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

from spin_magic.report.guard import attempt
from spin_magic.report.model import Change
from spin_magic.report.preview import clip, line_of, scalar_of, shape_of, type_of
from spin_magic.report.short import is_a

NAMES = 3
SHORT = 32


def change_of(before: Any, after: Any) -> Change | None:
    """Say how a value changed.

    Parameters
    ----------
    before, after : object
        The past task's value and this one's.

    Returns
    -------
    Change or None
        None where nothing short can be said. Never raises.
    """
    return attempt(lambda: _change(before, after), None)


def _change(before: Any, after: Any) -> Change | None:
    before, after = _plain(before), _plain(after)
    if _is_number(before) and _is_number(after):
        return _number_change(before, after)
    was, now = line_of(before), line_of(after)
    if type(before) is not type(after):
        return Change(clip(was, 40), clip(now, 40), f"was {type_of(before)}, is {type_of(after)}")
    if len(was) <= SHORT and len(now) <= SHORT and was != now and not hasattr(after, "__dict__"):
        return Change(was, now)
    return _inner_change(before, after)


def _inner_change(before: Any, after: Any) -> Change | None:
    """Say what differs inside two values of one class."""
    if is_a(after, "DataFrame"):
        return Change(note=" · ".join(_frame_notes(before, after)))
    if isinstance(after, dict):
        return Change(note=" · ".join(_named_notes(before, after, "key")))
    if shape_of(before) != shape_of(after):
        return Change(shape_of(before), shape_of(after))
    if is_a(after, "ndarray"):
        return Change(note=_array_note(before, after))
    if isinstance(after, (list, tuple)):
        differing = sum(_differs(a, b) for a, b in zip(before, after, strict=True))
        return Change(note=f"{differing:,} of {len(after):,} items differ")
    inside = hasattr(after, "__dict__")
    return Change(note=" · ".join(_named_notes(vars(before), vars(after), "attribute"))) if inside else None


def _plain(value: Any) -> Any:
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number_change(before: float, after: float) -> Change:
    digits = next((n for n in (4, 6, 9, 12) if f"{before:.{n}g}" != f"{after:.{n}g}"), 17)
    percent = ""
    if before and math.isfinite(before) and math.isfinite(after):
        percent = f"{(after - before) / abs(before):+.2%}".replace("%", " %")
    return Change(_digits(before, digits), _digits(after, digits), percent)


def _digits(value: float, digits: int) -> str:
    return line_of(value) if isinstance(value, int) else f"{value:.{digits}g}"


def _frame_notes(before: Any, after: Any) -> list[str]:
    notes = _names_notes(list(before.columns), list(after.columns), "column")
    if len(before) != len(after):
        return [f"{len(before):,} → {len(after):,} rows", *notes]
    both = [c for c in after.columns if c in set(before.columns)]
    differing = []
    for column in both:
        one, two = before[column], after[column]
        if str(one.dtype) != str(two.dtype):
            differing.append(f"{column} {one.dtype} → {two.dtype}")
            continue
        cells = int(((one.values != two.values) & ~(one.isna().values & two.isna().values)).sum())
        if cells:
            differing.append(f"{cells:,} cell{'s' * (cells > 1)} of {column} differ{'s' * (cells == 1)}")
    return [*notes, *_few(differing, "columns")] or ["same cells, another index or attributes"]


def _named_notes(before: dict[Any, Any], after: dict[Any, Any], noun: str) -> list[str]:
    notes = _names_notes(list(before), list(after), noun)
    both = [name for name in after if name in before]
    differing = [_value_note(n, before[n], after[n]) for n in both if _differs(before[n], after[n])]
    return [*notes, *_few(differing, "more")] or ["differs inside"]


def _value_note(name: Any, before: Any, after: Any) -> str:
    label = name if isinstance(name, str) else line_of(name)
    if is_a(after, "ndarray") and getattr(before, "shape", None) == after.shape:
        return f"{label} {_array_note(before, after)}"
    was, now = line_of(scalar_of(before)), line_of(scalar_of(after))
    return f"{label} {was} → {now}" if len(was) + len(now) <= SHORT and was != now else f"{label} differs"


def _names_notes(before: list[Any], after: list[Any], noun: str) -> list[str]:
    notes = []
    added, removed = [n for n in after if n not in before], [n for n in before if n not in after]
    for sign, names in (("+", added), ("-", removed)):
        if names:
            shown = ", ".join(clip(str(n), 30) for n in names[:NAMES])
            more = ", …" if len(names) > NAMES else ""
            notes.append(f"{sign}{len(names)} {noun}{'s' * (len(names) > 1)} {shown}{more}")
    return notes


def _few(notes: list[str], noun: str) -> list[str]:
    extra = len(notes) - NAMES
    return [*islice(notes, NAMES), f"{extra} {noun} differ"] if extra > 0 else notes


def _array_note(before: Any, after: Any) -> str:
    if after.dtype.kind in "fiu" and before.dtype.kind in "fiu" and after.size:
        return f"max difference {float(abs(after.astype(float) - before.astype(float)).max()):.3g}"
    return "differs"


def _differs(before: Any, after: Any) -> bool:
    if type(before) is not type(after):
        return True
    equal = before == after
    if isinstance(equal, bool):
        return not equal
    # An array or frame of answers.
    return not bool(equal.all() if is_a(equal, "ndarray") else equal.all(axis=None))
