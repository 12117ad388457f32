"""Every test keeps artifacts in a cache of its own run, kernels and other processes that it starts too."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile

import pytest

# Before anything is imported, and for every process that a test starts.
os.environ["SPIN_MAGIC_CACHE_DIR"] = tempfile.mkdtemp(prefix="spin_magic_cache_")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption("--full", action="store_true", help="tests/faults: every case, which takes hours")
    group.addoption(
        "--fuzz-minutes", type=float, default=12, help="tests/faults: for each target, with --full"
    )
    group.addoption("--keep-figures", action="store_true", help="tests/faults: write docs/faults.md")
    group = parser.getgroup("conformance")
    group.addoption("--runs", help="tests/conformance: a folder that keeps the real runs, for the next time")


@pytest.fixture(autouse=True, scope="module")
def quick_collections():
    """Leave what is there by now out of later collections: each shell that ends asks for one."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_settings():
    """What a test sets is forgotten after it."""
    yield
    if "spin_magic.settings" in sys.modules:
        SpinMagic = sys.modules["spin_magic.settings"].SpinMagic  # noqa: N806 -- its own name
        SpinMagic.clear_instance()


atexit.register(shutil.rmtree, os.environ["SPIN_MAGIC_CACHE_DIR"], ignore_errors=True)
