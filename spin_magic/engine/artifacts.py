"""Artifacts as fresh objects: from memory where tiny, from the cache where known, else from the datastore."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from metaflow.datastore.exceptions import DataException

from spin_magic import cache
from spin_magic.engine.blobs import MEMORY, TINY, Blob, detail, read, read_unchecked
from spin_magic.engine.storage import is_near, there
from spin_magic.engine.storage_words import StorageError

if TYPE_CHECKING:
    from metaflow.datastore.task_datastore import TaskDataStore

    from spin_magic.engine.ahead import Ahead

ENCODINGS = frozenset({"pickle-v2", "pickle-v4", "gzip+pickle-v2", "gzip+pickle-v4"})
# What Metaflow assumes of artifacts that were stored before it noted their encoding.
OLDEST_ENCODING = "gzip+pickle-v2"


def fetch(store: TaskDataStore, name: str, ahead: Ahead | None = None) -> tuple[Any, cache.Untouched | None]:
    """Load an artifact as a fresh object, and give along what can tell later whether it was changed in place.

    Parameters
    ----------
    store : TaskDataStore
        The datastore of its task.
    name : str
        Its name, which the store has.
    ahead : Ahead, optional
        Where its bytes may be on their way already.

    Returns
    -------
    value, loaded : object, Untouched or None
        None where nothing can tell.

    Raises
    ------
    DataException, OSError, TypeError
        Its bytes are not there, or damaged.
    Exception
        Whatever unpickling it raises.
    """
    if not ordinary(store, name):
        return store[name], None
    sha = store._objects[name]
    raw = MEMORY.get(sha)
    if raw is not None:
        return _from_bytes(raw)
    found = None if small_and_near(store, name) else cache.store().load(sha)
    if found is not None:
        return found
    blob = ahead.take(sha) if ahead else None
    if blob is None:
        blob = read_unchecked(store, sha)
        blob.look_meanwhile()
    if len(blob.raw) <= TINY:
        blob.check()
        MEMORY.keep(sha, blob.raw)
        if is_local(store):
            return _from_bytes(blob.raw)
    return _adopted(sha, blob)


def _adopted(sha: str, blob: Blob) -> tuple[Any, cache.Untouched | None]:
    try:
        loaded = cache.store().adopt(sha, blob.raw, blob.check)
    except Exception:
        blob.check()  # what came of others' bytes says nothing
        raise
    blob.check()
    return loaded


def trouble(store: TaskDataStore, name: str) -> str:
    """Say what is wrong with an artifact's bytes, after it could not be loaded; empty if nothing is."""
    sha, blobs = store._objects[name], store._ca_store
    path = blobs._storage_impl.path_join(blobs._prefix, sha[:2], sha)
    try:
        if not there(blobs._storage_impl, path):
            return "is missing from the datastore"
        list(read(store, [sha]))
    except DataException:
        return "is damaged in the datastore"
    except Exception:  # noqa: BLE001 -- each datastore has errors of its own, and the first is told
        return ""
    return ""


def read_tiny(pairs: Iterable[tuple[TaskDataStore, str]]) -> None:
    """Bring the bytes of tiny artifacts into memory, in one request for each datastore.

    What cannot be read is left out: it is told when it is loaded.
    """
    wanted: dict[int, tuple[TaskDataStore, dict[str, None]]] = {}
    for store, name in pairs:
        sha = store._objects[name]
        tiny = (detail(store, name).get("size") or TINY) < TINY and ordinary(store, name)
        if tiny and MEMORY.get(sha) is None and (is_local(store) or not cache.store().has(sha)):
            wanted.setdefault(id(store._ca_store), (store, {}))[1][sha] = None
    for store, shas in wanted.values():
        try:
            for sha, raw in read(store, list(shas)):
                MEMORY.keep(sha, raw)
        except StorageError:
            raise
        except Exception:  # noqa: BLE001, S112 -- each datastore has errors of its own
            continue


def ordinary(store: TaskDataStore, name: str) -> bool:
    """Say whether an artifact is a pickle as Metaflow itself makes it."""
    noted = detail(store, name)
    encoding = noted.get("encoding", OLDEST_ENCODING)
    if encoding not in ENCODINGS or not store._info:
        return False
    # Before 2.19.3x there were no others.
    for serializer in getattr(store, "_serializers", ()):
        if serializer.TYPE == "pickle":
            return True
        facts = {"obj_type": noted.get("type", "object"), "size": noted.get("size", 0), "encoding": encoding}
        about = SimpleNamespace(**facts, serializer_info=noted.get("serializer_info", {}))
        try:
            if serializer.can_deserialize(about):
                return False
        except Exception:  # noqa: BLE001 -- an extension's code; Metaflow itself says so to the user
            return False
    return True


def is_local(store: TaskDataStore) -> bool:
    """Say whether the datastore is a folder of this machine."""
    return is_near(store._storage_impl)


def small_and_near(store: TaskDataStore, name: str) -> bool:
    """Say whether the datastore is as quick as the cache would be."""
    return is_local(store) and (detail(store, name).get("size") or TINY + 1) <= TINY


def _from_bytes(raw: bytes) -> tuple[Any, cache.Untouched]:
    return pickle.loads(raw), cache.LoadedPlain(lambda: raw, len(raw))  # noqa: S301 -- the user's own artifact
