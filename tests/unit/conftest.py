from __future__ import annotations

from pathlib import Path

import pytest

from spin_magic import cache


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> cache.Store:
    """An empty cache, the one that is set."""
    monkeypatch.setenv("SPIN_MAGIC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMIT", "1GB")
    return cache.store()
