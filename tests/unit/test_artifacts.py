"""Artifacts from Metaflow's own local datastore: by way of the cache, ahead of time, and broken ones."""

from __future__ import annotations

import gc
import gzip
import importlib
import pickle
import threading
import weakref
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from metaflow.datastore.exceptions import DataException
from metaflow.datastore.flow_datastore import FlowDataStore
from metaflow.datastore.task_datastore import TaskDataStore
from metaflow.plugins import DATASTORES

from spin_magic import cache
from spin_magic.engine import ahead, artifacts, blobs
from spin_magic.engine.ahead import Ahead
from spin_magic.engine.past import TaskInfo
from spin_magic.engine.reader import PastTask
from spin_magic.errors import TaskError

N = 30_000


def load(store, name):
    return artifacts.fetch(store, name)[0]


def values() -> dict[str, object]:
    frames = {f"frame{i}": pd.DataFrame({"x": np.arange(N) + i}) for i in range(4)}
    return {**frames, "tiny": [1, 2], "numbers": list(range(N)), "nothing": None, "text": "x" * 10}


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIN_MAGIC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(artifacts, "MEMORY", blobs.Memory())
    monkeypatch.setattr(ahead, "MEMORY", artifacts.MEMORY)
    storage = next(one for one in DATASTORES if one.TYPE == "local")
    flow = FlowDataStore("F", environment=None, storage_impl=storage, ds_root=str(tmp_path / "data"))
    written = flow.get_task_datastore("1", "start", "2", attempt=0, mode="w")
    written.init_task()
    written.save_artifacts(iter(values().items()))
    written.done()
    return flow.get_task_datastore("1", "start", "2")


def blob(store, name: str) -> Path:
    sha = store._objects[name]
    return Path(store._storage_impl.datastore_root) / "F" / "data" / sha[:2] / sha


def equal(a: object, b: object) -> bool:
    return a.equals(b) if isinstance(a, pd.DataFrame) else a == b


@pytest.mark.parametrize("name", values())
def test_each_load_is_what_metaflow_gives_and_fresh(store, name):
    expected = store[name]

    loads = [load(store, name) for _ in range(3)]

    assert all(equal(one, expected) for one in loads)
    if name.startswith("frame"):
        loads[0].loc[:, "x"] = -1
        assert equal(loads[1], expected)
        assert equal(load(store, name), expected)


def test_the_second_load_does_not_read_the_datastore(store):
    for name in values():
        load(store, name)
    for name in values():
        blob(store, name).unlink(missing_ok=True)

    assert all(equal(load(store, name), value) for name, value in values().items())


def test_tiny_artifacts_of_a_local_datastore_take_no_file(store, tmp_path):
    for name in ("tiny", "nothing", "text"):
        load(store, name)

    assert cache.info().entries == 0


def test_tiny_artifacts_of_another_datastore_are_cached(store, monkeypatch):
    monkeypatch.setattr(artifacts, "is_local", lambda store: False)

    assert load(store, "tiny") == [1, 2]
    assert cache.info().entries == 1


def test_untouched_is_told_for_every_kind(store):
    for name in ("tiny", "frame0", "nothing"):
        value, handle = artifacts.fetch(store, name)
        assert handle.untouched(value) is True
    value, handle = artifacts.fetch(store, "tiny")
    value.append(3)
    assert handle.untouched(value) is False
    assert load(store, "tiny") == [1, 2]


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 8
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize("name", ["frame0", "tiny"])
@pytest.mark.parametrize("harm", [damaged, cut])
def test_a_broken_blob_is_an_error_and_is_not_cached(store, name, harm):
    harm(blob(store, name))

    with pytest.raises((DataException, pickle.UnpicklingError)):
        load(store, name)
    with closing(Ahead()) as fetching:
        fetching.want([(store, name)])
        with pytest.raises((DataException, pickle.UnpicklingError)):
            artifacts.fetch(store, name, fetching)
    assert cache.info().entries == 0


@pytest.mark.parametrize("name", ["frame0", "tiny"])
@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (damaged, "damaged"),
        (cut, "damaged"),
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: path.write_bytes(gzip.compress(pickle.dumps([1] * 99)[:-9])), "damaged"),
        (Path.unlink, "missing"),
    ],
)
def test_what_is_wrong_with_a_blob_is_told_in_a_sentence(store, name, harm, told):
    harm(blob(store, name))
    task = PastTask("F", TaskInfo("1", "start", "2", 0.0, True, (), "local", None), store)

    with pytest.raises(TaskError, match=rf"^Artifact '{name}' of F/1/start/2 is {told}"):
        task.fetch(name)


class Ending:
    def __reduce__(self):
        return _end, ()


def _end():
    raise EOFError("my own")


def test_an_error_of_the_users_own_class_stays_as_it_is(store, tmp_path):
    written = FlowDataStore(
        "F", environment=None, storage_impl=type(store._storage_impl), ds_root=str(tmp_path / "data")
    ).get_task_datastore("1", "start", "3", attempt=0, mode="w")
    written.init_task()
    written.save_artifacts(iter([("mine", Ending())]))

    with pytest.raises(EOFError, match="my own"):
        PastTask("F", TaskInfo("1", "start", "3", 0.0, True, (), "local", None), written).fetch("mine")


def test_a_blob_that_is_not_there(store):
    blob(store, "frame0").unlink()

    with pytest.raises(FileNotFoundError):
        load(store, "frame0")


def test_without_isal(store, monkeypatch):
    real = importlib.import_module("isal.igzip").decompress
    monkeypatch.setitem(importlib.sys.modules, "isal", None)
    data = gzip.compress(b"spin" * 10_000)

    assert blobs.inflate(data) == real(data) == b"spin" * 10_000
    assert equal(load(store, "frame1"), values()["frame1"])


def test_a_cache_that_cannot_be_used_is_in_nobodys_way(store, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPIN_MAGIC_CACHE_DIR", str(tmp_path / "file"))

    assert all(equal(load(store, name), value) for name, value in values().items())


def test_many_at_once(store):
    names = [*values(), "frame0"]

    with closing(Ahead()) as fetching:
        fetching.want([(store, name) for name in names])
        loaded = [artifacts.fetch(store, name, fetching)[0] for name in names]

    assert all(equal(one, values()[name]) for one, name in zip(loaded, names, strict=True))
    assert loaded[0] is not loaded[-1]


def test_what_is_fetched_ahead_is_not_read_again(store):
    with closing(Ahead()) as fetching:
        fetching.want([(store, f"frame{i}") for i in range(4)])
        for future, _ in list(fetching._known.values()):
            future.result(timeout=60)
        for i in range(4):
            blob(store, f"frame{i}").unlink()
        loaded = [artifacts.fetch(store, f"frame{i}", fetching)[0] for i in range(4)]

    assert all(equal(one, values()[f"frame{i}"]) for i, one in enumerate(loaded))


@pytest.mark.parametrize("kind", ["near", "on its way"])
def test_a_large_blob_in_anothers_place_is_found_out_and_not_kept(store, monkeypatch, kind):
    monkeypatch.setattr(blobs, "LARGE", 1)
    blob(store, "frame0").write_bytes(blob(store, "frame1").read_bytes())

    with closing(Ahead()) as fetching:
        if kind == "on its way":
            fetching.want([(store, "frame0")])
        for _ in range(2):
            with pytest.raises(DataException, match="something else"):
                artifacts.fetch(store, "frame0", fetching)

    assert not cache.store().has(store._objects["frame0"])
    assert [each for each in Path(cache.store().folder).rglob("*") if each.is_file()] == []
    assert equal(load(store, "frame1"), values()["frame1"])


def test_large_bytes_that_do_not_unpickle_are_said_to_be_others(store, monkeypatch):
    monkeypatch.setattr(blobs, "LARGE", 1)
    blob(store, "frame0").write_bytes(b"no pickle" * 10**6)

    with pytest.raises(DataException, match="something else"):
        load(store, "frame0")


def test_what_is_at_hand_is_not_fetched(store):
    load(store, "frame0")

    with closing(Ahead()) as fetching:
        fetching.want([(store, "frame0"), (store, "tiny")])
        assert fetching._known == {}


def test_no_more_is_fetched_than_may_wait(store):
    size = store._info["frame0"]["size"]
    with closing(Ahead(most=size + size // 2)) as fetching:
        fetching.want([(store, f"frame{i}") for i in range(4)])
        states = [future.running() or future.done() for future, _ in fetching._known.values()]
        loaded = [artifacts.fetch(store, f"frame{i}", fetching)[0] for i in (3, 0, 1, 2)]

    assert states == [True, False, False, False]
    assert [one["x"].iloc[0] for one in loaded] == [3, 0, 1, 2]


def test_nothing_is_left_when_it_is_closed(store):
    before = set(threading.enumerate())
    with closing(Ahead()) as fetching:
        fetching.want([(store, f"frame{i}") for i in range(4)])
        results = [weakref.ref(future) for future, _ in fetching._known.values()]
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=60)

    assert set(threading.enumerate()) <= before
    assert fetching._known == {}
    assert fetching.take(store._objects["frame0"]) is None
    gc.collect()
    assert [result() for result in results] == [None] * 4


def test_tiny_ones_in_one_request(store, monkeypatch):
    requests = []
    real = blobs.read
    monkeypatch.setattr(
        artifacts, "read", lambda store, shas: requests.append(len(shas)) or real(store, shas)
    )

    artifacts.read_tiny([(store, name) for name in values()])

    assert requests == [3]
    assert load(store, "text") == "x" * 10
    assert requests == [3]


def test_an_encoding_of_an_extension_goes_the_old_way(store):
    store._info["tiny"]["encoding"] = "json"

    assert not artifacts.ordinary(store, "tiny")
    assert artifacts.ordinary(store, "text")


@pytest.mark.skipif(not hasattr(TaskDataStore, "_serializers"), reason="came with 2.19.3x")
def test_a_serializer_that_claims_pickles_goes_the_old_way(store):
    class Own:
        TYPE = "own"

        @staticmethod
        def can_deserialize(metadata):
            return metadata.serializer_info.get("own") is True

        @staticmethod
        def deserialize(data, metadata, format):  # noqa: A002 -- Metaflow's name
            return "its own"

    store._serializers = [Own, *store._serializers]
    store._info["tiny"]["serializer_info"] = {"own": True}

    assert load(store, "tiny") == "its own"
    assert load(store, "text") == "x" * 10


def test_the_memory_is_bounded():
    memory = blobs.Memory(limit=100)
    for i in range(10):
        memory.keep(str(i), bytes(30))
        memory.get("0")
    memory.keep("large", bytes(blobs.TINY + 1))

    assert [str(i) for i in range(10) if memory.get(str(i))] == ["0", "8", "9"]
    assert memory.get("large") is None
