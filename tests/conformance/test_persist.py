"""What `--persist` keeps is what Metaflow's own `inspect_spin` finds, in another process."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from spin_magic import spin
from tests.conformance.compare import compare_artifacts
from tests.conformance.describe import describe
from tests.conformance.runs import environment

READ = """
import pickle, sys
sys.path.insert(0, sys.argv[1])
from describe import describe
from oracle import load_names
load_names(sys.argv[2])
from metaflow import Task, inspect_spin
from metaflow.cards import get_cards
inspect_spin(sys.argv[3])
found = []
for pathspec in sys.argv[4:]:
    task = Task(pathspec)
    known = task.metadata_dict
    found.append({
        "artifacts": {each.id: describe(each.data) for each in task},
        "successful": task.successful,
        "stdout": task.stdout,
        "exception": getattr(task.exception, "exception", None),
        "place": known.get("foreach-execution-path"),
        "cards": [(c.type, len(c.get()) > 1000) for c in get_cards(task)] if "Cards" in pathspec else [],
    })
sys.stdout.buffer.write(pickle.dumps(found))
"""


def inspected(folder: Path, flow: Path, *pathspecs: str) -> list[dict]:
    here = str(Path(__file__).parent)
    program = [sys.executable, "-c", READ, here, str(flow), str(folder), *pathspecs]
    # Not there: Metaflow makes a folder for runs where it finds none.
    done = subprocess.run(program, cwd=flow.parent, env=environment(), stdout=subprocess.PIPE, check=True)
    return pickle.loads(done.stdout)


@pytest.fixture
def elsewhere(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with nothing above it that holds spins."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_round_trip(run_of, project, elsewhere):
    run = run_of("foreach")
    flow = project / "foreach.py"
    latest = (project / ".metaflow" / "ForeachFlow" / "latest_run").read_text()
    body = "print('said')\nself.mine = 'new'\nself.next(self.linear)"
    join = spin(flow, f"{run.run_id}/letters_join", persist=True)
    letter = spin(flow, f"{run.run_id}/letter", index=3, body=body, persist=True)
    alone = spin(flow, f"{run.run_id}/letter", index=3, body=body, persist=True, isolated=True)
    read = inspected(elsewhere, flow, join.persisted, letter.persisted, alone.persisted)
    assert compare_artifacts(read[0]["artifacts"], join, "join") == []
    assert compare_artifacts(run.task("letters_join")["artifacts"], join, "join") == []
    for result, found in zip((letter, alone), read[1:], strict=True):
        assert found["artifacts"] == {name: describe(result[name]) for name in result.artifacts}
        assert found["artifacts"]["mine"] == describe("new")
        assert (found["successful"], found["stdout"], found["place"]) == (True, "said\n", "letter:3")
        assert str(result.persisted) in result.inputs.why
    assert len({join.persisted, letter.persisted, alone.persisted}) == 3
    assert (project / ".metaflow" / "ForeachFlow" / "latest_run").read_text() == latest
    assert {path.name for path in elsewhere.iterdir()} == {".metaflow_spin"}


def test_cards_and_failures_are_kept_too(run_of, project, elsewhere):
    run_of("cards")
    cards = spin(project / "cards.py", "start", persist=True)
    (found,) = inspected(elsewhere, project / "cards.py", cards.persisted)
    assert found["cards"] == [("default", True)]
    run_of("foreach")
    body = "import threading\nself.half = 1\nself.lock = threading.Lock()\n1 / 0\nself.next(self.linear)"
    failed = spin(project / "foreach.py", "letter", body=body, check=False, persist=True)
    assert sum("`lock` was not kept" in note for note in failed.notes) == 1
    (found,) = inspected(elsewhere, project / "foreach.py", failed.persisted)
    assert found["artifacts"]["half"] == describe(1)
    assert "lock" not in found["artifacts"]
    assert (found["successful"], found["exception"]) == (False, "division by zero")


def test_kept_where_the_spin_began_and_a_full_disk_costs_nothing_else(
    run_of, project, elsewhere, monkeypatch
):
    run_of("foreach")
    (elsewhere / "away").mkdir()
    body = "import os\nos.chdir('away')\nself.mine = 1\nself.next(self.linear)"
    assert spin(project / "foreach.py", "letter", body=body, persist=True).persisted
    assert [path.name for path in (elsewhere / "away").iterdir()] == []

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spin_magic.engine.persist._artifacts", full)
    result = spin(project / "foreach.py", "letter", body=body, persist=True)
    assert (result["mine"], result.persisted) == (1, None)
    assert "--persist could not keep the results of `letter`: [Errno 28] No space" in result.notes[-1]


def test_nothing_is_kept_unasked(run_of, project, elsewhere):
    run_of("foreach")
    assert spin(project / "foreach.py", "letter").persisted is None
    # Metaflow does not even start a step that leads nowhere.
    begun = spin(project / "foreach.py", "letter", body="pass", isolated=True, persist=True, check=False)
    assert "could not be started isolated" in str(begun.error)
    assert begun.persisted is None
    assert [*elsewhere.iterdir()] == []


def test_metaflows_own_settings_are_obeyed(run_of, project, elsewhere):
    """Metaflow reads them when it is imported, so in another process."""
    run_of("foreach")
    program = """
import json, sys
from spin_magic import spin
persisted = [spin(sys.argv[1], "letter", **how).persisted for how in ({}, {"persist": False})]
print(json.dumps(persisted))
"""
    settings = {
        "METAFLOW_SPIN_PERSIST": "1",
        "METAFLOW_DATASTORE_SYSROOT_SPIN": str(elsewhere / "there"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    (elsewhere / "there" / ".metaflow_spin").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-c", program, str(project / "foreach.py")],
        cwd=elsewhere,
        env=environment(settings),
        stdout=subprocess.PIPE,
        check=True,
    )
    kept, unkept = json.loads(done.stdout)
    assert unkept is None
    assert len(inspected(elsewhere / "there", project / "foreach.py", kept)[0]["artifacts"]) > 3
    assert [path.name for path in elsewhere.iterdir()] == ["there"]
