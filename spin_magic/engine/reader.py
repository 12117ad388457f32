"""Artifacts of past tasks, read through Metaflow's own datastore, each time as fresh objects."""

from __future__ import annotations

import errno
import os
import pickle
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaflow.datastore.exceptions import DataException
from metaflow.includefile import IncludedFile

from spin_magic.artifacts import Artifact
from spin_magic.engine import artifacts
from spin_magic.engine.bulk import Place, local_store, other_stores
from spin_magic.engine.past import TaskInfo
from spin_magic.engine.storage import is_near, open_datastore
from spin_magic.errors import TaskError

if TYPE_CHECKING:
    from metaflow.datastore.flow_datastore import FlowDataStore
    from metaflow.datastore.task_datastore import TaskDataStore

    from spin_magic.cache import Untouched
    from spin_magic.engine.ahead import Ahead
    from spin_magic.kept import Look

OPENED = 16384
# What is there, and cannot be read now.
REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ESTALE})


class PastTask:
    """The artifacts of one past task.

    Attributes
    ----------
    pathspec : str
        ``FLOW/RUN/STEP/TASK``.
    """

    def __init__(self, flow: str, info: TaskInfo, store: TaskDataStore | None) -> None:
        self.pathspec = f"{flow}/{info.run}/{info.step}/{info.id}"
        self.info = info
        self._store = store
        self.objects: dict[str, str] = store._objects if store else {}
        self.details: dict[str, dict[str, Any]] = store._info if store else {}

    def __contains__(self, name: str) -> bool:
        return name in self.objects

    def __getitem__(self, name: str) -> Any:
        return self.fetch(name)[0]

    def fetch(self, name: str, ahead: Ahead | None = None) -> tuple[Any, Untouched | None]:
        """Load an artifact, and give along what can tell later whether it was changed in place.

        Parameters
        ----------
        name : str
            Its name.
        ahead : Ahead, optional
            Where its bytes may be on their way already.

        Raises
        ------
        KeyError
            The task has none of that name.
        TaskError
            It cannot be read.
        Exception
            Whatever unpickling it raises.
        """
        if self._store is None or name not in self.objects:
            raise KeyError(name)
        try:
            return artifacts.fetch(self._store, name, ahead)
        except (DataException, OSError, TypeError, EOFError, pickle.UnpicklingError) as ex:
            wrong = "" if getattr(ex, "errno", None) in REFUSED else artifacts.trouble(self._store, name)
            if not wrong and isinstance(ex, EOFError | pickle.UnpicklingError):
                raise
            what = f"{wrong}: choose another run with --from." if wrong else _unread(ex)
            msg = f"Artifact {name!r} of {self.pathspec} {what}"
            raise TaskError(msg) from ex

    def stored(self, names: Iterable[str]) -> list[tuple[TaskDataStore, str]]:
        """Say where artifacts are stored, for `Ahead`; names that the task lacks are left out."""
        return [(self._store, name) for name in names if self._store and name in self.objects]

    def get(self, name: str, default: Any = None) -> Any:
        """Give an artifact, or a default where the task has none of that name."""
        return self[name] if name in self.objects else default

    def artifact(self, name: str) -> Artifact:
        """Describe an artifact without loading it."""
        return describe(name, self.details.get(name, {}), self)


def _unread(ex: Exception) -> str:
    if isinstance(ex, OSError) and ex.strerror and ex.filename:
        return f"cannot be read: {ex.filename}: {ex.strerror}. Mend that, or choose another run with --from."
    said = " ".join(str(ex).split()).rstrip(".")
    return f"cannot be read from the datastore: {said}. Choose another run with --from."


def describe(name: str, detail: dict[str, Any], source: Any) -> Artifact:
    """Make an `Artifact` of what Metaflow's datastore keeps beside the pickle."""
    full = str(detail.get("type", "")).removeprefix("<class '").removesuffix("'>")
    type_name = full.rpartition(".")[2] or "object"
    return Artifact(name, type_name, detail.get("size"), lambda: as_client(name, source[name]))


def as_client(name: str, value: Any) -> Any:
    """Give what the Client gives for an artifact: of an included file the content."""
    # client/core.py:DataArtifact.data
    return value.decode(name) if isinstance(value, IncludedFile) else value


class Reader:
    """Opens past tasks of one flow.

    Parameters
    ----------
    flow : str
        Name of the flow.
    root : Path or None
        The ``.metaflow`` folder that lists its runs; None where a service does.
    """

    def __init__(self, flow: str, root: Path | None) -> None:
        self.flow = flow
        self._root = root
        self._opened: OrderedDict[Place, tuple[PastTask, Look | None]] = OrderedDict()

    def datastore(self, info: TaskInfo) -> FlowDataStore:
        """Open the datastore that holds a task's artifacts."""
        kind = info.ds_type or "local"
        if kind == "local" and self._root:
            # Artifacts lie beside their metadata, also where the folder was moved since the run.
            return open_datastore(self.flow, kind, str(self._root))
        return open_datastore(self.flow, kind, info.ds_root)

    def open(self, info: TaskInfo) -> PastTask:
        """Open a task. One without a finished attempt has no artifacts."""
        return self.open_all([info])[0]

    def open_all(self, infos: Sequence[TaskInfo]) -> list[PastTask]:
        """Open several tasks at once, and give them in their order."""
        found: dict[Place, PastTask | None] = {_place(info): self._known(info) for info in infos}
        unknown = [info for info in infos if found[_place(info)] is None]
        for info, store, look in self._stores(unknown):
            found[_place(info)] = opened = PastTask(self.flow, info, store)
            # Without a store the folder is not there, or not yet whole: it may be the next time.
            if store is not None and info.closed and (look is None or look.settled):
                self._opened[_place(info)] = opened, look
        while len(self._opened) > OPENED:
            self._opened.popitem(last=False)
        return [task for info in infos if (task := found[_place(info)])]

    def _known(self, info: TaskInfo) -> PastTask | None:
        task, look = self._opened.get(_place(info), (None, None))
        # Not the path: where only an artifact tells it, it is filled in after the task was opened.
        if task is None or replace(task.info, path=info.path) != info or (look and look.changed()):
            return None
        self._opened.move_to_end(_place(info))
        return task

    def _stores(
        self, infos: Sequence[TaskInfo]
    ) -> Iterator[tuple[TaskInfo, TaskDataStore | None, Look | None]]:
        elsewhere: dict[FlowDataStore, list[TaskInfo]] = {}
        for info in infos:
            flow_store = self.datastore(info)
            if not is_near(flow_store):
                elsewhere.setdefault(flow_store, []).append(info)
            elif flow_store.datastore_root is None:  # the task has not begun
                yield info, None, None
            else:
                folder = os.path.join(flow_store.datastore_root, self.flow, *_place(info))
                yield info, *local_store(flow_store, folder, info)
        for flow_store, group in elsewhere.items():
            stores = other_stores(flow_store, group)
            yield from ((info, stores.get(_place(info)), None) for info in group)


def _place(info: TaskInfo) -> Place:
    return info.run, info.step, info.id
