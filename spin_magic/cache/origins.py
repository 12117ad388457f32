"""Where classes come from, and in which version."""

from __future__ import annotations

import copyreg
import functools
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Iterable
from typing import Any

PYTHON = str(sys.implementation.cache_tag)
_SITES = {"site-packages", "dist-packages"}
_CUSTOM = (
    "__reduce__",
    "__reduce_ex__",
    "__getstate__",
    "__setstate__",
    "__getnewargs__",
    "__getnewargs_ex__",
)


@functools.cache
def _installed(top: str) -> bool:
    if top in sys.stdlib_module_names:
        return top != "__main__"
    file = getattr(sys.modules.get(top), "__file__", None) or ""
    return not _SITES.isdisjoint(file.split(os.sep))


def _top(named: Any) -> str:
    return str(getattr(named, "__module__", None) or "").partition(".")[0]


def repeatable(named: Any) -> bool:
    """Say whether values of a class can be pickled anew to the same effect.

    What installed packages do can be told by their versions. A user's class may do anything when it is
    pickled, and may be edited since, so only those that leave it to Python are.
    """
    if _installed(_top(named)):
        return True
    if not isinstance(named, type) or named in copyreg.dispatch_table:
        return False
    own = [base for base in named.__mro__ if not _installed(_top(base))]
    return not any(name in vars(base) for base in own for name in _CUSTOM)


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Give the version of each package that has one; the standard library's is Python's."""
    found = {name: version(name) for name in packages if name not in sys.stdlib_module_names}
    return {name: number for name, number in found.items() if number}


def version(package: str) -> str:
    """Give the version of a package, which is imported; empty where it has none or is not there."""
    try:
        module = importlib.import_module(package)
    except Exception:  # noqa: BLE001 -- an import may run any code
        return ""
    number = getattr(module, "__version__", None)
    return number if isinstance(number, str) else _metadata_version(package)


@functools.lru_cache(maxsize=256)
def _metadata_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""
