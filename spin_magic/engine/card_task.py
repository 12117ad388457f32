"""What a card class sees in place of the Client's `Task`: the spun step, with the Client's attributes."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from metaflow.metaflow_current import current
from metaflow.metaflow_version import get_version
from metaflow.util import get_username

from spin_magic.artifacts import Artifact
from spin_magic.engine.pickling import look_at_pickle

if TYPE_CHECKING:
    from spin_magic.engine.stores import OutputStore
    from spin_magic.engine.task import Job


class Source(Protocol):
    """Where artifacts are."""

    def artifact(self, name: str) -> Artifact: ...


class FlowSource:
    """The values that a flow object has while its step is running."""

    def __init__(self, flow: Any) -> None:
        self._flow = flow

    def artifact(self, name: str) -> Artifact:
        value = getattr(self._flow, name)
        return Artifact(name, type(value).__name__, None, lambda: value, live=True)


class ArtifactView:
    """Stands for a ``DataArtifact``."""

    def __init__(self, name: str, output: Source) -> None:
        self.id = name
        self._output = output

    @property
    def data(self) -> Any:
        return self._output.artifact(self.id).load()

    @property
    def size(self) -> int:
        known = self._output.artifact(self.id)
        size = look_at_pickle(known.load())[0] if known.live else known.size
        return size or 0


class Artifacts:
    """Iterates over artifacts and gives them by name, as ``Task`` does."""

    def __init__(self, names: list[str], output: Source) -> None:
        self._views = {name: ArtifactView(name, output) for name in sorted(names)}

    def __iter__(self) -> Iterator[ArtifactView]:
        return iter(self._views.values())

    def __getitem__(self, name: str) -> ArtifactView:
        return self._views[name]

    def __contains__(self, name: str) -> bool:
        return name in self._views

    @property
    def artifacts(self) -> SimpleNamespace:
        return SimpleNamespace(**self._views)

    @property
    def data(self) -> Any:
        return _Data(self._views)


class _Data:
    """Stands for ``MetaflowData``: values as attributes, loaded when they are read."""

    def __init__(self, views: dict[str, ArtifactView]) -> None:
        self._views = views

    def __getattr__(self, name: str) -> Any:
        try:
            return self._views[name].data
        except KeyError:
            raise AttributeError(name) from None

    def __contains__(self, name: str) -> bool:
        return name in self._views

    def __dir__(self) -> list[str]:
        return list(self._views)


class TaskView(Artifacts):
    """Stands for a ``Task`` of this spin, finished or not.

    Parameters
    ----------
    step : str
        Name of its step.
    names : list of str
        Its artifacts.
    source : OutputStore or FlowSource
        Where they are.
    begun : datetime
        When it was created.
    """

    def __init__(self, step: str, names: list[str], source: Source, begun: datetime) -> None:
        super().__init__(names, source)
        self.id = current.task_id
        self.pathspec = f"{current.flow_name}/{current.run_id}/{step}/{self.id}"
        self.created_at = begun
        self.finished_at: datetime | None = None
        self.current_attempt = 0
        self.finished = self.successful = False
        self.exception = None
        self.index: int | None = None
        self.stdout = self.stderr = ""
        self.metadata_dict: dict[str, str] = {"attempt": "0"}
        self.origin_pathspec = None
        self.system_tags = self.tags = _tags()
        self.user_tags: frozenset[str] = frozenset()
        self.parent = SimpleNamespace(id=step, task=self, parent=None)

    def finish(self) -> None:
        """Say that the task is done, and well."""
        self.finished_at = datetime.now()  # noqa: DTZ005 -- the Client's times are naive and local
        self.finished = self.successful = True
        self.metadata_dict["attempt_ok"] = "True"


def _tags() -> frozenset[str]:
    return frozenset(
        {
            f"metaflow_version:{get_version()}",
            f"python_version:{platform.python_version()}",
            "runtime:dev",
            f"user:{get_username()}",
        }
    )


class RunView:
    """Stands for the ``Run`` of the tasks: the spun step, and the parameters."""

    def __init__(self, *tasks: TaskView) -> None:
        self.id = current.run_id
        self.pathspec = f"{current.flow_name}/{current.run_id}"
        self.created_at = tasks[0].created_at
        self.tags = self.system_tags = tasks[0].tags
        self.user_tags: frozenset[str] = frozenset()
        self._steps = {task.parent.id: task.parent for task in tasks}
        for task in tasks:
            task.parent.parent = self

    def part(self) -> None:
        """Cut the circle of run, step and task: else the artifacts wait for the garbage collector."""
        for step in self._steps.values():
            step.task = step.parent = None

    def __getitem__(self, step: str) -> Any:
        return self._steps[step]

    def __contains__(self, step: str) -> bool:
        return step in self._steps


def task_view(flow: Any, output: OutputStore, job: Job, begun: datetime) -> TaskView:
    """Make what a card is rendered from, once the step is done.

    Parameters
    ----------
    flow : FlowSpec
        The flow as the step left it.
    output : OutputStore
        What the step hands on.
    job : Job
        The spin.
    begun : datetime
        When the step began.
    """
    public = [name for name in output.names() if not name.startswith("_")]
    fixed = [name for name in public if isinstance(getattr(type(flow), name, None), property)]
    task = TaskView(job.step, public, output, begun)
    task.stdout, task.stderr = job.logs.stdout.text, job.logs.stderr.text
    task.index = flow.index
    parameters = TaskView("_parameters", [*fixed, "name"], output, begun)
    for each in (task, parameters):
        each.finish()
    RunView(task, parameters)
    return task


def running_view(flow: Any, step: str, begun: datetime) -> TaskView:
    """Make what a card is rendered from while the step is running: it has parameters, and no artifacts yet.

    Parameters
    ----------
    flow : FlowSpec
        The flow.
    step : str
        Name of the step.
    begun : datetime
        When the step began.
    """
    source = FlowSource(flow)
    made = vars(type(flow)).items()
    fixed = [name for name, kept in made if isinstance(kept, property) and not name.startswith("_")]
    task = TaskView(step, [], source, begun)
    parameters = TaskView("_parameters", [*fixed, "name"], source, begun)
    parameters.finish()
    RunView(task, parameters)
    return task
