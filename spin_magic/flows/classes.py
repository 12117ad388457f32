"""Which classes of a Python file are flows: by parsing, never by importing."""

from __future__ import annotations

import ast
import importlib.util
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from spin_magic.flows.files import find_module, package_name
from spin_magic.kept import Kept
from spin_magic.paths import read_ordinary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_CLASS = re.compile(rb"^[ \t]*class[ \t]+([\w\x80-\xff]+)", re.MULTILINE)
_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class ClassText:
    """What the text of a class says of it.

    Attributes
    ----------
    name : str
        Name of the class.
    line : int
        Its ``class`` line.
    bases : tuple of str
        Dotted names of its bases, imports resolved: ``metaflow.FlowSpec``.
    has_steps : bool
        Does it define a ``@step`` itself.
    """

    name: str
    line: int
    bases: tuple[str, ...]
    has_steps: bool


@dataclass(frozen=True)
class FileText:
    """What the text of a file says of its classes.

    Attributes
    ----------
    path : Path
        The file.
    classes : mapping of str to ClassText
        Its module-level classes.
    imports : mapping of str to str
        Local name to absolute dotted name.
    stars : tuple of str
        Modules from which it imports ``*``.
    error : SyntaxError or None
        Why it could not be parsed.
    """

    path: Path
    classes: Mapping[str, ClassText] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    stars: tuple[str, ...] = ()
    error: SyntaxError | None = None


def class_names(path: str) -> frozenset[str]:
    """Skim a file for the names of its classes, without parsing; once for each state of it.

    Parameters
    ----------
    path : str
        A Python file. One that is gone, unreadable or very large has no classes.

    Returns
    -------
    frozenset of str
        Names after ``class``; some may stand in a string.
    """
    try:
        return _skimmed.get(path)
    except OSError:
        return frozenset()


def read_file(path: Path) -> FileText:
    """Parse a file, once for each state of it.

    Parameters
    ----------
    path : Path
        A Python file that exists.

    Returns
    -------
    FileText
        Its classes and imports; or its syntax error.
    """
    return _parsed.get(str(path))


def find_class(
    file: FileText, name: str, roots: Sequence[Path], _seen: frozenset[Path] = frozenset()
) -> tuple[FileText, ClassText] | None:
    """Find a class where it is defined: in the file, or where the file imports it from.

    Parameters
    ----------
    file : FileText
        The file that names it.
    name : str
        Name of the class.
    roots : sequence of Path
        Folders in which top-level modules are looked for.

    Returns
    -------
    tuple or None
        The defining file and the class; None where it is defined outside the roots or nowhere.
    """
    if name in file.classes:
        return file, file.classes[name]
    sources = [file.imports[name]] if name in file.imports else [f"{star}.{name}" for star in file.stars]
    seen = _seen | {file.path}
    for source in sources:
        module, _, attribute = source.rpartition(".")
        path = find_module(module, roots)
        # Packages import from themselves in a circle, and nothing is to be learnt a second time.
        if path and path not in seen:
            found = find_class(read_file(path), attribute, roots, seen)
            if found:
                return found
    return None


def is_flow(file: FileText, text: ClassText, roots: Sequence[Path]) -> bool:
    """Say whether a class is a flow.

    It is when its chain of bases reaches a ``...FlowSpec``, or when it has steps and a base whose
    text cannot be found. A class with steps and no such base is a mixin.
    """
    return _is_flow(file, text, roots, set())


def flows_in(file: FileText, roots: Sequence[Path]) -> list[ClassText]:
    """List the flows that a file defines, in the order of its lines."""
    found = [text for text in file.classes.values() if is_flow(file, text, roots)]
    return sorted(found, key=lambda text: text.line)


def lineage(file: FileText, text: ClassText, roots: Sequence[Path]) -> list[tuple[FileText, ClassText]]:
    """List a class and those that it inherits from, as far as their texts can be found, the nearest first."""
    found = [(file, text)]
    for at, one in found:  # it grows
        for base in one.bases:
            above = _base(at, base, roots)
            if above and above not in found:
                found.append(above)
    return found


def _base(file: FileText, base: str, roots: Sequence[Path]) -> tuple[FileText, ClassText] | None:
    module, _, name = base.rpartition(".")
    path = find_module(module, roots) if module else file.path
    return find_class(read_file(path), name, roots) if path else None


def _skim(file: str) -> frozenset[str]:
    path = Path(file)
    text = path.read_bytes() if path.stat().st_size <= _MAX_BYTES else b""
    return frozenset(name.decode("utf-8", "replace") for name in _CLASS.findall(text))


def _is_flow(file: FileText, text: ClassText, roots: Sequence[Path], seen: set[tuple[Path, str]]) -> bool:
    if (file.path, text.name) in seen:
        return False
    seen.add((file.path, text.name))
    unresolved = False
    for base in text.bases:
        if base.endswith("FlowSpec"):
            return True
        found = _base(file, base, roots)
        if found is None:
            unresolved = unresolved or not _is_builtin(base)
        elif _is_flow(*found, roots, seen):
            return True
    return unresolved and text.has_steps


def _is_builtin(base: str) -> bool:
    return base in {"object", "ABC", "abc.ABC", "Protocol", "typing.Protocol"}


def _parse(file: str) -> FileText:
    path = Path(file)
    source = read_ordinary(path)
    try:
        tree = parse_quietly(importlib.util.decode_source(source))
    except SyntaxError as error:
        return FileText(path, error=error)
    except (ValueError, LookupError, RecursionError, MemoryError) as error:  # LookupError: `coding: rot13`
        return FileText(path, error=SyntaxError(str(error) or "it is too deeply nested"))
    imports: dict[str, str] = {}
    stars: list[str] = []
    package = package_name(path, of_folder=True)
    nodes = list(_module_level(tree.body))
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                head = alias.name.partition(".")[0]
                imports[alias.asname or head] = alias.name if alias.asname else head
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            stars += [module for alias in node.names if alias.name == "*"]
            imports |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names}
    classes = {node.name: _class_text(node, imports) for node in nodes if isinstance(node, ast.ClassDef)}
    return FileText(path, classes, imports, tuple(stars))


def parse_quietly(text: str) -> ast.Module:
    """Parse a text: an invalid escape in someone's file is no concern of who asks for its flows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _module_level(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Walk the statements that run at import: also those under ``if``, ``try`` and ``with``."""
    for node in body:
        yield node
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for part in ("body", "orelse", "finalbody"):
                yield from _module_level(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from _module_level(handler.body)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    above = package.split(".") if package else []
    above = above[: len(above) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def _class_text(node: ast.ClassDef, imports: Mapping[str, str]) -> ClassText:
    bases = tuple(name for base in node.bases if (name := dotted(base, imports)))
    has_steps = any(
        dotted(decorator, imports).rpartition(".")[2] == "step"
        for method in node.body
        if isinstance(method, ast.FunctionDef)
        for decorator in method.decorator_list
    )
    return ClassText(node.name, node.lineno, bases, has_steps)


def dotted(node: ast.expr, imports: Mapping[str, str]) -> str:
    """Spell ``a.b``, ``a.b(...)`` or ``a.b[...]`` as ``a.b``, with ``a`` as it was imported."""
    if isinstance(node, ast.Call):
        return dotted(node.func, imports)
    if isinstance(node, ast.Subscript):
        return dotted(node.value, imports)
    if isinstance(node, ast.Attribute):
        head = dotted(node.value, imports)
        return f"{head}.{node.attr}" if head else ""
    return imports.get(node.id, node.id) if isinstance(node, ast.Name) else ""


# Of more files than that each look reads all again.
_skimmed = Kept(_skim, 100_000)
_parsed = Kept(_parse, 4096)
