"""An end to code that takes too long, and to code that does not want to end."""

from __future__ import annotations

import contextlib
import signal
import threading
import time

import pytest

from spin_magic.engine.deadline import Hanging, within


def stubborn(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(Exception):
            time.sleep(0.01)


def test_code_that_catches_everything_ends_all_the_same():
    begun = time.monotonic()
    with pytest.raises(Hanging):
        within(0.1, lambda: stubborn(5))
    assert time.monotonic() - begun < 2


def test_so_it_does_in_another_thread():
    ended = []

    def work():
        try:
            within(0.1, lambda: stubborn(5))
        except BaseException as error:
            ended.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(3)
    assert ended == [Hanging]


def test_a_timer_of_the_user_s_own_goes_on_and_rings_in_time():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    try:
        begun = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.6)
        within(5, lambda: time.sleep(0.3))
        time.sleep(0.5)
        assert len(rung) == 1
        assert 0.5 < rung[0] - begun < 3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
