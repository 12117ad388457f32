"""Arrays of times as arrays of integers, since NumPy gives no buffers of them: it pickles a copy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

# Below this, a copy costs nothing.
SMALLEST = 1024


def reducers() -> dict[type, Callable[[Any], Any]]:
    """Give how to pickle arrays, if NumPy is in use."""
    numpy = sys.modules.get("numpy")
    array = getattr(numpy, "ndarray", None)
    return {array: _reduce} if array else {}


def _reduce(array: Any) -> Any:
    flags = array.flags
    if (
        array.dtype.kind not in "mM"
        or array.nbytes < SMALLEST
        or not (flags.c_contiguous or flags.f_contiguous)
    ):
        return array.__reduce_ex__(5)
    order = array.dtype.byteorder.replace("|", "=")
    return times, (array.view(f"{order}i8"), array.dtype)


def times(integers: Any, kind: Any) -> Any:
    """Make the array of times again, over the same memory."""
    return integers.view(kind)
