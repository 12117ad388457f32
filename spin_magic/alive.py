"""A sign of life for what takes long: a line with the time that has passed, a bar for many spins."""

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
def progress_bar(publisher: Any, what: str, *, page: bool) -> Iterator[Callable[[int, int, int], None]]:
    """Give a function that shows how far many spins have come; what it shows goes when they end.

    Parameters
    ----------
    publisher : DisplayPublisher
        The shell's.
    what : str
        What is running.
    page : bool
        Whether a page shows the bar, as a widget that moves by itself; else it is a line of a terminal.
    """
    bar = _Bar(publisher.publish, what, page=page)
    context = contextvars.copy_context()  # as above
    thread = threading.Thread(target=context.run, args=(bar.tick,), daemon=True)
    if page:
        thread.start()
    try:
        yield bar.tell
    finally:
        bar.done.set()
        if page:
            thread.join()
        bar.clear()


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


class _Bar:
    def __init__(self, publish: Any, what: str, *, page: bool) -> None:
        self.done = threading.Event()
        self._what, self._page = what, page
        self._display = Display(publish)
        self._begun = self._drawn = time.monotonic()
        self._patience = SpinMagic.instance().elapsed_after or threading.TIMEOUT_MAX  # 0: never
        self._told = (0, 0, 0)
        self._lock = threading.Lock()
        self._bar: Any = None

    def tell(self, done: int, total: int, failed: int) -> None:
        self._told = (done, total, failed)
        now = time.monotonic()
        if now - self._begun > self._patience and now - self._drawn > OFTEN:
            self._draw()

    def tick(self) -> None:
        patience = self._patience
        while not self.done.wait(patience):
            patience = 1.0
            self._draw()

    def _draw(self) -> None:
        done, total, failed = self._told
        with self._lock:
            self._drawn = time.monotonic()
            self._bar = self._bar or self._new(total)
            self._bar.n = done
            self._bar.set_postfix_str(f"{failed} failed" if failed else "", refresh=False)
            self._bar.refresh()
            if self._page and not self._display.shown:
                # Shown by us, for tqdm leaves a widget behind that no reader of the saved notebook can see.
                self._display.show(self._bar.container._repr_mimebundle_())

    def _new(self, total: int) -> Any:
        from tqdm.auto import tqdm  # noqa: PLC0415 -- only what takes long needs it

        class Bar(tqdm):  # type: ignore[misc]
            monitor_interval = 0  # no thread that outlives the bar

        # Of its two kinds, the widget alone knows `display`, and a terminal alone whether it is one.
        how = {"display": False} if self._page else {"disable": None}
        bar = Bar(total=total, desc=self._what, leave=False, unit="task", **how)
        bar.start_t = time.time() - (time.monotonic() - self._begun)
        return bar

    def clear(self) -> None:
        if self._bar is None:
            return
        self._bar.n = self._bar.total  # or tqdm leaves it, as what failed
        self._bar.close()
        self._display.clear()
        if self._page:
            box = self._bar.container
            for each in (box, *box.children):
                for part in filter(None, (getattr(each, "style", None), each.layout, each)):
                    part.close()
