"""The system's timer, rung in a block of code in the main thread, and given back as it was."""

from __future__ import annotations

import contextlib
import signal
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
    armed, begun = True, time.monotonic()

    def handle(_signum: int, frame: FrameType | None) -> None:
        if armed and not _at_the_edge(frame):
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


# Where the block is entered and left: an exception there would leave the timer ringing for good.
_EDGES = {
    contextlib._GeneratorContextManager.__enter__.__code__,  # noqa: SLF001 -- to know them when they run
    contextlib._GeneratorContextManager.__exit__.__code__,  # noqa: SLF001
    ringing.__wrapped__.__code__,  # type: ignore[attr-defined]
}


def _at_the_edge(frame: FrameType | None) -> bool:
    """Tell whether an exception would be lost here, or do harm; the timer rings again soon."""
    # In a finalizer Python prints an exception instead of raising it.
    return frame is not None and (
        frame.f_code.co_name in ("__del__", "remove", "_remove") or frame.f_code in _EDGES
    )
