"""Steps that end their process.

In the kernel they end it, as any cell would; with `--isolated` they do not.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.whole import whole
from tests.kernel.harness import LOAD, Kernel, fresh_kernel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENDINGS = {
    "`os._exit`": "import os\nos._exit(3)",
    "a segmentation fault": "import ctypes\nctypes.string_at(0)",
    "a signal that kills": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
}

SAID = {
    "`os._exit`": "ended with exit state 3",
    "a segmentation fault": "crashed (Segmentation fault)",
    "a signal that kills": "was killed",
}


def spun(text: str, options: str = "") -> str:
    return f"%%spin SmallFlow work {options}\nself.doubled = self.input * 2\n{text}\nself.next(self.join)"


@pytest.mark.parametrize("what", ENDINGS)
def test_isolated_survives(kernel: Kernel, project: Path, fault: Callable[..., None], what: str) -> None:
    fault(f"{what} with `--isolated`", "one sentence that says what ended the process")
    # The last result keeps the folder that its artifacts are in.
    with whole(kernel, project, changed=frozenset({"files"})):
        cell = kernel.run(spun(ENDINGS[what], "--isolated"))
        assert cell.error, cell.text
        assert cell.error["ename"] == "IsolatedError"
        assert SAID[what] in cell.error["evalue"]
        assert len(cell.traceback.splitlines()) <= 4, cell.traceback


@pytest.mark.parametrize("what", ENDINGS)
def test_the_kernel_ends(project: Path, fault: Callable[..., None], full: bool, what: str) -> None:  # noqa: FBT001 -- a fixture
    if not full and what != "`os._exit`":
        pytest.skip("with --full")
    fault(f"{what} in the kernel", "Jupyter says that the kernel died; files and runs are whole", survived=0)
    with fresh_kernel(project) as own:
        assert not own.run(LOAD).failed
        own.client.execute(spun(ENDINGS[what]))
        until = time.monotonic() + 30
        while own.manager.is_alive() and time.monotonic() < until:
            time.sleep(0.1)
        assert not own.manager.is_alive()
    with fresh_kernel(project) as after:
        assert not after.run(LOAD).failed
        with whole(after, project):
            pass


def test_memory_that_runs_out(project: Path, fault: Callable[..., None]) -> None:
    fault(
        "memory runs out, by a limit of the process", "MemoryError at the step's own line; the kernel goes on"
    )
    with fresh_kernel(project) as own:
        assert not own.run(LOAD).failed
        own.run("%spin SmallFlow work")
        own.run(
            "import resource\nused = int(open('/proc/self/statm').read().split()[0]) * 4096\n"
            "resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))\ndel used, resource"
        )
        with whole(own, project):
            cell = own.run(spun("self.parts = []\nwhile True: self.parts.append(bytearray(2**24))"))
            assert cell.error, cell.text
            assert cell.error["ename"] == "MemoryError"
            own.run("del _spin")
