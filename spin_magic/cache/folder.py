"""The cache's folder: the user's alone, bounded, the least recently used going first.

Only what bears a name that the cache gives is ever listed or removed.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass

STALE_SECONDS = 60
SPARE_BYTES = 10**9
# A link is not followed, and the opening of a pipe does not wait for its other end.
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_SHELF = re.compile(r"[0-9a-f]{2}")
_ENTRY = re.compile(r"[0-9a-f]{40}")
_TEMPORARY = re.compile(r"[0-9a-f]{40}(\.ok)?\.[0-9]+\.[0-9a-f]+\.tmp")


class Unusable(Exception):  # noqa: N818 -- never leaves this package
    """Why the folder is not used, in a sentence."""


@dataclass(frozen=True)
class Kept:
    """An entry as the folder lists it."""

    path: str
    size: int
    used: float


def ready(path: str, *, make: bool) -> bool:
    """Say whether the folder is there, making it if asked to.

    Raises
    ------
    Unusable
        It cannot be made, or others could have put something into it.
    """
    try:
        status = os.lstat(path)
    except OSError:
        return make and _made(path)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise Unusable(f"{path} is not a folder of this user's own, so it is not used.")
    if not status.st_mode & 0o077:
        return True
    try:
        if not os.listdir(path):
            os.chmod(path, 0o700)
            return True
    except OSError as ex:
        raise Unusable(f"{path} is open to others and cannot be closed to them: {ex.strerror}.") from ex
    raise Unusable(
        f"{path} is open to others, so what it holds is not believed: remove it, or chmod 700 it empty."
    )


def _made(path: str) -> bool:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.mkdir(path, 0o700)
    except FileExistsError:
        return ready(path, make=False)
    except OSError as ex:
        raise Unusable(f"{path} cannot be made: {ex.strerror}.") from ex
    return True


def place(folder: str, sha: str) -> str:
    """Give the path of an entry.

    Raises
    ------
    Unusable
        It is no SHA as Metaflow makes them, but a name of an extension's datastore.
    """
    if not _ENTRY.fullmatch(sha):
        raise Unusable(f"{sha!r} is no SHA.")
    return os.path.join(folder, sha[:2], sha)


def entries(folder: str) -> list[Kept]:
    """List the entries."""
    found = []
    for names in _shelves(folder):
        for name, item in names.items():
            kept = _kept(item, names.get(name + ".ok")) if _ENTRY.fullmatch(name) else None
            if kept:
                found.append(kept)
    return found


def sweep(folder: str) -> None:
    """Remove what writers left that are gone."""
    for names in _shelves(folder):
        for name, item in names.items():
            if _TEMPORARY.fullmatch(name):
                _sweep(item.path)
            elif name.endswith(".ok") and name.removesuffix(".ok") not in names:
                remove(item.path)


def _shelves(folder: str) -> Iterator[dict[str, os.DirEntry[str]]]:
    for shelf in _scanned(folder):
        if _SHELF.fullmatch(shelf.name) and shelf.is_dir(follow_symlinks=False):
            yield {item.name: item for item in _scanned(shelf.path) if _ours(item, shelf.name)}


def _ours(item: os.DirEntry[str], shelf: str) -> bool:
    name = item.name
    named = _ENTRY.fullmatch(name.removesuffix(".ok")) or _TEMPORARY.fullmatch(name)
    return bool(named) and name.startswith(shelf) and item.is_file(follow_symlinks=False)


def _scanned(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as items:
            return list(items)
    except OSError:
        return []


def _kept(item: os.DirEntry[str], stamp: os.DirEntry[str] | None) -> Kept | None:
    try:
        status = item.stat(follow_symlinks=False)
        used = stamp.stat(follow_symlinks=False).st_mtime if stamp else 0.0
    except OSError:
        return None
    return Kept(item.path, status.st_size, max(used, status.st_mtime))


def _sweep(path: str) -> None:
    # Its writer holds a lock on it for as long as it lives.
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(path)
    except OSError:
        return
    finally:
        os.close(descriptor)


def remove(path: str) -> bool:
    """Remove a file, if it is there and can be."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def drop(path: str) -> None:
    """Remove an entry. Kernels that have it mapped keep what they have."""
    remove(path)
    remove(path + ".ok")


def touch(path: str, status: os.stat_result) -> None:
    """Note that an entry was used, at most once a minute."""
    # Times of a stamped entry must stay as they are, so its stamp bears them.
    for name, times in ((path + ".ok", None), (path, status)):
        try:
            known = times or os.lstat(name)
            if time.time() - known.st_mtime > STALE_SECONDS:
                os.utime(name, follow_symlinks=False)
        except OSError:
            continue
        return


def make_room(folder: str, size: int, limit: int) -> int:
    """Remove the least recently used entries if `size` more bytes are not within the limit.

    A little more goes than must, so that not every write has to look through the folder.

    Returns
    -------
    int
        How many bytes the folder holds then.
    """
    sweep(folder)
    kept = sorted(entries(folder), key=lambda one: one.used, reverse=True)
    total = sum(one.size for one in kept)
    enough = limit if total + size <= limit else limit * 9 // 10
    while kept and total + size > enough:
        oldest = kept.pop()
        drop(oldest.path)
        total -= oldest.size
    return total


def has_space(folder: str, size: int) -> bool:
    """Say whether the disk has room for `size` bytes and some to spare."""
    try:
        return shutil.disk_usage(folder).free - size >= SPARE_BYTES
    except OSError:
        return False
