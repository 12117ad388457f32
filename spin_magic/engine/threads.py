"""Several slow questions at once, and an end to waiting for them."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

WORKERS = 16


def ask_all(ask: Callable[[Item], Answer], items: Sequence[Item], patience: float) -> list[Answer]:
    """Ask for each item, several at once, and give the answers in the order of the items.

    The threads are daemons: one that hangs in a request keeps neither the caller nor the end of the
    process waiting, and Control-C reaches the caller at once.

    Parameters
    ----------
    ask : callable
        Gives the answer for an item.
    items : sequence
        The items.
    patience : float
        Seconds to wait for the next answer.

    Raises
    ------
    TimeoutError
        No answer came for so long.
    """
    todo = deque(enumerate(items))
    answers: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                place, item = todo.popleft()
            except IndexError:
                return
            try:
                answers.put((place, ask(item), None))
            except BaseException as ex:  # noqa: BLE001 -- it is raised where the answers are awaited
                answers.put((place, None, ex))

    for _ in range(min(WORKERS, len(items))):
        threading.Thread(target=work, name="spin_magic request", daemon=True).start()
    found: list[Any] = [None] * len(items)
    try:
        for _ in items:
            place, found[place], error = _next(answers, patience)
            if error is not None:
                raise error
    finally:
        todo.clear()
    return found


def _next(
    answers: queue.SimpleQueue[tuple[int, Any, BaseException | None]], patience: float
) -> tuple[int, Any, BaseException | None]:
    try:
        return answers.get(timeout=patience)
    except queue.Empty:
        msg = f"no answer for {patience:g} s"
        raise TimeoutError(msg) from None
