"""Are two values the same? By content, without ever believing an ``__eq__`` that is not a plain truth."""

from __future__ import annotations

import dataclasses
import pickle
import time
from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any

MAX_DEPTH = 200


class Incomparable(Exception):  # noqa: N818 -- an answer, not a failure
    """Two values cannot be compared; the message says why."""


def same_value(a: Any, b: Any, deadline: float | None = None) -> bool:
    """Tell whether two values are the same in type and content; NaN equals NaN.

    Parameters
    ----------
    a, b : object
        The values.
    deadline : float, optional
        When to give up, by `time.perf_counter`.

    Returns
    -------
    bool

    Raises
    ------
    Incomparable
        The values nest too deep, their own code fails, or there was no time.
    """
    return _Comparison(deadline).same(a, b, 0)


class _Comparison:
    """Two values on their way down; no pair of objects is gone into twice.

    So a list that is in itself ends, and one that is in many places is looked at once.
    """

    def __init__(self, deadline: float | None) -> None:
        self._deadline = deadline
        # The objects are kept, for the id of one that is gone may be another's.
        self._seen: dict[tuple[int, int], tuple[Any, Any]] = {}

    def same(self, a: Any, b: Any, depth: int) -> bool:
        """Tell whether two parts are the same; `depth` says how deep in their containers they lie."""
        if a is b:
            return True
        if type(a).__module__ != type(b).__module__ or type(a).__qualname__ != type(b).__qualname__:
            return False
        kind = _kind(a)
        if kind == "scalar":
            return _same_scalar(a, b)
        if (id(a), id(b)) in self._seen:
            return True
        self._seen[id(a), id(b)] = (a, b)
        if depth > MAX_DEPTH:
            msg = f"nested deeper than {MAX_DEPTH} levels"
            raise Incomparable(msg)
        if self._deadline is not None and time.perf_counter() > self._deadline:
            msg = "there was no time: ask with diff()"
            raise Incomparable(msg)
        try:
            return _RULES[kind](self, a, b, depth)
        except Incomparable:
            raise
        except Exception as ex:
            msg = f"comparing raised {type(ex).__name__}: {ex}"
            raise Incomparable(msg) from ex


def _kind(value: Any) -> str:
    root = type(value).__module__.partition(".")[0]
    name = type(value).__name__
    if root == "numpy" and hasattr(value, "dtype"):
        return "array"
    if root == "pandas" and hasattr(value, "equals"):
        return "pandas"
    if root == "polars" and name in ("DataFrame", "Series"):
        return "polars"
    if root == "scipy" and hasattr(value, "tocsr"):
        return "sparse"
    if isinstance(value, (str, bytes, bytearray, int, complex, float, bool, type(None), range)):
        return "scalar"
    if isinstance(value, Mapping):
        return "mapping"
    if isinstance(value, (list, tuple)):
        return "sequence"
    if isinstance(value, (set, frozenset)):
        return "plain"
    return "object"


def _same_scalar(a: Any, b: Any) -> bool:
    return bool(a == b) or bool(a != a and b != b)  # noqa: PLR0124 -- NaN is what differs from itself


def _same_array(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    import numpy as np

    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype == object:
        return all(comparison.same(x, y, depth + 1) for x, y in zip(np.ravel(a), np.ravel(b), strict=True))
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fcmM"))


def _same_pandas(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    return bool(a.equals(b)) and comparison.same(_labels(a), _labels(b), depth + 1)


def _labels(value: Any) -> list[Any]:
    """Give what `equals` of pandas does not look at: names, attributes, and the types of its axes."""
    axes = [
        (list(getattr(axis, "names", ())), str(getattr(axis, "dtype", "")))
        for axis in getattr(value, "axes", [value])
    ]
    return [getattr(value, "name", None), getattr(value, "attrs", None), axes]


def _same_polars(_comparison: _Comparison, a: Any, b: Any, _: int) -> bool:
    return bool(a.equals(b, null_equal=True))


def _same_sparse(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    parts = []
    for matrix in (a, b):
        rows = matrix.tocsr().copy()
        rows.sum_duplicates()
        parts.append([matrix.shape, rows.indptr, rows.indices, rows.data])
    return comparison.same(parts[0], parts[1], depth + 1)


def _same_mapping(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    if len(a) != len(b) or list(a) != list(b):
        return False
    return all(comparison.same(a[key], b[key], depth + 1) for key in a)


def _same_sequence(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    return len(a) == len(b) and all(comparison.same(x, y, depth + 1) for x, y in zip(a, b, strict=True))


def _same_plain(_comparison: _Comparison, a: Any, b: Any, _: int) -> bool:
    return bool(a == b)


def _same_object(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    if isinstance(a, BaseException):
        return comparison.same(a.args, b.args, depth + 1)
    own_equality: Any = type(a).__eq__
    if dataclasses.is_dataclass(a) or own_equality is object.__eq__:
        reduced: list[Any] = [value.__reduce_ex__(4) for value in (a, b)]
        if isinstance(reduced[0], str):
            return bool(reduced[0] == reduced[1])
        # One of them may be pickled with a state that the other does not have.
        return all(_same_part(comparison, x, y, depth) for x, y in zip_longest(*map(_parts, reduced)))
    verdict = a == b
    if isinstance(verdict, bool):
        return verdict or pickle.dumps(a, 4) == pickle.dumps(b, 4)
    return pickle.dumps(a, 4) == pickle.dumps(b, 4)


def _parts(reduced: Any) -> list[Any]:
    function, arguments, *rest = reduced
    items = [
        list(part) if part is not None and not isinstance(part, (dict, tuple)) else part for part in rest
    ]
    return [function, arguments, *items]


def _same_part(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    if callable(a) and callable(b):
        return bool(getattr(a, "__qualname__", a) == getattr(b, "__qualname__", b))
    return comparison.same(a, b, depth + 1)


_RULES: dict[str, Callable[[_Comparison, Any, Any, int], bool]] = {
    "sparse": _same_sparse,
    "array": _same_array,
    "pandas": _same_pandas,
    "polars": _same_polars,
    "mapping": _same_mapping,
    "sequence": _same_sequence,
    "plain": _same_plain,
    "object": _same_object,
}
