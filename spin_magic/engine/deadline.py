"""An end to code that takes too long, in the main thread and in any other."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType

from spin_magic.alarm import has_alarm, ringing

# Seconds until it rings again, for code that catches everything and goes on.
AGAIN = 0.25


class Hanging(BaseException):
    """Raised in code that goes on after its `TimeoutError`; no ``except Exception`` swallows it."""


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
    errors = _one_after_another()

    def ring(_frame: FrameType | None) -> None:
        raise next(errors)

    with ringing(seconds, AGAIN, ring) if has_alarm() else nullcontext():
        yield


@contextmanager
def _watchdog(seconds: float) -> Iterator[None]:
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

    threading.Thread(target=bark, daemon=True).start()
    try:
        yield
    finally:
        try:
            call_off()
        except BaseException:
            # It came as late as this. Left to bark, it would hit whoever has this thread's number next.
            call_off()
            raise


def _one_after_another() -> Iterator[type[BaseException]]:
    """Give what `run` raises, and then what code cannot catch by mistake."""
    yield TimeoutError
    while True:
        yield Hanging
