"""Card by card: a spun step's pages are those of the run, for every component and for others' card types."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from spin_magic import spin
from tests.conformance.card_pages import alike, every, lines

pytestmark = pytest.mark.filterwarnings("ignore:.*imghdr:DeprecationWarning")  # Metaflow's Image imports it

ALL = ["start", "components", "changes", "each/0", "each/2", "join"]


def number(task: dict) -> str:
    return task["pathspec"].rpartition("/")[2]


@pytest.mark.parametrize("where", ALL)
def test_pages_equal_those_of_the_run(run_of, project: Path, where: str):
    run = run_of("cards_all")
    step, _, index = where.partition("/")
    task = run.task(step, int(index or 0))
    expected = every(project, run, step, number(task))
    result = spin("cards_all.py", f"{run.run_id}/{step}", index=int(index) if index else None)
    assert result.notes == []
    assert sorted((card.type, card.id or "") for card in result.cards) == sorted(
        (kind, card_id or "") for kind, card_id in expected
    )
    for card in result.cards:
        (page,) = expected[card.type, card.id]
        assert lines(card.html) == lines(page), card
        assert alike(card.html) == alike(page), card


def test_the_page_of_a_task_says_when_and_what(run_of, project: Path):
    run = run_of("cards_all")
    (page,) = every(project, run, "start", number(run.task("start")))["default", None]
    ours = spin("cards_all.py", f"{run.run_id}/start").cards[0].html
    assert sorted(told(ours)) == sorted(told(page))


def told(page: str) -> list[str]:
    from tests.conformance.card_pages import payload

    (contents,) = (part["contents"] for part in payload(page)["components"] if part["type"] == "page")
    (table,) = (part["contents"][0] for part in contents if part.get("title") == "Task Metadata")
    times = re.compile(r"\d{4}-\d\d-\d\d .*|\d+:\d\d:\d\d")
    (row,) = table["data"]
    tags = sorted(row[table["columns"].index("Tags")].split(", "))
    rest = [times.sub("*", str(value)) for value in row if ", " not in str(value)]
    return [*table["columns"], *tags, *rest]


def test_published_card_types_equal_those_of_the_run(run_of, project: Path):
    pytest.importorskip("pandas")
    run = run_of("cards_published")
    expected = every(project, run, "start", number(run.task("start")))
    result = spin("cards_published.py", f"{run.run_id}/start")
    assert {(card.type, card.id) for card in result.cards} == set(expected)
    assert {card.type for card in result.cards} == {"html", "scatter3d", "uplot", "helloworld"}
    for card in result.cards:
        (page,) = expected[card.type, card.id]
        if card.type == "helloworld":  # it takes no flow, which today's Metaflow gives to each card
            assert lines(card.html) == lines(page)
        assert alike(card.html) == alike(page), card
    assert [note for note in result.notes if "old could not be rendered: TypeError" in note] == result.notes


def test_a_whole_def_cell_has_its_own_cards(run_of):
    run_of("cards_all")
    cell = (
        '@card(type="blank", id="mine", options={"title": "Mine"})\n@card(id="second")\n@step\n'
        "def start(self):\n    from metaflow.cards import Markdown\n"
        '    current.card["mine"].append(Markdown("here"))\n    self.next(self.components)\n'
    )
    cards = {card.id: card for card in spin("cards_all.py", "start", body=cell).cards}
    assert {card_id: card.type for card_id, card in cards.items()} == {"mine": "blank", "second": "default"}
    text = json.dumps(lines(cards["mine"].html))
    assert "here" in text
    assert "Mine" in text
