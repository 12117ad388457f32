"""Datastores of past tasks, and reads from those that are elsewhere: several at once, soon, told in words."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from metaflow.datastore.exceptions import DataException
from metaflow.datastore.flow_datastore import FlowDataStore
from metaflow.exception import MetaflowException
from metaflow.plugins import DATASTORES

from spin_magic.engine.storage_client import SoonClient
from spin_magic.engine.storage_words import storage_error
from spin_magic.engine.threads import WORKERS, ask_all
from spin_magic.errors import SpinError, TaskError

Answer = TypeVar("Answer")

# From eleven paths on, Metaflow's S3 starts a process of its own, which takes a second.
PART = 10
# Where a datastore's library knows no end itself: seconds, and what comes at least in each second.
PATIENCE = 60.0
BYTES_A_SECOND = 2**20


@functools.lru_cache(maxsize=64)
def open_datastore(flow: str, kind: str, root: str | None) -> FlowDataStore:
    """Open a datastore of a flow by its type and root.

    Raises
    ------
    TaskError
        This Metaflow does not know the type, or lacks the library that it needs.
    """
    storage = next((each for each in DATASTORES if kind == each.TYPE), None)
    if storage is None:
        msg = (
            f"The artifacts are in a datastore of type {kind!r}, which this Metaflow does not know: "
            "install the extension that brings it, or choose another run with --from."
        )
        raise TaskError(msg)
    try:
        opened = FlowDataStore(flow, environment=None, storage_impl=storage, ds_root=root)
    except MetaflowException as ex:
        text = " ".join(str(ex).split()).rstrip(".")
        msg = f"The artifacts of {flow} in {root or kind} cannot be read here: {text}."
        raise TaskError(msg) from ex
    client = getattr(opened._storage_impl, "s3_client", None)
    if client is not None:
        opened._storage_impl.s3_client = SoonClient(type(client))
    return opened


def is_near(storage: Any) -> bool:
    """Say whether a datastore is a folder of this machine."""
    return bool(storage.TYPE == "local")


def read_in_parts(
    storage: Any, ask: Callable[[list[str]], list[Answer]], items: Sequence[str], size: int = 0
) -> list[Answer]:
    """Ask a datastore for many things, a few in each of several threads.

    Parameters
    ----------
    storage : DataStoreStorage
        The datastore.
    ask : callable
        Reads some of them.
    items : sequence of str
        What to read.
    size : int, optional
        About how many bytes that is.

    Returns
    -------
    list
        The answers, in the order of the items' parts.

    Raises
    ------
    StorageError
        The datastore cannot be read.
    DataException, FileNotFoundError, TypeError
        One of them is damaged, or not there.
    """
    each = min(PART, -(-len(items) // WORKERS) or 1)
    parts = [list(items[start : start + each]) for start in range(0, len(items), each)]
    try:
        found = ask_all(ask, parts, PATIENCE + size / BYTES_A_SECOND)
    except (SpinError, DataException, FileNotFoundError, TypeError):
        raise
    except Exception as ex:
        raise storage_error(place(storage), ex) from ex
    return [answer for part in found for answer in part]


def place(storage: Any) -> str:
    """Name a datastore for the user: its root, and its type where the root does not say it."""
    root = str(storage.datastore_root or "")
    return root if "://" in root else f"{storage.TYPE} ({root})"


def texts(storage: Any, paths: Sequence[str]) -> dict[str, str]:
    """Read small files, and give the text of each that is there."""

    def ask(part: list[str]) -> list[tuple[str, str]]:
        with storage.load_bytes(part) as loaded:
            return [(path, Path(file).read_text(encoding="utf-8")) for path, file, _ in loaded if file]

    return dict(read_in_parts(storage, ask, paths))


def there(storage: Any, path: str) -> bool:
    """Say whether a file is there."""
    if is_near(storage):
        return bool(storage.is_file([path])[0])
    return bool(read_in_parts(storage, storage.is_file, [path])[0])


def listed(storage: Any, folder: str) -> list[Any]:
    """List what is in a folder, as Metaflow's storage does."""
    if is_near(storage):
        return list(storage.list_content([folder]))
    # Metaflow's S3 lists in a process of its own, which cannot say what went wrong: a read can.
    texts(storage, [storage.path_join(folder, "nothing")])
    return read_in_parts(storage, storage.list_content, [folder])
