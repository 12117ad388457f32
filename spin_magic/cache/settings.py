"""Where the cache is and how large it may grow, read from the environment at each use."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

FOLDER = "SPIN_MAGIC_CACHE_DIR"
LIMIT = "SPIN_MAGIC_CACHE_LIMIT"
DEFAULT_LIMIT = 20 * 10**9

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def folder() -> str:
    """Give the path of the cache folder, which need not be there yet."""
    chosen = os.environ.get(FOLDER)
    return _inside(chosen) if chosen else _default_folder()


@functools.cache
def _inside(chosen: str) -> str:
    # A folder of our own within the user's, who may have other things there. Kept, since a step may
    # change the working directory.
    return os.path.join(os.path.abspath(os.path.expanduser(chosen)), "artifacts")


@functools.cache
def _default_folder() -> str:
    import platformdirs  # noqa: PLC0415 -- not imported where the environment names the folder

    return str(Path(platformdirs.user_cache_path("spin_magic")) / "artifacts")


def limit() -> int:
    """Give the number of bytes that the cache may hold; 0 turns it off."""
    return _parsed(os.environ.get(LIMIT, ""))[0]


def limit_problem() -> str:
    """Say what is wrong with the limit that was set, or nothing."""
    return _parsed(os.environ.get(LIMIT, ""))[1]


@functools.lru_cache(maxsize=8)
def _parsed(text: str) -> tuple[int, str]:
    if not text.strip():
        return DEFAULT_LIMIT, ""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", text, re.IGNORECASE)
    if not found:
        return (
            DEFAULT_LIMIT,
            f"{LIMIT}={text!r} is not a size such as 20GB, so the limit is {size_text(DEFAULT_LIMIT)}.",
        )
    number, unit, binary = found.groups()
    return int(float(number) * (_BINARY if binary else _UNITS)[unit.upper()]), ""


def size_text(size: float) -> str:
    """Write a number of bytes as people do: ``3.4 GB``."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.4g} GB"
