"""What a test can assert of an output: its value where that is small, else its shape and a digest."""

from __future__ import annotations

import ast
import math
from typing import Any

from spin_magic.foreign import Misbehaved, contained
from spin_magic.loop.compare import Incomparable, same_value
from spin_magic.loop.digest import digest
from spin_magic.printable import one_line, quoted

LONGEST = 300
FEW = 10
_SIZED = (str, bytes, list, tuple, set, frozenset, dict)
_WRITTEN = (bool, int, float, complex, str, bytes, list, tuple, set, dict, type(None))
# Seconds.
PATIENCE = 2.0
_NUMBERS = (bool, int, float, complex)


def literal(value: Any) -> str | None:
    """Write a value down as Python's own text for it; None where that would not give it back, or is long."""
    if type(value) not in _WRITTEN:  # its `repr` is anybody's
        return None
    try:
        with contained(PATIENCE):
            text = repr(value)
        if len(text) > LONGEST:
            return None
        again = ast.literal_eval(text)
        return text if same_value(value, again) else None
    except (Misbehaved, ValueError, SyntaxError, TypeError, MemoryError, RecursionError, Incomparable):
        return None


def assertions(name: str, value: Any) -> list[str]:
    """Give the lines that assert one output.

    Parameters
    ----------
    name : str
        Name of the artifact.
    value : object
        What it was.
    """
    what = f"result[{quoted(name)}]"
    small = _small(what, value)
    if small is not None:
        return [small]
    lines = _shape(what, value)
    try:
        return [*lines, f'assert digest({what}) == "{digest(value)}"']
    except Exception:  # noqa: BLE001 -- the value's own code; what has no digest is compared by its type
        kind = type(value).__qualname__
        return [
            f"# {one_line(name)}: a {one_line(kind)} has no form that is the same in every process.",
            *(lines or [f"assert type({what}).__qualname__ == {quoted(kind)}"]),
        ]


def _small(what: str, value: Any) -> str | None:
    if value is None or isinstance(value, bool):
        return f"assert {what} is {value}"
    if type(value) is float:
        return f"assert {what} == {_approx(value)}"
    root = type(value).__module__.partition(".")[0]
    if root == "numpy" and getattr(value, "ndim", None) == 0 and value.dtype.kind in "biuf":
        inner = _small(what, value.item())
        return inner.replace(" is ", " == ") if inner else None
    if (
        root == "numpy"
        and getattr(value, "ndim", None) == 1
        and len(value) <= FEW
        and value.dtype.kind in "biuf"
    ):
        return _small(f"{what}.tolist()", value.tolist())
    if _has_float(value):
        text = literal(value)
        return f"assert {what} == pytest.approx({text})" if text else None
    text = literal(value)
    return f"assert {what} == {text}" if text else None


def _small_numpy(what: str, value: Any) -> str | None:
    if value.ndim == 0:
        # A bool of NumPy's is none of Python's two.
        inner = _small(what, value.item())
        return inner.replace(" is ", " == ") if inner else None
    return _small(f"{what}.tolist()", value.tolist()) if value.ndim == 1 and len(value) <= FEW else None


def _has_float(value: Any) -> bool:
    """Tell whether this is a flat list or dict of numbers with floats among them, which pytest compares."""
    items = list(value.values()) if type(value) is dict else value
    if type(value) not in (list, tuple, dict) or not all(type(item) in _NUMBERS for item in items):
        return False
    return any(type(item) is float for item in items)


def _approx(value: float) -> str:
    if math.isnan(value):
        return 'pytest.approx(float("nan"), nan_ok=True)'
    return f'float("{value}")' if math.isinf(value) else f"pytest.approx({value!r})"


def _shape(what: str, value: Any) -> list[str]:
    """Give what a reader should see of a large value, as lines."""
    if type(value) in _SIZED:
        return [f"assert len({what}) == {len(value)}"]
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple):
        return []
    lines = [f"assert {what}.shape == {tuple(int(n) for n in shape)}"]
    if hasattr(value, "dtype"):
        lines.append(f"assert str({what}.dtype) == {quoted(str(value.dtype))}")
    columns = literal(list(getattr(value, "columns", ())))
    return [*lines, f"assert list({what}.columns) == {columns}"] if columns and columns != "[]" else lines
