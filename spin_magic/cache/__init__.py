"""Artifacts of past tasks on disk, mapped copy-on-write, so that each load is fresh and instant.

`info` says what is kept and where, `clear` throws it away. The settings `cache_dir` and `cache_limit` say
where that is, and how much (``"20GB"``; 0 turns it off).
"""

from __future__ import annotations

from spin_magic.cache.entries import Store
from spin_magic.cache.front import Info, clear, info, store
from spin_magic.cache.loaded import LoadedPlain, Untouched

__all__ = ["Info", "LoadedPlain", "Store", "Untouched", "clear", "info", "store"]
