"""Cards of a spun step, collected and rendered in this process by Metaflow's own classes."""

from __future__ import annotations

import copy
import inspect
import json
import re
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from metaflow.cards import ErrorCard
from metaflow.metaflow_current import current
from metaflow.plugins import CARDS
from metaflow.plugins.cards.card_cli import update_card
from metaflow.plugins.cards.component_serializer import CardComponentCollector
from metaflow.plugins.cards.exception import (
    CARD_ID_PATTERN,
    TYPE_CHECK_REGEX,
    CardClassFoundException,
    IncorrectCardArgsException,
    UnrenderableCardException,
)

from spin_magic.engine.card_task import TaskView, task_view
from spin_magic.result import Card

if TYPE_CHECKING:
    from spin_magic.engine.stores import OutputStore
    from spin_magic.engine.task import Job


def _say(message: str, **_: Any) -> None:
    print(message, file=sys.stderr)  # noqa: T201 -- Metaflow's warnings belong to the step's log


class _NoRefresh:
    """Takes the place of Metaflow's creator, which starts a subprocess for each refresh."""

    def create(self, **_: Any) -> None:
        pass


class CardRoom:
    """The cards of one spin.

    What `CardDecorator` does around a task, without its state on the class and without its
    subprocess: ``card_decorator.py:task_pre_step`` and ``card_cli.py:create`` are the models.

    Parameters
    ----------
    cls : type
        The prepared flow class.
    step : str
        Name of the step.
    enabled : bool
        False where decorators are skipped: ``current.card`` is then absent.
    """

    def __init__(self, cls: Any, step: str, *, enabled: bool) -> None:
        found = [deco for deco in getattr(cls, step).decorators if deco.name == "card"]
        self._decorators = [copy.copy(deco) for deco in found] if enabled else []
        self._collector: Any = None
        self._cards: list[tuple[Any, str, str | None]] = []
        self.notes: list[str] = []

    def open(self) -> None:
        """Put ``current.card`` in place, as the step will find it."""
        if not self._decorators:
            return
        self._collector = CardComponentCollector(_say, _NoRefresh())
        for deco in self._decorators:
            deco.external_init()
            self._cards.append((deco, *self._add(deco)))
        self._collector._finalize()
        current._update_env({"card": self._collector})

    def _add(self, deco: Any) -> tuple[str, str | None]:
        card_class = _card_class(deco.attributes["type"])
        card_id = deco.attributes["id"]
        if card_id is not None and re.match(CARD_ID_PATTERN, card_id) is None:
            _say(
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
            editable=bool(card_class and card_class.ALLOW_USER_COMPONENTS),
            customize=str(deco.attributes["customize"]) == "True",
            runtime_card=bool(card_class and card_class.RUNTIME_UPDATABLE),
            refresh_interval=deco.attributes["refresh_interval"],
        )
        return added["uuid"], card_id

    def render(self, flow: Any, output: OutputStore, job: Job) -> list[Card]:
        """Render every card of a step that has succeeded."""
        if not self._cards:
            return []
        task = task_view(flow, output, job)
        try:
            return [self._render(task, flow, *card) for card in self._cards]
        finally:
            task.parent.parent.part()

    def _render(self, task: TaskView, flow: Any, deco: Any, uuid: str, card_id: str | None) -> Card:
        kind = deco.attributes["type"]
        components: list[Any] = []
        data: dict[str, Any] = {}
        try:
            components = json.loads(json.dumps(self._collector._serialize_components(uuid)))
            data = json.loads(json.dumps(self._collector._get_latest_data(uuid, final=True, mode="render")))
            html = _page(task, flow, deco.attributes, components, data)
        except Exception as ex:  # noqa: BLE001 -- a card may run any code, and must not fail the step
            self.notes.append(f"Card {card_id or kind} could not be rendered: {type(ex).__name__}: {ex}.")
            html = _error_page(task, data, traceback.format_exc())
        return Card(kind, card_id, html, tuple(components))


def _card_class(kind: str) -> Any:
    return next((card for card in CARDS if card.type == kind), None)


def _page(task: TaskView, flow: Any, attributes: Any, components: list[Any], data: Any) -> str:
    kind, options = attributes["type"], attributes["options"]
    card_class = _card_class(kind)
    if card_class is None:
        return _error_page(task, data, str(CardClassFoundException(kind)))
    graph, steps = _graph_and_steps(flow)
    arguments: dict[str, Any] = {"components": components, "graph": steps, "flow": flow}
    if "graph_info" in inspect.signature(card_class).parameters:
        ends = {name: getattr(graph, name) for name in ("start_step", "end_step")}
        arguments["graph_info"] = {"steps": steps, **ends}
    if options:
        arguments["options"] = options
    try:
        card = card_class(**arguments)
    except TypeError:
        return _error_page(task, data, str(IncorrectCardArgsException(kind, options)))
    in_main = threading.current_thread() is threading.main_thread()
    kept = vars(card_class).get("runtime_data")
    try:
        info = update_card(
            card, "render", task, data, timeout_value=attributes["timeout"] if in_main else None
        )
    except Exception:  # noqa: BLE001 -- the card's own code
        return _error_page(task, data, str(UnrenderableCardException(kind, options)))
    finally:
        card_class.runtime_data = kept
    if info.timed_out:
        return _error_page(
            task,
            data,
            f"\nCard rendering timed out after {attributes['timeout']} seconds. To increase the timeout "
            "duration for card rendering, please set the `timeout` parameter in the @card decorator. "
            f"\nStack Trace : \n{info.timeout_stack_trace}",
        )
    if info.data is None:
        return _error_page(task, data, f"No information rendered from card of type {kind}")
    return str(info.data)


def _graph_and_steps(flow: Any) -> tuple[Any, Any]:
    graph = flow._graph
    try:
        return graph, graph.output_steps()[0]
    except (KeyError, ValueError):
        # An edit may leave the graph unfinished; the flow file's own is whole.
        base: Any = type(flow).__mro__[1]
        graph = base._graph
        return graph, graph.output_steps()[0]


def _error_page(task: TaskView, data: Any, trace: str) -> str:
    card = ErrorCard()
    page: str = card.render(task, stack_trace=trace)
    return page.replace(card.RELOAD_POLICY_TOKEN, "final" if data else "never")
