"""Where the modules of a flow were found, or looked for in vain, and whether they still would be."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence

from spin_magic.flows.installed import is_installed
from spin_magic.kept import Stamp, settled, stamp

Spec = importlib.machinery.ModuleSpec
_Answer = tuple[str | None, ...]


class Lookups:
    """What the import system answered while a flow was loaded or one of its steps ran.

    Parameters
    ----------
    search_path : callable
        Gives ``sys.path`` as the flow has it.
    """

    def __init__(self, search_path: Callable[[], list[str]]) -> None:
        self._flows_path = search_path
        self._answers: dict[tuple[str, tuple[str, ...] | None], _Answer] = {}
        self._folders: dict[str, tuple[Stamp | None, int]] = {}
        self._path: tuple[str, ...] = ()

    def find(self, name: str, path: Sequence[str] | None) -> Spec | None:
        """Find a module as the import system would without us, and note where.

        Parameters
        ----------
        name : str
            Dotted name of the module.
        path : sequence of str or None
            Folders of its package; None for a module of its own.

        Returns
        -------
        ModuleSpec or None
        """
        folders = self._search_path() if path is None else tuple(path)
        # Those of an installed package stay where they are, and there are thousands.
        noted = path is None or not all(map(is_installed, folders))
        if noted:
            self._look_at(folders)
        spec = _find(name, path)
        if noted and (spec is None or not is_installed(spec.origin or "")):
            self._path = self._search_path()
            self._answers[name, None if path is None else folders] = _answer(spec)
        return spec

    def _search_path(self) -> tuple[str, ...]:
        return tuple(folder or _cwd() for folder in self._flows_path())

    def _look_at(self, folders: Iterable[str]) -> None:
        for folder in folders:
            if folder not in self._folders:
                self._folders[folder] = _stamp(folder), time.time_ns()
                if not is_installed(folder):
                    _forget_listing(folder)

    def is_stale(self) -> bool:
        """Tell whether any module would be found elsewhere now."""
        if not self._answers:
            return False
        path = self._search_path()
        if not self._changed_folders() and path == self._path:
            return False
        self._look_at(path)
        found = {
            (name, given): _answer(_find(name, path if given is None else given))
            for name, given in self._answers
        }
        self._path = path
        return found != self._answers

    def _changed_folders(self) -> bool:
        changed = False
        for folder, (seen, looked) in self._folders.items():
            now = _stamp(folder)
            if now != seen or (now is not None and not settled(now, looked)):
                changed = True
                self._folders[folder] = now, time.time_ns()
                _forget_listing(folder)
        return changed


def _find(name: str, path: Sequence[str] | None) -> Spec | None:
    spec = importlib.machinery.PathFinder.find_spec(name, path)
    if spec is not None:
        return spec
    # Packages installed to be edited may have a finder of their own.
    given = None if "." not in name else path
    for finder in list(sys.meta_path):
        ask = getattr(finder, "find_spec", None)
        ours = type(finder).__module__.startswith("spin_magic.")
        if ours or ask is None or finder is importlib.machinery.PathFinder:
            continue
        found: Spec | None = ask(name, given, None)
        if found is not None:
            return found
    return None


def _answer(spec: Spec | None) -> _Answer:
    if spec is None:
        return ()
    if spec.origin is not None or spec.submodule_search_locations is None:
        return (spec.origin,)
    return (None, *spec.submodule_search_locations)


def _stamp(folder: str) -> Stamp | None:
    try:
        return stamp(folder)
    except (OSError, ValueError):
        return None


def _cwd() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 -- as ``sys.path`` has it: text
    except OSError:
        return ""


def _forget_listing(folder: str) -> None:
    """Have the import system list a folder anew: it tells a change within a tick from none."""
    finder = sys.path_importer_cache.get(folder)
    if finder is None:
        sys.path_importer_cache.pop(folder, None)
    elif hasattr(finder, "invalidate_caches"):
        finder.invalidate_caches()
