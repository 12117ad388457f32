"""What stands in for Metaflow's datastore during a spin: inputs to read from, and outputs kept in memory."""

from __future__ import annotations

import contextlib
import functools
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from metaflow.datastore.task_datastore import TaskDataStore

from spin_magic.engine.pickling import copied, store_form
from spin_magic.engine.reader import describe
from spin_magic.result import Artifact


class Source(Protocol):
    """Where inputs come from: a past task, or a step that was spun."""

    pathspec: str
    objects: dict[str, str]
    details: dict[str, dict[str, Any]]

    def __contains__(self, name: str) -> bool: ...
    def __getitem__(self, name: str) -> Any: ...
    def artifact(self, name: str) -> Artifact: ...


class InputStore:
    """One input of a step, in the shape that Metaflow's task code reads.

    Parameters
    ----------
    source : Source
        The parent task.
    overrides : mapping of str to object
        Values that stand in for, or add to, the source's.
    around : callable
        Gives a context in which the flow's own classes can be unpickled.
    missing : mapping of str to exception
        What to raise when a name is read that no source can have.

    Attributes
    ----------
    loaded : dict of str to object
        What the step has read so far: the very objects that it was given.
    """

    def __init__(
        self,
        source: Source,
        overrides: Mapping[str, Any],
        around: Callable[[], Any] = contextlib.nullcontext,
        missing: Mapping[str, Exception] | None = None,
    ) -> None:
        self.source = source
        self.loaded: dict[str, Any] = {}
        self._around = around
        self._overrides = dict(overrides)
        self._missing = dict(missing or {})
        self._objects = {**source.objects, **{name: f"override {name} {id(self)}" for name in overrides}}
        live = {name: {"type": str(type(value)), "encoding": "live"} for name, value in overrides.items()}
        self._info = {**source.details, **live}

    def __contains__(self, name: str) -> bool:
        return name in self._objects or name in self._missing

    def __getitem__(self, name: str) -> Any:
        if name in self._missing:
            raise self._missing[name]
        with self._around():
            value = copied(self._overrides[name]) if name in self._overrides else self.source[name]
        self.loaded[name] = value
        return value

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self._objects else default

    def is_none(self, name: str) -> bool:
        return self.get(name) is None

    def items(self) -> Iterable[tuple[str, str]]:
        return self._objects.items()

    def artifact(self, name: str) -> Artifact:
        """Describe an artifact without loading it."""
        if name in self._overrides:
            return live_artifact(name, self._overrides[name])
        known = self.source.artifact(name)
        return Artifact(name, known.type_name, known.size, functools.partial(self._load, name))

    def _load(self, name: str) -> Any:
        with self._around():
            return self.source.artifact(name).load()


def live_artifact(name: str, value: Any) -> Artifact:
    """Describe an object of this process."""
    return Artifact(name, type(value).__name__, None, lambda: value, live=True)


class OutputStore(TaskDataStore):  # type: ignore[misc]
    """Keeps what a step leaves behind, as live objects, and writes nothing.

    Which names those are is decided by `TaskDataStore.persist`, as in a run.
    """

    def __init__(self, flow_datastore: Any, run_id: str, step: str, task: str) -> None:
        super().__init__(flow_datastore, run_id, step, task, attempt=0, mode="w")
        self.live: dict[str, Any] = {}
        self._origins: dict[str, InputStore] = {}

    def init_task(self) -> None:
        pass

    def save_metadata(self, *args: Any, **kwargs: Any) -> None:
        pass

    def done(self) -> None:
        pass

    def transfer_artifacts(self, *args: Any, **kwargs: Any) -> None:
        pass

    def passdown_partial(self, origin: InputStore, variables: Iterable[str]) -> None:
        names = [name for name in variables if name in origin._objects]
        super().passdown_partial(origin, names)
        self._origins.update(dict.fromkeys(names, origin))

    def load_artifacts(self, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
        for name in names:
            yield name, self._origins[name][name]

    def save_artifacts(self, artifacts_iter: Iterable[tuple[str, Any]], len_hint: int = 0) -> None:
        del len_hint
        self.live.update(artifacts_iter)

    def persist(self, flow: Any) -> None:
        super().persist(flow)
        if isinstance(flow._datastore, InputStore):
            inherited = dict.fromkeys(flow._datastore._objects, flow._datastore)
            self._origins = {**inherited, **self._origins}
        # Metaflow takes the artifacts off the flow to free memory; here people look at it afterwards.
        for name, value in self.live.items():
            if name != "name" and not name.startswith("_"):
                setattr(flow, name, value)

    def artifact(self, name: str) -> Artifact:
        """Describe an artifact that the step hands on."""
        if name in self.live:
            return live_artifact(name, self.live[name])
        return self._origins[name].artifact(name)

    def names(self) -> list[str]:
        """List what the step hands on, private names too."""
        return list(dict.fromkeys([*self._origins, *self.live]))

    def foreach_path(self) -> tuple[tuple[str, int], ...]:
        """Give the step and split index of each foreach around the task, outermost first."""
        return tuple((frame.step, frame.index) for frame in self.live.get("_foreach_stack") or ())

    def key(self, name: str) -> str | None:
        """Give the SHA under which a handed-down artifact is stored; None for a live one."""
        return None if name in self.live else self._objects.get(name)


class SpunTask:
    """The outputs of a step that was spun in this process, as inputs for the next.

    Each value is pickled when it is first asked for and unpickled for each reader, as a run would.
    """

    def __init__(self, pathspec: str, output: OutputStore, around: Callable[[], Any]) -> None:
        self.pathspec = pathspec
        self._output = output
        self._around = around
        self._blobs: dict[str, bytes] = {}
        self.objects: dict[str, str] = {}
        self.details: dict[str, dict[str, Any]] = {}
        with around():
            for name in output.names():
                self._take(name)

    def _take(self, name: str) -> None:
        if name in self._output.live:
            sha, detail, blob = store_form(name, self._output.live[name])
            self._blobs[name] = blob
        else:
            sha, detail = self._output._objects[name], self._output._info[name]
        self.objects[name], self.details[name] = sha, detail

    def __contains__(self, name: str) -> bool:
        return name in self.objects

    def get(self, name: str, default: Any = None) -> Any:
        """Give an output, or a default where there is none of that name."""
        return self[name] if name in self.objects else default

    def __getitem__(self, name: str) -> Any:
        if name in self._blobs:
            return pickle.loads(self._blobs[name])  # noqa: S301 -- pickled above, in this process
        return self._output._origins[name][name]

    def artifact(self, name: str) -> Artifact:
        """Describe an artifact without loading it."""
        return describe(name, self.details[name], self)
