"""What each setting changes in what is shown."""

from __future__ import annotations

import threading
import time

import pytest

from spin_magic.alive import sign_of_life
from spin_magic.engine.live_cards import LiveCard
from spin_magic.report.render import render_html, render_text
from spin_magic.report.summarize import summarize_inputs, summarize_result
from spin_magic.settings import SpinMagic
from tests.unit.report_samples import make_inputs, make_result, raised


@pytest.fixture
def settings():
    return SpinMagic.instance()


def panel(before=None, after=None, **changes):
    return summarize_result(make_result(before, after, **changes))


def test_without_previews_no_value_is_shown(settings):
    settings.previews = False
    error = raised("secret = 'xyz' + 'zy'\nraise ValueError('said')", "/cells/1.py")
    inputs = make_inputs({"key": "xyzzy", "many": ["xyzzy"] * 9})
    after = {"a": "xyzzy too", "b": 1, "c": ["xyzzy"]}
    shown = panel({"a": "xyzzy", "b": 1}, after, inputs=inputs, error=error)

    assert "xyzzy" not in render_text(shown) + render_html(shown)
    assert [(row.name, row.status, row.kind) for row in shown.outputs.rows] == [
        ("a", "changed", "str, 9 characters"),
        ("c", "new", "list, 1 item"),
    ]
    assert "ValueError: said" in render_text(shown)


def test_previews_are_as_long_as_wanted(settings):
    value = list(range(1000))
    usual = panel(None, {"a": value}).outputs.rows[0].preview
    settings.preview_length = 400
    longer = panel(None, {"a": value}).outputs.rows[0].preview
    settings.preview_length = 20

    assert usual.startswith("[0, 1, 2, 3, 4, 5, …")
    assert longer.startswith("[0, 1, 2, 3, 4, 5, 6, 7, 8, 9")
    assert len(panel(None, {"a": "x" * 50}).outputs.rows[0].preview) == 20


def test_frames_open_to_as_many_rows_as_wanted(settings):
    pandas = pytest.importorskip("pandas")
    settings.preview_rows = 9
    [row] = panel(None, {"a": pandas.DataFrame({"x": range(20)})}).outputs.rows

    [table] = row.detail.blocks
    assert len(table.rows) == 1 + 9
    assert table.more == "9 of 20 rows"


def test_panels_list_as_many_artifacts_as_wanted(settings):
    settings.panel_rows = 8
    values = {f"a{i:02}": i for i in range(20)}
    shown = panel(None, values, inputs=make_inputs(values))

    assert (len(shown.outputs.rows), shown.outputs.more) == (8, 12)
    assert (len(shown.inputs.rows), shown.inputs.more) == (2, 18)
    assert len(summarize_inputs(make_inputs(values)).rows) == 8


def test_logs_are_as_long_as_wanted(settings):
    text = "".join(f"line {i}\n" for i in range(300))
    settings.log_lines = 250
    [long] = panel(stdout=text).logs
    settings.log_lines = 0
    [none] = panel(stdout=text).logs

    assert (long.text.count("line"), long.left_out) == (250, "50 lines before these")
    assert (none.text, none.left_out, none.lines) == ("", "300 lines", 300)
    assert '<pre class="spin-text"' not in render_html(panel(stdout=text))


def test_details_stay_out_of_the_notebook(settings):
    values = {"a": "x\n" * 50, "b": list(range(1000))}
    assert all(row.detail for row in panel(None, values).outputs.rows)
    settings.embed_details = False

    assert not any(row.detail for row in panel(None, values).outputs.rows)
    assert panel(None, values).outputs.rows[0].preview.startswith("'x")


def test_a_slow_repr_is_waited_for_as_long_as_wanted(settings):
    class Slow:
        def __repr__(self):
            time.sleep(0.3)
            return "here it is"

    assert panel(None, {"a": Slow()}).outputs.rows[0].preview == "(no preview)"
    settings.preview_seconds = 5.0
    assert panel(None, {"a": Slow()}).outputs.rows[0].preview == "here it is"


def test_comparing_takes_as_long_as_wanted(settings):
    seen = []
    settings.compare_seconds = 7.0
    panel({}, {"a": 1}, compare=lambda budget: seen.append(budget) or [])

    assert seen == [7.0]


def test_cards_are_looked_at_as_often_as_wanted(settings):
    settings.cards_per_second = 2.0
    card = LiveCard(0, {}, None)
    for _ in range(10):
        card.pace.spend(1, 100.0)

    card.pace.spend(1, 100.0)
    assert card.pace.wait(100.0) == pytest.approx(0.5)


@pytest.mark.parametrize(("after", "told"), [(0.05, True), (0.0, False), (30.0, False)])
def test_the_line_of_the_time_comes_when_wanted(settings, after, told):
    settings.elapsed_after = after
    shown, came = [], threading.Event()

    class Publisher:
        def publish(self, data, **_):
            shown.append(data["text/plain"])
            came.set()

    with sign_of_life(Publisher(), "F s"):
        came.wait(2.0 if told else 0.2)

    assert shown == (["F s: running for 0 s", ""] if told else [])
