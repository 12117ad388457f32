"""A card of a spun step says what the card of the run says."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from spin_magic import spin
from tests.conformance.runs import RealRun

# What must differ from task to task: where it ran, when, and how its parts are numbered.
PER_TASK = {
    "created_at",
    "finished_at",
    "pathspec",
    "id",
    "component_id",
    "stdout",
    "stderr",
    "metaflow_version",
}


def payload(page: str) -> Any:
    """Decode what a page of Metaflow's own card types shows."""
    found = re.search(r"__MF_DATA__\[[^\]]*\]\s*=\s*\"([^\"]+)\"", page) or re.search(
        r'"([A-Za-z0-9+/=]{200,})"', page
    )
    assert found, "no data in the page"
    return json.loads(base64.b64decode(found[1]))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in PER_TASK}
    if isinstance(value, list):
        items = [plain(v) for v in value]
        named = all(isinstance(v, dict) and "name" in v for v in items)
        return sorted(items, key=lambda v: v["name"]) if items and named else items
    if isinstance(value, str):
        return re.sub(r"0x[0-9a-f]+|\w+/\d{10,}/\w+/\d+", "*", value)
    return value


def without_task_table(page: Any) -> Any:
    """Leave out the title, and the table of times, tags and attempt."""
    for part in page["components"]:
        if part.get("type") == "title":
            part["text"] = "*"
        if part.get("contents"):
            part["contents"] = [c for c in part["contents"] if c.get("title") != "Task Metadata"]
    return page


def stored(project: Path, run: RealRun, step: str) -> dict[tuple[str, str | None], str]:
    folder = project / ".metaflow" / "mf.cards" / run.case.flow_class / "runs" / run.run_id / "steps" / step
    found = {}
    for file in folder.glob("tasks/*/cards/*.html"):
        kind, *card_id, _ = file.stem.split("-")
        found[kind, card_id[0] if card_id else None] = file.read_text(encoding="utf-8")
    return found


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
    assert not any("could not be rendered" in note for note in result.notes)


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
