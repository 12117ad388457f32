from __future__ import annotations

from pathlib import Path

import pytest

from spin_magic import cache
from spin_magic.cache import settings


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> cache.Store:
    """An empty cache, the one that is set."""
    monkeypatch.setenv(settings.FOLDER, str(tmp_path / "cache"))
    monkeypatch.setenv(settings.LIMIT, "1GB")
    return cache.store()
