"""What the tests of the cache share: artifacts, and where they end up."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pandas as pd

from spin_magic.cache import Store, folder

LARGE, MEDIUM = 300_000, 20_000  # of eight bytes: mapped, and read


def pickled(value: object) -> tuple[str, bytes]:
    """Give a value's SHA and bytes in Metaflow's datastore."""
    raw = pickle.dumps(value, protocol=4)
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest(), raw


def artifact(n: int, seed: int = 0) -> tuple[str, bytes]:
    return pickled({"frame": pd.DataFrame({"x": np.arange(n) + seed}), "n": n})


def put(store: Store, n: int = LARGE, seed: int = 0) -> str:
    sha, raw = artifact(n, seed)
    store.adopt(sha, raw)
    return sha


def path_of(store: Store, sha: str) -> Path:
    return Path(folder.place(store.folder, sha))


def files(store: Store) -> list[Path]:
    return [item for item in Path(store.folder).rglob("*") if item.is_file()]


def assert_rebuilt(store: Store, n: int) -> None:
    sha, raw = artifact(n)
    assert store.load(sha) is None
    assert store.adopt(sha, raw)[0]["frame"]["x"].sum() == n * (n - 1) // 2
    assert store.load(sha)[0]["frame"].equals(pickle.loads(raw)["frame"])
