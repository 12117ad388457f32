"""An end to code that takes too long, and to code that does not want to end."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import subprocess
import sys
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


def test_others_may_send_in_their_own_way():
    # As libraries that stop threads do: with a signed number, and nothing to take one back.
    send = ctypes.pythonapi.PyThreadState_SetAsyncExc
    assert send(ctypes.c_long(-1), ctypes.py_object(TimeoutError)) == 0
    assert send(ctypes.c_long(-1), None) == 0


HERE = """
import sys, threading, time
from spin_magic.engine.deadline import stop_thread, within

def swallowed(run):
    try:
        run()
    except BaseException as error:
        print(type(error).__name__)

def elsewhere(run):
    thread = threading.Thread(target=swallowed, args=(run,))
    thread.start()
    thread.join()

def loop():
    while True:
        time.sleep(0.001)

def late():
    time.sleep(0.05)

def to_one_that_sleeps():
    thread = threading.Thread(target=time.sleep, args=(600,), daemon=True)
    thread.start()
    stop_thread(thread.ident, TimeoutError)

def to_one_that_ends():
    for _ in range(200):
        thread = threading.Thread(target=swallowed, args=(lambda: None,))
        thread.start()
        stop_thread(thread.ident, TimeoutError)
        thread.join()

{}
def traced(*_):
    return traced

sys.settrace(traced)
sys.setprofile(traced)
swallowed(lambda: None)
print("goes on")
"""
SENT = {
    "nothing": "elsewhere(lambda: within(60, lambda: None))",
    "one that was raised": "elsewhere(lambda: within(0.05, loop))",
    "one that came late": "for _ in range(20): elsewhere(lambda: within(0.05, late))",
    "one to a thread that sleeps": "to_one_that_sleeps()",
    "one to a thread that ends": "to_one_that_ends()",
}


@pytest.mark.parametrize("what", SENT)
def test_a_debugger_goes_on_after_it(what: str):
    # Python 3.11 would never leave the entry of a traced function again; it cannot be stopped from inside.
    done = subprocess.run(
        [sys.executable, "-c", HERE.format(SENT[what])],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("goes on\n")
    assert ("TimeoutError" in done.stdout) >= (what == "one that was raised")
