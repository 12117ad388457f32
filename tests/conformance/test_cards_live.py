"""What `refresh` shows of a card while its step is running."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import pytest

from spin_magic import spin
from spin_magic.engine import live_cards
from tests.conformance.card_pages import alike, lines, payload, plain

HEAD = "import time\nfrom metaflow.cards import Markdown\ntext = Markdown('0')\ncurrent.card.append(text)\n"
TAIL = "self.next(self.blank)\n"


def kept(project: Path, run_id: str, suffix: str) -> dict[str, str]:
    return json.loads((project / f"{run_id}{suffix}.kept").read_text(encoding="utf-8"))


def values(update: dict) -> list:
    return [plain(value) for value in update["data"].values()]


def card_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "spin_magic cards"]


def test_pages_and_updates_equal_those_of_the_run(run_of, project: Path):
    run_id = run_of("cards_live").run_id
    shown = []
    result = spin("cards_live.py", "start", on_card=shown.append)
    names = {(update.index, update.type, update.id) for update in shown}
    assert names == {(index, card.type, card.id) for index, card in enumerate(result.cards)}
    pages, updates = (kept(project, run_id, suffix) for suffix in (".html", ".data.json"))
    for kind in ("default", "blank"):
        page = next(update.page for update in shown if update.type == kind and update.page)
        assert lines(page) == lines(pages[kind])
        assert alike(page) == alike(pages[kind])
        last = [update.data for update in shown if update.type == kind and update.data][-1]
        assert values(last) == values(json.loads(updates[kind]))
        token = re.search(r'METAFLOW_RELOAD_TOKEN = "([^"]*)"', page)
        assert token
        assert token[1] == last["reload_token"]
    assert result.notes == []


def test_the_last_state_is_shown_while_the_step_goes_on(run_of):
    run_of("cards")
    pages, first, seen = [], threading.Event(), threading.Event()

    def take(update):
        if update.page:
            pages.append(json.dumps(payload(update.page)))
            first.set()
            if "line 7" in pages[-1]:
                seen.set()

    body = (
        HEAD
        + "current.card.refresh()\nFIRST.wait(10)\n"
        + "for i in range(8):\n    current.card.append(Markdown(f'line {i}'))\n    current.card.refresh()\n"
        + "self.in_time = SEEN.wait(10)\n"
        + TAIL
    )
    result = spin("cards.py", "start", body=body, on_card=take, notebook={"FIRST": first, "SEEN": seen})
    # The first at once, the others when pages may cost something again: few of nine.
    assert result["in_time"]
    assert 2 <= len(pages) <= 4


def test_more_refreshes_than_can_be_seen_are_thinned_out(run_of):
    run_of("cards")
    shown = []
    body = (
        HEAD
        + "until = time.monotonic() + 1\n"
        + "while time.monotonic() < until:\n    text.update('x')\n    current.card.refresh()\n"
        + TAIL
    )
    spin("cards.py", "start", body=body, on_card=shown.append)
    assert 10 <= len(shown) <= 35


def test_a_failing_step_shows_its_last_state(run_of):
    run_of("cards")
    shown = []
    body = HEAD + "current.card.refresh()\ntext.update('the end')\ncurrent.card.refresh()\n1 / 0\n"
    result = spin("cards.py", "start", body=body, on_card=shown.append, check=False)
    assert isinstance(result.error, ZeroDivisionError)
    assert "the end" in json.dumps([payload(shown[-1].page) if shown[-1].page else "", shown[-1].data])


@pytest.mark.parametrize("end", ["", "1 / 0\n", "raise KeyboardInterrupt\n"])
def test_the_thread_ends_with_the_step(run_of, end: str):
    run_of("cards")
    body = HEAD + "current.card.refresh()\n" + end + TAIL
    spin("cards.py", "start", body=body, on_card=lambda _: None, check=False)
    assert card_threads() == []


@pytest.mark.parametrize("listener", [None, lambda _: None])
def test_refreshing_fails_where_it_fails_in_a_run(run_of, listener, capsys):
    run_of("cards")
    circle = "loop = {}\nloop['loop'] = loop\n"
    with pytest.raises(ValueError, match="Circular"):
        spin(
            "cards.py", "start", body=HEAD + circle + "current.card.refresh(loop)\n" + TAIL, on_card=listener
        )
    # Metaflow looks at a card every five seconds: what it does not see cannot fail.
    later = "current.card.refresh()\ncurrent.card.refresh(loop)\ncurrent.card.refresh()\n"
    assert spin("cards.py", "start", body=HEAD + circle + later + TAIL, on_card=listener).ok
    capsys.readouterr()
    body = HEAD + "current.card.refresh(object())\n" + TAIL
    assert spin("cards.py", "start", body=body, on_card=listener).ok
    told = capsys.readouterr().err
    assert told.count("Data provided to `refresh` is not JSON serializable. It will be ignored.") == 2


def test_what_listens_may_fail(run_of):
    run_of("cards")

    def fail(update):
        raise RuntimeError("no front end")

    body = HEAD + "for _ in range(3):\n    current.card.refresh()\n    time.sleep(0.05)\n" + TAIL
    result = spin("cards.py", "start", body=body, on_card=fail)
    assert result.ok
    assert [note for note in result.notes if "no front end" in note] == [
        "Card default could not be shown while the step was running: RuntimeError: no front end."
    ]


def test_nothing_is_drawn_where_nobody_listens(run_of, monkeypatch: pytest.MonkeyPatch):
    run_of("cards")
    drawn = []
    monkeypatch.setattr(live_cards.LiveCards, "_show", lambda *_: drawn.append(1))
    body = (
        HEAD
        + "current.card.refresh()\nbegun = time.perf_counter()\n"
        + "for _ in range(1000):\n    current.card.refresh()\n"
        + "self.each = (time.perf_counter() - begun) / 1000\n"
        + TAIL
    )
    result = spin("cards.py", "start", body=body)
    assert drawn == []
    assert result["each"] < 50e-6
    assert card_threads() == []


def test_nothing_is_shown_where_no_cards_are_wanted(run_of):
    run_of("cards")
    shown = []
    body = HEAD + "current.card.refresh()\ntime.sleep(0.1)\n" + TAIL
    assert spin("cards.py", "start", body=body, on_card=shown.append, cards=False).cards == []
    assert shown == []


def test_a_page_that_hangs_does_not_keep_the_step(run_of, monkeypatch: pytest.MonkeyPatch):
    run_of("cards")
    from metaflow.plugins.cards.card_modules.basic import DefaultCard

    def hang(self, task, data):
        while True:
            time.sleep(0.01)

    monkeypatch.setattr(DefaultCard, "render_runtime", hang)
    begun = time.monotonic()
    result = spin("cards.py", "start", body=HEAD + "current.card.refresh()\n" + TAIL, on_card=lambda _: None)
    assert result.ok
    assert len(result.cards) == 1
    assert time.monotonic() - begun < 4
    assert card_threads() == []
