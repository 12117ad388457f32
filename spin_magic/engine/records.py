"""Metaflow's records in a folder on this machine: each a file with one JSON object."""

from __future__ import annotations

import json
from typing import Any

from spin_magic.paths import read_ordinary


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
        found = json.loads(read_ordinary(path, None))
    except (ValueError, RecursionError) as ex:
        raise Damaged(path) from ex
    if not isinstance(found, dict):
        raise Damaged(path)
    return found
