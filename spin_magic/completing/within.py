"""An end to waiting: what was found until then."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

Item = TypeVar("Item")

_MANY = 4


class _Search(threading.Thread, Generic[Item]):
    """Goes through items in a thread; what came is in `found`."""

    def __init__(self, items: Iterable[Item]) -> None:
        super().__init__(name="spin_magic completion", daemon=True)
        self.found: list[Item] = []
        self._items = items

    def run(self) -> None:
        # Somebody is typing: a flow that is half written or a run that is damaged is no news here.
        with suppress(Exception):
            for item in self._items:
                self.found.append(item)


_waiting: dict[Hashable, _Search[object]] = {}


def within(seconds: float, key: Hashable, items: Iterator[Item]) -> list[Item]:
    """Give what an iterator yields within a time; what it raises ends it.

    A search that takes longer goes on, and who asks for the same then finds it further on. There are
    only so many of them at once: more find nothing.

    Parameters
    ----------
    seconds : float
        The time.
    key : hashable
        What is asked for.
    items : iterator
        Yields it.
    """
    for ended in [each for each, search in _waiting.items() if not search.is_alive()]:
        if ended != key:
            _waiting.pop(ended, None)
    search = _waiting.pop(key, None)
    if search is None:
        if len(_waiting) >= _MANY:
            return []
        search = _Search(items)
        search.start()
    search.join(seconds)
    if search.is_alive():
        _waiting[key] = search
    found: list[Item] = list(search.found)  # type: ignore[arg-type]
    return found
