"""A flow file -> a notebook."""

from __future__ import annotations

import ast
import hashlib
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import nbformat

from spin_magic.errors import NotebookError
from spin_magic.flows.leads import Leads, leads
from spin_magic.notebook.graph_text import graph_text
from spin_magic.notebook.head import runs_alone
from spin_magic.notebook.parts import Part, PartKind, cut, step_decorator, step_names, steps_of
from spin_magic.notebook.tags import CLASS, HEAD, KEY, STEP, TAIL
from spin_magic.notebook.texts import Layout, Text, plain_text, step_as_cell
from spin_magic.notebook.to_flow import flow_bytes
from spin_magic.writing.lines import usual_ending
from spin_magic.writing.place import Place, find_class
from spin_magic.writing.source import Source

_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_HEADINGS = {
    "head": "## Imports and helpers",
    "class": "## Class\n\nIts head, and below what else stands around the steps. These cells are not run.",
    "tail": "## End of the file",
}


def make_notebook(source: Source, flow: str, shown: str, folder: Path) -> dict[str, Any]:
    """Make a notebook of a flow file.

    Parameters
    ----------
    source : Source
        The file.
    flow : str
        The class.
    shown : str
        FLOW, as the magics' lines are to name it.
    folder : Path
        Where the notebook will lie.

    Returns
    -------
    dict
        The notebook, as nbformat 4 has it. Its tagged cells give back the file to the byte.

    Raises
    ------
    SaveError
        The file cannot be read as a flow file.
    NotebookError
        The file has no steps of its own, or would not come back as it is.
    """
    owner = find_class(source, flow)
    places = steps_of(source, owner)
    layout = _layout(source, places)
    parts, after = cut(source, owner, places)
    word = shlex.quote(shown)
    cells = [*_opening(source, owner, places, word)]
    made = _Cells(layout, word, folder)
    for part in parts:
        cells.extend(made.cells_of(part, source))
    ours = {
        "flow": flow,
        "steps": [place.node.name for place in places],
        "layout": {
            "indent": layout.indent,
            "unit": layout.unit,
            "newline": layout.newline,
            "step": layout.step,
        },
        "bom": bool(source.bom),
        "after": after,
        "headless": parts[0].kind != "head",
    }
    metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}, KEY: ours}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    nbformat.validate(notebook)
    _check(notebook, source)
    return notebook


def _check(notebook: dict[str, Any], source: Source) -> None:
    try:
        same = flow_bytes(notebook, source.name).data == source.data
    except NotebookError:
        same = False
    if not same:
        msg = f"{source.name} would not come back from a notebook as it is: edit it as a file."
        raise NotebookError(msg)


def _layout(source: Source, places: Sequence[Place]) -> Layout:
    if not places:
        msg = f"The flow in {source.name} has no step of its own: make a notebook of the file that has them."
        raise NotebookError(msg)
    units = Counter(place.unit for place in places)
    indents = Counter(place.indent for place in places)
    return Layout(
        indents.most_common(1)[0][0],
        units.most_common(1)[0][0],
        usual_ending(source.lines),
        step_decorator(places[0].node, step_names(source.tree)),
    )


def _opening(
    source: Source, owner: ast.ClassDef, places: Sequence[Place], word: str
) -> Iterable[dict[str, Any]]:
    graph: dict[str, Leads] = {place.node.name: leads(place.node) for place in places}
    doc = ast.get_docstring(owner) or ast.get_docstring(source.tree) or ""
    text = "\n\n".join(filter(None, [f"# {owner.name}", doc, f"```text\n{graph_text(graph)}\n```"]))
    yield _cell("markdown", text, "title")
    yield _cell("code", "%load_ext spin_magic", "load")
    yield _cell("code", f"%spin_flow {word}", "flow")


class _Cells:
    """Makes the cells of parts, one after the other.

    Parameters
    ----------
    layout : Layout
        How the file is laid out.
    word : str
        FLOW, as a line takes it.
    folder : Path
        Where the notebook will lie.
    """

    def __init__(self, layout: Layout, word: str, folder: Path) -> None:
        self._layout, self._word, self._folder = layout, word, folder
        self._named: Counter[str] = Counter()
        self._place = ""

    def cells_of(self, part: Part, source: Source) -> Iterable[dict[str, Any]]:
        """Give the cells of a part: its heading where one is due, and its own."""
        text = step_as_cell(part, self._layout) if part.place else None
        if part.place and text:
            return self._step(part, text, part.place)
        # A step that means something else in a cell stays with the text of the class.
        kind: PartKind = "class" if part.kind == "step" else part.kind
        plain = plain_text(part, self._layout)
        runs = kind == "head" and runs_alone(plain.shown, source.path.parent, self._folder)
        return self._plain(part, kind, plain, runs=runs)

    def _plain(self, part: Part, kind: PartKind, text: Text, *, runs: bool) -> Iterable[dict[str, Any]]:
        name = f"{kind}-after-{self._place}" if kind == "class" and self._place else kind
        self._named[name] += 1
        if self._named[name] > 1:
            name = f"{name}-{self._named[name]}"
        if name == kind:
            yield _cell("markdown", _HEADINGS[kind], f"{name}-title")
        tag = {"head": HEAD, "class": CLASS, "tail": TAIL}[kind]
        metadata = _metadata(tag, part, text)
        if runs:
            yield _cell("code", text.shown, name, metadata)
        else:
            # The format keeps exports from taking it for their own markup.
            yield _cell("raw", text.shown, name, metadata | {"format": "text/x-python"})

    def _step(self, part: Part, text: Text, place: Place) -> Iterable[dict[str, Any]]:
        step = place.node.name
        self._place = _cell_id(step)
        name = f"step-{self._place}"
        doc = (ast.get_docstring(place.node) or "").partition("\n")[0]
        yield _cell("markdown", f"## {step}: {doc}" if doc else f"## {step}", f"{name}-title")
        yield _cell("code", f"%spin_inputs {self._word} {step}", f"{name}-inputs")
        line = f"%%spin {self._word} {step}\n"
        yield _cell("code", line + text.shown, name, _metadata(STEP, part, text))


def _cell(kind: str, text: str, name: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    runs: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "metadata": metadata or {}, "source": text, **runs}


def _metadata(tag: str, part: Part, text: Text) -> dict[str, Any]:
    ours = {"before": part.before, "raw": text.raw, "define": text.define}
    return {"tags": [tag], KEY: {name: value for name, value in ours.items() if value is not None}}


def _cell_id(step: str) -> str:
    # nbformat takes 64 characters of ASCII, and some are for what goes around the name.
    if step.isascii() and len(step) <= 40:
        return step
    return hashlib.sha256(step.encode()).hexdigest()[:16]
