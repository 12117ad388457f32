"""A value -> one line, its shape and its size; never failing, never for long."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import Any

from spin_magic.printable import clean, clip
from spin_magic.report.guard import attempt
from spin_magic.report.short import Short, is_a
from spin_magic.settings import SpinMagic

__all__ = [
    "bytes_of",
    "cell_of",
    "clean",
    "clip",
    "line_of",
    "name_of",
    "scalar_of",
    "sentence",
    "shape_of",
    "size_text",
    "type_of",
]

UNSHOWN = "(no preview)"


def line_of(value: Any) -> str:
    """Give the value on one line."""
    length = SpinMagic.instance().preview_length
    return attempt(lambda: clip(clean(" ".join(_short(length).repr(value).split())), length), UNSHOWN)


@functools.lru_cache(maxsize=4)
def _short(length: int) -> Short:
    return Short(items=max(6, length // 20), characters=length)


def sentence(text: str) -> str:
    """Give a text of ours or Metaflow's as one printable line."""
    return clip(clean(" ".join(str(text).split())), 1_000)


def name_of(name: str) -> str:
    """Give the name of an artifact, which ``setattr`` may have made of anything, as one short line."""
    return clip(clean(name).replace("\n", "\\n").replace("\t", "\\t"), 60)


def type_of(value: Any) -> str:
    """Give the name of the value's class."""
    return clip(clean(type(value).__name__), 60)


def shape_of(value: Any) -> str:
    """Say how large the value is in its own terms: ``2,000 x 11``, ``4 keys``, ``12 characters``."""
    return attempt(lambda: _shape(value), "")


def _shape(value: Any) -> str:
    shape = () if isinstance(value, type) else getattr(value, "shape", ())
    if isinstance(shape, tuple) and shape and all(isinstance(n, int) for n in shape):
        return " × ".join(f"{n:,}" for n in shape) if len(shape) > 1 else _count(shape[0], "value")
    if isinstance(value, str):
        return _count(len(value), "character")
    if isinstance(value, (bytes, bytearray)):
        return _count(len(value), "byte")
    if isinstance(value, Mapping):
        return _count(len(value), "key")
    if hasattr(type(value), "__len__"):
        return _count(len(value), "item")
    return ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def bytes_of(value: Any) -> int | None:
    """Estimate the bytes of a value where that costs nothing, else None."""
    return attempt(lambda: _bytes(value), None)


def _bytes(value: Any) -> int | None:
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, bytearray)):
        return sys.getsizeof(value)
    if is_a(value, "DataFrame") and hasattr(value, "iloc"):
        # `memory_usage` says the same, and takes a millisecond.
        return sum(getattr(dtype, "itemsize", 8) for dtype in value.dtypes) * len(value)
    if is_a(value, "DataFrame") and hasattr(value, "estimated_size"):
        return int(value.estimated_size())
    nbytes = getattr(value, "nbytes", None)
    return nbytes if isinstance(nbytes, int) else None


def size_text(size: int | None) -> str:
    """Give bytes for a human: ``312 B``, ``1.2 kB``, ``176 kB``, ``1.02 GB``."""
    if size is None:
        return ""
    if size < 1000:
        return f"{size} B"
    number = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        number /= 1000
        if number < 999.5 or unit == "TB":
            break
    return f"{number:.0f} {unit}" if number >= 100 else f"{number:.1f} {unit}"


def cell_of(value: Any) -> str:
    """Give a value as the text of a table's cell."""
    if isinstance(value, str):
        return clip(clean(value), 40)
    plain = scalar_of(value)
    if hasattr(plain, "isoformat"):
        return str(plain).removesuffix(" 00:00:00")
    # Such a repr is short and never fails; anything else may.
    return repr(plain) if type(plain) in (float, bool) else clip(line_of(plain), 40)


def scalar_of(value: Any) -> Any:
    """Give the Python number in a library's own scalar (``np.float32``); other values as they are."""
    plain = value
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        plain = value.item()
    return float(f"{plain:.6g}") if isinstance(plain, float) else plain
