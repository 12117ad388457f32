"""How much a card may still say."""

from __future__ import annotations

from collections.abc import Iterable

from spin_magic.report.cards.parts import Part, Picture, unshown
from spin_magic.report.guard import Budget
from spin_magic.report.preview import size_text

# The rest up to 40 kB is for what goes around the parts.
CHARACTERS, PARTS = 36_000, 150
EACH = 0.03


class Room:
    """Characters and parts left for one card, within the budget that all cards of a panel share.

    Parameters
    ----------
    budget : Budget
        What they share.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._characters = CHARACTERS
        self._parts = PARTS

    @property
    def full(self) -> bool:
        """Whether nothing more goes in."""
        return self._parts <= 0 or self._budget.spent

    @property
    def seconds(self) -> float:
        """How long one component may take."""
        return min(self._budget.left, EACH)

    def fitting(self, parts: Iterable[Part]) -> list[Part]:
        """Take parts as long as they fit; where one does not, the card ends there."""
        taken: list[Part] = []
        for each in parts:
            if self.full:
                break
            part = self._shown(each)
            if part.size > self._characters or not self._budget.take(part.size):
                self._parts = 0
                break
            self._characters -= part.size
            self._parts -= 1
            taken.append(part)
        return taken

    def _shown(self, part: Part) -> Part:
        if not isinstance(part, Picture) or self._budget.take(0, len(part.source)):
            return part
        return unshown(size_text(len(part.source) * 3 // 4), part.caption)
