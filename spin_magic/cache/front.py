"""What a person asks the cache: what it holds, and to throw it away."""

from __future__ import annotations

from dataclasses import dataclass

from spin_magic.cache import settings
from spin_magic.cache.entries import Store
from spin_magic.cache.folder import Unusable, entries, ready


@dataclass(frozen=True)
class Info:
    """What the cache holds.

    Attributes
    ----------
    folder : str
        Where it is.
    entries, bytes : int
        How many artifacts it holds, and how large they are together.
    limit : int
        How many bytes it may hold.
    problem : str
        Why it is not used, or not as it was set; empty where all is well.
    """

    folder: str
    entries: int
    bytes: int
    limit: int
    problem: str = ""

    def __repr__(self) -> str:
        many = "artifact" if self.entries == 1 else "artifacts"
        sizes = f"{settings.size_text(self.bytes)} of {settings.size_text(self.limit)}"
        text = f"{self.entries} {many}, {sizes}, in {self.folder}"
        return f"{text}. {self.problem}" if self.problem else text


_stores: dict[str, Store] = {}


def store() -> Store:
    """Give the store in the folder that is set now."""
    folder = settings.folder()
    return _stores.setdefault(folder, Store(folder))


def info() -> Info:
    """Say how many artifacts are cached on this machine's disk, how large they are, and where."""
    folder, limit = settings.folder(), settings.limit()
    problem = settings.limit_problem()
    try:
        # Making it is the only way to learn whether it can be made.
        kept = entries(folder) if ready(folder, make=limit > 0) else []
    except Unusable as ex:
        return Info(folder, 0, 0, limit, str(ex))
    return Info(folder, len(kept), sum(one.size for one in kept), limit, problem)


def clear() -> int:
    """Remove all cached artifacts and give the number of bytes freed.

    Kernels that use one of them go on unharmed; the next spin reads the datastore again.
    """
    try:
        return store().clear()
    except Unusable:
        return 0
