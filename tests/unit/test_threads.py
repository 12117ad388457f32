from __future__ import annotations

import threading
import time

import pytest

from spin_magic.engine.threads import WORKERS, ask_all


def test_answers_come_in_the_order_of_the_questions_and_are_asked_for_at_once():
    together = threading.Barrier(WORKERS, timeout=10)

    def ask(number):
        together.wait()  # it only goes on when as many ask at the same time
        return number * number

    numbers = range(2 * WORKERS)
    assert ask_all(ask, numbers, 10) == [number * number for number in numbers]
    assert ask_all(ask, [], 10) == []


def test_an_error_is_raised_and_ends_the_questions():
    asked = []

    def ask(number):
        asked.append(number)
        if number == 0:
            raise KeyError("gone")
        time.sleep(0.02)

    with pytest.raises(KeyError, match="gone"):
        ask_all(ask, range(1000), 10)
    assert len(asked) < 1000


def test_waiting_ends_and_leaves_no_thread_that_keeps_the_process():
    hang = threading.Event()
    with pytest.raises(TimeoutError, match=r"no answer for 0\.1 s"):
        ask_all(lambda _: hang.wait(), [1], 0.1)
    hanging = [thread for thread in threading.enumerate() if thread.name == "spin_magic request"]
    assert hanging
    assert all(thread.daemon for thread in hanging)
    hang.set()
