"""After a spin, good, failing or interrupted, nothing but the result is different."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import metaflow
import pytest
from metaflow.client import core
from metaflow.metaflow_current import Current, current
from metaflow.plugins import DATASTORES

from spin_magic import SpinError, spin, spin_inputs
from tests.conformance.runs import RealRun

NASTY = """
import os, sys, signal, warnings, metaflow
os.environ["LEFT"] = "behind"
os.environ.pop("DAILY")
os.chdir("/")
sys.path.append("/left")
sys.argv.append("left")
signal.signal(signal.SIGTERM, lambda *_: None)
signal.alarm(60)
warnings.simplefilter("ignore")
metaflow.namespace("user:left")
metaflow.metadata("local@" + FOLDER)
sys.stdout = sys.stderr
self.score = 1
"""


@pytest.fixture
def daily(run_of) -> RealRun:
    return run_of("daily")


def files(project: Path) -> dict[str, str]:
    stored = [path for path in project.rglob("*") if ".metaflow" in path.parts or ".metaflow" in path.name]
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in stored if p.is_file()}


def snapshot(project: Path) -> dict[str, object]:
    return {
        "namespace": core.current_namespace,
        "metadata": core.current_metadata,
        "current": dict(vars(current)),
        "current properties": dict(vars(Current)),
        "is running": current.is_running_flow,
        "roots": [vars(d).get("datastore_root") for d in DATASTORES],
        "cwd": Path.cwd(),
        "path": list(sys.path),
        "meta_path": list(sys.meta_path),
        "argv": list(sys.argv),
        "modules": dict(sys.modules),
        "main": dict(vars(sys.modules["__main__"])),
        "environ": dict(os.environ),
        "signals": [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)],
        "alarm": signal.getitimer(signal.ITIMER_REAL)[0] > 100,  # that of pytest-timeout, or none
        "threads": set(threading.enumerate()),
        "filters": list(warnings.filters),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "files": files(project),
    }


def same(before: dict[str, object], after: dict[str, object]) -> list[str]:
    return [name for name in before if before[name] != after[name]]


@pytest.mark.parametrize(
    "body",
    [
        None,
        NASTY + "self.next(self.join)\n",
        NASTY + "raise KeyError('x')\n",
        NASTY + "raise KeyboardInterrupt\n",
        NASTY + "sys.exit(2)\n",
        "self.nosuch\n",
    ],
    ids=["file", "good", "failing", "interrupted", "exit", "missing"],
)
def test_everything_is_as_before(daily: RealRun, project: Path, body: str | None):
    notebook = {"FOLDER": str(project)}
    spin("daily.py", "train", body=body, notebook=notebook, check=False)  # what it imports stays imported
    before = snapshot(project)
    spin("daily.py", "train", body=body, notebook=notebook, check=False)
    assert same(before, snapshot(project)) == []


def test_asking_for_inputs_changes_nothing(daily: RealRun, project: Path):
    spin_inputs("daily.py", "join")
    before = snapshot(project)
    found = spin_inputs("daily.py", "join")
    assert [i.score for i in found.inputs] == [1.0, 1.5, 2.0]
    assert dict(spin_inputs("daily.py", "train"))["box"].content == [1, 2]
    assert same(before, snapshot(project)) == []


def test_nothing_is_registered_as_a_run(daily: RealRun, project: Path):
    latest = (project / ".metaflow" / "DailyFlow" / "latest_run").read_text()
    spin("daily.py", "train")
    assert (project / ".metaflow" / "DailyFlow" / "latest_run").read_text() == latest
    assert not (project / ".metaflow_spin").exists()


def test_inputs_are_pristine_on_every_spin(daily: RealRun):
    change = "self.letters.append('z')\nself.box.content.clear()\n"
    body = change + "self.score = len(self.letters)\nself.next(self.join)"
    for _ in range(3):
        result = spin("daily.py", "train", body=body)
        assert result["score"] == 4
        assert result.inputs["letters"] == ["a", "b", "c"]
        assert result.inputs["box"].content == [1, 2]


def test_module_state_is_fresh_on_every_spin(daily: RealRun):
    body = "SEEN.append(1)\nself.score = len(SEEN)\nself.next(self.join)"
    assert [spin("daily.py", "train", body=body)["score"] for _ in range(3)] == [1, 1, 1]


def test_environment_variables_are_there_during_the_spin_alone(daily: RealRun):
    body = "import os\nself.score = os.environ['DAILY']\nself.next(self.join)"
    assert spin("daily.py", "train", body=body)["score"] == "yes"
    assert "DAILY" not in os.environ


def test_asyncio_run_works_under_a_running_loop(daily: RealRun):
    helper = "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 3\n"
    body = helper + "self.score = asyncio.run(f())\n"

    async def outer() -> object:
        result = spin("daily.py", "train", body=body)
        await asyncio.sleep(0)
        return result["score"]

    # In a thread: the browser tests' Playwright keeps a loop running in the main one.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, outer()).result() == 3


def test_the_client_works_inside_a_step(daily: RealRun):
    body = "from metaflow import Flow\nself.score = Flow('DailyFlow').latest_run.id\nself.next(self.join)"
    assert spin("daily.py", "train", body=body)["score"] == daily.run_id
    assert metaflow.Flow("DailyFlow").latest_run.id == daily.run_id


def test_a_spin_in_a_thread_works(daily: RealRun):
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda index: spin("daily.py", "train", index=index), [0, 1, 2, 0, 1, 2]))
    assert [result["score"] for result in results] == [1.0, 1.5, 2.0, 1.0, 1.5, 2.0]


def test_cwd_is_set_for_the_spin_alone(daily: RealRun, tmp_path: Path, project: Path):
    (tmp_path / "here.txt").write_text("found")
    body = "with open('here.txt') as f:\n    self.score = f.read()\nself.next(self.join)"
    result = spin(str(project / "daily.py"), "train", body=body, cwd=tmp_path)
    assert result["score"] == "found"
    assert Path.cwd() == project


def test_what_was_spun_feeds_the_next_step(daily: RealRun):
    spin("daily.py", "train", index=1, body="self.score = 100\nself.next(self.join)")
    result = spin("daily.py", "join", source="spin")
    assert result["scores"] == [1.0, 100, 2.0]
    assert "2 from run" in result.inputs.why
    assert "1 spun here" in result.inputs.why
    assert spin("daily.py", "join")["scores"] == [1.0, 1.5, 2.0]


def test_the_diff_tells_what_changed(daily: RealRun):
    body = "self.score = 5.0\nself.extra = 1\nself.next(self.join)"
    rows = {row.name: row for row in spin("daily.py", "train", body=body).diff()}
    assert rows["score"].status == "changed"
    assert (rows["score"].before, rows["score"].after) == (1.0, 5.0)
    assert (rows["extra"].status, rows["box"].status, rows["LIMIT"].status) == ("new", "same", "same")
    gone = spin("daily.py", "train", body="self.next(self.join)").diff()
    assert {row.name for row in gone if row.status == "gone"} == {"score"}


def test_values_that_were_set_are_copied(daily: RealRun):
    letters = ["x"]
    body = "self.letters.append('y')\nself.score = len(self.letters)\nself.next(self.join)"
    for _ in range(2):
        assert spin("daily.py", "train", body=body, set={"letters": letters})["score"] == 2
    assert letters == ["x"]


def test_spun_inputs_stay_with_the_task_that_was_spun(run_of):
    run_of("foreach")
    spin("foreach.py", "letter", index=2, body="self.mine = 'spun'\nself.where = 0\nself.next(self.linear)")
    followed = spin("foreach.py", "linear", source="spin")
    assert (followed["mine"], followed.inputs.index, followed.self.index) == ("spun-2", 2, 2)
    assert "task 3 of 6, index 2" in followed.inputs.why
    with pytest.raises(SpinError, match="belongs to another task"):
        spin("foreach.py", "linear", source="spin", index=1)


def test_results_do_not_pile_up(daily: RealRun):
    import gc
    import weakref

    class Witness:
        pass

    alive: weakref.WeakSet[object] = weakref.WeakSet()
    gc.collect()
    gc.disable()
    try:
        for body in ("self.score = W()\nself.next(self.join)", "self.score = W()\n1 / 0"):
            for _ in range(8):
                result = spin("daily.py", "train", body=body, notebook={"W": Witness}, check=False)
                alive.add(result["score"])
                del result
            assert len(alive) <= 3, body
    finally:
        gc.enable()
