"""A flow file cut into parts that become cells: put together again, they are the file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from spin_magic.writing.bindings import first_line
from spin_magic.writing.lines import ending, split_indent
from spin_magic.writing.place import Place, above, place_of
from spin_magic.writing.source import Source

PartKind = Literal["head", "class", "step", "tail"]


@dataclass(frozen=True)
class Part:
    """Some lines of a flow file.

    Attributes
    ----------
    kind : {'head', 'class', 'step', 'tail'}
        What stands above the class, in it beside the steps, a step, or what stands below the class.
    before : str
        The end of the line above it and the blank lines in between.
    text : str
        Its lines, without the end of the last one.
    place : Place or None
        Where the step stands.
    """

    kind: PartKind
    before: str
    text: str
    place: Place | None = None


def cut(source: Source, owner: ast.ClassDef, steps: Sequence[Place]) -> tuple[list[Part], str]:
    """Cut a flow file into parts.

    Parameters
    ----------
    source : Source
        The file.
    owner : ast.ClassDef
        The class of the flow.
    steps : sequence of Place
        Its steps, in the order of the file.

    Returns
    -------
    tuple of list of Part and str
        The parts in the order of the file, and what stands behind the last one.
    """
    parts: list[Part] = []
    done = 0
    for kind, first, end, place in _spans(source, owner, steps):
        rows = [row for row in range(first, end) if source.kinds[row] != "blank"]
        if rows:
            lines = source.lines[rows[0] : rows[-1] + 1]
            text = "".join(lines).removesuffix(ending(lines[-1]))
            parts.append(Part(kind, _between(source, done, rows[0]), text, place))
            done = rows[-1] + 1
    return parts, _between(source, done, len(source.lines))


def _spans(
    source: Source, owner: ast.ClassDef, steps: Sequence[Place]
) -> Iterator[tuple[PartKind, int, int, Place | None]]:
    row = _class_start(source, owner)
    yield "head", 0, row, None
    for place in steps:
        yield "class", row, place.comments, None
        yield "step", place.comments, place.end, place
        row = place.end
    end = max(row, _class_end(source, owner))
    yield "class", row, end, None
    yield "tail", end, len(source.lines), None


def _between(source: Source, done: int, row: int) -> str:
    before = ending(source.lines[done - 1]) if done else ""
    return before + "".join(source.lines[done:row])


def _class_start(source: Source, owner: ast.ClassDef) -> int:
    row = first_line(owner) - 1
    while source.kinds[row] != "code":  # the `@(` of a decorator that begins a line later
        row -= 1
    return above(source, row, split_indent(source.lines[row])[1])


def _class_end(source: Source, owner: ast.ClassDef) -> int:
    """Give the end of a class; comments below it that are indented deeper than it count as its own."""
    row = end = owner.end_lineno or owner.lineno
    outside = split_indent(source.lines[owner.lineno - 1])[1]
    while row < len(source.lines) and source.kinds[row] != "code":
        if source.kinds[row] == "comment" and len(split_indent(source.lines[row])[1]) <= len(outside):
            break
        row += 1
        end = end if source.kinds[row - 1] == "blank" else row
    return end


def steps_of(source: Source, owner: ast.ClassDef) -> list[Place]:
    """Give the places of the steps that stand directly in a class, not in a branch of it."""
    names = step_names(source.tree)
    last = {node.name: node for node in owner.body if isinstance(node, ast.FunctionDef)}
    nodes = [node for node in owner.body if node in last.values() and step_decorator(node, names)]
    return [place_of(source, owner, node) for node in nodes if isinstance(node, ast.FunctionDef)]


def step_names(tree: ast.Module) -> frozenset[str]:
    """Give the names under which the file imports ``step``."""
    aliases = (alias for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names)
    return frozenset({"step", *(alias.asname for alias in aliases if alias.name == "step" and alias.asname)})


def step_decorator(node: ast.stmt, names: frozenset[str] = frozenset({"step"})) -> str:
    """Give the name of the decorator that makes a function a step, ``step`` or ``metaflow.step``; else ""."""
    for decorator in getattr(node, "decorator_list", []):
        text = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if text in names or text.endswith(".step"):
            return text
    return ""
