"""A load of an entry, remembered without keeping the value or its memory alive."""

from __future__ import annotations

import os
import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from spin_magic.cache import pickles
from spin_magic.cache.folder import READING
from spin_magic.cache.layout import Damaged, Layout, Span, parse
from spin_magic.cache.memory import Mapping, address_of, same_bytes

LARGEST_HEAD = 8 * 2**20
LARGEST_PLAIN = 2**20
_ATOMS = (bool, int, float, complex, str, bytes, type(None))


class Untouched(ABC):
    """Answers whether a value is still as it was loaded."""

    def untouched(self, value: Any) -> bool | None:
        """Say whether a value is still as it was loaded; None where that cannot be told cheaply.

        Parameters
        ----------
        value : object
            The very object that was loaded.
        """
        if type(value) in _ATOMS:
            return True
        try:
            return self._untouched(value)
        except Exception:  # noqa: BLE001 -- a pickle may run any code
            return None

    @abstractmethod
    def _untouched(self, value: Any) -> bool | None: ...


class LoadedPlain(Untouched):
    """A load of plain bytes.

    Parameters
    ----------
    read : callable
        Gives the bytes again, or None where they are gone.
    size : int
        How many there are.
    """

    def __init__(self, read: Callable[[], bytes | None], size: int) -> None:
        self._read = read
        self._size = size

    def _untouched(self, value: Any) -> bool | None:
        raw = self._read() if self._size <= LARGEST_PLAIN else None
        if raw is None:
            return None
        return pickles.same_pickle(value, lambda: pickle.loads(raw), _dump)  # noqa: S301 -- Metaflow's own


def _dump(value: Any) -> bytes:
    return pickle.dumps(value, protocol=4)


class LoadedEntry(Untouched):
    """A load of an entry with buffers.

    Parameters
    ----------
    path : str
        The entry's file.
    status : os.stat_result
        Of the file that was loaded.
    layout : Layout
        What it holds.
    mapping : Mapping or None
        The memory that the value was given, where it was mapped and not read.
    """

    def __init__(self, path: str, status: os.stat_result, layout: Layout, mapping: Mapping | None) -> None:
        self._path = path
        self._number = (status.st_dev, status.st_ino, status.st_size)
        self._layout = layout
        self._mapping = mapping

    def _untouched(self, value: Any) -> bool | None:
        if self._layout.head[1] > LARGEST_HEAD:
            return None
        try:
            now = pickles.split(value, LARGEST_HEAD)
        except pickles.TooLarge:
            return False
        return True if self._mapping and self._in_place(now, self._mapping) else self._as_in_file(now)

    def _in_place(self, now: pickles.Split, mapping: Mapping) -> bool:
        memory = mapping.view()
        if memory is None or mapping.written() is not False:
            return False
        found = [(address_of(one) - mapping.address, one.nbytes) for one in now.buffers]
        return found == list(self._layout.buffers) and now.head == part(memory, self._layout.head)

    def _as_in_file(self, now: pickles.Split) -> bool | None:
        file = self._reopened()
        if file is None:
            return None
        if now.head == part(file, self._layout.head):
            return _same(now.buffers, [part(file, span) for span in self._layout.buffers])
        fresh = [self._fresh() for _ in range(2)]
        if fresh[0] is None or fresh[1] is None or fresh[0].head != fresh[1].head:
            return None
        return now.head == fresh[0].head and _same(now.buffers, fresh[0].buffers)

    def _fresh(self) -> pickles.Split | None:
        file = self._reopened()
        if file is None:
            return None
        value = pickles.join(part(file, self._layout.head), [part(file, s) for s in self._layout.buffers])
        return pickles.split(value, LARGEST_HEAD)

    def _reopened(self) -> memoryview | None:
        try:
            descriptor = os.open(self._path, READING)
        except OSError:
            return None
        try:
            status = os.fstat(descriptor)
            if self._number != (status.st_dev, status.st_ino, status.st_size):
                return None
            file = Mapping(descriptor, status.st_size).take()
            return file if parse(file, status.st_size) == self._layout else None
        except (OSError, Damaged):
            return None
        finally:
            os.close(descriptor)


def part(data: memoryview, span: Span) -> memoryview:
    """Give a span of a file."""
    offset, length = span
    return data[offset : offset + length]


def _same(some: list[memoryview], others: list[memoryview]) -> bool:
    return len(some) == len(others) and all(map(same_bytes, some, others))
