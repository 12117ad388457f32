"""The text of a part as its cell shows it, and the text of a cell as the file has it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from spin_magic.errors import CellError, SaveError
from spin_magic.notebook.parts import Part, step_decorator
from spin_magic.writing.dedent import (
    Line,
    cell_lines,
    dedented,
    indented,
    merged,
    steps_of_indentation,
    with_unit,
)
from spin_magic.writing.lines import content, kinds, scan, split_lines
from spin_magic.writing.place import Place
from spin_magic.writing.step_text import argument_names, cell_node, step_text
from spin_magic.writing.tree import parse

_ENDINGS = re.compile(r"\r\n?")


@dataclass(frozen=True)
class Layout:
    """How a flow file is laid out.

    Attributes
    ----------
    indent : str
        The indentation of a step's ``def``.
    unit : str
        A level of indentation.
    newline : str
        The ending of its lines.
    step : str
        The name of the decorator ``step``.
    """

    indent: str = "    "
    unit: str = "    "
    newline: str = "\n"
    step: str = "step"


@dataclass(frozen=True)
class Text:
    """The text of a cell, and what it does not show.

    Attributes
    ----------
    shown : str
        The text.
    raw : str or None
        The text in the file, where `shown` alone would give another one.
    define : str or None
        The step's decorators and its ``def``, for a bare body.
    """

    shown: str
    raw: str | None = None
    define: str | None = None


def plain_text(part: Part, layout: Layout) -> Text:
    """Give a part of the file as it stands."""
    text = Text(_ENDINGS.sub("\n", part.text))
    return text if from_plain(text, layout) == part.text else replace(text, raw=part.text)


def from_plain(text: Text, layout: Layout) -> str:
    """Give the text in the file of a part that is shown as it stands."""
    shown = _ENDINGS.sub("\n", text.shown)
    if text.raw is None:
        return shown.replace("\n", layout.newline)
    if shown == _ENDINGS.sub("\n", text.raw):
        return text.raw
    raw = split_lines(text.raw)
    old, new = ([Line(content(line), "code") for line in lines] for lines in (raw, shown.split("\n")))
    return "".join(merged(new, old, raw, "", layout.newline))


def step_as_cell(part: Part, layout: Layout) -> Text | None:
    """Give a step as the text of a cell; None where no cell would mean the same.

    The bare body where a plain ``@step`` and a ``def`` in one line are all that stands above it, else the
    whole ``def``.
    """
    place = part.place
    for whole in (False, True):
        if place is None or not (whole or _is_plain(place)):
            continue
        try:
            shown = step_text(place, whole=whole).removesuffix("\n")
            text = Text(shown, define=_define(place))
            for each in (text, replace(text, raw=part.text)):
                if from_step(each, place.node.name, layout) == part.text:
                    return each
        except (SaveError, CellError):
            continue
    return None


def _is_plain(place: Place) -> bool:
    own_lines = (place.define, place.body) == (place.comments + 1, place.comments + 2)
    define = place.source.lines[place.define]
    return place.column is None and own_lines and len(place.node.decorator_list) == 1 and "#" not in define


def _define(place: Place) -> str:
    rows = slice(place.first, place.body)
    lines = dedented(place.source.lines[rows], place.source.kinds[rows], place.indent)
    above = [line.text for line in lines]
    if place.column is not None:
        above.append(content(place.source.lines[place.body])[: place.column].strip())
    return "\n".join(above).rstrip(" \t\f\n\\")


def from_step(text: Text, step: str, layout: Layout) -> str:
    """Give the text in the file of a step.

    Parameters
    ----------
    text : Text
        The text below the line of the magic.
    step : str
        Name of the step.
    layout : Layout
        How the file is laid out.

    Returns
    -------
    str
        The file's own lines where the cell shows them unchanged.

    Raises
    ------
    CellError
        The text cannot be that of the step.
    """
    node, whole = cell_node(text.shown, step, None)
    lines = cell_lines(text.shown)
    raw = split_lines(text.raw) if text.raw is not None else []
    old = dedented(raw, kinds(raw, scan(raw)), layout.indent)
    known = steps_of_indentation(old) | {layout.unit}
    define = _named(text.define, step) or _new_define(step, node, layout)
    lines = with_unit(lines, layout.unit, known)
    if not whole:
        lines = [*cell_lines(define), *(indented(line, layout.unit) for line in lines)]
    elif not node.decorator_list:
        code = next(row for row, line in enumerate(lines) if line.kind == "code")
        lines = [*lines[:code], *_decorators(define), *lines[code:]]
    elif not step_decorator(node, frozenset({"step", layout.step})):
        msg = f"The def of {step!r} has decorators, but no @{layout.step}: write it directly above the def."
        raise CellError(msg)
    made = merged(lines, old, raw, layout.indent, layout.newline)
    return "".join([*made[:-1], content(made[-1])])


def _named(define: str | None, step: str) -> str | None:
    """Give a ``def`` that a cell was made with for the name that the cell's line says now."""
    node = _function(define) if define is not None else None
    if node is None or define is None:
        return None
    lines = define.split("\n")
    row = node.lineno - 1
    lines[row] = re.sub(rf"\bdef\s+{node.name}\b", lambda _: f"def {step}", lines[row], count=1)
    return define if node.name == step else "\n".join(lines)


def _function(define: str) -> ast.FunctionDef | None:
    try:
        [node] = parse(f"{define}\n    pass").body
    except (SyntaxError, ValueError):
        return None
    return node if isinstance(node, ast.FunctionDef) else None


def _new_define(step: str, node: ast.FunctionDef, layout: Layout) -> str:
    return f"@{layout.step}\ndef {step}({', '.join(argument_names(node))}):"


def _decorators(define: str) -> Sequence[Line]:
    node = _function(define)
    return cell_lines(define)[: node.lineno - 1 if node else 1]
