"""Texts of flow files and of cells, made of pieces as nobody would lay them out, and then damaged."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

REAL = sorted(Path(__file__).parents[2].joinpath("flows").rglob("*.py"))
# `>` is where the indentation goes; other lines begin as they stand, for they begin in a string or brackets.
SIMPLE = [
    "self.x = 1",
    "self.x = 1; self.y = 'é'",
    "self.x = 1 ;  # two",
    "self.z: int = (w := 3)",
    "print(f'{self.x=}', r'\\d', '\\d', b'\\x00', rb'\\d')",
    "self.t = '''one\n\ttwo\n   three\n'''",
    "self.t = f'''{\nself.x}\n  a\n{self.y!r:>{self.x}}'''",
    "self.t = f'{self.x:{self.y}}' 'b' \\\n  f'c'",
    "self.t = ('a'\n'b'\n\t\t\t\t# far\n      'c')",
    "self.z = 1 + \\\n2 + \\\n\t\t\t\t3",
    "self.z = [\n# left\n1,\n\n\t\t2,  # two\n]",
    "x = {'a': '''\n''', 'b': 2}; y = x",
    "self.f = lambda self, /, *a, k=1, **kw: (yield)",
    "assert self.x, (\n'no'\n)",
    "del self.x",
    "global G\n>G = 1",
    "import os.path as p, sys",
    "from os import (\n  path,\n)",
    "[*self.xs, *(y for y in self.xs if y)]",
    "self.xs[1:2, ..., *self.i] = 1",
    "self.x @= self.y",
    "return",
    "raise ValueError('x') from None",
    "pass",
    "...",
    "'''A docstring,\n\tof two lines.\n'''",
    "self.n = -0.0; self.j = 1_000j; self.o = 0o17",
    "self.größe = self.ﬁ = 名 = 1",
    "print('#', \"# '''\", '\\'')",
    "x = 1 if self.x else \\\n 2",
    "self.next(self.b)",
    "self.next(self.b, foreach='xs')",
    "self.next({'a': self.a, 'b': self.b}, condition='x')",
    "self.next(\n  self.b,\n  self.end,\n)",
]
SIMPLE += (
    ["print(f'{x!r:^{width}} {'nested' + f'{1}'}')", "type X[T] = list[T]"]
    if sys.version_info >= (3, 12)
    else []
)
HEADS = [
    "if self.x:",
    "if (self.x and\n    self.y):",
    "for i, *rest in self.xs:  # why",
    "while (n := self.n()):",
    "with open('x') as f, \\\n  open('y') as g:",
    "with (\nopen('x') as f,\n):",
    "def helper(a, /, b=lambda: 1, *, c: 'x' = 2) -> dict[str, int]:",
    "async def helper():",
    "class Inner(dict, metaclass=type):",
    "@(lambda f: f)\n>def decorated():",
    "@staticmethod\n># between\n>def s():",
    "else_: int = 0\n>if 1:",
]
HEADS += ["def generic[T: int, *Ts, **P](a: T) -> T:", "class Box[T]:"] if sys.version_info >= (3, 12) else []
TWO = [
    ("if self.x:", "elif self.y:"),
    ("if self.x:", "else:"),
    ("try:", "except ValueError as e:"),
    ("try:", "except* (ValueError, TypeError):"),
    ("try:", "finally:"),
    ("for i in x:", "else:"),
]
CASES = [
    "case {'a': 1, **rest}:",
    "case [1, *_] | (2 as n):",
    "case str(x) if x:",
    "case -1 | 'a' 'b':",
    "case _:",
]
REMARKS = [
    "# a comment",
    "# fmt: off",
    "#",
    "#\f",
    "# type: ignore",
    "# é \u2028 '''",
    "#!x",
    "# coding: utf-8",
]
SPACES = ["    ", "  ", "\t", " ", "        ", "\t ", "   "]
DECORATORS = [
    "@step",
    "@metaflow.step",
    "@card(type='blank',\n\tid='a')  # a card\n>@step",
    "@retry(times=3)\n\n># between\n>@step",
    "@(\nsome.where\n)\n>@step",
    "@environment(vars={'A': '''\na@b\n'''})\n>@step",
    "@use(lambda f: f)\n>@step",
    "@ step",
    "@step  # why",
    "@resources(\n>memory=1\n>)\n>@step",
]
SIGNATURES = [
    "def {}(self):",
    "def {} (self) :  # noqa",
    "def {}(\n  self,\n):",
    "def {}(self) -> None:",
    "def {}(self, a: dict[str, int] = {{1: 2}}) -> lambda: 1:",
    "def {}(self, \\\ninputs):",
    "def {}(self, inputs):",
    "def \\\n{}(self):",
    "def {}(self, /):",
]
SIGNATURES += ["def {}[T](self):"] if sys.version_info >= (3, 12) else []
MEMBERS = [
    "x = Parameter('x', default=1)",
    "LIMIT = '''\ndeep\n'''",
    "async def helper(self): pass",
    "@property\n>def p(self): return 1",
    "y: int",
    "a_ = b_ = 3",
    "if True: z = 2",
    "class Meta: pass",
    "'text'",
    "end_ = lambda self: self.end",
    "config = Config('c', default_value='{}')",
    "[i for i in range(3)]",
]
AROUND = [
    "import os",
    "from metaflow import FlowSpec, step",
    "from metaflow import *",
    "class Other(FlowSpec):\n\t@step\n\tdef a(self): pass",
    "class Base(FlowSpec): pass",
    "def f(): pass",
    "if __name__ == '__main__':\n  F()",
    "X = '''class F(FlowSpec):\n    @step\n    def a(self): pass\n'''",
    "try:\n\timport x\nexcept ImportError: pass",
    "F_ = 1",
    "\f",
    "# class F:",
    "match = case = type = 1",
]
TOPS = [
    "class F(FlowSpec):",
    "class F(metaflow.FlowSpec, object) :  # why",
    "@deco\n>class F(FlowSpec):",
    "class \\\nF(FlowSpec):",
]
NOISE = [
    "\x00",
    "\ufeff",
    "\x0c",
    "\r",
    "\r\n",
    "\n",
    "\t",
    " ",
    "\\",
    "\\\n",
    "'''",
    '"',
    "'",
    "#",
    "(",
    ")",
    "[",
    "}",
]
NOISE += [
    ":",
    ";",
    "@",
    "@step\n",
    "f'{",
    "{",
    "=",
    "\u2028",
    "\x85",
    "\xa0",
    "é",
    "\ud800",
    "def a(self):\n",
    "!x",
    "%m",
    "?",
]
NOISE += [
    "await x",
    "yield",
    "lambda",
    "if 1:\n",
    "class F:",
    "else:",
    "...",
    "(" * 250,
    "-" * 3000,
    "[" * 100 + "]" * 100,
]


def filled(text: str, indent: str) -> list[str]:
    """Lay out a piece: its first line, and those that `>` begins, stand at the indentation."""
    first, *rest = text.split("\n")
    return [indent + first, *(indent + line[1:] if line.startswith(">") else line for line in rest)]


@st.composite
def suites(draw: Any, indent: str, depth: int = 0) -> list[str]:  # noqa: C901 -- a case a kind of statement
    """Give the lines of a block."""
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3 if depth else 5))):
        kind = draw(st.integers(0, 11))
        deeper = indent + draw(st.sampled_from(SPACES))
        if kind <= 5 or depth > 2:
            lines += filled(draw(st.sampled_from(SIMPLE)), indent)
        elif kind == 6:
            lines.append(draw(st.sampled_from(["", indent, deeper, "  "])) + draw(st.sampled_from(REMARKS)))
        elif kind == 7:
            lines.append(draw(st.sampled_from(["", "   ", "\t", "\f", indent + "  "])))
        elif kind == 8:
            head = draw(st.sampled_from(HEADS))
            inline = draw(st.integers(0, 3)) == 0 and not head.rstrip().endswith(("why", "between"))
            lines += filled(head, indent)
            if inline:
                lines[-1] += " pass; self.y = 2"
            else:
                lines += draw(suites(deeper, depth + 1))
        elif kind == 9:
            for head in draw(st.sampled_from(TWO)):
                lines += [*filled(head, indent), *draw(suites(deeper, depth + 1))]
        elif kind == 10:
            lines.append(f"{indent}match self.x, *self.y:")
            for head in draw(st.lists(st.sampled_from(CASES[:-1]), max_size=2)) + CASES[-1:]:
                inside = deeper + draw(st.sampled_from(SPACES))
                lines += [f"{deeper}{head}", *draw(suites(inside, depth + 2))]
        else:
            lines.append("\f" + indent + "self.q = 1")
    return [*lines, *filled(draw(st.sampled_from(SIMPLE)), indent)]


@st.composite
def members(draw: Any, name: str, indent: str) -> list[str]:
    """Give the lines of a step."""
    lines = filled(draw(st.sampled_from(DECORATORS)), indent) if draw(st.integers(0, 9)) else []
    head = filled(draw(st.sampled_from(SIGNATURES)).format(name), indent)
    if draw(st.integers(0, 6)) == 0:
        head[-1] = head[-1].partition("#")[0].rstrip() + draw(
            st.sampled_from(
                [" pass", " self.x = 1; self.next(self.end)", " x = '''\na'''; y = 2", " \\\n  pass  # only"]
            )
        )
        return [*lines, *head]
    return [*lines, *head, *draw(suites(indent + draw(st.sampled_from(SPACES))))]


@st.composite
def files(draw: Any) -> bytes:
    """Give the bytes of a flow file with a class F of the steps a, b and end."""
    out = draw(st.sampled_from(["", "", "", "    ", "\t"]))
    lines: list[str] = []
    for _ in range(draw(st.integers(0, 2))):
        lines += draw(st.sampled_from(AROUND)).split("\n")
    lines += [draw(st.sampled_from(["if True:", "try:"]))] if out else []
    lines += filled(draw(st.sampled_from(TOPS)), out)
    unit = out + draw(st.sampled_from(SPACES))
    again = draw(st.sampled_from([[], [], [], ["a"], ["b"]]))
    for name in ["a", "b", *again, "end"]:
        for _ in range(draw(st.integers(0, 2))):
            pieces = st.sampled_from(MEMBERS).map(lambda text: filled(text, unit))
            blank = st.sampled_from(["", "  ", "\f"]).map(lambda text: [text])
            remark = st.sampled_from(REMARKS).map(lambda text: [unit + text])
            lines += draw(pieces | blank | remark)
        lines += draw(members(name, unit))
    lines += ["finally: pass"] if out and lines.count("try:") else []
    for _ in range(draw(st.integers(0, 2))):
        lines += draw(st.sampled_from(AROUND)).split("\n")
    ends = draw(st.sampled_from([["\n"], ["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\n", "\r"]]))
    text = "".join(line.replace("\n", ends[0]) + ends[at % len(ends)] for at, line in enumerate(lines))
    text = text if draw(st.booleans()) else text.rstrip("\r\n")
    marked = draw(st.integers(0, 7)) == 0
    cookie, encoding = draw(
        st.sampled_from(
            [("", "utf-8")] * (8 if not marked else 99)
            + [
                ("# coding: latin-1", "latin-1"),
                ("# -*- coding: cp1252 -*-", "cp1252"),
                ("#vim: coding=koi8-r", "koi8-r"),
            ]
            + [("# coding: utf-8", "utf-8"), ("# coding: shift_jis", "shift_jis")]
            + [
                (
                    f"# coding: {draw(st.sampled_from(['utf-16', 'rot13', 'hex', 'idna', 'utf-7', 'none']))}",
                    "utf-8",
                )
            ]
        )
    )
    head = f"{cookie}{ends[0]}" if cookie else ""
    data = (head + text).encode(encoding, "replace" if encoding != "utf-8" else "surrogatepass")
    return (codecs.BOM_UTF8 if marked else b"") + data


@st.composite
def damaged(draw: Any, whole: st.SearchStrategy[bytes]) -> bytes:
    """Give some bytes with a few of them changed, lines moved, or noise put in."""
    data = draw(whole)
    for _ in range(draw(st.integers(1, 3))):
        how = draw(st.integers(0, 4))
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 30)))
        if how == 0:
            data = data[:at] + data[end:]
        elif how == 1:
            data = data[:at] + draw(st.sampled_from(NOISE)).encode("utf-8", "surrogatepass") + data[at:]
        elif how == 2:
            data = data[:at] + draw(st.binary(max_size=4)) + data[end:]
        elif how == 3:
            lines = data.splitlines(keepends=True)
            if lines:
                one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
                lines[one], lines[other] = lines[other], lines[one]
            data = b"".join(lines)
        else:
            data = data[:at] + data[at:end] * 2 + data[end:]
    return data


def mostly(one: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw from one strategy, and now and then from another."""
    return st.integers(0, 9).flatmap(lambda number: one if number else other)


real = st.sampled_from(REAL).map(Path.read_bytes)
any_files = st.one_of(files(), files(), damaged(files()), damaged(real), real)


@st.composite
def cells(draw: Any, name: str = "a") -> str:
    """Give the text of a cell: a body, or a def, whole or damaged."""
    indent = draw(st.sampled_from(["", "", "    ", "\t"]))
    lines = draw(suites(indent) | suites(indent) | members(name, indent))
    before = draw(st.sampled_from([[], [], [""], ["# why"], ["  # indented"], ["", "\f"]]))
    text = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])).join([*before, *lines])
    text += draw(st.sampled_from(["", "\n", "\n\n", "\n# last", "\n  # last\n", " \\\n", ";"]))
    if draw(st.integers(0, 4)) == 0:
        data = draw(damaged(st.just(text.encode("utf-8", "surrogatepass"))))
        text = data.decode("utf-8", draw(st.sampled_from(["replace", "surrogateescape"])))
    return text
