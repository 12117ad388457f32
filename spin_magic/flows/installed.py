"""Which files are installed: they stay as they are while a kernel runs."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from pathlib import Path

import metaflow

_FOLDERS = tuple(
    os.path.realpath(folder) + os.sep
    for folder in {
        *sysconfig.get_paths().values(),
        sys.prefix,
        str(Path(__file__).parents[1]),
        str(Path(metaflow.__file__).parent),
    }
)
_PARTS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def is_installed(path: str) -> bool:
    """Tell whether a file belongs to Python, an installed package, Metaflow or this package."""
    return is_really_installed(real_path(path))


def is_really_installed(real: str) -> bool:
    """Tell the same of a path without links."""
    return f"{real}{os.sep}".startswith(_FOLDERS) or any(part in f"{real}{os.sep}" for part in _PARTS)


@functools.lru_cache(maxsize=16384)
def real_path(path: str) -> str:
    """Give a path without links."""
    return os.path.realpath(path)
