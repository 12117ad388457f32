"""Files of a folder on this machine, read whole: what stands in their place and never ends is not read."""

from __future__ import annotations

import errno
import json
import os
import stat
from io import FileIO
from typing import Any


class Damaged(ValueError):  # noqa: N818 -- never leaves the engine
    """A file does not hold what it must: it is cut, or something else.

    Parameters
    ----------
    path : str
        The file.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def read_file(path: str) -> bytes:
    """Read a file.

    Raises
    ------
    OSError
        It cannot be read, or is a folder, a pipe or a device.
    """
    with FileIO(path, opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no file, but a pipe or a device", path)
        return file.read()


def _at_once(path: str, flags: int) -> int:
    # The opening of a pipe would wait for its other end.
    return os.open(path, flags | os.O_NONBLOCK)


def read_record(path: str) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises
    ------
    OSError
        It cannot be read.
    Damaged
        It holds something else, or half of one.
    """
    try:
        found = json.loads(read_file(path))
    except (ValueError, RecursionError) as ex:
        raise Damaged(path) from ex
    if not isinstance(found, dict):
        raise Damaged(path)
    return found
