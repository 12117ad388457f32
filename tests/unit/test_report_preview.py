from __future__ import annotations

import collections
import contextlib
import dataclasses
import signal
import threading
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spin_magic.report import guard, preview
from spin_magic.report.change import change_of


class Raises:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Exits:
    def __repr__(self) -> str:
        raise SystemExit(3)


class Hangs:
    def __repr__(self) -> str:
        while True:
            # This is the kind of code that must not hold a panel up.
            with contextlib.suppress(Exception):
                time.sleep(10)


class BadLength:
    def __len__(self) -> int:
        raise ValueError("no length")

    def __repr__(self) -> str:
        return "bad\nlength"


class AnswersToAnything:
    def __getattr__(self, name: str) -> Any:
        return lambda *_: name


@dataclasses.dataclass
class Config:
    rate: float
    data: list[int]


@pytest.mark.parametrize(
    ("value", "line", "shape"),
    [
        (None, "None", ""),
        (0.5, "0.5", ""),
        (True, "True", ""),
        ("a\nb", r"'a\nb'", "3 characters"),
        (b"ab", "b'ab'", "2 bytes"),
        ((1,), "(1,)", "1 item"),
        ({}, "{}", "0 keys"),
        (set(), "set()", "0 items"),
        ({"b": 1, "a": [1, 2]}, "{'b': 1, 'a': [1, 2]}", "2 keys"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, …]", "9 items"),
        (collections.Counter("aab"), "Counter({'a': 2, 'b': 1})", "2 keys"),
        (np.arange(12).reshape(3, 4), "[0, 1, 2, 3, 4, 5, …]", "3 × 4"),
        (np.float32(0.5), "0.5", ""),
        (pd.DataFrame({"x": [1], "y": [2]}), "columns x, y", "1 × 2"),
        (pd.Series([1.5, 2.5]), "[1.5, 2.5]", "2 values"),
        (Config(0.1, [1] * 100), "Config(rate=0.1, data=[1, 1, 1, 1, 1, 1, …])", ""),
        (10**400, "int of 1,329 bits", ""),
        (BadLength(), "bad length", ""),
        (Raises(), preview.UNSHOWN, ""),
        (Exits(), preview.UNSHOWN, ""),
    ],
)
def test_preview_says_value_and_shape_on_one_line(value, line, shape):
    assert preview.line_of(value) == line
    assert preview.shape_of(value) == shape


def test_preview_stops_a_repr_that_hangs_and_puts_the_signal_back():
    before = signal.getsignal(signal.SIGALRM)
    began = time.monotonic()
    assert preview.line_of(Hangs()) == preview.UNSHOWN
    assert time.monotonic() - began < 2
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.parametrize(("others", "stopped"), [(60, True), (0.3, False)])
def test_time_limit_gives_the_timer_back_to_whoever_had_it(others, stopped):
    rings: list[int] = []
    handler = signal.signal(signal.SIGALRM, lambda *_: rings.append(1))
    timer = signal.setitimer(signal.ITIMER_REAL, others)
    try:
        finished = guard.attempt(lambda: time.sleep(0.9) or True, False, seconds=0.5)
        assert finished is not stopped
        assert bool(rings) is not stopped
        assert (signal.getitimer(signal.ITIMER_REAL)[0] > 50) is stopped
    finally:
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *timer)


def test_preview_works_in_another_thread():
    lines: list[str] = []
    thread = threading.Thread(target=lambda: lines.append(preview.line_of({"a": 1})))
    thread.start()
    thread.join()
    assert lines == ["{'a': 1}"]


def test_attempt_lets_an_interrupt_through():
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guard.attempt(interrupted, None)


@pytest.mark.parametrize(
    "value",
    [
        "x" * 50_000_000,
        b"x" * 50_000_000,
        {i: i for i in range(1_000_000)},
        set(range(1_000_000)),
        collections.OrderedDict.fromkeys(range(500_000)),
        collections.deque(range(1_000_000)),
        [["x" * 1000] * 1000] * 1000,
        np.zeros((3000, 3000)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_preview_of_something_huge_is_short_and_fast(value):
    began = time.monotonic()
    line = preview.line_of(value)
    detail = preview.detail_of(value)
    assert time.monotonic() - began < 0.3
    assert 0 < len(line) <= preview.LINE
    assert detail is None or detail.size < 3000


def test_preview_survives_an_object_that_answers_to_any_name():
    value = AnswersToAnything()
    assert "AnswersToAnything" in preview.line_of(value)
    assert preview.shape_of(value) == ""
    assert preview.rich_bundle(value) == {}


def test_preview_shows_control_characters_as_escapes():
    assert preview.line_of(Named("\x1b[31m\u202e")) == r"\x1b[31m\u202e"


class Named:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


class Rich:
    def __init__(self, html: Any = None, png: Any = None) -> None:
        self.html, self.png = html, png

    def _repr_html_(self) -> Any:
        if isinstance(self.html, Exception):
            raise self.html
        return self.html

    def _repr_png_(self) -> Any:
        return self.png


def test_rich_bundle_prefers_the_picture_and_drops_scripts(capsys):
    assert preview.rich_bundle(Rich(png=b"PNG", html="<p>")) == {"image/png": "UE5H"}
    assert preview.rich_bundle(Rich(html="<b>x</b><script>alert(1)</script>")) == {"text/html": "<b>x</b>"}
    assert preview.rich_bundle(Rich(html=ValueError("broken"))) == {}
    assert preview.rich_bundle(Rich(html="x" * (preview.RICH + 1))) == {}
    assert capsys.readouterr() == ("", "")


def test_detail_of_a_frame_is_a_small_table():
    table = preview.detail_of(pd.DataFrame({f"f{i}": range(50) for i in range(20)})).table
    assert len(table.rows) == preview.TABLE_ROWS
    assert table.columns[:2] == ("", "f0")
    assert table.rows[1][:2] == ("1", "1")
    assert table.more == "6 of 50 rows, 12 of 20 columns"


def test_detail_is_left_out_where_the_line_says_it_all():
    assert preview.detail_of(1.5) is None
    assert preview.detail_of("short") is None
    assert preview.detail_of([1, 2]) is None
    assert preview.detail_of("a\nb").text == "a\nb"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, ""),
        (312, "312 B"),
        (1234, "1.2 kB"),
        (176_000, "176 kB"),
        (999_600, "1.0 MB"),
        (1_020_000_000, "1.0 GB"),
    ],
)
def test_size_is_for_humans(size, text):
    assert preview.size_text(size) == text


FRAME = pd.DataFrame({"x": [1.0, 2.0, None], "y": list("abc")})


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (0.9985, 0.9991, "0.9985 → 0.9991 (+0.06 %)"),
        (np.float64(2), np.float64(1), "2 → 1 (-50.00 %)"),
        (10, 20, "10 → 20 (+100.00 %)"),
        (1.0000001, 1.0000002, "1.0000001 → 1.0000002 (+0.00 %)"),
        (0, 5, "0 → 5"),
        (float("nan"), 1.0, "nan → 1"),
        (False, True, "False → True"),
        (1, "a", "1 → 'a' (was int, is str)"),
        ([1, 2], [1, 3], "[1, 2] → [1, 3]"),
        (list(range(50)), [*range(49), 7], "1 of 50 items differ"),
        (list(range(50)), list(range(60)), "50 items → 60 items"),
        ({"a": "x" * 40, "b": 1}, {"a": "x" * 40, "b": 2, "c": 3}, "+1 key c · b 1 → 2"),
        (np.arange(50.0), np.arange(50.0) + 0.41, "max difference 0.41"),
        (np.array([1.0, 2.0]), np.array([1.0, 2.41]), "[1.0, 2.0] → [1.0, 2.41]"),
        (np.zeros(30), np.zeros((20, 2)), "30 values → 20 × 2"),
        (FRAME, FRAME.assign(z=1, y=list("abd")), "+1 column z · 1 cell of y differs"),
        (FRAME, FRAME.iloc[:2], "3 → 2 rows"),
        (FRAME, FRAME.drop(columns="x"), "-1 column x"),
    ],
)
def test_change_is_told_on_one_line(before, after, text):
    assert change_of(before, after).text == text


class Model:
    def __init__(self, c: float) -> None:
        self.c, self.coef = c, np.array([c, 2 * c])


def test_change_of_an_object_names_its_attributes():
    assert change_of(Model(10.0), Model(0.1)).text == "c 10.0 → 0.1 · coef max difference 19.8"


class NeverEqual:
    def __init__(self) -> None:
        self.inner = self

    def __eq__(self, other: object) -> bool:
        raise TypeError("not comparable")

    __hash__ = None


def test_change_that_cannot_be_told_is_left_out():
    assert change_of(NeverEqual(), NeverEqual()) is None
