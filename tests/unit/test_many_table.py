"""The table of many spins: its rows and plots, in text and in HTML, and what a live one answers."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import ipywidgets as widgets
import pytest
from IPython.core.interactiveshell import InteractiveShell

from spin_magic.artifacts import Artifact, Artifacts
from spin_magic.many import SpinResults
from spin_magic.report import splits_mimebundle, splits_view, view
from spin_magic.report.splits import LINES, ROWS, SHOWN, splits_html, splits_text, summarize_splits
from tests.unit.report_samples import make_inputs, make_result, stored


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def of(self, tag, kind=""):
        return [attrs for name, attrs in self.tags if name == tag and kind in (attrs.get("class") or "")]


def many(count: int, *, failed: tuple[int, ...] = (), waiting: int = 0, runs: bool = False, **changes):
    results = []
    for i in range(count):
        inputs = make_inputs(index=i, value=f"v{i}", tasks=(f"TrainFlow/{99 - i if runs else 17}/split/3",))
        error = ValueError(f"<b>bad</b> {i}") if i in failed else None
        after = {"score": i / 3, "name": "x", "word": f"w{i}", "table": list(range(5000))}
        results.append(make_result({"score": i / 3 - (i % 2)}, after, error=error, inputs=inputs))
    labels = [f"{i}, input='v{i}'" for i in range(count + waiting)]
    given = {"flow": "TrainFlow", "step": "train", "labels": labels[:count], "waiting": labels[count:]}
    return SpinResults(results, **given | changes)


def test_the_row_of_a_task_says_what_came_of_it():
    results = many(3, failed=(1,), waiting=1)
    splits = summarize_splits(results)
    assert splits.heads == ("task", "outcome", "time", "score", "word", "against the run")
    text = splits_text(results, splits).splitlines()
    assert text[0] == "SpinResults(TrainFlow/train, 3 of 4, 1 failed, interrupted)"
    assert re.fullmatch(r"0, input='v0'  ok +12 ms +0 +'w0' +3 new: name, table, word", text[2]), text[2]
    assert "ValueError: <b>bad</b> 1" in text[3]
    assert text[5].split() == ["3,", "input='v3'", "not", "done"]
    assert [row["outcome"] for row in results.table()] == ["ok", "failed", "ok", "not done"]
    assert results.table()[0]["changed"] == ["name", "table", "word"]
    assert list(results.errors) == [1]
    assert list(results.to_pandas("score").columns)[-1] == "score"


class DumbError(Exception):
    """One that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError


def test_an_exception_that_cannot_be_shown_hides_no_other_row():
    results = many(2, failed=(1,))
    results[1].error = DumbError()
    bundle = splits_mimebundle(results)
    assert "DumbError: (it cannot be shown)" in bundle["text/html"]
    assert "could not be drawn" not in bundle["text/plain"]
    assert [row["error"] for row in results.table()] == [None, "DumbError: (it cannot be shown)"]


def test_html_escapes_and_sorts_by_numbers():
    html = splits_mimebundle(many(3, failed=(1,)))["text/html"]
    assert "<b>bad" not in html
    rows = Tags(html).of("tr", "spin-split")
    assert [(row["data-state"], row["data-at"]) for row in rows] == [
        ("ok", "0"),
        ("failed", "1"),
        ("ok", "2"),
    ]
    assert [cell.get("data-key") for cell in Tags(html).of("td", "spin-r")][1] == "0.0"
    assert "1 of 3 failed" in html
    assert "beyond" not in html.partition("</style>")[2]


def test_a_thousand_rows_are_capped_and_the_failed_are_among_them():
    results = many(1000, failed=(3, 997))
    splits = summarize_splits(results)
    html = splits_html(results, splits)
    tags = Tags(html)
    assert len(tags.of("tr", "spin-split")) == ROWS
    assert [row["data-at"] for row in tags.of("tr", "spin-split") if row["data-state"] == "failed"] == [
        "3",
        "997",
    ]
    assert f"n + {SHOWN + 1} of .spin-split" in html.replace("(n+", "(n + ")
    assert "Show the first 200 rows" in html
    assert "800 more" in html
    assert "%spin_run TrainFlow --resume train --with kubernetes" in html
    assert len(html) < 150_000
    text = splits_text(results, splits)
    assert len(text.splitlines()) < LINES + 6
    assert "950 more" in text
    assert "997, input" in text
    assert len(results.table()) == 1000


def test_numbers_are_plotted_with_what_the_run_had():
    (plot,) = summarize_splits(many(4, failed=(2,))).plots
    assert (plot.name, plot.over, plot.line) == ("score", "split", "")
    assert [dot.said for dot in plot.now] == [
        "0, input='v0': 0",
        "1, input='v1': 0.333333",
        "3, input='v3': 1",
    ]
    # Only where it differs.
    assert [dot.said for dot in plot.past] == [
        "1, input='v1': the run had -0.666667",
        "3, input='v3': the run had 0",
    ]
    assert plot.ends == ("0", "3", "-0.6667", "1")
    assert [dot.y for dot in plot.past + plot.now] == sorted(
        (dot.y for dot in plot.past + plot.now), key=float, reverse=True
    )


def test_runs_are_plotted_in_the_order_of_time():
    (plot,) = summarize_splits(many(3, runs=True)).plots
    assert (plot.over, plot.ends[:2]) == ("run", ("97", "99"))
    assert float(plot.now[0].x) > float(plot.now[-1].x)
    assert plot.line.count("L") == 2


def test_what_isolated_steps_stored_is_shown_where_it_is_small():
    def gone() -> None:
        raise ModuleNotFoundError("no such package here")

    made = {
        "rate": stored("rate", 0.5),
        "word": stored("word", "w"),
        "C": stored("C", 10.0),
        "large": Artifact("large", "list", 10**6, pytest.fail),
        "foreign": Artifact("foreign", "Model", 100, gone),
    }
    results = SpinResults([make_result(artifacts=Artifacts(made))], flow="F", step="s", labels=["0"])
    assert results.chosen() == ("rate", "word")
    assert summarize_splits(results).heads[3:5] == ("rate", "word")


def test_the_foreachs_own_values_are_not_plotted_and_numbers_in_cells_are_short():
    results = [
        make_result(
            {}, {"rate": rate, "twice": 2 * rate, "at": {"x": rate / 3}}, inputs=make_inputs(value=f"{rate}")
        )
        for rate in (0.5, 2.0)
    ]
    show = ("rate", "twice", "at")
    many = SpinResults(results, flow="F", step="s", labels=["0", "1"], elapsed=1.5, show=show)
    splits = summarize_splits(many)
    assert [plot.name for plot in splits.plots] == ["twice", "at['x']"]
    assert splits.rows[1].fields[splits.heads.index("at")].text == "{'x': 0.6667}"
    # How long one waits, and not how long the steps took, which is more where several run at once.
    assert splits.seconds == "1.5 s"


@pytest.mark.parametrize("value", [True, "text", float("nan"), 10**400, [1]])
def test_what_is_no_number_is_not_plotted(value):
    results = [make_result({}, {"score": value}, inputs=make_inputs(index=i)) for i in range(2)]
    splits = summarize_splits(SpinResults(results, flow="F", step="s", labels=["0", "1"]))
    assert splits.plots == ()


@pytest.fixture
def nothing_shown():
    InteractiveShell.instance()
    yield
    view._shown.clear()
    view._retired.clear()
    widgets.Widget.close_all()
    InteractiveShell.clear_instance()


def test_a_live_row_opens_to_its_own_panel_and_retires_with_the_table(nothing_shown):
    results = many(3)
    html = splits_html(results, summarize_splits(results))
    splits_view.enliven_splits(results, html, lambda one: f'<p id="spin-panel-0000000{one.inputs.index}">')
    shown = view._shown["TrainFlow", "train"]
    assert f'id="{shown.widget.panel}"' in html
    assert shown.answer({"ask": "open", "at": 2}) == {"html": '<p id="spin-panel-00000002">'}
    own = shown._opened[2]
    assert own.widget.panel == "spin-panel-00000002"
    assert own.answer({"ask": "bind", "name": "score", "as": "if"}) == {
        "said": "'if' is no name for a variable."
    }
    assert "does not know" in shown.answer({"ask": "open", "at": 3})["said"]
    shown.retire()
    assert (own.widget.live, own.answer({"ask": "flow"})) == (False, {})
    assert "does not know" in shown.answer({"ask": "open", "at": 1})["said"]
    shown.close()
