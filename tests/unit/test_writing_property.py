"""Made-up flow files and edits: only the step's own lines change, and what is loaded is saved as it was."""

from __future__ import annotations

import ast

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from spin_magic.errors import CellError, SaveError
from spin_magic.writing.edit import replace_step
from spin_magic.writing.insert import insert_step
from spin_magic.writing.lines import split_lines
from spin_magic.writing.place import find_step
from spin_magic.writing.source import read
from spin_magic.writing.step_text import step_text
from spin_magic.writing.tree import parse, same_tree

# Blocks of statements, in units of one tab a level; `|` before a line puts it into the
# first column, `^` puts a form feed before its indentation.
BLOCKS = [
    "self.x = 1",
    "self.x = 1; self.y = 'é'",
    "self.x = 1 ;",
    "if self.x:\n\tself.y = 2\nelse:\n\tself.y = 3",
    "for i in range(3):\n\tif i:\n\t\tprint(i)\n\t# deeper\n# after",
    'self.text = """one\n|two\n\t\t\t\t\tthree\n|    four"""',
    "self.text = f'''{self.x}\n|  a\n{self.y!r:>{self.x}}'''",
    "self.text = ('a'\n|'b'\n\t\t\t\t\t\t\t'c')",
    "self.z = 1 + \\\n|2 + \\\n\t\t\t\t3",
    "self.z = [\n|# far left\n\t1,\n\n\t\t2,  # two\n|]",
    "def helper(a, b=lambda: 1) -> dict[str, int]:\n\treturn {'a': a}",
    "async def helper():\n\tawait helper()",
    "class Inner:\n\tx: int = 1\n\n\tdef f(self):\n\t\treturn '''\n|x\n'''",
    "@(lambda f: f)\ndef decorated(): pass",
    "# a comment alone",
    "|# a comment on the left",
    "\t# a comment too deep",
    "# fmt: off",
    "",
    "   ",
    "try:\n\tpass\nexcept* ValueError:\n\tpass",
    "match self.x:\n\tcase {'a': 1}:\n\t\tpass\n\tcase _:\n\t\tpass",
    "with open('x') as f, \\\n\t\topen('y') as g:\n\tpass",
    "print(f'{self.x=}', r'\\d', '\\d')",
    "'''A docstring,\n\tof two lines.\n'''",
    "x = {'a': '''\n|''', 'b': 2}",
    "self.n = -0.0",
    "|\f# a form feed",
    "^self.q = 1",
    "if self.x:\n^\tself.r = 2\n\tself.s = 3",
]
DECORATORS = [
    "@step",
    "^@step",
    "@metaflow.step",
    "@card(type='blank',\n\t\tid='a')  # a card\n@step",
    "@retry(times=3)\n# between\n\n@step",
    "@(\n|some.where\n)\n@step",
    "@environment(vars={'A': '''\n|a@b\n'''})\n@step",
    "@use(lambda f: f)\n@step",
]
SIGNATURES = [
    "def {name}(self):",
    "def {name}(self) :  # noqa: D102",
    "def {name}(\n\tself,\n):",
    "def {name}(self) -> None:",
    "def {name}(self, a: dict[str, int] = {{1: 2}}) -> lambda: 1:",
    "def {name}(self, \\\n\tinputs):",
]
BETWEEN = [
    "",
    "\n",
    "\n\n",
    "# a remark\n",
    "\n# ---- section ----\n",
    "x = 1\n",
    "\nasync def helper(self): pass\n",
    "\nLIMIT = '''\n|deep\n'''\n\n",
    "\n   \n",
    "|\f\n",
    "^y = 3\n",
    "\n@property\ndef p(self):\n\treturn 1\n\n",
    "if True:\n\ty = 2\n",
]


bodies = st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=5).map(
    lambda blocks: "\n".join([*blocks, "self.next(self.end)"])
)


@st.composite
def steps(draw, name):
    decorators = draw(st.sampled_from(DECORATORS))
    signature = draw(st.sampled_from(SIGNATURES)).format(name=name)
    if draw(st.integers(0, 5)) == 0:
        inline = draw(
            st.sampled_from(["self.x = 1; self.next(self.end)", "pass  # only this", "x = '''\n|a'''; y = 2"])
        )
        return f"{decorators}\n{signature.partition('#')[0].rstrip()} {inline}"
    return f"{decorators}\n{signature}\n{deeper(draw(bodies))}"


def deeper(text):
    return "\n".join(
        line if line.startswith("|") or not line else f"^\t{line[1:]}" if line[0] == "^" else f"\t{line}"
        for line in text.split("\n")
    )


def laid_out(text, unit):
    return "\n".join(
        line[1:] if line.startswith("|") else indent_with(line, unit) for line in text.split("\n")
    )


def indent_with(line, unit):
    head, line = ("\f", line[1:]) if line.startswith("^") else ("", line)
    tabs = len(line) - len(line.lstrip("\t"))
    return head + unit * tabs + line[tabs:]


@st.composite
def flows(draw):
    """Give the bytes of a flow file with the steps `a`, `b` and `end`."""
    parts = []
    for name in ("a", "b", "end"):
        parts += [draw(st.sampled_from(BETWEEN)), draw(steps(name)), "\n"]
    parts.append(draw(st.sampled_from(BETWEEN)))
    body = deeper("".join(parts).rstrip("\n"))
    cookie, encoding = draw(
        st.sampled_from([("", "utf-8"), ("", "utf-8-sig"), ("# coding: latin-1\n", "latin-1")])
    )
    top = draw(
        st.sampled_from(
            ["class F(FlowSpec):", "try:\n\timport x\nexcept ImportError: pass\nclass F(FlowSpec):"]
        )
    )
    text = f"{cookie}{top}\n\t'''Flow.'''\n{body}"
    if draw(st.booleans()):
        wrapped = deeper(text[len(cookie) :])
        text = f"{cookie}if True:\n{wrapped}\nprint('after')"
    text = laid_out(text, draw(st.sampled_from(["    ", "  ", "\t", "        "])))
    text += draw(st.sampled_from(["", "\n", "\n\n", "\n# the end", "\nif __name__ == '__main__':\n  F()\n"]))
    style = draw(st.sampled_from(["\n", "\r\n", "mixed", "\r"]))
    if style == "mixed":
        text = (
            "".join(
                f"{part}{chr(13) if i % 3 == 0 else ''}\n" for i, part in enumerate(text.split("\n")[:-1])
            )
            + text.split("\n")[-1]
        )
    else:
        text = text.replace("\n", style)
    return text.encode(encoding)


@pytest.fixture(scope="module")
def flow_file(tmp_path_factory):
    return tmp_path_factory.mktemp("writing") / "flow.py"


def load(flow_file, data):
    flow_file.write_bytes(data)
    source = read(flow_file)
    parse_or_skip(source.text)
    return source


def parse_or_skip(text):
    try:
        return parse(text)
    except SyntaxError:  # parts that do not go together
        return assume(False)


LAX = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@LAX
@given(data=flows(), step=st.sampled_from(["a", "b", "end"]), whole=st.booleans())
def test_loading_and_saving_is_the_identity(flow_file, data, step, whole):
    source = load(flow_file, data)
    assert source.data == data
    shown = step_text(find_step(source, "F", step), whole=whole)
    assert source.encode(replace_step(source, "F", step, shown)) == data
    assert replace_step(source, "F", step, shown.rstrip("\n")) == source.text


def function(tree, name):
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    return found[-1]


@LAX
@given(
    data=flows(),
    step=st.sampled_from(["a", "b", "end"]),
    body=bodies,
    unit=st.sampled_from(["    ", "\t", "  "]),
)
def test_another_body_changes_the_lines_of_the_step_alone(flow_file, data, step, body, unit):
    source = load(flow_file, data)
    cell = laid_out(body, unit)
    place = find_step(source, "F", step)
    wanted = parse_or_skip(cell).body
    text = replace_step(source, "F", step, cell)
    lines = split_lines(text)
    head, tail = source.lines[: place.define], source.lines[place.end :]
    assert lines[: len(head)] == head
    assert not tail or lines[-len(tail) :] == tail
    tree = parse(text)
    node = function(tree, step)
    assert same_tree(node.body, wanted)
    assert same_tree(node.args, place.node.args)
    assert same_tree(node.decorator_list, place.node.decorator_list)
    node.body = place.node.body
    assert same_tree(tree, source.tree)
    if source.lines[-1][-1] not in "\r\n":
        assert text[-1] not in "\r\n"
    again = source.with_text(text)
    assert replace_step(again, "F", step, cell) == text
    if place.inner.strip("\t") == "" and "\r" not in source.text:
        changed = split_lines(text)[place.body : len(lines) - len(tail)]
        kinds = again.kinds[place.body : len(lines) - len(tail)]
        assert not [
            one for one, kind in zip(changed, kinds, strict=True) if kind == "code" and one.startswith(" ")
        ]


@LAX
@given(
    data=flows(),
    step=st.sampled_from(["a", "b"]),
    new=steps("a"),
    lead=st.sampled_from(["", "# why\n", "# a\n\n# b\n"]),
)
def test_another_def_changes_the_lines_of_the_step_alone(flow_file, data, step, new, lead):
    source = load(flow_file, data)
    cell = lead + laid_out(new, "    ").replace("def a(", f"def {step}(") + "\n# at the end\n"
    place = find_step(source, "F", step)
    wanted = parse_or_skip(cell).body
    text = replace_step(source, "F", step, cell)
    start = place.comments if lead else place.first
    lines = split_lines(text)
    tail = source.lines[place.end :]
    assert lines[:start] == source.lines[:start]
    assert not tail or lines[-len(tail) :] == tail
    assert same_tree(function(parse(text), step), wanted[0])
    assert replace_step(source.with_text(text), "F", step, cell) == text


@LAX
@given(data=flows(), body=bodies, parent=st.sampled_from(["a", "b", "end"]), join=st.booleans())
def test_a_new_step_leaves_all_lines_as_they_were(flow_file, data, body, parent, join):
    source = load(flow_file, data)
    cell = laid_out(body, "    ")
    wanted = parse_or_skip(cell).body
    place = find_step(source, "F", parent)
    text = insert_step(source, "F", cell, "fresh", after=parent, join=join)
    lines = split_lines(text)
    tail = source.lines[place.end :]
    assert lines[: place.end - 1] == source.lines[: place.end - 1]
    assert not tail or lines[-len(tail) :] == tail
    tree = parse(text)
    made = function(tree, "fresh")
    assert same_tree(made.body, wanted)
    assert [argument.arg for argument in made.args.args] == (["self", "inputs"] if join else ["self"])
    fresh = find_step(source.with_text(text), "F", "fresh")
    assert fresh.indent == place.indent
    assert replace_step(source.with_text(text), "F", "fresh", step_text(fresh)) == text


@LAX
@given(data=flows(), cell=st.text(alphabet="#@defa (self):\n\t '\"\\x\r\f;é", max_size=40))
def test_a_strange_cell_is_saved_as_it_means_or_refused(flow_file, data, cell):
    source = load(flow_file, data)
    try:
        text = replace_step(source, "F", "b", cell)
    except (CellError, SaveError):
        return
    assert same_tree(function(parse(text), "a"), function(source.tree, "a"))
    assert same_tree(function(parse(text), "end"), function(source.tree, "end"))
