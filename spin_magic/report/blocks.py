"""What a row opens to, as plain data: tables, differences of text, texts, pages and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

Mark = Literal["", "changed", "new", "gone", "soft"]


@dataclass(frozen=True)
class Cell:
    """A cell that is more than a text.

    Attributes
    ----------
    text : str
        What it says; beside bars, what they say in words.
    mark : str
        What became of the value: gives the cell its colour.
    bars : tuple of int
        Heights from 0 to 8 of a small histogram; drawn in place of the text.
    """

    text: str = ""
    mark: Mark = ""
    bars: tuple[int, ...] = ()


@dataclass(frozen=True)
class Table:
    """A small table.

    Attributes
    ----------
    columns : tuple of (str or None)
        Headings; None where a column shares the heading to its left.
    rows : tuple of tuple of (str or Cell)
        The cells.
    more : str
        What was left out, or how the rows were chosen.
    right : tuple of int
        Columns of numbers, which line up on the right.
    """

    columns: tuple[str | None, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    more: str = ""
    right: tuple[int, ...] = ()
    kind: ClassVar[str] = "table"

    @property
    def heads(self) -> list[tuple[str, int, bool]]:
        """Return text, number of columns and alignment of each heading."""
        heads: list[tuple[str, int, bool]] = []
        for i, text in enumerate(self.columns):
            if text is None:
                heads[-1] = (heads[-1][0], heads[-1][1] + 1, heads[-1][2])
            else:
                heads.append((text, 1, i in self.right))
        return heads

    @property
    def size(self) -> int:
        """Return about how long its HTML is."""
        lengths = (
            len(c) if isinstance(c, str) else len(c.text) + 25 + 22 * len(c.bars)
            for row in self.rows
            for c in row
        )
        return 250 + len(self.more) + sum(length + 18 for length in lengths)


@dataclass(frozen=True)
class Lines:
    """A unified difference: each line begins with ``+``, ``-``, ``@`` or a space."""

    lines: tuple[str, ...]
    kind: ClassVar[str] = "lines"

    @property
    def size(self) -> int:
        """Return about how long its HTML is."""
        return sum(len(line) + 30 for line in self.lines)


@dataclass(frozen=True)
class Text:
    """A text as it stands, or a sentence (``code=False``) in which backticks mark code."""

    text: str
    code: bool = True
    kind: ClassVar[str] = "text"

    @property
    def size(self) -> int:
        """Return about how long its HTML is."""
        return len(self.text) + 60


@dataclass(frozen=True)
class Page:
    """HTML of unknown origin, for a frame that may do nothing, with a guess at its height in pixels."""

    html: str
    height: int
    kind: ClassVar[str] = "page"

    @property
    def size(self) -> int:
        """Return about how long its HTML is: each of these characters is escaped."""
        return len(self.html) + 4 * sum(self.html.count(c) for c in "\"'<>&")


@dataclass(frozen=True)
class Pictures:
    """PNGs in base64, side by side, each under its caption."""

    pictures: tuple[tuple[str, str], ...]
    kind: ClassVar[str] = "pictures"

    @property
    def size(self) -> int:
        """Return how long they are."""
        return sum(len(data) for _, data in self.pictures)


Block: TypeAlias = Table | Lines | Text | Page | Pictures


@dataclass(frozen=True)
class Detail:
    """What a row opens to."""

    blocks: tuple[Block, ...]

    @property
    def size(self) -> int:
        """Return about how long its HTML is, pictures aside."""
        return sum(block.size for block in self.blocks if not isinstance(block, Pictures))

    @property
    def pictures_size(self) -> int:
        """Return how long its pictures are."""
        return sum(block.size for block in self.blocks if isinstance(block, Pictures))


@dataclass(frozen=True)
class Change:
    """How a value changed, on one line: ``before → after delta (note)``.

    In the note alone, backticks mark code.
    """

    before: str = ""
    after: str = ""
    note: str = ""
    delta: str = ""

    @property
    def text(self) -> str:
        """Return the line."""
        if not self.before:
            return self.note.replace("`", "")
        tail = [self.delta, f"({self.note})" if self.note else ""]
        return " ".join([f"{self.before} → {self.after}", *filter(None, tail)]).replace("`", "")


@dataclass(frozen=True)
class Difference:
    """How two values differ: on a line, and in detail. Nothing in it where they do not."""

    line: Change | None = None
    detail: Detail | None = None


def code(text: str) -> str:
    """Mark a text as code inside a note."""
    return f"`{text.replace('`', chr(39))}`"
