"""Which Metaflow this works with, asked without importing it."""

from __future__ import annotations

import importlib.metadata
import re

OLDEST = (2, 19, 23)


def installed_version() -> str | None:
    """Give the version of the installed Metaflow; None where there is none."""
    try:
        return importlib.metadata.version("metaflow")
    except importlib.metadata.PackageNotFoundError:
        return None


def version_problem() -> str | None:
    """Say what is wrong with the installed Metaflow's version, or None."""
    version = installed_version()
    need = ".".join(map(str, OLDEST))
    if version is None:
        return f"spin_magic needs Metaflow {need} or newer, and none is installed: pip install metaflow"
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if numbers < OLDEST:
        return f"spin_magic needs Metaflow {need} or newer, and this is {version}: pip install -U metaflow"
    return None
