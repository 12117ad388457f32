"""Are two values the same? By content, without ever believing an ``__eq__`` that is not a plain truth."""

from __future__ import annotations

import dataclasses
import pickle
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import FunctionType
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

    def apart(self, a: Any, b: Any, depth: int) -> bool:
        """Tell the same where a difference does not decide about the whole: what was seen is another's."""
        return _Comparison(self._deadline).same(a, b, depth + 1)


_SCALARS = (str, bytes, bytearray, int, complex, float, bool, type(None), range)
_CONTAINERS: dict[type, str] = {
    list: "sequence",
    tuple: "sequence",
    dict: "mapping",
    set: "set",
    frozenset: "set",
}
# Of elements that only their identity tells apart, each is looked for among all others.
_MOST_ALIKE = 200


def _kind(value: Any) -> str:
    kind = type(value)
    if kind in _SCALARS:
        return "scalar"
    if kind in _CONTAINERS:
        return _CONTAINERS[kind]
    # A pickle has the name of such, and nothing else.
    if isinstance(value, (type, FunctionType)) and "<" not in value.__qualname__:
        return "named"
    root = kind.__module__.partition(".")[0]
    if root == "numpy" and hasattr(value, "dtype"):
        return "masked" if any(base.__name__ == "MaskedArray" for base in kind.__mro__) else "array"
    if root == "pandas" and hasattr(value, "equals"):
        return "pandas"
    if root == "polars" and kind.__name__ in ("DataFrame", "Series"):
        return "polars"
    if root == "scipy" and hasattr(value, "tocsr"):
        return "sparse"
    # Of a class that is made of one of these: it may have attributes, too, or a default.
    if isinstance(value, (*_SCALARS, *_CONTAINERS, deque)):
        return "parts"
    return "mapping" if isinstance(value, Mapping) else "object"


def _same_scalar(a: Any, b: Any) -> bool:
    if isinstance(a, complex):
        return _same_scalar(a.real, b.real) and _same_scalar(a.imag, b.imag)
    return bool(a == b) or bool(a != a and b != b)  # noqa: PLR0124 -- NaN is what differs from itself


def _same_array(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    import numpy as np

    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.names:
        return all(comparison.same(a[name], b[name], depth + 1) for name in a.dtype.names)
    if a.dtype == object:
        return all(comparison.same(x, y, depth + 1) for x, y in zip(np.ravel(a), np.ravel(b), strict=True))
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fcmM"))


def _same_masked(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    from numpy import ma

    return all(comparison.same(part(a), part(b), depth + 1) for part in (ma.getmaskarray, ma.getdata))


def _same_pandas(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    labels = [getattr(x, name, None) for name in ("name", "names", "attrs") for x in (a, b)]
    axes = [(getattr(a, name), getattr(b, name)) for name in ("index", "columns") if hasattr(a, name)]
    if not all(_same_column(comparison, *axis, depth) for axis in axes):
        return False
    if not comparison.same(labels[0::2], labels[1::2], depth + 1):
        return False
    if not hasattr(a, "columns"):
        return _same_column(comparison, a, b, depth)
    if not any(dtype.kind == "O" for dtype in a.dtypes):
        return bool(a.equals(b))
    pairs = ((a.iloc[:, at], b.iloc[:, at]) for at in range(len(a.columns)))
    return all(_same_column(comparison, *pair, depth) for pair in pairs)


def _same_column(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    import pandas as pd

    if getattr(a, "nlevels", 1) > 1:
        return bool(a.equals(b)) and list(a.dtypes) == list(b.dtypes)
    if getattr(a, "dtype", None) != getattr(b, "dtype", None) or len(a) != len(b):
        return False
    if a.dtype != object:
        return bool(a.equals(b))
    # To pandas 1 equals True and 1.0 among objects, and no list with a NaN in it equals another.
    strings = all(pd.api.types.infer_dtype(x, skipna=False) == "string" for x in (a, b))
    return bool(a.equals(b)) if strings else comparison.same(a.to_numpy(), b.to_numpy(), depth + 1)


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
    return len(a) == len(b) and all(
        comparison.same(key, other, depth + 1) and comparison.same(value, another, depth + 1)
        for (key, value), (other, another) in zip(a.items(), b.items(), strict=True)
    )


def _same_named(_comparison: _Comparison, a: Any, b: Any, _: int) -> bool:
    return bool(a.__module__ == b.__module__ and a.__qualname__ == b.__qualname__)


def _same_sequence(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    return len(a) == len(b) and all(comparison.same(x, y, depth + 1) for x, y in zip(a, b, strict=True))


def _same_set(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    if len(a) != len(b):
        return False
    theirs = {each: each for each in b}
    if not all(comparison.same(each, theirs[each], depth + 1) for each in a if each in theirs):
        return False
    # NaN, and objects without an equality of their own.
    mine, others = [each for each in a if each not in theirs], [each for each in b if each not in a]
    if any(each == each and _kind(each) == "scalar" for each in mine):  # noqa: PLR0124 -- as above
        return False
    if len(mine) > _MOST_ALIKE:
        msg = f"a set of more than {_MOST_ALIKE} elements that only their identity tells apart"
        raise Incomparable(msg)
    for each in mine:
        found = next((at for at, other in enumerate(others) if comparison.apart(each, other, depth)), None)
        if found is None:
            return False
        del others[found]
    return True


def _same_parts(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    reduced: list[Any] = [value.__reduce_ex__(4) for value in (a, b)]
    if isinstance(reduced[0], str):
        return bool(reduced[0] == reduced[1])
    return all(_same_part(comparison, x, y, depth) for x, y in zip(*map(_parts, reduced), strict=False))


def _same_object(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    if isinstance(a, BaseException):
        return comparison.same(a.args, b.args, depth + 1)
    own_equality: Any = type(a).__eq__
    if dataclasses.is_dataclass(a) or own_equality is object.__eq__:
        return _same_parts(comparison, a, b, depth)
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
    "set": _same_set,
    "parts": _same_parts,
    "named": _same_named,
    "masked": _same_masked,
    "object": _same_object,
}
