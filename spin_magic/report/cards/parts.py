"""What the static form of a card is made of, as plain data: each part knows about how long its HTML is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

# A run of text and how it looks.
Word: TypeAlias = tuple[Literal["", "b", "i", "code"], str]
Words: TypeAlias = tuple[Word, ...]
Mood = Literal["", "good", "warn", "bad"]


def length_of(text: str) -> int:
    """Return how long a text is once it is escaped."""
    return len(text) + 4 * (text.count("<") + text.count(">") + text.count("&") + text.count('"'))


def plain(words: Words) -> str:
    """Return the text without its looks."""
    return "".join(text for _, text in words)


def _length(words: Words) -> int:
    return sum(length_of(text) + 13 for _, text in words)


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is the largest of 3."""

    words: Words
    level: int
    kind: ClassVar[str] = "heading"

    @property
    def size(self) -> int:
        return _length(self.words) + 70


@dataclass(frozen=True)
class Prose:
    """A paragraph; a soft one is a word of ours or something said by the way."""

    words: Words
    soft: bool = False
    kind: ClassVar[str] = "prose"

    @property
    def size(self) -> int:
        return _length(self.words) + 30

    @classmethod
    def of(cls, text: str, *, soft: bool = True) -> Prose:
        """Make a paragraph of one plain text."""
        return cls((("", text),), soft=soft)


@dataclass(frozen=True)
class Items:
    """A list: depth, marker (``•`` or ``2.``) and words of each item."""

    items: tuple[tuple[int, str, Words], ...]
    kind: ClassVar[str] = "items"

    @property
    def size(self) -> int:
        return 60 + sum(_length(words) + len(marker) + 60 for _, marker, words in self.items)


@dataclass(frozen=True)
class Code:
    """A text with its line breaks, and what was left out of it."""

    text: str
    more: str = ""
    label: str = "text"
    kind: ClassVar[str] = "code"

    @property
    def size(self) -> int:
        return length_of(self.text) + length_of(self.label) + len(self.more) + 120


@dataclass(frozen=True)
class Grid:
    """A table. A cell is a text, or parts; in a vertical one the first column has the headings."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | tuple[Part, ...], ...], ...]
    more: str = ""
    right: tuple[int, ...] = ()
    vertical: bool = False
    label: str = "table"
    kind: ClassVar[str] = "grid"

    @property
    def size(self) -> int:
        """Return the length without the parts in cells, which are counted for themselves."""
        cells = [*self.columns, *(cell for row in self.rows for cell in row)]
        lengths = (length_of(cell) if isinstance(cell, str) else 0 for cell in cells)
        return 190 + len(self.more) + 9 * len(self.rows) + sum(length + 30 for length in lengths)


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, and what stands below it."""

    source: str
    caption: str = ""
    kind: ClassVar[str] = "picture"

    @property
    def size(self) -> int:
        """Return the length without the picture itself."""
        return 2 * length_of(self.caption) + 130


def unshown(size: str, caption: str) -> Prose:
    """Name a picture that is not shown."""
    return Prose.of(f"picture {size}: {caption}" if caption else f"picture {size}")


@dataclass(frozen=True)
class Bar:
    """A progress bar: how far it is in per cent, where that is known, and its numbers in words."""

    label: str
    percent: int | None
    said: str
    details: str = ""
    kind: ClassVar[str] = "bar"

    @property
    def size(self) -> int:
        return 2 * length_of(self.label) + length_of(self.said) + length_of(self.details) + 260


@dataclass(frozen=True)
class Number:
    """A value that is to be seen from afar."""

    value: str
    title: str = ""
    subtitle: str = ""
    change: str = ""
    mood: Mood = ""
    kind: ClassVar[str] = "number"

    @property
    def size(self) -> int:
        return sum(map(length_of, (self.value, self.title, self.subtitle, self.change))) + 210


@dataclass(frozen=True)
class Chart:
    """A chart: in words, and drawn where it is simple.

    Attributes
    ----------
    said, title : str
        What it is; what the user called it.
    paths : tuple of (str, str)
        Class and path of each shape, on 240 by 80 pixels.
    ends : tuple of str
        Least and largest of the value across, then of the one upward.
    """

    said: str
    title: str = ""
    paths: tuple[tuple[str, str], ...] = ()
    ends: tuple[str, str, str, str] = ("", "", "", "")
    kind: ClassVar[str] = "chart"

    @property
    def size(self) -> int:
        texts = sum(map(length_of, self.ends)) + 2 * length_of(self.said) + length_of(self.title)
        return texts + sum(len(path) + 45 for _, path in self.paths) + 380


@dataclass(frozen=True)
class Group:
    """Parts below each other, side by side (in so many columns) or along the rail of a timeline."""

    parts: tuple[Part, ...]
    way: Literal["stack", "across", "rail"]
    columns: int = 0
    kind: ClassVar[str] = "group"
    # The parts are counted for themselves.
    size: ClassVar[int] = 120


Part: TypeAlias = Heading | Prose | Items | Code | Grid | Picture | Bar | Number | Chart | Group
