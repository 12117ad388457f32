"""One value -> one line, by a ``reprlib`` that looks at a few elements of whatever container."""

from __future__ import annotations

import re
import reprlib
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,16}\b")


def is_a(value: Any, class_name: str) -> bool:
    """Say whether the value's class, or a base of it, has that name: no library is imported to ask."""
    return any(base.__name__ == class_name for base in type(value).__mro__)


class Short(reprlib.Repr):
    """A ``reprlib.Repr`` that never sorts, counts or prints more than it shows.

    Parameters
    ----------
    items : int
        How many elements of a container to show.
    characters : int
        How many characters of a string, or of any one ``repr``, to show.
    digits : int
        How many digits of a float inside a container. Default: all.
    """

    def __init__(self, items: int, characters: int, digits: int = 17) -> None:
        super().__init__()
        self.digits = digits
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = self.maxdeque = items
        self.maxlevel = 3
        self.maxstring = self.maxother = characters

    def repr1(self, x: Any, level: int) -> str:
        """Give one value, at a depth."""
        if type(x).__name__ == "MaskedConstant":
            return "--"
        if getattr(x, "shape", None) == () and hasattr(x, "item"):
            x = x.item()
            # An element of an array: its last digits say nothing on one line.
            x = float(f"{x:.6g}") if isinstance(x, float) and level < self.maxlevel else x
        elif type(x) is float and level < self.maxlevel:
            x = float(f"{x:.{self.digits}g}")
        for base, method in _BY_TYPE:
            if isinstance(x, base):
                return method(self, x, level)
        if is_a(x, "DataFrame"):
            more = ", …" if len(x.columns) > self.maxlist else ""
            return f"columns {', '.join(str(c) for c in islice(x.columns, self.maxlist))}{more}"
        if is_a(x, "ndarray") and x.dtype.names is None:
            return self._sequence(x.flat, x.size, "[]", level)
        if is_a(x, "Series") and hasattr(x, "iloc"):
            return self._sequence(x.iloc[: self.maxlist], len(x), "[]", level)
        if hasattr(type(x), "__dataclass_fields__") and type(x).__dataclass_params__.repr:
            return self._dataclass(x, level)
        # An address differs from one kernel to the next, and says nothing.
        return _ADDRESS.sub("", self._cut(repr(x)))

    def _cut(self, text: str) -> str:
        return text if len(text) <= self.maxother else text[: self.maxother - 1] + "…"

    def _text(self, x: str | bytes, _level: int) -> str:
        text = repr(x[: self.maxstring])
        return self._cut(text) if len(x) <= self.maxstring else text + "…"

    def _number(self, x: int, _level: int) -> str:
        # repr() of an int of thousands of digits is slow, then an error.
        return f"int of {x.bit_length():,} bits" if x.bit_length() > 400 else self._cut(repr(x))

    def _sequence(self, items: Iterable[Any], length: int, brackets: str, level: int) -> str:
        if level <= 0:
            return f"{brackets[0]}…{brackets[1]}" if length else brackets
        shown = [self.repr1(item, level - 1) for item in islice(items, self.maxlist)]
        more = ", …" if length > self.maxlist else ""
        comma = "," if brackets == "()" and length == 1 else ""
        return f"{brackets[0]}{', '.join(shown)}{comma}{more}{brackets[1]}"

    def _plain(self, x: Any, level: int) -> str:
        brackets = "()" if isinstance(x, tuple) else "{}" if isinstance(x, (set, frozenset)) else "[]"
        if isinstance(x, (set, frozenset)) and not x:
            return f"{type(x).__name__}()"
        inner = self._sequence(x, len(x), brackets, level)
        return inner if type(x) in (list, tuple, set) else f"{type(x).__name__}({inner})"

    def _mapping(self, x: dict[Any, Any], level: int) -> str:
        if level <= 0:
            inner = "{…}" if x else "{}"
        else:
            pairs = islice(x.items(), self.maxdict)
            shown = [f"{self.repr1(k, level - 1)}: {self.repr1(v, level - 1)}" for k, v in pairs]
            inner = f"{{{', '.join(shown)}{', …' if len(x) > self.maxdict else ''}}}"
        return inner if type(x) is dict else f"{type(x).__name__}({inner})"

    def _dataclass(self, x: Any, level: int) -> str:
        names = [name for name, field in type(x).__dataclass_fields__.items() if field.repr]
        shown = [f"{name}={self.repr1(getattr(x, name), level - 1)}" for name in names[: self.maxlist]]
        return f"{type(x).__name__}({', '.join(shown)}{', …' if len(names) > self.maxlist else ''})"


_BY_TYPE: tuple[tuple[Any, Callable[[Short, Any, int], str]], ...] = (
    ((str, bytes, bytearray), Short._text),  # noqa: SLF001
    (bool, lambda _self, x, _level: repr(x)),
    (int, Short._number),  # noqa: SLF001
    (dict, Short._mapping),  # noqa: SLF001
    ((list, tuple, set, frozenset, deque), Short._plain),  # noqa: SLF001
)
