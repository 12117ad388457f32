"""SpinResult and StepInputs -> plain data for a panel. No markup, and nothing loaded that is large."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

from spin_magic.report.change import change_of
from spin_magic.report.failure import summarize_error
from spin_magic.report.guard import Budget, attempt
from spin_magic.report.model import (
    Binding,
    CardSummary,
    InputsSummary,
    Log,
    Outputs,
    PanelSummary,
    Row,
)
from spin_magic.report.preview import (
    bytes_of,
    clean,
    clip,
    detail_of,
    line_of,
    shape_of,
    size_text,
)
from spin_magic.result import Artifact, Card, DiffRow, SpinResult, StepInputs

LOADED_FOR_PREVIEW = 1_000_000
ROWS = 100
LOG_LINES, LOG_CHARACTERS = 100, 6_000
ORDER = ("changed", "new", "gone", "not compared", "same")
_ABSENT = object()
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def summarize_result(result: SpinResult) -> PanelSummary:
    """Say all that a panel says of one spin.

    Parameters
    ----------
    result : SpinResult
        The spin.

    Returns
    -------
    PanelSummary
        Texts only; it does not keep the result alive.
    """
    outputs = _outputs(result)
    printed = (("stdout", result.stdout), ("stderr", result.stderr))
    statuses = Counter(row.status for row in outputs.rows)
    statuses["same"] = len(outputs.same)
    return PanelSummary(
        flow=clean(result.flow),
        step=clean(result.step),
        ok=result.ok,
        seconds=seconds_text(result.seconds),
        overhead=seconds_text(result.overhead),
        counts=tuple((statuses[s], s) for s in ORDER if s and statuses[s]),
        why=sentence(result.inputs.why),
        compared=_compared(result, outputs),
        notes=tuple(sentence(note) for note in result.notes),
        error=summarize_error(result.error) if result.error is not None else None,
        outputs=outputs,
        cards=tuple(_card(card) for card in result.cards),
        logs=tuple(_log(name, text) for name, text in printed if text),
        inputs=summarize_inputs(result.inputs),
    )


def summarize_inputs(inputs: StepInputs) -> InputsSummary:
    """Say what a step starts from.

    Parameters
    ----------
    inputs : StepInputs
        The inputs.

    Returns
    -------
    InputsSummary
        Texts only; it does not keep the inputs alive.
    """
    budget = Budget(seconds=0.3, size=50_000)
    names = list(inputs)
    rows = tuple(_input_row(inputs, name, budget) for name in names[:ROWS])
    value = "" if inputs.value is None else f", input = {line_of(inputs.value)}"
    return InputsSummary(
        flow=clean(inputs.flow),
        step=clean(inputs.step),
        why=sentence(inputs.why),
        origin=clean(inputs.origin or ""),
        split="" if inputs.index is None else f"index {inputs.index}{value}",
        tasks=tuple(clean(task) for task in inputs.tasks),
        rows=rows,
        more=len(names) - len(rows),
    )


def seconds_text(seconds: float) -> str:
    """Give a time for a human: ``0.4 ms``, ``12 ms``, ``3.2 s``, ``2 min 5 s``."""
    if seconds < 0.00095:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def sentence(text: str) -> str:
    """Give a text of ours or Metaflow's as one printable line."""
    return clip(clean(" ".join(str(text).split())), 1_000)


def _outputs(result: SpinResult) -> Outputs:
    budget = Budget(seconds=0.5, size=100_000)
    try:
        compared = {row.name: row for row in result.diff(budget=0.15)}
        trouble = ""
    except Exception as error:  # noqa: BLE001  (a comparison may not break a spin that went well)
        compared, trouble = {}, f"the comparison failed with {type(error).__name__}"
    names = [*result.artifacts, *(name for name in compared if name not in result.artifacts)]
    against = result.origin is not None
    same = [n for n in names if n in compared and compared[n].status == "same"]
    carried = [] if against else [n for n in names if n in result.inputs]
    passed = [n for n in carried if not result.artifacts.describe(n).live]
    lines = {*same, *passed}
    unknown = {name: _unknown(name, against or name in carried, trouble) for name in names}
    rest = [compared.get(name, unknown[name]) for name in names if name not in lines]
    rest.sort(key=lambda row: ORDER.index(row.status))
    rows = tuple(_output_row(result, row, budget) for row in rest[:ROWS])
    return Outputs(rows, tuple(map(clean, same)), tuple(map(clean, passed)), len(rest) - len(rows))


def _unknown(name: str, had_one: bool, trouble: str) -> DiffRow:  # noqa: FBT001
    # Without a past task, what the step did not find on self is new, and of the rest nothing is known.
    return DiffRow(name, "not compared", trouble) if had_one else DiffRow(name, "new")


def _output_row(result: SpinResult, row: DiffRow, budget: Budget) -> Row:
    if row.name not in result.artifacts:
        reason = row.reason or "in the past task, not set now"
        return Row(clean(row.name), row.status, "", "", "", "", clean(reason))
    change = None
    artifact = result.artifacts.describe(row.name)
    value = _value(artifact, budget)
    if row.status == "changed" and value is not _ABSENT and not budget.spent and _is_small(artifact, value):
        before = attempt(lambda: row.before, _ABSENT)
        change = change_of(before, value) if before is not _ABSENT else None
    return _row(artifact, value, budget, Row(row.name, row.status, "", "", "", "", row.reason, change))


def _input_row(inputs: StepInputs, name: str, budget: Budget) -> Row:
    artifact = inputs.describe(name)
    binding: Binding = "bound" if name in inputs.bound else "kept" if name in inputs.kept else ""
    binding = "on self" if name in inputs.waiting else binding
    base = Row(name, "", "", "", "", "", binding=binding)
    return _row(artifact, _value(artifact, budget), budget, base)


def _row(artifact: Artifact, value: Any, budget: Budget, base: Row) -> Row:
    if value is _ABSENT:
        size, shape, preview, detail = artifact.size, "", "not loaded for a preview", None
    else:
        size = artifact.size if artifact.size is not None else bytes_of(value)
        # The bytes of a number tell nobody anything.
        size = None if value is None or isinstance(value, (bool, int, float, complex)) else size
        shape, preview = shape_of(value), line_of(value)
        detail = None if budget.spent else detail_of(value)
    if detail and not budget.take(detail.size):
        detail = None
    return replace(
        base,
        name=clean(base.name),
        type_name=clip(clean(artifact.type_name), 60),
        shape=shape,
        size=size_text(size),
        preview=preview,
        reason=sentence(base.reason),
        detail=detail,
    )


def _value(artifact: Artifact, budget: Budget) -> Any:
    """Return the value where it is at hand or small, else `_ABSENT`."""
    if budget.spent:
        return _ABSENT
    if artifact.live or (artifact.size is not None and artifact.size <= LOADED_FOR_PREVIEW):
        return attempt(artifact.load, _ABSENT)
    return _ABSENT


def _is_small(artifact: Artifact, value: Any) -> bool:
    size = artifact.size if artifact.size is not None else bytes_of(value)
    return size is None or size <= LOADED_FOR_PREVIEW


def _compared(result: SpinResult, outputs: Outputs) -> str:
    led = f" `self.next` led to {', '.join(result.next)}." if result.next else ""
    if result.origin is not None:
        return sentence(f"Compared with {result.origin}.{led}")
    return sentence(f"No past task of this step to compare with.{led}" if outputs.rows else led)


def _card(card: Card) -> CardSummary:
    parts = [_component(c) for c in card.components[:12]]
    if len(card.components) > len(parts):
        parts.append(f"and {len(card.components) - len(parts)} more")
    return CardSummary(clean(card.type), clean(card.id or ""), size_text(len(card.html)), tuple(parts))


def _component(component: Any) -> str:
    """Name a component and give the beginning of the first text in it."""
    if not isinstance(component, dict):
        return line_of(component)
    texts = [component.get(key) for key in ("title", "label", "source", "text", "subtitle")]
    said = next((t for t in texts if isinstance(t, str) and t.strip()), "")
    kind = clean(str(component.get("type", "component")))
    columns = component.get("columns")
    if not said and isinstance(columns, list):
        said = ", ".join(str(c) for c in columns[:8])
    return clip(f"{kind}: {sentence(said)}", 80) if said else clip(kind, 80)


def _log(name: str, text: str) -> Log:
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in _ANSI.sub("", text).rstrip("\n").split("\n")]
    shown = "\n".join(lines[-LOG_LINES:])[-LOG_CHARACTERS:]
    # Counted in lines that are whole: the first one may have been cut.
    kept = shown.count("\n") + 1
    left = f"{len(lines) - kept:,} lines before these" if kept < len(lines) else ""
    if not left and len(shown) < len("\n".join(lines)):
        left = "the beginning of the line"
    return Log(name, clean(shown), len(lines), left)
