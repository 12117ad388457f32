"""Python files below a folder, and the file of a module: without importing anything."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spin_magic.kept import Kept

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


_Rules = tuple[_Rule, ...]


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
    yield from map(Path, python_paths(folder))


def python_paths(folder: Path) -> Iterator[str]:
    """Walk the same files as text: a Path for each of thousands of files takes longer than the walk."""
    yield from _walk(str(folder), _rules_above(folder), set())


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


@dataclass
class _Listing:
    """What of a folder is walked, and what of that the rules leave, as long as they are the same."""

    number: tuple[int, int]
    files: list[str]
    folders: list[str]
    has_rules: bool
    has_links: bool
    left: tuple[_Rules, list[str], list[str]] | None = None


def _list(folder: str) -> _Listing:
    stat = os.stat(folder)  # noqa: PTH116 -- a folder may be one of thousands
    number = (stat.st_dev, stat.st_ino)
    with os.scandir(folder) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    names = {entry.name for entry in entries}
    if names.intersection(_VENV_MARKS):
        return _Listing(number, [], [], has_rules=False, has_links=False)
    wanted = [entry for entry in entries if not entry.name.startswith(".") and entry.name not in _SKIPPED]
    return _Listing(
        number,
        files=[entry.path for entry in wanted if entry.name.endswith(".py") and _holds(entry.is_file)],
        folders=[entry.path for entry in wanted if _holds(entry.is_dir)],
        has_rules=".gitignore" in names,
        has_links=any(entry.is_symlink() for entry in wanted),
    )


def _walk(folder: str, rules: _Rules, seen: set[tuple[int, int]]) -> Iterator[str]:
    try:
        listing = _listings.get(folder)
        if listing.has_links:
            # What a link leads to can change without a trace in the folder.
            listing = _list(folder)
    except OSError:
        return
    if listing.number in seen:
        return
    seen.add(listing.number)
    if listing.has_rules:
        rules = (*rules, *_read_rules(folder))
    if listing.left is None or listing.left[0] != rules:
        files = [path for path in listing.files if not _ignored(path, rules, is_folder=False)]
        folders = [path for path in listing.folders if not _ignored(path, rules, is_folder=True)]
        listing.left = rules, files, folders
    _, files, folders = listing.left
    yield from files
    for below in folders:
        yield from _walk(below, rules, seen)


def _holds(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:  # a link to itself, or a folder that may not be read
        return False


def _rules_above(folder: Path) -> _Rules:
    """Read the ``.gitignore`` of the folders above, up to the top of the repository."""
    # Not Path.exists, which fails in a folder that may not be searched.
    if os.path.exists(folder / ".git"):  # noqa: PTH110
        return ()
    above: list[Path] = []
    for parent in folder.parents:
        above.insert(0, parent)
        if os.path.exists(parent / ".git"):  # noqa: PTH110
            return tuple(rule for base in above for rule in _read_rules(str(base)))
    return ()


def _read_rules(base: str) -> _Rules:
    try:
        return _rules.get(os.path.join(base, ".gitignore"))  # noqa: PTH118 -- as above
    except OSError:
        return ()


def _parse_rules(file: str) -> _Rules:
    path = Path(file)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rules = []
    skip = len(str(path.parent / "x")) - 1
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
    return tuple(rules)


def _pattern(glob: str) -> str:
    words = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^]]+\])", glob)
    return "".join(
        words.get(part) or (part.replace("[!", "[^") if part.startswith("[") else re.escape(part))
        for part in parts
    )


def _ignored(path: str, rules: _Rules, *, is_folder: bool) -> bool:
    for rule in reversed(rules):
        if rule.folders_only and not is_folder:
            continue
        if rule.pattern.fullmatch(path, rule.skip):
            return rule.ignore
    return False


_listings = Kept(_list, 16384)
_rules = Kept(_parse_rules, 256)
