"""Pieces of a laid-out graph -> lines and cards with their places in pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from spin_magic.overview import FlowOverview, StepOverview
from spin_magic.report.graph.layout import Piece, Point, lay_out
from spin_magic.report.graph.words import (
    ago_words,
    decorator_words,
    differ_words,
    long_words,
    state_words,
    step_label,
    times_words,
    type_words,
)

NARROWEST, WIDEST, MOST = 124, 212, 0.9
LINE = 16
GAP = 44
INDENT = 34
BETWEEN = 16
STACK = 3
DEEPEST = 3
MARGIN = 6
ROUND = 24
# Pixels that a letter takes: the name in bold code type, the rest smaller in the page's.
NAME, WORD = 7.3, 6.0


@dataclass(frozen=True)
class Card:
    """One step: its box, its lines of text, and what is said of it to those who do not see it.

    Attributes
    ----------
    x, y : float
        The upper left corner of its box.
    stack : tuple of int
        Offsets of the boxes behind it, one for each foreach level around it.
    kind, here : str
        The third line, and the fourth.
    """

    step: str
    state: str
    x: float
    y: float
    stack: tuple[int, ...]
    name: str
    said: str
    time: str
    kind: str
    here: str
    label: str
    title: str
    marked: bool
    spun: bool


@dataclass(frozen=True)
class Drawing:
    """A piece of the graph: its size, its lines as SVG paths, its cards."""

    width: float
    height: float
    lines: str
    branches: str
    heads: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Picture:
    """The whole graph: the size of every card, and the pieces in order."""

    width: int
    height: int
    pieces: tuple[Drawing, ...]


def draw(overview: FlowOverview, marked: str | None = None) -> Picture:
    """Draw the graph of a flow.

    Parameters
    ----------
    overview : FlowOverview
        What to say of each step.
    marked : str, optional
        The step that was just spun.

    Returns
    -------
    Picture
    """
    steps = overview.steps
    edges = frozenset((step.name, other) for step in steps.values() for other in step.next if other in steps)
    rows = 4 if marked in steps or any(step.spun for step in steps.values()) else 3
    texts = {name: _texts(step, marked=name == marked) for name, step in steps.items()}
    width = math.ceil(min(WIDEST, max(NARROWEST, _width([*texts.values()]))))
    pen = _Pen(steps, texts, width, 12 + LINE * rows, marked)
    return Picture(
        width,
        pen.high,
        tuple(pen.piece(piece, i > 0) for i, piece in enumerate(lay_out(tuple(steps), edges))),
    )


@dataclass(frozen=True)
class _Texts:
    name: str
    said: str
    time: str
    kind: str
    here: str


def _texts(step: StepOverview, *, marked: bool) -> _Texts:
    spun = step.spun
    found = f" · {differ_words(spun)}" if spun and spun.origin else ""
    here = f"spun {ago_words(spun.ago)}" if spun else ""
    return _Texts(
        name=step.name,
        said=" ".join(filter(None, (state_words(step), times_words(step) if step.state == "ok" else ""))),
        time=long_words(step.seconds) if step.longest else "",
        kind=" · ".join(filter(None, (type_words(step), decorator_words(step)))),
        here=("this step" if marked else here) + found + (" · on spun inputs" if spun and spun.on else ""),
    )


def _width(texts: list[_Texts]) -> float:
    """Give what the states need, and most of the names: one long name must not spread the whole picture."""
    said = max(max(14 + WORD * len(each.said + each.time) + 8, WORD * len(each.here)) for each in texts)
    named = sorted(max(NAME * len(each.name), WORD * len(each.kind)) for each in texts)
    return 20 + max(said, named[min(int(MOST * len(named)), len(named) - 1)])


class _Pen:
    """Draws pieces whose cards are all of one size."""

    def __init__(
        self,
        steps: Mapping[str, StepOverview],
        texts: Mapping[str, _Texts],
        wide: int,
        high: int,
        marked: str | None,
    ) -> None:
        self.steps, self.texts, self.wide, self.high, self.marked = steps, texts, wide, high, marked

    def piece(self, piece: Piece, follows: bool) -> Drawing:  # noqa: FBT001 -- the only caller is above
        names = [point for point in piece.places if isinstance(point, str)]
        repeats = any(name in self.steps[name].next for name in names)
        above = ROUND if repeats else 0
        pitch = self.high + (ROUND + MARGIN if repeats else BETWEEN)
        above = max(above, STACK * max(self.steps[name].depth for name in names)) + MARGIN
        middle = piece.reach * pitch + self.high / 2 + above
        left = INDENT if follows else 2
        at = {point: self._corner(place, left, middle, pitch) for point, place in piece.places.items()}
        lines: list[str] = []
        branches: list[str] = []
        heads: list[str] = []
        if follows:
            first = next(name for name in names if piece.places[name][0] == 0)
            lines.append(f"M0 {middle:g}H{INDENT}")
            heads.append(self._head(at[first]))
        for route in piece.routes:
            start = self.steps[str(route[0])]
            (branches if start.type == "split-switch" else lines).append(self._line(route, at))
            heads.append(self._head(at[route[-1]]))
        for name in names:
            if name in self.steps[name].next:
                x, y = at[name]
                branches.append(self._round(x, y))
                heads.append(f"M{x + self.wide * 0.3 - 4:g} {y - 7:g}l4 6.5l4 -6.5")
        return Drawing(
            width=left + piece.columns * self.wide + (piece.columns - 1) * GAP + self._tail(names, piece),
            height=2 * middle,
            lines="".join(lines),
            branches="".join(branches),
            heads="".join(heads),
            cards=tuple(self._card(name, *at[name]) for name in names),
        )

    def _corner(
        self, place: tuple[int, float], left: float, middle: float, pitch: float
    ) -> tuple[float, float]:
        column, row = place
        return left + column * (self.wide + GAP), round(middle + row * pitch - self.high / 2, 1)

    def _tail(self, names: list[str], piece: Piece) -> int:
        """Give the room for what is stacked behind the last card: the way to the next piece begins there."""
        last = [name for name in names if piece.places[name][0] == piece.columns - 1]
        return 1 + STACK * max(min(self.steps[name].depth, DEEPEST) for name in last)

    def _line(self, route: tuple[Point, ...], at: Mapping[Point, tuple[float, float]]) -> str:
        half = self.high / 2
        x, y = at[route[0]]
        path = f"M{x + self.wide:g} {y + half:g}"
        x += self.wide
        for point in route[1:]:
            to, down = at[point]
            bend = (to - x) / 2
            path += f"C{x + bend:g} {y + half:g} {to - bend:g} {down + half:g} {to:g} {down + half:g}"
            x, y = to, down
            if point != route[-1]:
                x += self.wide
                path += f"H{x:g}"
        return path

    def _head(self, corner: tuple[float, float]) -> str:
        return f"M{corner[0] - 7:g} {corner[1] + self.high / 2 - 4:g}l6.5 4l-6.5 4"

    def _round(self, x: float, y: float) -> str:
        """Draw a way from a card back to itself, above it."""
        out, back, top = x + self.wide * 0.7, x + self.wide * 0.3, y - ROUND
        return f"M{out:g} {y:g}C{out:g} {top:g} {back:g} {top:g} {back:g} {y - 1:g}"

    def _card(self, name: str, x: float, y: float) -> Card:
        step, texts = self.steps[name], self.texts[name]
        room = self.wide - 20
        time = len(texts.time) * WORD + 8 if texts.time else 0
        marked = name == self.marked
        shown = _cut(texts.name, room / NAME)
        full = name if shown != name else ""
        return Card(
            step=name,
            state=step.state.replace(" ", "-"),
            x=x,
            y=y,
            stack=tuple(STACK * level for level in range(min(step.depth, DEEPEST), 0, -1)),
            name=shown,
            said=_cut(texts.said, (room - 14 - time) / WORD),
            time=texts.time,
            kind=_cut(texts.kind, room / WORD),
            here=_cut(texts.here, room / WORD),
            label=step_label(step, marked=marked),
            title=": ".join(filter(None, (full, step.doc.strip().partition("\n")[0]))),
            marked=marked,
            spun=step.spun is not None,
        )


def _cut(text: str, letters: float) -> str:
    return text if len(text) <= letters else text[: max(1, int(letters) - 1)] + "…"
