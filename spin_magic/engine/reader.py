"""Artifacts of past tasks, read through Metaflow's own datastore, each time as fresh objects."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from metaflow.datastore.content_addressed_store import BlobCache
from metaflow.datastore.exceptions import DataException
from metaflow.datastore.flow_datastore import FlowDataStore
from metaflow.includefile import IncludedFile
from metaflow.plugins import DATASTORES

from spin_magic.engine.metadata import Metadata, TaskInfo
from spin_magic.errors import TaskError
from spin_magic.result import Artifact

if TYPE_CHECKING:
    from metaflow.datastore.task_datastore import TaskDataStore

CACHE_BYTES = 512 * 2**20


class BlobMemory(BlobCache):  # type: ignore[misc]
    """Unzipped pickles by their SHA, bounded, the least recently used dropped first.

    Bytes are kept and not objects, so that every spin unpickles its own.
    """

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._total = 0
        self._blobs: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def load_key(self, key: str) -> bytes | None:
        with self._lock:
            blob = self._blobs.get(key)
            if blob is not None:
                self._blobs.move_to_end(key)
            return blob

    def store_key(self, key: str, blob: bytes) -> None:
        with self._lock:
            if key in self._blobs or len(blob) > self._limit:
                return
            self._blobs[key] = blob
            self._total += len(blob)
            while self._total > self._limit:
                _, dropped = self._blobs.popitem(last=False)
                self._total -= len(dropped)


BLOBS = BlobMemory()


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
        self.objects: dict[str, str] = dict(store._objects) if store else {}
        self.details: dict[str, dict[str, Any]] = dict(store._info) if store else {}

    def __contains__(self, name: str) -> bool:
        return name in self.objects

    def __getitem__(self, name: str) -> Any:
        if self._store is None or name not in self.objects:
            raise KeyError(name)
        try:
            return self._store[name]
        except (DataException, OSError, TypeError) as ex:
            msg = f"Artifact {name!r} of {self.pathspec} cannot be read from the datastore: {ex}"
            raise TaskError(msg) from ex

    def get(self, name: str, default: Any = None) -> Any:
        """Give an artifact, or a default where the task has none of that name."""
        return self[name] if name in self.objects else default

    def artifact(self, name: str) -> Artifact:
        """Describe an artifact without loading it."""
        return describe(name, self.details.get(name, {}), self)


def describe(name: str, detail: dict[str, Any], source: Any) -> Artifact:
    """Make an `Artifact` of what Metaflow's datastore keeps beside the pickle."""
    full = str(detail.get("type", "")).removeprefix("<class '").removesuffix("'>")
    type_name = full.rpartition(".")[2] or "object"
    return Artifact(name, type_name, detail.get("size"), functools.partial(_as_client, source, name))


def _as_client(source: Any, name: str) -> Any:
    # client/core.py:DataArtifact.data gives the content of an included file.
    value = source[name]
    return value.decode(name) if isinstance(value, IncludedFile) else value


class Reader:
    """Opens past tasks of one flow.

    Parameters
    ----------
    flow : str
        Name of the flow.
    metadata : Metadata
        Where its runs are listed.
    """

    def __init__(self, flow: str, metadata: Metadata) -> None:
        self.flow = flow
        self._metadata = metadata
        self._opened: dict[tuple[str, str, str], PastTask] = {}

    def datastore(self, info: TaskInfo) -> FlowDataStore:
        """Open the datastore that holds a task's artifacts."""
        kind = info.ds_type or "local"
        root = info.ds_root
        here = self._metadata.root
        if kind == "local" and here and (here / self.flow / info.run / info.step / info.id).is_dir():
            # Artifacts lie beside their metadata, also where the folder was moved since the run.
            root = str(here)
        return _datastore(self.flow, kind, root)

    def open(self, info: TaskInfo) -> PastTask:
        """Open a task. One without a finished attempt has no artifacts."""
        key = (info.run, info.step, info.id)
        known = self._opened.get(key)
        if known is not None and known.info == info:
            return known
        flow_store = self.datastore(info)
        try:
            store = flow_store.get_task_datastore(info.run, info.step, info.id)
        except DataException:
            store = None
        if store is not None and not hasattr(store, "_objects"):
            store = None
        task = PastTask(self.flow, info, store)
        if info.ok is not None:
            self._opened[key] = task
        return task


@functools.lru_cache(maxsize=32)
def _datastore(flow: str, kind: str, root: str | None) -> FlowDataStore:
    storage = next((d for d in DATASTORES if kind == d.TYPE), None)
    if storage is None:
        msg = f"The artifacts are in a datastore of type {kind!r}, which this Metaflow does not know."
        raise TaskError(msg)
    store = FlowDataStore(flow, environment=None, storage_impl=storage, ds_root=root)
    store.ca_store.set_blob_cache(BLOBS)
    return store
