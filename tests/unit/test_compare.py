"""Same or not: by type and content, and never by an ``__eq__`` that is not a plain truth."""

from __future__ import annotations

import copy
import dataclasses
import enum
import math
import time
from collections import deque
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from spin_magic.loop.compare import Incomparable, same_value


class Plain:
    def __init__(self, **values):
        self.__dict__.update(values)


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


class Liar:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None


@dataclasses.dataclass
class Data:
    x: object


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


SAME = [
    (1, 1),
    (math.nan, math.nan),
    ("a", "a"),
    ([1, [2, {"k": (3,)}]], [1, [2, {"k": (3,)}]]),
    ({1, 2}, {2, 1}),
    (np.arange(3), np.arange(3)),
    (np.array([1.0, np.nan]), np.array([1.0, np.nan])),
    (np.array(["a", None], dtype=object), np.array(["a", None], dtype=object)),
    (pd.DataFrame({"a": [1, None]}), pd.DataFrame({"a": [1, None]})),
    (Plain(a=np.ones(2), b=[1]), Plain(a=np.ones(2), b=[1])),
    (Slotted([1]), Slotted([1])),
    (Data(np.zeros(2)), Data(np.zeros(2))),
    (Colour.RED, Colour.RED),
    (ValueError("x", 1), ValueError("x", 1)),
    (len, len),
    (Plain, Plain),
]
DIFFERENT = [
    (1, 1.0),
    (1, True),
    ("a", b"a"),
    ([1, 2], (1, 2)),
    ([1, 2], [2, 1]),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    (np.arange(3), np.arange(3.0)),
    (np.zeros((2, 1)), np.zeros((1, 2))),
    (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    (pd.Series([1], name="x"), pd.Series([1], name="y")),
    (pd.Series([1], index=[5]), pd.Series([1])),
    (Plain(a=1), Plain(a=2)),
    (Plain(a=1), Plain(a=1, b=1)),
    (Slotted(1), Slotted(2)),
    (Data([1]), Data([2])),
    (Colour.RED, Colour.BLUE),
    (ValueError("x"), ValueError("y")),
    (len, print),
    (None, 0),
]


@pytest.mark.parametrize(("a", "b"), SAME, ids=repr)
def test_same(a, b):
    assert same_value(a, b)


@pytest.mark.parametrize(("a", "b"), DIFFERENT, ids=repr)
def test_different(a, b):
    assert not same_value(a, b)


def test_what_cannot_be_compared_is_said():
    with pytest.raises(Incomparable, match="RuntimeError: no"):
        same_value(Liar(1), Liar(2))
    deep_a: list[object] = []
    deep_b: list[object] = []
    for _ in range(500):
        deep_a, deep_b = [deep_a], [deep_b]
    with pytest.raises(Incomparable, match="nested"):
        same_value(deep_a, deep_b)


def test_what_is_in_itself_is_compared_once():
    loop_a: list[object] = [1]
    loop_b: list[object] = [1]
    loop_a.append(loop_a)
    loop_b.append(loop_b)
    assert same_value(loop_a, loop_b)
    loop_b.append(2)
    assert not same_value(loop_a, loop_b)


def test_what_is_in_many_places_is_looked_at_once():
    def shared(last):
        x = [0, last]
        for _ in range(60):  # 2**60 paths lead to it
            x = [x, x]
        return x

    assert same_value(shared(1), shared(1))
    assert not same_value(shared(1), shared(2))


def test_a_comparison_ends_when_its_time_is_up():
    many = [[i] for i in range(100_000)]
    with pytest.raises(Incomparable, match="no time"):
        same_value(many, [[i] for i in range(100_000)], deadline=0.0)


@pytest.mark.parametrize("form", ["csr", "coo", "dok", "lil"])
def test_sparse_matrices_are_compared_by_their_cells(form):
    cells = np.array([[0.0, math.nan], [2.0, 0.0]])
    one, two, other = (scipy.sparse.csr_array(each).asformat(form) for each in (cells, cells, cells * 2))
    assert same_value(one, two)
    assert not same_value(one, other)


class Agrees:
    """Is equal to everything, by its own word."""

    __hash__ = None

    def __init__(self, x):
        self.x = x

    def __eq__(self, _):
        return True


class Exits(Agrees):
    __hash__ = None

    def __eq__(self, _):
        raise SystemExit(3)


class Hangs(Agrees):
    __hash__ = None

    def __eq__(self, _):
        while True:
            pass


class Marked(list):
    """A list with more to it than its items."""


def marked(mark):
    made = Marked([1])
    made.mark = mark
    return made


CATEGORIES = [pd.Categorical(["a", "b"], categories=list(order)) for order in ("ab", "ba")]
# Each pair is equal for the `==` of somebody, and stored otherwise.
STORED_OTHERWISE = [
    ({1: "a"}, {True: "a"}),
    ({1, 2}, {1.0, 2}),
    (0.0, -0.0),
    (complex(0, 0.0), complex(0, -0.0)),
    (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[0, 0])),
    (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2]}, index=[0.0, 1.0])),
    (pd.DataFrame({"a": [1, "x"]}), pd.DataFrame({"a": [True, "x"]})),
    (pd.Series(CATEGORIES[0]), pd.Series(CATEGORIES[1])),
    (pd.DataFrame({"a": CATEGORIES[0]}), pd.DataFrame({"a": CATEGORIES[1]})),
]


@pytest.mark.parametrize(("a", "b"), STORED_OTHERWISE, ids=repr)
def test_what_is_stored_otherwise_is_different_whatever_its_eq_says(a, b):
    assert not same_value(a, b)
    assert not same_value([a], [b])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (Agrees(1), Agrees(2)),
        (marked(1), marked(2)),
        (deque([1], 2), deque([1], 3)),
        (Decimal("1.0"), Decimal("1.00")),
    ],
    ids=repr,
)
def test_an_eq_that_what_is_stored_contradicts_is_not_believed(a, b):
    with pytest.raises(Incomparable, match="its own == says that it is the same, but what is stored differs"):
        same_value(a, b)
    assert same_value(a, copy.copy(a))


def test_fields_of_an_array_may_be_nan():
    fields = np.array([(1, math.nan)], dtype=[("a", "i4"), ("b", "f8")])
    assert same_value(fields, fields.copy())


def test_an_eq_that_ends_the_process_or_never_ends_does_neither():
    with pytest.raises(Incomparable, match="comparing raised SystemExit: 3"):
        same_value(Exits(1), Exits(math.pi))
    with pytest.raises(Incomparable, match="no time"):
        same_value(Hangs(1), Hangs(2), time.perf_counter() + 0.1)
