"""The texts of cells in linecache: each for as long as any of its code is alive, and no longer."""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Iterator
from types import CodeType
from typing import Any

# By file name, the ids of what needs its text.
_alive: dict[str, set[int]] = {}


def keep_for(filename: str, owner: Any) -> None:
    """Keep a text that is in linecache while an object is alive, and while others are that it was kept for.

    Parameters
    ----------
    filename : str
        The name that it has there.
    owner : object
        What needs it.
    """
    _alive.setdefault(filename, set()).add(id(owner))
    weakref.finalize(owner, _let_go, filename, id(owner)).atexit = False


def keep_for_code(filename: str, code: CodeType) -> None:
    """Keep a text while its code is alive, or that of a function or class inside."""
    keep_for(filename, code)
    for inner in _inside(code):
        keep_for_code(filename, inner)


def _inside(code: CodeType) -> Iterator[CodeType]:
    return (constant for constant in code.co_consts if isinstance(constant, CodeType))


def _let_go(filename: str, owner: int) -> None:
    owners = _alive.get(filename, set())
    owners.discard(owner)
    if not owners:
        _alive.pop(filename, None)
        linecache.cache.pop(filename, None)
