"""What the kinds of values share while two of them are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spin_magic.report.blocks import Change, Difference, code
from spin_magic.report.preview import clip, line_of

NAMES = 3
ASK = "compare `_spin.diff()`"
SAME = Difference()


@dataclass(frozen=True)
class Look:
    """One comparison.

    Attributes
    ----------
    name : str
        Name of the artifact.
    tell : callable
        Compares two values inside, of whatever kind: ``tell(before, after)``.
    check : callable
        Raises where the time is up.
    """

    name: str
    tell: Callable[[Any, Any], Difference]
    check: Callable[[], None]


def arrow(before: Any, after: Any, note: str = "") -> Difference:
    """Say it by the two values alone."""
    return Difference(Change(clip(line_of(before), 40), clip(line_of(after), 40), note))


def axes_of(value: Any) -> list[tuple[list[Any], str]]:
    """Give the names and the types of the axes of a pandas object, which its ``equals`` does not look at."""
    axes = getattr(value, "axes", ())
    return [(list(axis.names), str(axis.dtype)) for axis in axes if hasattr(axis, "names")]


def names_notes(before: list[str], after: list[str], noun: str) -> list[str]:
    """Say which names came and which went: ``+1 column f10``."""
    notes = []
    was, now = set(before), set(after)
    for sign, names in (
        ("+", [n for n in after if n not in was]),
        ("−", [n for n in before if n not in now]),
    ):
        if names:
            shown = ", ".join(code(clip(n, 30)) for n in names[:NAMES])
            more = ", …" if len(names) > NAMES else ""
            notes.append(f"{sign}{len(names):,} {plural(len(names), noun)} {shown}{more}")
    return notes


def plural(number: int, noun: str) -> str:
    """Give the noun in the number."""
    return noun if number == 1 else f"{noun}s"


def few(notes: list[str], noun: str = "") -> list[str]:
    """Give the first notes and the number of the others."""
    extra = len(notes) - NAMES
    if extra <= 0:
        return notes
    more = f"{extra:,} more {plural(extra, noun)}" if noun else f"{extra:,} more"
    return [*notes[:NAMES], f"{more} {'differs' if extra == 1 else 'differ'}"]
