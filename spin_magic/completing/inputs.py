"""The splits of a foreach, and the inputs and outputs of a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from spin_magic.completing.candidate import Asked, Candidate
from spin_magic.completing.flows import spun_steps
from spin_magic.completing.past import Past

if TYPE_CHECKING:
    from spin_magic.engine.metadata import TaskInfo


def indices(asked: Asked) -> Iterator[Candidate]:
    """Offer the split indices of the foreach around the step, with their values."""
    for index, value in enumerate(_splits(asked)):
        yield Candidate(str(index), f"input={value}" if value else "a task of the foreach")


def foreach_values(asked: Asked) -> Iterator[Candidate]:
    """Offer the values of the foreach around the step."""
    for index, value in enumerate(_splits(asked)):
        if value:
            yield Candidate(value, f"index {index}")


def _splits(asked: Asked) -> list[str]:
    past = Past(asked)
    node = past.history.graph.nodes.get(past.step)
    run = past.run() if node and node.foreach else None
    if run is None or node is None:
        return []
    tasks = [task for task in past.history.tasks(run.id, str(node.foreach)) if task.ok]
    if not tasks:
        return []
    count, values = past.history.splits(tasks[0])
    return [*values, *[""] * (count - len(values))]


def inputs(asked: Asked) -> Iterator[Candidate]:
    """Offer the artifacts that the step starts from, and the parameters."""
    past = Past(asked)
    node = past.history.graph.nodes.get(past.step)
    if node is None or node.joins is None:
        yield from _outputs(past, past.feeding()[:1])
        for step in past.parents():
            yield from _spun(past, step)
    for name, said in past.text.parameters.items():
        yield Candidate(name.replace("-", "_"), said or "a parameter of the flow")


def outputs(asked: Asked) -> Iterator[Candidate]:
    """Offer the artifacts that the step left in the run, and in this kernel."""
    past = Past(asked)
    run = past.run()
    tasks = [task for task in past.history.tasks(run.id, past.step) if task.ok] if run else []
    yield from _outputs(past, tasks[:1])
    yield from _spun(past, past.step)


def assignments(asked: Asked) -> Iterator[Candidate]:
    """Offer the inputs as ``NAME=``; of a join as ``STEP.NAME=`` and ``[I].NAME=``."""
    branch, dot, _ = asked.text.rpartition(".")
    past = Past(asked)
    node = past.history.graph.nodes.get(past.step)
    if node is not None and node.joins is not None:
        yield from _of_branch(past, branch) if dot else _branches(past)
    if not dot:
        for each in inputs(asked):
            yield Candidate(f"{each.text}=", each.help, whole=False)


def _branches(past: Past) -> Iterator[Candidate]:
    tasks = past.feeding()
    for step in dict.fromkeys([*past.parents(), *(task.step for task in tasks)]):
        yield Candidate(f"{step}.", "every input from this step", whole=False)
    for index, task in enumerate(tasks):
        yield Candidate(f"[{index}].", f"input from {task.step}/{task.id}", whole=False)


def _of_branch(past: Past, branch: str) -> Iterator[Candidate]:
    tasks = past.feeding()
    if branch.startswith("["):
        index = branch.strip("[]")
        tasks = tasks[int(index) :] if index.isdecimal() else []
    else:
        tasks = [task for task in tasks if task.step == branch]
    spun = [] if branch.startswith("[") else _spun(past, branch)
    for each in (*_outputs(past, tasks[:1]), *spun):
        yield Candidate(f"{branch}.{each.text}=", each.help, whole=False)


def _outputs(past: Past, tasks: Iterable[TaskInfo]) -> Iterator[Candidate]:
    for task in tasks:
        for artifact in past.artifacts(task):
            yield Candidate(artifact.name, artifact.type_name)


def _spun(past: Past, step: str) -> Iterator[Candidate]:
    spun = spun_steps(past.ref).get(step)
    for name in spun.result.artifacts if spun else ():
        yield Candidate(name, f"spun in {step}")
