"""The datastores of many tasks at once: one small file each, read without asking for every attempt."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metaflow import metaflow_config
from metaflow.datastore.task_datastore import TaskDataStore

from spin_magic.engine.records import read_record
from spin_magic.engine.storage import texts
from spin_magic.errors import TaskError
from spin_magic.kept import Look

if TYPE_CHECKING:
    from metaflow.datastore.flow_datastore import FlowDataStore

    from spin_magic.engine.past import TaskInfo

STARTED = f".{TaskDataStore.METADATA_ATTEMPT_SUFFIX}"
Place = tuple[str, str, str]
DETAILS = 4096


def local_store(
    flow_store: FlowDataStore, folder: str, info: TaskInfo
) -> tuple[TaskDataStore | None, Look | None]:
    """Open a task in a local datastore; None where its latest attempt has not finished.

    Along with it comes a look at the file that lists its artifacts, taken before it was read.

    Parameters
    ----------
    flow_store : FlowDataStore
        The datastore.
    folder : str
        The task's folder in it.
    info : TaskInfo
        The task.
    """
    place = info.run, info.step, info.id
    try:
        names = os.listdir(folder)
        attempt = max((int(name.partition(".")[0]) for name in names if name.endswith(STARTED)), default=None)
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError) as ex:
        raise _unusable(place, folder, _reason(ex)) from ex
    if attempt is None or f"{attempt}.{TaskDataStore.METADATA_DONE_SUFFIX}" not in names:
        return None, None
    path = f"{folder}{os.sep}{attempt}.{TaskDataStore.METADATA_DATA_SUFFIX}"
    try:
        look = Look(path)
        return _opened(flow_store, place, attempt, read_record(path)), look
    except (OSError, ValueError, TypeError, AttributeError) as ex:
        raise _unusable(place, path, _reason(ex)) from ex


def _reason(ex: Exception) -> str:
    if isinstance(ex, FileNotFoundError):
        return "is missing"
    return f"cannot be read ({ex.strerror})" if isinstance(ex, OSError) else "is damaged"


def _unusable(place: Place, path: str, why: str) -> TaskError:
    return TaskError(
        f"The list of artifacts of {'/'.join(place)}, {path}, {why}: choose another run with --from."
    )


def other_stores(flow_store: FlowDataStore, infos: Sequence[TaskInfo]) -> dict[Place, TaskDataStore]:
    """Open tasks in any other datastore; those whose latest attempt has not finished are left out."""
    storage = flow_store._storage_impl
    unsaid = [info for info in infos if info.attempt is None]
    attempts = {_place(info): info.attempt for info in infos} | _latest_attempts(storage, flow_store, unsaid)
    files = {
        _file(flow_store, place, attempt, TaskDataStore.METADATA_DATA_SUFFIX): (place, attempt)
        for place, attempt in attempts.items()
        if attempt is not None
    }
    found = {}
    for path, text in texts(storage, list(files)).items():
        place, attempt = files[path]
        try:
            found[place] = _opened(flow_store, place, attempt, dict(json.loads(text)))
        except (ValueError, TypeError, AttributeError, RecursionError) as ex:
            raise _unusable(place, path, "is damaged") from ex
    return found


def _latest_attempts(
    storage: Any, flow_store: FlowDataStore, infos: Sequence[TaskInfo]
) -> dict[Place, int | None]:
    """Ask the datastore which attempt is the latest, for tasks whose metadata does not say."""
    began = {
        _file(flow_store, _place(info), attempt, TaskDataStore.METADATA_ATTEMPT_SUFFIX): (info, attempt)
        for info in infos
        for attempt in range(metaflow_config.MAX_ATTEMPTS)
    }
    latest: dict[Place, int | None] = {}
    for path in texts(storage, list(began)):
        info, attempt = began[path]
        latest[_place(info)] = max(attempt, latest.get(_place(info)) or 0)
    return latest


def _place(info: TaskInfo) -> Place:
    return info.run, info.step, info.id


def _file(flow_store: FlowDataStore, place: Place, attempt: int, suffix: str) -> str:
    name = TaskDataStore.metadata_name_for_attempt(suffix, attempt)
    return str(flow_store._storage_impl.path_join(flow_store.flow_name, *place, name))


def _opened(flow_store: FlowDataStore, place: Place, attempt: int, data: dict[str, Any]) -> TaskDataStore:
    # A thousand tasks of a foreach differ in little: what is alike is kept once.
    if "objects" not in data:
        raise ValueError(place)
    objects = {sys.intern(name): sys.intern(sha) for name, sha in data["objects"].items()}
    info = {sys.intern(name): _shared(detail) for name, detail in data.get("info", {}).items()}
    return flow_store.get_task_datastore(
        *place, attempt=attempt, data_metadata={"objects": objects, "info": info}
    )


def _shared(detail: dict[str, Any]) -> dict[str, Any]:
    if len(_alike) >= DETAILS:
        _alike.clear()
    key = repr(detail)
    if key not in _alike:
        _alike[key] = dict(detail)
    return _alike[key]


_alike: dict[str, dict[str, Any]] = {}
