"""Tasks written into a local datastore by Metaflow's own classes: inputs of an isolated step, kept spins."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable
from typing import Any

from metaflow.datastore.exceptions import DataException
from metaflow.datastore.flow_datastore import FlowDataStore

from spin_magic.engine.artifacts import trouble
from spin_magic.engine.blobs import read
from spin_magic.engine.reader import PastTask
from spin_magic.engine.stores import InputStore

UNREAD = (DataException, FileNotFoundError, PermissionError, IsADirectoryError, TypeError)
RAW = {"cas_raw": True, "cas_version": 1}
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def open_place(storage: Any, root: str, flow: str, metadata: Any = None) -> FlowDataStore:
    """Open the datastore of a flow in a folder, by a class of Metaflow's local storages."""
    return FlowDataStore(flow, None, metadata, storage_impl=storage, ds_root=root)


def begin_task(place: FlowDataStore, run: str, step: str, task: str) -> Any:
    """Begin a task, whose artifacts can then be added."""
    store = place.get_task_datastore(run, step, task, attempt=0, mode="w")
    store.init_task()
    return store


def add_values(store: Any, values: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Store values; give for those that cannot be stored why not."""
    problems = {}
    for name, value in values:
        try:
            store.save_artifacts([(name, value)])
        except Exception as ex:
            if isinstance(ex, OSError) and ex.errno in NO_ROOM:
                raise
            problems[name] = str(ex.__cause__ or ex.__context__ or getattr(ex, "message", None) or ex)
    return problems


def add_stored(store: Any, origin: InputStore, names: Iterable[str], *, linked: bool) -> dict[str, str]:
    """Add artifacts of another task as they are stored there, or by their values where they are not.

    Parameters
    ----------
    store : TaskDataStore
        The task to add to.
    origin : InputStore
        What has them.
    names : iterable of str
        Which.
    linked : bool
        Link to the bytes where they are files of this machine; they must stay as long as the task.

    Returns
    -------
    dict of str to str
        Why those that cannot be stored cannot.
    """
    stored = [name for name in names if origin.is_stored(name)]
    source = origin.source._store if isinstance(origin.source, PastTask) else None
    problems: dict[str, str] = {}
    if source is not None and stored:
        problems = _brought(store, source, {name: origin._objects[name] for name in stored}, linked=linked)
        kept = [name for name in stored if name not in problems]
        store._objects.update({name: origin._objects[name] for name in kept})
        store._info.update({name: origin._info[name] for name in kept if name in origin._info})
    others = [name for name in names if name not in stored]
    return problems | add_values(store, _values(origin, others))


def _values(origin: InputStore, names: Iterable[str]) -> Iterable[tuple[str, Any]]:
    for name in names:
        with contextlib.suppress(KeyError):
            yield name, origin[name]


def _brought(store: Any, source: Any, shas: dict[str, str], *, linked: bool) -> dict[str, str]:
    """Bring all at once; where one of them is damaged or missing, each alone, and say which."""
    try:
        _bring(store, source, set(shas.values()), linked=linked)
    except UNREAD:
        problems = {}
        for name, sha in shas.items():
            try:
                _bring(store, source, {sha}, linked=linked)
            except UNREAD as ex:
                problems[name] = f"it {trouble(source, name) or ex}"
        return problems
    return {}


def _bring(store: Any, source: Any, shas: set[str], *, linked: bool) -> None:
    ours, theirs = store._ca_store, source._ca_store
    missing = [sha for sha in shas if not os.path.lexists(_file(ours, sha))]
    if linked and source._storage_impl.TYPE in ("local", "spin"):
        for sha in missing:
            path = _file(ours, sha)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(_file(theirs, sha), path)
            os.symlink(f"{_file(theirs, sha)}_meta", f"{path}_meta")
    elif missing:
        ours.save_blobs(((sha, raw, RAW) for sha, raw in read(source, missing)), is_transfer=True)


def _file(blobs: Any, sha: str) -> str:
    storage = blobs._storage_impl
    return str(storage.full_uri(storage.path_join(blobs._prefix, sha[:2], sha)))
