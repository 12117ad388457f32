"""What is said of inputs that were spun: which they are, where the others come from, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from spin_magic.engine.graph import StepNode
from spin_magic.engine.metadata import RunInfo, TaskInfo
from spin_magic.runs.choose import short

SHOWN = 6


def names_of(steps: Iterable[str]) -> str:
    """Name steps: `` `a` or `b` ``."""
    return " or ".join(f"`{step}`" for step in dict.fromkeys(steps))


def nothing_spun(step: str, parents: Iterable[str]) -> str:
    """Say that nothing can be taken from what was spun."""
    first = names_of(parents)
    if not first:
        return f"Nothing leads to `{step}`, as the steps stand that were spun here and the flow file."
    return f"No parent of `{step}` has been spun here yet: spin {first} first."


def which_words(index: int | None, count: int, value: Any) -> str:
    """Say which split of a foreach a task is."""
    of = f" of {count}" if count else ""
    return f"task {(index or 0) + 1}{of}, index {index}, input={short(value)}"


def mixed_words(tasks: Sequence[TaskInfo], run: RunInfo | None, which: str) -> str:
    """Say which inputs were spun here and which come from a run."""
    total = len(tasks)
    past = [task for task in tasks if run is not None and task.run == run.id]
    steps = " and ".join(f"`{step}`" for step in dict.fromkeys(task.step for task in tasks))
    rest = f"{len(past)} from run {run.id} ({_listed(tasks, past)}), " if past and run else ""
    inputs = "input" if total == 1 else "inputs"
    what = f"{total} {inputs} from {steps}{f' for {which}' if which else ''}"
    return f"{what}: {rest}{total - len(past)} spun here."


def older_words(older: Iterable[tuple[str, str]]) -> str:
    """Say which inputs stand on what has been spun again since."""
    said = (f" `{step}` was spun before `{below}` was spun last." for step, below in older)
    return "".join(said)


def _listed(tasks: Sequence[TaskInfo], some: Sequence[TaskInfo]) -> str:
    if len({task.step for task in tasks}) > 1:
        return ", ".join(dict.fromkeys(f"`{task.step}`" for task in some))
    indices = [str(task.path[-1][1]) for task in some if task.path]
    more = ", ..." if len(indices) > SHOWN else ""
    return f"split{'s' if len(indices) > 1 else ''} {', '.join(indices[:SHOWN])}{more}"


def missing_words(
    flow: str, node: StepNode, spots: Sequence[Sequence[tuple[str, Any]]], found: Sequence[object]
) -> str:
    """Say what is still to be spun before a step can be."""
    lacking = [spot for spot, each in zip(spots, found, strict=True) if each is None]
    if node.joins == "foreach":
        here, steps = len(spots) - len(lacking), names_of(step for spot in spots[:1] for step, _ in spot)
        command = f"`%spin {flow} {spots[0][0][0]} --all-splits --from spin`" if spots else "`--all-splits`"
        return (
            f"Only {here} of the {len(spots)} splits of {steps} have been spun here, and no run has the "
            f"rest: {command} spins them all."
        )
    steps = names_of(step for spot in lacking for step, _ in spot)
    verb = "have" if len(lacking) > 1 else "has"
    what = steps.replace(" or ", " and ") if node.type == "join" else steps
    return (
        f"{what}, which `{node.name}` needs, {verb} not been spun here, and no run fills in: spin it first."
    )
