"""Numbers that many spins made -> small plots: over the foreach's values, its splits, or the runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from spin_magic.artifacts import Artifacts
from spin_magic.many import SpinResults
from spin_magic.printable import clean
from spin_magic.report.guard import attempt
from spin_magic.result import DiffRow

WIDTH, HEIGHT, EDGE = 260, 90, 6
PLOTS, POINTS = 3, 100


@dataclass(frozen=True)
class Dot:
    """A value in its place, and what it says when somebody points at it."""

    x: str
    y: str
    said: str


@dataclass(frozen=True)
class Plot:
    """One artifact over the tasks.

    Attributes
    ----------
    name : str
        Of the artifact.
    over : str
        What goes across: ``value``, ``split`` or ``run``.
    now, past : tuple of Dot
        What was made, and what the run had where that differs.
    line : str
        Path through what was made, where the tasks have an order; else empty.
    ends : tuple of str
        Left, right, low and high end of the axes.
    """

    name: str
    over: str
    now: tuple[Dot, ...]
    past: tuple[Dot, ...]
    line: str
    ends: tuple[str, str, str, str]


def plots_of(
    results: SpinResults, names: Sequence[str], changes: Mapping[int, Sequence[DiffRow]]
) -> tuple[Plot, ...]:
    """Draw what are numbers in two results or more, and not just the foreach's own values.

    Those are artifacts, and the entries of dicts.

    Parameters
    ----------
    results : SpinResults
        The spins.
    names : sequence of str
        The artifacts to look at.
    changes : mapping of int to sequence of DiffRow
        How results differ from the run, by their place, as far as was asked.
    """
    over, across = _across(results)
    parts = (part for name in names for part in _parts(results, name))
    made = (_plot(results, part, changes, over, across) for part in parts)
    return tuple(islice((plot for plot in made if plot is not None), PLOTS))


def value_of(artifacts: Artifacts, name: str) -> Any:
    """Give an artifact; None where it cannot be loaded."""
    return attempt(lambda: artifacts[name], None)


def number_in(value: Any) -> float | None:
    """Give a number to draw or to sort by; None for anything else, truth values too."""
    if type(value) in (int, float):
        return _number_in(value)
    return attempt(lambda: _number_in(value), None)


def _number_in(value: Any) -> float | None:
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class _Part:
    """An artifact, or an entry of it where it is a dict."""

    artifact: str
    key: str | None = None

    @property
    def name(self) -> str:
        return self.artifact if self.key is None else f"{self.artifact}[{self.key!r}]"

    def of(self, value: Any) -> float | None:
        if self.key is None:
            return number_in(value)
        return number_in(value.get(self.key)) if type(value) is dict else None


def _parts(results: SpinResults, name: str) -> Iterator[_Part]:
    yield _Part(name)
    first = next((value_of(result.artifacts, name) for result in results if name in result.artifacts), None)
    if type(first) is dict:
        yield from (
            _Part(name, key) for key in islice(first, PLOTS) if isinstance(key, str) and len(key) < 32
        )


def _across(results: SpinResults) -> tuple[str, list[float]]:
    """Find what the tasks differ in, and where each stands on that axis."""
    runs = [result.inputs.tasks[0].split("/")[1] if result.inputs.tasks else "" for result in results]
    if len({*runs}) > 1:
        # The latest run comes first in the table, and last in time.
        return "run", [float(-at) for at in range(len(results))]
    values = [_read(result.inputs.value) for result in results]
    known = [value for value in values if value is not None]
    if len({*known}) == len(results):
        return "value", known
    return "split", [float(at) for at in range(len(results))]


def _read(value: Any) -> float | None:
    # Metaflow notes the values of a foreach as text.
    try:
        return number_in(float(value))
    except (TypeError, ValueError):
        return None


def _plot(
    results: SpinResults,
    part: _Part,
    changes: Mapping[int, Sequence[DiffRow]],
    over: str,
    across: Sequence[float],
) -> Plot | None:
    now = {
        at: number
        for at, result in enumerate(results)
        if result.ok
        and part.artifact in result.artifacts
        and (number := part.of(value_of(result.artifacts, part.artifact))) is not None
    }
    if len(now) < 2 or all(_read(results[at].inputs.value) == number for at, number in now.items()):
        return None
    past = {at: number for at in now if (number := _before(changes.get(at, ()), part)) is not None}
    xs, ys = _Axis([across[at] for at in now], WIDTH), _Axis([*now.values(), *past.values()], HEIGHT)
    step = -(-len(now) // POINTS)
    shown = list(now)[::step]

    def dot(at: int, number: float, word: str) -> Dot:
        return Dot(xs.at(across[at]), ys.up(number), f"{results.labels[at]}: {word}{number:.6g}")

    order = sorted(shown, key=lambda at: across[at])
    points = [f"{xs.at(across[at])} {ys.up(now[at])}" for at in order]
    first, last = (min(now, key=lambda at: across[at]), max(now, key=lambda at: across[at]))
    return Plot(
        clean(part.name),
        over,
        tuple(dot(at, now[at], "") for at in shown),
        tuple(dot(at, past[at], "the run had ") for at in shown if at in past),
        f"M{'L'.join(points)}" if over != "split" else "",
        (_end(results, first, over), _end(results, last, over), f"{ys.low:.4g}", f"{ys.high:.4g}"),
    )


def _before(rows: Sequence[DiffRow], part: _Part) -> float | None:
    row = next((row for row in rows if row.name == part.artifact and row.status == "changed"), None)
    return None if row is None else part.of(row.before)


def _end(results: SpinResults, at: int, over: str) -> str:
    if over == "run":
        return results[at].inputs.tasks[0].split("/")[1]
    return str(results[at].inputs.value) if over == "value" else results.labels[at].partition(", input")[0]


class _Axis:
    """Where numbers stand along a side of the plot; by halves, for a span may be larger than any number."""

    def __init__(self, values: Sequence[float], length: float) -> None:
        self.low, self.high = min(values), max(values)
        self._length = length

    def at(self, value: float) -> str:
        span = self.high / 2 - self.low / 2
        part = (value / 2 - self.low / 2) / span if span else 0.5
        return f"{EDGE + part * (self._length - 2 * EDGE):.4g}"

    def up(self, value: float) -> str:
        return f"{self._length - float(self.at(value)):.4g}"
