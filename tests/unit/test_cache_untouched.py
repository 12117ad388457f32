"""Whether a loaded value is still as it was loaded: exactly, for every way to change one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from spin_magic.cache import Store
from spin_magic.cache.memory import Mapping
from tests.unit.cached import pickled

LARGE = 150_000  # of eight bytes: mapped
SMALL = 20_000  # read


class Thing:
    def __init__(self, data):
        self.data = data
        self.note = "as it was"


def value(n: int) -> dict[str, object]:
    return {
        "array": np.arange(n, dtype=float),
        "frame": pd.DataFrame({"x": np.arange(n), "y": 0.5, "t": ["a"] * n}),
        "list": [1, 2, {"deep": [3]}],
        "thing": Thing(np.zeros(n)),
        "model": StandardScaler().fit(np.arange(n, dtype=float).reshape(-1, 100)),
        "polars": pl.DataFrame({"x": np.arange(n)}),
        "table": pa.table({"x": np.arange(n)}),
        "set": {"b", "a", "c"},
    }


def loaded(tmp_path, original: object):
    store = Store(str(tmp_path / "cache"))
    sha, raw = pickled(original)
    store.adopt(sha, raw)
    return store.load(sha)


CHANGES = {
    "one element": lambda v: v["array"].__setitem__(7, -1),
    "the last element": lambda v: v["array"].__setitem__(-1, -1),
    "a frombuffer view": lambda v: np.frombuffer(v["array"], dtype=np.uint8).__setitem__(3, 9),
    "a memoryview": lambda v: memoryview(v["array"]).cast("B").__setitem__(5, 1),
    "sort": lambda v: v["array"][::-1].sort(),
    "loc": lambda v: v["frame"].loc.__setitem__((3, "y"), 9.0),
    "a new column": lambda v: v["frame"].__setitem__("z", 1),
    "a dropped column": lambda v: v["frame"].pop("y"),
    "a renamed column": lambda v: setattr(v["frame"], "columns", ["w", "y", "t"]),
    "a text": lambda v: v["frame"].loc.__setitem__((0, "t"), "b"),
    "index": lambda v: setattr(v["frame"], "index", v["frame"].index[::-1]),
    "append": lambda v: v["list"].append(4),
    "deep append": lambda v: v["list"][2]["deep"].append(4),
    "attribute": lambda v: setattr(v["thing"], "note", "changed"),
    "new attribute": lambda v: setattr(v["thing"], "other", 1),
    "array of an object": lambda v: v["thing"].data.__iadd__(1),
    "another array": lambda v: setattr(v["thing"], "data", np.ones_like(v["thing"].data)),
    "another dtype": lambda v: v.__setitem__("array", v["array"].astype("f4")),
    "fit again": lambda v: v["model"].fit(np.ones((4, 100))),
    "polars item": lambda v: v["polars"].__setitem__((0, "x"), 5),
    "polars extend": lambda v: v["polars"].extend(pl.DataFrame({"x": [1]})),
    "key": lambda v: v.__setitem__("new", 1),
    "deleted": lambda v: v.pop("table"),
    "order": lambda v: v.__setitem__("array", v.pop("array")),
    "set": lambda v: v["set"].add("d"),
}
READS = {
    "nothing": lambda v: None,
    "sums": lambda v: (v["array"].sum(), v["frame"].describe(), v["polars"].sum(), v["table"].num_rows),
    "a changed copy": lambda v: v["array"].copy().fill(0),
    "a frame made of it": lambda v: v["frame"].assign(x=1),
    "copy on write": lambda v: v["frame"].drop(columns="y").__setitem__("x", 3),
    "the same again": lambda v: v["array"].__setitem__(7, v["array"][7]),
    "an equal array": lambda v: setattr(v["thing"], "data", v["thing"].data.copy()),
    "there and back": lambda v: (v["list"].append(4), v["list"].pop()),
    "transform": lambda v: v["model"].transform(np.ones((2, 100))),
    "polars filter": lambda v: v["polars"].filter(pl.col("x") > 3).sum(),
}


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["mapped", "read"])
@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_noticed(tmp_path, change, size):
    now, handle = loaded(tmp_path, value(size))
    assert handle.untouched(now) is True

    CHANGES[change](now)

    assert handle.untouched(now) is False


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["mapped", "read"])
@pytest.mark.parametrize("read", READS)
def test_reading_changes_nothing(tmp_path, read, size):
    now, handle = loaded(tmp_path, value(size))

    READS[read](now)

    assert handle.untouched(now) is True


@given(place=st.integers(0, LARGE * 8 - 1), bit=st.integers(0, 7))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bit_anywhere(tmp_path_factory, place, bit):
    now, handle = loaded(tmp_path_factory.getbasetemp() / "bits", [np.arange(LARGE)])

    data = memoryview(now[0]).cast("B")
    data[place] ^= 1 << bit

    assert handle.untouched(now) is False
    data[place] ^= 1 << bit
    assert handle.untouched(now) is True


def test_without_a_page_map_the_bytes_are_compared(tmp_path, monkeypatch):
    now, handle = loaded(tmp_path, np.arange(LARGE))
    monkeypatch.setattr(Mapping, "written", lambda self: None)

    assert handle.untouched(now) is True
    now[5] = 0
    assert handle.untouched(now) is False


def test_what_is_not_in_the_folder_any_more_is_told_from_the_memory_alone(tmp_path):
    now, handle = loaded(tmp_path, np.arange(LARGE))
    Store(str(tmp_path / "cache")).clear()

    assert handle.untouched(now) is True
    now[5] = 0
    assert handle.untouched(now) is None


def test_plain_values(tmp_path):
    now, handle = loaded(tmp_path, [1, {"a": [2]}])

    assert handle.untouched(now) is True
    now[1]["a"].append(3)
    assert handle.untouched(now) is False


def test_large_plain_values_are_not_told(tmp_path):
    now, handle = loaded(tmp_path, list(range(10**6)))

    assert handle.untouched(now) is None


def test_the_handle_keeps_nothing_alive(tmp_path):
    now, handle = loaded(tmp_path, np.arange(LARGE))

    del now

    assert handle._mapping.view() is None
    assert handle.untouched(np.arange(LARGE)) is True
