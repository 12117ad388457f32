"""The system's timer, rung in a block of code in the main thread, and given back as it was."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType


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
        What to call, with the frame that is running; it may raise.
    """
    armed, begun, owner = True, time.monotonic(), _owner(sys._getframe())  # noqa: SLF001 -- it is documented

    def handle(_signum: int, frame: FrameType | None) -> None:
        if not armed:
            return
        if not _is_in(frame, owner):
            # The block was left in a way that went past the end of this; nobody else must hear it.
            signal.setitimer(signal.ITIMER_REAL, 0)
        elif not _at_the_edge(frame):
            ring(frame)

    before = signal.signal(signal.SIGALRM, handle)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, again)
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


def _is_in(frame: FrameType | None, owner: FrameType) -> bool:
    while frame is not None and frame is not owner:
        frame = frame.f_back
    return frame is not None


_HERE = has_alarm.__code__.co_filename
_EXIT = contextlib._GeneratorContextManager.__exit__.__code__  # noqa: SLF001 -- as above


def _at_the_edge(frame: FrameType | None) -> bool:
    """Tell whether an exception would be lost here, or do harm; the timer rings again soon.

    Where the block is entered and left it would leave the timer ringing for good. That is so in the
    functions of this file too: on a machine that is busy it rings while it is still being answered.
    """
    if frame is None:
        return False
    # In a finalizer Python prints an exception instead of raising it.
    code = frame.f_code
    finalizer = code.co_name in ("__del__", "remove", "_remove")
    return finalizer or code is _ENTER or code is _EXIT or code.co_filename == _HERE
