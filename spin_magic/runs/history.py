"""The past runs of a flow: which there are, how they ended, and where the foreach tasks stand."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spin_magic.engine.metadata import Metadata, RunInfo, TaskInfo, current_namespace
from spin_magic.engine.reader import PastTask, Reader
from spin_magic.errors import TaskError
from spin_magic.runs.wanted import NoRun
from spin_magic.settings import SpinMagic

if TYPE_CHECKING:
    from pathlib import Path

    from spin_magic.engine.graph import Graph
    from spin_magic.engine.metadata import Frame

PARAMETERS = "_parameters"
SMALL_BYTES = 2**20


class History:
    """Past runs of a flow, seen through its graph as it stands now.

    Parameters
    ----------
    flow : str
        Name of the flow.
    graph : Graph
        Its graph.
    metadata : Metadata
        Where its runs are listed.
    reader : Reader
        Opens its tasks.
    """

    def __init__(self, flow: str, graph: Graph, metadata: Metadata, reader: Reader) -> None:
        self.flow = flow
        self.graph = graph
        self.metadata = metadata
        self._reader = reader
        self._tasks: dict[tuple[str, str], list[TaskInfo]] = {}
        self._places: dict[tuple[str, str], dict[tuple[Frame, ...], TaskInfo]] = {}

    def open(self, task: TaskInfo) -> PastTask:
        """Open the artifacts of a task."""
        return self._reader.open(task)

    def open_all(self, tasks: Sequence[TaskInfo]) -> list[PastTask]:
        """Open the artifacts of several tasks at once."""
        return self._reader.open_all(tasks)

    def datastore(self, task: TaskInfo) -> Any:
        """Open the datastore that holds a task."""
        return self._reader.datastore(task)

    def reached(self, run: str, step: str) -> bool:
        """Tell whether a run has a task of a step."""
        known = self._tasks.get((run, step))
        return self.metadata.reached(run, step) if known is None else bool(known)

    def tasks(self, run: str, step: str) -> list[TaskInfo]:
        """List the tasks of a step by their place in the foreach, then in the order they began."""
        if (run, step) not in self._tasks:
            if not any(run == known for known, _ in self._tasks):
                self.metadata.settle(run, self.graph.end)
            found = self._placed(step, self.metadata.tasks(run, step))
            self._tasks[run, step] = sorted(found, key=lambda task: [index for _, index in task.path or ()])
        return self._tasks[run, step]

    def _placed(self, step: str, tasks: list[TaskInfo]) -> list[TaskInfo]:
        """Fill in where tasks stand in the foreach, for those whose metadata does not say."""
        node = self.graph.nodes.get(step)
        if node is None or node.depth == 0:
            return tasks
        # A resumed run's clones lack this metadata; the artifact has it.
        self.open_all([task for task in tasks if task.path is None])
        return [task if task.path is not None else self._with_path(task) for task in tasks]

    def _with_path(self, task: TaskInfo) -> TaskInfo:
        stack = self.open(task).get("_foreach_stack", [])
        return replace(task, path=tuple((frame.step, frame.index) for frame in stack))

    def path(self, task: TaskInfo) -> tuple[Frame, ...]:
        """Give the foreach frames around a task, outermost first."""
        return task.path or ()

    def at(self, run: str, step: str, path: tuple[Frame, ...]) -> TaskInfo | None:
        """Find the first task of a step at a place in the foreach."""
        if (run, step) not in self._places:
            places = self._places[run, step] = {}
            for task in self.tasks(run, step):
                places.setdefault(self.path(task), task)
        return self._places[run, step].get(path)

    def iteration(self, task: TaskInfo) -> int:
        """Give the place of a recursive step's task in its loop, from 0."""
        past = self.open(task)
        if past.get("_iteration_stack"):
            return int(past["_iteration_stack"][-1])
        rounds = [t for t in self.tasks(task.run, task.step) if self.path(t) == self.path(task)]
        return sorted(rounds, key=lambda t: t.created).index(task)

    def splits(self, opener: TaskInfo) -> tuple[int, list[str]]:
        """Give the number of splits that a foreach task opened, and their values as Metaflow notes them."""
        past = self.open(opener)
        count = past.get("_foreach_num_splits", 0)
        values = past.get("_foreach_values")
        return int(count or 0), list(values or [])

    def listed(self, opener: TaskInfo) -> Any:
        """Give the list that a foreach task split over, where it is small and can be loaded; else None."""
        past = self.open(opener)
        variable = past.get("_foreach_var")
        size = past.details.get(variable, {}).get("size") if variable else None
        if not variable or size is None or size > SMALL_BYTES:
            return None
        try:
            return past[variable]
        except (TypeError, LookupError, AttributeError, ImportError):
            return None

    def item(self, opener: TaskInfo, index: int) -> Any:
        """Give the foreach value at an index: the item where the list is small, else what Metaflow notes."""
        try:
            return self.listed(opener)[index]
        except (TypeError, LookupError, AttributeError):
            values = self.splits(opener)[1]
            return values[index] if index < len(values) else None

    def runs(self, namespace: str | None) -> Iterator[RunInfo]:
        """Go through the runs in a namespace, the newest first; None for all of them.

        Raises
        ------
        NoRun
            There are none: says where others are, or how to make one.
        """
        found = False
        for run in self.metadata.runs():
            if namespace is None or namespace in run.tags:
                found = True
                yield run
        if not found:
            raise self._none_in(namespace)

    def _none_in(self, namespace: str | None) -> NoRun:
        others = {tag for run in self.metadata.runs() for tag in _owners(run)}
        if next(self.metadata.runs(), None) is None:
            where = self.metadata.places
            return NoRun(f"{self.flow} has no run in {where}. Make one first: `python <flow file> run`.")
        where = f"in {', '.join(sorted(others))}" if others else "without any owner's tag"
        return NoRun(
            f"{self.flow} has no run in namespace {namespace!r}; there are some {where}. "
            'Choose one with --namespace, or --namespace "" for all.'
        )

    def run(self, run_id: str, namespace: str | None) -> RunInfo:
        """Find a run by its id."""
        found = self.metadata.run(run_id)
        if found is None:
            known = ", ".join(run.id for run in itertools.islice(self.metadata.runs(), 5)) or "none"
            msg = f"{self.flow} has no run {run_id!r}. The latest are: {known}."
            raise TaskError(msg)
        if namespace is not None and namespace not in found.tags:
            owners = ", ".join(sorted(_owners(found)))
            msg = f'Run {run_id} is not in namespace {namespace!r} but in {owners}: add --namespace "".'
            raise TaskError(msg)
        return found

    def state(self, run: RunInfo) -> str:
        """Say how a run ended, as the end of a sentence."""
        ends = self.tasks(run.id, self.graph.end)
        if ends and ends[-1].ok:
            return f"finished {ago(ends[-1].ended or ends[-1].created)}"
        for step in self.metadata.steps(run.id):
            if step != PARAMETERS and any(task.ok is False for task in self.tasks(run.id, step)):
                return f"which failed in `{step}`"
        return f"begun {ago(run.created)} and not finished: still going, or killed"


def _owners(run: RunInfo) -> list[str]:
    return [tag for tag in run.tags if tag.startswith(("user:", "production:"))]


def namespace_or_current(namespace: Any, keep: object) -> str | None:
    """Give the namespace to look in: the user's own choice where none was asked for; None for all."""
    if namespace is not keep:
        return namespace or None
    chosen = SpinMagic.instance().namespace
    if chosen == "*":
        return None
    return chosen or current_namespace()


def ago(when: float) -> str:
    """Say how long ago a time was, in words."""
    seconds = max(0, time.time() - when)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count = int(seconds // size)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def open_history(flow: str, graph: Graph, cwd: Path, flow_file: Path | None) -> History:
    """Find the runs of a flow from the working directory, or else from the flow file."""
    metadata = Metadata(flow, cwd, flow_file)
    return History(flow, graph, metadata, _reader(metadata.key, metadata.root))


@functools.lru_cache(maxsize=8)
def _reader(key: tuple[str, str], root: Path | None) -> Reader:
    flow, _ = key
    return Reader(flow, root)
