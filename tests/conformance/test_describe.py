"""The comparison itself: what it must tell apart, and what it must not."""

from __future__ import annotations

import math
import pickle
import types

import numpy as np
import pandas as pd
import pytest

from tests.conformance.describe import describe, difference

FRAME = pd.DataFrame({"x": [1, 2]})
DIFFERENT = [
    (1, True),
    (1, 1.0),
    (0.0, -0.0),
    (math.nan, None),
    ([1], (1,)),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({1}, frozenset({1})),
    (np.array([1, 2]), np.array([1.0, 2.0])),
    (np.zeros((2, 3)), np.zeros((3, 2))),
    (np.float32(1), np.float64(1)),
    (FRAME, FRAME.astype(float)),
    (FRAME, FRAME.rename(columns={"x": "y"})),
    (FRAME, FRAME.set_index(pd.Index([5, 6]))),
    (pd.Series([1]), pd.Series([1], name="n")),
    (ValueError("a"), ValueError("b")),
    (ValueError("a"), TypeError("a")),
    (types.SimpleNamespace(a=1), types.SimpleNamespace(a=2)),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=str)
def test_tells_apart(one, other):
    assert difference(describe([one]), describe([other]))


@pytest.mark.parametrize("value", [each for pair in DIFFERENT for each in pair], ids=str)
def test_a_copy_is_equal(value):
    copied = pickle.loads(pickle.dumps(value))

    assert difference(describe(value), describe(copied)) == ""


def test_cycle_ends():
    ring: list = [1]
    ring.append(ring)

    assert describe(ring) == ("builtins.list", (("int", 1), ("cycle", 0)), ())
