"""Figures and images: before and now, side by side."""

from __future__ import annotations

from typing import Any

from spin_magic.report.blocks import Change, Detail, Difference, Pictures
from spin_magic.report.changes.look import SAME, Look
from spin_magic.report.preview import shape_of
from spin_magic.report.rich import picture_of
from spin_magic.report.short import is_a


def is_picture(value: Any) -> bool:
    """Say whether the value is a figure of matplotlib or an image of PIL."""
    if is_a(value, "Figure"):
        return hasattr(value, "savefig")
    return is_a(value, "Image") and hasattr(value, "thumbnail")


def compare(before: Any, after: Any, _look: Look) -> Difference:
    """Show two pictures side by side."""
    was, now = picture_of(before), picture_of(after)
    sizes = _size(before), _size(after)
    resized = Change(*sizes) if sizes[0] != sizes[1] and all(sizes) else None
    if was == now and resized is None:
        return SAME if was else Difference(Change(note="cannot be drawn small enough to show"))
    pair = tuple((caption, data) for caption, data in (("before", was), ("now", now)) if data)
    return Difference(resized or Change(note="looks different"), Detail((Pictures(pair),)) if pair else None)


def _size(value: Any) -> str:
    size = getattr(value, "size", None)
    if isinstance(size, tuple):
        return " × ".join(f"{n:,}" for n in size) + f" {value.mode}"
    return shape_of(value)
