"""An interrupt waits where it would leave something half taken, and comes a moment later."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from spin_magic import interrupts
from spin_magic.interrupts import Patient, at_once, breakable, patient, whole


def press() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def all_is_given_back() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGINT)
    yield
    time.sleep(0.02)  # whatever still comes, comes now
    assert signal.getsignal(signal.SIGINT) is handler
    # An old pytest has another one in each phase of a test.
    assert not isinstance(getattr(sys.unraisablehook, "__self__", None), Patient)


@whole
def taking(steps: list[str]) -> None:
    press()
    steps.append("taken")


@whole
def giving_back(steps: list[str]) -> None:
    press()
    press()
    steps.append("given back")


def go_on() -> None:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        time.sleep(0.001)


def test_an_interrupt_is_raised_once_what_it_met_is_over() -> None:
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), patient():
        taking(steps)
        try:
            go_on()
        finally:
            giving_back(steps)
    assert steps == ["taken", "given back"]


def test_an_interrupt_elsewhere_is_raised_at_once() -> None:
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), patient():
        press()
        go_on()
    assert time.monotonic() - begun < 1


def test_one_that_still_waits_at_the_end_is_raised_there() -> None:
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), patient():
        taking(steps)
    assert steps == ["taken"]


def test_an_interrupt_is_raised_once() -> None:
    for _ in range(20):
        with pytest.raises(KeyboardInterrupt), patient():
            taking([])
            go_on()
        time.sleep(0.003)


def test_nothing_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "LONGEST", 0.1)

    @whole
    def hangs() -> None:
        press()
        go_on()

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), patient():
        hangs()
    assert 0.1 <= time.monotonic() - begun < 2


def test_what_waits_for_long_can_be_interrupted_inside_of_what_is_whole() -> None:
    @breakable
    def waits() -> None:
        press()

    @whole
    def ends() -> str:
        try:
            waits()
        except KeyboardInterrupt:
            return "heard"
        return "not heard"

    with patient():
        assert ends() == "heard"


def test_an_interrupt_in_a_finalizer_is_not_lost() -> None:
    class Thing:
        def __del__(self) -> None:
            press()

    with pytest.raises(KeyboardInterrupt), patient():
        Thing()
        go_on()


def test_an_interrupt_in_a_callback_of_a_reference_is_not_lost() -> None:
    class Thing:
        pass

    thing = Thing()
    kept = weakref.ref(thing, lambda _: press())
    with pytest.raises(KeyboardInterrupt), patient():
        del thing
        go_on()
    del kept


def test_a_handler_that_raises_nothing_is_called_at_the_good_moment() -> None:
    heard: list[str] = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append("heard"))
    try:
        with patient():
            taking(heard)
            time.sleep(0.05)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == ["taken", "heard"]


def test_locks_that_are_python_are_taken_and_given_back_whole() -> None:
    class Lock:
        def __enter__(self) -> None:
            press()
            steps.append("taken")

        def __exit__(self, *_: object) -> None:
            press()
            steps.append("given back")

    def ours() -> None:
        with Lock():
            go_on()

    steps: list[str] = []
    # As if it were a function of the package: what others enter is their business.
    here = os.path.join(os.path.dirname(interrupts.__file__), "one.py")  # noqa: PTH118, PTH120
    ours.__code__ = ours.__code__.replace(co_filename=here)
    with pytest.raises(KeyboardInterrupt), patient():
        ours()
    assert steps == ["taken", "given back"]


def test_an_ignored_interrupt_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with patient():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_need_none_of_it() -> None:
    handlers = []

    def look() -> None:
        with patient():
            at_once(lambda: handlers.append(signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGINT)]


def test_a_step_finds_the_handler_that_it_expects() -> None:
    before = signal.getsignal(signal.SIGINT)
    with patient():
        assert isinstance(getattr(signal.getsignal(signal.SIGINT), "__self__", None), Patient)
        assert at_once(lambda: signal.getsignal(signal.SIGINT)) is before
        with patient():
            pass
        assert signal.getsignal(signal.SIGINT) is not before


@pytest.mark.usefixtures("no_loop")
def test_asyncio_cancels_its_task_when_a_step_is_interrupted() -> None:
    seen: list[str] = []

    async def work() -> None:
        asyncio.get_running_loop().call_later(0.01, press)
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    with pytest.raises(KeyboardInterrupt), patient():
        at_once(lambda: asyncio.run(work()))
    assert seen == ["cancelled"]


def test_one_that_waits_when_the_step_begins_is_raised_before_it() -> None:
    ran: list[str] = []
    with pytest.raises(KeyboardInterrupt), patient():
        taking([])
        at_once(lambda: ran.append("ran"))
        go_on()
    assert ran == []


def test_a_second_interrupt_while_a_step_ends_leaves_ours_in_place() -> None:
    handlers = []
    with pytest.raises(KeyboardInterrupt), patient():
        with contextlib.suppress(KeyboardInterrupt):
            at_once(press)
        handlers.append(signal.getsignal(signal.SIGINT))
        press()
    assert isinstance(handlers[0].__self__, Patient)


def test_it_costs_microseconds() -> None:
    begun = time.process_time()
    for _ in range(1000):
        with patient():
            pass
    assert time.process_time() - begun < 0.1
