"""The registry: which kind two values are, and who compares that kind."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

from spin_magic.report.arrays import as_array
from spin_magic.report.blocks import Difference
from spin_magic.report.changes import arrays, frames, inside, numbers, pictures, rest, text
from spin_magic.report.changes.children import children
from spin_magic.report.changes.look import Look, arrow
from spin_magic.report.frames import frame_of
from spin_magic.report.guard import attempt
from spin_magic.report.preview import type_of
from spin_magic.report.short import is_a

SECONDS = 0.1


def difference_of(before: Any, after: Any, name: str = "", seconds: float = SECONDS) -> Difference | None:
    """Say how a value changed.

    Parameters
    ----------
    before, after : object
        The past task's value and this one's.
    name : str
        Name of the artifact, the first part of paths into it.
    seconds : float
        How long that may take.

    Returns
    -------
    Difference or None
        None where nothing can be said in that time, or the comparing raised. Never raises.
    """
    ends = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > ends:
            raise TimeoutError

    def tell(one: Any, other: Any) -> Difference:
        check()
        return _difference(one, other, look)

    look = Look(name, tell, check)
    # Warnings of libraries about our comparing would stand in the user's cell.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return attempt(lambda: tell(before, after), None, seconds=max(seconds, 0.001))


def _difference(before: Any, after: Any, look: Look) -> Difference:
    before, after = _plain(before), _plain(after)
    if numbers.is_number(before) and numbers.is_number(after):
        return numbers.compare(before, after, look)
    if type(before) is not type(after):
        return _other_type(before, after)
    for is_kind, compare in _KINDS:
        if is_kind(after):
            return compare(before, after, look)
    return rest.compare(before, after, look)


def _other_type(before: Any, after: Any) -> Difference:
    if before is None or after is None:
        return arrow(before, after)
    return arrow(before, after, f"was {type_of(before)}, is {type_of(after)}")


def _plain(value: Any) -> Any:
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def _is_array(value: Any) -> bool:
    return is_a(value, "ndarray") or as_array(value) is not None


# The first that knows the kind compares.
_KINDS: tuple[tuple[Callable[[Any], Any], Callable[[Any, Any, Look], Difference]], ...] = (
    (lambda value: value is None or isinstance(value, (bool, complex)), numbers.compare_plain),
    (lambda value: isinstance(value, str), text.compare),
    (lambda value: isinstance(value, (bytes, bytearray)), rest.compare_bytes),
    (frame_of, frames.compare),
    (_is_array, arrays.compare),
    (pictures.is_picture, pictures.compare),
    (lambda value: children(value) is not None, inside.compare),
)
