"""Arrays of whatever library -> a few numbers and a small histogram, where that costs next to nothing."""

from __future__ import annotations

import sys
from typing import Any

from spin_magic.report.blocks import Cell
from spin_magic.report.short import is_a

BARS = 7
SMALL = 1_000_000


def numpy() -> Any:
    """Return NumPy. Whoever asks holds an array, so it is imported already."""
    return sys.modules["numpy"]


def as_array(value: Any) -> Any:
    """Give an array, tensor, series or index as a NumPy array, other values as None."""
    if is_a(value, "ndarray"):
        return value
    if is_a(value, "Tensor") and hasattr(value, "detach"):
        tensor = value.detach().cpu()
        # NumPy has no bfloat16.
        return (tensor.float() if "bfloat16" in str(tensor.dtype) else tensor).numpy()
    if is_a(value, "Series") or (is_a(value, "Index") and hasattr(value, "to_numpy")):
        return value.to_numpy()
    return None


def bytes_in(value: Any) -> int:
    """Give the bytes of an array-like value without converting it."""
    nbytes = getattr(value, "nbytes", None)
    if isinstance(nbytes, int):
        return nbytes
    return int(value.estimated_size()) if hasattr(value, "estimated_size") else len(value) * 8


def is_numeric(array: Any) -> bool:
    """Say whether the array holds numbers that can be put in order, or booleans."""
    return bool(array.dtype.kind in "fiub")


def finite(array: Any) -> Any:
    """Give the finite numbers in an array, flat."""
    flat = array.ravel()
    return flat[numpy().isfinite(flat)] if array.dtype.kind == "f" else flat


def number_text(value: Any) -> str:
    """Give a number in four digits, a whole one in full."""
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, (bool, complex)):
        return str(number)
    if isinstance(number, int) or (number == number // 1 and abs(number) < 1e15):
        return f"{int(number):,}" if abs(number) < 10**15 else f"{float(number):.4g}"
    return f"{number:.4g}"


def statistics(array: Any, names: tuple[str, ...] = ("min", "mean", "max")) -> dict[str, str]:
    """Give some statistics of the finite numbers in an array; empty texts where there are none."""
    numbers = finite(array) if is_numeric(array) else None
    if numbers is None or not numbers.size:
        return dict.fromkeys(names, "")
    with numpy().errstate(all="ignore"):
        made = {
            "min": numbers.min,
            "max": numbers.max,
            "mean": lambda: numbers.mean(dtype=float),
            # As `describe` of a frame gives it.
            "std": lambda: numbers.std(dtype=float, ddof=1) if numbers.size > 1 else float("nan"),
        }
        return {name: number_text(made[name]()) for name in names}


def histograms(*arrays: Any) -> list[Cell]:
    """Draw histograms of arrays on one common axis; empty cells where there is nothing to draw."""
    numbers = [finite(a) if a is not None and is_numeric(a) else None for a in arrays]
    filled = [n for n in numbers if n is not None and n.size]
    if not filled:
        return [Cell() for _ in arrays]
    low, high = min(float(n.min()) for n in filled), max(float(n.max()) for n in filled)
    return [_histogram(n, low, high) for n in numbers]


def _histogram(numbers: Any, low: float, high: float) -> Cell:
    if numbers is None or not numbers.size or not 0 < high - low < float("inf"):
        return Cell()
    counts, _ = numpy().histogram(numbers.astype(float), bins=BARS, range=(low, high))
    top = int(counts.max()) or 1
    heights = tuple(-(-int(count) * 8 // top) for count in counts)
    shares = " ".join(f"{100 * int(count) // numbers.size}" for count in counts)
    return Cell(f"{number_text(low)} to {number_text(high)}: {shares} %", bars=heights)


def unequal(before: Any, after: Any) -> Any:
    """Say of each element of two arrays of one shape whether it differs; two NaN are the same."""
    mask = numpy().asarray(before != after)
    if mask.dtype != bool:
        mask = mask.astype(bool)
    if before.dtype.kind in "fcmMO" and after.dtype.kind in "fcmMO" and mask.any():
        mask = mask & ~((before != before) & (after != after)).astype(bool)  # noqa: PLR0124 (NaN alone)
    return mask


def largest_difference(before: Any, after: Any) -> str:
    """Give the largest difference between elements of two arrays, or nothing where there is none."""
    if not (is_numeric(before) and is_numeric(after) and after.size):
        return ""
    with numpy().errstate(all="ignore"):
        apart = finite(abs(after.astype(float) - before.astype(float)))
    top = float(apart.max()) if apart.size else 0.0
    return f"{top:.3g}" if top else ""
