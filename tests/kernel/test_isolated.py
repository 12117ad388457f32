"""Isolated steps in a notebook: output as it comes, one traceback, and a kernel that goes on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kernel.harness import Kernel

STEP = "%%spin SmallFlow work --index 1 --isolated\n"


def test_output_comes_while_the_step_runs_and_an_interrupt_ends_it(kernel: Kernel, project: Path) -> None:
    body = "import time\nprint('looping')\ntime.sleep(60)\nself.next(self.join)"
    stopped, seconds = kernel.run_and_interrupt(STEP + body, mark="looping")
    assert stopped.error, stopped.text
    assert stopped.error["ename"] == "KeyboardInterrupt"
    assert seconds < 5
    assert list(project.glob(".*spin*")) == []


def test_failures_fail_the_cell_once_and_the_kernel_goes_on(kernel: Kernel) -> None:
    failed = kernel.run(STEP + "self.half = 1\n{}['nix']\nself.next(self.join)")
    assert failed.error, failed.text
    assert failed.error["ename"] == "KeyError"
    assert failed.traceback.count("Traceback") == 1
    assert re.search(r"Cell In\[\d+\], line 3, in work\n    \{\}\['nix'\]", failed.traceback), (
        failed.traceback
    )
    assert "File" not in failed.traceback
    assert failed.streams == ""
    (panel,) = failed.data("text/html")[-1:]
    assert 'data-test="failing-line"' in panel, panel[panel.index('data-test="failure') :][:600]
    assert re.search(r"cell In\[\d+\], in work", panel)
    assert kernel.value("_spin['half'], _spin.self") == "(1, None)"

    crashed = kernel.run(STEP + "import os\nos.kill(os.getpid(), 11)\nself.next(self.join)")
    assert crashed.traceback == (
        "IsolatedError: The process of `work` crashed (Segmentation fault), and this kernel goes on."
    )
    well = kernel.run(STEP + "self.doubled = self.input * 3\nself.next(self.join)")
    assert not well.failed, well.text
    assert "a process of its own" in well.text
    assert kernel.value("_spin['doubled'], _spin.next") == "(6, ('join',))"
    saved = kernel.run("%spin_save")
    assert "self.doubled = self.input * 3" in saved.text
