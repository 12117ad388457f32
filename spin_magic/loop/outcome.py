"""What came of a spin, as a result for the user: artifacts, comparison, notes."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from spin_magic.artifacts import Artifacts
from spin_magic.engine.past import OF_EVERY_TASK
from spin_magic.engine.persist import persist
from spin_magic.engine.task import Outcome
from spin_magic.errors import SpinError, TaskError
from spin_magic.loop.difference import compare
from spin_magic.loop.elsewhere import against, others, overview, source
from spin_magic.loop.notes import notes_on
from spin_magic.loop.past_cards import render_card
from spin_magic.loop.plan import Plan
from spin_magic.printable import said_by
from spin_magic.result import SpinResult
from spin_magic.showing import Form


def build_result(
    plan: Plan,
    outcome: Outcome,
    local_names: dict[str, Any],
    begun: float,
    notes: list[str] | None = None,
) -> SpinResult:
    """Make the result of a spin.

    Parameters
    ----------
    plan : Plan
        What was to be done.
    outcome : Outcome
        What the engine did.
    local_names : dict
        The body's local variables.
    begun : float
        When the spin began, by `time.perf_counter`.
    notes : list of str, optional
        What was noted where it ran. Default: what there is to note here.
    """
    error = own_error(plan, outcome)
    output = outcome.output
    names = sorted(name for name in output.names() if not name.startswith("_"))
    entries = {name: output.artifact(name) for name in names}
    transition = outcome.transition
    result = SpinResult(
        flow=plan.history.flow,
        step=plan.step,
        ok=error is None,
        error=error,
        seconds=outcome.seconds,
        overhead=0.0,
        artifacts=Artifacts(entries),
        inputs=plan.step_inputs(outcome.flow, outcome.inputs),
        origin=plan.origin,
        stdout=outcome.logs.stdout.text,
        stderr=outcome.logs.stderr.text,
        cards=[replace(card, render=render_card) for card in outcome.cards],
        locals=local_names,
        self=outcome.flow,
        next=tuple(transition[0]) if transition else None,
        notes=[],
        compare=lambda budget: compare(plan, plan.choice.origin, output, entries, budget),
        compare_with=lambda result, task: against(result, task, plan, output, entries),
        others=lambda: others(plan),
        overview=lambda: overview(plan),
        source=lambda step: source(plan, step),
        render=lambda result, form="auto": _render(plan, result, form),
    )
    result.notes.extend(notes_on(plan, outcome, result) if notes is None else notes)
    result.overhead = time.perf_counter() - begun - outcome.seconds
    return result


def persist_result(plan: Plan, outcome: Outcome, result: SpinResult) -> None:
    """Keep a result in ``.metaflow_spin``, and say where, or why not: the result itself is there."""
    flow = plan.history.flow
    try:
        result.persisted, problems = persist(flow, plan.step, plan.code.label, outcome)
    except OSError as ex:
        result.notes.append(f"--persist could not keep the results of `{plan.step}`: {ex}")
        return
    result.notes += [f"`{name}` was not kept: it cannot be stored ({why})." for name, why in problems.items()]
    result.inputs.why += f' The results are kept as {result.persisted}: `inspect_spin(".")` finds them.'


def _render(plan: Plan, result: SpinResult, form: Form = "auto") -> dict[str, Any]:
    from spin_magic.report import mimebundle  # noqa: PLC0415 -- a spin in a script shows nothing

    # Once around the panel, and not around each artifact that it looks at.
    with plan.code.active():
        return mimebundle(result, form)


def own_error(plan: Plan, outcome: Outcome) -> BaseException | None:
    """Give what went wrong: the step's own exception, or one sentence where it did not even start."""
    error = outcome.error
    if not isinstance(error, Exception) or isinstance(error, SpinError):
        return error
    if not outcome.started:
        text = " ".join(said_by(_message(error)).split())
        lacking = [name for name in OF_EVERY_TASK if f"'{name}'" in text]
        if lacking and isinstance(error, KeyError | AttributeError):
            text = f"its inputs lack {lacking[0]!r}, so that run is damaged: choose another with --from."
        made = TaskError(f"Step `{plan.step}` cannot start: {text or type(error).__name__}")
        made.__cause__ = error
        return made
    if not outcome.isolated and error.__traceback__ is None:
        # No line of the user's is in it.
        text = " ".join(said_by(_message(error)).split())
        made = TaskError(
            f"Step `{plan.step}` ran, and Metaflow failed after it: {type(error).__name__}: {text}"
        )
        made.__cause__ = error
        return made
    return error


def _message(error: Exception) -> object:
    try:
        return getattr(error, "message", None) or error
    except Exception:  # noqa: BLE001 -- a class of the user's
        return error
