"""What stands in for Metaflow's datastore during a spin: inputs to read from, and outputs kept in memory."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from metaflow.datastore.task_datastore import TaskDataStore

from spin_magic.artifacts import Artifact
from spin_magic.engine.pickling import copied, look_at_pickle
from spin_magic.engine.reader import as_client
from spin_magic.interrupts import patient

if TYPE_CHECKING:
    from spin_magic.cache import Untouched
    from spin_magic.engine.ahead import Ahead
    from spin_magic.engine.foresight import Foresight


class Source(Protocol):
    """Where inputs come from: a past task, or a step that was spun."""

    pathspec: str
    objects: dict[str, str]
    details: dict[str, dict[str, Any]]

    def __contains__(self, name: str) -> bool: ...
    def __getitem__(self, name: str) -> Any: ...
    def fetch(self, name: str, ahead: Ahead | None = None) -> tuple[Any, Untouched | None]: ...
    def stored(self, names: Iterable[str]) -> list[Any]: ...
    def artifact(self, name: str) -> Artifact: ...


@dataclass(frozen=True)
class Loaded:
    """An input that the step has read: the very object that it was given."""

    value: Any
    source: Untouched | None

    def untouched(self) -> bool | None:
        """Say whether it is as it was loaded; None where that cannot be told cheaply."""
        return self.source.untouched(self.value) if self.source else None


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
    watched : bool
        True while the step runs: only then what it reads is remembered.
    loaded : dict of str to Loaded
        What the step has read so far.
    foresight : Foresight or None
        What fetches the other inputs meanwhile.
    """

    def __init__(
        self,
        source: Source,
        overrides: Mapping[str, Any],
        around: Callable[[], Any] = contextlib.nullcontext,
        missing: Mapping[str, Exception] | None = None,
    ) -> None:
        self.source = source
        self.watched = False
        self.loaded: dict[str, Loaded] = {}
        self.foresight: Foresight | None = None
        self._around = around
        self._overrides = dict(overrides)
        self._missing = dict(missing or {})
        self._objects = {**source.objects, **{name: f"override {name} {id(self)}" for name in overrides}}
        live = {
            name: {"type": str(type(value)), "size": look_at_pickle(value)[0], "encoding": "live"}
            for name, value in overrides.items()
        }
        self._info = {**source.details, **live}

    def __contains__(self, name: str) -> bool:
        return name in self._objects or name in self._missing

    def __getitem__(self, name: str) -> Any:
        if name in self._missing:
            raise self._missing[name]
        with patient(), self._around():
            if name in self._overrides:
                loaded = Loaded(copied(self._overrides[name]), None)
            else:
                loaded = Loaded(*self._fetch(name))
        if self.watched:
            self.loaded[name] = loaded
        return loaded.value

    def _fetch(self, name: str) -> tuple[Any, Untouched | None]:
        if self.foresight is None:
            return self.source.fetch(name)
        self.foresight.begin(name)
        return self.source.fetch(name, self.foresight.ahead)

    def handed_on(self, name: str) -> Handed:
        """Describe an artifact for a step that hands it on as it is."""
        return Handed(self._objects[name], self._info.get(name, {}).get("size"))

    def is_stored(self, name: str) -> bool:
        """Tell whether an artifact is in a datastore, and is no value that stands in for one."""
        return name not in self._overrides and bool(self.source.stored([name]))

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
        with patient(), self._around():
            return as_client(name, self._fetch(name)[0])


def live_artifact(name: str, value: Any) -> Artifact:
    """Describe an object of this process."""
    return Artifact(name, type(value).__name__, None, lambda: value, live=True)


@dataclass(frozen=True)
class Handed:
    """An input that a step hands on as it came: its SHA, and its size in bytes where that is known."""

    sha: str
    size: int | None


class OutputStore(TaskDataStore):  # type: ignore[misc]
    """Keeps what a step leaves behind, as live objects, and writes nothing.

    Which names those are is decided by `TaskDataStore.persist`, as in a run.

    Attributes
    ----------
    live : dict of str to object
        What the step set or read, by name.
    unchanged : dict of str to Handed
        Those of them that are inputs as they came.
    mutated : dict of str to Artifact
        Those of them that are inputs which no longer pickle as they did, each as it came.
    """

    def __init__(self, flow_datastore: Any, run_id: str, step: str, task: str) -> None:
        super().__init__(flow_datastore, run_id, step, task, attempt=0, mode="w")
        self.live: dict[str, Any] = {}
        self._origins: dict[str, InputStore] = {}
        self.unchanged: dict[str, Handed] = {}
        self.mutated: dict[str, Artifact] = {}
        self._looks: dict[str, tuple[int | None, str]] = {}

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

    def settle(self, inputs: Iterable[InputStore]) -> None:
        """Find out which of the live objects are inputs, and whether the step has changed them."""
        came = {
            id(loaded.value): (store, name, loaded)
            for store in inputs
            for name, loaded in store.loaded.items()
        }
        for name, value in self.live.items():
            if name.startswith("_") or name == "name" or id(value) not in came:
                continue
            store, known_as, loaded = came[id(value)]
            verdict = loaded.untouched()
            if verdict:
                self.unchanged[name] = store.handed_on(known_as)
            elif verdict is False:
                self.mutated[name] = store.artifact(known_as)

    def look(self, name: str) -> tuple[int | None, str]:
        """Give the size of a live object's pickle, or why it has none; see `look_at_pickle`."""
        if name in self.unchanged:
            return self.unchanged[name].size, ""
        if name not in self._looks:
            self._looks[name] = look_at_pickle(self.live[name])
        return self._looks[name]

    def artifact(self, name: str) -> Artifact:
        """Describe an artifact that the step hands on."""
        if name in self.live:
            value = self.live[name]
            return Artifact(name, type(value).__name__, self.look(name)[0], lambda: value, live=True)
        return self._origins[name].artifact(name)

    def names(self) -> list[str]:
        """List what the step hands on, private names too."""
        return list(dict.fromkeys([*self._origins, *self.live]))

    def foreach_path(self) -> tuple[tuple[str, int], ...]:
        """Give the step and split index of each foreach around the task, outermost first."""
        return tuple((frame.step, frame.index) for frame in self.live.get("_foreach_stack") or ())

    def known(self, name: str) -> Any:
        """Give what the step set or read; None where it did neither."""
        return self.live.get(name)

    def key(self, name: str) -> str | None:
        """Give the SHA under which an artifact that came as an input is stored; None for any other."""
        if name in self.unchanged:
            return self.unchanged[name].sha
        return None if name in self.live else self._objects.get(name)
