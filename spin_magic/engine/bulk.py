"""The datastores of many tasks at once: one small file each, read without asking for every attempt."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from io import FileIO
from typing import TYPE_CHECKING, Any

from metaflow.datastore.task_datastore import TaskDataStore

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
    try:
        names = os.listdir(folder)
        attempt = max((int(name.partition(".")[0]) for name in names if name.endswith(STARTED)), default=None)
        if attempt is None or f"{attempt}.{TaskDataStore.METADATA_DONE_SUFFIX}" not in names:
            return None, None
        look = Look(f"{folder}{os.sep}{attempt}.{TaskDataStore.METADATA_DATA_SUFFIX}")
        with FileIO(look.path) as file:
            data = dict(json.loads(file.read()))
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError, TypeError) as ex:
        msg = f"The list of artifacts of {info.run}/{info.step}/{info.id} in {folder} cannot be read: {ex}"
        raise TaskError(msg) from ex
    return _opened(flow_store, (info.run, info.step, info.id), attempt, data), look


def other_stores(flow_store: FlowDataStore, infos: Iterable[TaskInfo]) -> dict[Place, TaskDataStore]:
    """Open tasks in any other datastore, in one bulk read; those that have not finished are left out."""
    pathspecs = [f"{info.run}/{info.step}/{info.id}" for info in infos]
    found = flow_store.get_task_datastores(pathspecs=pathspecs) if pathspecs else []
    return {
        (store.run_id, store.step_name, store.task_id): store for store in found if hasattr(store, "_objects")
    }


def _opened(flow_store: FlowDataStore, place: Place, attempt: int, data: dict[str, Any]) -> TaskDataStore:
    # A thousand tasks of a foreach differ in little: what is alike is kept once.
    objects = {sys.intern(name): sys.intern(sha) for name, sha in data.get("objects", {}).items()}
    info = {sys.intern(name): _shared(detail) for name, detail in data.get("info", {}).items()}
    return flow_store.get_task_datastore(
        *place, attempt=attempt, data_metadata={"objects": objects, "info": info}
    )


def _shared(detail: dict[str, Any]) -> dict[str, Any]:
    if len(_alike) >= DETAILS:
        _alike.clear()
    return _alike.setdefault(repr(detail), detail)


_alike: dict[str, dict[str, Any]] = {}
