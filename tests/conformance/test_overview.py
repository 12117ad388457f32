"""The picture of a flow tells what became of each step: in good, failed, killed and unfinished runs."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spin_magic import FlowOverview, spin, spin_flow
from spin_magic.errors import FlowError, TaskError
from spin_magic.loop import session
from tests.conformance.cases import FAILING, ONE_BY_NAME, Case
from tests.conformance.runs import RealRun, environment

WAITING = """
from pathlib import Path
from time import sleep
from metaflow import FlowSpec, step

class WaitingFlow(FlowSpec):
    @step
    def start(self):
        self.items = [0, 1]
        self.next(self.work, foreach="items")

    @step
    def work(self):
        for _ in range(1200 * self.input):
            if Path("go").exists():
                break
            sleep(0.05)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    WaitingFlow()
"""


def counted(overview: FlowOverview) -> dict[str, tuple[int, int]]:
    """Give the number of tasks, and of those that went well, of each step that was reached."""
    return {
        name: (step.tasks, step.tasks - step.failed - step.running)
        for name, step in overview.steps.items()
        if step.tasks
    }


def truth(real_run: RealRun) -> dict[str, tuple[int, int]]:
    return {
        step: (len(tasks), sum(bool(task["successful"]) for task in tasks))
        for step, tasks in real_run.steps.items()
        if tasks and step != "_parameters"
    }


GOOD = [
    ONE_BY_NAME[name] for name in ("nested", "switch_big", "recursive", "custom_ends", "single_step", "cards")
]


@pytest.mark.parametrize("case", [*GOOD, *FAILING], ids=lambda case: case.id)
def test_states_and_tasks_are_the_runs(case: Case, real_run: RealRun):
    overview = spin_flow(case.flow, run=real_run.run_id)

    assert counted(overview) == truth(real_run)
    for name, step in overview.steps.items():
        whole, good = truth(real_run).get(name, (0, 0))
        expected = "not reached" if not whole else "ok" if good == whole else step.state
        assert step.state == expected
        assert (step.state in ("failed", "running")) is (good < whole)
        assert (step.longest > 0) is (step.tasks > step.running)
        assert step.longest <= step.seconds
    assert {step.state for step in overview.steps.values()} - {"ok", "not reached"} == (
        set() if case.ok else {"running" if case.id == "failing_kill" else "failed"}
    )


def test_latest_run_is_shown_and_another_on_request(project: Path, run_of):
    runs = sorted((run_of("switch_big").run_id, run_of("switch_none").run_id), key=int)

    latest, other = spin_flow("switch.py"), spin_flow("switch.py", run=runs[0])

    assert (latest.run, other.run) == (runs[1], runs[0])
    assert latest.why.startswith(f"Run {runs[1]}, the latest, finished ")
    assert {latest["big"].state, other["big"].state} == {"ok", "not reached"}
    assert latest["start"].cases == (("big", "big"), ("small", "small"), ("none", "after"))
    with pytest.raises(TaskError, match="no run '5'"):
        spin_flow("switch.py", run="5")
    elsewhere = spin_flow("switch.py", namespace="user:nobody")
    assert elsewhere.run is None
    assert "user:tester" in elsewhere.why


def test_what_was_spun_is_told_with_what_it_changed(project: Path, run_of, monkeypatch):
    monkeypatch.setattr(session, "_spun", {})  # other tests have spun steps of this flow
    run = run_of("nested").run_id
    spin("nested.py", f"{run}/start")
    spin(
        "nested.py",
        f"{run}/mid",
        body="self.o = 77\nself.more = 1\nself.inner = [1]\nself.next(self.leaf, foreach='inner')",
    )

    overview = spin_flow("nested.py")

    assert overview["start"].spun.counts == ()
    assert overview["start"].spun.origin.startswith(f"NestedFlow/{run}/start/")
    assert dict(map(reversed, overview["mid"].spun.counts)) == {"changed": 2, "new": 1, "gone": 1}
    assert 0 <= overview["mid"].spun.ago < 60
    assert overview["leaf"].spun is None
    assert overview["leaf"].depth == 2
    shown = overview._repr_mimebundle_()
    assert re.search(r"\nmid .* spun [^:]+: 2 changed, 1 new, 1 gone ", shown["text/plain"])
    assert 'data-step="mid"' in shown["text/html"]


def test_run_that_is_still_going(project: Path, tmp_path: Path, monkeypatch):
    (tmp_path / "waiting.py").write_text(WAITING)
    (tmp_path / ".metaflow").mkdir()
    monkeypatch.chdir(tmp_path)
    before = spin_flow("waiting.py")
    run = subprocess.Popen(
        [sys.executable, "waiting.py", "run"],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in itertools.takewhile(lambda _: run.poll() is None, range(600)):
            during = spin_flow("waiting.py")
            if (during["work"].tasks, during["work"].running) == (2, 1):
                break
            time.sleep(0.05)
    finally:
        (tmp_path / "go").touch()
        run.wait(60)
    after = spin_flow("waiting.py")

    assert (before.run, before["start"].state) == (None, "not reached")
    assert "Make one first" in before.why
    assert [step.state for step in during.steps.values()] == ["ok", "running", "not reached", "not reached"]
    assert "not finished" in during.why
    assert [step.state for step in after.steps.values()] == ["ok"] * 4
    assert after.run == during.run


def test_flow_that_changed_since_the_run(project: Path, run_of):
    text = (project / "single_step.py").read_text()
    folder = project / "later"
    folder.mkdir(exist_ok=True)
    (folder / "single_step.py").write_text(text.replace("def only(", "def lonely("))
    run_of("single_step")

    overview = spin_flow("later/single_step.py:SingleStepFlow")

    assert overview["lonely"].state == "not reached"
    assert overview.notes == ("The run has tasks of `only`, which the flow no longer has.",)


def test_broken_graph_is_told_in_metaflows_words(project: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "waiting.py").write_text(WAITING.replace("self.next(self.end)", "self.next(self.missing)"))

    with pytest.raises(FlowError, match="missing"):
        spin_flow("waiting.py")
