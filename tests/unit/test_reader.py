"""Opening past tasks: the same as Metaflow opens, many at once, and not without end."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from metaflow.datastore.exceptions import DataException
from metaflow.datastore.flow_datastore import FlowDataStore
from metaflow.plugins.datastores.local_storage import LocalStorage

from spin_magic.engine import bulk, reader
from spin_magic.engine.bulk import other_stores
from spin_magic.engine.local_metadata import LocalRuns
from spin_magic.engine.reader import Reader
from spin_magic.errors import TaskError
from spin_magic.kept import TICK_NS
from tests.run_folders import RunFolders

AFTER_A_TICK = 2 * TICK_NS / 1e9
INT = {"size": 5, "type": "<class 'int'>", "encoding": "pickle-v4", "serializer_info": {"source": "metaflow"}}


class Work:
    """A run with a step `work`, whose tasks have the artifacts that a test gives them."""

    def __init__(self, root: Path) -> None:
        self.folders = RunFolders(root)
        self.run = self.folders.run()
        self.runs = LocalRuns(root, self.folders.flow)
        self.reader = Reader(self.folders.flow, root)

    def task(self, number: int, ok: str | None = "True") -> Path:
        folder = self.folders.task(self.run, "work", number, path=f"work:{number}", ok=ok)
        self.attempt(folder, 0, x=f"sha-{number}", same="sha")
        return folder

    @staticmethod
    def attempt(folder: Path, number: int, *, done: bool = True, **objects: str) -> None:
        (folder / f"{number}.attempt.json").write_text("{}")
        if done:
            data = {"objects": objects, "info": dict.fromkeys(objects, INT)}
            (folder / f"{number}.data.json").write_text(json.dumps(data))
            (folder / f"{number}.DONE.lock").touch()

    def infos(self):
        return sorted(self.runs.tasks(self.run, "work"), key=lambda info: int(info.id))


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path / ".metaflow")


def test_tasks_come_in_the_order_asked_for_and_are_opened_once(work, monkeypatch):
    for number in range(5):
        work.task(number)
    time.sleep(AFTER_A_TICK)
    infos = work.infos()[::-1]
    first = work.reader.open_all(infos)
    assert [task.objects["x"] for task in first] == [f"sha-{n}" for n in (4, 3, 2, 1, 0)]
    assert [task.pathspec for task in first][-1] == f"TrainFlow/{work.run}/work/0"

    monkeypatch.setattr(reader, "local_store", None)
    assert work.reader.open_all(infos) == first
    assert work.reader.open(replace(infos[0], path=())) is first[0]


def test_what_is_alike_is_kept_once(work):
    for number in range(3):
        work.task(number)
    one, two, _ = work.reader.open_all(work.infos())
    assert one.details["x"] == INT
    assert one.details["x"] is two.details["same"]
    assert one.objects["same"] is two.objects["same"]


def test_a_task_that_was_tried_again_is_opened_again(work):
    folder = work.task(1, ok="False")
    before = work.reader.open(work.infos()[0])
    work.attempt(folder, 1, x="sha-new")
    later = 2_000_000_000_000
    work.folders.metadata(work.run, "work", 1, later, {"attempt": "1"})
    work.folders.metadata(work.run, "work", 1, later + 9, {"attempt_ok": "True"})
    after = work.reader.open(work.infos()[0])
    assert (before.objects["x"], after.objects["x"]) == ("sha-1", "sha-new")


@pytest.mark.parametrize("width", [1, 3, 20])
def test_no_more_are_kept_than_the_limit(work, monkeypatch, width):
    monkeypatch.setattr(reader, "OPENED", 4)
    for number in range(width):
        work.task(number)
    time.sleep(AFTER_A_TICK)
    assert len(work.reader.open_all(work.infos())) == width
    assert len(work.reader._opened) == min(width, 4)


def test_details_are_kept_within_a_limit(work, monkeypatch):
    monkeypatch.setattr(bulk, "DETAILS", 2)
    for size in range(10):
        bulk._shared({"size": size})
    assert len(bulk._alike) <= 2


@pytest.mark.parametrize(
    ("attempts", "opened"),
    [([True], 0), ([True, True], 1), ([True, False], None), ([False], None), ([False, True], 1), ([], None)],
)
def test_attempts_are_those_that_metaflow_opens(work, attempts, opened):
    folder = work.folders.task(work.run, "work", 1)
    for number, done in enumerate(attempts):
        work.attempt(folder, number, done=done, x=f"sha-{number}")
    info = work.infos()[0]
    store = FlowDataStore(
        "TrainFlow", environment=None, storage_impl=LocalStorage, ds_root=str(work.folders.root)
    )
    objects = {} if opened is None else {"x": f"sha-{opened}"}

    assert work.reader.open(info).objects == objects
    assert {p: s._objects for p, s in other_stores(store, [info]).items()} == (
        {} if opened is None else {(work.run, "work", "1"): objects}
    )
    if opened is None:
        with pytest.raises(DataException):
            store.get_task_datastore(work.run, "work", "1")
    else:
        theirs = store.get_task_datastore(work.run, "work", "1")
        assert (theirs._objects, theirs.attempt) == (objects, opened)


@pytest.mark.parametrize("pause", [0, AFTER_A_TICK])
def test_a_list_of_artifacts_that_was_written_in_place_is_seen(work, pause):
    folder = work.task(1)
    time.sleep(pause)
    assert work.reader.open(work.infos()[0]).objects["x"] == "sha-1"
    file = folder / "0.data.json"
    file.write_text(file.read_text().replace("sha-1", "sha-2"))
    assert work.reader.open(work.infos()[0]).objects["x"] == "sha-2"


@pytest.mark.parametrize("text", ["", "{", "[1]", "7", "{}", '{"objects": 3}', '{"objects": {"x": 3}}'])
def test_a_damaged_list_of_artifacts_is_told_in_a_sentence(work, text):
    (work.task(1) / "0.data.json").write_text(text)
    with pytest.raises(TaskError, match=r"The list of artifacts of \d+/work/1, .*0\.data\.json, is damaged"):
        work.reader.open(work.infos()[0])
