"""One step on many tasks as a table: a row for each, with its outcome and what it made."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spin_magic.artifacts import Artifacts
from spin_magic.many import SpinResults
from spin_magic.printable import clean, clip, one_line
from spin_magic.report.blocks import Mark
from spin_magic.report.guard import attempt
from spin_magic.report.lines import Grid, Line, text_of
from spin_magic.report.pages import new_id, style_sheet
from spin_magic.report.plain import note_line
from spin_magic.report.plots import Plot, number_in, plots_of, value_of
from spin_magic.report.render import render_page
from spin_magic.report.short import Short
from spin_magic.report.summarize import seconds_text
from spin_magic.result import DiffRow, SpinResult

# So many rows are in the page, so many of them on show at first, and so many in a terminal.
ROWS, SHOWN, LINES = 200, 25, 50
NOTES, NAMES = 6, 3
# For comparing all of them with the run.
COMPARING = 0.5
# So many that failed are on show wherever they stand.
FAILED = 10
# From here on it is worth saying that there are other machines.
MANY, LONG = 100, 600.0


@dataclass(frozen=True)
class Field:
    """A cell of the table: what it says, and the number by which its column is sorted."""

    text: str
    key: float | None = None
    mark: Mark = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


@dataclass(frozen=True)
class Row:
    """A task: its place among the results, or None where it was not done."""

    at: int | None
    state: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Splits:
    """All that is said of many spins.

    Attributes
    ----------
    headline : str
        How they ended, in a few words.
    heads : tuple of str
        The columns.
    right : tuple of int
        Those of numbers.
    more : str
        What the table leaves out; else empty.
    beyond : str
        What to do where they are many, or long; else empty.
    """

    headline: str
    failed: bool
    seconds: str
    heads: tuple[str, ...]
    right: tuple[int, ...]
    rows: tuple[Row, ...]
    more: str
    notes: tuple[str, ...]
    plots: tuple[Plot, ...]
    beyond: str


def summarize_splits(results: SpinResults) -> Splits:
    """Say what came of many spins."""
    names = results.chosen()
    deadline = time.perf_counter() + COMPARING
    places = _places(results, ROWS)
    changes = {at: results.changes(at, max(0.0, deadline - time.perf_counter())) for at in places}
    rows = [_row(results, at, names, changes[at]) for at in places]
    waiting = results.waiting[: ROWS - len(rows)]
    width = len(names) + 4
    rows += [
        Row(
            None,
            "waiting",
            (Field(label, len(results) + i), Field("not done", 3, "soft"), *[Field("")] * (width - 2)),
        )
        for i, label in enumerate(waiting)
    ]
    heads = ("task", "outcome", "time", *map(clean, names), "against the run")
    if not any(row.fields[-1].text for row in rows):
        heads, rows = heads[:-1], [Row(row.at, row.state, row.fields[:-1]) for row in rows]
    left = results.total - len(rows)
    return Splits(
        headline=_headline(results),
        failed=not results.ok,
        seconds=seconds_text(results.elapsed),
        heads=heads,
        right=(2, *(i for i, name in enumerate(names, 3) if _numeric(results, places, name))),
        rows=tuple(rows),
        more=f"{left:,} more: `.table()` of the results has them all." if left else "",
        notes=_notes(results, names),
        plots=plots_of(results, names, changes),
        beyond=_beyond(results),
    )


def splits_html(results: SpinResults, splits: Splits) -> str:
    """Give the table as HTML that needs no script and no network."""
    styles = ["panel.css", "splits.css", *(["card.css"] if any(result.cards for result in results) else [])]
    return render_page(
        "splits.html.j2",
        results=results,
        splits=splits,
        shown=SHOWN,
        kept="failed" if len(results.errors) <= FAILED else "",
        text=splits_text(results, splits),
        css=style_sheet(*styles),
        uid=new_id("splits"),
    )


def splits_text(results: SpinResults, splits: Splits) -> str:
    """Give the table as text as it is; as `splits_lines`."""
    return text_of(splits_lines(results, splits), "plain")


def splits_lines(results: SpinResults, splits: Splits) -> list[Line | Grid]:
    """Give the table as lines for a terminal."""
    keep = {*_places(results, LINES)}
    rows = [row for row in splits.rows if row.at in keep or row.at is None][:LINES]
    cells = [tuple(field.text for field in row.fields) for row in rows]
    left = results.total - len(rows)
    return [
        Line((repr(results), "strong")),
        *(note_line(clean(note)) for note in splits.notes),
        Grid(splits.heads, cells, right=splits.right),
        *([Line(f"{left:,} more: `.table()` of the results has them all.")] if left else []),
        *([Line((splits.beyond, "soft"), hang=4)] if splits.beyond else []),
    ]


def _places(results: SpinResults, most: int) -> list[int]:
    """Choose the results to show: all, or those that failed and then the first, in their order."""
    if len(results) <= most:
        return list(range(len(results)))
    failed = list(results.errors)[: most // 2]
    others = [at for at in range(len(results)) if at not in {*failed}]
    return sorted([*failed, *others[: most - len(failed)]])


def _headline(results: SpinResults) -> str:
    failed = f"{results.failed} of {results.total} failed" if results.failed else ""
    if results.interrupted:
        return ", ".join(filter(None, [f"interrupted, {results.done} of {results.total} done", failed]))
    if failed:
        return failed
    return f"{len(results)} of {results.total} ok"


def _row(results: SpinResults, at: int, names: Sequence[str], changes: Sequence[DiffRow]) -> Row:
    result = results[at]
    made = (_made(result.artifacts, name) for name in names)
    fields = (
        Field(results.labels[at], at),
        _outcome(result),
        Field(seconds_text(result.seconds), result.seconds),
        *made,
        _against(result, changes),
    )
    return Row(at, "ok" if result.ok else "failed", fields)


def _outcome(result: SpinResult) -> Field:
    if result.ok:
        return Field("ok", 0)
    if isinstance(result.error, KeyboardInterrupt):
        return Field("interrupted", 2, "changed")
    text = f"{type(result.error).__name__}: {one_line(result.error)}"
    return Field(clip(text, 120), 1, "gone")


def _made(artifacts: Artifacts, name: str) -> Field:
    if name not in artifacts:
        return Field("")
    value = value_of(artifacts, name)
    text = attempt(lambda: _text_of(value), artifacts.describe(name).type_name)
    return Field(clip(text, 48), number_in(value))


def _text_of(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else Short(4, 32, digits=4).repr(value)


def _numeric(results: SpinResults, places: Sequence[int], name: str) -> bool:
    values = [value_of(results[at].artifacts, name) for at in places if name in results[at].artifacts]
    return bool(values) and all(number_in(value) is not None for value in values)


def _against(result: SpinResult, changes: Sequence[DiffRow]) -> Field:
    """Say what differs from the run: how many, and which."""
    if not result.ok or result.origin is None:
        return Field("")
    parts, count = [], 0
    for word in ("changed", "new", "gone", "not compared"):
        names = [row.name for row in changes if row.status == word]
        if names:
            more = ", …" if len(names) > NAMES else ""
            parts.append(f"{len(names)} {word}: {', '.join(names[:NAMES])}{more}")
            count += len(names)
    return Field("; ".join(parts), count, "changed") if parts else Field("same", 0)


def _notes(results: SpinResults, names: Sequence[str]) -> tuple[str, ...]:
    notes = list(dict.fromkeys(note for result in results for note in result.notes))[:NOTES]
    notes += [
        f"No task made `{name}`." for name in names if not any(name in result.artifacts for result in results)
    ]
    return tuple(notes)


def _beyond(results: SpinResults) -> str:
    if results.total <= MANY and sum(result.seconds for result in results) < LONG:
        return ""
    flow = f"%spin_run {results.flow} --resume {results.step} --with kubernetes"
    return f"More than this machine can do: `{flow}` runs the step's tasks on a cluster."
