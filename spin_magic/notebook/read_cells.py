"""The tagged cells of a notebook, and what their metadata keep."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from spin_magic.errors import NotebookError, OptionError, TaskError, nearest
from spin_magic.notebook.tags import KEY, STEP, TAGS
from spin_magic.notebook.texts import Layout, Text
from spin_magic.options import parse_spin
from spin_magic.runs.wanted import parse_step

_MAGIC = re.compile(r"\s*%%spin[ \t]+([^\n]*)(?:\n|$)")


@dataclass(frozen=True)
class Piece:
    """A tagged cell.

    Attributes
    ----------
    tag : str
        One of `TAGS`.
    number : int
        Which cell it is, counted from 1.
    text : Text
        Its text, of a step without the magic's line.
    step : str
        The step that the magic's line names; empty for other cells.
    before : str or None
        What stood above it in the file; None for a new cell.
    """

    tag: str
    number: int
    text: Text
    step: str = ""
    before: str | None = None

    @property
    def where(self) -> str:
        """Which cell it is, for messages."""
        return f"Cell {self.number} ({self.step or self.tag})"


@dataclass(frozen=True)
class Plan:
    """What a notebook says of its flow file.

    Attributes
    ----------
    name : str
        The notebook, for messages.
    layout : Layout
        How the file is laid out.
    pieces : tuple of Piece
        Its tagged cells, from top to bottom.
    steps : tuple of str
        The steps of the file that it was made from.
    bom : bool
        Whether the file begins with a byte order mark.
    after : str
        What stands behind its last part.
    headless : bool
        Whether that file had nothing above its class.
    untagged : tuple of (int, str)
        The number of each ``%%spin`` cell without a tag, and its step.
    """

    name: str
    layout: Layout
    pieces: tuple[Piece, ...]
    steps: tuple[str, ...]
    bom: bool
    after: str
    headless: bool
    untagged: tuple[tuple[int, str], ...]


def read_cells(notebook: Mapping[str, Any], name: str) -> Plan:
    """Read the tagged cells of a notebook.

    Parameters
    ----------
    notebook : mapping
        The notebook, as nbformat 4 has it.
    name : str
        Its name, for messages.

    Raises
    ------
    NotebookError
        It has none, or one that cannot be read.
    """
    ours = _own(notebook["metadata"])
    flow = str(ours.get("flow", ""))
    pieces: list[Piece] = []
    untagged: list[tuple[int, str]] = []
    for number, cell in enumerate(notebook["cells"], 1):
        tag = _tag(cell, number, name)
        if tag:
            pieces.append(_piece(cell, tag, number, flow, name))
        elif _MAGIC.match(cell["source"]) and cell["cell_type"] == "code":
            untagged.extend((number, step) for step in _step_of(cell["source"], flow))
    if not pieces:
        msg = (
            f"{name} has no cell that is tagged as part of a flow ({', '.join(TAGS)}): make such a notebook "
            "with `spin-magic notebook FLOW`."
        )
        raise NotebookError(msg)
    known = {field.name for field in fields(Layout)}
    layout = {key: value for key, value in dict(ours.get("layout", {})).items() if key in known}
    return Plan(
        name,
        Layout(**layout),
        tuple(pieces),
        tuple(map(str, ours.get("steps", ()))),
        bool(ours.get("bom")),
        str(ours.get("after", "\n")),
        bool(ours.get("headless")),
        tuple(untagged),
    )


def _own(metadata: Any) -> dict[str, Any]:
    ours = metadata.get(KEY)
    return dict(ours) if isinstance(ours, dict) else {}


def _tag(cell: Mapping[str, Any], number: int, name: str) -> str | None:
    tags = [tag for tag in cell["metadata"].get("tags", ()) if str(tag).startswith("spin:")]
    for tag in tags:
        if tag not in TAGS:
            known = ", ".join(TAGS)
            msg = f"Cell {number} of {name} is tagged {tag}, which is none of {known}.{nearest(tag, TAGS)}"
            raise NotebookError(msg)
    if len(tags) > 1:
        msg = f"Cell {number} of {name} is tagged {' and '.join(tags)}: leave one of them."
        raise NotebookError(msg)
    return tags[0] if tags else None


def _piece(cell: Mapping[str, Any], tag: str, number: int, flow: str, name: str) -> Piece:
    ours = {key: value for key, value in _own(cell["metadata"]).items() if isinstance(value, str)}
    before = ours.get("before")
    if tag != STEP:
        return Piece(tag, number, Text(cell["source"], ours.get("raw")), before=before)
    match = _MAGIC.match(cell["source"])
    if not match:
        msg = f"Cell {number} of {name} is tagged {STEP}, but does not begin with `%%spin FLOW STEP`."
        raise NotebookError(msg)
    try:
        step = _named_step(match[1], flow)
    except (OptionError, TaskError) as ex:
        msg = f"The first line of cell {number} of {name}, `{match[0].strip()}`: {ex}"
        raise NotebookError(msg) from None
    text = Text(cell["source"][match.end() :], ours.get("raw"), ours.get("define"))
    return Piece(tag, number, text, step, before)


def _named_step(line: str, flow: str) -> str:
    options = parse_spin(line)
    if options.repeats:
        msg = "it leaves FLOW and STEP out, and a file of steps has no last one."
        raise TaskError(msg)
    step = parse_step(options.step, flow).step
    if not step.isidentifier():
        msg = f"{step!r} is not the name of a step."
        raise TaskError(msg)
    return step


def _step_of(source: str, flow: str) -> Iterator[str]:
    """Give the step of a cell that is nobody's concern if its line is wrong."""
    match = _MAGIC.match(source)
    try:
        yield _named_step(match[1] if match else "", flow)
    except (OptionError, TaskError):
        return
