from __future__ import annotations

import ast
from pathlib import Path

import pytest

from spin_magic.flows.leads import leads
from spin_magic.notebook.graph_text import graph_text

FLOWS = Path(__file__).parents[1] / "flows"


def graph_of(text):
    [owner] = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)][-1:]
    steps = [node for node in owner.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    return graph_text({step.name: leads(step) for step in steps})


@pytest.mark.parametrize(
    ("file", "lines"),
    [
        (
            "foreach.py",
            ["start -> letter (foreach) -> linear -> letters_join -> to_rows -> row (foreach) -> "],
        ),
        ("branches.py", ["start -> prepare -> left, right", "left -> left_a, left_b", "right -> join"]),
        ("recursive.py", ["start -> loop"]),
        ("switch.py", ["(switch)"]),
        ("custom_ends.py", ["begin -> work (foreach) -> gather -> finish"]),
        ("inherit.py", ["report -> end"]),
    ],
)
def test_a_line_for_each_stretch(file, lines):
    text = graph_of((FLOWS / file).read_text())

    for line in lines:
        assert line in text


def test_each_step_leads_on_once():
    text = graph_of((FLOWS / "branches.py").read_text())

    sources = [word for line in text.split("\n") for word in line.split(" -> ")[:-1]]
    assert len(sources) == len(set(sources))


def test_the_last_call_counts_and_those_of_inner_functions_do_not():
    text = (
        "class F:\n  @step\n  def start(self):\n    def inner(self): self.next(self.c)\n"
        "    if self.x: self.next(self.a)\n    self.next(self.b, self.c)\n  @step\n  def lone(self): pass\n"
    )
    assert graph_of(text) == "start -> b, c\nlone"
