"""Cards by themselves: those of a past task, beside those of a spin, or one alone."""

from __future__ import annotations

from collections.abc import Sequence

from spin_magic.cards import Card, PastCards
from spin_magic.report.lines import Line
from spin_magic.report.pages import environment, new_id, style_sheet
from spin_magic.report.preview import clean
from spin_magic.report.streams import summarize_card

Row = tuple[Card | None, ...]


def past_html(past: PastCards) -> tuple[str, list[Card]]:
    """Draw the cards of a past task, with the spun ones beside them where there are some.

    Returns
    -------
    str
        HTML that needs no script.
    list of Card
        The cards in its order.
    """
    heads = ("in the past task", "in this spin") if past.spun else ()
    rows: list[Row] = list(past.pairs()) if past.spun else [(card,) for card in past.cards]
    return _draw(rows, title=(past.flow, past.step), why=past.why, heads=heads)


def card_html(card: Card) -> tuple[str, list[Card]]:
    """Draw one card; as `past_html`."""
    return _draw([(card,)], title=(), why="", heads=())


def past_lines(past: PastCards) -> list[Line]:
    """List the cards of a past task as lines of text."""
    lines = [Line((f"{past.flow}/{past.step}", "strong"), " cards"), Line((clean(past.why), "soft"))]
    for before, after in past.pairs():
        lines += card_lines(before) if before else []
        lines += card_lines(after, "in this spin: ") if after else []
    return lines


def card_lines(card: Card, where: str = "") -> list[Line]:
    """Give a card as lines of text."""
    summary = summarize_card(card)
    head = Line((where, "soft"), (summary.title, "strong"), f", {summary.size}")
    return [head, *(Line((where, "soft"), f"  {part}", cut=0) for part in summary.components)]


def _draw(
    rows: Sequence[Row], *, title: Sequence[str], why: str, heads: Sequence[str]
) -> tuple[str, list[Card]]:
    html = (
        environment()
        .get_template("cards.html.j2")
        .render(
            uid=new_id("panel"),
            title=title,
            why=why,
            heads=heads,
            rows=[[summarize_card(card) if card else None for card in row] for row in rows],
            css=style_sheet("panel.css", "card.css"),
        )
    )
    return html, [card for row in rows for card in row if card]
