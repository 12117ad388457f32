"""Values of all kinds that pickle; `oddflow.py` takes them as its `made.py`."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import io
import itertools
import math
import pathlib
import re
import types
import uuid
import zoneinfo

import numpy as np
import pandas as pd


def nested(depth):
    x = []
    for _ in range(depth):
        x = [x]
    return x


def in_itself(x, put):
    put(x)
    return x


class Colour(enum.Enum):
    RED = 1


class Flag(enum.Flag):
    A = 1
    B = 2


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024 -- another kind than a NamedTuple


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: int = 1
    y: list = dataclasses.field(default_factory=list)


class Slots:
    __slots__ = ("a",)

    def __init__(self):
        self.a = [1]


class Plain:
    pass


class OwnList(list):
    pass


class OwnDict(dict):
    def __getitem__(self, key):
        raise KeyError(key)


class OwnText(str):
    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, _):
        return True


class OwnNumber(int):
    def __repr__(self):
        raise ValueError

    __format__ = __repr__


class OwnFloat(float):
    def __repr__(self):
        return "f" * 10**6


def function(x=1):
    return x


def objects(*items):
    made = np.empty(len(items), object)
    made[:] = items
    return made


def frame(columns, rows=2):
    data = [[i * 10 + j for j in range(len(columns))] for i in range(rows)]
    return pd.DataFrame(data, columns=columns)


HUGE = 10**6000
ODD_NAMES = [1, None, (1, 2), 2.5, float("nan"), b"x", "\ud800", "", "a\nb", "<script>"]
PAST = {
    # numbers and texts
    "none": lambda: None,
    "nan": lambda: [float("nan")] * 3,
    "negative_zero": lambda: -0.0,
    "infinite": lambda: [math.inf, -math.inf],
    "complex": lambda: complex(float("nan"), -0.0),
    "huge": lambda: HUGE,
    "huge_inside": lambda: [-HUGE, {"a": HUGE}],
    "huge_key": lambda: {HUGE: 1},
    "surrogate": lambda: "\ud800 x",
    "surrogate_key": lambda: {"\ud800": "\udfff"},
    "nul": lambda: "a\0b",
    "nul_bytes": lambda: b"\0\xff" * 10,
    "bidi": lambda: "abc\u202edef",
    "escapes": lambda: "\x1b[31mred\x1b[0m\x1b]0;t\x07",
    "long_line": lambda: "x" * 10**6,
    "many_lines": lambda: "x\n" * 10**5,
    "decimal": lambda: [decimal.Decimal("1.00"), decimal.Decimal("sNaN")],
    "fraction": lambda: fractions.Fraction(1, 3),
    # containers
    "set": lambda: {"a", "b", "c", "dd", "eee"},
    "sets": lambda: {frozenset({"x", "y", "z"}), frozenset({"p", "q"})},
    "set_inside": lambda: {"k": {"x", "y", "zz", "w"}},
    "order": lambda: {"b": 1, "a": 2},
    "mixed_keys": lambda: {1: "a", "1": "b", (1,): "c", None: "d", 1.5: "e", "": "f"},
    "nested_50": lambda: nested(50),
    "nested_300": lambda: nested(300),
    "list_in_itself": lambda: in_itself([1], lambda x: x.append(x)),
    "dict_in_itself": lambda: in_itself({}, lambda x: x.update(me=x)),
    "object_in_itself": lambda: in_itself(Plain(), lambda x: vars(x).update(me=x)),
    "ordered": lambda: collections.OrderedDict(a=1),
    "defaults": lambda: collections.defaultdict(list, a=[1]),
    "counter": lambda: collections.Counter("abca"),
    "deque": lambda: collections.deque([1, 2], maxlen=5),
    "chain": lambda: collections.ChainMap({"a": 1}),
    "range": lambda: range(10**18),
    "bytearray": lambda: bytearray(b"x"),
    "array": lambda: array.array("d", [1, 2]),
    # objects of the library's
    "time": lambda: dt.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Zurich")),
    "days": lambda: [dt.date(1, 1, 1), dt.timedelta(days=-1, microseconds=1)],
    "path": lambda: pathlib.Path("/a/b"),
    "uuid": lambda: uuid.UUID(int=5),
    "pattern": lambda: re.compile("a+"),
    "stream": lambda: io.StringIO("x"),
    "iterators": lambda: [iter([1, 2]), itertools.count()],
    "singletons": lambda: [..., NotImplemented],
    "error": lambda: ValueError("a", 1),
    "errors": lambda: ExceptionGroup("g", [ValueError(1), OSError(2)]),
    "namespace": lambda: types.SimpleNamespace(a=1),
    "partial": lambda: functools.partial(function, x=2),
    # functions, classes and objects of the user's
    "class": lambda: Frozen,
    "builtin": lambda: [len, int, function],
    "enum": lambda: [Colour.RED, Flag.A | Flag.B],
    "named_tuple": lambda: Point(1, [2]),
    "frozen": Frozen,
    "slots": Slots,
    "own_list": lambda: OwnList([1]),
    "own_dict": lambda: OwnDict(a=1),
    "own_text": lambda: OwnText("x"),
    "own_number": lambda: OwnNumber(5),
    "own_float": lambda: OwnFloat(1.5),
    # NumPy
    "np_objects": lambda: objects(np.arange(3), {"a": 1}),
    "np_in_itself": lambda: in_itself(np.empty(1, object), lambda x: x.__setitem__(0, x)),
    "np_fields": lambda: np.array([(1, np.nan, "x")], dtype=[("a", "i4"), ("b", "f8"), ("c", "U3")]),
    "np_records": lambda: np.rec.array([(1, 2)], names="a,b"),
    "np_0d": lambda: [np.array(5), np.array({"a": 1}, dtype=object), np.float32(1.1), np.void(b"abc")],
    "np_masked": lambda: np.ma.array([1, 2], mask=[0, 1]),
    "np_order": lambda: [np.asfortranarray(np.arange(6).reshape(2, 3)), np.arange(6)[::-2]],
    "np_bytes": lambda: [np.arange(3, dtype=">i8"), np.array([b"a\0b"]), np.array(["a\ud800"])],
    "np_times": lambda: np.array(["2020", "NaT"], dtype="M8[D]"),
    "np_empty": lambda: np.empty((0, 5)),
    "np_nan": lambda: [np.array([np.nan, -0.0]), np.array([complex(np.nan, 1)])],
    "np_random": lambda: [np.random.default_rng(5), np.random.RandomState(5)],
    # pandas
    "pd_twice": lambda: frame(["a", "a"]),
    "pd_levels": lambda: frame(pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
    "pd_frames": lambda: pd.DataFrame({"a": [pd.DataFrame({"x": [1]}), None]}),
    "pd_category": lambda: pd.DataFrame({"c": pd.Categorical(["x", "y", "x"])}),
    "pd_zone": lambda: pd.DataFrame({"t": pd.date_range("2020", periods=2, tz="UTC")}),
    "pd_empty": lambda: [pd.DataFrame(), pd.DataFrame(index=[1, 2]), frame(["a"], 0)],
    "pd_names": lambda: frame(ODD_NAMES),
    "pd_same_index": lambda: pd.DataFrame({"a": [1, 2]}, index=[0, 0]),
    "pd_objects": lambda: pd.DataFrame({"a": [[1], {"x": {1, 2}}, None, float("nan"), HUGE]}),
    "pd_attrs": lambda: in_itself(frame(["a"]), lambda x: x.attrs.update(x=[1])),
    "pd_wide": lambda: pd.DataFrame(np.zeros((2, 5000))),
    "pd_types": lambda: pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), True: ["x", None]}),
    "pd_series": lambda: pd.Series([1, 2], name=("a", "b")),
    "pd_index": lambda: [pd.interval_range(0, 3), pd.period_range("2020", periods=2, freq="D")],
    "pd_nothing": lambda: [pd.NaT, pd.NA, pd.Timestamp("2020", tz="UTC")],
}
