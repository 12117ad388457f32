"""The text of a cell, read as a step: the bare body, or the whole ``def``."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from spin_magic.errors import CellError


@dataclass(frozen=True)
class StepText:
    """A step as text.

    Attributes
    ----------
    node : ast.FunctionDef
        Its syntax, with line numbers that fit `source`.
    source : str
        The text to show for it, for example in a traceback. Line 1 stands for the magic's own line.
    whole : bool
        True where the cell held a whole ``def`` with decorators of its own.
    """

    node: ast.FunctionDef
    source: str
    whole: bool


def parse_cell(cell: str, step: str, arguments: tuple[str, ...] | None) -> StepText:
    """Parse the text of a cell, either the bare body of a step or a whole ``def``.

    Parameters
    ----------
    cell : str
        The text below the magic's line.
    step : str
        Name of the step.
    arguments : tuple of str or None
        Argument names of the step in the flow file; None for a new step.

    Returns
    -------
    StepText

    Raises
    ------
    CellError
        The cell is empty, does not parse, uses IPython's own syntax or ``await``, or defines
        something other than this step.
    """
    if not _has_code(cell):
        msg = f"The cell is empty: write the body of {step!r}, or use `%spin` to run it as it is in the file."
        raise CellError(msg)
    # Line 1 stands for the magic's own line, and holds what the text would stand under in the flow file.
    indented = _is_indented(cell)
    tree = _parse(f"if True:\n{cell}" if indented else f"\n{cell}", cell)
    body = tree.body[0].body if indented else tree.body  # type: ignore[attr-defined]
    definition = _definition(body, step)
    if definition is not None:
        _check_definition(definition, step, arguments)
        node, head, inside = definition, "class Flow:", 4
    else:
        node = _wrap_body(body, step, arguments or _guess_arguments(body))
        head, inside = f"    def {step}({', '.join(_names(node))}):", 8
    _refuse_await(node)
    shown = cell if indented else textwrap.indent(cell, " " * inside)
    if not indented:
        _shift(node, inside)
    return StepText(node, f"{head}\n{shown}", whole=bool(definition and definition.decorator_list))


def _shift(node: ast.AST, columns: int) -> None:
    for child in ast.walk(node):
        if hasattr(child, "col_offset"):
            child.col_offset += columns
            child.end_col_offset += columns  # type: ignore[attr-defined]


def _lines(cell: str) -> list[str]:
    # Not splitlines, for which a form feed inside a comment ends the line.
    return re.split(r"\r\n?|\n", cell)


def _has_code(cell: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in _lines(cell))


def _is_indented(cell: str) -> bool:
    first = next(line for line in _lines(cell) if line.strip() and not line.strip().startswith("#"))
    return first[0] in " \t"


def _parse(text: str, cell: str) -> ast.Module:
    try:
        return ast.parse(text)
    except UnicodeEncodeError as ex:
        number = text.count("\n", 0, ex.start)
        half = f"{text[ex.start]!a}"
        msg = f"Line {number + 1} of the cell has {half}, which is no character: write it as an escape."
        raise CellError(msg) from None
    except SyntaxError as ex:
        lines = _lines(cell)
        number = (ex.lineno or 2) - 1
        line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        if re.match(r"[!%?]|.*\?$", line) or re.search(r"=\s*[!%]", line):
            msg = (
                f"Line {number + 1} of the cell, `{line}`, is IPython's own syntax: `run` would not take it "
                "in a step. Use plain Python, for example subprocess.run, or put it into a cell of its own."
            )
        else:
            msg = f"The cell has a syntax error in line {number + 1}, `{line}`: {ex.msg}."
        raise CellError(msg) from None
    except (ValueError, RecursionError, MemoryError) as ex:
        msg = f"Python cannot read the cell: {str(ex) or 'it is nested too deeply'}."
        raise CellError(msg) from None


def _definition(body: list[ast.stmt], step: str) -> ast.FunctionDef | None:
    found = [node for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    stepwise = [node for node in found if node.name == step and _names(node)[:1] == ["self"]] or [
        node for node in found if any("step" in ast.dump(d) for d in node.decorator_list)
    ]
    if len(body) > 1 and stepwise:
        msg = (
            f"The cell holds the def of {stepwise[0].name!r} and other statements beside it. "
            "Put these into the body or into the flow file: a class takes the def alone."
        )
        raise CellError(msg)
    if len(body) != 1 or not found:
        return None
    node = found[0]
    if isinstance(node, ast.AsyncFunctionDef):
        msg = (
            f"{node.name!r} is an async def: Metaflow's steps are not; call asyncio.run(...) inside the step."
        )
        raise CellError(msg)
    return node


def _check_definition(node: ast.FunctionDef, step: str, arguments: tuple[str, ...] | None) -> None:
    if node.name != step:
        msg = f"The cell defines {node.name!r}, but the magic's line says {step!r}: make them the same."
        raise CellError(msg)
    names = _names(node)
    if not names:
        msg = f"The def of {step!r} takes no argument: write `def {step}(self):`."
        raise CellError(msg)
    if arguments is not None and len(names) != len(arguments):
        was = f"def {step}({', '.join(arguments)})"
        here = f"def {step}({', '.join(names)})"
        msg = f"The cell's {here} differs from the flow's {was}: use the flow's arguments."
        raise CellError(msg)


def _names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]


def _guess_arguments(body: list[ast.stmt]) -> tuple[str, ...]:
    loads = {n.id for stmt in body for n in ast.walk(stmt) if isinstance(n, ast.Name)}
    return ("self", "inputs") if "inputs" in loads else ("self",)


def _wrap_body(body: list[ast.stmt], step: str, arguments: tuple[str, ...]) -> ast.FunctionDef:
    made: Any = ast.parse(f"def {step}({', '.join(arguments)}): pass").body[0]
    made.body = body
    made.end_lineno, made.end_col_offset = body[-1].end_lineno, body[-1].end_col_offset
    return cast("ast.FunctionDef", made)


def _refuse_await(function: ast.FunctionDef) -> None:
    for node in own_nodes(function):
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
            msg = (
                f"Line {node.lineno} of the cell uses `await`: a step is an ordinary function: `run` would "
                "not take it. Call asyncio.run(...) instead."
            )
            raise CellError(msg)


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk the syntax below a node, but not into functions and classes that are defined there."""
    # No recursion: a sum of a thousand terms is nested as deep.
    pending = [*ast.iter_child_nodes(node)][::-1]
    while pending:
        child = pending.pop()
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield child
            pending += [*ast.iter_child_nodes(child)][::-1]
