"""An entry written beside its place and renamed into it, so that it is there whole or not at all."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Sequence

from spin_magic.cache import folder as shelves
from spin_magic.cache.layout import Layout, crc32, with_crc
from spin_magic.interrupts import whole

_PIECE = 2**24
_ZEROS = bytes(64)


@whole
def write_entry(
    path: str,
    planned: Layout,
    start: bytes,
    parts: Sequence[bytes | memoryview],
    check: Callable[[], None],
) -> os.stat_result:
    """Write the file of an entry.

    Parameters
    ----------
    path : str
        Where it goes.
    planned : Layout
        Where each part goes in it.
    start : bytes
        Its first bytes, with no crc yet.
    parts : sequence of bytes or memoryview
        The pickle and its buffers.
    check : callable
        Called when all is written and before it is in its place, and raises where it must not come there.

    Returns
    -------
    os.stat_result
        The state of the file in its place.

    Raises
    ------
    OSError
        The disk is full or cannot be written to; nothing is left behind.
    """
    shelf = os.path.dirname(path)
    os.makedirs(shelf, mode=0o700, exist_ok=True)
    temporary = f"{path}.{os.getpid()}.{secrets.token_hex(4)}.tmp"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        crc = _write_all(descriptor, start, 0)
        at = len(start)
        for (offset, _), one in zip((planned.head, *planned.buffers), parts, strict=True):
            crc = _write_all(descriptor, _ZEROS[: offset - at], crc)
            crc = _write_all(descriptor, one, crc)
            at = offset + len(one)
        os.pwrite(descriptor, with_crc(start, crc), 0)
        check()
        os.replace(temporary, path)
        return os.fstat(descriptor)
    except BaseException:
        shelves.remove(temporary)
        raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes | memoryview, crc: int) -> int:
    view = memoryview(data)
    for offset in range(0, len(view), _PIECE):
        piece = view[offset : offset + _PIECE]
        crc = crc32(piece, crc)
        while piece:
            piece = piece[os.write(descriptor, piece) :]
    return crc
