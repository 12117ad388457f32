"""A sign of life for steps that take long: a line with the time that has passed."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from spin_magic.displays import Display
from spin_magic.settings import SpinMagic

OFTEN = 0.2


@contextmanager
def sign_of_life(publisher: Any, what: str) -> Iterator[None]:
    """Show how long the block has been running, from the first second on; the line goes when it ends.

    Parameters
    ----------
    publisher : DisplayPublisher
        The shell's.
    what : str
        What is running.
    """
    # As it is now: what the block displays may be recorded, and this is not of it.
    line = _Line(publisher.publish, what)
    context = contextvars.copy_context()  # which says what cell the output belongs to
    thread = threading.Thread(target=context.run, args=(line.tick,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        line.done.set()
        thread.join()
        line.clear()


@contextmanager
def progress_line(publisher: Any, what: str, *, shown: bool) -> Iterator[Callable[[int, int, int], None]]:
    """Give a function that shows how far many spins have come; the line goes when they end.

    Parameters
    ----------
    publisher : DisplayPublisher
        The shell's.
    what : str
        What is running.
    shown : bool
        False where the line would stand among what the steps print.
    """
    line = _Line(publisher.publish, what)
    told = time.monotonic()

    def tell(done: int, total: int, failed: int) -> None:
        nonlocal told
        if shown and time.monotonic() - told > OFTEN:
            told = time.monotonic()
            line.say(f"{what}: {done} of {total} done{f', {failed} failed' if failed else ''}")

    try:
        yield tell
    finally:
        line.clear()


class _Line:
    def __init__(self, publish: Any, what: str) -> None:
        self.done = threading.Event()
        self._what = what
        self._display = Display(publish)
        self._begun = time.monotonic()

    def tick(self) -> None:
        patience = SpinMagic.instance().elapsed_after
        while patience and not self.done.wait(patience):
            patience = 1.0
            self.say(f"{self._what}: running for {time.monotonic() - self._begun:.0f} s")

    def say(self, text: str) -> None:
        html = f'<span role="status" style="opacity:.7">{escape(text)} …</span>'
        self._display.show({"text/plain": text, "text/html": html})

    def clear(self) -> None:
        self._display.clear()
