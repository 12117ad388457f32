"""Past runs, their steps and tasks, and namespaces."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from spin_magic.completing.candidate import Asked, Candidate
from spin_magic.completing.flows import steps
from spin_magic.completing.past import Past, namespace_of
from spin_magic.runs.history import PARAMETERS, ago

if TYPE_CHECKING:
    from spin_magic.engine.metadata import RunInfo, TaskInfo

RUNS, IN_PATHSPEC = 100, 10
# How a run ended takes a look at its tasks: with a service, a request or two.
STATES = 0.1
_TAGS = ("user:", "production:")


def run_ids(asked: Asked) -> Iterator[Candidate]:
    """Offer runs, the newest first, with how they ended; ``spin`` where the option takes it."""
    if "`spin`" in asked.help:
        yield Candidate("spin", "what was last spun here")
    past = Past(asked)
    yield from _with_state(past, islice(past.runs(asked.text), RUNS))


def _with_state(past: Past, runs: Iterable[RunInfo]) -> Iterator[Candidate]:
    until = time.monotonic() + STATES
    for run in runs:
        in_time = time.monotonic() < until
        state = past.history.state(run) if in_time else f"begun {ago(run.created)}"
        yield Candidate(run.id, f"run {state}".replace("run which", "run that"))


def steps_and_pathspecs(asked: Asked) -> Iterator[Candidate]:
    """Offer what STEP may be: steps, ``RUN/``, ``RUN/step`` and ``RUN/step/TASK``."""
    if "/" not in asked.text:
        yield from steps(asked)
    past = Past(asked)
    head, parts = "", asked.text.split("/")
    if parts[0] == past.ref.name and len(parts) > 1:
        head, parts = f"{parts[0]}/", parts[1:]
    if len(parts) == 1:
        for run in _with_state(past, islice(past.runs(parts[0]), IN_PATHSPEC if not parts[0] else RUNS)):
            yield Candidate(f"{head}{run.text}/", run.help, whole=False)
    elif len(parts) == 2:
        yield from _steps_of_run(past, f"{head}{parts[0]}/", parts[0])
    else:
        yield from _tasks(past, f"{head}{parts[0]}/{parts[1]}/", *parts[:2])


def _steps_of_run(past: Past, head: str, run: str) -> Iterator[Candidate]:
    reached = past.history.metadata.steps(run) if run else []
    known = [*(step for step in past.text.in_order() if step in reached), *reached]
    for step in dict.fromkeys(known):
        if step != PARAMETERS:
            tasks = past.history.tasks(run, step)
            yield Candidate(f"{head}{step}", f"{len(tasks)} tasks" if len(tasks) > 1 else _ended(tasks[0]))


def _ended(task: TaskInfo) -> str:
    if task.ok is None:
        return f"begun {ago(task.created)}, not finished"
    return f"{'finished' if task.ok else 'failed'} {ago(task.ended or task.created)}"


def _tasks(past: Past, head: str, run: str, step: str) -> Iterator[Candidate]:
    tasks = past.history.tasks(run, step)
    node = past.history.graph.nodes.get(step)
    values = _values(past, run, str(node.foreach)) if node and node.foreach else []
    for task in tasks:
        index = past.history.path(task)[-1][1] if past.history.path(task) else None
        place = [] if index is None else [_split(index, values)]
        yield Candidate(f"{head}{task.id}", ", ".join([*place, _ended(task)]))


def _split(index: int, values: list[str]) -> str:
    return f"index {index}, input={values[index]}" if index < len(values) else f"index {index}"


def _values(past: Past, run: str, opener: str) -> list[str]:
    """Give the values of a foreach as Metaflow notes them: texts, not the user's objects."""
    tasks = [task for task in past.history.tasks(run, opener) if task.ok]
    return past.history.splits(tasks[0])[1] if tasks else []


def namespaces(asked: Asked) -> Iterator[Candidate]:
    """Offer namespaces: all, one's own, and those of the latest runs."""
    yield Candidate("", "all namespaces")
    own = namespace_of(replace(asked, options={}))
    if own:
        yield Candidate(own, "the current one")
    past = Past(asked)
    tags = (tag for run in islice(past.history.metadata.runs(), RUNS) for tag in sorted(run.tags))
    for tag in dict.fromkeys(tag for tag in tags if tag.startswith(_TAGS) and tag != own):
        yield Candidate(tag, "of past runs")
