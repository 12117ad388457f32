"""The bytes of artifacts from Metaflow's datastore, unzipped faster than it does that itself."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from metaflow.datastore.content_addressed_store import ContentAddressedStore

from spin_magic.engine.storage import is_near, read_in_parts
from spin_magic.forked import Locked

if TYPE_CHECKING:
    from metaflow.datastore.task_datastore import TaskDataStore

# Artifacts up to this size are as quickly unpickled from memory as from a file.
TINY = 64 * 2**10
MEMORY_BYTES = 32 * 2**20


def inflate(data: bytes) -> bytes:
    """Unzip a gzip file, checking its checksum."""
    if len(data) < 2**13:
        return gzip.decompress(data)
    try:
        from isal import igzip  # noqa: PLC0415 -- absent on some machines, and not worth it for a few bytes
    except ImportError:
        return gzip.decompress(data)
    return bytes(igzip.decompress(data))


class _Inflating(ContentAddressedStore):  # type: ignore[misc]
    def _unpack_v1(self, blob: IO[bytes]) -> bytes:
        return inflate(blob.read())


def read(store: TaskDataStore, shas: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Read blobs: those that are elsewhere several at once.

    Raises
    ------
    StorageError
        The datastore cannot be read.
    DataException
        A blob is damaged.
    TypeError, OSError
        A blob is not there.
    """
    blobs = store._ca_store
    if type(blobs) is ContentAddressedStore:
        blobs = _Inflating(blobs._prefix, blobs._storage_impl)
    if is_near(blobs._storage_impl):
        yield from blobs.load_blobs(shas)
        return
    wanted = list(shas)
    sizes = {sha: detail(store, name).get("size") or 0 for name, sha in store._objects.items()}
    size = sum(sizes.get(sha, 0) for sha in wanted)
    yield from read_in_parts(blobs._storage_impl, lambda part: list(blobs.load_blobs(part)), wanted, size)


class Memory(Locked):
    """Tiny pickles by their SHA, bounded, the least recently used dropped first.

    Bytes are kept and not objects, so that every reader unpickles its own.
    """

    def __init__(self, limit: int = MEMORY_BYTES) -> None:
        super().__init__()
        self._limit = limit
        self._total = 0
        self._blobs: OrderedDict[str, bytes] = OrderedDict()

    def get(self, sha: str) -> bytes | None:
        """Give a pickle, if it is here."""
        with self._lock:
            blob = self._blobs.get(sha)
            if blob is not None:
                self._blobs.move_to_end(sha)
            return blob

    def keep(self, sha: str, blob: bytes) -> None:
        """Keep a pickle, if it is tiny."""
        with self._lock:
            if sha in self._blobs or len(blob) > TINY:
                return
            self._blobs[sha] = blob
            self._total += len(blob)
            while self._total > self._limit:
                _, dropped = self._blobs.popitem(last=False)
                self._total -= len(dropped)


MEMORY = Memory()


def detail(store: TaskDataStore, name: str) -> dict[str, Any]:
    """Give what the datastore notes beside an artifact."""
    return store._info.get(name) or {}
