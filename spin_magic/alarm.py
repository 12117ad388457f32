"""The system's timer, rung in a block of code in the main thread, and given back as it was."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from spin_magic.interrupts import untimely


def has_alarm() -> bool:
    """Tell whether there is a timer for this thread, whose handler can be put back."""
    return (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        # None: a handler that Python did not install.
        and signal.getsignal(signal.SIGALRM) is not None
    )


@contextlib.contextmanager
def ringing(seconds: float, again: float, ring: Callable[[FrameType | None], None]) -> Iterator[None]:
    """Call a function in the block after some seconds, and again and again from then on.

    A timer that someone else has set goes on afterwards.

    Parameters
    ----------
    seconds, again : float
        Seconds until it rings, and between one ring and the next.
    ring : callable
        What to call, with the frame that is running; it may raise. Where that would be at a bad moment, it is
        not called, and rings again soon.
    """
    armed, begun, owner = True, time.monotonic(), _owner(sys._getframe())  # noqa: SLF001 -- it is documented

    def handle(_signum: int, frame: FrameType | None) -> None:
        if not armed:
            return
        if not _is_in(frame, owner):
            # The block was left in a way that went past the end of this; nobody else must hear it.
            signal.setitimer(signal.ITIMER_REAL, 0)
            return
        # Never two at once: the system hands the second to another thread, where it comes after the block.
        signal.setitimer(signal.ITIMER_REAL, again)
        if not _at_an_edge(frame, owner) and not untimely(frame, owner):
            ring(frame)

    before = signal.signal(signal.SIGALRM, handle)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 0.001), interval)


_ENTER = contextlib._GeneratorContextManager.__enter__.__code__  # noqa: SLF001 -- to know it when it runs


def _owner(frame: FrameType) -> FrameType:
    """Give the function whose block it is: past the context managers that are made of this one."""
    while (around := frame.f_back) is not None and around.f_code is _ENTER and around.f_back is not None:
        frame = around.f_back
    return frame


_EDGES = frozenset({"__enter__", "__exit__", "enter_context"})


def _at_an_edge(frame: FrameType | None, owner: FrameType) -> bool:
    """Tell whether a block is being entered or left: a timer that raises there would go on ringing."""
    while frame is not None and frame is not owner:
        code = frame.f_code
        if code.co_filename == __file__ or (
            code.co_filename == contextlib.__file__ and code.co_name in _EDGES
        ):
            return True
        frame = frame.f_back
    return False


def _is_in(frame: FrameType | None, owner: FrameType) -> bool:
    while frame is not None and frame is not owner:
        frame = frame.f_back
    return frame is not None
