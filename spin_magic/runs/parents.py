"""Which tasks feed a task: Metaflow's rules of the graph, applied to the tasks that a run has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from spin_magic.errors import TaskError
from spin_magic.runs.history import PARAMETERS, History

if TYPE_CHECKING:
    from spin_magic.engine.graph import StepNode
    from spin_magic.engine.metadata import Frame, TaskInfo


Fits = Callable[["TaskInfo"], bool]


class NotYet(TaskError):  # noqa: N818 -- it tells a state, and the caller goes on to another run
    """A run has not got as far as needed; the message is the end of a sentence."""


def find_parents(task: TaskInfo, history: History) -> tuple[TaskInfo, ...]:
    """Find the tasks that fed a past task.

    Parameters
    ----------
    task : TaskInfo
        The past task.
    history : History
        The runs of its flow.

    Returns
    -------
    tuple of TaskInfo
        The inputs of a foreach join come in split order.

    Raises
    ------
    NotYet
        The run lacks one of them, for example because the graph has changed since.
    """
    node = history.graph.nodes[task.step]
    if node.recursive:
        round_ = history.iteration(task)
        if round_ > 0:
            return (_earlier_round(task, round_, history),)
    path = history.path(task)
    if node.foreach in node.parents:
        path = path[:-1]
    return _feeding(task.run, node, path, history)


def find_parents_of_new(
    run: str, step: str, history: History, fits: Fits, place: tuple[Frame, ...] | None = None
) -> tuple[TaskInfo, ...]:
    """Find the tasks that would feed a task of a step that a run has not reached.

    `fits` tells which of several parent tasks, inside a foreach, may be meant; the first of them is.
    `place` is that of the task itself, where it was asked for.
    """
    node = history.graph.nodes[step]
    if step == history.graph.start:
        return _parameters(run, history)
    for parent in node.parents:
        finished = [t for t in history.tasks(run, parent) if t.ok] if parent != step else []
        if place is not None:
            finished = [t for t in finished if _leads_to(history.path(t), place, node, parent)]
        elif node.joins is None and node.foreach not in (None, parent):
            finished = [t for t in finished if fits(t)]
        if finished:
            path = history.path(finished[0])
            return _feeding(run, node, path[:-1] if node.joins == "foreach" else path, history)
    raise NotYet(_how_far(run, node, history))


def _leads_to(path: tuple[Frame, ...], place: tuple[Frame, ...], node: StepNode, parent: str) -> bool:
    """Tell whether a parent's task at `path` feeds the task at `place`."""
    if node.joins == "foreach":
        return path[:-1] == place
    return path == (place[:-1] if node.foreach == parent else place)


def _parameters(run: str, history: History) -> tuple[TaskInfo, ...]:
    tasks = history.tasks(run, PARAMETERS)
    if not tasks:
        raise NotYet("no parameters were stored.")
    return (tasks[0],)


def _earlier_round(task: TaskInfo, round_: int, history: History) -> TaskInfo:
    path = history.path(task)
    others = [t for t in history.tasks(task.run, task.step) if t.ok and history.path(t) == path]
    history.open_all(others)
    for other in others:
        if history.iteration(other) == round_ - 1:
            return other
    raise NotYet(f"round {round_ - 1} of `{task.step}` is missing.")


def _feeding(run: str, node: StepNode, path: tuple[Frame, ...], history: History) -> tuple[TaskInfo, ...]:
    if node.name == history.graph.start:
        return _parameters(run, history)
    if node.joins == "foreach":
        return _splits(run, node, path, history)
    found: list[TaskInfo] = []
    for parent in node.parents:
        if parent == node.name:
            continue
        tasks = [t for t in history.tasks(run, parent) if t.ok and history.path(t) == path]
        if history.graph.nodes[parent].recursive:
            history.open_all(tasks)
            tasks = sorted(tasks, key=history.iteration)[-1:]
        found.extend(tasks[:1])
    if node.type == "join":
        return _branches(node, found, history)
    if not found:
        raise NotYet(_how_far(run, node, history))
    # After a switch several steps may lead here, of which the run took one.
    return (max(found, key=lambda t: t.created),)


def _branches(node: StepNode, found: list[TaskInfo], history: History) -> tuple[TaskInfo, ...]:
    needed = len(history.graph.nodes[str(node.joined)].next)
    if len(found) < needed:
        missing = ", ".join(f"`{p}`" for p in node.parents if p not in {t.step for t in found})
        msg = f"only {len(found)} of the {needed} branches of `{node.name}` finished; {missing} did not."
        raise NotYet(msg)
    return tuple(found)


def _splits(run: str, node: StepNode, path: tuple[Frame, ...], history: History) -> tuple[TaskInfo, ...]:
    found: dict[int, TaskInfo] = {}
    for parent in node.parents:
        for task in history.tasks(run, parent):
            inside = history.path(task)
            if task.ok and len(inside) == len(path) + 1 and inside[:-1] == path:
                found[inside[-1][1]] = task
    opener = history.at(run, str(node.joined), path)
    count = history.splits(opener)[0] if opener else 0
    if not found or len(found) < count:
        raise NotYet(
            f"only {len(found)} of the {count} splits that the join `{node.name}` needs have finished."
            if count
            else _how_far(run, node, history)
        )
    return tuple(found[index] for index in sorted(found))


def _how_far(run: str, node: StepNode, history: History) -> str:
    for parent in node.parents:
        tasks = history.tasks(run, parent)
        if any(task.ok is False for task in tasks):
            return f"`{parent}`, which leads to `{node.name}`, failed."
        if tasks:
            return f"`{parent}`, which leads to `{node.name}`, has not finished."
    failed = [
        step
        for step in history.metadata.steps(run)
        if step != PARAMETERS and any(task.ok is False for task in history.tasks(run, step))
    ]
    if failed:
        return f"`{failed[0]}` failed before `{node.name}` was reached."
    return f"`{node.name}` was not reached."
