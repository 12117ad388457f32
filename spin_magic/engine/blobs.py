"""The bytes of artifacts from Metaflow's datastore, unzipped faster than it does that itself."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from metaflow.datastore.content_addressed_store import ContentAddressedStore
from metaflow.datastore.exceptions import DataException

from spin_magic.engine.storage import is_near, read_in_parts
from spin_magic.forked import Locked
from spin_magic.paths import read_ordinary

if TYPE_CHECKING:
    from metaflow.datastore.task_datastore import TaskDataStore

GZIP = b"\x1f\x8b"
# Artifacts up to this size are as quickly unpickled from memory as from a file.
TINY = 64 * 2**10
MEMORY_BYTES = 32 * 2**20
# Bytes from which on it is worth a thread to hash them.
LARGE = 2**22


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


class Blob:
    """The pickle of an artifact as it was read, which `check` says is the one that was asked for.

    To hash a gigabyte takes most of a second, in which it can be unpickled already.

    Attributes
    ----------
    raw : bytes
        The pickle.
    """

    def __init__(self, sha: str, raw: bytes, *, named_by_content: bool = True) -> None:
        self.raw = raw
        self._sha = sha
        self._known = threading.Event()
        self._sound = not named_by_content
        if self._sound:
            self._known.set()

    def look(self) -> None:
        """Find out whether it has its SHA."""
        if self._known.is_set():
            return
        try:
            self._sound = hashlib.sha1(self.raw, usedforsecurity=False).hexdigest() == self._sha
        finally:
            self._known.set()

    def look_meanwhile(self) -> None:
        """Find out in a thread, if it is large."""
        if len(self.raw) < LARGE:
            self.look()
            return
        try:
            threading.Thread(target=self.look, name="spin_magic check", daemon=True).start()
        except RuntimeError:  # the process may have no more threads
            self.look()

    def check(self) -> None:
        """Wait until it is known, if somebody looks.

        Raises
        ------
        DataException
            It is another's, or damaged.
        """
        self._known.wait()
        if not self._sound:
            raise DataException(f"{self._sha} holds something else")


def read(store: TaskDataStore, shas: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Read blobs: those that are elsewhere several at once.

    What comes has the SHA that it was asked for by, so a blob in another's place is not taken for it.

    Raises
    ------
    StorageError
        The datastore cannot be read.
    DataException
        A blob is damaged.
    TypeError, OSError
        A blob is not there.
    """
    for sha, blob in _blobs(store, shas):
        blob.look()
        blob.check()
        yield sha, blob.raw


def read_unchecked(store: TaskDataStore, sha: str) -> Blob:
    """Read a blob of which somebody must look yet whether it is the right one; raises what `read` does."""
    ((_, blob),) = _blobs(store, [sha])
    return blob


def _blobs(store: TaskDataStore, shas: Iterable[str]) -> Iterator[tuple[str, Blob]]:
    blobs = store._ca_store
    if type(blobs) is not ContentAddressedStore:  # an extension's: its keys are its own
        for sha, raw in _loaded(blobs, store, list(shas)):
            yield sha, Blob(sha, raw, named_by_content=False)
    elif is_near(blobs._storage_impl):
        yield from ((sha, Blob(sha, _near(blobs, sha))) for sha in shas)
    else:
        inflating = _Inflating(blobs._prefix, blobs._storage_impl)
        yield from ((sha, Blob(sha, raw)) for sha, raw in _loaded(inflating, store, list(shas)))


def _loaded(blobs: Any, store: TaskDataStore, wanted: list[str]) -> Iterable[tuple[str, bytes]]:
    if is_near(blobs._storage_impl):
        return list(blobs.load_blobs(wanted))
    sizes = {sha: detail(store, name).get("size") or 0 for name, sha in store._objects.items()}
    size = sum(sizes.get(sha, 0) for sha in wanted)
    return read_in_parts(blobs._storage_impl, lambda part: list(blobs.load_blobs(part)), wanted, size)


def _near(blobs: ContentAddressedStore, sha: str) -> bytes:
    storage = blobs._storage_impl
    data = read_ordinary(storage.full_uri(storage.path_join(blobs._prefix, sha[:2], sha)), None)
    # What is zipped is told by its own first bytes, which are no pickle's: the file beside it may be damaged.
    if data[:2] != GZIP:
        return data
    try:
        return inflate(data)
    except Exception as ex:
        raise DataException(f"{sha} cannot be unzipped: {ex}") from ex


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
