"""Where the lines of a flow file that has a cell's text in it come from: the cell, or the file as it was."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from spin_magic.writing.place import Place
from spin_magic.writing.source import Source
from spin_magic.writing.step_text import cell_node


@dataclass(frozen=True)
class Origins:
    """Lines of a changed text, in terms of the cell and of the file.

    Attributes
    ----------
    first, last : int
        The lines that the cell wrote.
    cell : int
        What leads from such a line to that of the cell, whose line 1 is the magic's own.
    file : int
        What leads from a line below them to that of the file.
    """

    first: int
    last: int
    cell: int
    file: int

    def of(self, line: int) -> tuple[bool, int]:
        """Say whether a line is the cell's, and which one it is there or in the file."""
        if self.first <= line <= self.last:
            return True, line + self.cell
        return False, line + self.file if line > self.last else line


def origins_of(made: Place, before: Source, cell: str) -> Origins:
    """Tell whose the lines are of a text that has a cell's in it.

    Parameters
    ----------
    made : Place
        The step in that text.
    before : Source
        The file.
    cell : str
        The text of the cell: the bare body, or the whole ``def``.
    """
    node, whole = cell_node(cell, made.node.name, None)
    parts: Sequence[ast.expr | ast.stmt] = [*node.decorator_list, node] if whole else node.body
    # Both end with the same statement, wherever comments stand above it.
    last = made.node.end_lineno or made.node.lineno
    shift = last - (node.end_lineno or node.lineno)
    first = min(part.lineno for part in parts) + shift
    return Origins(first, last, -shift, len(before.lines) - len(made.source.lines))
