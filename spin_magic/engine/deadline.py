"""An end to code that takes too long, in the main thread and in any other."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import FrameType
from typing import Any, TypeVar

from spin_magic.alarm import has_alarm, ringing
from spin_magic.interrupts import whole

# Seconds until it rings again, for code that catches everything and goes on.
AGAIN = 0.25
# How often in that time another thread asks for its turn: it is then that something sent is raised.
ASKED = 20

Done = TypeVar("Done")


class Hanging(BaseException):
    """Raised in code that goes on after its `TimeoutError`; no ``except Exception`` swallows it."""


class _Settled(BaseException):
    """Raised where it is sent from."""


# Not `.PyThreadState_SetAsyncExc`, which all of the process share: others call that with other types.
_send: Any = ctypes.pythonapi["PyThreadState_SetAsyncExc"]
_send.argtypes = [ctypes.c_ulong, ctypes.py_object]


@whole
def stop_thread(thread_id: int, error: type[BaseException]) -> None:
    """Raise an exception in a thread, soon after it runs Python code and another asks for its turn.

    CPython has one flag for what was sent to any thread, and takes it down only where something is raised:
    neither when it is taken back nor when its thread ends. While it is up, Python 3.11 does not get past
    the entry of a function that is traced or profiled: a debugger, ``%prun`` or coverage would hang for
    ever. So something is raised here too, before any function is entered. To send it to the own thread
    takes back what was sent there.
    """
    here = threading.get_ident()
    try:
        _send(thread_id, error)
        sent = _send(here, _Settled)
        while sent:  # none, where something else than threads has these numbers
            pass
    except _Settled:
        return


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
    barked: list[type[BaseException]] = []

    def bark() -> None:
        if over.wait(seconds):
            return
        for error in _one_after_another():
            with turn:
                if over.is_set():
                    return
                barked.append(error)
                stop_thread(me, error)
            for _ in range(ASKED):
                if over.wait(AGAIN / ASKED):
                    return

    def call_off() -> None:
        with turn:
            over.set()
        if barked:
            stop_thread(me, _Settled)

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
