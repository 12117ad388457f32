"""A notebook -> the bytes of a flow file."""

from __future__ import annotations

import codecs
import io
import tokenize
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spin_magic.errors import CellError, NotebookError
from spin_magic.notebook.check import check, no_python
from spin_magic.notebook.head import with_helpers
from spin_magic.notebook.read_cells import Piece, Plan, read_cells
from spin_magic.notebook.tags import CLASS, HEAD, HELPER, STEP, TAIL
from spin_magic.notebook.texts import Text, from_plain, from_step
from spin_magic.writing.lines import split_lines
from spin_magic.writing.tree import parse

_ORDER = {HEAD: 0, CLASS: 1, STEP: 1, TAIL: 2}


@dataclass(frozen=True)
class FlowFile:
    """A flow file made of a notebook.

    Attributes
    ----------
    data : bytes
        Its bytes.
    steps : tuple of str
        The steps that cells gave.
    left_out : tuple of str
        Steps that only a cell without a tag has: ``cell 9 (score)``.
    """

    data: bytes
    steps: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def flow_bytes(notebook: Mapping[str, Any], name: str) -> FlowFile:
    """Give the flow file that the tagged cells of a notebook are.

    Parameters
    ----------
    notebook : mapping
        The notebook, as nbformat 4 has it.
    name : str
        Its name, for messages.

    Returns
    -------
    FlowFile

    Raises
    ------
    NotebookError
        Cells are missing, or their text cannot be that of a flow file.
    """
    plan = read_cells(notebook, name)
    pieces = _ordered(plan)
    text, starts = _joined(plan, pieces)
    check(text, plan, pieces, starts)
    steps = tuple(piece.step for piece in pieces if piece.tag == STEP)
    left_out = tuple(f"cell {number} ({step})" for number, step in plan.untagged if step not in steps)
    return FlowFile(_encoded(text, plan), steps, left_out)


def _ordered(plan: Plan) -> list[Piece]:
    """Give the cells in the order of the file: a helper or a step may stand below the tail's cell."""
    parts = [piece for piece in plan.pieces if piece.tag != HELPER]
    for tag, what in ((HEAD, "imports"), (CLASS, "class line"), (STEP, "steps")):
        if tag not in {piece.tag for piece in parts} and not (tag == HEAD and plan.headless):
            msg = (
                f"{plan.name} has no cell tagged {tag}, for the flow's {what}: tag it, or make a new "
                "notebook with `spin-magic notebook FLOW`."
            )
            raise NotebookError(msg)
    first = next(piece for piece in parts if _ORDER[piece.tag] == 1)
    if first.tag == STEP:
        msg = f"{first.where} of {plan.name} stands above the class: move it below the cell tagged {CLASS}."
        raise NotebookError(msg)
    steps = Counter(piece.step for piece in parts if piece.tag == STEP)
    step, count = steps.most_common(1)[0]
    if count > 1:
        numbers = " and ".join(str(piece.number) for piece in parts if piece.step == step)
        msg = (
            f"Cells {numbers} of {plan.name} are all the step {step!r}: leave the tag {STEP} on one of them."
        )
        raise NotebookError(msg)
    return sorted(parts, key=lambda piece: _ORDER[piece.tag])


def _joined(plan: Plan, pieces: Sequence[Piece]) -> tuple[str, list[int]]:
    """Give the file, and the line that each cell begins in."""
    newline = plan.layout.newline
    gaps = Counter(piece.before for piece in pieces if piece.tag == STEP and piece.before)
    usual = gaps.most_common(1)[0][0] if gaps else newline * 2
    starts: list[int] = []
    text = ""
    for row, piece in enumerate(pieces):
        if piece.tag == CLASS and not any(each.tag == CLASS for each in pieces[:row]):
            helpers = [_helper(each, plan) for each in plan.pieces if each.tag == HELPER]
            text = with_helpers(text, helpers, newline, plan.name)
        before = piece.before
        if row and not (before and before.strip(" \t\f")):
            before = usual if piece.tag == STEP else newline * 3
        text += before or ""
        starts.append(len(split_lines(f"{text}.")))
        text += _text(piece, plan)
    return text + plan.after, starts


def _text(piece: Piece, plan: Plan) -> str:
    if piece.tag != STEP:
        return from_plain(piece.text, plan.layout)
    try:
        return from_step(piece.text, piece.step, plan.layout)
    except CellError as ex:
        msg = f"{piece.where} of {plan.name}: {ex}"
        raise NotebookError(msg) from None


def _helper(piece: Piece, plan: Plan) -> str:
    text = piece.text.shown.strip("\r\n")
    try:
        parse(text)
    except SyntaxError as ex:
        raise no_python(piece, plan, ex, text) from None
    return from_plain(Text(text), plan.layout)


def _encoded(text: str, plan: Plan) -> bytes:
    # Python takes a lone carriage return for the end of a line, `detect_encoding` does not.
    lines = io.BytesIO(text.replace("\r\n", "\n").replace("\r", "\n").encode())
    bom = codecs.BOM_UTF8 if plan.bom else b""
    try:
        encoding, _ = tokenize.detect_encoding(lines.readline)
        return bom + text.encode(encoding)
    except SyntaxError as ex:
        msg = f"The head of the flow in {plan.name} declares an encoding that Python does not know: {ex.msg}."
    except UnicodeEncodeError as ex:
        msg = (
            f"{plan.name} has {text[ex.start]!r}, which {ex.encoding}, the encoding that the flow's head "
            "declares, lacks: declare UTF-8 there, or write an escape."
        )
    raise NotebookError(msg)
