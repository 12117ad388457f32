"""The text of a cell as a step: it means what the same text would mean inside the class."""

from __future__ import annotations

import ast
import linecache
import sys
import threading
from pathlib import Path
from types import FunctionType

import pytest

from spin_magic.errors import CellError
from spin_magic.flows.cell import parse_cell
from spin_magic.flows.load import FlowCode, load
from spin_magic.flows.locate import FlowRef
from spin_magic.flows.step import LOCALS_HOOK, _with_hook, build_from_cell, build_from_file, name_in_linecache

FLOW = '''
from __future__ import annotations
from metaflow import FlowSpec, Parameter, step, card

FACTOR = 3

class Base(FlowSpec):
    def greet(self):
        return "base"

class CellFlow(Base):
    alpha = Parameter("alpha", default=0.5)
    LIMIT = 10

    def greet(self):
        return "cell"

    @step
    def start(self):
        """The first."""
        self.x = FACTOR
        self.next(self.both, self.other)

    @step
    def both(self):
        self.__secret = 1
        self.next(self.join)

    @step
    def other(self):
        self.next(self.join)

    @step
    def join(self, ins):
        self.next(self.end)

    @step
    def end(self):
        return
'''


@pytest.fixture
def code(tmp_path: Path) -> FlowCode:
    path = tmp_path / "cellflow.py"
    path.write_text(FLOW)
    return load(FlowRef("CellFlow", path), tmp_path)


def build(
    code: FlowCode, cell: str, step: str = "start", arguments: tuple[str, ...] = ("self",)
) -> FunctionType:
    text = parse_cell(cell, step, arguments)
    made = build_from_cell(text, code, code.cls, name_in_linecache("test"))
    made.__globals__[LOCALS_HOOK] = lambda value=None: value
    return made


class Plain:
    """Stands for a flow object: attributes, and nothing else."""


def test_bare_body_runs_with_the_globals_of_the_flow_file(code: FlowCode):
    flow = Plain()
    build(code, "self.y = FACTOR * 2")(flow)
    assert flow.y == 6


def test_lines_count_from_the_line_of_the_magic(code: FlowCode):
    made = build(code, "a = 1\n\nraise KeyError(a)\n")
    with pytest.raises(KeyError) as caught:
        made(Plain())
    assert caught.traceback[-1].lineno + 1 == 4
    shown = linecache.getline(made.__code__.co_filename, 4)
    assert shown.strip() == "raise KeyError(a)"


@pytest.mark.parametrize("indent", ["    ", "        ", "\t"])
def test_an_indented_body_means_the_same(code: FlowCode, indent: str):
    cell = f"{indent}text = '''one\n{indent}two'''\n{indent}self.y = text\n"
    flow = Plain()
    build(code, cell)(flow)
    assert flow.y == f"one\n{indent}two"


def test_strings_over_several_lines_keep_their_text(code: FlowCode):
    flow = Plain()
    build(code, "self.y = '''one\n  two\nthree'''\n")(flow)
    assert flow.y == "one\n  two\nthree"


def test_super_starts_from_the_class_that_defines_the_step(code: FlowCode):
    flow = object.__new__(type("Sub", (), {}))
    made = build(code, "self.seen = super().greet()")
    cell = dict(zip(made.__code__.co_freevars, made.__closure__, strict=True))["__class__"]
    assert cell.cell_contents is code.cls
    flow = type.__new__(type(code.cls), "S", (code.cls,), {})(use_cli=False)
    made(flow)
    assert flow.seen == "base"


def test_private_names_are_mangled_as_in_the_class(code: FlowCode):
    flow = Plain()
    build(code, "self.__secret = 7", "both")(flow)
    assert vars(flow) == {"_CellFlow__secret": 7}


def test_future_flags_are_those_of_the_module(code: FlowCode):
    flow = Plain()
    build(code, "def inner(x: NotDefined): pass\nself.y = inner.__annotations__")(flow)
    assert flow.y == {"x": "NotDefined"}


def test_return_closures_and_comprehensions(code: FlowCode):
    flow = Plain()
    build(code, "k = 2\nself.y = [i * k for i in range(3)]\nf = lambda: k\nself.z = f()\nreturn\nself.w = 1")(
        flow
    )
    assert vars(flow) == {"y": [0, 2, 4], "z": 2}


def test_global_writes_to_the_flow_module(code: FlowCode):
    build(code, "global FACTOR\nFACTOR = 99")(Plain())
    assert code.module.FACTOR == 99


def test_docstring_and_argument_names_are_kept(code: FlowCode):
    made = build(code, "'''Doc.'''\nself.y = len(ins)", "join", ("self", "ins"))
    assert made.__doc__ == "Doc."
    flow = Plain()
    made(flow, [1, 2])
    assert flow.y == 2


def test_whole_def_evaluates_decorators_where_class_names_are_known(code: FlowCode):
    cell = "@card(options={'limit': LIMIT})\n@step\ndef start(self):\n    self.y = 1\n"
    made = build(code, cell)
    assert made.decorators[0].attributes["options"] == {"limit": 10}


def test_whole_def_may_be_indented_as_in_the_file(code: FlowCode):
    made = build(code, "    @step\n    def start(self):\n        self.y = 5\n")
    flow = Plain()
    made(flow)
    assert flow.y == 5


def test_locals_are_reported_however_the_body_ends(code: FlowCode):
    made = build(code, "a = 1\nif a:\n    return\n")
    seen = {}
    made.__globals__[LOCALS_HOOK] = lambda value=None: seen.update(sys._getframe(1).f_locals)
    made(Plain())
    assert seen["a"] == 1


def test_returned_values_are_kept_and_nested_returns_left_alone(code: FlowCode):
    made = build(code, "def inner():\n    return 3\nself.y = inner()\nfor i in range(9):\n    return i + 1\n")
    flow = Plain()
    assert made(flow) == 1
    assert flow.y == 3


def test_step_of_the_file_is_rebuilt_with_its_own_lines(code: FlowCode):
    original = code.cls.start
    made = build_from_file(original, code.cls)
    assert made is not None
    assert made.__code__.co_filename == original.__code__.co_filename
    assert made.__doc__ == "The first."
    lines = {line for _, _, line in made.__code__.co_lines() if line}
    assert {line for _, _, line in original.__code__.co_lines() if line} <= lines


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("", "empty"),
        ("\n  \n# only a comment\n", "empty"),
        ("x = 1\n!ls", "Line 3 of the cell, `!ls`, is IPython's own syntax"),
        ("%time x", "IPython's own syntax"),
        ("y = !ls", "IPython's own syntax"),
        ("await f()", "Line 2 of the cell uses `await`"),
        ("async with f() as g:\n    pass", "uses `await`"),
        ("x = 1\nif x\n", "syntax error in line 3"),
        ("@step\ndef trian(self):\n    pass", "defines 'trian'"),
        ("@step\ndef start(self, inputs):\n    pass", "differs from the flow's def start(self)"),
        ("async def start(self):\n    pass", "async def"),
        ("import os\n@step\ndef start(self):\n    pass", "other statements beside it"),
    ],
)
def test_what_cannot_be_a_step_is_refused(cell: str, says: str):
    with pytest.raises(CellError) as caught:
        parse_cell(cell, "start", ("self",))
    assert says in str(caught.value)


def test_await_inside_a_helper_is_allowed():
    text = parse_cell("async def f():\n    await g()\nself.y = 1", "start", ("self",))
    assert isinstance(text.node, ast.FunctionDef)


def test_what_does_not_compile_is_refused(code: FlowCode):
    with pytest.raises(CellError, match=r"Line 2 of the cell: 'break' outside loop"):
        build(code, "break")


def test_failing_decorators_are_refused(code: FlowCode):
    with pytest.raises(CellError, match=r"decorators of 'start' in the cell fail: NameError"):
        build(code, "@nosuch\n@step\ndef start(self):\n    pass")


def test_what_others_hang_onto_the_syntax_is_not_copied() -> None:
    body = ast.parse("x = y").body
    # One for all trees, and what renders tracebacks hangs the whole of another file onto it.
    load = body[0].value.ctx
    load.parent = threading.Lock()  # which nothing can copy
    try:
        made = _with_hook(body)
    finally:
        del load.parent
    assert ast.unparse(made[0]) == "x = y"
