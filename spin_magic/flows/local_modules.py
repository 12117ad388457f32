"""The modules beside a flow, imported for it alone, from their text as it is now."""

from __future__ import annotations

import functools
import importlib.machinery
import linecache
import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

_INSTALLED = tuple(
    os.path.realpath(folder) + os.sep
    for folder in {*sysconfig.get_paths().values(), sys.prefix, str(Path(__file__).parents[1])}
)


class _TextLoader(importlib.machinery.SourceFileLoader):
    """Compiles the source each time: byte code files tell an edit within the same second from none."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class LocalModules:
    """Modules under given folders, kept apart from those that the notebook imported.

    A step must find the text of its helpers as a new process would, and the notebook must keep the
    modules that it has. So these live in a table of their own, which takes the place of the entries
    in ``sys.modules`` while a flow is loaded or one of its steps runs.

    Parameters
    ----------
    folders : sequence of Path
        Folders whose modules are local. Packages installed under them are not.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(os.path.realpath(folder) + os.sep for folder in folders)
        self._modules: dict[str, ModuleType] = {}
        self._sources: dict[str, bytes] = {}
        self._scans: list[tuple[list[int], list[str]]] = []

    def _is_local(self, file: object) -> bool:
        if not isinstance(file, str) or not file.endswith(".py"):
            return False
        path = _real(file)
        if "site-packages" in path or not path.startswith(self._folders):
            return False
        return not path.startswith(_INSTALLED)

    def find_spec(
        self, name: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a local module for the import system; others are left to the usual finders."""
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin is None or not self._is_local(spec.origin):
            return None
        spec.loader = _TextLoader(name, spec.origin)
        linecache.cache.pop(spec.origin, None)
        self._sources[spec.origin] = _read(spec.origin)
        return spec

    def add(self, name: str, module: ModuleType) -> None:
        """Have a name mean a module that was loaded by other means."""
        self._modules[name] = module

    def values(self) -> list[ModuleType]:
        """List the modules."""
        return list(self._modules.values())

    def is_stale(self) -> bool:
        """Tell whether the text of any module has changed since it was imported."""
        return any(_read(path) != text for path, text in self._sources.items())

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Put the local modules into ``sys.modules``, and afterwards those that were there before."""
        hidden = self._local_ones()
        for name in hidden:
            del sys.modules[name]
        sys.modules.update(self._modules)
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            self._modules.update(self._local_ones())
            for name in self._modules:
                sys.modules.pop(name, None)
            sys.modules.update(hidden)

    def _local_ones(self) -> dict[str, ModuleType]:
        """Find the local modules among those that are imported; nothing is looked at twice."""
        modules = sys.modules.copy()
        # By identity and not by name alone: a module can be replaced.
        state = [*map(id, modules.values())]
        names = next((names for seen, names in self._scans if seen == state), None)
        if names is None:
            names = [name for name, module in modules.items() if self._is_local_module(name, module)]
            self._scans = [(state, names), *self._scans[:3]]
        return {name: modules[name] for name in names}

    def _is_local_module(self, name: str, module: ModuleType) -> bool:
        file = getattr(module, "__dict__", {}).get("__file__")
        return name != "__main__" and self._is_local(file)


@functools.lru_cache(maxsize=16384)
def _real(path: str) -> str:
    return os.path.realpath(path)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
