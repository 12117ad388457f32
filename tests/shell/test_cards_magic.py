from __future__ import annotations

import sys

import pytest
from IPython.core.error import UsageError

from spin_magic.cards import Card, PastCards
from spin_magic.errors import OptionError, TaskError


@pytest.fixture
def cards(api):
    """What `looking.spin_cards` was called with."""
    calls = []

    def spin_cards(flow, step, **options):
        calls.append({"flow": flow, "step": step, **options})
        if options["id"] == "no":
            raise TaskError("F/1/s/2 has no card with id 'no'; there are: blank.")
        found = [Card("blank", None, "<p>")]
        return PastCards(
            flow, step, "F/1/s/2", "Why.", found, render=lambda p, _: {"text/plain": f"{len(p)} card"}
        )

    sys.modules["spin_magic.looking"].spin_cards = spin_cards
    return calls


def test_cards_are_shown_and_the_value_is_none(shell, cards, shown):
    line = "%spin_cards F s --index 1 --id report --type blank --diff --namespace '' -o o"

    done = shell.run_cell(f"x = 3\n{line}", store_history=True)

    done.raise_error()
    assert done.result is None
    assert shown() == ["1 card"]
    [call] = cards
    assert call.pop("notebook")["x"] == 3
    assert call == {
        "flow": "F",
        "step": "s",
        "index": 1,
        "value": None,
        "run": None,
        "namespace": None,
        "id": "report",
        "type": "blank",
        "diff": True,
    }
    assert shell.user_ns["o"][0].html == "<p>"


def test_without_options_the_namespace_is_the_clients(shell, cards):
    shell.run_cell("%spin_cards F s").raise_error()

    assert "namespace" not in cards[0]
    assert cards[0]["diff"] is False


@pytest.mark.parametrize(
    ("line", "error"), [("%spin_cards F", OptionError), ("%spin_cards F s --id no", TaskError)]
)
def test_mistakes_fail_the_cell(shell, cards, line, error):
    done = shell.run_cell(line)

    assert isinstance(done.error_in_exec, (error, UsageError))


def test_help_is_the_docstring(shell, cards, capsys):
    shell.run_cell("%spin_cards --help").raise_error()

    assert capsys.readouterr().out.strip() == shell.find_line_magic("spin_cards").__doc__.strip()
    assert cards == []


def test_unloading_takes_it_away(shell, cards):
    shell.run_line_magic("unload_ext", "spin_magic")

    assert shell.find_line_magic("spin_cards") is None
