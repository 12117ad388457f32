"""The modules beside a flow, imported for it alone, from their text as it is now."""

from __future__ import annotations

import importlib.machinery
import linecache
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from spin_magic.engine.process import Change
from spin_magic.flows.installed import is_really_installed, real_path
from spin_magic.flows.lookups import Lookups
from spin_magic.flows.opened import OpenedFiles

_IMPORTS = re.compile(r"^[ \t]*(?:from[ \t]+(\w+)|import[ \t]+([^#\n]+))", re.MULTILINE)
# Set while a step runs, or by whoever draws the cell.
_FLEETING = ("METAFLOW_RUN_ID", "COLUMNS", "LINES")


class _TextLoader(importlib.machinery.SourceFileLoader):
    """Compiles the source each time: byte code files tell an edit within the same second from none."""

    def __init__(self, name: str, path: str, local: LocalModules) -> None:
        super().__init__(name, path)
        self._local = local

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)

    def exec_module(self, module: ModuleType) -> None:
        if hasattr(module, "__path__"):
            _bind_compiled(module)
        with self._local.opened.noted():
            super().exec_module(module)
        self._local.keep_path()


class LocalModules:
    """The modules of a flow that are not installed, kept apart from those that the notebook imported.

    A step must find the text of its helpers as a new process would, and the notebook must keep the
    modules that it has. So these live in a table of their own, which takes the place of the entries
    in ``sys.modules`` while a flow is loaded or one of its steps runs.

    Parameters
    ----------
    folders : sequence of Path
        Folders whose modules are local, the one that ``sys.path`` begins with first. Packages installed
        under them are not. Modules from elsewhere are local where the flow, or a local module, imports them.
    text : str
        The text of the flow file.

    Attributes
    ----------
    opened : OpenedFiles
        What the flow's modules read while they were loaded, their own text included.
    set_up : list of callable
        What they set in the process while they were loaded, and steps find there.
    """

    def __init__(self, folders: Sequence[Path], text: str = "") -> None:
        self._folders = tuple(os.path.realpath(folder) + os.sep for folder in folders)
        self._modules: dict[str, ModuleType] = {}
        self._hidden: dict[str, ModuleType] = {}
        self._claimed: set[str] = set()
        self._scans: list[tuple[list[int], list[str]]] = []
        self._lookups = Lookups(self.search_path)
        self._root = [str(folder) for folder in folders[:1]]
        self._path_outside: list[str] = []
        self._before: list[str] = []
        self._after: list[str] = []
        self._environment = _environment()
        self._set: dict[str, str] = {}
        self.opened = OpenedFiles()
        self.set_up: list[Change] = []
        self.claim(text)

    def claim(self, text: str) -> None:
        """Have the modules that a text imports be local, unless they are installed.

        Others that are not installed, such as a debugger's, stay the process's own.
        """
        names = {name for found in _IMPORTS.finditer(text) for name in _imported(found)} - self._claimed
        self._claimed |= names
        if self not in sys.meta_path or names.isdisjoint(sys.modules):
            return
        notebooks = {name: module for name, module in self._local_ones().items() if name not in self._modules}
        for name, module in notebooks.items():
            if name.partition(".")[0] in names:
                self._hidden[name] = sys.modules.pop(name, module)

    def search_path(self) -> list[str]:
        """Give ``sys.path`` as the flow has it: its own folder first, and what its modules added."""
        own = {*self._before, *self._root, *self._after}
        rest = [folder for folder in sys.path if folder not in own]
        return [*self._before, *self._root, *rest, *self._after]

    def keep_path(self) -> None:
        """Keep what the modules have added to ``sys.path``: steps find it there."""
        known = {*self._path_outside, *self._root}
        if not self._root or known.issuperset(sys.path):
            return
        where = sys.path.index(self._root[0]) if self._root[0] in sys.path else 0
        self._before = [folder for folder in sys.path[:where] if folder not in known]
        self._after = [folder for folder in sys.path[where:] if folder not in known]

    def keep_settings(self) -> None:
        """Keep what the flow's module has set in ``sys.path`` and ``os.environ``: steps find it there."""
        self.keep_path()
        now = _environment().items()
        self._set = {name: value for name, value in now if self._environment.get(name) != value}

    def _is_local(self, name: str, file: object) -> bool:
        if not isinstance(file, str) or not file.endswith(".py"):
            return False
        path = real_path(file)
        if not path.startswith(self._folders) and name.partition(".")[0] not in self._claimed:
            return False
        return not is_really_installed(path)

    def find_spec(
        self,
        name: str,
        path: Any = None,
        target: Any = None,  # noqa: ARG002 -- the import system passes it
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a local module for the import system; others are left to the usual finders."""
        spec = self._lookups.find(name, path)
        if spec is None or spec.origin is None:
            return None
        if name.partition(".")[0] not in sys.modules:
            self._claimed.add(name)
        if not isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            return None
        if not self._is_local(name, spec.origin):
            return None
        spec.loader = _TextLoader(name, spec.origin, self)
        linecache.cache.pop(spec.origin, None)
        self.opened.note(spec.origin)
        self.claim(_read(spec.origin))
        return spec

    def add(self, name: str, module: ModuleType) -> None:
        """Have a name mean a module that was loaded by other means."""
        self._modules[name] = module

    def values(self) -> list[ModuleType]:
        """List the modules."""
        return list(self._modules.values())

    def is_stale(self) -> bool:
        """Tell whether anything that the modules found when they were loaded has changed.

        That is their text, the files that they read, where they were found, and the environment.
        """
        return self._environment != _environment() or self.opened.is_stale() or self._lookups.is_stale()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Put the local modules into ``sys.modules``, and afterwards those that were there before.

        ``sys.path`` and the environment have what the modules made of them, likewise.
        """
        self._hidden = self._local_ones()
        for name in self._hidden:
            del sys.modules[name]
        self._path_outside, environment = list(sys.path), {name: os.environ.get(name) for name in self._set}
        sys.path[:] = self.search_path()
        os.environ.update(self._set)
        sys.modules.update(self._modules)
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            sys.path[:] = self._path_outside
            _restore(environment)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            self._modules.update(self._local_ones())
            for name in self._modules:
                sys.modules.pop(name, None)
            sys.modules.update(self._hidden)

    def _local_ones(self) -> dict[str, ModuleType]:
        """Find the local modules among those that are imported; nothing is looked at twice."""
        modules = sys.modules.copy()
        # By identity and not by name alone: a module can be replaced.
        state = [len(self._claimed), *map(id, modules.values())]
        names = next((names for seen, names in self._scans if seen == state), None)
        if names is None:
            names = [name for name, module in modules.items() if self._is_local_module(name, module)]
            self._scans = [(state, names), *self._scans[:3]]
        return {name: modules[name] for name in names}

    def _is_local_module(self, name: str, module: ModuleType) -> bool:
        held = getattr(module, "__dict__", {})
        file = held.get("__file__")
        if file is None and "__path__" in held and getattr(held.get("__spec__"), "origin", "") is None:
            # A package without an `__init__.py`: it holds its local modules as attributes.
            return all(self._is_local(name, f"{folder}{os.sep}.py") for folder in held["__path__"])
        return name != "__main__" and self._is_local(name, file)


def _bind_compiled(package: ModuleType) -> None:
    """Give a package those of its modules that are loaded: a compiled one stays, and is bound only once."""
    for name, module in sys.modules.copy().items():
        parent, _, last = name.rpartition(".")
        if parent == package.__name__:
            setattr(package, last, module)


def _imported(found: re.Match[str]) -> list[str]:
    if found[1]:
        return [found[1]]
    return [part.split(".")[0].split()[0] for part in found[2].split(",") if part.strip(". \t\\();")]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _FLEETING}


def _restore(environment: dict[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
