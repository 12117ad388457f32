"""What was read of a file or folder, kept while a look at its stat says that it is as it was."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from spin_magic.forked import Locked

Stamp = tuple[int, int, int, int]
Value = TypeVar("Value")

# As git does for its index: clocks of file systems tick, and a second change within one tick of the
# first leaves the same times. What changed so shortly before it was read is not believed unchanged.
TICK_NS = 20_000_000
COARSE_TICK_NS = 2_000_000_000
SECOND_NS = 1_000_000_000


def stamp(path: str) -> Stamp:
    """Give what changes whenever a file is written, or a name is added to or taken from a folder.

    Raises
    ------
    OSError
        It is not there, or may not be looked at.
    """
    stat = os.stat(path)  # noqa: PTH116 -- making a Path takes longer than the look
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino


def settled(seen: Stamp, looked_ns: int) -> bool:
    """Tell whether any change after the look must show in the stamp.

    Parameters
    ----------
    seen : Stamp
        The stamp.
    looked_ns : int
        When it was taken, by `time.time_ns`.
    """
    changed = max(seen[0], seen[1])
    tick = TICK_NS if changed % SECOND_NS else COARSE_TICK_NS
    return looked_ns - changed > tick


class Look:
    """A look at a file before it is read, which tells later whether it was written since.

    Parameters
    ----------
    path : str
        The file.

    Attributes
    ----------
    settled : bool
        Whether any change since must show; if not, what was read is not to be kept.

    Raises
    ------
    OSError
        It is not there, or may not be looked at.
    """

    __slots__ = ("_seen", "path", "settled")

    def __init__(self, path: str) -> None:
        looked = time.time_ns()
        self.path = path
        self._seen = stamp(path)
        self.settled = settled(self._seen, looked)

    def changed(self) -> bool:
        """Tell whether the file was written, or went, since the look."""
        try:
            return stamp(self.path) != self._seen
        except OSError:
            return True


class Kept(Locked, Generic[Value]):
    """Values read from paths, each kept while its path stays as it was; the least recently used go first.

    Parameters
    ----------
    read : callable
        Reads the value of a path. What it raises goes to the caller, and nothing is kept.
    limit : int
        How many values to keep.
    """

    def __init__(self, read: Callable[[str], Value], limit: int) -> None:
        super().__init__()
        self._read = read
        self._limit = limit
        self._known: OrderedDict[str, tuple[Stamp, Value]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, path: str) -> Value:
        """Give the value of a path as it is now.

        Raises
        ------
        OSError
            The path is not there, or may not be looked at.
        """
        looked = time.time_ns()
        # Before reading: a change between the two shows in the next stamp.
        seen = stamp(path)
        with self._lock:
            known = self._known.get(path)
            if known is not None and known[0] == seen:
                self._known.move_to_end(path)
                return known[1]
        value = self._read(path)
        with self._lock:
            self._known.pop(path, None)
            if settled(seen, looked):
                self._known[path] = (seen, value)
            if len(self._known) > self._limit:
                self._known.popitem(last=False)
        return value
