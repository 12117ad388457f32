"""Private memory over a file: mapped copy-on-write, compared, and asked whether it was written to."""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
import weakref
from typing import Any

_PRESENT_OR_SWAPPED = 0xC0
_OF_A_FILE = 0x20
# The top byte of a page's record (Documentation/admin-guide/mm/pagemap.rst) where it was not written to.
_CLEAN = bytes(b for b in range(256) if not b & _PRESENT_OR_SWAPPED or b & _OF_A_FILE)
_FAILED = ctypes.c_void_p(-1).value
_CHUNK = 2**18


@functools.cache
def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_long,
    ]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    libc.memcmp.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    return libc


class _PyBuffer(ctypes.Structure):
    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


class Mapping:
    """A file in private memory: what is written there stays there.

    The memory lives as long as any view of it, which is why no view is kept here. `mmap.mmap` is not used
    because it keeps a file descriptor open for each mapping.

    Parameters
    ----------
    descriptor : int
        An open file, which may be closed afterwards.
    size : int
        Its length.

    Raises
    ------
    OSError
        There is no memory or no address space left.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        flags = mmap.MAP_PRIVATE | getattr(mmap, "MAP_NORESERVE", 0)
        address = _libc().mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, descriptor, 0)
        if address in (None, _FAILED):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        self.address = int(address)
        self.size = size
        held = (ctypes.c_ubyte * size).from_address(address)
        weakref.finalize(held, _libc().munmap, address, size).atexit = False
        self._weakly = weakref.ref(held)
        self._first: Any = held

    def take(self) -> memoryview:
        """Give the memory away: from now on it lives as long as the views of it."""
        held, self._first = self._first, None
        return memoryview(held).cast("B")

    def view(self) -> memoryview | None:
        """Give another view of the memory, if it still lives."""
        held = self._weakly()
        return None if held is None else memoryview(held).cast("B")

    def written(self) -> bool | None:
        """Say whether any page was written to; None where the system does not tell."""
        pages = -(-self.size // mmap.PAGESIZE) * 8
        try:
            with open("/proc/self/pagemap", "rb", buffering=0) as records:
                records.seek(self.address // mmap.PAGESIZE * 8)
                while pages:
                    data = records.read(min(pages, _CHUNK))
                    if not data:
                        return None
                    if data[7::8].translate(None, _CLEAN):
                        return True
                    pages -= len(data)
        except OSError:
            return None
        return False


def address_of(data: memoryview) -> int:
    """Give the address of the first byte of a view."""
    record = _PyBuffer()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(data), ctypes.byref(record), 0)
    try:
        return record.buf or 0
    finally:
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(record))


def same_bytes(one: memoryview, other: memoryview) -> bool:
    """Compare two views; `==` of views is a hundred times slower."""
    if one.nbytes != other.nbytes:
        return False
    if not one.nbytes:
        return True
    return not _libc().memcmp(address_of(one), address_of(other), one.nbytes)
