"""Flow files of any text: which flows and steps they have, and the text of a step for a cell."""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib.util
import sys
import warnings
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from spin_magic.errors import CellError, SpinError
from spin_magic.flows.cell import parse_cell
from spin_magic.flows.classes import class_names, read_file
from spin_magic.flows.locate import find_flow, flows_below
from spin_magic.flows.outline import outline
from spin_magic.runs.outlined import outlined_graph
from spin_magic.writing.lines import split_lines
from spin_magic.writing.place import find_step
from spin_magic.writing.source import read
from spin_magic.writing.step_text import step_text
from tests.faults.fuzzing.rounds import Target, is_a_sentence
from tests.faults.fuzzing.sources import any_files, cells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Read what is somebody's text: what Python warns of in it is theirs to read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


WHY_NOT = (
    "does not survive",
    "gives back other bytes",
    "set from outside",
    "several branches",
    "declares an",
)


def syntax(text: str | bytes) -> ast.Module | None:
    """Ask Python itself what a text is."""
    with quiet():
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError, LookupError):
            return None


def dumped(tree: ast.AST) -> str:
    """Write a tree out, also one that is nested deeper than functions call."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(50_000)
    try:
        return ast.dump(tree)
    finally:
        sys.setrecursionlimit(before)


def can_be_shown(data: bytes) -> bool:
    """Ask Python for the text. Metaflow does not run a flow without; its syntax may be known all the same."""
    try:
        importlib.util.decode_source(data)
    except (SyntaxError, ValueError, LookupError):
        return False
    return True


def last_def(tree: ast.Module | None, step: str) -> ast.FunctionDef | None:
    """Find a step where it is plain which text it has: in the class F, in no branch."""
    places = [tree.body] if tree else []
    places += [node.body for node in places[0] if isinstance(node, (ast.If, ast.Try))] if places else []
    classes = [node for body in places for node in body if getattr(node, "name", "") == "F"]
    if len(classes) != 1 or not isinstance(classes[0], ast.ClassDef):
        return None
    found = [node for node in classes[0].body if getattr(node, "name", "") == step]
    return found[-1] if found and isinstance(found[-1], ast.FunctionDef) else None


def check(folder: Path, case: Any) -> str:
    kind, data = case
    return check_cell(data) if kind == "cell" else check_file(folder, data)


def check_cell(cell: str) -> str:
    try:
        with quiet():
            text = parse_cell(cell, "a", None)
    except CellError as error:
        is_a_sentence(error)
        return "refused cell"
    # The shown text stands for the cell in tracebacks: its lines are those of the syntax.
    lines = split_lines(text.source)
    for node in text.node.body:
        assert lines[node.lineno - 1].encode("utf-8", "surrogatepass")[node.col_offset :].strip()
    compiled(text.node)
    return "cell"


def compiled(node: ast.FunctionDef) -> None:
    # An expression may be nested deeper than Python compiles a tree of it, though not a text.
    with quiet(), contextlib.suppress(SyntaxError, RecursionError):
        compile(ast.Module([node], []), "<cell>", "exec")


def check_file(folder: Path, data: bytes) -> str:
    file = folder / "flow.py"
    file.write_bytes(data)
    shown = can_be_shown(data)
    tree = syntax(data) if shown else None
    class_names(str(file))
    text = read_file(file)
    alike = (text.error is None) == (tree is not None)
    assert alike or not shown or "coding" in repr(data[:200]), (text.error, tree)
    list(flows_below(folder))
    for asked in ("flow.py", "flow.py:F", "F"):
        try:
            ref = find_flow(asked, {}, folder)
            told = outline(ref, folder)
            graph = outlined_graph(told)
            assert set(graph.nodes) == set(told.steps)
        except SpinError as error:
            is_a_sentence(error)
    outcomes = {extracted(file, tree, step) for step in ("a", "b", "end", "start", "nothing")}
    assert file.read_bytes() == data
    assert [each.name for each in folder.iterdir()] == ["flow.py"]
    return "shown" if "shown" in outcomes else "refused"


def extracted(file: Path, tree: ast.Module | None, step: str) -> str:
    wanted = last_def(tree, step)
    try:
        source = read(file)
        place = find_step(source, "F", step)
        texts = [step_text(place, whole=whole) for whole in (False, True)]
    except SpinError as error:
        # What is plain is found, unless it says why it is not to be moved into a cell.
        is_a_sentence(error, *(WHY_NOT if wanted is not None else ()))
        return "refused"
    for text in texts:
        node = parse_cell_quietly(text, step)
        if wanted is not None:
            assert dumped(ast.Module(node.body, [])) == dumped(ast.Module(wanted.body, []))
    return "shown"


def parse_cell_quietly(text: str, step: str) -> ast.FunctionDef:
    with quiet():
        return parse_cell(text, step, None).node


def target(folder: Path) -> Target:
    cases = st.tuples(st.just("file"), any_files) | st.tuples(st.just("cell"), cells() | st.text(max_size=30))
    return Target(cases, functools.partial(check, folder))
