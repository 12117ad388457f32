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


class Verdict:
    """Says of two equals, and of two unequals, what it was told to."""

    def __init__(self, verdict, x=None):
        self.verdict = verdict
        self.x = x

    def __eq__(self, other):
        return self.verdict

    __hash__ = None


class Reduced:
    """Is pickled with a state only where it has one."""

    def __init__(self, state=None):
        self.state = state

    def __reduce_ex__(self, protocol):
        return (Reduced, (), {"state": self.state}) if self.state else (Reduced, ())


@dataclasses.dataclass
class Data:
    x: object


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


FRAME = pd.DataFrame({"a": [1]})
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
    (Verdict(False), Verdict(False)),  # what it is pickled as is the same
    (Verdict("yes"), Verdict("yes")),
    (Reduced(), Reduced()),
    (Reduced(1), Reduced(1)),
    (pd.Index([1, 2], name="i"), pd.Index([1, 2], name="i")),
    (FRAME.rename_axis("i"), FRAME.rename_axis("i")),
    (FRAME, pd.DataFrame({"a": [1]}, index=pd.Index([0]))),
    (pd.Categorical(["a"]), pd.Categorical(["a"])),
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
    (Verdict(False, 1), Verdict(False, 2)),
    (Verdict("yes", 1), Verdict("yes", 2)),
    (Reduced(1), Reduced()),
    (Reduced(), Reduced(1)),
    (pd.Index([1, 2], name="i"), pd.Index([1, 2], name="j")),
    (pd.Index([1, 2]), pd.Index([1.0, 2.0])),
    (FRAME, FRAME.rename_axis("i")),
    (FRAME, FRAME.rename_axis(columns="c")),
    (FRAME, pd.DataFrame({"a": [1]}, index=[0.0])),
    (pd.Categorical(["a"]), pd.Categorical(["b"])),
    (np.array([1, None], dtype=object), np.array([True, None], dtype=object)),
    (Data([1]), Data([1.0])),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({1, 2}, {1, 3}),
    ([1, 2], [1, 2, 3]),
]


@pytest.mark.parametrize(("a", "b"), SAME, ids=repr)
def test_same(a, b):
    assert same_value(a, b) is True


@pytest.mark.parametrize(("a", "b"), DIFFERENT, ids=repr)
def test_different(a, b):
    assert same_value(a, b) is False


def test_its_own_verdict_is_not_believed_where_what_is_stored_differs():
    with pytest.raises(Incomparable, match="its own == says that it is the same"):
        same_value(Verdict(True, 1), Verdict(True, 2))


def test_what_cannot_be_compared_is_said():
    with pytest.raises(Incomparable, match="RuntimeError: no"):
        same_value(Liar(1), Liar(2))
    deep_a: list[object] = []
    deep_b: list[object] = []
    for _ in range(500):
        deep_a, deep_b = [deep_a], [deep_b]
    with pytest.raises(Incomparable, match="nested"):
        same_value(deep_a, deep_b)


def test_a_class_that_was_loaded_again_is_the_same_by_its_name():
    def loaded():
        namespace = {"__module__": __name__, "__reduce_ex__": lambda self, _: (type(self), (self.x,))}
        return type("Again", (), namespace)

    one, other = loaded()(), loaded()()
    one.x, other.x = 1, 1
    assert same_value(one, other) is True
    other.x = 2
    assert same_value(one, other) is False


def array(x):
    made = np.empty(1, dtype=object)
    made[0] = x
    return made


# Each with how many of our levels one of its levels is.
NESTS = [
    (lambda x: [x], 1),
    (lambda x: {"k": x}, 1),
    (array, 1),
    (lambda x: Plain(x=x), 3),
    (Data, 3),
    (ValueError, 3),
]


@pytest.mark.parametrize(("nest", "levels"), NESTS)
def test_what_is_nested_is_followed_down_to_a_limit(nest, levels):
    def nested(times, last):
        made = last
        for _ in range(times):
            made = nest(made)
        return made

    deep = 200 // levels
    assert same_value(nested(deep, 1), nested(deep, 1)) is True
    assert same_value(nested(deep, 1), nested(deep, 2)) is False
    with pytest.raises(Incomparable, match="nested deeper than 200 levels"):
        same_value(nested(deep + 2, 1), nested(deep + 2, 1))


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
    (marked(1), marked(2)),
    (deque([1], 2), deque([1], 3)),
]


@pytest.mark.parametrize(("a", "b"), STORED_OTHERWISE, ids=repr)
def test_what_is_stored_otherwise_is_different_whatever_its_eq_says(a, b):
    assert not same_value(a, b)
    assert not same_value([a], [b])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (Agrees(1), Agrees(2)),
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
