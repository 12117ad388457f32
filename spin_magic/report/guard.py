"""Keeps other people's code (a ``repr``, a ``__len__``, an unpickling) from breaking or slowing a spin."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from spin_magic.foreign import time_limit
from spin_magic.settings import SpinMagic

T = TypeVar("T")


def attempt(function: Callable[[], T], fallback: T, seconds: float | None = None) -> T:
    """Call a function that may raise or hang; give the fallback where it does.

    Parameters
    ----------
    function : callable
        What to call.
    fallback : object
        What to give instead.
    seconds : float, optional
        How long it may take. Default: as long as all previews of a panel may.

    Returns
    -------
    object
        The function's value, or the fallback. Only an interrupt by the user gets through.
    """
    try:
        with time_limit(SpinMagic.instance().preview_seconds if seconds is None else seconds):
            return function()
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  (even SystemExit: it is a repr's, not the user's)
        return fallback


class Budget:
    """Time, characters of text and characters of pictures that all previews of one panel share.

    Parameters
    ----------
    seconds : float
        Time for all of them.
    size, pictures : int
        Characters of text, and of pictures.
    grace : float
        Time that drawing pictures may take on top: the first one of a kernel loads fonts.
    """

    def __init__(self, seconds: float, size: int, pictures: int = 240_000, grace: float = 0.5) -> None:
        self._ends = time.monotonic() + seconds
        self._size = size
        self._pictures = pictures
        self.grace = grace

    @property
    def spent(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._ends

    @property
    def left(self) -> float:
        """How many seconds are left."""
        return max(self._ends - time.monotonic(), 0.001)

    def forgive(self, seconds: float) -> None:
        """Do not count the time that a picture took, as far as the grace goes."""
        given = min(seconds, self.grace)
        self.grace -= given
        self._ends += given

    def take(self, size: int, pictures: int = 0) -> bool:
        """Take some characters, if that many are left."""
        if size > self._size or pictures > self._pictures:
            return False
        self._size -= size
        self._pictures -= pictures
        return True
