"""For tests of steps: a digest of values that are too large to write down."""

from __future__ import annotations

import hashlib
from typing import Any

LARGE_BITS = 10_000
_PLAIN = (str, bytes, bytearray, int, float, complex, bool, type(None), range)


def digest(value: Any) -> str:
    """Give a digest of a value that is the same in every process where the value is the same.

    Parameters
    ----------
    value : object
        Plain data, a NumPy array, or a frame or series of pandas or polars.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        Such a value has no form that is the same each time.
    """
    summary = hashlib.sha256()
    for part in _parts(value):
        summary.update(part)
        summary.update(b"\0")
    return summary.hexdigest()[:32]


def _parts(value: Any) -> list[bytes]:
    root = type(value).__module__.partition(".")[0]
    if root == "numpy" and hasattr(value, "tobytes") and value.dtype.kind != "O":
        return [value.dtype.str.encode(), repr(value.shape).encode(), value.tobytes()]
    if root == "pandas" and hasattr(value, "memory_usage"):
        from pandas.util import hash_pandas_object

        labels = [str(getattr(value, name, "")) for name in ("name", "columns", "dtypes")]
        return [*(label.encode() for label in labels), hash_pandas_object(value).to_numpy().tobytes()]
    if root == "polars" and hasattr(value, "to_dict"):
        return [repr(value.schema).encode(), *_parts(value.to_dict(as_series=False))]
    if root == "polars" and hasattr(value, "to_list"):
        return [repr((value.name, value.dtype)).encode(), *_parts(value.to_list())]
    return [_plain(value).encode("utf-8", "surrogatepass")]


def _plain(value: Any) -> str:
    """Write down plain data; sets in the order of their items' texts, for their own is another each time."""
    kind = type(value)
    if kind is int and value.bit_length() > LARGE_BITS:
        return hex(value)  # Python refuses to write thousands of digits
    if kind in _PLAIN:
        return repr(value)
    if kind in (list, tuple):
        return f"{kind.__name__}({', '.join(map(_plain, value))})"
    if kind in (set, frozenset):
        return f"{kind.__name__}({', '.join(sorted(map(_plain, value)))})"
    if kind is dict:
        return f"dict({', '.join(f'{_plain(key)}: {_plain(item)}' for key, item in value.items())})"
    msg = f"A {kind.__name__} has no form that is the same in every process."
    raise TypeError(msg)
