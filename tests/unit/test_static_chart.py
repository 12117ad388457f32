from __future__ import annotations

import math
import re

import pytest

from spin_magic.report.cards.chart import chart_of
from tests.unit.report_samples import vega


def test_bars_stand_on_zero_and_say_their_ends():
    chart = chart_of(vega("bar", [{"a": n, "b": b} for n, b in (("z", 3), ("x", -1), ("y", 1))])["spec"])
    assert chart.said == "chart: bar, b by a, 3 points"
    assert chart.ends == ("x", "z", "-1", "3")
    ((_, path),) = chart.paths
    bars = [tuple(map(float, b)) for b in re.findall(r"M([\d.]+) ([\d.]+)h[\d.]+v([\d.]+)", path)]
    # z, x and y: -1 hangs below zero, 3 is three times as high as 1.
    (z, x, y) = bars
    assert x[0] < y[0] < z[0]
    assert z[1] + z[2] == pytest.approx(x[1], abs=0.2)
    assert z[2] == pytest.approx(3 * y[2], abs=0.2)


def test_lying_bars_go_across():
    spec = vega("bar", [{"n": 1, "t": "p"}, {"n": 2, "t": "q"}], "n", "t")["spec"]
    spec["encoding"] = {"x": {"field": "n"}, "y": {"field": "t", "type": "nominal"}}
    assert chart_of(spec).ends == ("0", "2", "q", "p")


def test_a_long_line_keeps_its_peaks_and_stays_short():
    values = [{"a": i, "b": 100 if i == 777 else 0} for i in range(2000)]
    ((kind, path),) = chart_of(vega("line", values)["spec"]).paths
    assert kind == "spin-mark-line spin-series-0"
    assert " 3" in path
    assert len(path) < 2500


def test_series_have_their_colours():
    values = [{"a": i, "b": i, "c": "xy"[i % 2]} for i in range(8)]
    spec = vega({"type": "line"}, values)["spec"]
    spec["encoding"]["color"] = {"field": "c"}
    assert [kind for kind, _ in chart_of(spec).paths] == [
        "spin-mark-line spin-series-0",
        "spin-mark-line spin-series-1",
    ]


def test_named_data_and_the_first_layer_are_found():
    inner = {"mark": "point", "encoding": {"x": {"field": "a"}, "y": {"field": "b"}}}
    spec = {"datasets": {"d": [{"a": 1, "b": 2}, {"a": 2, "b": 4}]}, "data": {"name": "d"}, "layer": [inner]}
    assert chart_of(spec).ends == ("1", "2", "2", "4")


ROWS = [{"a": 1, "b": 2}, {"a": 2, "b": 3}]


@pytest.mark.parametrize(
    "spec",
    [
        None,
        {},
        {"mark": 3, "encoding": [], "data": "x"},
        vega("bar", [{"a": 1, "b": 1}, {"a": 1, "b": 2}])["spec"],
        vega("arc", ROWS)["spec"],
        vega("bar", ROWS * 1001)["spec"],
        vega("bar", ROWS, transform=[{"filter": "x"}])["spec"],
        vega("line", [{"a": "x", "b": "y"}])["spec"],
        vega("line", [{"a": math.nan, "b": math.nan}, {"a": math.inf, "b": None}])["spec"],
        vega("line", [None, 3, "x"])["spec"],
        vega("line", ROWS, hconcat=[])["spec"],
        {
            "mark": "bar",
            "data": {"values": ROWS},
            "encoding": {"x": {"bin": True, "field": "a"}, "y": {"aggregate": "count"}},
        },
        {
            "mark": "bar",
            "data": {"url": "https://x.org/a.csv"},
            "encoding": {"x": {"field": "a"}, "y": {"field": "b"}},
        },
    ],
)
def test_a_chart_that_is_not_simple_is_said_and_not_drawn(spec):
    chart = chart_of(spec)
    assert chart.said.startswith("chart: ")
    assert chart.paths == ()


def test_numbers_as_large_as_they_get_are_drawn():
    values = [{"a": i, "b": b} for i, b in enumerate((-1.7e308, 0, 1.7e308, 10**400, math.nan))]
    ((_, path),) = chart_of(vega("line", values)["spec"]).paths
    assert not re.search("nan|inf", path)
