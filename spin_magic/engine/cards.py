"""Cards of a spun step, collected and rendered in this process by Metaflow's own classes."""

from __future__ import annotations

import copy
import json
import re
import sys
import traceback
from datetime import datetime
from typing import TYPE_CHECKING, Any

from metaflow.metaflow_current import current
from metaflow.plugins.cards.component_serializer import CardComponentCollector
from metaflow.plugins.cards.exception import CARD_ID_PATTERN, TYPE_CHECK_REGEX

from spin_magic.cards import Card
from spin_magic.engine.card_page import CardMaker, card_class
from spin_magic.engine.card_task import TaskView, running_view, task_view
from spin_magic.engine.live_cards import LiveCard, LiveCards
from spin_magic.settings import SpinMagic

if TYPE_CHECKING:
    from spin_magic.engine.stores import OutputStore
    from spin_magic.engine.task import Job


class CardRoom:
    """The cards of one spin.

    What `CardDecorator` does around a task, without its state on the class and without its
    subprocess: ``card_decorator.py:task_pre_step`` and ``card_cli.py:create`` are the models.

    Parameters
    ----------
    job : Job
        The spin. Where it skips decorators there are no cards, and ``current.card`` is absent.
    """

    def __init__(self, job: Job) -> None:
        found = [deco for deco in getattr(job.prepared.cls, job.step).decorators if deco.name == "card"]
        self._job = job
        self._decorators = [] if job.skip_decorators else [copy.copy(deco) for deco in found]
        self._collector: Any = None
        self._cards: dict[str, LiveCard] = {}
        self.notes: list[str] = []
        shown = job.cards and SpinMagic.instance().cards_per_second
        self._live = LiveCards(job.on_card if shown else None, self.notes)
        self._begun = datetime.now()  # noqa: DTZ005 -- the Client's times are naive and local

    def open(self, flow: Any) -> None:
        """Put ``current.card`` in place, as the step will find it."""
        if not self._decorators:
            return
        self._begun = datetime.now()  # noqa: DTZ005
        self._collector = CardComponentCollector(self._say, self._live)
        for deco in self._decorators:
            deco.external_init()
            self._add(deco)
        self._collector._finalize()
        self._live.begin(
            self._collector, flow, lambda: running_view(flow, self._job.step, self._begun), self._cards
        )
        current._update_env({"card": self._collector})

    def _say(self, message: str, **_: Any) -> None:
        if not self._live.muted:
            print(message, file=sys.stderr)  # noqa: T201 -- Metaflow's warnings belong to the step's log

    def _add(self, deco: Any) -> None:
        found = card_class(deco.attributes["type"])
        card_id = deco.attributes["id"]
        if card_id is not None and re.match(CARD_ID_PATTERN, card_id) is None:
            self._say(
                f"[@card WARNING] @card with id '{card_id}' doesn't match REGEX pattern. Adding custom "
                f"components to cards will not be accessible via `current.card['{card_id}']`. "
                f"Please create `id` of pattern {TYPE_CHECK_REGEX}. "
            )
            card_id = None
        added = self._collector._add_card(
            deco.attributes["type"],
            card_id,
            deco.attributes,
            deco.attributes["options"],
            editable=bool(found and found.ALLOW_USER_COMPONENTS),
            customize=str(deco.attributes["customize"]) == "True",
            runtime_card=bool(found and found.RUNTIME_UPDATABLE),
            # Metaflow spares the process that each refresh costs it; here it costs little, and the
            # creator minds the pace.
            refresh_interval=0,
        )
        self._cards[added["uuid"]] = LiveCard(len(self._cards), deco.attributes, card_id)

    def close(self, error: BaseException | None) -> None:
        """End the live cards with the step, before the final ones are rendered."""
        self._live.close(drop=error is None or isinstance(error, KeyboardInterrupt))

    def render(self, flow: Any, output: OutputStore) -> list[Card]:
        """Render every card of a step that has succeeded.

        Raises
        ------
        KeyboardInterrupt
            The user has had enough.
        """
        if not self._cards:
            return []
        task = task_view(flow, output, self._job, self._begun)
        try:
            made = [self._render(task, flow, uuid, card) for uuid, card in self._cards.items()]
        finally:
            task.parent.parent.part()
        return [card for card in made if card is not None]

    def _render(self, task: TaskView, flow: Any, uuid: str, card: LiveCard) -> Card | None:
        maker = CardMaker(card.attributes, flow)
        components: list[Any] = []
        try:
            components = json.loads(json.dumps(self._collector._serialize_components(uuid)))
            latest = self._collector._get_latest_data(uuid, final=True, mode="render")
            data = json.loads(json.dumps(latest))
        except Exception as ex:  # noqa: BLE001 -- `run` fails the task here, after its body has done well
            problem = (
                f"what it is to show is no JSON, and `run` would fail the task ({type(ex).__name__}: {ex})"
            )
            rendered = maker.failed(task, {"render_seq": "final"}, traceback.format_exc(), problem)
        else:
            rendered = maker.render("render", task, components, data)
        kind = card.attributes["type"]
        if rendered.problem:
            self.notes.append(f"Card {card.id or kind} could not be rendered: {rendered.problem}.")
        if rendered.content is None:
            return None
        return Card(kind, card.id, rendered.content, tuple(components))
