"""Python files below a folder, and the file of a module: without importing anything."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SKIPPED = {"__pycache__", "node_modules", "site-packages"}
_VENV_MARKS = ("pyvenv.cfg", "conda-meta")


@dataclass(frozen=True)
class _Rule:
    """A line of a ``.gitignore``."""

    skip: int  # characters of a path up to the folder that the pattern starts from
    pattern: re.Pattern[str]
    folders_only: bool
    ignore: bool


def python_files(folder: Path) -> Iterator[Path]:
    """Walk the Python files below a folder that may hold somebody's own code.

    Hidden folders, virtual environments, caches and what ``.gitignore`` names are skipped; a folder
    that is linked twice is walked once.

    Parameters
    ----------
    folder : Path
        Where to start.

    Yields
    ------
    Path
        Files in the order of their names, those of a folder before those of its subfolders.
    """
    yield from _walk(folder, _rules_above(folder), set())


def find_module(dotted: str, roots: Sequence[Path]) -> Path | None:
    """Find the file of a module in the first of the folders that has it.

    Parameters
    ----------
    dotted : str
        ``package.module``.
    roots : sequence of Path
        Folders as on ``sys.path``.

    Returns
    -------
    Path or None
        The module's file, for a package its ``__init__.py``; None where no root has it.
    """
    parts = dotted.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    for root in roots:
        stem = root.joinpath(*parts)
        for path in (stem / "__init__.py", stem.with_name(stem.name + ".py")):
            if path.is_file():
                return path
    return None


def package_name(path: Path, *, of_folder: bool = False) -> str:
    """Give the dotted name that a file has as a module of the package it lies in.

    Parameters
    ----------
    path : Path
        A Python file.
    of_folder : bool
        Give the name of the package itself, from which relative imports count.

    Returns
    -------
    str
        ``package.module``; for a file outside packages its stem, or nothing with `of_folder`.
    """
    folder, parts = path.parent, [] if of_folder or path.stem == "__init__" else [path.stem]
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts)


def package_root(path: Path) -> Path:
    """Give the folder from which a file's module is imported: the one above its packages."""
    folder = path.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _walk(folder: Path, rules: list[_Rule], seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        stat = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    if (stat.st_dev, stat.st_ino) in seen:
        return
    seen.add((stat.st_dev, stat.st_ino))
    names = {entry.name for entry in entries}
    if names.intersection(_VENV_MARKS):
        return
    if ".gitignore" in names:
        rules = [*rules, *_read_rules(folder)]
    # Strings until the end: a Path for each of thousands of files would take most of the time.
    wanted = [entry for entry in entries if not entry.name.startswith(".") and entry.name not in _SKIPPED]
    files = [entry.path for entry in wanted if entry.name.endswith(".py") and _holds(entry.is_file)]
    folders = [entry.path for entry in wanted if _holds(entry.is_dir)]
    yield from (Path(path) for path in files if not _ignored(path, rules, is_folder=False))
    for below in folders:
        if not _ignored(below, rules, is_folder=True):
            yield from _walk(Path(below), rules, seen)


def _holds(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:  # a link to itself, or a folder that may not be read
        return False


def _rules_above(folder: Path) -> list[_Rule]:
    """Read the ``.gitignore`` of the folders above, up to the top of the repository."""
    if (folder / ".git").exists():
        return []
    above: list[Path] = []
    for parent in folder.parents:
        above.insert(0, parent)
        if (parent / ".git").exists():
            return [rule for base in above for rule in _read_rules(base)]
    return []


def _read_rules(base: Path) -> list[_Rule]:
    try:
        lines = (base / ".gitignore").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    rules = []
    skip = len(str(base / "x")) - 1
    for line in map(str.strip, lines):
        if not line or line.startswith("#"):
            continue
        ignore = not line.startswith("!")
        glob = line.removeprefix("!")
        anchored = "/" in glob.rstrip("/")
        try:
            pattern = re.compile(("" if anchored else "(.*/)?") + _pattern(glob.strip("/")))
        except re.error:  # a set of characters that git would not take either
            continue
        rules.append(_Rule(skip, pattern, glob.endswith("/"), ignore))
    return rules


def _pattern(glob: str) -> str:
    words = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^]]+\])", glob)
    return "".join(
        words.get(part) or (part.replace("[!", "[^") if part.startswith("[") else re.escape(part))
        for part in parts
    )


def _ignored(path: str, rules: list[_Rule], *, is_folder: bool) -> bool:
    for rule in reversed(rules):
        if rule.folders_only and not is_folder:
            continue
        if rule.pattern.fullmatch(path, rule.skip):
            return rule.ignore
    return False
