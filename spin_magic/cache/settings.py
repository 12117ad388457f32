"""Where the cache is and how large it may grow, asked of the user's settings at each use."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from spin_magic.settings import SpinMagic


def folder() -> str:
    """Give the path of the cache folder, which need not be there yet."""
    chosen = SpinMagic.instance().cache_dir
    return _inside(chosen) if chosen else _default_folder()


@functools.cache
def _inside(chosen: str) -> str:
    # A folder of our own within the user's, who may have other things there. Kept, since a step may
    # change the working directory.
    return os.path.join(os.path.abspath(os.path.expanduser(chosen)), "artifacts")


@functools.cache
def _default_folder() -> str:
    import platformdirs  # noqa: PLC0415 -- not imported where the user names the folder

    return str(Path(platformdirs.user_cache_path("spin_magic")) / "artifacts")


def limit() -> int:
    """Give the number of bytes that the cache may hold; 0 turns it off."""
    return SpinMagic.instance().cache_limit


def limit_problem() -> str:
    """Say what is wrong with the limit that was set, or that nothing is kept; else nothing."""
    nothing = "" if limit() else "The limit is 0, so nothing is kept."
    return SpinMagic.instance().problem("cache_limit") or nothing


def size_text(size: float) -> str:
    """Write a number of bytes as people do: ``3.4 GB``."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.4g} GB"
