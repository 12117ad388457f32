"""The cards of a past task, and beside them those of what was last spun of the step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spin_magic.cards import Card, PastCards
from spin_magic.engine.graph import graph_of
from spin_magic.engine.metadata import TaskInfo
from spin_magic.engine.past_cards import Name, card_roots, declared_cards, stored_cards
from spin_magic.errors import SpinError, TaskError
from spin_magic.flows.load import FlowCode
from spin_magic.loop import session
from spin_magic.loop.request import Request, wanted
from spin_magic.loop.step_code import flow_set_up
from spin_magic.runs.history import History, open_history
from spin_magic.runs.past_task import choose_past, first_made, same_in_other_runs
from spin_magic.showing import Form


@dataclass(frozen=True)
class Which:
    """Which of a task's cards: of an id, of a type; None for any."""

    id: str | None = None
    type: str | None = None

    def fits(self, name: Name) -> bool:
        """Tell by type and id whether a card is one of them."""
        return self.id in (None, name[1]) and self.type in (None, name[0])

    def __str__(self) -> str:
        words = [] if self.type is None else [f"of type {self.type!r}"]
        return " and ".join([*words, *([] if self.id is None else [f"with id {self.id!r}"])])


def past_cards(request: Request, code: FlowCode, which: Which, *, diff: bool) -> PastCards:
    """Read the cards of a past task.

    Parameters
    ----------
    request : Request
        The flow, the step and the selectors of a task.
    code : FlowCode
        The flow.
    which : Which
        Which cards.
    diff : bool
        Give along the cards of what was last spun of the step.

    Raises
    ------
    SpinError
        There is no such task or card, or nothing that was spun to put beside it.
    """
    cls = flow_set_up(request, code).cls
    history = open_history(code.cls.__name__, graph_of(cls), Path.cwd(), code.path)
    asked = wanted(request, history.flow)
    spun = session.last(session.key(code, asked.step)) if diff else None
    task, said = choose_past(asked, history, spun.output.foreach_path() if spun else ())
    beside = _spun_cards(spun, asked.step, which) if diff else []
    maker = first_made(task, history)
    pathspec = _pathspec(maker, history)
    order = declared_cards(cls, asked.step)
    cards, there = stored_cards(history.datastore(maker), pathspec, which.fits, order)
    if not there:
        raise _without_cards(maker, asked.namespace, order, history)
    if not cards:
        raise _no_such(pathspec, which, there)
    resumed = f" It was resumed: the cards are those of {pathspec}." if maker is not task else ""
    return PastCards(
        flow=history.flow,
        step=asked.step,
        task=pathspec,
        why=f"Cards of {said}.{resumed}",
        cards=[replace(card, render=render_card) for card in cards],
        spun=beside,
        render=_render,
    )


def _pathspec(task: TaskInfo, history: History) -> str:
    return f"{history.flow}/{task.run}/{task.step}/{task.id}"


def _without_cards(
    task: TaskInfo, namespace: str | None, declared: list[Name], history: History
) -> TaskError:
    datastore = history.datastore(task)
    if not declared:
        why = f"has no cards: `{task.step}` has no @card. Add one and run the flow, or spin the step."
    elif task.ok is None:
        why = "has no cards yet: it is still going, or was killed. Metaflow makes cards when a task succeeds."
    elif task.ok is False:
        why = "has no cards: it failed, and Metaflow makes cards when a task succeeds."
    else:
        places = " or ".join(card_roots(datastore))
        why = f"has no cards in {places}: it ran without @card, or they were removed or kept elsewhere."
    with_cards = (
        other
        for other in same_in_other_runs(task, namespace, history)
        if stored_cards(history.datastore(other), _pathspec(other, history), lambda _: False)[1]
    )
    other = next(with_cards, None)
    hint = f" Run {other.run} has some: use {other.run}/{other.step}/{other.id}." if other else ""
    return TaskError(f"Task {_pathspec(task, history)} {why}{hint}")


def _no_such(whose: str, which: Which, there: Iterable[Name]) -> TaskError:
    known = dict.fromkeys(kind + (f" with id {card_id!r}" if card_id else "") for kind, card_id in there)
    return TaskError(f"{whose} has no card {which}; there are: {', '.join(known)}.")


def _spun_cards(spun: session.Spun | None, step: str, which: Which) -> list[Card]:
    if spun is None:
        msg = f"`{step}` has not been spun here yet: spin it first, and --diff shows both cards side by side."
        raise SpinError(msg)
    made = spun.result.cards
    if not made:
        msg = (
            f"The last spin of `{step}` made no cards: give the step a @card, or spin it without --no-cards."
        )
        raise SpinError(msg)
    cards = [card for card in made if which.fits((card.type, card.id))]
    if not cards:
        raise _no_such(f"The last spin of `{step}`", which, [(card.type, card.id) for card in made])
    return cards


def _render(past: PastCards, form: Form = "auto") -> dict[str, Any]:
    from spin_magic.report import cards_mimebundle  # noqa: PLC0415 -- a script shows nothing

    return cards_mimebundle(past, form)


def render_card(card: Card, form: Form = "auto") -> dict[str, Any]:
    """Show one card."""
    from spin_magic.report import card_mimebundle  # noqa: PLC0415 -- the same

    return card_mimebundle(card, form)
