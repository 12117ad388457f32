"""A result beside the rest of its flow: the other past tasks of its step, and the other steps."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
from collections.abc import Mapping
from pathlib import Path

from spin_magic.artifacts import Artifact
from spin_magic.engine.prepare import step_function
from spin_magic.engine.state import preserved
from spin_magic.engine.stores import OutputStore
from spin_magic.errors import FlowError, TaskError
from spin_magic.loop.chain import SPIN
from spin_magic.loop.difference import compare
from spin_magic.loop.overview import flow_overview
from spin_magic.loop.plan import Plan
from spin_magic.loop.request import wanted
from spin_magic.overview import FlowOverview
from spin_magic.result import OtherTask, SpinResult
from spin_magic.runs.choose import choose
from spin_magic.runs.history import History, open_history
from spin_magic.runs.others import other_tasks
from spin_magic.runs.wanted import parse_step


def others(plan: Plan) -> list[OtherTask]:
    """List the past tasks of the step, as they are now."""
    namespace = wanted(plan.request, plan.history.flow).namespace
    if next(plan.history.metadata.runs(), None) is None:
        return []
    return other_tasks(plan.choice.run, plan.step, plan.choice.index, namespace, _now(plan))


def against(
    result: SpinResult, task: str, plan: Plan, output: OutputStore, entries: Mapping[str, Artifact]
) -> SpinResult:
    """Give a result compared with another past task.

    Raises
    ------
    TaskError
        There is no such task.
    """
    index = None if parse_step(task, plan.history.flow).task else plan.choice.index
    request = dataclasses.replace(plan.request, step=task, run=None, source="run", index=index, value=None)
    asked = wanted(request, plan.history.flow)
    if asked.step != plan.step:
        msg = f"{task} is no task of `{plan.step}`."
        raise TaskError(msg)
    origin = choose(asked, _now(plan)).origin
    if origin is None:
        msg = f"There is no past task {task} to compare with."
        raise TaskError(msg)
    return dataclasses.replace(
        result,
        origin=f"{plan.history.flow}/{origin.run}/{origin.step}/{origin.id}",
        compare=lambda budget: compare(plan, origin, output, entries, budget),
    )


def overview(plan: Plan) -> FlowOverview:
    """Say of each step of the flow what became of it, in the run that the inputs came from and here."""
    run = plan.choice.run if plan.choice.run != SPIN else None
    request = dataclasses.replace(plan.request, run=run, namespace=None)
    with preserved(), plan.code.active():
        return flow_overview(request, plan.code)


def source(plan: Plan, step: str) -> str:
    """Give a step of the flow as the file has it, decorators and all.

    Raises
    ------
    FlowError
        The flow has no such step, or its text is not to be had.
    """
    function = step_function(getattr(plan.code.cls, step, None))
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (TypeError, OSError) as ex:
        msg = f"The text of step {step!r} is not to be had."
        raise FlowError(msg) from ex


def _now(plan: Plan) -> History:
    # Runs may have come and gone since the spin.
    return open_history(plan.history.flow, plan.history.graph, Path.cwd(), plan.code.path)
