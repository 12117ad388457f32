"""The line up to the cursor: its words, what is asked for there, and how a candidate is written."""

from __future__ import annotations

import importlib
import shlex
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spin_magic.completing import offers
from spin_magic.completing.candidate import Candidate
from spin_magic.completing.slot import open_options, read
from spin_magic.completing.within import within
from spin_magic.completing.words import split, written
from spin_magic.grammar import all_parsers

FLOW = '''\
from metaflow import FlowSpec, IncludeFile, Parameter, card, step

raise SystemExit("completion imports nothing")


class FitFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5, help="how strong")
    batch_size = Parameter("batch-size", default=5)

    @step
    def start(self):
        """Reads the rows."""
        self.next(self.fit, foreach="rows")

    @card(type="html", id="report")
    @step
    def fit(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass
'''


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a flow that has never run."""
    (tmp_path / "fit.py").write_text(FLOW)
    (tmp_path / "my data").mkdir()
    (tmp_path / "my data" / "it's.json").write_text("{}")
    (tmp_path / ".hidden").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METAFLOW_USER", "tester")
    return tmp_path


def texts(magic: str, line: str, notebook: dict[str, object] | None = None) -> list[str]:
    found = offers(magic, line, notebook or {}, patience=20)
    assert found is not None
    assert line.endswith(found.typed)
    return [each.text for each in found.candidates]


@pytest.mark.parametrize(
    ("line", "before", "text", "typed"),
    [
        ("", (), "", ""),
        ("Fit", (), "Fit", "Fit"),
        ("Fit ", ("Fit",), "", ""),
        ("Fit  'a b' \"c d", ("Fit", "a b"), "c d", '"c d'),
        (r"Fit a\ b", ("Fit",), "a b", r"a\ b"),
        ("Fit x='a b", ("Fit",), "x=a b", "x='a b"),
        ("Fit a#b", ("Fit",), "a#b", "a#b"),
        ('Fit "" ', ("Fit", ""), "", ""),
    ],
)
def test_words_are_those_of_a_shell(line, before, text, typed):
    words = split(line)

    assert words is not None
    assert (words.before, words.text, words.typed) == (before, text, typed)


def test_a_comment_is_not_completed():
    assert split("Fit # --") is None
    assert offers("spin", "Fit train # --", {}, patience=20) is None


@given(st.text(min_size=1), st.sampled_from(["", "'", '"']))
def test_a_written_candidate_is_one_word_again(text, quote):
    assert shlex.split(written(Candidate(text), quote)) == [text]


def test_quotes_stay_open_where_more_is_to_come():
    assert written(Candidate("my data/", whole=False), "") == "'my data/"
    assert written(Candidate("my data/", whole=False), '"my') == '"my data/'


def test_an_option_takes_its_values():
    parser = all_parsers()["spin"]
    slot = read(parser, ["Fit", "--index", "2", "--config", "a", "b", "fit", "--config-value", "c"], "d")

    assert slot.words == ["Fit", "fit"]
    assert slot.options["index"] == "2"
    assert (slot.action, slot.place) == (parser.option("--config-value"), 1)


def test_only_repeatable_options_are_offered_again():
    parser = all_parsers()["spin"]
    slot = read(parser, ["Fit", "fit", "--index=2", "--no-cards", "--set", "a=1"], "-")
    names = [name for action in open_options(parser, slot) for name in action.option_strings]

    assert "--set" in names
    assert "--value" in names
    assert not {"--index", "--no-cards"} & set(names)


@pytest.mark.parametrize("magic", all_parsers())
def test_every_option_of_every_magic_is_offered_with_its_help(magic, project):
    parser = all_parsers()[magic]
    words = ["FitFlow", "fit"][: len(parser.words)]
    found = offers(magic, " ".join([*words, "-"]), {}, patience=20)
    assert found is not None
    offered = {each.text: each.help for each in found.candidates}

    for action in parser.options():
        assert any(offered.get(name) for name in action.option_strings), action.option_strings


def test_flows_are_found_without_being_imported(project):
    assert texts("spin", "") == ["FitFlow", "fit.py"]
    assert texts("spin", "fi") == ["FitFlow", "fit.py"]
    assert texts("spin", "fit.py:") == ["fit.py:FitFlow"]
    assert texts("spin_new", "") == []


def test_what_cannot_be_seen_is_not_offered(project):
    (project / "new\nline.py").write_text(FLOW.replace("FitFlow", "BreakFlow"))
    (project / "ansi\x1b[31m.py").write_text(FLOW.replace("FitFlow", "AnsiFlow"))
    (project / "fit.py").write_text(FLOW.replace("Reads the rows", r"Reads \x1b[31m the \u202e rows"))

    found = offers("spin", "", {}, patience=20)
    assert [each.text for each in found.candidates] == ["AnsiFlow", "FitFlow", "BreakFlow", "fit.py"]
    steps = offers("spin", "FitFlow ", {}, patience=20)
    assert all(each.help.isprintable() for each in [*found.candidates, *steps.candidates])
    assert "Reads \\x1b[31m the \\u202e rows." in [each.help for each in steps.candidates]


def test_flows_of_one_name_are_told_apart(project):
    (project / "other").mkdir()
    (project / "other" / "again.py").write_text(FLOW)

    assert texts("spin", "fit") == ["fit.py:FitFlow", "fit.py"]
    assert texts("spin", "other") == ["other/again.py:FitFlow", "other/again.py"]


@pytest.mark.parametrize(
    "magic", ["spin", "spin_load", "spin_inputs", "spin_save", "spin_test", "spin_cards"]
)
def test_steps_come_in_order_and_say_what_they_are(magic, project):
    found = offers(magic, "FitFlow ", {}, patience=20)

    assert found is not None
    assert [each.text for each in found.candidates[:4]] == ["start", "fit", "join", "end"]
    assert found.candidates[0].help == "Reads the rows."


def test_edits_of_the_file_are_seen(project):
    assert "extra" not in texts("spin_load", "FitFlow ")
    (project / "fit.py").write_text(FLOW.replace("def end", "def extra"))
    assert "extra" in texts("spin_load", "FitFlow ")


def test_a_broken_file_offers_nothing(project):
    (project / "fit.py").write_text(FLOW + "def (")
    assert texts("spin", "FitFlow ") == []


def test_parameters_are_offered_where_a_run_takes_them(project):
    assert texts("spin_run", "FitFlow --a") == ["--alpha"]
    assert texts("spin_run", "FitFlow --max-w") == ["--max-workers"]
    assert texts("spin_run", "FitFlow --with kubernetes --res") == ["--resume"]
    assert texts("spin_run", "FitFlow --resume ") == ["start", "fit", "join", "end"]
    assert texts("spin_inputs", "FitFlow start --only al") == ["alpha"]
    assert texts("spin", "FitFlow start --set alpha=1 --set b") == ["batch_size="]
    assert texts("spin_inputs", "FitFlow start --only alpha,b") == ["alpha,batch_size"]


def test_the_value_of_set_is_python(project):
    assert offers("spin", "FitFlow start --set alpha=le", {}, patience=20) is None


def test_cards_are_those_that_the_step_declares(project):
    assert texts("spin_cards", "FitFlow fit --id ") == ["report"]
    assert texts("spin_cards", "FitFlow fit --type ") == ["html"]


def test_files_and_folders(project):
    assert texts("spin", "FitFlow fit --cwd ") == ["'my data/"]
    assert texts("spin", "FitFlow fit --cwd .") == [".hidden/"]
    assert texts("spin", "FitFlow fit --artifacts-module ") == ["fit.py", "'my data/"]
    assert texts("spin", 'FitFlow fit --config x "my data/') == ['"my data/it\'s.json"']
    assert texts("spin", "./f") == ["./fit.py"]


def test_names_of_the_notebook(project):
    names = {"mine": 1, "_hidden": 2, "Path": Path, "shlex": shlex}

    assert texts("spin", "FitFlow fit -o ", names) == ["mine", "Path"]


class Asking:
    """Fetches what it stands for when it is asked anything."""

    def __init__(self):
        object.__setattr__(self, "asked", [])

    def __getattribute__(self, name):
        object.__getattribute__(self, "asked").append(name)
        raise RuntimeError


def test_what_the_names_stand_for_is_not_asked(project):
    proxy = Asking()

    assert texts("spin", "Fit", {"proxy": proxy}) == ["FitFlow", "fit.py"]
    assert texts("spin", "FitFlow fit -o ", {"proxy": proxy}) == ["proxy"]
    assert texts("spin_load", "FitFlow f", {"proxy": proxy}) == ["fit"]
    assert object.__getattribute__(proxy, "asked") == []


def test_a_flow_under_a_mutator(project):
    sys.path.insert(0, str(Path(__file__).parents[1] / "flows"))
    try:
        mutated = importlib.import_module("mutated")
    finally:
        sys.path.pop(0)

    found = offers("spin", "Mut", vars(mutated), patience=20)
    assert found is not None
    assert [(each.text, each.help) for each in found.candidates] == [("MutatedFlow", "in this notebook")]


def test_a_value_that_nobody_knows_has_no_candidates(project):
    assert texts("spin", "FitFlow fit --seed ") == []
    assert texts("spin", "NoFlow ") == []
    assert texts("spin", "FitFlow fit --nonsense=") == []


def test_the_flow_may_be_left_out_where_it_is_known(project):
    def after(line, magic="spin_load"):
        found = offers(magic, line, {}, flow="FitFlow", patience=20)
        assert found is not None
        return [each.text for each in found.candidates]

    assert after("") == ["start", "fit", "join", "end", "FitFlow", "fit.py"]
    assert after("fit ") == ["--def", "-o", "--help"]
    assert after("FitFlow f") == ["fit"]
    assert after("start --only al", "spin_inputs") == ["alpha"]
    assert after("--resume f", "spin_run") == ["fit"]
    (project / "fit.py").unlink()
    assert after("") == []
    (project / "other.py").write_text(FLOW.replace("FitFlow", "OtherFlow"))
    assert after("") == ["OtherFlow", "other.py"]


def test_another_magic_is_left_alone():
    assert offers("spin_up", "x", {}, patience=20) is None


def test_what_takes_too_long_is_offered_as_far_as_it_came():
    goes_on = threading.Event()

    def slow():
        yield 1
        goes_on.wait(60)
        yield 2

    assert within(1, "slow", slow()) == [1]
    goes_on.set()
    # Asked again, the same search is further on.
    assert within(20, "slow", iter(())) == [1, 2]
    assert within(20, "slow", iter([3])) == [3]


def test_searches_that_hang_do_not_pile_up():
    goes_on = threading.Event()

    def hanging():
        goes_on.wait(60)
        yield 1

    before = threading.active_count()
    for number in range(20):
        assert within(0.01, number, hanging()) == []
    assert threading.active_count() - before <= 4
    goes_on.set()
    assert within(20, 0, iter(())) == [1]


def test_what_fails_ends_the_search():
    def failing():
        yield 1
        raise RuntimeError

    assert within(20, "failing", failing()) == [1]
