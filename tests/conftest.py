"""Every test keeps artifacts in a cache of its own run, kernels and other processes that it starts too."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

# Before anything is imported, and for every process that a test starts.
os.environ["SPIN_MAGIC_CACHE_DIR"] = tempfile.mkdtemp(prefix="spin_magic_cache_")
atexit.register(shutil.rmtree, os.environ["SPIN_MAGIC_CACHE_DIR"], ignore_errors=True)
