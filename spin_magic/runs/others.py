"""The other past tasks of a step: the splits of its run, and other runs that reached it."""

from __future__ import annotations

from itertools import islice

from spin_magic.result import OtherTask
from spin_magic.runs.history import History
from spin_magic.runs.splits import opener_of

SPLITS, RUNS = 200, 20
SHORT = 40


def other_tasks(
    run: str, step: str, index: int | None, namespace: str | None, history: History
) -> list[OtherTask]:
    """List past tasks of a step, those of one run first, then one of each other run.

    Parameters
    ----------
    run, step : str
        The run whose splits come first, and the step.
    index : int or None
        Split index of the task to name of the other runs.
    namespace : str or None
        Where to look for runs.
    history : History
        The runs.
    """
    splits = [task for task in history.tasks(run, step) if history.path(task)][:SPLITS]
    opener = opener_of(splits[0], history) if splits else None
    found = []
    for task in splits:
        place = history.path(task)[-1][1]
        value = repr(history.item(opener, place)) if opener else ""
        label = f"index {place}, input={value[:SHORT]}" if value else f"index {place}"
        found.append(OtherTask(f"{run}/{step}/{task.id}", label, "split"))
    reached = (each for each in history.runs(namespace) if history.reached(each.id, step))
    for each in islice(reached, RUNS):
        tasks = history.tasks(each.id, step)
        same = (
            task
            for task in tasks
            if index is None or (history.path(task)[-1:] and history.path(task)[-1][1] == index)
        )
        task = next(same, tasks[0])
        found.append(OtherTask(f"{each.id}/{step}/{task.id}", f"run {each.id}, {history.state(each)}", "run"))
    return found
