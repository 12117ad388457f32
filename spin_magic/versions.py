"""Which Metaflow this works with, asked without importing it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

OLDEST = (2, 19, 23)


def installed_version() -> str | None:
    """Give the version of the installed Metaflow; None where there is none."""
    # Read and not asked of importlib.metadata, whose own import takes longer than %load_ext.
    spec = importlib.util.find_spec("metaflow")
    if spec is None or spec.origin is None:
        return None
    text = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    found = re.search(r"""metaflow_version\s*=\s*["']([^"']+)""", text)
    return found[1] if found else None


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
