"""The stop button: a second at most, and the kernel is as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.kernel.harness import Kernel

LOOPS = {
    "busy": "while True:\n    pass",
    "asleep": "import time\ntime.sleep(60)",
    "waiting for a thread": (
        "import threading\nthread = threading.Thread(target=threading.Event().wait, daemon=True)\n"
        "thread.start()\nthread.join()"
    ),
    "in an event loop": "import asyncio\nasyncio.run(asyncio.sleep(60))",
}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS.keys())
def test_interrupt_stops_within_a_second(kernel: Kernel, loop: str) -> None:
    kernel.run("%spin SmallFlow work")
    stopped, seconds = kernel.run_and_interrupt(
        f"%%spin SmallFlow work\nself.before = 41\nprint('looping', flush=True)\n{loop}", mark="looping"
    )

    assert stopped.error, stopped.text
    assert stopped.error["ename"] == "KeyboardInterrupt"
    assert seconds < 1
    assert kernel.value("_spin.ok, _spin.self.before") == "(False, 41)"


def test_kernel_is_usable_after_an_interrupt(kernel: Kernel) -> None:
    kernel.run("import signal, threading\nhandler = signal.getsignal(signal.SIGINT)\nkernel_user = 1")
    kernel.run("%spin SmallFlow work")
    kernel.run("before = set(threading.enumerate())")
    kernel.run_and_interrupt(
        "%%spin SmallFlow work\nprint('looping', flush=True)\nwhile True:\n    pass", mark="looping"
    )

    assert kernel.value("signal.getsignal(signal.SIGINT) is handler") == "True"
    assert kernel.value("set(threading.enumerate()) - before") == "set()"
    again = kernel.run("%%spin SmallFlow work\nself.doubled = self.input * 3\nself.next(self.join)")
    assert not again.failed, again.text
    assert kernel.value("_spin['doubled']") == "3"
