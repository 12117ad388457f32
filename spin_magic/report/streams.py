"""Cards and logs -> plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable

from spin_magic.cards import Card
from spin_magic.report.cards.embed import embedded
from spin_magic.report.cards.lines import lines_of
from spin_magic.report.cards.parts import Part, Prose
from spin_magic.report.cards.static import parts_of
from spin_magic.report.guard import Budget, attempt
from spin_magic.report.model import CardSummary, Log
from spin_magic.report.preview import clean, clip, size_text
from spin_magic.settings import SpinMagic

# On average, of the lines of a log.
LINE_LENGTH = 60
# Of all cards of a panel in their static form.
SECONDS, CHARACTERS, PICTURES = 0.06, 100_000, 120_000
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def summarize_cards(cards: Iterable[Card]) -> tuple[CardSummary, ...]:
    """Give the cards of a panel in their static form, which together have one budget."""
    budget = Budget(SECONDS, CHARACTERS, PICTURES)
    return tuple(summarize_card(card, budget) for card in cards)


def summarize_card(card: Card, budget: Budget | None = None) -> CardSummary:
    """Give a card in its static form, without its page."""
    kind, size = clip(clean(card.type[:80]), 80), size_text(len(card.html))
    instead: tuple[Part, ...] = (Prose.of("Its components cannot be shown here."),)
    if card.components:
        shared = budget or Budget(SECONDS, CHARACTERS, PICTURES)
        parts = attempt(lambda: parts_of(card.components, shared), instead, seconds=2 * SECONDS)
    else:
        parts = (Prose.of(_without_components(kind, size)),)
    page = embedded(card.html) if SpinMagic.instance().embed_cards else ""
    return CardSummary(kind, clip(clean((card.id or "")[:80]), 80), size, lines_of(parts), parts, page)


def _without_components(kind: str, size: str) -> str:
    if kind == "default":
        return "The step's artifacts, code and graph, as Metaflow's default card shows them."
    if kind == "blank":
        return "No components."
    return f"A page of type {kind}, {size}; it is shown where the notebook has its kernel."


def summarize_log(name: str, text: str) -> Log:
    """Give the end of what was printed, plain."""
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in _ANSI.sub("", text).rstrip("\n").split("\n")]
    most = SpinMagic.instance().log_lines
    if not most:
        return Log(name, "", len(lines), f"{len(lines):,} lines")
    shown = "\n".join(lines[-most:])[-LINE_LENGTH * most :]
    # Counted in lines that are whole: the first one may have been cut.
    kept = shown.count("\n") + 1
    left = f"{len(lines) - kept:,} lines before these" if kept < len(lines) else ""
    if not left and len(shown) < len("\n".join(lines)):
        left = "the beginning of the line"
    return Log(name, clean(shown), len(lines), left)
