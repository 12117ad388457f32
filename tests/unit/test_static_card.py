from __future__ import annotations

import collections
import functools
import html.parser as html_parser
import json
import math
import re
import threading
import time

import pytest

from spin_magic.cards import Card
from spin_magic.report.cards.lines import lines_of
from spin_magic.report.cards.parts import Group, Number, Picture, Prose
from spin_magic.report.cards.static import ON, parts_of
from spin_magic.report.guard import Budget
from spin_magic.report.render import render_html, render_text
from spin_magic.report.streams import summarize_card, summarize_cards
from spin_magic.report.summarize import summarize_result
from tests.unit.report_samples import make_result, vega

EVIL = "<script>alert(1)</script><img src=x onerror='f()'>\"&"
PNG = "data:image/png;base64, iVBORw0KGgo" + "A" * 400 + "=\n"


def card(*components, kind="blank", page="<html>"):
    return Card(kind, None, page, components)


def parts(*components):
    return parts_of(components, Budget(5, 100_000, 120_000))


def html(*components):
    source = render_html(summarize_result(make_result(cards=[card(*components)])))
    return source.partition('data-test="card-static">')[2].partition('<div class="spin-pane spin-pane-3"')[0]


def text(*components):
    return "\n".join(lines_of(parts(*components)))


def markdown(source):
    return {"type": "markdown", "source": source}


# -------------------------------------------------------------------------------- every type of Metaflow


@pytest.mark.filterwarnings("ignore:metaflow._vendor.imghdr")
def test_every_component_of_metaflow_reads_like_its_card():
    cards = pytest.importorskip("metaflow.cards")
    events = cards.EventsTimeline(title="Actions")
    events.update({"action": "call"}, payloads={"code": cards.PythonCode(code_string="print(1)")})
    made = {
        cards.Markdown("# Scores\n**0.9**"): "Scores\n0.9",
        cards.Table([[1, "two"]], headers=["a", "b"]): "a  b\n1  two",
        cards.Artifact({"three": 3}, name="k"): "k  {'three': 3}",
        cards.ProgressBar(10, "steps", 3, "it", "1/s"): "steps 3/10 it (1/s)",
        cards.ProgressBar(100, "done", 62, "%"): "done 62%",
        cards.ValueBox("AUC", 0.91, change_indicator="Up 2 %"): "AUC 0.91 (Up 2 %)",
        cards.JSONViewer({"a": 1}, title="Asked"): 'Asked\n  {\n    "a": 1\n  }',
        cards.YAMLViewer({"a": 1}): "  a: 1",
        cards.PythonCode(code_string="x = 1"): "  x = 1",
        cards.Image(bytes.fromhex("89504e470d0a1a0a") + b"0" * 20, label="loss"): "picture: loss",
        cards.VegaChart(
            {"mark": "bar", "encoding": {"x": {"field": "a"}, "y": {"field": "b"}}}
        ): "chart: bar, b by a",
        cards.Error(ValueError("x"), "Odd"): "  Odd\n  ValueError('x')",
        events: "Actions\naction call\n  print(1)",
    }
    for component, expected in made.items():
        serialised = json.loads(json.dumps(component.render()))
        assert text(serialised) == expected
        assert "cannot be shown" not in html(serialised)


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ({"type": "title", "text": "T"}, "T"),
        ({"type": "subtitle", "text": "S"}, "S"),
        ({"type": "text", "text": "some"}, "some"),
        ({"type": "page", "title": "P", "contents": [{"type": "text", "text": "in"}]}, "P\nin"),
        ({"type": "section", "title": "S", "subtitle": "u", "contents": [markdown("m")]}, "S\nu\nm"),
        ({"type": "dag", "data": {"steps": {"start": {}, "end": {}}}}, "the flow's graph, 2 steps"),
        ({"type": "html", "data": "x" * 3000}, "HTML, 3.0 kB"),
        ("<div>" + "x" * 2995, "HTML, 3.0 kB"),
        ({"type": "spiral", "title": "mine"}, "spiral: mine"),
        ({"type": "spiral"}, "spiral"),
        ({}, "component"),
        ({"type": "table", "columns": ["a", "b"], "data": [[1, 2]], "vertical": True}, "a  1\nb  2"),
        ({"type": "image", "src": "https://example.org/a.png"}, "picture that is not in the card"),
    ],
)
def test_other_components_say_what_they_are(component, expected):
    assert text(component) == expected


def test_a_table_shows_its_first_rows_and_columns_and_counts_the_others():
    data = [[f"row {i}", *range(10)] for i in range(100)]
    (grid,) = parts({"type": "table", "columns": list("abcdefghijk"), "data": data})
    assert (len(grid.rows), len(grid.columns)) == (12, 8)
    assert grid.more == "and 88 rows and 3 columns more"
    assert grid.right == tuple(range(1, 8))
    assert html({"type": "table", "data": data}).count("<tr>") == 12


def test_a_table_shows_components_in_its_cells():
    bar = {"type": "progressBar", "max": 4, "value": 1, "label": "x"}
    component = {"type": "table", "columns": ["m", "p"], "data": [[markdown("**b**"), bar]]}
    assert "<td><p><b>b</b></p></td>" in html(component)
    assert "width:25%" in html(component)
    assert text(component) == "m  p\nb  x 1/4"


def test_value_boxes_beside_each_other_make_a_row():
    first, second, third = (
        parts({"type": "valueBox", "value": 1}, {"type": "valueBox", "value": 2}, markdown("x"))[0],
        *parts({"type": "valueBox", "value": 1, "theme": "danger"}, markdown("x")),
    )
    assert first == Group((Number("1"), Number("2")), "across")
    assert second == Number("1", mood="bad")
    assert isinstance(third, Prose)


def test_columns_of_a_section_stand_side_by_side():
    section = {"type": "section", "columns": 2, "contents": [markdown("# l\nleft"), markdown("r")]}
    (group,) = parts(section)
    assert (group.way, group.columns, [part.kind for part in group.parts]) == (
        "across",
        2,
        ["group", "prose"],
    )
    assert '<div class="spin-columns" style="grid-template-columns:' in html(section)


@pytest.mark.parametrize(
    ("value", "most", "percent", "words"),
    [(3, 10, 30, "3/10"), (12, 10, 100, "12/10"), (-1, 10, 0, "-1/10"), (1, 0, None, "1/0")],
)
def test_a_progress_bar_never_leaves_its_track(value, most, percent, words):
    (bar,) = parts({"type": "progressBar", "value": value, "max": most})
    assert (bar.percent, bar.said) == (percent, words)


# ----------------------------------------------------------------------------------- bounds and hostility


def deep(levels):
    component = markdown("bottom")
    for _ in range(levels):
        component = {"type": "section", "title": "t", "columns": 2, "contents": [component, component]}
    return component


KINDS = ("markdown", "text", "title", "log", "pythonCode", "valueBox", "table", "image", "odd", "artifacts")
FIELDS = ("text", "source", "data", "title", "value")
AMOUNTS = (math.nan, math.inf, None, "x", [], 10**5000, True, 0, -1)


@functools.lru_cache(maxsize=1)
def huge():
    return 'x"<' * 33_000_000


EVENT = {"metadata": {"<" * 99: EVIL}, "payloads": {"x": deep(9)}}


def table_of(cell):
    return {"type": "table", "data": [[cell] * 8] * 12}


HOSTILE = {
    "texts": lambda: [{"type": kind} | dict.fromkeys(FIELDS, huge()) for kind in KINDS],
    "viewers": lambda: [
        {"type": "jsonViewer", "json_string": huge()},
        {"type": "yamlViewer", "yaml_string": huge(), "title": huge()},
    ],
    "html": lambda: [huge()] * 3,
    "type": lambda: [{"type": huge(), "title": huge()}, {"type": [1]}, {"type": None}, {"type": {}}],
    "deep": lambda: [deep(300)],
    "wide": lambda: [
        {"type": "section", "columns": 3, "contents": [{"type": "section", "columns": 3}] * 200_000}
    ],
    "many": lambda: [markdown('"' * 500)] * 5_000,
    "rows": lambda: (
        [{"type": "table", "columns": ["<" * 90] * 500, "data": [['"' * 900] * 500] * 50_000}] * 9
    ),
    "cells": lambda: [{"type": "table", "data": [[markdown("*x*")] * 90] * 90}] * 9,
    "nested tables": lambda: [table_of(table_of(table_of(deep(20))))],
    "pictures": lambda: [{"type": "image", "src": src} for src in [PNG] * 500 + [PNG.strip() + huge()]],
    "boxes": lambda: [{"type": "valueBox", "value": '"' * 99, "title": "<" * 999}] * 500,
    "events": lambda: [{"type": "eventsTimeline", "events": [EVENT] * 9999}] * 9,
    "charts": lambda: [vega("line", [{"a": i, "b": -i} for i in range(2000)], title=EVIL)] * 200,
    "bars": lambda: [
        {"type": "progressBar", "value": v, "max": m, "label": EVIL} for v in AMOUNTS for m in AMOUNTS
    ],
    "wrong": lambda: [
        None,
        3,
        2.5,
        True,
        [],
        ["x"],
        {1: 2},
        {"type": "section", "contents": 3},
        {"type": "table", "data": {}},
        {"type": "table", "data": [1, [2]], "columns": 4},
        {"type": "page", "contents": "abc"},
        {"type": "eventsTimeline", "events": [3, {"metadata": 3, "payloads": 4}]},
        {"type": "artifacts", "data": [3, {}]},
        {"type": "artifacts", "data": {"a": {"name": 3, "data": None}}},
        {"type": "vegaChart"},
        {"type": "valueBox"},
        {"type": "jsonViewer"},
        {"type": "markdown"},
        {"type": "markdown", "source": 3},
        {"type": "dag", "data": 4},
    ],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_components_cost_neither_time_nor_room(name):
    components = HOSTILE[name]()
    times = []
    for _ in range(3):
        began = time.process_time()
        summary = summarize_card(card(*components))
        times.append(time.process_time() - began)
    assert summary.parts
    assert len(summary.components) <= 12
    assert min(times) < 0.1
    source = html(*components)
    assert len(re.sub(r'src="[^"]*"', "", source)) <= 40_000
    assert len(source) <= 40_000 + 120_000


@pytest.mark.parametrize("name", ["texts", "rows", "deep", "events", "charts"])
def test_bounds_hold_without_timers_too(name):
    made, components = [], HOSTILE[name]()

    def work():
        began = time.thread_time()
        made.append((summarize_card(card(*components)), time.thread_time() - began))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    ((summary, took),) = made
    assert summary.parts
    assert took < 0.3


def test_a_value_that_raises_or_hangs_costs_one_component():
    class Evil(dict):
        def get(self, *_):
            raise SystemExit

    class Slow(dict):
        def get(self, *_):
            time.sleep(10)

    began = time.perf_counter()
    assert text(Evil(), Slow(), markdown("after")).splitlines()[-1] == "after"
    assert time.perf_counter() - began < 3


def test_what_does_not_fit_is_said():
    assert parts(*[markdown(f"n {i} " + "y" * 600) for i in range(200)])[-1] == Prose.of(ON)
    assert all(part != Prose.of(ON) for part in parts(markdown("short")))


def test_cards_of_a_panel_share_their_budget():
    picture = {"type": "image", "src": "data:image/png;base64," + "A" * 50_000, "label": "p"}
    shown = [any(isinstance(p, Picture) for p in s.parts) for s in summarize_cards([card(picture)] * 4)]
    assert shown == [True, True, False, False]
    assert text(picture, picture, picture).splitlines()[2] == "picture 37.5 kB: p"


@pytest.mark.parametrize(
    "source",
    [
        "data:image/svg+xml;base64,AAAA",
        "data:text/html;base64,AAAA",
        "javascript:alert(1)",
        'data:image/png;base64,AA"x',
        "",
    ],
)
def test_only_plain_pictures_are_shown(source):
    assert "<img" not in html({"type": "image", "src": source})


OURS = {
    "class",
    "role",
    "aria-level",
    "aria-label",
    "tabindex",
    "style",
    "src",
    "alt",
    "scope",
    "viewbox",
    "d",
    "data-test",
}


class Tags(html_parser.HTMLParser):
    """How often a browser sees each tag, and which attributes it sees."""

    def __init__(self, source):
        super().__init__()
        self.count, self.attributes = collections.Counter(), set()
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.count[tag] += 1
        self.attributes |= {name for name, _ in attrs}


def evil_everywhere(component):
    if isinstance(component, dict):
        return {key: value if key == "type" else evil_everywhere(value) for key, value in component.items()}
    if isinstance(component, list):
        return [evil_everywhere(each) for each in component]
    return EVIL if isinstance(component, str) else component


TYPED = [
    markdown("# a"),
    markdown("x"),
    {"type": "table", "columns": ["a"], "data": [["b", markdown("c")]], "title": "t"},
    {"type": "table", "columns": ["a"], "data": [["b"]], "vertical": True},
    {
        "type": "valueBox",
        "title": "t",
        "value": "v",
        "subtitle": "s",
        "change_indicator": "c",
        "theme": "success",
    },
    {"type": "progressBar", "label": "l", "value": 3, "max": 9, "unit": "u", "details": "d"},
    {"type": "image", "src": PNG, "label": "l", "title": "t", "subtitle": "s"},
    {"type": "artifacts", "data": [{"name": "n", "data": "d"}, {"name": "m", "data": "e"}]},
    {"type": "jsonViewer", "json_string": "s", "title": "t"},
    {"type": "log", "data": "d"},
    vega("bar", [{"a": "x", "b": 1}, {"a": "y", "b": 2}], title="t"),
    {
        "type": "section",
        "title": "t",
        "subtitle": "s",
        "columns": 2,
        "contents": [markdown("l"), markdown("r")],
    },
    {
        "type": "eventsTimeline",
        "title": "t",
        "events": [{"metadata": {"k": "v"}, "payloads": {"p": markdown("x")}}],
    },
    {"type": "odd", "title": "t"},
]


@pytest.mark.parametrize("component", TYPED, ids=lambda c: c["type"])
def test_every_text_is_only_text(component):
    evil = evil_everywhere(component)
    # The picture and the fields of the chart keep their form, else nothing of them would be shown.
    if component["type"] == "image":
        evil["src"] = PNG
    if component["type"] == "vegaChart":
        evil["spec"] = {**component["spec"], "title": EVIL, "data": {"values": [{"a": EVIL, "b": 1}]}}
    source = html(evil)
    assert "alert(1)" in source
    assert "<script" not in source
    tags = Tags(source)
    assert tags.attributes <= OURS
    assert tags.count["img"] == (component["type"] == "image")


# --------------------------------------------------------------------------------------------- whole cards


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("default", "The step's artifacts, code and graph, as Metaflow's default card shows them."),
        ("blank", "No components."),
        ("pyvis", "A page of type pyvis, 12.0 kB; it is shown where the notebook has its kernel."),
    ],
)
def test_a_card_without_components_says_what_it_is(kind, expected):
    summary = summarize_card(card(kind=kind, page="x" * 12_000))
    assert summary.components == (expected,)
    assert summary.size == "12.0 kB"


def test_each_card_has_one_static_element():
    cards = [card(markdown("one"), page="<h1>page</h1>"), card(kind="pyvis")]
    source = render_html(summarize_result(make_result(cards=cards)))
    assert (
        source.count('data-test="card"') == source.count('class="spin-static" data-test="card-static"') == 2
    )
    assert "<h1>" not in source


def test_the_styles_of_cards_come_with_cards_alone():
    assert ".spin-static" not in render_html(summarize_result(make_result()))
    assert ".spin-static" in render_html(summarize_result(make_result(cards=[card()])))


def test_every_class_of_the_static_form_has_its_style():
    source = render_html(summarize_result(make_result(cards=[card(*TYPED), card(deep(2))])))
    css, _, rest = source.partition("</style>")
    used = {name for names in re.findall(r'class="([^"]*)"', rest) for name in names.split()}
    # The first series has the colour of all.
    assert {name for name in used if f".{name}" not in css} <= {
        "spin-said",
        "spin-series-0",
        "spin-part",
        "mathjax_ignore",
    }
    assert {"spin-rail", "spin-track", "spin-mark-bar", "spin-mood-good"} <= used


def test_the_text_of_a_card_stands_below_its_name():
    shown = render_text(
        summarize_result(make_result(cards=[card(markdown("# Hi\n\n- a\n- b"), page="x" * 2_000)]))
    )
    assert shown.endswith("blank card, 2.0 kB\n    Hi\n    - a\n    - b")
    long = lines_of(parts(*[markdown(f"line {i}") for i in range(40)]))
    assert (len(long), long[-1]) == (12, "…")
