"""What a panel says, as plain data: strings, numbers and tuples, and nothing that keeps a result alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from spin_magic.report.blocks import Change, Detail
from spin_magic.report.cards.parts import Part

Binding = Literal["bound", "kept", "on self", ""]


@dataclass(frozen=True)
class Row:
    """One artifact.

    Attributes
    ----------
    name, status, type_name, shape, size : str
        Its name; what became of it (empty where there is no past task); class; ``2,000 x 11`` or
        ``4 keys``; bytes for a human.
    preview, reason : str
        Its value on one line; why it was not compared.
    change : Change or None
        How it changed.
    detail : Detail or None
        What the row opens to.
    binding : str
        For an input: what `%spin_inputs` did with the name.
    """

    name: str
    status: str
    type_name: str
    shape: str
    size: str
    preview: str
    reason: str = ""
    change: Change | None = None
    detail: Detail | None = None
    binding: Binding = ""

    @property
    def kind(self) -> str:
        """Return class and shape."""
        if not self.shape:
            return self.type_name
        return f"{self.type_name} {self.shape}" if "×" in self.shape else f"{self.type_name}, {self.shape}"

    @property
    def said(self) -> str:
        """Return the last column: the change, else the reason, else the preview."""
        if self.change and self.change.text:
            return self.change.text
        return self.reason or self.preview


@dataclass(frozen=True)
class Outputs:
    """The artifacts: those worth a row, the names of the others, rows left out, and numbers by status."""

    rows: tuple[Row, ...]
    same: tuple[str, ...] = ()
    passed_on: tuple[str, ...] = ()
    more: int = 0
    counts: tuple[tuple[int, str], ...] = ()

    @property
    def total(self) -> int:
        """Return how many artifacts there are."""
        return len(self.rows) + len(self.same) + len(self.passed_on) + self.more


@dataclass(frozen=True)
class CardSummary:
    """A card without its page.

    Attributes
    ----------
    type, id, size : str
        Its type, its id or nothing, and how long its page is.
    components : tuple of str
        The static form as lines of text.
    parts : tuple of Part
        The same for pages.
    page : str
        The page itself, as a frame's ``srcdoc`` takes it; empty where it is not to be saved.
    """

    type: str
    id: str
    size: str
    components: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    page: str = ""

    @property
    def title(self) -> str:
        """Return type and id."""
        return f"{self.type} card {self.id!r}" if self.id else f"{self.type} card"


@dataclass(frozen=True)
class Log:
    """One stream: its last lines, and what was left out."""

    name: str
    text: str
    lines: int
    left_out: str = ""


@dataclass(frozen=True)
class SourceLine:
    """A line of the user's code around a failure."""

    number: int
    text: str
    failing: bool


@dataclass(frozen=True)
class ErrorSummary:
    """The step's exception and where the user's code raised it."""

    type_name: str
    message: str
    place: str
    lines: tuple[SourceLine, ...]
    locals: tuple[tuple[str, str], ...]
    causes: tuple[str, ...]

    @property
    def headline(self) -> str:
        """Return type and message, as a traceback ends."""
        return f"{self.type_name}: {self.message}" if self.message else self.type_name


@dataclass(frozen=True)
class InputsSummary:
    """What a step starts from."""

    flow: str
    step: str
    why: str
    origin: str
    split: str
    tasks: tuple[str, ...]
    rows: tuple[Row, ...]
    more: int = 0

    @property
    def is_join(self) -> bool:
        """Return whether the values come from several tasks."""
        return len(self.tasks) > 1


@dataclass(frozen=True)
class PanelSummary:
    """All that a panel says of one spin."""

    flow: str
    step: str
    ok: bool
    seconds: str
    overhead: str
    counts: tuple[tuple[int, str], ...]
    why: str
    compared: str
    notes: tuple[str, ...]
    error: ErrorSummary | None
    outputs: Outputs
    cards: tuple[CardSummary, ...]
    logs: tuple[Log, ...]
    inputs: InputsSummary
