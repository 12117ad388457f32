"""A ``with`` block of a cell or script, read as the body of a step: its text, and the names it makes."""

from __future__ import annotations

import ast
import itertools
import linecache
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from spin_magic.errors import CellError
from spin_magic.flows.cell import own_nodes
from spin_magic.flows.names import global_names


@dataclass(frozen=True)
class WithBlock:
    """What is known of a block before it runs.

    Attributes
    ----------
    text : str or None
        Its text, as it would be the body of a step; None where it cannot be one.
    problem : str
        Why it cannot.
    target : tuple of str or None
        The names that follow ``as``; None where that is not known.
    makes, uses : frozenset of str
        The names that it binds, and those that it takes from around it.
    """

    text: str | None = None
    problem: str = "its text is not to be had"
    target: tuple[str, ...] | None = None
    makes: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()

    def locals_in(self, namespace: Mapping[str, Any]) -> dict[str, Any]:
        """Give what the block has bound: what would be the local variables of a step."""
        return {name: namespace[name] for name in sorted(self.makes) if name in namespace}


def read_block(frame: FrameType) -> WithBlock:
    """Find the ``with`` statement that a frame is entering, and read its block.

    Parameters
    ----------
    frame : frame
        It is calling the ``__enter__`` of the statement.

    Raises
    ------
    CellError
        The block uses ``await``.
    """
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return WithBlock()
    entered = _positions(frame)
    for node in ast.walk(tree):
        if isinstance(node, ast.With):
            for item in node.items:
                if _position(item.context_expr) in entered:
                    return _read(node, item, lines)
    return WithBlock()


def _positions(frame: FrameType) -> list[tuple[int | None, ...]]:
    """Give where the frame is and where it was just before.

    The call of ``__enter__`` stands at the expression of its manager; before Python 3.13 it stands at the
    whole statement, and only what made the manager stands there.
    """
    here = frame.f_lasti // 2
    return list(itertools.islice(frame.f_code.co_positions(), max(here - 1, 0), here + 1))


def _position(node: ast.expr) -> tuple[int | None, ...]:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _read(node: ast.With, item: ast.withitem, lines: list[str]) -> WithBlock:
    awaiting = (ast.Await, ast.AsyncFor, ast.AsyncWith)
    used = list(own_nodes(ast.Module(node.body, [])))
    for part in used:
        if isinstance(part, awaiting):
            msg = (
                f"Line {part.lineno} uses `await` inside the block: a step is an ordinary function. "
                "Call asyncio.run(...) there, or await it before the block."
            )
            raise CellError(msg)
    target = _target(item.optional_vars)
    try:
        code = _as_function(node, target or ())
    except SyntaxError as ex:
        return WithBlock(problem=f"{ex.msg} (line {ex.lineno})", target=target)
    makes = frozenset({*code.co_varnames, *code.co_cellvars} - set(target or ()))
    uses = frozenset(global_names(code))
    for part in used:
        if isinstance(part, (ast.Yield, ast.YieldFrom)):
            return WithBlock(problem=f"it yields (line {part.lineno})", target=target, makes=makes, uses=uses)
    text = _text(node, lines)
    if ast.dump(ast.parse(text)) != ast.dump(ast.Module(node.body, [])):
        return WithBlock(target=target, makes=makes, uses=uses)
    return WithBlock(text, "", target, makes, uses)


def _target(variables: ast.expr | None) -> tuple[str, ...] | None:
    parts = variables.elts if isinstance(variables, (ast.Tuple, ast.List)) else [variables]
    names = [part.id for part in parts if isinstance(part, ast.Name)]
    return tuple(names) if len(names) == len(parts) else None


def _as_function(node: ast.With, arguments: tuple[str, ...]) -> CodeType:
    """Compile the block as the body of a function, without running it: Python says if it cannot be one."""
    holder = ast.parse(f"def block({', '.join(arguments)}): pass")
    holder.body[0].body = node.body  # type: ignore[attr-defined]
    compiled = compile(holder, "<block>", "exec", dont_inherit=True)
    return next(constant for constant in compiled.co_consts if isinstance(constant, CodeType))


def _text(node: ast.With, lines: list[str]) -> str:
    """Cut the block out of its file and take its indentation off, but not inside of long strings."""
    first, last = node.body[0], node.body[-1]
    begin, end = _first_line(first), last.end_lineno or last.lineno
    head = lines[begin - 1].encode()[: first.col_offset].decode()
    if head.strip():
        return _after_colon(first, last, lines)
    while lines[begin - 2].strip() == "" or lines[begin - 2].lstrip().startswith("#"):
        begin -= 1
    outside = len(head.expandtabs())
    for number, line in enumerate(lines[end:], end + 1):
        if line.strip():
            if not line.lstrip().startswith("#") or _width(line) < outside:
                break
            end = number
    inside_strings = _lines_inside_strings(node)
    cut = [
        line if number in inside_strings else _unindented(line, head)
        for number, line in enumerate(lines[begin - 1 : end], begin)
    ]
    return "".join(cut).strip("\n") + "\n"


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _width(line: str) -> int:
    wide = line.expandtabs()
    return len(wide) - len(wide.lstrip())


def _unindented(line: str, head: str) -> str:
    return line.removeprefix(head) if line.startswith(head) else line.lstrip(" \t")


def _after_colon(first: ast.stmt, last: ast.stmt, lines: list[str]) -> str:
    cut = [line.encode() for line in lines[first.lineno - 1 : last.end_lineno]]
    cut[-1] = cut[-1][: last.end_col_offset]
    cut[0] = cut[0][first.col_offset :]
    return b"".join(cut).decode() + "\n"


def _lines_inside_strings(node: ast.With) -> set[int]:
    """List the lines that begin inside of a string: what stands before their text belongs to it."""
    texts = [part for part in ast.walk(node) if isinstance(part, (ast.Constant, ast.JoinedStr))]
    return {n for part in texts for n in range(part.lineno + 1, (part.end_lineno or part.lineno) + 1)}
