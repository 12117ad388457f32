"""What was measured, whether it reaches its target, and the tables that say so: numbers in, text out."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["s", "x", "outputs", "MB", "kB"]


@dataclass(frozen=True)
class Sample:
    """Repeated measurements of one thing, in seconds."""

    name: str
    seconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def slow(self) -> float:
        """The 95th percentile."""
        if len(self.seconds) == 1:
            return self.seconds[0]
        return statistics.quantiles(self.seconds, n=20, method="inclusive")[-1]


@dataclass(frozen=True)
class Target:
    """What is to be reached: so many times faster, a share of the other's time, or a plain limit."""

    kind: Literal["faster", "share", "limit"]
    number: float
    unit: Unit = "s"

    def __str__(self) -> str:
        if self.kind == "faster":
            return f"{self.number:g}x"
        if self.kind == "share":
            return f"{self.number:g}x of its time"
        return f"≤ {amount(self.number, self.unit)}"


@dataclass(frozen=True)
class Figure:
    """One line of the table: us, beside a peer where there is one, against a target where there is one."""

    case: str
    ours: float
    peer: str = ""
    theirs: float | None = None
    target: Target | None = None
    unit: Unit = "s"
    short: bool = field(default=False)  # is it in the README too

    @property
    def measured(self) -> float:
        """The number that the target speaks of."""
        if self.target is None or self.target.kind == "limit":
            return self.ours
        if self.theirs is None:
            raise ValueError(f"'{self.case}' has a target against a peer, and no peer.")
        return self.theirs / self.ours if self.target.kind == "faster" else self.ours / self.theirs

    @property
    def reached(self) -> bool | None:
        """None where there is no target."""
        if self.target is None:
            return None
        if self.target.kind == "faster":
            return self.measured >= self.target.number
        return self.measured <= self.target.number

    @property
    def ratio(self) -> str:
        """How many times faster, or which share of the peer's time; never rounded in our favour."""
        if self.theirs is None:
            return ""
        if self.target is not None and self.target.kind == "share":
            return f"{math.ceil(100 * self.ours / self.theirs - 1e-9) / 100:.2f}x"
        times = self.theirs / self.ours
        return f"{math.floor(times)}x" if times >= 10 else f"{math.floor(10 * times) / 10:.1f}x"

    @property
    def cells(self) -> list[str]:
        peer = f"{self.peer}: {amount(self.theirs, self.unit)}" if self.theirs is not None else self.peer
        verdict = {True: "reached", False: "**not reached**", None: ""}[self.reached]
        target = str(self.target) if self.target else ""
        return [self.case, peer, amount(self.ours, self.unit), self.ratio, target, verdict]


@dataclass
class Chapter:
    """What one part of the benchmark found."""

    title: str
    samples: list[Sample] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def text(self) -> str:
        parts = [f"## {self.title}"]
        if self.samples:
            parts.append(table_of_samples(self.samples))
        parts += self.remarks
        return "\n\n".join(parts)


def amount(number: float, unit: Unit) -> str:
    """Write a number with its unit, in three digits.

    Parameters
    ----------
    number : float
        Seconds for the unit ``s``.
    unit : {'s', 'x', 'outputs', 'MB', 'kB'}
        Its unit.

    Returns
    -------
    str
    """
    if unit == "x":
        return f"{number:.3g}x"
    if unit != "s":
        return f"{number:.3g} {unit}" if abs(number) < 100 else f"{number:.0f} {unit}"
    if abs(number) >= 1:
        return f"{number:.3g} s"
    milliseconds = 1000 * number
    return f"{milliseconds:.0f} ms" if abs(milliseconds) >= 100 else f"{milliseconds:.3g} ms"


def table_of_figures(figures: list[Figure]) -> str:
    """Write the table of peers, us and targets.

    Parameters
    ----------
    figures : list of Figure
        Its lines.

    Returns
    -------
    str
        Markdown.
    """
    head = ["| case | peer | us | ratio | target | |", "|---|---|---:|---:|---:|---|"]
    return "\n".join([*head, *(_line(figure.cells) for figure in figures)])


def table_of_samples(samples: list[Sample]) -> str:
    """Write the table of everything that was timed.

    Parameters
    ----------
    samples : list of Sample
        Its lines.

    Returns
    -------
    str
        Markdown.
    """
    head = ["| timed | median | 95th percentile | fastest | times |", "|---|---:|---:|---:|---:|"]
    lines = [
        [
            each.name,
            amount(each.median, "s"),
            amount(each.slow, "s") if len(each.seconds) >= 20 else "",
            amount(min(each.seconds), "s"),
            str(len(each.seconds)),
        ]
        for each in samples
    ]
    return "\n".join([*head, *map(_line, lines)])


def sentence(figures: list[Figure]) -> str:
    """Say how many targets were reached, and name those that were not.

    Parameters
    ----------
    figures : list of Figure
        All lines, those without a target too.

    Returns
    -------
    str
    """
    aimed = [figure for figure in figures if figure.target]
    missed = [figure for figure in aimed if not figure.reached]
    said = f"{len(aimed) - len(missed)} of {len(aimed)} targets reached."
    if missed:
        said += f" Not reached: {'; '.join(figure.case for figure in missed)}."
    return said


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
