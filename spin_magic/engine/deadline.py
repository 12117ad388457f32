"""An end to code that takes too long, in the main thread and in any other."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def stop_thread(thread_id: int, error: type[BaseException] | None) -> None:
    """Raise an exception in a thread, as soon as it runs Python code; None takes one back."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread_id), ctypes.py_object(error) if error else None
    )


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise `TimeoutError` in the body when it has run for so long.

    Parameters
    ----------
    seconds : float or None
        None, zero or less is no limit, as for ``@card(timeout=...)``.
    """
    if seconds is None or seconds <= 0:
        yield
    elif threading.current_thread() is threading.main_thread():
        with _alarm(seconds):
            yield
    else:
        with _watchdog(seconds):
            yield


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise TimeoutError

    handler = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


@contextmanager
def _watchdog(seconds: float) -> Iterator[None]:
    me, turn, over = threading.get_ident(), threading.Lock(), threading.Event()

    def bark() -> None:
        with turn:
            if not over.is_set():
                over.set()
                stop_thread(me, TimeoutError)

    timer = threading.Timer(seconds, bark)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with turn:
            over.set()
            stop_thread(me, None)
        timer.cancel()
