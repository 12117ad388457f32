"""STEP as the user wrote it -> the past task of that very step, and which it is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from spin_magic.errors import TaskError
from spin_magic.runs.choose import refuse_branch_not_taken, task_by_id, which_task
from spin_magic.runs.history import History
from spin_magic.runs.splits import matcher, opener_of, split_of_new
from spin_magic.runs.wanted import Choice, Wanted, check_step

if TYPE_CHECKING:
    from spin_magic.engine.metadata import Frame, RunInfo, TaskInfo

EARLIER = 20


def choose_past(wanted: Wanted, history: History, place: Sequence[Frame] = ()) -> tuple[TaskInfo, str]:
    """Choose a task of the step itself: with no run given, in the latest that has one.

    Parameters
    ----------
    wanted : Wanted
        What was asked for.
    history : History
        The runs.
    place : sequence of (str, int), optional
        Where in the foreach to look first, where nothing says which task. Default: the first.

    Returns
    -------
    tuple of (TaskInfo, str)
        The task; which it is, and how its run ended, as the end of a sentence.

    Raises
    ------
    TaskError
        There is none: says what there is instead.
    """
    check_step(wanted, history)
    if wanted.run is not None:
        run = history.run(wanted.run, wanted.namespace)
        return _in_run(run, wanted, history, place, "")
    newest: RunInfo | None = None
    for run in history.runs(wanted.namespace):
        newest = newest or run
        if not history.reached(run.id, wanted.step):
            continue
        said = ", the latest" if run is newest else f", the latest that reached `{wanted.step}`"
        return _in_run(run, wanted, history, place, said)
    msg = f"No run of {history.flow} has reached `{wanted.step}` yet. Run the flow first."
    raise TaskError(msg)


def _in_run(
    run: RunInfo, wanted: Wanted, history: History, place: Sequence[Frame], said: str
) -> tuple[TaskInfo, str]:
    tasks = history.tasks(run.id, wanted.step)
    task = _selected(run, tasks, wanted, history, place)
    which = which_task(_choice(task, history), history)
    return task, f"{which}{', in ' if which else ''}run {run.id}{said}, {history.state(run)}"


def _selected(
    run: RunInfo, tasks: list[TaskInfo], wanted: Wanted, history: History, place: Sequence[Frame]
) -> TaskInfo:
    if wanted.task is not None:
        return task_by_id(wanted, tasks)
    if not tasks:
        refuse_branch_not_taken(run, wanted.step, history)
        raise _not_reached(run, wanted, history)
    if wanted.index is None and wanted.value is None:
        return history.at(run.id, wanted.step, tuple(place)) or tasks[0]
    if history.graph.nodes[wanted.step].depth == 0:
        option = "--index" if wanted.index is not None else "--value"
        msg = f"`{wanted.step}` is not inside a foreach: leave out {option}."
        raise TaskError(msg)
    found = next(filter(matcher(wanted, history), tasks), None)
    if found is not None:
        return found
    opener = opener_of(tasks[0], history)
    if opener is not None:
        split_of_new(wanted, opener, history)
    msg = f"Run {run.id} has not reached that task of `{wanted.step}`."
    raise TaskError(msg)


def _not_reached(run: RunInfo, wanted: Wanted, history: History) -> TaskError:
    other = next((r for r in history.metadata.runs() if history.reached(r.id, wanted.step)), None)
    hint = f" The latest run that did is {other.id}: use {other.id}/{wanted.step}." if other else ""
    return TaskError(f"Run {run.id}, {history.state(run)}, has not reached `{wanted.step}`.{hint}")


def _choice(task: TaskInfo, history: History) -> Choice:
    path = history.path(task)
    if not path or history.graph.nodes[task.step].depth == 0:
        return Choice(task.run, task, ())
    opener, index = opener_of(task, history), path[-1][1]
    value = history.item(opener, index) if opener else None
    return Choice(task.run, task, (), index, value=value)


def first_made(task: TaskInfo, history: History) -> TaskInfo:
    """Follow a task that a resumed run cloned to the one that did the work.

    Raises
    ------
    TaskError
        It is no longer there.
    """
    while task.origin is not None:
        run, task_id = task.origin
        found = next((t for t in history.metadata.tasks(run, task.step) if t.id == task_id), None)
        if found is None:
            msg = (
                f"{task.run}/{task.step}/{task.id} was resumed from {run}/{task.step}/{task_id}, which is no "
                "longer there."
            )
            raise TaskError(msg)
        task = found
    return task


def same_in_other_runs(task: TaskInfo, namespace: str | None, history: History) -> list[TaskInfo]:
    """List the tasks at the same place in the latest other runs that reached the step."""
    others = (run for run in history.runs(namespace) if run.id != task.run)
    reached = islice((run for run in others if history.reached(run.id, task.step)), EARLIER)
    found = (history.at(run.id, task.step, history.path(task)) for run in reached)
    return [each for each in found if each is not None]
