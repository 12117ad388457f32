"""Interrupts that come at a good moment: never between taking something and giving it back.

Python raises `KeyboardInterrupt` wherever it happens to be: between the statement that takes a lock and the
``try`` that gives it back, in ``__exit__``, halfway through an import that cannot be begun anew. What a spin
borrows of the process would then stay borrowed. So an interrupt that comes there waits, and comes again a
moment later.
"""

from __future__ import annotations

import _thread
import importlib
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, TypeVar

# `signal` itself makes an enum of each answer, which takes longer than all else here.
_signal: Any = importlib.import_module("_signal")

# Seconds that an interrupt waits at most: better a borrowed thing kept than a kernel that cannot be stopped.
LONGEST = 1.5
_AGAIN = 0.002
_HERE = os.path.join(os.path.dirname(__file__), "")  # noqa: PTH118, PTH120 -- as frames have it
# What imports, and what calls back when an object goes.
_NEVER = ("<frozen importlib._bootstrap>", weakref.__file__, weakref.WeakSet.__init__.__code__.co_filename)

Function = TypeVar("Function", bound=Callable[..., Any])
Done = TypeVar("Done")

_whole: set[CodeType] = set()
_breakable: set[CodeType] = set()


def whole(function: Function) -> Function:
    """Mark a function that takes or gives back: interrupts wait until it has returned."""
    _whole.add(function.__code__)
    return function


def breakable(function: Function) -> Function:
    """Mark a function that waits for long: it may be interrupted where what calls it may not."""
    _breakable.add(function.__code__)
    return function


def untimely(frame: FrameType | None, block: FrameType | None = None) -> bool:
    """Tell whether an exception raised in a frame would leave something half taken, or would be lost.

    It is asked of the frame and of those around it, up to the one whose block is left, if it is given.

    So it is in ``__enter__`` and ``__exit__`` of the context managers that we have or use, in functions that
    are `whole`, in imports, and in finalizers, where Python prints an exception and goes on.
    """
    while frame is not None and frame is not block:
        code = frame.f_code
        if code in _breakable:
            return False
        if code in _whole or code.co_name == "__del__" or code.co_filename in _NEVER:
            return True
        if code.co_name in ("__enter__", "__exit__", "enter_context"):
            near = [code, *([frame.f_back.f_code] if frame.f_back else [])]
            if any(each.co_filename.startswith(_HERE) for each in near):
                return True
        frame = frame.f_back
    return False


class Patient:
    """Has interrupts of the main thread come at a good moment for as long as its block runs.

    Where the handler that was there does not raise `KeyboardInterrupt`, it is called at that moment.
    """

    def __init__(self) -> None:
        self._before: Callable[[int, FrameType | None], Any] | None = None
        self._due: float | None = None
        self._lock = _thread.allocate_lock()
        self._echo = False

    def __enter__(self) -> None:
        self.begin()

    @whole
    def begin(self) -> None:
        """Begin, where a ``with`` statement does not do."""
        if not _in_main():
            return
        before = _signal.getsignal(signal.SIGINT)
        if callable(before) and not isinstance(getattr(before, "__self__", None), Patient):
            self._before, self._unraisable = before, sys.unraisablehook
            self.install()

    def __exit__(self, *_: object) -> None:
        __tracebackhide__ = True
        self.pause()

    @whole
    def install(self) -> None:
        """Take the place of the handler that was there."""
        if self._before is not None:
            _signal.signal(signal.SIGINT, self._handle)
            sys.unraisablehook = self._lost

    @whole
    def pause(self) -> None:
        """Give it back its place; an interrupt that has waited until now waits no longer."""
        __tracebackhide__ = True
        if self._before is None:
            return
        sys.unraisablehook = self._unraisable
        try:
            # One that has come by now is noted first, by the handler that is there.
            _signal.signal(signal.SIGINT, self._before)
        finally:
            with self._lock:
                due, self._due = self._due, None
        if due is not None:
            self._before(signal.SIGINT, None)

    @whole
    def _handle(self, number: int, frame: FrameType | None) -> None:
        __tracebackhide__ = True
        now = time.monotonic()
        echo, self._echo = self._echo, False
        if echo and self._due is None:
            return  # heard meanwhile
        if untimely(frame) and now - (self._due or now) < LONGEST:
            self._note(now)
            return
        with self._lock:
            self._due = None
        if self._before is not None:
            self._before(number, frame)

    @whole
    def _lost(self, unraisable: Any) -> None:
        """Have an interrupt come again that was raised where Python raises nothing, such as in a callback."""
        if unraisable.exc_type is KeyboardInterrupt and _in_main():
            self._note(time.monotonic())
        else:
            self._unraisable(unraisable)

    def _note(self, now: float) -> None:
        if self._due is None:
            self._due = now
            # Not of `threading`: its locks may be those that are held here.
            _thread.start_new_thread(self._come_again, (now, _thread.get_ident()))

    def _come_again(self, due: float, thread: int) -> None:
        while True:
            time.sleep(_AGAIN)
            with self._lock:
                if self._due != due:
                    return
                self._echo = True
                signal.pthread_kill(thread, signal.SIGINT)


def patient() -> Patient:
    """Give what makes interrupts wait for a good moment; inside of another one it does nothing."""
    return Patient()


def at_once(run: Callable[[], Done]) -> Done:
    """Run a step with interrupts raised at once, by the handler that a step expects: asyncio looks for it."""
    __tracebackhide__ = True
    ours = getattr(_signal.getsignal(signal.SIGINT), "__self__", None)
    if not isinstance(ours, Patient) or not _in_main():
        return run()
    try:
        try:
            ours.pause()
            return run()
        finally:
            ours.install()
    except BaseException:
        # A second interrupt may have come before that.
        ours.install()
        raise


def _in_main() -> bool:
    return _thread.get_ident() == threading.main_thread().ident
