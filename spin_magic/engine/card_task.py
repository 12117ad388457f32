"""What a card class sees in place of the Client's `Task`: the spun step, with the Client's attributes."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from metaflow.metaflow_current import current
from metaflow.metaflow_version import get_version
from metaflow.util import get_username

from spin_magic.engine.pickling import look_at_pickle

if TYPE_CHECKING:
    from spin_magic.engine.stores import OutputStore
    from spin_magic.engine.task import Job


class ArtifactView:
    """Stands for a ``DataArtifact``."""

    def __init__(self, name: str, output: OutputStore) -> None:
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

    def __init__(self, names: list[str], output: OutputStore) -> None:
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
    """Stands for a ``Task`` of this spin.

    Parameters
    ----------
    step : str
        Name of its step.
    names : list of str
        Its artifacts.
    output : OutputStore
        Where they are.
    stdout, stderr : str
        Its logs.
    """

    def __init__(
        self, step: str, names: list[str], output: OutputStore, stdout: str = "", stderr: str = ""
    ) -> None:
        super().__init__(names, output)
        self.id = current.task_id
        self.pathspec = f"{current.flow_name}/{current.run_id}/{step}/{self.id}"
        self.finished_at = datetime.now()  # noqa: DTZ005 -- the Client's times are naive and local
        self.created_at = self.finished_at - timedelta(milliseconds=1)
        self.current_attempt = 0
        self.finished = self.successful = True
        self.exception = None
        self.index: int | None = None
        self.stdout, self.stderr = stdout, stderr
        self.metadata_dict: dict[str, str] = {"attempt": "0", "attempt_ok": "True"}
        self.origin_pathspec = None
        self.system_tags = self.tags = _tags()
        self.user_tags: frozenset[str] = frozenset()
        self.parent = SimpleNamespace(id=step, task=self, parent=None)


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


def task_view(flow: Any, output: OutputStore, job: Job) -> TaskView:
    """Make what a card is rendered from.

    Parameters
    ----------
    flow : FlowSpec
        The flow as the step left it.
    output : OutputStore
        What the step hands on.
    job : Job
        The spin.
    """
    public = [name for name in output.names() if not name.startswith("_")]
    fixed = [name for name in public if isinstance(getattr(type(flow), name, None), property)]
    task = TaskView(job.step, public, output, job.logs.stdout.text, job.logs.stderr.text)
    task.index = flow.index
    RunView(task, TaskView("_parameters", [*fixed, "name"], output))
    return task
