from __future__ import annotations

import json
import shutil
import time
from io import FileIO
from itertools import islice

import pytest

from spin_magic import paths
from spin_magic.engine import local_metadata
from spin_magic.engine.local_metadata import LocalRuns
from spin_magic.errors import TaskError
from spin_magic.kept import TICK_NS
from tests.run_folders import FIRST, RunFolders

AFTER_A_TICK = 2 * TICK_NS / 1e9


@pytest.fixture
def folders(tmp_path):
    return RunFolders(tmp_path / ".metaflow")


@pytest.fixture
def runs(folders):
    return LocalRuns(folders.root, folders.flow)


@pytest.fixture
def opened(monkeypatch):
    """The files that were opened, and the folders that were listed."""
    seen = []

    class NotedFile(FileIO):
        def __init__(self, path, **how):
            seen.append(path)
            super().__init__(path, **how)

    def noted_list(path):
        seen.append(path)
        return real_list(path)

    real_list = local_metadata.os.listdir
    monkeypatch.setattr(paths, "FileIO", NotedFile)
    monkeypatch.setattr(local_metadata.os, "listdir", noted_list)
    return seen


def ids(runs):
    return [run.id for run in runs.runs()]


def test_the_newest_of_thousands_is_found_by_its_name(folders, runs, opened):
    for number in range(5000):
        folders.run(FIRST + number)
    time.sleep(AFTER_A_TICK)

    assert next(runs.runs()).id == str(FIRST + 4999)
    assert len(opened) == 2  # the list of the runs, and the one run
    opened.clear()
    assert next(runs.runs()).id == str(FIRST + 4999)
    assert opened == []
    newest = list(islice(runs.runs(), 3))
    assert [run.id for run in newest] == [str(FIRST + n) for n in (4999, 4998, 4997)]
    assert len(opened) == 2
    assert len(ids(runs)) == 5000


def test_names_that_are_no_times_are_placed_by_when_they_began(folders, runs):
    for number in (1, 3, 5):
        folders.run(FIRST + number * 10**6)
    folders.run("argo-hello", when=FIRST // 1000 + 4000)
    folders.run("17", when=FIRST // 1000 + 2000)
    folders.run("sfn-first", when=1000)
    folders.run("sfn-last", when=FIRST // 1000 + 9000)
    first, third, fifth = (str(FIRST + number * 10**6) for number in (1, 3, 5))
    assert ids(runs) == ["sfn-last", fifth, "argo-hello", third, "17", first, "sfn-first"]


def test_a_run_that_was_written_in_place_is_seen(folders, runs):
    run = folders.run(FIRST)
    time.sleep(AFTER_A_TICK)
    assert "good" not in runs.run(run).tags
    file = folders.root / folders.flow / run / "_meta" / "_self.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "tags": ["good"]}))
    assert "good" in runs.run(run).tags


def test_a_tag_is_seen_and_does_not_make_a_run_newer(folders, runs):
    old, new = folders.run(FIRST), folders.run(FIRST + 10**6)
    time.sleep(AFTER_A_TICK)
    assert ids(runs) == [new, old]
    folders.run(old, when=FIRST // 1000 + 10**6, tags=("good",))  # as `tag add` writes it
    assert ids(runs) == [new, old]
    assert "good" in runs.run(old).tags
    assert runs.run(old).created == FIRST / 1e6


def test_runs_that_come_and_go_are_seen(folders, runs):
    old = folders.run(FIRST)
    time.sleep(AFTER_A_TICK)
    assert ids(runs) == [old]
    new = folders.run(FIRST + 1)
    assert ids(runs) == [new, old]
    time.sleep(AFTER_A_TICK)
    assert ids(runs) == [new, old]
    shutil.rmtree(folders.root / folders.flow / new)
    assert ids(runs) == [old]
    assert runs.run(new) is None
    folders.root.rename(folders.root.with_name("moved"))
    assert ids(runs) == []


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "../TrainFlow", "missing"])
def test_what_is_no_name_of_a_run_finds_none(folders, runs, name):
    folders.run(FIRST)
    assert runs.run(name) is None


def test_a_run_that_is_just_being_made_is_not_there_yet(folders, runs):
    old = folders.run(FIRST)
    (folders.root / folders.flow / str(FIRST + 1)).mkdir()
    (folders.root / folders.flow / str(FIRST + 2) / "_meta").mkdir(parents=True)
    assert ids(runs) == [old]
    new = folders.run(FIRST + 2)
    assert ids(runs) == [new, old]


def test_a_task_tells_how_it_ended_where_it_stands_and_where_its_artifacts_are(folders, runs):
    run = folders.run()
    folders.task(run, "work", 7, path="mid:10,nest:2")
    (info,) = runs.tasks(run, "work")
    when = FIRST / 1e6 // 0.001 / 1000 + 0.007
    assert (info.run, info.step, info.id, info.ok) == (run, "work", "7", True)
    assert info.path == (("mid", 10), ("nest", 2))
    assert (info.ds_type, info.ds_root) == ("local", None)
    assert info.created == pytest.approx(when, abs=1e-3)
    assert info.ended == pytest.approx(when + 0.002, abs=1e-3)


def test_attempts_are_followed_from_spin_to_spin(folders, runs):
    run = folders.run()
    folders.task(run, "work", 1, ok=None)

    def state():
        time.sleep(AFTER_A_TICK)
        return runs.tasks(run, "work")[0].ok

    later = FIRST // 1000 + 5000
    assert state() is None
    folders.metadata(run, "work", 1, later, {"attempt_ok": "False", "attempt-done": "0"})
    assert state() is False
    folders.metadata(run, "work", 1, later + 1000, {"attempt": "1"})
    assert state() is None
    folders.metadata(run, "work", 1, later + 2000, {"attempt_ok": "True"})
    assert state() is True


def test_a_wide_step_is_read_once_and_looked_at_again_by_its_stats(folders, runs, opened):
    run = folders.run()
    for task in range(200):
        folders.task(run, "work", task, path=f"work:{task}")
    time.sleep(AFTER_A_TICK)
    assert len(runs.tasks(run, "work")) == 200
    assert len(opened) == 1 + 200 * 5  # of the thirteen files of a task four, and the list of them
    opened.clear()
    assert len(runs.tasks(run, "work")) == 200
    assert opened == []

    folders.task(run, "work", 200)
    assert len(runs.tasks(run, "work")) == 201
    assert len(opened) == 1 + 5 - 1  # this one has no path
    shutil.rmtree(folders.root / folders.flow / run / "work" / "13")
    assert "13" not in {info.id for info in runs.tasks(run, "work")}


def test_reached_opens_nothing(folders, runs, opened):
    run = folders.run()
    folders.task(run, "start", 1)
    opened.clear()
    assert runs.reached(run, "start")
    assert not runs.reached(run, "train")
    assert [path for path in opened if path.endswith(".json")] == []
    assert runs.steps(run) == ["start"]


def test_damaged_metadata_is_told_in_a_sentence(folders, runs):
    run = folders.run()
    file = folders.task(run, "start", 1) / "_meta" / "_self.json"
    for text in ("{", json.dumps([1])):
        file.write_text(text)
        with pytest.raises(TaskError, match=r"_self\.json is damaged: delete that run"):
            runs.tasks(run, "start")


@pytest.mark.parametrize("kind", ["azure", "gs", "local", "s3"])
def test_where_the_artifacts_of_a_task_are(folders, runs, kind):
    run = folders.run()
    folders.task(run, "work", 1)
    later = FIRST // 1000 + 10
    folders.metadata(run, "work", 1, later, {"attempt": "2", "ds-type": kind, "ds-root": "its/root"})
    (info,) = runs.tasks(run, "work")
    assert info.ds_type == kind
    # Of local ones the place is known, and all attempts are beside each other.
    assert (info.ds_root, info.attempt) == ((None, None) if kind == "local" else ("its/root", 2))
