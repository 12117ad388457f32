"""Anything else: by its own equality and repr, and by pickle bytes."""

from __future__ import annotations

import io
import pickle
from typing import Any

from spin_magic.report.blocks import Change, Difference
from spin_magic.report.changes.look import SAME, Look, arrow
from spin_magic.report.preview import line_of, size_text

SHORT = 40
PICKLE = 2_000_000


def compare(before: Any, after: Any, _look: Look) -> Difference:
    """Compare two objects of one class that have no parts to look into."""
    if _equal(before, after):
        return SAME
    was, now = line_of(before), line_of(after)
    if was != now and max(len(was), len(now)) <= SHORT:
        return arrow(before, after)
    return compare_pickles(before, after)


def compare_pickles(before: Any, after: Any) -> Difference:
    """Compare two objects by their pickles."""
    one, other = _pickled(before), _pickled(after)
    if one is None or other is None:
        return Difference(Change(note="not looked into: it is large or does not pickle"))
    if one == other:
        return SAME
    note = f"pickles differ: {size_text(len(one))} → {size_text(len(other))}"
    return Difference(Change(note=note))


def compare_bytes(before: bytes, after: bytes, _look: Look) -> Difference:
    """Compare two byte strings."""
    if before == after:
        return SAME
    was, now = line_of(before), line_of(after)
    if max(len(was), len(now)) <= SHORT:
        return arrow(before, after)
    shorter = min(len(before), len(after), PICKLE)
    start = next((i for i in range(0, shorter, 4096) if before[i : i + 4096] != after[i : i + 4096]), shorter)
    first = next((i for i in range(start, min(start + 4096, shorter)) if before[i] != after[i]), shorter)
    sizes = f"{len(before):,} → {len(after):,} bytes, " if len(before) != len(after) else ""
    return Difference(Change(note=f"{sizes}differs from byte {first + 1:,} on"))


def _equal(before: Any, after: Any) -> bool:
    try:
        return bool(before == after)
    except Exception:  # noqa: BLE001  (the user's own comparison)
        return False


class _Bounded(io.BytesIO):
    def write(self, data: Any, /) -> int:
        if self.tell() + len(data) > PICKLE:
            raise OverflowError
        return super().write(data)


def _pickled(value: Any) -> bytes | None:
    data = _Bounded()
    try:
        pickle.Pickler(data, protocol=5).dump(value)
    except Exception:  # noqa: BLE001  (pickling may run any code)
        return None
    return data.getvalue()
