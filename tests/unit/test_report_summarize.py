from __future__ import annotations

import gc
import json
import linecache
import time
import weakref

import numpy as np
import pandas as pd
import pytest

from spin_magic.artifacts import Artifact, Artifacts, StepInputs
from spin_magic.cards import Card
from spin_magic.report import summarize_inputs, summarize_result
from spin_magic.report.failure import summarize_error
from spin_magic.report.summarize import seconds_text
from spin_magic.result import DiffRow
from tests.unit.report_samples import artifact, make_inputs, make_result, raised


def rows_of(summary):
    return {row.name: row for row in summary.outputs.rows}


def test_rows_stand_in_the_order_changed_new_gone():
    panel = summarize_result(make_result({"a": 1, "same": 2, "lost": 3}, {"new": 0, "a": 2, "same": 2}))
    assert [(row.name, row.status) for row in panel.outputs.rows] == [
        ("a", "changed"),
        ("new", "new"),
        ("lost", "gone"),
    ]
    assert panel.outputs.same == ("same",)
    assert panel.counts == ((1, "changed"), (1, "new"), (1, "gone"), (1, "same"))
    assert rows_of(panel)["a"].said == "1 → 2 +1 (+100.00 %)"
    assert rows_of(panel)["lost"].said == "in the past task, not set now"


def test_comparison_has_a_budget_and_what_it_leaves_is_not_compared():
    budgets = []

    def compare(budget):
        budgets.append(budget)
        return [DiffRow("a", "not compared", "it is 3 GB")]

    panel = summarize_result(make_result({}, {"a": 1, "b": 2}, compare=compare))
    assert budgets == [0.15]
    assert {name: row.status for name, row in rows_of(panel).items()} == {
        "a": "not compared",
        "b": "not compared",
    }
    assert rows_of(panel)["a"].said == "it is 3 GB"


def test_comparison_that_fails_is_said_and_breaks_nothing():
    def compare(_budget):
        raise OSError("datastore is away")

    row = summarize_result(make_result({}, {"a": 1}, compare=compare)).outputs.rows[0]
    assert (row.status, row.said) == ("not compared", "the comparison failed with OSError")


def test_without_a_past_task_inputs_that_were_not_touched_are_passed_on():
    inputs = make_inputs({"C": 1.0, "seen": [1]})
    outputs = Artifacts(
        {"C": inputs.describe("C"), "seen": artifact("seen", [1]), "made": artifact("made", 5)}
    )
    panel = summarize_result(make_result(None, {}, artifacts=outputs, inputs=inputs))
    assert panel.outputs.passed_on == ("C",)
    assert {row.name: row.status for row in panel.outputs.rows} == {"made": "new", "seen": "not compared"}
    assert panel.compared.startswith("No past task of this step to compare with.")


def test_nothing_large_is_loaded_for_a_preview():
    def load():
        raise AssertionError("loaded")

    entries = {
        "big": Artifact("big", "DataFrame", 2_000_000_000, load),
        "unknown": Artifact("unknown", "list", None, load),
    }
    inputs = StepInputs(entries, flow="F", step="s", tasks=("F/1/p/1",), why="why", origin=None)
    rows = summarize_inputs(inputs).rows
    assert [(row.type_name, row.size, row.preview) for row in rows] == [
        ("DataFrame", "2.0 GB", "not loaded for a preview"),
        ("list", "", "not loaded for a preview"),
    ]


def test_small_stored_inputs_are_shown_and_not_kept():
    class Value:
        pass

    made = []

    def load():
        made.append(Value())
        return made[-1]

    inputs = StepInputs(
        {"v": Artifact("v", "Value", 10, load)}, flow="F", step="s", tasks=("F/1/p/1",), why="w", origin=None
    )
    row = summarize_inputs(inputs).rows[0]
    assert "Value object" in row.preview
    gone = weakref.ref(made.pop())
    gc.collect()
    assert gone() is None


def test_the_past_value_of_something_large_is_not_loaded():
    def load_before():
        raise AssertionError("loaded")

    after = np.zeros(5_000_000)
    diff = [DiffRow("x", "changed", "", load_before, lambda: after)]
    panel = summarize_result(make_result({}, {"x": after}, compare=lambda _: diff))
    assert rows_of(panel)["x"].said == "too large to look into: compare _spin.diff()"
    assert rows_of(panel)["x"].preview == "[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, …]"
    assert rows_of(panel)["x"].kind == "ndarray, 5,000,000 values"


def test_changed_rows_open_to_what_changed_and_others_to_their_value():
    text = "\n".join("abcdefgh" * 3)
    panel = summarize_result(make_result({"t": text, "n": 1}, {"t": text + "x", "n": 2, "new": text}))
    rows = rows_of(panel)
    assert [block.kind for block in rows["t"].detail.blocks] == ["lines"]
    assert [block.kind for block in rows["new"].detail.blocks] == ["text"]
    assert rows["n"].detail is None


def test_a_change_that_cannot_be_told_says_how_to_ask():
    class Odd:
        def __init__(self, value):
            self.value = value

        def __reduce__(self):
            raise TypeError("it does not pickle")

        def __getattribute__(self, name):
            raise ValueError(name)

    diff = [DiffRow("o", "changed", "", lambda: Odd(1), lambda: Odd(2))]
    row = rows_of(summarize_result(make_result({}, {"o": Odd(2)}, compare=lambda _: diff)))["o"]
    assert row.said == "cannot be told how: compare _spin.diff()"


def test_what_differs_only_inside_its_pickle_still_opens_to_its_value():
    before, after = {"a": 1, "b": "x" * 30}, {"b": "x" * 30, "a": 1}
    row = rows_of(summarize_result(make_result({"d": before}, {"d": after})))["d"]
    assert row.status == "changed"
    assert row.said.startswith("pickles differ: ")


def test_a_slow_picture_does_not_cost_the_other_rows_their_previews():
    class Figure:
        def savefig(self, data, **_):
            time.sleep(0.2)
            data.write(b"PNG")

        def get_size_inches(self):
            return (4, 3)

    after = {"a": Figure(), **{f"b{i}": "x\ny" for i in range(3)}}
    rows = rows_of(summarize_result(make_result({}, after)))
    assert rows["a"].detail.blocks[0].kind == "pictures"
    assert {rows[f"b{i}"].preview for i in range(3)} == {r"'x\ny'"}
    assert all(row.detail for row in rows.values())


def test_summary_does_not_keep_the_values_alive():
    class Value:
        pass

    value = Value()
    alive = weakref.ref(value)
    result = make_result({}, {"v": value}, locals={"v": value}, compare=lambda _: [])
    panel = summarize_result(result)
    del value, result
    gc.collect()
    assert alive() is None
    assert panel.outputs.total == 1


def test_frames_tell_their_shape_size_and_change():
    before = pd.DataFrame({"f3": [1.0, 2.0, 3.0]})
    panel = summarize_result(make_result({"df": before}, {"df": before.assign(f3=0.0, f10=1)}))
    row = rows_of(panel)["df"]
    assert row.kind == "DataFrame 3 × 2"
    assert row.size.endswith(" B")
    assert row.said == "+1 column f10 · 3 cells of f3 differ"


def test_cards_are_listed_without_their_page():
    card = Card(
        "default",
        "top",
        "x" * 1_100_000,
        ({"type": "markdown", "source": "# Scores\nmore"}, {"type": "vegaChart"}),
    )
    summary = summarize_result(make_result(cards=[card])).cards[0]
    assert summary.title == "default card 'top'"
    assert summary.size == "1.1 MB"
    assert summary.components == ("Scores", "more", "chart: of its own kind")


def test_logs_are_cut_to_their_end_and_plain():
    printed = "".join(f"\x1b[31mline {i}\x1b[0m\n" for i in range(300)) + "10 %\r90 %\r100 %\n"
    log = summarize_result(make_result(stdout=printed)).logs[0]
    assert (log.name, log.lines) == ("stdout", 301)
    assert log.text.splitlines()[-2:] == ["line 299", "100 %"]
    assert log.left_out == "201 lines before these"
    assert len(log.text.splitlines()) == 100


def test_inputs_say_what_was_bound_kept_and_left():
    inputs = make_inputs({"a": 1, "b": 2, "c": 3, "d": 4})
    inputs.bound, inputs.kept, inputs.waiting = ("a",), ("b",), ("c",)
    summary = summarize_inputs(inputs)
    assert [row.binding for row in summary.rows] == ["bound", "kept", "on self", ""]
    assert summary.split == "index 2, input = 10.0"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0.4 ms"),
        (0.0123, "12 ms"),
        (0.9999, "1.0 s"),
        (3.21, "3.2 s"),
        (59.99, "1 min 0 s"),
        (125, "2 min 5 s"),
    ],
)
def test_seconds_are_for_humans(seconds, text):
    assert seconds_text(seconds) == text


BODY = """\
def best(inputs):
    reports = [i for i in inputs]
    import math as unused
    return max(r['f1'] for r in reports)


best([{'f1': 1}, {}])
"""


def test_failure_shows_the_users_line_and_the_names_around_a_comprehension():
    summary = summarize_error(raised(BODY, "cell-14"))
    assert summary.headline == "KeyError: 'f1'"
    assert summary.place == "cell-14, in <genexpr>"
    assert [(line.number, line.failing) for line in summary.lines] == [
        (2, False),
        (3, False),
        (4, True),
        (5, False),
        (6, False),
    ]
    assert summary.lines[2].text.strip() == "return max(r['f1'] for r in reports)"
    values = dict(summary.locals)
    assert values["r"] == "{}"
    assert values["reports"] == "[{'f1': 1}, {}]"
    assert "unused" not in values


def test_failure_inside_a_library_points_at_the_users_call():
    summary = summarize_error(raised("import json\ntext = '{'\njson.loads(text)\n", "cell-15"))
    assert summary.type_name == "JSONDecodeError"
    assert [line.text for line in summary.lines if line.failing] == ["json.loads(text)"]
    assert dict(summary.locals)["text"] == "'{'"


def test_a_traceback_of_another_process_leads_to_the_users_own_line(tmp_path):
    flow = tmp_path / "flow.py"
    flow.write_text("def train(self):\n    a = 1\n    json.loads(a)\n    return a\n")
    error = ValueError("x")
    error.stack = (  # type: ignore[attr-defined]
        f'  File "{flow}", line 3, in train\n    json.loads(a)\n'
        f'  File "{json.__file__}", line 339, in loads\n    raise TypeError\nValueError: x'
    )
    summary = summarize_error(error)
    assert summary.place == f"{flow}, in train"
    assert [(line.number, line.text, line.failing) for line in summary.lines] == [
        (1, "def train(self):", False),
        (2, "    a = 1", False),
        (3, "    json.loads(a)", True),
        (4, "    return a", False),
    ]
    flow.write_text("another\n" * 9)
    linecache.checkcache()
    assert [line.text for line in summarize_error(error).lines] == ["json.loads(a)"]


def test_failure_shows_what_the_line_reads_on_self():
    body = "def step(self):\n    self.ratio = self.a / self.b\n\nstep(flow)\n"

    class Flow:
        def __init__(self) -> None:
            self.a, self.b = 1, 0

    assert summarize_error(raised(body, "cell-16", flow=Flow())).locals == (("self.a", "1"), ("self.b", "0"))


def test_failure_names_its_causes():
    body = "try:\n    {}['k']\nexcept KeyError as e:\n    raise ValueError('no k') from e\n"
    assert summarize_error(raised(body, "cell-17")).causes == ("caused by KeyError: 'k'",)


def test_failure_without_source_or_message_is_still_a_summary():
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    summary = summarize_error(MuteError())
    assert summary.headline == "MuteError: (its message cannot be shown)"
    assert (summary.place, summary.lines, summary.locals) == ("", (), ())


def test_failure_leaves_no_frame_alive():
    class Value:
        pass

    value = Value()
    alive = weakref.ref(value)
    error = raised("def f(v):\n    raise ValueError('x')\nf(value)\n", "cell-18", value=value)
    summary = summarize_error(error)
    del error, value
    gc.collect()
    assert alive() is None
    assert summary.message == "x"
