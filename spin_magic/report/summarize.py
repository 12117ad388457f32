"""SpinResult and StepInputs -> plain data for a panel. No markup, and nothing loaded that is large."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import Any

from spin_magic.artifacts import Artifact, StepInputs
from spin_magic.report.blocks import Change, Detail, Difference
from spin_magic.report.changes import difference_of
from spin_magic.report.changes.look import ASK
from spin_magic.report.changes.pictures import is_picture
from spin_magic.report.detail import detail_of
from spin_magic.report.failure import summarize_error
from spin_magic.report.guard import Budget, attempt
from spin_magic.report.model import (
    Binding,
    InputsSummary,
    Outputs,
    PanelSummary,
    Row,
)
from spin_magic.report.preview import (
    bytes_of,
    clean,
    clip,
    line_of,
    name_of,
    sentence,
    shape_of,
    size_text,
)
from spin_magic.report.streams import summarize_cards, summarize_log
from spin_magic.result import DiffRow, SpinResult
from spin_magic.settings import SpinMagic

LOADED_FOR_PREVIEW = 1_000_000
# Above it, `diff` within its budget compares nothing either.
LOADED_FOR_COMPARISON = 32_000_000
LEAST, NO_TIME = 0.03, 0.001
DETAILS, DETAILS_LEAST = 20_000, 7_000
ORDER = ("changed", "new", "gone", "not compared", "same")
_ABSENT = object()


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
    return PanelSummary(
        flow=clean(result.flow),
        step=clean(result.step),
        ok=result.ok,
        seconds=seconds_text(result.seconds),
        overhead=seconds_text(result.overhead),
        counts=outputs.counts,
        why=sentence(result.inputs.why),
        compared=_compared(result, outputs),
        notes=tuple(sentence(note) for note in result.notes),
        error=summarize_error(result.error) if result.error is not None else None,
        outputs=outputs,
        cards=summarize_cards(result.cards),
        logs=tuple(summarize_log(name, text) for name, text in printed if text),
        # Below what the step made, they are less to the point.
        inputs=_inputs(result.inputs, _budget(4_000), SpinMagic.instance().panel_rows // 4),
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
    return _inputs(inputs, _budget(DETAILS), SpinMagic.instance().panel_rows)


def _budget(details: int) -> Budget:
    settings = SpinMagic.instance()
    room = (details,) if settings.embed_details else (0, 0)
    return Budget(settings.preview_seconds, *room)


def _inputs(inputs: StepInputs, budget: Budget, most: int) -> InputsSummary:
    names = list(inputs)
    rows = tuple(_input_row(inputs, name, budget) for name in names[:most])
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


def _outputs(result: SpinResult) -> Outputs:
    began, settings = time.monotonic(), SpinMagic.instance()
    try:
        compared = {row.name: row for row in result.diff(budget=settings.compare_seconds)}
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
    # Many rows leave less room for what they open to.
    budget = _budget(max(DETAILS - 200 * len(rest), DETAILS_LEAST))
    comparing = Budget(max(settings.compare_seconds - (time.monotonic() - began), LEAST), 0)
    rows = tuple(_output_row(result, row, budget, comparing) for row in rest[: settings.panel_rows])
    statuses = Counter(row.status for row in rest) + Counter(same=len(same))
    counts = tuple((statuses[status], status) for status in ORDER if statuses[status])
    more = len(rest) - len(rows)
    return Outputs(rows, tuple(map(name_of, same)), tuple(map(name_of, passed)), more, counts)


def _unknown(name: str, had_one: bool, trouble: str) -> DiffRow:  # noqa: FBT001
    # Without a past task, what the step did not find on self is new, and of the rest nothing is known.
    return DiffRow(name, "not compared", trouble) if had_one else DiffRow(name, "new")


def _output_row(result: SpinResult, row: DiffRow, budget: Budget, comparing: Budget) -> Row:
    if row.name not in result.artifacts:
        reason = row.reason or "in the past task, not set now"
        return Row(name_of(row.name), row.status, "", "", "", "", sentence(reason))
    began = time.monotonic()
    artifact = result.artifacts.describe(row.name)
    value = _value(artifact, budget)
    found = Difference()
    if row.status == "changed" and value is not _ABSENT and SpinMagic.instance().previews:
        found = _difference(row, artifact, value, budget.grace if is_picture(value) else comparing.left)
    base = Row(row.name, row.status, "", "", "", "", row.reason, found.line)
    made = _row(artifact, value, budget, base, found.detail)
    if is_picture(value):
        budget.forgive(time.monotonic() - began)
        comparing.forgive(time.monotonic() - began)
    return made


def _difference(row: DiffRow, artifact: Artifact, value: Any, seconds: float) -> Difference:
    if not _is_small(artifact, value):
        return Difference(Change(note=f"too large to look into: {ASK}"))
    if seconds <= NO_TIME:
        return Difference(Change(note=f"no time was left to look into it: {ASK}"))
    before = attempt(lambda: row.before, _ABSENT)
    found = None if before is _ABSENT else difference_of(before, value, clean(row.name), seconds)
    if found is None or found.line is None:
        return Difference(Change(note=f"cannot be told how: {ASK}"))
    # Where the line says it all, there is nothing to open.
    return Difference(found.line, found.detail or Detail(()))


def _input_row(inputs: StepInputs, name: str, budget: Budget) -> Row:
    artifact = inputs.describe(name)
    binding: Binding = "bound" if name in inputs.bound else "kept" if name in inputs.kept else ""
    binding = "on self" if name in inputs.waiting else binding
    base = Row(name, "", "", "", "", "", binding=binding)
    return _row(artifact, _value(artifact, budget), budget, base)


def _row(artifact: Artifact, value: Any, budget: Budget, base: Row, detail: Detail | None = None) -> Row:
    previews = SpinMagic.instance().previews
    if value is _ABSENT:
        why = "no time was left for a preview" if artifact.live else "not loaded for a preview"
        size, shape, preview = artifact.size, "", why if previews else ""
    else:
        size = artifact.size if artifact.size is not None else bytes_of(value)
        # The bytes of a number tell nobody anything.
        size = None if value is None or issubclass(type(value), (int, float, complex)) else size
        shape, preview = shape_of(value), line_of(value) if previews else ""
        detail = detail_of(value) if previews and detail is None and not budget.spent else detail
    if detail and not (detail.blocks and budget.take(detail.size, detail.pictures_size)):
        detail = None
    return replace(
        base,
        name=name_of(base.name),
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
    loaded = SpinMagic.instance().previews and artifact.size is not None
    if artifact.live or (loaded and (artifact.size or 0) <= LOADED_FOR_PREVIEW):
        return attempt(artifact.load, _ABSENT)
    return _ABSENT


def _is_small(artifact: Artifact, value: Any) -> bool:
    size = artifact.size if artifact.size is not None else bytes_of(value)
    return size is None or size <= LOADED_FOR_COMPARISON


def _compared(result: SpinResult, outputs: Outputs) -> str:
    led = f" `self.next` led to {', '.join(result.next)}." if result.next else ""
    if result.origin is not None:
        return sentence(f"Compared with {result.origin}.{led}")
    return sentence(f"No past task of this step to compare with.{led}" if outputs.rows else led)
