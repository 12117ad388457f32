"""Are two values the same? By what is stored of them: an object's own ``__eq__`` is never believed alone."""

from __future__ import annotations

import copyreg
import dataclasses
import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, FunctionType
from typing import Any

from spin_magic.foreign import Overdue, contained, said_of

MAX_DEPTH = 200
DEEP = f"nested deeper than {MAX_DEPTH} levels"
LEAST_SECONDS = 0.03
# Of elements that only their identity tells apart, each is looked for among all others.
MOST_ALIKE = 200
LATE = "there was no time: ask with diff()"
_CONTAINERS = (list, tuple, dict, set, frozenset, deque)
_ATOMS = frozenset({str, bytes, bytearray, int, complex, float, bool, type(None), range})


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
    left = None if deadline is None else max(deadline - time.perf_counter(), LEAST_SECONDS)
    try:
        with contained(left):
            return _Comparison(deadline).same(a, b, 0)
    except Incomparable:
        raise
    except Overdue:
        raise Incomparable(LATE) from None
    except RecursionError:
        raise Incomparable(DEEP) from None
    except Exception as ex:
        msg = f"comparing raised {said_of(ex)}"
        raise Incomparable(msg) from ex


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
        if type(a) in _ATOMS:
            return type(a) is type(b) and _same_atom(a, b)
        if type(a).__module__ != type(b).__module__ or type(a).__qualname__ != type(b).__qualname__:
            return False
        if (id(a), id(b)) in self._seen:
            return True
        self._seen[id(a), id(b)] = (a, b)
        if depth > MAX_DEPTH:
            raise Incomparable(DEEP)
        if self._deadline is not None and time.perf_counter() > self._deadline:
            raise Incomparable(LATE)
        return _RULES[_kind(a)](self, a, b, depth)

    def all_same(self, some: Iterable[Any], others: Iterable[Any], depth: int) -> bool:
        """Tell whether two rows of parts are the same."""
        for x, y in zip(some, others, strict=True):  # noqa: SIM110 -- a generator would be one more frame
            if not self.same(x, y, depth + 1):
                return False
        return True

    def apart(self, a: Any, b: Any, depth: int) -> bool:
        """Tell the same where a difference does not decide about the whole: what was seen is another's."""
        return _Comparison(self._deadline).same(a, b, depth + 1)


def _kind(value: Any) -> str:
    # By the type and not `isinstance`, which asks the value for its `__class__`; and a class that derives
    # from a list may hold more than its items.
    exact = type(value)
    if exact in _KINDS:
        return _KINDS[exact]
    if exact in (FunctionType, BuiltinFunctionType) or issubclass(exact, type):
        # A pickle has the name of such, and nothing else; what has none is in no pickle.
        return "object" if "<" in str(getattr(value, "__qualname__", "")) else "named"
    root, name = str(exact.__module__).partition(".")[0], exact.__name__
    if root == "numpy" and hasattr(exact, "dtype"):
        return "masked" if any(base.__name__ == "MaskedArray" for base in exact.__mro__) else "array"
    if root == "pandas" and hasattr(exact, "equals"):
        return "pandas"
    if root == "polars" and name in ("DataFrame", "Series"):
        return "polars"
    if root == "pyarrow" and hasattr(exact, "equals"):
        return "arrow"
    if root == "scipy" and hasattr(exact, "tocsr"):
        return "sparse"
    return "object"


def _same_atom(a: Any, b: Any) -> bool:
    if type(a) is complex:
        return _same_atom(a.real, b.real) and _same_atom(a.imag, b.imag)
    if a != b:
        return bool(a != a and b != b)  # noqa: PLR0124 -- NaN is what differs from itself
    # 0.0 and -0.0 are equal, and not the same.
    return bool(a) or type(a) is not float or repr(a) == repr(b)


def _same_array(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    import numpy as np

    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.names:
        return all(comparison.same(a[name], b[name], depth + 1) for name in a.dtype.names)
    if a.dtype == object:
        return comparison.all_same(np.ravel(a), np.ravel(b), depth)
    if a.dtype.names is not None:
        return all(comparison.same(a[name], b[name], depth + 1) for name in a.dtype.names)
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fcmM"))


def _same_masked(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    import numpy as np

    parts = [(each.data, np.ma.getmaskarray(each), each.fill_value, each.hardmask) for each in (a, b)]
    return comparison.all_same(parts[0], parts[1], depth)


def _same_pandas(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    labels, others = ([getattr(x, name, None) for name in ("name", "names", "attrs")] for x in (a, b))
    if not comparison.same(labels, others, depth + 1):
        return False
    for axis in ("index", "columns"):
        mine, other = getattr(a, axis, None), getattr(b, axis, None)
        # Whether it is written out or a range is no difference.
        if mine is not None and not _same_pandas(comparison, mine, other, depth + 1):
            return False
    if not hasattr(a, "columns"):
        return _same_column(comparison, a, b, depth)
    if not any(getattr(kind, "hasobject", hasattr(kind, "categories")) for kind in a.dtypes):
        return bool(a.equals(b))
    pairs = ((a.iloc[:, at], b.iloc[:, at]) for at in range(a.shape[1]))
    return all(_same_column(comparison, *pair, depth) for pair in pairs)


def _same_column(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    import pandas as pd

    if getattr(a, "nlevels", 1) > 1:
        return bool(a.equals(b)) and list(a.dtypes) == list(b.dtypes)
    if a.dtype != b.dtype or len(a) != len(b):
        return False
    if a.dtype != object:
        # Two types of categories are equal whatever the order of these.
        mine, other = (getattr(each.dtype, "categories", None) for each in (a, b))
        return bool(a.equals(b)) and comparison.same(mine, other, depth + 1)
    # To pandas 1 equals True and 1.0 among objects, and no list with a NaN in it equals another.
    strings = all(pd.api.types.infer_dtype(x, skipna=False) == "string" for x in (a, b))
    return bool(a.equals(b)) if strings else comparison.same(a.to_numpy(), b.to_numpy(), depth + 1)


def _same_polars(_comparison: _Comparison, a: Any, b: Any, _: int) -> bool:
    return bool(a.equals(b, null_equal=True))


def _same_arrow(_comparison: _Comparison, a: Any, b: Any, _: int) -> bool:
    return bool(a.equals(b))


def _same_sparse(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    parts = []
    for matrix in (a, b):
        rows = matrix.tocsr().copy()
        rows.sum_duplicates()
        parts.append([matrix.shape, rows.indptr, rows.indices, rows.data])
    return comparison.same(parts[0], parts[1], depth + 1)


def _same_mapping(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    return (
        len(a) == len(b)
        and comparison.all_same(a, b, depth)
        and comparison.all_same(a.values(), b.values(), depth)
    )


def _same_sequence(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    return len(a) == len(b) and comparison.all_same(a, b, depth)


def _same_set(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    if len(a) != len(b):
        return False
    # The order of a set is another in each process, and 1, True and 1.0 are the same to it.
    theirs = {each: each for each in b}
    if not all(comparison.same(each, theirs[each], depth + 1) for each in a if each in theirs):
        return False
    # NaN, and objects without an equality of their own.
    mine, others = [each for each in a if each not in theirs], [each for each in b if each not in a]
    if any(type(each) in _ATOMS and each == each for each in mine):  # noqa: PLR0124 -- as above
        return False
    if len(mine) > MOST_ALIKE:
        msg = f"a set of more than {MOST_ALIKE} elements that only their identity tells apart"
        raise Incomparable(msg)
    for each in mine:
        found = next((at for at, other in enumerate(others) if comparison.apart(each, other, depth)), None)
        if found is None:
            return False
        del others[found]
    return True


def _same_named(_comparison: _Comparison, a: Any, b: Any, _: int) -> bool:
    names = [(getattr(each, "__module__", None), getattr(each, "__qualname__", None)) for each in (a, b)]
    return names[0] == names[1]


def _same_object(comparison: _Comparison, a: Any, b: Any, depth: int) -> bool:
    mine, other = _reduced(a), _reduced(b)
    if isinstance(mine, str) or isinstance(other, str):
        return bool(mine == other)
    if comparison.same(_parts(mine), _parts(other), depth + 1):
        return True
    own: Any = type(a).__eq__
    # That of containers and dataclasses takes 1 for 1.0, as numbers do.
    if own is object.__eq__ or isinstance(a, _CONTAINERS) or dataclasses.is_dataclass(a):
        return False
    if pickle.dumps(a, 4) == pickle.dumps(b, 4):
        return True
    if (a == b) is True:
        msg = "its own == says that it is the same, but what is stored differs"
        raise Incomparable(msg)
    return False


def _reduced(value: Any) -> Any:
    known = copyreg.dispatch_table.get(type(value))
    return known(value) if known else value.__reduce_ex__(4)


def _parts(reduced: Any) -> list[Any]:
    items = [part if part is None else list(part) for part in reduced[3:5]]
    return [*reduced[:3], *items, *reduced[5:]]


_KINDS: dict[type, str] = {
    dict: "mapping",
    list: "sequence",
    tuple: "sequence",
    set: "set",
    frozenset: "set",
}
_RULES: dict[str, Callable[[_Comparison, Any, Any, int], bool]] = {
    "sparse": _same_sparse,
    "array": _same_array,
    "masked": _same_masked,
    "pandas": _same_pandas,
    "polars": _same_polars,
    "arrow": _same_arrow,
    "mapping": _same_mapping,
    "sequence": _same_sequence,
    "set": _same_set,
    "named": _same_named,
    "object": _same_object,
}
