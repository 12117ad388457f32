"""Cards: as a spin makes them, while its step runs, and as past tasks stored them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from spin_magic.showing import Draw, Shows


@dataclass(frozen=True)
class Card(Shows):
    """A card as it would look after a run.

    Attributes
    ----------
    type : str
        Type of the card, for example ``default``.
    id : str or None
        The id that the user gave it.
    html : str
        The whole page. It belongs in a sandboxed iframe, never in the notebook's own page.
    components : tuple of dict
        The user's components as plain data, for previews that need no page.
    """

    type: str
    id: str | None
    html: str = field(repr=False)
    components: tuple[Any, ...] = field(default=(), repr=False)
    render: Draw | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class CardUpdate:
    """What ``current.card.refresh()`` makes of a card while the step is still running.

    Attributes
    ----------
    index : int
        Which of the step's cards, counted as in ``SpinResult.cards``.
    type : str
        Type of the card.
    id : str or None
        The id that the user gave it.
    page : str or None
        The whole page, where its layout is new.
    data : dict or None
        What Metaflow's own page takes through ``metaflow_card_update``: ``reload_token``, ``data``.
    """

    index: int
    type: str
    id: str | None
    page: str | None = field(default=None, repr=False)
    data: dict[str, Any] | None = field(default=None, repr=False)


@dataclass
class PastCards(Shows):
    """The cards of a past task, as they are stored.

    Attributes
    ----------
    flow, step : str
        Names of the flow and the step.
    task : str
        Pathspec of the task that made the cards: ``FLOW/RUN/STEP/TASK``.
    why : str
        Which task that is and why it was taken, in one sentence.
    cards : list of Card
        The stored cards, in the order in which Metaflow lists them.
    spun : list of Card
        The cards of what was last spun of the step in this process, where they were asked for.
    """

    flow: str
    step: str
    task: str
    why: str
    cards: list[Card]
    spun: list[Card] = field(default_factory=list)
    render: Draw | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.cards)

    def __getitem__(self, index: int) -> Card:
        return self.cards[index]

    def __iter__(self) -> Iterator[Card]:
        return iter(self.cards)

    def pairs(self) -> list[tuple[Card | None, Card | None]]:
        """Put each stored card beside the spun one: of the same type and id, else None."""
        left = list(self.spun)
        pairs: list[tuple[Card | None, Card | None]] = []
        for past in self.cards:
            twin = next((card for card in left if (card.type, card.id) == (past.type, past.id)), None)
            if twin is not None:
                left = [card for card in left if card is not twin]
            pairs.append((past, twin))
        return pairs + [(None, card) for card in left]

    def __repr__(self) -> str:
        names = ", ".join(card.type + (f" {card.id!r}" if card.id else "") for card in self.cards)
        return f"PastCards({self.task}: {names})"
