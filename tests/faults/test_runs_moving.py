"""Runs that come, go and grow.

A past run is deleted or moved while it is in use, and a run is spun while it is still going on.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.whole import whole
from tests.kernel.harness import LOAD, fresh_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kernel.harness import Cell, Kernel

# A new kernel's memory and cache: what it has read of artifacts stays with it.
FORGET = """
import spin_magic.cache as _cache, spin_magic.engine.blobs as _blobs
_blobs.MEMORY._blobs.clear(); _cache.clear()
"""
GROWING = """
import pathlib, time
from metaflow import FlowSpec, current, retry, step

def gate(name):
    until = time.time() + 60
    while not pathlib.Path(f"gate-{name}").exists():
        assert time.time() < until, name
        time.sleep(0.02)

class GrowFlow(FlowSpec):
    @step
    def start(self):
        gate("start")
        self.items = [10, 20, 30]
        self.next(self.work, foreach="items")

    @retry(times=1, minutes_between_retries=0)
    @step
    def work(self):
        gate(f"work{self.index}-{current.retry_count}")
        if self.index == 1 and current.retry_count == 0:
            raise ValueError("the first try fails")
        self.made = self.input + 1
        self.next(self.join)

    @step
    def join(self, inputs):
        gate("join")
        self.made = [each.made for each in inputs]
        self.next(self.end)

    @step
    def end(self):
        gate("end")

if __name__ == "__main__":
    GrowFlow()
"""


def told(cell: Cell, *words: str) -> None:
    """Check that a cell failed once, in a sentence of ours, with one of these words."""
    assert cell.failed, cell.text
    assert cell.error, cell.text
    assert cell.error["ename"] in {"TaskError", "FlowError"}, cell.text
    assert len(cell.traceback.splitlines()) == 1, cell.traceback
    assert any(word in cell.traceback for word in words), cell.traceback


def the_run(project: Path) -> Path:
    (run,) = (each for each in (project / ".metaflow/SmallFlow").iterdir() if each.name.isdigit())
    return run


def test_a_run_that_goes_between_the_inputs_and_their_use(
    kernel: Kernel, project: Path, fault: Callable[..., None]
) -> None:
    fault(
        "artifacts, or their whole folder, deleted between `%spin_inputs` and their first use",
        "`TaskError`: which is missing, and to choose another run",
        tried=2,
    )
    data = project / ".metaflow/SmallFlow/data"
    with whole(kernel, project, changed=frozenset({"names"})):
        for gone in (data, project / ".metaflow"):
            assert not kernel.run(f"{FORGET}%spin_inputs SmallFlow join").failed
            kernel.run(FORGET)
            gone.rename(project / "aside")
            cell = kernel.run("print(inputs[2].doubled)")
            (project / "aside").rename(gone)
            told(cell, "is missing from the datastore: choose another run with --from.")
            assert kernel.run("print(inputs[2].doubled)").streams.strip() == "6"


def test_a_run_that_goes_between_two_spins(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    gone = [".metaflow", ".metaflow/SmallFlow", "RUN", "RUN/start", "RUN/start/1"]
    fault(
        "a run, its flow's folder or all of `.metaflow` deleted or moved between two spins",
        "`TaskError`: there is no run, where was looked, how to make one",
        tried=len(gone),
    )
    with whole(kernel, project):
        for name in gone:
            folder = Path(str(project / name).replace(str(project / "RUN"), str(the_run(project))))
            assert not kernel.run("%spin SmallFlow work").failed
            folder.rename(project / "aside")
            cell = kernel.run("%spin SmallFlow work")
            (project / "aside").rename(folder)
            told(cell, "has no run", "can feed `work`", "was not reached", "which leads to")


def test_a_run_that_goes_during_a_spin(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    fault(
        "a run deleted during a spin",
        "what the step has read stays; what it reads next is a `TaskError` in the step",
        tried=2,
    )
    body = """%%spin SmallFlow end
import pathlib
{first}
pathlib.Path(".metaflow").rename("aside")
try:
    print(getattr(self, "to" + "tal"))
finally:
    pathlib.Path("aside").rename(".metaflow")
"""
    with whole(kernel, project):
        kernel.run(FORGET)
        assert kernel.run(body.format(first="self.total")).streams.strip() == "12"
        kernel.run(FORGET)
        cell = kernel.run(body.format(first=""))
        assert cell.failed
        assert "'total' of SmallFlow" in cell.traceback
        assert "is missing from the datastore: choose another run with --from." in cell.traceback


def test_a_folder_that_was_moved(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    fault("`.metaflow` moved elsewhere, with a link in its place", "the right value")
    with whole(kernel, project):
        (project / ".metaflow").rename(project / "elsewhere")
        (project / ".metaflow").symlink_to("elsewhere")
        cell = kernel.run(f"{FORGET}%spin SmallFlow work")
        (project / ".metaflow").unlink()
        (project / "elsewhere").rename(project / ".metaflow")
        assert not cell.failed, cell.text


def test_a_run_that_grows(tmp_path: Path, fault: Callable[..., None]) -> None:
    looks = 9
    fault(
        "a run spun at each moment while it goes on: a foreach that grows, a task tried again",
        "what is finished gives its truth; else `TaskError`: what has not finished",
        tried=looks,
    )
    (tmp_path / "growflow.py").write_text(GROWING)
    (tmp_path / ".metaflow").mkdir()
    join = "r = %spin GrowFlow join --no-cards\nprint(r['made'])"
    work = "r = %spin GrowFlow work --index {0} --no-cards\nprint(r['made'])"
    with fresh_kernel(tmp_path) as kernel, Going(tmp_path) as run:
        kernel.run(LOAD)
        told(kernel.run(join), "has no run", "can feed `join`", "not reached")
        # The body of a spin waits at no gate that is open, and the run opens them in this order.
        opened = [f"work{split}-{attempt}" for split in range(3) for attempt in range(2)]
        begun(tmp_path, "start")
        told(kernel.run(work.format(0)), "can feed `work`", "has not finished")
        (tmp_path / "gate-start").touch()
        wait(lambda: steps(tmp_path, "work") == 2 or steps(tmp_path, "work") == 3)
        edited = "%%spin GrowFlow work --index {0} --no-cards\nself.made = self.input + 1\nprint(self.made)"
        for split in range(3):
            assert kernel.run(edited.format(split)).streams.strip().endswith(str(split * 10 + 11))
        (tmp_path / "gate-work0-0").touch()
        wait(lambda: done(tmp_path, "work") == 1)
        told(kernel.run(join), "only 1 of the 3", "has not finished", "have finished")
        (tmp_path / "gate-work1-0").touch()
        wait(lambda: any(tmp_path.glob(".metaflow/GrowFlow/*/work/*/1.attempt.json")))
        told(kernel.run(join), "only 1 of the 3", "has not finished", "have finished")
        for name in [*opened, "join"]:
            (tmp_path / f"gate-{name}").touch()
        wait(lambda: done(tmp_path, "join") == 1)
        assert kernel.run(join).streams.strip().endswith("[11, 21, 31]")
        # Killed in its last step.
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        cell = kernel.run(join)
        assert cell.streams.strip().endswith("[11, 21, 31]"), cell.text
        assert not cell.failed


class Going:
    """A run in a process group of its own, killed at the end of the block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "growflow.py", "--no-pylint", "run"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.run = subprocess.Popen(command, cwd=self.folder, start_new_session=True, **quiet)
        return self.run

    def __exit__(self, *_: object) -> None:
        if self.run.poll() is None:
            os.killpg(self.run.pid, signal.SIGKILL)
            self.run.wait()


def begun(folder: Path, step: str) -> None:
    wait(lambda: steps(folder, step) > 0)


def steps(folder: Path, step: str) -> int:
    return len([*folder.glob(f".metaflow/GrowFlow/*/{step}/*/0.attempt.json")])


def done(folder: Path, step: str) -> int:
    return len([*folder.glob(f".metaflow/GrowFlow/*/{step}/*/_meta/sysmeta_attempt_ok_*.json")])


def wait(until: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_runs_that_vanish_at_random(
    kernel: Kernel, project: Path, fault: Callable[..., None], *, full: bool
) -> None:
    tried = 200 if full else 10
    fault(
        "a run that somebody deletes and puts back all the time",
        "the right value, or one sentence",
        tried=tried,
    )
    script = f"""
import os, random, time
random.seed(8)
while True:
    os.rename({str(the_run(project))!r}, {str(project / "aside")!r})
    time.sleep(random.random() / 200)
    os.rename({str(project / "aside")!r}, {str(the_run(project))!r})
    time.sleep(random.random() / 100)
"""
    with whole(kernel, project):
        here = the_run(project)
        mover = subprocess.Popen([sys.executable, "-c", script])
        try:
            for _ in range(tried):
                cell = kernel.run(f"{FORGET}r = %spin SmallFlow work\nprint(r['doubled']); del r", timeout=20)
                if cell.failed:
                    told(
                        cell,
                        "has no run",
                        "can feed",
                        "is missing",
                        "cannot be read",
                        "lack",
                        "Choose",
                        "choose",
                    )
                else:
                    assert cell.streams.strip().endswith("2"), cell.text
        finally:
            mover.kill()
            mover.wait()
            if (project / "aside").exists():
                shutil.move(project / "aside", here)
