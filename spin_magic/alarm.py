"""The system's timer, rung in a block of code in the main thread, and given back as it was."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
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
    armed, begun = True, time.monotonic()

    def handle(_signum: int, frame: FrameType | None) -> None:
        if armed and not untimely(frame):
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
