"""A card of a spun step says what the card of the run says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spin_magic import spin
from tests.conformance.card_pages import payload, plain, stored, without_task_table


@pytest.mark.filterwarnings("ignore:.*imghdr:DeprecationWarning")  # Metaflow's Image imports it
@pytest.mark.parametrize("step", ["start", "blank", "many", "progress", "broken"])
def test_cards_equal_those_of_the_run(run_of, project: Path, step: str):
    run = run_of("cards")
    expected = stored(project, run, step)
    result = spin("cards.py", f"{run.run_id}/{step}")
    assert {(card.type, card.id) for card in result.cards} == set(expected)
    for card in result.cards:
        now, then = (
            without_task_table(plain(payload(page))) for page in (card.html, expected[card.type, card.id])
        )
        assert json.dumps(now, indent=1).splitlines() == json.dumps(then, indent=1).splitlines(), (step, card)
    told = [note for note in result.notes if "could not be rendered" in note]
    missing = ["Card odd could not be rendered: there is no card type no_such_card_type."]
    assert told == (missing if step == "broken" else [])


def test_a_default_card_shows_parameters_artifacts_and_code(run_of):
    run_of("daily")
    body = "self.score = 7.25\nself.next(self.join)"
    cell = "@card\n@step\ndef train(self):\n    self.score = 7.25\n    self.next(self.join)\n"
    for text in (body, cell):
        result = spin("daily.py", "train", body=text)
        shown = json.dumps(payload(result.cards[0].html))
        assert "Render Failed" not in shown
    assert "7.25" in shown
    assert "alpha" in shown
    assert "self.next(self.join)" in shown


def test_a_failed_step_has_no_card(run_of):
    run_of("daily")
    assert spin("daily.py", "train", body="1 / 0", check=False).cards == []


def test_no_cards_are_rendered_when_none_are_wanted(run_of):
    run_of("daily")
    assert spin("daily.py", "train", cards=False).cards == []
