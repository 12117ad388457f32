"""What changes on disk between two spins is seen by the second, and no more is read than it needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

import pytest

from spin_magic import spin
from spin_magic.engine import reader
from spin_magic.errors import TaskError
from tests.conformance.cases import Case
from tests.conformance.compare import compare_artifacts
from tests.conformance.runs import environment, read, run
from tests.run_folders import RunFolders

WIDE = Case("wide_6", "wide.py", "WideFlow", "wide.py", arguments=("--width", "6"))
WAITING = """
import time
from pathlib import Path
from metaflow import FlowSpec, step


class WaitingFlow(FlowSpec):
    @step
    def start(self):
        self.x = 1
        self.next(self.wait)

    @step
    def wait(self):
        while not Path("go").exists():
            time.sleep(0.05)
        if Path("go").read_text() == "fail":
            raise ValueError("told to")
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    WaitingFlow()
"""


@pytest.fixture
def own_project(project, tmp_path, monkeypatch):
    """A project whose runs no other test sees."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / ".metaflow").mkdir()
    shutil.copy(project / "wide.py", folder)
    monkeypatch.chdir(folder)
    return folder


def command(project, *words):
    done = subprocess.run(
        [sys.executable, *words], cwd=project, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def chosen(step="join", **options):
    return spin("wide.py", step, **options).origin.split("/")[1]


def test_tags_deletions_and_moves_are_seen_at_once(own_project):
    old, _ = run(own_project, WIDE)
    assert chosen() == old
    new, _ = run(own_project, WIDE)
    assert chosen() == new

    with pytest.raises(TaskError, match="no run in namespace 'good'; there are some in user:tester"):
        chosen(namespace="good")
    command(own_project, "wide.py", "tag", "add", "--run-id", old, "good")
    assert chosen(namespace="good") == old
    assert chosen() == new

    (own_project / ".metaflow").rename(own_project / "moved")
    with pytest.raises(TaskError, match="has no run"):
        chosen()
    (own_project / "moved").rename(own_project / ".metaflow")
    assert chosen() == new
    shutil.rmtree(own_project / ".metaflow" / "WideFlow" / new)
    assert chosen() == old
    assert "the latest, finished" in spin("wide.py", "join").inputs.why


def test_a_resumed_run_is_read_by_its_artifacts(own_project):
    run(own_project, WIDE)
    command(own_project, "wide.py", "resume", "join", "--run-id-file", "resumed")
    run_id = (own_project / "resumed").read_text().strip()
    tasks = read(own_project, WIDE, run_id)
    assert compare_artifacts(tasks["join"][0]["artifacts"], spin("wide.py", "join"), "join") == []

    result = spin("wide.py", f"{run_id}/work", index=4)
    assert (result["place"], result.inputs.index, result.inputs.value) == (4, 4, 28)
    assert result.inputs.why.startswith("Inputs of task 5 of 6, index 4, input=28")


def test_runs_that_came_to_nothing_are_passed_over(own_project):
    good, _ = run(own_project, WIDE)
    folders = RunFolders(own_project / ".metaflow", "WideFlow")
    later = int(good) + 10**6
    for number in range(300):
        folders.run(later + number)
    assert chosen() == good
    why = spin("wide.py", "work", index=2).inputs.why
    assert f"(in run {later + 299}, the latest, `work` was not reached)" in why

    with pytest.raises(TaskError, match=f"The latest run that reached it is {good}: use {good}/join"):
        spin("wide.py", f"{later}/join")


@pytest.mark.parametrize(("step", "options"), [("work", {"index": 3}), ("work", {"value": 21}), ("join", {})])
def test_only_what_feeds_the_step_is_opened(step, options, own_project, monkeypatch):
    run(own_project, WIDE)
    opened = []

    def noted(store, folder, info):
        opened.append((info.step, info.id))
        return local_store(store, folder, info)

    local_store = reader.local_store
    monkeypatch.setattr(reader, "local_store", noted)

    spin("wide.py", step, **options)
    # The task that opened the foreach; the task itself only once its outputs are compared.
    wanted = (
        [("start", "1")] if step == "work" else [("start", "1"), *(("work", str(n)) for n in range(2, 8))]
    )
    assert sorted(opened) == wanted
    opened.clear()
    spin("wide.py", step, **options)
    assert opened == []


@pytest.mark.parametrize("end", ["succeed", "fail"])
def test_a_run_is_followed_while_it_goes_on(end, own_project, monkeypatch):
    (own_project / "waiting.py").write_text(WAITING)
    going = subprocess.Popen(
        [sys.executable, "waiting.py", "run", "--run-id-file", "id"],
        cwd=own_project,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not list(own_project.glob(".metaflow/WaitingFlow/*/wait/*/_meta/sysmeta_attempt_*")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        result = spin("waiting.py", "wait", body="self.next(self.end)")
        assert result.origin.endswith("/wait/2")
        assert "not finished: still going, or killed" in result.inputs.why
        (own_project / "go").write_text(end)
        going.wait(60)
    finally:
        going.kill()
        going.wait()
    why = spin("waiting.py", "wait", body="self.next(self.end)").inputs.why
    assert ("which failed in `wait`" if end == "fail" else "the latest, finished") in why
    if end == "fail":
        assert "takes what was spun" in spin("waiting.py", "end").inputs.why
        monkeypatch.setattr("spin_magic.loop.session._spun", {})
        with pytest.raises(TaskError, match="`wait`, which leads to `end`, failed"):
            spin("waiting.py", "end")
    else:
        assert spin("waiting.py", "end").origin.endswith("/end/3")
