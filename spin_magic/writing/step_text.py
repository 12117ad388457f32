"""The text of a step as a cell shows it: its bare body, or the whole ``def``."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence

from spin_magic.errors import CellError, SaveError
from spin_magic.flows.cell import parse_cell
from spin_magic.writing.dedent import Line, dedented
from spin_magic.writing.lines import content
from spin_magic.writing.place import Place
from spin_magic.writing.tree import same_tree


def step_text(place: Place, *, whole: bool = False) -> str:
    """Give the text of a step for a cell, such that saving it unchanged leaves the file as it is.

    Parameters
    ----------
    place : Place
        Where it stands.
    whole : bool
        Give the whole ``def``, with its decorators and the comments directly above them. A bare body that
        would mean something else as a cell is given so as well.

    Returns
    -------
    str
        The text, with the indentation taken off all lines but those inside of strings.

    Raises
    ------
    SaveError
        No such text means the same in a cell as in the file.
    """
    for part in [whole_lines(place)] if whole else [body_lines(place), whole_lines(place)]:
        text = "".join(f"{line.text}\n" for line in part)
        if _means_the_step(text, place):
            return text
    first, last = place.lines
    msg = (
        f"{place.node.name!r} in lines {first} to {last} of {place.source.name} does not survive "
        "being moved into a cell: edit it in the file."
    )
    raise SaveError(msg)


def _means_the_step(text: str, place: Place) -> bool:
    try:
        node, whole = cell_node(text, place.node.name, argument_names(place.node))
    except CellError:
        return False
    return same_tree(node, place.node) if whole else same_tree(node.body, place.node.body)


def cell_node(text: str, step: str, arguments: tuple[str, ...] | None) -> tuple[ast.FunctionDef, bool]:
    """Parse the text of a cell as a step, and say whether it is a ``def`` or a bare body.

    Raises
    ------
    CellError
        It cannot be one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of "\d" and its like: the spin has shown them
        node = parse_cell(text, step, arguments).node
    # A bare body stands under a def that is made up for it, in the line of the magic.
    return node, node.lineno > 1


def argument_names(node: ast.FunctionDef) -> tuple[str, ...]:
    """Give the names of a step's arguments."""
    return tuple(argument.arg for argument in (*node.args.posonlyargs, *node.args.args))


def whole_lines(place: Place, start: int | None = None) -> list[Line]:
    """Give the lines of a whole def from a row on, as they are shown."""
    rows = slice(place.comments if start is None else start, place.end)
    return dedented(place.source.lines[rows], place.source.kinds[rows], place.indent)


def body_lines(place: Place) -> Sequence[Line]:
    """Give the lines of a body as they are shown."""
    rows = slice(place.body, place.end)
    raw, of = place.source.lines[rows], place.source.kinds[rows]
    if place.column is None:
        return dedented(raw, of, place.inner)
    rest = [Line(content(line), kind) for line, kind in zip(raw[1:], of[1:], strict=True)]
    return [Line(content(raw[0])[place.column :], "code"), *rest]
