"""The head of a flow file: whether a notebook can run it, and where helpers go in it."""

from __future__ import annotations

import ast
from pathlib import Path

from spin_magic.errors import NotebookError
from spin_magic.writing.lines import content, ending, split_lines
from spin_magic.writing.tree import parse

_FILE_ONLY = {"__file__", "__spec__", "__package__", "__path__"}


def runs_alone(text: str, home: Path, folder: Path) -> bool:
    """Tell whether the head of a file means in a notebook what it means in the file.

    Parameters
    ----------
    text : str
        The text.
    home, folder : Path
        Where the file and the notebook lie.
    """
    try:
        tree = parse(text)
    except SyntaxError:
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            return False
        if isinstance(node, ast.Name) and node.id in _FILE_ONLY:
            return False
        if isinstance(node, ast.If) and any(map(_is_name_of_module, ast.walk(node.test))):
            return False  # `__name__ == "__main__"` holds in a notebook, and would run the flow
    return home.resolve() == folder.resolve() or not any(_lies_in(home, name) for name in _imported(tree))


def _is_name_of_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "__name__"


def _imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def _lies_in(folder: Path, module: str) -> bool:
    return (folder / f"{module}.py").is_file() or (folder / module).is_dir()


def with_helpers(head: str, helpers: list[str], newline: str, where: str) -> str:
    """Put the text of helpers below the imports of a head.

    Parameters
    ----------
    head : str
        The head, without the end of its last line.
    helpers : list of str
        The helpers.
    newline : str
        The ending of new lines.
    where : str
        The notebook, for messages.

    Raises
    ------
    NotebookError
        The head does not parse alone, so that its imports cannot be told.
    """
    if not helpers:
        return head
    try:
        tree = parse(head)
    except SyntaxError:
        msg = (
            f"The head of the flow in {where} is no whole text of its own, so helpers have no place in it: "
            "put them into the cell tagged spin:head."
        )
        raise NotebookError(msg) from None
    lines = split_lines(head)
    row = _below_imports(tree) or len(lines)
    if row:
        lines[row - 1] = content(lines[row - 1]) + (ending(lines[row - 1]) or newline)
    made = [part for helper in helpers for part in (newline * 2, helper, newline)]
    rest = lines[row:]
    if rest and content(rest[0]).strip():
        made.append(newline * 2)
    text = "".join([*lines[:row], *made, *rest])
    return text if rest else text.removesuffix(newline)


def _below_imports(tree: ast.Module) -> int:
    """Give the row below the last import at the top level, 0 where there is none."""
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    row = (imports[-1].end_lineno or 0) if imports else 0
    for node in tree.body:
        if node.lineno <= row:  # behind a semicolon
            row = max(row, node.end_lineno or row)
    return row
