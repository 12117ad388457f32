from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

from spin_magic.loop.assertions import assertions, literal
from spin_magic.testing import digest

VALUES = [
    None,
    True,
    3,
    -1.5,
    math.nan,
    -math.inf,
    1 + 2j,
    'it\'s "quoted"\n\ud800',
    b"\0",
    [1, 2.5],
    {"a": 0.1, "b": 2},
    {"deep": [{"x": 0.1}]},
    {1, 2},
    (),
    "x" * 1000,
    list(range(1000)),
    np.float64(0.1),
    np.bool_(False),
    np.arange(3) / 7,
    np.array([math.nan, 1.0]),
    np.zeros((2, 2)),
    np.array(["2024-02-29"], dtype="datetime64[D]"),
    np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
    pd.DataFrame({"x": [1.0, None], "s": ["a", None]}),
    pd.Series([1, 2], name="n"),
    pl.DataFrame({"x": [1, None]}),
    pl.Series("s", ["a", None]),
    object(),
    np.array([{}, None], dtype=object),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_every_assertion_holds_of_its_own_value(value):
    lines = assertions("x", value)

    assert any(line.startswith("assert ") for line in lines)
    exec("\n".join(lines), {"result": {"x": value}, "pytest": pytest, "digest": digest})  # noqa: S102


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (3, 4),
        (0.1, 0.1001),
        ("a", "b"),
        (list(range(1000)), [*range(999), 0]),
        ([0.5, 1], [0.5, 2]),
        (np.zeros(100), np.ones(100)),
        (np.zeros(100), np.zeros(100, dtype="f4")),
        (pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [1, 3]})),
        (pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"y": [1, 2]})),
        (pd.Series([1], name="a"), pd.Series([1], name="b")),
        (pl.DataFrame({"x": [1]}), pl.DataFrame({"x": [2]})),
        (object(), 3),
    ],
)
def test_no_assertion_holds_of_another_value(value, other):
    lines = assertions("x", value)

    with pytest.raises((AssertionError, TypeError, AttributeError)):
        exec("\n".join(lines), {"result": {"x": other}, "pytest": pytest, "digest": digest})  # noqa: S102


def test_digests_are_the_same_in_every_process():
    text = "{'words': {str(i) for i in range(99)}, 'n': [1.5, None, (b'a', frozenset('xyz'))]}"
    code = f"from spin_magic.testing import digest; print(digest({text}))"

    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "METAFLOW_USER": "tester"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert said == {digest(eval(text))}  # noqa: S307


def test_what_has_no_stable_form_is_refused():
    with pytest.raises(TypeError, match="A object has no form that is the same in every process"):
        digest([object()])


@pytest.mark.parametrize("value", [object(), "x" * 400, np.float64(1.0), [np.int64(1)], math.nan])
def test_what_has_no_literal(value):
    assert literal(value) is None
