"""Cards while their step is running: what ``refresh()`` shows, without slowing the step down."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from spin_magic.cards import CardUpdate
from spin_magic.engine.card_page import CardMaker
from spin_magic.engine.deadline import ASKED, stop_thread
from spin_magic.interrupts import patient, whole
from spin_magic.settings import SpinMagic

# Refreshes of one card that are looked at before there are only so many a second.
AT_ONCE = 10
# Share of the step's time that may go into looking at its components, and into drawing pages.
SHARE = 1 / 60
# Seconds of the former that are free at the start, so that a short burst shows in full.
FREE = 0.01
# Seconds after which there may be more in any case, as in `run`.
LONGEST = 5.0
# Seconds that the end of the step waits for a page that is being drawn.
PATIENCE = 1.5


class Allowance:
    """Says whether there may be more of something that costs.

    Parameters
    ----------
    rate : float
        How much there may be in a second.
    burst : float
        How much of what was not used is saved up; so much is there at the start.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._saved = rate, burst / rate
        self._paid_until = float("-inf")

    def wait(self, now: float) -> float:
        """Give the seconds until there may be more."""
        return max(0.0, self._paid_until - now)

    def spend(self, amount: float, now: float, longest: float = float("inf")) -> None:
        """Note what was used. The next wait is at most so many seconds."""
        start = max(self._paid_until, now - self._saved)
        self._paid_until = min(start + amount / self._rate, now + longest)


@dataclass(eq=False)
class LiveCard:
    """One card of the step: what there is of it to show, each as JSON text.

    Attributes
    ----------
    index : int
        Which of the step's cards.
    attributes : dict
        Those of its decorator.
    id : str or None
        Its id.
    """

    index: int
    attributes: dict[str, Any]
    id: str | None
    owes_page: bool = False
    latest: str | None = None
    components: str | None = None
    data: str | None = None
    update: str | None = None
    told: bool = False
    looked: float = float("-inf")
    drawn: float = float("-inf")
    pace: Allowance = field(default_factory=lambda: Allowance(SpinMagic.instance().cards_per_second, AT_ONCE))

    @property
    def pending(self) -> bool:
        return self.components is not None or self.update is not None

    def take(self) -> tuple[str | None, str | None, str | None]:
        taken = self.components, self.data, self.update
        self.components = self.data = self.update = None
        return taken


class LiveCards:
    """Takes the place of Metaflow's `CardCreator`, which starts a process for each refresh.

    A refresh takes a snapshot, in the thread that asks for it, as `CardCreator.create` does. All else
    happens in a thread of its own, which begins with the first snapshot and ends with the step: of
    several snapshots it shows the latest.

    Parameters
    ----------
    on_card : callable or None
        Takes each `CardUpdate`. Where there is none, nothing is drawn, but refreshing fails where it
        fails in `run`.
    notes : list of str
        Takes what went wrong, once for each card.
    """

    def __init__(self, on_card: Callable[[CardUpdate], None] | None, notes: list[str]) -> None:
        self._on_card, self._notes = on_card, notes
        self._cards: dict[str, LiveCard] = {}
        self._makers: dict[LiveCard, CardMaker] = {}
        self._collector: Any = None
        self._flow: Any = None
        self._task: Callable[[], Any] = lambda: None
        self._effort = Allowance(SHARE, FREE)
        self._pages = Allowance(SHARE, 0)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = self._dropped = False
        self._process = os.getpid()
        self.muted = False

    def begin(self, collector: Any, flow: Any, task: Callable[[], Any], cards: dict[str, LiveCard]) -> None:
        """Take what snapshots are made from; `task` makes what the cards are about."""
        self._collector, self._flow, self._task, self._cards = collector, flow, task, cards

    def create(self, *, card_uuid: str, runtime_card: bool, mode: str, sync: bool = False, **_: Any) -> None:
        """Take a snapshot, if there may be one now. It is called by Metaflow's ``refresh()``."""
        with patient():
            self._create(card_uuid, mode, runtime_card=runtime_card, sync=sync)

    def _create(self, card_uuid: str, mode: str, *, runtime_card: bool, sync: bool) -> None:
        card, now = self._cards.get(card_uuid), time.monotonic()
        # A fork has no thread of cards; a thread that the step left behind has no cards any more.
        if card is None or not runtime_card or os.getpid() != self._process:
            return
        if sync:
            # Metaflow asks for the data once more after each page but the first.
            self._follow_up(card)
            return
        as_run = now - card.looked >= card.attributes["refresh_interval"]
        wanted = self._on_card and not card.pace.wait(now) and not self._effort.wait(now)
        if not (as_run or wanted):
            card.owes_page |= mode == "render_runtime"
            return
        if as_run:
            card.looked = now
        self.muted = not as_run
        try:
            self._look(card, card_uuid, "render_runtime" if card.owes_page else mode)
        except Exception:
            # What `run` would not have looked at cannot fail there.
            if as_run:
                raise
        finally:
            self.muted = False
            done = time.monotonic()
            card.pace.spend(1, now)
            self._effort.spend(done - now, done, LONGEST)

    def _look(self, card: LiveCard, uuid: str, mode: str) -> None:
        paged = mode == "render_runtime"
        components = json.dumps(self._collector._serialize_components(uuid)) if paged else None
        data = json.dumps(self._collector._get_latest_data(uuid, mode=mode))
        json.dumps(card.attributes["options"])
        card.owes_page = False
        if self._on_card is None:
            return
        with self._changed:
            card.latest = data
            if paged:
                card.components, card.data, card.update = components, data, None
            else:
                card.update = data
            self._wake()

    def _follow_up(self, card: LiveCard) -> None:
        with self._changed:
            if card.latest is not None:
                card.update = json.dumps({**json.loads(card.latest), "mode": "refresh"})
                self._wake()

    @whole
    def _wake(self) -> None:
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._work, name="spin_magic cards", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _work(self) -> None:
        task = self._task()
        try:
            while card := self._next():
                begun = time.thread_time()
                with self._changed:
                    components, data, update = card.take()
                try:
                    self._show(card, task, components, data, update)
                except BaseException as ex:  # noqa: BLE001 -- also what ends a page that hangs
                    self._note(card, f"{type(ex).__name__}: {ex}")
                if components is not None:
                    card.drawn = time.monotonic()
                    self._pages.spend(time.thread_time() - begun, card.drawn, LONGEST)
        finally:
            task.parent.parent.part()

    def _next(self) -> LiveCard | None:
        with self._changed:
            while True:
                pending = [card for card in self._cards.values() if card.pending]
                if self._closing and (self._dropped or not pending):
                    return None
                # A page holds back its data: they belong to the new layout. The first page does not wait.
                ready = next((c for c in pending if c.components is None or c.drawn < 0), None)
                if ready is None and pending:
                    wait = 0.0 if self._closing else self._pages.wait(time.monotonic())
                    ready = None if wait else min(pending, key=lambda card: card.drawn)
                if ready is not None:
                    return ready
                self._changed.wait(wait if pending else None)

    def _show(
        self, card: LiveCard, task: Any, components: str | None, data: str | None, update: str | None
    ) -> None:
        made = {}
        maker = self._makers.setdefault(card, CardMaker(card.attributes, self._flow))
        for mode, parts, text in (("render_runtime", components, data), ("refresh", "[]", update)):
            if parts is not None and text is not None:
                rendered = maker.render(mode, task, json.loads(parts), json.loads(text))
                made[mode] = rendered.content
                if rendered.problem:
                    self._note(card, rendered.problem)
        page, fresh = made.get("render_runtime"), made.get("refresh")
        if self._on_card and not self._dropped and (page is not None or fresh is not None):
            self._on_card(CardUpdate(card.index, card.attributes["type"], card.id, page, fresh))

    def _note(self, card: LiveCard, problem: str) -> None:
        if not card.told and not self._dropped:
            card.told = True
            name = card.id or card.attributes["type"]
            self._notes.append(f"Card {name} could not be shown while the step was running: {problem}.")

    def close(self, *, drop: bool) -> None:
        """End with the step.

        Parameters
        ----------
        drop : bool
            True where the final cards follow; False to show the last state before a failure.
        """
        with self._changed:
            self._closing, self._dropped = True, drop
            self._changed.notify_all()
        try:
            self._wait()
        finally:
            # Circles of these would keep the step's artifacts until the garbage collector comes.
            self._collector = self._flow = None
            self._task = lambda: None
            self._cards, self._makers = {}, {}

    def _wait(self) -> None:
        """Wait for the thread to end, and end it where it does not."""
        thread = self._thread
        if thread is None:
            return
        try:
            thread.join(PATIENCE)
        finally:
            if thread.is_alive() and thread.ident is not None:
                self._dropped = True
                stop_thread(thread.ident, TimeoutError)
                for _ in range(ASKED):
                    thread.join((2 - PATIENCE) / ASKED)
