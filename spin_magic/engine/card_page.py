"""One page or one data update of a card, as ``card_cli.py:create`` makes them, error cards included."""

from __future__ import annotations

import copy
import inspect
import json
import traceback
from dataclasses import dataclass
from typing import Any

from metaflow.cards import ErrorCard
from metaflow.plugins import CARDS
from metaflow.plugins.cards.card_cli import _extract_reload_token, update_card
from metaflow.plugins.cards.exception import (
    CardClassFoundException,
    IncorrectCardArgsException,
    UnrenderableCardException,
)

from spin_magic.engine.card_task import TaskView
from spin_magic.engine.deadline import Hanging, within


@dataclass(frozen=True)
class Rendered:
    """What a card class made of a snapshot.

    Attributes
    ----------
    content : str, dict or None
        The page, or what Metaflow's page takes as an update; None where `run` would store nothing.
    problem : str
        What went wrong; empty if nothing did.
    """

    content: Any
    problem: str = ""


class _CardFailed(Exception):  # noqa: N818 -- it is an outcome, and never leaves this module
    """`trace` is for the error card, in Metaflow's words; `problem` is for the spin's notes."""

    def __init__(self, trace: str, problem: str) -> None:
        super().__init__(problem)
        self.trace, self.problem = trace, problem


def card_class(kind: str) -> Any:
    """Give the class of a type of card; None where there is none."""
    return next((card for card in CARDS if card.type == kind), None)


class CardMaker:
    """Renders a card, or the card that says why it cannot be rendered.

    Parameters
    ----------
    attributes : dict
        Those of the decorator.
    flow : FlowSpec
        The flow.
    """

    def __init__(self, attributes: dict[str, Any], flow: Any) -> None:
        self._attributes, self._flow = attributes, flow
        self._for_updates: Any = None

    def render(self, mode: str, task: TaskView, components: list[Any], data: Any) -> Rendered:
        """Make a page or an update.

        Parameters
        ----------
        mode : {'render', 'render_runtime', 'refresh'}
            The final page, a page while the step is running, or an update of that page's data.
        task : TaskView
            What the card is about.
        components : list
            The user's components as plain data.
        data : dict
            What ``current.card`` knows of the card.

        Raises
        ------
        KeyboardInterrupt
            The user has had enough. Anything else that a card raises ends in an error card, as in `run`.
        """
        try:
            return Rendered(self._content(mode, task, components, data))
        except _CardFailed as ex:
            if mode == "refresh":
                return Rendered(None, ex.problem)
            return self.failed(task, data, ex.trace, ex.problem)

    def failed(self, task: TaskView, data: Any, trace: str, problem: str) -> Rendered:
        """Make the error card, unless the decorator wants none."""
        wanted = self._attributes["save_errors"]
        return Rendered(_error_page(task, data, trace) if wanted else None, problem)

    def _content(self, mode: str, task: TaskView, components: list[Any], data: Any) -> Any:
        kind, seconds = self._attributes["type"], self._attributes["timeout"]
        found = card_class(kind)
        if found is None:
            raise _CardFailed(str(CardClassFoundException(kind)), f"there is no card type {kind}")
        kept = vars(found).get("runtime_data")

        def update() -> Any:
            card = self._copy(found) if mode == "refresh" else self._instance(found, components)
            return update_card(card, mode, task, data)

        try:
            # In its own thread, a data update ends with the step at the latest.
            info = within(None if mode == "refresh" else seconds, update)
        except (KeyboardInterrupt, _CardFailed):
            raise
        except (TimeoutError, Hanging):
            trace = (
                f"\nCard rendering timed out after {seconds} seconds. To increase the timeout duration for "
                "card rendering, please set the `timeout` parameter in the @card decorator. "
                f"\nStack Trace : \n{traceback.format_exc()}"
            )
            raise _CardFailed(trace, f"it took more than {seconds} s") from None
        except BaseException as ex:  # noqa: BLE001 -- a card may even try to end the process
            problem = f"{type(ex).__name__}: {ex}".rstrip(": ")
            raise _CardFailed(str(UnrenderableCardException(kind, self._options)), problem) from None
        finally:
            found.runtime_data = kept
        if info.data is None and mode != "refresh":
            nothing = f"No information rendered from card of type {kind}"
            missing = (
                f"Card of type {kind} is a runtime time card with no `render_runtime` implemented. "
                "Please implement `render_runtime` method to allow rendering this card at runtime."
            )
            trace = nothing if info.is_implemented else missing
            raise _CardFailed(trace, trace)
        return info.data

    @property
    def _options(self) -> Any:
        return self._attributes["options"] or None

    def _copy(self, found: Any) -> Any:
        # Updates come twenty times a second: a copy costs a hundredth of a new object.
        if self._for_updates is None:
            self._for_updates = self._instance(found, [])
        return copy.copy(self._for_updates)

    def _instance(self, found: Any, components: list[Any]) -> Any:
        graph, steps = _graph_and_steps(self._flow)
        arguments: dict[str, Any] = {"components": components, "graph": steps, "flow": self._flow}
        if "graph_info" in inspect.signature(found).parameters:
            ends = {name: getattr(graph, name) for name in ("start_step", "end_step")}
            arguments["graph_info"] = {"steps": steps, **ends}
        if self._options is not None:
            arguments["options"] = _as_run_hands_over(self._options)
        try:
            return found(**arguments)
        except TypeError as ex:
            trace = str(IncorrectCardArgsException(found.type, self._options))
            raise _CardFailed(trace, f"TypeError: {ex}") from None


def _as_run_hands_over(options: Any) -> Any:
    # `run` gives them as text, on the command line of another process.
    try:
        return json.loads(json.dumps(options))
    except (TypeError, ValueError) as ex:
        problem = f"its options are no JSON, and `run` would fail the task ({type(ex).__name__}: {ex})"
        raise _CardFailed(traceback.format_exc(), problem) from None


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
    return page.replace(card.RELOAD_POLICY_TOKEN, _extract_reload_token(data, task, card))
