"""A made flow file, looked at once more before it is written."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from spin_magic.errors import NotebookError
from spin_magic.flows.leads import leads
from spin_magic.notebook.read_cells import Piece, Plan
from spin_magic.notebook.tags import CLASS, STEP
from spin_magic.writing.bindings import bindings
from spin_magic.writing.lines import split_lines
from spin_magic.writing.step_text import cell_node
from spin_magic.writing.tree import parse, same_tree


def check(text: str, plan: Plan, pieces: Sequence[Piece], starts: Sequence[int]) -> None:
    """Make sure that a file means what its cells mean.

    Parameters
    ----------
    text : str
        The file.
    plan : Plan
        The notebook.
    pieces : sequence of Piece
        The cells, in the order of the file.
    starts : sequence of int
        The line that each begins in.

    Raises
    ------
    NotebookError
        It does not parse, or a step is missing or would mean something else.
    """
    try:
        tree = parse(text)
    except SyntaxError as ex:
        line = ex.lineno or 1
        guilty = max((row for row, start in enumerate(starts) if start <= line), default=0)
        raise no_python(pieces[guilty], plan, ex, text) from None
    owner = _class(tree, plan, pieces, starts)
    nodes = {node.lineno: node for node in owner.body if isinstance(node, ast.FunctionDef)}
    for piece, start, stop in zip(pieces, starts, [*starts[1:], len(split_lines(text)) + 1], strict=True):
        if piece.tag == STEP:
            found = [node for line, node in nodes.items() if start <= line < stop]
            if len(found) != 1 or not _same(found[0], piece):
                msg = (
                    f"{piece.where} of {plan.name} would mean something else in {owner.name}: look at how it "
                    f"and the cells tagged {CLASS} are indented."
                )
                raise NotebookError(msg)
    _check_ways(owner, plan, [piece.step for piece in pieces if piece.tag == STEP])


def no_python(piece: Piece, plan: Plan, ex: SyntaxError, text: str) -> NotebookError:
    """Say that a cell's text does not parse."""
    lines = split_lines(text)
    line = ex.lineno or 0
    near = f", near `{lines[line - 1].strip()}`" if 0 < line <= len(lines) else ""
    return NotebookError(
        f"{piece.where} of {plan.name} does not parse{near}: {ex.msg}. Write plain Python there."
    )


def _class(tree: ast.Module, plan: Plan, pieces: Sequence[Piece], starts: Sequence[int]) -> ast.ClassDef:
    first = next(row for row, piece in enumerate(pieces) if piece.tag == CLASS)
    lines = range(starts[first], starts[first + 1])
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.lineno in lines]
    if not found:
        msg = f"{pieces[first].where} of {plan.name} has no `class` line: write the flow's there."
        raise NotebookError(msg)
    return min(found, key=lambda node: node.lineno)


def _same(node: ast.FunctionDef, piece: Piece) -> bool:
    wanted, whole = cell_node(piece.text.shown, piece.step, None)
    arguments = not whole or same_tree(node.args, wanted.args)
    return node.name == piece.step and arguments and same_tree(node.body, wanted.body)


def _check_ways(owner: ast.ClassDef, plan: Plan, steps: Sequence[str]) -> None:
    """Make sure that no step leads to one whose cell was taken out."""
    found = {binding.name: binding.node for binding in bindings(owner.body)}
    for step in steps:
        node = found[step]
        ways = leads(node).to if isinstance(node, ast.FunctionDef) else ()
        gone = [to for to in ways if to in plan.steps and to not in found]
        if gone:
            msg = (
                f"{plan.name} has lost the cell of {gone[0]!r}, but {step!r} leads there: lead it elsewhere."
            )
            raise NotebookError(msg)
