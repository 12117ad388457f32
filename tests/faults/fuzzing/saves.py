"""Saves of random edits: the lines of the step change, to what the cell means, and not a byte besides."""

from __future__ import annotations

import ast
import functools
from types import CodeType
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from spin_magic.errors import CellError, SaveError, SpinError
from spin_magic.flows.cell import parse_cell
from spin_magic.writing.disk import write
from spin_magic.writing.edit import replace_step
from spin_magic.writing.insert import insert_step
from spin_magic.writing.lines import split_lines
from spin_magic.writing.link import link
from spin_magic.writing.place import Place, find_step
from spin_magic.writing.source import Source, read
from spin_magic.writing.step_text import step_text
from tests.faults.fuzzing.rounds import Target, is_a_sentence
from tests.faults.fuzzing.sources import any_files, cells, files, mostly
from tests.faults.fuzzing.steps import dumped, quiet, syntax

if TYPE_CHECKING:
    from pathlib import Path

kinds = st.sampled_from(["replace"] * 6 + ["insert", "insert", "link", "also", "back"])
cases = st.tuples(
    kinds,
    mostly(files(), any_files),
    st.sampled_from(["a", "b", "end"]),
    mostly(cells(), st.text(max_size=20)),
)


def check(folder: Path, case: tuple[str, bytes, str, str]) -> str:
    kind, data, step, cell = case
    cell = cell.replace("def a(", f"def {step}(")
    file = folder / "flow.py"
    file.write_bytes(data)
    try:
        source = read(file)
        place = find_step(source, "F", step)
    except SpinError as error:
        is_a_sentence(error)
        return "no such step"
    try:
        with quiet():
            outcome = CHECKS[kind](source, place, step, cell)
    except (SaveError, CellError) as error:
        is_a_sentence(error)
        assert file.read_bytes() == data, "refused when it was written already"
        outcome = "refused"
    assert [each.name for each in folder.iterdir()] == ["flow.py"]
    return outcome


def replaced(source: Source, place: Place, step: str, cell: str) -> str:
    try:
        wanted = parse_cell(cell, step, None)
        text = replace_step(source, "F", step, cell)
    except SaveError as error:
        # What the file could mean is saved; these are the reasons for which it could not.
        is_a_sentence(error, "encoding", "would mean something else")
        raise
    saved = written(source, text)
    # Of a def that has decorators of its own, or comments above, all lines are the step's.
    first = place.comments if not is_body(wanted) else place.define
    others_are_as_they_were(source, saved, first, place.end)
    now = find_step(saved, "F", step)
    assert meant(now.node) == meant(wanted.node)
    assert code_of(now.node) == code_of(wanted.node)
    others_mean_the_same(source, saved, step)
    # What is loaded again is what was saved, and saving it once more changes nothing.
    shown = step_text(now, whole=not is_body(wanted))
    assert meant(parse_cell(shown, step, None).node) == meant(wanted.node)
    assert replace_step(saved, "F", step, shown) == text
    # The second time it is indented as the step is now, which may be otherwise than before; then it stays.
    again = written(saved, replace_step(saved, "F", step, cell))
    assert [line.strip() for line in split_lines(again.text)] == [line.strip() for line in split_lines(text)]
    assert meant(find_step(again, "F", step).node) == meant(wanted.node)
    assert replace_step(again, "F", step, cell) == again.text
    return "saved"


def given_back(source: Source, place: Place, step: str, _: str) -> str:
    """What was loaded is saved as it was, to the byte."""
    for whole in (False, True):
        assert replace_step(source, "F", step, step_text(place, whole=whole)) == source.text
    return "the same"


def inserted(source: Source, place: Place, _: str, cell: str) -> str:
    cell = cell.replace(f"def {place.node.name}(", "def fresh(")
    text = insert_step(source, "F", cell, "fresh", after=place.node.name)
    wanted = parse_cell(cell, "fresh", None)
    saved = written(source, text)
    others_are_as_they_were(source, saved, place.end, place.end)
    now = find_step(saved, "F", "fresh")
    assert meant(now.node) == meant(wanted.node)
    assert any(ast.unparse(each).endswith("step") for each in now.node.decorator_list)
    others_mean_the_same(source, saved, "fresh")
    return "inserted"


def linked(source: Source, place: Place, step: str, _: str, *, also: bool = False) -> str:
    text = link(source, "F", step, "fresh", also=also)
    saved = written(source, text)
    others_are_as_they_were(source, saved, place.define, place.end)
    assert "self.fresh" in "".join(saved.lines[place.define : place.end + 1]) or "fresh" in text
    others_mean_the_same(source, saved, step)
    return "linked"


CHECKS = {
    "replace": replaced,
    "back": given_back,
    "insert": inserted,
    "link": linked,
    "also": functools.partial(linked, also=True),
}


def is_body(wanted: Any) -> bool:
    # A bare body stands under a def that is made up for it, in the line of the magic.
    return wanted.node.lineno == 1


def written(source: Source, text: str) -> Source:
    saved = write(source, text) if text != source.text else source
    assert read(source.path).text == text
    assert saved.target.read_bytes() == source.encode(text)
    assert syntax(saved.target.read_bytes()) is not None
    return saved


def others_are_as_they_were(source: Source, saved: Source, first: int, end: int) -> None:
    before, after = split_lines(source.text), split_lines(saved.text)
    # The last line of a file may get the ending that it lacks.
    head, tail = "".join(before[:first]), "".join(before[end:])
    assert saved.text.startswith(head.rstrip("\r\n"))
    assert saved.text.endswith(tail)
    assert after[: max(first - 1, 0)] == before[: max(first - 1, 0)]


def others_mean_the_same(source: Source, saved: Source, step: str) -> None:
    """Compare what there is beside the step, in the trees that Python makes of the bytes."""
    one, other = (syntax(each.encode(each.text)) for each in (source, saved))
    assert without(one, step) == without(other, step)


def without(tree: ast.Module | None, step: str) -> str:
    assert tree is not None
    owners = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == "F"]
    defs = [
        (holder, block, node)
        for owner in owners
        for holder in ast.walk(owner)
        for block in (getattr(holder, name, None) for name in ("body", "orelse", "finalbody"))
        if isinstance(block, list)
        for node in block
        if isinstance(node, ast.FunctionDef) and node.name == step
    ]
    for _, block, node in defs[-1:]:
        block.remove(node)
    return dumped(tree)


def meant(node: ast.FunctionDef) -> str:
    return dumped(ast.Module(node.body, []))


def code_of(node: ast.FunctionDef) -> Any:
    """Compile the body of a step, and leave out where it stands."""
    holder: Any = ast.parse("def step(self, inputs): pass")
    holder.body[0].body = node.body
    try:
        return plain_code(compile(holder, "<step>", "exec"))
    except SyntaxError as error:  # `return` is fine in a step, `global self` is not
        return error.msg
    except (
        RecursionError
    ):  # of the compiler, which the text did not meet; the trees are compared all the same
        return "nested too deep"


def plain_code(code: CodeType) -> Any:
    constants = [plain_code(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return code.co_name, code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants


def target(folder: Path) -> Target:
    return Target(cases, functools.partial(check, folder))
