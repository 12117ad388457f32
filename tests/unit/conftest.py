from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from spin_magic import cache


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> cache.Store:
    """An empty cache, the one that is set."""
    monkeypatch.setenv("SPIN_MAGIC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMIT", "1GB")
    return cache.store()


@pytest.fixture
def no_loop() -> Iterator[None]:
    """No event loop runs, also where the browser's tests have left theirs running in this process."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)
