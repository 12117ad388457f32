from __future__ import annotations

import gc
import html
import re
import weakref

import ipywidgets as widgets
import pytest

from spin_magic.report import summarize_result, view
from spin_magic.report.render import render_html
from spin_magic.result import Card
from tests.unit.report_samples import CARD_PAGE, make_result


@pytest.fixture(autouse=True)
def nothing_shown():
    yield
    view._shown.clear()
    view._retired.clear()
    widgets.Widget.close_all()


def show(result):
    panel = summarize_result(result)
    bundle = view.show(result, panel, render_html(panel))
    shown = view._shown[result.flow, result.step]
    assert bundle[view.MIME]["model_id"] == shown.root.model_id
    return shown


def open_widgets():
    return widgets.widgets.widget._instances


def cards_shown(shown):
    return [page.value for page in shown._cards.children]


def test_cards_are_drawn_only_when_their_tab_is_in_front():
    cards = [Card("default", "a", CARD_PAGE, ()), Card("blank", None, f"{CARD_PAGE}2", ())]
    shown = show(make_result({}, {}, cards=cards))
    assert cards_shown(shown) == ["", ""]
    shown.tabs.selected_index = 1
    assert [bool(value) for value in cards_shown(shown)] == [True, False]
    shown._cards.selected_index = 1
    assert [bool(value) for value in cards_shown(shown)] == [True, True]


def test_a_card_lives_in_a_frame_that_cannot_reach_the_notebook():
    page = '"></iframe><script>bad()</script>'
    shown = show(make_result({}, {}, cards=[Card("x", '"><script>', page, ())]))
    shown.tabs.selected_index = 1
    source = cards_shown(shown)[0]
    assert re.findall(r'sandbox="([^"]*)"', source) == ["allow-scripts"]
    assert html.unescape(re.search(r'srcdoc="([^"]*)"', source)[1]) == page
    assert "<script" not in source


def test_an_object_shows_its_own_display_when_chosen():
    class Rich:
        def _repr_html_(self):
            return "<i>rich</i>"

    shown = show(make_result({}, {"r": Rich(), "s": 1}))
    calls = []
    shown.looking.append_display_data = calls.append
    shown.choice.value = "r"
    assert [type(value) for value in calls] == [Rich]


def test_the_next_result_of_a_step_lets_go_of_the_last_one():
    results = [make_result({}, {"v": i}, cards=[Card("c", None, CARD_PAGE, ())]) for i in range(2)]
    alive = weakref.ref(results[0])
    first = show(results[0])
    first.tabs.selected_index = 1
    show(results[1])
    del results[0]
    gc.collect()
    assert alive() is None
    # What the reader still sees of it needs no result.
    assert len(first.root.children) == 1
    assert 'data-name="v"' in first.root.children[0].value
    first._on_choice({"new": "v"})
    first._on_tab(None)


def test_steps_keep_a_result_each():
    one, two = make_result({}, {"v": 1}), make_result({}, {"v": 2}, step="other")
    first = show(one)
    show(two)
    assert first._result is one


def test_many_spins_leave_few_widgets(monkeypatch):
    counts = []
    for i in range(12):
        # Two cells spin the same step in turn, each again and again.
        monkeypatch.setattr(view, "_running", lambda i=i: (f"cell {i % 2}", f"message {i}"))
        shown = show(make_result({}, {"v": i}, cards=[Card("c", None, CARD_PAGE, ())]))
        shown.tabs.selected_index = 1
        counts.append(len(open_widgets()))
    assert counts[2] == counts[-1]
    assert len(view._retired) == 1


def test_a_loop_in_one_cell_keeps_all_its_panels_in_view(monkeypatch):
    monkeypatch.setattr(view, "_running", lambda: ("cell", "message"))
    shown = [show(make_result({}, {"v": i})) for i in range(3)]
    assert all(panel.root.comm is not None for panel in shown)


def test_widget_and_html_have_the_same_parts():
    result = make_result({"a": 1, "b": 2}, {"a": 2, "b": 2}, notes=["`n` is lent."], stdout="one\n")
    shown = show(result)
    text = "".join(w.value for w in shown._made if isinstance(w, widgets.HTML))
    assert 'data-name="a" data-status="changed"' in text
    assert "is lent." in text
    assert result.inputs.why.partition("`")[0] in text
    assert shown.tabs.titles == ("Outputs 2", "Cards 0", "Logs 1 line", "Inputs 3")
