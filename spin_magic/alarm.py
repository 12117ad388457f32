"""The system's timer, rung in a block of code in the main thread, and given back as it was."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


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
        What to call, with the frame that is running; it may raise.
    """
    armed, begun = True, time.monotonic()

    def handle(_signum: int, frame: FrameType | None) -> None:
        if not armed:
            return
        # Never two at once: the system hands the second to another thread, where it comes after the block.
        signal.setitimer(signal.ITIMER_REAL, again)
        if not _on_the_way_out(frame) and not _in_finalizer(frame):
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


def _on_the_way_out(frame: FrameType | None) -> bool:
    # What is raised in the leaving of a block leaves it no more: the timer would go on, and ring in any code.
    return frame is not None and frame.f_globals.get("__name__") in ("contextlib", __name__)


def _in_finalizer(frame: FrameType | None) -> bool:
    # There Python prints an exception instead of raising it; the timer rings again soon.
    return frame is not None and frame.f_code.co_name in ("__del__", "remove", "_remove")
