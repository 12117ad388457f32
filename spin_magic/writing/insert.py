"""A flow file's text with a new step."""

from __future__ import annotations

import ast
import keyword
from collections import Counter
from collections.abc import Collection

from spin_magic.errors import SaveError
from spin_magic.writing.bindings import bindings
from spin_magic.writing.dedent import Line, cell_lines, indented, merged, with_unit
from spin_magic.writing.edit import checked, copied
from spin_magic.writing.lines import content, ending, usual_ending
from spin_magic.writing.place import Place, find_step, place_of
from spin_magic.writing.source import Source
from spin_magic.writing.step_text import argument_names, cell_node


def insert_step(
    source: Source,
    flow: str,
    cell: str,
    name: str,
    *,
    after: str,
    join: bool | None = None,
    taken: Collection[str] = (),
    line: int | None = None,
) -> str:
    """Give the text of a flow file with a new step behind another one.

    Parameters
    ----------
    source : Source
        The file.
    flow : str
        The class.
    cell : str
        The bare body, or the whole ``def``; ``@step`` is added where it has no decorator.
    name : str
        The new step's name.
    after : str
        The step that it goes behind.
    join : bool, optional
        Whether a bare body takes ``inputs``; by default, if it uses that name.
    taken : collection of str
        Names that the class has from elsewhere, which the step may not have.
    line : int, optional
        As in `find_step`, of the step `after`.

    Returns
    -------
    str

    Raises
    ------
    SaveError
        The name is taken or cannot be one, or the parent is not in the class.
    CellError
        The text of the cell cannot be that of a step.
    """
    parent = find_step(source, flow, after, line)
    _check_name(parent, name, taken, cell)
    arguments = None if join is None else ("self", "inputs") if join else ("self",)
    node, whole = cell_node(cell, name, arguments)
    if whole and node.decorator_list and not any(map(_is_step, node.decorator_list)):
        msg = f"The def of {name!r} has decorators, but no @step: write it directly above the def."
        raise SaveError(msg, cell)
    body = with_unit(cell_lines(cell), parent.unit, {parent.unit})
    lines = (
        body
        if whole
        else [_define(name, argument_names(node)), *(indented(one, parent.unit) for one in body)]
    )
    if not node.decorator_list:
        decorator = next(filter(_names_step, _decorators(parent)), "step")
        code = next(row for row, one in enumerate(lines) if one.kind == "code")
        lines = [*lines[:code], Line(f"@{decorator}", "code"), *lines[code:]]
        node = copied(node, decorator_list=[ast.parse(decorator, mode="eval").body])
    return _with_new(parent, lines, node, cell)


def _check_name(parent: Place, name: str, taken: Collection[str], cell: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        what = "a word of Python" if keyword.iskeyword(name) else "not a name that Python takes"
        msg = f"{name!r} is {what}: call the new step something else."
        raise SaveError(msg, cell)
    own = {binding.name: binding.line for binding in bindings(parent.owner.body)}
    if name in own or name in taken:
        where = f" in line {own[name]} of {parent.source.name}" if name in own else ""
        msg = f"{parent.owner.name} has a {name!r} already{where}: call the new step something else."
        raise SaveError(msg, cell)


def _decorators(place: Place) -> list[str]:
    """Give the text of each decorator, without its ``@``."""
    return [ast.get_source_segment(place.source.text, d) or "" for d in place.node.decorator_list]


def _is_step(decorator: ast.expr) -> bool:
    return _names_step(ast.unparse(decorator))


def _names_step(decorator: str) -> bool:
    return decorator.rpartition(".")[2] == "step"


def _define(name: str, arguments: tuple[str, ...]) -> Line:
    return Line(f"def {name}({', '.join(arguments)}):", "code")


def _with_new(parent: Place, lines: list[Line], node: ast.FunctionDef, cell: str) -> str:
    source, end = parent.source, parent.end
    newline = usual_ending(source.lines[parent.first : end], source.lines)
    before = source.lines[:end]
    made = merged(lines, [], source.lines[end - 1 : end], parent.indent, newline)
    before[-1] = content(before[-1]) + (ending(before[-1]) or newline)
    text = "".join([*before, *[newline] * _gap(parent), *made, *source.lines[end:]])
    return checked(source, text, _swapped_block(parent, node), cell)


def _swapped_block(parent: Place, node: ast.FunctionDef) -> dict[ast.AST, ast.AST]:
    """Give the statement that the parent stands in, with the new step behind the parent."""
    for holder in ast.walk(parent.owner):
        for name, block in ast.iter_fields(holder):
            if isinstance(block, list) and parent.node in block:
                at = block.index(parent.node) + 1
                made = {**dict(ast.iter_fields(holder)), name: [*block[:at], node, *block[at:]]}
                return {holder: type(holder)(**made)}
    raise AssertionError(parent.lines)


def _gap(parent: Place) -> int:
    """Count the blank lines that the class mostly has before its defs; one where it has a single def."""
    gaps: Counter[int] = Counter()
    kinds = parent.source.kinds
    for node in parent.owner.body[1:]:
        if isinstance(node, ast.FunctionDef):
            row = end = place_of(parent.source, parent.owner, node).comments
            while kinds[row - 1] == "blank":
                row -= 1
            gaps[end - row] += 1
    return gaps.most_common(1)[0][0] if gaps else 1
