from __future__ import annotations

import base64
import collections
import contextlib
import dataclasses
import io
import signal
import sys
import threading
import time
import types
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from PIL import Image
from sklearn.linear_model import LinearRegression

from spin_magic import alarm, foreign
from spin_magic.report import detail, guard, preview, rich
from spin_magic.report.blocks import Table, Text
from spin_magic.settings import SpinMagic


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


def test_preview_has_no_address_which_differs_from_kernel_to_kernel():
    assert preview.line_of([Rich()]) == f"[<{__name__}.Rich object>]"


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


def test_a_time_limit_ends_with_its_block():
    # What compiled code does cannot be interrupted: the timer rings where the block is left.
    before = signal.getsignal(signal.SIGALRM)
    for number in range(20):
        with contextlib.suppress(foreign.Overdue), foreign.contained(0.002 + number / 2000):
            "x" * (4 * 10**7)
        assert signal.getitimer(signal.ITIMER_REAL)[1] == 0
        assert signal.getsignal(signal.SIGALRM) is before
    time.sleep(0.1)


def test_a_timer_that_rings_while_it_is_answered_raises_nothing():
    # On a busy machine it does, and what it raised there left it ringing in the kernel's own loop.
    here = sys._getframe()
    answering = types.SimpleNamespace(f_code=alarm.has_alarm.__code__, f_back=here)
    leaving = types.SimpleNamespace(f_code=contextlib.ExitStack.__exit__.__code__, f_back=here)
    inner = types.SimpleNamespace(f_code=here.f_code, f_back=leaving)
    elsewhere = types.SimpleNamespace(f_code=here.f_code, f_back=None)
    with guard.time_limit(60):
        rings = signal.getsignal(signal.SIGALRM)
        rings(signal.SIGALRM, answering)
        rings(signal.SIGALRM, inner)  # what a context manager puts back is put back whole
        with pytest.raises(foreign.TooSlow):
            rings(signal.SIGALRM, here)
        rings(signal.SIGALRM, elsewhere)  # the block was left: it stops, and raises nothing
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_what_is_contained_raises_nothing_but_exceptions():
    with pytest.raises(foreign.Misbehaved, match="SystemExit: 3"), foreign.contained():
        raise SystemExit(3)
    with pytest.raises(foreign.Overdue, match=r"took longer than 0\.05 s"), foreign.contained(0.05):
        time.sleep(5)
    with pytest.raises(KeyboardInterrupt), foreign.contained(1):
        raise KeyboardInterrupt


def test_what_is_masked_is_shown_as_such():
    assert preview.line_of(np.ma.array([1.0, 2.0], mask=[0, 1])) == "[1.0, --]"


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
    began = time.process_time()
    line = preview.line_of(value)
    opened = detail.detail_of(value)
    assert time.process_time() - began < 0.3
    assert 0 < len(line) <= 120
    assert opened is None or opened.size < 3500


def test_preview_survives_an_object_that_answers_to_any_name():
    value = AnswersToAnything()
    assert "AnswersToAnything" in preview.line_of(value)
    assert preview.shape_of(value) == ""
    assert rich.rich_bundle(value) == {}


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
    assert rich.rich_bundle(Rich(png=b"PNG", html="<p>")) == {"image/png": "UE5H"}
    assert rich.rich_bundle(Rich(html="<b>x</b><script>alert(1)</script>")) == {"text/html": "<b>x</b>"}
    assert rich.rich_bundle(Rich(html=ValueError("broken"))) == {}
    assert rich.rich_bundle(Rich(html="x" * (rich.RICH + 1))) == {}
    assert capsys.readouterr() == ("", "")


def frames():
    columns = {f"f{i}": list(range(50)) for i in range(20)}
    return [pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns)]


@pytest.mark.parametrize("frame", frames(), ids=["pandas", "polars", "arrow"])
def test_detail_of_a_frame_is_a_small_table_with_its_types(frame):
    table = detail.detail_of(frame).blocks[0]
    types, *rows = table.rows
    assert table.columns[:2] == ("", "f0")
    assert types[1].text.lower() == "int64"
    assert len(rows) == 6
    assert rows[1][:2] == ("1", "1")
    assert table.more == "6 of 50 rows, 12 of 20 columns"
    assert table.right == tuple(range(1, 13))


def test_detail_of_an_array_tells_its_statistics_and_draws_it():
    facts, text = detail.detail_of(np.arange(100.0).reshape(50, 2)).blocks
    assert facts.columns == ("type", "shape", "min", "mean", "max", "std", "values")
    assert facts.rows[0][:6] == ("float64", "50 × 2", "0", "49.5", "99", "29.01")
    assert len(facts.rows[0][6].bars) == 7
    assert facts.rows[0][6].text.startswith("0 to 99: 15 14 14")
    assert text.text.startswith("array([[ 0.,  1.],\n")
    assert text.text.count("\n") < 10


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [np.inf, 1.0], ["a", "b"], [None, {}]])
def test_detail_of_an_array_without_statistics_is_no_trouble(values):
    array = np.array(values)
    assert detail.detail_of(array) is None or detail.detail_of(array).blocks


def test_detail_of_a_model_lists_its_parameters_and_what_it_learned():
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
    table = next(block for block in detail.detail_of(model).blocks if isinstance(block, Table))
    assert ("fit_intercept", "True") in table.rows
    assert "coef_" in dict(table.rows)


def test_detail_of_pictures_is_a_small_png():
    SpinMagic.instance().preview_seconds = 10  # the first figure of a process is slow to draw
    figure = Figure(figsize=(12, 9))
    figure.add_subplot().plot([1, 2])
    image = Image.new("RGB", (3000, 2000), "red")
    for value in (figure, image):
        ((_, data),) = detail.detail_of(value).blocks[0].pictures
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert max(picture.size) <= rich.PIXELS
    assert figure.get_size_inches().tolist() == [12, 9]


def test_detail_is_left_out_where_the_line_says_it_all():
    assert detail.detail_of(1.5) is None
    assert detail.detail_of("short") is None
    assert detail.detail_of([1, 2]) is None
    assert detail.detail_of("a\nb").blocks == (Text("a\nb"),)


def test_page_of_unknown_html_has_about_the_height_of_its_content():
    heights = [rich.rich_block(Rich(html="<table>" + "<tr><td>1</td></tr>" * n)).height for n in (1, 8, 200)]
    assert heights == sorted(heights)
    assert heights[0] < 80
    assert heights[2] == 400


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
