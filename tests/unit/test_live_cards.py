"""How often, and at what cost, live cards are looked at; and how a hanging one is stopped."""

from __future__ import annotations

import contextlib
import signal
import threading
import time

import pytest

from spin_magic.engine.deadline import within
from spin_magic.engine.live_cards import AT_ONCE, SHARE, Allowance


def test_an_allowance_lets_a_burst_through_and_then_the_rate():
    allowance, passed = Allowance(20, AT_ONCE), []
    for millisecond in range(10_000):
        now = 100 + millisecond / 1000
        if not allowance.wait(now):
            allowance.spend(1, now)
            passed.append(now)
    assert AT_ONCE <= sum(now < 100.02 for now in passed) <= AT_ONCE + 1
    assert len(passed) == pytest.approx(10 * 20 + AT_ONCE, abs=2)


def test_costly_work_gets_its_share_of_the_time_and_no_more():
    allowance, now, spent = Allowance(SHARE, 0.01), 5.0, 0.0
    while now < 65:
        if allowance.wait(now):
            now += 0.001
        else:
            now, spent = now + 0.02, spent + 0.02
            allowance.spend(0.02, now)
    assert spent <= 60 * SHARE + 0.01 + 0.02
    assert spent >= 60 * SHARE * 0.9


def test_the_wait_has_an_end():
    allowance = Allowance(SHARE, 0)
    allowance.spend(100, now=0.0, longest=5)
    assert allowance.wait(0.0) == 5
    assert allowance.wait(5.0) == 0


def spin_round(seconds: float) -> None:
    until = time.monotonic() + 10

    def work():
        while time.monotonic() < until:
            sum(range(100))

    within(seconds, work)


def test_a_time_limit_ends_a_loop_in_the_main_thread_and_leaves_the_alarm_as_it_was():
    before, handler = signal.getitimer(signal.ITIMER_REAL), signal.getsignal(signal.SIGALRM)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        spin_round(0.1)
    assert time.monotonic() - begun < 2
    assert signal.getsignal(signal.SIGALRM) is handler
    assert abs(signal.getitimer(signal.ITIMER_REAL)[0] - before[0]) < 3


def test_a_time_limit_ends_a_loop_in_another_thread():
    ended = []

    def work():
        try:
            spin_round(0.1)
        except TimeoutError:
            ended.append(time.monotonic())

    begun = time.monotonic()
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(5)
    assert ended
    assert ended[0] - begun < 2


def test_a_limit_that_is_hardly_kept_is_not_felt_afterwards():
    done = []

    def work():
        for _ in range(200):
            with contextlib.suppress(TimeoutError):
                within(0.0005, lambda: time.sleep(0.0004))
            within(None, lambda: within(0, lambda: time.sleep(0.001)))
            done.append(1)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(20)
    assert len(done) == 200
