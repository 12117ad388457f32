"""The text of a `with` block, cut out of whatever stands around it."""

from __future__ import annotations

import linecache
import sys

import pytest

from spin_magic.errors import CellError
from spin_magic.flows.with_block import WithBlock, read_block


class Reader:
    """Reads the block that it is entered for, in place of a step."""

    found: WithBlock

    def __enter__(self):
        self.found = read_block(sys._getframe(1))
        return (self, self)

    def __exit__(self, *_):
        return None


class Other:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def read(source: str) -> WithBlock:
    name = f"<with {hash(source)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    names: dict[str, object] = {"b": Reader(), "new": Reader, "Other": Other, "used": 1, "__name__": "here"}
    exec(compile(source, name, "exec"), names)  # noqa: S102
    return names["b"].found


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("with b as self:\n    x = 1\n", "x = 1\n"),
        ("with b as self: x = 1; y = 2\n", "x = 1; y = 2\n"),
        ("with b as self: x = '''é\n  at'''; y = 'é'\n", "x = '''é\n  at'''; y = 'é'\n"),
        ("if True:\n  with b as self:\n\t\n    # é\n\n    x = 1\n", "# é\n\nx = 1\n"),
        ("with b as self:  # gone\n\tx = 1\n\n\tif x:\n\t\ty = 2\n", "x = 1\n\nif x:\n\ty = 2\n"),
        ("with b as self:\n    x = (\n  1)\n    y = 2\n    # end\n# not\n", "x = (\n1)\ny = 2\n# end\n"),
        ("with b as self:\n    x = '''\n    kept\n    '''\n", "x = '''\n    kept\n    '''\n"),
        ("with b as self:\n    x = f'''\n    {used}\n    '''\n", "x = f'''\n    {used}\n    '''\n"),
        ("with (\n    Other() as o,\n    b as self,\n):\n    x = 1\n", "x = 1\n"),
        ("with Other(), b as self, Other():\n    x = 1\n", "x = 1\n"),
        ("with Other() as b2:\n    with b as self:\n        x = 1\n    y = 2\n", "x = 1\n"),
        ("def f():\n    with b as self:\n        return 3\nf()\n", "return 3\n"),
        ("with b as self:\n    @staticmethod\n    def f(): pass\n", "@staticmethod\ndef f(): pass\n"),
        ("with b as self:\n    for j in []:\n        break\n", "for j in []:\n    break\n"),
        ("with b as self:\r\n    x = 1\r\n    y = 2\r\n", "x = 1\r\ny = 2\r\n"),
    ],
)
def test_the_text_is_that_of_a_body(source: str, text: str):
    found = read(source)
    assert (found.text, found.problem) == (text, "")
    assert found.target == ("self",)


def test_names_are_those_that_a_step_would_have():
    found = read(
        "with b as (self, inputs):\n    import os.path as p, sys\n    x = used\n"
        "    for i in ():\n        z = lambda q: q + x + inner\n    def f(): y = 1\n"
    )
    assert found.target == ("self", "inputs")
    assert {"p", "sys", "x", "i", "z", "f"} == found.makes
    assert {"used", "inner"} <= found.uses
    assert found.locals_in({"x": 1, "y": 2}) == {"x": 1}


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("for i in [1]:\n    with b as self:\n        break\n", "'break' outside loop (line 3)"),
        ("for i in [1]:\n  with b as self:\n    continue\n", "'continue' not properly in loop (line 3)"),
        ("def f():\n    with b as self:\n        yield 1\nlist(f())\n", "it yields (line 3)"),
        (
            "def f(x):\n  def g():\n    with b as self:\n      nonlocal x\n  g()\nf(1)\n",
            "no binding for nonlocal 'x' found (line 4)",
        ),
        ("b.__enter__()\n", "its text is not to be had"),
    ],
)
def test_what_cannot_be_a_step_says_why(source: str, problem: str):
    found = read(source)
    assert (found.text, found.problem) == (None, problem)


def test_a_target_that_is_no_name_is_not_known():
    assert read("with b:\n    pass\n").target is None
    assert read("with b as names['x']:\n    pass\n".replace("names", "globals()")).target is None


def test_a_block_without_text_is_unknown():
    names: dict[str, object] = {"b": Reader(), "__name__": "here"}
    exec("with b as self:\n    x = 1\n", names)  # noqa: S102
    assert names["b"].found == WithBlock()


def test_await_is_refused_with_its_line():
    source = "async def f():\n    with b as self:\n        pass\n        await g()\nf().send(None)\n"
    with pytest.raises(CellError, match="Line 4 uses `await` inside the block"):
        read(source)
