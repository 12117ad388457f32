"""Paths as users write them: what can be no path is answered, not raised; no pipe is read."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
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


def read_ordinary(path: Any, largest: int | None = LARGEST) -> bytes:
    """Read a file whole.

    Parameters
    ----------
    path : str or path-like
        The file.
    largest : int or None
        How many bytes it may have; None: any number.

    Raises
    ------
    OSError
        It is not there, no file can have that name, or it is a pipe or a device, which never ends.
    """
    try:
        opened = FileIO(path, opener=_at_once)
    except ValueError:
        raise OSError(errno.EINVAL, "no file can have that name", str(path)) from None
    except IsADirectoryError:
        raise OSError(errno.EISDIR, "it is a folder", str(path)) from None
    with opened as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
        if largest is not None and status.st_size > largest:
            raise OSError(errno.EFBIG, f"it is larger than {largest // 2**20} MB", str(path))
        return file.read()


def _at_once(path: str, flags: int) -> int:
    # The opening of a pipe would wait for its other end.
    return os.open(path, flags | os.O_NONBLOCK)
