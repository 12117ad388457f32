"""What is known of each step of a flow: from its text, from a run, and from what was spun here."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spin_magic.engine.graph import StepNode, graph_of
from spin_magic.engine.metadata import RunInfo, TaskInfo
from spin_magic.errors import TaskError
from spin_magic.flows.load import FlowCode
from spin_magic.flows.reads import reads_and_sets
from spin_magic.loop import session
from spin_magic.loop.request import KEEP, Request
from spin_magic.loop.step_code import flow_set_up
from spin_magic.overview import FlowOverview, SpunStep, State, StepOverview
from spin_magic.runs.history import PARAMETERS, History, namespace_or_current, open_history
from spin_magic.settings import SpinMagic
from spin_magic.showing import Form


def flow_overview(request: Request, code: FlowCode) -> FlowOverview:
    """Say what is known of each step of a flow.

    Parameters
    ----------
    request : Request
        The flow, the run and the namespace; no step.
    code : FlowCode
        The flow.

    Raises
    ------
    SpinError
        The flow is faulty, or the run that was asked for is not there.
    """
    cls = flow_set_up(request, code).cls
    graph = graph_of(cls)
    history = open_history(code.cls.__name__, graph, Path.cwd(), code.path)
    run, why = _chosen_run(request, history)
    spun = session.of_flow(code)
    seen = _seen(spun)
    steps = {}
    for name, node in graph.nodes.items():
        tasks = history.metadata.tasks(run.id, name) if run else []
        steps[name] = _step(cls, node, tasks, seen.get(name))
    return FlowOverview(
        flow=history.flow,
        run=run.id if run else None,
        why=why,
        steps=steps,
        notes=tuple(_notes(history, run, spun)),
        render=_render,
    )


def _chosen_run(request: Request, history: History) -> tuple[RunInfo | None, str]:
    namespace = namespace_or_current(request.namespace, KEEP)
    if request.run is not None:
        run = history.run(request.run, namespace)
        return run, f"Run {run.id}, {history.state(run)}."
    try:
        run = next(history.runs(namespace))
    except TaskError as ex:
        return None, str(ex)
    return run, f"Run {run.id}, the latest, {history.state(run)}."


def _step(cls: Any, node: StepNode, tasks: list[TaskInfo], spun: SpunStep | None) -> StepOverview:
    reads, sets = reads_and_sets(cls, node.name)
    times = [max(0.0, task.ended - task.created) for task in tasks if task.ended and task.ok is not None]
    return StepOverview(
        name=node.name,
        type=node.type,
        next=node.next,
        depth=node.depth,
        over=node.over,
        cases=node.cases,
        decorators=node.decorators,
        doc=node.doc,
        reads=reads,
        sets=sets,
        state=_state(tasks),
        tasks=len(tasks),
        failed=sum(task.ok is False for task in tasks),
        running=sum(task.ok is None for task in tasks),
        seconds=sum(times),
        longest=max(times, default=0.0),
        spun=spun,
    )


def _state(tasks: Iterable[TaskInfo]) -> State:
    verdicts = {task.ok for task in tasks}
    if False in verdicts:
        return "failed"
    if None in verdicts:
        return "running"
    return "ok" if verdicts else "not reached"


def _seen(spun: dict[str, session.Spun]) -> dict[str, SpunStep]:
    """Say what came of each spun step, the latest first while there is time to compare them all."""
    deadline = time.perf_counter() + SpinMagic.instance().compare_seconds
    latest = sorted(spun.items(), key=lambda item: -item[1].when)
    return {name: _spun_step(each, deadline - time.perf_counter()) for name, each in latest}


def _spun_step(spun: session.Spun, budget: float) -> SpunStep:
    result = spun.result
    try:
        statuses = [row.status for row in result.diff(max(0.0, budget))]
    except TaskError:  # the run has been deleted since
        statuses = []
    words = ("changed", "new", "gone", "not compared")
    counts = tuple((statuses.count(word), word) for word in words if word in statuses)
    origin = result.origin if statuses else None
    return SpunStep(max(0.0, time.time() - spun.when), result.seconds, counts, origin, spun.on)


def _notes(history: History, run: RunInfo | None, spun: Iterable[str]) -> Iterable[str]:
    known = history.graph.nodes
    gone = [s for s in history.metadata.steps(run.id) if s not in known and s != PARAMETERS] if run else []
    if gone:
        yield f"The run has tasks of {_named(gone)}, which the flow no longer has."
    new = [step for step in spun if step not in known]
    if new:
        verbs = ("were", "are") if len(new) > 1 else ("was", "is")
        yield f"{_named(new)} {verbs[0]} spun here and {verbs[1]} not in the flow file."


def _named(steps: Iterable[str]) -> str:
    return ", ".join(f"`{step}`" for step in steps)


def _render(overview: FlowOverview, form: Form = "auto") -> dict[str, Any]:
    from spin_magic.report.graph import flow_mimebundle  # noqa: PLC0415 -- a script shows nothing

    return flow_mimebundle(overview, form)
