from __future__ import annotations

import gc
import pickle
import weakref

import ipywidgets as widgets
import pytest
from IPython.core.interactiveshell import InteractiveShell

from spin_magic.cards import Card
from spin_magic.errors import TaskError
from spin_magic.report import summarize_result, view
from spin_magic.report.render import render_html
from tests.unit.report_samples import CARD_PAGE, make_result


@pytest.fixture(autouse=True)
def nothing_shown():
    InteractiveShell.instance()
    yield
    view._shown.clear()
    view._retired.clear()
    widgets.Widget.close_all()
    InteractiveShell.clear_instance()


@pytest.fixture
def asked(monkeypatch):
    """Ask a panel as its page does, and give the answer."""

    def ask(shown, **question):
        answers = []
        shown.widget.send = answers.append
        shown._on_message(shown.widget, question, [])
        assert all(answer.pop("to") == question for answer in answers)
        return answers[0] if answers else None

    return ask


def drawn(result):
    return render_html(summarize_result(result))


def show(result):
    html = drawn(result)
    view.enliven(result, html, drawn)
    shown = view._shown[result.flow, result.step]
    assert f'id="{shown.widget.panel}"' in html
    return shown


def open_widgets():
    return widgets.Widget.get_manager_state()["state"]


def test_cards_are_sent_only_when_asked_for(asked):
    cards = [Card("default", "a", CARD_PAGE, ()), Card("blank", None, f"{CARD_PAGE}2", ())]
    shown = show(make_result({}, {}, cards=cards))
    second = {"parts": (f"{CARD_PAGE}2",), "title": "blank card", "file": "card-blank.html"}
    assert asked(shown, ask="card", index=1) == second
    assert asked(shown, ask="card", index=2)["said"] == "There is no such card."


def test_an_object_shows_its_own_display(asked):
    class Rich:
        def _repr_html_(self):
            return "<i>rich</i>"

    shown = show(make_result({}, {"r": Rich(), "s": 1}))
    assert asked(shown, ask="display", name="r")["bundle"]["text/html"] == "<i>rich</i>"
    assert asked(shown, ask="display", name="s")["bundle"] == {"text/plain": "1"}


def test_what_only_the_front_end_can_draw_is_left_to_it(asked):
    class Chart:
        def _repr_mimebundle_(self, **_):
            return {"application/vnd.vegalite.v5+json": {"mark": "bar"}, "text/plain": "chart"}

    shown = show(make_result({}, {"c": Chart()}))
    answer = asked(shown, ask="display", name="c")
    output = open_widgets()[answer["output"]]["state"]
    assert output["outputs"][0]["data"]["application/vnd.vegalite.v5+json"] == {"mark": "bar"}


@pytest.mark.parametrize("question", [{"ask": "card", "index": "x"}, {"ask": "display", "name": ["x"]}])
def test_a_question_that_makes_no_sense_is_answered(asked, question):
    shown = show(make_result({}, {"v": 1}))
    assert asked(shown, **question) is not None


def test_a_display_that_fails_is_said(asked):
    class Bad:
        def __repr__(self):
            raise SystemExit

    shown = show(make_result({}, {"b": Bad()}))
    assert asked(shown, ask="display", name="b")["bundle"]["text/plain"] == "b cannot be shown."


def test_the_next_result_of_a_step_lets_go_of_the_last_one(asked):
    results = [make_result({}, {"v": i}, cards=[Card("c", None, CARD_PAGE, ())]) for i in range(2)]
    alive = weakref.ref(results[0])
    first = show(results[0])
    show(results[1])
    del results[0]
    gc.collect()
    assert alive() is None
    # What the reader still sees of it needs no result, and its page knows that.
    assert first.widget.live is False
    assert asked(first, ask="display", name="v") is None


def test_steps_keep_a_result_each():
    one, two = make_result({}, {"v": 1}), make_result({}, {"v": 2}, step="other")
    first = show(one)
    show(two)
    assert first._result is one


def test_many_spins_leave_few_widgets(monkeypatch, asked):
    counts = []
    for i in range(12):
        # Two cells spin the same step in turn, each again and again.
        monkeypatch.setattr(view, "_running", lambda i=i: (f"cell {i % 2}", f"message {i}"))
        shown = show(make_result({}, {"v": i}))
        asked(shown, ask="display", name="v")
        counts.append(len(open_widgets()))
    assert counts[2] == counts[-1]
    assert len(view._retired) == 1


def test_a_loop_in_one_cell_keeps_all_its_panels_in_view(monkeypatch):
    monkeypatch.setattr(view, "_running", lambda: ("cell", "message"))
    shown = [show(make_result({}, {"v": i})) for i in range(3)]
    assert all(panel.widget.comm is not None for panel in shown)


def test_another_result_takes_the_panel_s_place(asked):
    shown = show(make_result({}, {"v": 1}))
    shown._result.again = lambda task: make_result({}, {task: 2})
    assert shown.widget.html == ""
    assert asked(shown, ask="again", task="other")["said"] == ""
    assert 'data-name="other"' in shown.widget.html


def test_a_task_that_is_gone_is_said(asked):
    def gone(_task):
        raise TaskError("There is no such task.")

    shown = show(make_result({}, {"v": 1}))
    shown._result.again = gone
    assert asked(shown, ask="again", task="x") == {"said": "There is no such task."}


@pytest.mark.parametrize("name", ["1x", "class", "a b", "taken"])
def test_only_a_free_name_is_bound(asked, name):
    shell = InteractiveShell.instance()
    shell.user_ns["taken"] = mine = object()
    shown = show(make_result({}, {"v": [1]}))
    said = asked(shown, ask="bind", name="v", **{"as": name})["said"]
    assert "is now" not in said
    assert shell.user_ns["taken"] is mine
    asked(shown, ask="bind", name="v", **{"as": "free"})
    assert shell.user_ns["free"] == [1]


@pytest.mark.parametrize(
    ("value", "file", "content"),
    [
        ({"a": 1}, "v.json", b'{\n  "a": 1\n}'),
        ("text", "v.txt", b"text"),
        (object, "v.pkl", pickle.dumps(object)),
    ],
)
def test_an_artifact_goes_to_a_new_file(asked, tmp_path, value, file, content):
    shown = show(make_result({}, {"v": value}))
    assert asked(shown, ask="display", name="v")["file"] == file
    path = tmp_path / file
    assert "Saved to" in asked(shown, ask="save", name="v", path=str(path))["said"]
    assert path.read_bytes() == content
    path.write_bytes(b"mine")
    assert "there already" in asked(shown, ask="save", name="v", path=str(path))["said"]
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("file", "said"), [("v.npz", "ends in"), ("v.csv", "does not go"), ("no/v.pkl", "Not saved")]
)
def test_what_cannot_be_saved_leaves_no_file(asked, tmp_path, file, said):
    shown = show(make_result({}, {"v": [1]}))
    assert said in asked(shown, ask="save", name="v", path=str(tmp_path / file))["said"]
    assert list(tmp_path.iterdir()) == []


def test_front_ends_that_name_no_cells_keep_a_bounded_number_of_widgets(monkeypatch):
    monkeypatch.setattr(view, "_running", lambda: ("", ""))
    monkeypatch.setattr(view, "MOST_RETIRED", 3)
    panels = [show(make_result({}, {"v": i})) for i in range(8)]
    assert [panel.widget.comm is not None for panel in panels] == [False] * 4 + [True] * 4
