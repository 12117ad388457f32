"""Paths as users write them: what can be no path is answered, not raised; no pipe is read."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

from spin_magic.errors import OptionError

# Of a text or a config; larger ones are something else, and would take all memory.
LARGEST = 64 * 2**20


def path_of(given: Any) -> Path:
    """Give the path that a text means; the ``~`` of somebody who has no home stays as it is.

    Raises
    ------
    OptionError
        No file can have that name.
    """
    text = os.path.expanduser(os.fspath(given))  # noqa: PTH111 -- Path's own raises there
    if can_be(text):
        return Path(text)
    msg = f"{given!a} can be the name of no file."
    raise OptionError(msg)


def can_be(path: str) -> bool:
    """Tell whether a file can have that name."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:  # half of a character
        return False


def is_file(path: Any) -> bool:
    """Tell whether an ordinary file is there; no where no file can have that name."""
    return os.path.isfile(path)  # noqa: PTH113 -- Path's own raises there


def is_folder(path: Any) -> bool:
    """Tell whether a folder is there; no where none can have that name."""
    return os.path.isdir(path)  # noqa: PTH112 -- as above


def read_ordinary(path: Any) -> bytes:
    """Read a file that a user named.

    Raises
    ------
    OSError
        It is not there, no file can have that name, or it is a pipe or a device, which never ends.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except ValueError:
        raise OSError(errno.EINVAL, "no file can have that name", str(path)) from None
    with open(descriptor, "rb") as file:  # noqa: PTH123 -- of a descriptor
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise OSError(errno.EISDIR, "it is a folder", str(path))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
        if status.st_size > LARGEST:
            raise OSError(errno.EFBIG, f"it is larger than {LARGEST // 2**20} MB", str(path))
        return file.read()
