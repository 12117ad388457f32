"""Entries read and written: each load is a fresh object, and what is damaged counts as missing."""

from __future__ import annotations

import errno
import functools
import os
import time
from collections.abc import Callable
from typing import Any

from spin_magic.cache import folder as shelves
from spin_magic.cache import layout as forms
from spin_magic.cache import origins, pickles, settings, stamps
from spin_magic.cache.loaded import LoadedEntry, LoadedPlain, Untouched, part
from spin_magic.cache.memory import Mapping
from spin_magic.cache.write import write_entry
from spin_magic.foreign import contained
from spin_magic.interrupts import whole

# Entries up to this size are read and checked at every load; larger ones are mapped, and checked once.
SMALL = 2**20


def _believe() -> None:
    """Take the bytes for the artifact's."""


class Store:
    """The entries in one folder.

    Parameters
    ----------
    folder : str
        Where they are.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._unreadable: set[str] = set()
        self._total: int | None = None
        self._walked = 0.0

    def load(self, sha: str) -> tuple[Any, Untouched] | None:
        """Load an artifact.

        Parameters
        ----------
        sha : str
            Its SHA in Metaflow's datastore.

        Returns
        -------
        value, loaded : object, Untouched
            A fresh object, and what can tell later whether it was changed. None where the artifact is not
            here, is damaged, or was pickled by other versions.
        """
        try:
            if not settings.limit() or not shelves.ready(self.folder, make=False):
                return None
            return self._opened(shelves.place(self.folder, sha))
        except forms.Damaged:
            shelves.drop(shelves.place(self.folder, sha))
        except (OSError, MemoryError, shelves.Unusable):
            return None
        except Exception:  # noqa: BLE001 -- a pickle may run any code; the caller unpickles the original
            self._unreadable.add(sha)
        return None

    def _opened(self, path: str) -> tuple[Any, Untouched] | None:
        status, mapping, data = _content(path)
        found = _checked(path, data, status)
        if not found.plain and not _versions_fit(found):
            return None
        shelves.touch(path, status)
        head = part(data, found.head)
        if found.plain:
            return pickles.join(head, ()), LoadedPlain(functools.partial(_plain_bytes, path), found.head[1])
        value = pickles.join(head, [part(data, span) for span in found.buffers])
        return value, LoadedEntry(path, status, found, mapping)

    def has(self, sha: str) -> bool:
        """Say whether an artifact seems to be here, without reading it."""
        try:
            return settings.limit() > 0 and os.path.isfile(shelves.place(self.folder, sha))
        except shelves.Unusable:
            return False

    def adopt(
        self, sha: str, raw: bytes, check: Callable[[], None] = _believe
    ) -> tuple[Any, Untouched | None]:
        """Unpickle an artifact, write it for the next time, and give what `load` gives from now on.

        Parameters
        ----------
        sha : str
            Its SHA in Metaflow's datastore.
        raw : bytes
            Its pickle there.
        check : callable, optional
            Called before the entry is in its place, and raises where these are not the artifact's bytes.

        Raises
        ------
        Exception
            Whatever unpickling it raises, or `check`.
        """
        unpickled = pickles.Unpickled(raw)
        form = None if sha in self._unreadable else _split(raw, unpickled)
        if form is None:
            if not self._put(sha, [raw], {"plain": True}, check):
                return unpickled.value, None
            read = functools.partial(_plain_bytes, shelves.place(self.folder, sha))
            return unpickled.value, LoadedPlain(read, len(raw))
        head, packages = form
        facts = {"plain": False, "python": origins.PYTHON, "packages": packages}
        written = self._put(sha, [head.head, *head.buffers], facts, check)
        return (self.load(sha) if written else None) or (unpickled.value, None)

    def _put(
        self, sha: str, parts: list[bytes | memoryview], facts: dict[str, Any], check: Callable[[], None]
    ) -> bool:
        try:
            if not settings.limit() or not shelves.ready(self.folder, make=True):
                return False
            planned, start = forms.plan([len(one) for one in parts], sha=sha, **facts)
            if not self._room(planned.total):
                return False
            path = shelves.place(self.folder, sha)
            status = write_entry(path, planned, start, parts, check)
            if planned.total > SMALL:
                stamps.write(path, status)
        except (OSError, MemoryError, shelves.Unusable):
            return False
        self._total = (self._total or 0) + planned.total
        return True

    def _room(self, size: int) -> bool:
        limit = settings.limit()
        if size > limit or not shelves.has_space(self.folder, size):
            return False
        late = time.monotonic() - self._walked > shelves.STALE_SECONDS
        if self._total is None or late or self._total + size > limit:
            # Other kernels write too, so the sum is taken anew now and then.
            self._total = shelves.make_room(self.folder, size, limit)
            self._walked = time.monotonic()
        return True

    def clear(self) -> int:
        """Remove every entry and give the number of bytes freed. Values that were loaded live on."""
        freed = 0
        if shelves.ready(self.folder, make=False):
            shelves.sweep(self.folder)
            for one in shelves.entries(self.folder):
                shelves.drop(one.path)
                freed += one.size
        self._total = None
        return freed


@whole
def _content(path: str) -> tuple[os.stat_result, Mapping | None, memoryview]:
    descriptor, status = shelves.opened(path)
    try:
        mapping = Mapping(descriptor, status.st_size) if status.st_size > SMALL else None
        return status, mapping, mapping.take() if mapping else _read(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def _read(descriptor: int, size: int) -> memoryview:
    data = bytearray(size)
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        if file.readinto(data) != size:
            raise OSError(errno.EIO, "the file was cut while it was read")
    return memoryview(data)


def _checked(path: str, data: memoryview, status: os.stat_result) -> forms.Layout:
    found = forms.parse(data, status.st_size)
    if found.sha != os.path.basename(path):
        raise forms.Damaged
    if status.st_size > SMALL and stamps.believed(path, status):
        return found
    if forms.checksum(data) != found.crc:
        raise forms.Damaged
    if status.st_size > SMALL:
        stamps.write(path, status)
    return found


def _versions_fit(found: forms.Layout) -> bool:
    return found.python == origins.PYTHON and found.packages == origins.versions(found.packages)


def _plain_bytes(path: str) -> bytes | None:
    try:
        descriptor, status = shelves.opened(path)
        try:
            data = _read(descriptor, status.st_size)
        finally:
            os.close(descriptor)
        found = forms.parse(data, len(data))
        whole = found.plain and found.sha == os.path.basename(path) and forms.checksum(data) == found.crc
        return bytes(part(data, found.head)) if whole else None
    except (OSError, forms.Damaged):
        return None


def _split(raw: bytes, unpickled: pickles.Unpickled) -> tuple[pickles.Split, dict[str, str]] | None:
    if len(raw) < pickles.WORTHWHILE:
        return None
    try:
        packages = unpickled.packages()
        if packages is None:
            return None
        with contained():
            form = pickles.split(unpickled.value, limit=len(raw) * 3 // 4)
    except Exception:  # noqa: BLE001 -- a pickle may run any code; Metaflow's own bytes are kept then
        return None
    aside = sum(one.nbytes for one in form.buffers)
    return (form, packages) if aside >= pickles.WORTHWHILE else None
