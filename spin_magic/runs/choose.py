"""STEP as the user wrote it -> the task whose inputs it means, its parents, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spin_magic.errors import TaskError
from spin_magic.runs.history import PARAMETERS, History
from spin_magic.runs.parents import NotYet, find_parents, find_parents_of_new
from spin_magic.runs.splits import matcher, opener_of, split_of_new
from spin_magic.runs.wanted import Choice, NoRun, Wanted, check_step

if TYPE_CHECKING:
    from spin_magic.engine.metadata import RunInfo, TaskInfo


def choose(wanted: Wanted, history: History) -> Choice:
    """Choose the task whose inputs to take.

    With no run given, the newest run that can feed the step is taken: one that reached it before
    one that only reached its parents.

    Raises
    ------
    TaskError
        Says what is missing, and what there is instead.
    """
    check_step(wanted, history)
    if wanted.run is not None:
        run = history.run(wanted.run, wanted.namespace)
        try:
            choice = _from_run(run, wanted, history, explicit=True)
        except NotYet as ex:
            raise _cannot_feed(run, wanted, history, str(ex)) from None
        return _said(choice, history, f"run {run.id}, {history.state(run)}")
    return _from_preferred(wanted, history) or _from_newest(wanted, history)


def _from_preferred(wanted: Wanted, history: History) -> Choice | None:
    run = history.metadata.run(wanted.preferred) if wanted.preferred else None
    if run is None or (wanted.namespace is not None and wanted.namespace not in run.tags):
        return None
    try:
        choice = _from_run(run, wanted, history, explicit=False)
    except NotYet:
        return None
    return _said(choice, history, f"run {run.id}, which this kernel ran last, {history.state(run)}")


def _from_newest(wanted: Wanted, history: History) -> Choice:
    newest: RunInfo | None = None
    reason = ""
    new: tuple[Choice, RunInfo] | None = None
    for run in history.runs(wanted.namespace):
        newest = newest or run
        # Most of what is asked below is in vain where a run has not come near the step.
        if run is not newest and not _came_near(run, wanted.step, history, only_step=new is not None):
            continue
        try:
            choice = _from_run(run, wanted, history, explicit=False)
        except NotYet as ex:
            reason = str(ex) if run is newest else reason
            continue
        if choice.origin is not None or run is newest:
            return _explain_latest(choice, run, newest, reason, history)
        new = new or (choice, run)
    if new is not None and newest is not None:
        return _explain_latest(*new, newest, reason, history)
    where = newest.id if newest else ""
    msg = f"No run of {history.flow} can feed `{wanted.step}`: in run {where}, {reason}"
    raise NoRun(msg)


def _came_near(run: RunInfo, step: str, history: History, *, only_step: bool) -> bool:
    """Tell whether a run has a task of a step, or of one that leads to it."""
    if only_step:
        return history.reached(run.id, step)
    parents = history.graph.nodes[step].parents
    return any(history.reached(run.id, near) for near in (step, *(parents or (PARAMETERS,))))


def _cannot_feed(run: RunInfo, wanted: Wanted, history: History, reason: str) -> TaskError:
    others = (r for r in history.metadata.runs() if r.id != run.id and history.reached(r.id, wanted.step))
    other = next(others, None)
    hint = f" The latest run that reached it is {other.id}: use {other.id}/{wanted.step}." if other else ""
    return TaskError(f"Run {run.id} cannot feed `{wanted.step}`: {reason}{hint}")


def _explain_latest(choice: Choice, run: RunInfo, newest: RunInfo, reason: str, history: History) -> Choice:
    state = history.state(run)
    if run is newest:
        source = f"run {run.id}, the latest, {state}"
    else:
        because = f" (in run {newest.id}, the latest, {reason.rstrip('.')})" if reason else ""
        reached = "reached it" if choice.origin else "reached its parents"
        source = f"run {run.id}, the latest that {reached}, {state}{because}"
    return _said(choice, history, source)


def _said(choice: Choice, history: History, source: str) -> Choice:
    """Put the choice into a sentence."""
    which = which_task(choice, history)
    where = f"{which}, in {source}" if which else source
    if choice.origin is not None:
        return replace(choice, which=which, why=f"Inputs of {where}.")
    steps = " and ".join(f"`{step}`" for step in dict.fromkeys(task.step for task in choice.parents))
    shown = "the parameters" if steps == f"`{PARAMETERS}`" else f"the outputs of {steps}"
    why = f"No task of this step is there yet: its inputs are {shown}, {'' if which else 'in '}{where}."
    return replace(choice, which=which, why=why)


def which_task(choice: Choice, history: History) -> str:
    """Say which task of a foreach was chosen; nothing outside of one."""
    if choice.index is None:
        return ""
    count, place = _place(choice, history)
    return f"task {place} of {count}, index {choice.index}, input={short(choice.value)}"


def _place(choice: Choice, history: History) -> tuple[int, int]:
    if choice.origin is not None:
        tasks = history.tasks(choice.run, choice.origin.step)
        return len(tasks), tasks.index(choice.origin) + 1
    opener = choice.parents[0] if choice.split_index is not None else opener_of(choice.parents[0], history)
    count = history.splits(opener)[0] if opener else 1
    return count, (choice.index or 0) + 1


def short(value: Any) -> str:
    """Give a value's repr, cut where it is long."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 -- the user's own __repr__
        return f"<{type(value).__name__}>"
    return text if len(text) <= 40 else text[:37] + "..."


def _from_run(run: RunInfo, wanted: Wanted, history: History, *, explicit: bool) -> Choice:
    step = wanted.step
    tasks = history.tasks(run.id, step)
    if wanted.task is not None:
        return _with_parents(task_by_id(wanted, tasks), history)
    if not tasks and explicit:
        refuse_branch_not_taken(run, step, history)
    if not tasks:
        return _new(run, wanted, history)
    if not wanted.selected:
        return _with_parents(tasks[0], history)
    if history.graph.nodes[step].depth == 0:
        option = "--index" if wanted.index is not None else "--value"
        msg = f"`{step}` is not inside a foreach: leave out {option}."
        raise TaskError(msg)
    for task in filter(matcher(wanted, history), tasks):
        return _with_parents(task, history)
    opener = opener_of(tasks[0], history)
    if opener is not None:
        split_of_new(wanted, opener, history)
    return _new(run, wanted, history)


def task_by_id(wanted: Wanted, tasks: list[TaskInfo]) -> TaskInfo:
    """Find the task that was asked for by its id."""
    found = next((task for task in tasks if task.id == wanted.task), None)
    if found is None:
        known = ", ".join(task.id for task in tasks[:12]) or "none"
        msg = f"Run {wanted.run} has no task {wanted.task!r} of `{wanted.step}`; there are: {known}."
        raise TaskError(msg)
    return found


def refuse_branch_not_taken(run: RunInfo, step: str, history: History) -> None:
    """Say so where a switch led elsewhere than to a step."""
    for parent in history.graph.nodes[step].parents:
        node = history.graph.nodes[parent]
        if node.type != "split-switch" or not any(task.ok for task in history.tasks(run.id, parent)):
            continue
        taken = [other for other in node.next if history.tasks(run.id, other) and other != parent]
        if taken:
            msg = (
                f"In run {run.id} the switch in `{parent}` led to {', '.join(f'`{t}`' for t in taken)}, not "
                f"to `{step}`. Choose a run that took this branch, or leave the run out."
            )
            raise TaskError(msg)


def _with_parents(task: TaskInfo, history: History) -> Choice:
    parents = find_parents(task, history)
    path = history.path(task)
    if not path or history.graph.nodes[task.step].depth == 0:
        return Choice(task.run, task, parents)
    index = path[-1][1]
    opener = opener_of(task, history)
    value = history.item(opener, index) if opener else None
    node = history.graph.nodes[task.step]
    split = index if node.foreach in node.parents else None
    return Choice(task.run, task, parents, index, split, value)


def _new(run: RunInfo, wanted: Wanted, history: History) -> Choice:
    """Choose for a step that a run has not reached."""
    selected = wanted.selected
    fits = matcher(wanted, history) if selected else lambda _: True
    parents = find_parents_of_new(run.id, wanted.step, history, fits, wanted.place)
    node = history.graph.nodes[wanted.step]
    if node.foreach is not None and node.foreach in node.parents:
        opener = parents[0]
        index = split_of_new(wanted, opener, history)
        return Choice(run.id, None, parents, index, index, history.item(opener, index))
    path = history.path(parents[0]) if node.depth else ()
    if selected and not path:
        msg = f"No task of `{wanted.step}` in run {run.id} has that index or value."
        raise TaskError(msg)
    if not path:
        return Choice(run.id, None, parents)
    opened = opener_of(parents[0], history)
    index = path[-1][1]
    return Choice(run.id, None, parents, index, None, history.item(opened, index) if opened else None)
