"""On what it was measured, without a word on where that machine is."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path


def processor() -> str:
    """Name the processor, as far as the system tells."""
    with_names = Path("/proc/cpuinfo")
    if with_names.exists():
        for line in with_names.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def describe() -> str:
    """Describe the machine and the versions in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = {
        "Metaflow": "metaflow",
        "pandas": "pandas",
        "NumPy": "numpy",
        "scikit-learn": "scikit-learn",
        "IPython": "ipython",
        "ipykernel": "ipykernel",
    }
    versions = ", ".join(f"{name} {version(package)}" for name, package in packages.items())
    return (
        f"{os.cpu_count()} cores ({processor()}, {platform.machine()}), {memory:.0f} GiB of memory, "
        f"{platform.system()}, Python {platform.python_version()}, {versions}."
    )
