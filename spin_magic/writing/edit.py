"""A flow file's text with a step changed."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Mapping, Sequence

from spin_magic.errors import SaveError
from spin_magic.writing.dedent import Line, cell_lines, merged, steps_of_indentation, with_unit
from spin_magic.writing.lines import content, ending, split_indent, usual_ending
from spin_magic.writing.place import Place, above, find_step
from spin_magic.writing.source import Source
from spin_magic.writing.step_text import body_lines, cell_node, whole_lines
from spin_magic.writing.tree import parse, same_tree


def replace_step(source: Source, flow: str, step: str, cell: str, line: int | None = None) -> str:
    """Give the text of a flow file with the text of a cell in place of a step.

    A bare body takes the place of the body. A ``def`` with decorators takes the place of the whole step, one
    without them that of the ``def``; the comment lines directly above stay, unless the cell has some too.

    Parameters
    ----------
    source : Source
        The file.
    flow, step : str
        The step.
    cell : str
        The bare body, or the whole ``def``.
    line : int, optional
        As in `find_step`.

    Returns
    -------
    str
        Lines of other code are as they were, to the character.

    Raises
    ------
    SaveError
        The step is not to be found, or the file would mean something else than the cell.
    CellError
        The text of the cell cannot be that of the step.
    """
    place = find_step(source, flow, step, line)
    node, whole = cell_node(cell, step, None)
    if not whole:
        made = _with_body(place, cell_lines(cell), simple=_is_simple(node))
        wanted = copied(place.node, body=node.body)
    elif node.decorator_list or not place.node.decorator_list:
        made = _with_definition(place, cell_lines(cell), place.first, place.comments)
        wanted = node
    else:
        start = above(source, place.define, place.indent)
        made = _with_definition(place, cell_lines(cell), place.define, max(start, place.first))
        wanted = copied(node, decorator_list=place.node.decorator_list)
    return checked(source, made, {place.node: wanted}, cell)


def checked(source: Source, text: str, swapped: Mapping[ast.AST, ast.AST], refused: str) -> str:
    """Give a changed text if it means the old one with some nodes swapped, and nothing else.

    Raises
    ------
    SaveError
        It does not.
    """
    try:
        same = same_tree(source.tree, parse(text), swapped)
    except SyntaxError:
        same = False
    if not same:
        msg = (
            f"In {source.name} the new text would mean something else than in the cell, so nothing was "
            "written: make this change in the file by hand."
        )
        raise SaveError(msg, refused)
    source.encode(text)
    return text


def copied(node: ast.FunctionDef, **changed: list[ast.stmt] | list[ast.expr]) -> ast.FunctionDef:
    """Copy a function with some parts changed."""
    return ast.FunctionDef(**{**dict(ast.iter_fields(node)), **changed})


def _is_simple(node: ast.FunctionDef) -> bool:
    return not any(hasattr(statement, "body") or hasattr(statement, "cases") for statement in node.body)


def _with_body(place: Place, new: list[Line], *, simple: bool) -> str:
    raw, old = place.source.lines[place.body : place.end], body_lines(place)
    if place.column is None:
        return _spliced(place, place.body, _fitted(place, new, old, raw, place.inner))
    if new == old:
        return place.source.text
    head = content(raw[0])[: place.column]
    newline = usual_ending(place.source.lines)
    if simple and len(new) == 1:
        return _spliced(place, place.body, [f"{head}{new[0].text}{ending(raw[-1])}"])
    start = place.body
    while not head.strip():  # a backslash behind the colon leads here: no block begins behind one
        start -= 1
        head = content(place.source.lines[start]).removesuffix("\\")
    block = _fitted(place, new, [], [raw[-1]], place.inner)
    return _spliced(place, start, [f"{head.rstrip()}{newline}", *block])


def _with_definition(place: Place, new: list[Line], first: int, comments: int) -> str:
    code = next(row for row, line in enumerate(new) if line.kind == "code")
    lead = [Line(line.text.lstrip(), line.kind) for line in new[:code] if line.kind != "blank"]
    start = comments if lead else first
    raw = place.source.lines[start : place.end]
    fitted = _fitted(place, [*lead, *new[code:]], whole_lines(place, start), raw, place.indent)
    return _spliced(place, start, fitted)


def _fitted(
    place: Place, new: Sequence[Line], old: Sequence[Line], raw: Sequence[str], indent: str
) -> list[str]:
    known = steps_of_indentation(old) | {place.unit}
    newline = usual_ending(place.source.lines[place.first : place.end], place.source.lines)
    fitted = merged(with_unit(new, place.unit, known), old, raw, indent, newline)
    _keep_in_body(fitted, new, place)
    return fitted


def _keep_in_body(fitted: list[str], new: Sequence[Line], place: Place) -> None:
    """Indent comments that have come to stand last: at the def's own indentation they are no longer its."""
    for row in range(len(new) - 1, -1, -1):
        if new[row].kind not in ("comment", "blank"):
            break
        space = split_indent(fitted[row])[1]
        if new[row].kind == "comment" and not (space.startswith(place.indent) and space != place.indent):
            fitted[row] = place.inner + fitted[row].lstrip(" \t\f")


def _spliced(place: Place, start: int, new: list[str]) -> str:
    before, after = place.source.lines[:start], place.source.lines[place.end :]
    joined = [
        # In a file of mixed endings the two would become the one ending of a single line.
        content(line) + "\n" if line.endswith("\r") and following == "\n" else line
        for line, following in itertools.pairwise([*new, *(after[:1] or [""])])
    ]
    return "".join([*before, *joined, *after])
