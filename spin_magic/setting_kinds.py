"""The kinds of values that settings take, each with what it takes in words and what was probably meant."""

from __future__ import annotations

import functools
import math
import os
import re
from collections.abc import Iterable
from typing import Any, ClassVar, Generic

from spin_magic.errors import nearest
from spin_magic.traits import Setting, Value

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)
_SWITCHES = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(
    ("0", "false", "no", "off"), False
)


class Switch(Setting[bool]):
    """On or off."""

    takes = "True or False"

    def read(self, value: Any) -> bool:
        """Read a truth value; no other number or text is one."""
        if isinstance(value, bool):
            return value
        raise ValueError

    def from_string(self, s: str) -> bool:
        """Read a word for it."""
        if s.strip().lower() not in _SWITCHES:
            raise ValueError
        return _SWITCHES[s.strip().lower()]

    def near(self, value: Any) -> str:
        """Know the words of the environment variable."""
        meant = _SWITCHES.get(str(value).strip().lower())
        return "" if meant is None else f" Did you mean {meant}?"


class Bounded(Setting[Value], Generic[Value]):
    """A number within bounds.

    Parameters
    ----------
    default : float
        The default.
    least, most : float
        The bounds; both belong to it.
    help : str
        What it is.
    """

    kind: ClassVar[str]

    def __init__(self, default: Value, least: float, most: float, help: str) -> None:  # noqa: A002
        super().__init__(default, help)
        self._least, self._most = least, most
        self.takes = f"{self.kind} from {least:,g} to {most:,g}"

    def check(self, number: float) -> None:
        """Refuse a number out of bounds.

        Raises
        ------
        ValueError
            It is one.
        """
        if not self._least <= number <= self._most:
            raise ValueError

    def near(self, value: Any) -> str:
        """Know numbers in quotes, and out of bounds."""
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            return ""
        if math.isnan(number) or isinstance(value, bool):
            return ""
        return f" The nearest is {self.rounded(min(max(number, self._least), self._most)):,g}."

    def rounded(self, number: float) -> float:
        """Give the nearest number of the kind."""
        return number


class Number(Bounded[float]):
    """A number within bounds."""

    kind = "a number"

    def read(self, value: Any) -> float:
        """Read a number."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError
        self.check(value)
        return value

    def from_string(self, s: str) -> float:
        """Read its digits."""
        return self.read(float(s))


class Whole(Bounded[int]):
    """A whole number within bounds."""

    kind = "a whole number"

    def read(self, value: Any) -> int:
        """Read a whole number."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError
        self.check(value)
        return value

    def from_string(self, s: str) -> int:
        """Read its digits."""
        return self.read(int(s))

    def rounded(self, number: float) -> int:
        """Give the nearest whole number."""
        return round(number)


class Bytes(int):
    """A number of bytes that is shown as people write it."""

    def __repr__(self) -> str:
        for power, unit in ((4, "T"), (3, "G"), (2, "M"), (1, "k")):
            for base, letter in ((1000, ""), (1024, "i")):
                if self and self % base**power == 0:
                    return f"'{self // base**power} {unit.upper() if letter else unit}{letter}B'"
        return int.__repr__(self)


class Size(Setting[int]):
    """A number of bytes, or a text such as ``20GB``."""

    takes = "a number of bytes or a size such as '20GB'"

    def __init__(self, default: int, help: str) -> None:  # noqa: A002
        super().__init__(Bytes(default), help)

    def read(self, value: Any) -> int:
        """Read a size."""
        return Bytes(_bytes_in(value) if isinstance(value, str) else _count(value))

    def near(self, value: Any) -> str:
        """Know sizes with more letters than they need, as ``20 gigabytes``."""
        found = re.match(r"\s*(\d+(?:\.\d+)?)\s*([KMGT])", str(value), re.IGNORECASE)
        return f" Did you mean '{found[1]}{found[2].upper()}B'?" if found else ""


@functools.lru_cache(maxsize=8)
def _bytes_in(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError
    number, unit, binary = found.groups()
    return int(float(number) * (_BINARY if binary else _UNITS)[unit.upper()])


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError
    return value


class Text(Setting[str]):
    """A text; a path is one too."""

    takes = "a text"

    def read(self, value: Any) -> str:
        """Read a text."""
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if not isinstance(value, str):
            raise TypeError
        return value


class Kinds(Setting[tuple[str, ...]]):
    """Some of a few kinds: all for True, none for False, or their names with commas.

    Parameters
    ----------
    kinds : iterable of str
        All there are; the default.
    help : str
        What they are.
    """

    def __init__(self, kinds: Iterable[str], help: str) -> None:  # noqa: A002
        self._kinds = tuple(kinds)
        super().__init__(self._kinds, help)
        first = self._kinds[0]
        self.takes = (
            f"True, False, or some of {', '.join(self._kinds)} as in '{first},{self._kinds[1]}'; "
            f"'-{first}' is all but that"
        )

    def read(self, value: Any) -> tuple[str, ...]:
        """Read the kinds."""
        if isinstance(value, bool):
            return self._kinds if value else ()
        words = [str.strip(word) for word in (value.split(",") if isinstance(value, str) else value)]
        without = {word[1:] for word in words if word.startswith("-")}
        named = {word for word in words if word and not word.startswith("-")} or set(
            self._kinds if without else ()
        )
        if (named | without) - set(self._kinds):
            raise ValueError
        return tuple(kind for kind in self._kinds if kind in named - without)

    def from_string(self, s: str) -> tuple[str, ...]:
        """Read the kinds, or a word for all or none."""
        return self.read(_SWITCHES.get(s.strip().lower(), s))

    def near(self, value: Any) -> str:
        """Know the kind that was misspelt."""
        words = re.split(r"[\s,]+", value) if isinstance(value, str) else []
        wrong = [word.lstrip("-") for word in words if word.lstrip("-") not in self._kinds]
        return nearest(wrong[0], self._kinds) if wrong else ""
