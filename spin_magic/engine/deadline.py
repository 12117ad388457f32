"""An end to code that takes too long, in the main thread and in any other."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import FrameType
from typing import TypeVar

from spin_magic.alarm import has_alarm, ringing

# Seconds until it rings again, for code that catches everything and goes on.
AGAIN = 0.25

Done = TypeVar("Done")


class Hanging(BaseException):
    """Raised in code that goes on after its `TimeoutError`; no ``except Exception`` swallows it."""


def stop_thread(thread_id: int, error: type[BaseException] | None) -> None:
    """Raise an exception in a thread, as soon as it runs Python code; None takes one back."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread_id), ctypes.py_object(error) if error else None
    )


def within(seconds: float | None, run: Callable[[], Done]) -> Done:
    """Run a function, and raise `TimeoutError` in it when it has run for so long.

    Parameters
    ----------
    seconds : float or None
        None, zero or less is no limit, as for ``@card(timeout=...)``.
    run : callable
        What to run.

    Returns
    -------
    object
        What it gives.
    """
    if seconds is None or seconds <= 0:
        return run()
    if threading.current_thread() is threading.main_thread():
        return _with_alarm(seconds, run)
    return _with_watchdog(seconds, run)


def _with_alarm(seconds: float, run: Callable[[], Done]) -> Done:
    errors = _one_after_another()

    def ring(_frame: FrameType | None) -> None:
        raise next(errors)

    with ringing(seconds, AGAIN, ring) if has_alarm() else nullcontext():
        return run()


def _with_watchdog(seconds: float, run: Callable[[], Done]) -> Done:
    me, turn, over = threading.get_ident(), threading.Lock(), threading.Event()

    def bark() -> None:
        wait = seconds
        for error in _one_after_another():
            if over.wait(wait):
                return
            with turn:
                if not over.is_set():
                    stop_thread(me, error)
            wait = AGAIN

    def call_off() -> None:
        with turn:
            over.set()
            stop_thread(me, None)

    try:
        threading.Thread(target=bark, daemon=True).start()
        try:
            return run()
        finally:
            call_off()
    except BaseException:
        # It may come as late as in the calling off. A dog that is not called off barks at whatever has this
        # thread's number next; a context manager leaves gaps in which it could not be.
        call_off()
        raise


def _one_after_another() -> Iterator[type[BaseException]]:
    """Give what `run` raises, and then what code cannot catch by mistake."""
    yield TimeoutError
    while True:
        yield Hanging
