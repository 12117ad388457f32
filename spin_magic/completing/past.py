"""The past runs of the flow that a line names: from metadata alone, no artifact of a user's is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from spin_magic.completing.candidate import Asked
from spin_magic.completing.flows import flow_of
from spin_magic.runs.history import PARAMETERS, History, namespace_or_current
from spin_magic.runs.outlined import outlined_history
from spin_magic.runs.wanted import NoRun, Wanted, parse_step

if TYPE_CHECKING:
    from spin_magic.artifacts import Artifact
    from spin_magic.engine.metadata import RunInfo, TaskInfo
    from spin_magic.flows.locate import FlowRef
    from spin_magic.flows.outline import Outline


_KEEP = object()


def namespace_of(asked: Asked) -> str | None:
    """Give the namespace in which a line looks for runs; None for all."""
    return namespace_or_current(asked.options.get("namespace", _KEEP), _KEEP)


class Past:
    """The past runs of the flow that a line names."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.ref: FlowRef
        self.text: Outline
        self.ref, self.text = flow_of(asked)
        self.history: History = outlined_history(self.ref, self.text, asked.cwd)
        self.namespace = namespace_of(asked)
        self.wanted = parse_step(asked.step, self.ref.name) if asked.step else Wanted("")
        self.step = self.wanted.step

    def runs(self, text: str) -> Iterator[RunInfo]:
        """Go through the runs whose ids begin so, the newest first."""
        with suppress(NoRun):
            yield from (run for run in self.history.runs(self.namespace) if run.id.startswith(text))

    def run(self) -> RunInfo | None:
        """Find the run that the line takes: the one that it names, or the latest that feeds the step."""
        named = self.asked.options.get("run") or self.wanted.run
        if named and named != "spin":
            return self.history.metadata.run(named)
        near = [self.step, *self.parents()]
        return next((run for run in self.runs("") if any(self._reached(run, near))), None)

    def _reached(self, run: RunInfo, near: Iterable[str]) -> Iterator[bool]:
        return (self.history.reached(run.id, step) for step in near)

    def parents(self) -> list[str]:
        """List the steps that lead to the step, or are said to lead to it."""
        node = self.history.graph.nodes.get(self.step)
        if node is None:
            return self.asked.options.get("after", "").split(",")
        return [parent for parent in node.parents if parent != self.step]

    def feeding(self) -> list[TaskInfo]:
        """List the tasks of the run that lead to the step, those that ended well."""
        run = self.run()
        parents = self.parents() or [PARAMETERS]
        tasks = [task for parent in parents for task in self.history.tasks(run.id, parent)] if run else []
        return [task for task in tasks if task.ok or task.step == PARAMETERS]

    def artifacts(self, task: TaskInfo) -> list[Artifact]:
        """Describe what a task left, without loading it."""
        past = self.history.open(task)
        return [past.artifact(name) for name in past.objects if not name.startswith("_") and name != "name"]
