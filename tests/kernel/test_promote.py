"""A whole flow from a notebook: it shows one display, can be stopped, and hands back the run."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.kernel.harness import Kernel

MARK = "kernel-promote-mark"


def test_the_run_is_the_value_and_one_display_follows_it(kernel: Kernel) -> None:
    cell = kernel.run(
        "import signal\nhandler = signal.getsignal(signal.SIGINT)\nr = %spin_run SmallFlow --alpha 2 -o other"
    )

    assert not cell.failed, cell.text
    shown = [output for output in cell.outputs if output["output_type"] == "display_data"]
    assert len(shown) == 1
    assert kernel.value("r.successful, r is other, r.pathspec in repr(r)") == "(True, True, True)"
    assert kernel.value("signal.getsignal(signal.SIGINT) is handler") == "True"
    assert "which this kernel ran last" in kernel.run("%spin SmallFlow work").text


def test_stop_ends_the_run_and_fails_the_cell_once(kernel: Kernel, project: Path) -> None:
    flow = project / "smallflow.py"
    flow.write_text(
        flow.read_text().replace("self.doubled =", "__import__('time').sleep(60); self.doubled =")
    )
    kernel.run(f"import os\nos.environ['PROMOTED_MARK'] = {MARK!r}")
    pressed: list[float] = []

    def press() -> None:
        # The run, its local scheduler's children and at least one task.
        if not pressed and len(processes_with(MARK)) > 2:
            pressed.append(time.monotonic())
            kernel.manager.interrupt_kernel()

    stopped = kernel.run("%spin_run SmallFlow", on_wait=press)

    assert stopped.error, stopped.text
    assert stopped.error["ename"] == "KeyboardInterrupt"
    assert time.monotonic() - pressed[0] < 15
    assert processes_with(MARK) == []
    assert sum(output["output_type"] == "error" for output in stopped.outputs) == 1
    assert kernel.value("1 + 1") == "2"


def test_a_failing_run_fails_the_cell_in_a_sentence(kernel: Kernel, project: Path) -> None:
    flow = project / "smallflow.py"
    flow.write_text(flow.read_text().replace("self.doubled =", "raise ValueError('no luck'); self.doubled ="))

    failed = kernel.run("%spin_run SmallFlow")

    assert failed.failed
    assert failed.error["ename"] == "RunError"
    assert "failed in step `work`" in failed.error["evalue"]
    assert "ValueError: no luck" in failed.error["evalue"]


def processes_with(mark: str) -> list[int]:
    """List the processes that were started with a mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found
