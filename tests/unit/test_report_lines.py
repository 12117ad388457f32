from __future__ import annotations

import io
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from spin_magic.cards import Card, PastCards
from spin_magic.many import SpinResults
from spin_magic.overview import FlowOverview, StepOverview
from spin_magic.report import cards_mimebundle, lines, mimebundle, splits_mimebundle
from spin_magic.report.graph import flow_mimebundle
from spin_magic.report.lines import Grid, Line, Screen, text_of
from spin_magic.report.saved import saved_mimebundle
from spin_magic.saved import SavedStep
from tests.unit.report_samples import make_result

ANSI = re.compile(r"\x1b\[[0-9;]*m")
NARROW = Screen(40, colours=False)
EVIL = "\x1b[31mred\x1b]0;title\x07"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 60 columns that takes colours."""
    # Not `sys.stdout` itself, which pytest puts back when a test begins.
    monkeypatch.setattr(lines, "sys", SimpleNamespace(stdout=Terminal(), modules={}))
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def changed_result():
    before, after = {"C": "a" * 90, "n": 1}, {"C": "b" * 90, "n": 1}
    return make_result(before, after, origin="TrainFlow/17/train/4", render=mimebundle)


def overview(**changes):
    steps = {"start": StepOverview("start", "start", ("end",), state="ok", tasks=1, seconds=1, longest=1)}
    steps["end"] = StepOverview(
        "end", "end", reads=("a_name", "another_name", "a_third_name") * 2, state="failed"
    )
    return FlowOverview("F", "17", "Run 17.", steps, render=flow_mimebundle, **changes)


def test_a_line_goes_on_below_at_its_hang():
    line = Line(("! ", "warn"), "a note that is longer than the terminal is wide, and then some", hang=2)

    assert list(line.fitted(NARROW)) == [
        "! a note that is longer than the",
        "  terminal is wide, and then some",
    ]
    assert line.plain() == ["! a note that is longer than the terminal is wide, and then some"]


def test_a_message_keeps_its_own_lines():
    line = Line(("ValueError: ", "bad"), "one\n\ttwo, which is longer than the terminal is wide", hang=4)

    assert list(line.fitted(NARROW)) == [
        "ValueError: one",
        "    two, which is longer than the",
        "    terminal is wide",
    ]


def test_a_line_may_be_cut_where_enough_of_it_can_be_seen():
    text = "name  " + "x" * 60

    assert list(Line(text, cut=6).fitted(NARROW)) == [text[:39] + "…"]
    assert len(list(Line(text, cut=30).fitted(NARROW))) == 2


@given(st.text(st.characters(codec="ascii", categories=["L", "Zs"])), st.integers(0, 30))
def test_folding_loses_nothing_but_blanks(text, hang):
    folded = list(Line(text, hang=hang).fitted(NARROW))

    assert "".join("".join(folded).split()) == "".join(text.split())
    assert all(len(line) <= NARROW.width for line in folded)


def test_colours_change_no_letter():
    line = Line(("F/s", "strong"), "  ", ("ok", "good"), " and more" * 20, hang=4)
    [plain, coloured] = [list(line.fitted(Screen(40, colours=colours))) for colours in (False, True)]

    assert [ANSI.sub("", text) for text in coloured] == plain
    assert coloured[0].startswith("\x1b[1mF/s\x1b[0m  \x1b[32mok\x1b[0m and")


def test_a_table_keeps_its_columns():
    grid = Grid(
        ("step", "reads", "leads to"), [("train", "alpha, beta, gamma, delta, epsilon", "join, or end")]
    )

    assert list(grid.fitted(NARROW)) == [
        "step   reads                leads to",
        "train  alpha, beta, gamma,  join, or end",
        "       delta, epsilon",
    ]
    assert grid.plain()[1] == "train  alpha, beta, gamma, delta, epsilon  join, or end"


def test_a_table_that_cannot_fit_is_as_narrow_as_can_be():
    grid = Grid([f"column{i}" for i in range(9)], [["x" * 30] * 9])

    assert max(map(len, grid.fitted(NARROW))) == 9 * lines.LEAST + 8 * 2


def test_colours_and_width_are_those_of_the_terminal(terminal, monkeypatch):
    result = changed_result()
    text = result._repr_mimebundle_()["text/plain"]

    assert "\x1b[33mchanged" in text
    assert max(len(ANSI.sub("", line)) for line in text.splitlines()) <= 60
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in result._repr_mimebundle_()["text/plain"]


def test_no_terminal_no_colours():
    assert "\x1b" not in changed_result()._repr_mimebundle_()["text/plain"]


def test_a_file_gets_the_text_as_it_is(terminal):
    text = str(changed_result())

    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) > 60


def test_rich_is_given_the_same_words(terminal):
    console = Console(file=io.StringIO(), width=60, force_terminal=True)
    console.print(overview())
    shown = console.file.getvalue()

    assert "\x1b[31mfailed" in shown
    assert [line.rstrip() for line in ANSI.sub("", shown).splitlines()] == [
        line.rstrip() for line in ANSI.sub("", overview()._repr_mimebundle_()["text/plain"]).splitlines()
    ]


def test_escapes_of_others_do_not_reach_the_terminal(terminal):
    failed = replace(changed_result(), ok=False, error=ValueError(EVIL))
    card = Card("default", EVIL, "<p>")
    shown = [
        failed,
        replace(overview(notes=(EVIL,)), why=EVIL),
        SpinResults([failed], flow="F", step="s", labels=[EVIL], render=splits_mimebundle),
        PastCards("F", "s", "F/1/s/2", EVIL, [card], render=cards_mimebundle),
        SavedStep("F", "s", None, f"--- a\n+++ b\n+{EVIL}\n", written=False, render=saved_mimebundle),
    ]

    for each in shown:
        for text in (repr(each), str(each), each._repr_mimebundle_()["text/plain"]):
            assert "\x1b" not in ANSI.sub("", text).replace("\x1b[0m", ""), text
            assert "\x1b[31mred" not in text
            assert "\x07" not in text


def test_a_result_that_nobody_renders_is_its_repr():
    result = replace(changed_result(), render=None)

    assert str(result) == repr(result)


def test_text_of_many_lines():
    assert text_of([Line("a"), Grid(("h",), [("b",)])], "plain") == "a\nh\nb"
