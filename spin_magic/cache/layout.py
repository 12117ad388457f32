"""The form of an entry's file: a fixed part, a description in JSON, the pickle, its buffers."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

MAGIC = b"spin_magic entry"
FORMAT = 3
ALIGNMENT = 64
_FIXED = struct.Struct("<16sIIQQ")  # magic, format, crc32, length of the JSON, length of the file

Span = tuple[int, int]


class Damaged(Exception):  # noqa: N818 -- never leaves this package
    """The file is not an entry, or not a whole one."""


@dataclass(frozen=True)
class Layout:
    """What the start of an entry says about the rest.

    Attributes
    ----------
    head : (int, int)
        Offset and length of the pickle.
    buffers : tuple of (int, int)
        The same of each buffer that the pickle refers to.
    sha : str
        Of the artifact. The file bears it as its name too, and may have been given another one's.
    plain : bool
        Whether the pickle is Metaflow's own, byte for byte.
    python : str
        The Python that can read it, where it is not plain.
    packages : dict of str to str
        The versions of the packages that can, where it is not plain.
    crc : int
        Of the whole file, but for the number itself.
    """

    total: int
    head: Span
    buffers: tuple[Span, ...]
    sha: str
    plain: bool
    python: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    crc: int = 0


def aligned(offset: int) -> int:
    """Give the next offset at which a buffer may start."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


def plan(lengths: list[int], **facts: Any) -> tuple[Layout, bytes]:
    """Lay out a pickle and its buffers, given their lengths.

    Returns
    -------
    layout, start : Layout, bytes
        Where each goes, and the first bytes of the file, with no crc yet.
    """
    spans, offset = [], 0
    for length in lengths:
        spans.append((offset, length))
        offset = aligned(offset + length)
    end = spans[-1][0] + spans[-1][1]
    text = json.dumps({"spans": spans, **facts}).encode()
    first = aligned(_FIXED.size + len(text))
    start = _FIXED.pack(MAGIC, FORMAT, 0, len(text), first + end) + text
    return parse(start.ljust(first, b"\0"), first + end), start.ljust(first, b"\0")


def with_crc(start: bytes, crc: int) -> bytes:
    """Fill in the crc of the file's first bytes."""
    magic, form, _, text, total = _FIXED.unpack_from(start)
    return _FIXED.pack(magic, form, crc, text, total)


def parse(data: bytes | memoryview, size: int) -> Layout:
    """Read the start of an entry.

    Parameters
    ----------
    data : bytes or memoryview
        The file, or its start.
    size : int
        The length of the file.

    Raises
    ------
    Damaged
        It is no entry, or its length is not what it says.
    """
    try:
        magic, form, crc, length, total = _FIXED.unpack_from(data)
        if magic != MAGIC or form != FORMAT or total != size or length > size - _FIXED.size:
            raise Damaged
        facts = json.loads(bytes(data[_FIXED.size : _FIXED.size + length]))
        first = aligned(_FIXED.size + length)
        spans = tuple((first + int(offset), int(n)) for offset, n in facts.pop("spans"))
        if any(offset < first or n < 0 or offset + n > size for offset, n in spans):
            raise Damaged
        return Layout(total=total, head=spans[0], buffers=spans[1:], crc=crc, **facts)
    except (struct.error, ValueError, TypeError, KeyError, IndexError) as ex:
        raise Damaged from ex


def checksum(data: memoryview) -> int:
    """Compute the crc of a whole file."""
    fixed = bytearray(data[: _FIXED.size])
    fixed[20:24] = bytes(4)
    return crc32(data[_FIXED.size :], zlib.crc32(fixed))


def crc32(data: bytes | memoryview, value: int = 0) -> int:
    """Continue a crc; large data takes isal's, which is several times faster."""
    if len(data) > 2**20:
        try:
            from isal import isal_zlib  # noqa: PLC0415 -- only where it is worth its import
        except ImportError:
            return zlib.crc32(data, value)
        return int(isal_zlib.crc32(data, value))
    return zlib.crc32(data, value)
