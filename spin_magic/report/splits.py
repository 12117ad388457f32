"""One step on many tasks as a table: a row for each, with its outcome and what it made."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from spin_magic.artifacts import Artifacts
from spin_magic.report.blocks import Cell, Table
from spin_magic.report.lines import Grid, Line, text_of
from spin_magic.report.pages import environment, new_id, style_sheet
from spin_magic.report.plain import note_line
from spin_magic.report.preview import clean
from spin_magic.report.short import Short
from spin_magic.report.summarize import seconds_text
from spin_magic.result import SpinResult, SpinResults
from spin_magic.showing import Form

COLUMNS = 4
ROWS = 200
NOTES = 6
# For comparing all of them with the run.
COMPARING = 0.5
SMALL_BYTES = 2**12
_PLAIN = (bool, int, float, str)


def splits_mimebundle(results: SpinResults, form: Form = "auto") -> dict[str, Any]:
    """Show many spins of a step as a table, in text and in HTML.

    Parameters
    ----------
    results : SpinResults
        The spins.
    form : {'auto', 'plain', 'coloured'}
        Show them as text alone, in that form; by default as text and HTML.

    Returns
    -------
    dict
        A MIME bundle. Never raises: what cannot be shown falls back to the ``repr``.
    """
    try:
        table = splits_table(results)
        notes = list(dict.fromkeys(note for result in results for note in result.notes))[:NOTES]
        lines = [
            Line((repr(results), "strong")),
            *(note_line(clean(note)) for note in notes),
            *_lines_of(table),
        ]
        if form != "auto":
            return {"text/plain": text_of(lines, form)}
        html = (
            environment()
            .get_template("splits.html.j2")
            .render(
                results=results,
                table=table,
                notes=notes,
                text=text_of(lines, "plain"),
                failed=sum(not result.ok for result in results),
                seconds=seconds_text(sum(result.seconds for result in results)),
                css=style_sheet("panel.css"),
                uid=new_id("splits"),
            )
        )
    except Exception as error:  # noqa: BLE001  (a table may not break spins that went well)
        return {"text/plain": f"{results!r}\n(the table could not be drawn: {type(error).__name__})"}
    return {"text/plain": text_of(lines, form), "text/html": html}


def splits_table(results: SpinResults) -> Table:
    """Put many spins into a table.

    Parameters
    ----------
    results : SpinResults
        The spins.
    """
    names = _chosen(results)
    deadline = time.perf_counter() + COMPARING
    rows: list[tuple[str | Cell, ...]] = []
    for label, result in list(zip(results.labels, results, strict=False))[:ROWS]:
        made = [_value(result.artifacts, name) for name in names]
        against = _against(result, max(0.0, deadline - time.perf_counter()))
        rows.append((label, _outcome(result), seconds_text(result.seconds), *made, against))
    more = f"{len(results) - ROWS} more." if len(results) > ROWS else ""
    heads = ("split", "outcome", "time", *names, "against the run")
    if not any(row[-1] for row in rows):
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    return Table(heads, tuple(rows), more, (2,))


def _outcome(result: SpinResult) -> str | Cell:
    if result.ok:
        return "ok"
    text = " ".join(f"{type(result.error).__name__}: {result.error}".split())
    return Cell(text if len(text) <= 120 else text[:119] + "…", "gone")


def _against(result: SpinResult, budget: float) -> str | Cell:
    if not result.ok or result.origin is None:
        return ""
    statuses = [row.status for row in result.diff(budget)]
    words = ("changed", "new", "gone", "not compared")
    counts = [f"{statuses.count(word)} {word}" for word in words if word in statuses]
    return Cell(", ".join(counts), "changed") if counts else "same"


def _chosen(results: Iterable[SpinResult]) -> list[str]:
    """Choose the artifacts to show: those that the step made and that fit into a cell, numbers first."""
    first = next((result for result in results if result.ok), None)
    if first is None:
        return []
    known = first.artifacts
    made = [name for name in known if name != "name" and known.describe(name).live and _is_new(first, name)]
    ranks = {name: _rank(first.artifacts, name) for name in made}
    return sorted((name for name in made if ranks[name] < 2), key=lambda name: ranks[name])[:COLUMNS]


def _is_new(result: SpinResult, name: str) -> bool:
    if name not in result.inputs:
        return True
    if result.artifacts.describe(name).size != result.inputs.describe(name).size:
        return True
    try:
        return bool(result.inputs[name] != result.artifacts[name])
    except Exception:  # noqa: BLE001  (the user's own __eq__, or an array's)
        return True


def _rank(artifacts: Artifacts, name: str) -> int:
    size = artifacts.describe(name).size
    if isinstance(artifacts[name], _PLAIN) or getattr(artifacts[name], "shape", None) == ():
        return 0
    return 1 if size is not None and size < SMALL_BYTES else 2


def _value(artifacts: Artifacts, name: str) -> str:
    if name not in artifacts:
        return ""
    try:
        text = Short(4, 32).repr(artifacts[name])
    except Exception:  # noqa: BLE001  (the user's own __repr__)
        text = artifacts.describe(name).type_name
    return text if len(text) <= 48 else text[:47] + "…"


def _lines_of(table: Table) -> list[Line | Grid]:
    rows = [[clean(cell if isinstance(cell, str) else cell.text) for cell in row] for row in table.rows]
    return [Grid([str(head) for head in table.columns], rows), *([Line(table.more)] if table.more else [])]
