"""Values as Metaflow would store them: their bytes, their size, and whether they pickle at all."""

from __future__ import annotations

import contextlib
import hashlib
import pickle
from collections import namedtuple
from collections.abc import Iterable
from typing import Any

from metaflow.datastore.task_datastore import TaskDataStore

from spin_magic.foreign import Overdue, contained, said_of

Saved = namedtuple("Saved", ["uri", "key"])  # noqa: PYI024 -- the shape of Metaflow's save_blobs_result

LOOK_BYTES = 32 * 2**20
LOOK_SECONDS = 2.0
HURRIED_SECONDS = 0.2
# Their pickles run no code but Python's.
_ATOMS = frozenset({bool, int, float, complex, str, bytes, type(None)})


def copied(value: Any) -> Any:
    """Copy a value as a datastore would, so that the step cannot change the notebook's own object."""
    try:
        with contained():
            return copied_or_raise(value)
    except Exception:  # noqa: BLE001 -- what does not pickle is lent as it is
        return value


def copied_or_raise(value: Any) -> Any:
    """Copy a value by pickling it; large buffers are copied once, and not into the pickle and out of it.

    Raises
    ------
    Exception
        It does not pickle.
    """
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(head, buffers=[bytearray(buffer.raw()) for buffer in buffers])  # noqa: S301 -- ours


class _Digest:
    """A content-addressed store that keeps the SHA and, for a while, the bytes."""

    def __init__(self) -> None:
        self.blob = b""

    def save_blobs(self, blobs: Iterable[Any], **_: Any) -> list[Saved]:
        saved = []
        for blob in blobs:
            self.blob = blob
            saved.append(Saved(None, hashlib.sha1(blob, usedforsecurity=False).hexdigest()))
        return saved


class _Pickler(TaskDataStore):  # type: ignore[misc]
    def __init__(self) -> None:  # the parent's opens a datastore
        self._mode = "w"
        self._is_done_set = False
        self._serializers_override = None
        # Before 2.19.3x the datastore pickled by itself, in one of these encodings.
        self._encodings = {"pickle-v4", "gzip+pickle-v4"}
        self._objects: dict[str, str] = {}
        self._info: dict[str, Any] = {}
        self._ca_store = _Digest()


def store_form(name: str, value: Any) -> tuple[str, dict[str, Any], bytes]:
    """Serialize a value as Metaflow would store it.

    Returns
    -------
    sha, detail, blob : str, dict, bytes
        The key in the content-addressed store, what Metaflow notes beside it, and the bytes.

    Raises
    ------
    Exception
        Whatever Metaflow raises for a value that will not pickle.
    """
    pickler = _Pickler()
    pickler.save_artifacts([(name, value)])
    return pickler._objects[name], pickler._info[name], pickler._ca_store.blob


class _Full(Exception):  # noqa: N818 -- a signal, not an error
    pass


class _Counter:
    def __init__(self, limit: int) -> None:
        self.size = 0
        self._limit = limit

    def write(self, data: bytes) -> int:
        self.size += len(data)
        if self.size > self._limit:
            raise _Full
        return len(data)

    def take(self, buffer: pickle.PickleBuffer) -> None:
        self.buffers += buffer.raw().nbytes

    buffers = 0


class TooSlowToTell(str):
    """Why it is not known whether a value pickles."""

    __slots__ = ()


def look_at_pickle(value: Any, seconds: float = LOOK_SECONDS) -> tuple[int | None, str]:
    """Find out cheaply whether a value pickles, and how large.

    Large buffers are counted and not copied; beyond `LOOK_BYTES` of other data the search stops.

    Parameters
    ----------
    value : object
        The value.
    seconds : float
        How long it may take.

    Returns
    -------
    size, problem : int or None, str
        Size in bytes where it was found; and why it will not pickle, or an empty string. A `TooSlowToTell`
        where there was no time to find out.
    """
    if type(value) in (str, bytes) and len(value) > LOOK_BYTES:
        return None, ""  # a text that is not ASCII would take three times its room
    counter = _Counter(LOOK_BYTES)
    watch = contextlib.nullcontext() if type(value) in _ATOMS else contained(seconds)
    try:
        with watch:
            pickle.Pickler(counter, protocol=5, buffer_callback=counter.take).dump(value)
    except _Full:
        return None, ""
    except Overdue as ex:
        return None, TooSlowToTell(f"it {ex}")
    except Exception as ex:  # noqa: BLE001 -- a pickle may run any code
        return None, said_of(ex)
    return counter.size + counter.buffers, ""
