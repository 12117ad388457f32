"""Lines of text whose parts have a meaning: as they are, or fitted to a terminal and coloured."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from spin_magic.showing import Form

# By meaning: what the codes of ECMA-48 are for it, in the colours that the user's terminal has for them.
COLOURS = {"strong": "1", "soft": "2", "bad": "31", "good": "32", "warn": "33", "news": "36"}
WORDS = {
    "ok": "good",
    "failed": "bad",
    "running": "warn",
    "changed": "warn",
    "new": "news",
    "gone": "bad",
    "kept": "warn",
    "on self": "soft",
}
NARROWEST = 40
# Of a column, so that its words stay whole; of one whose words are longer; of what may be cut.
WORD, LEAST, SEEN = 16, 6, 20

Part = tuple[str, str]


@dataclass(frozen=True)
class Screen:
    """A terminal: how wide it is, and whether it takes colours."""

    width: int
    colours: bool


class Line:
    """One line.

    Parameters
    ----------
    *parts : str or (str, str)
        Texts, each alone or with what it is: ``strong``, ``soft``, ``good``, ``bad``, ``warn``, ``news``.
    hang : int
        Where its rest begins on the next line, in a terminal that is too narrow for it.
    cut : int, optional
        Leave the rest out there, where at least some of what begins at this column can be seen.
    """

    def __init__(self, *parts: str | Part, hang: int = 0, cut: int | None = None) -> None:
        self._parts = [(part, "") if isinstance(part, str) else part for part in parts]
        self._hang, self._cut = hang, cut

    def plain(self) -> list[str]:
        """Give it as it is."""
        return ["".join(text for text, _ in self._parts).rstrip()]

    def fitted(self, screen: Screen) -> Iterator[str]:
        """Give it in as many lines as it takes."""
        parts = [(text.replace("\t", "    "), kind) for text, kind in self._parts]
        whole, hang = "".join(text for text, _ in parts).rstrip(), min(self._hang, screen.width // 2)
        if self._cut is not None and len(whole) > screen.width >= self._cut + SEEN:
            yield self._painted(parts, 0, screen.width - 1, screen) + "…"
            return
        begins = 0
        for text in whole.split("\n"):
            for number, (start, end) in enumerate(_pieces(text, screen.width, hang)):
                shown = self._painted(parts, begins + start, begins + end, screen)
                yield " " * (hang if number else 0) + shown
            begins += len(text) + 1

    @staticmethod
    def _painted(parts: Iterable[Part], start: int, end: int, screen: Screen) -> str:
        painted, at = "", 0
        for text, kind in parts:
            painted += _paint(text[max(0, start - at) : max(0, end - at)], kind, screen)
            at += len(text)
        return painted


class Grid:
    """A table.

    Parameters
    ----------
    heads : sequence of str
        What stands above the columns.
    rows : iterable of sequence of str
        The cells.
    widest : int, optional
        Columns are not made wider than that for the sake of a cell, where there is no terminal to fill.
    right : container of int
        Columns of numbers, which stand at the right.
    """

    def __init__(
        self,
        heads: Iterable[str],
        rows: Iterable[Iterable[str]],
        widest: int = 1_000,
        right: Container[int] = (),
    ) -> None:
        self._rows = [tuple(heads), *map(tuple, rows)]
        self._widths = [max(map(len, column)) for column in zip(*self._rows, strict=True)]
        self._widest = widest
        self._place = [str.rjust if at in right else str.ljust for at in range(len(self._widths))]

    def plain(self) -> list[str]:
        """Give it as it is."""
        widths = [min(width, self._widest) for width in self._widths]
        return ["  ".join(self._placed(row, widths)).rstrip() for row in self._rows]

    def _placed(self, cells: Iterable[str], widths: Iterable[int]) -> list[str]:
        return [place(cell, width) for place, cell, width in zip(self._place, cells, widths, strict=True)]

    def fitted(self, screen: Screen) -> Iterator[str]:
        """Give it with its cells in as many lines as they take."""
        widths = self._fitted_widths(screen.width - 2 * (len(self._widths) - 1))
        for number, row in enumerate(self._rows):
            cells = [
                [cell[start:end] for start, end in _pieces(cell, width, 0)]
                for cell, width in zip(row, widths, strict=True)
            ]
            for low in range(max(map(len, cells))):
                parts = [cell[low] if low < len(cell) else "" for cell in cells]
                kinds = ["soft" if not number else WORDS.get(cell[0].split(" ")[0], "") for cell in cells]
                yield "  ".join(
                    _paint(part, kind, screen)
                    for part, kind in zip(self._placed(parts, widths), kinds, strict=True)
                ).rstrip()

    def _fitted_widths(self, room: int) -> list[int]:
        widths = list(self._widths)
        words = [
            min(WORD, max(len(word) for cell in column for word in cell.split() or [""]))
            for column in zip(*self._rows, strict=True)
        ]
        for least in (words, [LEAST] * len(widths)):
            while sum(widths) > room and any(map(int.__gt__, widths, least)):
                _, at = max((width, at) for at, width in enumerate(widths) if width > least[at])
                widths[at] -= 1
        return widths


def text_of(lines: Iterable[Line | Grid], form: Form) -> str:
    """Give lines as text.

    Parameters
    ----------
    lines : iterable of Line or Grid
        The lines.
    form : {'auto', 'plain', 'coloured'}
        As they are; or fitted and in colours; or the one or the other, as where they are shown can.
    """
    screen = None if form == "plain" else screen_of(colours=form == "coloured")
    return "\n".join(text for line in lines for text in (line.fitted(screen) if screen else line.plain()))


def screen_of(*, colours: bool) -> Screen | None:
    """Say what the terminal is like, if what is printed goes to one."""
    width = max(NARROWEST, shutil.get_terminal_size().columns)
    if colours:
        return Screen(width, colours=True)
    stdout = sys.stdout
    if not (hasattr(stdout, "isatty") and stdout.isatty()):
        return None
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") in (None, "dumb")
    return Screen(width, colours=not plain and str(getattr(shell, "colors", "")).lower() != "nocolor")


def _pieces(text: str, width: int, hang: int) -> Iterator[tuple[int, int]]:
    """Break a text between words where that leaves no line half empty."""
    start, room = 0, width
    while len(text) - start > room:
        end = text.rfind(" ", start + room // 2, start + room + 1)
        end = start + room if end < 0 else end
        yield start, len(text[:end].rstrip(" "))
        start, room = len(text) - len(text[end:].lstrip(" ")), width - hang
    yield start, len(text)


def _paint(text: str, kind: str, screen: Screen) -> str:
    if not kind or not text.strip() or not screen.colours:
        return text
    return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m"
