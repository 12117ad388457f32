"""A value as plain data, so that two processes can compare what they hold without sharing a class.

Exact where equality is lenient: types, dtypes, the order of dicts, NaN, -0.0, memory layout of arrays
are not forgiven. Classes of flow files and of modules beside them are told by qualified name alone,
since a run knows them as ``__main__.X`` and a spin by another module name.
"""

from __future__ import annotations

import enum
import inspect
import math
import sys
import types
from collections.abc import Mapping
from typing import Any

LIBRARIES = {"numpy", "pandas", "sklearn", "scipy", "metaflow", *sys.stdlib_module_names} - {"__main__"}
SIMPLE = (bool, int, str, bytes, type(None), complex)


def type_name(cls: type) -> str:
    module = cls.__module__ or ""
    return f"{module}.{cls.__qualname__}" if module.partition(".")[0] in LIBRARIES else cls.__qualname__


def describe(value: Any, path: tuple[int, ...] = ()) -> Any:
    """Give the value as nested tuples of strings, numbers and bytes."""
    if id(value) in path:
        return ("cycle", path[::-1].index(id(value)))
    if type(value) in SIMPLE:
        return (type(value).__name__, value)
    if type(value) is float:
        return ("float", "nan" if math.isnan(value) else value.hex())
    path = (*path, id(value))
    return (type_name(type(value)), *_inside(value, path))


def _inside(value: Any, path: tuple[int, ...]) -> tuple[Any, ...]:
    library = type(value).__module__.partition(".")[0]
    if isinstance(value, enum.Enum):
        return (value.name, describe(value.value, path))
    if isinstance(value, type):
        return ("class", type_name(value))
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.ModuleType)):
        return ("by name", getattr(value, "__qualname__", value.__name__))
    if library == "numpy":
        return _numpy(value, path)
    if library == "pandas":
        return _pandas(value, path)
    if library == "polars":
        return (repr(value.schema), describe(value.to_dict(as_series=False), path))
    if library == "pyarrow":
        return (str(value.schema), describe(value.to_pydict(), path))
    return _plain(value, path)


def _plain(value: Any, path: tuple[int, ...]) -> tuple[Any, ...]:
    parts: list[Any] = []
    if isinstance(value, (dict, Mapping)):
        parts.append(tuple((describe(k, path), describe(v, path)) for k, v in value.items()))
    elif isinstance(value, (set, frozenset)):
        parts.append(tuple(sorted((describe(v, path) for v in value), key=repr)))
    elif isinstance(value, (list, tuple)):
        parts.append(tuple(describe(v, path) for v in value))
    elif isinstance(value, BaseException):
        parts.append(tuple(describe(v, path) for v in value.args))
    elif isinstance(value, (int, str, bytes, bytearray, float)):
        parts.append(repr(value))
    state = _state(value)
    if state is None and not parts:
        return ("reduced", *(describe(part, path) for part in value.__reduce_ex__(2)[1:]))
    parts.append(tuple((name, describe(v, path)) for name, v in sorted((state or {}).items())))
    return tuple(parts)


def _state(value: Any) -> dict[str, Any] | None:
    state = dict(vars(value)) if hasattr(value, "__dict__") else {}
    slots = [name for cls in type(value).__mro__ for name in _slots(cls)]
    state.update({name: getattr(value, name) for name in slots if hasattr(value, name)})
    if not state and not hasattr(value, "__dict__") and not slots:
        return None
    return state


def _slots(cls: type) -> tuple[str, ...]:
    slots = cls.__dict__.get("__slots__", ())
    named = (slots,) if isinstance(slots, str) else tuple(slots)
    return tuple(name for name in named if inspect.isdatadescriptor(getattr(cls, name, None)))


def _numpy(value: Any, path: tuple[int, ...]) -> tuple[Any, ...]:
    import numpy as np

    if isinstance(value, np.ndarray):
        # A view that is not contiguous is stored as a C array.
        layout = "F" if value.flags["F_CONTIGUOUS"] and not value.flags["C_CONTIGUOUS"] else "C"
        if value.dtype.hasobject:
            content: Any = tuple(describe(v, path) for v in value.ravel().tolist())
        else:
            content = value.tobytes()
        return (str(value.dtype), value.shape, layout, content)
    if isinstance(value, np.generic):
        return (str(value.dtype), value.tobytes())
    if isinstance(value, np.dtype):
        return (str(value),)
    return _plain(value, path)


def _pandas(value: Any, path: tuple[int, ...]) -> tuple[Any, ...]:
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        columns = tuple(describe(value.iloc[:, i], path) for i in range(value.shape[1]))
        return (describe(value.columns, path), columns, describe(dict(value.attrs), path))
    if isinstance(value, pd.Series):
        return (describe(value.name, path), describe(value.index, path), *_column(value, path))
    if isinstance(value, pd.MultiIndex):
        return (describe(list(value.names), path), describe(list(value), path))
    if isinstance(value, pd.Index):
        return (describe(value.name, path), *_column(value, path))
    if value is pd.NA or isinstance(
        value, (type(pd.NaT), pd.Timestamp, pd.Timedelta, pd.Interval, pd.Period)
    ):
        return (repr(value),)
    return _plain(value, path)


def _column(values: Any, path: tuple[int, ...]) -> tuple[Any, ...]:
    return (repr(values.dtype), describe(values.tolist(), path))


def difference(expected: Any, found: Any, where: str = "") -> str:
    """Say where two descriptions part, briefly; empty where they are equal."""
    if expected == found and type(expected) is type(found):
        return ""
    if isinstance(expected, tuple) and isinstance(found, tuple) and len(expected) == len(found):
        for i, (one, other) in enumerate(zip(expected, found, strict=True)):
            if text := difference(one, other, f"{where}[{i}]"):
                return text
    return f"at {where or 'top'}: run {_short(expected)} spin {_short(found)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else f"{text[:200]}..."
