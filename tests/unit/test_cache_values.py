"""Values come back from the cache equal, writable and independent, whatever they are made of."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import pickle
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from spin_magic.cache import Store
from spin_magic.cache.layout import parse
from tests.unit.cached import path_of, pickled

N = 20_000  # of eight bytes: more than what is worth a buffer


@dataclasses.dataclass
class Holder:
    left: object
    right: object


class Reduced:
    def __init__(self, data):
        self.data = data

    def __reduce__(self):
        return Reduced, (self.data,)


class Subclass(np.ndarray):
    pass


class Colour(enum.Enum):
    RED = 1


def stored(store: Store, value: object) -> str:
    sha, raw = pickled(value)
    store.adopt(sha, raw)
    return sha


def is_plain(store: Store, sha: str) -> bool:
    data = path_of(store, sha).read_bytes()
    return parse(data, len(data)).plain


def same(a: object, b: object) -> bool:
    """Equal in type and content, the flags of arrays included."""
    if type(a) is not type(b):
        return False
    compare = next((how for kinds, how in KINDS if isinstance(a, kinds)), None)
    return compare(a, b) if compare else a == b or (a != a and b != b)  # noqa: PLR0124 -- not-a-number


def same_arrays(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    flags = ("writeable", "f_contiguous", "c_contiguous", "aligned")
    if any(getattr(a.flags, flag) != getattr(b.flags, flag) for flag in flags):
        return False
    return same(a.ravel().tolist(), b.ravel().tolist()) if a.dtype == object else a.tobytes() == b.tobytes()


def same_tables(a: object, b: object) -> bool:
    return a.equals(b) and all(
        getattr(a, t, None) == getattr(b, t, None) for t in ("dtype", "schema", "type")
    )


KINDS = [
    (np.ma.MaskedArray, lambda a, b: same_arrays(a.data, b.data) and same_arrays(a.mask, b.mask)),
    (np.ndarray, same_arrays),
    (pd.DataFrame, lambda a, b: a.equals(b) and list(a.dtypes) == list(b.dtypes) and a.attrs == b.attrs),
    ((pd.Series, pd.Index, pl.DataFrame, pl.Series, pa.Table, pa.Array), same_tables),
    (scipy.sparse.sparray | scipy.sparse.spmatrix, lambda a, b: same(a.toarray(), b.toarray())),
    (dict, lambda a, b: list(a) == list(b) and all(same(a[k], b[k]) for k in a)),
    ((list, tuple), lambda a, b: len(a) == len(b) and all(map(same, a, b))),
    ((Holder, Reduced, LinearRegression), lambda a, b: same(vars(a), vars(b))),
]


def frame_pandas() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "float": np.linspace(0, 1, N),
            "int": np.arange(N),
            "text": [f"row {i}" for i in range(N)],
            "object": pd.Series([(i,) for i in range(N)], dtype=object),
            "arrow": pd.Series(np.arange(N), dtype="int64[pyarrow]"),
            "arrow text": pd.Series([f"r{i}" for i in range(N)], dtype="string[pyarrow]"),
            "masked": pd.Series([1, None] * (N // 2), dtype="Int64"),
            "category": pd.Categorical(["a", "b"] * (N // 2)),
            "when": pd.date_range("2020-01-01", periods=N, freq="min", tz="Europe/Vienna"),
            "span": pd.to_timedelta(np.arange(N), unit="s"),
            "bool": np.arange(N) % 2 == 0,
        },
        index=pd.Index(np.arange(N)[::-1], name="key"),
    )


def frame_polars() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "float": np.linspace(0, 1, N),
            "int": np.arange(N, dtype=np.int16),
            "text": [f"row {i} with more than twelve bytes" for i in range(N)],
            "nothing": pl.Series([None] * N, dtype=pl.Float32),
            "bool": [True, None] * (N // 2),
            "list": [[i, None] for i in range(N)],
            "struct": [{"a": i, "b": str(i)} for i in range(N)],
            "date": [dt.date(2020, 1, 1)] * N,
            "when": pl.Series([dt.datetime(2020, 1, 1)] * N, dtype=pl.Datetime("ms", "Europe/Vienna")),  # noqa: DTZ001
            "span": pl.Series([dt.timedelta(seconds=3)] * N, dtype=pl.Duration("ns")),
            "time": [dt.time(3, 4)] * N,
            "decimal": pl.Series([decimal.Decimal("1.20")] * N, dtype=pl.Decimal(10, 2)),
            "binary": [b"x"] * N,
            "array": pl.Series([[1, 2]] * N, dtype=pl.Array(pl.Int64, 2)),
        }
    )


def model() -> LinearRegression:
    x = np.random.default_rng(0).normal(size=(200, 300))
    return LinearRegression().fit(x, np.tile(x[:, :1], 60))


def table() -> pa.Table:
    texts = pa.array([f"t{i}" for i in range(N)])
    return pa.table({"n": np.arange(N), "t": texts, "d": texts.dictionary_encode(), "l": [[1]] * N})


def shared() -> list[object]:
    one = np.arange(N)
    return [one, one, {"again": one}]


SPLIT = {
    "array": lambda: np.arange(N, dtype=float),
    "fortran": lambda: np.asfortranarray(np.arange(N, dtype=float).reshape(100, -1)),
    "zero length beside": lambda: [np.empty((0, 3)), np.arange(N)],
    "structured": lambda: np.zeros(N, dtype=[("a", "i4"), ("b", "f8")]),
    "datetime64": lambda: np.arange(N).astype("datetime64[s]"),
    "fortran times": lambda: np.asfortranarray(np.arange(N).reshape(100, -1).astype("timedelta64[D]")),
    "swapped times": lambda: np.arange(N).astype(">M8[ns]"),
    "date index": lambda: pd.Series(1, index=pd.date_range("2020", periods=N, freq="s"))[::2],
    "swapped": lambda: np.arange(N, dtype=">i8"),
    "complex": lambda: np.arange(N, dtype=complex),
    "text array": lambda: np.array(["é"] * N),
    "sparse": lambda: scipy.sparse.random(2000, 2000, 0.01, format="csr", random_state=0),
    "pandas": frame_pandas,
    "series": lambda: frame_pandas()["float"],
    "polars": frame_polars,
    "polars without names": lambda: pl.DataFrame({"": np.arange(N), "column_0": 1, "s": [{"": 1}] * N}),
    "polars series without a name": lambda: pl.Series(np.arange(N)),
    "polars series": lambda: frame_polars()["text"],
    "arrow": table,
    "arrow array": lambda: pa.array(np.arange(N)),
    "model": model,
    "dict": lambda: {"a": np.arange(N), "b": [np.ones(N), {"c": np.zeros(3)}], "d": ("x", None, 1.5)},
    "dataclass": lambda: Holder(np.arange(N), frame_pandas()),
    "shared": shared,
    "object array beside": lambda: [np.array([1, "a", None], dtype=object), np.arange(N)],
    "enum beside": lambda: [Colour.RED, np.arange(N)],
}
PLAIN = {
    "numbers": lambda: list(range(50_000)),
    "bytes": lambda: b"x" * 200_000,
    "bytearray": lambda: bytearray(200_000),
    "subclass": lambda: np.arange(N).view(Subclass),
    "masked array": lambda: np.ma.masked_array(np.arange(N), mask=[True, False] * (N // 2)),
    "own reduce": lambda: Reduced(np.arange(N)),
    "polars category": lambda: pl.DataFrame({"c": pl.Series(["a", "b"] * N, dtype=pl.Categorical), "n": 1}),
    "polars enum": lambda: pl.DataFrame({"c": pl.Series(["a", "b"] * N, dtype=pl.Enum(["b", "a"])), "n": 1}),
    "empty frame": pl.DataFrame,
    "small": lambda: [1, 2, 3],
    "ordered": lambda: collections.OrderedDict((f"k{i}", i) for i in range(20_000)),
}


@pytest.mark.parametrize(("name", "plain"), [*((n, False) for n in SPLIT), *((n, True) for n in PLAIN)])
def test_a_value_comes_back_as_metaflow_would_load_it(store, name, plain):
    value = (SPLIT | PLAIN)[name]()
    sha, raw = pickled(value)

    adopted, _ = store.adopt(sha, raw)
    loaded, _ = store.load(sha)

    as_metaflow = pickle.loads(raw)
    assert same(adopted, as_metaflow)
    assert same(loaded, as_metaflow)
    assert is_plain(store, sha) is plain


def test_what_is_one_object_stays_one_object(store):
    one, again, inside = store.load(stored(store, shared()))[0]

    assert one is again
    assert inside["again"] is one


def test_loads_are_independent_and_writable(store):
    sha = stored(store, {"a": np.arange(N), "df": frame_pandas()})

    first, _ = store.load(sha)
    first["a"][:] = -1
    first["df"].loc[:, "int"] = 0
    first["df"]["float"].to_numpy(copy=True)[:] = 5
    second, _ = store.load(sha)

    assert second["a"][7] == 7
    assert second["df"]["int"].iloc[3] == 3
    assert second["df"]["int"].iloc[N - 1] == N - 1
    assert first["a"][7] == -1


def test_polars_keeps_how_a_column_is_sorted(store):
    up, down = pl.Series("", np.arange(N)).sort(), pl.Series("down", np.arange(N)).sort(descending=True)
    sha = stored(store, [pl.DataFrame({"": up, "down": down, "none": np.arange(N)}), down, up])

    (frame, *series), handle = store.load(sha)

    assert not is_plain(store, sha)
    flags = {name: [flag for flag, on in found.items() if on] for name, found in frame.flags.items()}
    assert flags == {"": ["SORTED_ASC"], "down": ["SORTED_DESC"], "none": []}
    assert [one.flags for one in series] == [down.flags, up.flags]
    assert handle.untouched([frame, *series]) is True


def test_polars_frames_share_the_mapped_memory(store):
    sha = stored(store, pl.DataFrame({"n": np.arange(1_000_000)}))

    loaded, handle = store.load(sha)

    array = loaded["n"].to_numpy()
    start = array.__array_interface__["data"][0]
    mapping = handle._mapping
    assert mapping.address <= start < mapping.address + mapping.size


def test_memory_goes_with_the_value(store):
    loaded, handle = store.load(stored(store, np.arange(1_000_000)))
    part = loaded[10:20]

    del loaded
    assert part[0] == 10
    assert handle._mapping.view() is not None
    del part
    assert handle._mapping.view() is None


def test_a_class_that_comes_by_a_factory_is_kept_plain(store, monkeypatch):
    # Its pickle names a function of the user's: what that does when it is pickled again, nobody knows.
    monkeypatch.setitem(sys.modules[__name__].__dict__, "made", made)
    sha, raw = pickled(Made(np.arange(N)))
    store.adopt(sha, raw)

    assert is_plain(store, sha)
    assert store.load(sha)[0].data[5] == 5


def made(data):
    return Made(data)


class Made:
    def __init__(self, data):
        self.data = data

    def __reduce_ex__(self, _):
        return made, (self.data,)


atoms = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary())
dtypes = st.sampled_from(["i1", "u2", "f4", "f8", "c16", "M8[s]", "m8[ns]", "S3", "U2", "?", ">i4", "i4,f8"])


@st.composite
def arrays(draw) -> np.ndarray:
    shape = draw(st.lists(st.integers(0, 60), min_size=1, max_size=3))
    array = np.zeros(shape, dtype=draw(dtypes), order=draw(st.sampled_from("CF")))
    array[array.ndim * (slice(None, None, 3),)] = np.ones(1, array.dtype)
    return array[::2] if draw(st.booleans()) else array


leaves = atoms | arrays() | arrays().map(lambda a: pd.DataFrame({"x": range(len(a)), "y": 1.5}))
nested = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        | st.tuples(inner, inner)
        | st.builds(Holder, inner, inner)
    ),
    max_leaves=12,
)


@given(value=nested)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_nested_values(tmp_path_factory, value):
    store = Store(str(tmp_path_factory.getbasetemp() / "random"))
    value = [value, np.arange(N)]
    sha, raw = pickled(value)
    store.adopt(sha, raw)

    loaded, handle = store.load(sha)
    again, _ = store.load(sha)

    assert same(loaded, pickle.loads(raw))
    assert handle.untouched(loaded) is True
    again[1][5] = -3
    assert handle.untouched(again) is False
    assert same(store.load(sha)[0], pickle.loads(raw))
