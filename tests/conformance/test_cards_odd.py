"""Cards that go wrong: they show what `run` shows, say so in a note, and never fail the step."""

from __future__ import annotations

import importlib.util
import json
import re
import signal
import threading
import time
from pathlib import Path

import pytest
from metaflow import plugins

from spin_magic import spin
from tests.conformance.card_pages import alike, every, lines, payload


@pytest.fixture(autouse=True)
def odd_cards(project: Path, monkeypatch: pytest.MonkeyPatch):
    """The card types that a run finds in the project's folder."""
    file = project / "metaflow_extensions" / "oddcards" / "plugins" / "cards" / "odd" / "__init__.py"
    spec = importlib.util.spec_from_file_location("odd_cards_of_the_tests", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = list(plugins.CARDS)
    plugins.CARDS.extend(module.CARDS)
    yield module
    plugins.CARDS[:] = kept


def trace(page: str) -> str:
    """Give the last line of the message of Metaflow's error card, and its first."""
    (part,) = (part for part in payload(page)["components"] if part["title"] == "Error Card")
    text = part["contents"][0]["contents"][0]["data"].strip().splitlines()
    return f"{text[0]} ... {text[-1]}"


def stored(project: Path, run, step: str):
    return every(project, run, step, run.task(step)["pathspec"].rpartition("/")[2])


def test_cards_that_fail_show_the_error_card_of_the_run(run_of, project: Path):
    run = run_of("cards_odd")
    expected = stored(project, run, "start")
    begun = time.monotonic()
    result = spin("cards_odd.py", f"{run.run_id}/start")
    assert 1 <= time.monotonic() - begun < 10
    assert result.ok
    cards = {(card.type, card.id): card for card in result.cards}
    # A class that raises anything but a TypeError when it is made has no card at all in a run.
    assert set(cards) == {*expected, ("odd_broken", None)}
    for name, (page,) in expected.items():
        assert trace(cards[name].html) == trace(page)
        assert alike(cards[name].html) == alike(page)
    assert "ValueError: never" in trace(cards["odd_broken", None].html)
    told = " ".join(result.notes)
    assert len(result.notes) == 11
    for part in (
        "Card odd_raising could not be rendered: ValueError: odd.",
        "Card odd_exiting could not be rendered: SystemExit: 3.",
        "Card odd_hanging could not be rendered: it took more than 1 s.",
        "Card no_such_type could not be rendered: there is no card type no_such_type.",
        "Card unsaved could not be rendered: ValueError: odd.",
    ):
        assert part in told


def test_another_thread_stops_a_card_that_hangs_too(run_of, monkeypatch, odd_cards):
    run_of("cards_odd")

    def hang(self, task):
        while True:
            time.sleep(0.01)

    monkeypatch.setattr(odd_cards.Hanging, "render", hang)
    cell = '@card(type="odd_hanging", timeout=1)\n@step\ndef start(self):\n    self.next(self.declared)\n'
    made = []
    thread = threading.Thread(target=lambda: made.append(spin("cards_odd.py", "start", body=cell)))
    thread.start()
    thread.join(30)
    assert made[0].ok
    assert "timed out after 1 seconds" in trace(made[0].cards[0].html)


def test_cards_declared_the_wrong_way(run_of, project: Path, capsys):
    run = run_of("cards_odd")
    expected = stored(project, run, "declared")
    result = spin("cards_odd.py", f"{run.run_id}/declared")
    ours: dict = {}
    for card in result.cards:
        ours.setdefault((card.type, card.id), []).append(card.html)
    assert {name: len(pages) for name, pages in ours.items()} == {n: len(p) for n, p in expected.items()}
    for name, pages in expected.items():
        assert sorted(map(lines, ours[name])) == sorted(map(lines, pages)), name
    assert warnings(capsys.readouterr().err) == warnings(run.log, "declared")
    assert result.notes == []


def warnings(log: str, step: str = "") -> list[str]:
    """Give Metaflow's warnings, without the time and the task in front of them."""
    found = []
    for line in log.splitlines():
        if step and f"/{step}/" not in line:
            continue
        if "WARNING]" in line:
            found.append(re.sub(r"^.*?(?=\[@card)", "", line).strip())
    return found


def test_components_that_cannot_be_shown(run_of, project: Path, capsys):
    run = run_of("cards_odd")
    expected = stored(project, run, "components")
    result = spin("cards_odd.py", f"{run.run_id}/components")
    cards = {card.id: card for card in result.cards}
    (bad,), (telling,) = expected["blank", "bad"], expected["odd_telling", "telling"]
    assert lines(cards["bad"].html) == lines(bad)
    assert warnings(capsys.readouterr().err) == warnings(run.log, "components")
    # A card of one's own is given what `run` gives it; that it can read the logs already is better.
    ours, theirs = json.loads(cards["telling"].html), json.loads(telling)
    warning = "[@card WARNING] Component (not a component) is not a valid MetaflowCardComponent. "
    told = f"{warning}It will not be stored.\nto stderr\n"
    assert ours.pop("logs") == ["to stdout\n", told]
    assert theirs.pop("logs") == ["", ""]
    assert ours == theirs


def test_options_that_are_no_json_do_not_fail_the_step(run_of):
    run_of("cards_odd")
    head = '@card(type="blank", options={"f": object()})\n@step\n'
    cell = head + "def start(self):\n    self.next(self.declared)\n"
    result = spin("cards_odd.py", "start", body=cell)
    assert result.ok
    assert "not JSON serializable" in trace(result.cards[0].html)
    assert "run` would fail" in result.notes[0]


def test_data_that_are_no_json_do_not_fail_the_step(run_of):
    run_of("cards_odd")
    head = '@card(type="blank")\n@step\ndef start(self):\n    loop = {}\n    loop["loop"] = loop\n'
    cell = head + "    current.card.refresh()\n    current.card.refresh(loop)\n    self.next(self.declared)\n"
    result = spin("cards_odd.py", "start", body=cell)
    assert result.ok
    assert "Circular" in trace(result.cards[0].html)
    assert "run` would fail" in result.notes[0]


def test_an_interrupt_ends_the_rendering(run_of, monkeypatch, odd_cards):
    run_of("cards_odd")

    def interrupted(self, task):
        signal.raise_signal(signal.SIGINT)
        time.sleep(5)

    monkeypatch.setattr(odd_cards.Raising, "render", interrupted)
    cell = (
        '@card(type="odd_raising")\n@step\ndef start(self):\n    self.x = 1\n    self.next(self.declared)\n'
    )
    result = spin("cards_odd.py", "start", body=cell, check=False)
    assert isinstance(result.error, KeyboardInterrupt)
    assert result["x"] == 1
    assert result.cards == []
    with pytest.raises(KeyboardInterrupt):
        spin("cards_odd.py", "start", body=cell)


def test_the_default_card_takes_60_ms_at_most(run_of):
    run_of("daily")
    cell = "@card\n@step\ndef train(self):\n    self.score = 7.25\n    self.next(self.join)\n"

    def seconds(**options):
        begun = time.process_time()  # of the processor: the machine may do much else
        spin("daily.py", "train", body=cell, **options)
        return time.process_time() - begun

    seconds()
    with_card, without = (min(seconds(cards=cards) for _ in range(5)) for cards in (True, False))
    assert with_card - without < 0.060
